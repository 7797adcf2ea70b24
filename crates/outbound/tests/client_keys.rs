//! Key sets of clients, at a site that does as it is told.

#![expect(clippy::expect_used, reason = "a test that cannot go on has to fail")]

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::Value;
use tokio::sync::Semaphore;
use vestibule_model::Timestamp;
use vestibule_outbound::{
    ClientKeys, Outbound, OutboundFault as Fault, Rules,
    testing::{Answer, FakeSite},
};

const NOW: Timestamp = Timestamp(1_795_269_909);
const OLD: &str = r#"{"keys":[{"kid":"old"}]}"#;
const NEW: &str = r#"{"keys":[{"kid":"new"}]}"#;

fn client_keys() -> ClientKeys {
    let rules = Rules { allow_private_addresses: true, ..Rules::default() };
    ClientKeys::new(Outbound::new(rules).expect("rules that work"))
}

fn kid(keys: &Result<Arc<Value>, Fault>) -> Option<&str> {
    keys.as_ref().ok()?.pointer("/keys/0/kid")?.as_str()
}

async fn site(answer: Answer) -> (FakeSite, String) {
    let site = FakeSite::start().await;
    site.at("/keys", answer);
    let url = site.url("/keys");
    (site, url)
}

#[tokio::test]
async fn many_callers_make_one_fetch() {
    let gate = Arc::new(Semaphore::new(0));
    let (site, url) = site(Answer::json(OLD).behind(&gate)).await;
    let keys = client_keys();
    let callers = join_all((0..20).map(|_| keys.keys(&url, NOW)));
    let opened = async {
        site.was_asked(1).await;
        gate.add_permits(20);
    };
    let (answers, ()) = tokio::join!(callers, opened);
    assert!(answers.iter().all(|answer| kid(answer) == Some("old")), "{answers:?}");
    assert_eq!(site.connections(), 1);
}

#[tokio::test]
async fn a_caller_that_leaves_does_not_end_the_fetch() {
    let gate = Arc::new(Semaphore::new(0));
    let (site, url) = site(Answer::json(OLD).behind(&gate)).await;
    let keys = client_keys();
    tokio::select! {
        _ = keys.keys(&url, NOW) => unreachable!("the gate is closed"),
        _ = site.was_asked(1) => {}
    }
    gate.add_permits(2);
    assert_eq!(kid(&keys.keys(&url, NOW).await), Some("old"));
    assert_eq!(site.connections(), 1);
}

#[tokio::test]
async fn a_copy_serves_as_long_as_its_host_says_within_bounds() {
    for (header, good) in [
        ("", 300),
        ("cache-control: max-age=120\r\n", 120),
        ("cache-control: no-store\r\n", 60),
        ("cache-control: max-age=1\r\n", 60),
        ("cache-control: max-age=99999999999999999999\r\n", 300),
        ("cache-control: max-age=9999999999\r\n", 3_600),
    ] {
        let (site, url) = site(Answer::new(200, header, OLD)).await;
        let keys = client_keys();
        assert_eq!(kid(&keys.keys(&url, NOW).await), Some("old"));
        site.at("/keys", Answer::json(NEW));
        assert_eq!(kid(&keys.keys(&url, NOW.plus(good - 1)).await), Some("old"), "{header}");
        assert_eq!(site.connections(), 1);
        assert_eq!(kid(&keys.keys(&url, NOW.plus(good)).await), Some("new"), "{header}");
    }
}

#[tokio::test]
async fn an_unknown_key_is_looked_for_at_most_once_in_half_a_minute() {
    let (site, url) = site(Answer::json(OLD)).await;
    let keys = client_keys();
    assert_eq!(kid(&keys.keys(&url, NOW).await), Some("old"));
    site.at("/keys", Answer::json(NEW));
    let callers = join_all((0..20).map(|_| keys.refreshed(&url, NOW))).await;
    assert!(callers.iter().all(|answer| kid(answer) == Some("new")), "{callers:?}");
    assert_eq!(site.connections(), 2, "twenty callers, one more fetch");

    site.at("/keys", Answer::json(OLD));
    assert_eq!(kid(&keys.refreshed(&url, NOW.plus(29)).await), Some("new"));
    assert_eq!(site.connections(), 2);
    assert_eq!(kid(&keys.refreshed(&url, NOW.plus(30)).await), Some("old"));
    assert_eq!(site.connections(), 3);
}

#[tokio::test]
async fn a_dead_host_s_last_copy_serves_for_a_day() {
    let (site, url) = site(Answer::json(OLD)).await;
    let keys = client_keys();
    assert_eq!(kid(&keys.keys(&url, NOW).await), Some("old"));
    site.at("/keys", Answer::new(500, "", ""));
    for later in [300, 3_600, 86_399] {
        assert_eq!(kid(&keys.keys(&url, NOW.plus(later)).await), Some("old"), "{later}");
    }
    assert_eq!(site.connections(), 4, "it is asked each time");
    let gone = keys.keys(&url, NOW.plus(86_410)).await;
    assert_eq!(gone, Err(Fault::Status(500)));
}

#[tokio::test]
async fn a_host_that_failed_is_left_alone_for_some_seconds() {
    let (site, url) = site(Answer::new(503, "", "")).await;
    let keys = client_keys();
    let callers = join_all((0..20).map(|_| keys.keys(&url, NOW))).await;
    assert!(callers.iter().all(|answer| *answer == Err(Fault::Status(503))), "{callers:?}");
    site.at("/keys", Answer::json(OLD));
    assert_eq!(keys.keys(&url, NOW.plus(9)).await, Err(Fault::Status(503)));
    assert_eq!(keys.refreshed(&url, NOW.plus(9)).await, Err(Fault::Status(503)));
    assert_eq!(site.connections(), 1);
    assert_eq!(kid(&keys.keys(&url, NOW.plus(10)).await), Some("old"));
}

#[tokio::test]
async fn a_refresh_that_fails_leaves_the_copy() {
    let (site, url) = site(Answer::json(OLD)).await;
    let keys = client_keys();
    assert_eq!(kid(&keys.keys(&url, NOW).await), Some("old"));
    site.at("/keys", Answer::json("<html>"));
    assert_eq!(kid(&keys.refreshed(&url, NOW).await), Some("old"));
    assert_eq!(kid(&keys.keys(&url, NOW.plus(299)).await), Some("old"));
    assert_eq!(site.connections(), 2);
}

#[tokio::test]
async fn what_is_no_key_set_is_not_kept() {
    for content in ["", "<html>", "[]", "{}", r#"{"keys":{}}"#, r#""keys""#] {
        let (_site, url) = site(Answer::json(content)).await;
        let answer = client_keys().keys(&url, NOW).await;
        assert!(matches!(answer, Err(Fault::NotA(_))), "{content}: {answer:?}");
    }
}

#[tokio::test]
async fn each_address_has_a_copy_of_its_own() {
    let site = FakeSite::start().await;
    site.at("/a", Answer::json(OLD));
    site.at("/b", Answer::json(NEW));
    let keys = client_keys();
    assert_eq!(kid(&keys.keys(&site.url("/a"), NOW).await), Some("old"));
    assert_eq!(kid(&keys.keys(&site.url("/b"), NOW).await), Some("new"));
    let clone = keys.clone();
    assert_eq!(kid(&clone.keys(&site.url("/a"), NOW).await), Some("old"));
    assert_eq!(site.connections(), 2, "clones share what is kept");
}
