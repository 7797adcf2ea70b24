//! `/account/email`: the mail address.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use vestibule_model::{
    Message, OAuthError, Timestamp, settings::Mail, user::User, verification::VerificationKind,
};
use vestibule_pages::{EmailPage, FieldProblem, PendingEmail};
use vestibule_policy::{
    account,
    params::Params,
    verification::{Standing, standing},
};
use vestibule_web::{
    AppState, FormParams, State,
    browser::SignedIn,
    html, page_error,
    visitor::{Visitor, visitor},
};

use super::{frame, stranger};
use crate::{
    notice::retry_after,
    verification,
    verify_email::{self, Proving, Started},
};

/// This page.
const PATH: &str = "/account/email";

/// `GET /account/email`.
pub async fn get(state: State, http: HttpRequest) -> HttpResponse {
    show(&state, &http).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn show(state: &AppState, http: &HttpRequest) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let Visitor { who, .. } = match visitor(state, http, now).await? {
        Ok(found) => found,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let form = Form { pending: pending(state, &who.user, now).await?, ..Form::default() };
    form.render(state, http, &who, StatusCode::OK)
}

/// The new address that waits to be proved, and the name of its verification.
async fn pending(
    state: &AppState,
    user: &User,
    now: Timestamp,
) -> Result<Option<(String, String)>, OAuthError> {
    let id = user.id.as_str().to_owned();
    let kind = VerificationKind::ChangeEmail;
    let latest = state
        .read(move |conn| Ok(vestibule_storage::verification::latest(conn, kind, &id)?))
        .await?;
    let Some(row) = latest.filter(|row| standing(row, now) == Standing::Good) else {
        return Ok(None);
    };
    let Proving { email, present } = verification::data(state, &row).await?;
    Ok((present == user.email).then_some((email, row.id)))
}

/// The page's own values.
#[derive(Default)]
struct Form {
    pending: Option<(String, String)>,
    typed: String,
    problem: Option<Message>,
}

impl Form {
    fn render(
        &self,
        state: &AppState,
        http: &HttpRequest,
        who: &SignedIn,
        status: StatusCode,
    ) -> Result<HttpResponse, OAuthError> {
        let frame = frame(state, http, who);
        let pending = self.pending.as_ref();
        let problem = self.problem.iter().map(|message| FieldProblem { field: "email", message });
        let view = EmailPage {
            shell: frame.shell(),
            section: "email",
            csrf_token: &frame.csrf_token,
            email: &who.user.email,
            verified: who.user.email_verified,
            pending: pending.map(|(address, id)| PendingEmail { address, id }),
            has_mail: state.settings.mail != Mail::Off,
            typed: &self.typed,
            problems: problem.collect(),
        };
        frame.page(status, &view)
    }
}

/// `POST /account/email`.
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
    let user = &who.user;
    let verifies = params.get("decision") == Some("verify");
    let nothing_to_do = state.settings.mail == Mail::Off || (verifies && user.email_verified);
    if nothing_to_do {
        return Ok(html::see_other(&crate::notice::own(state, PATH)));
    }
    let typed = params.get("email").unwrap_or_default().trim().to_owned();
    let started = if verifies {
        verify_email::start_verify(state, http, user, now).await?
    } else {
        if let Err(problem) = new_address(user, &typed) {
            let pending = pending(state, user, now).await?;
            let form = Form { pending, typed, problem: Some(problem) };
            return form.render(state, http, &who, StatusCode::UNPROCESSABLE_ENTITY);
        }
        verify_email::start_change(state, http, user, &typed, now).await?
    };
    match started {
        Started::Sent { page } => Ok(html::see_other(&page)),
        Started::Wait { seconds } => {
            let problem = Message::new("register-mails-enough")
                .with("minutes", verification::minutes(seconds));
            let pending = pending(state, user, now).await?;
            let form = Form { pending, typed, problem: Some(problem) };
            let page = form.render(state, http, &who, StatusCode::TOO_MANY_REQUESTS)?;
            Ok(retry_after(page, seconds))
        }
    }
}

/// What keeps `typed` from being the new address.
fn new_address(user: &User, typed: &str) -> Result<(), Message> {
    account::check_email(typed)?;
    // As storage compares them: without regard to case.
    if typed.to_lowercase() == user.email.to_lowercase() {
        return Err(Message::new("email-same"));
    }
    Ok(())
}
