//! Signing out (OIDC RP-Initiated Logout 1.0).

use serde_json::json;
use vestibule_acceptance::{
    Browser, Page, Rp, TestApp, Tokens, answer_of, forge, on_both_databases,
};
use vestibule_model::{ErrorCode, Timestamp, client::SubjectType};
use vestibule_web::cookies::SESSION;

const BYE: &str = "https://app.example/cb/bye";

/// The address with these parameters.
fn end_session(parameters: &[(&str, &str)]) -> String {
    let query =
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    format!("/end_session?{query}")
}

/// Ana's browser and what her client got there.
async fn signed_in(app: &TestApp) -> (Browser, Tokens) {
    let rp = Rp::web();
    let browser = app.browser();
    let answer = rp.walk(&browser, &rp.authorize()).await;
    let tokens = rp.tokens_of(app, &answer).await;
    (browser, tokens)
}

/// Holds that the person is asked, and not yet signed out.
async fn assert_asked(browser: &Browser, page: &Page) {
    assert_eq!(page.status, 200, "{page:#?}");
    assert!(page.body.contains("<h1>Sign out?"), "{page:#?}");
    assert_eq!(browser.who().await, Some("ana"));
}

/// The audit log's lines of ended sessions, oldest first: whose, and who asked.
async fn lines(app: &TestApp) -> Vec<(String, Option<String>)> {
    let lines = app.audit("session.signed_out").await.into_iter().rev();
    let told = lines.map(|line| {
        assert_eq!(line.ip.as_deref(), Some("127.0.0.1"));
        let whose = line.user_id.expect("a person").to_string();
        (whose, line.client_id.map(|id| id.to_string()))
    });
    told.collect()
}

async fn decide(browser: &Browser, page: &Page, decision: &str) -> Page {
    browser.submit(page, "/logout", &[("decision", decision)]).await
}

on_both_databases! {
    /// §2, §3: with the person's own hint it happens at once, and the browser goes back to the
    /// registered address with `state`. The session is gone from the server, not just the cookie.
    // spec: OIDC RP-Initiated Logout 3 MUST: after signing out the browser goes to the registered address that was asked for @ protocol/src/end_session.rs
    // spec: OIDC RP-Initiated Logout 3 MUST: state comes back as it was @ web/src/logout.rs
    // spec: OIDC RP-Initiated Logout 2 MUST: a person who is signed out is signed out of the provider @ web/src/logout.rs
    async fn the_persons_own_hint_signs_out_at_once(app: TestApp) {
        let (browser, tokens) = signed_in(app).await;
        let cookie = browser.cookies()[SESSION].clone();
        let address = end_session(&[("id_token_hint", tokens.get("id_token")),
            ("post_logout_redirect_uri", BYE), ("state", "a&b c")]);
        let page = browser.get(&address).await;
        assert_eq!(page.status, 303, "{page:#?}");
        let target = page.location();
        assert_eq!(target.as_str().split('?').next(), Some(BYE));
        assert_eq!(answer_of(&target)["state"], "a&b c");
        assert!(!browser.cookies().contains_key(SESSION));
        browser.set_cookie(SESSION, &cookie);
        assert_eq!(browser.who().await, None);
    }

    /// Issue 6, "no acknowledged audit row is lost": a session that ended left one, with whom the
    /// person was sent by, however often that is asked.
    async fn what_ends_leaves_one_line(app: TestApp) {
        let (browser, tokens) = signed_in(app).await;
        let cookie = browser.cookies()[SESSION].clone();
        let address = end_session(&[("id_token_hint", tokens.get("id_token"))]);
        for _ in 0..2 {
            browser.set_cookie(SESSION, &cookie);
            assert_eq!(browser.get(&address).await.status, 200);
        }
        let asked_by = |client: Option<&str>| ("user-ana".to_owned(), client.map(str::to_owned));
        assert_eq!(lines(app).await, [asked_by(Some("web-app"))]);
        let sid = tokens.claims("id_token")["sid"].as_str().unwrap().to_owned();
        assert_eq!(app.audit("session.signed_out").await[0].detail, format!("session {sid}"));

        let (browser, _) = signed_in(app).await;
        let page = browser.get(&end_session(&[("client_id", "web-app")])).await;
        assert_asked(&browser, &page).await;
        decide(&browser, &page, "deny").await;
        assert_eq!(lines(app).await.len(), 1, "nothing has ended");
        for _ in 0..2 {
            decide(&browser, &page, "allow").await;
        }
        assert_eq!(lines(app).await, [asked_by(Some("web-app")), asked_by(None)]);

        browser.sign_in("ana").await;
        let page = browser.get("/account/activity").await;
        let told = "<td>A browser signed out. <span class=\"soft\"><bdi>The web-app</bdi></span></td>";
        assert!(page.body.contains(told), "{page:#?}");
        assert!(page.body.contains("<td>A browser signed out.</td>"), "{page:#?}");
    }

    /// Where a browser is now is not the business of whose session in it was over before.
    async fn what_was_over_leaves_no_line(app: TestApp) {
        let (browser, tokens) = signed_in(app).await;
        let hinted = end_session(&[("id_token_hint", tokens.get("id_token"))]);
        let asked = browser.get(&end_session(&[("client_id", "web-app")])).await;
        assert_asked(&browser, &asked).await;
        app.clock.advance(app.state.settings.lifetimes.session_absolute);
        assert_eq!(browser.get(&hinted).await.status, 200);
        decide(&browser, &asked, "allow").await;
        assert!(!browser.cookies().contains_key(SESSION));
        assert!(lines(app).await.is_empty());
    }

    /// §3: no `state` in, none out; no address, our own page.
    async fn nothing_is_added_that_was_not_asked_for(app: TestApp) {
        let (browser, tokens) = signed_in(app).await;
        let hint = ("id_token_hint", tokens.get("id_token"));
        let page = browser.get(&end_session(&[hint, ("post_logout_redirect_uri", BYE)])).await;
        assert_eq!(page.location().as_str(), BYE);
        let (browser, tokens) = signed_in(app).await;
        let page = browser.get(&end_session(&[("id_token_hint", tokens.get("id_token"))])).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains("You are signed out"), "{page:#?}");
        assert_eq!(browser.who().await, None);
    }

    /// §2: the endpoint takes POST too.
    // spec: OIDC RP-Initiated Logout 2 MUST: the endpoint takes GET and POST @ protocol/src/end_session.rs
    async fn a_post_works_the_same(app: TestApp) {
        let (browser, tokens) = signed_in(app).await;
        let form = [("id_token_hint", tokens.get("id_token")), ("post_logout_redirect_uri", BYE)];
        let page = browser.post("/end_session", &form).await;
        assert_eq!((page.status, page.location().as_str()), (303, BYE));
        assert_eq!(browser.who().await, None);
        // A form on the client's own site brings no `SameSite=Lax` cookie; nobody may be told that
        // they are signed out when they are not.
        let (browser, tokens) = signed_in(app).await;
        let form = [("id_token_hint", tokens.get("id_token")), ("post_logout_redirect_uri", BYE),
            ("state", "a&b")];
        let blind = app.machine().post("/end_session", &form).await;
        assert_eq!((blind.status, blind.location().path()), (303, "/end_session"));
        let page = browser.follow(blind).await;
        assert_eq!(answer_of(&page.location())["state"], "a&b");
        assert_eq!(browser.who().await, None);
    }

    /// §2, §6: without a hint anybody could have sent the browser here, so the person is asked; yes
    /// leads back through a page of ours, no leads to the account.
    // spec: OIDC RP-Initiated Logout 2 MUST: without id_token_hint the person is asked @ protocol/src/end_session.rs
    // spec: OIDC RP-Initiated Logout 2 MUST: whoever says yes is signed out @ interaction/src/logout.rs
    async fn without_a_hint_the_person_is_asked(app: TestApp) {
        let (browser, _) = signed_in(app).await;
        let address = end_session(&[("client_id", "web-app"), ("post_logout_redirect_uri", BYE),
            ("state", "s")]);
        let page = browser.get(&address).await;
        assert_asked(&browser, &page).await;
        let stayed = browser.follow(decide(&browser, &page, "deny").await).await;
        assert_eq!(stayed.url.path(), "/account");
        assert_eq!(browser.who().await, Some("ana"));
        let left = decide(&browser, &page, "allow").await;
        assert_eq!((left.status, left.location().path()), (303, "/signed-out"));
        let returning = browser.follow(left).await;
        assert_eq!(returning.status, 200);
        let target = returning.refresh_target().expect("the way back");
        assert_eq!(target.as_str(), format!("{BYE}?state=s"));
        assert_eq!(browser.who().await, None);
        // Sent twice, it ends at the same place.
        let again = browser.follow(decide(&browser, &page, "allow").await).await;
        assert_eq!(again.refresh_target(), Some(target));
    }

    /// §2, §6: a hint of another person, or of a session that is over, does not sign Ana out.
    // spec: OIDC RP-Initiated Logout 2 MUST: with an ID token of another person or session the person is asked @ protocol/src/end_session.rs
    async fn another_persons_hint_only_asks(app: TestApp) {
        let (browser, _) = signed_in(app).await;
        let rp = Rp::web();
        let bens = app.browser();
        let login = bens.open(&rp.authorize()).await;
        let consent = bens.log_in(&login, "ben").await;
        let back = bens.decide(&consent, "allow").await;
        let foreign = rp.tokens_of(app, &back.refresh_target().expect("the way back")).await;
        let page = browser.get(&end_session(&[("id_token_hint", foreign.get("id_token"))])).await;
        assert_asked(&browser, &page).await;
        // Ana's own, of her session in another browser.
        let (_, elsewhere) = signed_in(app).await;
        let page = browser.get(&end_session(&[("id_token_hint", elsewhere.get("id_token"))])).await;
        assert_asked(&browser, &page).await;
    }

    /// §2: "even if expired"; and after its key left the JWKS, for nobody keeps old ID tokens young.
    // spec: OIDC RP-Initiated Logout 2 SHOULD: an ID token is accepted although it has expired @ protocol/src/end_session.rs
    async fn an_expired_hint_and_an_old_key_are_good(app: TestApp) {
        let (browser, tokens) = signed_in(app).await;
        app.clock.advance(6_000);
        app.rotate_keys().await;
        let (_, fresh) = signed_in(app).await;
        let kid = |tokens: &Tokens| forge::peek(tokens.get("id_token")).0["kid"].clone();
        assert_ne!(kid(&tokens), kid(&fresh), "the keys were rotated");
        let jwks = browser.get("/jwks").await.json();
        assert!(forge::verified(&jwks, tokens.get("id_token")).is_none(), "gone from the JWKS");
        let address = end_session(&[("id_token_hint", tokens.get("id_token")),
            ("post_logout_redirect_uri", BYE)]);
        assert_eq!(browser.get(&address).await.location().as_str(), BYE);
        assert_eq!(browser.who().await, None);
    }

    /// Nobody signed in: nothing to do but to go back; twice is as good as once.
    async fn without_a_session_there_is_nothing_to_ask(app: TestApp) {
        let (_, tokens) = signed_in(app).await;
        let stranger = app.browser();
        for way in [("client_id", "web-app"), ("id_token_hint", tokens.get("id_token"))] {
            let address = end_session(&[way, ("post_logout_redirect_uri", BYE), ("state", "s")]);
            assert_eq!(stranger.get(&address).await.location().as_str(), format!("{BYE}?state=s"));
        }
        let page = stranger.get("/end_session").await;
        assert!(page.status == 200 && page.body.contains("You are signed out"), "{page:#?}");
    }

    /// §3, RFC 9700 §4.11 (open redirect): only a registered address of a client that is known is
    /// gone to, and a refusal leaves the person signed in. With and without a session.
    // spec: OIDC RP-Initiated Logout 3 MUST NOT: the browser is sent to an address that is not exactly a registered one @ policy/src/redirect_uri.rs
    // spec: OIDC RP-Initiated Logout 4 MUST NOT: the browser is sent on if the request has an error @ protocol/src/end_session.rs
    async fn no_other_address_is_gone_to(app: TestApp) {
        let (browser, tokens) = signed_in(app).await;
        let hint = ("id_token_hint", tokens.get("id_token"));
        let addresses = ["https://evil.example/", "https://app.example/cb", "https://app.example/",
            "https://app.example/cb/bye/", "https://app.example/cb/bye?x=1",
            "https://app.example/cb/bye#x", "https://app.example/cb/BYE",
            "https://app.example:443/cb/bye", "http://app.example/cb/bye", "//evil.example", "/",
            "javascript:alert(1)", "https://spa.example/cb/bye",
            "https://app.example/cb/bye\r\nX: y", "https://app.example@evil.example/cb/bye"];
        for uri in addresses {
            for way in [hint, ("client_id", "web-app")] {
                let address = end_session(&[way, ("post_logout_redirect_uri", uri)]);
                for browser in [&browser, &app.browser()] {
                    let page = browser.get(&address).await;
                    page.assert_refused(ErrorCode::PostLogoutRedirectUriMismatch);
                    assert!(!page.body.contains("evil"), "{page:#?}");
                }
            }
        }
        for client in [None, Some("nobody")] {
            let mut parameters = vec![("post_logout_redirect_uri", BYE)];
            parameters.extend(client.map(|client| ("client_id", client)));
            let page = browser.get(&end_session(&parameters)).await;
            page.assert_refused(ErrorCode::PostLogoutRedirectUriMismatch);
        }
        assert_eq!(browser.who().await, Some("ana"));
    }

    /// A disabled client's address is no longer known, nor is a script that a row has.
    async fn a_disabled_client_is_not_gone_back_to(app: TestApp) {
        let (browser, tokens) = signed_in(app).await;
        app.change_client("web-app", |client| {
            client.metadata.post_logout_redirect_uris.push("javascript:alert(1)".to_owned());
        }).await;
        let hint = ("id_token_hint", tokens.get("id_token"));
        let script = ("post_logout_redirect_uri", "javascript:alert(1)");
        let page = browser.get(&end_session(&[hint, script])).await;
        page.assert_refused(ErrorCode::PostLogoutRedirectUriMismatch);
        app.change_client("web-app", |client| client.disabled_at = Some(Timestamp(1))).await;
        let page = browser.get(&end_session(&[hint, ("post_logout_redirect_uri", BYE)])).await;
        page.assert_refused(ErrorCode::PostLogoutRedirectUriMismatch);
    }

    /// §2: `client_id` and hint must agree.
    // spec: OIDC RP-Initiated Logout 2 MUST: client_id is the client that the ID token was issued to @ protocol/src/end_session.rs
    async fn client_and_hint_must_agree(app: TestApp) {
        let (browser, tokens) = signed_in(app).await;
        let address = end_session(&[("id_token_hint", tokens.get("id_token")),
            ("client_id", "spa"), ("post_logout_redirect_uri", "https://spa.example/cb/bye")]);
        browser.get(&address).await.assert_refused(ErrorCode::LogoutClientMismatch);
        assert_eq!(browser.who().await, Some("ana"));
        let address = end_session(&[("id_token_hint", tokens.get("id_token")),
            ("client_id", "web-app")]);
        assert_eq!(browser.get(&address).await.status, 200);
        assert_eq!(browser.who().await, None);
    }

    /// RFC 8725 §3.1, §3.2, §3.11: a hint that we did not sign as an ID token is none.
    // spec: OIDC RP-Initiated Logout 2 MUST: the provider makes sure that it issued the ID token @ protocol/src/end_session.rs
    async fn a_forged_hint_is_refused(app: TestApp) {
        let (browser, tokens) = signed_in(app).await;
        let (header, claims) = forge::peek(tokens.get("id_token"));
        let jwks = app.browser().get("/jwks").await.body;
        let with = |alg: &str| {
            let mut header = header.clone();
            header["alg"] = alg.into();
            header
        };
        let thief = forge::KeyPair::generate("ES256", "thief");
        let forged = [
            forge::unsigned(&with("none"), &claims),
            forge::unsigned(&with("RS256"), &claims),
            forge::hs256(jwks.as_bytes(), &with("HS256"), &claims),
            thief.sign_with(&with("ES256"), &claims),
            thief.sign(&claims),
            tokens.get("access_token").to_owned(),
            "nonsense".to_owned(),
        ];
        for hint in &forged {
            let page = browser.get(&end_session(&[("id_token_hint", hint)])).await;
            page.assert_refused(ErrorCode::LogoutHintInvalid);
        }
        assert_eq!(browser.who().await, Some("ana"));
    }

    /// Open redirect: the address travels through the confirmation sealed, so a made-up one leads
    /// nowhere, neither in the form nor at the last page.
    async fn the_way_back_cannot_be_made_up(app: TestApp) {
        let (browser, _) = signed_in(app).await;
        let page = browser.get(&end_session(&[])).await;
        let csrf = page.field("csrf_token").expect("a token");
        let genuine = page.field("logout").expect("a sealed field");
        let mut changed = genuine.clone();
        let end = changed.len() - 1;
        changed.replace_range(end.., if changed.ends_with('A') { "Q" } else { "A" });
        for after in ["https://evil.example/", &changed, "v1.AAAA", "x"] {
            let form = [("csrf_token", &*csrf), ("logout", after), ("decision", "allow")];
            let link = browser.post("/logout", &form).await.stale_link();
            assert_eq!(link, "/logout");
            assert_eq!(browser.who().await, Some("ana"));
            let query: String = url::form_urlencoded::byte_serialize(after.as_bytes()).collect();
            let last = browser.get(&format!("/signed-out?after={query}")).await;
            assert_eq!(last.status, 200);
            last.assert_goes_nowhere();
            // What was asked for is kept for the language links, and for those alone.
            let switch = |line: &&str| !line.contains("hreflang=");
            let rest: String = last.body.lines().filter(switch).collect();
            assert!(!rest.contains("evil"), "{last:#?}");
        }
    }

    /// Our own sign-out page asks too, and so does a link that somebody made to it.
    async fn our_own_page_signs_out_by_its_form_only(app: TestApp) {
        let (browser, _) = signed_in(app).await;
        let page = browser.get("/logout").await;
        assert_asked(&browser, &page).await;
        let query = browser.get("/logout?decision=allow").await;
        assert_asked(&browser, &query).await;
        let account = browser.get("/account").await;
        let last = browser.follow(decide(&browser, &account, "allow").await).await;
        assert!(last.status == 200 && last.body.contains("You are signed out"), "{last:#?}");
        assert_eq!(browser.who().await, None);
        assert_eq!(browser.get("/logout").await.status, 200);
    }

    /// OIDC Core §11: refresh tokens of the session end with it, unless lasting access was granted.
    async fn refresh_tokens_end_with_their_session(app: TestApp) {
        let (browser, lasting) = signed_in(app).await;
        let rp = Rp { scope: "openid", ..Rp::web() };
        let online = rp.tokens_of(app, &browser.get(&rp.authorize()).await.location()).await;
        browser.get(&end_session(&[("id_token_hint", online.get("id_token"))])).await;
        let page = rp.refresh(app, online.get("refresh_token")).await;
        assert_eq!((page.status, &page.json()["error"]), (400, &"invalid_grant".into()));
        assert_eq!(rp.refresh(app, lasting.get("refresh_token")).await.status, 200);
    }

    /// OIDC Core §8: the hint names the person as its client knows them.
    async fn a_pairwise_hint_names_the_person_too(app: TestApp) {
        app.change_client("web-app", |client| {
            client.metadata.subject_type = SubjectType::Pairwise;
        }).await;
        let (browser, tokens) = signed_in(app).await;
        assert_ne!(tokens.claims("id_token")["sub"], "user-ana");
        let address = end_session(&[("id_token_hint", tokens.get("id_token"))]);
        assert_eq!(browser.get(&address).await.status, 200);
        assert_eq!(browser.who().await, None);
    }

    /// §2: a client whose ID tokens are encrypted may encrypt what was in one for us. One that only
    /// the client can open says nothing, and neither does one without a signature.
    async fn an_encrypted_hint_counts_if_we_can_open_it(app: TestApp) {
        let (browser, tokens) = signed_in(app).await;
        let stranger = forge::KeyPair::generate("RSA-OAEP", "stranger");
        let mut key = stranger.public();
        key["use"] = "enc".into();
        let sealed = forge::encrypted_for(
            &json!({ "keys": [key] }), "RSA-OAEP", "A128CBC-HS256", tokens.get("id_token"));
        let back = ("post_logout_redirect_uri", BYE);
        for client in [Some("web-app"), None] {
            let named = client.map(|client| ("client_id", client));
            let parameters: Vec<_> = [("id_token_hint", &*sealed)].into_iter().chain(named).collect();
            assert_asked(&browser, &browser.get(&end_session(&parameters)).await).await;
        }
        app.change_client("web-app", |client| client.metadata.id_token_unsigned = true).await;
        let (header, claims) = forge::peek(tokens.get("id_token"));
        let mut none = header;
        none["alg"] = "none".into();
        let unsigned = forge::unsigned(&none, &claims);
        let address = end_session(&[("id_token_hint", &unsigned), ("client_id", "web-app"), back]);
        assert_asked(&browser, &browser.get(&address).await).await;

        let jwks = browser.get("/jwks").await.json();
        let ours = forge::encrypted_for(&jwks, "RSA-OAEP", "A128CBC-HS256", tokens.get("id_token"));
        let address = end_session(&[("id_token_hint", &ours), ("client_id", "web-app"), back]);
        assert_eq!(browser.get(&address).await.location().as_str(), BYE);
        assert_eq!(browser.who().await, None);
    }

    /// §2: `logout_hint` tells of whom the question is; who is not here is not told of.
    async fn the_question_speaks_of_the_person_who_is_hinted_at(app: TestApp) {
        let (browser, _) = signed_in(app).await;
        let rp = Rp::web();
        let login = browser.open(&rp.authorize_with(&[("prompt", Some("login"))])).await;
        browser.log_in(&login, "ben").await;
        for (hint, shown) in [
            ("", "ben@people.example"),
            ("ANA@people.example", "ana@people.example"),
            ("ana", "ana@people.example"),
            ("user-ana", "ben@people.example"),
            ("nobody@people.example", "ben@people.example"),
        ] {
            let page = browser.get(&end_session(&[("logout_hint", hint)])).await;
            assert!(page.body.contains(&format!("<bdi>{shown}</bdi>")), "{hint}: {page:#?}");
        }
        let named = end_session(&[("logout_hint", "user-ana"), ("client_id", "web-app")]);
        let page = browser.get(&named).await;
        assert!(page.body.contains("ana@people.example"), "as the client knows her: {page:#?}");
        // Whoever says yes signs everybody out, and each of them is told of it.
        decide(&browser, &page, "allow").await;
        assert_eq!(browser.who().await, None);
        let mut told = lines(app).await;
        told.sort();
        assert_eq!(told, ["user-ana", "user-ben"].map(|user| (user.to_owned(), None)));
    }

    /// §2: `ui_locales`, in a query and in a form.
    async fn the_question_is_asked_in_the_language_that_the_client_wants(app: TestApp) {
        let (browser, _) = signed_in(app).await;
        let wish = ("ui_locales", "tlh de-AT");
        for page in [
            browser.get(&end_session(&[wish])).await,
            browser.post("/end_session", &[wish]).await,
        ] {
            assert!(page.body.contains("<h1>Abmelden?"), "{page:#?}");
        }
    }
}
