//! Response types and modes (OIDC Core §3.2, §3.3; OAuth 2.0 Multiple Response Types; Form Post
//! Response Mode), under the profile `oidc`.

use std::{collections::BTreeSet, time::Duration};

use josekit::jwk::Jwk;
use serde_json::{Value, json};
use vestibule_acceptance::{ClientSite, Rp, Tokens, answer_of, on_both_databases, within};
use vestibule_model::{
    ErrorCode, ResponseType,
    client::GrantType,
    jose::{ContentEncryption, KeyManagementAlg, ResponseEncryption},
};

use crate::oidc::{
    allowed, asking, error_of, fragment_at_once, fragment_of, half_hash, userinfo, verified,
};

/// The types whose answer has something in it that must not be in a query.
fn of_tokens() -> impl Iterator<Item = ResponseType> {
    ResponseType::ALL.into_iter().filter(|known| *known != ResponseType::Code)
}

/// The parameters that belong to a type's answer.
fn expected(response_type: ResponseType) -> BTreeSet<String> {
    let mut names = vec!["state", "iss"];
    names.extend(response_type.has_code().then_some("code"));
    names.extend(response_type.has_id_token().then_some("id_token"));
    if response_type.has_token() {
        names.extend(["access_token", "token_type", "expires_in", "scope"]);
    }
    names.into_iter().map(str::to_owned).collect()
}

on_both_databases! {
    started by crate::oidc::start;

    /// In the fragment, what the type names and nothing else, after sign-in and consent and at once.
    // spec: OIDC Core 3.2.2.5 MUST: an implicit answer travels in the fragment unless another mode is asked for @ policy/src/authorize/response.rs
    // spec: OIDC Core 3.3.2.5 MUST: a hybrid answer travels in the fragment unless another mode is asked for @ policy/src/authorize/response.rs
    // spec: Multiple Response Types 5 MUST: each combination returns what it names, in the fragment @ protocol/src/issue.rs
    // spec: RFC 9207 2 MUST: every answer has iss @ protocol/src/authorize/respond.rs
    // spec: OIDC Core 15.2 MUST: code, id_token and id_token token are supported @ model/src/response_type.rs
    async fn every_type_gives_what_it_names(app: TestApp) {
        let rp = Rp::web();
        for response_type in of_tokens() {
            let browser = app.browser();
            let walked = fragment_of(&rp.walk(&browser, &asking(&rp, response_type)).await);
            let at_once = fragment_at_once(&browser, &asking(&rp, response_type)).await;
            for told in [walked, at_once] {
                let mut names: BTreeSet<_> = told.keys().cloned().collect();
                names.remove("session_state");
                assert_eq!(names, expected(response_type), "{}", response_type.as_str());
                assert_eq!((&*told["state"], &*told["iss"]), ("st-1", &*app.issuer));
                if response_type.has_token() {
                    assert_eq!((&*told["token_type"], &*told["expires_in"]), ("Bearer", "600"));
                    let offline = told["scope"].contains("offline_access");
                    assert_eq!(offline, response_type.has_code(), "OIDC Core 11");
                }
            }
        }
    }

    /// A client that takes its time with its keys cannot outlive a consent that is taken back
    /// meanwhile.
    async fn a_consent_that_is_taken_back_on_the_way_gives_nothing(app: TestApp) {
        let (rp, site) = (Rp::web(), ClientSite::start());
        let browser = allowed(app, &rp).await;
        let key = Jwk::generate_rsa_key(2_048).expect("a key");
        let mut public = json!(key.to_public_key().expect("a public key").as_ref());
        public["use"] = "enc".into();
        public["kid"] = "mine".into();
        site.put_json("/jwks.json", &json!({ "keys": [public] }));
        let at = site.url("/jwks.json");
        app.change_client("web-app", move |client| {
            (client.metadata.jwks, client.metadata.jwks_uri) = (None, Some(at.clone()));
            client.metadata.id_token_encryption = Some(ResponseEncryption {
                alg: KeyManagementAlg::RsaOaep256,
                enc: ContentEncryption::A128Gcm,
            });
        }).await;
        site.hold();
        let address = asking(&rp, ResponseType::CodeIdToken);
        let asked = fragment_at_once(&browser, &address);
        let withdrawn = async {
            within(Duration::from_secs(10), "the keys are asked for", async || {
                site.hits("/jwks.json") == 1
            }).await;
            let page = browser.get("/account/apps").await;
            let gone = browser.submit(&page, "/account/apps", &[("client", "web-app")]).await;
            assert_eq!(gone.location().query(), Some("done=withdrawn"), "{gone:#?}");
            site.let_go();
        };
        let (told, ()) = tokio::join!(asked, withdrawn);
        assert_eq!(error_of(&told), ("consent_required", "VST-0216"), "{told:?}");
        assert_eq!(site.hits("/jwks.json"), 1);
        let again = browser.get(&address).await;
        assert_eq!(again.status, 303, "{again:#?}");
        assert!(again.location().path().starts_with("/consent"), "{again:#?}");
    }

    // spec: OIDC Core 3.3.2.8 MUST: the access token of the authorization endpoint and that of the code are both good, of the same person and client @ protocol/src/issue.rs
    async fn both_access_tokens_of_a_hybrid_answer_are_good(app: TestApp) {
        let rp = Rp::web();
        let browser = allowed(app, &rp).await;
        let told = fragment_at_once(&browser, &asking(&rp, ResponseType::CodeToken)).await;
        let tokens = Tokens(rp.redeem(app, &told["code"]).await.json());
        let (first, second) = (&told["access_token"], tokens.get("access_token"));
        assert_ne!(first, second);
        for token in [first.as_str(), second] {
            let page = userinfo(app, token).await;
            assert_eq!((page.status, &page.json()["sub"]), (200, &"user-ana".into()));
            let claims = verified(app, token).await;
            assert_eq!(claims["client_id"], "web-app");
        }
    }

    // spec: RFC 6749 3.1.1 MUST: the order of the words of response_type does not matter @ model/src/response_type.rs
    async fn the_words_may_come_in_any_order(app: TestApp) {
        let rp = Rp::web();
        let browser = allowed(app, &rp).await;
        for (given, has) in [("token id_token", "access_token"), ("id_token token code", "code")] {
            let address = rp.authorize_with(&[("response_type", Some(given))]);
            let told = fragment_at_once(&browser, &address).await;
            assert!(told.contains_key(has) && told.contains_key("id_token"), "{given}: {told:?}");
        }
    }

    // spec: OIDC Core 3.2.2.10 MUST: with an access token beside it, the ID token has at_hash @ protocol/src/issue.rs
    // spec: OIDC Core 3.3.2.11 MUST: with a code beside it, the ID token has c_hash, and nonce as it was sent @ protocol/src/issue.rs
    // spec: OIDC Core 3.2.2.11 MUST: the ID token is signed by a published key @ keys/src/ring.rs
    async fn the_id_token_vouches_for_what_comes_with_it(app: TestApp) {
        let rp = Rp::web();
        let browser = allowed(app, &rp).await;
        for response_type in of_tokens().filter(|known| known.has_id_token()) {
            let told = fragment_at_once(&browser, &asking(&rp, response_type)).await;
            let claims = verified(app, &told["id_token"]).await;
            assert_eq!((&claims["iss"], &claims["aud"]), (&app.issuer.clone().into(), &"web-app".into()));
            assert_eq!((&claims["sub"], &claims["nonce"]), (&"user-ana".into(), &"no-1".into()));
            for name in ["exp", "iat", "auth_time"] {
                assert!(claims[name].is_i64(), "{name}: {claims}");
            }
            let hash = |name: &str| told.get(name).map_or(Value::Null, |it| half_hash(it).into());
            assert_eq!(claims["at_hash"], hash("access_token"), "{}", response_type.as_str());
            assert_eq!(claims["c_hash"], hash("code"), "{}", response_type.as_str());
        }
    }

    // spec: OIDC Core 3.3.3.6 MUST: iss and sub are the same in the ID tokens of both endpoints @ protocol/src/issue.rs
    // spec: OIDC Core 3.3.3.6 SHOULD: what both say about the sign-in is the same @ protocol/src/issue.rs
    async fn both_id_tokens_of_a_hybrid_flow_agree(app: TestApp) {
        let rp = Rp::web();
        let browser = allowed(app, &rp).await;
        app.clock.advance(7);
        for response_type in [ResponseType::CodeIdToken, ResponseType::CodeIdTokenToken] {
            let told = fragment_at_once(&browser, &asking(&rp, response_type)).await;
            let front = verified(app, &told["id_token"]).await;
            app.clock.advance(3);
            let page = rp.redeem(app, &told["code"]).await;
            assert_eq!(page.status, 200, "{page:#?}");
            let tokens = Tokens(page.json());
            let back = tokens.claims("id_token");
            for same in ["iss", "sub", "aud", "nonce", "auth_time", "acr", "amr", "sid"] {
                assert_eq!(front[same], back[same], "{same}");
            }
            assert_eq!(back["at_hash"], half_hash(tokens.get("access_token")));
            assert_eq!(rp.refresh(app, tokens.get("refresh_token")).await.status, 200);
        }
    }

    /// One grant for all: who replays the code ends the token that came beside it too.
    // spec: RFC 6749 4.1.2 SHOULD: a second use of a code revokes what was issued with it @ protocol/src/token/authorization_code.rs
    async fn a_replayed_code_kills_the_token_beside_it(app: TestApp) {
        let rp = Rp::web();
        let browser = allowed(app, &rp).await;
        let told = fragment_at_once(&browser, &asking(&rp, ResponseType::CodeToken)).await;
        let body = userinfo(app, &told["access_token"]).await.json();
        assert_eq!((&body["sub"], &body["email"]), (&"user-ana".into(), &"ana@people.example".into()));
        assert_eq!(rp.redeem(app, &told["code"]).await.status, 200);
        assert!(Rp::is_active(app, &told["access_token"]).await);
        assert_eq!(rp.redeem(app, &told["code"]).await.status, 400);
        assert!(!Rp::is_active(app, &told["access_token"]).await);
        assert_eq!(userinfo(app, &told["access_token"]).await.status, 401);
    }

    // spec: OIDC Core 5.4 SHOULD: without an access token, the claims of the scopes come in the ID token @ policy/src/claims.rs
    async fn an_id_token_alone_brings_the_claims_of_the_scopes(app: TestApp) {
        let rp = Rp { scope: "openid email", ..Rp::web() };
        let browser = allowed(app, &rp).await;
        for response_type in of_tokens().filter(|known| known.has_id_token()) {
            let told = fragment_at_once(&browser, &asking(&rp, response_type)).await;
            let claims = verified(app, &told["id_token"]).await;
            let alone = response_type == ResponseType::IdToken;
            let email = if alone { "ana@people.example".into() } else { Value::Null };
            assert_eq!(claims["email"], email, "{}", response_type.as_str());
        }
    }

    // spec: Form Post 2 MUST: every answer can be a form that posts itself to the redirect URI @ protocol/src/authorize/respond.rs
    async fn every_type_can_be_posted(app: TestApp) {
        let rp = Rp::web();
        let browser = allowed(app, &rp).await;
        for response_type in ResponseType::ALL {
            let name = response_type.as_str();
            let changes = [("response_type", Some(name)), ("response_mode", Some("form_post"))];
            let page = browser.get(&rp.authorize_with(&changes)).await;
            assert_eq!((page.status, page.action().as_str()), (200, rp.redirect_uri), "{page:#?}");
            for field in expected(response_type) {
                assert!(page.field(&field).is_some(), "{name} {field}: {page:#?}");
            }
            if let Some(id_token) = page.field("id_token") {
                verified(app, &id_token).await;
            }
            let changes = [changes[0], changes[1], ("max_age", Some("x"))];
            let page = browser.get(&rp.authorize_with(&changes)).await;
            assert_eq!((page.status, page.action().as_str()), (200, rp.redirect_uri), "{page:#?}");
            assert_eq!(page.field("error").as_deref(), Some("invalid_request"), "{name}");
            assert_eq!(page.field("state").as_deref(), Some("st-1"));
        }
    }

    // spec: Multiple Response Types 2.1 MUST: response_mode=fragment is honoured for a code @ policy/src/authorize/response.rs
    async fn a_code_can_come_in_the_fragment(app: TestApp) {
        let rp = Rp::web();
        let browser = allowed(app, &rp).await;
        let address = rp.authorize_with(&[("response_mode", Some("fragment"))]);
        let told = fragment_at_once(&browser, &address).await;
        assert_eq!(rp.redeem(app, &told["code"]).await.status, 200);
        let plain = answer_of(&browser.get(&rp.authorize()).await.location());
        assert!(plain.contains_key("code"));
    }

    // spec: Multiple Response Types 3 MUST NOT: a token never travels in the query @ policy/src/authorize/response.rs
    // spec: Multiple Response Types 5 MUST: an error travels as the answer would have @ policy/src/authorize/response.rs
    // spec: RFC 9207 2 MUST: an error has iss too @ protocol/src/authorize/respond.rs
    // spec: OIDC Core 3.2.2.6 MUST: an error of an implicit request comes in the fragment @ policy/src/authorize/response.rs
    async fn no_token_in_the_query_and_refusals_in_the_fragment(app: TestApp) {
        let rp = Rp::web();
        let browser = allowed(app, &rp).await;
        let stranger = app.browser();
        for response_type in of_tokens() {
            let asked = ("response_type", Some(response_type.as_str()));
            let rows = [
                (&browser, ("response_mode", Some("query")), ("invalid_request", "VST-0226")),
                (&browser, ("response_mode", Some("x")), ("invalid_request", "VST-0203")),
                (&browser, ("max_age", Some("x")), ("invalid_request", "VST-0210")),
                (&browser, ("request", Some("x")), ("invalid_request_object", "")),
                (&stranger, ("prompt", Some("none")), ("login_required", "VST-0215")),
            ];
            for (browser, change, (error, code)) in rows {
                let told = fragment_at_once(browser, &rp.authorize_with(&[asked, change])).await;
                assert_eq!(error_of(&told).0, error, "{change:?}");
                assert!(code.is_empty() || error_of(&told).1 == code, "{change:?}: {told:?}");
                assert_eq!((&*told["state"], &*told["iss"]), ("st-1", &*app.issuer));
            }
        }
    }

    /// OIDC Core §3.2.2.6, after a form of ours.
    async fn a_person_who_says_no_is_told_in_the_fragment(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        let login = browser.open(&asking(&rp, ResponseType::IdTokenToken)).await;
        let consent = browser.log_in(&login, "ana").await;
        let page = browser.decide(&consent, "deny").await;
        let told = fragment_of(&page.refresh_target().expect("the way back"));
        assert_eq!(error_of(&told).0, "access_denied");
    }

    // spec: RFC 6749 4.2.2.1 MUST: a response type that the client did not register is unauthorized_client, one that nobody knows unsupported_response_type @ policy/src/authorize/response.rs
    async fn a_type_has_to_be_registered_with_its_grants(app: TestApp) {
        let rp = Rp::web();
        let browser = allowed(app, &rp).await;
        let told = |response_type: &'static str| {
            let address = rp.authorize_with(&[("response_type", Some(response_type))]);
            let browser = &browser;
            async move { fragment_at_once(browser, &address).await }
        };
        for unknown in ["token", "id_token none", "id_token id_token"] {
            let told = told(unknown).await;
            assert_eq!(error_of(&told), ("unsupported_response_type", "VST-0202"), "{unknown}");
        }
        app.change_client("web-app", |client| {
            client.metadata.response_types = vec![ResponseType::Code, ResponseType::IdToken];
        })
        .await;
        for other in ["id_token token", "code id_token", "code token", "code id_token token"] {
            let told = told(other).await;
            let code = ErrorCode::ResponseTypeNotAllowed.id();
            assert_eq!(error_of(&told), ("unauthorized_client", code), "{other}");
        }
        assert!(told("id_token").await.contains_key("id_token"));
        app.change_client("web-app", |client| {
            client.metadata.grant_types = GrantType::OF_TOKEN_ENDPOINT.to_vec();
        })
        .await;
        let told = told("id_token").await;
        assert_eq!(error_of(&told), ("unauthorized_client", ErrorCode::GrantNotAllowed.id()));
    }

    // spec: OIDC Core 2 MUST NOT: an ID token that comes through the browser is never unsigned @ protocol/src/issue.rs
    // spec: OIDC Core 3.1.3.7 MAY: a client that registered none gets unsigned ID tokens at the token endpoint @ protocol/src/issue.rs
    async fn only_the_token_endpoint_leaves_a_signature_out(app: TestApp) {
        let rp = Rp::web();
        let browser = allowed(app, &rp).await;
        app.change_client("web-app", |client| client.metadata.id_token_unsigned = true).await;
        let told = fragment_at_once(&browser, &asking(&rp, ResponseType::CodeIdToken)).await;
        verified(app, &told["id_token"]).await;
        let tokens = Tokens(rp.redeem(app, &told["code"]).await.json());
        let unsigned = tokens.get("id_token");
        assert!(unsigned.ends_with('.'), "{unsigned}");
        let (header, claims) = vestibule_acceptance::forge::peek(unsigned);
        assert_eq!((&header["alg"], &claims["nonce"]), (&"none".into(), &"no-1".into()));
        assert_eq!((&claims["at_hash"], &claims["c_hash"]), (&Value::Null, &Value::Null));
    }
}

/// The default profile has none of it, whatever a client registered.
mod oauth21 {
    use vestibule_acceptance::{Rp, on_both_databases};

    use super::of_tokens;
    use crate::oidc::{allowed, register_everything};

    on_both_databases! {
        // spec: RFC 9700 2.1.2 SHOULD NOT: under oauth2.1 no token comes from the authorization endpoint @ model/src/settings.rs
        async fn only_codes_are_given(app: TestApp) {
            let rp = Rp::web();
            let browser = allowed(app, &rp).await;
            register_everything(app).await;
            for response_type in of_tokens() {
                let asked = ("response_type", Some(response_type.as_str()));
                for mode in [None, Some("query")] {
                    let address = rp.authorize_with(&[asked, ("response_mode", mode)]);
                    let told = rp.told(&browser, &address).await;
                    let expected = ("unsupported_response_type", "VST-0202");
                    assert_eq!((&*told.0, &*told.1), expected, "{asked:?} {mode:?}");
                }
            }
            app.change_client("web-app", |client| client.metadata.id_token_unsigned = true).await;
            let tokens = rp.tokens(app).await;
            crate::oidc::verified(app, tokens.get("id_token")).await;
        }
    }
}
