//! The actix kit that the handler crates share: state, extractors, renderers, headers.
//!
//! Nothing here decides what a client or a person may do; that is `vestibule-policy`.

pub mod admission;
pub mod asked;
pub mod body;
pub mod browser;
pub mod claim_source;
pub mod client_ip;
pub mod client_keys;
pub mod client_logos;
pub mod client_shown;
pub mod cookies;
pub mod cors;
pub mod csrf;
pub mod data_export;
pub mod error;
pub mod fallback;
pub mod form;
pub mod guessing;
pub mod headers;
pub mod host;
pub mod html;
pub mod invitation;
pub mod json;
pub mod key_holder;
pub mod language;
pub mod logout;
pub mod mail;
pub mod metrics;
pub mod profile;
pub mod rate_limit;
pub mod request;
pub mod request_objects;
pub mod sealed;
pub mod session_state;
pub mod standing;
pub mod state;
pub mod subject;
pub mod token_view;
pub mod urls;
pub mod visitor;

pub use error::{json_error, page_error};
pub use form::{FormParams, QueryParams};
pub use json::JsonObject;
pub use request::RequestId;
pub use state::{AppState, State};
