//! Token endpoint (RFC 6749 §3.2).

pub mod authorization_code;
pub mod client_credentials;
mod misuse;
pub mod refresh_token;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{HeaderValue, PRAGMA},
};
use serde_json::{Map, Value};
use vestibule_model::{
    ErrorCode, OAuthError, ScopeSet, Secret,
    client::{Client, GrantType},
};
use vestibule_policy::params::Params;
use vestibule_web::{FormParams, RequestId, State, json_error};

use crate::{client_auth, issue::Mint};

/// A token request whose form is right. One variant a grant.
#[derive(Debug)]
pub enum TokenRequest {
    /// RFC 6749 §4.1.3, RFC 7636 §4.5.
    AuthorizationCode(authorization_code::Exchange),
    /// RFC 6749 §6.
    RefreshToken(refresh_token::Refresh),
    /// RFC 6749 §4.4.2.
    ClientCredentials {
        /// `scope`.
        scope: Option<ScopeSet>,
    },
}

impl TokenRequest {
    fn parse(params: &Params) -> Result<Self, OAuthError> {
        let required = |name: &str, code: ErrorCode| params.get(name).ok_or(code);
        match required("grant_type", ErrorCode::GrantTypeMissing)? {
            "authorization_code" => Ok(Self::AuthorizationCode(authorization_code::Exchange {
                code: Secret::new(required("code", ErrorCode::CodeMissing)?),
                redirect_uri: params.get("redirect_uri").map(str::to_owned),
                code_verifier: params.get("code_verifier").map(Secret::new),
            })),
            "refresh_token" => Ok(Self::RefreshToken(refresh_token::Refresh {
                token: Secret::new(required("refresh_token", ErrorCode::RefreshTokenMissing)?),
                scope: scope(params)?,
            })),
            "client_credentials" => Ok(Self::ClientCredentials { scope: scope(params)? }),
            other => Err(OAuthError::new(ErrorCode::GrantTypeUnsupported)
                .because(format!("grant_type={other:?}"))),
        }
    }

    const fn grant_type(&self) -> GrantType {
        match self {
            Self::AuthorizationCode(_) => GrantType::AuthorizationCode,
            Self::RefreshToken(_) => GrantType::RefreshToken,
            Self::ClientCredentials { .. } => GrantType::ClientCredentials,
        }
    }
}

fn scope(params: &Params) -> Result<Option<ScopeSet>, OAuthError> {
    let parsed = params.get("scope").map(ScopeSet::parse).transpose();
    parsed.map_err(|fault| OAuthError::new(ErrorCode::ScopeMalformed).because(fault.to_string()))
}

/// `POST /token`.
pub async fn post(
    state: State,
    http: HttpRequest,
    request_id: RequestId,
    form: FormParams,
) -> HttpResponse {
    let (grant_type, outcome) = exchange(&state, &http, &request_id, form).await;
    let label = grant_type.map_or("none", GrantType::as_str);
    let mut response = match outcome {
        Ok(response) => {
            state.metrics.token(label, "ok");
            HttpResponse::Ok().json(response)
        }
        Err(error) => {
            state.metrics.token(label, error.code.wire().as_str());
            json_error(&state, &http, &error)
        }
    };
    // RFC 6749 §5.1 asks for it beside `Cache-Control: no-store`, which every answer has.
    response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

type Answer = Result<Map<String, Value>, OAuthError>;

async fn exchange(
    state: &State,
    http: &HttpRequest,
    request_id: &RequestId,
    form: FormParams,
) -> (Option<GrantType>, Answer) {
    let parsed = form.0.and_then(|params| {
        let request = TokenRequest::parse(&params)?;
        Ok((client_auth::parse(http, &params)?, request))
    });
    let (credentials, request) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return (None, Err(error)),
    };
    let grant_type = request.grant_type();
    let now = state.now();
    let answer = async {
        let client = client_auth::authenticate(state, credentials, now).await?;
        check_grant_type(&client, grant_type)?;
        let ring = state.ring();
        let mint = Mint { state, ring: &ring, now };
        match request {
            TokenRequest::AuthorizationCode(exchange) => {
                exchange.run(&mint, client, request_id).await
            }
            TokenRequest::RefreshToken(refresh) => refresh.run(&mint, client, request_id).await,
            TokenRequest::ClientCredentials { scope } => {
                client_credentials::run(&mint, &client, scope.as_ref()).await
            }
        }
    };
    (Some(grant_type), answer.await)
}

fn check_grant_type(client: &Client, grant_type: GrantType) -> Result<(), OAuthError> {
    if client.may_use(grant_type) {
        return Ok(());
    }
    Err(OAuthError::new(ErrorCode::GrantTypeNotAllowed).because(format!(
        "client {:?} did not register {}",
        client.id.as_str(),
        grant_type.as_str()
    )))
}
