//! Clients look after their registration (RFC 7592, OIDC Registration §4).

use reqwest::Method;
use serde_json::{Value, json};
use vestibule_acceptance::{Page, Rp, TestApp, on_both_databases};

use crate::registration::{open, refused, registered, rp_of, send, stored, with};

fn text<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name].as_str().unwrap_or_else(|| panic!("no {name}: {answer}"))
}

/// A request about a client, as its last answer says how.
async fn about(app: &TestApp, method: Method, answer: &Value, body: Option<&Value>) -> Page {
    let token = Some(text(answer, "registration_access_token"));
    send(app, method, text(answer, "registration_client_uri"), token, body).await
}

/// What an update sends: all that the answer said, without what is the server's.
fn update_of(answer: &Value, more: &Value) -> Value {
    let mut body = answer.clone();
    let members = body.as_object_mut().unwrap();
    for name in [
        "registration_access_token",
        "registration_client_uri",
        "client_secret_expires_at",
        "client_id_issued_at",
    ] {
        members.remove(name);
    }
    for (name, value) in more.as_object().unwrap() {
        members.insert(name.clone(), value.clone());
    }
    body
}

fn unauthorized(page: &Page, error: &str) {
    assert_eq!(page.status, 401, "{page:#?}");
    assert_eq!(page.json()["error"], "invalid_token");
    let challenge = page.header("www-authenticate");
    assert!(challenge.starts_with("Bearer realm=\""), "{challenge}");
    assert_eq!(challenge.contains("error=\"invalid_token\""), !error.is_empty(), "{challenge}");
    assert_eq!(page.header("cache-control"), "no-store");
}

on_both_databases! {
    started by open;

    // spec: RFC 7592 2.1 MUST: the answer to a read has status 200 and all that is registered @ protocol/src/register/manage.rs
    // spec: RFC 7592 3 MUST: registration_client_uri and registration_access_token are in the answer @ protocol/src/register/mod.rs
    // spec: OIDC Registration 4.3 MUST: a read answers what is registered now @ protocol/src/register/manage.rs
    async fn a_client_reads_what_is_registered(app: TestApp) {
        let answer = registered(app, &with(&json!({"client_name": "App"}))).await;
        let page = about(app, Method::GET, &answer, None).await;
        assert_eq!(page.status, 200, "{page:#?}");
        assert_eq!(page.header("cache-control"), "no-store");
        let mut expected = answer.clone();
        // Nobody here knows the secret any more.
        for name in ["client_secret", "client_secret_expires_at"] {
            expected.as_object_mut().unwrap().remove(name);
        }
        assert_eq!(page.json(), expected);
    }

    // spec: RFC 7592 2.1 MUST: a client that does not exist is answered with 401, not 404 @ protocol/src/register/manage.rs
    // spec: RFC 7592 3 MUST: management needs the client's own registration access token @ protocol/src/register/manage.rs
    // spec: OIDC Registration 4.4 MUST: a read without a good token is refused with 401 @ protocol/src/register/manage.rs
    // spec: RFC 6750 3 MUST: a refusal for want of a token has WWW-Authenticate @ protocol/src/register/mod.rs
    async fn only_the_clients_own_token_opens_it(app: TestApp) {
        let (one, other) = (
            registered(app, &with(&json!({}))).await, registered(app, &with(&json!({}))).await,
        );
        let (address, token) =
            (text(&one, "registration_client_uri"), text(&one, "registration_access_token"));
        let body = update_of(&one, &json!({}));
        let elsewhere = format!("{}/connect/register/nobody", app.issuer);
        let handmade = format!("{}/connect/register/web-app", app.issuer);
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let body = (method == Method::PUT).then_some(&body);
            let ask = |address: &str, token: Option<&str>| {
                let (address, token) = (address.to_owned(), token.map(str::to_owned));
                let method = method.clone();
                async move { send(app, method, &address, token.as_deref(), body).await }
            };
            unauthorized(&ask(address, None).await, "");
            for wrong in [
                "wrong", text(&one, "client_secret"), text(&other, "registration_access_token"),
            ] {
                unauthorized(&ask(address, Some(wrong)).await, "invalid_token");
            }
            unauthorized(&ask(&elsewhere, Some(token)).await, "invalid_token");
            unauthorized(&ask(&handmade, Some(token)).await, "invalid_token");
        }
        // Nor in the query (RFC 9700 §4.3.2).
        let query = format!("{address}?access_token={token}");
        unauthorized(&send(app, Method::GET, &query, None, None).await, "");
        assert!(stored(app, text(&one, "client_id")).await.is_some());
        // A client that was closed by hand has no say either.
        let id = vestibule_model::ClientId::new(text(&one, "client_id"));
        app.rows(move |conn| {
            let mut client = vestibule_storage::client::find(conn, &id)?.unwrap();
            client.disabled_at = Some(client.created_at);
            Ok(vestibule_storage::client::update(conn, &client)?)
        })
        .await;
        unauthorized(&send(app, Method::GET, address, Some(token), None).await, "invalid_token");
    }

    // spec: RFC 7592 2.2 MUST: what an update says replaces what was registered, and omitted fields are deleted @ protocol/src/register/manage.rs
    // spec: RFC 7592 2.2 MUST: fields that the server set itself are in the answer @ protocol/src/register/manage.rs
    // spec: RFC 7592 3 MAY: an update gives a new registration access token @ protocol/src/register/manage.rs
    // spec: RFC 7592 5 SHOULD: a registration access token that was replaced is worth nothing @ protocol/src/register/manage.rs
    async fn an_update_replaces_everything(app: TestApp) {
        let answer = registered(app, &with(&json!({
            "client_name": "App", "client_name#de": "Anwendung", "default_max_age": 60,
            "contacts": ["ana@new.example"],
        }))).await;
        let before = stored(app, text(&answer, "client_id")).await.unwrap();
        app.clock.advance(10);
        let body = json!({
            "client_id": answer["client_id"], "client_secret": answer["client_secret"],
            "redirect_uris": ["https://new.example/other"], "client_name": "Other",
        });
        let page = about(app, Method::PUT, &answer, Some(&body)).await;
        assert_eq!(page.status, 200, "{page:#?}");
        let updated = page.json();
        assert_eq!(updated["client_name"], "Other");
        assert_eq!(updated["redirect_uris"], json!(["https://new.example/other"]));
        assert_eq!(updated["grant_types"], json!(["authorization_code"]));
        for gone in ["client_name#de", "default_max_age", "contacts", "client_secret"] {
            assert!(updated.get(gone).is_none(), "{gone}: {updated}");
        }
        assert_eq!(updated["client_id_issued_at"], answer["client_id_issued_at"]);
        assert_ne!(updated["registration_access_token"], answer["registration_access_token"]);
        unauthorized(&about(app, Method::GET, &answer, None).await, "invalid_token");
        let read = about(app, Method::GET, &updated, None).await;
        assert_eq!(read.json(), updated);
        let after = stored(app, text(&answer, "client_id")).await.unwrap();
        assert_eq!(after.secret_hash, before.secret_hash, "the secret stays");
        assert_eq!(after.updated_at, before.updated_at.plus(10));
        let (was, is) = (before.registration.unwrap(), after.registration.unwrap());
        assert_eq!(is.unused_until, was.unused_until, "an update is no use");
        assert_eq!(app.audit("client.updated").await.len(), 1);
    }

    // spec: RFC 7592 2.2 MUST: an update names the client's own client_id @ protocol/src/register/manage.rs
    // spec: RFC 7592 2.2 MUST: a client_secret in an update is the client's current one @ protocol/src/register/manage.rs
    // spec: RFC 7592 2.2 MUST NOT: a client chooses its own secret @ protocol/src/register/manage.rs
    // spec: RFC 7592 2.2 MUST NOT: an update has what only the server says @ protocol/src/register/manage.rs
    async fn an_update_that_is_not_the_clients_own_changes_nothing(app: TestApp) {
        let answer = registered(app, &with(&json!({}))).await;
        let before = stored(app, text(&answer, "client_id")).await.unwrap();
        for (more, field) in [
            (json!({"client_id": "web-app"}), "client_id"),
            (json!({"client_id": null}), "client_id"),
            (json!({"client_secret": "chosen-by-me-0123456789abcdef0123456789"}), "client_secret"),
            (json!({"client_secret": ["x"]}), "client_secret"),
            (json!({"registration_access_token": "x"}), "registration_access_token"),
            (json!({"registration_client_uri": "https://x.example"}), "registration_client_uri"),
            (json!({"client_secret_expires_at": 0}), "client_secret_expires_at"),
            (json!({"client_id_issued_at": 1}), "client_id_issued_at"),
            (json!({"scope": "openid admin"}), "scope"),
            (json!({"grant_types": ["client_credentials"]}), "grant_types"),
        ] {
            let body = update_of(&answer, &more);
            let page = about(app, Method::PUT, &answer, Some(&body)).await;
            let told = refused(&page, "invalid_client_metadata");
            assert!(told.starts_with(&format!("{field}: ")), "{more}: {told}");
        }
        let body = update_of(&answer, &json!({"redirect_uris": ["https://x.example/#"]}));
        refused(&about(app, Method::PUT, &answer, Some(&body)).await, "invalid_redirect_uri");
        let after = stored(app, text(&answer, "client_id")).await.unwrap();
        assert_eq!((after.metadata, after.registration), (before.metadata, before.registration));
        assert_eq!(about(app, Method::GET, &answer, None).await.status, 200, "the token stays");
    }

    /// What whoever runs the server decided about a client is not the client's to undo.
    async fn an_update_keeps_what_administrators_decided(app: TestApp) {
        let answer = registered(app, &with(&json!({}))).await;
        let id = vestibule_model::ClientId::new(text(&answer, "client_id"));
        app.rows(move |conn| {
            let mut client = vestibule_storage::client::find(conn, &id)?.unwrap();
            client.metadata.required_acr = Some("phr".to_owned());
            Ok(vestibule_storage::client::update(conn, &client)?)
        })
        .await;
        let more = json!({"required_acr": null, "first_party": true, "optional_scope": "openid"});
        let body = update_of(&answer, &more);
        assert_eq!(about(app, Method::PUT, &answer, Some(&body)).await.status, 200);
        let after = stored(app, text(&answer, "client_id")).await.unwrap();
        assert_eq!(after.metadata.required_acr.as_deref(), Some("phr"));
        assert!(!after.metadata.first_party && after.metadata.optional_scope.is_empty());
    }

    // spec: RFC 7592 2.2 MAY: an update gives a new client secret where one is needed @ protocol/src/register/manage.rs
    async fn a_secret_follows_what_the_client_registers(app: TestApp) {
        let answer = registered(app, &with(&json!({"token_endpoint_auth_method": "none"}))).await;
        assert!(answer.get("client_secret").is_none());
        let change = |answer: Value, more: Value| async move {
            let body = update_of(&answer, &more);
            let page = about(app, Method::PUT, &answer, Some(&body)).await;
            assert_eq!(page.status, 200, "{page:#?}");
            let client = stored(app, text(&answer, "client_id")).await.unwrap();
            (page.json(), client.secret_hash.is_some(), client.sealed_secret.is_some())
        };
        let method = |name: &str| json!({"token_endpoint_auth_method": name});
        let (answer, hash, sealed) = change(answer, method("client_secret_basic")).await;
        let secret = text(&answer, "client_secret").to_owned();
        assert!(hash && !sealed && answer["client_secret_expires_at"] == 0);
        // Presented, it can be kept where it is needed itself.
        let (answer, hash, sealed) = change(answer, method("client_secret_jwt")).await;
        assert!(hash && sealed && answer.get("client_secret").is_none(), "{answer}");
        // Not presented, it was sealed already.
        let (answer, _, sealed) =
            change(answer, json!({"request_object_signing_alg": "HS256"})).await;
        assert!(sealed && answer.get("client_secret").is_none());
        let more = json!({
            "token_endpoint_auth_method": "client_secret_post",
            "request_object_signing_alg": null, "client_secret": secret,
        });
        let (mut answer, hash, sealed) = change(answer, more).await;
        assert!(hash && !sealed, "a key that nothing needs any more is forgotten");
        // Needed, and known to nobody here.
        answer.as_object_mut().unwrap().remove("client_secret");
        let (answer, _, sealed) = change(answer, method("client_secret_jwt")).await;
        assert!(sealed);
        assert_ne!(text(&answer, "client_secret"), secret);
        let (answer, hash, sealed) = change(answer, method("none")).await;
        assert!(!hash && !sealed && answer.get("client_secret").is_none());
    }

    // spec: RFC 7592 2.3 MUST: a deletion is answered with 204 @ protocol/src/register/manage.rs
    // spec: RFC 7592 2.3 SHOULD: a deletion ends the client's grants and tokens @ storage/src/client.rs
    // spec: RFC 7592 2.3 MUST: after a deletion the token opens nothing, and is answered with 401 @ protocol/src/register/manage.rs
    async fn a_deletion_ends_everything(app: TestApp) {
        let more = json!({"grant_types": ["authorization_code", "refresh_token"]});
        let answer = registered(app, &with(&more)).await;
        let rp = Rp { scope: "openid offline_access", ..rp_of(&answer) };
        let tokens = rp.tokens(app).await;
        assert!(Rp::is_active(app, tokens.get("access_token")).await);
        let page = about(app, Method::DELETE, &answer, None).await;
        assert_eq!((page.status, page.body.as_str()), (204, ""), "{page:#?}");
        assert_eq!(page.header("cache-control"), "no-store");
        assert!(stored(app, rp.client_id).await.is_none());
        assert!(!Rp::is_active(app, tokens.get("access_token")).await);
        let bearer = format!("Bearer {}", tokens.get("access_token"));
        let userinfo = app.machine()
            .send(Method::GET, "/userinfo", &[("authorization", &bearer)], None).await;
        assert_eq!(userinfo.status, 401);
        let refresh = rp.refresh(app, tokens.get("refresh_token")).await;
        assert_eq!((refresh.status, refresh.json()["error"].clone()), (401, json!("invalid_client")));
        for method in [Method::GET, Method::DELETE] {
            unauthorized(&about(app, method, &answer, None).await, "invalid_token");
        }
        assert_eq!(app.audit("client.deleted").await.len(), 1);
    }

    /// Of two updates with one token, one wins.
    async fn two_updates_at_once_leave_one_owner(app: TestApp) {
        let answer = registered(app, &with(&json!({}))).await;
        let body = update_of(&answer, &json!({}));
        let ask = || about(app, Method::PUT, &answer, Some(&body));
        let pages = futures_util::future::join_all([ask(), ask(), ask(), ask()]).await;
        let won: Vec<_> = pages.iter().filter(|page| page.status == 200).collect();
        assert_eq!(won.len(), 1, "{pages:#?}");
        assert!(pages.iter().all(|page| matches!(page.status, 200 | 401)), "{pages:#?}");
        assert_eq!(about(app, Method::GET, &won[0].json(), None).await.status, 200);
    }
}
