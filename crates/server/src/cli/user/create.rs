//! `vestibule user create`.

use std::path::PathBuf;

use vestibule_identity::password::is_importable;
use vestibule_model::audit::AuditEvent;
use vestibule_model::entropy::random_id;
use vestibule_model::user::{Profile, User};
use vestibule_model::{Secret, UserId};
use vestibule_policy::{account, password};
use vestibule_storage::StorageError;

use super::to_json;
use crate::cli::output::Output;
use crate::cli::small_file;
use crate::cli::words::{english, groups};
use crate::config::{Config, Password};
use crate::entropy::OsEntropy;
use crate::fault::Fault;
use crate::passwords;
use crate::premises::Premises;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct NewUser {
    /// The name to sign in with.
    #[arg(long, value_name = "NAME")]
    username: String,
    /// Mail address.
    #[arg(long, value_name = "MAIL")]
    email: String,
    /// File with the password; `-` is standard input. One that people could not choose for
    /// themselves, because it is too weak, is taken with a warning.
    #[arg(long, value_name = "FILE", required_unless_present = "password_hash_file")]
    password_file: Option<PathBuf>,
    /// File with the password's hash, moved from another system: argon2, bcrypt, scrypt or PBKDF2,
    /// in PHC or modular crypt form. It is replaced when the person first signs in.
    #[arg(long, value_name = "FILE", conflicts_with = "password_file")]
    password_hash_file: Option<PathBuf>,
    /// Full name.
    #[arg(long)]
    name: Option<String>,
    /// The mail address is known to be this person's.
    #[arg(long)]
    email_verified: bool,
    /// A group the person is in. Repeatable.
    #[arg(long, value_name = "NAME", num_args = 1..)]
    group: Vec<String>,
    /// May administer this server.
    #[arg(long)]
    admin: bool,
}

/// How the person will sign in.
enum Given {
    Password(Secret),
    Hash(Secret),
}

pub(super) fn run(mut new: NewUser, config: Config, output: &mut Output) -> Result<(), Fault> {
    let given = new.check(&config.password, output)?;
    let premises = Premises::open(config)?;
    let (now, id) = (premises.now(), UserId::new(random_id(&OsEntropy)));
    let (hash, password_changed_at) = match given {
        Given::Password(password) => {
            (passwords::hash(&premises.config.password, password)?, Some(now))
        }
        // Nobody knows how old it is.
        Given::Hash(hash) => (hash.expose().to_owned(), None),
    };
    let user = User {
        email_verified: new.email_verified,
        password_changed_at,
        is_admin: new.admin,
        groups: new.group,
        profile: Profile { name: new.name, ..Profile::default() },
        ..User::new(id, new.username, new.email, hash, now)
    };
    let answer = to_json(&user);
    let words = format!("Created user {} with sub {}.", user.username, user.id);
    let (username, email) = (user.username.clone(), user.email.clone());
    insert(&premises, user).map_err(|fault| match fault {
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

impl NewUser {
    /// Every mistake at once. Leaves the groups in order.
    fn check(&mut self, settings: &Password, output: &mut Output) -> Result<Given, Fault> {
        let read = |path: &Option<PathBuf>| path.as_deref().map(small_file::read_secret);
        let mut mistakes = Vec::new();
        let checks = [
            ("--username", account::check_username(&self.username)),
            ("--email", account::check_email(&self.email)),
        ];
        for (option, verdict) in checks {
            mistakes.extend(verdict.err().map(|why| format!("{option}: {}", english(&why))));
        }
        self.group = groups(&self.group, &mut mistakes);
        let given = match (read(&self.password_file), read(&self.password_hash_file)) {
            (Some(password), _) => {
                let password = password?;
                self.check_password(&password, settings, &mut mistakes, output);
                Given::Password(password)
            }
            (None, Some(hash)) => {
                let hash = hash?;
                if !is_importable(hash.expose()) {
                    let words = "--password-hash-file: this is no argon2, bcrypt, scrypt or PBKDF2 \
                                 hash of a known form, or one that would take too long to check";
                    mistakes.push(words.to_owned());
                }
                Given::Hash(hash)
            }
            (None, None) => return Err(Fault::refused("--password-file: is missing")),
        };
        if mistakes.is_empty() { Ok(given) } else { Err(Fault::Refused(mistakes)) }
    }

    /// Whoever runs the server may make a test account with a weak password; one that nobody could
    /// type into the sign-in page helps nobody.
    fn check_password(
        &self,
        given: &Secret,
        settings: &Password,
        mistakes: &mut Vec<String>,
        output: &mut Output,
    ) {
        let person = password::Person {
            username: &self.username,
            email: &self.email,
            name: self.name.as_deref(),
        };
        for reason in password::check(given.expose(), &person, &settings.rules) {
            let sentence = format!("--password-file: {}", english(&reason));
            if password::characters(given.expose()) > settings.rules.max {
                mistakes.push(sentence);
            } else {
                output.remark(&format!("warning: {sentence}"));
            }
        }
    }
}

/// Stores a user and a line about it in the audit log.
fn insert(premises: &Premises, user: User) -> Result<(), StorageError> {
    let event = AuditEvent::new(user.created_at, "user.created", "command-line")
        .of_user(&user.id)
        .detail(if user.is_admin { "an administrator" } else { "" });
    let stored = premises.db.write(move |conn| {
        vestibule_storage::user::insert(conn, &user)?;
        vestibule_storage::audit::insert(conn, &event)
    });
    stored.wait()
}
