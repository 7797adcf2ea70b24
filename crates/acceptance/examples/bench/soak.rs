//! Minutes under load: three instances of one installation, and the memory of each as time goes by.

use std::time::{Duration, Instant};

use vestibule_storage::testing::TestDatabase;

use crate::{
    scale,
    scenarios::{self, OfRows},
    server::{Instance, Server},
};

/// Instances of the installation.
const INSTANCES: usize = 3;
/// How long each scenario runs before the next takes its place.
const EACH: Duration = Duration::from_secs(8);

/// `minutes` of code flows, refreshes and introspections in turn. Redis is used where
/// `VESTIBULE__REDIS__URL` is set: the instances inherit it.
pub async fn run(minutes: u64) {
    let database = TestDatabase::postgres();
    let server = Server::start(&database.url());
    let cookie = scenarios::sign_in(&server).await;
    let beside: Vec<Instance> = scale::pinned(&server, INSTANCES);
    let addresses: Vec<&str> = beside.iter().map(|one| one.address.as_str()).collect();
    println!("{:>7} {:>18}", "second", "memory MB");
    let began = Instant::now();
    while began.elapsed() < Duration::from_mins(minutes) {
        let mut rates = Vec::new();
        for scenario in OfRows::ALL {
            let figures = scenario.drive(&server, &cookie, &addresses, EACH).await;
            rates.push(format!("{} {:.0}/s", scenario.name(), figures.per_second));
        }
        let memory: Vec<_> = beside.iter().map(|one| one.rss().to_string()).collect();
        print!("{:>7} {:>18}", began.elapsed().as_secs(), memory.join(" "));
        println!("  {}", rates.join(", "));
    }
}
