//! `/login`: user name and password.

mod attempt;
pub mod other;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{HeaderValue, RETRY_AFTER},
    },
};
use vestibule_model::{
    InteractionId, Message, OAuthError, Timestamp,
    client::Client,
    settings::{Mail, Registration},
    user::User,
};
use vestibule_pages::{Login, LoginReason, PasskeyChallenge};
use vestibule_policy::{
    params::Params,
    prompt::{LoginReason as Why, Step},
};
use vestibule_web::{
    AppState, FormParams, QueryParams, RequestId, State,
    asked::Asked,
    csrf,
    html::{self, FormFrame},
    page_error, urls,
    visitor::{self, Missing},
};

use crate::{
    charged,
    passkey::Offer,
    pending,
    sign_in::{self, Destination},
};
use attempt::Attempt;

/// `GET /login`.
pub async fn get(state: State, http: HttpRequest, query: QueryParams) -> HttpResponse {
    show(&state, &http, query.0).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn show(
    state: &AppState,
    http: &HttpRequest,
    query: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    match Form::of(state, http, &query?, state.now()).await? {
        Ok(form) => form.render(state, http, StatusCode::OK),
        Err(elsewhere) => Ok(elsewhere),
    }
}

const fn reason_shown(reason: Why, max_age: Option<i64>) -> Option<LoginReason> {
    match (reason, max_age) {
        (Why::NoSession | Why::NewAccount, _) => None,
        (Why::TooOld, Some(seconds)) => Some(LoginReason::TooLongAgo(seconds)),
        (Why::PromptLogin | Why::TooOld, _) => Some(LoginReason::Asked),
        (Why::OtherSubject, _) => Some(LoginReason::OtherAccount),
    }
}

/// The page's own values.
struct Form {
    destination: Destination,
    client: Option<Client>,
    username: String,
    /// Whoever is signed in and has to prove it again.
    known: Option<User>,
    reason: Option<LoginReason>,
    error: Option<Message>,
    offer_unlock: bool,
}

impl Form {
    const fn new(destination: Destination) -> Self {
        Self {
            destination,
            client: None,
            username: String::new(),
            known: None,
            reason: None,
            error: None,
            offer_unlock: false,
        }
    }

    /// The form of a destination, or where to go instead.
    async fn of(
        state: &AppState,
        http: &HttpRequest,
        params: &Params,
        now: Timestamp,
    ) -> Result<Result<Self, HttpResponse>, OAuthError> {
        match Destination::of(params) {
            Destination::Request(id) => Self::of_request(state, http, id, now).await,
            page @ Destination::Page(_) => Self::of_page(state, http, page, now).await,
        }
    }

    async fn of_request(
        state: &AppState,
        http: &HttpRequest,
        id: InteractionId,
        now: Timestamp,
    ) -> Result<Result<Self, HttpResponse>, OAuthError> {
        let asked = match pending::read(state, http, Some(id.clone()), now).await? {
            Ok(asked) => asked,
            Err(elsewhere) => return Ok(Err(elsewhere)),
        };
        let step = asked.next(state, now);
        let Asked { interaction, situation } = asked;
        let mut form = Self::new(Destination::Request(id.clone()));
        form.client = Some(situation.client);
        form.username = interaction.request.login_hint.clone().unwrap_or_default();
        match step {
            Step::Login { reason } => {
                form.reason = reason_shown(reason, interaction.request.max_age);
                let same = matches!(reason, Why::PromptLogin | Why::TooOld);
                form.remember(situation.who.map(|who| who.user).filter(|_| same));
            }
            // "Another account" leads here while somebody is signed in.
            Step::SelectAccount => {}
            _ => return Ok(Err(html::see_other(&urls::resume(&state.settings.issuer, &id)))),
        }
        Ok(Ok(form))
    }

    /// Somebody is asked again: the page names them, unless the client hinted at somebody else.
    fn remember(&mut self, user: Option<User>) {
        let Some(user) = user else { return };
        let hinted = [user.username.as_str(), user.email.as_str()]
            .iter()
            .any(|name| name.eq_ignore_ascii_case(&self.username));
        if self.username.is_empty() || hinted {
            user.username.clone_into(&mut self.username);
            self.known = Some(user);
        }
    }

    async fn of_page(
        state: &AppState,
        http: &HttpRequest,
        page: Destination,
        now: Timestamp,
    ) -> Result<Result<Self, HttpResponse>, OAuthError> {
        let issuer = &state.settings.issuer;
        let path = page.page().unwrap_or(urls::ACCOUNT).to_owned();
        let mut form = Self::new(page);
        let Some(found) = visitor::load(state, http, now).await? else { return Ok(Ok(form)) };
        Ok(match visitor::missing(&found, &path, &state.settings, now) {
            // A bookmarked sign-in page: whoever is signed in wants to go on.
            None => Err(html::see_other(&form.destination.url(issuer))),
            Some(Missing::SecondFactor) => {
                Err(html::see_other(&form.destination.behind(issuer, urls::VERIFY)))
            }
            Some(Missing::SignIn) => {
                form.reason = Some(LoginReason::Sensitive);
                form.remember(Some(found.who.user));
                Ok(form)
            }
        })
    }

    fn render(
        &self,
        state: &AppState,
        http: &HttpRequest,
        status: StatusCode,
    ) -> Result<HttpResponse, OAuthError> {
        let language = self.known.as_ref().and_then(|user| user.language.as_deref());
        let frame = FormFrame::new(state, http).account_language(language);
        let offer = Offer::to_sign_in(state)?;
        let accounts = &state.settings.accounts;
        let client = self.client.as_ref().map(|client| frame.client_name(client));
        let view = Login {
            shell: frame.shell(),
            csrf_token: &frame.csrf_token,
            interaction: self.destination.request().map(InteractionId::as_str),
            next: self.destination.page().filter(|path| *path != urls::ACCOUNT),
            client: client.as_deref(),
            known: self.known.as_ref().map(html::person),
            username: &self.username,
            reason: self.reason,
            error: self.error.as_ref(),
            offer_unlock: self.offer_unlock && state.settings.mail != Mail::Off,
            can_recover: state.settings.mail != Mail::Off,
            can_register: accounts.registration == Registration::Open,
            passkey: offer
                .as_ref()
                .map(|offer| PasskeyChallenge { options: &offer.options, state: &offer.state }),
        };
        frame.page(status, &view)
    }

    /// The page once more, with what went wrong.
    fn again(
        mut self,
        state: &AppState,
        http: &HttpRequest,
        error: Message,
        status: StatusCode,
    ) -> Result<HttpResponse, OAuthError> {
        self.error = Some(error);
        self.render(state, http, status)
    }
}

/// The page after a passkey that was not accepted.
pub(crate) async fn refuse_passkey(
    state: &AppState,
    http: &HttpRequest,
    params: &Params,
    why: &Message,
) -> Result<HttpResponse, OAuthError> {
    state.metrics.sign_in("wrong");
    match Form::of(state, http, params, state.now()).await? {
        Ok(form) => form.again(state, http, why.clone(), StatusCode::UNPROCESSABLE_ENTITY),
        Err(elsewhere) => Ok(elsewhere),
    }
}

/// `POST /login`.
pub async fn post(state: State, http: HttpRequest, form: FormParams) -> HttpResponse {
    sign_in(&state, &http, form).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn sign_in(
    state: &AppState,
    http: &HttpRequest,
    form: FormParams,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let params = form.0?;
    let checked = csrf::check(state, http, &params);
    let destination = Destination::of(&params);
    let mut client_id = None;
    let mut form = Form::new(destination.clone());
    if let Destination::Request(id) = &destination {
        match pending::read(state, http, Some(id.clone()), now).await? {
            Ok(asked) => {
                client_id = Some(asked.situation.client.id.clone());
                form.client = Some(asked.situation.client);
            }
            Err(elsewhere) => return Ok(elsewhere),
        }
    }
    if let Err(error) = checked {
        vestibule_web::error::log(&RequestId::of(http).0, &error);
        let client = html::name_of_either(state, http, form.client.as_ref());
        let next = destination.url(&state.settings.issuer);
        return Ok(html::stale(state, http, &client, &next));
    }
    params.get("username").unwrap_or_default().trim().clone_into(&mut form.username);
    match attempt::attempt(state, http, &params, &form.username, client_id).await? {
        Attempt::Right(right) => {
            state.metrics.sign_in("ok");
            let proof = right.proof(destination, now);
            let (factors, device) = (&right.factors, right.device.as_ref());
            let answer = sign_in::after_password(state, http, proof, factors, device).await;
            if answer.is_err() {
                charged::forget_later(state, right.watch);
            }
            answer
        }
        Attempt::Wrong => {
            state.metrics.sign_in("wrong");
            tracing::info!(event = "sign_in.wrong");
            form.again(state, http, Message::new("login-wrong"), StatusCode::UNPROCESSABLE_ENTITY)
        }
        Attempt::Locked(refused) => {
            state.metrics.sign_in("locked");
            tracing::info!(event = "sign_in.locked");
            refused.wait(http).await?;
            let seconds = refused.seconds(now);
            form.offer_unlock = true;
            let why = Message::new("login-locked").with("seconds", seconds);
            let page = form.again(state, http, why, StatusCode::TOO_MANY_REQUESTS)?;
            Ok(retry_after(page, seconds))
        }
        Attempt::Busy => {
            state.metrics.sign_in("busy");
            let why = Message::new("login-busy");
            let page = form.again(state, http, why, StatusCode::SERVICE_UNAVAILABLE)?;
            Ok(retry_after(page, 3))
        }
    }
}

fn retry_after(mut page: HttpResponse, seconds: i64) -> HttpResponse {
    page.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    page
}
