//! The command line. Every command that ends by itself answers in words or, with `--json`, as one
//! JSON value on standard output; its exit code is 0 only if it did what was asked.

mod admin;
mod backup;
mod client;
mod config;
mod demo;
mod doctor;
mod drafts;
mod held_keys;
mod initial_access_token;
mod invite;
mod keys;
mod migrate;
mod new_file;
mod output;
mod progress;
mod serve;
mod small_file;
mod transfer;
mod user;
mod words;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::output::Output;
use crate::config::{Environment, Loaded};
use crate::fault::Fault;

/// An OAuth 2 and OpenID Connect server.
#[derive(Debug, Parser)]
#[command(name = "vestibule", version, about, arg_required_else_help = true)]
pub struct Arguments {
    /// Configuration file. Without it: the one that `VESTIBULE_CONFIG` names, else vestibule.toml in
    /// this folder if there is one.
    #[arg(long, global = true, value_name = "PATH")]
    config: Option<PathBuf>,

    /// Answer as JSON.
    #[arg(long, global = true)]
    json: bool,

    /// What to do.
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server.
    Serve,
    /// Run the server with a demo user, and a sample app beside it to sign in to.
    Demo(demo::Arguments),
    /// Show or check the configuration.
    #[command(subcommand)]
    Config(config::Command),
    /// Manage people's accounts.
    #[command(subcommand)]
    User(user::Command),
    /// Invite people to make an account.
    #[command(subcommand)]
    Invite(invite::Command),
    /// Manage clients: the applications that people sign in to.
    #[command(subcommand)]
    Client(client::Command),
    /// Manage the tokens with which clients can register themselves over HTTP.
    #[command(subcommand)]
    InitialAccessToken(initial_access_token::Command),
    /// Manage the keys that sign tokens, and those that seal what rests in the database.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Manage who may administer this server.
    #[command(subcommand)]
    Admin(admin::Command),
    /// Bring the database's tables to this version's shape, or say what that would take.
    Migrate(migrate::Arguments),
    /// Copy everything to a file, while the server runs.
    Backup(backup::Backup),
    /// Bring back what a backup holds.
    Restore(backup::Restore),
    /// Write every row to a file that another kind of database can take in.
    Export(transfer::Export),
    /// Take in what `export` wrote, into an empty database.
    Import(transfer::Import),
    /// Say what is wrong with this installation, and how to mend it.
    Doctor(doctor::Arguments),
}

/// Runs the command that this process was started with.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let json = arguments.json;
    match run(arguments, &Environment::of_process(), &mut Output::of_process(json)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            Output::of_process(json).fault(&fault);
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments, environment: &Environment, output: &mut Output) -> Result<(), Fault> {
    let load = || crate::config::load(arguments.config.as_deref(), environment);
    match arguments.command {
        Command::Config(command) => return config::run(&command, load, output),
        Command::Serve => return serve::run(load()?),
        Command::Demo(demo) => return demo::run(&demo, load()?, output),
        Command::Doctor(doctor) => return doctor::run(&doctor, load, output),
        _ => {}
    }
    crate::telemetry::start_command_log();
    let Loaded { config, .. } = load()?;
    match arguments.command {
        Command::User(command) => user::run(command, config, output),
        Command::Invite(command) => invite::run(&command, config, output),
        Command::Client(command) => client::run(command, config, output),
        Command::InitialAccessToken(command) => initial_access_token::run(&command, config, output),
        Command::Keys(command) => keys::run(&command, config, output),
        Command::Admin(command) => admin::run(&command, config, output),
        Command::Migrate(arguments) => migrate::run(&arguments, config, output),
        Command::Backup(arguments) => backup::backup(&arguments, config, output),
        Command::Restore(arguments) => backup::restore(&arguments, config, output),
        Command::Export(arguments) => transfer::export(&arguments, config, output),
        Command::Import(arguments) => transfer::import(&arguments, config, output),
        Command::Config(_) | Command::Serve | Command::Demo(_) | Command::Doctor(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_holds_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn what_others_script_against_is_understood() {
        for line in [
            "serve",
            "--config v.toml serve",
            "serve --config v.toml",
            "demo",
            "config example",
            "config check --json",
            "config show",
            "user create --username a --email a@example.com --password-file p",
            "user create --username a --email a@example.com --password-file p --name A --admin",
            "user create --username a --email a@example.com --password-file p --group staff ops \
             --group on-call",
            "user create --username a --email a@example.com --password-hash-file h",
            "user list --json",
            "user lock ana",
            "user lock -XTCKKou-gUjnRQP5KUB6g --json",
            "user erase --yes -XTCKKou-gUjnRQP5KUB6g",
            "user unlock ana@example.com --json",
            "user reset-mfa ana",
            "user export ana --output ana.json",
            "user export ana --json",
            "user erase ana --yes",
            "invite create --email a@example.com --group staff --send --json",
            "client create --client-id a --redirect-uri https://a/cb --grant-type \
             authorization_code --auth-method none --scope openid",
            "client create --client-id a --redirect-uri https://a/cb https://b/cb --redirect-uri \
             https://c/cb --post-logout-redirect-uri https://a/out --grant-type \
             authorization_code refresh_token --auth-method client_secret_basic --secret-file s \
             --scope openid --name A --application-type native --first-party --id-token-alg ES256 \
             --access-token-alg EdDSA --access-token-format opaque --optional-scope email \
             --required-acr phr --json",
            "client create --client-id a --grant-type client_credentials --auth-method \
             private_key_jwt --jwks-file j --scope api",
            "client create --client-id a --redirect-uri https://a/cb --response-type code id_token \
             --jwks-uri https://a/jwks --subject-type pairwise --sector-identifier-uri https://a/s \
             --token-endpoint-auth-signing-alg ES256 --id-token-encryption RSA-OAEP:A256GCM \
             --userinfo-signing-alg PS256 --userinfo-encryption ECDH-ES --request-uri https://a/r \
             --request-object-signing-alg none --initiate-login-uri https://a/i --contact a@b.example",
            "client create --client-id a --metadata-file m --logo-uri https://a/l --policy-uri \
             https://a/p --tos-uri https://a/t --client-uri https://a --default-max-age 60 \
             --default-acr-values phr --require-auth-time --frontchannel-logout-uri https://a/f \
             --frontchannel-logout-session-required --backchannel-logout-uri https://a/b \
             --backchannel-logout-session-required --grant-type implicit",
            "client delete -x",
            "client list",
            "initial-access-token create",
            "initial-access-token create --label ci --uses 3 --expires-in 12h --json",
            "initial-access-token list --json",
            "initial-access-token delete -x",
            "keys list",
            "keys rotate --force",
            "keys list-data",
            "keys rotate-data --json",
            "admin setup-link",
            "migrate --check",
            "migrate --check --json",
            "migrate --plan",
            "migrate up",
            "migrate down",
            "migrate down --steps 2 --yes --json",
            "backup vestibule.backup",
            "restore vestibule.backup --yes --json",
            "restore vestibule.backup --yes --end-sessions",
            "export all.jsonl",
            "import all.jsonl --json",
            "export -",
            "import -",
            "doctor",
            "doctor --json",
        ] {
            let words = std::iter::once("vestibule").chain(line.split_whitespace());
            if let Err(fault) = Arguments::try_parse_from(words) {
                panic!("{line}: {fault}");
            }
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for line in [
            "",
            "sirve",
            "user create --username a",
            "user create --username a --email a@example.com",
            "user create --username a --email a@example.com --password-file p \
             --password-hash-file h",
            "user lock",
            "user erase",
            "migrate",
            "migrate --check --plan",
            "backup",
            "invite create",
            "client create --client-id a --auth-method none --scope openid --required-acr strong",
            "client create --client-id a --auth-method magic --scope openid",
            "client create --client-id a --response-type token",
            "client create --client-id a --id-token-encryption RSA1_5",
            "initial-access-token create --uses 0",
            "initial-access-token create --expires-in 1s",
            "client create --client-id a --auth-method none --scope openid --id-token-alg none",
        ] {
            let words = std::iter::once("vestibule").chain(line.split_whitespace());
            assert!(Arguments::try_parse_from(words).is_err(), "{line}");
        }
    }
}
