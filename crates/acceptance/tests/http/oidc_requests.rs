//! What OIDC Core demands of authorization requests beyond OAuth 2.1 (§3.1.2.1, §3.2.2.1, §5.5, §8),
//! under the profile `oidc`.

use serde_json::json;
use vestibule_acceptance::{Rp, TestApp, Tokens, answer_of, on_both_databases};
use vestibule_model::{ErrorCode, ResponseType, client::SubjectType};

use crate::oidc::{allowed, asking, error_of, fragment_at_once, userinfo, verified};
use crate::register::CLEO;

/// The request without any PKCE.
const BARE: [(&str, Option<&str>); 2] = [("code_challenge", None), ("code_challenge_method", None)];

/// Redeems a code with or without a verifier.
async fn redeem_with(app: &TestApp, rp: &Rp, code: &str, verifier: Option<&str>) -> (u16, String) {
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", rp.redirect_uri),
    ];
    form.extend(verifier.map(|verifier| ("code_verifier", verifier)));
    let page = rp.call(app, "/token", &form).await;
    let code = page.json()["error_uri"].as_str().unwrap_or_default().to_owned();
    (page.status, code.rsplit('/').next().unwrap_or_default().to_owned())
}

on_both_databases! {
    started by crate::oidc::start;

    // spec: OIDC Core 3.2.2.1 MUST: nonce is required where the ID token comes through the browser @ policy/src/authorize/proof.rs
    // spec: OIDC Core 3.3.2.11 MUST: nonce is required for hybrid flows with an ID token @ policy/src/authorize/proof.rs
    // spec: OIDC Core 3.1.2.1 MUST: an OpenID Connect request has openid in its scope @ policy/src/authorize/checks.rs
    async fn nonce_and_openid_belong_to_id_tokens(app: TestApp) {
        let rp = Rp::web();
        let browser = allowed(app, &rp).await;
        for response_type in ResponseType::ALL {
            let asked = ("response_type", Some(response_type.as_str()));
            let rows = [
                (("nonce", None), ErrorCode::NonceMissing),
                (("nonce", Some("")), ErrorCode::NonceMissing),
                (("scope", Some("profile")), ErrorCode::OpenidMissing),
                (("scope", None), ErrorCode::OpenidMissing),
            ];
            for (change, code) in rows {
                let page = browser.get(&rp.authorize_with(&[asked, change])).await;
                if response_type.has_id_token() {
                    let told = crate::oidc::fragment_of(&page.location());
                    assert_eq!(error_of(&told), ("invalid_request", code.id()), "{change:?}");
                } else {
                    assert!(!page.location().as_str().contains("error="), "{page:#?}");
                }
            }
        }
    }

    // spec: RFC 7636 4.6 MUST: a challenge that was sent is enforced @ policy/src/authorization_code.rs
    // spec: RFC 9700 4.8.2 MUST: a code_verifier without a code_challenge is refused @ policy/src/authorization_code.rs
    async fn a_client_that_authenticates_may_do_without_pkce(app: TestApp) {
        let rp = Rp::web();
        let browser = allowed(app, &rp).await;
        let bare = || async {
            answer_of(&browser.get(&rp.authorize_with(&BARE)).await.location())["code"].clone()
        };
        assert_eq!(redeem_with(app, &rp, &bare().await, None).await.0, 200);
        let refused = redeem_with(app, &rp, &bare().await, Some(rp.verifier)).await;
        assert_eq!(refused, (400, ErrorCode::VerifierMismatch.id().to_owned()));
        let proved = || async {
            answer_of(&browser.get(&rp.authorize()).await.location())["code"].clone()
        };
        let refused = redeem_with(app, &rp, &proved().await, None).await;
        assert_eq!(refused, (400, ErrorCode::VerifierMissing.id().to_owned()));
        assert_eq!(redeem_with(app, &rp, &proved().await, Some(rp.verifier)).await.0, 200);
        for (changes, code) in [
            ([BARE[0], ("code_challenge_method", Some("S256"))], ErrorCode::CodeChallengeMissing),
            ([("code_challenge", Some(rp.verifier)), ("code_challenge_method", Some("plain"))],
                ErrorCode::CodeChallengeMethodUnsupported),
            ([("code_challenge", Some(rp.verifier)), BARE[1]],
                ErrorCode::CodeChallengeMethodUnsupported),
            ([("code_challenge", Some("short")), ("code_challenge_method", Some("S256"))],
                ErrorCode::CodeChallengeMalformed),
        ] {
            let told = rp.told(&browser, &rp.authorize_with(&changes)).await;
            assert_eq!(told, ("invalid_request".to_owned(), code.id().to_owned()), "{changes:?}");
        }
    }

    // spec: RFC 9700 2.1.1 MUST: a public client uses PKCE with every code @ policy/src/authorize/proof.rs
    async fn a_public_client_needs_pkce_where_a_code_is_issued(app: TestApp) {
        let spa = Rp::spa();
        let browser = allowed(app, &spa).await;
        for response_type in ResponseType::ALL {
            let asked = ("response_type", Some(response_type.as_str()));
            let address = spa.authorize_with(&[asked, BARE[0], BARE[1]]);
            let target = browser.get(&address).await.location();
            let refused = target.as_str().contains(ErrorCode::CodeChallengeMissing.id());
            assert_eq!(refused, response_type.has_code(), "{target}");
        }
    }

    // spec: OIDC Core 3.1.2.1 SHOULD: scopes that are not understood are ignored @ policy/src/scope.rs
    // spec: RFC 6749 5.1 MUST: a scope other than the one asked for is told @ protocol/src/issue.rs
    async fn scopes_that_nobody_knows_are_passed_over(app: TestApp) {
        let rp = Rp { scope: "openid email shoe_size urn:x:y", ..Rp::web() };
        let tokens = rp.tokens(app).await;
        assert_eq!(tokens.get("scope"), "email openid");
        app.change_client("web-app", |client| {
            client.metadata.scope = "openid email read".to_owned().try_into().expect("a scope");
        })
        .await;
        let address = rp.authorize_with(&[("scope", Some("openid phone"))]);
        let told = rp.told(&app.browser(), &address).await;
        assert_eq!(told, ("invalid_scope".to_owned(), "VST-0208".to_owned()));
        // The same rule without a person; and what was passed over does not count as left out.
        for (scope, status, granted) in
            [("read shoe_size", 200, json!("read")), ("shoe_size", 200, json!(null)),
             ("read phone", 400, json!(null))]
        {
            let form = [("grant_type", "client_credentials"), ("scope", scope)];
            let page = rp.call(app, "/token", &form).await;
            assert_eq!((page.status, &page.json()["scope"]), (status, &granted), "{scope}");
        }
    }

    /// Initiating User Registration 1.0 §4.1: the page for new accounts, for whoever comes, and
    /// from there to the client.
    async fn prompt_create_shows_the_page_for_new_accounts(app: TestApp) {
        let rp = Rp::web();
        let address = rp.authorize_with(&[("prompt", Some("create"))]);
        let signed_in = allowed(app, &rp).await;
        assert_eq!(signed_in.open(&address).await.url.path(), "/register");
        let browser = app.browser();
        let form = browser.open(&address).await;
        assert_eq!(form.url.path(), "/register", "{form:#?}");
        let page = browser.follow(browser.submit(&form, "/register", &CLEO).await).await;
        let code = app.mail_to("cleo@people.example").await.code();
        let sent = browser.submit(&page, "/register/verify", &[("code", &code)]).await;
        let consent = browser.follow(sent).await;
        let back = browser.decide(&consent, "allow").await;
        let tokens = rp.tokens_of(app, &back.refresh_target().expect("the way back")).await;
        assert!(!["user-ana", "user-ben"].contains(&tokens.claims("id_token")["sub"].as_str().unwrap()));
        // Whoever finds that they have an account signs in instead.
        let other = app.browser();
        let form = other.open(&address).await;
        let interaction = form.url.query().unwrap_or_default().to_owned();
        let login = other.get(&format!("/login?{interaction}")).await;
        let consent = other.log_in(&login, "ben").await;
        rp.tokens_of(app, &other.decide(&consent, "allow").await.refresh_target().unwrap()).await;
    }

    // spec: OIDC Core 3.1.2.1 SHOULD NOT: languages that are not there are no error @ web/src/language.rs
    // spec: OIDC Core 15.1 MUST: display, ui_locales, claims_locales and acr_values are no errors @ policy/src/authorize/person.rs
    async fn wishes_about_pages_and_languages_are_no_errors(app: TestApp) {
        let rp = Rp::web();
        let browser = allowed(app, &rp).await;
        for change in [
            ("display", "page"), ("display", "popup"), ("display", "touch"), ("display", "wap"),
            ("display", "hologram"), ("ui_locales", "tlh x-y"), ("claims_locales", "fr-CA tlh"),
            ("acr_values", "1 2"), ("login_hint", "nobody"), ("extra", "x"),
        ] {
            let page = browser.get(&rp.authorize_with(&[(change.0, Some(change.1))])).await;
            assert!(answer_of(&page.location()).contains_key("code"), "{change:?}: {page:#?}");
        }
    }

    // spec: OIDC Core 5.5.1 MUST NOT: a claim that is not returned is no error, essential or not @ policy/src/claims.rs
    async fn a_claim_asked_for_by_value_comes_with_it_or_not_at_all(app: TestApp) {
        let rp = Rp { scope: "openid", ..Rp::web() };
        let claims = json!({
            "userinfo": {
                "email": { "essential": true, "value": "ben@people.example" },
                "name": { "values": ["x", "ana Example"] },
                "phone_number": { "essential": true },
            },
            "id_token": { "email": { "value": "ana@people.example" }, "name": { "value": "x" } },
        });
        let claims = claims.to_string();
        let address = rp.authorize_with(&[("claims", Some(&claims))]);
        let tokens = rp.tokens_of(app, &rp.walk(&app.browser(), &address).await).await;
        let id_token = tokens.claims("id_token");
        assert_eq!(id_token["email"], "ana@people.example");
        assert!(id_token.get("name").is_none(), "{id_token}");
        let body = userinfo(app, tokens.get("access_token")).await.json();
        assert_eq!(body, json!({ "sub": "user-ana", "name": "ana Example" }));
    }

    // spec: OIDC Core 3.1.2.2 MUST: a sub asked for with a value is that person or nobody @ policy/src/prompt.rs
    async fn one_of_several_people_can_be_asked_for(app: TestApp) {
        let rp = Rp::web();
        let browser = allowed(app, &rp).await;
        let silent = |values: &[&str]| {
            let claims = json!({ "id_token": { "sub": { "values": values } } }).to_string();
            rp.authorize_with(&[("claims", Some(&claims)), ("prompt", Some("none"))])
        };
        let page = browser.get(&silent(&["user-ben", "user-ana"])).await;
        assert!(answer_of(&page.location()).contains_key("code"));
        let told = rp.told(&browser, &silent(&["user-ben", "user-eve"])).await;
        assert_eq!(told.0, "login_required");
    }

    // spec: OIDC Core 5.5.1.1 MUST: an essential acr is answered with one of the values asked for @ policy/src/acr.rs
    async fn who_proved_more_answers_for_less(app: TestApp) {
        let rp = Rp::web();
        let totp = app.give_totp("ana").await;
        let browser = app.browser();
        let login = browser.open(&rp.authorize()).await;
        let verify = browser.log_in(&login, "ana").await;
        let consent = browser.follow(browser.verify(&verify, &app.code(&totp)).await).await;
        let answer = browser.decide(&consent, "allow").await.refresh_target().expect("the way");
        let reached = rp.tokens_of(app, &answer).await;
        assert_eq!(reached.claims("id_token")["acr"], "urn:vestibule:acr:mfa");
        for (essential, values, told) in [
            (true, json!(["urn:vestibule:acr:pwd"]), "urn:vestibule:acr:pwd"),
            (true, json!(["urn:vestibule:acr:pwd", "urn:vestibule:acr:mfa"]), "urn:vestibule:acr:mfa"),
            (false, json!(["urn:x"]), "urn:vestibule:acr:mfa"),
        ] {
            let acr = json!({ "id_token": { "acr": { "essential": essential, "values": values } } });
            let acr = acr.to_string();
            let page = browser.get(&rp.authorize_with(&[("claims", Some(&acr))])).await;
            let tokens = rp.tokens_of(app, &page.location()).await;
            assert_eq!(tokens.claims("id_token")["acr"], told, "{acr}");
            // Resource servers learn what was reached (RFC 9470 §6.1).
            assert_eq!(tokens.claims("access_token")["acr"], "urn:vestibule:acr:mfa");
        }
    }

    // spec: OIDC Registration 2 SHOULD: default_acr_values count where the request names none @ policy/src/authorize/person.rs
    async fn default_acr_values_are_the_clients(app: TestApp) {
        let rp = Rp::web();
        let browser = allowed(app, &rp).await;
        app.change_client("web-app", |client| {
            client.metadata.default_acr_values = vec!["urn:vestibule:acr:mfa".to_owned()];
        })
        .await;
        let page = browser.open(&rp.authorize()).await;
        assert!(page.url.path().starts_with("/login/"), "{page:#?}");
        let own = [("acr_values", Some("urn:vestibule:acr:pwd"))];
        let page = browser.get(&rp.authorize_with(&own)).await;
        assert!(answer_of(&page.location()).contains_key("code"));
    }

    /// OIDC Core §8.1: one name for the person wherever this client sees them, and another one than
    /// everybody else's.
    // spec: OIDC Core 8.1 MUST: the pairwise sub is the same each time and cannot be turned back @ web/src/subject.rs
    // spec: OIDC Core 5.3.2 MUST: sub of userinfo is sub of the ID token @ protocol/src/userinfo.rs
    async fn a_pairwise_client_sees_one_sub_everywhere(app: TestApp) {
        app.change_client("web-app", |client| {
            client.metadata.subject_type = SubjectType::Pairwise;
        })
        .await;
        let rp = Rp::web();
        let browser = allowed(app, &rp).await;
        let told = fragment_at_once(&browser, &asking(&rp, ResponseType::CodeIdTokenToken)).await;
        let sub = verified(app, &told["id_token"]).await["sub"].clone();
        assert!(!sub.as_str().expect("a text").contains("ana"), "{sub}");
        let page = rp.redeem(app, &told["code"]).await;
        let tokens = Tokens(page.json());
        assert_eq!(tokens.claims("id_token")["sub"], sub);
        assert_eq!(tokens.claims("access_token")["sub"], sub);
        assert_eq!(userinfo(app, &told["access_token"]).await.json()["sub"], sub);
        for name in ["access_token", "refresh_token"] {
            let page = rp.call(app, "/introspect", &[("token", tokens.get(name))]).await;
            assert_eq!(page.json()["sub"], sub, "{name}");
        }
        let refreshed = Tokens(rp.refresh(app, tokens.get("refresh_token")).await.json());
        assert_eq!(refreshed.claims("id_token")["sub"], sub);
        // The session has another name too, or it would join what the subjects keep apart.
        let session = app.state.clone();
        let sid = tokens.claims("id_token")["sid"].clone();
        assert_eq!(tokens.claims("access_token")["sid"], sid);
        let user = vestibule_model::UserId::new("user-ana");
        let rows = session
            .read(move |conn| Ok(vestibule_storage::browser_session::list_of_user(conn, &user)?))
            .await
            .expect("sessions");
        assert!(rows.iter().all(|row| sid != row.id.as_str()), "{sid}");
        // Hints speak of the same name.
        let claims = json!({ "id_token": { "sub": { "value": sub } } }).to_string();
        for hint in [("id_token_hint", tokens.get("id_token")), ("claims", &claims)] {
            let silent = [(hint.0, Some(hint.1)), ("prompt", Some("none"))];
            let page = browser.get(&rp.authorize_with(&silent)).await;
            assert!(answer_of(&page.location()).contains_key("code"), "{hint:?}: {page:#?}");
        }
        let other = json!({ "id_token": { "sub": { "value": "user-ana" } } }).to_string();
        let silent = [("claims", Some(other.as_str())), ("prompt", Some("none"))];
        assert_eq!(rp.told(&browser, &rp.authorize_with(&silent)).await.0, "login_required");
    }

    // spec: OIDC Core 8.1 MUST: clients of different sectors get different names for the same person, those of one sector the same @ policy/src/subject.rs
    async fn another_sector_has_another_name_for_the_person(app: TestApp) {
        let own = [
            ("here-1", "https://here.example/a"),
            ("here-2", "https://here.example/b"),
            ("there", "https://there.example/a"),
        ];
        let mut subs = Vec::new();
        for (client_id, redirect_uri) in own {
            let secret = "a-secret-of-forty-three-characters-01234567";
            let mut client = app.client(client_id, redirect_uri, secret);
            client.metadata.subject_type = SubjectType::Pairwise;
            app.add_client(client).await;
            let rp = Rp { client_id, secret, redirect_uri, ..Rp::web() };
            let tokens = rp.tokens(app).await;
            subs.push(tokens.claims("id_token")["sub"].as_str().expect("a text").to_owned());
        }
        assert_eq!(subs[0], subs[1]);
        assert_ne!(subs[0], subs[2]);
    }
}
