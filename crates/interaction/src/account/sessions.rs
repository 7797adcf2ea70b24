//! `/account/sessions`: where one is signed in, and the devices that are known.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv6Addr},
};

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use vestibule_model::{
    ClientId, DeviceId, OAuthError, SessionId, Timestamp, browser_session::BrowserSession,
    client::Client, device::Device, grant::Grant, user::User,
};
use vestibule_pages::{DeviceRow, Place, SessionRow, SessionsPage};
use vestibule_policy::{mfa, params::Params, session};
use vestibule_web::{
    AppState, FormParams, QueryParams, State,
    browser::SignedIn,
    cookies, html, page_error, request,
    visitor::{Visitor, visitor},
};

use super::{done, event, frame, stranger, told};
use crate::notice::own;

/// This page.
const PATH: &str = "/account/sessions";

/// What the page tells that it did.
const DONE: [(&str, &str); 3] = [
    ("ended", "sessions-ended"),
    ("others", "sessions-others-ended"),
    ("forgotten", "sessions-forgotten"),
];

/// `GET /account/sessions`.
pub async fn get(state: State, http: HttpRequest, query: QueryParams) -> HttpResponse {
    show(&state, &http, query.0).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn show(
    state: &AppState,
    http: &HttpRequest,
    query: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let query = query?;
    let Visitor { who, .. } = match visitor(state, http, now).await? {
        Ok(found) => found,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let found = Found::read(state, &who, now).await?;
    let here = request::visitor_ip(http).map(|ip| ip.to_canonical());
    let device = cookies::device(http).map(|secret| secret.token_hash());
    let is_this =
        |known: &Device| device.as_ref().is_some_and(|hash| hash.matches(&known.token_hash));
    let done = told(&query, &DONE);
    let frame = frame(state, http, &who);
    let devices = found.devices.iter().map(|known| DeviceRow {
        id: known.id.as_str(),
        is_this: is_this(known),
        browser: &known.user_agent,
        place: place(known.ip.as_deref(), here),
        last_seen: known.last_seen_at,
        trusted_until: known.trusted_until.filter(|_| mfa::is_trusted(known, now)),
    });
    let view = SessionsPage {
        shell: frame.shell(),
        section: "sessions",
        csrf_token: &frame.csrf_token,
        done: done.as_ref(),
        sessions: found.sessions.iter().map(|row| found.shown(row, &who, here)).collect(),
        devices: devices.collect(),
    };
    frame.page(StatusCode::OK, &view)
}

/// What the page is about.
struct Found {
    sessions: Vec<BrowserSession>,
    devices: Vec<Device>,
    grants: Vec<Grant>,
    clients: Vec<Client>,
}

impl Found {
    async fn read(state: &AppState, who: &SignedIn, now: Timestamp) -> Result<Self, OAuthError> {
        let (id, this) = (who.user.id.clone(), who.session.id.clone());
        let lifetimes = state.settings.lifetimes.clone();
        state
            .read(move |conn| {
                let mut sessions = vestibule_storage::browser_session::list_of_user(conn, &id)?;
                sessions.retain(|row| session::is_live(row, &lifetimes, now));
                sessions.sort_by_key(|row| row.id != this);
                let mut devices = vestibule_storage::device::list_of_user(conn, &id)?;
                devices.retain(|device| now < device.expires_at);
                let grants = vestibule_storage::grant::list_of_user(conn, &id, now)?;
                let ids: BTreeSet<&ClientId> =
                    grants.iter().map(|grant| &grant.client_id).collect();
                let ids: Vec<ClientId> = ids.into_iter().cloned().collect();
                let clients = vestibule_storage::client::find_many(conn, &ids)?;
                Ok(Self { sessions, devices, grants, clients })
            })
            .await
    }

    fn shown<'a>(
        &'a self,
        row: &'a BrowserSession,
        who: &SignedIn,
        here: Option<IpAddr>,
    ) -> SessionRow<'a> {
        let of_session = self.grants.iter().filter(|grant| grant.session_id == row.id);
        let used: BTreeSet<&ClientId> = of_session.map(|grant| &grant.client_id).collect();
        let apps = self.clients.iter().filter(|client| used.contains(&client.id));
        SessionRow {
            id: row.id.as_str(),
            is_this: row.id == who.session.id,
            browser: row.user_agent.as_deref().unwrap_or_default(),
            place: place(row.ip.as_deref(), here),
            since: row.created_at,
            last_used: row.last_seen_at,
            apps: apps.map(Client::display_name).collect(),
        }
    }
}

/// What an address tells to whoever looks from `here`. There is no map of addresses: those would
/// have to be asked of others.
fn place(ip: Option<&str>, here: Option<IpAddr>) -> Place<'_> {
    let Some(text) = ip else { return Place::Unknown };
    match text.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(ip) if Some(ip) == here => Place::Here(text),
        Ok(ip) if is_private(ip) => Place::Private(text),
        _ => Place::Address(text),
    }
}

/// Whether the address means something within one network only (RFC 1918, RFC 4193, RFC 3927,
/// RFC 4291 §2.5.3 and §2.5.6).
fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
        IpAddr::V6(ip) => {
            ip.is_unique_local() || ip.is_unicast_link_local() || ip == Ipv6Addr::LOCALHOST
        }
    }
}

/// `POST /account/sessions`.
pub async fn post(state: State, http: HttpRequest, form: FormParams) -> HttpResponse {
    take(&state, &http, form.0).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn take(
    state: &AppState,
    http: &HttpRequest,
    form: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let params = form?;
    let Visitor { who, .. } = match visitor(state, http, now).await? {
        Ok(found) => found,
        Err(elsewhere) => return Ok(elsewhere),
    };
    if let Some(stale) = stranger(state, http, &params, &who, PATH) {
        return Ok(stale);
    }
    let told = if let Some(id) = params.get("session") {
        end(state, http, &who.user, SessionId::new(id), now).await?.then_some("ended")
    } else if let Some(id) = params.get("device") {
        forget(state, http, &who.user, DeviceId::new(id), now).await?.then_some("forgotten")
    } else if params.get("decision") == Some("others") {
        end_others(state, http, &who, now).await?;
        Some("others")
    } else {
        None
    };
    state.logout_wake.notify_one();
    // What is not there any more, or never was this person's, needs no words.
    Ok(match told {
        Some(what) => done(state, PATH, what),
        None => html::see_other(&own(state, PATH)),
    })
}

/// Ends one of the person's sessions, and what hangs on it. `false` if they have no such session.
async fn end(
    state: &AppState,
    http: &HttpRequest,
    user: &User,
    id: SessionId,
    now: Timestamp,
) -> Result<bool, OAuthError> {
    let line = event(http, "session.ended", user, now).detail(format!("session {id}"));
    let owner = user.id.clone();
    state
        .write(move |conn| {
            let found = vestibule_storage::browser_session::find_by_id(conn, &id)?;
            if found.is_none_or(|session| session.user_id != owner) {
                return Ok(false);
            }
            vestibule_storage::browser_session::end(conn, &id, now)?;
            vestibule_storage::audit::insert(conn, &line)?;
            Ok(true)
        })
        .await
}

/// Ends all sessions but this one.
async fn end_others(
    state: &AppState,
    http: &HttpRequest,
    who: &SignedIn,
    now: Timestamp,
) -> Result<(), OAuthError> {
    let line = event(http, "sessions.ended", &who.user, now);
    let (owner, this) = (who.user.id.clone(), who.session.id.clone());
    state
        .write(move |conn| {
            let ended = vestibule_storage::browser_session::end_all_of_user(
                conn,
                &owner,
                Some(&this),
                now,
            )?;
            let line = line.detail(format!("{} sessions", ended.len()));
            Ok(vestibule_storage::audit::insert(conn, &line)?)
        })
        .await
}

/// Forgets one of the person's devices. `false` if they have no such device.
async fn forget(
    state: &AppState,
    http: &HttpRequest,
    user: &User,
    id: DeviceId,
    now: Timestamp,
) -> Result<bool, OAuthError> {
    let line = event(http, "device.forgotten", user, now).detail(format!("device {id}"));
    let owner = user.id.clone();
    state
        .write(move |conn| {
            if !vestibule_storage::device::delete(conn, &id, &owner)? {
                return Ok(false);
            }
            vestibule_storage::audit::insert(conn, &line)?;
            Ok(true)
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tells_whether_it_is_near() {
        let here = Some("203.0.113.7".parse().expect("an address"));
        for (ip, expected) in [
            (None, Place::Unknown),
            (Some("203.0.113.7"), Place::Here("203.0.113.7")),
            (Some("::ffff:203.0.113.7"), Place::Here("::ffff:203.0.113.7")),
            (Some("203.0.113.8"), Place::Address("203.0.113.8")),
            (Some("192.168.1.1"), Place::Private("192.168.1.1")),
            (Some("10.1.2.3"), Place::Private("10.1.2.3")),
            (Some("172.32.0.1"), Place::Address("172.32.0.1")),
            (Some("127.0.0.1"), Place::Private("127.0.0.1")),
            (Some("fd00::1"), Place::Private("fd00::1")),
            (Some("fe80::1"), Place::Private("fe80::1")),
            (Some("::1"), Place::Private("::1")),
            (Some("2001:db8::1"), Place::Address("2001:db8::1")),
            (Some("?"), Place::Address("?")),
        ] {
            assert_eq!(place(ip, here), expected);
        }
        assert_eq!(place(Some("203.0.113.7"), None), Place::Address("203.0.113.7"));
    }
}
