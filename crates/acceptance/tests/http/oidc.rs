//! What the tests of the profile `oidc` share.

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use sha2::{Digest, Sha256};
use url::Url;
use vestibule_acceptance::{Backend, Browser, Page, Rp, TestApp, forge};
use vestibule_model::{ResponseType, client::GrantType, settings::Profile};

/// A server under the profile `oidc`, whose clients registered every response type.
pub async fn start(backend: Backend) -> TestApp {
    let app = TestApp::start_with(backend, |state| {
        Arc::make_mut(&mut state.settings).profile = Profile::Oidc;
    })
    .await;
    register_everything(&app).await;
    app
}

/// Gives both clients every response type and grant type there is.
pub async fn register_everything(app: &TestApp) {
    for id in ["web-app", "spa"] {
        app.change_client(id, |client| {
            client.metadata.response_types = ResponseType::ALL.to_vec();
            client.metadata.grant_types = GrantType::ALL.to_vec();
        })
        .await;
    }
}

/// The request of `rp` for that type.
pub fn asking(rp: &Rp, response_type: ResponseType) -> String {
    rp.authorize_with(&[("response_type", Some(response_type.as_str()))])
}

/// A browser in which Ana is signed in and has allowed `rp` what it asks for.
pub async fn allowed(app: &TestApp, rp: &Rp) -> Browser {
    let browser = app.browser();
    rp.walk(&browser, &rp.authorize()).await;
    browser
}

/// What the fragment of an answer says; its query says nothing.
pub fn fragment_of(answer: &Url) -> BTreeMap<String, String> {
    assert_eq!(answer.query(), None, "{answer}");
    let fragment = answer.fragment().unwrap_or_else(|| panic!("no fragment in {answer}"));
    // Scripts that know nothing of forms take a + for a +.
    assert!(!fragment.contains('+'), "{answer}");
    url::form_urlencoded::parse(fragment.as_bytes()).into_owned().collect()
}

/// The answer of somebody who is signed in and has allowed it all.
pub async fn fragment_at_once(browser: &Browser, address: &str) -> BTreeMap<String, String> {
    let page = browser.get(address).await;
    assert_eq!(page.status, 303, "{page:#?}");
    fragment_of(&page.location())
}

/// `error` and the code of its page.
pub fn error_of(told: &BTreeMap<String, String>) -> (&str, &str) {
    for token in ["code", "id_token", "access_token"] {
        assert!(!told.contains_key(token), "{told:?}");
    }
    let code = told["error_uri"].rsplit('/').next().unwrap_or_default();
    (&told["error"], code)
}

/// The claims of a JWT that a published key verifies.
pub async fn verified(app: &TestApp, token: &str) -> Value {
    let jwks = app.machine().get("/jwks").await.json();
    let (_, claims) = forge::verified(&jwks, token).unwrap_or_else(|| panic!("forged: {token}"));
    claims
}

/// `at_hash` and `c_hash` of RS256 (OIDC Core §3.1.3.6), by hand.
pub fn half_hash(value: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(value)[..16])
}

/// What userinfo answers to the token.
pub async fn userinfo(app: &TestApp, token: &str) -> Page {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    app.machine().send(reqwest::Method::GET, "/userinfo", &headers, None).await
}
