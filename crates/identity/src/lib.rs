//! Accounts without HTTP: how a person proves who they are.

pub mod password;
