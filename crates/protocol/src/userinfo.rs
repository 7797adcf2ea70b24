//! UserInfo endpoint (OIDC Core §5.3).

use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value};
use vestibule_model::{ErrorCode, OAuthError, scope};
use vestibule_policy::{bearer as policy, claims, mfa, params::Params};
use vestibule_web::{AppState, FormParams, State, profile};

use crate::bearer;

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
        Ok(body) => HttpResponse::Ok().json(body),
        Err(error) => bearer::refuse(state, http, &error),
    }
}

async fn userinfo(
    state: &AppState,
    http: &HttpRequest,
    form: Option<&Params>,
) -> Result<Map<String, Value>, OAuthError> {
    let token = bearer::token(http, form)?;
    let live = bearer::live(state, &token, state.now()).await?;
    let grant = live.grant.filter(|_| live.claims.scope.contains(scope::OPENID));
    let grant = grant.ok_or(ErrorCode::ScopeInsufficient)?;
    let user_id = grant.user_id.clone();
    let client_id = grant.client_id.clone();
    let (user, client) = state
        .read(move |conn| {
            let user = vestibule_storage::user::find(conn, &user_id)?;
            Ok((user, vestibule_storage::client::find(conn, &client_id)?))
        })
        .await?;
    let user = user.filter(|user| user.disabled_at.is_none()).ok_or(ErrorCode::TokenRevoked)?;
    let client = client.ok_or(ErrorCode::TokenRevoked)?;
    let rules = &state.settings.mfa;
    let needed = mfa::required_of_token(&user, &client, &live.claims.scope, rules);
    policy::require_level(&live.claims, needed)?;
    let user = profile::opened(state, user).await?;
    let mut body = claims::userinfo(&user, &live.claims.scope, &grant.claims);
    body.insert("sub".to_owned(), user.id.as_str().into());
    Ok(body)
}
