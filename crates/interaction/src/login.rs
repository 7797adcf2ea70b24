//! `/login`: user name and password.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::RETRY_AFTER},
};
use vestibule_identity::password::{PasswordError, Verdict};
use vestibule_model::{
    ErrorCode, InteractionId, OAuthError, Secret, SessionId, Timestamp,
    audit::AuditEvent,
    browser_session::BrowserSession,
    entropy::{random_id, random_secret},
    user::User,
};
use vestibule_pages::{Login, LoginReason};
use vestibule_policy::{
    acr,
    params::Params,
    prompt::{LoginReason as Why, Step},
};
use vestibule_storage::Conn;
use vestibule_web::{
    AppState, FormParams, QueryParams, RequestId, State,
    asked::Asked,
    browser, cookies, csrf,
    html::{self, FormFrame},
    page_error, urls,
};

use crate::pending;

/// Longer than any password we accept: the rest is not worth hashing.
const MAX_PASSWORD: usize = 1_024;

/// `GET /login`.
pub async fn get(state: State, http: HttpRequest, query: QueryParams) -> HttpResponse {
    show(&state, &http, query.0).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn show(
    state: &AppState,
    http: &HttpRequest,
    query: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let Some(id) = pending::id(&query?) else {
        // A bookmarked login page belongs to no request; whoever is signed in wants the account.
        if signed_in(state, http, now).await? {
            return Ok(html::see_other(&account(state)));
        }
        return Form::default().render(state, http, StatusCode::OK);
    };
    let asked = match pending::read(state, http, Some(id), now).await? {
        Ok(asked) => asked,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let mut form = Form::of(&asked);
    match asked.next(state, now) {
        Step::Login { reason } => {
            form.reason = reason_shown(reason, asked.interaction.request.max_age);
            if let Some(who) = asked.situation.who.filter(|_| form.username.is_empty()) {
                form.username = who.user.username;
            }
        }
        // "Another account" leads here while somebody is signed in.
        Step::SelectAccount => {}
        _ => {
            return Ok(html::see_other(&urls::resume(
                &state.settings.issuer,
                &asked.interaction.id,
            )));
        }
    }
    form.render(state, http, StatusCode::OK)
}

const fn reason_shown(reason: Why, max_age: Option<i64>) -> Option<LoginReason> {
    match (reason, max_age) {
        (Why::NoSession, _) => None,
        (Why::TooOld, Some(seconds)) => Some(LoginReason::TooLongAgo(seconds)),
        (Why::PromptLogin | Why::TooOld, _) => Some(LoginReason::Asked),
        (Why::OtherSubject, _) => Some(LoginReason::OtherAccount),
    }
}

fn account(state: &AppState) -> String {
    format!("{}{}", state.settings.issuer.path(), urls::ACCOUNT)
}

async fn signed_in(
    state: &AppState,
    http: &HttpRequest,
    now: Timestamp,
) -> Result<bool, OAuthError> {
    let Some(hash) = browser::session_hash(http) else { return Ok(false) };
    let lifetimes = state.settings.lifetimes.clone();
    let who =
        state.read(move |conn| browser::signed_in(conn, Some(&hash), &lifetimes, now)).await?;
    Ok(who.is_some())
}

/// The page's own values.
#[derive(Default)]
struct Form {
    interaction: Option<InteractionId>,
    client: Option<String>,
    username: String,
    reason: Option<LoginReason>,
    error: Option<&'static str>,
}

impl Form {
    fn of(asked: &Asked) -> Self {
        Self {
            interaction: Some(asked.interaction.id.clone()),
            client: Some(asked.situation.client.display_name().to_owned()),
            username: asked.interaction.request.login_hint.clone().unwrap_or_default(),
            ..Self::default()
        }
    }

    fn render(
        &self,
        state: &AppState,
        http: &HttpRequest,
        status: StatusCode,
    ) -> Result<HttpResponse, OAuthError> {
        let frame = FormFrame::new(state, http);
        let view = Login {
            shell: frame.shell(),
            csrf_token: &frame.csrf_token,
            interaction: self.interaction.as_ref().map(InteractionId::as_str),
            client: self.client.as_deref(),
            username: &self.username,
            reason: self.reason,
            error: self.error,
        };
        frame.page(status, &view)
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
    let interaction = pending::id(&params);
    let checked = csrf::check(state, http, &params);
    let mut form = match &interaction {
        None => Form::default(),
        Some(id) => match pending::read(state, http, Some(id.clone()), now).await? {
            Ok(asked) => Form::of(&asked),
            Err(elsewhere) => return Ok(elsewhere),
        },
    };
    let issuer = &state.settings.issuer;
    let next = interaction.as_ref().map_or_else(|| account(state), |id| urls::resume(issuer, id));
    if let Err(error) = checked {
        vestibule_web::error::log(&RequestId::of(http).0, &error);
        let client = form.client.as_deref().unwrap_or(&state.settings.display_name);
        return Ok(html::stale(state, http, client, &next));
    }
    params.get("username").unwrap_or_default().trim().clone_into(&mut form.username);
    match attempt(state, &params, &form.username).await? {
        Attempt::Right { user, rehashed } => {
            state.metrics.sign_in("ok");
            let entry =
                SignIn { user, rehashed, interaction, now, request_id: RequestId::of(http).0 };
            entry.begin_session(state, http, &next).await
        }
        Attempt::Wrong => {
            state.metrics.sign_in("wrong");
            tracing::info!(event = "sign_in.wrong");
            form.error = Some("That user name and password don’t match.");
            form.render(state, http, StatusCode::UNPROCESSABLE_ENTITY)
        }
        Attempt::Busy => {
            state.metrics.sign_in("busy");
            form.error =
                Some("Many people are signing in right now. Wait a few seconds, then try again.");
            let mut page = form.render(state, http, StatusCode::SERVICE_UNAVAILABLE)?;
            let soon = actix_web::http::header::HeaderValue::from_static("3");
            page.headers_mut().insert(RETRY_AFTER, soon);
            Ok(page)
        }
    }
}

enum Attempt {
    Right { user: Box<User>, rehashed: Option<String> },
    Wrong,
    Busy,
}

/// The same work and the same answer, whether or not the account exists.
async fn attempt(state: &AppState, params: &Params, username: &str) -> Result<Attempt, OAuthError> {
    let typed = params.get("password").unwrap_or_default();
    let password = Secret::new(if typed.len() > MAX_PASSWORD { "" } else { typed });
    let name = username.to_owned();
    let found = state
        .read(move |conn| Ok(vestibule_storage::user::find_by_login(conn, &name)?))
        .await?
        .filter(|user| user.disabled_at.is_none());
    let stored = found.as_ref().map(|user| user.password_hash.clone());
    let verdict = state.passwords.verify(password, stored, state.entropy.as_ref()).await;
    match (verdict, found) {
        (Ok(Verdict::Right), Some(user)) => {
            Ok(Attempt::Right { user: Box::new(user), rehashed: None })
        }
        (Ok(Verdict::RightButOutdated { rehashed }), Some(user)) => {
            Ok(Attempt::Right { user: Box::new(user), rehashed: Some(rehashed) })
        }
        (Ok(_), _) => Ok(Attempt::Wrong),
        (Err(PasswordError::Busy), _) => Ok(Attempt::Busy),
        (Err(fault), _) => Err(OAuthError::new(ErrorCode::Internal).because(fault.to_string())),
    }
}

/// A password that was right, about to become a session.
struct SignIn {
    user: Box<User>,
    rehashed: Option<String>,
    interaction: Option<InteractionId>,
    now: Timestamp,
    request_id: String,
}

impl SignIn {
    async fn begin_session(
        self,
        state: &AppState,
        http: &HttpRequest,
        next: &str,
    ) -> Result<HttpResponse, OAuthError> {
        let secret = random_secret(state.entropy.as_ref());
        let lifetimes = &state.settings.lifetimes;
        let session = BrowserSession {
            id: SessionId::new(random_id(state.entropy.as_ref())),
            token_hash: secret.token_hash(),
            user_id: self.user.id.clone(),
            auth_time: self.now,
            amr: vec!["pwd".to_owned()],
            acr: acr::PASSWORD.to_owned(),
            created_at: self.now,
            last_seen_at: self.now,
            expires_at: self.now.plus(lifetimes.session_absolute),
        };
        let old = browser::session_hash(http);
        state.write(move |conn| self.store(conn, session, old.as_ref())).await?;
        let mut response = html::see_other(next);
        let cookie = cookies::set_session(&secret);
        response
            .add_cookie(&cookie)
            .map_err(|fault| OAuthError::new(ErrorCode::Internal).because(fault.to_string()))?;
        Ok(response)
    }

    /// Whoever signs in gets a new cookie, so that one planted before is worth nothing (session
    /// fixation). The same person goes on with the same `sid`; another person's session ends.
    fn store(
        self,
        conn: &mut Conn,
        mut session: BrowserSession,
        old: Option<&vestibule_model::TokenHash>,
    ) -> Result<(), OAuthError> {
        let old = match old {
            Some(hash) => vestibule_storage::browser_session::find(conn, hash)?,
            None => None,
        };
        match old {
            Some(old) if old.user_id == session.user_id && self.now < old.expires_at => {
                session.id = old.id;
                session.created_at = old.created_at;
                vestibule_storage::browser_session::renew(conn, &session)?;
            }
            old => {
                if let Some(old) = old {
                    vestibule_storage::grant::revoke_online_of_session(conn, &old.id, self.now)?;
                    vestibule_storage::browser_session::end(conn, &old.id)?;
                }
                vestibule_storage::browser_session::insert(conn, &session)?;
            }
        }
        if let Some(rehashed) = &self.rehashed {
            let user = &self.user;
            vestibule_storage::user::replace_password_hash(
                conn,
                &user.id,
                &user.password_hash,
                rehashed,
            )?;
        }
        if let Some(id) = &self.interaction
            && let Some(mut interaction) = vestibule_storage::interaction::find(conn, id)?
        {
            interaction.progress.signed_in = Some(session.id.clone());
            interaction.progress.denied = false;
            vestibule_storage::interaction::save_progress(conn, id, &interaction.progress)?;
        }
        vestibule_storage::audit::insert(
            conn,
            &AuditEvent {
                at: self.now,
                event: "sign_in.ok",
                user_id: Some(self.user.id),
                client_id: None,
                request_id: self.request_id,
                detail: format!("session {}", session.id),
            },
        )?;
        Ok(())
    }
}
