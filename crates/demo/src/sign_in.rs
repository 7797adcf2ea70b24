//! The authorization request and the answer to it (OIDC Core §3.1.2).

use openidconnect::{
    AuthenticationFlow, AuthorizationCode, ConfigurationError, CsrfToken, LoginHint, Nonce,
    PkceCodeChallenge, PkceCodeVerifier, Scope,
    core::{CoreAuthPrompt, CoreResponseType},
    url::Url,
};
use serde::Deserialize;

use crate::{
    Shared, jwt,
    provider::Provider,
    settings::DemoSettings,
    tokens::SignedIn,
    trouble::{ServerError, Trouble},
};

/// What the person may choose on the start page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Wish {
    pub prompt: String,
    pub response_mode: String,
    pub max_age: String,
    pub login_hint: String,
}

/// A sign-in on its way, kept until the answer comes back.
#[derive(Debug)]
pub struct Pending {
    nonce: Nonce,
    verifier: String,
    /// Codes that were sent to the token endpoint. A code is sent once: the server takes a second
    /// time for theft (RFC 6749 §4.1.2), and a person who reloads the page is no thief.
    tried: Vec<String>,
    /// The session this sign-in ended in.
    session: Option<String>,
}

/// The answer at the redirect URI, from the query or from a posted form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Answer {
    pub code: Option<String>,
    pub state: Option<String>,
    pub iss: Option<String>,
    pub error: Option<String>,
    pub error_description: Option<String>,
    pub error_uri: Option<String>,
}

/// Makes an authorization request: where to send the browser, the `state`, and what to keep.
pub fn begin(provider: &Provider, wish: &Wish) -> (Url, String, Pending) {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let mut request = provider
        .client
        .authorize_url(
            AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        )
        .set_pkce_challenge(challenge);
    // `openid` is added by the crate.
    let scopes = DemoSettings::SCOPE.split(' ').filter(|name| *name != "openid");
    request = request.add_scopes(scopes.map(|name| Scope::new(name.to_owned())));
    let prompt = match wish.prompt.as_str() {
        "none" => Some(CoreAuthPrompt::None),
        "login" => Some(CoreAuthPrompt::Login),
        "consent" => Some(CoreAuthPrompt::Consent),
        "select_account" => Some(CoreAuthPrompt::SelectAccount),
        _ => None,
    };
    if let Some(prompt) = prompt {
        request = request.add_prompt(prompt);
    }
    if wish.response_mode == "form_post" {
        request = request.add_extra_param("response_mode", "form_post");
    }
    if let Ok(seconds) = wish.max_age.parse() {
        request = request.set_max_age(std::time::Duration::from_secs(seconds));
    }
    if !wish.login_hint.is_empty() {
        request = request.set_login_hint(LoginHint::new(wish.login_hint.clone()));
    }
    let (url, state, nonce) = request.url();
    let verifier = verifier.into_secret();
    let pending = Pending { nonce, verifier, tried: Vec::new(), session: None };
    (url, state.into_secret(), pending)
}

/// Turns the answer into a session of this app, and returns the session's key.
pub async fn finish(shared: &Shared, browser: &str, answer: Answer) -> Result<String, Trouble> {
    let state = answer.state.as_deref().ok_or(Trouble::UnknownState)?;
    let pending = shared.browsers.pending(browser, state).ok_or(Trouble::UnknownState)?;
    let provider = shared.provider.get(&shared.settings, &shared.http).await?;
    check_issuer(&provider, &shared.settings.issuer, answer.iss.as_deref())?;
    if let Some(error) = answer.error {
        let (error_description, error_uri) = (answer.error_description, answer.error_uri);
        return Err(Trouble::Refused(ServerError { error, error_description, error_uri }));
    }
    let code = answer.code.ok_or_else(|| Trouble::Nonsense("there is no code in it".into()))?;

    // Held across the exchange, so that a double click waits for the first answer.
    let mut pending = pending.lock().await;
    if let Some(session) = pending.session.as_ref().filter(|key| shared.browsers.has_session(key)) {
        return Ok(session.clone());
    }
    if pending.tried.contains(&code) {
        return Err(Trouble::AnswerUsed);
    }
    pending.tried.push(code.clone());
    let signed_in = redeem(shared, &provider, &pending, code).await?;
    let session = shared.browsers.sign_in(signed_in);
    pending.session = Some(session.clone());
    Ok(session)
}

/// RFC 9207 §2.4: the answer has to name the server that was asked, or none if that server never
/// promised to name itself.
fn check_issuer(provider: &Provider, expected: &str, got: Option<&str>) -> Result<(), Trouble> {
    match got {
        Some(got) if got == expected => Ok(()),
        None if !provider.further.authorization_response_iss_parameter_supported => Ok(()),
        got => Err(Trouble::OtherIssuer {
            got: got.unwrap_or("(nobody)").to_owned(),
            expected: expected.to_owned(),
        }),
    }
}

async fn redeem(
    shared: &Shared,
    provider: &Provider,
    pending: &Pending,
    code: String,
) -> Result<SignedIn, Trouble> {
    let response = provider
        .client
        .exchange_code(AuthorizationCode::new(code))
        .map_err(|error: ConfigurationError| Trouble::Nonsense(error.to_string()))?
        .set_pkce_verifier(PkceCodeVerifier::new(pending.verifier.clone()))
        .request_async(&shared.http)
        .await
        .map_err(|error| Trouble::of_token_request(&error))?;
    let mut signed_in =
        SignedIn::from_response(shared, provider, &response, &pending.nonce).await?;
    signed_in.ask_userinfo(shared).await;
    tracing::info!(
        subject = signed_in.subject.as_str(),
        access_token_is_jwt = jwt::decode(signed_in.access_token.secret()).is_some(),
        "the sample app signed someone in"
    );
    Ok(signed_in)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::{
        browsers::Browsers,
        http::HttpClient,
        provider::{
            ProviderCell,
            tests::{provider, settings},
        },
    };

    fn shared() -> Shared {
        Shared {
            settings: settings(),
            http: HttpClient::new().unwrap(),
            provider: ProviderCell::known(provider(&settings())),
            browsers: Browsers::default(),
        }
    }

    fn started(shared: &Shared) -> String {
        let (_, state, pending) = begin(&provider(&settings()), &Wish::default());
        shared.browsers.start("browser", &state, pending);
        state
    }

    fn query(wish: &Wish) -> HashMap<String, String> {
        let (url, _, _) = begin(&provider(&settings()), wish);
        url.query_pairs().into_owned().collect()
    }

    #[test]
    fn asks_as_the_profile_demands() {
        let asked = query(&Wish::default());
        let value = |name: &str| asked.get(name).map(String::as_str);
        assert_eq!(value("response_type"), Some("code"));
        assert_eq!(value("client_id"), Some("demo"));
        assert_eq!(value("redirect_uri"), Some("http://localhost:8081/callback"));
        assert_eq!(value("scope"), Some("openid profile email offline_access"));
        assert_eq!(value("code_challenge_method"), Some("S256"));
        assert!(value("code_challenge").is_some_and(|challenge| challenge.len() == 43));
        assert!(value("state").is_some_and(|state| state.len() >= 16));
        assert!(value("nonce").is_some_and(|nonce| nonce.len() >= 16));
        assert_eq!(value("prompt"), None);
        assert_eq!(value("response_mode"), None);
    }

    #[test]
    fn a_wish_travels_and_nonsense_does_not() {
        let wish = Wish {
            prompt: "select_account".into(),
            response_mode: "form_post".into(),
            max_age: "60".into(),
            login_hint: "ana".into(),
        };
        let asked = query(&wish);
        for (name, value) in [
            ("prompt", "select_account"),
            ("response_mode", "form_post"),
            ("max_age", "60"),
            ("login_hint", "ana"),
        ] {
            assert_eq!(asked.get(name).map(String::as_str), Some(value), "{name}");
        }
        let asked = query(&Wish { prompt: "x".into(), max_age: "-1".into(), ..Wish::default() });
        assert!(!asked.contains_key("prompt") && !asked.contains_key("max_age"));
    }

    #[tokio::test]
    async fn an_answer_without_a_sign_in_of_this_browser_is_refused() {
        let shared = shared();
        let state = started(&shared);
        let issuer = || Some(settings().issuer);
        let code = || Some("code".to_owned());
        let other =
            Answer { state: Some("else".into()), iss: issuer(), code: code(), ..Answer::default() };
        let none = Answer { iss: issuer(), code: code(), ..Answer::default() };
        for answer in [other, none] {
            assert!(matches!(finish(&shared, "browser", answer).await, Err(Trouble::UnknownState)));
        }
        let foreign =
            Answer { state: Some(state), iss: issuer(), code: code(), ..Answer::default() };
        assert!(matches!(
            finish(&shared, "another browser", foreign).await,
            Err(Trouble::UnknownState)
        ));
    }

    #[tokio::test]
    async fn an_answer_of_another_issuer_is_refused_before_anything_is_sent() {
        let shared = shared();
        let state = started(&shared);
        for iss in [None, Some("http://localhost:8080/".to_owned()), Some("http://evil".to_owned())]
        {
            let answer = Answer {
                state: Some(state.clone()),
                code: Some("code".into()),
                iss,
                ..Answer::default()
            };
            assert!(matches!(
                finish(&shared, "browser", answer).await,
                Err(Trouble::OtherIssuer { .. })
            ));
        }
    }

    #[tokio::test]
    async fn a_refusal_is_told_as_it_came() {
        let shared = shared();
        let answer = Answer {
            state: Some(started(&shared)),
            iss: Some(settings().issuer),
            error: Some("access_denied".into()),
            error_description: Some("the person said no".into()),
            ..Answer::default()
        };
        let Err(Trouble::Refused(refusal)) = finish(&shared, "browser", answer).await else {
            panic!("an error answer is a refusal");
        };
        assert_eq!(refusal.error, "access_denied");
        assert_eq!(refusal.error_description.as_deref(), Some("the person said no"));
    }
}
