//! Every endpoint over HTTP, one file a specification or subject, on both databases.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test that cannot go on has to fail"
)]

mod account_activity;
mod account_apps;
mod account_data;
mod account_email;
mod account_gate;
mod account_overview;
mod account_password;
mod account_profile;
mod account_sessions;
mod assertion;
mod authorize;
mod chooser;
mod client_auth;
mod client_credentials;
mod consent;
mod cors;
mod csrf;
mod discovery;
mod email_change;
mod end_session;
mod enrol;
mod error_pages;
mod flow;
mod freeze;
mod half_signed_in;
mod headers;
mod instances;
mod interaction;
mod introspect;
mod jwks;
mod language;
mod lockout;
mod login;
mod mail;
mod mfa;
mod passkey;
mod pkce;
mod prompt;
mod recover;
mod redirect_uri;
mod refresh;
mod register;
mod revoke;
mod robustness;
mod setup;
mod terms;
mod token;
mod unlock;
mod userinfo;
