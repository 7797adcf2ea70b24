//! Client authentication (RFC 6749 §2.3, RFC 7523 §2.2, OIDC Core §9).

use std::{net::IpAddr, sync::Arc};

use actix_web::{HttpRequest, http::header::AUTHORIZATION};
use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use vestibule_keys::{client_assertion, client_signature};
use vestibule_model::{
    ClientId, ErrorCode, OAuthError, Secret, Timestamp, WireError,
    client::{AuthMethod, Client},
    jose::ClientSignatureAlg,
};
use vestibule_policy::{client_auth as policy, params::Params};
use vestibule_web::{
    AppState,
    client_keys::{self, Unproved},
    rate_limit::ClientTries,
    request::{own_path, visitor_ip},
    urls,
};

/// `client_assertion_type` of RFC 7523 §2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a client presented. Nothing is proved yet.
#[derive(Debug)]
pub struct Credentials {
    /// Who it says it is.
    pub client_id: ClientId,
    proof: Proof,
    /// The path that was called, relative to the issuer's.
    path: String,
    /// Where from.
    ip: Option<IpAddr>,
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
    /// A JWT, and the algorithm that it says it is signed with.
    Assertion(Secret, ClientSignatureAlg),
}

impl Proof {
    const fn method(&self) -> AuthMethod {
        match self {
            Self::None => AuthMethod::None,
            Self::Basic { .. } => AuthMethod::ClientSecretBasic,
            Self::Post(_) => AuthMethod::ClientSecretPost,
            Self::Assertion(_, alg) => policy::assertion_method(*alg),
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
        assertion_proof(params, assertion)?
    } else {
        let id = body_id.ok_or(ErrorCode::ClientAuthMissing)?;
        (id.to_owned(), secret.map_or(Proof::None, |secret| Proof::Post(Secret::new(secret))))
    };
    if body_id.is_some_and(|id| id != client_id) {
        return Err(OAuthError::new(ErrorCode::ClientAuthFailed)
            .because("client_id in the body is not the client that authenticates"));
    }
    let path = own_path(request).to_owned();
    let ip = visitor_ip(request);
    Ok(Credentials { client_id: ClientId::new(client_id), proof, path, ip })
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

fn assertion_proof(params: &Params, assertion: &str) -> Result<(String, Proof), OAuthError> {
    let malformed = |why: &str| OAuthError::new(ErrorCode::AssertionMalformed).because(why);
    if params.get("client_assertion_type") != Some(JWT_BEARER) {
        return Err(malformed("client_assertion_type is not jwt-bearer"));
    }
    let seen = client_signature::peek(assertion).filter(|seen| !seen.is_encrypted);
    let seen = seen.ok_or_else(|| malformed("it is no signed JWT"))?;
    let alg = ClientSignatureAlg::from_wire(&seen.alg)
        .ok_or_else(|| malformed("its alg is not known here"))?;
    // RFC 7521 §4.2: `client_id` is optional, the assertion names the client.
    let id = params.get("client_id").map(str::to_owned).or(seen.iss);
    let id = id.ok_or_else(|| malformed("the assertion has no iss"))?;
    Ok((id, Proof::Assertion(Secret::new(assertion), alg)))
}

/// Proves the client. An unknown client, a disabled one and a wrong secret answer alike; the log
/// tells them apart. Whoever guesses too often from one address is refused unseen, there and for
/// this client only. An assertion that we could not check, for want of the client's keys, is no guess.
pub async fn authenticate(
    state: &AppState,
    credentials: Credentials,
    now: Timestamp,
) -> Result<Client, OAuthError> {
    let client = state.client(&credentials.client_id).await?;
    let known = client.as_ref().map(|client| client.id.as_str());
    let tries = ClientTries::of(state, known, credentials.ip);
    if let Some(tries) = &tries {
        tries.check()?;
    }
    let proved = match &client {
        Some(client) => prove(state, client, credentials, now).await,
        None => Err(failed(&credentials.client_id, "unknown")),
    };
    if let (Err(error), Some(tries)) = (&proved, &tries)
        && error.code.wire() == WireError::InvalidClient
    {
        tries.failed().await;
    }
    proved.map_err(|error| match error.code {
        ErrorCode::ClientKeysUnavailable => {
            OAuthError::new(ErrorCode::AssertionSignatureWrong).because(error.to_string())
        }
        _ => error,
    })?;
    client.map(Arc::unwrap_or_clone).ok_or_else(|| ErrorCode::ClientAuthFailed.into())
}

fn failed(client_id: &ClientId, why: &str) -> OAuthError {
    OAuthError::new(ErrorCode::ClientAuthFailed)
        .because(format!("client {:?}: {why}", client_id.as_str()))
}

async fn prove(
    state: &AppState,
    client: &Client,
    credentials: Credentials,
    now: Timestamp,
) -> Result<(), OAuthError> {
    let Credentials { proof, path, .. } = credentials;
    if client.disabled_at.is_some() {
        return Err(failed(&client.id, "disabled"));
    }
    policy::check_method(client, proof.method())?;
    let secrets = match &proof {
        Proof::None => return Ok(()),
        Proof::Basic { decoded, raw } => vec![decoded, raw],
        Proof::Post(secret) => vec![secret],
        Proof::Assertion(assertion, alg) => {
            let claims = assertion_claims(state, client, assertion, *alg).await?;
            return check_assertion(state, client, &claims, &path, now).await;
        }
    };
    if secrets.into_iter().any(|secret| secret_matches(state, client, secret)) {
        return Ok(());
    }
    Err(failed(&client.id, "wrong client_secret"))
}

fn secret_matches(state: &AppState, client: &Client, given: &Secret) -> bool {
    let given = state.digester.client_secret(given);
    client.secret_hash.as_ref().is_some_and(|stored| stored.matches(&given))
}

/// What an assertion says whose signature, or MAC under the secret, is the client's (OIDC Core §9).
async fn assertion_claims(
    state: &AppState,
    client: &Client,
    assertion: &Secret,
    alg: ClientSignatureAlg,
) -> Result<Map<String, Value>, OAuthError> {
    let only = client.metadata.token_endpoint_auth_signing_alg;
    let verified = client_keys::verified(state, client, alg, |keys| {
        client_assertion::verify(assertion.expose(), keys, only)
    });
    verified.await.map_err(|why| match why {
        Unproved::Keys(error) => error,
        why @ Unproved::Signature(_) => {
            OAuthError::new(ErrorCode::AssertionSignatureWrong).because(why.to_string())
        }
    })
}

/// RFC 7523 §3; the `jti` may be used once (§3 point 7, OIDC Core §9). `path` is the endpoint that
/// was called: some clients name it where they should name the issuer.
async fn check_assertion(
    state: &AppState,
    client: &Client,
    claims: &Map<String, Value>,
    path: &str,
    now: Timestamp,
) -> Result<(), OAuthError> {
    let issuer = &state.settings.issuer;
    let mut audiences = vec![issuer.as_str().to_owned(), issuer.url(urls::TOKEN)];
    if path != urls::TOKEN {
        audiences.push(issuer.url(path));
    }
    // The signature holds, so whoever asks is the client, and may hear what is wrong.
    let assertion =
        policy::check_assertion_claims(claims, &client.id, &audiences, now).map_err(|error| {
            let description = format!("client_assertion: {}", error.detail);
            OAuthError::describe(error.code, description).because(error.detail)
        })?;
    let id = client.id.clone();
    let fresh = state
        .write(move |conn| {
            let (jti, end) = (&assertion.jti, assertion.expires_at);
            Ok(vestibule_storage::client_assertion::claim(conn, &id, jti, end)?)
        })
        .await?;
    if fresh { Ok(()) } else { Err(ErrorCode::AssertionReplayed.into()) }
}
