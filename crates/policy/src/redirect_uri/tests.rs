//! The table of look-alikes: what matches, what does not, and what the log says about it.

use proptest::prelude::*;
use vestibule_model::{
    ErrorCode,
    client::ApplicationType::{Native, Web},
};

use super::{SafeRedirect, check, check_registration};
use crate::samples;

const WEB: &str = "https://app.example/cb";

/// One given address against `https://app.example/cb`, and what the detail must name.
const MISMATCHES: &[(&str, &str)] = &[
    // One character off.
    ("https://app.example/cc", "path"),
    ("https://app.example/c", "path"),
    ("https://app.example/cbb", "path"),
    ("https://app.exampl/cb", "host"),
    ("https://app.examplee/cb", "host"),
    ("https://aapp.example/cb", "host"),
    ("https//app.example/cb", "no scheme"),
    ("https:/app.example/cb", "host, path"),
    ("ttps://app.example/cb", "scheme"),
    // Scheme.
    ("http://app.example/cb", "scheme"),
    ("HTTPS://app.example/cb", "upper and lower case in the scheme"),
    ("javascript://app.example/cb", "scheme"),
    ("//app.example/cb", "no scheme"),
    ("/cb", "no scheme"),
    ("app.example/cb", "no scheme"),
    // Host.
    ("https://app.example.evil.example/cb", "host"),
    ("https://evil.example/app.example/cb", "host, path"),
    ("https://www.app.example/cb", "host"),
    ("https://App.example/cb", "upper and lower case in the host"),
    ("https://app.example./cb", "dot at the end of the host"),
    ("https://app%2eexample/cb", "host"),
    ("https://\u{430}pp.example/cb", "host (not ASCII; write it in its xn-- form)"),
    ("https://xn--pp-7kc.example/cb", "host"),
    ("https://app.example\u{3002}/cb", "host (not ASCII; write it in its xn-- form)"),
    ("https:///app.example/cb", "host, path"),
    // User name before the host.
    ("https://app.example@evil.example/cb", "user name before the host, host"),
    ("https://user@app.example/cb", "user name before the host"),
    ("https://user:pw@app.example/cb", "user name before the host"),
    ("https://@app.example/cb", "user name before the host"),
    ("https://evil.example#@app.example/cb", "host, path, fragment"),
    ("https://evil.example?@app.example/cb", "host, path, query"),
    // Port.
    ("https://app.example:443/cb", "port (the default port is written in one of them)"),
    ("https://app.example:8443/cb", "port"),
    ("https://app.example:/cb", "port"),
    ("https://app.example:80/cb", "port"),
    // Path.
    ("https://app.example/cb/", "trailing slash"),
    ("https://app.example/cb//", "path"),
    ("https://app.example//cb", "path"),
    ("https://app.example", "path"),
    ("https://app.example/", "path"),
    ("https://app.example/CB", "upper and lower case in the path"),
    ("https://app.example/Cb", "upper and lower case in the path"),
    ("https://app.example/cb/../cb", ".. in the path"),
    ("https://app.example/x/../cb", ".. in the path"),
    ("https://app.example/../cb", ".. in the path"),
    ("https://app.example/./cb", "path"),
    ("https://app.example/cb/..", ".. in the path"),
    ("https://app.example/cb/evil", "path"),
    ("https://app.example/cb;x", "path"),
    // Percent-encoding.
    ("https://app.example/%63b", "percent-encoding in the path"),
    ("https://app.example/c%62", "percent-encoding in the path"),
    ("https://app.example/%2563b", "path"),
    ("https://app.example%2fcb", "host, path"),
    ("https://app.example/cb%00", "path"),
    ("https://app.example/cb%2f", "path"),
    ("https://app.example/x%2f..%2fcb", "path"),
    ("https%3A%2F%2Fapp.example%2Fcb", "no scheme"),
    // Backslash, space and control characters.
    ("https://app.example\\cb", "backslash, host, path"),
    ("https:\\\\app.example\\cb", "backslash, host, path"),
    ("https://app.example\\@evil.example/cb", "backslash, user name before the host, host"),
    ("https://app.example/cb\\", "backslash, path"),
    (" https://app.example/cb", "space or control character, no scheme"),
    ("https://app.example/cb ", "space or control character, path"),
    ("https://app.example/cb\n", "space or control character, path"),
    ("https://app.example/cb\r\nX: y", "space or control character, path"),
    ("https://app\t.example/cb", "space or control character, host"),
    // Query and fragment.
    ("https://app.example/cb?", "query"),
    ("https://app.example/cb?a=b", "query"),
    ("https://app.example/cb&a=b", "path"),
    ("https://app.example/cb#", "fragment"),
    ("https://app.example/cb#a", "fragment"),
    ("https://app.example/cb?#", "query, fragment"),
    // Several at once, wildcards, nothing.
    (
        "http://app.example:80/CB/?x#y",
        "scheme, port (the default port is written in one of them), path, query, fragment",
    ),
    ("https://*.example/cb", "host"),
    ("https://app.example/*", "path"),
    ("*", "no scheme"),
    ("null", "no scheme"),
];

#[test]
fn a_redirect_uri_that_differs_is_refused_and_the_log_says_how() {
    assert!(MISMATCHES.len() >= 60);
    let registered = [WEB.to_owned()];
    let mut wrong = Vec::new();
    for application_type in [Web, Native] {
        for (given, difference) in MISMATCHES {
            let error = check(&registered, application_type, given).expect_err(given);
            assert_eq!(error.code, ErrorCode::RedirectUriMismatch, "{given:?}");
            let (_, said) = error.detail.rsplit_once("`: ").expect("a difference is named");
            if said != *difference {
                wrong.push(format!("{given:?}: said {said:?}, expected {difference:?}"));
            }
            assert!(!error.detail.contains(char::is_control), "{given:?} breaks the log's line");
            assert!(!error.description.contains("app.example"), "the public text tells nothing");
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_registered_uri_matches_itself_byte_for_byte() {
    for uri in [
        WEB,
        "https://app.example/cb?tenant=1",
        "https://app.example:8443/CB/",
        "http://localhost:9/cb",
        "com.example.app:/cb",
        "com.example.app://cb/x",
    ] {
        let registered = ["https://other.example/".to_owned(), uri.to_owned()];
        assert_eq!(check(&registered, Native, uri).expect(uri).as_str(), uri);
    }
    let error = check(&[], Web, WEB).expect_err("nothing is registered");
    assert_eq!(error.detail, format!("got `{WEB}`, but none is registered"));
}

#[test]
fn the_detail_reads_as_a_sentence_about_the_nearest_uri() {
    let registered = ["https://far.example/x?y".to_owned(), WEB.to_owned()];
    let error = check(&registered, Web, "https://app.example/cb/").expect_err("slash");
    assert_eq!(
        error.detail,
        "got `https://app.example/cb/`, registered `https://app.example/cb`: trailing slash"
    );
}

/// RFC 8252 §7.3 and §8.3: `(registered, given, matches for a native app)`.
const LOOPBACK: &[(&str, &str, bool)] = &[
    ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb", true),
    ("http://127.0.0.1:8000/cb", "http://127.0.0.1:51004/cb", true),
    ("http://127.0.0.1:8000/cb", "http://127.0.0.1/cb", true),
    ("http://[::1]/cb", "http://[::1]:61023/cb", true),
    ("http://localhost/cb", "http://localhost:3000/cb", true),
    ("http://127.0.0.1/", "http://127.0.0.1:1/", true),
    ("http://127.0.0.1", "http://127.0.0.1:65535", true),
    ("http://127.0.0.1/cb?a=b", "http://127.0.0.1:5/cb?a=b", true),
    // One loopback name is not another.
    ("http://127.0.0.1/cb", "http://localhost:5/cb", false),
    ("http://localhost/cb", "http://127.0.0.1:5/cb", false),
    ("http://127.0.0.1/cb", "http://[::1]:5/cb", false),
    ("http://127.0.0.1/cb", "http://127.1:5/cb", false),
    ("http://127.0.0.1/cb", "http://127.0.0.2:5/cb", false),
    ("http://127.0.0.1/cb", "http://2130706433:5/cb", false),
    ("http://127.0.0.1/cb", "http://0x7f.0.0.1:5/cb", false),
    ("http://127.0.0.1/cb", "http://0.0.0.0:5/cb", false),
    ("http://[::1]/cb", "http://[0:0:0:0:0:0:0:1]:5/cb", false),
    ("http://[::1]/cb", "http://[::ffff:127.0.0.1]:5/cb", false),
    ("http://localhost/cb", "http://LOCALHOST:5/cb", false),
    ("http://localhost/cb", "http://localhost.:5/cb", false),
    // Only the port is free.
    ("http://127.0.0.1/cb", "http://127.0.0.1:5/cb/", false),
    ("http://127.0.0.1/cb", "http://127.0.0.1:5/CB", false),
    ("http://127.0.0.1/cb", "http://127.0.0.1:5/cb?x", false),
    ("http://127.0.0.1/cb", "http://127.0.0.1:5/cb#x", false),
    ("http://127.0.0.1/cb", "http://127.0.0.1:5", false),
    ("http://127.0.0.1/cb", "https://127.0.0.1:5/cb", false),
    ("https://127.0.0.1/cb", "https://127.0.0.1:5/cb", false),
    ("http://127.0.0.1/cb", "HTTP://127.0.0.1:5/cb", false),
    // What only looks like a port.
    ("http://127.0.0.1/cb", "http://127.0.0.1:/cb", false),
    ("http://127.0.0.1/cb", "http://127.0.0.1:0/cb", false),
    ("http://127.0.0.1/cb", "http://127.0.0.1:080/cb", false),
    ("http://127.0.0.1/cb", "http://127.0.0.1:65536/cb", false),
    ("http://127.0.0.1/cb", "http://127.0.0.1:+5/cb", false),
    ("http://127.0.0.1/cb", "http://127.0.0.1:5a/cb", false),
    ("http://127.0.0.1/cb", "http://127.0.0.1:5:5/cb", false),
    ("http://127.0.0.1/cb", "http://127.0.0.1:\u{0665}/cb", false),
    ("http://127.0.0.1/cb", "http://127.0.0.1: 5/cb", false),
    // What only starts like a loopback host.
    ("http://127.0.0.1", "http://127.0.0.1:5@evil.example", false),
    ("http://127.0.0.1/cb", "http://127.0.0.1@evil.example/cb", false),
    ("http://127.0.0.1/cb", "http://127.0.0.1:5@evil.example/cb", false),
    ("http://127.0.0.1/cb", "http://127.0.0.1.evil.example:5/cb", false),
    ("http://localhost/cb", "http://localhost.evil.example:5/cb", false),
    ("http://localhost/cb", "http://localhost5/cb", false),
    ("http://127.0.0.1/cb", "http://127.0.0.15/cb", false),
    // Other hosts have no free port.
    ("http://app.example/cb", "http://app.example:5/cb", false),
    ("https://app.example/cb", "https://app.example:5/cb", false),
];

#[test]
fn only_native_apps_and_only_loopback_addresses_may_choose_the_port() {
    for (registered, given, matches) in LOOPBACK {
        let registered = [(*registered).to_owned()];
        let native = check(&registered, Native, given);
        assert_eq!(native.is_ok(), *matches, "{registered:?} {given:?}: {native:?}");
        assert!(check(&registered, Web, given).is_err(), "web: {registered:?} {given:?}");
    }
    let registered = ["http://127.0.0.1/cb".to_owned()];
    let error = check(&registered, Native, "http://localhost:5/cb").expect_err("another host");
    assert!(error.detail.contains("are different hosts"), "{}", error.detail);
}

#[test]
fn what_runs_in_the_browser_is_refused_even_if_it_was_registered() {
    for uri in [
        "javascript:alert(1)",
        "JavaScript://app.example/%0aalert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://app.example/x",
        "about:blank",
        "https://app.example/cb\r\nX: y",
        "https://app.example/\"x",
        "//app.example/cb",
        "",
    ] {
        let error = check(&[uri.to_owned()], Native, uri).expect_err(uri);
        assert_eq!(error.code, ErrorCode::RedirectUriMismatch, "{uri:?}");
        let mut client = samples::client();
        client.metadata.post_logout_redirect_uris = vec![uri.to_owned()];
        SafeRedirect::post_logout(&client, uri).expect_err(uri);
    }
}

#[test]
fn logout_leads_to_registered_addresses_only() {
    let client = samples::client();
    let good = "https://app.example/bye";
    assert_eq!(SafeRedirect::post_logout(&client, good).expect("registered").as_str(), good);
    for bad in
        ["https://app.example/bye/", "https://app.example/cb", "https://evil.example/bye", "/bye"]
    {
        let error = SafeRedirect::post_logout(&client, bad).expect_err(bad);
        assert_eq!(error.code, ErrorCode::PostLogoutRedirectUriMismatch);
        assert!(error.detail.starts_with(&format!("got `{bad}`, registered `{good}`: ")));
    }
}

#[test]
fn the_answer_joins_the_query_that_is_there() {
    let pairs = [("code", "a b&c"), ("iss", "https://id.example")];
    let added = "code=a+b%26c&iss=https%3A%2F%2Fid.example";
    for (uri, joint) in [
        ("https://app.example/cb", "?"),
        ("https://app.example/cb?", ""),
        ("https://app.example/cb?tenant=1", "&"),
        ("https://app.example/cb?tenant=1&", ""),
        ("com.example.app:/cb", "?"),
    ] {
        let safe = check(&[uri.to_owned()], Native, uri).expect(uri);
        assert_eq!(safe.with_query(&pairs), format!("{uri}{joint}{added}"));
        assert_eq!(safe.with_query(&[]), uri);
        let fragment = added.replace('+', "%20");
        assert_eq!(safe.with_fragment(&pairs), format!("{uri}#{fragment}"));
        assert_eq!(safe.with_fragment(&[("state", "a+b")]), format!("{uri}#state=a%2Bb"));
    }
}

/// `(uri, may a web client register it, may a native one)`.
const REGISTRATIONS: &[(&str, bool, bool)] = &[
    ("https://app.example/cb", true, true),
    ("https://app.example", true, true),
    ("https://app.example:8443/cb?a=b", true, true),
    ("https://xn--pp-7kc.example/cb", true, true),
    ("https://192.0.2.1/cb", true, true),
    ("https://[2001:db8::1]/cb", true, true),
    ("https://app.example/a%20b", true, true),
    ("http://127.0.0.1/cb", true, true),
    ("http://127.0.0.1:3000/cb", true, true),
    ("http://[::1]:3000/cb", true, true),
    ("http://localhost:3000/cb", true, true),
    ("com.example.app:/cb", false, true),
    ("com.example.app://cb", false, true),
    ("http://app.example/cb", false, false),
    ("http://127.0.0.2/cb", false, false),
    ("http://127.1/cb", false, false),
    ("http://2130706433/cb", false, false),
    ("https://0x7f.1/cb", false, false),
    ("http://localhost.evil.example/cb", false, false),
    ("myapp:/cb", false, false),
    ("javascript:alert(1)", false, false),
    ("data:text/html,x", false, false),
    ("file:///etc/passwd", false, false),
    ("about:blank", false, false),
    ("blob:https://app.example/x", false, false),
    ("vbscript:x", false, false),
    ("ws://app.example/cb", false, false),
    ("HTTPS://app.example/cb", false, false),
    ("Com.Example.App:/cb", false, false),
    ("https://App.example/cb", false, false),
    ("https://app.example/cb#", false, false),
    ("https://app.example/cb#x", false, false),
    ("https://user@app.example/cb", false, false),
    ("com.example.app://user@cb", false, false),
    ("https://*.app.example/cb", false, false),
    ("https://app.example/*", false, false),
    ("https://app.example/../cb", false, false),
    ("https://app.example/a/%2e%2E/cb", false, false),
    ("https://app.example/a/.%2e", false, false),
    ("https://app.example/./cb", false, false),
    ("https://app.example\\cb", false, false),
    ("https://app.example/c b", false, false),
    ("https://app.example/cb\n", false, false),
    ("https://\u{430}pp.example/cb", false, false),
    ("https://app.example/\u{e9}", false, false),
    ("https://app.example/<x>", false, false),
    ("https://app.example/%zz", false, false),
    ("https://app.example/%4", false, false),
    ("https:///cb", false, false),
    ("https://", false, false),
    ("https:app.example/cb", false, false),
    ("https:/app.example/cb", false, false),
    ("https://:443/cb", false, false),
    ("https://app.example:/cb", false, false),
    ("https://app.example:0/cb", false, false),
    ("https://app.example:99999/cb", false, false),
    ("//app.example/cb", false, false),
    ("/cb", false, false),
    ("app.example/cb", false, false),
    ("", false, false),
];

#[test]
fn registration_takes_plain_addresses_only() {
    for (uri, web, native) in REGISTRATIONS {
        assert_eq!(check_registration(uri, Web).is_ok(), *web, "web: {uri:?}");
        assert_eq!(check_registration(uri, Native).is_ok(), *native, "native: {uri:?}");
    }
    let long = format!("https://app.example/{}", "a".repeat(2_048));
    assert!(check_registration(&long, Web).is_err());
}

fn near_miss() -> impl Strategy<Value = String> {
    let printable = proptest::char::range(' ', '~');
    (0..=WEB.len(), printable, any::<bool>()).prop_map(|(at, c, replace)| {
        let mut text: Vec<char> = WEB.chars().collect();
        if replace && at < text.len() {
            text[at] = c;
        } else {
            text.insert(at, c);
        }
        text.into_iter().collect()
    })
}

proptest! {
    #[test]
    fn nothing_but_the_registered_bytes_matches(
        given in prop_oneof![near_miss(), ".{0,60}", "https://[a-z.@:/%#?]{0,30}"]
    ) {
        let registered = [WEB.to_owned()];
        for application_type in [Web, Native] {
            let verdict = check(&registered, application_type, &given);
            prop_assert_eq!(verdict.is_ok(), given == WEB);
        }
    }

    #[test]
    fn a_free_port_changes_nothing_but_the_port(
        given in "http://(127\\.0\\.0\\.1|localhost|\\[::1\\])(:[0-9]{0,6})?[/a-z@:?#.]{0,8}"
    ) {
        let registered = ["http://127.0.0.1/cb".to_owned()];
        if check(&registered, Native, &given).is_ok() {
            let url = url::Url::parse(&given).expect("a match parses");
            prop_assert_eq!(url.host_str(), Some("127.0.0.1"));
            prop_assert_eq!((url.scheme(), url.path()), ("http", "/cb"));
            prop_assert_eq!((url.query(), url.fragment(), url.username()), (None, None, ""));
        }
    }

    #[test]
    fn what_can_be_registered_parses_the_same_everywhere(
        uri in "(https|http|com\\.example)://?[a-z0-9.@:\\[\\]%/?#\\\\]{0,24}"
    ) {
        if check_registration(&uri, Native).is_ok() {
            let url = url::Url::parse(&uri).expect("what is registered parses");
            prop_assert_eq!(url.username(), "");
            prop_assert!(url.fragment().is_none());
            prop_assert!(check(std::slice::from_ref(&uri), Native, &uri).is_ok());
        }
    }

    #[test]
    fn the_answer_is_always_readable(
        pairs in proptest::collection::vec((".{1,10}", ".{0,10}"), 0..4)
    ) {
        let safe = check(&[WEB.to_owned()], Web, WEB).expect("registered");
        let borrowed: Vec<_> = pairs.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let url = url::Url::parse(&safe.with_query(&borrowed)).expect("a URL");
        let read: Vec<_> = url.query_pairs().into_owned().collect();
        prop_assert_eq!(read, pairs);
        prop_assert_eq!(url.host_str(), Some("app.example"));
    }
}
