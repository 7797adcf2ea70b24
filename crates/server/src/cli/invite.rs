//! `vestibule invite …`.

use clap::Subcommand;
use serde_json::json;
use vestibule_model::audit::AuditEvent;
use vestibule_model::mail::OutboxMail;
use vestibule_model::settings::{self, Registration};
use vestibule_model::{OAuthError, Secret};
use vestibule_pages::Mail;
use vestibule_policy::account;
use vestibule_text::Lang;
use vestibule_web::invitation::{self, Invitation};
use vestibule_web::mail::{self, Desk, Letter};

use super::output::Output;
use super::words::{english, groups};
use crate::config::Config;
use crate::entropy::OsEntropy;
use crate::fault::Fault;
use crate::premises::Premises;
use crate::times;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print a link with which one person can make an account.
    Create(NewInvite),
}

#[derive(Debug, clap::Args)]
pub(super) struct NewInvite {
    /// The person's mail address. A newer link for the same address replaces the older one.
    #[arg(long, value_name = "MAIL")]
    email: String,
    /// The groups that the account will be in. Repeatable.
    #[arg(long, value_name = "NAME", num_args = 1..)]
    group: Vec<String>,
    /// Send the link by mail, too. A running server does it.
    #[arg(long)]
    send: bool,
}

pub(super) fn run(command: &Command, config: Config, output: &mut Output) -> Result<(), Fault> {
    match command {
        Command::Create(new) => {
            let invitation = new.check(&config)?;
            create(&invitation, new.send, &Premises::open(config)?, output)
        }
    }
}

impl NewInvite {
    /// Every mistake at once.
    fn check(&self, config: &Config) -> Result<Invitation, Fault> {
        let mut mistakes = Vec::new();
        if config.accounts.registration == Registration::Off {
            let words = "accounts.registration is off, so that the link would lead nowhere; set it \
                         to invite";
            mistakes.push(words.to_owned());
        }
        if self.send && config.mail.mode == settings::Mail::Off {
            mistakes.push("--send: there is no mail without mail.smtp_url".to_owned());
        }
        let mail = account::check_email(&self.email);
        mistakes.extend(mail.err().map(|why| format!("--email: {}", english(&why))));
        let groups = groups(&self.group, &mut mistakes);
        if mistakes.is_empty() {
            return Ok(Invitation { email: self.email.clone(), groups });
        }
        Err(Fault::Refused(mistakes))
    }
}

fn create(
    invitation: &Invitation,
    send: bool,
    premises: &Premises,
    output: &mut Output,
) -> Result<(), Fault> {
    let now = premises.now();
    let (row, secret) = invitation.issue(&premises.sealer(), now, &OsEntropy)?;
    let link = invitation::link(&premises.config.instance.issuer, &secret);
    let mail = if send { letter(invitation, &link, premises)? } else { None };
    let (email, expires_at) = (invitation.email.clone(), row.expires_at);
    let stored = premises.db.write(move |conn| {
        if vestibule_storage::user::find_by_email(conn, &email)?.is_some() {
            return Ok(false);
        }
        vestibule_storage::verification::insert(conn, &row)?;
        let event = AuditEvent::new(now, "invitation.created", "command-line");
        vestibule_storage::audit::insert(conn, &event)?;
        mail::post(conn, mail.as_ref())?;
        Ok::<_, OAuthError>(true)
    });
    let email = &invitation.email;
    if !stored.wait()? {
        return Err(Fault::refused(format!("--email: somebody has the address {email} already")));
    }
    let url = link.expose();
    let end = times::written(expires_at);
    let words = format!("With this link {email} can make an account, until {end}:\n\n  {url}");
    output.answer(&json!({ "url": url, "email": email, "expires_at": expires_at }), &words)
}

/// In English: nobody knows the person's language yet.
fn letter(
    invitation: &Invitation,
    link: &Secret,
    premises: &Premises,
) -> Result<Option<OutboxMail>, Fault> {
    let (settings, sealer) = (premises.config.settings(), premises.sealer());
    let desk = Desk { settings: &settings, sealer: &sealer, entropy: &OsEntropy };
    let letter = Letter { to: &invitation.email, lang: Lang::En, user: None };
    let words =
        Mail::Invitation { link: link.expose(), inviter: None, valid_for: invitation::LIFETIME };
    Ok(desk.write(letter, &words, premises.now())?)
}
