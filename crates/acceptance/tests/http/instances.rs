//! Several instances of one installation, behind one address.

use vestibule_acceptance::{Rp, Tokens, on_both_databases};

on_both_databases! {
    /// Nothing of a sign-in lives in one process only: each step may meet another instance.
    async fn another_instance_goes_on_where_one_stopped(app: TestApp) {
        let rp = Rp::web();
        let (browser, second) = (app.browser(), app.second());
        let login = browser.open(&rp.authorize()).await;
        browser.via(&second);
        let consent = browser.log_in(&login, "ana").await;
        browser.direct();
        let returning = browser.decide(&consent, "allow").await;
        let answer = returning.refresh_target().expect("a way back to the client");
        let page = rp.redeem(app, &Rp::code_of(&answer)).await;
        assert_eq!(page.status, 200, "{page:#?}");
        assert_eq!(Tokens(page.json()).claims("id_token")["iss"], app.issuer.as_str());
        browser.via(&second);
        assert_eq!(browser.who().await, Some("ana"));
    }
}
