//! The `openidconnect` crate, unmodified, through every step a relying party takes: one of the
//! client programs that `e2e/run clients` runs against the real server.
//!
//! `relying_party WORLD RESULTS` reads the world that `e2e/run` made, lets a person's browser walk
//! through the server's pages, and appends what came of each flow to the results.

mod flows;
mod party;
mod world;

use std::{
    fs,
    io::Write,
    process::ExitCode,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::world::World;

const CLIENT: &str = "openidconnect";
const SCOPES: [&str; 3] = ["profile", "email", "offline_access"];

type Fault = Box<dyn std::error::Error>;
type Outcome<T = ()> = Result<T, Fault>;

fn expect(holds: bool, otherwise: &str) -> Outcome {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}

/// Notes what came of one flow; whether it worked.
fn note(results: &mut fs::File, flow: &str, took: Duration, outcome: &Outcome) -> Outcome<bool> {
    let why = outcome.as_ref().err().map(|fault| format!("{fault}: {fault:?}"));
    let (ok, milliseconds) = (why.is_none(), u64::try_from(took.as_millis())?);
    let line = json!({
        "client": CLIENT, "flow": flow, "ok": ok, "milliseconds": milliseconds, "why": why,
    });
    writeln!(results, "{line}")?;
    let verdict = if ok { "ok  " } else { "FAIL" };
    let mut out = std::io::stdout().lock();
    writeln!(out, "  {verdict}  {CLIENT}: {flow} ({milliseconds} ms)")?;
    if let Some(why) = why {
        writeln!(out, "        {why}")?;
    }
    Ok(ok)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<ExitCode> {
    let files: Vec<String> = std::env::args().skip(1).collect();
    let [world, results] = files.as_slice() else {
        return Err("relying_party WORLD RESULTS: see e2e/run".into());
    };
    let world: World = serde_json::from_slice(&fs::read(world)?)?;
    let mut results = fs::OpenOptions::new().append(true).create(true).open(results)?;
    let mut status = ExitCode::SUCCESS;
    for (flow, walk) in flows::all(&world) {
        let began = Instant::now();
        let outcome = walk.await;
        if !note(&mut results, flow, began.elapsed(), &outcome)? {
            status = ExitCode::FAILURE;
        }
    }
    Ok(status)
}
