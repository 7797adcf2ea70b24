//! The world that `e2e/run` made for its clients.

use std::collections::HashMap;

use openidconnect::{
    HttpRequest, HttpResponse,
    url::{Url, form_urlencoded},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Outcome;

/// The browser of somebody who never consents.
pub const REFUSER: &str = "openidconnect, who refuses";

#[derive(Deserialize)]
pub struct World {
    pub outside: String,
    pub user: Person,
    pub full: Full,
    pub clients: HashMap<String, Registered>,
}

/// The server with `profile = "oidc"`.
#[derive(Deserialize)]
pub struct Full {
    pub issuer: String,
}

#[derive(Deserialize)]
pub struct Person {
    pub username: String,
    pub email: String,
    pub name: String,
}

#[derive(Clone, Deserialize)]
pub struct Registered {
    pub issuer: String,
    pub id: String,
    pub secret: Option<String>,
    pub auth_method: String,
    #[serde(default)]
    pub redirect_uri: String,
    #[serde(default)]
    pub post_logout_redirect_uri: String,
}

/// One request of the library, sent as it is.
pub async fn send(request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    let response = client.execute(request.try_into()?).await?;
    let mut answer = HttpResponse::default();
    *answer.status_mut() = response.status();
    *answer.headers_mut() = response.headers().clone();
    *answer.body_mut() = response.bytes().await?.to_vec();
    Ok(answer)
}

impl World {
    pub fn client(&self, name: &str) -> Outcome<&Registered> {
        self.clients.get(name).ok_or_else(|| format!("no client {name}").into())
    }

    /// Lets a person's browser open `url`: the parameters it brings to `until`. Whoever has the
    /// browser [`REFUSER`] never consents.
    pub async fn walk(
        &self,
        browser: &str,
        url: &Url,
        until: &str,
    ) -> Outcome<HashMap<String, String>> {
        let decision = if browser == REFUSER { "deny" } else { "allow" };
        let request =
            json!({ "browser": browser, "url": url, "until": until, "decision": decision });
        let client = reqwest::Client::new().post(format!("{}/walk", self.outside));
        let answer: Value = client.json(&request).send().await?.json().await?;
        let arrived =
            answer.get("url").and_then(Value::as_str).ok_or_else(|| answer.to_string())?;
        let arrived = Url::parse(arrived)?;
        let brought = arrived.fragment().or_else(|| arrived.query()).unwrap_or_default();
        Ok(form_urlencoded::parse(brought.as_bytes()).into_owned().collect())
    }
}
