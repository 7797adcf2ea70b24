//! The links of our mails. Each opens a page with one button, because scanners of mail follow
//! links; the button does what the mail promised, once.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Path};
use vestibule_identity::password::Verdict;
use vestibule_model::{
    Message, OAuthError, Secret, Timestamp,
    audit::AuditEvent,
    user::User,
    verification::{Verification, VerificationKind},
};
use vestibule_pages::{LinkConfirm, LinkKind, NoticeKind, PasswordAsked, Way};
use vestibule_policy::{params::Params, verification::CODE_TRIES};
use vestibule_web::{
    AppState, FormParams, RequestId, State, csrf,
    html::{self, FormFrame},
    page_error, request, urls,
};

use crate::{
    new_password,
    notice::{Say, own},
    register::{complete::Applicant, verify as registration},
    verification::{self, Found, UNDO_DELETION_LINK, VERIFY_LINK, data},
    verify_email::{self, Proving},
};

/// Longer than any password we accept.
const MAX_PASSWORD: usize = 1_024;

/// What [`VERIFY_LINK`] proves an address for.
const VERIFIES: &[VerificationKind] =
    &[VerificationKind::Register, VerificationKind::VerifyEmail, VerificationKind::ChangeEmail];

/// A link that is good, and whose account it is about.
pub(crate) struct Opened {
    pub(crate) row: Verification,
    pub(crate) user: User,
}

/// Opens the link of a mail to somebody who has an account; else its page says what is wrong, with
/// the ways on.
pub(crate) async fn open(
    state: &AppState,
    http: &HttpRequest,
    token: &Secret,
    (kinds, ways): (&'static [VerificationKind], &[(Way, String)]),
    now: Timestamp,
) -> Result<Result<Opened, HttpResponse>, OAuthError> {
    let kind = match verification::by_link(state, token, kinds, now).await? {
        Found::Good(row) => match owner(state, &row).await? {
            Some(user) => return Ok(Ok(Opened { row: *row, user })),
            None => NoticeKind::LinkUnknown,
        },
        Found::Over(kind) => kind,
    };
    Ok(Err(Say::new(kind, ways).page(state, http)?))
}

async fn owner(state: &AppState, row: &Verification) -> Result<Option<User>, OAuthError> {
    let Some(id) = row.user_id.clone() else { return Ok(None) };
    state.read(move |conn| Ok(vestibule_storage::user::find(conn, &id)?)).await
}

/// Whom a link is about.
pub(crate) struct About<'a> {
    who: &'a str,
    address: &'a str,
    language: Option<&'a str>,
    password: Option<PasswordAsked<'a>>,
}

impl<'a> About<'a> {
    /// An account, and the address that matters.
    pub(crate) fn account(user: &'a User, address: &'a str) -> Self {
        Self { who: &user.username, address, language: user.language.as_deref(), password: None }
    }
}

/// The page with the button.
pub(crate) fn confirm(
    state: &AppState,
    http: &HttpRequest,
    kind: LinkKind,
    path: &str,
    about: &About<'_>,
) -> Result<HttpResponse, OAuthError> {
    let frame = FormFrame::new(state, http).account_language(about.language);
    let view = LinkConfirm {
        shell: frame.shell(),
        csrf_token: &frame.csrf_token,
        action: path,
        kind,
        who: about.who,
        address: about.address,
        password: about.password,
    };
    let wrong = about.password.is_some_and(|password| password.error.is_some());
    let status = if wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    frame.page(status, &view)
}

/// The answer to a form that is not ours.
pub(crate) fn stale(
    state: &AppState,
    http: &HttpRequest,
    params: &Params,
    path: &str,
) -> Option<HttpResponse> {
    let refused = csrf::check(state, http, params).is_err();
    refused.then(|| html::stale(state, http, &state.settings.display_name, &own(state, path)))
}

/// `GET /verify/{token}`.
pub async fn verify_get(state: State, http: HttpRequest, token: Path<String>) -> HttpResponse {
    let token = Secret::new(token.into_inner());
    let shown = verify_show(&state, &http, &token).await;
    shown.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn verify_show(
    state: &AppState,
    http: &HttpRequest,
    token: &Secret,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let row = match verification::by_link(state, token, VERIFIES, now).await? {
        Found::Good(row) => *row,
        Found::Over(kind) => return registration::over(state, http, kind),
    };
    let path = format!("{VERIFY_LINK}/{}", token.expose());
    if row.kind == VerificationKind::Register {
        let applicant: Applicant = data(state, &row).await?;
        return ask_to_register(state, http, &applicant, &path, None);
    }
    let kind = match row.kind {
        VerificationKind::ChangeEmail => LinkKind::ChangeEmail,
        _ => LinkKind::VerifyEmail,
    };
    let proving: Proving = data(state, &row).await?;
    match owner(state, &row).await? {
        Some(user) => confirm(state, http, kind, &path, &About::account(&user, &proving.email)),
        None => registration::over(state, http, NoticeKind::LinkUnknown),
    }
}

/// The page of a registration. In another browser than the one that chose the password it asks for
/// that: whoever knows only the address must not lead its owner to make an account for them.
fn ask_to_register(
    state: &AppState,
    http: &HttpRequest,
    applicant: &Applicant,
    path: &str,
    error: Option<&Message>,
) -> Result<HttpResponse, OAuthError> {
    let Applicant { username, email, language, browser, .. } = applicant;
    let here = verification::is_browser(http, browser.as_deref());
    let password = (!here).then_some(PasswordAsked { error });
    let about = About { who: username, address: email, language: Some(language), password };
    confirm(state, http, LinkKind::Register, path, &about)
}

/// `POST /verify/{token}`.
pub async fn verify_post(
    state: State,
    http: HttpRequest,
    token: Path<String>,
    form: FormParams,
) -> HttpResponse {
    let token = Secret::new(token.into_inner());
    let done = verify_do(&state, &http, &token, form.0).await;
    done.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn verify_do(
    state: &AppState,
    http: &HttpRequest,
    token: &Secret,
    form: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let path = format!("{VERIFY_LINK}/{}", token.expose());
    let params = form?;
    if let Some(stale) = stale(state, http, &params, &path) {
        return Ok(stale);
    }
    let row = match verification::by_link(state, token, VERIFIES, now).await? {
        Found::Good(row) => *row,
        Found::Over(kind) => return registration::over(state, http, kind),
    };
    if row.kind == VerificationKind::Register {
        let applicant: Applicant = data(state, &row).await?;
        let here = verification::is_browser(http, applicant.browser.as_deref());
        if !here && !chose(state, &row, &applicant, &params).await? {
            let wrong = Message::new("links-register-password-wrong");
            return ask_to_register(state, http, &applicant, &path, Some(&wrong));
        }
        return registration::finish(state, http, row.id, applicant, now).await;
    }
    verify_email::prove(state, http, row, now).await
}

/// Whether the form has the password that was chosen at registration. Counted before it is looked
/// at, and few times for one mail.
async fn chose(
    state: &AppState,
    row: &Verification,
    applicant: &Applicant,
    params: &Params,
) -> Result<bool, OAuthError> {
    let Some(typed) = params.get("password").filter(|typed| typed.len() <= MAX_PASSWORD) else {
        return Ok(false);
    };
    let id = row.id.clone();
    let count =
        state.write(move |conn| Ok(vestibule_storage::verification::count_attempt(conn, &id)?));
    if count.await? > CODE_TRIES {
        return Ok(false);
    }
    let stored = Some(applicant.password_hash.clone());
    let entropy = state.entropy.as_ref();
    let verdict = state.passwords.verify(Secret::new(typed), stored, entropy).await;
    verdict.map(|verdict| verdict != Verdict::Wrong).map_err(|error| new_password::fault(&error))
}

const KEEPS: &[VerificationKind] = &[VerificationKind::UndoDeletion];

fn keep_ways(state: &AppState) -> [(Way, String); 1] {
    [(Way::Account, own(state, urls::ACCOUNT))]
}

/// `GET /undo-deletion/{token}`.
pub async fn keep_get(state: State, http: HttpRequest, token: Path<String>) -> HttpResponse {
    let token = Secret::new(token.into_inner());
    let shown = keep_show(&state, &http, &token).await;
    shown.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn keep_show(
    state: &AppState,
    http: &HttpRequest,
    token: &Secret,
) -> Result<HttpResponse, OAuthError> {
    match open(state, http, token, (KEEPS, &keep_ways(state)), state.now()).await? {
        Ok(Opened { user, .. }) => {
            let path = format!("{UNDO_DELETION_LINK}/{}", token.expose());
            let about = About::account(&user, &user.email);
            confirm(state, http, LinkKind::UndoDeletion, &path, &about)
        }
        Err(elsewhere) => Ok(elsewhere),
    }
}

/// `POST /undo-deletion/{token}`.
pub async fn keep_post(
    state: State,
    http: HttpRequest,
    token: Path<String>,
    form: FormParams,
) -> HttpResponse {
    let token = Secret::new(token.into_inner());
    let done = keep_do(&state, &http, &token, form.0).await;
    done.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn keep_do(
    state: &AppState,
    http: &HttpRequest,
    token: &Secret,
    form: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let path = format!("{UNDO_DELETION_LINK}/{}", token.expose());
    if let Some(stale) = stale(state, http, &form?, &path) {
        return Ok(stale);
    }
    let ways = keep_ways(state);
    let Opened { row, user } = match open(state, http, token, (KEEPS, &ways), now).await? {
        Ok(opened) => opened,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let ip = request::visitor_ip(http).map(|ip| ip.to_string());
    let event = AuditEvent::new(now, "deletion.undone", RequestId::of(http).0)
        .of_user(&user.id)
        .from_ip(ip.as_deref())
        .detail("by mail");
    let done = state
        .write(move |conn| {
            if !vestibule_storage::verification::consume(conn, &row.id, now)? {
                return Ok(false);
            }
            vestibule_storage::user::set_deletion(conn, &user.id, None)?;
            vestibule_storage::audit::insert(conn, &event)?;
            Ok(true)
        })
        .await?;
    let kind = if done { NoticeKind::Kept } else { NoticeKind::LinkUsed };
    Say::new(kind, &ways).page(state, http)
}
