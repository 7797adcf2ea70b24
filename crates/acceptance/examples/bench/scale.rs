//! With how many rows, and with how many instances: the code flow, refresh and introspection on
//! PostgreSQL. Rows are made by the database itself; each instance is bound to one core, the database
//! and the callers run where they can.

use std::{collections::HashMap, process::Command, thread, time::Duration};

use vestibule_storage::testing::TestDatabase;

use crate::{
    scenarios,
    server::{Instance, Server},
};

/// How long each scenario runs.
const EACH: Duration = Duration::from_secs(10);
/// Generations of refresh tokens of each grant that is made up.
pub const GENERATIONS: u64 = 10;
/// When rows end that are meant to stay, and rows that should be gone, in seconds since 1970.
pub const FAR_AHEAD: u64 = 1_900_000_000;
pub const LONG_AGO: u64 = 1_700_000_000;

/// `rows…`: refresh tokens to measure with, each count after the one before.
pub async fn run(rows: &[String]) {
    let rows: Vec<u64> = rows.iter().map(|text| text.parse().expect("a count of rows")).collect();
    let database = TestDatabase::postgres();
    let server = Server::start(&database.url());
    let cookie = scenarios::sign_in(&server).await;
    println!(
        "{:<14} {:>10} {:>9} {:>10} {:>9} {:>9} {:>8}",
        "scenario", "rows", "instances", "per s", "p50 ms", "p95 ms", "ratio"
    );
    let mut first = HashMap::new();
    let mut there = 0;
    for count in rows {
        fill(server.database(), there, count, FAR_AHEAD);
        there = count;
        for instances in 1..=3 {
            let beside = pinned(&server, instances);
            let addresses: Vec<&str> = beside.iter().map(|one| one.address.as_str()).collect();
            for (scenario, figures) in scenarios::of_rows(&server, &cookie, &addresses, EACH).await
            {
                let small = *first.entry((scenario, instances)).or_insert(figures.p95);
                println!(
                    "{scenario:<14} {count:>10} {instances:>9} {:>10.0} {:>9.2} {:>9.2} {:>8.2}",
                    figures.per_second,
                    figures.p50,
                    figures.p95,
                    figures.p95 / small
                );
            }
            let memory: Vec<_> = beside.iter().map(|one| one.rss().to_string()).collect();
            println!("{:<14} {count:>10} {instances:>9} memory {} MB", "", memory.join(" "));
        }
    }
}

/// So many instances, each bound to a core: the first to core 0, the next to core 1, and around.
pub fn pinned(server: &Server, instances: usize) -> Vec<Instance> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    (0..instances).map(|n| server.beside(n % cores)).collect()
}

/// Brings the refresh tokens that nobody uses from `there` to `count`, as so many sign-ins leave them:
/// each grant with its generations, all but the last one used. The first of them ends at `end`.
pub fn fill(url: &str, there: u64, count: u64, end: u64) {
    let (first, last) = (there / GENERATIONS, count / GENERATIONS);
    let statement = format!(
        "SET synchronous_commit = off; SET statement_timeout = 0; SET session_replication_role = replica;
         INSERT INTO grants (id, client_id, user_id, session_id, scope, is_offline, claims, auth_time,
                             acr, amr, created_at, expires_at)
         SELECT 'made-up-' || n, 'ES256', (SELECT id FROM users LIMIT 1), 'made-up-' || n,
                'openid offline_access', true, '{{}}', 1600000000, 'urn:vestibule:acr:pwd', '[]',
                1600000000 + n, {end} + n
         FROM generate_series({first}, {last} - 1) n;
         INSERT INTO refresh_tokens (hash, grant_id, generation, created_at, expires_at, used_at,
                                     successor_hash)
         SELECT md5(n || '/' || g), 'made-up-' || n, g, 1600000000 + n, {end} + n,
                CASE WHEN g < {GENERATIONS} THEN 1600000000 + n END,
                CASE WHEN g < {GENERATIONS} THEN md5(n || '/' || (g + 1)) END
         FROM generate_series({first}, {last} - 1) n, generate_series(1, {GENERATIONS}) g"
    );
    psql(url, &statement);
    // What the making of the rows left to do must not be measured.
    psql(url, "VACUUM ANALYZE");
    psql(url, "CHECKPOINT");
}

/// How many of the made-up grants are there.
pub fn count(url: &str) -> u64 {
    let text = psql(url, "SELECT count(*) FROM grants WHERE id LIKE 'made-up-%'");
    text.trim().parse().expect("a count")
}

fn psql(url: &str, statement: &str) -> String {
    let done = Command::new("psql").args([url, "-qtAc", statement]).output();
    let done = done.expect("psql: apt-get install -y postgresql-client");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).into_owned()
}
