//! UserInfo (OIDC Core §5.3) and how access tokens are presented (RFC 6750).

use reqwest::Method;
use serde_json::{Value, json};
use vestibule_acceptance::{
    Page, Rp, TestApp, Tokens,
    forge::{self, KeyPair},
    on_both_databases,
};
use vestibule_model::{
    Clock,
    client::{AccessTokenFormat, SigningAlg},
};

async fn ask(app: &TestApp, token: &str) -> Page {
    let bearer = format!("Bearer {token}");
    app.machine().send(Method::GET, "/userinfo", &[("authorization", &bearer)], None).await
}

/// RFC 6750 §3, §3.1: the status, and the challenge that says why.
fn assert_challenge(app: &TestApp, page: &Page, status: u16, error: &str) {
    let challenge = page.header("www-authenticate");
    assert_eq!(page.status, status, "{page:#?}");
    let start = format!("Bearer realm=\"{}\", error=\"{error}\", error_description=\"", app.issuer);
    assert!(challenge.starts_with(&start), "{challenge}");
    assert!(challenge.ends_with('"'), "{challenge}");
    assert_eq!(page.header("cache-control"), "no-store");
}

/// An access token with any claims and header `typ`, signed by the server's own key.
fn signed_by_us(app: &TestApp, typ: &str, claims: &Value) -> String {
    let claims = claims.as_object().expect("claims");
    app.state.ring().sign(SigningAlg::RS256, typ, claims).expect("a token")
}

on_both_databases! {
    /// OIDC Core §5.3.1, §5.3.2; RFC 6750 §2.1, §2.2.
    // spec: OIDC Core 5.3 MUST: userinfo takes GET and POST @ protocol/src/lib.rs
    // spec: OIDC Core 5.3 MUST: userinfo takes access tokens as RFC 6750 does @ protocol/src/bearer.rs
    // spec: RFC 6750 2.1 MUST: resource servers take the token from the Authorization header @ protocol/src/bearer.rs
    // spec: OIDC Core 5.3.2 MUST: claims as JSON are sent as application/json @ protocol/src/userinfo.rs
    async fn the_token_is_taken_from_header_or_form(app: TestApp) {
        let tokens = Rp::web().tokens(app).await;
        let token = tokens.get("access_token");
        let bearer = format!("Bearer {token}");
        let lower = format!("bearer {token}");
        let machine = app.machine();
        let pages = [
            machine.send(Method::GET, "/userinfo", &[("authorization", &bearer)], None).await,
            machine.send(Method::GET, "/userinfo", &[("authorization", &lower)], None).await,
            machine.send(Method::POST, "/userinfo", &[("authorization", &bearer)], None).await,
            machine.post_with("/userinfo", &[("authorization", &bearer)], &[]).await,
            machine.post("/userinfo", &[("access_token", token)]).await,
        ];
        let expected = json!({
            "sub": "user-ana", "name": "ana Example", "preferred_username": "ana",
            "birthdate": "1990-02-03", "updated_at": app.clock.now().0,
            "email": "ana@people.example", "email_verified": true,
        });
        for page in &pages {
            assert_eq!((page.status, page.json()), (200, expected.clone()));
            assert_eq!(page.header("content-type"), "application/json");
            assert_eq!(page.header("cache-control"), "no-store");
        }
    }

    /// OIDC Core §5.4: each scope opens its own claims and no others.
    // spec: OIDC Core 5.3.2 SHOULD: a claim that is not returned is left out, not null or empty @ policy/src/claims.rs
    async fn the_scope_decides_which_claims_are_given(app: TestApp) {
        for (scope, expected) in [
            ("openid", json!({ "sub": "user-ana" })),
            ("openid email", json!({
                "sub": "user-ana", "email": "ana@people.example", "email_verified": true,
            })),
            ("openid phone address api", json!({ "sub": "user-ana" })),
        ] {
            let tokens = Rp { scope, ..Rp::web() }.tokens(app).await;
            let page = ask(app, tokens.get("access_token")).await;
            assert_eq!((page.status, page.json()), (200, expected), "{scope}");
            assert_eq!(page.json()["sub"], tokens.claims("id_token")["sub"], "§5.3.2");
        }
    }

    /// OIDC Core §5.5: the `claims` parameter asks for single claims, each in its place.
    async fn single_claims_are_given_where_they_were_asked_for(app: TestApp) {
        let rp = Rp { scope: "openid", ..Rp::web() };
        let wish = json!({
            "userinfo": { "email": { "essential": true }, "unheard_of": null },
            "id_token": { "birthdate": null },
        });
        let address = rp.authorize_with(&[("claims", Some(&wish.to_string()))]);
        let code = Rp::code_of(&rp.walk(&app.browser(), &address).await);
        let tokens = Tokens(rp.redeem(app, &code).await.json());
        let seen = ask(app, tokens.get("access_token")).await.json();
        assert_eq!(seen, json!({ "sub": "user-ana", "email": "ana@people.example" }));
        let id_token = tokens.claims("id_token");
        assert_eq!(id_token["birthdate"], "1990-02-03");
        assert!(id_token.get("email").is_none());
    }

    /// RFC 6750 §3.1: without a token, the bare challenge; RFC 9700 §4.3.2: never from the query.
    // spec: RFC 6750 3 MUST: without a token that opens the resource, the answer has a WWW-Authenticate challenge @ protocol/src/bearer.rs
    // spec: RFC 6750 3.1 SHOULD NOT: who sent no token is told of no error code @ protocol/src/bearer.rs
    // spec: RFC 9700 4.3.2 MUST NOT: access tokens are not taken from the query @ protocol/src/bearer.rs
    // spec: RFC 6750 3 MUST: the scheme of the challenge is Bearer @ protocol/src/bearer.rs
    async fn a_request_without_a_token_is_only_told_the_scheme(app: TestApp) {
        let tokens = Rp::web().tokens(app).await;
        let token = tokens.get("access_token");
        let bare = format!("Bearer realm=\"{}\"", app.issuer);
        let machine = app.machine();
        let query = format!("/userinfo?access_token={token}");
        let pages = [
            machine.get("/userinfo").await,
            machine.get(&query).await,
            machine.post(&query, &[]).await,
            machine.post("/userinfo", &[("token", token)]).await,
            machine.send(Method::GET, "/userinfo", &[("authorization", "Basic eDp5")], None).await,
            machine.send(Method::GET, "/userinfo", &[("authorization", "Bearer")], None).await,
        ];
        for page in &pages {
            assert_eq!((page.status, page.header("www-authenticate")), (401, bare.as_str()));
            let told = page.json();
            assert_eq!(told["error"], "unauthorized", "nothing was sent, so nothing is invalid");
            assert!(told["error_uri"].as_str().unwrap().ends_with("/errors/VST-0501"));
            assert_eq!(told["request_id"], page.header("x-request-id"));
        }
    }

    // spec: RFC 6750 2 MUST NOT: a token that comes in more than one way is refused @ protocol/src/bearer.rs
    // spec: RFC 6750 3.1 SHOULD: invalid_request is 400 @ model/src/error_code/wire.rs
    async fn a_token_comes_in_one_way(app: TestApp) {
        let tokens = Rp::web().tokens(app).await;
        let token = tokens.get("access_token");
        let bearer = format!("Bearer {token}");
        let header = [("authorization", bearer.as_str())];
        let twice = [header[0], header[0]];
        let form = [("access_token", token)];
        let query = format!("/userinfo?access_token={token}");
        let machine = app.machine();
        let pages = [
            machine.post_with("/userinfo", &header, &form).await,
            machine.send(Method::GET, &query, &header, None).await,
            machine.post(&query, &form).await,
            machine.send(Method::GET, "/userinfo", &twice, None).await,
            machine.post("/userinfo", &[form[0], form[0]]).await,
        ];
        for page in &pages {
            assert_challenge(app, page, 400, "invalid_request");
        }
    }

    /// RFC 9110 §9.3.2: HEAD is GET without the content.
    async fn head_answers_as_get_does(app: TestApp) {
        let tokens = Rp::web().tokens(app).await;
        let bearer = format!("Bearer {}", tokens.get("access_token"));
        let header = [("authorization", bearer.as_str())];
        let page = app.machine().send(Method::HEAD, "/userinfo", &header, None).await;
        assert_eq!((page.status, page.body.as_str()), (200, ""));
        assert_eq!(page.header("content-type"), "application/json");
        let page = app.machine().send(Method::HEAD, "/userinfo", &[], None).await;
        assert_eq!(page.status, 401);
        assert!(page.header("www-authenticate").starts_with("Bearer realm="));
    }

    /// RFC 6750 §3.1 `invalid_token` and `insufficient_scope`.
    // spec: RFC 6750 3.1 SHOULD: invalid_token is 401 @ model/src/error_code/wire.rs
    // spec: RFC 6750 3.1 SHOULD: insufficient_scope is 403 @ model/src/error_code/wire.rs
    // spec: OIDC Core 5.3.3 SHOULD: errors of userinfo are those of RFC 6750 section 3 @ protocol/src/bearer.rs
    // spec: RFC 9068 4 MUST: an access token is refused from the time of its exp on @ policy/src/bearer.rs
    async fn a_refusal_says_why_in_its_challenge(app: TestApp) {
        let rp = Rp::web();
        let tokens = rp.tokens(app).await;
        for wrong in ["nonsense", "a.b.c", "\"", tokens.get("refresh_token")] {
            assert_challenge(app, &ask(app, wrong).await, 401, "invalid_token");
        }
        let plain = Rp { scope: "profile email", ..Rp::web() }.tokens(app).await;
        let page = ask(app, plain.get("access_token")).await;
        assert_challenge(app, &page, 403, "insufficient_scope");
        assert!(page.header("www-authenticate").contains("scope=\"openid\""));
        app.clock.advance(599);
        assert_eq!(ask(app, tokens.get("access_token")).await.status, 200);
        app.clock.advance(1);
        let late = ask(app, tokens.get("access_token")).await;
        assert_challenge(app, &late, 401, "invalid_token");
    }

    /// The same for opaque tokens.
    async fn an_opaque_token_opens_userinfo(app: TestApp) {
        app.change_client("web-app", |client| {
            client.metadata.access_token_format = AccessTokenFormat::Opaque;
        })
        .await;
        let tokens = Rp::web().tokens(app).await;
        let token = tokens.get("access_token");
        assert!(!token.contains('.'));
        assert_eq!(ask(app, token).await.json()["sub"], "user-ana");
        app.clock.advance(600);
        assert_challenge(app, &ask(app, token).await, 401, "invalid_token");
    }

    /// RFC 8725 §3.12, RFC 9068 §4: one kind of token is never taken for another.
    // spec: RFC 8725 3.12 MUST: tokens of different kinds are never taken for one another @ keys/src/ring.rs
    // spec: RFC 9068 4 MUST: an access token whose typ is not at+jwt is refused @ keys/src/ring.rs
    async fn an_id_token_is_no_access_token_nor_the_other_way_round(app: TestApp) {
        let rp = Rp::web();
        let tokens = rp.tokens(app).await;
        assert_challenge(app, &ask(app, tokens.get("id_token")).await, 401, "invalid_token");
        let access = tokens.get("access_token");
        let hinted = rp.authorize_with(&[("id_token_hint", Some(access)), ("prompt", Some("none"))]);
        let answer = app.machine().get(&hinted).await.location();
        let query: Vec<_> = answer.query_pairs().into_owned().collect();
        assert_eq!(query[0], ("error".to_owned(), "invalid_request".to_owned()), "{answer}");
        let logout = app.machine().get(&format!("/end_session?id_token_hint={access}")).await;
        assert_eq!(logout.status, 400, "{logout:#?}");
        let good = tokens.get("id_token");
        let logout = app.machine().get(&format!("/end_session?id_token_hint={good}")).await;
        assert_eq!(logout.status, 200);
    }

    /// RFC 8725 §2.1, §3.1; RFC 9068 §4, §5: what is signed wrongly, or rightly for something else.
    // spec: RFC 9068 4 MUST: a wrong signature, alg none included, is refused @ keys/src/ring.rs
    // spec: RFC 9068 4 MUST: iss of an access token is exactly this issuer @ policy/src/bearer.rs
    // spec: RFC 8725 3.1 MUST NOT: another algorithm is used than the one of the key @ keys/src/ring.rs
    async fn a_forged_token_is_refused(app: TestApp) {
        let tokens = Rp::web().tokens(app).await;
        let good = tokens.get("access_token");
        let (header, claims) = forge::peek(good);
        let jwks = app.machine().get("/jwks").await.json();
        let key = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]);
        let key = key.unwrap().clone();
        let with = |name: &str, value: Value| {
            let mut changed = header.clone();
            changed[name] = value;
            changed
        };
        let hmac = with("alg", json!("HS256"));
        let mut ben = claims.clone();
        ben["sub"] = json!("user-ben");
        let parts: Vec<_> = good.split('.').collect();
        let payload = forge::unsigned(&header, &ben).split('.').nth(1).unwrap().to_owned();
        let thief = KeyPair::generate("RS256", "thief");
        let mut elsewhere = claims.clone();
        elsewhere["iss"] = json!("https://else.example");
        let mut early = claims.clone();
        early["iat"] = json!(app.clock.now().0 + 31);
        let rows = [
            ("payload exchanged", format!("{}.{payload}.{}", parts[0], parts[2])),
            ("signature cut off", format!("{}.{}.", parts[0], parts[1])),
            ("signature of another", format!("{}.{}.{}", parts[0], parts[1],
                tokens.get("id_token").rsplit('.').next().unwrap())),
            ("none", forge::unsigned(&with("alg", json!("none")), &claims)),
            ("HMAC of the JWK", forge::hs256(key.to_string().as_bytes(), &hmac, &claims)),
            ("HMAC of n", forge::hs256(key["n"].as_str().unwrap().as_bytes(), &hmac, &claims)),
            ("another key", thief.sign_with(&header, &claims)),
            ("key in the header", thief.sign_with(&with("jwk", thief.public()), &claims)),
            ("unknown kid", thief.sign_with(&with("kid", json!("thief")), &claims)),
            ("no kid", thief.sign_with(&json!({ "alg": "RS256", "typ": "at+jwt" }), &claims)),
            ("another issuer", signed_by_us(app, "at+jwt", &elsewhere)),
            ("another type", signed_by_us(app, "JWT", &claims)),
            ("from the future", signed_by_us(app, "at+jwt", &early)),
            ("no claims", signed_by_us(app, "at+jwt", &json!({}))),
        ];
        for (what, token) in rows {
            let page = ask(app, &token).await;
            assert_eq!(page.status, 401, "{what}: {page:#?}");
            assert_challenge(app, &page, 401, "invalid_token");
            assert!(!Rp::is_active(app, &token).await, "{what}");
        }
        let same = signed_by_us(app, "at+jwt", &claims);
        assert_eq!(ask(app, &same).await.status, 200, "the claims themselves are fine");
    }

    /// RFC 6750 §3.1: a token of a person who had to go opens nothing any more.
    async fn a_disabled_account_has_no_userinfo(app: TestApp) {
        let tokens = Rp::web().tokens(app).await;
        let now = app.clock.now();
        app.add_person("gone", |user| user.disabled_at = Some(now)).await;
        let (_, mut claims) = forge::peek(tokens.get("access_token"));
        let jti = claims["jti"].as_str().unwrap().to_owned();
        let of_ana = vestibule_model::GrantId::new(jti.split_once('.').unwrap().0);
        app.rows(move |conn| {
            let mut grant = vestibule_storage::grant::find(conn, &of_ana)?.expect("Ana's grant");
            grant.id = vestibule_model::GrantId::new("grant-of-the-gone");
            grant.user_id = vestibule_model::UserId::new("user-gone");
            Ok(vestibule_storage::grant::insert(conn, &grant)?)
        })
        .await;
        claims["jti"] = json!("grant-of-the-gone.1");
        claims["sub"] = json!("user-gone");
        let token = signed_by_us(app, "at+jwt", &claims);
        assert_challenge(app, &ask(app, &token).await, 401, "invalid_token");
        assert!(!Rp::is_active(app, &token).await);
        assert_eq!(ask(app, tokens.get("access_token")).await.status, 200);
    }

    // spec: OIDC Core 5.1 MUST: standard claims have the types of the table: email_verified is a boolean, updated_at a number, address an object @ policy/src/claims.rs
    async fn standard_claims_have_their_types(app: TestApp) {
        app.add_person("zoe", |user| {
            user.profile.address = Some(json!({ "country": "FR" }));
            user.profile.phone_number = Some("+33123456789".to_owned());
            user.profile.phone_number_verified = Some(false);
        })
        .await;
        let rp = Rp { scope: "openid profile email phone address", ..Rp::web() };
        let browser = app.browser();
        browser.sign_in("zoe").await;
        let tokens = rp.tokens_of(app, &rp.walk(&browser, &rp.authorize()).await).await;
        let seen = ask(app, tokens.get("access_token")).await.json();
        assert!(seen["email_verified"].is_boolean() && seen["updated_at"].is_i64(), "{seen}");
        assert!(seen["phone_number_verified"].is_boolean(), "{seen}");
        assert_eq!(seen["address"], json!({ "country": "FR" }), "{seen}");
    }
}
