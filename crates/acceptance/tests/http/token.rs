//! Token endpoint: the code grant (RFC 6749 §4.1.3, §5), the ID token (OIDC Core §2, §3.1.3) and
//! the JWT access token (RFC 9068).

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::future::join_all;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use vestibule_acceptance::{Page, Rp, TestApp, Tokens, forge, on_both_databases};
use vestibule_model::Secret;
use vestibule_model::{Clock, client::GrantType};

/// A refusal of the token endpoint is JSON that no cache keeps (RFC 6749 §5.2).
fn assert_refused(page: &Page, status: u16, error: &str) {
    assert_eq!((page.status, page.json()["error"].as_str()), (status, Some(error)), "{page:#?}");
    assert_eq!(page.header("content-type"), "application/json");
    assert_eq!(page.header("cache-control"), "no-store");
}

/// What a refusal says, without what is different each time.
fn public(page: &Page) -> (u16, Value) {
    let mut body = page.json();
    body["request_id"] = Value::Null;
    (page.status, body)
}

/// A second confidential client.
async fn other(app: &TestApp) -> Rp {
    let other =
        Rp { client_id: "other-app", secret: "other-app-secret-0123456789abcdef", ..Rp::web() };
    app.add_client(app.client(other.client_id, other.redirect_uri, other.secret)).await;
    other
}

on_both_databases! {
    /// RFC 6749 §5.1.
    // spec: RFC 6749 5.1 MUST: the answer has the token, its type, and no cache may keep it @ protocol/src/token/mod.rs
    // spec: OIDC Core 3.1.3.3 MUST: the token response has an ID token @ protocol/src/issue.rs
    // spec: RFC 6749 5.1 MUST: caches of HTTP/1.0 are told too, by Pragma @ protocol/src/token/mod.rs
    // spec: OIDC Core 2 MUST: sub has at most 255 ASCII characters @ web/src/subject.rs
    async fn a_code_buys_tokens(app: TestApp) {
        let page = Rp::web().redeem(app, &Rp::web().code(app).await).await;
        assert_eq!(page.status, 200, "{page:#?}");
        assert_eq!(page.header("content-type"), "application/json");
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("pragma"), "no-cache");
        let sub = Tokens(page.json()).claims("id_token")["sub"].as_str().expect("a text").to_owned();
        assert!(sub.is_ascii() && (1..=255).contains(&sub.len()), "{sub}");
        let body = page.json();
        let names: BTreeSet<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
        let expected =
            ["access_token", "expires_in", "id_token", "refresh_token", "scope", "token_type"];
        assert_eq!(names, BTreeSet::from(expected));
        assert_eq!(body["token_type"], "Bearer");
        assert_eq!(body["expires_in"], 600);
        assert_eq!(body["scope"], "email offline_access openid profile");
    }

    /// RFC 6749 §4.1.2: a code is used once; a second use kills what the first one bought.
    // spec: RFC 6749 4.1.2 MUST NOT: a code is used more than once @ protocol/src/token/authorization_code.rs
    // spec: OIDC Core 3.1.3.2 MUST: a code was not used before @ protocol/src/token/authorization_code.rs
    // spec: RFC 6749 4.1.2 SHOULD: a second use of a code revokes the tokens that the first one bought @ protocol/src/token/misuse.rs
    async fn a_replayed_code_kills_what_it_bought_and_is_noted_once(app: TestApp) {
        let rp = Rp::web();
        let code = rp.code(app).await;
        let bought = Tokens(rp.redeem(app, &code).await.json());
        assert!(Rp::is_active(app, bought.get("access_token")).await);
        let bystander = rp.tokens(app).await;
        for _ in 0..3 {
            assert_refused(&rp.redeem(app, &code).await, 400, "invalid_grant");
        }
        assert!(!Rp::is_active(app, bought.get("access_token")).await);
        let refreshed = rp.refresh(app, bought.get("refresh_token")).await;
        assert_refused(&refreshed, 400, "invalid_grant");
        assert!(Rp::is_active(app, bystander.get("access_token")).await);
        assert_eq!(rp.refresh(app, bystander.get("refresh_token")).await.status, 200);
        let events = app.audit("authorization_code.replayed").await;
        assert_eq!(events.len(), 1, "{events:#?}");
        assert_eq!(events[0].user_id.as_ref().unwrap().as_str(), "user-ana");
        assert_eq!(events[0].client_id.as_ref().unwrap().as_str(), rp.client_id);
        assert_eq!(events[0].at, app.clock.now());
    }

    /// RFC 6749 §4.1.2 under a race: one request redeems, every other one is a replay.
    // spec: RFC 6749 10.5 MUST: a code is good for one exchange, however many race @ storage/src/authorization_code.rs
    async fn of_sixteen_exchanges_at_once_exactly_one_succeeds(app: TestApp) {
        let rp = Rp::web();
        let code = rp.code(app).await;
        let pages = join_all((0..16).map(|_| rp.redeem(app, &code))).await;
        let (won, lost): (Vec<_>, Vec<_>) = pages.into_iter().partition(|page| page.status == 200);
        assert_eq!((won.len(), lost.len()), (1, 15));
        for page in &lost {
            assert_refused(page, 400, "invalid_grant");
        }
        let bought = Tokens(won[0].json());
        assert!(!Rp::is_active(app, bought.get("access_token")).await);
        assert_eq!(rp.refresh(app, bought.get("refresh_token")).await.status, 400);
        assert_eq!(app.audit("authorization_code.replayed").await.len(), 1);
    }

    /// RFC 6749 §5.2: "issued to another client"; and nobody learns that the code exists.
    // spec: RFC 6749 4.1.3 MUST: a code is good for the client it was issued to @ policy/src/authorization_code.rs
    // spec: OIDC Core 3.1.3.2 MUST: a code was issued to the client that authenticated @ policy/src/authorization_code.rs
    async fn a_code_of_another_client_is_as_good_as_none(app: TestApp) {
        let (rp, thief) = (Rp::web(), other(app).await);
        let code = rp.code(app).await;
        let stolen = thief.redeem(app, &code).await;
        assert_refused(&stolen, 400, "invalid_grant");
        assert_eq!(public(&stolen), public(&thief.redeem(app, "no-such-code").await));
        assert_eq!(rp.redeem(app, &code).await.status, 200);
        assert!(app.audit("authorization_code.replayed").await.is_empty());
    }

    /// RFC 6749 §4.1.2: a code lives shortly; 60 seconds here.
    // spec: RFC 6749 4.1.2 MUST: a code expires shortly after it was issued @ policy/src/authorization_code.rs
    // spec: RFC 6749 4.1.2 RECOMMENDED: a code lives ten minutes at most @ policy/src/authorization_code.rs
    async fn a_code_dies_after_sixty_seconds(app: TestApp) {
        let rp = Rp::web();
        let (early, late) = (rp.code(app).await, rp.code(app).await);
        app.clock.advance(59);
        assert_eq!(rp.redeem(app, &early).await.status, 200);
        app.clock.advance(1);
        assert_refused(&rp.redeem(app, &late).await, 400, "invalid_grant");
    }

    /// RFC 6749 §4.1.3: `redirect_uri` is the one of the authorization request, exactly.
    // spec: RFC 6749 4.1.3 MUST: redirect_uri is the one of the authorization request @ policy/src/authorization_code.rs
    // spec: OIDC Core 3.1.3.2 MUST: redirect_uri is there and identical to the one of the request @ policy/src/authorization_code.rs
    async fn a_code_is_bound_to_its_redirect_uri(app: TestApp) {
        let rp = Rp::web();
        let code = rp.code(app).await;
        let others = [
            "https://app.example/cb/", "https://app.example/CB", "https://app.example/cb?x=1",
            "https://app.example/cb#x", "https://app.example:443/cb", "http://app.example/cb",
            "https://app.example/cb/bye", "nonsense",
        ];
        let form = [
            ("grant_type", "authorization_code"), ("code", code.as_str()),
            ("code_verifier", rp.verifier),
        ];
        for uri in others {
            let form: Vec<_> = form.into_iter().chain([("redirect_uri", uri)]).collect();
            assert_refused(&rp.call(app, "/token", &form).await, 400, "invalid_grant");
        }
        assert_refused(&rp.call(app, "/token", &form).await, 400, "invalid_grant");
        assert_eq!(rp.redeem(app, &code).await.status, 200, "the right one is still good");
    }

    /// RFC 7636 §4.6: who does not hold the verifier gets nothing, and spoils nothing.
    // spec: RFC 9700 2.1.1 MUST: a code_challenge that was sent has to be answered by its code_verifier @ policy/src/authorization_code.rs
    async fn a_code_is_bound_to_its_verifier(app: TestApp) {
        let rp = Rp::web();
        let code = rp.code(app).await;
        let wrong = Rp { verifier: "xBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", ..rp.clone() };
        assert_refused(&wrong.redeem(app, &code).await, 400, "invalid_grant");
        let form = [
            ("grant_type", "authorization_code"), ("code", code.as_str()),
            ("redirect_uri", rp.redirect_uri),
        ];
        assert_refused(&rp.call(app, "/token", &form).await, 400, "invalid_request");
        assert_eq!(rp.redeem(app, &code).await.status, 200);
    }

    /// RFC 6749 §5.2: each wrong form has its own `error`.
    // spec: RFC 6749 5.2 REQUIRED: error is one of the list, by what is wrong, with status 400 @ protocol/src/token/mod.rs
    // spec: OIDC Core 3.1.3.4 MUST: a wrong token request is told as RFC 6749 5.2 says @ protocol/src/token/mod.rs
    // spec: RFC 9700 2.4 MUST NOT: the password grant is used @ protocol/src/token/mod.rs
    async fn a_wrong_token_request_is_told_what_is_wrong(app: TestApp) {
        let rp = Rp::web();
        let rows: [(&[(&str, &str)], &str); 7] = [
            (&[], "invalid_request"),
            (&[("grant_type", "")], "invalid_request"),
            (&[("grant_type", "password"), ("username", "ana")], "unsupported_grant_type"),
            (&[("grant_type", "Authorization_Code"), ("code", "x")], "unsupported_grant_type"),
            (&[("grant_type", "authorization_code")], "invalid_request"),
            (&[("grant_type", "refresh_token")], "invalid_request"),
            (&[("grant_type", "authorization_code"), ("code", "x")], "invalid_grant"),
        ];
        for (form, error) in rows {
            assert_refused(&rp.call(app, "/token", form).await, 400, error);
        }
        assert_eq!(app.machine().get("/token?grant_type=client_credentials").await.status, 405);
    }

    /// RFC 6749 §5.2 `unauthorized_client`: a client uses the grants that it registered.
    // spec: RFC 6749 5.2 MUST: a client that may not use a grant is told unauthorized_client @ policy/src/grant_type.rs
    async fn a_grant_that_was_not_registered_is_refused(app: TestApp) {
        let rp = Rp::web();
        let code = rp.code(app).await;
        app.change_client(rp.client_id, |client| client.metadata.grant_types.clear()).await;
        assert_refused(&rp.redeem(app, &code).await, 400, "unauthorized_client");
        assert_refused(&rp.refresh(app, "x").await, 400, "unauthorized_client");
    }

    /// OIDC Core §2, §3.1.3.6, and RP-Initiated Logout's `sid`.
    // spec: OIDC Core 2 MUST: the ID token has iss, sub, aud, exp and iat, and nonce as it was sent @ protocol/src/issue.rs
    async fn the_id_token_says_who_when_and_for_whom(app: TestApp) {
        let rp = Rp::web();
        let signed_in = app.clock.now().0;
        let browser = app.browser();
        rp.walk(&browser, &rp.authorize()).await;
        app.clock.advance(100);
        let again = rp.walk(&browser, &rp.authorize()).await;
        app.clock.advance(5);
        let now = app.clock.now().0;
        let tokens = Tokens(rp.redeem(app, &Rp::code_of(&again)).await.json());
        let jwks = app.machine().get("/jwks").await.json();
        let (header, claims) = forge::verified(&jwks, tokens.get("id_token")).expect("verifies");
        assert_eq!(header["typ"], "JWT");
        assert_eq!(header["alg"], "RS256");
        let half = &Sha256::digest(tokens.get("access_token"))[..16];
        let access = tokens.claims("access_token");
        let expected = json!({
            "iss": app.issuer, "sub": "user-ana", "aud": "web-app", "nonce": "no-1",
            "iat": now, "exp": now + 300, "auth_time": signed_in,
            "acr": "urn:vestibule:acr:pwd", "amr": ["pwd"], "sid": access["sid"],
            "at_hash": URL_SAFE_NO_PAD.encode(half),
        });
        assert_eq!(claims, expected);
        assert!(claims["sid"].as_str().is_some_and(|sid| sid.len() > 20));
    }

    /// OIDC Core §3.1.2.1: without `nonce` none comes back; without `openid` no ID token does.
    async fn what_was_not_asked_for_is_not_there(app: TestApp) {
        let rp = Rp::web();
        let answer = rp.walk(&app.browser(), &rp.authorize_with(&[("nonce", None)])).await;
        let tokens = Tokens(rp.redeem(app, &Rp::code_of(&answer)).await.json());
        assert!(tokens.claims("id_token").get("nonce").is_none());
        let plain = Rp { scope: "api", ..Rp::web() }.tokens(app).await;
        assert!(plain.0.get("id_token").is_none());
        assert_eq!(plain.0["scope"], "api");
    }

    /// RFC 6749 §6: a client without the refresh grant gets no refresh token.
    async fn no_refresh_token_for_a_client_that_cannot_use_it(app: TestApp) {
        let rp = Rp::web();
        let only_code = |client: &mut vestibule_model::client::Client| {
            client.metadata.grant_types = vec![GrantType::AuthorizationCode];
        };
        app.change_client(rp.client_id, only_code).await;
        let tokens = rp.tokens(app).await;
        assert!(tokens.0.get("refresh_token").is_none());
        assert_eq!(tokens.0["scope"], "email openid profile", "offline_access means nothing then");
    }

    /// RFC 9068 §2.1, §2.2.
    // spec: RFC 9068 2.2 MUST: the access token has the claims of its profile @ protocol/src/issue.rs
    // spec: RFC 9068 2.1 MUST: the access token is signed and its typ is at+jwt @ protocol/src/issue.rs
    // spec: RFC 9068 2.2.3 SHOULD: the access token has the scope that was granted @ protocol/src/issue.rs
    async fn the_access_token_is_a_jwt_of_its_profile(app: TestApp) {
        let now = app.clock.now().0;
        let tokens = Rp::web().tokens(app).await;
        let jwks = app.machine().get("/jwks").await.json();
        let (header, claims) =
            forge::verified(&jwks, tokens.get("access_token")).expect("verifies");
        assert_eq!(header["typ"], "at+jwt");
        let expected = json!({
            "iss": app.issuer, "sub": "user-ana", "aud": app.issuer, "client_id": "web-app",
            "scope": "email offline_access openid profile", "iat": now, "exp": now + 600,
            "auth_time": now, "acr": "urn:vestibule:acr:pwd", "amr": ["pwd"],
            "jti": claims["jti"], "sid": claims["sid"],
        });
        assert_eq!(claims, expected);
        let again = Rp::web().tokens(app).await.claims("access_token");
        assert_ne!(again["jti"], claims["jti"]);
        assert!(again["jti"].as_str().is_some_and(|jti| jti.len() > 20));
    }

    /// A code that nobody redeems leaves nothing behind for a month: its grant ends with the access
    /// token it could have had. A refresh token makes it live on.
    async fn a_grant_lives_as_long_as_what_was_issued_from_it(app: TestApp) {
        let rp = Rp::web();
        let hash = Secret::new(rp.code(app).await).token_hash();
        let unredeemed = app.rows(move |conn| {
            Ok(vestibule_storage::authorization_code::find(conn, &hash)?.expect("the code"))
        });
        let unredeemed = unredeemed.await.grant_id;
        let tokens = rp.tokens(app).await;
        app.clock.advance(2 * 86_400);
        let now = app.state.now();
        app.rows(move |conn| Ok(vestibule_storage::expiry::delete_expired(conn, now, 100)?)).await;
        let left = app.rows(move |conn| Ok(vestibule_storage::grant::find(conn, &unredeemed)?));
        assert!(left.await.is_none());
        assert_eq!(rp.refresh(app, tokens.get("refresh_token")).await.status, 200);
    }
}
