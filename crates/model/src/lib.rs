//! The nouns of Vestibule: values with no I/O, no clock and no framework.
//!
//! Everything here is plain data with the rules that make a value valid. Decisions live in
//! `vestibule-policy`, rows in `vestibule-storage`, wire forms in the handler crates.

pub mod audit;
pub mod browser_session;
pub mod claims;
pub mod client;
pub mod entropy;
pub mod error;
pub mod error_code;
pub mod grant;
pub mod id;
pub mod interaction;
pub mod scope;
pub mod secret;
pub mod settings;
pub mod signing_key;
pub mod time;
pub mod user;

pub use entropy::Entropy;
pub use error::OAuthError;
pub use error_code::{ErrorCode, WireError};
pub use id::{ClientId, GrantId, InteractionId, SessionId, UserId};
pub use scope::ScopeSet;
pub use secret::{Secret, TokenHash};
pub use time::{Clock, Timestamp};
