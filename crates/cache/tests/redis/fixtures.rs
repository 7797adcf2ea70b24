//! What the tests have in common.

use std::time::{Duration, Instant};

use vestibule_cache::{BreakerState, Cache, Kept, RedisSettings};

/// How long something may take that has to happen. Sentinel takes its ten seconds.
const SOON: Duration = Duration::from_secs(30);
pub const MINUTE: Duration = Duration::from_mins(1);
/// Longer than any test.
pub const HOUR: Duration = Duration::from_hours(1);

pub fn cache(settings: RedisSettings) -> Cache {
    Cache::redis(settings).expect("settings that can be used")
}

/// Waits until `holds`, and says how long that took.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < SOON, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    start.elapsed()
}

/// Waits until `cache` hears of changes elsewhere.
pub async fn listening(cache: &Cache) -> Duration {
    until("listening", async || cache.is_listening()).await
}

pub async fn closed(cache: &Cache) -> Duration {
    until("the breaker closes", async || cache.state() == BreakerState::Closed).await
}

pub async fn opened(cache: &Cache) -> Duration {
    until("the breaker opens", async || cache.state() != BreakerState::Closed).await
}

/// Something of the kind `client`, for so long that only word of a change drops it.
pub fn kept(cache: &Cache) -> Kept<u32> {
    Kept::new(cache, "client", 100, HOUR)
}

pub fn put(kept: &Kept<u32>, key: &str) {
    kept.put(&kept.begin(), key.to_owned(), 1);
}

/// The keys of `names`.
pub fn keys(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}
