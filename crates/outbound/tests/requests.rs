//! Requests, to sites that do as they are told.

#![expect(clippy::expect_used, reason = "a test that cannot go on has to fail")]

use std::{
    io::ErrorKind,
    net::{TcpListener, UdpSocket},
    sync::Arc,
    time::Duration,
};

use futures_util::future::join_all;
use tokio::{sync::Semaphore, time::timeout};
use vestibule_model::Secret;
use vestibule_outbound::{
    Accept, IN_FLIGHT_PER_HOST, Outbound, OutboundFault as Fault, Rules,
    testing::{Answer, Authority, FakeSite, Then},
};

/// Short enough to wait for a site that never answers.
const PATIENCE: Duration = Duration::from_millis(400);

fn with(rules: Rules) -> Outbound {
    Outbound::new(rules).expect("rules that work")
}

/// As a test's server is configured: sites on this machine are reached.
fn outbound() -> Outbound {
    with(Rules { allow_private_addresses: true, ..Rules::default() })
}

fn hasty() -> Outbound {
    with(Rules { allow_private_addresses: true, timeout: PATIENCE, ..Rules::default() })
}

fn trusting(authority: &Authority) -> Outbound {
    let extra_roots = authority.pem();
    with(Rules { allow_private_addresses: true, extra_roots, ..Rules::default() })
}

#[tokio::test]
async fn content_comes_with_what_is_said_about_it() {
    let site = FakeSite::start().await;
    let headers = "Content-Type: application/jwk-set+json\r\nCache-Control: max-age=90\r\n";
    site.at("/keys?v=1", Answer::new(200, headers, r#"{"keys":[]}"#));
    let fetched = outbound().get_json(&site.url("/keys?v=1#here")).await.expect("content");
    assert_eq!(fetched.body, br#"{"keys":[]}"#);
    assert_eq!(fetched.content_type.as_deref(), Some("application/jwk-set+json"));
    assert_eq!(fetched.max_age, Some(90));
    assert_eq!(fetched.json::<serde_json::Value>().expect("JSON")["keys"], serde_json::json!([]));
    assert!(matches!(fetched.json::<Vec<String>>(), Err(Fault::NotA(_))));

    let asked = site.asked();
    assert_eq!(asked[0].line, "GET /keys?v=1 HTTP/1.1", "no fragment");
    let expected = [
        ("host", site.address.to_string()),
        ("accept", "application/json".to_owned()),
        ("accept-encoding", "identity".to_owned()),
        ("connection", "close".to_owned()),
        ("user-agent", format!("Vestibule/{}", env!("CARGO_PKG_VERSION"))),
    ];
    for (name, value) in &expected {
        assert_eq!(asked[0].headers.get(*name), Some(value), "{name}");
    }
    assert_eq!(asked[0].headers.len(), expected.len(), "{:?}", asked[0].headers);
}

#[tokio::test]
async fn a_form_is_posted_and_its_status_told() {
    let site = FakeSite::start().await;
    let outbound = outbound();
    for status in [200, 204, 302, 400, 503] {
        site.at("/logout", Answer::new(status, "location: /elsewhere\r\n", ""));
        let pairs = [("logout_token", "e30.e30."), ("odd", "a b&c=ü")];
        assert_eq!(outbound.post_form(&site.url("/logout"), &pairs).await, Ok(status));
    }
    let asked = site.asked();
    assert_eq!(asked.len(), 5, "one request each");
    assert_eq!(asked[0].line, "POST /logout HTTP/1.1");
    assert_eq!(asked[0].content, "logout_token=e30.e30.&odd=a+b%26c%3D%C3%BC");
    let form = "application/x-www-form-urlencoded";
    assert_eq!(asked[0].headers.get("content-type").map(String::as_str), Some(form));
}

#[tokio::test]
async fn a_question_is_asked_with_its_token() {
    let site = FakeSite::start().await;
    site.at("/claims", Answer::json(r#"{"distributed":[]}"#));
    let (url, question) = (site.url("/claims"), serde_json::json!({ "sub": "ana" }));
    let token = Secret::new("of-the-service");
    let outbound = outbound();
    let fetched = outbound.ask_json(&url, Some(&token), &question).await.expect("content");
    assert_eq!(fetched.body, br#"{"distributed":[]}"#);
    outbound.ask_json(&url, None, &question).await.expect("content");
    let asked = site.asked();
    assert_eq!(
        (asked[0].line.as_str(), asked[0].content.as_str()),
        ("POST /claims HTTP/1.1", r#"{"sub":"ana"}"#)
    );
    let header = |number: usize, name: &str| asked[number].headers.get(name).map(String::as_str);
    assert_eq!(header(0, "content-type"), Some("application/json"));
    assert_eq!(header(0, "authorization"), Some("Bearer of-the-service"));
    assert_eq!(header(1, "authorization"), None);
    site.at("/claims", Answer::new(403, "", "{}"));
    let refused = outbound.ask_json(&url, None, &question).await;
    assert_eq!(refused, Err(Fault::Status(403)));
}

/// A listener that must see nobody, not even a handshake of TCP.
#[tokio::test]
async fn a_host_on_this_machine_is_refused_before_any_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("a listener that does not wait");
    let port = listener.local_addr().expect("an address").port();
    let outbound = with(Rules { timeout: PATIENCE, ..Rules::default() });
    let hosts = [
        "127.0.0.1",
        "127.1",
        "0x7f000001",
        "2130706433",
        "017700000001",
        "0.0.0.0",
        "[::ffff:127.0.0.1]",
        "[::]",
        "localhost",
        "LOCALHOST",
    ];
    for host in hosts {
        let url = format!("https://{host}:{port}/keys");
        assert_eq!(outbound.get_json(&url).await, Err(Fault::PrivateAddress), "{host}");
        assert_eq!(outbound.post_form(&url, &[]).await, Err(Fault::PrivateAddress), "{host}");
        let seen = listener.accept().map(drop).map_err(|fault| fault.kind());
        assert_eq!(seen, Err(ErrorKind::WouldBlock), "{host} was connected to");
    }
}

#[tokio::test]
async fn plain_http_goes_no_further_than_this_machine() {
    let site = FakeSite::start().await;
    let strict = with(Rules::default());
    assert_eq!(strict.get_json(&site.url("/")).await, Err(Fault::NotHttps));
    assert_eq!(outbound().get_json("http://192.0.2.1/").await, Err(Fault::NotHttps));
    assert_eq!(site.connections(), 0);
}

#[tokio::test]
async fn a_redirect_is_told_and_not_followed() {
    let site = FakeSite::start().await;
    site.at("/elsewhere", Answer::json("{}"));
    for status in [301, 302, 303, 307, 308] {
        site.at("/keys", Answer::new(status, "location: /elsewhere\r\n", ""));
        let fetched = outbound().get_json(&site.url("/keys")).await;
        assert_eq!(fetched, Err(Fault::Status(status)));
    }
    assert!(site.asked().iter().all(|asked| asked.line == "GET /keys HTTP/1.1"));
    assert_eq!(site.connections(), 5);
}

#[tokio::test]
async fn other_statuses_hold_no_content() {
    let site = FakeSite::start().await;
    for status in [201, 206, 404, 500] {
        site.at("/keys", Answer::new(status, "", "{}"));
        let fetched = outbound().get_json(&site.url("/keys")).await;
        assert_eq!(fetched, Err(Fault::Status(status)));
    }
    site.at("/keys", Answer::raw("HTTP/1.1 204 none\r\n\r\n"));
    assert_eq!(outbound().get_json(&site.url("/keys")).await, Err(Fault::Status(204)));
}

#[tokio::test]
async fn content_without_end_is_cut() {
    let site = FakeSite::start().await;
    let max_bytes = 10_000;
    let rules = Rules { allow_private_addresses: true, max_bytes, ..Rules::default() };
    let outbound = with(rules);
    let chunked = "HTTP/1.1 200 ok\r\ntransfer-encoding: chunked\r\n\r\n";
    let unbounded = "HTTP/1.0 200 ok\r\n\r\n";
    let lying = "HTTP/1.1 200 ok\r\ncontent-length: 9999999999999\r\n\r\n";
    let endless = [
        Answer::raw(chunked).then(Then::Repeat(b"8\r\naaaaaaaa\r\n")),
        Answer::raw(unbounded).then(Then::Repeat(b"aaaaaaaa")),
        Answer::raw(lying).then(Then::Hang),
        Answer::raw("HTTP/1.1 200 ok\r\ncontent-length: 10001\r\n\r\n").then(Then::Hang),
        Answer::json(&"a".repeat(10_001)),
    ];
    for answer in endless {
        site.at("/keys", answer.clone());
        let fetched = outbound.get_json(&site.url("/keys")).await;
        assert_eq!(fetched, Err(Fault::TooLarge(max_bytes)), "{answer:?}");
    }
    site.at("/keys", Answer::json(&"a".repeat(10_000)));
    assert_eq!(
        outbound.get_json(&site.url("/keys")).await.map(|fetched| fetched.body.len()),
        Ok(10_000)
    );
}

#[tokio::test]
async fn headers_without_end_are_cut() {
    let site = FakeSite::start().await;
    site.at("/keys", Answer::raw("HTTP/1.1 200 ok\r\n").then(Then::Repeat(b"a: aaaaaaaaaaaa\r\n")));
    site.at("/long", Answer::raw("HTTP/1.1 200 ok\r\na: ").then(Then::Repeat(b"aaaaaaaaaaaaaaaa")));
    for path in ["/keys", "/long"] {
        assert_eq!(outbound().get_json(&site.url(path)).await, Err(Fault::Malformed), "{path}");
    }
}

#[tokio::test]
async fn a_slow_site_is_given_up() {
    let site = FakeSite::start().await;
    let head = "HTTP/1.1 200 ok\r\ncontent-length: 1000\r\n\r\n";
    let slow = [
        Answer::raw("").then(Then::Hang),
        Answer::raw("HTTP/1.1 200 ok\r\n").then(Then::Hang),
        Answer::raw(head).then(Then::Hang),
        // Each byte is in time: only a bound on the whole helps.
        Answer::raw(head).then(Then::Drip(b"a", PATIENCE / 8)),
        Answer::raw("").then(Then::Drip(b"HTTP/1.1 103 soon\r\n\r\n", PATIENCE / 8)),
    ];
    for answer in slow {
        site.at("/keys", answer.clone());
        let (hasty, url) = (hasty(), site.url("/keys"));
        let fetched = timeout(PATIENCE * 10, hasty.get_json(&url)).await.expect("our own limit");
        assert_eq!(fetched, Err(Fault::TimedOut), "{answer:?}");
    }
    site.at("/logout", Answer::raw("").then(Then::Hang));
    let (hasty, url) = (hasty(), site.url("/logout"));
    let posted = timeout(PATIENCE * 10, hasty.post_form(&url, &[])).await.expect("our own limit");
    assert_eq!(posted, Err(Fault::TimedOut));
}

#[tokio::test]
async fn a_host_that_never_shakes_hands_is_given_up() {
    // The kernel takes the connection; nobody ever speaks TLS on it.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("https://{}/", listener.local_addr().expect("an address"));
    assert_eq!(hasty().get_json(&url).await, Err(Fault::TimedOut));
}

#[tokio::test]
async fn what_is_not_quite_http_is_not_taken() {
    let site = FakeSite::start().await;
    let answers = [
        "",
        "{\"keys\":[]}",
        "HTTP/1.1 200 ok\r\ncontent-length: 100\r\n\r\n{\"keys\":[]}",
        "HTTP/1.1 200 ok\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"k",
        "HTTP/1.1 200 ok\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}",
    ];
    for answer in answers {
        site.at("/keys", Answer::raw(answer));
        assert_eq!(
            outbound().get_json(&site.url("/keys")).await,
            Err(Fault::Malformed),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn an_authority_that_is_named_is_trusted_and_another_is_not() {
    let (known, unknown) = (Authority::new(), Authority::new());
    let names = ["127.0.0.1", "localhost"];
    let site = FakeSite::start_with(Some(known.vouch_for(&names))).await;
    site.at("/keys", Answer::json("{}"));
    let port = site.address.port();
    let by_name = format!("https://localhost:{port}/keys");
    for url in [site.url("/keys"), by_name.clone(), format!("https://LocalHost:{port}/keys")] {
        assert!(trusting(&known).get_json(&url).await.is_ok(), "{url}");
        for stranger in [trusting(&unknown), outbound()] {
            let refused = stranger.get_json(&url).await;
            assert!(matches!(refused, Err(Fault::Tls(_))), "{url}: {refused:?}");
        }
    }
    assert_eq!(site.asked().len(), 3, "nothing was said to whom we do not trust");
    let both = [unknown.pem(), known.pem()].concat();
    let rules = Rules { allow_private_addresses: true, extra_roots: both, ..Rules::default() };
    assert!(with(rules).get_json(&by_name).await.is_ok(), "the file may name several");
}

/// As a file of trust anchors may name an issuer whose root is elsewhere.
#[tokio::test]
async fn an_anchor_need_not_be_a_root() {
    let issuer = Authority::new().below();
    let site = FakeSite::start_with(Some(issuer.vouch_for(&["127.0.0.1"]))).await;
    site.at("/keys", Answer::json("{}"));
    let fetched = trusting(&issuer).get_json(&site.url("/keys")).await;
    assert!(fetched.is_ok(), "{fetched:?}");
}

#[tokio::test]
async fn a_certificate_has_to_be_the_host_s() {
    let authority = Authority::new();
    for (named, asked) in [("other.example", "127.0.0.1"), ("127.0.0.1", "localhost")] {
        let site = FakeSite::start_with(Some(authority.vouch_for(&[named]))).await;
        let url = format!("https://{asked}:{}/", site.address.port());
        let refused = trusting(&authority).get_json(&url).await;
        assert!(matches!(refused, Err(Fault::Tls(why)) if why.contains("mismatch")), "{refused:?}");
    }
}

#[tokio::test]
async fn a_site_without_tls_is_no_https_site() {
    let site = FakeSite::start().await;
    let url = site.url("/").replace("http:", "https:");
    assert!(matches!(hasty().get_json(&url).await, Err(Fault::Tls(_) | Fault::TimedOut)));
    assert!(site.asked().is_empty());
}

#[tokio::test]
async fn a_host_that_is_not_there_is_told() {
    // Nobody listens for TCP where somebody holds the same port for UDP only, or nobody does at all.
    let held = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let url = format!("https://{}/", held.local_addr().expect("an address"));
    assert_eq!(outbound().get_json(&url).await, Err(Fault::Unreachable));
    let nowhere = outbound().get_json("https://nowhere.invalid/").await;
    assert!(matches!(nowhere, Err(Fault::Unresolvable | Fault::TimedOut)), "{nowhere:?}");
}

#[tokio::test]
async fn too_many_requests_to_a_host_are_refused_at_once() {
    let site = FakeSite::start().await;
    let gate = Arc::new(Semaphore::new(0));
    site.at("/slow", Answer::json("{}").behind(&gate));
    site.at("/keys", Answer::json("{}"));
    let outbound = outbound();
    let url = site.url("/slow");
    let slow = join_all((0..IN_FLIGHT_PER_HOST).map(|_| outbound.get_json(&url)));
    let meanwhile = async {
        site.was_asked(IN_FLIGHT_PER_HOST).await;
        let refused = outbound.get(&site.url("/keys"), Accept::JwkSet).await;
        gate.add_permits(IN_FLIGHT_PER_HOST);
        refused
    };
    let (slow, refused) = tokio::join!(slow, meanwhile);
    assert_eq!(refused, Err(Fault::Busy));
    assert!(slow.iter().all(Result::is_ok), "{slow:?}");
    assert!(outbound.get_json(&site.url("/keys")).await.is_ok(), "places come back");
    assert_eq!(site.connections(), IN_FLIGHT_PER_HOST + 1);
}

#[tokio::test]
async fn a_request_keeps_its_place_until_the_last_byte() {
    let site = FakeSite::start().await;
    let head = "HTTP/1.1 200 ok\r\ncontent-length: 1000\r\n\r\n";
    site.at("/slow", Answer::raw(head).then(Then::Hang));
    site.at("/keys", Answer::json("{}"));
    let (ours, theirs, url) = (outbound(), outbound(), site.url("/slow"));
    let meanwhile = async {
        site.was_asked(IN_FLIGHT_PER_HOST).await;
        // By now the heads are here as well.
        theirs.get_json(&site.url("/keys")).await.expect("places of its own");
        ours.get_json(&site.url("/keys")).await
    };
    tokio::select! {
        slow = join_all((0..IN_FLIGHT_PER_HOST).map(|_| ours.get_json(&url))) => {
            unreachable!("there is no end: {slow:?}")
        }
        refused = meanwhile => assert_eq!(refused, Err(Fault::Busy)),
    }
}

#[tokio::test]
async fn a_request_that_nobody_waits_for_gives_its_place_back() {
    let site = FakeSite::start().await;
    site.at("/slow", Answer::raw("").then(Then::Hang));
    site.at("/keys", Answer::json("{}"));
    let outbound = hasty();
    for _ in 0..2 {
        let url = site.url("/slow");
        let slow = join_all((0..IN_FLIGHT_PER_HOST).map(|_| outbound.get_json(&url))).await;
        assert!(slow.iter().all(|slow| *slow == Err(Fault::TimedOut)), "{slow:?}");
    }
    assert!(outbound.get_json(&site.url("/keys")).await.is_ok());
}

#[tokio::test]
async fn a_look_shows_whatever_is_there() {
    let authority = Authority::new();
    let site = FakeSite::start_with(Some(authority.vouch_for(&["127.0.0.1"]))).await;
    site.at("/", Answer::new(503, "Retry-After: 7\r\n", "later"));
    let (outside, headers) = (trusting(&authority), [("x-forwarded-for", "192.0.2.1")]);
    let seen = outside.look(&site.url("/"), &headers).await.expect("an answer");
    assert_eq!((seen.status, seen.body.as_slice()), (503, b"later".as_slice()));
    assert_eq!((seen.header("retry-after"), seen.header("server")), (Some("7"), None));
    assert_eq!(seen.address, site.address);
    let tls = seen.tls.expect("an encrypted connection");
    assert!(tls.protocol.starts_with("TLSv1."), "{tls:?}");
    // The test authority vouches for two days.
    let unix = openssl_now();
    let left = tls.not_after.expect("an end") - unix;
    assert!((86_400..=2 * 86_400).contains(&left), "{left}");
    assert_eq!(site.asked()[0].headers["x-forwarded-for"], "192.0.2.1");
    assert!(matches!(outbound().look(&site.url("/"), &[]).await, Err(Fault::Tls(_))));

    let plain = FakeSite::start().await;
    let seen = outbound().look(&plain.url("/nowhere"), &[]).await.expect("an answer");
    assert_eq!((seen.status, seen.tls), (404, None));
}

/// The time by OpenSSL, for tests read no clock of their own.
fn openssl_now() -> i64 {
    let now = openssl::asn1::Asn1Time::days_from_now(0).expect("a time");
    let since = openssl::asn1::Asn1Time::from_unix(0).expect("a time").diff(&now).expect("a span");
    i64::from(since.days) * 86_400 + i64::from(since.secs)
}
