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
mod authorize_property;
mod backchannel_logout;
mod chooser;
mod client_auth;
mod client_credentials;
mod client_keys;
mod client_logo;
mod consent;
mod cors;
mod csrf;
mod discovery;
mod email_change;
mod end_session;
mod enrol;
mod error_answers;
mod error_pages;
mod external_claims;
mod flow;
mod freeze;
mod frontchannel_logout;
mod half_signed_in;
mod headers;
mod id_token_hint;
mod initiate_login;
mod instances;
mod interaction;
mod introspect;
mod jwks;
mod language;
mod lockout;
mod login;
mod mail;
mod mfa;
mod oidc;
mod oidc_requests;
mod overload;
mod passkey;
mod pkce;
mod playground;
mod prompt;
mod rate_limits;
mod recover;
mod redirect_uri;
mod refresh;
mod register;
mod registration;
mod registration_door;
mod registration_management;
mod request_object;
mod request_uri;
mod response_types;
mod revoke;
mod robustness;
mod session_management;
mod setup;
mod shared_cache;
mod terms;
mod token;
mod unlock;
mod upgrade;
mod userinfo;
mod userinfo_jwt;
mod webfinger;
