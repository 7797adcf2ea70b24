//! The endpoints that machines call, and `/authorize`.
//!
//! One file an endpoint or grant, named after its specification's term. Adding a grant: one file
//! in `token/`, one arm in `token::TokenRequest`, one file in `acceptance/tests/http/`.

pub mod authorize;
pub mod bearer;
pub mod cached;
pub mod check_session;
pub mod client_auth;
pub mod discovery;
pub mod end_session;
pub mod introspect;
pub mod issue;
pub mod jwks;
pub mod logout_token;
pub mod register;
pub mod response_jwt;
pub mod revoke;
pub mod token;
pub mod userinfo;
pub mod webfinger;

use actix_web::web;
use vestibule_web::urls;

/// Registers endpoints: address, and the handler of each method. Each is a resource, for only a
/// resource answers another method by 405 (RFC 9110 §15.5.6). Whose scripts may call it from another
/// origin is in `web::cors`.
macro_rules! endpoints {
    ($config:ident: $($path:expr => { $($method:ident $handler:path),+ })+) => {
        $(
            $config.service(web::resource($path)$(.route(web::$method().to($handler)))+);
        )+
    };
}

/// Registers every endpoint of this crate.
pub fn routes(config: &mut web::ServiceConfig) {
    let one_client = format!("{}/{{id}}", urls::CLIENT_REGISTRATION);
    endpoints! { config:
        urls::AUTHORIZE => { get authorize::get, post authorize::post }
        "/authorize/resume/{id}" => { get authorize::resume::get }
        "/authorize/restart/{id}" => { get authorize::restart::get }
        urls::TOKEN => { post token::post }
        urls::REVOKE => { post revoke::post }
        urls::INTROSPECT => { post introspect::post }
        urls::USERINFO => { get userinfo::get, post userinfo::post }
        urls::CLIENT_REGISTRATION => { post register::post }
        one_client => {
            get register::manage::get, put register::manage::put, delete register::manage::delete
        }
        urls::JWKS => { get jwks::get }
        urls::OPENID_CONFIGURATION => { get discovery::get }
        urls::OAUTH_METADATA => { get discovery::get }
        urls::CHECK_SESSION => { get check_session::get }
        urls::END_SESSION => { get end_session::get, post end_session::post }
    }
}

/// Registers what stands at the root of the host, whatever the issuer's `path` (empty, or starting
/// with `/`): WebFinger (RFC 7033 §4), and discovery with the well-known part before the path (RFC
/// 8414 §3.1; §5 says so for either document).
pub fn host_routes(config: &mut web::ServiceConfig, path: &str) {
    endpoints! { config: urls::WEBFINGER => { get webfinger::get } }
    if !path.is_empty() {
        endpoints! { config:
            format!("{}{path}", urls::OPENID_CONFIGURATION) => { get discovery::get }
            format!("{}{path}", urls::OAUTH_METADATA) => { get discovery::get }
        }
    }
}
