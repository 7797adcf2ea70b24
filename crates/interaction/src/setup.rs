//! `/setup/{token}`: makes the first administrator, once.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Path};
use vestibule_model::{
    ErrorCode, OAuthError, Secret, Timestamp, UserId,
    audit::AuditEvent,
    entropy::random_id,
    user::{Profile, User},
};
use vestibule_pages::{Setup, SetupField, SetupProblem};
use vestibule_policy::{account, params::Params};
use vestibule_storage::StorageError;
use vestibule_web::{
    AppState, FormParams, RequestId, State, csrf,
    html::{self, FormFrame},
    page_error, urls,
};

/// `GET /setup/{token}`: shows the form; only sending it uses the link up.
pub async fn get(state: State, http: HttpRequest, token: Path<String>) -> HttpResponse {
    let token = Secret::new(token.into_inner());
    show(&state, &http, &token).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn show(
    state: &AppState,
    http: &HttpRequest,
    token: &Secret,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let hash = token.token_hash();
    let open = state
        .read(move |conn| Ok(vestibule_storage::setup_link::is_open(conn, &hash, now)?))
        .await?;
    if !open {
        return Err(ErrorCode::SetupLinkInvalid.into());
    }
    Entry::default().render(state, http, token, StatusCode::OK)
}

/// What was typed, and what is wrong with it.
#[derive(Default)]
struct Entry {
    username: String,
    email: String,
    problems: Vec<(SetupField, &'static str)>,
}

impl Entry {
    fn check(params: &Params) -> Self {
        let text = |name: &str| params.get(name).unwrap_or_default().trim().to_owned();
        let (username, email) = (text("username"), text("email"));
        let password = params.get("new_password").unwrap_or_default();
        let checks = [
            (SetupField::Username, account::check_username(&username)),
            (SetupField::Email, account::check_email(&email)),
            (SetupField::NewPassword, account::check_password(password)),
        ];
        let problems = checks
            .into_iter()
            .filter_map(|(field, verdict)| verdict.err().map(|why| (field, why)))
            .collect();
        Self { username, email, problems }
    }

    fn render(
        &self,
        state: &AppState,
        http: &HttpRequest,
        token: &Secret,
        status: StatusCode,
    ) -> Result<HttpResponse, OAuthError> {
        let frame = FormFrame::new(state, http);
        let problems =
            self.problems.iter().map(|(field, sentence)| SetupProblem { field: *field, sentence });
        let view = Setup {
            shell: frame.shell(),
            csrf_token: &frame.csrf_token,
            token: token.expose(),
            username: &self.username,
            email: &self.email,
            password_min: account::PASSWORD_MIN,
            password_max: account::PASSWORD_MAX,
            problems: problems.collect(),
        };
        frame.page(status, &view)
    }
}

/// `POST /setup/{token}`.
pub async fn post(
    state: State,
    http: HttpRequest,
    token: Path<String>,
    form: FormParams,
) -> HttpResponse {
    let token = Secret::new(token.into_inner());
    let outcome = create(&state, &http, &token, form.0).await;
    outcome.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn create(
    state: &AppState,
    http: &HttpRequest,
    token: &Secret,
    form: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let params = form?;
    let base = state.settings.issuer.path();
    if csrf::check(state, http, &params).is_err() {
        let again = format!("{base}/setup/{}", token.expose());
        return Ok(html::stale(state, http, &state.settings.display_name, &again));
    }
    let mut entry = Entry::check(&params);
    if !entry.problems.is_empty() {
        return entry.render(state, http, token, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let password = Secret::new(params.get("new_password").unwrap_or_default());
    let hashed = state.passwords.hash(password, state.entropy.as_ref()).await;
    let password_hash = hashed
        .map_err(|fault| OAuthError::new(ErrorCode::Overloaded).because(fault.to_string()))?;
    let user = administrator(state, &entry, password_hash, now);
    if let Some(taken) = store(state, token, user, RequestId::of(http).0).await? {
        entry.problems.push(taken);
        return entry.render(state, http, token, StatusCode::UNPROCESSABLE_ENTITY);
    }
    Ok(html::see_other(&format!("{base}{}", urls::LOGIN)))
}

fn administrator(state: &AppState, entry: &Entry, password_hash: String, now: Timestamp) -> User {
    User {
        id: UserId::new(random_id(state.entropy.as_ref())),
        username: entry.username.clone(),
        email: entry.email.clone(),
        email_verified: false,
        password_hash,
        is_admin: true,
        profile: Profile::default(),
        created_at: now,
        updated_at: now,
        disabled_at: None,
    }
}

/// Uses the link and makes the account, both or neither. `Some` names the field that is taken.
async fn store(
    state: &AppState,
    token: &Secret,
    user: User,
    request_id: String,
) -> Result<Option<(SetupField, &'static str)>, OAuthError> {
    let hash = token.token_hash();
    let now = user.created_at;
    let outcome = state
        .write(move |conn| {
            // Somebody may have become administrator by the command line meanwhile.
            if vestibule_storage::user::has_admin(conn)?
                || !vestibule_storage::setup_link::consume(conn, &hash, now)?
            {
                return Err(ErrorCode::SetupLinkInvalid.into());
            }
            vestibule_storage::user::insert(conn, &user).map_err(|fault| match fault {
                StorageError::Duplicate { what } => {
                    OAuthError::new(ErrorCode::AccountNameTaken).because(what)
                }
                fault => fault.into(),
            })?;
            vestibule_storage::audit::insert(
                conn,
                &AuditEvent {
                    at: now,
                    event: "administrator.created",
                    user_id: Some(user.id),
                    client_id: None,
                    request_id,
                    detail: "by the set-up link".to_owned(),
                },
            )?;
            Ok(())
        })
        .await;
    match outcome {
        Ok(()) => Ok(None),
        Err(error) if error.code == ErrorCode::AccountNameTaken => {
            let field =
                if error.detail == "email" { SetupField::Email } else { SetupField::Username };
            Ok(Some((field, "This is taken already. Choose another.")))
        }
        Err(error) => Err(error),
    }
}
