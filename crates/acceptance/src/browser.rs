//! A person's browser, as far as the pages without JavaScript need one.

use std::{collections::BTreeMap, sync::Mutex};

use reqwest::{Client, Method, header, redirect::Policy};
use url::Url;

use crate::Instance;

/// An answer, read whole.
#[derive(Clone, Debug)]
pub struct Page {
    /// Where it came from.
    pub url: Url,
    /// The status.
    pub status: u16,
    /// The headers, names in lower case; repeated ones joined by `, `.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
}

impl Page {
    /// The `Location` of a redirect, absolute.
    #[must_use]
    pub fn location(&self) -> Url {
        let target = self.headers.get("location");
        let target = target.unwrap_or_else(|| panic!("no Location: {self:#?}"));
        self.url.join(target).expect("a Location that is a URL")
    }

    /// A header's value, or the empty text.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The value of the first field of that name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<String> {
        let at = self.body.find(&format!("name=\"{name}\""))?;
        let start = self.body[..at].rfind('<')?;
        let tag = &self.body[start..start + self.body[start..].find('>')?];
        let value = tag.split("value=\"").nth(1)?.split('"').next()?;
        Some(unescape(value))
    }

    /// The hidden fields of the form that goes to `path`; of the first form if none says so.
    #[must_use]
    pub fn hidden_fields(&self, path: &str) -> Vec<(String, String)> {
        let forms = || self.body.split("<form ").skip(1);
        let goes_there = |form: &&str| attribute(form, "action").as_deref() == Some(path);
        let Some(form) = forms().find(goes_there).or_else(|| forms().next()) else {
            return Vec::new();
        };
        let form = form.split("</form>").next().unwrap_or(form);
        let inputs = form.split("<input ").skip(1);
        inputs
            .filter(|input| attribute(input, "type").as_deref() == Some("hidden"))
            .filter_map(|input| Some((attribute(input, "name")?, attribute(input, "value")?)))
            .collect()
    }

    /// Where a "Returning to …" page leads.
    #[must_use]
    pub fn refresh_target(&self) -> Option<Url> {
        let content = self.body.split("http-equiv=\"refresh\"").nth(1)?;
        let content = content.split("content=\"").nth(1)?.split('"').next()?;
        let target = unescape(content.split_once("url=")?.1);
        Url::parse(target.trim_matches('\'')).ok()
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|fault| panic!("{fault}: {self:#?}"))
    }
}

/// An attribute of the tag that `text` goes on with.
fn attribute(text: &str, name: &str) -> Option<String> {
    let tag = text.split('>').next()?;
    let value = tag.split(&format!("{name}=\"")).nth(1)?.split('"').next()?;
    Some(unescape(value))
}

/// What askama escapes, undone.
fn unescape(text: &str) -> String {
    text.replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#x27;", "'")
        .replace("&#38;", "&")
        .replace("&amp;", "&")
}

/// Keeps cookies and follows nothing by itself.
#[derive(Debug)]
pub struct Browser {
    http: Client,
    base: Url,
    cookies: Mutex<BTreeMap<String, String>>,
    /// The instance that a balancer in front would choose; `None` is the first one.
    via: Mutex<Option<Url>>,
}

impl Browser {
    /// A browser that has never been anywhere.
    #[must_use]
    pub fn new(base: &str) -> Self {
        let http = Client::builder().redirect(Policy::none()).build().expect("an HTTP client");
        let base = Url::parse(base).expect("a base URL");
        Self { http, base, cookies: Mutex::default(), via: Mutex::default() }
    }

    /// From now on another instance answers, under the same address and with the same cookies, as
    /// behind a load balancer.
    pub fn via(&self, instance: &Instance) {
        let address = Url::parse(&instance.address).expect("an address");
        *self.via.lock().expect("the way") = Some(address);
    }

    /// From now on the first instance answers again.
    pub fn direct(&self) {
        *self.via.lock().expect("the way") = None;
    }

    /// Where a request to `url` really goes.
    fn way_to(&self, url: &Url) -> Url {
        let mut way = url.clone();
        if let Some(other) = self.via.lock().expect("the way").as_ref()
            && url.origin() == self.base.origin()
        {
            way.set_port(other.port()).expect("a port");
        }
        way
    }

    /// The cookies it holds.
    #[must_use]
    pub fn cookies(&self) -> BTreeMap<String, String> {
        self.cookies.lock().expect("cookies").clone()
    }

    /// Puts a cookie there, as an attacker or a test would.
    pub fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().expect("cookies").insert(name.to_owned(), value.to_owned());
    }

    /// Forgets every cookie.
    pub fn clear_cookies(&self) {
        self.cookies.lock().expect("cookies").clear();
    }

    /// `GET`.
    pub async fn get(&self, address: &str) -> Page {
        self.send(Method::GET, address, &[], None).await
    }

    /// `POST` of a form.
    pub async fn post(&self, address: &str, form: &[(&str, &str)]) -> Page {
        self.post_with(address, &[], form).await
    }

    /// `POST` of a form with headers of the caller's.
    pub async fn post_with(
        &self,
        address: &str,
        headers: &[(&str, &str)],
        form: &[(&str, &str)],
    ) -> Page {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
        all.extend_from_slice(headers);
        self.send(Method::POST, address, &all, Some(body.into_bytes())).await
    }

    /// Any request, with the browser's cookies.
    pub async fn send(
        &self,
        method: Method,
        address: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Page {
        let url = self.base.join(address).expect("an address");
        let mut request = self.http.request(method, self.way_to(&url));
        if let Some(authority) = url.as_str().split('/').nth(2) {
            request = request.header(header::HOST, authority);
        }
        let jar: Vec<_> = self.cookies().iter().map(|(n, v)| format!("{n}={v}")).collect();
        if !jar.is_empty() {
            request = request.header(header::COOKIE, jar.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await.unwrap_or_else(|fault| panic!("{url}: {fault}"));
        self.keep_cookies(&response);
        let status = response.status().as_u16();
        let mut all: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in response.headers() {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            all.entry(name.as_str().to_owned())
                .and_modify(|known| {
                    known.push_str(", ");
                    known.push_str(&value);
                })
                .or_insert(value);
        }
        let body = response.text().await.expect("a body");
        Page { url, status, headers: all, body }
    }

    fn keep_cookies(&self, response: &reqwest::Response) {
        let mut jar = self.cookies.lock().expect("cookies");
        for line in response.headers().get_all(header::SET_COOKIE) {
            let line = line.to_str().expect("a cookie in ASCII");
            let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
            let (name, value) = pair.split_once('=').expect("a cookie with a name");
            let ends = attributes.to_ascii_lowercase().contains("max-age=0");
            if ends || value.is_empty() {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Follows redirects within the server; stops at a page or at the first address elsewhere.
    pub async fn follow(&self, mut page: Page) -> Page {
        for _ in 0..10 {
            if !(300..400).contains(&page.status) {
                return page;
            }
            let next = page.location();
            if next.origin() != self.base.origin() {
                return page;
            }
            page = self.get(next.as_str()).await;
        }
        panic!("more than ten redirects, last {page:#?}");
    }

    /// Sends the form of `page` that goes to `path`: its hidden fields and `fields`, which win.
    pub async fn submit(&self, page: &Page, path: &str, fields: &[(&str, &str)]) -> Page {
        let hidden = page.hidden_fields(path);
        let kept = hidden.iter().filter(|(name, _)| fields.iter().all(|(given, _)| given != name));
        let mut form: Vec<(&str, &str)> =
            kept.map(|(name, value)| (name.as_str(), value.as_str())).collect();
        form.extend_from_slice(fields);
        self.post(path, &form).await
    }
}
