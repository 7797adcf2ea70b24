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
use vestibule_model::{OAuthError, client::Client};

use super::disagreement;
use crate::{params::Params, redirect_uri::SafeRedirect};

/// Whether the machine would come as far as asking the person.
///
/// It reads `client_id`, `redirect_uri`, `response_type` and `scope` from the request by itself,
/// and its PKCE extension the challenge; what it read must be what we are about to store.
pub fn agrees(params: &Params, client: &Client, to: &SafeRedirect) -> Result<(), OAuthError> {
    let request = AuthorizeRequest(params);
    let registered = || {
        ExactUrl::new(to.as_str().to_owned())
            .map(RegisteredUrl::from)
            .map_err(|_| disagreement("redirect_uri"))
    };
    let mut machine = Authorization::new(&request);
    let mut input = Input::None;
    loop {
        input = match machine.advance(input) {
            Output::Bind { client_id, redirect_uri: Some(url) }
                if client_id == client.id.as_str() && registered()? == url =>
            {
                let redirect_uri = Cow::Owned(registered()?);
                let bound_client = BoundClient { client_id: client_id.into(), redirect_uri };
                Input::Bound { request: &request, bound_client }
            }
            Output::Bind { .. } => return Err(disagreement("client_id or redirect_uri")),
            Output::Extend => {
                let pkce = Pkce::required();
                let (method, challenge) = ("code_challenge_method", "code_challenge");
                pkce.challenge(request.extension(method), request.extension(challenge))
                    .map_err(|()| disagreement("code_challenge"))?;
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
                let same = pre_grant.redirect_uri.as_str() == to.as_str()
                    && pre_grant.client_id == client.id.as_str()
                    && state.as_deref() == params.get("state");
                return if same { Ok(()) } else { Err(disagreement("grant")) };
            }
            Output::Err(_) => return Err(disagreement("response_type or scope")),
        };
    }
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

    fn response_type(&self) -> Option<Cow<'_, str>> {
        self.get("response_type")
    }

    fn extension(&self, key: &str) -> Option<Cow<'_, str>> {
        self.get(key)
    }
}

#[cfg(test)]
mod tests {
    use super::{Params, SafeRedirect, agrees};
    use crate::samples;

    const GOOD: &str = "client_id=app&redirect_uri=https://app.example/cb&response_type=code\
        &scope=openid&state=x&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM\
        &code_challenge_method=S256";

    /// Asked alone, without our own checks before it, it still finds each fault.
    #[test]
    fn it_judges_by_itself() {
        let to = SafeRedirect::of(&samples::request());
        let judge = |text: &str| {
            let params = Params::parse(text.as_bytes()).expect("well-formed");
            agrees(&params, &samples::client(), &to)
        };
        assert_eq!(judge(GOOD), Ok(()));
        assert_eq!(judge(&GOOD.replace("&scope=openid&state=x", "")), Ok(()));
        for (part, spoilt) in [
            ("client_id=app", "client_id=other"),
            ("client_id=app", ""),
            ("/cb&", "/cb/&"),
            ("https://app", "HTTPS://app"),
            ("redirect_uri", "x"),
            ("=code&", "=token&"),
            ("response_type", "x"),
            ("=openid", "=%22"),
            ("=S256", "=plain"),
            ("code_challenge_method", "x"),
            ("code_challenge=", "x="),
        ] {
            let error = judge(&GOOD.replacen(part, spoilt, 1)).expect_err(spoilt);
            assert!(error.detail.starts_with("oxide-auth disagrees at: "), "{}", error.detail);
        }
    }
}
