//! Several people signed in with one browser.

use vestibule_acceptance::{Browser, Page, Rp, TestApp, on_both_databases};
use vestibule_web::cookies;

/// Ben, and Ana aside, on the page that lets them choose.
async fn both(app: &TestApp) -> (Browser, Page) {
    let rp = Rp::web();
    let browser = app.browser();
    browser.sign_in("ana").await;
    let chooser = browser.open(&select(&rp)).await;
    assert_eq!(chooser.url.path(), "/select-account", "{chooser:#?}");
    let login = browser.submit(&chooser, "/select-account", &[("choice", "other")]).await;
    browser.log_in(&browser.follow(login).await, "ben").await;
    assert_eq!(browser.who().await, Some("ben"));
    let chooser = browser.open(&select(&rp)).await;
    (browser, chooser)
}

fn select(rp: &Rp) -> String {
    rp.authorize_with(&[("prompt", Some("select_account"))])
}

/// The session of the other account on the chooser.
fn other(chooser: &Page) -> String {
    let buttons = chooser.body.split("name=\"choice\" value=\"").skip(1);
    let values = buttons.filter_map(|rest| rest.split('"').next());
    let known = ["continue", "other"];
    values.filter(|value| !known.contains(value)).map(str::to_owned).next().expect("another")
}

on_both_databases! {
    /// The chooser names both, and the one that is chosen answers: without a password, for it is
    /// still signed in.
    async fn each_can_be_chosen(app: TestApp) {
        let rp = Rp::web();
        let (browser, chooser) = both(app).await;
        assert!(chooser.body.contains("ana@people.example"), "{chooser:#?}");
        assert!(chooser.body.contains("ben@people.example"), "{chooser:#?}");
        let id = other(&chooser);
        let page = browser.submit(&chooser, "/select-account", &[("choice", &id)]).await;
        let consent = browser.follow(page).await;
        assert_eq!(consent.url.path(), "/consent", "{consent:#?}");
        assert!(consent.body.contains("ana@people.example"), "{consent:#?}");
        let answer = browser.decide(&consent, "allow").await.refresh_target().expect("a way back");
        assert_eq!(rp.tokens_of(app, &answer).await.claims("id_token")["sub"], "user-ana");
        assert_eq!(browser.who().await, Some("ana"));
        // And back again.
        let chooser = browser.open(&select(&rp)).await;
        let id = other(&chooser);
        browser.follow(browser.submit(&chooser, "/select-account", &[("choice", &id)]).await).await;
        assert_eq!(browser.who().await, Some("ben"));
    }

    /// A session that is not in this browser's cookies cannot be chosen by its name.
    async fn a_strangers_session_cannot_be_chosen(app: TestApp) {
        let (browser, chooser) = both(app).await;
        let victim = app.browser();
        victim.sign_in("ana").await;
        let theirs = app.rows(|conn| {
            let ana = vestibule_model::UserId::new("user-ana");
            Ok(vestibule_storage::browser_session::list_of_user(conn, &ana)?)
        }).await;
        let ours = other(&chooser);
        let theirs = theirs.iter().find(|s| s.id.as_str() != ours).expect("the victim's").id.clone();
        let fields = [("choice", theirs.as_str())];
        let page = browser.submit(&chooser, "/select-account", &fields).await;
        assert_eq!(browser.follow(page).await.url.path(), "/select-account");
        assert_eq!(browser.who().await, Some("ben"));
    }

    /// One of them leaves; the other stays.
    async fn one_can_be_signed_out(app: TestApp) {
        let (browser, chooser) = both(app).await;
        let id = other(&chooser);
        let page = browser.submit(&chooser, "/select-account", &[("remove", &id)]).await;
        let chooser = browser.follow(page).await;
        assert!(!chooser.body.contains("ana@people.example"), "{chooser:#?}");
        assert_eq!(browser.who().await, Some("ben"));
        let left = app.rows(|conn| {
            let ana = vestibule_model::UserId::new("user-ana");
            Ok(vestibule_storage::browser_session::list_of_user(conn, &ana)?.len())
        }).await;
        assert_eq!(left, 0);
        let lines = app.audit("session.signed_out").await;
        let whose: Vec<_> = lines.iter().map(|line| line.user_id.as_ref().unwrap().as_str()).collect();
        assert_eq!(whose, ["user-ana"]);
    }

    /// Signing out means everybody at this browser.
    async fn signing_out_is_for_everybody_here(app: TestApp) {
        let (browser, _) = both(app).await;
        let others = browser.cookies().get(cookies::OTHERS).expect("Ana's").clone();
        let page = browser.get("/logout").await;
        browser.submit(&page, "/logout", &[("decision", "allow")]).await;
        assert_eq!(browser.who().await, None);
        assert!(!browser.cookies().contains_key(cookies::OTHERS));
        let thief = app.browser();
        thief.set_cookie(cookies::SESSION, &others);
        assert_eq!(thief.get("/account").await.location().path(), "/login");
    }
}
