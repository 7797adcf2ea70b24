//! The authorization request and its refusals (RFC 6749 §3.1, §4.1; OIDC Core §3.1.2).

use std::collections::BTreeSet;

use reqwest::Method;
use vestibule_acceptance::{Page, Rp, answer_of, on_both_databases};
use vestibule_model::{ErrorCode, Timestamp, client::GrantType};

type Change<'a> = (&'static str, Option<&'a str>);

/// Holds that the web client was told of this refusal, with its `state` if that is beyond doubt.
fn assert_told(page: &Page, code: ErrorCode, with_state: bool) {
    assert_eq!(page.status, 303, "{page:#?}");
    let target = page.location();
    assert_eq!(target.as_str().split('?').next(), Some(Rp::web().redirect_uri));
    let told = answer_of(&target);
    assert_eq!(told["error"], code.wire().as_str(), "{target}");
    assert!(told["error_uri"].ends_with(code.id()), "{target}");
    let state = with_state.then_some("st-1");
    assert_eq!(told.get("state").map(String::as_str), state, "{target}");
}

on_both_databases! {
    /// RFC 6749 §4.1.2, RFC 9207 §2: code, `state` and `iss`, once each and nothing else; the code
    /// is new each time.
    // spec: RFC 6749 4.1.2 MUST: the answer has code, and state as it was sent @ protocol/src/authorize/respond.rs
    // spec: RFC 9207 2 MUST: an answer with a code has iss, the issuer @ protocol/src/authorize/respond.rs
    // spec: RFC 6749 10.10 MUST: nobody can guess a code @ protocol/src/issue.rs
    async fn an_answer_has_code_state_and_iss_and_nothing_else(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        let mut codes = BTreeSet::new();
        for _ in 0..3 {
            let answer = rp.walk(&browser, &rp.authorize()).await;
            let names: Vec<_> = answer.query_pairs().map(|(name, _)| name.into_owned()).collect();
            assert_eq!(names, ["code", "state", "iss"]);
            let told = answer_of(&answer);
            assert_eq!((&*told["state"], &*told["iss"]), ("st-1", &*app.issuer));
            assert_eq!(told["code"].len(), 8 + 43, "its second, and 256 bits");
            assert!(codes.insert(told["code"].clone()));
        }
    }

    /// OIDC Core §3.1.2.1: GET and POST take the same parameters. A form on the client's own site
    /// brings no `SameSite=Lax` cookie, so who is signed in is asked at `resume`: were it asked at
    /// once, `prompt=none` would wrongly answer `login_required`.
    // spec: OIDC Core 3.1.2.1 MUST: the authorization endpoint takes GET and POST @ protocol/src/lib.rs
    async fn a_post_without_cookies_goes_through_resume(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        rp.walk(&browser, &rp.authorize()).await;
        for prompt in [None, Some("none")] {
            let mut form = rp.parameters();
            form.extend(prompt.map(|prompt| ("prompt", prompt.to_owned())));
            let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let blind = app.machine().post("/authorize", &form).await;
            assert_eq!(blind.status, 303);
            assert!(blind.location().path().starts_with("/authorize/resume/"), "{blind:#?}");
            let page = browser.follow(blind).await;
            let answer = page.refresh_target().expect("the way back to the client");
            rp.tokens_of(app, &answer).await;
        }
    }

    /// OIDC Core §3.1.2.1: by POST, from nobody signed in to the callback.
    async fn a_post_walks_through_sign_in_and_consent(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        let form = rp.parameters();
        let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let login = browser.follow(browser.post("/authorize", &form).await).await;
        let consent = browser.log_in(&login, "ana").await;
        let back = browser.decide(&consent, "allow").await;
        rp.tokens_of(app, &back.refresh_target().expect("the way back")).await;
        // With the cookie there is nothing to ask `resume` for.
        let again = browser.post("/authorize", &form).await;
        assert_eq!(again.status, 303);
        rp.tokens_of(app, &again.location()).await;
    }

    /// RFC 6749 §4.1.2.1, OIDC Core §3.1.2.6: what is wrong goes to the client, with its error.
    // spec: OIDC Core 3.1.2.6 MUST: a refusal goes to the redirect URI with error and state @ policy/src/authorize.rs
    // spec: OIDC Core 3.1.2.2 MUST: all parameters are checked by OAuth 2.0 and by OpenID Connect @ policy/src/authorize.rs
    async fn a_wrong_request_is_told_to_the_client(app: TestApp) {
        let rp = Rp::web();
        let unreachable = r#"{"id_token":{"acr":{"essential":true,"values":["urn:x"]}}}"#;
        let rows: &[(Change<'_>, &str, ErrorCode)] = &[
            (("response_type", None), "invalid_request", ErrorCode::ResponseTypeMissing),
            (("response_type", Some("")), "invalid_request", ErrorCode::ResponseTypeMissing),
            (("response_type", Some("token")), "unsupported_response_type",
                ErrorCode::ResponseTypeUnsupported),
            (("response_type", Some("code id_token")), "unsupported_response_type",
                ErrorCode::ResponseTypeUnsupported),
            (("response_type", Some("CODE")), "unsupported_response_type",
                ErrorCode::ResponseTypeUnsupported),
            (("response_mode", Some("fragment")), "invalid_request",
                ErrorCode::ResponseModeUnsupported),
            (("response_mode", Some("web_message")), "invalid_request",
                ErrorCode::ResponseModeUnsupported),
            (("request", Some("eyJ.x.y")), "invalid_request_object",
                ErrorCode::RequestObjectMalformed),
            (("request_uri", Some("https://app.example/r")), "invalid_request_uri",
                ErrorCode::RequestUriUnregistered),
            (("registration", Some("{}")), "registration_not_supported",
                ErrorCode::RegistrationUnsupported),
            (("scope", Some("openid admin")), "invalid_scope", ErrorCode::ScopeNotAllowed),
            (("scope", Some("openid \"x\"")), "invalid_scope", ErrorCode::ScopeMalformed),
            (("scope", Some("openid\tprofile")), "invalid_scope", ErrorCode::ScopeMalformed),
            (("max_age", Some("-1")), "invalid_request", ErrorCode::MaxAgeInvalid),
            (("max_age", Some("1.5")), "invalid_request", ErrorCode::MaxAgeInvalid),
            (("max_age", Some("soon")), "invalid_request", ErrorCode::MaxAgeInvalid),
            (("max_age", Some("99999999999999999999")), "invalid_request",
                ErrorCode::MaxAgeInvalid),
            (("claims", Some("{")), "invalid_request", ErrorCode::ClaimsMalformed),
            (("claims", Some("[]")), "invalid_request", ErrorCode::ClaimsMalformed),
            (("claims", Some(r#"{"userinfo":[]}"#)), "invalid_request",
                ErrorCode::ClaimsMalformed),
            (("claims", Some(r#"{"id_token":{"sub":{"value":7}}}"#)), "invalid_request",
                ErrorCode::ClaimsMalformed),
            (("claims", Some(unreachable)), "unmet_authentication_requirements",
                ErrorCode::AcrUnmet),
            (("id_token_hint", Some("nonsense")), "invalid_request",
                ErrorCode::IdTokenHintInvalid),
        ];
        for (change, error, code) in rows {
            let told = rp.told(&app.browser(), &rp.authorize_with(&[*change])).await;
            assert_eq!(told, ((*error).to_owned(), code.id().to_owned()), "{change:?}");
        }
    }

    /// RFC 6749 §4.1.2.1: `state` only if there was one. `error_uri` leads to a page of ours.
    // spec: RFC 6749 4.1.2.1 MUST: state is in an error exactly if it was in the request @ protocol/src/authorize/respond.rs
    async fn a_refusal_names_its_page_and_no_state_that_was_not_sent(app: TestApp) {
        let rp = Rp::web();
        let changes = [("response_type", None), ("state", None)];
        let browser = app.browser();
        let told = answer_of(&browser.get(&rp.authorize_with(&changes)).await.location());
        let names: Vec<_> = told.keys().map(String::as_str).collect();
        assert_eq!(names, ["error", "error_description", "error_uri", "iss"]);
        let page = browser.get(&told["error_uri"]).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains("response_type is missing"), "{page:#?}");
    }

    /// RFC 6749 §4.1.2: `state` comes back as it went, whatever is in it; markup in it stays text.
    // spec: RFC 6749 4.1.2 MUST: state comes back as exactly the value that was sent @ protocol/src/authorize/respond.rs
    async fn state_comes_back_byte_for_byte(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        rp.walk(&browser, &rp.authorize()).await;
        let long = "x".repeat(4_096);
        for state in ["a&b=c#d", "a+b c%20d", "\"><script>alert(1)</script>", "žluťoučký", &long] {
            let page = browser.get(&rp.authorize_with(&[("state", Some(state))])).await;
            let told = answer_of(&page.location());
            assert!(told["state"] == state && told.contains_key("code"), "{told:?}");
            let changes = [("state", Some(state)), ("response_mode", Some("form_post"))];
            let page = browser.get(&rp.authorize_with(&changes)).await;
            assert_eq!(page.field("state").as_deref(), Some(state));
            assert!(!page.body.contains("<script>"), "{page:#?}");
        }
    }

    /// RFC 6749 §3.1: unknown parameters are ignored, empty ones are as if absent.
    // spec: RFC 6749 3.1 MUST: unknown parameters are ignored, empty ones are as if left out @ policy/src/params.rs
    // spec: OIDC Core 3.1.2.1 SHOULD: request parameters that are not understood are ignored @ policy/src/authorize.rs
    async fn unknown_and_empty_parameters_do_not_matter(app: TestApp) {
        let rp = Rp::web();
        let changes = [("x-unknown", Some("1")), ("prompt", Some("")), ("state", Some("")),
            ("max_age", Some("")), ("claims", Some("")), ("display", Some("page"))];
        let answer = rp.walk(&app.browser(), &rp.authorize_with(&changes)).await;
        assert!(!answer_of(&answer).contains_key("state"), "{answer}");
        rp.tokens_of(app, &answer).await;
    }

    /// OIDC Core §3.1.2.1: without `openid` it is plain OAuth, and no ID token comes of it.
    // spec: RFC 6749 3.3 MUST: a request without scope gets a default that is documented, here nothing but the sign-in @ policy/src/scope.rs
    async fn without_openid_there_is_no_id_token(app: TestApp) {
        let rp = Rp::web();
        for scope in [None, Some("profile")] {
            let address = rp.authorize_with(&[("scope", scope)]);
            let answer = rp.walk(&app.browser(), &address).await;
            let tokens = rp.tokens_of(app, &answer).await;
            assert!(tokens.0.get("id_token").is_none(), "{:?}", tokens.0);
            // RFC 6749 §3.3: a scope has at least one name, so none at all is left out.
            assert_eq!(tokens.0.get("scope").and_then(|granted| granted.as_str()), scope);
        }
    }

    /// RFC 6749 §4.1.2.1: an unknown client is told to the person; a disabled one looks the same.
    // spec: RFC 6749 4.1.2.1 MUST NOT: with an unknown client nobody is redirected; the person is told @ policy/src/authorize.rs
    async fn unknown_and_disabled_clients_look_alike(app: TestApp) {
        let rp = Rp::web();
        app.change_client("spa", |client| client.disabled_at = Some(Timestamp(1))).await;
        let mut bodies = BTreeSet::new();
        for id in ["nobody", "spa", "WEB-APP", "web-app ", "web-app\u{200b}"] {
            let page = app.browser().get(&rp.authorize_with(&[("client_id", Some(id))])).await;
            page.assert_refused(ErrorCode::ClientUnknown);
            bodies.insert(page.without_names());
        }
        let spa = app.browser().get(&Rp::spa().authorize()).await;
        bodies.insert(spa.without_names());
        assert_eq!(bodies.len(), 1, "{bodies:#?}");
        let missing = app.browser().get(&rp.authorize_with(&[("client_id", None)])).await;
        missing.assert_refused(ErrorCode::ClientIdMissing);
    }

    /// RFC 6749 §4.1.2.1 `unauthorized_client`.
    // spec: RFC 6749 4.1.2.1 MUST: a client that may not use the grant is told unauthorized_client @ policy/src/authorize/response.rs
    async fn a_client_without_the_code_grant_is_told_so(app: TestApp) {
        let rp = Rp::web();
        app.change_client("web-app", |client| {
            client.metadata.grant_types = vec![GrantType::ClientCredentials];
        })
        .await;
        let told = rp.told(&app.browser(), &rp.authorize()).await;
        assert_eq!(told, ("unauthorized_client".to_owned(), "VST-0221".to_owned()));
    }

    /// RFC 6749 §3.1: each parameter once. Two values are two requests, and which of them the
    /// client meant cannot be known; so it is told, where it is beyond doubt who and where it is,
    /// and else the person.
    // spec: RFC 6749 3.1 MUST NOT: no parameter comes more than once @ policy/src/params.rs
    // spec: RFC 6749 4.1.2.1 MUST: a request with a repeated parameter is invalid_request, told to the client @ policy/src/authorize.rs
    async fn no_parameter_may_come_twice(app: TestApp) {
        let rp = Rp::web();
        for (name, value) in rp.parameters() {
            let more = url::form_urlencoded::Serializer::new(String::new())
                .append_pair(name, &value).finish();
            let page = app.browser().get(&format!("{}&{more}", rp.authorize())).await;
            let mut form = rp.parameters();
            form.push((name, value));
            let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let posted = app.browser().post("/authorize", &form).await;
            for page in [page, posted] {
                if matches!(name, "client_id" | "redirect_uri") {
                    page.assert_refused(ErrorCode::ParameterRepeated);
                } else {
                    assert_told(&page, ErrorCode::ParameterRepeated, name != "state");
                }
            }
        }
        // Encoded otherwise, it is still the same name.
        let page = app.browser().get(&format!("{}&%73tate=other", rp.authorize())).await;
        assert_told(&page, ErrorCode::ParameterRepeated, false);
        // Nobody is redirected for a client or to an address that is not registered.
        for change in [("client_id", "nobody"), ("redirect_uri", "https://evil.example/")] {
            let address = rp.authorize_with(&[(change.0, Some(change.1))]);
            let page = app.browser().get(&format!("{address}&state=other")).await;
            page.assert_refused(ErrorCode::ParameterRepeated);
        }
        // In the mode that was asked for.
        let address = rp.authorize_with(&[("response_mode", Some("form_post"))]);
        let page = app.browser().get(&format!("{address}&nonce=other")).await;
        assert_eq!((page.status, page.action().as_str()), (200, rp.redirect_uri), "{page:#?}");
        assert_eq!(page.field("error").as_deref(), Some("invalid_request"));
    }

    /// RFC 6749 Appendix B: form-encoded UTF-8, nothing else; and NUL, which no database holds.
    async fn text_that_is_not_utf8_is_refused(app: TestApp) {
        let right = Rp::web().authorize();
        for piece in ["x=%FF", "%FF=x", "x=%C3%28", "x=%ED%A0%80", "x=%", "x=%4", "x=%zz", "x=%00"] {
            let page = app.browser().get(&format!("{right}&{piece}")).await;
            assert_told(&page, ErrorCode::RequestMalformed, true);
            let (_, query) = right.split_once('?').expect("a query");
            let body = format!("{query}&{piece}").into_bytes();
            let kind = [("content-type", "application/x-www-form-urlencoded")];
            let page = app.browser().send(Method::POST, "/authorize", &kind, Some(body)).await;
            assert_told(&page, ErrorCode::RequestMalformed, true);
        }
        for piece in ["state=%FF", "client_id=%FF", "redirect_uri=%zz"] {
            let page = app.browser().get(&format!("{right}&{piece}")).await;
            if piece.starts_with("state") {
                assert_told(&page, ErrorCode::RequestMalformed, false);
            } else {
                page.assert_refused(ErrorCode::RequestMalformed);
            }
        }
    }

    /// A value over 8 KiB is read from nobody; the client is told, unless it is its own name or
    /// address.
    async fn no_parameter_is_longer_than_8_kib(app: TestApp) {
        let rp = Rp::web();
        let long = "n".repeat(8_193);
        for name in ["state", "nonce", "scope", "login_hint", "redirect_uri", "client_id", "x"] {
            let page = app.browser().get(&rp.authorize_with(&[(name, Some(&long))])).await;
            if matches!(name, "client_id" | "redirect_uri") {
                page.assert_refused(ErrorCode::ParameterTooLong);
            } else {
                assert_told(&page, ErrorCode::ParameterTooLong, name != "state");
            }
        }
        let page = app.browser().open(&rp.authorize_with(&[("x", Some(&long[1..]))])).await;
        assert_eq!(page.url.path(), "/login", "nobody keeps an unknown parameter");
    }

    /// What is stored while the pages are open is shorter still, and the client is told.
    async fn what_is_kept_of_a_request_is_kept_small(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        rp.walk(&browser, &rp.authorize()).await;
        let longest = [("nonce", 1_024), ("login_hint", 512), ("acr_values", 1_024),
            ("ui_locales", 512)];
        for (name, longest) in longest {
            let value = "n".repeat(longest + 1);
            let told = rp.told(&browser, &rp.authorize_with(&[(name, Some(&value))])).await;
            assert_eq!(told, ("invalid_request".to_owned(), "VST-0222".to_owned()), "{name}");
            let page = browser.get(&rp.authorize_with(&[(name, Some(&value[1..]))])).await;
            let tokens = rp.tokens_of(app, &page.location()).await;
            if name == "nonce" {
                assert_eq!(tokens.claims("id_token")["nonce"], value[1..]);
            }
        }
    }

    /// An address as long as HTTP libraries let through is refused, never with a 5xx.
    async fn a_very_long_address_is_refused(app: TestApp) {
        let address = format!("{}&x={}", Rp::web().authorize(), "y".repeat(60_000));
        let page = app.browser().get(&address).await;
        assert_told(&page, ErrorCode::ParameterTooLong, true);
    }

    /// Form Post Response Mode §2: the answer is a form that posts itself to the redirect URI, and
    /// errors travel the same way.
    // spec: Form Post 2 MUST: with form_post the parameters are posted as a form @ protocol/src/authorize/respond.rs
    async fn form_post_answers_by_a_form(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        rp.walk(&browser, &rp.authorize()).await;
        let page = browser.get(&rp.authorize_with(&[("response_mode", Some("form_post"))])).await;
        assert_eq!((page.status, page.action().as_str()), (200, rp.redirect_uri), "{page:#?}");
        assert_eq!(page.field("state").as_deref(), Some("st-1"));
        assert_eq!(page.field("iss").as_deref(), Some(&*app.issuer));
        assert!(page.body.contains("method=\"post\""), "{page:#?}");
        let code = page.field("code").expect("a code");
        assert_eq!(rp.redeem(app, &code).await.status, 200);

        let changes = [("response_mode", Some("form_post")), ("prompt", Some("none"))];
        let page = app.browser().get(&rp.authorize_with(&changes)).await;
        assert_eq!((page.status, page.action().as_str()), (200, rp.redirect_uri), "{page:#?}");
        assert_eq!(page.field("error").as_deref(), Some("login_required"));
        assert_eq!(page.field("state").as_deref(), Some("st-1"));
        assert_eq!(page.field("iss").as_deref(), Some(&*app.issuer));
        assert_eq!(page.field("code"), None);
    }

    /// Form Post Response Mode §2, after sign-in and consent.
    async fn form_post_ends_a_walk_too(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        let login = browser.open(&rp.authorize_with(&[("response_mode", Some("form_post"))])).await;
        let consent = browser.log_in(&login, "ana").await;
        let page = browser.decide(&consent, "allow").await;
        assert_eq!(page.action(), rp.redirect_uri);
        let code = page.field("code").expect("a code");
        assert_eq!(rp.redeem(app, &code).await.status, 200);
    }

    /// OAuth 2.0 Multiple Response Types §2.1: `query`, said or not, is the same.
    // spec: Multiple Response Types 2.1 MUST: response_mode=query is honoured for a code @ policy/src/authorize/response.rs
    async fn query_is_what_code_is_answered_in(app: TestApp) {
        let rp = Rp::web();
        let address = rp.authorize_with(&[("response_mode", Some("query"))]);
        let answer = rp.walk(&app.browser(), &address).await;
        assert_eq!(answer.fragment(), None);
        rp.tokens_of(app, &answer).await;
    }
}
