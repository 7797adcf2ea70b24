//! Every page Vestibule shows, as a typed view over a template in `templates/`.
//!
//! A view is a struct of plain fields that borrow; [`View::render`] makes its HTML. Nothing here
//! knows HTTP: the caller sets status and headers. Templates escape every field, carry no inline
//! script or style, and work without JavaScript, so the strict policy
//! `default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'`
//! fits every page except [`FormPost`]. That one must go out without `form-action`: Chromium holds
//! the whole chain of redirects after a post to it, and clients redirect from their callback.
//!
//! # Addresses
//! Fields that end up in `href`, `action` or a refresh are written through [`link::safe`], which
//! drops `javascript:`, `data:` and their kin. That is the second line of defence: the handler
//! must hand over only addresses that `policy::redirect_uri` has checked.

pub mod assets;
mod date;
pub mod link;
mod permission;
mod person;
pub mod samples;
mod shell;
mod views;

pub use askama::{Error as RenderError, Template as View};
pub use link::Destination;
pub use person::Person;
pub use shell::Shell;
pub use views::{
    account::AccountPage,
    consent::Consent,
    error::{ErrorPage, Stale},
    error_reference::{ErrorIndex, ErrorReference},
    home::Home,
    leaving::{FormPost, Returning},
    login::{Login, LoginReason},
    logout::{LogoutConfirm, SignedOut},
    select_account::SelectAccount,
    setup::{Setup, SetupField, SetupProblem},
};
