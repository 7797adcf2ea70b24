//! Pages as answers: the frame around a view, its status and its cookies.

use std::collections::BTreeSet;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, HeaderValue, LOCATION, VARY},
    },
};
use vestibule_model::{
    ErrorCode, Message, OAuthError, SessionId, Timestamp,
    client::Client,
    interaction::Display,
    settings::{Issuer, Settings},
    user::User,
};
use vestibule_pages::{
    ErrorPage, FormPost, LogoutConfirm, Person, Returning, Shell, SignedOut, Stale, View,
};
use vestibule_policy::{initiate_login, logout::LogoutFrame};
use vestibule_text::Lang;

use crate::{
    asked::Asked,
    client_shown, cookies, csrf, error,
    headers::PAGE_POLICY,
    host,
    language::{self, Told},
    logout::AfterLogout,
    request::RequestId,
    state::AppState,
    urls,
};

/// The policy of the page that posts to a client's callback: as [`crate::headers::PAGE_POLICY`],
/// without `form-action`, since Chromium applies that to whatever the callback redirects to.
const FORM_POST_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
     img-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The texts around a page; owned, for a [`Shell`] borrows.
pub struct Frame<'a> {
    settings: &'a Settings,
    now: Timestamp,
    request_id: String,
    here: String,
    told: Told,
    account_language: Option<String>,
    display: Display,
}

impl<'a> Frame<'a> {
    /// The frame of this request's page.
    #[must_use]
    pub fn new(state: &'a AppState, http: &HttpRequest) -> Self {
        Self::of(&state.settings, state.now(), http)
    }

    fn of(settings: &'a Settings, now: Timestamp, http: &HttpRequest) -> Self {
        Self {
            settings,
            now,
            request_id: RequestId::of(http).0,
            here: here(&settings.issuer, http),
            told: Told::by(http),
            account_language: None,
            display: language::display(http),
        }
    }

    /// The language that the person chose for the account (`User::language`): it comes before the
    /// browser's wish, and after a choice made in this browser.
    #[must_use]
    pub fn account_language(mut self, tag: Option<&str>) -> Self {
        self.account_language = tag.map(str::to_owned);
        self
    }

    /// The language of the page.
    #[must_use]
    pub fn lang(&self) -> Lang {
        let fresh = self.settings.lifetimes.interaction;
        self.told.lang(self.account_language.as_deref(), self.now, fresh)
    }

    /// The frame as views take it.
    #[must_use]
    pub fn shell(&self) -> Shell<'_> {
        Shell {
            site: &self.settings.display_name,
            lang: self.lang(),
            request_id: &self.request_id,
            base: self.settings.issuer.path(),
            here: &self.here,
            display: self.display,
        }
    }

    /// The tags of the page's language (BCP 47), best first, for what clients say of themselves.
    #[must_use]
    pub fn tags(&self) -> Vec<&str> {
        self.told.tags(self.lang(), self.account_language.as_deref())
    }

    /// What the page calls the client.
    #[must_use]
    pub fn client_name(&self, client: &Client) -> String {
        client_shown::name(client, &self.tags())
    }

    /// The answer.
    pub fn page(&self, status: StatusCode, view: &impl View) -> Result<HttpResponse, OAuthError> {
        let body = view.render().map_err(internal)?;
        Ok(HttpResponse::build(status)
            .content_type("text/html; charset=utf-8")
            .insert_header((CONTENT_LANGUAGE, self.lang().tag()))
            .insert_header((VARY, "Cookie, Accept-Language"))
            .body(body))
    }

    /// The answer of a page that has nothing better to fall back on than a line of text.
    fn page_or_text(&self, status: StatusCode, view: &impl View) -> HttpResponse {
        self.page(status, view).unwrap_or_else(|fault| {
            error::log("-", &fault);
            HttpResponse::InternalServerError().body("Something went wrong on our side.")
        })
    }
}

/// Where the page of this request can be seen again. A form that was sent has its page at its own
/// path, or wherever its interaction goes on.
fn here(issuer: &Issuer, http: &HttpRequest) -> String {
    if http.method().is_safe() {
        let whole = http.uri().path_and_query();
        return whole.map_or_else(|| http.path().to_owned(), |whole| whole.as_str().to_owned());
    }
    language::interaction(http)
        .map_or_else(|| http.path().to_owned(), |id| urls::resume(issuer, &id))
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

    /// As [`Frame::account_language`].
    #[must_use]
    pub fn account_language(self, tag: Option<&str>) -> Self {
        Self { frame: self.frame.account_language(tag), ..self }
    }

    /// As [`Frame::lang`].
    #[must_use]
    pub fn lang(&self) -> Lang {
        self.frame.lang()
    }

    /// The frame as views take it.
    #[must_use]
    pub fn shell(&self) -> Shell<'_> {
        self.frame.shell()
    }

    /// As [`Frame::tags`].
    #[must_use]
    pub fn tags(&self) -> Vec<&str> {
        self.frame.tags()
    }

    /// As [`Frame::client_name`].
    #[must_use]
    pub fn client_name(&self, client: &Client) -> String {
        self.frame.client_name(client)
    }

    /// The answer.
    pub fn page(&self, status: StatusCode, view: &impl View) -> Result<HttpResponse, OAuthError> {
        let mut response = self.frame.page(status, view)?;
        if let Some(cookie) = &self.cookie {
            response.add_cookie(cookie).map_err(internal)?;
        }
        Ok(response)
    }
}

fn internal(fault: impl std::fmt::Display) -> OAuthError {
    OAuthError::new(ErrorCode::Internal).because(fault.to_string())
}

/// 303 See Other: the next request is a GET (RFC 9700 §4.12).
#[must_use]
pub fn see_other(to: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, to)).finish()
}

/// What a page of this request calls the client, for pages that are told a name.
#[must_use]
pub fn client_name(state: &AppState, http: &HttpRequest, client: &Client) -> String {
    Frame::new(state, http).client_name(client)
}

/// As [`client_name`], or our own name where no client asks.
#[must_use]
pub fn name_of_either(state: &AppState, http: &HttpRequest, client: Option<&Client>) -> String {
    client.map_or_else(
        || state.settings.display_name.clone(),
        |client| client_name(state, http, client),
    )
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
    // Seeing this page again would answer the client twice: no language switch.
    let shell = Shell { here: "", ..frame.shell() };
    frame.page_or_text(StatusCode::OK, &Returning { shell, client: client_name, url })
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
    let fields = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let client = (!client_name.is_empty()).then_some(client_name);
    let shell = Shell { here: "", ..frame.shell() };
    let view = FormPost { shell, client, action, fields };
    let mut response = frame.page_or_text(StatusCode::OK, &view);
    let policy = HeaderValue::from_static(FORM_POST_POLICY);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    response
}

/// A page of a request that got too old; its button starts the request anew. Whatever the client has
/// forgotten of it meanwhile, a sign-in can begin at the client itself too, if it says where.
#[must_use]
pub fn stale_interaction(state: &AppState, http: &HttpRequest, asked: &Asked) -> HttpResponse {
    let frame = Frame::new(state, http);
    let (issuer, client) = (&state.settings.issuer, &asked.situation.client);
    let start = initiate_login::can_start(client).then(|| urls::start(issuer, &client.id));
    let view = Stale {
        shell: frame.shell(),
        client: &frame.client_name(client),
        href: &urls::restart(issuer, &asked.interaction.id),
        start: start.as_deref(),
    };
    frame.page_or_text(StatusCode::BAD_REQUEST, &view)
}

/// "This page got old", with one button that leads on.
#[must_use]
pub fn stale(state: &AppState, http: &HttpRequest, client: &str, href: &str) -> HttpResponse {
    let frame = Frame::new(state, http);
    let view = Stale { shell: frame.shell(), client, href, start: None };
    frame.page_or_text(StatusCode::BAD_REQUEST, &view)
}

/// Asks whether to sign out.
pub fn logout_confirm(
    state: &AppState,
    http: &HttpRequest,
    user: &User,
    client: Option<&Client>,
    after: &AfterLogout,
) -> Result<HttpResponse, OAuthError> {
    let frame = FormFrame::new(state, http).account_language(user.language.as_deref());
    let sealed = after.seal(state)?;
    let client = client.map(|client| frame.client_name(client));
    let view = LogoutConfirm {
        shell: frame.shell(),
        csrf_token: &frame.csrf_token,
        logout: &sealed,
        client: client.as_deref(),
        person: Some(person(user)),
    };
    frame.page(StatusCode::OK, &view)
}

/// "You are signed out.", with the pages of clients that have to hear of it in `frames`; then on to
/// where `back` leads, a client's name and address.
#[must_use]
pub fn signed_out(
    state: &AppState,
    http: &HttpRequest,
    frames: &[LogoutFrame],
    back: Option<(&str, &str)>,
) -> HttpResponse {
    let frame = Frame::new(state, http);
    // Whatever the query says did its work or was refused: the page needs none of it.
    let here = if back.is_none() { http.path() } else { "" };
    let view = SignedOut {
        shell: Shell { here, ..frame.shell() },
        back,
        frames: frames.iter().map(|frame| frame.url.as_str()).collect(),
    };
    let mut response = frame.page_or_text(StatusCode::OK, &view);
    let origins: BTreeSet<&str> = frames.iter().map(|frame| frame.origin.as_str()).collect();
    let sources: Vec<&str> = origins.into_iter().collect();
    let policy = format!("{PAGE_POLICY}; frame-src {}", sources.join(" "));
    if !frames.is_empty()
        && let Ok(policy) = HeaderValue::from_str(&policy)
    {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
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
    // A refused query is repeated nowhere, not even in the address of the language links.
    let here = if http.query_string().is_empty() { frame.shell().here } else { "" };
    let (sentence, next) = sentences(state, http, refused.code);
    let way_on = way_on(state, http, refused.code);
    let shown = state.settings.development && refused.code != ErrorCode::Internal;
    let view = ErrorPage {
        shell: Shell { here, ..frame.shell() },
        code: refused.code.public(),
        sentence: &sentence,
        next: &next,
        way_on: way_on.as_ref().map(|(label, href)| (label, href.as_str())),
        detail: (shown && !refused.detail.is_empty()).then_some(refused.detail.as_str()),
    };
    frame.page_or_text(status, &view)
}

/// The refusal of a server that has its settings by now, and no state: it waits for its database.
#[must_use]
pub fn not_yet(settings: &Settings, now: Timestamp, http: &HttpRequest) -> HttpResponse {
    let frame = Frame::of(settings, now, http);
    let code = ErrorCode::Overloaded;
    let (sentence, next) = words(code);
    let (label, href) = (Message::new("error-try-again"), again(&settings.issuer, http));
    // A form is sent again by the browser, which has what was filled in.
    let way_on = http.method().is_safe().then_some((&label, href.as_str()));
    let view = ErrorPage {
        // Nothing here has a name yet, and nobody keeps a choice of language.
        shell: Shell { here: "", request_id: "", ..frame.shell() },
        code,
        sentence: &Message::new(sentence),
        next: &Message::new(next),
        way_on,
        detail: None,
    };
    frame.page_or_text(error::status(code), &view)
}

fn account(state: &AppState) -> String {
    format!("{}{}", state.settings.issuer.path(), urls::ACCOUNT)
}

/// What a person is told, and what they can do.
fn sentences(state: &AppState, http: &HttpRequest, code: ErrorCode) -> (Message, Message) {
    let (sentence, next) = words(code);
    let (sentence, next) = (Message::new(sentence), Message::new(next));
    if code != ErrorCode::HostUnknown {
        return (sentence, next);
    }
    let (came, own) = (host::asked(state, http), host::own(&state.settings.issuer));
    (sentence.with("came", came).with("own", own.clone()), next.with("own", own))
}

/// A button that leads on, where there is one: what to call it and where it leads.
fn way_on(state: &AppState, http: &HttpRequest, code: ErrorCode) -> Option<(Message, String)> {
    let issuer = &state.settings.issuer;
    match code {
        ErrorCode::Overloaded | ErrorCode::BodyLate => {
            Some((Message::new("error-try-again"), again(issuer, http)))
        }
        ErrorCode::HostUnknown => {
            let label = Message::new("error-to-own-host").with("own", host::own(issuer));
            Some((label, issuer.url(&ours(issuer, &again(issuer, http)))))
        }
        code if leads_to_account(code) => Some((Message::new("error-to-account"), account(state))),
        _ => None,
    }
}

/// This request once more, as far as a link can make it: whole if it is a GET.
fn again(issuer: &Issuer, http: &HttpRequest) -> String {
    let here = here(issuer, http);
    // What browsers take for another host is no path of ours.
    let is_path = here.starts_with('/') && !here.starts_with("//") && !here.contains('\\');
    if is_path { here } else { format!("{}/", issuer.path()) }
}

/// `path` without the issuer's own part.
fn ours(issuer: &Issuer, path: &str) -> String {
    path.strip_prefix(issuer.path()).unwrap_or(path).to_owned()
}

/// The names of those sentences. The developer's words are behind the code.
const fn words(code: ErrorCode) -> (&'static str, &'static str) {
    match code {
        ErrorCode::ClientIdMissing | ErrorCode::ClientUnknown | ErrorCode::ClientDisabled => {
            ("error-client-unknown", "error-tell-the-app")
        }
        ErrorCode::RedirectUriMissing | ErrorCode::RedirectUriMismatch => {
            ("error-address-unknown", "error-stopped-here")
        }
        ErrorCode::InteractionUnknown => ("error-sign-in-over", "error-start-again"),
        ErrorCode::SetupLinkInvalid => ("error-setup-link", "error-new-setup-link"),
        ErrorCode::Overloaded => ("error-busy", "error-wait"),
        ErrorCode::TooManyRequests => ("error-too-many", "error-wait-a-minute"),
        ErrorCode::BodyLate => ("error-too-slow", "error-check-connection"),
        ErrorCode::HostUnknown => ("error-other-host", "error-own-host"),
        ErrorCode::Internal => ("error-our-side", "error-send-request-id"),
        ErrorCode::NotFound => ("error-nothing-here", "error-check-address"),
        ErrorCode::PostLogoutRedirectUriMismatch
        | ErrorCode::LogoutHintInvalid
        | ErrorCode::LogoutClientMismatch => ("error-sign-out-untrusted", "error-still-signed-in"),
        _ => ("error-unanswerable", "error-tell-the-app"),
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
