//! What the playground remembers of a request until its answer comes: sealed, in the browser.

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
};
use serde::{Deserialize, Serialize};
use vestibule_model::{ErrorCode, OAuthError, Secret, Timestamp, entropy::random_secret};
use vestibule_policy::{explain::Sent, params::Params, pkce};
use vestibule_web::AppState;

use super::PATH;

/// Holds the request that was checked last. Not `__Host-`: that would be sent to every page.
const COOKIE: &str = "__Secure-vestibule-playground";
/// How long it is remembered, in seconds.
const LIFETIME: i64 = 3_600;
/// The most bytes of a request that surely fit into a cookie, sealed: 4096 bytes hold the name, the
/// attributes, and the rest in JSON and base64url.
const LONGEST: usize = 1_600;

const REQUEST_PURPOSE: &str = "playground/request";
const VERIFIER_PURPOSE: &str = "playground/verifier";

/// [`Sent`] as it is sealed.
#[derive(Serialize, Deserialize)]
struct Remembered {
    client_id: String,
    redirect_uri: String,
    state: Option<String>,
    nonce: Option<String>,
    verifier: Option<String>,
    until: i64,
}

/// A fresh PKCE verifier: sealed, and its challenge (RFC 7636 §4.1, §4.2).
pub(super) fn fresh_verifier(state: &AppState) -> Result<(String, String), OAuthError> {
    let verifier = random_secret(state.entropy.as_ref());
    let challenge = pkce::challenge_of(verifier.expose());
    let plain = verifier.expose().as_bytes();
    let sealed = state.sealer.seal(VERIFIER_PURPOSE, plain, state.entropy.as_ref())?;
    Ok((sealed, challenge))
}

/// The verifier that was sealed, if it is the one behind `challenge`.
async fn verifier(state: &AppState, sealed: &str, challenge: Option<&str>) -> Option<Secret> {
    let plain = state.open_sealed(VERIFIER_PURPOSE, sealed).await.ok()?;
    let verifier = String::from_utf8(plain).ok()?;
    (challenge == Some(pkce::challenge_of(&verifier).as_str())).then(|| Secret::new(verifier))
}

/// Remembers a request; or, if it is too long, forgets the last one, which would be compared with the
/// wrong answer.
pub(super) async fn remember(
    state: &AppState,
    request: &Params,
    sealed_verifier: Option<&str>,
    response: &mut HttpResponse,
) -> Result<(), OAuthError> {
    let text = |name: &str| request.get(name).map(str::to_owned);
    let verifier = match sealed_verifier {
        Some(sealed) => verifier(state, sealed, request.get("code_challenge")).await,
        None => None,
    };
    let remembered = Remembered {
        client_id: text("client_id").unwrap_or_default(),
        redirect_uri: text("redirect_uri").unwrap_or_default(),
        state: text("state"),
        nonce: text("nonce"),
        verifier: verifier.map(|verifier| verifier.expose().to_owned()),
        until: state.now().plus(LIFETIME).0,
    };
    let plain = serde_json::to_vec(&remembered).map_err(|fault| internal(&fault))?;
    let sealed = state.sealer.seal(REQUEST_PURPOSE, &plain, state.entropy.as_ref())?;
    let fits = fits(request);
    let mut cookie = Cookie::build(COOKIE, if fits { sealed } else { String::new() })
        .path(format!("{}{PATH}", state.settings.issuer.path()))
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(Duration::seconds(LIFETIME))
        .finish();
    if !fits {
        cookie.make_removal();
    }
    response.add_cookie(&cookie).map_err(|fault| internal(&fault))
}

/// Whether [`remember`] can.
pub(super) fn fits(request: &Params) -> bool {
    let kept = ["client_id", "redirect_uri", "state", "nonce"];
    // JSON writes some letters longer than they are.
    let written = |text: &str| text.escape_default().count();
    kept.iter().filter_map(|name| request.get(name)).map(written).sum::<usize>() <= LONGEST
}

/// The request that was remembered, if its time is not over.
pub(super) async fn recall(state: &AppState, http: &HttpRequest, now: Timestamp) -> Option<Sent> {
    let cookie = http.cookie(COOKIE)?;
    let plain = state.open_sealed(REQUEST_PURPOSE, cookie.value()).await.ok()?;
    let kept: Remembered = serde_json::from_slice(&plain).ok()?;
    (now.0 < kept.until).then_some(Sent {
        client_id: kept.client_id,
        redirect_uri: kept.redirect_uri,
        state: kept.state,
        nonce: kept.nonce,
        verifier: kept.verifier,
    })
}

fn internal(fault: &dyn std::fmt::Display) -> OAuthError {
    OAuthError::new(ErrorCode::Internal).because(fault.to_string())
}
