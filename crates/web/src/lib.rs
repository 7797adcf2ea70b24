//! The actix kit that the handler crates share: state, extractors, renderers, headers.
//!
//! Nothing here decides what a client or a person may do; that is `vestibule-policy`.

pub mod asked;
pub mod browser;
pub mod client_ip;
pub mod cookies;
pub mod cors;
pub mod csrf;
pub mod error;
pub mod fallback;
pub mod form;
pub mod headers;
pub mod html;
pub mod key_holder;
pub mod logout;
pub mod metrics;
pub mod request;
pub mod state;
pub mod urls;

pub use error::{json_error, page_error};
pub use form::{FormParams, QueryParams};
pub use request::RequestId;
pub use state::{AppState, State};
