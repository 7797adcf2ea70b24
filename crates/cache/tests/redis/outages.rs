//! Redis that is dead, hangs, or comes back.

use std::time::{Duration, Instant};

use vestibule_cache::{
    BreakerState, Cache, RedisSettings,
    testing::{TestRedis, free_port, settings},
};

use crate::fixtures::{MINUTE, cache, closed, kept, keys, listening, opened, put, until};

/// What takes a moment may take so long on a busy machine. What these tests are against takes far longer,
/// or has no end.
const BUSY: Duration = Duration::from_secs(5);

/// Calls that cost no more than what a call to a breaker costs.
async fn assert_costs_nothing(cache: &Cache) {
    let start = Instant::now();
    for _ in 0..1_000 {
        assert!(!cache.count("a", MINUTE).await.shared);
        cache.changed("client", &keys(&["a"])).await;
    }
    // Without a breaker this would be 250 s.
    assert!(start.elapsed() < BUSY, "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_redis_that_is_not_there_hinders_no_start() {
    let start = Instant::now();
    let cache = cache(settings(&format!("redis://127.0.0.1:{}", free_port())));
    let counted = cache.count("a", MINUTE).await;
    assert_eq!((counted.count, counted.shared), (1, false));
    assert!(start.elapsed() < BUSY, "{:?}", start.elapsed());
    opened(&cache).await;
    assert_costs_nothing(&cache).await;
    let fault = cache.ping().await.unwrap_err().to_string();
    assert!(fault.contains("refused") && fault.contains("; fix: start Redis"), "{fault}");
}

#[tokio::test]
async fn counting_goes_on_here_while_redis_is_dead_and_there_once_it_is_back() {
    let mut redis = TestRedis::start();
    let cache = cache(redis.settings());
    for _ in 0..3 {
        assert!(cache.count("a", MINUTE).await.shared);
    }
    redis.kill();
    let counted = cache.count("a", MINUTE).await;
    assert_eq!((counted.count, counted.shared), (4, false), "on from what Redis said last");
    opened(&cache).await;
    assert_costs_nothing(&cache).await;
    redis.restart();
    let took = closed(&cache).await;
    assert!(took < BUSY, "{took:?}");
    assert!(cache.count("b", MINUTE).await.shared);
}

#[tokio::test]
async fn a_restart_between_two_calls_costs_nobody_anything() {
    let mut redis = TestRedis::start();
    let cache = cache(redis.settings());
    for _ in 0..20 {
        cache.count("a", MINUTE).await;
    }
    redis.restart();
    for number in 1..=20 {
        let counted = cache.count("a", MINUTE).await;
        assert_eq!((counted.count, counted.shared), (number, true));
    }
    assert_eq!(cache.state(), BreakerState::Closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_hangs_costs_a_timeout_and_then_nothing() {
    let redis = TestRedis::start();
    let cache = cache(redis.settings());
    listening(&cache).await;
    assert!(cache.count("a", MINUTE).await.shared);
    redis.pause();
    let start = Instant::now();
    let calls: Vec<_> = (0..500)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move { cache.count("a", MINUTE).await })
        })
        .collect();
    for call in calls {
        assert!(!call.await.unwrap().shared);
    }
    // One timeout of 250 ms for all of them together; one after the other it would be 125 s.
    assert!(start.elapsed() < BUSY, "{:?}", start.elapsed());
    opened(&cache).await;
    // Until the listener finds out, words are still tried.
    until("the loss is noticed", async || !cache.is_listening()).await;
    assert_costs_nothing(&cache).await;
    redis.resume();
    let took = closed(&cache).await;
    assert!(took < BUSY, "{took:?}");
    until("it counts there", async || cache.count("b", MINUTE).await.shared).await;
    listening(&cache).await;
}

/// A firewall, a proxy before a dead server, a TLS handshake that never ends.
#[tokio::test]
async fn a_host_that_takes_connections_and_says_nothing_costs_no_more_than_a_dead_one() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    for scheme in ["redis", "rediss"] {
        let cache = cache(settings(&format!("{scheme}://127.0.0.1:{port}")));
        let start = Instant::now();
        assert!(!cache.count("a", MINUTE).await.shared);
        assert!(start.elapsed() < BUSY, "{:?}", start.elapsed());
        opened(&cache).await;
        assert_costs_nothing(&cache).await;
        let start = Instant::now();
        assert!(cache.ping().await.is_err());
        assert!(start.elapsed() < BUSY, "{:?}", start.elapsed());
    }
}

/// Takes connections on `port`, and holds them without a word, until the count of them is reached.
fn hold(port: u16, count: usize) -> std::thread::JoinHandle<Vec<std::net::TcpStream>> {
    let silent = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    std::thread::spawn(move || silent.incoming().take(count).map(Result::unwrap).collect())
}

/// The connections stay open for ever: no thread may hang in one, or none is left in the end.
#[tokio::test]
async fn tls_that_was_silent_for_long_is_used_as_soon_as_it_speaks() {
    let mut redis = TestRedis::with_tls(false);
    let ca = redis.certificate().0.display().to_string();
    let impatient = RedisSettings {
        connect_timeout: Duration::from_millis(20),
        timeout: Duration::from_millis(20),
        ..settings(&format!("{}?ca_file={ca}", redis.url()))
    };
    redis.kill();
    let silent = hold(redis.port(), 60);
    let cache = cache(impatient);
    until("sixty connections were refused an answer", async || {
        assert!(cache.ping().await.is_err());
        silent.is_finished()
    })
    .await;
    let _held = silent.join().unwrap();
    redis.restart();
    let took = until("it is used", async || cache.ping().await.is_ok()).await;
    assert!(took < BUSY, "{took:?}");
}

#[tokio::test]
async fn a_lost_network_is_noticed_by_the_one_who_listens() {
    let redis = TestRedis::start();
    let cache = cache(redis.settings());
    listening(&cache).await;
    redis.pause();
    // Nobody says anything: no call, no closed connection.
    let took = until("the loss is noticed", async || !cache.is_listening()).await;
    assert!(took < BUSY, "{took:?}");
    redis.resume();
    listening(&cache).await;
}

#[tokio::test]
async fn it_opens_and_closes_without_a_single_call() {
    let mut redis = TestRedis::start();
    let cache = cache(redis.settings());
    listening(&cache).await;
    redis.kill();
    opened(&cache).await;
    redis.restart();
    let took = closed(&cache).await;
    assert!(took < BUSY, "{took:?}");
}

#[tokio::test]
async fn an_emptied_redis_counts_from_the_beginning_and_goes_on() {
    let redis = TestRedis::start();
    let cache = cache(redis.settings());
    let kept = kept(&cache);
    listening(&cache).await;
    put(&kept, "a");
    assert_eq!(cache.count("a", MINUTE).await.count, 1);
    redis.flush();
    redis.run(&["SCRIPT", "FLUSH"]);
    let counted = cache.count("a", MINUTE).await;
    assert_eq!((counted.count, counted.shared), (1, true));
    assert!(kept.get("a").is_some() && cache.is_listening());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_sends_everyone_on_at_once() {
    let redis = TestRedis::start();
    let few = RedisSettings { pool_size: 1, queue: 1, ..redis.settings() };
    let cache = cache(few);
    assert!(cache.count("a", MINUTE).await.shared);
    redis.pause();
    let start = Instant::now();
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move { cache.count("a", MINUTE).await })
        })
        .collect();
    for call in calls {
        assert!(!call.await.unwrap().shared);
    }
    assert!(start.elapsed() < BUSY, "{:?}", start.elapsed());
    assert_eq!(cache.state(), BreakerState::Closed, "our own queue is no fault of Redis");
    redis.resume();
}

#[tokio::test]
async fn after_the_shutdown_everything_goes_on_without_redis() {
    let redis = TestRedis::start();
    let cache = cache(redis.settings());
    assert!(cache.count("a", MINUTE).await.shared);
    cache.shutdown();
    let counted = cache.count("a", MINUTE).await;
    assert_eq!((counted.count, counted.shared), (2, false));
    until("nobody listens", async || !cache.is_listening()).await;
    until("nobody is connected", async || {
        redis.run(&["CLIENT", "LIST"]).concat().lines().count() == 1
    })
    .await;
}
