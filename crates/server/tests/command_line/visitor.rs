//! A person with a browser, and the app that they come from: enough of both to sign in.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;
use url::Url;
use url::form_urlencoded::Serializer;

/// Of RFC 7636, Appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub const APP: &str = "app";
const CALLBACK: &str = "https://app.example/cb";

/// How `client create --metadata-file` makes the app.
pub const METADATA: &str = r#"{"client_name": "App", "redirect_uris": ["https://app.example/cb"],
    "grant_types": ["authorization_code", "refresh_token"], "token_endpoint_auth_method": "none",
    "scope": "openid offline_access"}"#;

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub url: Url,
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|fault| panic!("{fault}: {self:?}"))
    }

    fn location(&self) -> Option<Url> {
        let (_, target) = self.headers.iter().find(|(name, _)| name == "location")?;
        Some(self.url.join(target).unwrap())
    }

    /// Where a "Returning to …" page leads.
    fn refresh(&self) -> Option<Url> {
        let content = self.body.split("http-equiv=\"refresh\"").nth(1)?;
        let content = content.split("content=\"").nth(1)?.split('"').next()?;
        let target = unescaped(content.split_once("url=")?.1);
        Some(Url::parse(target.trim_matches('\'')).unwrap())
    }

    /// Whether it sends the browser elsewhere: back to the app, if it was followed.
    fn leads_away(&self) -> bool {
        self.refresh().or_else(|| self.location()).is_some()
    }

    /// The code that it brings to the app.
    pub fn code(&self) -> Option<String> {
        let back = self.refresh().or_else(|| self.location())?;
        let code = back.query_pairs().find(|(name, _)| name == "code")?;
        Some(code.1.into_owned())
    }

    /// The hidden fields of the form that goes to `path`.
    fn hidden(&self, path: &str) -> Vec<(String, String)> {
        let action = format!("action=\"{path}\"");
        let form = self
            .body
            .split("<form ")
            .find(|form| form.split('>').next().is_some_and(|tag| tag.contains(&action)));
        let form = form.unwrap_or_else(|| panic!("no form to {path}: {self:?}"));
        let form = form.split("</form>").next().unwrap();
        let inputs =
            form.split("<input ").skip(1).filter(|input| input.contains("type=\"hidden\""));
        inputs
            .filter_map(|input| Some((attribute(input, "name")?, attribute(input, "value")?)))
            .collect()
    }
}

fn attribute(text: &str, name: &str) -> Option<String> {
    let tag = text.split('>').next()?;
    let value = tag.split(&format!("{name}=\"")).nth(1)?.split('"').next()?;
    Some(unescaped(value))
}

fn unescaped(text: &str) -> String {
    text.replace("&#34;", "\"").replace("&#39;", "'").replace("&#38;", "&").replace("&amp;", "&")
}

/// What the app got for somebody.
#[derive(Clone, Debug)]
pub struct Tokens(pub Value);

impl Tokens {
    pub fn get(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_else(|| panic!("no {name}: {}", self.0))
    }
}

/// A browser with its cookies.
pub struct Visitor {
    base: Url,
    cookies: BTreeMap<String, String>,
}

impl Visitor {
    pub fn new(issuer: &str) -> Self {
        Self { base: Url::parse(issuer).unwrap(), cookies: BTreeMap::new() }
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", self.base.join(path).unwrap(), "", "")
    }

    pub fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        let body = Serializer::new(String::new()).extend_pairs(form).finish();
        let url = self.base.join(path).unwrap();
        self.ask("POST", url, "content-type: application/x-www-form-urlencoded\r\n", &body)
    }

    pub fn userinfo(&mut self, tokens: &Tokens) -> Answer {
        let header = format!("authorization: Bearer {}\r\n", tokens.get("access_token"));
        self.ask("GET", self.base.join("/userinfo").unwrap(), &header, "")
    }

    fn ask(&mut self, method: &str, url: Url, headers: &str, body: &str) -> Answer {
        let port = url.port().unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let cookies: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let path = &url[url::Position::BeforePath..];
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: localhost:{port}\r\nconnection: close\r\n\
             cookie: {}\r\ncontent-length: {}\r\n{headers}\r\n{body}",
            cookies.join("; "),
            body.len()
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{text}"));
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        assert!(!headers.contains(&("transfer-encoding".into(), "chunked".into())), "{head}");
        for (_, cookie) in headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        Answer { url, status, headers, body: body.to_owned() }
    }

    /// Follows redirects within the server.
    fn follow(&mut self, mut answer: Answer) -> Answer {
        for _ in 0..10 {
            match answer.location() {
                Some(next) if next.origin() == self.base.origin() => {
                    answer = self.ask("GET", next, "", "");
                }
                _ => return answer,
            }
        }
        panic!("the redirects do not end: {answer:?}");
    }

    /// Fills in the form of the page and goes where that leads.
    fn submit(&mut self, page: &Answer, fields: &[(&str, &str)]) -> Answer {
        let path = page.url.path().to_owned();
        let hidden = page.hidden(&path);
        let hidden = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let form: Vec<_> = hidden.chain(fields.iter().copied()).collect();
        let answer = self.post(&path, &form);
        self.follow(answer)
    }

    /// From the app through every page and back; `code` is the authenticator's.
    pub fn sign_in(&mut self, username: &str, password: &str, code: &str) -> Tokens {
        let mut page = self.come();
        for _ in 0..5 {
            if page.leads_away() {
                let code = page.code().unwrap_or_else(|| panic!("no code in {page:?}"));
                let answer = self.redeem(&code);
                assert_eq!(answer.status, 200, "{answer:?}");
                return Tokens(answer.json());
            }
            page = self.go_on(&page, username, password, code);
        }
        panic!("the pages do not end: {page:?}");
    }

    /// From the app to the first page.
    pub fn come(&mut self) -> Answer {
        let query = Serializer::new(String::new())
            .extend_pairs([
                ("response_type", "code"),
                ("client_id", APP),
                ("redirect_uri", CALLBACK),
                ("scope", "openid offline_access"),
                ("state", "s"),
                ("code_challenge", CHALLENGE),
                ("code_challenge_method", "S256"),
                ("prompt", "consent"),
            ])
            .finish();
        let first = self.get(&format!("/authorize?{query}"));
        self.follow(first)
    }

    /// Does what the page asks, and goes where that leads.
    pub fn go_on(&mut self, page: &Answer, username: &str, password: &str, code: &str) -> Answer {
        let fields: &[(&str, &str)] = match page.url.path() {
            "/login" => &[("username", username), ("password", password)],
            "/login/verify" => &[("code", code)],
            "/consent" => &[("decision", "allow")],
            "/select-account" => &[("choice", "continue")],
            _ => panic!("no way on from {page:?}"),
        };
        assert!(page.status < 400, "{page:?}");
        self.submit(page, fields)
    }

    /// The app's part: tokens for the code.
    pub fn redeem(&mut self, code: &str) -> Answer {
        self.post(
            "/token",
            &[
                ("grant_type", "authorization_code"),
                ("code", code),
                ("client_id", APP),
                ("redirect_uri", CALLBACK),
                ("code_verifier", VERIFIER),
            ],
        )
    }

    pub fn refresh(&mut self, tokens: &Tokens) -> Answer {
        let token = tokens.get("refresh_token");
        let form = [("grant_type", "refresh_token"), ("client_id", APP), ("refresh_token", token)];
        self.post("/token", &form)
    }

    /// The same, which must succeed.
    pub fn refreshed(&mut self, tokens: &Tokens) -> Tokens {
        let answer = self.refresh(tokens);
        assert_eq!(answer.status, 200, "{answer:?}");
        Tokens(answer.json())
    }

    /// Whether the browser is signed in.
    pub fn is_signed_in(&mut self) -> bool {
        let answer = self.get("/account");
        answer.status == 200
    }
}
