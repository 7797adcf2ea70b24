//! `/account/**`: the person's own pages, one file each, and what they share.
//!
//! Every handler asks `web::visitor` first. A form is bound to the session it was shown to; what it
//! did is told by `?done=` on the page that follows.

pub mod activity;
pub mod apps;
pub mod data;
pub mod email;
pub mod overview;
pub mod password;
pub mod profile;
pub mod sessions;

pub mod mfa;
pub mod passkeys;

use actix_web::{HttpRequest, HttpResponse};
use vestibule_model::{Message, Timestamp, audit::AuditEvent, user::User};
use vestibule_policy::params::Params;
use vestibule_web::{
    AppState, RequestId,
    browser::SignedIn,
    csrf,
    html::{self, FormFrame},
    request,
};

use crate::notice;

/// The frame of a page that only this person may answer.
pub(crate) fn frame<'a>(state: &'a AppState, http: &HttpRequest, who: &SignedIn) -> FormFrame<'a> {
    FormFrame::shown_to(state, http, Some(&who.session.id))
        .account_language(who.user.language.as_deref())
}

/// The answer to a form that was not shown to this person: the page at `path` once more, which says
/// that it got old.
pub(crate) fn stranger(
    state: &AppState,
    http: &HttpRequest,
    params: &Params,
    who: &SignedIn,
    path: &str,
) -> Option<HttpResponse> {
    let error = csrf::check_shown_to(state, http, params, Some(&who.session.id)).err()?;
    vestibule_web::error::log(&RequestId::of(http).0, &error);
    Some(html::stale(state, http, &state.settings.display_name, &notice::own(state, path)))
}

/// On to our page `path`, which tells what was done.
pub(crate) fn done(state: &AppState, path: &str, what: &str) -> HttpResponse {
    html::see_other(&format!("{}?done={what}", notice::own(state, path)))
}

/// The sentence of what was done, by what the query names; of whatever it does not know the page
/// says nothing.
pub(crate) fn told(query: &Params, known: &[(&str, &'static str)]) -> Option<Message> {
    let done = query.get("done")?;
    let (_, key) = known.iter().find(|(name, _)| *name == done)?;
    Some(Message::new(key))
}

/// A line of the audit log about something that this person did.
pub(crate) fn event(
    http: &HttpRequest,
    name: &'static str,
    user: &User,
    now: Timestamp,
) -> AuditEvent {
    let ip = request::visitor_ip(http).map(|ip| ip.to_string());
    AuditEvent::new(now, name, RequestId::of(http).0).of_user(&user.id).from_ip(ip.as_deref())
}
