//! An upgrade ends no session and refuses no request (docs/operations/upgrades.md).

use futures_util::future::{join, join_all};
use vestibule_acceptance::{Rp, TestApp, Tokens, on_both_databases};

/// A person who signs in at the client and whose tokens are refreshed, as often as it takes. Each step
/// must succeed.
async fn goes_on(app: &TestApp, rounds: usize) -> Tokens {
    let rp = Rp::web();
    let mut tokens = rp.tokens(app).await;
    for _ in 0..rounds {
        let page = rp.refresh(app, tokens.get("refresh_token")).await;
        assert_eq!(page.status, 200, "{page:#?}");
        tokens = Tokens(page.json());
    }
    tokens
}

on_both_databases! {
    /// This version serves while the next one changes the tables and after, and when it is started
    /// anew on them: blue and green share one database.
    async fn the_version_before_serves_on_the_tables_of_the_next(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        let answer = rp.walk(&browser, &rp.authorize()).await;
        let early = Tokens(rp.redeem(app, &Rp::code_of(&answer)).await.json());
        let load = join_all((0..6).map(|_| goes_on(app, 8)));
        let (tokens, ()) = join(load, app.next_release()).await;
        assert_eq!(tokens.len(), 6);

        // Started anew: its migrations are behind those of the database.
        let anew = app.second();
        browser.via(&anew);
        assert_eq!(browser.who().await, Some("ana"), "the session goes on");
        let page = rp.refresh(app, early.get("refresh_token")).await;
        assert_eq!(page.status, 200, "{page:#?}");
        let load = join_all((0..3).map(|_| goes_on(app, 3)));
        assert_eq!(load.await.len(), 3);
        let other = app.browser();
        other.via(&anew);
        let answer = rp.walk(&other, &rp.authorize()).await;
        let page = rp.redeem(app, &Rp::code_of(&answer)).await;
        assert_eq!(page.status, 200, "begun at one, redeemed at the other: {page:#?}");
    }
}
