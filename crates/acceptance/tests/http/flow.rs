//! The main flow, by the rules (OIDC Core §3.1).

use vestibule_acceptance::{Rp, Tokens, on_both_databases};

on_both_databases! {
    async fn a_client_gets_tokens_for_a_person(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        let answer = rp.walk(&browser, &rp.authorize()).await;
        let query: Vec<_> = answer.query_pairs().into_owned().collect();
        assert_eq!(query[1], ("state".to_owned(), "st-1".to_owned()));
        assert_eq!(query[2], ("iss".to_owned(), app.issuer.clone()));
        let page = rp.redeem(app, &Rp::code_of(&answer)).await;
        assert_eq!((page.status, page.header("cache-control")), (200, "no-store"));
        let tokens = Tokens(page.json());
        let claims = tokens.claims("id_token");
        assert_eq!(claims["iss"], app.issuer.as_str());
        assert_eq!(claims["sub"], "user-ana");
        assert_eq!(claims["aud"], "web-app");
        assert_eq!(claims["nonce"], "no-1");
        assert!(Rp::is_active(app, tokens.get("access_token")).await);
    }
}
