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
mod blank;
mod date;
pub mod link;
mod permission;
mod person;
pub mod qr;
pub mod samples;
mod shell;
mod views;

pub use askama::{Error as RenderError, Template as View};
pub use blank::{Blank, Filling, When};
pub use link::{Destination, WebLink};
pub use person::Person;
pub(crate) use shell::ROOMS;
pub use shell::Shell;
pub use views::{
    account::{
        activity::{ACTIVITY, ActivityPage, ActivityRow},
        apps::{AnswerRow, AppRow, AppsPage},
        data::{DataPage, Kept},
        email::{EmailPage, PendingEmail},
        overview::{AccountPage, WaysIn},
        password::PasswordPage,
        profile::ProfilePage,
        sessions::{DeviceRow, Place, SessionRow, SessionsPage},
    },
    consent::Consent,
    enrol::{Enrol, RecoveryCodes, TotpSetup},
    error::{ErrorPage, Stale},
    error_reference::{ErrorIndex, ErrorReference},
    factors::{FactorRow, MfaPage, PasskeysPage, TotpPage},
    home::Home,
    leaving::{FormPost, Returning},
    links::{LinkConfirm, LinkKind, Notice, NoticeKind, PasswordAsked, Way},
    login::{Login, LoginReason},
    logout::{LogoutConfirm, SignedOut},
    mail::{Mail, MailFactor, MailFrame, MailWords},
    mailbox::{Mailbox, MailboxMail, MailboxRow},
    playground::{
        Playground, PlaygroundChoice, PlaygroundField, PlaygroundMark, PlaygroundRefusal,
        PlaygroundRequest, PlaygroundRow, PlaygroundSpec,
        answer::{PlaygroundAnswer, PlaygroundExchange},
        check::{PlaygroundCheck, PlaygroundVerdict},
        token::{PlaygroundFinding, PlaygroundMember, PlaygroundToken, PlaygroundTokens},
    },
    recover::{FindAccount, FindPurpose, RecoverPassword},
    register::{
        CodePurpose, EmailCode, FieldProblem, MailCode, OnwardFields, Register, RulesShown,
        TermsBox,
    },
    select_account::{OtherAccount, SelectAccount},
    setup::{Setup, SetupField, SetupProblem},
    terms::TermsPage,
    verify::{PasskeyChallenge, SentMail, Verify, VerifyMethod},
};
