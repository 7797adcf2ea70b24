//! What people, clients and attackers do over and over.

use std::collections::BTreeMap;

use url::Url;
use vestibule_keys::KeyRing;
use vestibule_model::{Clock, ErrorCode, OAuthError, UserId, client::SigningAlg, user::User};

use crate::{Browser, PASSWORD, Page, Rp, TestApp, app::person};

/// The parameters of an answer that came in a query.
#[must_use]
pub fn answer_of(answer: &Url) -> BTreeMap<String, String> {
    answer.query_pairs().into_owned().collect()
}

impl Page {
    /// Where the page's links lead, in their order, without those to its other languages.
    #[must_use]
    pub fn links(&self) -> Vec<String> {
        let anchors = self.body.split("<a ").skip(1);
        anchors
            .filter(|tag| !tag.split('>').next().unwrap_or_default().contains("hreflang"))
            .filter_map(|tag| tag.split('>').next()?.split("href=\"").nth(1)?.split('"').next())
            .map(|href| href.replace("&#38;", "&"))
            .collect()
    }

    /// The only link of the page.
    #[must_use]
    pub fn only_link(&self) -> String {
        let links = self.links();
        assert_eq!(links.len(), 1, "{self:#?}");
        links.into_iter().next().unwrap_or_default()
    }

    /// Where the form's `action` leads.
    #[must_use]
    pub fn action(&self) -> String {
        let form = self.body.split("<form ").nth(1).and_then(|tag| tag.split('>').next());
        let action = form.and_then(|tag| tag.split("action=\"").nth(1)?.split('"').next());
        action.unwrap_or_else(|| panic!("no form: {self:#?}")).replace("&#38;", "&")
    }

    /// Holds that the person was told of this refusal, here, and was sent nowhere.
    pub fn assert_refused(&self, code: ErrorCode) {
        let shown = format!(">{}<", code.id());
        assert!((400..500).contains(&self.status) && self.body.contains(&shown), "{self:#?}");
        self.assert_goes_nowhere();
    }

    /// Holds that nothing in the answer leads the browser away.
    pub fn assert_goes_nowhere(&self) {
        assert_eq!(self.header("location"), "", "{self:#?}");
        assert_eq!(self.header("refresh"), "", "{self:#?}");
        assert!(!self.body.contains("http-equiv"), "{self:#?}");
        for link in self.links() {
            assert!(link.starts_with('/') && !link.starts_with("//"), "{link} in {self:#?}");
        }
    }

    /// Holds that the page got old, with one way on; gives that back.
    #[must_use]
    pub fn stale_link(&self) -> String {
        assert_eq!(self.status, 400, "{self:#?}");
        assert!(self.body.contains("This page got old"), "{self:#?}");
        self.assert_goes_nowhere();
        self.only_link()
    }

    /// The body without what differs between two equal answers.
    #[must_use]
    pub fn without_names(&self) -> String {
        let csrf = self.field("csrf_token").unwrap_or_else(|| "-".to_owned());
        let body = self.body.replace(self.header("x-request-id"), "ID").replace(&csrf, "CSRF");
        // A passkey's challenge, and the same sealed.
        ["data-options=\"", "name=\"state\" value=\""].iter().fold(body, |body, mark| {
            let Some((before, after)) = body.split_once(mark) else { return body };
            let rest = after.split_once('"').map_or("", |(_, rest)| rest);
            format!("{before}{mark}-\"{rest}")
        })
    }
}

impl Browser {
    /// `GET`, and on to where it leads.
    pub async fn open(&self, address: &str) -> Page {
        self.follow(self.get(address).await).await
    }

    /// Fills in the sign-in page, and on to where it leads.
    pub async fn log_in(&self, page: &Page, name: &str) -> Page {
        assert_eq!(page.url.path(), "/login", "{page:#?}");
        let fields = [("username", name), ("password", PASSWORD)];
        self.follow(self.submit(page, "/login", &fields).await).await
    }

    /// Answers the consent page, and on to where it leads.
    pub async fn decide(&self, page: &Page, decision: &str) -> Page {
        assert_eq!(page.url.path(), "/consent", "{page:#?}");
        self.follow(self.submit(page, "/consent", &[("decision", decision)]).await).await
    }

    /// Signs in for nobody's request.
    pub async fn sign_in(&self, name: &str) {
        let page = self.log_in(&self.get("/login").await, name).await;
        assert_eq!(page.url.path(), "/account", "{page:#?}");
    }

    /// Who is signed in, as the account page tells.
    pub async fn who(&self) -> Option<&'static str> {
        let page = self.get("/account").await;
        if page.status == 303 {
            assert_eq!(page.location().path(), "/login");
            return None;
        }
        let found =
            ["ana", "ben"].into_iter().find(|name| page.body.contains(&format!("{name} Ex")));
        Some(found.unwrap_or_else(|| panic!("{page:#?}")))
    }

    /// Forgets one cookie.
    pub fn forget(&self, name: &str) {
        let kept = self.cookies();
        self.clear_cookies();
        for (known, value) in kept.iter().filter(|(known, _)| *known != name) {
            self.set_cookie(known, value);
        }
    }
}

impl Rp {
    /// The client is told of a refusal, by a redirect that has all it must (RFC 6749 §4.1.2.1,
    /// RFC 9207 §2): the `error`, and the code of its page.
    pub async fn told(&self, browser: &Browser, address: &str) -> (String, String) {
        let page = browser.get(address).await;
        assert_eq!(page.status, 303, "{address}: {page:#?}");
        let target = page.location();
        let before_query = target.as_str().split('?').next();
        assert_eq!(before_query, Some(self.redirect_uri), "{address}");
        let mut told = answer_of(&target);
        assert_eq!(told.get("state").map(String::as_str), Some("st-1"), "{address}: {target}");
        let issuer = told.remove("iss").unwrap_or_default();
        assert_eq!(page.url.origin().ascii_serialization(), issuer, "{address}: {target}");
        assert!(!told.contains_key("code"), "{address}: {target}");
        let description = told.remove("error_description").unwrap_or_default();
        let allowed = |b: u8| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(!description.is_empty() && description.bytes().all(allowed), "{description}");
        let uri = told.remove("error_uri").unwrap_or_default();
        let code = uri.strip_prefix(&format!("{issuer}/errors/")).unwrap_or_default().to_owned();
        (told.remove("error").unwrap_or_default(), code)
    }

    /// Redeems the code of an answer: the tokens.
    pub async fn tokens_of(&self, app: &TestApp, answer: &Url) -> crate::Tokens {
        let page = self.redeem(app, &Self::code_of(answer)).await;
        assert_eq!(page.status, 200, "{page:#?}");
        crate::Tokens(page.json())
    }
}

impl TestApp {
    /// Adds a person called `name`, with the password of everybody, changed by `change`.
    pub async fn add_person(&self, name: &str, change: impl FnOnce(&mut User)) {
        let hash = self.rows(|conn| {
            let ana = vestibule_storage::user::find(conn, &UserId::new("user-ana"))?;
            Ok(ana.expect("Ana").password_hash)
        });
        let person = person(name, &hash.await, self.clock.now());
        let mut user = User { email_verified: true, ..person };
        change(&mut user);
        self.rows(move |conn| Ok(vestibule_storage::user::insert(conn, &user)?)).await;
    }

    /// Puts the key that stands by in the place of the one that signs RS256; the old one leaves
    /// the JWKS at once and keeps no private part.
    pub async fn rotate_keys(&self) {
        let now = self.clock.now();
        let keys = self
            .rows(move |conn| {
                let keys = vestibule_storage::signing_key::list(conn)?;
                let mut ours = keys.iter().filter(|key| key.alg == SigningAlg::RS256);
                let active = ours.clone().find(|key| key.active_at.is_some()).map(|key| &key.kid);
                let next = ours.find(|key| key.active_at.is_none()).map(|key| &key.kid);
                let (Some(active), Some(next)) = (active, next) else {
                    return Err(OAuthError::new(ErrorCode::Internal));
                };
                vestibule_storage::signing_key::retire(conn, active, now, now)?;
                vestibule_storage::signing_key::forget(conn, active)?;
                vestibule_storage::signing_key::activate(conn, next, now)?;
                Ok(vestibule_storage::signing_key::list(conn)?)
            })
            .await;
        let ring = KeyRing::load(&keys, &self.state.sealer, now).expect("a key ring");
        self.state.keys.replace(ring);
    }
}
