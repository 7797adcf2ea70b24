//! Rows that are over, by the million, under requests: what the sweep costs those who come meanwhile.

use std::time::{Duration, Instant};

use vestibule_storage::testing::TestDatabase;

use crate::{
    scale::{self, GENERATIONS},
    scenarios::{self, OfRows},
    server::Server,
};

/// How long each look lasts.
const EACH: Duration = Duration::from_secs(5);
/// It gives up on a sweep that does not end.
const AT_MOST: Duration = Duration::from_mins(15);

/// `rows` refresh tokens and their grants that ended long ago, and refreshes until none of them is
/// left.
pub async fn run(rows: u64) {
    let database = TestDatabase::postgres();
    let server = Server::start(&database.url());
    let cookie = scenarios::sign_in(&server).await;
    let beside = scale::pinned(&server, 1);
    let addresses: Vec<&str> = beside.iter().map(|one| one.address.as_str()).collect();
    println!(
        "{:>7} {:>10} {:>10} {:>9} {:>9}",
        "second", "rows left", "refresh/s", "p50 ms", "p95 ms"
    );
    let look = async |second: u64, left: u64| {
        let figures = OfRows::Refresh.drive(&server, &cookie, &addresses, EACH).await;
        let (rate, p50, p95) = (figures.per_second, figures.p50, figures.p95);
        println!("{second:>7} {left:>10} {rate:>10.0} {p50:>9.2} {p95:>9.2}");
    };
    look(0, 0).await;
    scale::fill(server.database(), rows, scale::LONG_AGO);
    let began = Instant::now();
    loop {
        let left = scale::count(server.database());
        look(began.elapsed().as_secs(), left).await;
        if left == 0 {
            break;
        }
        assert!(began.elapsed() < AT_MOST, "{left} of {rows} rows are left");
    }
    let whole = rows + rows / GENERATIONS;
    println!(
        "{whole} rows in at most {} s, with the time until the sweep began",
        began.elapsed().as_secs()
    );
}
