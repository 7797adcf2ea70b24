//! `/unlock`: the owner of an account ends the wait after too many wrong passwords.

use actix_web::{HttpRequest, HttpResponse, web::Path};
use vestibule_model::{
    DeviceId, OAuthError, Secret, Timestamp, UserId, audit::AuditEvent, guess::Counter,
    mail::OutboxMail, user::User, verification::VerificationKind,
};
use vestibule_pages::{FindPurpose, LinkKind, Mail, NoticeKind, Way};
use vestibule_policy::{
    guessing::{Limits, Standing, Try, standing},
    params::Params,
    verification::lifetime,
};
use vestibule_storage::Conn;
use vestibule_web::{
    AppState, FormParams, QueryParams, RequestId, State,
    guessing::{Digester, Watch},
    html::Frame,
    mail::{self, Letter},
    page_error, request, urls,
};

use crate::{
    email_links::{self, About, Opened},
    notice::{Say, own},
    recover::{Finding, Seen},
    verification::{Ticket, Wanted},
};

const KINDS: &[VerificationKind] = &[VerificationKind::Unlock];

/// `GET /unlock`.
pub async fn get(state: State, http: HttpRequest, query: QueryParams) -> HttpResponse {
    let shown =
        query.0.and_then(|params| Finding::of(FindPurpose::Unlock, &params).show(&state, &http));
    shown.unwrap_or_else(|error| page_error(&state, &http, &error))
}

/// `POST /unlock`.
pub async fn post(state: State, http: HttpRequest, form: FormParams) -> HttpResponse {
    start(&state, &http, form.0).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn start(
    state: &AppState,
    http: &HttpRequest,
    form: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let params = form?;
    let finding = Finding::of(FindPurpose::Unlock, &params);
    let seen = match finding.look(state, http, &params, now).await? {
        Ok(seen) => seen,
        Err(answer) => return Ok(answer),
    };
    send(state, http, seen, now).await?;
    let to = finding.destination.behind(&state.settings.issuer, urls::LOGIN);
    let ways = [(Way::SignIn, to)];
    Say { kind: NoticeKind::UnlockSent, about: &finding.name, ways: &ways }.page(state, http)
}

/// The row is written for every name, the mail goes only to an account that has to wait.
async fn send(
    state: &AppState,
    http: &HttpRequest,
    seen: Seen,
    now: Timestamp,
) -> Result<(), OAuthError> {
    let Seen { user, subject, watch, .. } = seen;
    let counters = Counters::of(state);
    let id = user.as_ref().map_or_else(|| UserId::new(""), |user| user.id.clone());
    let counted = state.read(move |conn| counters.locked(conn, &id, now)).await?;
    let owner = user.as_ref().filter(|_| counted.is_some());
    let kind = VerificationKind::Unlock;
    let wanted = Wanted { kind, subject: Some(&subject), user: owner.map(|user| &user.id) };
    let ticket = Ticket::issue(state, wanted, None::<&()>, now)?;
    let link = ticket.link(&state.settings.issuer, urls::UNLOCK);
    let when = counted.map_or(now, |counter| counter.last_at);
    let mail = write_mail(state, http, owner, &link, when)?;
    let row = ticket.row;
    state
        .write(move |conn| {
            watch.failed(conn, now)?;
            vestibule_storage::verification::insert(conn, &row)?;
            mail::post(conn, mail.as_ref())
        })
        .await?;
    state.mail_wake.notify_one();
    Ok(())
}

/// Written in any case, so that the time it takes tells nothing.
fn write_mail(
    state: &AppState,
    http: &HttpRequest,
    owner: Option<&User>,
    link: &str,
    when: Timestamp,
) -> Result<Option<OutboxMail>, OAuthError> {
    let language = owner.and_then(|user| user.language.as_deref());
    let letter = Letter {
        to: owner.map_or("nobody@example.invalid", |user| &user.email),
        lang: Frame::new(state, http).account_language(language).lang(),
        user: owner.map(|user| &user.id),
    };
    let valid_for = lifetime(VerificationKind::Unlock);
    let text = Mail::UnlockAccount { link, when, valid_for };
    Ok(mail::write(state, letter, &text, state.now())?.filter(|_| owner.is_some()))
}

/// `GET /unlock/{token}`.
pub async fn ask(state: State, http: HttpRequest, token: Path<String>) -> HttpResponse {
    let token = Secret::new(token.into_inner());
    let page = show(&state, &http, &token).await;
    page.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn show(
    state: &AppState,
    http: &HttpRequest,
    token: &Secret,
) -> Result<HttpResponse, OAuthError> {
    match open(state, http, token, state.now()).await? {
        Ok(opened) => {
            let path = format!("{}/{}", urls::UNLOCK, token.expose());
            let about = About::account(&opened.user, &opened.user.email);
            email_links::confirm(state, http, LinkKind::Unlock, &path, &about)
        }
        Err(elsewhere) => Ok(elsewhere),
    }
}

async fn open(
    state: &AppState,
    http: &HttpRequest,
    token: &Secret,
    now: Timestamp,
) -> Result<Result<Opened, HttpResponse>, OAuthError> {
    let again =
        [(Way::AnotherMail, own(state, urls::UNLOCK)), (Way::SignIn, own(state, urls::LOGIN))];
    email_links::open(state, http, token, (KINDS, &again), now).await
}

/// `POST /unlock/{token}`.
pub async fn confirm(
    state: State,
    http: HttpRequest,
    token: Path<String>,
    form: FormParams,
) -> HttpResponse {
    let token = Secret::new(token.into_inner());
    let done = unlock(&state, &http, &token, form.0).await;
    done.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn unlock(
    state: &AppState,
    http: &HttpRequest,
    token: &Secret,
    form: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let path = format!("{}/{}", urls::UNLOCK, token.expose());
    if let Some(stale) = email_links::stale(state, http, &form?, &path) {
        return Ok(stale);
    }
    let Opened { row, user } = match open(state, http, token, now).await? {
        Ok(opened) => opened,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let counters = Counters::of(state);
    let ip = request::visitor_ip(http).map(|ip| ip.to_string());
    let event = AuditEvent::new(now, "account.unlocked", RequestId::of(http).0)
        .of_user(&user.id)
        .from_ip(ip.as_deref())
        .detail("by mail");
    let done = state
        .write(move |conn| {
            if !vestibule_storage::verification::consume(conn, &row.id, now)? {
                return Ok(false);
            }
            counters.clear(conn, &user.id)?;
            vestibule_storage::audit::insert(conn, &event)?;
            Ok(true)
        })
        .await?;
    let ways = [(Way::SignIn, own(state, urls::LOGIN)), (Way::Recover, own(state, urls::RECOVER))];
    let kind = if done { NoticeKind::Unlocked } else { NoticeKind::LinkUsed };
    Say::new(kind, &ways).page(state, http)
}

/// What counts wrong passwords against an account: its own counter, and those of the devices that
/// it knows. Wrong codes of a second factor are none of them: a mail must not open that.
#[derive(Clone)]
pub(crate) struct Counters {
    digester: Digester,
    limits: Limits,
}

impl Counters {
    pub(crate) fn of(state: &AppState) -> Self {
        Self { digester: state.digester.clone(), limits: state.guess_limits }
    }

    fn names(&self, conn: &mut Conn, user: &UserId) -> Result<Vec<String>, OAuthError> {
        let devices = vestibule_storage::device::list_of_user(conn, user)?;
        let ids = devices.iter().map(|device| &device.id);
        let seen_from = std::iter::once(None).chain(ids.map(Some));
        let names = seen_from.flat_map(|device| {
            let account_key = user.as_str();
            let device = device.map(DeviceId::as_str);
            let attempt = Try { account_key, device, ip: None, client: None };
            Watch::of_password(&self.digester, &attempt, &self.limits).names()
        });
        Ok(names.collect())
    }

    /// Forgets them.
    pub(crate) fn clear(&self, conn: &mut Conn, user: &UserId) -> Result<(), OAuthError> {
        let names = self.names(conn, user)?;
        Ok(vestibule_storage::guess::clear(conn, &names)?)
    }

    /// The counter that the account has to wait for, the latest if there are several.
    fn locked(
        &self,
        conn: &mut Conn,
        user: &UserId,
        now: Timestamp,
    ) -> Result<Option<Counter>, OAuthError> {
        let names = self.names(conn, user)?;
        let counters = vestibule_storage::guess::load(conn, &names)?;
        let locked = counters
            .into_iter()
            .map(|(_, counter)| counter)
            .filter(|counter| standing(Some(counter), now) != Standing::Free);
        Ok(locked.max_by_key(|counter| counter.last_at))
    }
}
