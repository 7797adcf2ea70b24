//! Mails on their way out: the one crate that speaks SMTP, and the home of `lettre`.
//!
//! [`Smtp`] sends a [`MailMessage`](vestibule_model::mail::MailMessage) once. Whether and when it is
//! tried again is for the outbox: [`backoff::next`] says when.
//!
//! # Encryption
//! `smtps://` speaks TLS from the first byte (RFC 8314 §3.3). `smtp://` asks the server for
//! `STARTTLS` and goes no further without (RFC 3207, RFC 8314 §4.1), unless the server is on this
//! very machine or the address says `?tls=none`; `?tls=starttls` asks for it on this machine too.
//! Certificates are checked against those that the system trusts. TLS is the OpenSSL that is in
//! this process anyway, and not one of lettre's own: one library less, and the way to `STARTTLS` is
//! ours, which takes nothing that was said in the clear for an answer.
//!
//! # Privacy
//! No error holds an address or content: what a server answers is kept as its code only.

pub mod backoff;
mod connect;
mod error;
mod letter;
mod settings;
mod smtp;
#[cfg(feature = "testing")]
pub mod testing;

pub use error::{MailError, SendError};
pub use settings::SmtpSettings;
pub use smtp::Smtp;
