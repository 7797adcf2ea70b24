//! Passkeys, with an authenticator in software (Web Authentication Level 3).

use vestibule_acceptance::{Browser, PASSWORD, Page, Rp, TestApp, on_both_databases};
use vestibule_identity::testing::{BACKED_UP, BACKUP_ELIGIBLE, PRESENT, SoftAuthenticator};
use vestibule_policy::acr::Level;

/// The options that a page hands to the authenticator.
fn options(page: &Page) -> String {
    let raw = page.body.split("data-options=\"").nth(1).and_then(|rest| rest.split('"').next());
    let raw = raw.unwrap_or_else(|| panic!("no challenge: {page:#?}"));
    raw.replace("&#34;", "\"").replace("&quot;", "\"").replace("&amp;", "&").replace("&#38;", "&")
}

/// Ana adds a passkey on her account's page.
async fn add(app: &TestApp, browser: &Browser, seed: u64) -> SoftAuthenticator {
    let mut key = SoftAuthenticator::new(&app.issuer, seed);
    let page = browser.open("/account/passkeys").await;
    let made = key.create(&options(&page));
    let fields = [("credential", made.as_str()), ("name", "Blue key")];
    let page = browser.submit(&page, "/account/passkeys", &fields).await;
    assert!(page.status == 200 || page.status == 303, "{page:#?}");
    key
}

/// A signed-in Ana and her passkey.
async fn enrolled(app: &TestApp) -> (Browser, SoftAuthenticator) {
    let browser = app.browser();
    browser.sign_in("ana").await;
    let key = add(app, &browser, 7).await;
    (browser, key)
}

/// Signs in with nothing but the passkey.
async fn alone(browser: &Browser, page: &Page, key: &mut SoftAuthenticator) -> Page {
    let answer = key.get(&options(page));
    browser.submit(page, "/login/passkey", &[("credential", &answer)]).await
}

on_both_databases! {
    /// The first passkey comes with recovery codes, a mail, and the end of other sessions; the list
    /// names it.
    async fn the_first_one_brings_recovery_codes(app: TestApp) {
        let elsewhere = app.browser();
        elsewhere.sign_in("ana").await;
        let browser = app.browser();
        browser.sign_in("ana").await;
        let mut key = SoftAuthenticator::new(&app.issuer, 7);
        let page = browser.open("/account/passkeys").await;
        let made = key.create(&options(&page));
        let fields = [("credential", made.as_str()), ("name", "Blue key")];
        let codes = browser.submit(&page, "/account/passkeys", &fields).await;
        assert_eq!(codes.status, 200, "{codes:#?}");
        assert_eq!(codes.body.matches("<li><code>").count(), 10, "{codes:#?}");
        assert_eq!(elsewhere.who().await, None);
        let mail = app.mail_of("factor-added", "ana@people.example").await;
        assert!(mail.message.text.contains("Blue key"), "{}", mail.message.text);
        // The same answer again counts for nothing.
        let again = browser.post("/account/passkeys", &[
            ("csrf_token", &page.field("csrf_token").unwrap()),
            ("state", &page.field("state").unwrap()), ("credential", &made),
        ]).await;
        assert_ne!(again.status, 200, "{again:#?}");
        assert_eq!(app.passkeys("ana").await.len(), 1);
    }

    /// No name, no password: the key alone is a sign-in that nobody can phish, and the tokens say so.
    async fn a_passkey_alone_signs_in(app: TestApp) {
        let rp = Rp::web();
        let (_, mut key) = enrolled(app).await;
        let browser = app.browser();
        let page = browser.open(&rp.authorize()).await;
        assert_eq!(page.url.path(), "/login");
        let consent = browser.follow(alone(&browser, &page, &mut key).await).await;
        let answer = browser.decide(&consent, "allow").await.refresh_target().expect("a way back");
        let claims = rp.tokens_of(app, &answer).await.claims("id_token");
        assert_eq!(claims["acr"], Level::PhishingResistant.acr());
        assert_eq!(claims["amr"], serde_json::json!(["hwk", "user", "mfa"]));
        assert_eq!(claims["sub"], "user-ana");
        assert!(app.passkeys("ana").await[0].last_used_at.is_some());
    }

    /// A key that is synchronised says so: no claim of hardware.
    async fn a_synchronised_key_claims_no_hardware(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        browser.sign_in("ana").await;
        let mut key = SoftAuthenticator::new(&app.issuer, 9);
        key.flags |= BACKUP_ELIGIBLE | BACKED_UP;
        let page = browser.open("/account/passkeys").await;
        let made = key.create(&options(&page));
        browser.submit(&page, "/account/passkeys", &[("credential", &made)]).await;
        let other = app.browser();
        let page = other.open(&rp.authorize()).await;
        let consent = other.follow(alone(&other, &page, &mut key).await).await;
        let answer = other.decide(&consent, "allow").await.refresh_target().expect("a way back");
        let claims = rp.tokens_of(app, &answer).await.claims("id_token");
        assert_eq!(claims["amr"], serde_json::json!(["swk", "user", "mfa"]));
    }

    /// After a password it is the second factor, and a locked password does not lock it out.
    async fn it_is_a_second_factor_and_never_locked(app: TestApp) {
        let (_, mut key) = enrolled(app).await;
        let browser = app.browser();
        let page = browser.log_in(&browser.get("/login").await, "ana").await;
        assert_eq!(page.url.path(), "/login/verify", "{page:#?}");
        let answer = key.get(&options(&page));
        let page = browser.submit(&page, "/login/verify", &[("credential", &answer)]).await;
        assert_eq!(browser.follow(page).await.url.path(), "/account");
        let stranger = app.browser();
        for _ in 0..4 {
            let page = stranger.get("/login").await;
            let fields = [("username", "ana"), ("password", "wrong password")];
            stranger.submit(&page, "/login", &fields).await;
        }
        let page = stranger.get("/login").await;
        let refused = stranger.submit(&page, "/login",
            &[("username", "ana"), ("password", PASSWORD)]).await;
        assert_eq!(refused.status, 429);
        let page = alone(&stranger, &refused, &mut key).await;
        assert_eq!(stranger.follow(page).await.url.path(), "/account");
    }

    /// An answer counts once, for the page it was made for, and for this site only.
    async fn an_answer_cannot_be_used_again_or_elsewhere(app: TestApp) {
        let (_, mut key) = enrolled(app).await;
        let browser = app.browser();
        let page = browser.get("/login").await;
        let answer = key.get(&options(&page));
        let sent = browser.submit(&page, "/login/passkey", &[("credential", &answer)]).await;
        assert_eq!(sent.location().path(), "/account");
        let thief = app.browser();
        let fresh = thief.get("/login").await;
        // The same answer with its own state, replayed; then with another page's state.
        let state = page.field("state").expect("a state");
        for fields in [vec![("credential", answer.as_str()), ("state", &state)],
            vec![("credential", answer.as_str())]] {
            let refused = thief.submit(&fresh, "/login/passkey", &fields).await;
            assert_eq!(refused.status, 422, "{refused:#?}");
            assert!(refused.body.contains("That passkey wasn’t accepted"), "{refused:#?}");
        }
        // Made for a false site.
        let mut phished = key.clone();
        "https://evil.example".clone_into(&mut phished.origin);
        assert_eq!(alone(&thief, &fresh, &mut phished).await.status, 422);
        // Too old.
        app.clock.advance(301);
        assert_eq!(alone(&thief, &fresh, &mut key).await.status, 422);
        assert_eq!(thief.who().await, None);
    }

    /// Alone it must have checked its person; a counter that goes back is refused and noted.
    async fn a_weak_or_copied_key_is_refused(app: TestApp) {
        let (_, mut key) = enrolled(app).await;
        let browser = app.browser();
        let mut weak = key.clone();
        weak.flags = PRESENT;
        assert_eq!(alone(&browser, &browser.get("/login").await, &mut weak).await.status, 422);
        let mut copy = key.clone();
        for _ in 0..3 {
            let page = browser.get("/login").await;
            assert_eq!(alone(&browser, &page, &mut key).await.status, 303);
            browser.clear_cookies();
        }
        assert_eq!(alone(&browser, &browser.get("/login").await, &mut copy).await.status, 422);
        let noted = app.rows(|conn| Ok(vestibule_storage::audit::list_recent(conn, 20)?)).await;
        assert!(noted.iter().any(|e| e.event == "passkey.counter_went_back"), "{noted:#?}");
    }

    /// Removing is for the owner; the name can be changed; the last one takes the codes with it.
    async fn keys_are_renamed_and_removed_by_their_owner(app: TestApp) {
        let (browser, key) = enrolled(app).await;
        let id = key.credential_id();
        let other = app.browser();
        other.sign_in("ben").await;
        let page = other.open("/account/passkeys").await;
        let csrf = page.field("csrf_token").expect("a token");
        for path in ["/account/passkeys/remove", "/account/passkeys/rename"] {
            let fields = [("csrf_token", csrf.as_str()), ("id", &id), ("name", "Mine")];
            other.post(path, &fields).await;
        }
        assert_eq!(app.passkeys("ana").await[0].name, "Blue key");
        // Ana's session has only proved a password; changing factors asks for the factor she has.
        let page = browser.open("/account/passkeys").await;
        assert_eq!(page.url.path(), "/login/verify", "{page:#?}");
        let mut key = key;
        let answer = key.get(&options(&page));
        let page = browser.submit(&page, "/login/verify", &[("credential", &answer)]).await;
        let page = browser.follow(page).await;
        assert_eq!(page.url.path(), "/account/passkeys");
        let fields = [("id", id.as_str()), ("name", "Red key")];
        browser.submit(&page, "/account/passkeys/rename", &fields).await;
        assert_eq!(app.passkeys("ana").await[0].name, "Red key");
        browser.submit(&page, "/account/passkeys/remove", &[("id", &id)]).await;
        assert!(app.passkeys("ana").await.is_empty());
        let left = app.rows(|conn| {
            let ana = vestibule_model::UserId::new("user-ana");
            Ok(vestibule_storage::recovery_code::left(conn, &ana)?)
        }).await;
        assert_eq!(left, 0);
    }

    /// W3C Passkey Endpoints: where passkeys are added and managed.
    async fn the_endpoints_are_told(app: TestApp) {
        let page = app.machine().get("/.well-known/passkey-endpoints").await;
        let here = format!("{}/account/passkeys", app.issuer);
        assert_eq!(page.json(), serde_json::json!({ "enroll": here, "manage": here }));
    }
}
