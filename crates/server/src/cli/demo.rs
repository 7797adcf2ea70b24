//! `vestibule demo`: the server with a demo user, and the sample app beside it.

use std::mem::ManuallyDrop;
use std::net::SocketAddr;

use serde_json::json;
use vestibule_model::settings::Mail;

use super::output::Output;
use super::serve::start_log;
use crate::config::Loaded;
use crate::demo_account::{self, PASSWORD, USERNAME};
use crate::fault::Fault;
use crate::listening::Listening;
use crate::premises::Premises;
use crate::stop::StopSignals;
use crate::{run, wire};

/// Where mails are read that go nowhere.
const MAILBOX: &str = "/dev/mailbox";

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Where the sample app listens. It talks to the server over HTTP only.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8081")]
    app_listen: SocketAddr,
}

pub(super) fn run(demo: &Arguments, loaded: Loaded, output: &mut Output) -> Result<(), Fault> {
    start_log(&loaded);
    if !loaded.config.instance.is_loopback {
        return Err(Fault::refused(
            "the demo is for this machine only: its user's password is known to everybody. Set the \
             issuer to http://localhost:8080, or run `vestibule serve`",
        ));
    }
    let premises = Premises::open(loaded.config)?;
    let app_url = format!("http://localhost:{}", demo.app_listen.port());
    let settings = demo_account::seed(&premises, &demo.app_listen.to_string(), &app_url)?;
    let issuer = settings.issuer.clone();
    let mailbox = (premises.config.mail.mode == Mail::Mailbox)
        .then(|| premises.config.instance.issuer.url(MAILBOX));
    let wired = wire::wire(premises)?;
    let mail = mailbox.as_deref().map_or_else(
        || "as mail.smtp_url says".to_owned(),
        |url| format!("{url}   the mails that people would get"),
    );
    let words = format!(
        "\n  Sample app   {app_url}   open this and sign in\n  Vestibule    {issuer}\n  User         \
         {USERNAME}\n  Password     {PASSWORD}\n  Mailbox      {mail}\n\n  Ctrl-C stops both.\n"
    );
    let answer = json!({
        "app": app_url, "issuer": issuer, "username": USERNAME, "password": PASSWORD,
        "mailbox": mailbox,
    });
    // The process ends with the command: see `run::run` on why the system is not dropped before.
    let system = ManuallyDrop::new(actix_web::rt::System::new());
    system.block_on(async {
        let (listening, signals) = (Listening::at(&wired.config.server)?, StopSignals::take()?);
        let app = actix_web::rt::spawn(vestibule_demo::run(settings));
        tokio::select! {
            // Whoever cannot see the answer can still read the README.
            ended = run::run(wired, listening, signals, || drop(output.answer(&answer, &words))) => ended,
            ended = app => match ended {
                Ok(Ok(())) => Ok(()),
                Ok(Err(fault)) => Err(Fault::refused(fault.to_string())),
                Err(fault) => Err(Fault::refused(fault.to_string())),
            },
        }
    })
}
