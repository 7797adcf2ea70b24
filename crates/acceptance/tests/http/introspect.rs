//! Token introspection (RFC 7662).

use serde_json::{Value, json};
use vestibule_acceptance::{Page, Rp, TestApp, Tokens, forge::KeyPair, on_both_databases};
use vestibule_model::{Clock, client::AccessTokenFormat};

async fn seen_by(app: &TestApp, rp: &Rp, token: &str) -> Value {
    let page = rp.call(app, "/introspect", &[("token", token)]).await;
    assert_eq!((page.status, page.header("cache-control")), (200, "no-store"), "{page:#?}");
    assert_eq!(page.header("content-type"), "application/json");
    page.json()
}

/// RFC 7662 §2.2: an inactive token's answer tells nothing else.
async fn assert_inactive(app: &TestApp, rp: &Rp, token: &str, what: &str) {
    assert_eq!(seen_by(app, rp, token).await, json!({ "active": false }), "{what}");
}

async fn other(app: &TestApp) -> Rp {
    let secret = "api-server-secret-0123456789abcdef";
    let other = Rp { client_id: "api-server", secret, ..Rp::web() };
    app.add_client(app.client(other.client_id, other.redirect_uri, other.secret)).await;
    other
}

fn error(page: &Page) -> (u16, Value) {
    (page.status, page.json()["error"].clone())
}

on_both_databases! {
    /// RFC 7662 §2.2: a resource server learns what an access token means.
    // spec: RFC 7662 2.2 REQUIRED: active says whether the token is alive @ protocol/src/introspect.rs
    async fn a_live_access_token_is_described(app: TestApp) {
        let now = app.clock.now().0;
        let resource_server = other(app).await;
        let tokens = Rp::web().tokens(app).await;
        let claims = tokens.claims("access_token");
        let expected = json!({
            "active": true, "token_type": "Bearer", "username": "ana",
            "iss": app.issuer, "sub": "user-ana", "aud": app.issuer, "client_id": "web-app",
            "scope": "email offline_access openid profile", "iat": now, "exp": now + 600,
            "auth_time": now, "acr": "urn:vestibule:acr:pwd", "amr": ["pwd"],
            "jti": claims["jti"], "sid": claims["sid"],
        });
        assert_eq!(seen_by(app, &resource_server, tokens.get("access_token")).await, expected);
    }

    // spec: RFC 7592 2.3 SHOULD: the tokens of a client that is gone are dead @ protocol/src/bearer.rs
    async fn a_clients_tokens_end_with_the_client(app: TestApp) {
        let (resource_server, web) = (other(app).await, Rp::web());
        let form = [("grant_type", "client_credentials"), ("scope", "api")];
        let own = web.call(app, "/token", &form).await.json();
        let own = own["access_token"].as_str().expect("a token of its own");
        let tokens = web.tokens(app).await;
        assert_eq!(seen_by(app, &resource_server, own).await["active"], true);
        app.change_client("web-app", |client| client.disabled_at = Some(client.created_at)).await;
        assert_inactive(app, &resource_server, own, "its own").await;
        assert_inactive(app, &resource_server, tokens.get("access_token"), "a person's").await;
        let id = vestibule_model::ClientId::new("web-app");
        app.rows(move |conn| Ok(vestibule_storage::client::delete(conn, &id)?)).await;
        assert_inactive(app, &resource_server, own, "of a client that is gone").await;
    }

    // spec: RFC 7662 4 SHOULD: who let itself in learns nothing of others' tokens @ protocol/src/introspect.rs
    async fn a_client_of_the_open_door_sees_its_own_tokens_only(app: TestApp) {
        let stranger = other(app).await;
        let tokens = Rp::web().tokens(app).await;
        let token = tokens.get("access_token");
        assert_eq!(seen_by(app, &stranger, token).await["active"], true);
        app.change_client(stranger.client_id, |client| {
            client.registration = Some(vestibule_model::client::Registration {
                access_token_hash: vestibule_model::TokenHash::new("00"),
                initial_access_token: None,
                unused_until: None,
            });
        })
        .await;
        assert_inactive(app, &stranger, token, "another client's").await;
        let form = [("grant_type", "client_credentials"), ("scope", "api")];
        let own = stranger.call(app, "/token", &form).await.json();
        let own = own["access_token"].as_str().expect("a token of its own");
        assert_eq!(seen_by(app, &stranger, own).await["active"], true);
    }

    /// An opaque token says through introspection what a JWT says by itself.
    async fn an_opaque_access_token_is_described_as_a_jwt_would_be(app: TestApp) {
        let jwt = seen_by(app, &Rp::web(), Rp::web().tokens(app).await.get("access_token")).await;
        app.change_client("web-app", |client| {
            client.metadata.access_token_format = AccessTokenFormat::Opaque;
        })
        .await;
        let tokens = Rp::web().tokens(app).await;
        let token = tokens.get("access_token");
        assert!(!token.contains('.'));
        let opaque = seen_by(app, &Rp::web(), token).await;
        let names = |body: &Value| -> std::collections::BTreeSet<String> {
            body.as_object().unwrap().keys().cloned().collect()
        };
        assert_eq!(names(&opaque), names(&jwt));
        for same in ["active", "sub", "aud", "client_id", "scope", "username", "exp"] {
            assert_eq!(opaque[same], jwt[same], "{same}");
        }
        app.clock.advance(600);
        assert_inactive(app, &Rp::web(), token, "expired").await;
    }

    /// RFC 7662 §2.2: expired, revoked, foreign or no token at all: all the same.
    // spec: RFC 7662 2.2 SHOULD NOT: of a token that is not active nothing else is told @ protocol/src/introspect.rs
    // spec: RFC 7662 2.2 MUST: a token that is not active or does not exist is answered with active false @ protocol/src/introspect.rs
    // spec: RFC 7662 4 MUST: the server finds out whether a token has expired @ policy/src/bearer.rs
    // spec: RFC 7662 4 MUST: the server checks the signature of a token that is signed @ keys/src/ring.rs
    async fn what_is_not_alive_is_just_inactive(app: TestApp) {
        let rp = Rp::web();
        let tokens = rp.tokens(app).await;
        let access = tokens.get("access_token");
        let (head, tail) = access.rsplit_once('.').unwrap();
        let tampered = format!("{head}.{}{}", if tail.starts_with('A') { "B" } else { "A" }, &tail[1..]);
        let stranger = KeyPair::generate("ES256", "somewhere-else");
        let forged = stranger.sign_with(
            &json!({ "alg": "ES256", "kid": "somewhere-else", "typ": "at+jwt" }),
            &tokens.claims("access_token"),
        );
        for (what, token) in [
            ("nonsense", "nonsense"), ("dots", "..."), ("an ID token", tokens.get("id_token")),
            ("tampered", &tampered), ("forged", &forged), ("a cut one", &access[..access.len() - 3]),
            ("a secret", rp.secret),
        ] {
            assert_inactive(app, &rp, token, what).await;
        }
        assert!(Rp::is_active(app, access).await);
        app.clock.advance(599);
        assert!(Rp::is_active(app, access).await);
        app.clock.advance(1);
        assert_inactive(app, &rp, access, "expired").await;
    }

    /// RFC 7662 §4: a refresh token is the business of its own client alone.
    // spec: RFC 7662 2.2 MUST: who may not look at a token is answered with active false @ protocol/src/introspect.rs
    async fn a_refresh_token_is_shown_to_its_own_client_only(app: TestApp) {
        let (rp, stranger) = (Rp::web(), other(app).await);
        let tokens = rp.tokens(app).await;
        let token = tokens.get("refresh_token");
        assert_inactive(app, &stranger, token, "another client").await;
        let now = app.clock.now().0;
        let expected = json!({
            "active": true, "iss": app.issuer, "sub": "user-ana", "client_id": "web-app",
            "scope": "email offline_access openid profile", "iat": now,
            "exp": now + 14 * 86_400,
        });
        assert_eq!(seen_by(app, &rp, token).await, expected);
        let next = Tokens(rp.refresh(app, token).await.json());
        assert_inactive(app, &rp, token, "used").await;
        let token = next.get("refresh_token");
        assert_eq!(seen_by(app, &rp, token).await["active"], true);
        app.clock.advance(14 * 86_400);
        assert_inactive(app, &rp, token, "idle too long").await;
    }

    /// `token_type_hint` (§2.1) helps to search and decides nothing.
    // spec: RFC 7662 2.1 MUST: a token that is not where the hint says is looked for everywhere @ protocol/src/introspect.rs
    async fn a_wrong_hint_does_no_harm(app: TestApp) {
        let tokens = Rp::web().tokens(app).await;
        for (name, hint) in [("access_token", "refresh_token"), ("refresh_token", "x")] {
            let form = [("token", tokens.get(name)), ("token_type_hint", hint)];
            let page = Rp::web().call(app, "/introspect", &form).await;
            assert_eq!(page.json()["active"], true, "{name}");
        }
    }

    /// RFC 7662 §2.1: "the endpoint MUST also require some form of authorization".
    // spec: RFC 7662 2.1 MUST: who asks has to authenticate @ protocol/src/introspect.rs
    async fn only_clients_that_authenticate_may_ask(app: TestApp) {
        let tokens = Rp::spa().tokens(app).await;
        let form = [("token", tokens.get("access_token"))];
        let public = Rp::spa().call(app, "/introspect", &form).await;
        assert_eq!(error(&public), (401, json!("invalid_client")));
        let nobody = app.machine().post("/introspect", &form).await;
        assert_eq!(error(&nobody), (401, json!("invalid_client")));
        let bearer = format!("Bearer {}", tokens.get("access_token"));
        let headers = [("authorization", bearer.as_str())];
        let by_token = app.machine().post_with("/introspect", &headers, &form).await;
        assert_eq!(error(&by_token), (401, json!("invalid_client")));
        assert!(Rp::is_active(app, tokens.get("access_token")).await);
        let empty = Rp::web().call(app, "/introspect", &[]).await;
        assert_eq!(error(&empty), (400, json!("invalid_request")));
        assert_eq!(app.machine().get("/introspect?token=x").await.status, 405);
    }

    /// RFC 7662 §2.2 with OIDC Core §11: what `/token` would refuse is not active.
    async fn a_refresh_token_ends_with_the_session_it_hangs_on(app: TestApp) {
        for (scope, after) in [("openid", false), ("openid offline_access", true)] {
            let rp = Rp { scope, ..Rp::web() };
            let browser = app.browser();
            let answer = rp.walk(&browser, &rp.authorize()).await;
            let tokens = rp.tokens_of(app, &answer).await;
            let token = tokens.get("refresh_token");
            assert_eq!(seen_by(app, &rp, token).await["active"], true, "{scope}");
            let page = browser.get("/logout").await;
            browser.submit(&page, "/logout", &[("decision", "allow")]).await;
            assert_eq!(seen_by(app, &rp, token).await["active"], after, "{scope}");
        }
    }

    /// The name is the `profile` scope's to give away (RFC 7662 §5).
    async fn a_user_name_needs_the_profile_scope(app: TestApp) {
        let rp = Rp { scope: "openid email", ..Rp::web() };
        let tokens = rp.tokens(app).await;
        assert_eq!(seen_by(app, &rp, tokens.get("access_token")).await.get("username"), None);
    }
}
