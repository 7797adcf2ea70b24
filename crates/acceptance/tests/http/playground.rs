//! `/playground`: the debugger for developers of clients. It explains what the endpoints do, keeps
//! nothing, and takes whatever anybody types.

mod hostile;

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;
use vestibule_acceptance::{
    Backend, Browser, Page, Rp, TestApp, Tokens, challenge_of, on_both_databases,
};
use vestibule_model::{ResponseType, client::GrantType, settings::Profile};

const PAGES: [&str; 4] =
    ["/playground", "/playground/check", "/playground/callback", "/playground/token"];

async fn started(backend: Backend) -> TestApp {
    let app = TestApp::start_with(backend, |state| {
        let settings = Arc::make_mut(&mut state.settings);
        settings.playground = true;
        settings.profile = Profile::Oidc;
    })
    .await;
    let here = format!("{}/playground/callback", app.issuer);
    app.change_client("web-app", move |client| {
        client.metadata.redirect_uris.push(here);
        client.metadata.response_types.push(ResponseType::CodeIdToken);
        client.metadata.grant_types.push(GrantType::Implicit);
    })
    .await;
    app
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// The request of the client, at the page that checks it.
fn check(changes: &[(&'static str, Option<&str>)]) -> String {
    Rp::web().authorize_with(changes).replacen("/authorize?", "/playground/check?", 1)
}

/// The part of the page about one parameter.
fn row<'a>(page: &'a Page, name: &str) -> &'a str {
    let start = format!("<code class=\"name\">{name}</code>");
    let at = page.body.find(&start).unwrap_or_else(|| panic!("no {name}: {page:#?}"));
    page.body[at..].split("</tr>").next().expect("a row")
}

fn has_row(page: &Page, name: &str) -> bool {
    page.body.contains(&format!("<code class=\"name\">{name}</code>"))
}

fn is_page(page: &Page) -> bool {
    [200, 422].contains(&page.status) && page.header("content-type").starts_with("text/html")
}

/// Whoever runs the request, signs in and allows; the page with the answer.
async fn run(app: &TestApp, browser: &Browser, checked: &Page) -> Page {
    let link = checked.links().into_iter().find(|link| link.starts_with("/authorize?"));
    let address = link.unwrap_or_else(|| panic!("nothing to run: {checked:#?}"));
    let mut page = browser.open(&address).await;
    if page.url.path() == "/consent" {
        page = browser.decide(&page, "allow").await;
    }
    if let Some(target) = page.refresh_target() {
        assert!(target.as_str().starts_with(&app.issuer), "{target}");
        page = browser.get(target.as_str()).await;
    }
    page
}

async fn view(browser: &Browser, fields: &[(&str, &str)]) -> Page {
    browser.post("/playground/token", fields).await
}

/// Tokens of Ana's, by the playground's own callback.
async fn tokens(app: &TestApp, browser: &Browser) -> (Tokens, Page) {
    let here = format!("{}/playground/callback", app.issuer);
    let compose = browser.get("/playground?client_id=web-app").await;
    let fields = ["code_challenge", "code_challenge_method", "state", "nonce", "pg.verifier"];
    let mut form: Vec<(String, String)> =
        fields.map(|name| (name.to_owned(), compose.field(name).expect("a field"))).to_vec();
    for (name, value) in [
        ("pg.form", "1"),
        ("pg.pkce", "1"),
        ("client_id", "web-app"),
        ("redirect_uri", &here),
        ("response_type", "code"),
        ("pg.scope.openid", "1"),
        ("pg.scope.email", "1"),
    ] {
        form.push((name.to_owned(), value.to_owned()));
    }
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let checked = browser.get(&format!("/playground/check?{query}")).await;
    assert!(checked.body.contains("This request is good"), "{checked:#?}");
    let answer = run(app, browser, &checked).await;
    assert!(answer.body.contains("A code came back"), "{answer:#?}");
    assert!(row(&answer, "state").contains("The same as in the request"), "{answer:#?}");
    assert!(row(&answer, "iss").contains("It is this server"), "{answer:#?}");
    let field = |name: &str| answer.field(name).unwrap_or_else(|| panic!("no {name}: {answer:#?}"));
    let form = [
        ("grant_type", "authorization_code".to_owned()),
        ("code", field("code")),
        ("redirect_uri", field("redirect_uri")),
        ("code_verifier", field("code_verifier")),
    ];
    let pairs: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let basic =
        base64::engine::general_purpose::STANDARD.encode(format!("web-app:{}", Rp::web().secret));
    let basic = format!("Basic {basic}");
    let told = browser.post_with("/token", &[("authorization", &basic)], &pairs).await;
    assert_eq!(told.status, 200, "{told:#?}");
    (Tokens(serde_json::from_str(&told.body).expect("JSON")), answer)
}

/// A JWT that nobody signed.
fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2ln", part(header), part(claims))
}

on_both_databases! {
    started by super::started;

    /// From the form to the tokens, without a script and without a line of a client.
    async fn a_request_is_composed_checked_run_exchanged_and_its_tokens_read(app: TestApp) {
        let browser = app.browser();
        browser.sign_in("ana").await;
        let (tokens, _) = tokens(app, &browser).await;
        let (id, access) = (tokens.get("id_token"), tokens.get("access_token"));
        let page = view(&browser, &[("id_token", id), ("access_token", access),
            ("client_id", "web-app")]).await;
        assert_eq!(page.status, 200, "{page:#?}");
        for text in ["ID token", "Access token", "Signature holds", "at_hash fits the access token",
            "The nonce is that of the request", "It is meant for this client",
            "The issuer is this server", "Every claim that it must have is there"] {
            assert!(page.body.contains(text), "no {text}: {page:#?}");
        }
        assert!(!page.body.contains("class=\"verdict bad\""), "{page:#?}");
    }

    /// A page that is switched off is not there, whoever asks and however.
    async fn switched_off_there_is_nothing(app: TestApp) {
        let off = TestApp::start(Backend::Sqlite).await;
        for path in PAGES {
            let page = off.browser().get(path).await;
            assert_eq!(page.status, 404, "{path}");
            let page = off.browser().get(&format!("{path}?client_id=web-app&token=x")).await;
            assert_eq!(page.status, 404, "{path}");
            if path != "/playground" {
                let page = off.browser().post(path, &[("pg.url", "/x?a=b"), ("token", "x")]).await;
                assert_eq!(page.status, 404, "{path}");
            }
        }
        for path in PAGES {
            assert_eq!(app.browser().get(path).await.status, 200, "{path}");
        }
    }

    /// Which clients there are is nobody's business but in development.
    async fn clients_are_listed_in_development_only(app: TestApp) {
        let page = app.browser().get("/playground").await;
        assert!(!page.body.contains("web-app"), "{page:#?}");
        let open = TestApp::start_with(Backend::Sqlite, |state| {
            let settings = Arc::make_mut(&mut state.settings);
            settings.playground = true;
            settings.development = true;
        }).await;
        let page = open.browser().get("/playground").await;
        assert!(page.links().contains(&"/playground?client_id=web-app".to_owned()), "{page:#?}");
    }

    /// The form offers what this client may ask for, and fresh random values each time.
    async fn the_form_knows_the_client(app: TestApp) {
        let browser = app.browser();
        let page = browser.get("/playground?client_id=web-app").await;
        assert_eq!(page.status, 200);
        for text in ["The web-app", "https://app.example/cb", "code id_token", "pg.scope.phone"] {
            assert!(page.body.contains(text), "no {text}: {page:#?}");
        }
        assert!(!page.body.contains("<option value=\"id_token\">"), "{page:#?}");
        let again = browser.get("/playground?client_id=web-app").await;
        for name in ["state", "nonce", "code_challenge", "pg.verifier"] {
            let (one, other) = (page.field(name), again.field(name));
            assert!(one.is_some() && one != other, "{name}: {one:?}");
        }
    }

    /// A client that is unknown and one that is switched off look alike.
    async fn a_client_that_is_switched_off_is_unknown(app: TestApp) {
        app.change_client("spa", |client| client.disabled_at = Some(client.created_at)).await;
        for id in ["spa", "nobody"] {
            let page = app.browser().get(&format!("/playground?client_id={id}")).await;
            assert_eq!(page.status, 422, "{page:#?}");
            assert!(page.body.contains("No client of this name is registered here"), "{page:#?}");
            let query = encoded(&[("client_id", id), ("redirect_uri", "https://spa.example/cb")]);
            let page = app.browser().get(&format!("/playground/check?{query}")).await;
            assert!(row(&page, "client_id").contains("VST-0102"), "{page:#?}");
            assert!(!page.body.contains("VST-0103") && !page.body.contains("disabled"), "{page:#?}");
            assert!(row(&page, "redirect_uri").contains("Open"), "{page:#?}");
        }
    }

    /// Each parameter is judged by the endpoint's own rules, and all faults are named at once.
    async fn every_fault_is_named_at_its_parameter(app: TestApp) {
        let browser = app.browser();
        let page = browser.get(&check(&[("redirect_uri", Some("https://app.example/cb/")),
            ("scope", Some("openid admin")), ("code_challenge", Some("short")),
            ("prompt", Some("none login")), ("max_age", Some("soon")), ("claims", Some("{")),
            ("nonse", Some("x")), ("nonce", None), ("utm", Some("1"))])).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains("This request ends on an error page"), "{page:#?}");
        for (name, code) in [("redirect_uri", "VST-0105"), ("code_challenge", "VST-0206"),
            ("prompt", "VST-0209"), ("max_age", "VST-0210"), ("claims", "VST-0211")] {
            assert!(row(&page, name).contains(code), "{name}: {}", row(&page, name));
            assert!(page.links().contains(&format!("/errors/{code}")), "{code}");
        }
        assert!(row(&page, "nonse").contains("Did you mean nonce?"), "{page:#?}");
        assert!(row(&page, "utm").contains("Passed over"), "{page:#?}");
        assert!(row(&page, "state").contains("Good"), "{page:#?}");
        let told = browser.get(&check(&[("prompt", Some("x"))])).await;
        assert!(told.body.contains("This request is refused"), "{told:#?}");
    }

    /// The verdict of the page is what `/authorize` does: the same requests, both ways.
    async fn the_verdict_is_the_endpoints(app: TestApp) {
        let browser = app.browser();
        for change in [("scope", Some("openid")), ("redirect_uri", Some("https://evil.example/")),
            ("client_id", Some("nobody")), ("response_type", Some("token")), ("prompt", Some("none")),
            ("code_challenge_method", Some("plain")), ("claims", Some("[]")), ("nonce", None),
            ("response_mode", Some("fragment")), ("registration", Some("{}"))] {
            let endpoint = browser.get(&Rp::web().authorize_with(&[change])).await;
            let page = browser.get(&check(&[change])).await;
            let location = endpoint.headers.get("location").cloned().unwrap_or_default();
            let expected = if endpoint.status >= 400 {
                "This request ends on an error page"
            } else if location.contains("error=") && change != ("prompt", Some("none")) {
                "This request is refused"
            } else {
                "This request is good"
            };
            assert!(page.body.contains(expected), "{change:?}: {endpoint:#?} but {page:#?}");
        }
        // What depends on who is signed in is told as it is for whoever looks.
        let page = browser.get(&check(&[("prompt", Some("none"))])).await;
        assert!(page.body.contains("login_required"), "{page:#?}");
        let page = browser.get(&check(&[])).await;
        assert!(page.body.contains("the sign-in page comes next"), "{page:#?}");
        browser.sign_in("ana").await;
        let page = browser.get(&check(&[])).await;
        assert!(page.body.contains("the consent page comes next"), "{page:#?}");
    }

    /// An answer is compared with the request that this browser checked last.
    async fn an_answer_is_compared_with_its_request(app: TestApp) {
        let browser = app.browser();
        browser.get(&check(&[])).await;
        for (answer, name, said) in [
            ("code=c&state=st-1", "state", "The same as in the request"),
            ("code=c&state=other", "state", "Not what the last request"),
            ("code=c", "state", "the answer has none"),
            ("code=c&state=st-1", "iss", "Every answer of this server has it"),
            ("code=c&iss=https://evil.example", "iss", "not this server’s issuer"),
            ("code=c&utm=1", "utm", "Passed over"),
        ] {
            let page = browser.get(&format!("/playground/callback?{answer}")).await;
            assert_eq!(page.status, 200);
            assert!(row(&page, name).contains(said), "{answer}: {}", row(&page, name));
            let posted: Vec<(String, String)> = url::form_urlencoded::parse(answer.as_bytes())
                .into_owned().collect();
            let posted: Vec<_> = posted.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            let page = browser.post("/playground/callback", &posted).await;
            assert!(row(&page, name).contains(said), "{answer}: {page:#?}");
            let pasted = format!("https://app.example/cb#{answer}");
            let page = browser.post("/playground/callback", &[("pg.answer", &pasted)]).await;
            assert!(row(&page, name).contains(said), "{answer}: {page:#?}");
        }
        app.clock.advance(3_601);
        let page = browser.get("/playground/callback?code=c&state=st-1").await;
        assert!(page.body.contains("remembers no request"), "{page:#?}");
        let page = app.browser().get("/playground/callback?code=c&state=st-1").await;
        assert!(row(&page, "state").contains("no request to compare it with"), "{page:#?}");
    }

    /// A refusal comes with its reason and its remedy.
    async fn a_refusal_is_explained(app: TestApp) {
        let uri = format!("{}/errors/VST-0218", app.issuer);
        let query = encoded(&[("error", "access_denied"), ("error_uri", &uri)]);
        let page = app.browser().get(&format!("/playground/callback?{query}")).await;
        assert!(page.body.contains("Refused:") && page.body.contains("VST-0218"), "{page:#?}");
        assert!(page.body.contains("Respect the answer"), "{page:#?}");
        assert!(page.field("grant_type").is_none(), "{page:#?}");
        let page = app.browser().get("/playground/callback?error=x&code=c&error_uri=x").await;
        assert!(page.field("grant_type").is_none(), "{page:#?}");
    }

    /// The request is kept in the browser only, sealed, and for this path only.
    async fn what_is_remembered_is_sealed_and_short_lived(app: TestApp) {
        let browser = app.browser();
        let page = browser.get(&check(&[])).await;
        let cookie = page.header("set-cookie");
        for part in ["__Secure-vestibule-playground=v", "HttpOnly", "SameSite=Lax", "Secure",
            "Path=/playground", "Max-Age=3600"] {
            assert!(cookie.contains(part), "no {part}: {cookie}");
        }
        assert!(!cookie.contains("st-1") && cookie.len() < 4_000, "{cookie}");
        let long = "s".repeat(3_000);
        let page = browser.get(&check(&[("state", Some(&long))])).await;
        assert!(page.header("set-cookie").contains("Max-Age=0"), "{page:#?}");
        browser.set_cookie("__Secure-vestibule-playground", "v1.AAAA");
        let page = browser.get("/playground/callback?code=c&state=s").await;
        assert!(page.body.contains("remembers no request"), "{page:#?}");
        let rows = app.rows(|conn| Ok(vestibule_storage::audit::list_recent(conn, 10)?)).await;
        assert!(rows.is_empty(), "nothing is stored");
    }

    /// Only the verifier that was made for a challenge comes back with its code.
    async fn a_verifier_is_not_given_to_another_challenge(app: TestApp) {
        let browser = app.browser();
        let compose = browser.get("/playground?client_id=web-app").await;
        let sealed = compose.field("pg.verifier").expect("a verifier");
        assert!(!sealed.is_empty());
        let address = check(&[("pg.verifier", Some(&sealed))]);
        browser.get(&address).await;
        let page = browser.get("/playground/callback?code=c&state=st-1").await;
        assert_eq!(page.field("code_verifier").as_deref(), Some(""), "{page:#?}");
        let challenge = compose.field("code_challenge").expect("a challenge");
        let address = check(&[("pg.verifier", Some(&sealed)), ("code_challenge", Some(&challenge))]);
        browser.get(&address).await;
        let page = browser.get("/playground/callback?code=c&state=st-1").await;
        let verifier = page.field("code_verifier").expect("a field");
        assert_eq!(challenge_of(&verifier), challenge);
    }

    /// A form that a hybrid answer comes by: tokens are read at once, with `c_hash` and `nonce`.
    async fn tokens_in_the_answer_are_read_at_once(app: TestApp) {
        let here = format!("{}/playground/callback", app.issuer);
        let browser = app.browser();
        browser.sign_in("ana").await;
        let checked = browser.get(&check(&[("redirect_uri", Some(&here)),
            ("response_type", Some("code id_token")), ("response_mode", Some("form_post"))])).await;
        let link = checked.links().into_iter().find(|link| link.starts_with("/authorize?"));
        let mut page = browser.open(&link.expect("a link")).await;
        page = browser.decide(&page, "allow").await;
        let fields = page.hidden_fields(&here);
        let fields: Vec<_> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert!(fields.iter().any(|(name, _)| *name == "id_token"), "{page:#?}");
        let page = browser.post("/playground/callback", &fields).await;
        for text in ["Tokens came back", "Signature holds", "c_hash fits the code",
            "The nonce is that of the request", "It is meant for this client"] {
            assert!(page.body.contains(text), "no {text}: {page:#?}");
        }
        assert!(page.field("grant_type").is_some(), "the code can be exchanged too: {page:#?}");
    }

    /// A request object is read if it can be, its claims judged, and its signature left to the run.
    async fn a_request_object_is_read(app: TestApp) {
        let mut claims: serde_json::Map<String, Value> = Rp::web().parameters().into_iter()
            .map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
        claims.insert("aud".to_owned(), Value::from(app.issuer.clone()));
        claims.insert("iss".to_owned(), Value::from("web-app"));
        let browser = app.browser();
        let of = |object: &str| {
            let query = encoded(&[("client_id", "web-app"), ("request", object)]);
            format!("/playground/check?{query}")
        };
        let object = unsigned(&json!({ "alg": "RS256", "kid": "k" }), &Value::from(claims.clone()));
        let page = browser.get(&of(&object)).await;
        assert!(page.body.contains("This request is good"), "{page:#?}");
        assert!(row(&page, "request").contains("Whether its signature holds"), "{page:#?}");
        claims.insert("prompt".to_owned(), Value::from("bogus"));
        let object = unsigned(&json!({ "alg": "RS256", "kid": "k" }), &Value::from(claims));
        let page = browser.get(&of(&object)).await;
        assert!(row(&page, "prompt").contains("VST-0209"), "{page:#?}");
        let page = browser.get(&of("nonsense")).await;
        assert!(has_row(&page, "request") && page.body.contains("VST-0242"), "{page:#?}");
    }

    /// The script may speak to our own token endpoint on one page, and nowhere else.
    async fn only_the_answer_may_ask_the_token_endpoint(app: TestApp) {
        for path in PAGES {
            let policy = app.browser().get(path).await.header("content-security-policy").to_owned();
            let may_ask = path == "/playground/callback";
            assert_eq!(policy.contains("connect-src 'self'"), may_ask, "{path}: {policy}");
            assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        }
    }

    /// Every page speaks every language.
    async fn every_page_is_translated(app: TestApp) {
        for (lang, word) in [("de", "Werkbank"), ("fr", "Atelier"), ("es", "Taller")] {
            for path in PAGES {
                let address = Url::parse(&format!("{}{path}", app.issuer)).expect("an address");
                let headers = [("accept-language", lang)];
                let page = app.browser().send(Method::GET, address.as_str(), &headers, None).await;
                assert!(page.body.contains(word), "{lang} {path}: {page:#?}");
            }
        }
    }
}
