//! `/playground`: a debugger for the developers of clients. Compose an authorization request, see it
//! checked, run it, and look into what comes back. There only where `settings.playground` says so,
//! and stateless: what has to be remembered between two pages travels sealed in the browser.

pub mod answer;
pub mod check;
pub mod compose;
mod memory;
mod snippets;
pub mod token;

use vestibule_model::{ClientId, ErrorCode, OAuthError, client::Client};
use vestibule_pages::{PlaygroundMark, PlaygroundRefusal, PlaygroundSpec};
use vestibule_policy::explain::{Mark, Spec};
use vestibule_web::AppState;

/// Composes a request.
pub const PATH: &str = "/playground";
/// Checks one.
pub const CHECK: &str = "/playground/check";
/// Shows an answer; clients register it as a redirect URI.
pub const CALLBACK: &str = "/playground/callback";
/// Takes tokens apart.
pub const TOKEN: &str = "/playground/token";

/// Names of our own fields start with this, so that they are no parameters of a request.
const OWN: &str = "pg.";

/// A page that is switched off is not there.
fn open(state: &AppState) -> Result<(), OAuthError> {
    if state.settings.playground { Ok(()) } else { Err(ErrorCode::NotFound.into()) }
}

/// The redirect URI that brings answers here.
fn callback(state: &AppState) -> String {
    state.settings.issuer.url(CALLBACK)
}

/// The client of that id. One that is switched off is as unknown as one that never was.
async fn client(state: &AppState, id: &str) -> Result<Option<Client>, OAuthError> {
    let id = ClientId::new(id);
    let found = state.read(move |conn| Ok(vestibule_storage::client::find(conn, &id)?)).await?;
    Ok(found.filter(|client| client.disabled_at.is_none()))
}

fn mark(mark: Mark) -> PlaygroundMark {
    match mark {
        Mark::Good => PlaygroundMark::Good,
        Mark::Bad => PlaygroundMark::Bad,
        Mark::Note => PlaygroundMark::Note,
        Mark::Open => PlaygroundMark::Open,
    }
}

fn spec(spec: Spec) -> PlaygroundSpec {
    PlaygroundSpec { document: spec.document, section: spec.section, url: spec.url() }
}

/// A refusal as the public may see it. What differs for the log only is not told apart here either.
fn refusal<'a>(state: &AppState, error: &'a OAuthError) -> PlaygroundRefusal<'a> {
    let public = error.code.public();
    let told = public == error.code || state.settings.development;
    PlaygroundRefusal {
        code: public,
        description: if public == error.code { &error.description } else { public.title() },
        detail: (told && !error.detail.is_empty() && public == error.code)
            .then_some(error.detail.as_str()),
    }
}
