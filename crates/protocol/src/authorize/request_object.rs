//! Authorization requests in a request object (OIDC Core §6, RFC 9101): found, opened, verified, and
//! turned into the parameters that they stand for. What is taken and what it may say is decided in
//! [`vestibule_policy::request_object`].

use std::{sync::Arc, time::Duration};

use serde_json::{Map, Value};
use vestibule_keys::{
    DecryptFault,
    client_signature::{self, ClientKeys, Peek},
    request_object::verify,
};
use vestibule_model::{
    ErrorCode, OAuthError, Timestamp,
    client::Client,
    jose::{ClientSignatureAlg, KeyManagementAlg},
};
use vestibule_policy::{
    authorize::{Rejection, refuse},
    params::Params,
    request_object::{self as policy, Rules, Source},
};
use vestibule_web::{
    AppState,
    client_keys::{self, Unproved},
};

/// Keys that were compared with the stored ones this many seconds ago have all that clients know.
const FRESH_FOR: i64 = 2;
/// How long a look at the stored keys is waited for.
const PATIENCE: Duration = Duration::from_millis(500);

type Claims = Map<String, Value>;

/// The parameters of the request: `params` as they are, or those that its request object and they
/// make together. From here on nothing is left of the JWT.
pub(super) async fn resolve(
    state: &AppState,
    client: &Client,
    params: &Params,
    now: Timestamp,
) -> Result<Params, Rejection> {
    if client.disabled_at.is_some() {
        // Refused anyhow, and nothing is fetched for it.
        return Ok(params.clone());
    }
    let settings = &state.settings;
    let rules = policy::rules(client, settings.profile);
    // What did not verify says nothing, not even where to send the refusal.
    let refused = |error| refuse(params, Some(client), settings, error);
    let Some(claims) = claims(state, client, params, rules).await.map_err(refused)? else {
        return Ok(params.clone());
    };
    let merged = policy::merged(&claims, params, rules).map_err(refused)?;
    policy::check_claims(&claims, params, client, rules, &settings.issuer, now).map_err(
        |error| match refuse(&merged, Some(client), settings, error) {
            Rejection::Page(error) => refused(error),
            told_to_client @ Rejection::Redirect { .. } => told_to_client,
        },
    )?;
    Ok(merged)
}

/// What the request object says, if there is one.
async fn claims(
    state: &AppState,
    client: &Client,
    params: &Params,
    rules: Rules,
) -> Result<Option<Claims>, OAuthError> {
    let fetched;
    let object = match policy::source(params, client)? {
        None => return Ok(None),
        Some(Source::Value(object)) => object,
        Some(Source::Reference(uri)) => {
            fetched = fetch(state, client, uri).await?;
            text(&fetched)?.trim()
        }
    };
    let seen = client_signature::peek(object).ok_or_else(unreadable)?;
    if !seen.is_encrypted {
        return signed(state, client, object, &seen, rules).await.map(Some);
    }
    let opened = open(state, client, object, &seen).await?;
    let inside = text(&opened)?;
    match client_signature::peek(inside) {
        Some(nested) if nested.is_encrypted => Err(unreadable()),
        Some(nested) => signed(state, client, inside, &nested, rules).await.map(Some),
        None => {
            // Encrypted alone: who made it is as open as without.
            policy::may_be_unsigned(client, rules)?;
            serde_json::from_str(inside).map(Some).map_err(|_| unreadable())
        }
    }
}

async fn fetch(state: &AppState, client: &Client, uri: &str) -> Result<Arc<[u8]>, OAuthError> {
    let reference = policy::registered(uri, client)?;
    state.request_objects.get(&reference).await
}

/// Opens what is encrypted for us, or under the client's secret (OIDC Core §6.1, §10.2).
async fn open(
    state: &AppState,
    client: &Client,
    object: &str,
    seen: &Peek,
) -> Result<Vec<u8>, OAuthError> {
    let symmetric =
        KeyManagementAlg::from_wire(&seen.alg).is_some_and(KeyManagementAlg::is_symmetric);
    let secret = if symmetric { client_keys::secret(state, client).await? } else { None };
    let decrypt = || state.ring().decryption_keys().decrypt(object, secret.as_ref());
    let mut opened = decrypt();
    if opened == Err(DecryptFault::UnknownKey) && state.keys.age(state.now()) > FRESH_FOR {
        // Another instance may have published the key while this one was idle.
        state.keys.look(PATIENCE).await;
        opened = decrypt();
    }
    opened.map_err(|fault| {
        OAuthError::new(ErrorCode::RequestObjectUnopened).because(fault.to_string())
    })
}

/// The claims of an object whose signature is the client's, or that needs none.
async fn signed(
    state: &AppState,
    client: &Client,
    object: &str,
    seen: &Peek,
    rules: Rules,
) -> Result<Claims, OAuthError> {
    let alg = policy::signature_alg(&seen.alg, client, rules)?;
    let verified = if alg == ClientSignatureAlg::None {
        verify(object, ClientKeys::default(), Some(alg)).map_err(Unproved::from)
    } else {
        let check = |keys: ClientKeys<'_>| verify(object, keys, Some(alg));
        client_keys::verified(state, client, alg, check).await
    };
    verified.map(|verified| verified.claims).map_err(|why| match why {
        Unproved::Keys(error) if error.code != ErrorCode::ClientKeysUnavailable => error,
        Unproved::Keys(OAuthError { description: why, .. }) => unproved(&why),
        Unproved::Signature(fault) => unproved(&format!("The request object is refused: {fault}")),
    })
}

fn unproved(why: &str) -> OAuthError {
    OAuthError::describe(ErrorCode::RequestObjectSignatureWrong, why)
}

fn text(bytes: &[u8]) -> Result<&str, OAuthError> {
    std::str::from_utf8(bytes).map_err(|_| unreadable())
}

fn unreadable() -> OAuthError {
    OAuthError::new(ErrorCode::RequestObjectMalformed).because("it is no JWT")
}
