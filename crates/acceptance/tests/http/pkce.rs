//! Proof Key for Code Exchange, always and by `S256` only (RFC 7636; RFC 9700 §2.1.1, §4.8).

use vestibule_acceptance::{Page, Rp, TestApp, challenge_of, on_both_databases};
use vestibule_model::ErrorCode;

/// Redeems a fresh code with that `code_verifier`.
async fn redeem_with(app: &TestApp, rp: &Rp, verifier: Option<&str>) -> Page {
    let code = rp.code(app).await;
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", rp.redirect_uri),
    ];
    form.extend(verifier.map(|verifier| ("code_verifier", verifier)));
    rp.call(app, "/token", &form).await
}

fn assert_told(page: &Page, error: &str, code: ErrorCode) {
    assert_eq!((page.status, page.json()["error"].as_str()), (400, Some(error)), "{page:#?}");
    let uri = page.json()["error_uri"].as_str().unwrap_or_default().to_owned();
    assert!(uri.ends_with(code.id()), "{page:#?}");
    assert!(page.json().get("access_token").is_none(), "{page:#?}");
}

on_both_databases! {
    /// RFC 7636 §4.4.1, RFC 9700 §2.1.1: no client gets a code without a challenge, confidential
    /// ones included, so that there is nothing to downgrade to (§4.8.2).
    // spec: RFC 9700 2.1.1 MUST: under oauth2.1 every client uses PKCE @ policy/src/authorize/proof.rs
    // spec: RFC 7636 4.4.1 MUST: a method that is not supported is invalid_request @ policy/src/authorize/proof.rs
    // spec: RFC 7636 4.4.1 MUST: where PKCE is required, a request without code_challenge is invalid_request @ policy/src/authorize/proof.rs
    async fn no_code_without_an_s256_challenge(app: TestApp) {
        let rp = Rp::web();
        let right = challenge_of(rp.verifier);
        let (missing, method, malformed) = (
            ErrorCode::CodeChallengeMissing,
            ErrorCode::CodeChallengeMethodUnsupported,
            ErrorCode::CodeChallengeMalformed,
        );
        let padded = format!("{right}=");
        let plus = right.replacen('-', "+", 1);
        assert_ne!(plus, right, "the vector has a - to replace");
        let rows: &[(Option<&str>, Option<&str>, ErrorCode)] = &[
            (None, Some("S256"), missing),
            (None, None, missing),
            (Some(""), Some("S256"), missing),
            (Some(&right), None, method),
            (Some(&right), Some("plain"), method),
            (Some(rp.verifier), Some("plain"), method),
            (Some(&right), Some("s256"), method),
            (Some(&right), Some("S512"), method),
            (Some(&right[1..]), Some("S256"), malformed),
            (Some(&padded), Some("S256"), malformed),
            (Some(&plus), Some("S256"), malformed),
            (Some("13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3"),
                Some("S256"), malformed),
        ];
        // Somebody who would get a code at once, were the request right.
        let browser = app.browser();
        rp.walk(&browser, &rp.authorize()).await;
        for (challenge, chosen, code) in rows {
            let changes = [("code_challenge", *challenge), ("code_challenge_method", *chosen)];
            let told = rp.told(&browser, &rp.authorize_with(&changes)).await;
            let row = (challenge, chosen);
            assert_eq!(told, ("invalid_request".to_owned(), code.id().to_owned()), "{row:?}");
        }
        let spa = Rp::spa();
        let told = spa.told(&browser, &spa.authorize_with(&[("code_challenge", None)])).await;
        assert_eq!(told.1, missing.id());
    }

    /// RFC 7636 Appendix B: the specification's own pair.
    // spec: RFC 7636 4.2 MUST: the server takes S256 @ policy/src/pkce.rs
    async fn the_vector_of_rfc_7636_is_accepted(app: TestApp) {
        let rp = Rp::web();
        assert_eq!(challenge_of(rp.verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert_eq!(redeem_with(app, &rp, Some(rp.verifier)).await.status, 200);
    }

    /// RFC 7636 §4.5, §4.6: the code is worth nothing without the verifier of its own request, for
    /// a client with a secret too.
    // spec: RFC 7636 4.6 MUST: a verifier that does not fit is invalid_grant @ policy/src/pkce.rs
    async fn a_code_needs_the_verifier_of_its_request(app: TestApp) {
        let long = "a".repeat(129);
        let upper = Rp::web().verifier.to_ascii_uppercase();
        let challenge = challenge_of(Rp::web().verifier);
        let (grant, request) = ("invalid_grant", "invalid_request");
        let rows: &[(Option<&str>, &str, ErrorCode)] = &[
            (None, request, ErrorCode::VerifierMissing),
            (Some(""), request, ErrorCode::VerifierMissing),
            (Some("short"), request, ErrorCode::VerifierMalformed),
            (Some(&long), request, ErrorCode::VerifierMalformed),
            (Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjX!"), request,
                ErrorCode::VerifierMalformed),
            (Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl"), grant,
                ErrorCode::VerifierMismatch),
            (Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXkk"), grant,
                ErrorCode::VerifierMismatch),
            (Some(&upper), grant, ErrorCode::VerifierMismatch),
            (Some(&challenge), grant, ErrorCode::VerifierMismatch),
        ];
        for rp in [Rp::web(), Rp::spa()] {
            for (verifier, error, code) in rows {
                assert_told(&redeem_with(app, &rp, *verifier).await, error, *code);
            }
        }
    }

    /// RFC 9700 §4.5 (code injection): a stolen code does not go with the attacker's own verifier,
    /// though both are of the same client.
    // spec: RFC 9700 4.5 MUST: a code works only with the request that it was issued for @ policy/src/authorization_code.rs
    async fn a_stolen_code_does_not_fit_another_request(app: TestApp) {
        let victim = Rp::web();
        let attacker = Rp { verifier: "attacker-attacker-attacker-attacker-attacker", ..Rp::web() };
        let stolen = victim.code(app).await;
        let own = attacker.code(app).await;
        assert_told(&attacker.redeem(app, &stolen).await, "invalid_grant",
            ErrorCode::VerifierMismatch);
        assert_told(&victim.redeem(app, &own).await, "invalid_grant", ErrorCode::VerifierMismatch);
        assert_eq!(victim.redeem(app, &stolen).await.status, 200);
    }

    // spec: RFC 7636 4.1 MUST: a verifier has 43 to 128 characters, both ends included, of the unreserved ones @ policy/src/pkce.rs
    async fn the_shortest_and_the_longest_verifier_are_taken(app: TestApp) {
        let unreserved = "ABCXYZabcxyz0189-._~";
        let longest: String = unreserved.chars().cycle().take(128).collect();
        let shortest: String = unreserved.chars().cycle().take(43).collect();
        for verifier in [shortest.leak(), longest.leak()] {
            let rp = Rp { verifier, ..Rp::web() };
            let page = redeem_with(app, &rp, Some(verifier)).await;
            assert_eq!(page.status, 200, "{} characters: {page:#?}", verifier.len());
        }
    }
}
