//! The views, one file for each page or pair of pages.

pub(crate) mod account;
pub(crate) mod consent;
pub(crate) mod error;
pub(crate) mod error_reference;
pub(crate) mod home;
pub(crate) mod leaving;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod select_account;
pub(crate) mod setup;
