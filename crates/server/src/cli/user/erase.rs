//! `vestibule user erase`.

use serde_json::json;
use vestibule_model::OAuthError;
use vestibule_web::mail::Desk;

use super::Who;
use crate::cli::output::Output;
use crate::entropy::OsEntropy;
use crate::fault::Fault;
use crate::jobs::erasure;
use crate::premises::Premises;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Erase {
    #[command(flatten)]
    who: Who,
    /// Do it. There is no way back, and no days of grace.
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(erase: &Erase, premises: &Premises, output: &mut Output) -> Result<(), Fault> {
    let user = erase.who.find(premises)?;
    if !erase.yes {
        return Err(Fault::refused(format!(
            "this would erase the account {} <{}> for good; say --yes to do it",
            user.username, user.email
        )));
    }
    let (id, now) = (user.id.clone(), premises.now());
    let (settings, sealer) = (premises.config.settings(), premises.sealer());
    let erased = premises.write(move |conn| {
        // Read again, and in the same transaction: two commands may run at once.
        let users = vestibule_storage::user::list(conn)?;
        let is_admin = users.iter().any(|user| user.id == id && user.is_admin);
        let another =
            users.iter().any(|user| user.id != id && user.is_admin && user.disabled_at.is_none());
        if is_admin && !another {
            return Ok::<_, OAuthError>(Outcome::LastAdministrator);
        }
        let desk = Desk { settings: &settings, sealer: &sealer, entropy: &OsEntropy };
        let erased = erasure::erase(conn, &desk, &id, now, "command-line")?;
        Ok(if erased { Outcome::Erased } else { Outcome::Gone })
    });
    match erased? {
        Outcome::Erased => output.answer(
            &json!({ "sub": user.id, "erased": true }),
            &format!("Erased the account {}.", user.username),
        ),
        Outcome::Gone => Err(Fault::refused("somebody else erased this account just now")),
        Outcome::LastAdministrator => Err(Fault::refused(format!(
            "{} is the last administrator; make another first with `vestibule user create --admin`",
            user.username
        ))),
    }
}

enum Outcome {
    Erased,
    Gone,
    LastAdministrator,
}
