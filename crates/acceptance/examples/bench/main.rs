//! `just bench`: how fast the release binary is, beside the machine's own limit in the same run.
//! `just bench scale 10000 1000000`: with so many rows, and with one, two and three instances.
//! `just bench soak 10`: so many minutes, and the memory of three instances.
//! `just bench sweep 1000000`: while so many rows go that are over.
//!
//! Starts the real `vestibule` from the target folder on SQLite and on PostgreSQL, talks to
//! loopback only, and stops after a few seconds a scenario. Figures are for comparing with the
//! first two lines of the same run, not with another machine's.

#![expect(clippy::print_stdout, reason = "the figures are its output")]
#![expect(clippy::expect_used, reason = "a benchmark that cannot run must say so")]

mod bare;
mod load;
mod scale;
mod scenarios;
mod server;
mod soak;
mod sweep;

use std::time::Duration;

use load::Figures;
use server::Server;
use vestibule_storage::testing::TestDatabase;

#[tokio::main]
async fn main() {
    let mut words = std::env::args().skip(1);
    match words.next().as_deref() {
        Some("bare") => bare::serve().await,
        Some("scale") => scale::run(&words.collect::<Vec<_>>()).await,
        Some("soak") => soak::run(words.next().map_or(10, number)).await,
        Some("sweep") => sweep::run(words.next().map_or(1_000_000, number)).await,
        seconds => {
            let seconds = seconds.and_then(|text| text.parse().ok()).unwrap_or(5);
            run(Duration::from_secs(seconds)).await;
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_or`")]
fn number(text: String) -> u64 {
    text.parse().expect("a number")
}

async fn run(each: Duration) {
    println!("{:<44} {:>10} {:>9} {:>9} {:>8}", "scenario", "per s", "p50 ms", "p95 ms", "ratio");
    let limit = bare::measure(each).await;
    print("bare actix-web, JSON", &limit, None);
    for (name, rate) in bare::signatures(each) {
        println!("{name:<44} {rate:>10.0} {:>9} {:>9} {:>8}", "", "", "1 core");
    }
    let sqlite = TestDatabase::sqlite();
    let postgres = TestDatabase::postgres();
    for (name, database) in [("SQLite", &sqlite), ("PostgreSQL", &postgres)] {
        let server = Server::start(&database.url());
        println!("-- {name}: first start {} ms", server.started.as_millis());
        let server = server.restart();
        println!(
            "   later start {} ms, idle memory {} MB",
            server.started.as_millis(),
            server.rss()
        );
        for (scenario, figures) in scenarios::all(&server, each).await {
            print(&format!("{name}, {scenario}"), &figures, Some(&limit));
        }
        println!("   memory after load {} MB", server.rss());
    }
    println!(
        "-- transactions in an idle minute, as PostgreSQL counts them: {}",
        scenarios::idle_transactions().await
    );
    println!("-- binary {} MB", server::binary_megabytes());
}

fn print(name: &str, figures: &Figures, limit: Option<&Figures>) {
    let ratio = limit.map_or(1.0, |limit| figures.per_second / limit.per_second);
    println!(
        "{name:<44} {:>10.0} {:>9.2} {:>9.2} {ratio:>8.3}",
        figures.per_second, figures.p50, figures.p95
    );
}
