//! `vestibule user …`.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Value, json};
use vestibule_model::audit::AuditEvent;
use vestibule_model::user::{Profile, User};
use vestibule_model::{Secret, UserId, entropy::random_id};
use vestibule_policy::account;
use vestibule_storage::StorageError;

use super::output::{Output, table};
use super::small_file;
use crate::config::Config;
use crate::entropy::OsEntropy;
use crate::fault::Fault;
use crate::premises::Premises;
use crate::{passwords, times};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make an account.
    Create(NewUser),
    /// List the accounts.
    List,
}

#[derive(Debug, clap::Args)]
pub(super) struct NewUser {
    /// The name to sign in with.
    #[arg(long, value_name = "NAME")]
    username: String,
    /// Mail address.
    #[arg(long, value_name = "MAIL")]
    email: String,
    /// File with the password; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    password_file: PathBuf,
    /// Full name.
    #[arg(long)]
    name: Option<String>,
    /// The mail address is known to be this person's.
    #[arg(long)]
    email_verified: bool,
    /// May administer this server.
    #[arg(long)]
    admin: bool,
}

pub(super) fn run(command: Command, config: Config, output: &mut Output) -> Result<(), Fault> {
    match command {
        Command::Create(new) => {
            let password = new.check(output)?;
            create(new, password, &Premises::open(config)?, output)
        }
        Command::List => list(&Premises::open(config)?, output),
    }
}

impl NewUser {
    /// Every mistake at once; gives the password back.
    fn check(&self, output: &mut Output) -> Result<Secret, Fault> {
        let password = small_file::read_secret(&self.password_file)?;
        let mut mistakes = Vec::new();
        let checks = [
            ("--username", account::check_username(&self.username)),
            ("--email", account::check_email(&self.email)),
        ];
        for (option, verdict) in checks {
            mistakes.extend(verdict.err().map(|why| format!("{option}: {why}")));
        }
        if let Err(why) = account::check_password(password.expose()) {
            let sentence = format!("--password-file: {why}");
            // Whoever runs the server may make a test account with a short password.
            if password.expose().chars().count() < account::PASSWORD_MIN {
                output.remark(&format!("warning: {sentence}"));
            } else {
                mistakes.push(sentence);
            }
        }
        if mistakes.is_empty() { Ok(password) } else { Err(Fault::Refused(mistakes)) }
    }
}

fn create(
    new: NewUser,
    password: Secret,
    premises: &Premises,
    output: &mut Output,
) -> Result<(), Fault> {
    let now = premises.now();
    let user = User {
        id: UserId::new(random_id(&OsEntropy)),
        username: new.username,
        email: new.email,
        email_verified: new.email_verified,
        password_hash: passwords::hash(&premises.config.password, password)?,
        is_admin: new.admin,
        profile: Profile { name: new.name, ..Profile::default() },
        created_at: now,
        updated_at: now,
        disabled_at: None,
    };
    let answer = to_json(&user);
    let words = format!("Created user {} with sub {}.", user.username, user.id);
    let (username, email) = (user.username.clone(), user.email.clone());
    insert(premises, user).map_err(|fault| match fault {
        StorageError::Duplicate { what: "email" } => {
            Fault::refused(format!("--email: somebody has the address {email} already"))
        }
        StorageError::Duplicate { .. } => {
            Fault::refused(format!("--username: somebody is called {username} already"))
        }
        fault => fault.into(),
    })?;
    output.answer(&answer, &words)
}

/// Stores a user and a line about it in the audit log.
pub(super) fn insert(premises: &Premises, user: User) -> Result<(), StorageError> {
    let event = AuditEvent {
        at: user.created_at,
        event: "user.created",
        user_id: Some(user.id.clone()),
        client_id: None,
        request_id: "command-line".to_owned(),
        detail: if user.is_admin { "an administrator".to_owned() } else { String::new() },
    };
    let stored = premises.db.write(move |conn| {
        vestibule_storage::user::insert(conn, &user)?;
        vestibule_storage::audit::insert(conn, &event)
    });
    stored.wait()
}

fn list(premises: &Premises, output: &mut Output) -> Result<(), Fault> {
    let users = premises.db.read(vestibule_storage::user::list).wait()?;
    let rows: Vec<Vec<String>> = users
        .iter()
        .map(|user| {
            vec![
                user.username.clone(),
                user.email.clone(),
                if user.is_admin { "yes" } else { "" }.to_owned(),
                if user.disabled_at.is_some() { "disabled" } else { "active" }.to_owned(),
                times::written(user.created_at),
                user.id.as_str().to_owned(),
            ]
        })
        .collect();
    let heading = ["USERNAME", "EMAIL", "ADMIN", "STATE", "CREATED", "SUB"];
    let answer = Value::Array(users.iter().map(to_json).collect());
    output.answer(&answer, &table(&heading, &rows))
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
        "disabled": user.disabled_at.is_some(),
        "created_at": user.created_at,
    })
}
