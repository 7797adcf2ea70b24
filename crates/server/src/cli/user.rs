//! `vestibule user …`. Works beside a running server, which sees every change at once.

mod access;
mod create;
mod erase;
mod export;
mod list;

use clap::Subcommand;
use serde_json::{Value, json};
use vestibule_model::UserId;
use vestibule_model::user::User;
use vestibule_storage::StorageError;

use super::output::Output;
use crate::config::Config;
use crate::fault::Fault;
use crate::premises::Premises;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make an account.
    Create(Box<create::NewUser>),
    /// List the accounts.
    List,
    /// Close an account: nobody can sign in to it, and all its sessions and apps end.
    Lock(Who),
    /// Open an account that was locked, by hand or by wrong passwords.
    Unlock(Who),
    /// Take every second factor, passkey and trusted device from an account, for somebody who lost
    /// them. All its sessions and apps end.
    ResetMfa(Who),
    /// Write everything that is kept about a person, as JSON.
    Export(export::Export),
    /// Erase an account and all personal data of its owner, now and for good.
    Erase(erase::Erase),
}

/// The account that a command is about.
#[derive(Debug, clap::Args)]
pub(super) struct Who {
    /// User name, mail address or sub.
    // A sub may well start with a hyphen.
    #[arg(value_name = "USER", allow_hyphen_values = true)]
    user: String,
}

pub(super) fn run(command: Command, config: Config, output: &mut Output) -> Result<(), Fault> {
    match command {
        Command::Create(new) => create::run(*new, config, output),
        Command::List => list::run(&Premises::open(config)?, output),
        Command::Lock(who) => access::lock(&who, &Premises::open(config)?, output),
        Command::Unlock(who) => access::unlock(&who, &Premises::open(config)?, output),
        Command::ResetMfa(who) => access::reset_mfa(&who, &Premises::open(config)?, output),
        Command::Export(export) => export::run(&export, &Premises::open(config)?, output),
        Command::Erase(erase) => erase::run(&erase, &Premises::open(config)?, output),
    }
}

impl Who {
    /// The account meant. A user name can look like another account's sub, so a text that means two
    /// accounts means neither.
    fn find(&self, premises: &Premises) -> Result<User, Fault> {
        let text = self.user.clone();
        let found = premises.db.read(move |conn| {
            let by_login = vestibule_storage::user::find_by_login(conn, &text)?;
            let by_sub = vestibule_storage::user::find(conn, &UserId::new(text))?;
            Ok::<_, StorageError>((by_login, by_sub))
        });
        match found.wait()? {
            (Some(one), Some(other)) if one.id != other.id => Err(Fault::refused(format!(
                "{} is one account's user name and another's sub; name it by its mail address",
                self.user
            ))),
            (Some(user), _) | (None, Some(user)) => Ok(user),
            (None, None) => Err(Fault::refused(format!(
                "there is no account {}; `vestibule user list` shows them all",
                self.user
            ))),
        }
    }
}

/// Where an account stands, in a word.
fn standing(user: &User) -> &'static str {
    if user.disabled_at.is_some() {
        "locked"
    } else if user.deletion_at.is_some() {
        "leaving"
    } else {
        "active"
    }
}

/// A user as a program sees it; the password hash stays where it is.
fn to_json(user: &User) -> Value {
    json!({
        "sub": user.id,
        "username": user.username,
        "email": user.email,
        "email_verified": user.email_verified,
        "name": user.profile.name,
        "admin": user.is_admin,
        "groups": user.groups,
        "state": standing(user),
        "disabled": user.disabled_at.is_some(),
        "deletion_at": user.deletion_at,
        "created_at": user.created_at,
    })
}
