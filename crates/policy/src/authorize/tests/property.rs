//! Whatever the parameters, the client, the profile: what may come of a request.

use proptest::prelude::*;
use vestibule_model::{client::AuthMethod, settings::Profile};

use super::*;
use crate::{pkce::check_challenge, redirect_uri};

fn value() -> impl Strategy<Value = String> {
    let likely: Vec<String> = GOOD
        .iter()
        .map(|(_, value)| (*value).to_owned())
        .chain(WRONG.iter().map(|(_, value, _)| (*value).to_owned()))
        .chain(ResponseType::ALL.iter().map(|known| known.as_str().to_owned()))
        .chain(
            ["http://127.0.0.1:7/cb", "http://127.0.0.1/cb", "none", "0", "alice@app", "query"]
                .map(str::to_owned),
        )
        .collect();
    prop_oneof![4 => proptest::sample::select(likely), 1 => ".{0,30}"]
}

fn parameter() -> impl Strategy<Value = (String, String)> {
    let names: Vec<String> = GOOD
        .iter()
        .map(|(name, _)| *name)
        .chain(WRONG.iter().map(|(name, _, _)| *name))
        .chain(["login_hint", "nonce", "nonce", "acr_values", "ui_locales", "display", "x"])
        .map(str::to_owned)
        .collect();
    (proptest::sample::select(names), value())
}

/// A right value for some parameters, so that not every request fails at the first.
fn response_parameters() -> impl Strategy<Value = Vec<(String, String)>> {
    let types = ResponseType::ALL.map(ResponseType::as_str).to_vec();
    let modes = vec!["", "query", "fragment", "form_post"];
    (proptest::sample::select(types), proptest::sample::select(modes), "[a-z]{0,3}").prop_map(
        |(response_type, mode, nonce)| {
            let pairs =
                [("response_type", response_type), ("response_mode", mode), ("nonce", &nonce)];
            pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
        },
    )
}

#[derive(Clone, Debug)]
struct World {
    client: Client,
    settings: Settings,
    /// Whether the client is one that the server knows.
    known: bool,
}

fn world() -> impl Strategy<Value = World> {
    let registered = proptest::sample::subsequence(ResponseType::ALL.to_vec(), 0..=6);
    (any::<[bool; 4]>(), registered).prop_map(|([native, unknown, public, oidc], registered)| {
        let mut client = samples::client();
        let metadata = &mut client.metadata;
        metadata.redirect_uris.push("http://127.0.0.1/cb".to_owned());
        metadata.grant_types = GrantType::ALL.to_vec();
        metadata.response_types = registered;
        if native {
            metadata.application_type = ApplicationType::Native;
        }
        if public {
            metadata.token_endpoint_auth_method = AuthMethod::None;
        }
        let profile = if oidc { Profile::Oidc } else { Profile::OAuth21 };
        World { client, settings: Settings { profile, ..samples::settings() }, known: !unknown }
    })
}

/// What is accepted keeps every promise.
fn holds(
    request: &AuthorizationRequest,
    params: &Params,
    client: &Client,
    settings: &Settings,
) -> Result<(), TestCaseError> {
    let (asked, profile) = (request.response_type, settings.profile);
    prop_assert!(client.may_ask_for(asked) && profile.response_types().contains(&asked));
    prop_assert_eq!(
        ResponseType::from_wire(params.get("response_type").unwrap_or("")),
        Some(asked)
    );
    let in_query = request.response_mode == ResponseMode::Query;
    prop_assert!(!in_query || asked == ResponseType::Code);
    prop_assert!(!asked.has_id_token() || request.nonce.is_some());
    prop_assert!(!asked.has_id_token() || request.scope.contains("openid"));
    prop_assert!(request.scope.is_subset(&client.metadata.scope));
    prop_assert!(request.scope.is_subset(&scope(params.get("scope").unwrap_or(""))));
    if let Some(challenge) = &request.code_challenge {
        prop_assert!(asked.has_code() && check_challenge(challenge).is_ok());
        prop_assert_eq!(params.get("code_challenge_method"), Some("S256"));
    } else if asked.has_code() {
        let public = client.metadata.token_endpoint_auth_method == AuthMethod::None;
        prop_assert!(profile == Profile::Oidc && !public);
        prop_assert_eq!(params.get("code_challenge"), None);
    }
    prop_assert_eq!(request.state.as_deref(), params.get("state"));
    prop_assert!(!request.prompt.contains(&Prompt::None) || request.prompt.len() == 1);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    /// No panic, no redirect to an address that is not the client's, and what is accepted has every
    /// promise of the types.
    #[test]
    fn no_parameters_lead_anywhere_but_to_the_client(
        changes in proptest::collection::vec(parameter(), 0..5),
        response in response_parameters(),
        from_good: bool,
        world in world(),
    ) {
        let mut pairs: Vec<(String, String)> = Vec::new();
        let good = GOOD.iter().filter(|_| from_good);
        let good = good.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        for (name, value) in changes.into_iter().chain(response).chain(good) {
            if !pairs.iter().any(|(earlier, _)| *earlier == name) {
                pairs.push((name, value));
            }
        }
        let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let Ok(params) = Params::parse(text.as_bytes()) else { return Ok(()) };
        let World { client, settings, known } = world;
        let verdict = validate(&params, known.then_some(&client), hinted, &settings);
        let registered = |uri: &str| {
            let metadata = &client.metadata;
            redirect_uri::check(&metadata.redirect_uris, metadata.application_type, uri).is_ok()
        };
        match verdict {
            Ok(request) => {
                prop_assert!(known && registered(&request.redirect_uri));
                holds(&request, &params, &client, &settings)?;
            }
            Err(Rejection::Redirect { to, state, error, response_mode }) => {
                prop_assert!(known && registered(to.as_str()));
                prop_assert_eq!(Some(to.as_str()), params.get("redirect_uri"));
                prop_assert_eq!(state.as_deref(), params.get("state"));
                prop_assert!(is_describable(&error.description), "{}", error.description);
                prop_assert!(error.code != ErrorCode::Internal, "{}", error.detail);
                let fragment = response_mode == ResponseMode::Fragment;
                prop_assert!(!fragment || settings.profile == Profile::Oidc);
            }
            Err(Rejection::Page(error)) => {
                prop_assert!(is_describable(&error.description), "{}", error.description);
            }
        }
    }
}
