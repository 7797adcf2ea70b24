//! `/setup/{token}`: makes the first administrator, once.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Path};
use vestibule_identity::password::PasswordError;
use vestibule_model::{
    ErrorCode, Message, OAuthError, Secret, Timestamp, UserId, audit::AuditEvent,
    entropy::random_id, user::User,
};
use vestibule_pages::{Setup, SetupField, SetupProblem};
use vestibule_policy::{account, params::Params, password::Person};
use vestibule_storage::StorageError;
use vestibule_web::{
    AppState, FormParams, RequestId, State, csrf,
    html::{self, FormFrame},
    page_error, urls,
};

use crate::new_password;

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
    problems: Vec<(SetupField, Message)>,
}

impl Entry {
    async fn check(state: &AppState, params: &Params) -> Result<Self, PasswordError> {
        let text = |name: &str| params.get(name).unwrap_or_default().trim().to_owned();
        let (username, email) = (text("username"), text("email"));
        let chosen = Secret::new(params.get("new_password").unwrap_or_default());
        let person = Person { username: &username, email: &email, name: None };
        let weaknesses = new_password::weaknesses(state, &chosen, &person).await?;
        let of = |field| move |why| (field, why);
        let problems = account::check_username(&username)
            .err()
            .into_iter()
            .map(of(SetupField::Username))
            .chain(account::check_email(&email).err().map(of(SetupField::Email)))
            .chain(weaknesses.into_iter().map(of(SetupField::NewPassword)))
            .collect();
        Ok(Self { username, email, problems })
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
            self.problems.iter().map(|(field, message)| SetupProblem { field: *field, message });
        let view = Setup {
            shell: frame.shell(),
            csrf_token: &frame.csrf_token,
            token: token.expose(),
            username: &self.username,
            email: &self.email,
            password_min: state.password_rules.min,
            password_max: state.password_rules.max,
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
    let checked = Entry::check(state, &params).await;
    let mut entry = checked.map_err(|fault| new_password::fault(&fault))?;
    if !entry.problems.is_empty() {
        return entry.render(state, http, token, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let password = Secret::new(params.get("new_password").unwrap_or_default());
    let hashed = state.passwords.hash(password, state.entropy.as_ref()).await;
    let password_hash = hashed.map_err(|fault| new_password::fault(&fault))?;
    let user = administrator(state, &entry, password_hash, now);
    if let Some(taken) = store(state, token, user, RequestId::of(http).0).await? {
        entry.problems.push(taken);
        return entry.render(state, http, token, StatusCode::UNPROCESSABLE_ENTITY);
    }
    Ok(html::see_other(&format!("{base}{}", urls::LOGIN)))
}

fn administrator(state: &AppState, entry: &Entry, password_hash: String, now: Timestamp) -> User {
    let id = UserId::new(random_id(state.entropy.as_ref()));
    User { is_admin: true, ..User::new(id, &entry.username, &entry.email, password_hash, now) }
}

/// Uses the link and makes the account, both or neither. `Some` names the field that is taken.
async fn store(
    state: &AppState,
    token: &Secret,
    user: User,
    request_id: String,
) -> Result<Option<(SetupField, Message)>, OAuthError> {
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
                &AuditEvent::new(now, "administrator.created", request_id)
                    .of_user(&user.id)
                    .detail("by the set-up link"),
            )?;
            Ok(())
        })
        .await;
    match outcome {
        Ok(()) => Ok(None),
        Err(error) if error.code == ErrorCode::AccountNameTaken => {
            let field =
                if error.detail == "email" { SetupField::Email } else { SetupField::Username };
            Ok(Some((field, Message::new("setup-taken"))))
        }
        Err(error) => Err(error),
    }
}
