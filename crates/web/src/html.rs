//! Pages as answers: the frame around a view, its status and its cookies.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{CONTENT_SECURITY_POLICY, HeaderValue, LOCATION},
    },
};
use vestibule_model::{ErrorCode, OAuthError, SessionId, client::Client, user::User};
use vestibule_pages::{
    ErrorPage, FormPost, LogoutConfirm, Person, Returning, Shell, SignedOut, Stale, View,
};

use crate::{
    asked::Asked, cookies, csrf, error, logout::AfterLogout, request::RequestId, state::AppState,
    urls,
};

/// The policy of the page that posts to a client's callback: as [`crate::headers::PAGE_POLICY`],
/// without `form-action`, since Chromium applies that to whatever the callback redirects to.
const FORM_POST_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
     img-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The texts around a page; owned, for a [`Shell`] borrows.
pub struct Frame<'a> {
    state: &'a AppState,
    request_id: String,
}

impl<'a> Frame<'a> {
    /// The frame of this request's page.
    #[must_use]
    pub fn new(state: &'a AppState, http: &HttpRequest) -> Self {
        Self { state, request_id: RequestId::of(http).0 }
    }

    /// The frame as views take it.
    #[must_use]
    pub fn shell(&self) -> Shell<'_> {
        Shell {
            site: &self.state.settings.display_name,
            lang: "en",
            request_id: &self.request_id,
            base: self.state.settings.issuer.path(),
        }
    }
}

/// A page with forms: its CSRF token, and the cookie that makes the token good.
pub struct FormFrame<'a> {
    frame: Frame<'a>,
    /// The hidden field's value.
    pub csrf_token: String,
    cookie: Option<actix_web::cookie::Cookie<'static>>,
}

impl<'a> FormFrame<'a> {
    /// The frame of this request's page; names the browser if it has no name yet.
    #[must_use]
    pub fn new(state: &'a AppState, http: &HttpRequest) -> Self {
        Self::shown_to(state, http, None)
    }

    /// As [`new`](Self::new), for a page that only the person of `session` may answer.
    #[must_use]
    pub fn shown_to(state: &'a AppState, http: &HttpRequest, session: Option<&SessionId>) -> Self {
        let (browser, cookie) = cookies::browser(http, state.entropy.as_ref());
        let csrf_token = state.digester.csrf(&csrf::subject(&browser, session));
        Self { frame: Frame::new(state, http), csrf_token, cookie }
    }

    /// The frame as views take it.
    #[must_use]
    pub fn shell(&self) -> Shell<'_> {
        self.frame.shell()
    }

    /// The answer.
    pub fn page(&self, status: StatusCode, view: &impl View) -> Result<HttpResponse, OAuthError> {
        let mut response = page(status, view)?;
        if let Some(cookie) = &self.cookie {
            response.add_cookie(cookie).map_err(internal)?;
        }
        Ok(response)
    }
}

/// Renders a view.
pub fn page(status: StatusCode, view: &impl View) -> Result<HttpResponse, OAuthError> {
    let body = view.render().map_err(internal)?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(body))
}

fn internal(fault: impl std::fmt::Display) -> OAuthError {
    OAuthError::new(ErrorCode::Internal).because(fault.to_string())
}

/// A page that has nothing better to fall back on than a line of text.
fn page_or_text(status: StatusCode, view: &impl View) -> HttpResponse {
    page(status, view).unwrap_or_else(|fault| {
        error::log("-", &fault);
        HttpResponse::InternalServerError().body("Something went wrong on our side.")
    })
}

/// 303 See Other: the next request is a GET (RFC 9700 §4.12).
#[must_use]
pub fn see_other(to: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, to)).finish()
}

/// How pages show a person.
#[must_use]
pub fn person(user: &User) -> Person<'_> {
    Person { name: user.display_name(), username: &user.username, email: &user.email }
}

/// "Returning to …": ends a form's chain of redirects before the client's address.
#[must_use]
pub fn returning(
    state: &AppState,
    http: &HttpRequest,
    url: &str,
    client_name: &str,
) -> HttpResponse {
    let frame = Frame::new(state, http);
    page_or_text(StatusCode::OK, &Returning { shell: frame.shell(), client: client_name, url })
}

/// Form Post Response Mode §2.
#[must_use]
pub fn form_post(
    state: &AppState,
    http: &HttpRequest,
    action: &str,
    client_name: &str,
    fields: &[(&'static str, String)],
) -> HttpResponse {
    let frame = Frame::new(state, http);
    let client = if client_name.is_empty() { "the app" } else { client_name };
    let fields = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let view = FormPost { shell: frame.shell(), client, action, fields };
    let mut response = page_or_text(StatusCode::OK, &view);
    let policy = HeaderValue::from_static(FORM_POST_POLICY);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    response
}

/// A page of a request that got too old; its one button starts the request anew.
#[must_use]
pub fn stale_interaction(state: &AppState, http: &HttpRequest, asked: &Asked) -> HttpResponse {
    let href = urls::restart(&state.settings.issuer, &asked.interaction.id);
    stale(state, http, asked.situation.client.display_name(), &href)
}

/// "This page got old", with one button that leads on.
#[must_use]
pub fn stale(state: &AppState, http: &HttpRequest, client: &str, href: &str) -> HttpResponse {
    let frame = Frame::new(state, http);
    page_or_text(StatusCode::BAD_REQUEST, &Stale { shell: frame.shell(), client, href })
}

/// Asks whether to sign out.
pub fn logout_confirm(
    state: &AppState,
    http: &HttpRequest,
    user: &User,
    client: Option<&Client>,
    after: &AfterLogout,
) -> Result<HttpResponse, OAuthError> {
    let frame = FormFrame::new(state, http);
    let sealed = after.seal(state)?;
    let view = LogoutConfirm {
        shell: frame.shell(),
        csrf_token: &frame.csrf_token,
        logout: &sealed,
        client: client.map(Client::display_name),
        person: Some(person(user)),
    };
    frame.page(StatusCode::OK, &view)
}

/// "You are signed out."
#[must_use]
pub fn signed_out(state: &AppState, http: &HttpRequest) -> HttpResponse {
    let frame = Frame::new(state, http);
    page_or_text(StatusCode::OK, &SignedOut { shell: frame.shell(), back: None })
}

/// A refusal. The difference that explains it is shown in development only: in production it is
/// the log's and the client owner's.
#[must_use]
pub fn error_page(
    state: &AppState,
    http: &HttpRequest,
    refused: &OAuthError,
    status: StatusCode,
) -> HttpResponse {
    let frame = Frame::new(state, http);
    let (sentence, next) = words(refused.code);
    let account = format!("{}{}", state.settings.issuer.path(), urls::ACCOUNT);
    let shown = state.settings.development && refused.code != ErrorCode::Internal;
    let view = ErrorPage {
        shell: frame.shell(),
        code: refused.code.public(),
        sentence,
        next,
        way_on: leads_to_account(refused.code).then_some(("Go to your account", account.as_str())),
        detail: (shown && !refused.detail.is_empty()).then_some(refused.detail.as_str()),
    };
    page_or_text(status, &view)
}

/// What a person is told, and what they can do. The developer's words are behind the code.
const fn words(code: ErrorCode) -> (&'static str, &'static str) {
    match code {
        ErrorCode::ClientIdMissing | ErrorCode::ClientUnknown | ErrorCode::ClientDisabled => (
            "The app that sent you here is not known to us.",
            "Go back to the app and try again. If this keeps happening, tell the people who run \
             the app.",
        ),
        ErrorCode::RedirectUriMissing | ErrorCode::RedirectUriMismatch => (
            "The app asked us to send you to an address that we don’t know.",
            "To keep your account safe we stopped here. Tell the people who run the app.",
        ),
        ErrorCode::InteractionUnknown => {
            ("This sign-in is over.", "Go back to the app you came from and start again there.")
        }
        ErrorCode::SetupLinkInvalid => (
            "This set-up link was used already, or it is too old.",
            "Make a new one on the server with: vestibule admin setup-link",
        ),
        ErrorCode::Overloaded => {
            ("We are very busy right now.", "Wait a few seconds, then load the page again.")
        }
        ErrorCode::Internal => (
            "Something went wrong on our side.",
            "Try again in a moment. If it happens again, send us the request id below.",
        ),
        ErrorCode::NotFound => (
            "There is nothing at this address.",
            "Check the address, or go back to where you were.",
        ),
        ErrorCode::PostLogoutRedirectUriMismatch
        | ErrorCode::LogoutHintInvalid
        | ErrorCode::LogoutClientMismatch => (
            "The app asked to sign you out in a way that we can’t trust.",
            "You are still signed in. You can sign out on your account page.",
        ),
        _ => (
            "The app sent a request that we can’t answer.",
            "Go back to the app and try again. If this keeps happening, tell the people who run \
             the app.",
        ),
    }
}

/// Whether the person's own page is a good place to go on from.
const fn leads_to_account(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::PostLogoutRedirectUriMismatch
            | ErrorCode::LogoutHintInvalid
            | ErrorCode::LogoutClientMismatch
            | ErrorCode::InteractionUnknown
    )
}
