//! Second factors that policy demands of people who have none.

use std::sync::Arc;

use vestibule_acceptance::{Backend, Browser, Page, Rp, TestApp, on_both_databases};
use vestibule_identity::totp::Totp;
use vestibule_model::{Clock, settings::MfaRequired};
use vestibule_policy::acr::Level;
use vestibule_web::cookies;

/// A server that asks everybody for a second factor.
async fn strict(backend: Backend) -> TestApp {
    TestApp::start_with(backend, |state| {
        Arc::make_mut(&mut state.settings).mfa.required = MfaRequired::Everyone;
    })
    .await
}

/// The app that a person sets up from the page's own words.
fn scanned(page: &Page) -> Totp {
    let text =
        page.body.split("id=\"totp-secret\">").nth(1).and_then(|rest| rest.split('<').next());
    let text: String = text.expect("a secret").chars().filter(|c| !c.is_whitespace()).collect();
    let fives = text.bytes().map(|b| {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        alphabet.iter().position(|a| *a == b).expect("base32")
    });
    let bits: Vec<bool> =
        fives.flat_map(|five| (0..5).rev().map(move |bit| five >> bit & 1 == 1)).collect();
    let byte = |bits: &[bool]| bits.iter().fold(0_u8, |byte, bit| byte << 1 | u8::from(*bit));
    let bytes: Vec<u8> = bits.chunks_exact(8).map(byte).collect();
    Totp::from_bytes(&bytes).expect("a long secret")
}

/// Ana after her password, where she has to set something up.
async fn at_enrolment(browser: &Browser, from: &str) -> Page {
    let page = browser.log_in(&browser.open(from).await, "ana").await;
    assert_eq!(page.url.path(), "/login/enrol", "{page:#?}");
    page
}

on_both_databases! {
    started by strict;

    /// Nobody gets a session before the factor is there; then the request goes on to its client,
    /// and the recovery codes are shown on the way.
    async fn the_sign_in_waits_for_the_enrolment(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        let page = at_enrolment(&browser, &rp.authorize()).await;
        assert!(!browser.cookies().contains_key(cookies::SESSION));
        assert!(page.body.contains("<svg"), "{page:#?}");
        let totp = scanned(&page);
        // A wrong code shows the same secret again.
        let wrong = browser.submit(&page, "/login/enrol", &[("method", "totp"), ("code", "000000"),
            ("secret", &page.field("secret").unwrap())]).await;
        assert_eq!(wrong.status, 422, "{wrong:#?}");
        let code = totp.code_at(app.clock.now());
        let fields = [("method", "totp"), ("code", code.as_str()),
            ("secret", &wrong.field("secret").unwrap())];
        let codes = browser.submit(&wrong, "/login/enrol", &fields).await;
        assert_eq!(codes.body.matches("<li><code>").count(), 10, "{codes:#?}");
        let on = codes.action();
        let consent = browser.open(&on).await;
        assert_eq!(consent.url.path(), "/consent", "{consent:#?}");
        let answer = browser.decide(&consent, "allow").await.refresh_target().expect("a way back");
        let claims = rp.tokens_of(app, &answer).await.claims("id_token");
        assert_eq!(claims["acr"], Level::Mfa.acr());
        // Next time it is asked for, and not set up again.
        app.clock.advance(60);
        let other = app.browser();
        let page = other.log_in(&other.open(&rp.authorize()).await, "ana").await;
        assert_eq!(page.url.path(), "/login/verify", "{page:#?}");
    }

    /// A secret of somebody else's page, or none, sets nothing up.
    async fn a_secret_is_good_for_its_owner_only(app: TestApp) {
        let (hers, his) = (app.browser(), app.browser());
        let page = at_enrolment(&hers, "/login").await;
        let secret = page.field("secret").expect("a sealed secret");
        let totp = scanned(&page);
        let other = his.log_in(&his.get("/login").await, "ben").await;
        assert_eq!(other.url.path(), "/login/enrol");
        let code = totp.code_at(app.clock.now());
        for secret in [secret.as_str(), "", "v1.AAAA"] {
            let fields = [("method", "totp"), ("code", code.as_str()), ("secret", secret)];
            let refused = his.submit(&other, "/login/enrol", &fields).await;
            assert_eq!(refused.status, 422, "{refused:#?}");
        }
        assert_eq!(his.get("/account").await.location().path(), "/login");
    }

    /// Who has a factor uses it: setting up another is not the way around.
    async fn enrolling_is_no_way_around_a_factor(app: TestApp) {
        let totp = app.give_totp("ana").await;
        let browser = app.browser();
        let page = browser.log_in(&browser.get("/login").await, "ana").await;
        assert_eq!(page.url.path(), "/login/verify");
        assert_eq!(browser.get("/login/enrol").await.location().path(), "/login/verify");
        let csrf = page.field("csrf_token").expect("a token");
        let fields = [("csrf_token", csrf.as_str()), ("method", "totp"), ("code", "000000")];
        let refused = browser.post("/login/enrol", &fields).await;
        assert_eq!(refused.location().path(), "/login/verify");
        assert_eq!(browser.verify(&page, &app.code(&totp)).await.url.path(), "/account");
    }

    /// The last factor has to stay while policy asks for one.
    async fn the_last_factor_stays(app: TestApp) {
        let totp = app.give_totp("ana").await;
        let browser = app.browser();
        let page = browser.log_in(&browser.get("/login").await, "ana").await;
        browser.verify(&page, &app.code(&totp)).await;
        let page = browser.open("/account/mfa").await;
        assert_eq!(page.url.path(), "/account/mfa", "{page:#?}");
        let refused = browser.submit(&page, "/account/mfa/remove", &[("id", "totp-ana")]).await;
        assert_eq!(refused.status, 422, "{refused:#?}");
        assert!(refused.body.contains("the last one has to stay"), "{refused:#?}");
    }

    /// Giving up at enrolment is a no to the client.
    async fn giving_up_is_a_no(app: TestApp) {
        let browser = app.browser();
        let page = at_enrolment(&browser, &Rp::web().authorize()).await;
        let page = browser.submit(&page, "/login/enrol", &[("decision", "cancel")]).await;
        let answer = browser.follow(page).await.refresh_target().expect("a way back");
        assert!(answer.query().unwrap_or_default().contains("error=access_denied"), "{answer}");
    }

    /// Setting up at one instance what the other showed.
    async fn another_instance_takes_the_code(app: TestApp) {
        let (browser, second) = (app.browser(), app.second());
        let page = at_enrolment(&browser, "/login").await;
        browser.via(&second);
        let code = scanned(&page).code_at(app.clock.now());
        let fields = [("method", "totp"), ("code", code.as_str()),
            ("secret", &page.field("secret").unwrap())];
        let codes = browser.submit(&page, "/login/enrol", &fields).await;
        assert_eq!(codes.body.matches("<li><code>").count(), 10, "{codes:#?}");
        browser.direct();
        assert_eq!(browser.who().await, Some("ana"));
    }
}
