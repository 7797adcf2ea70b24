//! `/account/apps`: the apps that may use the account.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use vestibule_model::{
    ClientId, GrantId, OAuthError, ScopeSet, Timestamp, UserId,
    client::Client,
    entropy::dated_id,
    grant::{Consent, ConsentDecision, ConsentRecord, Grant},
};
use vestibule_pages::{AnswerRow, AppRow, AppsPage, link};
use vestibule_policy::{claims, initiate_login, params::Params};
use vestibule_storage::Conn;
use vestibule_web::{
    AppState, FormParams, QueryParams, State,
    browser::SignedIn,
    html::{self, FormFrame},
    page_error, urls,
    visitor::{Visitor, visitor},
};

use super::{done, event, frame, stranger, told};
use crate::notice::own;

/// This page.
const PATH: &str = "/account/apps";
/// The most answers that the page lists; the export has them all.
const ANSWERS: i64 = 100;

/// `GET /account/apps`.
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
    let id = who.user.id.clone();
    let found = state.read(move |conn| Found::read(conn, &id, now)).await?;
    let done = told(&query, &[("withdrawn", "apps-withdrawn")]);
    let frame = frame(state, http, &who);
    let accesses = found.accesses();
    let mut apps: Vec<AppRow<'_>> = found
        .clients
        .iter()
        .filter_map(|client| Some(accesses.get(&client.id)?.shown(client, &frame, state)))
        .collect();
    apps.sort_by_key(|app| app.name.to_lowercase());
    let view = AppsPage {
        shell: frame.shell(),
        section: "apps",
        csrf_token: &frame.csrf_token,
        done: done.as_ref(),
        person: html::person(&who.user),
        apps,
        answers: found.records.iter().map(|record| found.answer(record, &frame)).collect(),
    };
    frame.page(StatusCode::OK, &view)
}

/// What the page is about.
struct Found {
    consents: Vec<Consent>,
    grants: Vec<Grant>,
    last_issued: Vec<(GrantId, Timestamp)>,
    records: Vec<ConsentRecord>,
    clients: Vec<Client>,
}

impl Found {
    fn read(conn: &mut Conn, user: &UserId, now: Timestamp) -> Result<Self, OAuthError> {
        let consents = vestibule_storage::consent::list_of_user(conn, user)?;
        let grants = vestibule_storage::grant::list_of_user(conn, user, now)?;
        let records = vestibule_storage::consent::records_of_user(conn, user, ANSWERS)?;
        let ids: BTreeSet<ClientId> = (consents.iter().map(|consent| &consent.client_id))
            .chain(grants.iter().map(|grant| &grant.client_id))
            .chain(records.iter().map(|record| &record.client_id))
            .cloned()
            .collect();
        let ids: Vec<ClientId> = ids.into_iter().collect();
        let of_grants: Vec<GrantId> = grants.iter().map(|grant| grant.id.clone()).collect();
        Ok(Self {
            last_issued: vestibule_storage::refresh_token::last_issued(conn, &of_grants)?,
            clients: vestibule_storage::client::find_many(conn, &ids)?,
            consents,
            grants,
            records,
        })
    }

    /// What each app may do, by a consent or by what the operator's own apps are granted without
    /// one.
    fn accesses(&self) -> BTreeMap<&ClientId, Access> {
        let mut accesses: BTreeMap<&ClientId, Access> = BTreeMap::new();
        for consent in &self.consents {
            let access = accesses
                .entry(&consent.client_id)
                .or_insert_with(|| Access::since(consent.granted_at));
            access.allow(&consent.scope, consent.claims.clone());
        }
        for grant in &self.grants {
            let access =
                accesses.entry(&grant.client_id).or_insert_with(|| Access::since(grant.created_at));
            access.allow(&grant.scope, claims::asked_by_name(&grant.claims));
            access.since = access.since.min(grant.created_at);
            let issued = self.last_issued.iter().find(|(id, _)| *id == grant.id);
            let used = issued.map_or(grant.created_at, |(_, at)| *at);
            access.last_used = access.last_used.max(Some(used));
        }
        accesses
    }

    fn answer<'a>(&'a self, record: &'a ConsentRecord, frame: &FormFrame<'_>) -> AnswerRow<'a> {
        let client = self.clients.iter().find(|client| client.id == record.client_id);
        AnswerRow {
            app: client
                .map_or_else(|| record.client_id.to_string(), |client| frame.client_name(client)),
            decision: record.decision,
            scopes: record.scope.iter().collect(),
            at: record.at,
        }
    }
}

/// What one app may do.
struct Access {
    scope: ScopeSet,
    claims: BTreeSet<String>,
    since: Timestamp,
    last_used: Option<Timestamp>,
}

impl Access {
    fn since(since: Timestamp) -> Self {
        Self { scope: ScopeSet::default(), claims: BTreeSet::new(), since, last_used: None }
    }

    fn allow(&mut self, scope: &ScopeSet, claims: Vec<String>) {
        self.scope = self.scope.union(scope);
        self.claims.extend(claims);
    }

    fn shown<'a>(
        &'a self,
        client: &'a Client,
        frame: &FormFrame<'_>,
        state: &AppState,
    ) -> AppRow<'a> {
        let start = initiate_login::can_start(client);
        AppRow {
            id: client.id.as_str(),
            name: frame.client_name(client),
            start: start.then(|| urls::start(&state.settings.issuer, &client.id)),
            host: client.metadata.client_uri.as_deref().and_then(link::host),
            is_own: client.metadata.first_party,
            scopes: self.scope.iter().collect(),
            claims: self.claims.iter().map(String::as_str).collect(),
            since: self.since,
            last_used: self.last_used,
        }
    }
}

/// `POST /account/apps`: takes an app's access away.
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
    let withdrawn = match params.get("client") {
        Some(id) => withdraw(state, http, &who, ClientId::new(id), now).await?,
        None => false,
    };
    // An app that has no access, or that there is not, needs no words.
    Ok(if withdrawn { done(state, PATH, "withdrawn") } else { html::see_other(&own(state, PATH)) })
}

/// Forgets the consent and kills everything issued from the person's grants to the app: refresh
/// tokens, and access tokens as soon as anybody asks us about them. `false` if there was nothing.
async fn withdraw(
    state: &AppState,
    http: &HttpRequest,
    who: &SignedIn,
    client: ClientId,
    now: Timestamp,
) -> Result<bool, OAuthError> {
    let user = who.user.id.clone();
    let record_id = dated_id(state.entropy.as_ref(), now);
    let line = event(http, "consent.withdrawn", &who.user, now).of_client(&client);
    state
        .write(move |conn| {
            let found = Found::read(conn, &user, now)?;
            let accesses = found.accesses();
            let Some(access) = accesses.get(&client) else { return Ok(false) };
            let consent = found.consents.iter().find(|consent| consent.client_id == client);
            let record = ConsentRecord {
                id: record_id,
                user_id: user.clone(),
                client_id: client.clone(),
                decision: ConsentDecision::Withdrawn,
                scope: access.scope.clone(),
                claims: access.claims.iter().cloned().collect(),
                wording: consent.map(|consent| consent.wording.clone()).unwrap_or_default(),
                at: now,
            };
            vestibule_storage::consent::delete(conn, &user, &client)?;
            vestibule_storage::grant::revoke_of_client(conn, &user, &client, now)?;
            vestibule_storage::consent::record(conn, &record)?;
            let line = line.detail(format!("scope {}", record.scope));
            vestibule_storage::audit::insert(conn, &line)?;
            Ok(true)
        })
        .await
}
