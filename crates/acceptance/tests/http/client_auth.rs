//! Client authentication by secret (RFC 6749 §2.3, §5.2; OIDC Core §9).

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use vestibule_acceptance::{Page, Rp, TestApp, on_both_databases};
use vestibule_model::{Clock, client::AuthMethod};

/// Has every sign that form-encoding changes.
const ODD_SECRET: &str = "p+q %41&=/:é? 0123456789abcdef0123456789";

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

async fn with_header(app: &TestApp, header: &str, form: &[(&str, &str)]) -> Page {
    let form: Vec<_> = [GRANT].into_iter().chain(form.iter().copied()).collect();
    let headers: &[_] = if header.is_empty() { &[] } else { &[("authorization", header)] };
    app.machine().post_with("/token", headers, &form).await
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// RFC 6749 §5.2: 401 with the scheme to use.
fn assert_unknown_client(app: &TestApp, page: &Page) {
    assert_eq!((page.status, page.json()["error"].as_str()), (401, Some("invalid_client")));
    assert_eq!(page.header("www-authenticate"), format!("Basic realm=\"{}\"", app.issuer));
    assert_eq!(page.header("cache-control"), "no-store");
}

on_both_databases! {
    /// RFC 6749 §2.3.1: the header is form-encoded first; clients that forget it are understood.
    // spec: RFC 6749 2.3.1 MUST: clients with a secret can use HTTP Basic, whose two parts are form-encoded first @ protocol/src/client_auth.rs
    async fn basic_is_read_with_and_without_form_encoding(app: TestApp) {
        let rp = Rp::web();
        let client = app.client("odd app/1", rp.redirect_uri, ODD_SECRET);
        app.add_client(client).await;
        let proper = basic(&encoded("odd app/1"), &encoded(ODD_SECRET));
        assert_eq!(with_header(app, &proper, &[]).await.status, 200);
        let forgetful = basic("odd app/1", ODD_SECRET);
        assert_eq!(with_header(app, &forgetful, &[]).await.status, 200);
        assert_eq!(with_header(app, &proper.replace("Basic", "bAsIc"), &[]).await.status, 200);
        let wrong = basic(&encoded("odd app/1"), &encoded(&ODD_SECRET.replace('+', "-")));
        assert_unknown_client(app, &with_header(app, &wrong, &[]).await);
    }

    /// RFC 6749 §2.3.1 second form.
    // spec: OIDC Core 3.1.3.2 MUST: a client authenticates by the method it registered @ policy/src/client_auth.rs
    // spec: RFC 6749 2.3.1 MAY: a client sends its secret in the form @ protocol/src/client_auth.rs
    async fn post_is_for_clients_that_registered_it(app: TestApp) {
        let rp = Rp::web();
        let form = [("client_id", rp.client_id), ("client_secret", rp.secret)];
        assert_unknown_client(app, &with_header(app, "", &form).await);
        app.change_client(rp.client_id, |client| {
            client.metadata.token_endpoint_auth_method = AuthMethod::ClientSecretPost;
        })
        .await;
        assert_eq!(with_header(app, "", &form).await.status, 200);
        assert_unknown_client(app, &with_header(app, &basic(rp.client_id, rp.secret), &[]).await);
        let wrong = [("client_id", rp.client_id), ("client_secret", "wrong")];
        assert_unknown_client(app, &with_header(app, "", &wrong).await);
    }

    /// OIDC Core §9 `none`: a public client names itself and holds a verifier.
    // spec: OIDC Core 9 MAY: a client without a secret authenticates by none @ policy/src/client_auth.rs
    async fn a_public_client_names_itself(app: TestApp) {
        let rp = Rp::spa();
        let tokens = rp.tokens(app).await;
        assert_eq!(tokens.claims("id_token")["aud"], rp.client_id);
        let form = [
            ("grant_type", "refresh_token"), ("refresh_token", tokens.get("refresh_token")),
            ("client_id", rp.client_id), ("client_secret", "made-up"),
        ];
        assert_unknown_client(app, &app.machine().post("/token", &form).await);
        assert_unknown_client(app, &app.machine().post("/token", &form[..2]).await);
        assert_eq!(app.machine().post("/token", &form[..3]).await.status, 200);
    }

    /// RFC 6749 §5.2, RFC 9700 §4: the answer does not tell which clients exist, and how.
    // spec: RFC 6749 3.2.1 MUST: confidential clients authenticate at the token endpoint @ policy/src/client_auth.rs
    // spec: RFC 6749 5.2 MUST: who failed by the Authorization header gets 401 with WWW-Authenticate of that scheme @ web/src/error.rs
    async fn every_failed_proof_looks_the_same(app: TestApp) {
        let rp = Rp::web();
        let mut disabled = app.client("closed-app", rp.redirect_uri, rp.secret);
        disabled.disabled_at = Some(app.clock.now());
        app.add_client(disabled).await;
        let (id, secret) = (rp.client_id, rp.secret);
        let rows = [
            ("wrong secret", basic(id, "wrong"), vec![]),
            ("empty secret", basic(id, ""), vec![]),
            ("unknown client", basic("nobody", secret), vec![]),
            ("disabled client", basic("closed-app", secret), vec![]),
            ("public client", basic("spa", secret), vec![]),
            ("no proof", String::new(), vec![("client_id", id)]),
            ("another method", String::new(), vec![("client_id", id), ("client_secret", secret)]),
            ("unknown, in the body", String::new(), vec![("client_id", "nobody")]),
            ("disabled, in the body", String::new(), vec![("client_id", "closed-app")]),
        ];
        let mut seen: Vec<(&str, Value, String)> = Vec::new();
        for (what, header, form) in rows {
            let page = with_header(app, &header, &form).await;
            assert_unknown_client(app, &page);
            let mut body = page.json();
            assert_eq!(body["request_id"], page.header("x-request-id"), "{what}");
            body["request_id"] = Value::Null;
            let mut headers = page.headers.clone();
            headers.retain(|name, _| !matches!(name.as_str(), "x-request-id" | "date"));
            seen.push((what, body, format!("{headers:?}")));
        }
        for (what, body, headers) in &seen {
            assert_eq!((body, headers), (&seen[0].1, &seen[0].2), "{what}");
        }
        assert_eq!(with_header(app, &basic(id, secret), &[]).await.status, 200);
    }

    /// RFC 6749 §2.3: "MUST NOT use more than one authentication method in each request".
    // spec: RFC 6749 2.3 MUST NOT: a request uses more than one method of client authentication @ protocol/src/client_auth.rs
    async fn two_methods_at_once_are_refused(app: TestApp) {
        let rp = Rp::web();
        let header = basic(rp.client_id, rp.secret);
        let secret = ("client_secret", rp.secret);
        let id = ("client_id", rp.client_id);
        let assertion = ("client_assertion", "e30.e30.e30");
        for (header, form) in [
            (header.as_str(), vec![id, secret]),
            (header.as_str(), vec![assertion]),
            ("", vec![id, secret, assertion]),
        ] {
            let page = with_header(app, header, &form).await;
            assert_eq!((page.status, page.json()["error"].as_str()), (400, Some("invalid_request")));
        }
    }

    /// RFC 6749 §3.2.1: `client_id` in the body may repeat who authenticates, not contradict it.
    async fn client_id_in_the_body_must_be_the_one_that_authenticates(app: TestApp) {
        let rp = Rp::web();
        let header = basic(rp.client_id, rp.secret);
        let page = with_header(app, &header, &[("client_id", "spa")]).await;
        assert_unknown_client(app, &page);
        assert_eq!(with_header(app, &header, &[("client_id", rp.client_id)]).await.status, 200);
    }

    /// RFC 7617 §2: what is no Basic header is no proof, whatever the body says.
    async fn a_malformed_header_is_refused(app: TestApp) {
        for header in [
            "Basic", "Basic ", "Basic !!!", "Basic bm9jb2xvbg==", "Bearer abc", "Digest x=y",
            "Basic /////w==", &basic("%ff", "x"), &basic(&"x".repeat(4_000), "x"),
        ] {
            assert_unknown_client(app, &with_header(app, header, &[]).await);
            let form = [("client_id", "spa"), ("code", "x")];
            assert_unknown_client(app, &with_header(app, header, &form).await);
        }
        assert_unknown_client(app, &with_header(app, "", &[]).await);
    }

    /// RFC 7009 §2.1 and RFC 7662 §2.1 authenticate clients as the token endpoint does.
    // spec: RFC 7009 2.1 MUST: revocation verifies the client's credentials first @ protocol/src/revoke.rs
    // spec: RFC 7662 2.3 MUST: a resource server with wrong credentials gets 401 @ protocol/src/introspect.rs
    async fn every_endpoint_for_clients_asks_for_the_proof(app: TestApp) {
        let rp = Rp::web();
        let token = rp.tokens(app).await.get("access_token").to_owned();
        for path in ["/revoke", "/introspect"] {
            let wrong = basic(rp.client_id, "wrong");
            for headers in [vec![], vec![("authorization", wrong.as_str())]] {
                let form = [("token", token.as_str())];
                assert_unknown_client(app, &app.machine().post_with(path, &headers, &form).await);
            }
        }
        assert!(Rp::is_active(app, &token).await);
    }
}
