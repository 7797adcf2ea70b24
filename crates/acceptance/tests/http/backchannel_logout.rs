//! Clients are told, server to server, that a session ended (OIDC Back-Channel Logout 1.0).

use std::{net::TcpListener, ops::Range, sync::Arc};

use serde_json::{Value, json};
use vestibule_acceptance::{
    Browser, ClientSite, PASSWORD, Rp, TestApp, Tokens,
    forge::{self, KeyPair},
    on_both_databases, outbound,
};
use vestibule_model::{
    ClientId, Clock, Timestamp, UserId,
    client::{SigningAlg, SubjectType},
    jose::{ContentEncryption, KeyManagementAlg, ResponseEncryption},
    logout::LogoutDelivery,
};
use vestibule_server::jobs;
use vestibule_storage::{browser_session, logout_delivery, session_client};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Lets a client listen at its site.
async fn listen(app: &TestApp, id: &'static str, site: &ClientSite) {
    let uri = site.url("/out");
    app.change_client(id, |client| client.metadata.backchannel_logout_uri = Some(uri)).await;
}

/// A site that takes logout tokens.
fn taking() -> ClientSite {
    let site = ClientSite::start();
    site.answer("/out", 200);
    site
}

async fn deliver(app: &TestApp) -> Option<Timestamp> {
    jobs::logout::deliver(&app.state).await.expect("a database that answers")
}

/// The logout tokens that came, oldest first.
fn tokens(site: &ClientSite) -> Vec<String> {
    let visits = site.visits("/out");
    assert!(visits.iter().all(|visit| visit.method == "POST"), "{visits:?}");
    visits.iter().map(|visit| visit.field("logout_token").expect("a logout token")).collect()
}

/// Header and claims of the one token that came, verified against the published keys.
async fn the_token(app: &TestApp, site: &ClientSite) -> (Value, Value) {
    let tokens = tokens(site);
    assert_eq!(tokens.len(), 1, "{tokens:?}");
    let jwks = app.machine().get("/jwks").await.json();
    forge::verified(&jwks, &tokens[0]).expect("a token that a published key signed")
}

/// Ana's browser, signed in to a client, and what the client got.
async fn signed_in(app: &TestApp, rp: &Rp) -> (Browser, Tokens) {
    let browser = app.browser();
    let tokens = also(app, &browser, rp).await;
    (browser, tokens)
}

/// The same browser goes to one more client.
async fn also(app: &TestApp, browser: &Browser, rp: &Rp) -> Tokens {
    let answer = rp.walk(browser, &rp.authorize()).await;
    rp.tokens_of(app, &answer).await
}

/// Ana signs out with our own page.
async fn sign_out(browser: &Browser) {
    let page = browser.get("/logout").await;
    let left = browser.submit(&page, "/logout", &[("decision", "allow")]).await;
    assert_eq!(left.status, 303, "{left:#?}");
}

async fn rows(app: &TestApp, client: &'static str) -> Vec<LogoutDelivery> {
    let all =
        move |conn: &mut _| Ok(logout_delivery::list_of_client(conn, &ClientId::new(client), 99)?);
    app.rows(all).await
}

/// Clients that listen at `uri`.
async fn neighbours(app: &TestApp, numbers: Range<u8>, uri: &str) -> Vec<ClientId> {
    let mut ids = Vec::new();
    for number in numbers {
        let name = format!("neighbour-{number}");
        let mut client = app.client(&name, Rp::web().redirect_uri, "");
        client.metadata.backchannel_logout_uri = Some(uri.to_owned());
        app.add_client(client).await;
        ids.push(ClientId::new(name));
    }
    ids
}

/// Every session of Ana's that there is goes to these clients too.
async fn used(app: &TestApp, clients: &[ClientId]) {
    let (now, user, clients) = (app.clock.now(), UserId::new("user-ana"), clients.to_vec());
    app.rows(move |conn| {
        for session in browser_session::list_of_user(conn, &user)? {
            for client in &clients {
                session_client::note(conn, &session.id, client, user.as_str(), now)?;
            }
        }
        Ok(())
    })
    .await;
}

/// How many of the clients' tokens somebody is sending.
async fn claimed(app: &TestApp, clients: &[ClientId]) -> usize {
    let clients = clients.to_vec();
    app.rows(move |conn| {
        let mut claimed = 0;
        for client in &clients {
            let rows = logout_delivery::list_of_client(conn, client, 99)?;
            claimed += rows.iter().filter(|row| row.leased_until.is_some()).count();
        }
        Ok(claimed)
    })
    .await
}

on_both_databases! {
    /// Many apps may share a host: none of them waits for a second round.
    async fn many_clients_of_one_host_are_told_at_once(app: TestApp) {
        let site = taking();
        let (browser, _) = signed_in(app, &Rp::web()).await;
        used(app, &neighbours(app, 0..20, &site.url("/out")).await).await;
        sign_out(&browser).await;
        assert_eq!(deliver(app).await, None, "nothing is left for later");
        assert_eq!(tokens(&site).len(), 20);
    }

    /// §2.4, §2.5: a fresh token, signed as the client's ID tokens are, that names issuer, client,
    /// person and session, and can be taken for nothing else.
    // spec: OIDC Back-Channel Logout 2.4 MUST: a logout token is signed, with the keys of ID tokens @ protocol/src/logout_token.rs
    // spec: OIDC Back-Channel Logout 2.4 MUST: a logout token has iss, aud, iat, exp, jti and events, and sub or sid @ protocol/src/logout_token.rs
    // spec: OIDC Back-Channel Logout 2.4 MUST: the value of the event is a JSON object @ protocol/src/logout_token.rs
    // spec: OIDC Back-Channel Logout 2.4 SHOULD: the value of the event is the empty object @ protocol/src/logout_token.rs
    // spec: OIDC Back-Channel Logout 2.4 MUST NOT: a logout token has a nonce @ protocol/src/logout_token.rs
    // spec: OIDC Back-Channel Logout 2.5 MUST: the token is posted as the form field logout_token @ server/src/jobs/logout.rs
    // spec: OIDC Back-Channel Logout 2.1 SHOULD: a sid in the ID token is the one of the logout token @ protocol/src/logout_token.rs
    async fn a_client_gets_a_token_that_says_what_ended(app: TestApp) {
        let site = taking();
        listen(app, "web-app", &site).await;
        let (browser, got) = signed_in(app, &Rp::web()).await;
        app.clock.advance(100);
        sign_out(&browser).await;
        app.clock.advance(20);
        assert_eq!(deliver(app).await, None);
        let (header, claims) = the_token(app, &site).await;
        assert_eq!((&header["alg"], &header["typ"]), (&json!("RS256"), &json!("logout+jwt")));
        let now = app.clock.now().0;
        let id_token = got.claims("id_token");
        let jti = claims["jti"].as_str().expect("a jti").to_owned();
        assert_eq!(claims, json!({
            "iss": app.issuer, "aud": "web-app", "sub": id_token["sub"], "sid": id_token["sid"],
            "iat": now, "exp": now + 120, "jti": jti, "events": { EVENT: {} },
        }));
        assert!(rows(app, "web-app").await[0].sent_at.is_some());
        assert_eq!((deliver(app).await, site.hits("/out")), (None, 1), "told once");
    }

    /// §2.3: every client of the session, the one that asked included, and no other.
    // spec: OIDC Back-Channel Logout 2.3 MUST: the provider remembers which clients were signed in to from a session @ storage/src/session_client.rs
    // spec: OIDC RP-Initiated Logout 2 MUST: signing out tells every client of the session by the mechanism it registered @ storage/src/browser_session.rs
    async fn every_client_of_the_session_hears_of_it_and_nobody_else(app: TestApp) {
        let (web, spa) = (taking(), taking());
        listen(app, "web-app", &web).await;
        listen(app, "spa", &spa).await;
        let (browser, got) = signed_in(app, &Rp::web()).await;
        let (other, _) = signed_in(app, &Rp::spa()).await;
        let hint = got.get("id_token");
        browser.get(&format!("/end_session?id_token_hint={hint}")).await;
        deliver(app).await;
        assert_eq!((web.hits("/out"), spa.hits("/out")), (1, 0), "of this session only");
        also(app, &other, &Rp::web()).await;
        sign_out(&other).await;
        deliver(app).await;
        assert_eq!((web.hits("/out"), spa.hits("/out")), (2, 1));
        let sids: Vec<Value> =
            tokens(&web).iter().map(|token| forge::peek(token).1["sid"].clone()).collect();
        assert_ne!(sids[0], sids[1]);
    }

    /// §2.4: as its ID tokens: by its algorithm, under its `sub`, encrypted for it.
    // spec: OIDC Back-Channel Logout 2.4 MAY: a logout token is encrypted, as ID tokens for the client are @ protocol/src/logout_token.rs
    async fn the_token_is_made_as_the_clients_id_tokens_are(app: TestApp) {
        let site = taking();
        listen(app, "web-app", &site).await;
        app.change_client("web-app", |client| {
            client.metadata.id_token_signed_response_alg = SigningAlg::ES256;
            client.metadata.subject_type = SubjectType::Pairwise;
        }).await;
        let (browser, got) = signed_in(app, &Rp::web()).await;
        sign_out(&browser).await;
        deliver(app).await;
        let (header, claims) = the_token(app, &site).await;
        assert_eq!(header["alg"], "ES256");
        assert_eq!(claims["sub"], got.claims("id_token")["sub"]);
        assert_ne!(claims["sub"], "user-ana");
        assert_eq!(claims["sid"], got.claims("id_token")["sid"]);

        let (browser, _) = signed_in(app, &Rp::web()).await;
        let keys = KeyPair::generate("ES256", "enc");
        let mut key = keys.public();
        key.as_object_mut().expect("a JWK").retain(|name, _| name != "alg" && name != "use");
        app.change_client("web-app", move |client| {
            client.metadata.jwks = Some(json!({ "keys": [key] }));
            client.metadata.id_token_encryption = Some(ResponseEncryption {
                alg: KeyManagementAlg::EcdhEs, enc: ContentEncryption::A128Gcm,
            });
        }).await;
        sign_out(&browser).await;
        deliver(app).await;
        assert_eq!(tokens(&site)[1].split('.').count(), 5, "a JWE");
    }

    /// An unsigned logout token would let anybody sign people out.
    async fn a_client_of_unsigned_id_tokens_gets_a_signed_one(app: TestApp) {
        let site = taking();
        listen(app, "web-app", &site).await;
        let (browser, _) = signed_in(app, &Rp::web()).await;
        app.change_client("web-app", |client| client.metadata.id_token_unsigned = true).await;
        sign_out(&browser).await;
        deliver(app).await;
        assert_eq!(the_token(app, &site).await.0["alg"], "RS256");
    }

    /// §2.8: whatever is no answer is asked again, each time with a new token, for a day; 400 is a
    /// last word, 200 and 204 are yes.
    // spec: OIDC Back-Channel Logout 2.8 MUST: 200 is taken for success, and 204 too @ server/src/jobs/logout.rs
    // spec: OIDC Back-Channel Logout 4 SHOULD: a logout token is good for at most two minutes @ protocol/src/logout_token.rs
    async fn a_client_is_asked_again_until_it_answers(app: TestApp) {
        let site = ClientSite::start();
        listen(app, "web-app", &site).await;
        let (browser, _) = signed_in(app, &Rp::web()).await;
        sign_out(&browser).await;
        let mut seen = 0;
        for status in [500, 302, 404, 501, 204] {
            site.answer("/out", status);
            let due = deliver(app).await;
            seen += 1;
            assert_eq!(site.hits("/out"), seen, "{status}");
            let Some(due) = due else {
                assert_eq!(status, 204);
                break;
            };
            let pause = due.since(app.clock.now());
            assert!((20..600).contains(&pause), "{pause}");
            app.clock.advance(pause - 1);
            deliver(app).await;
            assert_eq!(site.hits("/out"), seen, "not yet");
            app.clock.advance(1);
        }
        assert_eq!(site.hits("/elsewhere"), 0, "no redirect is followed");
        let all = tokens(&site);
        let ids: std::collections::BTreeSet<String> =
            all.iter().map(|token| forge::peek(token).1["jti"].to_string()).collect();
        assert_eq!(ids.len(), 5, "each try has a token of its own");
        let (first, last) = (forge::peek(&all[0]).1, forge::peek(&all[4]).1);
        assert_eq!(last["iat"], app.clock.now().0);
        assert_eq!(first["sid"], last["sid"]);
        let row = rows(app, "web-app").await.remove(0);
        assert_eq!((row.attempts, row.sent_at), (5, Some(app.clock.now())));
        assert!(app.audit("logout.given_up").await.is_empty());
    }

    async fn a_refusal_is_final_and_noted(app: TestApp) {
        let site = ClientSite::start();
        site.answer("/out", 400);
        listen(app, "web-app", &site).await;
        let (browser, _) = signed_in(app, &Rp::web()).await;
        sign_out(&browser).await;
        assert_eq!(deliver(app).await, None);
        app.clock.advance(90_000);
        deliver(app).await;
        assert_eq!(site.hits("/out"), 1);
        let line = app.audit("logout.refused").await.remove(0);
        assert_eq!(line.client_id.as_ref().map(ClientId::as_str), Some("web-app"));
    }

    async fn after_a_day_it_is_given_up(app: TestApp) {
        let site = ClientSite::start();
        listen(app, "web-app", &site).await;
        let (browser, _) = signed_in(app, &Rp::web()).await;
        sign_out(&browser).await;
        let ended = app.clock.now();
        while let Some(due) = deliver(app).await {
            app.clock.advance(due.since(app.clock.now()).max(1));
        }
        let age = app.clock.now().since(ended);
        assert!((80_000..=86_400).contains(&age), "{age}");
        let line = app.audit("logout.given_up").await.remove(0);
        assert!(line.detail.ends_with("it answered with status 404"), "{}", line.detail);
        let token = &tokens(&site)[0];
        assert!(!line.detail.contains(token) && !line.detail.contains("user-ana"));
    }

    /// A client that is down delays nobody: it is asked once, though many sessions of it ended.
    async fn a_dead_client_is_asked_once_and_the_others_hear_of_it(app: TestApp) {
        let (dead, alive) = (taking(), taking());
        listen(app, "spa", &dead).await;
        listen(app, "web-app", &alive).await;
        for _ in 0..4 {
            let (browser, _) = signed_in(app, &Rp::spa()).await;
            also(app, &browser, &Rp::web()).await;
            sign_out(&browser).await;
        }
        let address = dead.url("/out");
        drop(dead);
        assert!(outbound(true).post_form(&address, &[]).await.is_err(), "nobody is there");
        let due = deliver(app).await.expect("a next try");
        assert!(due > app.clock.now());
        assert_eq!(alive.hits("/out"), 4);
        let rows = rows(app, "spa").await;
        assert_eq!(rows.len(), 4);
        assert!(rows.iter().all(|row| row.sent_at.is_none() && row.next_attempt_at.is_some()));
    }

    /// Two instances share the queue: nobody is told twice.
    async fn another_instance_does_not_tell_again(app: TestApp) {
        let (site, second) = (taking(), app.second());
        listen(app, "web-app", &site).await;
        for _ in 0..3 {
            let (browser, _) = signed_in(app, &Rp::web()).await;
            sign_out(&browser).await;
        }
        let (one, other) =
            tokio::join!(jobs::logout::deliver(&app.state), jobs::logout::deliver(&second.state));
        assert!(one.is_ok() && other.is_ok());
        assert_eq!(site.hits("/out"), 3);
    }

    /// An instance that waits for clients leaves those to others that it cannot tell meanwhile.
    async fn an_instance_claims_no_more_than_it_can_tell_at_once(app: TestApp) {
        let (site, second) = (taking(), app.second());
        // Takes connections, by the system's queue, and never answers.
        let hangs = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = hangs.local_addr().expect("an address");
        let (browser, _) = signed_in(app, &Rp::web()).await;
        let silent = neighbours(app, 0..16, &format!("http://{address}/out")).await;
        used(app, &silent).await;
        sign_out(&browser).await;
        // Due later, so that the others are claimed first.
        app.clock.advance(1);
        let (browser, _) = signed_in(app, &Rp::web()).await;
        used(app, &neighbours(app, 16..40, &site.url("/out")).await).await;
        sign_out(&browser).await;
        let others_are_told = async {
            while claimed(app, &silent).await < silent.len() {}
            jobs::logout::deliver(&second.state).await.expect("a database that answers");
            assert_eq!(site.hits("/out"), 24);
        };
        tokio::select! {
            () = jobs::logout::run(app.state.clone(), Arc::default()) => {}
            () = others_are_told => {}
        }
    }

    async fn who_no_longer_listens_is_left_in_peace(app: TestApp) {
        let site = taking();
        listen(app, "web-app", &site).await;
        let (browser, _) = signed_in(app, &Rp::web()).await;
        sign_out(&browser).await;
        app.change_client("web-app", |client| client.metadata.backchannel_logout_uri = None).await;
        assert_eq!(deliver(app).await, None);
        assert_eq!(site.hits("/out"), 0);
    }

    /// §2.7: what was issued from the session is dead at once, at every instance; what was granted
    /// `offline_access` lives, without the session's name.
    // spec: OIDC Back-Channel Logout 2.7 MUST: refresh tokens without offline_access end with the session @ storage/src/grant.rs
    // spec: OIDC Back-Channel Logout 2.7 SHOULD NOT: refresh tokens with offline_access end with the session @ storage/src/grant.rs
    async fn tokens_of_the_session_are_refused_at_once_everywhere(app: TestApp) {
        let second = app.second();
        let online = Rp { scope: "openid profile", ..Rp::web() };
        let (browser, lasting) = signed_in(app, &Rp::web()).await;
        let passing = also(app, &browser, &online).await;
        let elsewhere = app.machine();
        elsewhere.via(&second);
        let opened = |token: String| {
            let elsewhere = &elsewhere;
            async move {
                let bearer = format!("Bearer {token}");
                let headers = [("authorization", bearer.as_str())];
                elsewhere.send(reqwest::Method::GET, "/userinfo", &headers, None).await.status
            }
        };
        for tokens in [&lasting, &passing] {
            let token = tokens.get("access_token");
            assert_eq!(opened(token.to_owned()).await, 200);
            assert!(Rp::is_active(app, token).await);
        }
        sign_out(&browser).await;
        for tokens in [&lasting, &passing] {
            let token = tokens.get("access_token");
            assert_eq!(opened(token.to_owned()).await, 401);
            assert!(!Rp::is_active(app, token).await);
        }
        assert_eq!(online.refresh(app, passing.get("refresh_token")).await.status, 400);
        let page = Rp::web().refresh(app, lasting.get("refresh_token")).await;
        assert_eq!(page.status, 200, "{page:#?}");
        let renewed = Tokens(page.json());
        assert_eq!(renewed.claims("access_token").get("sid"), None);
        assert_eq!(opened(renewed.get("access_token").to_owned()).await, 200);
        assert!(Rp::is_active(app, renewed.get("access_token")).await);
    }

    /// However a session is ended by intent, clients hear of it.
    async fn every_way_to_end_a_session_tells_clients(app: TestApp) {
        let site = taking();
        listen(app, "web-app", &site).await;
        let mut told = 0;
        let mut hears = |why: &'static str, hits: usize| {
            told += 1;
            assert_eq!(hits, told, "{why}");
        };
        // Ended from another browser of the same person, one and all.
        let (browser, _) = signed_in(app, &Rp::web()).await;
        let (far, got) = signed_in(app, &Rp::web()).await;
        let sid = got.claims("id_token")["sid"].as_str().expect("a sid").to_owned();
        let page = browser.get("/account/sessions").await;
        browser.submit(&page, "/account/sessions", &[("session", &sid)]).await;
        deliver(app).await;
        hears("one session", site.hits("/out"));
        assert_eq!(far.who().await, None);
        let (_far, _) = signed_in(app, &Rp::web()).await;
        let page = browser.get("/account/sessions").await;
        browser.submit(&page, "/account/sessions", &[("decision", "others")]).await;
        deliver(app).await;
        hears("all the others", site.hits("/out"));
        // A new password ends the other sessions.
        let (_far, _) = signed_in(app, &Rp::web()).await;
        let page = browser.get("/account/password").await;
        let new = "another horse, another battery";
let fields = [("password", PASSWORD), ("new_password", new)];
        browser.submit(&page, "/account/password", &fields).await;
        deliver(app).await;
        hears("a new password", site.hits("/out"));
    }
}
