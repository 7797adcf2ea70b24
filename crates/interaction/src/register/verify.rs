//! `/register/verify`: the code that proves the address of the account to be.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use vestibule_identity::one_time_code;
use vestibule_model::{
    Message, OAuthError, Timestamp,
    verification::{Verification, VerificationKind},
};
use vestibule_pages::{CodePurpose, FieldProblem, MailCode, NoticeKind, Shell, Way};
use vestibule_policy::{
    account,
    params::Params,
    verification::{Sending, lifetime},
};
use vestibule_web::{
    AppState, FormParams, QueryParams, State, csrf,
    html::{self, FormFrame},
    page_error, urls,
};

use super::{
    Door, Entry, address_taken, begin,
    complete::{self, Applicant, Made, Making},
};
use crate::{
    notice::{Say, own, retry_after},
    verification::{
        self, Found, Tried, data, is_browser, may_send, minutes, try_code, visitor_watch,
    },
};

/// Takes the code of a mail.
pub const PATH: &str = "/register/verify";

const KINDS: &[VerificationKind] = &[VerificationKind::Register];

/// The page of that verification.
pub(crate) fn path(id: &str, sent_again: bool) -> String {
    format!("{PATH}?id={id}{}", if sent_again { "&sent=again" } else { "" })
}

/// `GET /register/verify`.
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

/// `POST /register/verify`.
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
    waiting.try_code(state, http, params.get("code").unwrap_or_default(), now).await
}

/// An account that waits for its address to be proved.
struct Waiting {
    row: Verification,
    applicant: Applicant,
}

impl Waiting {
    async fn find(
        state: &AppState,
        http: &HttpRequest,
        params: &Params,
        now: Timestamp,
    ) -> Result<Result<Self, HttpResponse>, OAuthError> {
        let id = params.get("id").unwrap_or_default();
        match verification::by_name(state, id, KINDS, now).await? {
            Found::Good(row) => {
                let applicant = data(state, &row).await?;
                Ok(Ok(Self { row: *row, applicant }))
            }
            Found::Over(kind) => Ok(Err(over(state, http, kind)?)),
        }
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
        // Whoever came by a page's address alone need not learn the whole mail address.
        let email = &self.applicant.email;
        let masked = account::mask_email(email);
        let known = is_browser(http, self.applicant.browser.as_deref());
        let destination = self.applicant.onward.destination();
        let view = MailCode {
            shell: Shell { here: &here, ..frame.shell() },
            csrf_token: &frame.csrf_token,
            action: PATH,
            purpose: CodePurpose::Register,
            id: &self.row.id,
            to: if known { email } else { &masked },
            valid_for: lifetime(VerificationKind::Register),
            start_over: &destination.behind(&state.settings.issuer, urls::REGISTER),
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
        let (email, subject) = (self.applicant.email.clone(), self.row.subject.clone());
        let watch = visitor_watch(state, http);
        let looking = watch.clone();
        let (refused, sending, owner) = state
            .read(move |conn| {
                let refused = looking.look(conn, now)?;
                let sending = may_send(conn, VerificationKind::Register, &subject, now)?;
                Ok((refused, sending, vestibule_storage::user::find_by_email(conn, &email)?))
            })
            .await?;
        if let Some(refused) = refused {
            refused.wait(http).await?;
            return self.later(state, http, "register-slow-down", refused.seconds(now));
        }
        if let Sending::Later { seconds } = sending {
            return self.later(state, http, "register-mails-enough", seconds);
        }
        let count = move |conn: &mut vestibule_storage::Conn| watch.failed(conn, now);
        let id = begin::send(state, &self.applicant, owner.as_ref(), now, count).await?;
        Ok(html::see_other(&own(state, &path(&id, true))))
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
                Tried::Right => {
                    return finish(state, http, self.row.id, self.applicant, now).await;
                }
                Tried::Wrong { left } => Message::new("register-code-wrong").with("left", left),
                Tried::Spent => Message::new("register-code-spent"),
            },
        };
        self.render(state, http, false, Some(&why), StatusCode::UNPROCESSABLE_ENTITY)
    }
}

/// The address is proved: makes the account.
pub(crate) async fn finish(
    state: &AppState,
    http: &HttpRequest,
    verification: String,
    applicant: Applicant,
    now: Timestamp,
) -> Result<HttpResponse, OAuthError> {
    let making = Making {
        applicant: applicant.clone(),
        consume: Some(verification),
        is_proved: true,
        how: "by mail",
    };
    match making.make(state, http, now).await? {
        Made::Account(user) => complete::welcome(state, http, &applicant, *user, now).await,
        Made::AddressTaken => {
            address_taken(state, http, &applicant.email, &applicant.onward.destination())
        }
        Made::UsernameTaken => {
            let door = Door::again_for(applicant.onward.destination());
            let entry = Entry {
                username: applicant.username,
                email: applicant.email,
                name: applicant.name.unwrap_or_default(),
                terms: applicant.terms,
                problems: vec![("username", Message::new("register-username-taken"))],
            };
            entry.render(state, http, &door, StatusCode::UNPROCESSABLE_ENTITY)
        }
        Made::Over => over(state, http, NoticeKind::LinkUsed),
    }
}

/// A registration that goes on no longer.
pub(crate) fn over(
    state: &AppState,
    http: &HttpRequest,
    kind: NoticeKind,
) -> Result<HttpResponse, OAuthError> {
    let ways =
        [(Way::SignIn, own(state, urls::LOGIN)), (Way::Register, own(state, urls::REGISTER))];
    Say::new(kind, &ways).page(state, http)
}
