//! Token revocation (RFC 7009).

use serde_json::{Value, json};
use vestibule_acceptance::{Page, Rp, TestApp, on_both_databases};
use vestibule_model::client::AccessTokenFormat;

use crate::account_gate::signed_in;

async fn revoke(app: &TestApp, rp: &Rp, token: &str) -> Page {
    rp.call(app, "/revoke", &[("token", token)]).await
}

/// RFC 7009 §2.2: 200, and the body says nothing.
fn assert_done(page: &Page) {
    assert_eq!((page.status, page.body.as_str()), (200, ""), "{page:#?}");
    assert_eq!(page.header("cache-control"), "no-store");
}

/// The audit log's lines of that event, oldest first: whose, which client's, and what of.
async fn lines(app: &TestApp, event: &'static str) -> Vec<(Option<String>, String, String)> {
    let lines = app.audit(event).await.into_iter().rev();
    let told = lines.map(|line| {
        let client = line.client_id.expect("a client").to_string();
        (line.user_id.map(|id| id.to_string()), client, line.detail)
    });
    told.collect()
}

/// What such a line tells of a token of Ana's.
fn of_ana(what: &str, id: &str) -> (Option<String>, String, String) {
    (Some("user-ana".to_owned()), "web-app".to_owned(), format!("{what} {id}"))
}

fn error(page: &Page) -> (u16, Value) {
    (page.status, page.json()["error"].clone())
}

on_both_databases! {
    /// RFC 7009 §2: the access token dies, the rest of the grant lives on.
    // spec: RFC 7009 2 SHOULD: access tokens can be revoked @ protocol/src/revoke.rs
    // spec: RFC 7662 4 MUST: introspection finds out whether a token was revoked @ protocol/src/bearer.rs
    async fn an_access_token_is_revoked_alone(app: TestApp) {
        let rp = Rp::web();
        for format in [AccessTokenFormat::Jwt, AccessTokenFormat::Opaque] {
            app.change_client("web-app", move |client| {
                client.metadata.access_token_format = format;
            })
            .await;
            let tokens = rp.tokens(app).await;
            let access = tokens.get("access_token");
            assert_eq!(access.contains('.'), format == AccessTokenFormat::Jwt);
            assert!(Rp::is_active(app, access).await);
            for _ in 0..2 {
                assert_done(&revoke(app, &rp, access).await);
                assert!(!Rp::is_active(app, access).await);
            }
            let bearer = format!("Bearer {access}");
            let headers = [("authorization", bearer.as_str())];
            let page = app.machine().post_with("/userinfo", &headers, &[]).await;
            assert_eq!(page.status, 401);
            let refreshed = rp.refresh(app, tokens.get("refresh_token")).await;
            assert_eq!(refreshed.status, 200, "{format:?}");
        }
    }

    /// RFC 7009 §2.1: with a refresh token go the access tokens of the same grant.
    // spec: RFC 7009 2 MUST: refresh tokens can be revoked @ protocol/src/revoke.rs
    // spec: RFC 7009 2.1 SHOULD: with a refresh token end the access tokens of the same grant @ protocol/src/revoke.rs
    async fn a_refresh_token_takes_its_grant_with_it(app: TestApp) {
        let rp = Rp::web();
        let (tokens, bystander) = (rp.tokens(app).await, rp.tokens(app).await);
        assert_done(&revoke(app, &rp, tokens.get("refresh_token")).await);
        assert!(!Rp::is_active(app, tokens.get("access_token")).await);
        let refreshed = rp.refresh(app, tokens.get("refresh_token")).await;
        assert_eq!(error(&refreshed), (400, json!("invalid_grant")));
        assert_done(&revoke(app, &rp, tokens.get("refresh_token")).await);
        assert!(Rp::is_active(app, bystander.get("access_token")).await);
        assert_eq!(rp.refresh(app, bystander.get("refresh_token")).await.status, 200);
        assert!(app.audit("refresh_token.reused").await.is_empty(), "a client's wish is no theft");
    }

    /// A used refresh token still names its family: whoever revokes it means the family.
    async fn a_used_refresh_token_takes_its_grant_with_it(app: TestApp) {
        let rp = Rp::web();
        let first = rp.tokens(app).await;
        let second = rp.refresh(app, first.get("refresh_token")).await.json();
        assert_done(&revoke(app, &rp, first.get("refresh_token")).await);
        let token = second["refresh_token"].as_str().unwrap();
        assert_eq!(error(&rp.refresh(app, token).await), (400, json!("invalid_grant")));
    }

    /// RFC 7009 §2.1: "if this validation fails, the request is refused"; the token stays.
    // spec: RFC 7009 2.1 MUST: a token of another client is not revoked, and the client is told @ protocol/src/revoke.rs
    async fn a_token_of_another_client_stays_as_it_is(app: TestApp) {
        let owner = Rp::web();
        let tokens = owner.tokens(app).await;
        app.change_client("web-app", |client| {
            client.metadata.access_token_format = AccessTokenFormat::Opaque;
        })
        .await;
        let opaque = owner.tokens(app).await;
        for token in [
            tokens.get("access_token"), tokens.get("refresh_token"), opaque.get("access_token"),
        ] {
            let page = revoke(app, &Rp::spa(), token).await;
            assert_eq!(error(&page), (400, json!("unauthorized_client")));
        }
        assert!(Rp::is_active(app, tokens.get("access_token")).await);
        assert!(Rp::is_active(app, opaque.get("access_token")).await);
        assert_eq!(owner.refresh(app, tokens.get("refresh_token")).await.status, 200);
    }

    /// Issue 6, "no acknowledged audit row is lost": there is one for what died, however often that
    /// is asked, and none for what was dead.
    async fn what_dies_leaves_one_line(app: TestApp) {
        let rp = Rp::web();
        let tokens = rp.tokens(app).await;
        let (access, refresh) = (tokens.get("access_token"), tokens.get("refresh_token"));
        let second = rp.refresh(app, refresh).await.json();
        for token in [access, access, second["refresh_token"].as_str().unwrap(), refresh, refresh] {
            assert_done(&revoke(app, &rp, token).await);
        }
        // Those that were minted from the grant died with it.
        assert_done(&revoke(app, &rp, second["access_token"].as_str().unwrap()).await);
        let jti = tokens.claims("access_token")["jti"].as_str().unwrap().to_owned();
        let grant = jti.split('.').next().unwrap();
        assert_eq!(lines(app, "access_token.revoked").await, [of_ana("access token", &jti)]);
        assert_eq!(lines(app, "grant.revoked").await, [of_ana("grant", grant)]);
        let page = signed_in(app, "ana").await.get("/account/activity").await;
        for sentence in ["gave one of its access tokens back.", "gave up its access."] {
            let told = format!("<td>An app {sentence} <span class=\"soft\"><bdi>The web-app</bdi>");
            assert!(page.body.contains(&told), "{told}: {page:#?}");
        }
    }

    /// An opaque token is nobody else's business, and a client's own token no person's.
    async fn the_line_names_whom_it_concerns(app: TestApp) {
        let rp = Rp::web();
        app.change_client("web-app", |client| {
            client.metadata.access_token_format = AccessTokenFormat::Opaque;
        })
        .await;
        let tokens = rp.tokens(app).await;
        assert_eq!(revoke(app, &Rp::spa(), tokens.get("access_token")).await.status, 400);
        assert_eq!(revoke(app, &Rp::spa(), tokens.get("refresh_token")).await.status, 400);
        assert!(lines(app, "access_token.revoked").await.is_empty());
        assert!(lines(app, "grant.revoked").await.is_empty());
        let form = [("grant_type", "client_credentials"), ("scope", "api")];
        let own = rp.call(app, "/token", &form).await.json();
        for token in [tokens.get("access_token"), own["access_token"].as_str().unwrap()] {
            for _ in 0..2 {
                assert_done(&revoke(app, &rp, token).await);
            }
        }
        let lines = lines(app, "access_token.revoked").await;
        let whose: Vec<_> = lines.iter().map(|(user, client, _)| (user.as_deref(), &**client)).collect();
        assert_eq!(whose, [(Some("user-ana"), "web-app"), (None, "web-app")]);
        assert!(lines.iter().all(|(_, _, detail)| !detail.contains(tokens.get("access_token"))));
    }

    /// RFC 7009 §2.2: "invalid tokens do not cause an error response".
    // spec: RFC 7009 2.2 MUST: a token that is not valid is answered with 200 and no error @ protocol/src/revoke.rs
    async fn what_never_lived_or_died_by_itself_is_fine(app: TestApp) {
        let rp = Rp::web();
        let tokens = rp.tokens(app).await;
        for token in ["nonsense", "a.b.c", "...", tokens.get("id_token")] {
            assert_done(&revoke(app, &rp, token).await);
        }
        assert!(Rp::is_active(app, tokens.get("access_token")).await);
        app.clock.advance(601);
        assert_done(&revoke(app, &rp, tokens.get("access_token")).await);
        assert!(lines(app, "access_token.revoked").await.is_empty());
        app.clock.advance(app.state.settings.lifetimes.refresh_absolute);
        assert_done(&revoke(app, &rp, tokens.get("refresh_token")).await);
        assert!(lines(app, "grant.revoked").await.is_empty());
    }

    /// RFC 7009 §2.1: the hint only speeds the search up, and an unknown one is ignored.
    // spec: RFC 7009 2.1 MUST: a token that is not where the hint says is looked for everywhere @ protocol/src/revoke.rs
    async fn a_wrong_hint_does_no_harm(app: TestApp) {
        let rp = Rp::web();
        for (name, hint) in [
            ("access_token", "refresh_token"), ("refresh_token", "access_token"),
            ("refresh_token", "something"),
        ] {
            let tokens = rp.tokens(app).await;
            let form = [("token", tokens.get(name)), ("token_type_hint", hint)];
            assert_done(&rp.call(app, "/revoke", &form).await);
            assert!(!Rp::is_active(app, tokens.get("access_token")).await, "{name} as {hint}");
        }
    }

    /// RFC 7009 §2.1: a public client names itself; nobody else may ask.
    async fn a_public_client_revokes_its_own(app: TestApp) {
        let tokens = Rp::spa().tokens(app).await;
        let token = tokens.get("access_token");
        let nobody = app.machine().post("/revoke", &[("token", token)]).await;
        assert_eq!(error(&nobody), (401, json!("invalid_client")));
        assert!(Rp::is_active(app, token).await);
        assert_done(&revoke(app, &Rp::spa(), token).await);
        assert!(!Rp::is_active(app, token).await);
        let empty = Rp::web().call(app, "/revoke", &[]).await;
        assert_eq!(error(&empty), (400, json!("invalid_request")));
        assert_eq!(app.machine().get("/revoke?token=x").await.status, 405);
    }
}
