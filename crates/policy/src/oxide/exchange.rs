//! The authorization-code exchange, judged by oxide-auth's token machine.

use std::{
    borrow::Cow,
    time::{Duration, SystemTime},
};

use oxide_auth::{
    code_grant::{
        accesstoken::{AccessToken, Authorization, Input, Output, Request},
        extensions::Pkce,
    },
    primitives::grant::{Extensions, Grant},
};
use vestibule_model::OAuthError;

use super::disagreement;
use crate::authorization_code::Exchange;

/// The machine compares with the wall clock; our own clock has judged already, so the grant it sees
/// ends in the year 9999.
const FAR_AWAY: Duration = Duration::from_secs(253_402_300_799);

/// Whether the machine would come as far as issuing a token for this exchange.
///
/// It checks by itself that the code's client and redirect URI are those of the request, and its
/// PKCE extension hashes the verifier itself.
pub fn agrees(exchange: &Exchange<'_>) -> Result<(), OAuthError> {
    let request = TokenRequest(exchange);
    let mut machine = AccessToken::new(&request);
    let mut input = Input::None;
    loop {
        input = match machine.advance(input) {
            // Client authentication is ours; the machine only learns its result.
            Output::Authenticate { client, passdata: None }
                if client == exchange.client.id.as_str() =>
            {
                Input::Authenticated
            }
            Output::Authenticate { .. } => return Err(disagreement("client")),
            Output::Recover { .. } => Input::Recovered(Some(Box::new(recovered(exchange)?))),
            Output::Extend { .. }
                if exchange.code.code_challenge.is_none() && exchange.code_verifier.is_none() =>
            {
                Input::Extended { access_extensions: Extensions::new() }
            }
            Output::Extend { extensions } => {
                let pkce = Pkce::required();
                let challenge = extensions.remove(&pkce);
                let verifier = exchange.code_verifier.map(Cow::Borrowed);
                pkce.verify(challenge, verifier).map_err(|()| disagreement("code_verifier"))?;
                Input::Extended { access_extensions: Extensions::new() }
            }
            // The rest (making the token) is ours.
            Output::Issue { grant } if grant.client_id == exchange.client.id.as_str() => {
                return Ok(());
            }
            Output::Issue { .. } | Output::Ok(_) => return Err(disagreement("grant")),
            Output::Err(_) => return Err(disagreement("client_id or redirect_uri")),
        };
    }
}

/// The code's row as the machine knows grants.
fn recovered(exchange: &Exchange<'_>) -> Result<Grant, OAuthError> {
    let (code, grant) = (exchange.code, exchange.grant);
    let mut extensions = Extensions::new();
    if let Some(challenge) = &code.code_challenge {
        let pkce = Pkce::required();
        let challenge = pkce
            .challenge(Some("S256".into()), Some(challenge.into()))
            .map_err(|()| disagreement("code_challenge"))?
            .ok_or_else(|| disagreement("code_challenge"))?;
        extensions.set(&pkce, challenge);
    }
    Ok(Grant {
        owner_id: grant.user_id.as_str().to_owned(),
        client_id: code.client_id.as_str().to_owned(),
        scope: grant.scope.to_string().parse().map_err(|_| disagreement("scope"))?,
        redirect_uri: code.redirect_uri.parse().map_err(|_| disagreement("redirect_uri"))?,
        until: (SystemTime::UNIX_EPOCH + FAR_AWAY).into(),
        extensions,
    })
}

/// The token request as the machine asks for it.
struct TokenRequest<'a>(&'a Exchange<'a>);

impl Request for TokenRequest<'_> {
    fn valid(&self) -> bool {
        true
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        // Looked up by its hash already; the machine only hands it back to us.
        Some(Cow::Borrowed(self.0.code.hash.as_str()))
    }

    fn authorization(&self) -> Authorization<'_> {
        Authorization::Username(Cow::Borrowed(self.0.client.id.as_str()))
    }

    fn client_id(&self) -> Option<Cow<'_, str>> {
        // Named by `authorization`; twice would be two ways of authentication to the machine.
        None
    }

    fn redirect_uri(&self) -> Option<Cow<'_, str>> {
        self.0.redirect_uri.map(Cow::Borrowed)
    }

    fn grant_type(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed("authorization_code"))
    }

    fn extension(&self, key: &str) -> Option<Cow<'_, str>> {
        match key {
            "code_verifier" => self.0.code_verifier.map(Cow::Borrowed),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Exchange, agrees};
    use crate::samples::{self, REDIRECT_URI, VERIFIER};
    use vestibule_model::{ClientId, ErrorCode};

    /// Asked alone, without our own checks before it, it still finds each fault.
    #[test]
    fn it_judges_by_itself() {
        let (code, grant, client) = (samples::code(), samples::grant(), samples::client());
        let good = Exchange {
            code: &code,
            grant: &grant,
            client: &client,
            redirect_uri: Some(REDIRECT_URI),
            code_verifier: Some(VERIFIER),
        };
        assert_eq!(agrees(&good), Ok(()));
        let mut thief = samples::client();
        thief.id = ClientId::new("thief");
        let mut no_url = samples::code();
        no_url.redirect_uri = "nowhere".to_owned();
        let plain = VERIFIER.get(1..).map(|rest| format!("x{rest}"));
        for (what, bad) in [
            ("client", Exchange { client: &thief, ..good }),
            ("redirect_uri", Exchange { redirect_uri: Some("https://app.example/cb/"), ..good }),
            ("no redirect_uri", Exchange { redirect_uri: None, ..good }),
            ("no URL", Exchange { code: &no_url, redirect_uri: Some("nowhere"), ..good }),
            ("verifier", Exchange { code_verifier: plain.as_deref(), ..good }),
            ("plain", Exchange { code_verifier: Some(samples::CHALLENGE), ..good }),
            ("no verifier", Exchange { code_verifier: None, ..good }),
        ] {
            let error = agrees(&bad).expect_err(what);
            assert_eq!(error.code, ErrorCode::Internal, "{what}");
            assert!(error.detail.starts_with("oxide-auth disagrees at: "), "{}", error.detail);
        }
    }
}
