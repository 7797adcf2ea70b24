//! UserInfo endpoint (OIDC Core §5.3).

use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value};
use vestibule_model::{
    ErrorCode, OAuthError,
    client::Client,
    grant::Grant,
    scope::{self, ScopeSet},
    user::User,
};
use vestibule_policy::{bearer as policy, claims, mfa, params::Params};
use vestibule_web::{
    AppState, FormParams, State,
    claim_source::{self, Question},
    profile, subject,
};

use crate::{bearer, response_jwt};

/// `GET /userinfo`.
pub async fn get(state: State, http: HttpRequest) -> HttpResponse {
    answer(&state, &http, None).await
}

/// `POST /userinfo`: the token in the header, or in a form (RFC 6750 §2.2).
pub async fn post(state: State, http: HttpRequest, form: FormParams) -> HttpResponse {
    // A POST without a form is right when the header has the token.
    let form = match form.0 {
        Ok(form) => Some(form),
        Err(error) if error.code == ErrorCode::MediaTypeUnsupported => None,
        Err(error) => return bearer::refuse(&state, &http, &error),
    };
    answer(&state, &http, form.as_ref()).await
}

async fn answer(state: &AppState, http: &HttpRequest, form: Option<&Params>) -> HttpResponse {
    match userinfo(state, http, form).await {
        Ok(answer) => answer,
        Err(error) => bearer::refuse(state, http, &error),
    }
}

async fn userinfo(
    state: &AppState,
    http: &HttpRequest,
    form: Option<&Params>,
) -> Result<HttpResponse, OAuthError> {
    let token = bearer::token(http, form)?;
    let live = bearer::live(state, &token, state.now()).await?;
    let granted = live.granted.filter(|_| live.claims.scope.contains(scope::OPENID));
    let (grant, _) = granted.ok_or(ErrorCode::ScopeInsufficient)?;
    let user_id = grant.user_id.clone();
    let user = state.read(move |conn| Ok(vestibule_storage::user::find(conn, &user_id)?)).await?;
    let user = user.filter(|user| user.disabled_at.is_none()).ok_or(ErrorCode::TokenRevoked)?;
    let client = live.client;
    let rules = &state.settings.mfa;
    let needed = mfa::required_of_token(&user, &client, &live.claims.scope, rules);
    policy::require_level(&live.claims, needed)?;
    let user = profile::opened(state, user).await?;
    let mut body = claims::userinfo(&user, &live.claims.scope, &grant.claims);
    body.insert("sub".to_owned(), subject::of(state, &client, &user.id).as_str().into());
    add_external(state, &mut body, &user, &grant, &live.claims.scope).await;
    protected(state, &client, body).await
}

/// Claims of others (§5.6.2). A source that fails leaves the answer as it is: it is somebody else's
/// service, and signing in must not hang on it.
async fn add_external(
    state: &AppState,
    body: &mut Map<String, Value>,
    user: &User,
    grant: &Grant,
    scope: &ScopeSet,
) {
    let Some(source) = &state.claim_source else { return };
    let asked: Vec<_> = grant.claims.userinfo.keys().map(String::as_str).collect();
    let question = Question { user: &user.id, client: &grant.client_id, scope, claims: &asked };
    match source.claims(question).await {
        Ok(externals) => {
            state.metrics.claim_source("ok");
            claim_source::merge(body, externals);
        }
        Err(fault) => {
            state.metrics.claim_source("failed");
            tracing::warn!(event = "claim_source.failed", %fault);
        }
    }
}

/// The answer as the client registered it (§5.3.2): plain JSON, or a JWT that is signed, encrypted,
/// or signed and then encrypted. A signed one says from whom and for whom it is.
async fn protected(
    state: &AppState,
    client: &Client,
    mut body: Map<String, Value>,
) -> Result<HttpResponse, OAuthError> {
    let metadata = &client.metadata;
    let (alg, encryption) = (metadata.userinfo_signed_response_alg, metadata.userinfo_encryption);
    let recipient = response_jwt::recipient(state, client, encryption).await?;
    let content = if let Some(alg) = alg {
        body.insert("iss".to_owned(), state.settings.issuer.as_str().into());
        body.insert("aud".to_owned(), client.id.as_str().into());
        state.ring().sign(alg, "JWT", &body)?
    } else if recipient.is_some() {
        Value::Object(body).to_string()
    } else {
        return Ok(HttpResponse::Ok().json(body));
    };
    let jwt = match recipient {
        Some(recipient) => recipient.encrypt(&content)?,
        None => content,
    };
    Ok(HttpResponse::Ok().content_type("application/jwt").body(jwt))
}
