//! The word that something changed.

use std::time::{Duration, Instant};

use vestibule_cache::{Kept, testing::TestRedis};

use crate::fixtures::{HOUR, cache, kept, keys, listening, put, until};

#[tokio::test]
async fn a_change_is_heard_by_every_instance() {
    let redis = TestRedis::start();
    let (one, other) = (cache(redis.settings()), cache(redis.settings()));
    let (here, there) = (kept(&one), kept(&other));
    listening(&one).await;
    listening(&other).await;
    for kept in [&here, &there] {
        put(kept, "a");
        put(kept, "b");
    }
    one.changed("client", &keys(&["a"])).await;
    assert!(here.get("a").is_none());
    until("the word comes", async || there.get("a").is_none()).await;
    assert!(here.get("b").is_some() && there.get("b").is_some());
    // Too many to name: all of the kind.
    let many: Vec<String> = (0..1_000).map(|number| number.to_string()).collect();
    other.changed("client", &many).await;
    until("the word comes", async || here.get("b").is_none()).await;
    assert!(there.get("b").is_none());
}

#[tokio::test]
async fn one_s_own_change_is_heard_before_anything_is_awaited() {
    let mut redis = TestRedis::start();
    let cache = cache(redis.settings());
    let kept = kept(&cache);
    listening(&cache).await;
    put(&kept, "a");
    redis.kill();
    let changed = keys(&["a"]);
    let mut word = Box::pin(cache.changed("client", &changed));
    // Polled once, as by a client that hangs up at once.
    let _ = tokio::time::timeout(Duration::ZERO, word.as_mut()).await;
    assert!(kept.get("a").is_none());
}

#[tokio::test]
async fn the_word_goes_out_even_if_whoever_said_it_hangs_up() {
    let redis = TestRedis::start();
    let (one, other) = (cache(redis.settings()), cache(redis.settings()));
    let there = kept(&other);
    listening(&other).await;
    put(&there, "a");
    let changed = keys(&["a"]);
    let mut word = Box::pin(one.changed("client", &changed));
    let _ = tokio::time::timeout(Duration::ZERO, word.as_mut()).await;
    drop(word);
    until("the word comes", async || there.get("a").is_none()).await;
}

#[tokio::test]
async fn what_changed_elsewhere_while_it_was_read_is_not_kept() {
    let redis = TestRedis::start();
    let (one, other) = (cache(redis.settings()), cache(redis.settings()));
    let (there, witness) = (kept(&other), kept(&other));
    listening(&other).await;
    put(&witness, "a");
    let mark = there.begin();
    one.changed("client", &keys(&["a"])).await;
    until("the word comes", async || witness.get("a").is_none()).await;
    there.put(&mark, "a".to_owned(), 1);
    assert!(there.get("a").is_none());
}

#[tokio::test]
async fn a_new_subscription_forgets_all_because_words_may_be_lost() {
    let mut redis = TestRedis::start();
    let cache = cache(redis.settings());
    let kept = kept(&cache);
    listening(&cache).await;
    put(&kept, "a");
    redis.kill();
    until("the loss is noticed", async || !cache.is_listening()).await;
    assert!(kept.get("a").is_some(), "its own bound still holds");
    redis.restart();
    listening(&cache).await;
    assert!(kept.get("a").is_none());
}

#[tokio::test]
async fn the_bound_holds_when_the_word_never_comes() {
    let mut redis = TestRedis::start();
    let cache = cache(redis.settings());
    let bound = Duration::from_millis(200);
    let kept: Kept<u32> = Kept::new(&cache, "client", 100, bound);
    listening(&cache).await;
    redis.kill();
    let begun = Instant::now();
    put(&kept, "a");
    until("it is dropped", async || kept.get("a").is_none()).await;
    assert!(begun.elapsed() >= bound);
    assert!(begun.elapsed() < bound * 20, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn what_nobody_understands_drops_everything() {
    let redis = TestRedis::start();
    let cache = cache(redis.settings());
    let kept = kept(&cache);
    listening(&cache).await;
    put(&kept, "a");
    redis.run(&["PUBLISH", "vestibule:changed", "2 of a later version"]);
    until("the word comes", async || kept.get("a").is_none()).await;
}

#[tokio::test]
async fn a_subscription_that_somebody_kills_comes_back() {
    let redis = TestRedis::start();
    let cache = cache(redis.settings());
    let kept = kept(&cache);
    listening(&cache).await;
    put(&kept, "a");
    redis.run(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    until("it listens anew", async || kept.get("a").is_none()).await;
    listening(&cache).await;
    assert!(cache.count("a", HOUR).await.shared, "commands go on");
}
