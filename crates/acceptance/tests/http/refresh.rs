//! Refreshing (RFC 6749 §6) by single successor (RFC 9700 §4.14.2), and what ends it.

use futures_util::future::join_all;
use serde_json::Value;
use vestibule_acceptance::{Page, Rp, TestApp, Tokens, on_both_databases};
use vestibule_model::{
    Clock, GrantId, Secret, SessionId, UserId,
    grant::{Grant, RefreshToken},
    user::User,
};

const DAY: i64 = 86_400;

fn assert_refused(page: &Page, error: &str) {
    assert_eq!((page.status, page.json()["error"].as_str()), (400, Some(error)), "{page:#?}");
    assert_eq!(page.header("cache-control"), "no-store");
}

fn public(page: &Page) -> (u16, Value) {
    let mut body = page.json();
    body["request_id"] = Value::Null;
    (page.status, body)
}

async fn refreshed(app: &TestApp, rp: &Rp, token: &str) -> Tokens {
    let page = rp.refresh(app, token).await;
    assert_eq!(page.status, 200, "{page:#?}");
    assert_eq!(page.header("cache-control"), "no-store");
    Tokens(page.json())
}

async fn with_scope(app: &TestApp, rp: &Rp, token: &str, scope: &str) -> Page {
    let form = [("grant_type", "refresh_token"), ("refresh_token", token), ("scope", scope)];
    rp.call(app, "/token", &form).await
}

/// Tokens, and the browser that the person is signed in with.
async fn signed_in(app: &TestApp, rp: &Rp) -> (vestibule_acceptance::Browser, Tokens) {
    let browser = app.browser();
    let answer = rp.walk(&browser, &rp.authorize()).await;
    let page = rp.redeem(app, &Rp::code_of(&answer)).await;
    (browser, Tokens(page.json()))
}

on_both_databases! {
    /// OIDC Core §12.2: same person, same sign-in, no `nonce`; RFC 6749 §6: a new refresh token.
    // spec: OIDC Core 12.2 MUST: after a refresh iss, sub and aud are those of the first ID token, iat is new, auth_time is the first one's @ protocol/src/issue.rs
    // spec: OIDC Core 12.2 SHOULD NOT: an ID token of a refresh has no nonce @ protocol/src/issue.rs
    async fn refreshing_gives_new_tokens_for_the_same_sign_in(app: TestApp) {
        let rp = Rp::web();
        let first = rp.tokens(app).await;
        app.clock.advance(400);
        let second = refreshed(app, &rp, first.get("refresh_token")).await;
        assert_ne!(second.get("refresh_token"), first.get("refresh_token"));
        assert_ne!(second.get("access_token"), first.get("access_token"));
        assert_eq!(second.0["scope"], first.0["scope"]);
        let (old, new) = (first.claims("id_token"), second.claims("id_token"));
        for same in ["iss", "sub", "aud", "auth_time", "acr", "amr", "sid"] {
            assert_eq!(old[same], new[same], "{same}");
        }
        assert_eq!(new["iat"], app.clock.now().0);
        assert_ne!(old["at_hash"], new["at_hash"]);
        assert!(old.get("nonce").is_some() && new.get("nonce").is_none());
        assert!(Rp::is_active(app, second.get("access_token")).await);
    }

    /// The single successor under a race: whoever comes second gets what the first one got.
    async fn fifty_uses_at_once_get_one_and_the_same_successor(app: TestApp) {
        let rp = Rp::web();
        let first = rp.tokens(app).await;
        let token = first.get("refresh_token");
        let pages = join_all((0..50).map(|_| rp.refresh(app, token))).await;
        let bodies: Vec<_> = pages.iter().map(|page| (page.status, page.json())).collect();
        assert_eq!(bodies[0].0, 200, "{bodies:#?}");
        for body in &bodies {
            assert_eq!(body, &bodies[0]);
        }
        let successor = Tokens(bodies[0].1.clone());
        assert!(Rp::is_active(app, successor.get("access_token")).await);
        refreshed(app, &rp, successor.get("refresh_token")).await;
        assert!(app.audit("refresh_token.reused").await.is_empty());
    }

    /// A client that lost the answer asks again within 30 seconds and loses nothing.
    async fn a_lost_answer_is_given_again_within_the_grace(app: TestApp) {
        let rp = Rp::web();
        let first = rp.tokens(app).await;
        let second = refreshed(app, &rp, first.get("refresh_token")).await;
        for _ in 0..2 {
            app.clock.advance(15);
            let again = refreshed(app, &rp, first.get("refresh_token")).await;
            assert_eq!(again.0, second.0);
        }
        refreshed(app, &rp, second.get("refresh_token")).await;
        assert!(app.audit("refresh_token.reused").await.is_empty());
    }

    /// RFC 9700 §4.14.2: reuse after the grace ends this family and nothing else of the person.
    // spec: RFC 9700 4.14.2 MUST: a refresh token that is used again ends its family @ policy/src/refresh.rs
    async fn reuse_after_the_grace_kills_the_family_alone(app: TestApp) {
        let rp = Rp::web();
        let first = rp.tokens(app).await;
        let bystander = rp.tokens(app).await;
        let second = refreshed(app, &rp, first.get("refresh_token")).await;
        app.clock.advance(31);
        for _ in 0..3 {
            assert_refused(&rp.refresh(app, first.get("refresh_token")).await, "invalid_grant");
        }
        assert_refused(&rp.refresh(app, second.get("refresh_token")).await, "invalid_grant");
        for dead in [&first, &second] {
            assert!(!Rp::is_active(app, dead.get("access_token")).await);
        }
        assert!(Rp::is_active(app, bystander.get("access_token")).await);
        refreshed(app, &rp, bystander.get("refresh_token")).await;
        let events = app.audit("refresh_token.reused").await;
        assert_eq!(events.len(), 1, "{events:#?}");
        assert_eq!(events[0].user_id.as_ref().unwrap().as_str(), "user-ana");
        assert_eq!(events[0].client_id.as_ref().unwrap().as_str(), rp.client_id);
    }

    /// Once the successor was used nobody lost an answer: reuse, even in the same second.
    async fn reuse_once_the_successor_was_used_needs_no_time_to_pass(app: TestApp) {
        let rp = Rp::web();
        let first = rp.tokens(app).await;
        let second = refreshed(app, &rp, first.get("refresh_token")).await;
        let third = refreshed(app, &rp, second.get("refresh_token")).await;
        assert_refused(&rp.refresh(app, first.get("refresh_token")).await, "invalid_grant");
        for dead in [&second, &third] {
            assert_refused(&rp.refresh(app, dead.get("refresh_token")).await, "invalid_grant");
        }
        assert!(!Rp::is_active(app, third.get("access_token")).await);
        assert_eq!(app.audit("refresh_token.reused").await.len(), 1);
    }

    /// The thief is noticed however many race: one event, no survivor.
    async fn many_reuses_at_once_leave_one_event(app: TestApp) {
        let rp = Rp::web();
        let first = rp.tokens(app).await;
        let second = refreshed(app, &rp, first.get("refresh_token")).await;
        app.clock.advance(31);
        let token = first.get("refresh_token");
        for page in join_all((0..12).map(|_| rp.refresh(app, token))).await {
            assert_refused(&page, "invalid_grant");
        }
        assert_refused(&rp.refresh(app, second.get("refresh_token")).await, "invalid_grant");
        assert_eq!(app.audit("refresh_token.reused").await.len(), 1);
    }

    /// RFC 6749 §6: less than was granted is fine and lasts one turn; more is not, and costs nothing.
    // spec: RFC 6749 6 MUST NOT: a refresh asks for no scope that was not granted @ policy/src/refresh.rs
    // spec: RFC 6749 6 MUST: a new refresh token has the scope of the one it replaces @ policy/src/refresh.rs
    async fn scope_may_be_narrowed_and_never_widened(app: TestApp) {
        let rp = Rp::web();
        let first = rp.tokens(app).await;
        for wide in ["openid api", "admin", "OPENID"] {
            let page = with_scope(app, &rp, first.get("refresh_token"), wide).await;
            assert_refused(&page, "invalid_scope");
        }
        assert_refused(
            &with_scope(app, &rp, first.get("refresh_token"), "a\"b").await, "invalid_scope");
        let narrow = with_scope(app, &rp, first.get("refresh_token"), "email").await;
        assert_eq!(narrow.status, 200, "{narrow:#?}");
        let narrow = Tokens(narrow.json());
        assert_eq!(narrow.0["scope"], "email");
        assert_eq!(narrow.claims("access_token")["scope"], "email");
        assert!(narrow.0.get("id_token").is_none(), "openid was left out");
        let whole = refreshed(app, &rp, narrow.get("refresh_token")).await;
        assert_eq!(whole.0["scope"], first.0["scope"]);
    }

    /// A repeated request is not answered with what it does not ask for: neither more nor less than
    /// its own scope, and the lost answer can still be had.
    // spec: RFC 6749 6 MUST NOT: a refresh within the grace period never gives more than its own scope @ policy/src/refresh.rs
    async fn a_lost_answer_is_for_the_scope_it_was_asked_for(app: TestApp) {
        let rp = Rp::web();
        let whole = rp.tokens(app).await;
        let token = whole.get("refresh_token");
        let second = refreshed(app, &rp, token).await;
        for other in ["openid", "email", "openid profile"] {
            let page = with_scope(app, &rp, token, other).await;
            assert_refused(&page, "invalid_scope");
            assert!(page.json()["error_uri"].as_str().unwrap().ends_with("VST-0441"), "{page:#?}");
        }
        assert_refused(&with_scope(app, &rp, token, "openid api").await, "invalid_scope");
        let same = with_scope(app, &rp, token, "profile email openid offline_access").await;
        assert_eq!(same.json(), second.0, "the same scope in other words");
        assert_eq!(refreshed(app, &rp, token).await.0, second.0);

        let narrow = with_scope(app, &rp, second.get("refresh_token"), "openid").await;
        assert_refused(&rp.refresh(app, second.get("refresh_token")).await, "invalid_scope");
        let again = with_scope(app, &rp, second.get("refresh_token"), "openid").await;
        assert_eq!((again.status, again.json()), (200, narrow.json()));
        assert!(app.audit("refresh_token.reused").await.is_empty());
    }

    /// RFC 6749 §6, §10.4: bound to its client; another learns nothing and spoils nothing.
    // spec: RFC 6749 6 MUST: a refresh token is good for the client it was issued to @ policy/src/refresh.rs
    // spec: RFC 6749 10.4 MUST: a refresh token stays bound to the client it was issued to @ policy/src/refresh.rs
    async fn a_refresh_token_of_another_client_is_as_good_as_none(app: TestApp) {
        let rp = Rp::web();
        let first = rp.tokens(app).await;
        let secret = "other-app-secret-0123456789abcdef";
        let thief = Rp { client_id: "other-app", secret, ..Rp::web() };
        app.add_client(app.client(thief.client_id, thief.redirect_uri, secret)).await;
        for thief in [thief, Rp::spa()] {
            let stolen = thief.refresh(app, first.get("refresh_token")).await;
            assert_refused(&stolen, "invalid_grant");
            assert_eq!(public(&stolen), public(&thief.refresh(app, "no-such-token").await));
        }
        let second = refreshed(app, &rp, first.get("refresh_token")).await;
        let late = Rp::spa().refresh(app, first.get("refresh_token")).await;
        assert_refused(&late, "invalid_grant");
        refreshed(app, &rp, second.get("refresh_token")).await;
        assert!(app.audit("refresh_token.reused").await.is_empty());
    }

    /// RFC 9700 §4.14.2: a token that nobody uses for 14 days is over.
    // spec: RFC 9700 4.14.2 SHOULD: a refresh token ends when nobody used it for some time @ policy/src/refresh.rs
    async fn an_idle_token_ends(app: TestApp) {
        let rp = Rp::web();
        let first = rp.tokens(app).await;
        app.clock.advance(14 * DAY - 1);
        let second = refreshed(app, &rp, first.get("refresh_token")).await;
        app.clock.advance(14 * DAY);
        assert_refused(&rp.refresh(app, second.get("refresh_token")).await, "invalid_grant");
    }

    /// However often it is used, a family ends after 30 days.
    async fn a_family_ends(app: TestApp) {
        let rp = Rp::web();
        let mut tokens = rp.tokens(app).await;
        for days in [10, 10] {
            app.clock.advance(days * DAY);
            tokens = refreshed(app, &rp, tokens.get("refresh_token")).await;
        }
        app.clock.advance(10 * DAY - 1);
        tokens = refreshed(app, &rp, tokens.get("refresh_token")).await;
        app.clock.advance(1);
        assert_refused(&rp.refresh(app, tokens.get("refresh_token")).await, "invalid_grant");
    }

    /// OIDC Core §11: without `offline_access` a refresh token ends with the person's session.
    async fn signing_out_ends_online_tokens_and_leaves_offline_ones(app: TestApp) {
        let online = Rp { scope: "openid profile", ..Rp::web() };
        let (browser, tokens) = signed_in(app, &online).await;
        let tokens = refreshed(app, &online, tokens.get("refresh_token")).await;
        let hint = format!("/end_session?id_token_hint={}", tokens.get("id_token"));
        assert_eq!(browser.get(&hint).await.status, 200);
        assert_refused(&online.refresh(app, tokens.get("refresh_token")).await, "invalid_grant");

        let offline = Rp::web();
        let (browser, tokens) = signed_in(app, &offline).await;
        let hint = format!("/end_session?id_token_hint={}", tokens.get("id_token"));
        assert_eq!(browser.get(&hint).await.status, 200);
        let later = refreshed(app, &offline, tokens.get("refresh_token")).await;
        // The session that `sid` named is no more.
        for token in ["id_token", "access_token"] {
            assert!(tokens.claims(token).get("sid").is_some());
            assert!(later.claims(token).get("sid").is_none(), "{token}");
        }
        assert!(Rp::is_active(app, later.get("access_token")).await);
    }

    /// The same when the session ends by itself, after 12 hours.
    async fn a_session_that_runs_out_ends_online_tokens(app: TestApp) {
        let (online, offline) = (Rp { scope: "openid", ..Rp::web() }, Rp::web());
        let mut tokens = online.tokens(app).await;
        let kept = offline.tokens(app).await;
        app.clock.advance(12 * 3_600 - 1);
        tokens = refreshed(app, &online, tokens.get("refresh_token")).await;
        app.clock.advance(1);
        assert_refused(&online.refresh(app, tokens.get("refresh_token")).await, "invalid_grant");
        refreshed(app, &offline, kept.get("refresh_token")).await;
    }

    /// RFC 6749 §10.4: what a disabled account granted gives no new tokens.
    async fn a_disabled_account_gets_nothing_new(app: TestApp) {
        let now = app.clock.now();
        let token = Secret::new("a-refresh-token-of-somebody-who-had-to-go-00");
        let (hash, gone) = (token.token_hash(), UserId::new("user-gone"));
        let user = User {
            disabled_at: Some(now),
            ..User::new(gone.clone(), "gone", "gone@people.example", "x", now)
        };
        let grant = Grant {
            id: GrantId::new("grant-of-the-gone"),
            client_id: vestibule_model::ClientId::new("web-app"),
            user_id: gone,
            session_id: SessionId::new("ended"),
            scope: "openid offline_access".to_owned().try_into().unwrap(),
            claims: vestibule_model::claims::ClaimsRequest::default(),
            auth_time: now,
            acr: "urn:vestibule:acr:pwd".to_owned(),
            amr: vec!["pwd".to_owned()],
            created_at: now,
            expires_at: now.plus(DAY),
            revoked_at: None,
            session_ended_at: None,
        };
        let row = RefreshToken {
            hash,
            grant_id: grant.id.clone(),
            generation: 0,
            created_at: now,
            expires_at: now.plus(DAY),
            used: None,
        };
        app.rows(move |conn| {
            vestibule_storage::user::insert(conn, &user)?;
            vestibule_storage::grant::insert(conn, &grant)?;
            Ok(vestibule_storage::refresh_token::insert(conn, &row)?)
        })
        .await;
        assert_refused(&Rp::web().refresh(app, token.expose()).await, "invalid_grant");
        let hash = token.token_hash();
        let row = app
            .rows(move |conn| Ok(vestibule_storage::refresh_token::find(conn, &hash)?))
            .await;
        assert!(row.is_some_and(|row| row.used.is_none()), "nothing was rotated");
    }

    /// RFC 6749 §6, RFC 9700 §4.14: a refresh token is worth nothing without its client.
    // spec: RFC 6749 6 MUST: a client that has credentials authenticates to refresh @ protocol/src/client_auth.rs
    // spec: RFC 6749 6 MUST: a refresh token works for the client that it was issued to, and no other @ protocol/src/token/refresh_token.rs
    async fn a_stolen_refresh_token_needs_its_clients_secret(app: TestApp) {
        let rp = Rp::web();
        let tokens = rp.tokens(app).await;
        let stolen = tokens.get("refresh_token");
        let bare = [("grant_type", "refresh_token"), ("refresh_token", stolen)];
        let named = [bare[0], bare[1], ("client_id", "web-app")];
        for (form, told) in [(&bare[..], "invalid_client"), (&named[..], "invalid_client")] {
            let page = app.machine().post("/token", form).await;
            assert_eq!((page.status, page.json()["error"].as_str()), (401, Some(told)), "{page:#?}");
        }
        assert_refused(&Rp::spa().refresh(app, stolen).await, "invalid_grant");
        // None of these was a use.
        refreshed(app, &rp, stolen).await;
    }

    // spec: RFC 9700 2.2.2 MUST: refresh tokens of public clients are rotated, and an old one that comes back ends the family @ protocol/src/token/refresh_token.rs
    async fn a_public_clients_refresh_token_is_used_once(app: TestApp) {
        let rp = Rp { scope: "openid profile offline_access", ..Rp::spa() };
        let first = rp.tokens(app).await;
        let second = refreshed(app, &rp, first.get("refresh_token")).await;
        assert_ne!(first.get("refresh_token"), second.get("refresh_token"));
        refreshed(app, &rp, second.get("refresh_token")).await;
        assert_refused(&rp.refresh(app, first.get("refresh_token")).await, "invalid_grant");
        assert_refused(&rp.refresh(app, second.get("refresh_token")).await, "invalid_grant");
    }

    // spec: OIDC Core 12.2 MUST: auth_time of a refreshed ID token is that of the sign-in, and not of the refresh @ protocol/src/issue.rs
    async fn a_sign_in_that_was_asked_for_anew_keeps_its_time(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        rp.walk(&browser, &rp.authorize()).await;
        app.clock.advance(100);
        let answer = rp.walk(&browser, &rp.authorize_with(&[("max_age", Some("0"))])).await;
        let tokens = rp.tokens_of(app, &answer).await;
        let signed_in_at = app.clock.now().0;
        assert_eq!(tokens.claims("id_token")["auth_time"], signed_in_at);
        app.clock.advance(300);
        let refreshed = refreshed(app, &rp, tokens.get("refresh_token")).await;
        assert_eq!(refreshed.claims("id_token")["auth_time"], signed_in_at);
        assert_eq!(refreshed.claims("id_token")["iat"], signed_in_at + 300);
    }
}
