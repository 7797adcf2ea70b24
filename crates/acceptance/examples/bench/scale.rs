//! With how many rows, and with how many instances: the code flow, refresh and introspection on
//! PostgreSQL. Rows are made by the database itself; each instance is bound to one core, the database
//! and the callers run where they can.

use std::{collections::HashMap, process::Command, thread, time::Duration};

use vestibule_storage::testing::TestDatabase;

use crate::{
    load::Figures,
    scenarios::{self, OfRows},
    server::{Instance, Server},
};

/// How long each scenario runs at a time.
const EACH: Duration = Duration::from_secs(4);
/// How often; the figures are those of the run whose p95 is in the middle.
const ROUNDS: usize = 15;
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

/// A turn of a scenario, and the bytes that PostgreSQL logged during it.
struct Turn {
    figures: Figures,
    log: f64,
}

/// `rows…`: refresh tokens to measure with, each count in a database of its own; and names of
/// scenarios, if not all are wanted. All are measured in turn, round after round, so that what else
/// the machine does falls on all of them; each turn begins right after a checkpoint, when PostgreSQL
/// logs whole pages.
pub async fn run(words: &[String]) {
    let is_named = |scenario: &OfRows| words.iter().any(|word| word == scenario.name());
    let named: Vec<_> = OfRows::ALL.into_iter().filter(is_named).collect();
    let scenarios = if named.is_empty() { OfRows::ALL.to_vec() } else { named };
    let counts = words.iter().filter(|word| OfRows::ALL.iter().all(|one| one.name() != *word));
    let mut sites = Vec::new();
    for text in counts {
        sites.push(Site::with(text.parse().expect("a count of rows, or a scenario")).await);
    }
    println!(
        "{:<14} {:>10} {:>9} {:>10} {:>9} {:>9} {:>8} {:>8}  p95 of each round",
        "scenario", "rows", "instances", "per s", "p50 ms", "p95 ms", "ratio", "log KB"
    );
    for instances in 1..=3 {
        let fleets: Vec<_> = sites.iter().map(|site| pinned(&site.server, instances)).collect();
        for scenario in &scenarios {
            let mut turns: HashMap<u64, Vec<Turn>> = HashMap::new();
            let mut pairs: Vec<(&Site, &Vec<Instance>)> = sites.iter().zip(&fleets).collect();
            for _ in 0..ROUNDS {
                for (site, fleet) in &pairs {
                    let turn = turn(*scenario, site, fleet).await;
                    turns.entry(site.rows).or_default().push(turn);
                }
                // Nobody is always the first.
                pairs.rotate_left(1);
            }
            let mut small = None;
            for site in &sites {
                let turns = turns.remove(&site.rows).expect("what was measured");
                print(scenario.name(), (site.rows, instances), turns, &mut small);
            }
        }
        for (site, fleet) in sites.iter().zip(&fleets) {
            let memory: Vec<_> = fleet.iter().map(|one| one.rss().to_string()).collect();
            println!("{:<14} {:>10} {instances:>9} memory {} MB", "", site.rows, memory.join(" "));
        }
    }
}

async fn turn(scenario: OfRows, site: &Site, fleet: &[Instance]) -> Turn {
    let url = site.server.database();
    let addresses: Vec<&str> = fleet.iter().map(|one| one.address.as_str()).collect();
    psql(url, "CHECKPOINT");
    let before = logged(url);
    let figures = scenario.drive(&site.server, &site.cookie, &addresses, EACH).await;
    Turn { figures, log: logged(url) - before }
}

/// How much PostgreSQL has logged, in bytes.
fn logged(url: &str) -> f64 {
    let text = psql(url, "SELECT pg_current_wal_insert_lsn() - '0/0'");
    text.trim().parse().expect("bytes")
}

/// The turn in the middle, the p95 of all, and how it stands to the `small` one, which the first is.
fn print(
    scenario: &str,
    (rows, instances): (u64, usize),
    mut turns: Vec<Turn>,
    small: &mut Option<f64>,
) {
    turns.sort_by(|one, other| one.figures.p95.total_cmp(&other.figures.p95));
    let each: Vec<_> = turns.iter().map(|turn| format!("{:.0}", turn.figures.p95)).collect();
    let Turn { figures, log } = turns.get(ROUNDS / 2).expect("a round");
    let ratio = figures.p95 / *small.get_or_insert(figures.p95);
    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    let log = log / 1_024.0 / figures.rounds.max(1) as f64;
    println!(
        "{scenario:<14} {rows:>10} {instances:>9} {:>10.0} {:>9.2} {:>9.2} {ratio:>8.2} {log:>8.2}  {}",
        figures.per_second,
        figures.p50,
        figures.p95,
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
///
/// A row grows when its token is used. The rows of used ones come first, and those of the others take
/// the room that is left at the ends of pages: a table that is in use has no pages with room for just
/// one more.
pub fn fill(url: &str, count: u64, end: u64) {
    let grants = count / GENERATIONS;
    let quickly = "SET synchronous_commit = off; SET statement_timeout = 0;
                   SET session_replication_role = replica;";
    let tokens = format!(
        "{quickly}
         INSERT INTO refresh_tokens (hash, grant_id, generation, created_at, expires_at, used_at,
                                     successor_hash)
         SELECT to_hex(1600000000 + n) || encode(sha256((n || '/' || g)::bytea), 'hex'),
                'made-up-' || n, g, 1600000000 + n, {end} + n,
                CASE WHEN g < {GENERATIONS} THEN 1600000000 + n END,
                CASE WHEN g < {GENERATIONS} THEN
                     to_hex(1600000000 + n) || encode(sha256((n || '/' || (g + 1))::bytea), 'hex') END
         FROM generate_series(1, {grants}) n"
    );
    let used = format!("{tokens}, generate_series(1, {GENERATIONS} - 1) g");
    let last = format!("{tokens}, generate_series({GENERATIONS}, {GENERATIONS}) g");
    let grants = format!(
        "{quickly}
         INSERT INTO grants (id, client_id, user_id, session_id, scope, is_offline, claims, auth_time,
                             acr, amr, created_at, expires_at)
         SELECT 'made-up-' || n, 'ES256', (SELECT id FROM users LIMIT 1), 'made-up-' || n,
                'openid offline_access', true, '{{}}', 1600000000, 'urn:vestibule:acr:pwd', '[]',
                1600000000 + n, {end} + n
         FROM generate_series(1, {grants}) n"
    );
    // What the making of the rows left to do must not be measured.
    for statement in [&grants, &used, "VACUUM refresh_tokens", &last, "VACUUM ANALYZE"] {
        psql(url, statement);
    }
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
