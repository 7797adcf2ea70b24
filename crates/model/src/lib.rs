//! The nouns of Vestibule: values with no I/O, no clock and no framework.
//!
//! Everything here is plain data with the rules that make a value valid. Decisions live in
//! `vestibule-policy`, rows in `vestibule-storage`, wire forms in the handler crates.

pub mod audit;
pub mod browser_session;
pub mod claims;
pub mod client;
pub mod device;
pub mod encryption_key;
pub mod entropy;
pub mod error;
pub mod error_code;
pub mod factor;
pub mod grant;
pub mod guess;
pub mod id;
pub mod initial_access_token;
pub mod interaction;
pub mod jose;
pub mod logout;
pub mod mail;
pub mod message;
pub mod response_type;
pub mod scope;
pub mod sealed;
pub mod secret;
pub mod settings;
pub mod sign_in;
pub mod signing_key;
pub mod time;
pub mod user;
pub mod verification;

pub use entropy::Entropy;
pub use error::OAuthError;
pub use error_code::{ErrorCode, WireError};
pub use id::{ClientId, DeviceId, GrantId, InteractionId, SessionId, SignInId, Subject, UserId};
pub use message::Message;
pub use response_type::ResponseType;
pub use scope::ScopeSet;
pub use secret::{Secret, TokenHash};
pub use time::{Clock, Timestamp};
