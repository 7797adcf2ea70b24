//! `id_token_hint` (OIDC Core §3.1.2.1).

use vestibule_keys::{Expected, client_signature};
use vestibule_model::{OAuthError, Subject, client::Client, jose::KeyManagementAlg};
use vestibule_policy::authorize::HintedSubject;
use vestibule_web::{AppState, client_keys};

/// The ID token inside an encrypted hint: encrypted for us by the client, as §3.1.2.1 lets it, or
/// by us under the client's secret. `None` for a hint that is not encrypted or does not open.
pub(crate) async fn opened(
    state: &AppState,
    client: &Client,
    hint: &str,
) -> Result<Option<String>, OAuthError> {
    let Some(seen) = client_signature::peek(hint).filter(|seen| seen.is_encrypted) else {
        return Ok(None);
    };
    let symmetric =
        KeyManagementAlg::from_wire(&seen.alg).is_some_and(KeyManagementAlg::is_symmetric);
    let secret = if symmetric { client_keys::secret(state, client).await? } else { None };
    let opened = state.ring().decryption_keys().decrypt(hint, secret.as_ref()).ok();
    Ok(opened.and_then(|bytes| String::from_utf8(bytes).ok()))
}

/// Whom an ID token of ours names. Its expiry does not matter (§3.1.2.1), its signature does.
pub(super) fn subject(state: &AppState, id_token: &str) -> Option<HintedSubject> {
    let claims = state.ring().verify(id_token, Expected::IdToken).ok()?;
    let text = |name: &str| claims.get(name).and_then(|value| value.as_str());
    if text("iss") != Some(state.settings.issuer.as_str()) {
        return None;
    }
    let aud = claims.get("aud")?;
    let listed = aud.as_array().into_iter().flatten().filter_map(|entry| entry.as_str());
    let client_ids = aud.as_str().into_iter().chain(listed).map(str::to_owned).collect();
    Some(HintedSubject { sub: Subject::new(text("sub")?), client_ids })
}
