//! The client credentials grant (RFC 6749 §4.4): a client acts for itself.

use std::collections::BTreeSet;

use vestibule_acceptance::{Page, Rp, TestApp, Tokens, forge, on_both_databases};
use vestibule_model::{
    Clock,
    client::{AccessTokenFormat, GrantType},
};

async fn ask(app: &TestApp, rp: &Rp, scope: &str) -> Page {
    let form = [("grant_type", "client_credentials"), ("scope", scope)];
    rp.call(app, "/token", &form).await
}

fn assert_refused(page: &Page, error: &str) {
    assert_eq!((page.status, page.json()["error"].as_str()), (400, Some(error)), "{page:#?}");
    assert_eq!(page.header("cache-control"), "no-store");
}

on_both_databases! {
    /// RFC 6749 §4.4.3 (no refresh token), RFC 9068 §2.2 (`sub` is the client).
    // spec: RFC 6749 4.4.3 SHOULD NOT: client_credentials gives no refresh token @ protocol/src/issue.rs
    async fn a_client_gets_an_access_token_and_nothing_else(app: TestApp) {
        let rp = Rp::web();
        let page = ask(app, &rp, "api").await;
        assert_eq!((page.status, page.header("cache-control")), (200, "no-store"), "{page:#?}");
        let body = page.json();
        let names: BTreeSet<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
        let expected = ["access_token", "expires_in", "scope", "token_type"];
        assert_eq!(names, BTreeSet::from(expected));
        assert_eq!((&body["scope"], &body["token_type"]), (&"api".into(), &"Bearer".into()));
        let jwks = app.machine().get("/jwks").await.json();
        let token = body["access_token"].as_str().unwrap();
        let (header, claims) = forge::verified(&jwks, token).expect("verifies");
        assert_eq!(header["typ"], "at+jwt");
        assert_eq!((&claims["sub"], &claims["client_id"]), (&"web-app".into(), &"web-app".into()));
        assert_eq!(claims["exp"].as_i64(), Some(app.clock.now().0 + 600));
        for personal in ["sid", "auth_time", "acr", "amr", "nonce"] {
            assert!(claims.get(personal).is_none(), "{personal}");
        }
        assert!(Rp::is_active(app, token).await);
    }

    /// RFC 6749 §3.3: nothing asked for is all that needs no person.
    // spec: RFC 6749 3.3 MUST: client_credentials without scope gets a default that is documented, here all that needs no person @ policy/src/client_credentials.rs
    async fn without_scope_everything_that_needs_no_person_is_granted(app: TestApp) {
        let page = ask(app, &Rp::web(), "").await;
        assert_eq!(page.status, 200, "{page:#?}");
        assert_eq!(page.json()["scope"], "address api email phone profile");
    }

    /// RFC 6749 §5.2 `invalid_scope`; OIDC Core §3.1.2.1: `openid` speaks of a person.
    async fn scopes_of_a_person_or_of_others_are_refused(app: TestApp) {
        for scope in ["openid", "api openid", "offline_access", "admin", "api admin", "API", "a\"b"] {
            assert_refused(&ask(app, &Rp::web(), scope).await, "invalid_scope");
        }
    }

    /// RFC 6749 §4.4: "MUST only be used by confidential clients".
    // spec: RFC 6749 4.4 MUST: client_credentials is for confidential clients only @ policy/src/client_credentials.rs
    async fn a_public_client_is_refused(app: TestApp) {
        assert_refused(&ask(app, &Rp::spa(), "api").await, "unauthorized_client");
    }

    /// RFC 6749 §5.2 `unauthorized_client`.
    async fn the_grant_has_to_be_registered(app: TestApp) {
        let rp = Rp::web();
        app.change_client(rp.client_id, |client| {
            client.metadata.grant_types.retain(|grant| *grant != GrantType::ClientCredentials);
        })
        .await;
        assert_refused(&ask(app, &rp, "api").await, "unauthorized_client");
    }

    /// An opaque token means the same to introspection and revocation.
    async fn an_opaque_token_works_as_well(app: TestApp) {
        let rp = Rp::web();
        app.change_client(rp.client_id, |client| {
            client.metadata.access_token_format = AccessTokenFormat::Opaque;
        })
        .await;
        let tokens = Tokens(ask(app, &rp, "api").await.json());
        let token = tokens.get("access_token");
        assert!(!token.contains('.') && token.len() >= 43, "256 random bits and no JWT");
        let seen = rp.call(app, "/introspect", &[("token", token)]).await.json();
        assert_eq!((&seen["active"], &seen["sub"]), (&true.into(), &"web-app".into()));
        assert!(seen.get("username").is_none());
        assert_eq!(rp.call(app, "/revoke", &[("token", token)]).await.status, 200);
        assert!(!Rp::is_active(app, token).await);
    }

    /// OIDC Core §5.3: there is no person to tell about.
    async fn it_opens_no_userinfo(app: TestApp) {
        let tokens = Tokens(ask(app, &Rp::web(), "profile").await.json());
        let bearer = format!("Bearer {}", tokens.get("access_token"));
        let headers = [("authorization", bearer.as_str())];
        let page = app.machine().post_with("/userinfo", &headers, &[]).await;
        assert_eq!(page.status, 403, "{page:#?}");
        assert!(page.header("www-authenticate").contains("error=\"insufficient_scope\""));
    }
}
