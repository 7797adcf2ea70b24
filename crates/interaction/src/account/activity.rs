//! `/account/activity`: the person's own part of the audit log.

use std::collections::BTreeSet;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use vestibule_model::{ClientId, OAuthError, UserId, client::Client};
use vestibule_pages::{ActivityPage, ActivityRow};
use vestibule_policy::params::Params;
use vestibule_storage::{MayLag, audit::RecordedEvent};
use vestibule_web::{
    AppState, QueryParams, State, page_error,
    visitor::{Visitor, visitor},
};

use super::frame;

/// Lines on one page.
const LINES: usize = 50;

/// `GET /account/activity?before=4711`: the newest lines, or those before that one.
pub async fn get(state: State, http: HttpRequest, query: QueryParams) -> HttpResponse {
    show(&state, &http, query.0).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn show(
    state: &AppState,
    http: &HttpRequest,
    query: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let query = query?;
    let Visitor { who, .. } = match visitor(state, http, state.now()).await? {
        Ok(found) => found,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let before: Option<i64> = query.get("before").and_then(|before| before.parse().ok());
    let id = who.user.id.clone();
    let found = state.read_lagging(move |conn| Found::read(conn, &id, before)).await?;
    let frame = frame(state, http, &who);
    let view = ActivityPage {
        shell: frame.shell(),
        section: "activity",
        rows: found.events.iter().map(|event| found.shown(event)).collect(),
        has_newer: before.is_some(),
        older_before: found.older_before,
    };
    frame.page(StatusCode::OK, &view)
}

/// What the page is about.
struct Found {
    events: Vec<RecordedEvent>,
    older_before: Option<i64>,
    clients: Vec<Client>,
}

impl Found {
    fn read(
        conn: &mut impl MayLag,
        user: &UserId,
        before: Option<i64>,
    ) -> Result<Self, OAuthError> {
        // One more than is shown tells whether there are older ones.
        let asked = i64::try_from(LINES + 1).unwrap_or(i64::MAX);
        let mut events = vestibule_storage::audit::list_of_user(conn, user, asked, before)?;
        let has_older = events.len() > LINES;
        events.truncate(LINES);
        let older_before = events.last().filter(|_| has_older).map(|last| last.id);
        let ids: BTreeSet<ClientId> =
            events.iter().filter_map(|event| event.client_id.clone()).collect();
        let ids: Vec<ClientId> = ids.into_iter().collect();
        let clients = vestibule_storage::client::find_many(conn, &ids)?;
        Ok(Self { events, older_before, clients })
    }

    fn shown<'a>(&'a self, event: &'a RecordedEvent) -> ActivityRow<'a> {
        let name = |id: &'a ClientId| {
            let client = self.clients.iter().find(|client| client.id == *id);
            client.map_or(id.as_str(), Client::display_name)
        };
        ActivityRow {
            event: &event.event,
            at: event.at,
            ip: event.ip.as_deref(),
            app: event.client_id.as_ref().map(name),
        }
    }
}
