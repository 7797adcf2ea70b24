//! Any authorization request ends well, at the client with an error, or on a page; whatever the
//! profile.

use std::collections::BTreeMap;

use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};
use vestibule_acceptance::{Browser, Page, Rp, TestApp, answer_of, on_both_databases};
use vestibule_model::{ErrorCode, settings::Profile};

use crate::oidc::{allowed, fragment_of};

/// The addresses that the clients of the tests registered.
const REGISTERED: [&str; 2] = ["https://app.example/cb", "https://spa.example/cb"];

/// A parameter: its name, how often it is there in percent, values that are right, and values that
/// its grammar knows but that are wrong here, or that it does not know.
struct Parameter {
    name: &'static str,
    presence: u32,
    right: Vec<&'static str>,
    wrong: Vec<&'static str>,
}

fn grammar(profile: Profile) -> Vec<Parameter> {
    let types = profile.response_types().iter().map(|known| known.as_str()).collect();
    let rows = [
        ("client_id", 97, vec!["web-app"], vec!["spa", "nobody", "WEB-APP"]),
        (
            "redirect_uri",
            97,
            vec![REGISTERED[0]],
            vec![
                REGISTERED[1],
                "https://app.example/cb/",
                "https://evil.example/",
                "javascript:alert(1)",
                "//x",
            ],
        ),
        ("response_type", 97, types, vec!["token", "none", "token code", "code code", "CODE"]),
        ("response_mode", 30, vec!["form_post", "fragment"], vec!["query", "query.jwt"]),
        (
            "scope",
            95,
            vec!["openid", "openid profile email", "openid profile offline_access"],
            vec!["profile", "openid shoe_size", "openid phone api", "\"", "openid\tx"],
        ),
        ("state", 90, vec!["st-1", "a b", "\"><script>", "&x=y#z"], vec!["\u{fc}"]),
        ("nonce", 95, vec!["no-1", "n n"], vec!["\u{fc}"]),
        ("code_challenge", 95, vec!["E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"], vec!["short"]),
        ("code_challenge_method", 95, vec!["S256"], vec!["plain"]),
        (
            "prompt",
            30,
            vec!["none"],
            vec![
                "login",
                "consent",
                "select_account",
                "create",
                "login consent",
                "none login",
                "x",
            ],
        ),
        ("max_age", 8, vec!["100000"], vec!["0", "-1", "x"]),
        ("display", 8, vec!["page", "popup"], vec!["x"]),
        ("acr_values", 5, vec!["urn:vestibule:acr:pwd"], vec!["urn:vestibule:acr:mfa", "x"]),
        ("ui_locales", 5, vec!["de en"], vec!["xx"]),
        (
            "claims",
            10,
            vec!["{}", "{\"id_token\":{\"email\":null}}"],
            vec![
                "[",
                "{\"userinfo\":7}",
                "{\"id_token\":{\"sub\":{\"value\":\"user-ben\"}}}",
                "{\"id_token\":{\"acr\":{\"essential\":true,\"value\":\"x\"}}}",
            ],
        ),
        ("id_token_hint", 3, vec!["a.b.c"], vec!["a.b.c.d.e", "x"]),
        ("login_hint", 5, vec!["ana"], vec!["nobody"]),
        ("request", 3, vec!["eyJhbGciOiJub25lIn0.e30."], vec!["x"]),
        ("request_uri", 3, vec!["https://app.example/r"], vec!["http://127.0.0.1/r"]),
        ("registration", 2, vec!["{}"], vec!["x"]),
        ("x", 10, vec!["y"], vec!["\u{fc}"]),
    ];
    let parameter = |(name, presence, right, wrong)| Parameter { name, presence, right, wrong };
    rows.into_iter().map(parameter).collect()
}

/// A query: each parameter by its grammar, absent, now and then twice or broken.
fn requests(profile: Profile) -> impl Strategy<Value = String> {
    let parts: Vec<_> = grammar(profile)
        .into_iter()
        .map(|Parameter { name, presence, right, wrong }| {
            let right = prop::sample::select(right);
            let wrong = prop::sample::select(wrong);
            let value = prop_oneof![14 => right, 1 => wrong];
            (0..100_u32, value, 0..150_u32).prop_map(move |(there, value, odd)| {
                let pair = url::form_urlencoded::Serializer::new(String::new())
                    .append_pair(name, value)
                    .finish();
                match odd {
                    _ if there >= presence => String::new(),
                    0 => format!("{pair}&{pair}"),
                    1 => format!("{name}=%zz"),
                    2 => format!("{name}="),
                    _ => pair,
                }
            })
        })
        .collect();
    parts.prop_map(|parts| {
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("&")
    })
}

fn fail(what: &str, page: &Page) -> TestCaseError {
    TestCaseError::fail(format!("{what}: {page:#?}"))
}

/// The answer's parameters, if the browser was sent to a client; and whether in the query.
fn sent_to_client(page: &Page) -> Option<(String, BTreeMap<String, String>, bool)> {
    if page.status == 303 {
        let target = page.location();
        if target.origin() == page.url.origin() {
            return None;
        }
        let base = target.as_str().split(['?', '#']).next().unwrap_or_default().to_owned();
        return Some(match target.fragment() {
            Some(_) => (base, fragment_of(&target), false),
            None => (base, answer_of(&target), true),
        });
    }
    let posts = page.status == 200 && page.body.contains("data-autosubmit");
    posts.then(|| (page.action(), page.hidden_fields("-").into_iter().collect(), false))
}

/// What must hold of an answer, whatever was asked.
fn judge(page: &Page, profile: Profile) -> Result<&'static str, TestCaseError> {
    if page.status >= 500 {
        return Err(fail("a fault of ours", page));
    }
    let Some((base, told, in_query)) = sent_to_client(page) else {
        return match page.status {
            303 => Ok("a page of ours"),
            400 if page.body.contains("VST-") && !page.body.contains("http-equiv") => Ok("refused"),
            _ => Err(fail("neither a page nor a redirect", page)),
        };
    };
    if !REGISTERED.contains(&base.as_str()) {
        return Err(fail("sent to a stranger", page));
    }
    let has = |name: &str| told.contains_key(name);
    let tokens = has("access_token") || has("id_token");
    if tokens && (in_query || profile == Profile::OAuth21) {
        return Err(fail("a token where none may be", page));
    }
    if !has("iss") {
        return Err(fail("no iss", page));
    }
    if let Some(error) = told.get("error") {
        let known = ErrorCode::ALL.iter().any(|code| code.wire().as_str() == error);
        let alone = !tokens && !has("code");
        let fine = known && alone && error != "server_error" && has("error_description");
        return if fine { Ok("told to the client") } else { Err(fail("an odd error", page)) };
    }
    if has("code") || tokens { Ok("answered") } else { Err(fail("nothing in it", page)) }
}

/// Runs the cases on a thread and a runtime of their own, for proptest waits and does not await.
fn try_many(app: &TestApp, cookies: &BTreeMap<String, String>, profile: Profile) {
    let work = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let browser = || -> Browser {
            let browser = app.browser();
            for (name, value) in cookies {
                browser.set_cookie(name, value);
            }
            browser
        };
        let seen = std::cell::RefCell::new(BTreeMap::<&str, u32>::new());
        let config = Config { cases: 250, failure_persistence: None, ..Config::default() };
        TestRunner::new(config)
            .run(&(requests(profile), any::<bool>(), 0..4_u8), |(query, post, who)| {
                let page = runtime.block_on(async {
                    let browser = if who == 0 { app.browser() } else { browser() };
                    if post {
                        let kind = [("content-type", "application/x-www-form-urlencoded")];
                        let body = Some(query.clone().into_bytes());
                        browser.send(reqwest::Method::POST, "/authorize", &kind, body).await
                    } else {
                        browser.get(&format!("/authorize?{query}")).await
                    }
                });
                *seen.borrow_mut().entry(judge(&page, profile)?).or_default() += 1;
                Ok(())
            })
            .unwrap_or_else(|failure| panic!("{failure}"));
        // Each end was reached, so the requests were of every kind.
        let seen = seen.into_inner();
        assert_eq!(seen.len(), 4, "{seen:?}");
    };
    std::thread::scope(|scope| scope.spawn(work).join().expect("no case fails"));
}

/// Lets Ana allow both clients what they ask for.
async fn cookies(app: &TestApp) -> BTreeMap<String, String> {
    let browser = allowed(app, &Rp::web()).await;
    let spa = Rp::spa();
    spa.walk(&browser, &spa.authorize()).await;
    browser.cookies()
}

on_both_databases! {
    // spec: RFC 6749 4.1.2.1 MUST NOT: whatever is wrong, nobody is redirected to an address that is not registered @ policy/src/authorize.rs
    async fn under_oauth21(app: TestApp) {
        crate::oidc::register_everything(app).await;
        try_many(app, &cookies(app).await, Profile::OAuth21);
    }
}

mod oidc {
    use super::{Profile, cookies, on_both_databases, try_many};

    on_both_databases! {
        started by crate::oidc::start;

        // spec: RFC 6749 4.2.2.1 MUST NOT: whatever is wrong, nobody is redirected to an address that is not registered @ policy/src/authorize.rs
        async fn under_oidc(app: TestApp) {
            try_many(app, &cookies(app).await, Profile::Oidc);
        }
    }
}
