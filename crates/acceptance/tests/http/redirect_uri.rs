//! Redirect URIs by bytes (RFC 6749 §3.1.2, RFC 9700 §2.1 and §4.1, RFC 8252 §7).

use vestibule_acceptance::{Rp, TestApp, answer_of, on_both_databases};
use vestibule_model::{
    ErrorCode,
    client::{ApplicationType, Client},
};

/// A public native client with these redirect URIs; the first is what it uses by itself.
async fn add_native(app: &TestApp, redirect_uris: &[&str]) -> Rp {
    let mut client = app.client("native", redirect_uris[0], "");
    client.metadata.application_type = ApplicationType::Native;
    client.metadata.redirect_uris = redirect_uris.iter().map(|uri| (*uri).to_owned()).collect();
    app.add_client(client).await;
    Rp { client_id: "native", scope: "openid", redirect_uri: "http://127.0.0.1/cb", ..Rp::spa() }
}

/// Holds that each address ends on our page, by GET and by POST, and is not repeated there.
async fn assert_refused(app: &TestApp, rp: &Rp, addresses: &[&str]) {
    for uri in addresses {
        let page = app.browser().get(&rp.authorize_with(&[("redirect_uri", Some(uri))])).await;
        page.assert_refused(ErrorCode::RedirectUriMismatch);
        assert!(!page.body.contains("app.example"), "{uri}: {page:#?}");
        assert!(!page.body.contains("evil"), "{uri}: {page:#?}");
        let mut form = rp.parameters();
        form.retain(|(name, _)| *name != "redirect_uri");
        form.push(("redirect_uri", (*uri).to_owned()));
        let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let page = app.browser().post("/authorize", &form).await;
        page.assert_refused(ErrorCode::RedirectUriMismatch);
    }
}

on_both_databases! {
    /// RFC 9700 §2.1, §4.1: one byte off and the browser goes nowhere, whether the difference is in
    /// scheme, host, port, path, query, fragment, case or encoding. Guards `redirect_uri::check`.
    // spec: OIDC Core 3.1.2.1 MUST: redirect_uri is exactly one that the client registered @ policy/src/redirect_uri.rs
    // spec: RFC 9700 2.1 MUST: redirect URIs are compared as texts @ policy/src/redirect_uri.rs
    async fn an_address_that_is_not_registered_gets_nothing(app: TestApp) {
        assert_refused(app, &Rp::web(), &[
            "https://app.example/cb/",
            "https://app.example/cc",
            "https://app.example/c",
            "https://app.example/cbb",
            "https://app.example/CB",
            "https://app.example/",
            "https://app.example",
            "https://app.example//cb",
            "https://app.example/./cb",
            "https://app.example/x/../cb",
            "https://app.example/cb/..",
            "https://app.example/%63b",
            "https://app.example/cb%2f..%2fevil",
            "https://app.example/cb;x",
            "https://app.example/cb?",
            "https://app.example/cb?x=1",
            "https://app.example/cb#",
            "https://app.example/cb#x",
            "https://APP.example/cb",
            "HTTPS://app.example/cb",
            "http://app.example/cb",
            "https:app.example/cb",
            "https:///app.example/cb",
            "//app.example/cb",
            "/cb",
            "cb",
            "https://app.example:443/cb",
            "https://app.example:8443/cb",
            "https://app.example:/cb",
            "https://app.example./cb",
            "https://app.example.evil.example/cb",
            "https://evil.example/cb",
            "https://evil-app.example/cb",
            "https://app.example@evil.example/cb",
            "https://evil@app.example/cb",
            "https://app.example\\@evil.example/cb",
            "https://app.example\u{2044}cb",
            "https://аpp.example/cb",
            " https://app.example/cb",
            "https://app.example/cb ",
            "https://app.example/cb\n",
            "https://app.example/cb\r\nLocation: https://evil.example/",
            "javascript:alert(1)//https://app.example/cb",
            "data:text/html,evil",
            "*",
        ]).await;
    }

    /// RFC 6749 §3.1.2.3, §3.1.2.4: which address is checked before all else, so a request that is
    /// wrong twice is not redirected either.
    // spec: RFC 6749 3.1.2.4 MUST NOT: with a wrong redirect URI nobody is redirected @ policy/src/authorize.rs
    async fn a_bad_address_is_never_sent_an_error(app: TestApp) {
        let evil = Some("https://evil.example/cb");
        for more in [("response_type", None), ("prompt", Some("none")), ("scope", Some("\"")),
            ("response_mode", Some("form_post")), ("code_challenge", None)] {
            let address = Rp::web().authorize_with(&[("redirect_uri", evil), more]);
            let page = app.browser().get(&address).await;
            page.assert_refused(ErrorCode::RedirectUriMismatch);
        }
        let page = app.browser().get(&Rp::web().authorize_with(&[("redirect_uri", None)])).await;
        page.assert_refused(ErrorCode::RedirectUriMissing);
    }

    /// RFC 9700 §4.1: one client's address is no address of another.
    async fn another_clients_address_is_refused(app: TestApp) {
        assert_refused(app, &Rp::web(), &[Rp::spa().redirect_uri]).await;
        assert_refused(app, &Rp::spa(), &[Rp::web().redirect_uri]).await;
    }

    /// RFC 6749 §3.1.2.2: each registered address works, no mixture of them does.
    // spec: RFC 6749 3.1.2.2 MAY: a client has several redirect URIs @ policy/src/redirect_uri.rs
    // spec: RFC 6749 3.1.2.3 MUST: the address is compared with each registered one as a whole @ policy/src/redirect_uri.rs
    async fn several_registered_addresses_do_not_mix(app: TestApp) {
        let (one, two) = ("https://app.example/cb", "https://two.example:8443/two?tenant=7");
        app.change_client("web-app", move |client: &mut Client| {
            client.metadata.redirect_uris = vec![one.to_owned(), two.to_owned()];
        }).await;
        let rp = Rp { redirect_uri: two, ..Rp::web() };
        let answer = rp.walk(&app.browser(), &rp.authorize()).await;
        rp.tokens_of(app, &answer).await;
        let mixtures = ["https://two.example:8443/cb", "https://two.example/two?tenant=7",
            "https://two.example:8443/two", "https://two.example:8443/two?tenant=8",
            "https://two.example:8443/two?tenant=7&x=1"];
        for uri in mixtures {
            let page = app.browser().get(&rp.authorize_with(&[("redirect_uri", Some(uri))])).await;
            page.assert_refused(ErrorCode::RedirectUriMismatch);
        }
    }

    /// RFC 6749 §3.1.2: a registered query stays, in front of the answer.
    // spec: RFC 6749 3.1.2 MUST: the query of a redirect URI is kept @ policy/src/redirect_uri.rs
    async fn a_registered_query_stays(app: TestApp) {
        let uri = "https://app.example/cb?tenant=7&code=mine";
        app.change_client("web-app", move |client| {
            client.metadata.redirect_uris = vec![uri.to_owned()];
        }).await;
        let rp = Rp { redirect_uri: uri, ..Rp::web() };
        let answer = rp.walk(&app.browser(), &rp.authorize()).await;
        assert!(answer.as_str().starts_with(&format!("{uri}&code=")), "{answer}");
        let page = app.browser().get(&rp.authorize_with(&[("prompt", Some("none"))])).await;
        assert!(page.location().as_str().starts_with(&format!("{uri}&error=")), "{page:#?}");
    }

    /// RFC 6749 §4.1.3: the token request names the address of the authorization request.
    async fn a_code_is_bound_to_its_address(app: TestApp) {
        let rp = Rp::web();
        for uri in [None, Some("https://app.example/cb/"), Some("https://evil.example/cb")] {
            let code = rp.code(app).await;
            let mut form = vec![("grant_type", "authorization_code"), ("code", code.as_str()),
                ("code_verifier", rp.verifier)];
            form.extend(uri.map(|uri| ("redirect_uri", uri)));
            let page = rp.call(app, "/token", &form).await;
            assert_eq!((page.status, &page.json()["error"]), (400, &"invalid_grant".into()));
        }
    }

    /// RFC 8252 §7.3: a native app's loopback address is good at any port, and at nothing else than
    /// a port.
    // spec: RFC 8252 7.3 MUST: a loopback address of a native app is good at any port @ policy/src/redirect_uri.rs
    // spec: RFC 9700 2.1 MUST: the port of a native app's loopback address is the only exception to the exact comparison @ policy/src/redirect_uri.rs
    async fn a_native_app_listens_at_any_loopback_port(app: TestApp) {
        let rp = add_native(app, &["http://127.0.0.1/cb", "http://[::1]:1/six"]).await;
        let good = ["http://127.0.0.1/cb", "http://127.0.0.1:1/cb", "http://127.0.0.1:51004/cb",
            "http://127.0.0.1:65535/cb", "http://[::1]:51004/six", "http://[::1]/six"];
        for uri in good {
            let answer = rp.walk(&app.browser(),
                &rp.authorize_with(&[("redirect_uri", Some(uri))])).await;
            assert_eq!(answer.as_str().split('?').next(), Some(uri));
            let same = Rp { redirect_uri: uri, ..rp.clone() };
            same.tokens_of(app, &answer).await;
        }
        assert_refused(app, &rp, &[
            "https://127.0.0.1:51004/cb",
            "http://127.0.0.1:51004/cb/",
            "http://127.0.0.1:51004/CB",
            "http://127.0.0.1:51004/cb?x=1",
            "http://127.0.0.1:51004/cb#x",
            "http://127.0.0.1:51004",
            "http://127.0.0.1:0/cb",
            "http://127.0.0.1:65536/cb",
            "http://127.0.0.1:080/cb",
            "http://127.0.0.1:+80/cb",
            "http://127.0.0.1:/cb",
            "http://127.0.0.1:80@evil.example/cb",
            "http://127.0.0.1.evil.example:80/cb",
            "http://127.0.0.2:51004/cb",
            "http://127.1:51004/cb",
            "http://2130706433/cb",
            "http://0.0.0.0:51004/cb",
            "http://localhost:51004/cb",
            "http://[::1]:51004/cb",
            "http://[0:0:0:0:0:0:0:1]:51004/six",
        ]).await;
    }

    /// RFC 8252 §7.3: the port may differ from the registered one, not from the request's own when
    /// the code is redeemed (RFC 6749 §4.1.3).
    async fn the_port_of_the_request_stays_for_its_code(app: TestApp) {
        let rp = add_native(app, &["http://127.0.0.1/cb"]).await;
        let uri = Some("http://127.0.0.1:51004/cb");
        let answer = rp.walk(&app.browser(), &rp.authorize_with(&[("redirect_uri", uri)])).await;
        let other = Rp { redirect_uri: "http://127.0.0.1:51005/cb", ..rp };
        let page = other.redeem(app, &Rp::code_of(&answer)).await;
        assert_eq!((page.status, &page.json()["error"]), (400, &"invalid_grant".into()));
    }

    /// RFC 8252 §7.3 is for native apps: a web client's port is its own.
    async fn a_web_client_keeps_its_port(app: TestApp) {
        app.add_client(app.client("dev", "http://127.0.0.1:3000/cb", "")).await;
        let rp = Rp { client_id: "dev", redirect_uri: "http://127.0.0.1:3000/cb", ..Rp::spa() };
        let answer = rp.walk(&app.browser(), &rp.authorize()).await;
        assert!(answer_of(&answer).contains_key("code"));
        assert_refused(app, &rp, &["http://127.0.0.1:3001/cb", "http://127.0.0.1/cb"]).await;
    }

    /// RFC 8252 §7.1: the answer reaches an app through its own scheme.
    // spec: RFC 8252 7 MUST: native apps get their answer through a private-use scheme @ policy/src/redirect_uri.rs
    async fn a_private_use_scheme_gets_its_answer(app: TestApp) {
        let uri = "com.example.app:/oauth/cb";
        let rp = Rp { redirect_uri: uri, ..add_native(app, &[uri]).await };
        let browser = app.browser();
        let login = browser.open(&rp.authorize()).await;
        let consent = browser.log_in(&login, "ana").await;
        assert!(consent.body.contains("com.example.app:"), "{consent:#?}");
        let back = browser.decide(&consent, "allow").await;
        assert_eq!(back.status, 200);
        let answer = back.refresh_target().expect("the way back");
        assert!(answer.as_str().starts_with("com.example.app:/oauth/cb?code="), "{answer}");
        rp.tokens_of(app, &answer).await;
        assert_refused(app, &rp, &["com.example.app:/oauth/cb/", "com.example.app://oauth/cb",
            "com.example.app2:/oauth/cb", "COM.example.app:/oauth/cb"]).await;
    }

    /// RFC 9700 §4.1: an address that runs in the browser is not gone to, even if a row of the
    /// database has it. Guards the last look, `is_harmless`.
    async fn a_registered_script_is_not_gone_to(app: TestApp) {
        for uri in ["javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x"] {
            app.change_client("web-app", move |client| {
                client.metadata.redirect_uris = vec![uri.to_owned()];
            }).await;
            let address = Rp::web().authorize_with(&[("redirect_uri", Some(uri))]);
            let page = app.browser().get(&address).await;
            page.assert_refused(ErrorCode::RedirectUriMismatch);
        }
    }
}
