//! `/freeze/{token}` ("This wasn't me") and `/undo-email/{token}` (the old address takes a change
//! back): both shut everybody out of the account until its owner sets a new password by mail.

use actix_web::{HttpRequest, HttpResponse, web::Path};
use vestibule_model::{
    OAuthError, Secret, Timestamp, UserId,
    audit::AuditEvent,
    entropy::random_id,
    mail::OutboxMail,
    user::User,
    verification::{Verification, VerificationKind},
};
use vestibule_pages::{LinkKind, Mail, NoticeKind, Way};
use vestibule_policy::{
    params::Params,
    verification::{FROZEN, is_frozen},
};
use vestibule_storage::Conn;
use vestibule_text::Lang;
use vestibule_web::{
    AppState, FormParams, RequestId, State,
    mail::{self, Letter},
    page_error, request, urls,
};

use crate::{
    email_links::{self, About, Opened},
    notice::{Say, own},
    verification::{FREEZE_LINK, UNDO_EMAIL_LINK, data},
    verify_email::Undoing,
};

const FREEZES: &[VerificationKind] = &[VerificationKind::Freeze];
const UNDOES: &[VerificationKind] = &[VerificationKind::UndoEmail];

/// What is voided with an account: every link and code that changes it or opens it.
const OPENERS: [VerificationKind; 5] = [
    VerificationKind::ResetPassword,
    VerificationKind::VerifyEmail,
    VerificationKind::ChangeEmail,
    VerificationKind::Unlock,
    VerificationKind::EmailOtp,
];

fn recover_way(state: &AppState) -> [(Way, String); 1] {
    [(Way::Recover, own(state, urls::RECOVER))]
}

/// Shuts everybody out: sessions, apps, remembered devices, half-used links, and the password. The
/// factors from before stay, so that the owner comes back by mail *and* by them; those added since
/// the mail that was answered may be somebody else's, and go. So does a deletion that was asked for.
#[derive(Clone)]
struct Shutting {
    since: Timestamp,
    keep: i64,
    history_id: String,
}

impl Shutting {
    fn of(state: &AppState, answered: &Verification) -> Self {
        Self {
            since: answered.created_at,
            keep: state.settings.accounts.password_history,
            history_id: random_id(state.entropy.as_ref()),
        }
    }

    fn shut(self, conn: &mut Conn, id: &UserId, now: Timestamp) -> Result<(), OAuthError> {
        use vestibule_storage::{
            browser_session, device, factor, grant, sign_in, user, verification,
        };
        user::hold(conn, id)?;
        if user::find(conn, id)?.is_some_and(|user| !is_frozen(&user)) {
            user::set_password(conn, id, FROZEN, self.keep, now, self.history_id)?;
        }
        browser_session::end_all_of_user(conn, id, None, now)?;
        grant::revoke_all_of_user(conn, id, None, now)?;
        sign_in::end_all_of_user(conn, id, None)?;
        factor::remove_since(conn, id, self.since)?;
        user::set_deletion(conn, id, None)?;
        device::distrust_all(conn, id)?;
        for kind in OPENERS {
            verification::void_of_user(conn, kind, id, Timestamp(0), now)?;
        }
        Ok(())
    }
}

fn event(http: &HttpRequest, name: &'static str, user: &UserId, now: Timestamp) -> AuditEvent {
    let ip = request::visitor_ip(http).map(|ip| ip.to_string());
    AuditEvent::new(now, name, RequestId::of(http).0).of_user(user).from_ip(ip.as_deref())
}

fn lang(user: &User) -> Lang {
    user.language.as_deref().and_then(Lang::parse).unwrap_or_default()
}

/// `GET /freeze/{token}`.
pub async fn get(state: State, http: HttpRequest, token: Path<String>) -> HttpResponse {
    let token = Secret::new(token.into_inner());
    show(&state, &http, &token).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn show(
    state: &AppState,
    http: &HttpRequest,
    token: &Secret,
) -> Result<HttpResponse, OAuthError> {
    let ways = recover_way(state);
    match email_links::open(state, http, token, (FREEZES, &ways), state.now()).await? {
        Ok(Opened { user, .. }) => {
            let path = format!("{FREEZE_LINK}/{}", token.expose());
            let about = About::account(&user, &user.email);
            email_links::confirm(state, http, LinkKind::Freeze, &path, &about)
        }
        Err(elsewhere) => Ok(elsewhere),
    }
}

/// `POST /freeze/{token}`.
pub async fn post(
    state: State,
    http: HttpRequest,
    token: Path<String>,
    form: FormParams,
) -> HttpResponse {
    let token = Secret::new(token.into_inner());
    let done = freeze(&state, &http, &token, form.0).await;
    done.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn freeze(
    state: &AppState,
    http: &HttpRequest,
    token: &Secret,
    form: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let path = format!("{FREEZE_LINK}/{}", token.expose());
    if let Some(stale) = email_links::stale(state, http, &form?, &path) {
        return Ok(stale);
    }
    let ways = recover_way(state);
    let opened = email_links::open(state, http, token, (FREEZES, &ways), now).await?;
    let Opened { row, user } = match opened {
        Ok(opened) => opened,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let text = Mail::AccountFrozen { recover_link: &state.settings.issuer.url(urls::RECOVER) };
    let letter = Letter { to: &user.email, lang: lang(&user), user: Some(&user.id) };
    let mail = mail::write(state, letter, &text, now)?;
    let shutting = Shutting::of(state, &row);
    let event = event(http, "account.frozen", &user.id, now);
    let done = state
        .write(move |conn| {
            if !vestibule_storage::verification::consume(conn, &row.id, now)? {
                return Ok(false);
            }
            shutting.shut(conn, &user.id, now)?;
            mail::post(conn, mail.as_ref())?;
            vestibule_storage::audit::insert(conn, &event)?;
            Ok(true)
        })
        .await?;
    state.mail_wake.notify_one();
    state.logout_wake.notify_one();
    let kind = if done { NoticeKind::Frozen } else { NoticeKind::LinkUsed };
    Say::new(kind, &ways).page(state, http)
}

/// `GET /undo-email/{token}`.
pub async fn undo_get(state: State, http: HttpRequest, token: Path<String>) -> HttpResponse {
    let token = Secret::new(token.into_inner());
    undo_show(&state, &http, &token).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn undo_show(
    state: &AppState,
    http: &HttpRequest,
    token: &Secret,
) -> Result<HttpResponse, OAuthError> {
    let ways = recover_way(state);
    match email_links::open(state, http, token, (UNDOES, &ways), state.now()).await? {
        Ok(Opened { user, row }) => {
            let Undoing { old } = data(state, &row).await?;
            let path = format!("{UNDO_EMAIL_LINK}/{}", token.expose());
            let about = About::account(&user, &old);
            email_links::confirm(state, http, LinkKind::UndoEmail, &path, &about)
        }
        Err(elsewhere) => Ok(elsewhere),
    }
}

/// `POST /undo-email/{token}`.
pub async fn undo_post(
    state: State,
    http: HttpRequest,
    token: Path<String>,
    form: FormParams,
) -> HttpResponse {
    let token = Secret::new(token.into_inner());
    let done = undo(&state, &http, &token, form.0).await;
    done.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn undo(
    state: &AppState,
    http: &HttpRequest,
    token: &Secret,
    form: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let path = format!("{UNDO_EMAIL_LINK}/{}", token.expose());
    if let Some(stale) = email_links::stale(state, http, &form?, &path) {
        return Ok(stale);
    }
    let ways = recover_way(state);
    let opened = email_links::open(state, http, token, (UNDOES, &ways), now).await?;
    let Opened { row, user } = match opened {
        Ok(opened) => opened,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let Undoing { old } = data(state, &row).await?;
    let write = |to: &str| {
        let letter = Letter { to, lang: lang(&user), user: Some(&user.id) };
        mail::write(state, letter, &Mail::EmailChangeUndone, now)
    };
    let landing = UndoLanding {
        letters: [write(&old)?, write(&user.email)?],
        shutting: Shutting::of(state, &row),
        row,
        old: old.clone(),
        event: event(http, "email.change_undone", &user.id, now),
    };
    let kind = state.write(move |conn| landing.store(conn, &user.id, now)).await?;
    state.mail_wake.notify_one();
    state.logout_wake.notify_one();
    // With the address lost, a mail would go to the wrong one.
    let ways = if kind == NoticeKind::EmailLost { &[][..] } else { &ways[..] };
    Say { kind, about: &old, ways }.page(state, http)
}

/// What taking a change back stores.
#[derive(Clone)]
struct UndoLanding {
    row: Verification,
    old: String,
    letters: [Option<OutboxMail>; 2],
    shutting: Shutting,
    event: AuditEvent,
}

impl UndoLanding {
    /// Gives back what there is to say.
    fn store(self, conn: &mut Conn, id: &UserId, now: Timestamp) -> Result<NoticeKind, OAuthError> {
        use vestibule_storage::{user, verification};
        if !verification::consume(conn, &self.row.id, now)? {
            return Ok(NoticeKind::LinkUsed);
        }
        // Later changes were made by whoever made this one: their links must not undo the undoing.
        let (kind, since) = (VerificationKind::UndoEmail, self.row.created_at);
        verification::void_of_user(conn, kind, id, since, now)?;
        let stranger = user::find_by_email(conn, &self.old)?.filter(|owner| owner.id != *id);
        let is_free = stranger.is_none();
        user::hold(conn, id)?;
        if let Some(mut user) = user::find(conn, id)?.filter(|_| is_free) {
            user.email = self.old;
            user.email_verified = true;
            user.updated_at = now;
            user::save(conn, &user)?;
            for letter in &self.letters {
                mail::post(conn, letter.as_ref())?;
            }
        }
        self.shutting.shut(conn, id, now)?;
        vestibule_storage::audit::insert(conn, &self.event)?;
        Ok(if is_free { NoticeKind::EmailUndone } else { NoticeKind::EmailLost })
    }
}
