//! `/account/password`: another password, or a first one.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use vestibule_identity::password::{PasswordError, Verdict};
use vestibule_model::{
    Message, OAuthError, Secret, SessionId, Timestamp,
    audit::AuditEvent,
    device::Device,
    entropy::random_id,
    mail::OutboxMail,
    settings::Mail as MailSetting,
    user::User,
    verification::{Verification, VerificationKind},
};
use vestibule_pages::{FieldProblem, Mail, PasswordPage};
use vestibule_policy::{guessing::Try, params::Params, password::Person};
use vestibule_storage::Conn;
use vestibule_web::{
    AppState, FormParams, QueryParams, State,
    browser::SignedIn,
    cookies,
    guessing::{Refused, Watch},
    html,
    mail::{self, Letter},
    page_error, request,
    visitor::{Visitor, visitor},
};

use super::{done, event, frame, stranger, told};
use crate::{
    charged, new_password,
    notice::{own, retry_after},
    sign_in::finish::browser_words,
    verification::freeze_link,
};

/// This page.
const PATH: &str = "/account/password";
/// Longer than any password we accept: the rest is not worth hashing.
const MAX_PASSWORD: usize = 1_024;

/// `GET /account/password`.
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
    let done = told(&query, &[("changed", "password-changed")]);
    render(state, http, &who, done.as_ref(), &[], StatusCode::OK)
}

/// What is wrong with a field.
type Problem = (&'static str, Message);

fn render(
    state: &AppState,
    http: &HttpRequest,
    who: &SignedIn,
    done: Option<&Message>,
    problems: &[Problem],
    status: StatusCode,
) -> Result<HttpResponse, OAuthError> {
    let frame = frame(state, http, who);
    let has_password = !who.user.password_hash.is_empty();
    let rules = new_password::rules(state, has_password);
    let problems = problems.iter().map(|(field, message)| FieldProblem { field, message });
    let view = PasswordPage {
        shell: frame.shell(),
        section: "password",
        csrf_token: &frame.csrf_token,
        done,
        username: &who.user.username,
        has_password,
        can_recover: state.settings.mail != MailSetting::Off,
        rules: new_password::shown(state, &rules),
        problems: problems.collect(),
    };
    frame.page(status, &view)
}

/// `POST /account/password`.
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
    let typed = |name: &str| params.get(name).unwrap_or_default();
    let present = Present::check(state, http, &who.user, typed("password"), now).await?;
    let new = Secret::new(typed("new_password"));
    let hashed = match present {
        Present::Locked(refused) => {
            refused.wait(http).await?;
            let seconds = refused.seconds(now);
            let locked = [("password", Message::new("login-locked").with("seconds", seconds))];
            let page = render(state, http, &who, None, &locked, StatusCode::TOO_MANY_REQUESTS)?;
            return Ok(retry_after(page, seconds));
        }
        Present::Busy => return busy(state, http, &who),
        Present::Wrong => {
            let mut problems = vec![("password", Message::new("password-present-wrong"))];
            // The history is not asked: it is nobody's business who does not know the password.
            if let Ok(Err(reasons)) = judged(state, new, &who.user, Vec::new()).await {
                problems.extend(reasons);
            }
            return render(state, http, &who, None, &problems, StatusCode::UNPROCESSABLE_ENTITY);
        }
        Present::Right(former) => judged(state, new, &who.user, former).await,
    };
    match hashed {
        Err(PasswordError::Busy) => busy(state, http, &who),
        Err(fault) => Err(new_password::fault(&fault)),
        Ok(Err(problems)) => {
            render(state, http, &who, None, &problems, StatusCode::UNPROCESSABLE_ENTITY)
        }
        Ok(Ok(hashed)) => {
            let landing = Landing::of(state, http, &who, hashed, now)?;
            let landed = state.write(move |conn| landing.store(conn, now)).await?;
            state.mail_wake.notify_one();
            state.logout_wake.notify_one();
            // Somebody else changed the password, or ended this session, in the same moment.
            Ok(if landed {
                done(state, PATH, "changed")
            } else {
                html::see_other(&own(state, PATH))
            })
        }
    }
}

fn busy(state: &AppState, http: &HttpRequest, who: &SignedIn) -> Result<HttpResponse, OAuthError> {
    let busy = [("new_password", Message::new("login-busy"))];
    let page = render(state, http, who, None, &busy, StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(retry_after(page, 3))
}

/// The hash of the new password, or everything that keeps it from being taken.
async fn judged(
    state: &AppState,
    new: Secret,
    user: &User,
    former: Vec<String>,
) -> Result<Result<String, Vec<Problem>>, PasswordError> {
    let name = user.profile.name.as_deref();
    let person = Person { username: &user.username, email: &user.email, name };
    let reasons = new_password::judge(state, &new, &person, former).await?;
    if !reasons.is_empty() {
        return Ok(Err(reasons.into_iter().map(|why| ("new_password", why)).collect()));
    }
    Ok(Ok(state.passwords.hash(new, state.entropy.as_ref()).await?))
}

/// How the present password was.
enum Present {
    /// Right, or there is none; with the hashes of the passwords that may not come back.
    Right(Vec<String>),
    Wrong,
    Locked(Refused),
    Busy,
}

impl Present {
    /// Tries it under the limits of the sign-in page: who found an open browser must not guess
    /// more often than anybody else.
    async fn check(
        state: &AppState,
        http: &HttpRequest,
        user: &User,
        typed: &str,
        now: Timestamp,
    ) -> Result<Self, OAuthError> {
        let (device, former) = known(state, http, user, now).await?;
        if user.password_hash.is_empty() {
            return Ok(Self::Right(former));
        }
        let attempt = Try {
            account_key: user.id.as_str(),
            device: device.as_ref().map(|device| device.id.as_str()),
            ip: request::visitor_ip(http),
            client: None,
        };
        let watch = Watch::of_password(&state.digester, &attempt, &state.guess_limits);
        let charging = watch.clone();
        // A try that is refused unseen writes nothing.
        let looking = watch.clone();
        if let Some(refused) = state.read(move |conn| looking.look(conn, now)).await? {
            return Ok(Self::Locked(refused));
        }
        if let Some(refused) = state.write(move |conn| charging.charge(conn, now)).await? {
            return Ok(Self::Locked(refused));
        }
        let password = Secret::new(if typed.len() > MAX_PASSWORD { "" } else { typed });
        let stored = Some(user.password_hash.clone());
        let verdict = charged::verify(state, &watch, (password, stored), now).await?;
        let Some(verdict) = verdict else { return Ok(Self::Busy) };
        match verdict {
            Verdict::Right | Verdict::RightButOutdated { .. } => {
                state.write(move |conn| watch.forget(conn)).await?;
                Ok(Self::Right(former))
            }
            Verdict::Wrong => {
                let line = event(http, "password.wrong", user, now);
                state
                    .write(move |conn| {
                        watch.failed(conn, now)?;
                        Ok(vestibule_storage::audit::insert(conn, &line)?)
                    })
                    .await?;
                Ok(Self::Wrong)
            }
        }
    }
}

/// The device of this browser, if it is a known one, and the hashes of the passwords that may not
/// come back, the present one first.
async fn known(
    state: &AppState,
    http: &HttpRequest,
    user: &User,
    now: Timestamp,
) -> Result<(Option<Device>, Vec<String>), OAuthError> {
    let (id, cookie) = (user.id.clone(), cookies::device(http).map(|secret| secret.token_hash()));
    let keep = state.settings.accounts.password_history;
    let present = (keep > 0 && !user.password_hash.is_empty()).then(|| user.password_hash.clone());
    state
        .read(move |conn| {
            let device = match &cookie {
                Some(hash) => vestibule_storage::device::find(conn, hash, &id)?,
                None => None,
            };
            let before = vestibule_storage::user::former_passwords(conn, &id, keep)?;
            let former = present.into_iter().chain(before).collect();
            Ok((device.filter(|device| now < device.expires_at), former))
        })
        .await
}

/// Everything that changes with the password.
#[derive(Clone)]
struct Landing {
    user: User,
    session: SessionId,
    hashed: String,
    keep: i64,
    history_id: String,
    freeze: Verification,
    letter: Option<OutboxMail>,
    line: AuditEvent,
}

impl Landing {
    fn of(
        state: &AppState,
        http: &HttpRequest,
        who: &SignedIn,
        hashed: String,
        now: Timestamp,
    ) -> Result<Self, OAuthError> {
        let user = &who.user;
        let (freeze, link) = freeze_link(state, &user.id, now)?;
        let lang = frame(state, http, who).lang();
        let letter = Letter { to: &user.email, lang, user: Some(&user.id) };
        let device = browser_words(http);
        let text = Mail::PasswordChanged { when: now, device: &device, freeze_link: &link };
        Ok(Self {
            user: user.clone(),
            session: who.session.id.clone(),
            hashed,
            keep: state.settings.accounts.password_history,
            history_id: random_id(state.entropy.as_ref()),
            freeze,
            letter: mail::write(state, letter, &text, now)?,
            line: event(http, "password.changed", user, now),
        })
    }

    /// `false` if the account is no longer what it was when the password was checked (its owner
    /// froze it, say): then nothing changes.
    fn store(self, conn: &mut Conn, now: Timestamp) -> Result<bool, OAuthError> {
        use vestibule_storage::{browser_session, device, grant, user, verification};
        let (id, keep) = (&self.user.id, Some(&self.session));
        user::hold(conn, id)?;
        let is_same = user::find(conn, id)?
            .is_some_and(|present| present.password_hash == self.user.password_hash);
        if !is_same || browser_session::find_by_id(conn, &self.session)?.is_none() {
            return Ok(false);
        }
        user::set_password(conn, id, &self.hashed, self.keep, now, self.history_id)?;
        vestibule_storage::sign_in::end_all_of_user(conn, id, None)?;
        browser_session::end_all_of_user(conn, id, keep, now)?;
        grant::revoke_all_of_user(conn, id, keep, now)?;
        device::distrust_all(conn, id)?;
        for kind in [VerificationKind::ResetPassword, VerificationKind::ChangeEmail] {
            verification::void_of_user(conn, kind, id, Timestamp(0), now)?;
        }
        verification::insert(conn, &self.freeze)?;
        mail::post(conn, self.letter.as_ref())?;
        vestibule_storage::audit::insert(conn, &self.line)?;
        Ok(true)
    }
}
