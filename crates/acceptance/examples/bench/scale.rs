//! With how many rows, and with how many instances: the code flow, refresh and introspection on
//! PostgreSQL. Rows are made by the database itself; each instance is bound to one core, the database
//! and the callers run where they can.

use std::{collections::HashMap, process::Command, thread, time::Duration};

use vestibule_storage::testing::TestDatabase;

use crate::{
    load::Figures,
    scenarios,
    server::{Instance, Server},
};

/// How long each scenario runs at a time.
const EACH: Duration = Duration::from_secs(4);
/// How often; the figures are those of the run whose p95 is in the middle.
const ROUNDS: usize = 7;
/// Generations of refresh tokens of each grant that is made up.
pub const GENERATIONS: u64 = 10;
/// When rows end that are meant to stay, and rows that should be gone, in seconds since 1970.
pub const FAR_AHEAD: u64 = 1_900_000_000;
pub const LONG_AGO: u64 = 1_700_000_000;

/// An installation with so many rows.
struct Site {
    rows: u64,
    cookie: String,
    server: Server,
    _database: TestDatabase,
}

impl Site {
    async fn with(rows: u64) -> Self {
        let database = TestDatabase::postgres();
        let server = Server::start(&database.url());
        let cookie = scenarios::sign_in(&server).await;
        fill(server.database(), rows, FAR_AHEAD);
        Self { rows, cookie, server, _database: database }
    }
}

/// `rows…`: refresh tokens to measure with, each count in a database of its own. All are measured in
/// turn, round after round, so that what else the machine does falls on all of them; each turn begins
/// right after a checkpoint, when PostgreSQL logs whole pages.
pub async fn run(rows: &[String]) {
    let mut sites = Vec::new();
    for text in rows {
        sites.push(Site::with(text.parse().expect("a count of rows")).await);
    }
    println!(
        "{:<14} {:>10} {:>9} {:>10} {:>9} {:>9} {:>8}  p95 of each round",
        "scenario", "rows", "instances", "per s", "p50 ms", "p95 ms", "ratio"
    );
    for instances in 1..=3 {
        let fleets: Vec<_> = sites.iter().map(|site| pinned(&site.server, instances)).collect();
        let mut pairs: Vec<(&Site, &Vec<Instance>)> = sites.iter().zip(&fleets).collect();
        let mut runs: HashMap<(&str, u64), Vec<Figures>> = HashMap::new();
        for _ in 0..ROUNDS {
            for (site, fleet) in &pairs {
                let addresses: Vec<&str> = fleet.iter().map(|one| one.address.as_str()).collect();
                psql(site.server.database(), "CHECKPOINT");
                let figures = scenarios::of_rows(&site.server, &site.cookie, &addresses, EACH);
                for (scenario, figures) in figures.await {
                    runs.entry((scenario, site.rows)).or_default().push(figures);
                }
            }
            // Nobody is always the first, nor always after the same one.
            pairs.rotate_left(1);
        }
        for scenario in ["code flow", "refresh", "introspection"] {
            let mut small = None;
            for site in &sites {
                let runs = runs.remove(&(scenario, site.rows)).expect("what was measured");
                print(scenario, (site.rows, instances), runs, &mut small);
            }
        }
        for (site, fleet) in sites.iter().zip(&fleets) {
            let memory: Vec<_> = fleet.iter().map(|one| one.rss().to_string()).collect();
            println!("{:<14} {:>10} {instances:>9} memory {} MB", "", site.rows, memory.join(" "));
        }
    }
}

/// The run in the middle, the p95 of all, and how it stands to the `small` one, which the first is.
fn print(
    scenario: &str,
    (rows, instances): (u64, usize),
    mut runs: Vec<Figures>,
    small: &mut Option<f64>,
) {
    runs.sort_by(|one, other| one.p95.total_cmp(&other.p95));
    let each: Vec<_> = runs.iter().map(|run| format!("{:.0}", run.p95)).collect();
    let middle = runs.get(ROUNDS / 2).expect("a round");
    let ratio = middle.p95 / *small.get_or_insert(middle.p95);
    println!(
        "{scenario:<14} {rows:>10} {instances:>9} {:>10.0} {:>9.2} {:>9.2} {ratio:>8.2}  {}",
        middle.per_second,
        middle.p50,
        middle.p95,
        each.join(" ")
    );
}

/// So many instances, each bound to a core: the first to core 0, the next to core 1, and around.
pub fn pinned(server: &Server, instances: usize) -> Vec<Instance> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    (0..instances).map(|n| server.beside(n % cores)).collect()
}

/// Makes `count` refresh tokens that nobody uses, as so many sign-ins leave them: each grant with its
/// generations, all but the last one used. The first of them ends at `end`.
pub fn fill(url: &str, count: u64, end: u64) {
    let grants = count / GENERATIONS;
    let statement = format!(
        "SET synchronous_commit = off; SET statement_timeout = 0; SET session_replication_role = replica;
         INSERT INTO grants (id, client_id, user_id, session_id, scope, is_offline, claims, auth_time,
                             acr, amr, created_at, expires_at)
         SELECT 'made-up-' || n, 'ES256', (SELECT id FROM users LIMIT 1), 'made-up-' || n,
                'openid offline_access', true, '{{}}', 1600000000, 'urn:vestibule:acr:pwd', '[]',
                1600000000 + n, {end} + n
         FROM generate_series(1, {grants}) n;
         INSERT INTO refresh_tokens (hash, grant_id, generation, created_at, expires_at, used_at,
                                     successor_hash)
         SELECT to_hex(1600000000 + n) || encode(sha256((n || '/' || g)::bytea), 'hex'),
                'made-up-' || n, g, 1600000000 + n, {end} + n,
                CASE WHEN g < {GENERATIONS} THEN 1600000000 + n END,
                CASE WHEN g < {GENERATIONS} THEN
                     to_hex(1600000000 + n) || encode(sha256((n || '/' || (g + 1))::bytea), 'hex') END
         FROM generate_series(1, {grants}) n, generate_series(1, {GENERATIONS}) g"
    );
    psql(url, &statement);
    // What the making of the rows left to do must not be measured.
    psql(url, "VACUUM ANALYZE");
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
