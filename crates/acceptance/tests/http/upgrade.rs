//! An upgrade ends no session and refuses no request (docs/operations/upgrades.md).

use futures_util::future::{join, join_all};
use vestibule_acceptance::{Rp, TestApp, Tokens, on_both_databases};
use vestibule_model::client::AccessTokenFormat;

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

    /// Where the version before may serve too, codes and tokens carry no second, which it could not find;
    /// both kinds are good at every instance (docs/adr/0026).
    async fn codes_and_tokens_with_and_without_their_second_are_good(app: TestApp) {
        let rp = Rp::web();
        app.change_client(rp.client_id, |client| {
            client.metadata.access_token_format = AccessTokenFormat::Opaque;
        })
        .await;
        let dated = rp.tokens(app).await;
        app.let_the_version_before_in();
        let beside = app.second();

        let browser = app.browser();
        browser.via(&beside);
        let code = Rp::code_of(&rp.walk(&browser, &rp.authorize()).await);
        assert_eq!(code.len(), 43, "{code}");
        let page = rp.redeem(app, &code).await;
        assert_eq!(page.status, 200, "{page:#?}");

        let (headers, _) = rp.credentials();
        let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let token = dated.get("refresh_token");
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let page = app.machine_at(&beside).post_with("/token", &headers, &form).await;
        assert_eq!(page.status, 200, "{page:#?}");
        let plain = Tokens(page.json());
        let page = rp.refresh(app, plain.get("refresh_token")).await;
        assert_eq!(page.status, 200, "{page:#?}");
        let again = Tokens(page.json());
        for name in ["access_token", "refresh_token"] {
            let lengths = [&dated, &plain, &again].map(|tokens| tokens.get(name).len());
            assert_eq!(lengths, [51, 43, 51], "{name}");
        }
        for tokens in [&dated, &plain, &again] {
            assert!(Rp::is_active(app, tokens.get("access_token")).await, "{tokens:?}");
        }
        let revoked = rp.call(app, "/revoke", &[("token", again.get("refresh_token"))]).await;
        assert_eq!(revoked.status, 200, "{revoked:#?}");
        for tokens in [&dated, &plain, &again] {
            assert!(!Rp::is_active(app, tokens.get("access_token")).await, "{tokens:?}");
        }
    }
}
