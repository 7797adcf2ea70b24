//! The second factor: codes, recovery, remembered devices, step-up (RFC 6238, RFC 9470).

use vestibule_acceptance::{Browser, Page, Rp, TestApp, Tokens, on_both_databases};
use vestibule_model::Clock;
use vestibule_policy::acr::Level;

/// The way back to the client, of the page after a form.
fn back(page: &Page) -> url::Url {
    page.refresh_target().unwrap_or_else(|| panic!("not on the way back: {page:#?}"))
}

/// What the ID token says of the sign-in.
fn told(tokens: &Tokens) -> (String, Vec<String>, i64) {
    let claims = tokens.claims("id_token");
    let amr = claims["amr"].as_array().expect("amr").iter();
    let amr = amr.map(|method| method.as_str().expect("a method").to_owned());
    let acr = claims["acr"].as_str().expect("acr").to_owned();
    (acr, amr.collect(), claims["auth_time"].as_i64().expect("auth_time"))
}

/// Ana after her password, on the page that asks for more.
async fn asked(app: &TestApp, browser: &Browser) -> Page {
    let page = browser.log_in(&browser.get("/login").await, "ana").await;
    assert_eq!(page.url.path(), "/login/verify", "{app:p}: {page:#?}");
    page
}

on_both_databases! {
    /// The whole way of a client's request, and what its ID token says at the end.
    async fn a_code_finishes_the_sign_in_and_the_tokens_say_so(app: TestApp) {
        let rp = Rp::web();
        let totp = app.give_totp("ana").await;
        let browser = app.browser();
        let page = browser.log_in(&browser.open(&rp.authorize()).await, "ana").await;
        assert!(page.body.contains("The web-app"), "{page:#?}");
        let page = browser.verify(&page, &app.code(&totp)).await;
        let tokens = rp.tokens_of(app, &back(&browser.decide(&page, "allow").await)).await;
        let (acr, amr, auth_time) = told(&tokens);
        assert_eq!(acr, Level::Mfa.acr());
        assert_eq!(amr, ["pwd", "otp", "mfa"]);
        assert_eq!(auth_time, app.clock.now().0);
    }

    /// RFC 6238 §5.2: a code counts once, also in another browser and for the neighbour step.
    async fn a_code_counts_once(app: TestApp) {
        let totp = app.give_totp("ana").await;
        let (first, second) = (app.browser(), app.browser());
        let code = app.code(&totp);
        let page = first.verify(&asked(app, &first).await, &code).await;
        assert_eq!(page.url.path(), "/account");
        let page = asked(app, &second).await;
        let again = second.verify(&page, &code).await;
        assert_eq!(again.status, 422);
        assert!(again.body.contains("That code was used already"), "{again:#?}");
        app.clock.advance(30);
        let page = second.verify(&again, &app.code(&totp)).await;
        assert_eq!(page.url.path(), "/account", "{page:#?}");
    }

    /// One step of drift either way, no more.
    async fn a_clock_may_be_a_step_off(app: TestApp) {
        let totp = app.give_totp("ana").await;
        for (drift, right) in [(-60, false), (60, false), (-30, true), (30, true)] {
            app.clock.advance(300);
            let browser = app.browser();
            let page = asked(app, &browser).await;
            let code = totp.code_at(app.clock.now().plus(drift));
            let page = browser.verify(&page, &code).await;
            assert_eq!(page.url.path() == "/account", right, "{drift}: {page:#?}");
        }
    }

    /// Guessing codes is locked after five, for everybody who knows the password, and the right
    /// code is then refused too.
    async fn codes_cannot_be_guessed(app: TestApp) {
        let totp = app.give_totp("ana").await;
        let browser = app.browser();
        let mut page = asked(app, &browser).await;
        for _ in 0..5 {
            page = browser.verify(&page, "000000").await;
            assert_eq!(page.status, 422, "{page:#?}");
        }
        let refused = browser.verify(&page, &app.code(&totp)).await;
        assert_eq!(refused.status, 429, "{refused:#?}");
        assert!(refused.body.contains("Too many tries. Wait 60 seconds"), "{refused:#?}");
        let other = app.browser();
        let refused = other.verify(&asked(app, &other).await, &app.code(&totp)).await;
        assert_eq!(refused.status, 429, "{refused:#?}");
        app.clock.advance(61);
        let page = other.verify(&refused, &app.code(&totp)).await;
        assert_eq!(page.url.path(), "/account", "{page:#?}");
    }

    /// A recovery code stands in for the lost app, once, and its owner is told.
    async fn a_recovery_code_stands_in_once(app: TestApp) {
        app.give_totp("ana").await;
        let codes = app.give_recovery_codes("ana").await;
        let browser = app.browser();
        asked(app, &browser).await;
        let page = browser.get("/login/verify?method=recovery").await;
        let typed = codes[0].to_uppercase().replace('-', " ");
        let page = browser.verify(&page, &typed).await;
        assert_eq!(page.url.path(), "/account", "{page:#?}");
        let mail = app.mail_of("recovery-code-used", "ana@people.example").await;
        assert!(mail.message.text.contains('9'), "{}", mail.message.text);
        let other = app.browser();
        asked(app, &other).await;
        let page = other.get("/login/verify?method=recovery").await;
        let again = other.verify(&page, &codes[0]).await;
        assert_eq!(again.status, 422, "{again:#?}");
        // Ben's codes are not Ana's.
        let his = app.give_recovery_codes("ben").await;
        assert_eq!(other.verify(&again, &his[0]).await.status, 422);
        assert_eq!(other.verify(&again, &codes[1]).await.url.path(), "/account");
    }

    /// "Don't ask again on this device": bounded in time, bound to this person, and no lie in the
    /// tokens: the second factor was not used.
    async fn a_device_is_remembered_for_a_while(app: TestApp) {
        let rp = Rp::web();
        let totp = app.give_totp("ana").await;
        let browser = app.browser();
        let page = asked(app, &browser).await;
        let code = app.code(&totp);
        let fields = [("code", code.as_str()), ("remember", "on")];
        let page = browser.follow(browser.submit(&page, "/login/verify", &fields).await).await;
        assert_eq!(page.url.path(), "/account");
        let address = rp.authorize_with(&[("prompt", Some("login"))]);
        let page = browser.log_in(&browser.open(&address).await, "ana").await;
        assert_eq!(page.url.path(), "/consent", "{page:#?}");
        let tokens = rp.tokens_of(app, &back(&browser.decide(&page, "allow").await)).await;
        assert_eq!(told(&tokens).0, Level::Password.acr());
        // Somebody else's second factor on the same device is asked for.
        app.give_totp("ben").await;
        let page = browser.log_in(&browser.open(&address).await, "ben").await;
        assert_eq!(page.url.path(), "/login/verify", "{page:#?}");
        app.clock.advance(30 * 86_400);
        let page = browser.log_in(&browser.get("/login").await, "ana").await;
        assert_eq!(page.url.path(), "/login/verify", "{page:#?}");
    }

    /// RFC 9470 §5: a session that proved less is asked for what is missing, and not for the
    /// password; the sign-in's time stays.
    async fn a_client_that_asks_for_more_gets_a_step_up(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        rp.walk(&browser, &rp.authorize()).await;
        let began = app.clock.now().0;
        let totp = app.give_totp("ana").await;
        app.clock.advance(100);
        let more = rp.authorize_with(&[("acr_values", Some(Level::Mfa.acr()))]);
        let page = browser.open(&more).await;
        assert_eq!(page.url.path(), "/login/verify", "{page:#?}");
        let tokens = rp.tokens_of(app, &back(&browser.verify(&page, &app.code(&totp)).await)).await;
        assert_eq!(told(&tokens), (Level::Mfa.acr().to_owned(),
            ["pwd", "otp", "mfa"].map(str::to_owned).to_vec(), began));
        // The session is the same, and now good for both.
        let page = browser.get(&more).await;
        assert_eq!(told(&rp.tokens_of(app, &page.location()).await).0, Level::Mfa.acr());
    }

    /// `prompt=none` cannot ask, and a client that insists on what nobody can reach hears so.
    async fn a_step_up_needs_a_page(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        rp.walk(&browser, &rp.authorize()).await;
        app.give_totp("ana").await;
        let silent = [("prompt", Some("none")), ("acr_values", Some(Level::Mfa.acr()))];
        assert_eq!(rp.told(&browser, &rp.authorize_with(&silent)).await.0, "login_required");
        // Giving up is a no.
        let more = rp.authorize_with(&[("acr_values", Some(Level::Mfa.acr()))]);
        let page = browser.open(&more).await;
        let page = browser.submit(&page, "/login/verify", &[("decision", "cancel")]).await;
        let answer = back(&browser.follow(page).await);
        assert!(answer.query().unwrap_or_default().contains("error=access_denied"), "{answer}");
        // The session did not suffer.
        assert_eq!(browser.who().await, Some("ana"));
    }

    /// A smaller `max_age` asks the same person again: the name stands there, and "not you" is one
    /// button away and comes back to the same request.
    async fn a_smaller_max_age_asks_the_same_person(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        rp.walk(&browser, &rp.authorize()).await;
        app.clock.advance(100);
        let page = browser.open(&rp.authorize_with(&[("max_age", Some("60"))])).await;
        assert_eq!(page.url.path(), "/login");
        assert_eq!(page.field("username").as_deref(), Some("ana"));
        assert!(page.body.contains("Not <bdi>ana Example</bdi>?"), "{page:#?}");
        let other = browser.follow(browser.submit(&page, "/login/other", &[]).await).await;
        assert_eq!(other.url.path(), "/login");
        let lines = app.audit("session.signed_out").await;
        assert_eq!(lines.len(), 1, "{lines:#?}");
        assert_eq!(other.field("interaction"), page.field("interaction"));
        assert_eq!(other.field("username").unwrap_or_default(), "");
        let page = browser.log_in(&other, "ben").await;
        let tokens = rp.tokens_of(app, &back(&browser.decide(&page, "allow").await)).await;
        assert_eq!(tokens.claims("id_token")["sub"], "user-ben");
    }

    /// A code by mail is the lowest factor: it serves where nothing better was enrolled, reaches
    /// its own class only, and never replaces an app.
    async fn a_code_by_mail_is_the_lowest_factor(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        rp.walk(&browser, &rp.authorize()).await;
        let address = rp.authorize_with(&[("acr_values", Some(Level::Mail.acr()))]);
        let page = browser.open(&address).await;
        assert_eq!(page.url.path(), "/login/verify", "{page:#?}");
        let page = browser.submit(&page, "/login/verify", &[("decision", "send")]).await;
        assert!(page.body.contains("a…@people.example"), "{page:#?}");
        let code = app.mail_of("email-otp", "ana@people.example").await.code();
        let page = browser.verify(&page, &code).await;
        let tokens = rp.tokens_of(app, &back(&page)).await;
        let (acr, amr, _) = told(&tokens);
        assert_eq!(acr, Level::Mail.acr());
        assert_eq!(amr, ["pwd", "otp", "mca"]);
        app.give_totp("ana").await;
        let other = app.browser();
        asked(app, &other).await;
        let page = other.get("/login/verify?method=email").await;
        assert!(page.body.contains("value=\"totp\""), "{page:#?}");
    }

    /// RFC 9470 §3 on our own userinfo: what a token of a weak sign-in is refused with names the
    /// class that is needed, and a token of a better one passes.
    // spec: RFC 9470 3 MAY: a sign-in that is too weak for userinfo is told by insufficient_user_authentication with acr_values @ protocol/src/bearer.rs
    async fn userinfo_asks_for_a_better_sign_in(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        let weak = rp.tokens_of(app, &rp.walk(&browser, &rp.authorize()).await).await;
        app.rows(|conn| {
            let id = vestibule_model::ClientId::new("web-app");
            let mut client = vestibule_storage::client::find(conn, &id)?.expect("the client");
            client.metadata.required_acr = Some(Level::Mfa.acr().to_owned());
            vestibule_storage::client::update(conn, &client)?;
            Ok(())
        }).await;
        let userinfo = async |tokens: &Tokens| {
            let bearer = format!("Bearer {}", tokens.get("access_token"));
            let headers = [("authorization", bearer.as_str())];
            app.machine().send(reqwest::Method::GET, "/userinfo", &headers, None).await
        };
        let refused = userinfo(&weak).await;
        assert_eq!(refused.status, 401, "{refused:#?}");
        let challenge = refused.header("www-authenticate");
        assert!(challenge.contains("error=\"insufficient_user_authentication\""), "{challenge}");
        let wanted = format!("acr_values=\"{}\"", Level::Mfa.acr());
        assert!(challenge.contains(&wanted), "{challenge}");
        let totp = app.give_totp("ana").await;
        let page = browser.open(&rp.authorize()).await;
        let strong = rp.tokens_of(app, &back(&browser.verify(&page, &app.code(&totp)).await)).await;
        assert_eq!(userinfo(&strong).await.status, 200);
    }

    /// Each step of the journey at another instance.
    async fn another_instance_takes_over_in_the_middle(app: TestApp) {
        let rp = Rp::web();
        let totp = app.give_totp("ana").await;
        let (browser, second) = (app.browser(), app.second());
        let page = browser.open(&rp.authorize()).await;
        browser.via(&second);
        let page = browser.log_in(&page, "ana").await;
        browser.direct();
        let code = app.code(&totp);
        let page = browser.verify(&page, &code).await;
        browser.via(&second);
        let tokens = rp.tokens_of(app, &back(&browser.decide(&page, "allow").await)).await;
        assert_eq!(told(&tokens).0, Level::Mfa.acr());
        // What one instance took, the other does not take again.
        let other = app.browser();
        other.via(&second);
        let page = other.log_in(&other.get("/login").await, "ana").await;
        assert_eq!(other.verify(&page, &code).await.status, 422);
    }
}
