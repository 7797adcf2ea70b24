//! With how many rows, and with how many instances: the code flow, refresh and introspection on
//! PostgreSQL. Rows are made by the database itself; each instance is bound to one core, the database
//! and the callers run where they can.

use std::{process::Command, thread, time::Duration};

use vestibule_storage::testing::TestDatabase;

use crate::{
    scenarios,
    server::{Instance, Server},
};

/// How long each scenario runs.
const EACH: Duration = Duration::from_secs(6);
/// Generations of refresh tokens of each grant that is made up.
const GENERATIONS: u64 = 10;

/// `rows…`: refresh tokens to measure with, each count after the one before.
pub async fn run(rows: &[String]) {
    let rows: Vec<u64> = rows.iter().map(|text| text.parse().expect("a count of rows")).collect();
    let database = TestDatabase::postgres();
    let server = Server::start(&database.url());
    let cookie = scenarios::sign_in(&server).await;
    let cores = thread::available_parallelism().map_or(1, usize::from);
    println!(
        "{:<14} {:>10} {:>9} {:>10} {:>9} {:>9}",
        "scenario", "rows", "instances", "per s", "p50 ms", "p95 ms"
    );
    let mut there = 0;
    for count in rows {
        fill(server.database(), there, count);
        there = count;
        for instances in 1..=3 {
            let beside: Vec<Instance> = (0..instances).map(|n| server.beside(n % cores)).collect();
            let addresses: Vec<&str> = beside.iter().map(|one| one.address.as_str()).collect();
            for (scenario, figures) in scenarios::of_rows(&server, &cookie, &addresses, EACH).await
            {
                println!(
                    "{scenario:<14} {count:>10} {instances:>9} {:>10.0} {:>9.2} {:>9.2}",
                    figures.per_second, figures.p50, figures.p95
                );
            }
            let memory: Vec<_> = beside.iter().map(|one| one.rss().to_string()).collect();
            println!("{:<14} {count:>10} {instances:>9} memory {} MB", "", memory.join(" "));
        }
    }
}

/// Brings the refresh tokens that nobody uses from `there` to `count`, as so many sign-ins leave them:
/// each grant with its generations, all but the last one used.
fn fill(url: &str, there: u64, count: u64) {
    let (first, last) = (there / GENERATIONS, count / GENERATIONS);
    let statement = format!(
        "SET synchronous_commit = off; SET statement_timeout = 0;
         INSERT INTO grants (id, client_id, user_id, session_id, scope, is_offline, claims, auth_time,
                             acr, amr, created_at, expires_at)
         SELECT 'made-up-' || n, 'ES256', (SELECT id FROM users LIMIT 1), 'made-up-' || n,
                'openid offline_access', true, '{{}}', 1700000000, 'urn:vestibule:acr:pwd', '[]',
                1700000000 + n, 1900000000 + n
         FROM generate_series({first}, {last} - 1) n;
         INSERT INTO refresh_tokens (hash, grant_id, generation, created_at, expires_at, used_at,
                                     successor_hash)
         SELECT md5(n || '/' || g), 'made-up-' || n, g, 1700000000 + n, 1900000000 + n,
                CASE WHEN g < {GENERATIONS} THEN 1700000000 + n END,
                CASE WHEN g < {GENERATIONS} THEN md5(n || '/' || (g + 1)) END
         FROM generate_series({first}, {last} - 1) n, generate_series(1, {GENERATIONS}) g;
         ANALYZE"
    );
    let done = Command::new("psql").args([url, "-qc", &statement]).status();
    assert!(done.expect("psql: apt-get install -y postgresql-client").success());
}
