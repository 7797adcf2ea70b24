//! Every endpoint over HTTP, one file a specification or subject, on both databases.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test that cannot go on has to fail"
)]

mod assertion;
mod authorize;
mod client_auth;
mod client_credentials;
mod consent;
mod cors;
mod csrf;
mod discovery;
mod end_session;
mod error_pages;
mod flow;
mod headers;
mod interaction;
mod introspect;
mod jwks;
mod login;
mod pkce;
mod prompt;
mod redirect_uri;
mod refresh;
mod revoke;
mod robustness;
mod setup;
mod token;
mod userinfo;
