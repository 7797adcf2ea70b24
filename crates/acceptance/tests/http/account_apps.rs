//! The apps that may use the account, and the end of that (RFC 7009 §2.1, OIDC Core §16.18).

use reqwest::Method;
use vestibule_acceptance::{Rp, TestApp, Tokens, on_both_databases};
use vestibule_model::{
    UserId,
    client::AccessTokenFormat,
    grant::{ConsentDecision, ConsentRecord},
};

use crate::account_gate::{done, send, signed_in};

const PATH: &str = "/account/apps";

async fn records(app: &TestApp) -> Vec<ConsentRecord> {
    app.rows(|conn| {
        Ok(vestibule_storage::consent::records_of_user(conn, &UserId::new("user-ana"), 99)?)
    })
    .await
}

async fn userinfo(app: &TestApp, tokens: &Tokens) -> u16 {
    let bearer = format!("Bearer {}", tokens.get("access_token"));
    let headers = [("authorization", bearer.as_str())];
    app.machine().send(Method::GET, "/userinfo", &headers, None).await.status
}

on_both_databases! {
    async fn each_is_shown_with_what_it_may(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        assert!(signed_in(app, "ana").await.get(PATH).await.body.contains("No app uses your account."));
        let claims = [("claims", Some(r#"{"id_token":{"birthdate":null}}"#))];
        let answer = rp.walk(&browser, &rp.authorize_with(&claims)).await;
        let tokens = rp.tokens_of(app, &answer).await;
        app.clock.advance(3_600);
        assert_eq!(rp.refresh(app, tokens.get("refresh_token")).await.status, 200);
        let page = browser.get(PATH).await;
        for part in ["<bdi>The web-app</bdi>", "<bdi>app.example</bdi>", "See your mail address",
            "Stay connected while you’re away", "Your date of birth", "ana@people.example",
            "Since 1 January 2026", "2026-01-01T01:00:00Z", "You allowed"] {
            assert!(page.body.contains(part), "{part}: {page:#?}");
        }
        let ben = signed_in(app, "ben").await.get(PATH).await;
        assert!(!ben.body.contains("web-app"), "{ben:#?}");
    }

    // spec: OIDC Core 4 MAY: a sign-in at a client begins at us @ interaction/src/account/apps.rs
    async fn an_app_that_says_where_it_begins_can_be_opened(app: TestApp) {
        app.change_client("web-app", |client| {
            client.metadata.initiate_login_uri = Some("https://app.example/login".to_owned());
            client.metadata.localized =
                [("client_name#de".to_owned(), "Das Netz-Programm".to_owned())].into();
        }).await;
        let (rp, spa) = (Rp::web(), Rp::spa());
        let browser = app.browser();
        rp.walk(&browser, &rp.authorize()).await;
        spa.walk(&browser, &spa.authorize()).await;
        let page = browser.get(PATH).await;
        let opens: Vec<_> = page.links().into_iter().filter(|to| to.contains("start")).collect();
        assert_eq!(opens, ["/start/web-app"], "{page:#?}");
        assert!(page.body.contains("Open <bdi>The web-app</bdi>"), "{page:#?}");
        assert_eq!(browser.get("/start/web-app").await.location().host_str(), Some("app.example"));
        let german = browser.send(Method::GET, PATH, &[("accept-language", "de-AT")], None).await;
        assert!(german.body.contains("<bdi>Das Netz-Programm</bdi> öffnen"), "{german:#?}");
        // A row that is hostile offers nothing.
        app.change_client("web-app", |client| {
            client.metadata.initiate_login_uri = Some("javascript:alert(1)".to_owned());
            client.metadata.client_name = Some("A\u{202e}<b>B\u{2066}".to_owned());
        }).await;
        let page = browser.get(PATH).await;
        assert!(page.links().iter().all(|to| !to.contains("start")), "{page:#?}");
        assert!(page.body.contains("A&#60;b&#62;B"), "{page:#?}");
    }

    /// Refresh tokens die; access tokens, of either form, are refused wherever we are asked.
    async fn withdrawing_ends_all_access(app: TestApp) {
        for format in [AccessTokenFormat::Jwt, AccessTokenFormat::Opaque] {
            app.change_client("web-app", move |client| {
                client.metadata.access_token_format = format;
            }).await;
            let (rp, spa) = (Rp::web(), Rp::spa());
            let browser = app.browser();
            let tokens = rp.tokens_of(app, &rp.walk(&browser, &rp.authorize()).await).await;
            let others = spa.tokens_of(app, &spa.walk(&browser, &spa.authorize()).await).await;
            assert_eq!(userinfo(app, &tokens).await, 200);
            let answer = send(&browser, PATH, &[("client", "web-app")]).await;
            let page = done(&browser, answer, "withdrawn").await;
            assert!(!page.body.contains("app.example</bdi>") || page.body.contains("The spa"));
            assert!(page.body.contains("You withdrew the access of"), "{page:#?}");
            assert_eq!(userinfo(app, &tokens).await, 401, "{format:?}");
            assert!(!Rp::is_active(app, tokens.get("access_token")).await, "{format:?}");
            let refused = rp.refresh(app, tokens.get("refresh_token")).await;
            assert_eq!(refused.json()["error"], "invalid_grant", "{refused:#?}");
            assert_eq!(userinfo(app, &others).await, 200, "the other app goes on");
            assert_eq!(browser.who().await, Some("ana"));
            // The next time the person is asked again.
            assert_eq!(browser.open(&rp.authorize()).await.url.path(), "/consent");
        }
        assert_eq!(app.audit("consent.withdrawn").await.len(), 2);
        let records = records(app).await;
        let withdrawn: Vec<_> =
            records.iter().filter(|r| r.decision == ConsentDecision::Withdrawn).collect();
        assert_eq!(withdrawn.len(), 2);
        assert_eq!(withdrawn[0].scope.to_string(), "email offline_access openid profile");
        assert_eq!(withdrawn[0].wording, vestibule_policy::consent::WORDING);
    }

    /// A code that was not redeemed yet is worth nothing either.
    async fn withdrawing_voids_a_code_on_its_way(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        let answer = rp.walk(&browser, &rp.authorize()).await;
        done(&browser, send(&browser, PATH, &[("client", "web-app")]).await, "withdrawn").await;
        let refused = rp.redeem(app, &Rp::code_of(&answer)).await;
        assert_eq!(refused.json()["error"], "invalid_grant", "{refused:#?}");
    }

    /// Apps of the operator's own ask nobody, and are listed all the same.
    async fn an_own_app_is_listed_without_a_consent(app: TestApp) {
        app.change_client("web-app", |client| client.metadata.first_party = true).await;
        let rp = Rp { scope: "openid profile", ..Rp::web() };
        let browser = app.browser();
        let tokens = rp.tokens_of(app, &rp.walk(&browser, &rp.authorize()).await).await;
        assert!(records(app).await.is_empty(), "nobody was asked");
        let page = browser.get(PATH).await;
        assert!(page.body.contains("run by Test ID"), "{page:#?}");
        done(&browser, send(&browser, PATH, &[("client", "web-app")]).await, "withdrawn").await;
        assert_eq!(userinfo(app, &tokens).await, 401);
        assert_eq!(records(app).await[0].decision, ConsentDecision::Withdrawn);
    }

    async fn nobody_withdraws_for_others(app: TestApp) {
        let tokens = Rp::web().tokens(app).await;
        let ben = signed_in(app, "ben").await;
        for client in ["web-app", "spa", "unknown", ""] {
            let answer = send(&ben, PATH, &[("client", client)]).await;
            assert_eq!((answer.status, answer.location().query()), (303, None), "{client}");
        }
        assert_eq!(userinfo(app, &tokens).await, 200);
        assert!(app.audit("consent.withdrawn").await.is_empty());
    }
}
