//! Counters that instances share.

use vestibule_cache::{BreakerState, Cache, RedisSettings, testing::TestRedis};

use crate::fixtures::{MINUTE, cache, closed, kept, keys, listening, put, until};

#[tokio::test]
async fn two_instances_count_together_and_each_key_for_itself() {
    let redis = TestRedis::start();
    let (one, other) = (cache(redis.settings()), cache(redis.settings()));
    for (number, instance) in [&one, &other, &one, &other].into_iter().enumerate() {
        let counted = instance.count("ip:192.0.2.1", MINUTE).await;
        assert_eq!(counted.count, u64::try_from(number).unwrap() + 1);
        assert!(counted.shared);
        assert!(counted.ends_in <= MINUTE && counted.ends_in > MINUTE / 2, "{counted:?}");
    }
    assert_eq!(one.count("ip:192.0.2.2", MINUTE).await.count, 1);
}

#[tokio::test]
async fn a_window_ends_and_another_opens() {
    let redis = TestRedis::start();
    let cache = cache(redis.settings());
    let short = MINUTE / 300;
    assert_eq!(cache.count("a", short).await.count, 1);
    until("the window ends", async || cache.count("a", short).await.count == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_counted_twice_or_not_at_all() {
    let redis = TestRedis::start();
    let instances = [cache(redis.settings()), cache(redis.settings())];
    let calls: Vec<_> = (0..400)
        .map(|number| {
            let instance = instances[number % 2].clone();
            tokio::spawn(async move { instance.count("a", MINUTE).await })
        })
        .collect();
    let mut counts = Vec::new();
    for call in calls {
        let counted = call.await.unwrap();
        assert!(counted.shared);
        counts.push(counted.count);
    }
    counts.sort_unstable();
    assert_eq!(counts, (1..=400).collect::<Vec<u64>>());
}

#[tokio::test]
async fn every_key_has_the_prefix_and_an_expiry() {
    let redis = TestRedis::start();
    let settings = RedisSettings { prefix: "eu-1:".to_owned(), ..redis.settings() };
    let cache = cache(settings);
    listening(&cache).await;
    for number in 0..50 {
        cache.count(&format!("ip:{number} {{tag}}"), MINUTE).await;
        cache.count(&format!("ip:{number} {{tag}}"), MINUTE).await;
    }
    cache.changed("client", &keys(&["a", "b"])).await;
    let stored = redis.keys();
    assert!(stored.len() >= 50, "{stored:?}");
    for (key, expiry) in stored {
        assert!(key.starts_with("eu-1:"), "{key}");
        assert!((1..=60_000).contains(&expiry), "{key} expires in {expiry} ms");
    }
}

#[tokio::test]
async fn a_key_that_somebody_made_to_stay_gets_an_expiry() {
    let redis = TestRedis::start();
    redis.run(&["SET", "vestibule:count:a", "7"]);
    let counted = cache(redis.settings()).count("a", MINUTE).await;
    assert_eq!((counted.count, counted.ends_in), (8, MINUTE));
    assert!(redis.keys().iter().all(|(_, expiry)| *expiry > 0));
}

#[tokio::test]
async fn without_redis_each_process_counts_for_itself() {
    let (one, other) = (Cache::in_process(), Cache::in_process());
    assert_eq!(one.count("a", MINUTE).await.count, 1);
    assert_eq!(one.count("a", MINUTE).await.count, 2);
    let counted = other.count("a", MINUTE).await;
    assert_eq!((counted.count, counted.shared), (1, false));
    assert!(!one.is_shared() && !one.is_listening());
    assert!(one.ping().await.is_err());
}

#[tokio::test]
async fn redis_says_how_it_is() {
    let redis = TestRedis::with_options(&["--maxmemory", "50mb"]);
    let ping = cache(redis.settings()).ping().await.unwrap();
    assert_eq!((ping.maxmemory, ping.policy.as_str()), (50 * 1_024 * 1_024, "noeviction"));
    assert_eq!((ping.role.as_str(), ping.mode.as_str()), ("master", "standalone"));
    assert!(ping.used_memory > 0 && ping.version.contains('.'), "{ping:?}");
    // After 2020 and before 2100.
    assert!((1_577_836_800..4_102_444_800).contains(&ping.server_time.as_secs()));
}

#[tokio::test]
async fn a_full_redis_is_left_alone_until_it_has_room() {
    let redis = TestRedis::with_options(&["--maxmemory", "1500kb"]);
    let (cache, other) = (cache(redis.settings()), cache(redis.settings()));
    listening(&cache).await;
    listening(&other).await;
    // Half filled by somebody else, so that nothing more fits.
    redis.run(&["CONFIG", "SET", "maxmemory", "1"]);
    let counted = cache.count("a", MINUTE).await;
    assert_eq!((counted.count, counted.shared), (1, false));
    until("the breaker opens", async || {
        cache.count("b", MINUTE).await;
        cache.state() != BreakerState::Closed
    })
    .await;
    let there = kept(&other);
    put(&there, "a");
    cache.changed("client", &keys(&["a"])).await;
    until("the word comes through", async || there.get("a").is_none()).await;
    assert_ne!(cache.state(), BreakerState::Closed, "a word that went out is no count");
    redis.run(&["CONFIG", "SET", "maxmemory", "0"]);
    until("it is asked again", async || cache.count("c", MINUTE).await.shared).await;
    closed(&cache).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_workers_may_connect_at_once() {
    let redis = TestRedis::start();
    let cache = cache(RedisSettings { pool_size: 100, ..redis.settings() });
    let calls: Vec<_> = (0..200)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move { cache.count("a", MINUTE).await.shared })
        })
        .collect();
    for call in calls {
        assert!(call.await.unwrap());
    }
}

#[tokio::test]
async fn counting_here_is_beside_what_all_count() {
    let cache = Cache::in_process();
    assert_eq!(cache.count_here("a", MINUTE).0, 1);
    assert_eq!(cache.count_here("a", MINUTE).0, 2);
    let counted = cache.count("a", MINUTE).await;
    assert_eq!(counted.count, 1);
}
