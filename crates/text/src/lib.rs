//! Every sentence that a person reads, on pages and in mails, in every language.
//!
//! The sentences are Fluent messages in `templates/locales/{lang}/{area}.ftl`, embedded and parsed
//! once. The tests of this crate hold that all languages have the same ones with the same blanks,
//! and that each is used. `docs/development/languages.md` says how to add a sentence or a language.

mod catalogue;
mod choose;
mod lang;
mod time;

pub use catalogue::{format, message, text};
pub use choose::{Wishes, choose};
pub use lang::Lang;
pub use time::{calendar_day, day, moment, span};
