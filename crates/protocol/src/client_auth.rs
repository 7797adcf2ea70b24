//! Client authentication (RFC 6749 §2.3, RFC 7523 §2.2, OIDC Core §9).

use actix_web::{HttpRequest, http::header::AUTHORIZATION};
use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use vestibule_keys::client_assertion;
use vestibule_model::{
    ClientId, ErrorCode, OAuthError, Secret, Timestamp,
    client::{AuthMethod, Client},
};
use vestibule_policy::{client_auth as policy, params::Params};
use vestibule_web::{AppState, urls};

/// `client_assertion_type` of RFC 7523 §2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a client presented. Nothing is proved yet.
#[derive(Debug)]
pub struct Credentials {
    /// Who it says it is.
    pub client_id: ClientId,
    proof: Proof,
}

#[derive(Debug)]
enum Proof {
    None,
    /// The secret as decoded from the header, and as it stood there: many clients forget the
    /// form-encoding that RFC 6749 §2.3.1 asks for.
    Basic {
        decoded: Secret,
        raw: Secret,
    },
    Post(Secret),
    Assertion(Secret),
}

impl Proof {
    const fn method(&self) -> AuthMethod {
        match self {
            Self::None => AuthMethod::None,
            Self::Basic { .. } => AuthMethod::ClientSecretBasic,
            Self::Post(_) => AuthMethod::ClientSecretPost,
            Self::Assertion(_) => AuthMethod::PrivateKeyJwt,
        }
    }
}

/// Reads the credentials of a request; more than one kind is refused (RFC 6749 §2.3).
pub fn parse(request: &HttpRequest, params: &Params) -> Result<Credentials, OAuthError> {
    let header = request.headers().get(AUTHORIZATION);
    let basic = header.map(|value| basic(value.as_bytes())).transpose()?;
    let body_id = params.get("client_id");
    let secret = params.get("client_secret");
    let assertion = params.get("client_assertion");
    let kinds = [basic.is_some(), secret.is_some(), assertion.is_some()];
    if kinds.into_iter().filter(|given| *given).count() > 1 {
        return Err(ErrorCode::ClientAuthRepeated.into());
    }
    let (client_id, proof) = if let Some((id, proof)) = basic {
        (id, proof)
    } else if let Some(assertion) = assertion {
        (assertion_client(params, assertion)?, Proof::Assertion(Secret::new(assertion)))
    } else {
        let id = body_id.ok_or(ErrorCode::ClientAuthMissing)?;
        (id.to_owned(), secret.map_or(Proof::None, |secret| Proof::Post(Secret::new(secret))))
    };
    if body_id.is_some_and(|id| id != client_id) {
        return Err(OAuthError::new(ErrorCode::ClientAuthFailed)
            .because("client_id in the body is not the client that authenticates"));
    }
    Ok(Credentials { client_id: ClientId::new(client_id), proof })
}

fn basic(header: &[u8]) -> Result<(String, Proof), OAuthError> {
    let malformed =
        || OAuthError::new(ErrorCode::ClientAuthFailed).because("Authorization is not Basic");
    let text = std::str::from_utf8(header).map_err(|_| malformed())?;
    let (scheme, encoded) = text.split_once(' ').ok_or_else(malformed)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(malformed());
    }
    let bytes = STANDARD.decode(encoded.trim()).map_err(|_| malformed())?;
    let pair = String::from_utf8(bytes).map_err(|_| malformed())?;
    let (id, secret) = pair.split_once(':').ok_or_else(malformed)?;
    let form_decoded = |text: &str| {
        let spaced = text.replace('+', " ");
        percent_decode_str(&spaced).decode_utf8().map(String::from).map_err(|_| malformed())
    };
    let proof =
        Proof::Basic { decoded: Secret::new(form_decoded(secret)?), raw: Secret::new(secret) };
    Ok((form_decoded(id)?, proof))
}

fn assertion_client(params: &Params, assertion: &str) -> Result<String, OAuthError> {
    if params.get("client_assertion_type") != Some(JWT_BEARER) {
        return Err(OAuthError::new(ErrorCode::AssertionMalformed)
            .because("client_assertion_type is not jwt-bearer"));
    }
    // RFC 7521 §4.2: `client_id` is optional, the assertion names the client.
    match params.get("client_id") {
        Some(id) => Ok(id.to_owned()),
        None => client_assertion::peek_issuer(assertion).ok_or_else(|| {
            OAuthError::new(ErrorCode::AssertionMalformed).because("the assertion has no iss")
        }),
    }
}

/// Proves the client. An unknown client, a disabled one and a wrong secret answer alike; the log
/// tells them apart.
pub async fn authenticate(
    state: &AppState,
    credentials: Credentials,
    now: Timestamp,
) -> Result<Client, OAuthError> {
    let Credentials { client_id, proof } = credentials;
    let id = client_id.clone();
    let found = state.read(move |conn| Ok(vestibule_storage::client::find(conn, &id)?)).await?;
    let failed = |why: &str| {
        OAuthError::new(ErrorCode::ClientAuthFailed)
            .because(format!("client {:?}: {why}", client_id.as_str()))
    };
    let client = found.ok_or_else(|| failed("unknown"))?;
    if client.disabled_at.is_some() {
        return Err(failed("disabled"));
    }
    policy::check_method(&client, proof.method())?;
    match proof {
        Proof::None => {}
        Proof::Basic { decoded, raw } => {
            if !secret_matches(state, &client, &decoded) && !secret_matches(state, &client, &raw) {
                return Err(failed("wrong client_secret"));
            }
        }
        Proof::Post(secret) => {
            if !secret_matches(state, &client, &secret) {
                return Err(failed("wrong client_secret"));
            }
        }
        Proof::Assertion(assertion) => check_assertion(state, &client, &assertion, now).await?,
    }
    Ok(client)
}

fn secret_matches(state: &AppState, client: &Client, given: &Secret) -> bool {
    let given = state.digester.client_secret(given);
    client.secret_hash.as_ref().is_some_and(|stored| stored.matches(&given))
}

/// RFC 7523 §3; the `jti` may be used once (§3 point 7, OIDC Core §9).
async fn check_assertion(
    state: &AppState,
    client: &Client,
    assertion: &Secret,
    now: Timestamp,
) -> Result<(), OAuthError> {
    let no_keys = || {
        OAuthError::new(ErrorCode::AssertionSignatureWrong).because("the client registered no jwks")
    };
    let jwks = client.metadata.jwks.as_ref().ok_or_else(no_keys)?;
    let claims = client_assertion::verify(assertion.expose(), jwks).map_err(|fault| {
        OAuthError::new(ErrorCode::AssertionSignatureWrong).because(fault.to_string())
    })?;
    let issuer = &state.settings.issuer;
    let audiences = [issuer.as_str().to_owned(), issuer.url(urls::TOKEN)];
    let assertion = policy::check_assertion_claims(&claims, &client.id, &audiences, now)?;
    let id = client.id.clone();
    let fresh = state
        .write(move |conn| {
            let (jti, end) = (&assertion.jti, assertion.expires_at);
            Ok(vestibule_storage::client_assertion::claim(conn, &id, jti, end)?)
        })
        .await?;
    if fresh { Ok(()) } else { Err(ErrorCode::AssertionReplayed.into()) }
}
