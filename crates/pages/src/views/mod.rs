//! The views, one file for each page or pair of pages.

pub(crate) mod account;
pub(crate) mod consent;
pub(crate) mod enrol;
pub(crate) mod error;
pub(crate) mod error_reference;
pub(crate) mod factors;
pub(crate) mod home;
pub(crate) mod leaving;
pub(crate) mod links;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod mail;
pub(crate) mod mailbox;
pub(crate) mod playground;
pub(crate) mod recover;
pub(crate) mod register;
pub(crate) mod select_account;
pub(crate) mod setup;
pub(crate) mod terms;
pub(crate) mod verify;
