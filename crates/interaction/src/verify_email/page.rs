//! The page that takes the code.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Path};
use vestibule_identity::one_time_code;
use vestibule_model::{
    Message, OAuthError, Timestamp,
    verification::{Verification, VerificationKind},
};
use vestibule_pages::{CodePurpose, EmailCode, FieldProblem, NoticeKind, Shell, Way};
use vestibule_policy::{params::Params, verification::lifetime};
use vestibule_web::{
    AppState, FormParams, QueryParams, State, csrf,
    html::{self, FormFrame},
    page_error,
    visitor::{self, Visitor},
};

use super::{KINDS, Proving, Started, path, prove, start};
use crate::{
    notice::{Say, own, retry_after},
    verification::{self, Found, Tried, data, minutes, try_code, visitor_watch},
};

/// `GET /account/email/verify/{id}`.
pub async fn get(
    state: State,
    http: HttpRequest,
    id: Path<String>,
    query: QueryParams,
) -> HttpResponse {
    let sent_again = query.0.is_ok_and(|params| params.get("sent") == Some("again"));
    let shown = show(&state, &http, &id, sent_again).await;
    shown.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn show(
    state: &AppState,
    http: &HttpRequest,
    id: &str,
    sent_again: bool,
) -> Result<HttpResponse, OAuthError> {
    match Waiting::find(state, http, id, state.now()).await? {
        Ok(waiting) => waiting.render(state, http, sent_again, None, StatusCode::OK),
        Err(elsewhere) => Ok(elsewhere),
    }
}

/// `POST /account/email/verify/{id}`.
pub async fn post(
    state: State,
    http: HttpRequest,
    id: Path<String>,
    form: FormParams,
) -> HttpResponse {
    let taken = take(&state, &http, &id, form.0).await;
    taken.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn take(
    state: &AppState,
    http: &HttpRequest,
    id: &str,
    form: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let params = form?;
    let waiting = match Waiting::find(state, http, id, now).await? {
        Ok(waiting) => waiting,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let session = &waiting.visitor.who.session.id;
    if csrf::check_shown_to(state, http, &params, Some(session)).is_err() {
        let again = own(state, &path(&waiting.row.id));
        return Ok(html::stale(state, http, &state.settings.display_name, &again));
    }
    if params.get("decision") == Some("send") {
        return waiting.send_again(state, http, now).await;
    }
    waiting.try_code(state, http, params.get("code").unwrap_or_default(), now).await
}

/// Somebody who is signed in and waits for a mail.
struct Waiting {
    visitor: Visitor,
    row: Verification,
    proving: Proving,
}

impl Waiting {
    async fn find(
        state: &AppState,
        http: &HttpRequest,
        id: &str,
        now: Timestamp,
    ) -> Result<Result<Self, HttpResponse>, OAuthError> {
        let visitor = match visitor::visitor(state, http, now).await? {
            Ok(visitor) => visitor,
            Err(elsewhere) => return Ok(Err(elsewhere)),
        };
        let kind = match verification::by_name(state, id, KINDS, now).await? {
            // A code is good for its owner only, whoever else finds its page.
            Found::Good(row) if row.user_id.as_ref() == Some(&visitor.who.user.id) => {
                let proving = data(state, &row).await?;
                return Ok(Ok(Self { visitor, row: *row, proving }));
            }
            Found::Good(_) => NoticeKind::LinkUnknown,
            Found::Over(kind) => kind,
        };
        let ways = [(Way::Account, own(state, "/account/email"))];
        Ok(Err(Say::new(kind, &ways).page(state, http)?))
    }

    fn render(
        &self,
        state: &AppState,
        http: &HttpRequest,
        sent_again: bool,
        problem: Option<&Message>,
        status: StatusCode,
    ) -> Result<HttpResponse, OAuthError> {
        let who = &self.visitor.who;
        let frame = FormFrame::shown_to(state, http, Some(&who.session.id))
            .account_language(who.user.language.as_deref());
        let path = path(&self.row.id);
        let here = own(state, &path);
        let view = EmailCode {
            shell: Shell { here: &here, ..frame.shell() },
            section: "email",
            csrf_token: &frame.csrf_token,
            action: &path,
            purpose: match self.row.kind {
                VerificationKind::ChangeEmail => CodePurpose::ChangeEmail,
                _ => CodePurpose::VerifyEmail,
            },
            id: &self.row.id,
            to: &self.proving.email,
            valid_for: lifetime(self.row.kind),
            sent_again,
            problems: problem
                .map(|message| FieldProblem { field: "code", message })
                .into_iter()
                .collect(),
        };
        frame.page(status, &view)
    }

    async fn send_again(
        &self,
        state: &AppState,
        http: &HttpRequest,
        now: Timestamp,
    ) -> Result<HttpResponse, OAuthError> {
        let wanted = (self.row.kind, self.proving.email.as_str());
        match start(state, http, &self.visitor.who.user, wanted, now).await? {
            Started::Sent { page } => Ok(html::see_other(&format!("{page}?sent=again"))),
            Started::Wait { seconds } => self.later(state, http, "register-mails-enough", seconds),
        }
    }

    fn later(
        &self,
        state: &AppState,
        http: &HttpRequest,
        key: &'static str,
        seconds: i64,
    ) -> Result<HttpResponse, OAuthError> {
        let why = Message::new(key).with("minutes", minutes(seconds));
        let page = self.render(state, http, false, Some(&why), StatusCode::TOO_MANY_REQUESTS)?;
        Ok(retry_after(page, seconds))
    }

    async fn try_code(
        self,
        state: &AppState,
        http: &HttpRequest,
        typed: &str,
        now: Timestamp,
    ) -> Result<HttpResponse, OAuthError> {
        let watch = visitor_watch(state, http);
        if let Some(refused) = state.read(move |conn| watch.look(conn, now)).await? {
            refused.wait(http).await?;
            return self.later(state, http, "register-slow-down", refused.seconds(now));
        }
        let why = match one_time_code::normalise(typed) {
            None => Message::new("register-code-look"),
            Some(code) => match try_code(state, http, &self.row, code, now).await? {
                Tried::Right => return prove(state, http, self.row, now).await,
                Tried::Wrong { left } => Message::new("register-code-wrong").with("left", left),
                Tried::Spent => Message::new("register-code-spent"),
            },
        };
        self.render(state, http, false, Some(&why), StatusCode::UNPROCESSABLE_ENTITY)
    }
}
