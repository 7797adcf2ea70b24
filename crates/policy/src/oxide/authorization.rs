//! The authorization request, judged by oxide-auth's authorization machine.

use std::borrow::Cow;

use oxide_auth::{
    code_grant::{
        authorization::{Authorization, Input, Output, Request},
        extensions::Pkce,
    },
    primitives::{
        grant::Extensions,
        registrar::{BoundClient, ExactUrl, PreGrant, RegisteredUrl},
        scope::Scope,
    },
};
use vestibule_model::{OAuthError, interaction::AuthorizationRequest};

use super::disagreement;
use crate::params::Params;

/// Whether the machine would come as far as asking the person, where a code is to be issued; it
/// knows of no other answers.
///
/// It reads `client_id`, `redirect_uri` and `scope` from the parameters by itself, and its PKCE
/// extension the challenge; what it read must be what we are about to store.
pub fn agrees(params: &Params, checked: &AuthorizationRequest) -> Result<(), OAuthError> {
    if !checked.response_type.has_code() {
        return Ok(());
    }
    let request = AuthorizeRequest(params);
    let registered = || {
        ExactUrl::new(checked.redirect_uri.clone())
            .map(RegisteredUrl::from)
            .map_err(|_| disagreement("redirect_uri"))
    };
    let mut machine = Authorization::new(&request);
    let mut input = Input::None;
    loop {
        input = match machine.advance(input) {
            Output::Bind { client_id, redirect_uri: Some(url) }
                if client_id == checked.client_id.as_str() && registered()? == url =>
            {
                let redirect_uri = Cow::Owned(registered()?);
                let bound_client = BoundClient { client_id: client_id.into(), redirect_uri };
                Input::Bound { request: &request, bound_client }
            }
            Output::Bind { .. } => return Err(disagreement("client_id or redirect_uri")),
            Output::Extend => {
                challenge_agrees(&request, checked)?;
                Input::Extended(Extensions::new())
            }
            Output::Negotiate { bound_client, scope } => Input::Negotiated {
                pre_grant: PreGrant {
                    client_id: bound_client.client_id.clone().into_owned(),
                    redirect_uri: bound_client.redirect_uri.clone().into_owned(),
                    scope: scope.map_or_else(nothing, Ok)?,
                },
                state: request.state().map(Cow::into_owned),
            },
            Output::Ok { pre_grant, state, .. } => {
                let same = pre_grant.redirect_uri.as_str() == checked.redirect_uri
                    && pre_grant.client_id == checked.client_id.as_str()
                    && state == checked.state;
                return if same { Ok(()) } else { Err(disagreement("grant")) };
            }
            Output::Err(_) => return Err(disagreement("response_type or scope")),
        };
    }
}

/// A challenge that is stored is one that the extension takes, and one that it takes is stored.
fn challenge_agrees(
    request: &AuthorizeRequest<'_>,
    checked: &AuthorizationRequest,
) -> Result<(), OAuthError> {
    let demanded = checked.code_challenge.is_some();
    let pkce = if demanded { Pkce::required() } else { Pkce::optional() };
    let (method, challenge) = ("code_challenge_method", "code_challenge");
    let read = pkce
        .challenge(request.extension(method), request.extension(challenge))
        .map_err(|()| disagreement("code_challenge"))?;
    let same = checked.code_challenge.as_deref() == request.0.get(challenge);
    if read.is_some() == demanded && same { Ok(()) } else { Err(disagreement("code_challenge")) }
}

fn nothing() -> Result<Scope, OAuthError> {
    "".parse().map_err(|_| disagreement("scope"))
}

/// The authorization request as the machine asks for it.
struct AuthorizeRequest<'a>(&'a Params);

impl AuthorizeRequest<'_> {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.0.get(name).map(Cow::Borrowed)
    }
}

impl Request for AuthorizeRequest<'_> {
    fn valid(&self) -> bool {
        true
    }

    fn client_id(&self) -> Option<Cow<'_, str>> {
        self.get("client_id")
    }

    fn scope(&self) -> Option<Cow<'_, str>> {
        self.get("scope")
    }

    fn redirect_uri(&self) -> Option<Cow<'_, str>> {
        self.get("redirect_uri")
    }

    fn state(&self) -> Option<Cow<'_, str>> {
        self.get("state")
    }

    /// Of a hybrid type the machine judges the code's part.
    fn response_type(&self) -> Option<Cow<'_, str>> {
        let given = self.0.get("response_type")?;
        Some(Cow::Borrowed(if given.split(' ').any(|word| word == "code") {
            "code"
        } else {
            given
        }))
    }

    fn extension(&self, key: &str) -> Option<Cow<'_, str>> {
        self.get(key)
    }
}

#[cfg(test)]
mod tests {
    use vestibule_model::{OAuthError, ResponseType, interaction::AuthorizationRequest};

    use super::{Params, agrees};
    use crate::samples;

    const GOOD: &str = "client_id=app&redirect_uri=https://app.example/cb&response_type=code\
        &scope=openid&state=x&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM\
        &code_challenge_method=S256";

    fn judge(text: &str, checked: &AuthorizationRequest) -> Result<(), OAuthError> {
        agrees(&Params::parse(text.as_bytes()).expect("well-formed"), checked)
    }

    fn checked() -> AuthorizationRequest {
        AuthorizationRequest { state: Some("x".to_owned()), ..samples::request() }
    }

    /// Asked alone, without our own checks before it, it still finds each fault.
    #[test]
    fn it_judges_by_itself() {
        assert_eq!(judge(GOOD, &checked()), Ok(()));
        assert_eq!(judge(&GOOD.replace("=code&", "=id_token+code&"), &checked()), Ok(()));
        let stateless = AuthorizationRequest { state: None, ..samples::request() };
        assert_eq!(judge(&GOOD.replace("&scope=openid&state=x", ""), &stateless), Ok(()));
        for (part, spoilt) in [
            ("client_id=app", "client_id=other"),
            ("client_id=app", ""),
            ("/cb&", "/cb/&"),
            ("https://app", "HTTPS://app"),
            ("redirect_uri", "x"),
            ("=code&", "=token&"),
            ("response_type", "x"),
            ("=openid", "=%22"),
            ("=x&", "=y&"),
            ("=S256", "=plain"),
            ("code_challenge_method", "x"),
            ("code_challenge=", "x="),
            ("=E9", "=F9"),
        ] {
            let error = judge(&GOOD.replacen(part, spoilt, 1), &checked()).expect_err(spoilt);
            assert!(error.detail.starts_with("oxide-auth disagrees at: "), "{}", error.detail);
        }
    }

    #[test]
    fn a_request_without_a_challenge_is_one_that_has_none() {
        let without = AuthorizationRequest { code_challenge: None, ..checked() };
        judge(GOOD, &without).expect_err("a challenge was sent");
        let at = GOOD.find("&code_challenge").expect("a challenge");
        let bare = GOOD.get(..at).expect("the rest");
        assert_eq!(judge(bare, &without), Ok(()));
        judge(bare, &checked()).expect_err("no challenge was sent");
    }

    #[test]
    fn what_has_no_code_is_none_of_its_business() {
        let implicit =
            AuthorizationRequest { response_type: ResponseType::IdTokenToken, ..checked() };
        assert_eq!(judge("", &implicit), Ok(()));
    }
}
