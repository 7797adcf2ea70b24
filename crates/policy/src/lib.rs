//! Every decision of the server, as pure functions: values in, a verdict with its reason out.
//!
//! No I/O, no clock, no randomness: `now` is a parameter, rows are handed in. A refusal is an
//! [`OAuthError`](vestibule_model::OAuthError) with a stable code, a public description that names
//! the parameter, and a `detail` with the precise difference, which only the log may show.
//!
//! To add a check to the authorization endpoint: write one small function in the file of its subject
//! below `authorize/` and add one line to the list in `authorize::checked`. To add a grant:
//! one module here, named after it.

pub mod account;
pub mod acr;
pub mod authorization_code;
pub mod authorize;
pub mod bearer;
pub mod claims;
pub mod client_auth;
pub mod client_credentials;
pub mod client_metadata;
pub mod consent;
pub mod explain;
pub mod grant_type;
pub mod guessing;
pub mod initiate_login;
pub mod logout;
pub mod mfa;
mod oxide;
pub mod params;
pub mod password;
pub mod pkce;
pub mod profile;
pub mod prompt;
pub mod rate_limit;
pub mod redirect_uri;
pub mod refresh;
pub mod registration;
pub mod request_object;
#[cfg(test)]
mod samples;
pub mod scope;
pub mod session;
pub mod subject;
pub mod verification;
