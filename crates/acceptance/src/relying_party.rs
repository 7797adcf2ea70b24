//! A client that keeps to the rules: what the tests bend one rule at a time.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use url::Url;

use crate::{Browser, PASSWORD, Page, TestApp};

/// `code_challenge` of a `code_verifier` (RFC 7636 §4.2).
#[must_use]
pub fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

/// Names and values, of headers or of a form.
type Pairs = Vec<(&'static str, String)>;

/// A client as it knows itself.
#[derive(Clone, Debug)]
pub struct Rp {
    /// `client_id`.
    pub client_id: &'static str,
    /// `client_secret`; empty for a public client.
    pub secret: &'static str,
    /// `redirect_uri`.
    pub redirect_uri: &'static str,
    /// `scope` it asks for.
    pub scope: &'static str,
    /// `code_verifier`.
    pub verifier: &'static str,
}

/// A token response.
#[derive(Clone, Debug)]
pub struct Tokens(pub Value);

impl Tokens {
    /// A member of the response.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_else(|| panic!("no {name}: {}", self.0))
    }

    /// The claims of a JWT of the response, unverified.
    #[must_use]
    pub fn claims(&self, name: &str) -> Value {
        let payload = self.get(name).split('.').nth(1).expect("a JWT");
        let bytes = URL_SAFE_NO_PAD.decode(payload).expect("base64url");
        serde_json::from_slice(&bytes).expect("JSON claims")
    }
}

impl Rp {
    /// The confidential web client of every test database.
    #[must_use]
    pub const fn web() -> Self {
        Self {
            client_id: "web-app",
            secret: "web-app-secret-0123456789abcdef0123456789",
            redirect_uri: "https://app.example/cb",
            scope: "openid profile email offline_access",
            verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        }
    }

    /// The public single-page client of every test database.
    #[must_use]
    pub const fn spa() -> Self {
        Self {
            client_id: "spa",
            secret: "",
            redirect_uri: "https://spa.example/cb",
            scope: "openid profile",
            verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        }
    }

    /// The parameters of a right authorization request.
    #[must_use]
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        vec![
            ("response_type", "code".to_owned()),
            ("client_id", self.client_id.to_owned()),
            ("redirect_uri", self.redirect_uri.to_owned()),
            ("scope", self.scope.to_owned()),
            ("state", "st-1".to_owned()),
            ("nonce", "no-1".to_owned()),
            ("code_challenge", challenge_of(self.verifier)),
            ("code_challenge_method", "S256".to_owned()),
        ]
    }

    /// The address of that request, with parameters changed (`Some`), left out (`None`) or added.
    #[must_use]
    pub fn authorize_with(&self, changes: &[(&'static str, Option<&str>)]) -> String {
        let mut parameters = self.parameters();
        for (name, value) in changes {
            parameters.retain(|(known, _)| known != name);
            if let Some(value) = value {
                parameters.push((name, (*value).to_owned()));
            }
        }
        let query =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        format!("/authorize?{query}")
    }

    /// The address of a right request.
    #[must_use]
    pub fn authorize(&self) -> String {
        self.authorize_with(&[])
    }

    /// The person signs in and allows; the callback's address with the answer.
    pub async fn walk(&self, browser: &Browser, address: &str) -> Url {
        let mut page = browser.follow(browser.get(address).await).await;
        for _ in 0..4 {
            if (300..400).contains(&page.status) {
                return page.location();
            }
            if let Some(target) = page.refresh_target() {
                return target;
            }
            let sent = match page.url.path() {
                "/login" => {
                    let fields = [("username", "ana"), ("password", PASSWORD)];
                    browser.submit(&page, "/login", &fields).await
                }
                "/consent" => browser.submit(&page, "/consent", &[("decision", "allow")]).await,
                "/select-account" => {
                    browser.submit(&page, "/select-account", &[("choice", "continue")]).await
                }
                _ => panic!("no way on from {page:#?}"),
            };
            page = browser.follow(sent).await;
        }
        panic!("the pages do not end: {page:#?}");
    }

    /// The code of an answer.
    #[must_use]
    pub fn code_of(answer: &Url) -> String {
        parameter(answer, "code").unwrap_or_else(|| panic!("no code in {answer}"))
    }

    /// A fresh code for Ana.
    pub async fn code(&self, app: &TestApp) -> String {
        let browser = app.browser();
        Self::code_of(&self.walk(&browser, &self.authorize()).await)
    }

    /// The headers and fields with which this client authenticates.
    #[must_use]
    pub fn credentials(&self) -> (Pairs, Pairs) {
        if self.secret.is_empty() {
            return (Vec::new(), vec![("client_id", self.client_id.to_owned())]);
        }
        let pair = STANDARD.encode(format!("{}:{}", self.client_id, self.secret));
        (vec![("authorization", format!("Basic {pair}"))], Vec::new())
    }

    /// `POST` of a form to one of the server's endpoints, authenticated.
    pub async fn call(&self, app: &TestApp, path: &str, form: &[(&str, &str)]) -> Page {
        let (headers, fields) = self.credentials();
        let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let mut all = form.to_vec();
        all.extend(fields.iter().map(|(n, v)| (*n, v.as_str())));
        app.machine().post_with(path, &headers, &all).await
    }

    /// Redeems a code by the rules.
    pub async fn redeem(&self, app: &TestApp, code: &str) -> Page {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.redirect_uri),
            ("code_verifier", self.verifier),
        ];
        self.call(app, "/token", &form).await
    }

    /// Uses a refresh token.
    pub async fn refresh(&self, app: &TestApp, token: &str) -> Page {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.call(app, "/token", &form).await
    }

    /// The whole flow: Ana's tokens.
    pub async fn tokens(&self, app: &TestApp) -> Tokens {
        let page = self.redeem(app, &self.code(app).await).await;
        assert_eq!(page.status, 200, "{page:#?}");
        Tokens(page.json())
    }

    /// Whether introspection calls the token active. Asks as the confidential client.
    pub async fn is_active(app: &TestApp, token: &str) -> bool {
        let page = Self::web().call(app, "/introspect", &[("token", token)]).await;
        assert_eq!(page.status, 200, "{page:#?}");
        page.json()["active"] == true
    }
}

/// A parameter of an answer's query.
fn parameter(answer: &Url, name: &str) -> Option<String> {
    answer.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}
