//! What the client wants of the sign-in (OIDC Core §3.1.2.1, §3.1.2.2, §5.5).

use serde_json::json;
use vestibule_acceptance::{Browser, Page, Rp, answer_of, on_both_databases};
use vestibule_model::Clock;

/// What a request that goes to its client without a page says there.
fn answer(page: &Page) -> std::collections::BTreeMap<String, String> {
    assert_eq!(page.status, 303, "{page:#?}");
    answer_of(&page.location())
}

/// The way back to the client, of the page after a form.
fn back(page: &Page) -> url::Url {
    page.refresh_target().unwrap_or_else(|| panic!("not on the way back: {page:#?}"))
}

/// A browser in which Ana is signed in and has allowed `rp` what it asks for.
async fn allowed(app: &vestibule_acceptance::TestApp, rp: &Rp) -> Browser {
    let browser = app.browser();
    rp.walk(&browser, &rp.authorize()).await;
    browser
}

on_both_databases! {
    /// OIDC Core §3.1.2.1 `none`: no page, ever; each page that would be needed is its own error.
    // spec: OIDC Core 3.1.2.3 MUST NOT: with prompt=none no page is shown, and what is needed is an error @ policy/src/prompt.rs
    // spec: OIDC Core 15.1 MUST: prompt=none is supported @ policy/src/prompt.rs
    async fn none_shows_no_page(app: TestApp) {
        let rp = Rp::web();
        let silent = rp.authorize_with(&[("prompt", Some("none"))]);
        let browser = app.browser();
        assert_eq!(rp.told(&browser, &silent).await.0, "login_required");
        browser.sign_in("ana").await;
        assert_eq!(rp.told(&browser, &silent).await.0, "consent_required");
        rp.walk(&browser, &rp.authorize()).await;
        let page = browser.get(&silent).await;
        rp.tokens_of(app, &page.location()).await;
        // Consent to less than what is asked for now.
        let more = [("prompt", Some("none")), ("scope", Some("openid phone"))];
        assert_eq!(rp.told(&browser, &rp.authorize_with(&more)).await.0, "consent_required");
        // A sign-in that is too old.
        app.clock.advance(61);
        let young = [("prompt", Some("none")), ("max_age", Some("60"))];
        assert_eq!(rp.told(&browser, &rp.authorize_with(&young)).await.0, "login_required");
        let now = [("prompt", Some("none")), ("max_age", Some("0"))];
        assert_eq!(rp.told(&browser, &rp.authorize_with(&now)).await.0, "login_required");
    }

    /// OIDC Core §3.1.2.1: `none` with any other value is an error, as is a value nobody knows.
    // spec: OIDC Core 3.1.2.1 MUST: none beside another value of prompt is an error @ policy/src/authorize/person.rs
    async fn none_stands_alone_and_unknown_values_are_refused(app: TestApp) {
        let rp = Rp::web();
        let browser = allowed(app, &rp).await;
        for prompt in ["none login", "consent none", "none select_account", "creation", "NONE",
            "login,consent"] {
            let told = rp.told(&browser, &rp.authorize_with(&[("prompt", Some(prompt))])).await;
            let expected = ("invalid_request".to_owned(), "VST-0209".to_owned());
            assert_eq!(told, expected, "{prompt}");
        }
        let page = browser.get(&rp.authorize_with(&[("prompt", Some("none none"))])).await;
        assert!(answer(&page).contains_key("code"));
    }

    /// OIDC Core §3.1.2.1 `login`: the password again, though there is a session, and no way around
    /// by going on without it. `auth_time` is then the new one.
    // spec: OIDC Core 3.1.2.1 SHOULD: prompt=login asks for the password again @ policy/src/prompt.rs
    // spec: OIDC Core 3.1.2.3 MUST: prompt=login authenticates even who is signed in @ policy/src/prompt.rs
    async fn login_asks_for_the_password_again(app: TestApp) {
        let rp = Rp::web();
        let browser = allowed(app, &rp).await;
        app.clock.advance(100);
        let page = browser.open(&rp.authorize_with(&[("prompt", Some("login"))])).await;
        assert_eq!(page.url.path(), "/login");
        assert!(page.body.contains("Please confirm it’s you"), "{page:#?}");
        let interaction = page.field("interaction").expect("the request's name");
        for around in ["/authorize/resume/", "/consent?interaction=",
            "/select-account?interaction="] {
            let again = browser.open(&format!("{around}{interaction}")).await;
            assert_eq!(again.url.path(), "/login", "{around}");
        }
        let tokens = rp.tokens_of(app, &back(&browser.log_in(&page, "ana").await)).await;
        assert_eq!(tokens.claims("id_token")["auth_time"], app.clock.now().0);
        // The sign-in counts for that request only.
        let page = browser.open(&rp.authorize_with(&[("prompt", Some("login"))])).await;
        assert_eq!(page.url.path(), "/login");
    }

    /// OIDC Core §3.1.2.1 `consent`: asked although it was allowed before, and only an answer to
    /// this question counts.
    // spec: OIDC Core 3.1.2.1 SHOULD: prompt=consent asks before anything is given @ policy/src/prompt.rs
    async fn consent_asks_again(app: TestApp) {
        let rp = Rp::web();
        let browser = allowed(app, &rp).await;
        for _ in 0..2 {
            let page = browser.open(&rp.authorize_with(&[("prompt", Some("consent"))])).await;
            let interaction = page.field("interaction").expect("the request's name");
            let again = browser.open(&format!("/authorize/resume/{interaction}")).await;
            assert_eq!(again.url.path(), "/consent");
            rp.tokens_of(app, &back(&browser.decide(&page, "allow").await)).await;
        }
    }

    /// OIDC Core §3.1.2.1 `select_account`: go on as the same person, or as another.
    // spec: OIDC Core 3.1.2.1 SHOULD: prompt=select_account lets the person choose @ policy/src/prompt.rs
    async fn select_account_lets_the_person_choose(app: TestApp) {
        let rp = Rp::web();
        let browser = allowed(app, &rp).await;
        let address = rp.authorize_with(&[("prompt", Some("select_account"))]);
        let page = browser.open(&address).await;
        assert_eq!(page.url.path(), "/select-account");
        assert!(page.body.contains("ana Example"), "{page:#?}");
        let choice = [("choice", "continue")];
        let same = browser.follow(browser.submit(&page, "/select-account", &choice).await).await;
        assert_eq!(rp.tokens_of(app, &back(&same)).await.claims("id_token")["sub"], "user-ana");

        let page = browser.open(&address).await;
        assert_eq!(page.url.path(), "/select-account", "each request asks anew");
        let choice = [("choice", "other")];
        let login = browser.follow(browser.submit(&page, "/select-account", &choice).await).await;
        let consent = browser.log_in(&login, "ben").await;
        let answer = back(&browser.decide(&consent, "allow").await);
        assert_eq!(rp.tokens_of(app, &answer).await.claims("id_token")["sub"], "user-ben");
    }

    /// OIDC Core §3.1.2.1: who has just signed in has chosen an account.
    async fn a_sign_in_is_a_choice_of_account(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        let page = browser.open(&rp.authorize_with(&[("prompt", Some("select_account"))])).await;
        let next = browser.log_in(&page, "ana").await;
        assert_eq!(next.url.path(), "/consent");
    }

    /// OIDC Core §3.1.2.1: `prompt` is a list; each value is done once, in order.
    async fn values_of_prompt_add_up(app: TestApp) {
        let rp = Rp::web();
        let browser = allowed(app, &rp).await;
        for prompt in ["login consent", "consent login", "select_account login consent"] {
            let page = browser.open(&rp.authorize_with(&[("prompt", Some(prompt))])).await;
            let consent = browser.log_in(&page, "ana").await;
            rp.tokens_of(app, &back(&browser.decide(&consent, "allow").await)).await;
        }
        let page = browser.open(
            &rp.authorize_with(&[("prompt", Some("select_account consent"))])).await;
        let choice = [("choice", "continue")];
        let page = browser.follow(browser.submit(&page, "/select-account", &choice).await).await;
        rp.tokens_of(app, &back(&browser.decide(&page, "allow").await)).await;
    }

    /// OIDC Core §3.1.2.1 `max_age`: the last sign-in may be so old and no older.
    // spec: OIDC Core 3.1.2.1 MUST: a sign-in older than max_age is done again @ policy/src/prompt.rs
    // spec: OIDC Core 3.1.2.1 MUST: with max_age the ID token has auth_time @ protocol/src/issue.rs
    // spec: OIDC Core 15.1 MUST: max_age is enforced @ policy/src/prompt.rs
    async fn max_age_bounds_the_age_of_the_sign_in(app: TestApp) {
        let rp = Rp::web();
        let browser = allowed(app, &rp).await;
        let since = app.clock.now().0;
        app.clock.advance(100);
        let address = rp.authorize_with(&[("max_age", Some("100"))]);
        let tokens = rp.tokens_of(app, &browser.get(&address).await.location()).await;
        assert_eq!(tokens.claims("id_token")["auth_time"], since);
        app.clock.advance(1);
        let page = browser.open(&address).await;
        assert_eq!(page.url.path(), "/login");
        assert!(page.body.contains("asks for a sign-in of the last"), "{page:#?}");
        let tokens = rp.tokens_of(app, &back(&browser.log_in(&page, "ana").await)).await;
        assert_eq!(tokens.claims("id_token")["auth_time"], since + 101);
    }

    /// OIDC Core §3.1.2.1: `max_age=0` is `prompt=login`, even within the second of a sign-in; it
    /// ends at the client and not in a circle, however long the consent takes.
    async fn max_age_zero_always_asks_and_still_ends(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        browser.sign_in("ana").await;
        let page = browser.open(&rp.authorize_with(&[("max_age", Some("0"))])).await;
        let consent = browser.log_in(&page, "ana").await;
        app.clock.advance(120);
        rp.tokens_of(app, &back(&browser.decide(&consent, "allow").await)).await;
    }

    /// OIDC Registration §2: `default_max_age` counts where the request has no `max_age`.
    // spec: OIDC Registration 2 MUST: default_max_age holds where the request has no max_age @ policy/src/authorize.rs
    async fn default_max_age_is_the_clients(app: TestApp) {
        let rp = Rp::web();
        let browser = allowed(app, &rp).await;
        app.change_client("web-app", |client| client.metadata.default_max_age = Some(30)).await;
        app.clock.advance(31);
        assert_eq!(browser.open(&rp.authorize()).await.url.path(), "/login");
        let page = browser.get(&rp.authorize_with(&[("max_age", Some("60"))])).await;
        assert!(answer(&page).contains_key("code"));
    }

    /// OIDC Core §3.1.2.1 `login_hint`: fills in the name; markup in it stays text.
    async fn login_hint_fills_in_the_name(app: TestApp) {
        for hint in ["ana", "ben@people.example", "\"><script>alert(1)</script>"] {
            let address = Rp::web().authorize_with(&[("login_hint", Some(hint))]);
            let page = app.browser().open(&address).await;
            assert_eq!(page.field("username").as_deref(), Some(hint));
            assert!(!page.body.contains("<script>"), "{page:#?}");
        }
    }

    /// OIDC Core §3.1.2.1 `id_token_hint`: the client expects this person and gets nobody else;
    /// the hint may have expired.
    // spec: OIDC Core 3.1.2.1 SHOULD: the person of id_token_hint gets a positive answer, another one an error such as login_required @ policy/src/prompt.rs
    async fn id_token_hint_names_the_person(app: TestApp) {
        let rp = Rp::web();
        let browser = allowed(app, &rp).await;
        let answer_now = browser.get(&rp.authorize()).await.location();
        let tokens = rp.tokens_of(app, &answer_now).await;
        let hint = tokens.get("id_token");
        app.clock.advance(3_600);
        let silent = [("id_token_hint", Some(hint)), ("prompt", Some("none"))];
        let page = browser.get(&rp.authorize_with(&silent)).await;
        assert!(answer(&page).contains_key("code"), "an expired hint is good");

        let bens = app.browser();
        bens.sign_in("ben").await;
        assert_eq!(rp.told(&bens, &rp.authorize_with(&silent)).await.0, "login_required");
        let login = bens.open(&rp.authorize_with(&[("id_token_hint", Some(hint))])).await;
        assert!(login.body.contains("Sign in with another account"), "{login:#?}");
        let again = bens.log_in(&login, "ben").await;
        assert_eq!(again.url.path(), "/login", "Ben is not Ana, however often he signs in");
        let last = bens.log_in(&again, "ana").await;
        assert_eq!(rp.tokens_of(app, &back(&last)).await.claims("id_token")["sub"], "user-ana");
    }

    /// OIDC Core §3.1.2.1: a hint is an ID token of ours for this client; an access token is none
    /// (RFC 8725 §3.11), nor is one that somebody changed.
    // spec: OIDC Core 3.1.2.1 MUST: this server is the issuer of an id_token_hint @ protocol/src/authorize/hint.rs
    async fn only_an_id_token_for_this_client_is_a_hint(app: TestApp) {
        let (rp, spa) = (Rp::web(), Rp::spa());
        let tokens = rp.tokens(app).await;
        let foreign = spa.tokens(app).await;
        let mut changed = tokens.get("id_token").to_owned();
        changed.replace_range(40..41, if &changed[40..41] == "A" { "B" } else { "A" });
        for hint in [tokens.get("access_token"), foreign.get("id_token"), &changed] {
            let address = rp.authorize_with(&[("id_token_hint", Some(hint))]);
            let told = rp.told(&app.browser(), &address).await;
            assert_eq!(told, ("invalid_request".to_owned(), "VST-0220".to_owned()), "{hint}");
        }
    }

    /// OIDC Core §5.5.1.1, §3.1.2.1: `acr_values` is a wish and never a refusal; the ID token says
    /// what was reached.
    // spec: OIDC Core 5.5.1.1 SHOULD: a voluntary acr that cannot be had is answered with the one of the session @ protocol/src/issue.rs
    async fn acr_values_are_a_wish(app: TestApp) {
        let rp = Rp::web();
        for acr in ["urn:vestibule:acr:pwd", "urn:unknown", "phr urn:vestibule:acr:pwd"] {
            let address = rp.authorize_with(&[("acr_values", Some(acr))]);
            let tokens = rp.tokens_of(app, &rp.walk(&app.browser(), &address).await).await;
            assert_eq!(tokens.claims("id_token")["acr"], "urn:vestibule:acr:pwd");
            assert_eq!(tokens.claims("id_token")["amr"], json!(["pwd"]));
        }
        let acr = json!({ "essential": true, "values": ["urn:x", "urn:vestibule:acr:pwd"] });
        let claims = json!({ "id_token": { "acr": acr } }).to_string();
        let address = rp.authorize_with(&[("claims", Some(&claims))]);
        rp.tokens_of(app, &rp.walk(&app.browser(), &address).await).await;
        let claims = r#"{"id_token":{"acr":{"value":"urn:x"}}}"#;
        let address = rp.authorize_with(&[("claims", Some(claims))]);
        rp.tokens_of(app, &rp.walk(&app.browser(), &address).await).await;
    }

    /// OIDC Core §5.5: claims asked for one by one come where they were asked for, and there only.
    // spec: OIDC Core 5.5 MUST: members of claims that are not understood are ignored @ policy/src/claims.rs
    async fn claims_come_where_they_were_asked_for(app: TestApp) {
        let rp = Rp { scope: "openid", ..Rp::web() };
        let claims = r#"{"userinfo":{"birthdate":null,"unheard_of":{"essential":true}},
            "id_token":{"email":{"essential":true},"auth_time":null},"else":{}}"#;
        let address = rp.authorize_with(&[("claims", Some(claims))]);
        let tokens = rp.tokens_of(app, &rp.walk(&app.browser(), &address).await).await;
        let id_token = tokens.claims("id_token");
        assert_eq!(id_token["email"], "ana@people.example");
        assert!(id_token.get("birthdate").is_none(), "{id_token}");
        let bearer = format!("Bearer {}", tokens.get("access_token"));
        let headers = [("authorization", bearer.as_str())];
        let page = app.machine().send(reqwest::Method::GET, "/userinfo", &headers, None).await;
        assert_eq!(page.json(), json!({ "sub": "user-ana", "birthdate": "1990-02-03" }));
    }

    /// OIDC Core §5.5.1: `sub` with a value is the person the client wants.
    async fn a_sub_asked_for_by_value_is_that_person(app: TestApp) {
        let rp = Rp::web();
        let browser = allowed(app, &rp).await;
        let claims = |sub: &str| json!({ "id_token": { "sub": { "value": sub } } }).to_string();
        let (ana, ben) = (claims("user-ana"), claims("user-ben"));
        let page = browser.get(&rp.authorize_with(&[("claims", Some(&ana))])).await;
        assert!(answer(&page).contains_key("code"));
        let silent = [("claims", Some(ben.as_str())), ("prompt", Some("none"))];
        assert_eq!(rp.told(&browser, &rp.authorize_with(&silent)).await.0, "login_required");
        let page = browser.open(&rp.authorize_with(&[("claims", Some(&ben))])).await;
        assert_eq!(page.url.path(), "/login");
    }
}
