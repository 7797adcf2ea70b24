//! `/recover/code`: the code of the mail, in the browser where it was asked for; then the new
//! password.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use serde::{Deserialize, Serialize};
use vestibule_identity::one_time_code;
use vestibule_model::{
    Message, OAuthError, Secret, Timestamp,
    verification::{Verification, VerificationKind},
};
use vestibule_pages::{CodePurpose, FieldProblem, MailCode, NoticeKind, Shell};
use vestibule_policy::{
    params::Params,
    verification::{Sending, lifetime},
};
use vestibule_web::{
    AppState, FormParams, QueryParams, State, csrf,
    html::{self, FormFrame},
    page_error, urls,
};

use super::{
    Request, Seen,
    link::over,
    reset::{self, Way},
    send,
};
use crate::{
    notice::{own, retry_after},
    verification::{self, Found, Tried, data, is_browser, minutes, try_code, visitor_watch},
};

/// Takes the code, and after it the password.
pub const PATH: &str = "/recover/code";

pub(super) const KINDS: &[VerificationKind] = &[VerificationKind::ResetPassword];

/// What the proof of a right code is sealed for.
const SEALED: &str = "recover.code";

pub(super) fn path(id: &str, sent_again: bool) -> String {
    format!("{PATH}?id={id}{}", if sent_again { "&sent=again" } else { "" })
}

/// That the code of that verification was right. A new password may take several tries, and none
/// of them should be taken for another code.
#[derive(Serialize, Deserialize)]
struct Proof {
    id: String,
    browser: Option<String>,
}

impl Proof {
    fn seal(state: &AppState, waiting: &Waiting) -> Result<Secret, OAuthError> {
        let proof = Self { id: waiting.row.id.clone(), browser: waiting.request.browser.clone() };
        let plain = serde_json::to_vec(&proof).unwrap_or_default();
        Ok(Secret::new(state.sealer.seal(SEALED, &plain, state.entropy.as_ref())?))
    }

    /// Whether `sealed` is that proof. A verification ends, so the proof needs no end of its own.
    async fn is_of(state: &AppState, waiting: &Waiting, sealed: &str) -> bool {
        let Ok(plain) = state.open_sealed(SEALED, sealed).await else { return false };
        serde_json::from_slice::<Self>(&plain).is_ok_and(|proof| {
            proof.id == waiting.row.id && proof.browser == waiting.request.browser
        })
    }
}

/// `GET /recover/code`.
pub async fn get(state: State, http: HttpRequest, query: QueryParams) -> HttpResponse {
    show(&state, &http, query.0).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn show(
    state: &AppState,
    http: &HttpRequest,
    query: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let params = query?;
    match Waiting::find(state, http, &params, state.now()).await? {
        Ok(waiting) => {
            let sent_again = params.get("sent") == Some("again");
            waiting.render(state, http, sent_again, None, StatusCode::OK)
        }
        Err(elsewhere) => Ok(elsewhere),
    }
}

/// `POST /recover/code`.
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
    let waiting = match Waiting::find(state, http, &params, now).await? {
        Ok(waiting) => waiting,
        Err(elsewhere) => return Ok(elsewhere),
    };
    if csrf::check(state, http, &params).is_err() {
        let again = own(state, &path(&waiting.row.id, false));
        return Ok(html::stale(state, http, &state.settings.display_name, &again));
    }
    if params.get("decision") == Some("send") {
        return waiting.send_again(state, http, now).await;
    }
    if let Some(proof) = params.get("proof") {
        if !Proof::is_of(state, &waiting, proof).await {
            return Ok(html::see_other(&own(state, &path(&waiting.row.id, false))));
        }
        let (password, proof) = (params.get("new_password"), Secret::new(proof));
        return waiting.reset(state, http, password, proof, now).await;
    }
    waiting.try_code(state, http, &params, now).await
}

/// Somebody who waits for a mail, in the browser where they asked for it.
struct Waiting {
    row: Verification,
    request: Request,
}

impl Waiting {
    async fn find(
        state: &AppState,
        http: &HttpRequest,
        params: &Params,
        now: Timestamp,
    ) -> Result<Result<Self, HttpResponse>, OAuthError> {
        let id = params.get("id").unwrap_or_default();
        let row = match verification::by_name(state, id, KINDS, now).await? {
            Found::Good(row) => *row,
            Found::Over(kind) => return Ok(Err(over(state, http, kind)?)),
        };
        let request: Request = data(state, &row).await?;
        if !is_browser(http, request.browser.as_deref()) {
            return Ok(Err(over(state, http, NoticeKind::LinkUnknown)?));
        }
        Ok(Ok(Self { row, request }))
    }

    fn render(
        &self,
        state: &AppState,
        http: &HttpRequest,
        sent_again: bool,
        problem: Option<&Message>,
        status: StatusCode,
    ) -> Result<HttpResponse, OAuthError> {
        let frame = FormFrame::new(state, http);
        let here = own(state, &path(&self.row.id, false));
        let destination = self.request.onward.destination();
        let view = MailCode {
            shell: Shell { here: &here, ..frame.shell() },
            csrf_token: &frame.csrf_token,
            action: PATH,
            purpose: CodePurpose::Recover,
            id: &self.row.id,
            to: &self.request.typed,
            valid_for: lifetime(VerificationKind::ResetPassword),
            start_over: &destination.behind(&state.settings.issuer, urls::RECOVER),
            sent_again,
            problems: problem
                .map(|message| FieldProblem { field: "code", message })
                .into_iter()
                .collect(),
        };
        frame.page(status, &view)
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

    async fn send_again(
        self,
        state: &AppState,
        http: &HttpRequest,
        now: Timestamp,
    ) -> Result<HttpResponse, OAuthError> {
        let counted = (VerificationKind::ResetPassword, self.row.subject.clone());
        let (name, watch) = (self.request.typed.clone(), visitor_watch(state, http));
        let seen = state.read(move |conn| Seen::read(conn, counted, &name, watch, now)).await?;
        if let Some(refused) = seen.refused {
            refused.wait(http).await?;
            return self.later(state, http, "register-slow-down", refused.seconds(now));
        }
        if let Sending::Later { seconds } = seen.sending {
            return self.later(state, http, "recover-mails-enough", seconds);
        }
        let address = seen.user.as_ref().map(|user| user.email.clone());
        let request = Request { address, ..self.request };
        let id = send(state, http, &request, seen, now).await?;
        Ok(html::see_other(&own(state, &path(&id, true))))
    }

    async fn try_code(
        self,
        state: &AppState,
        http: &HttpRequest,
        params: &Params,
        now: Timestamp,
    ) -> Result<HttpResponse, OAuthError> {
        let watch = visitor_watch(state, http);
        if let Some(refused) = state.read(move |conn| watch.look(conn, now)).await? {
            refused.wait(http).await?;
            return self.later(state, http, "register-slow-down", refused.seconds(now));
        }
        let typed = params.get("code").unwrap_or_default();
        let why = match one_time_code::normalise(typed) {
            None => Message::new("register-code-look"),
            Some(code) => match try_code(state, http, &self.row, code, now).await? {
                Tried::Right => {
                    let proof = Proof::seal(state, &self)?;
                    return self.reset(state, http, params.get("new_password"), proof, now).await;
                }
                Tried::Wrong { left } => Message::new("register-code-wrong").with("left", left),
                Tried::Spent => Message::new("register-code-spent"),
            },
        };
        self.render(state, http, false, Some(&why), StatusCode::UNPROCESSABLE_ENTITY)
    }

    /// Asks for the password, or sets it.
    async fn reset(
        self,
        state: &AppState,
        http: &HttpRequest,
        password: Option<&str>,
        proof: Secret,
        now: Timestamp,
    ) -> Result<HttpResponse, OAuthError> {
        let way = Way::Code { id: self.row.id.clone(), proof };
        let open = reset::Open { row: self.row, request: self.request, way };
        match password {
            None => open.ask(state, http).await,
            Some(password) => open.set(state, http, Secret::new(password), now).await,
        }
    }
}
