//! `vestibule migrate …`: the shape of the database's tables. Needs the database and no key.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use vestibule_storage::migrate::{self, Blocks, Loss, Planned, Standing, Step};

use super::output::{Output, table};
use crate::config::Config;
use crate::fault::Fault;
use crate::premises::make_database_folder;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub(super) struct Arguments {
    /// Say whether the tables have this version's shape; the exit code is 0 only if they do.
    #[arg(long, conflicts_with = "plan")]
    check: bool,
    /// Show what `up` would do: each statement, the lock it takes and how many rows it meets.
    #[arg(long)]
    plan: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the migrations that are missing. Servers may run meanwhile.
    Up,
    /// Undo migrations, newest first. End the servers of this version first.
    Down {
        /// How many.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        steps: u32,
        /// Undo them, though columns and their values go with them.
        #[arg(long)]
        yes: bool,
    },
}

#[expect(clippy::needless_pass_by_value, reason = "every command takes its configuration over")]
pub(super) fn run(arguments: &Arguments, config: Config, output: &mut Output) -> Result<(), Fault> {
    match &arguments.command {
        Some(Command::Up) => up(&config, output),
        Some(Command::Down { steps, yes }) => down(&config, *steps, *yes, output),
        None if arguments.plan => plan(&config, output),
        None => check(&config, output),
    }
}

fn check(config: &Config, output: &mut Output) -> Result<(), Fault> {
    let standing = migrate::standing(&config.database)?;
    let refusal = standing.refusal();
    let answer = json!({
        "current": standing.is_current(),
        "applied": standing.applied,
        "missing": standing.missing,
        "unknown": standing.unknown,
        "newest_known": standing.newest,
        "floor": standing.floor,
        "refusal": refusal,
    });
    output.answer(&answer, &in_words(&standing))?;
    match (refusal, standing.missing.len()) {
        (Some(why), _) => Err(Fault::refused(why)),
        (None, 0) => Ok(()),
        (None, count) => Err(Fault::refused(format!(
            "{count} missing; fix: run `vestibule migrate up`, or start a server, which does so by \
             itself unless database.migrate is \"check\""
        ))),
    }
}

fn in_words(standing: &Standing) -> String {
    let rows = |names: &[String], state: &str| -> Vec<Vec<String>> {
        names.iter().map(|name| vec![name.clone(), state.to_owned()]).collect()
    };
    let mut all = rows(&standing.applied, "applied");
    all.extend(rows(&standing.missing, "missing"));
    all.extend(rows(&standing.unknown, "of a newer version"));
    let mut words = table(&["MIGRATION", "STATE"], &all);
    if standing.is_current() {
        words.push_str(if standing.unknown.is_empty() {
            "The tables have this version's shape."
        } else {
            "A newer version has added to the tables; this version serves on them as well."
        });
    }
    words
}

fn plan(config: &Config, output: &mut Output) -> Result<(), Fault> {
    let plan = migrate::plan(&config.database)?;
    let words = if plan.is_empty() {
        "There is nothing to do.".to_owned()
    } else {
        plan.iter().map(planned_in_words).collect::<Vec<_>>().join("\n")
    };
    output.answer(&Value::Array(plan.iter().map(planned_json).collect()), &words)
}

fn planned_in_words(planned: &Planned) -> String {
    let how = if planned.in_one_transaction {
        "in one transaction: all of it happens, or nothing"
    } else {
        "outside a transaction: what is cut off is begun anew at the next try"
    };
    let steps = planned.steps.iter().map(|step| {
        let on = step.table.as_ref().map_or_else(String::new, |table| format!(" on {table}"));
        let rows = step.rows.map_or_else(String::new, |rows| format!(", about {rows} rows"));
        let Step { statement, lock, takes, .. } = step;
        let waits = match step.blocks {
            Blocks::Nobody => "nobody waits".to_owned(),
            blocks => format!("{} wait", blocks.as_str()),
        };
        format!("  {statement}\n    lock: {lock}{on}{rows}; {waits}; takes {takes}\n")
    });
    format!("{} ({how})\n{}", planned.migration, steps.collect::<String>())
}

fn planned_json(planned: &Planned) -> Value {
    let steps = planned.steps.iter().map(|step| {
        json!({
            "statement": step.statement,
            "table": step.table,
            "lock": step.lock,
            "blocks_reads": step.blocks == Blocks::ReadsAndWrites,
            "blocks_writes": step.blocks != Blocks::Nobody,
            "takes": step.takes,
            "rows": step.rows,
        })
    });
    json!({
        "migration": planned.migration,
        "in_one_transaction": planned.in_one_transaction,
        "steps": steps.collect::<Vec<_>>(),
    })
}

fn up(config: &Config, output: &mut Output) -> Result<(), Fault> {
    make_database_folder(&config.database)?;
    let ran = migrate::up(&config.database)?;
    let words = if ran.is_empty() {
        "There was nothing to do.".to_owned()
    } else {
        format!("Ran {}.", ran.join(", "))
    };
    output.answer(&json!({ "ran": ran }), &words)
}

fn down(config: &Config, steps: u32, yes: bool, output: &mut Output) -> Result<(), Fault> {
    let steps = usize::try_from(steps).unwrap_or(usize::MAX);
    let losses = migrate::losses(&config.database, steps)?;
    if !losses.is_empty() && !yes {
        let mut reasons = vec!["this would lose what is in".to_owned()];
        reasons.extend(losses.iter().map(loss_in_words));
        reasons.push("make a backup first; say --yes to do it".to_owned());
        return Err(Fault::Refused(reasons));
    }
    let undone = migrate::down(&config.database, steps)?;
    let words = if undone.is_empty() {
        "There was nothing to undo.".to_owned()
    } else {
        format!(
            "Undid {}. A server of this version would run them again when it starts.",
            undone.join(", ")
        )
    };
    let lost: Vec<Value> = losses.iter().map(loss_json).collect();
    output.answer(&json!({ "undone": undone, "lost": lost }), &words)
}

fn loss_in_words(Loss { migration, table, column, rows }: &Loss) -> String {
    let what = column.as_ref().map_or_else(
        || format!("the table {table}"),
        |column| format!("the column {column} of {table}"),
    );
    let rows = if *rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
    format!("  {what}: {rows} ({migration})")
}

fn loss_json(Loss { migration, table, column, rows }: &Loss) -> Value {
    json!({ "migration": migration, "table": table, "column": column, "rows": rows })
}
