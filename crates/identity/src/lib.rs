//! Accounts without HTTP: how a person proves who they are.

pub mod one_time_code;
pub mod passkey;
pub mod password;
pub mod recovery_code;
#[cfg(feature = "testing")]
pub mod testing;
pub mod totp;
pub mod user_agent;
