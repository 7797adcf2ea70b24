//! `vestibule user list`.

use serde_json::Value;

use super::{standing, to_json};
use crate::cli::output::{Output, table};
use crate::fault::Fault;
use crate::premises::Premises;
use crate::times;

pub(super) fn run(premises: &Premises, output: &mut Output) -> Result<(), Fault> {
    let users = premises.db.read(vestibule_storage::user::list).wait()?;
    let rows: Vec<Vec<String>> = users
        .iter()
        .map(|user| {
            vec![
                user.username.clone(),
                user.email.clone(),
                if user.is_admin { "yes" } else { "" }.to_owned(),
                user.groups.join(", "),
                standing(user).to_owned(),
                times::written(user.created_at),
                user.id.as_str().to_owned(),
            ]
        })
        .collect();
    let heading = ["USERNAME", "EMAIL", "ADMIN", "GROUPS", "STATE", "CREATED", "SUB"];
    let answer = Value::Array(users.iter().map(to_json).collect());
    output.answer(&answer, &table(&heading, &rows))
}
