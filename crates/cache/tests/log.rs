//! What an outage leaves in the log. Alone in its process: threads log to the global subscriber.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has to fail")]

use std::{
    io::Write,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tracing_subscriber::fmt::MakeWriter;
use vestibule_cache::{BreakerState, Cache, testing::TestRedis};

/// What is logged, as text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

async fn until(state: BreakerState, cache: &Cache) {
    let start = Instant::now();
    while (cache.state() == BreakerState::Closed) != (state == BreakerState::Closed) {
        assert!(start.elapsed() < Duration::from_secs(10), "not in time: {state:?}");
        cache.count("a", Duration::from_mins(1)).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn an_outage_is_one_warning_and_its_end_one_line() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let mut redis = TestRedis::with_acl();
    let cache = Cache::redis(redis.settings()).unwrap();
    cache.count("a", Duration::from_mins(1)).await;
    redis.kill();
    until(BreakerState::Open, &cache).await;
    // Long enough for several probes.
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(2) {
        cache.count("a", Duration::from_mins(1)).await;
        cache.changed("client", &["a".to_owned()]).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    redis.restart();
    until(BreakerState::Closed, &cache).await;
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].contains("WARN") && lines[0].contains("redis.away"), "{text}");
    assert!(lines[0].contains("; fix: "), "{text}");
    assert!(lines[1].contains("INFO") && lines[1].contains("redis.back"), "{text}");
    assert!(!text.contains("p@ssw") && !text.contains("p%40ssw"), "{text}");
}
