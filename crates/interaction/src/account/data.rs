//! `/account/data`: what is kept about a person, to take along, and the end of the account.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_DISPOSITION},
    },
};
use vestibule_model::{
    ErrorCode, Message, OAuthError, Timestamp, UserId, audit::AuditEvent, factor::Factors,
    mail::OutboxMail, verification::Verification,
};
use vestibule_pages::{DataPage, FieldProblem, Kept, Mail};
use vestibule_policy::{params::Params, session};
use vestibule_storage::{Conn, terms::Acceptance};
use vestibule_text::Lang;
use vestibule_web::{
    AppState, FormParams, QueryParams, State,
    browser::SignedIn,
    data_export, html,
    mail::{self, Letter},
    page_error,
    profile::opened,
    visitor::{Visitor, visitor},
};

use super::{done, event, frame, profile::claims, stranger, told};
use crate::{notice::own, verification::undo_deletion_link};

/// This page.
const PATH: &str = "/account/data";
/// The most mails that the page lists; the export has them all.
const MAILS: i64 = 50;

/// `GET /account/data`.
pub async fn get(state: State, http: HttpRequest, query: QueryParams) -> HttpResponse {
    show(&state, &http, query.0).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn show(
    state: &AppState,
    http: &HttpRequest,
    query: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let query = query?;
    let found = match visitor(state, http, state.now()).await? {
        Ok(found) => found,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let done = told(&query, &[("scheduled", "data-scheduled")]);
    let page = Page::read(state, found).await?;
    page.render(state, http, done.as_ref(), None, StatusCode::OK)
}

/// What the page is about.
struct Page {
    who: SignedIn,
    profile: BTreeMap<String, String>,
    rows: Rows,
    kept: Kept,
}

/// What of it rests in the database.
struct Rows {
    sessions: usize,
    devices: usize,
    apps: usize,
    terms: Vec<Acceptance>,
    mails: Vec<OutboxMail>,
    is_last_administrator: bool,
}

impl Page {
    async fn read(state: &AppState, found: Visitor) -> Result<Self, OAuthError> {
        let Visitor { mut who, factors } = found;
        let (id, lifetimes, now) =
            (who.user.id.clone(), state.settings.lifetimes.clone(), state.now());
        let is_admin = who.user.is_admin;
        let rows = state
            .read(move |conn| {
                let sessions = vestibule_storage::browser_session::list_of_user(conn, &id)?;
                let live = sessions.iter().filter(|row| session::is_live(row, &lifetimes, now));
                let devices = vestibule_storage::device::list_of_user(conn, &id)?;
                let known = devices.iter().filter(|device| now < device.expires_at);
                Ok(Rows {
                    sessions: live.count(),
                    devices: known.count(),
                    apps: apps(conn, &id, now)?,
                    terms: vestibule_storage::terms::list_of_user(conn, &id)?,
                    mails: vestibule_storage::outbox::list_of_user(conn, &id, MAILS)?,
                    is_last_administrator: is_last_administrator(conn, &id, is_admin)?,
                })
            })
            .await?;
        who.user = opened(state, who.user).await?;
        let kept = kept(&rows, &factors);
        Ok(Self { profile: claims(&who.user.profile)?, who, rows, kept })
    }

    fn render(
        &self,
        state: &AppState,
        http: &HttpRequest,
        done: Option<&Message>,
        mistyped: Option<&str>,
        status: StatusCode,
    ) -> Result<HttpResponse, OAuthError> {
        let frame = frame(state, http, &self.who);
        let (user, rows) = (&self.who.user, &self.rows);
        let other = Message::new("data-username-other");
        let problem = mistyped.map(|_| FieldProblem { field: "username", message: &other });
        let view = DataPage {
            shell: frame.shell(),
            section: "data",
            csrf_token: &frame.csrf_token,
            done,
            person: html::person(user),
            created_at: user.created_at,
            updated_at: user.updated_at,
            groups: user.groups.iter().map(String::as_str).collect(),
            language: user.language.as_deref().and_then(Lang::parse),
            profile: self
                .profile
                .iter()
                .map(|(name, text)| (name.as_str(), text.as_str()))
                .collect(),
            kept: self.kept,
            terms: rows.terms.iter().map(|terms| (terms.version.as_str(), terms.at)).collect(),
            mails: rows.mails.iter().map(|mail| (mail.kind.as_str(), mail.created_at)).collect(),
            deletion_at: user.deletion_at,
            grace: state.settings.accounts.deletion_grace,
            is_last_administrator: rows.is_last_administrator,
            typed: mistyped.unwrap_or_default(),
            problems: problem.into_iter().collect(),
        };
        frame.page(status, &view)
    }
}

fn kept(rows: &Rows, factors: &Factors) -> Kept {
    Kept {
        sessions: rows.sessions,
        devices: rows.devices,
        apps: rows.apps,
        factors: factors.totp.len() + factors.passkeys.len(),
    }
}

/// How many apps may use the account.
pub(super) fn apps(conn: &mut Conn, user: &UserId, now: Timestamp) -> Result<usize, OAuthError> {
    let consents = vestibule_storage::consent::list_of_user(conn, user)?;
    let grants = vestibule_storage::grant::list_of_user(conn, user, now)?;
    let allowed = consents.iter().map(|consent| &consent.client_id);
    let connected = grants.iter().map(|grant| &grant.client_id);
    Ok(allowed.chain(connected).collect::<BTreeSet<_>>().len())
}

fn is_last_administrator(
    conn: &mut Conn,
    user: &UserId,
    is_admin: bool,
) -> Result<bool, OAuthError> {
    Ok(is_admin && !vestibule_storage::user::has_other_admin(conn, user)?)
}

/// `GET /account/data.json`: everything, for machines.
pub async fn export(state: State, http: HttpRequest) -> HttpResponse {
    give(&state, &http).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn give(state: &AppState, http: &HttpRequest) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let found = match visitor(state, http, now).await? {
        Ok(found) => found,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let (id, sealer) = (found.who.user.id.clone(), state.sealer.clone());
    let line = event(http, "account.exported", &found.who.user, now);
    let document = state.read(move |conn| data_export::document(conn, &sealer, &id, now)).await?;
    state.write(move |conn| Ok(vestibule_storage::audit::insert(conn, &line)?)).await?;
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"account.json\""))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(format!("{document:#}")))
}

/// `POST /account/data`: schedules the end of the account.
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
    let found = match visitor(state, http, now).await? {
        Ok(found) => found,
        Err(elsewhere) => return Ok(elsewhere),
    };
    if let Some(stale) = stranger(state, http, &params, &found.who, PATH) {
        return Ok(stale);
    }
    let typed = params.get("username").unwrap_or_default().trim();
    // As at sign-in: without regard to case.
    if typed.to_lowercase() != found.who.user.username.to_lowercase() {
        let page = Page::read(state, found).await?;
        return page.render(state, http, None, Some(typed), StatusCode::UNPROCESSABLE_ENTITY);
    }
    let ending = Ending::of(state, http, &found.who, now)?;
    match state.write(move |conn| ending.store(conn, now)).await? {
        Outcome::Scheduled => {
            state.mail_wake.notify_one();
            state.logout_wake.notify_one();
            Ok(done(state, PATH, "scheduled"))
        }
        Outcome::Already => Ok(html::see_other(&own(state, PATH))),
        Outcome::LastAdministrator => {
            let page = Page::read(state, found).await?;
            page.render(state, http, None, None, StatusCode::UNPROCESSABLE_ENTITY)
        }
    }
}

/// What the wish to be deleted changes at once.
#[derive(Clone)]
struct Ending {
    who: SignedIn,
    at: Timestamp,
    undo: Verification,
    letter: Option<OutboxMail>,
    line: AuditEvent,
}

enum Outcome {
    Scheduled,
    /// The day is set already; another wish does not put it off.
    Already,
    LastAdministrator,
}

impl Ending {
    fn of(
        state: &AppState,
        http: &HttpRequest,
        who: &SignedIn,
        now: Timestamp,
    ) -> Result<Self, OAuthError> {
        let user = &who.user;
        let at = now.plus(state.settings.accounts.deletion_grace);
        let (undo, link) = undo_deletion_link(state, &user.id, at, now)?;
        let lang = frame(state, http, who).lang();
        let letter = Letter { to: &user.email, lang, user: Some(&user.id) };
        let text = Mail::DeletionScheduled { when: at, undo_link: &link };
        Ok(Self {
            who: who.clone(),
            at,
            undo,
            letter: mail::write(state, letter, &text, now)?,
            line: event(http, "deletion.scheduled", user, now),
        })
    }

    fn store(self, conn: &mut Conn, now: Timestamp) -> Result<Outcome, OAuthError> {
        use vestibule_storage::{browser_session, grant, user, verification};
        let SignedIn { session, user: owner } = &self.who;
        let gone = || OAuthError::new(ErrorCode::Internal).because("the account is gone");
        user::hold(conn, &owner.id)?;
        let present = user::find(conn, &owner.id)?.ok_or_else(gone)?;
        if present.deletion_at.is_some() {
            return Ok(Outcome::Already);
        }
        if is_last_administrator(conn, &owner.id, present.is_admin)? {
            return Ok(Outcome::LastAdministrator);
        }
        user::set_deletion(conn, &owner.id, Some(self.at))?;
        browser_session::end_all_of_user(conn, &owner.id, Some(&session.id), now)?;
        grant::revoke_all_of_user(conn, &owner.id, None, now)?;
        verification::insert(conn, &self.undo)?;
        mail::post(conn, self.letter.as_ref())?;
        vestibule_storage::audit::insert(conn, &self.line)?;
        Ok(Outcome::Scheduled)
    }
}
