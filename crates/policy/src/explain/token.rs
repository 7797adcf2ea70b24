//! What a receiver finds when it checks a token, one rule after the other: a resource server an
//! access token (RFC 9068 §4), a client an ID token (OIDC Core §3.1.3.7) or a logout token (OIDC
//! Back-Channel Logout §2.6).

use serde_json::{Map, Value};
use vestibule_model::{Message, Timestamp, settings::Issuer};

use super::{Mark, Spec};
use crate::bearer::CLOCK_SKEW;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `typ` is `at+jwt`.
    AccessToken,
    /// `typ` is `JWT` or absent, and it has the claims that ID tokens must have.
    IdToken,
    /// `typ` is `logout+jwt`.
    LogoutToken,
    /// Another JWT.
    Other,
}

impl Kind {
    /// By the header's `typ` and, where that leaves it open, by the claims.
    #[must_use]
    pub fn of(typ: Option<&str>, claims: &Map<String, Value>) -> Self {
        let typ = typ.unwrap_or("JWT").to_ascii_lowercase();
        match typ.strip_prefix("application/").unwrap_or(&typ) {
            "at+jwt" => Self::AccessToken,
            "logout+jwt" => Self::LogoutToken,
            "jwt"
                if ["iss", "sub", "aud", "exp", "iat"].iter().all(|n| claims.contains_key(*n)) =>
            {
                Self::IdToken
            }
            _ => Self::Other,
        }
    }
}

/// What became of the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// A published key made it.
    Good,
    /// A key made it that has left the JWKS.
    Retired,
    /// The key that the header names did not make it.
    Wrong,
    /// The header names another algorithm than its key has.
    AlgorithmWrong,
    /// The header names a key that is not one of ours.
    KeyUnknown,
    /// The header names no key.
    KeyUnnamed,
    /// A MAC under a client's secret: nobody else can check it.
    Mac,
    /// There is none (`alg` is `none`).
    None,
}

/// What the token can be compared with.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// This server.
    pub issuer: &'a Issuer,
    /// The client that the token is meant for, if that is known.
    pub client_id: Option<&'a str>,
    /// The `nonce` that was sent, if that is known.
    pub nonce: Option<&'a str>,
    /// What `at_hash` would have to be: known where the access token is given too.
    pub at_hash: Option<&'a str>,
    /// What `c_hash` would have to be: known where the code is given too.
    pub c_hash: Option<&'a str>,
    /// The present time.
    pub now: Timestamp,
}

/// One rule, and how the token fares by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How.
    pub mark: Mark,
    /// What was found.
    pub message: Message,
    /// Where the rule stands.
    pub spec: Spec,
}

/// Goes through the rules for a token of that kind.
#[must_use]
pub fn findings(
    kind: Kind,
    claims: &Map<String, Value>,
    signature: Signature,
    given: &Given<'_>,
) -> Vec<Finding> {
    let check = Check { claims, given };
    let mut found = vec![signed(kind, signature)];
    match kind {
        Kind::AccessToken => check.access_token(&mut found),
        Kind::IdToken => check.id_token(&mut found),
        Kind::LogoutToken => check.logout_token(&mut found),
        Kind::Other => check.times(&mut found, Spec::new("RFC 7519", "4.1.4")),
    }
    found
}

fn finding(mark: Mark, key: &'static str, spec: Spec) -> Finding {
    Finding { mark, message: Message::new(key), spec }
}

fn judged(holds: bool, good: &'static str, bad: &'static str, spec: Spec) -> Finding {
    if holds { finding(Mark::Good, good, spec) } else { finding(Mark::Bad, bad, spec) }
}

fn signed(kind: Kind, signature: Signature) -> Finding {
    let spec = match kind {
        Kind::AccessToken => Spec::new("RFC 9068", "4"),
        Kind::IdToken => Spec::new("OIDC Core", "3.1.3.7"),
        Kind::LogoutToken => Spec::new("OIDC Back-Channel Logout", "2.6"),
        Kind::Other => Spec::new("RFC 7515", "5.2"),
    };
    let (mark, key) = match signature {
        Signature::Good => (Mark::Good, "playground-signature-good"),
        // An old ID token still serves as a hint; nothing else may be believed any more.
        Signature::Retired => (Mark::Note, "playground-signature-retired"),
        Signature::Wrong => (Mark::Bad, "playground-signature-wrong"),
        Signature::AlgorithmWrong => (Mark::Bad, "playground-signature-algorithm"),
        Signature::KeyUnknown => (Mark::Bad, "playground-signature-key-unknown"),
        Signature::KeyUnnamed => (Mark::Bad, "playground-signature-key-unnamed"),
        Signature::Mac => (Mark::Open, "playground-signature-mac"),
        Signature::None => (Mark::Bad, "playground-signature-none"),
    };
    finding(mark, key, spec)
}

struct Check<'a> {
    claims: &'a Map<String, Value>,
    given: &'a Given<'a>,
}

impl Check<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str)
    }

    /// `aud`, one text or a list (RFC 7519 §4.1.3).
    fn audience(&self) -> Vec<&str> {
        match self.claims.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    fn issuer(&self, found: &mut Vec<Finding>, spec: Spec) {
        let ours = self.text("iss") == Some(self.given.issuer.as_str());
        found.push(judged(ours, "playground-find-iss-good", "playground-find-iss-bad", spec));
    }

    fn times(&self, found: &mut Vec<Finding>, spec: Spec) {
        let now = self.given.now;
        match time(self.claims, "exp") {
            Some(end) => {
                let lives = now < end;
                let (good, bad) = ("playground-find-exp-good", "playground-find-exp-bad");
                found.push(judged(lives, good, bad, spec));
            }
            None => found.push(finding(Mark::Bad, "playground-find-exp-missing", spec)),
        }
        let ahead = |at: Timestamp| at.since(now) > CLOCK_SKEW;
        if time(self.claims, "nbf").is_some_and(ahead) {
            found.push(finding(Mark::Bad, "playground-find-nbf-bad", spec));
        }
        if time(self.claims, "iat").is_some_and(ahead) {
            found.push(finding(Mark::Bad, "playground-find-iat-bad", spec));
        }
    }

    fn required(&self, found: &mut Vec<Finding>, names: &[&str], spec: Spec) {
        let missing: Vec<&str> =
            names.iter().copied().filter(|name| !self.claims.contains_key(*name)).collect();
        found.push(if missing.is_empty() {
            finding(Mark::Good, "playground-find-complete", spec)
        } else {
            let names = missing.join(", ");
            let message = Message::new("playground-find-incomplete").with("claims", names);
            Finding { mark: Mark::Bad, message, spec }
        });
    }

    fn for_client(&self, found: &mut Vec<Finding>, spec: Spec) {
        let audience = self.audience();
        found.push(match self.given.client_id {
            Some(client) => judged(
                audience.contains(&client),
                "playground-find-aud-good",
                "playground-find-aud-bad",
                spec,
            ),
            None => Finding {
                mark: Mark::Open,
                message: Message::new("playground-find-aud-client").with("aud", audience.join(" ")),
                spec,
            },
        });
    }

    /// RFC 9068 §4.
    fn access_token(&self, found: &mut Vec<Finding>) {
        let spec = Spec::new("RFC 9068", "4");
        found.push(finding(Mark::Good, "playground-find-typ-access", spec));
        self.issuer(found, spec);
        let aud = self.audience().join(" ");
        let message = Message::new("playground-find-aud-resource").with("aud", aud);
        found.push(Finding { mark: Mark::Open, message, spec });
        self.times(found, spec);
        let names = ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"];
        self.required(found, &names, Spec::new("RFC 9068", "2.2"));
        let scope = self.text("scope").unwrap_or("–");
        let message = Message::new("playground-find-scope").with("scope", scope);
        found.push(Finding { mark: Mark::Open, message, spec: Spec::new("RFC 6750", "3.1") });
        found.push(finding(Mark::Note, "playground-find-revocation", Spec::new("RFC 7662", "2.2")));
    }

    /// OIDC Core §3.1.3.7, §3.3.2.11.
    fn id_token(&self, found: &mut Vec<Finding>) {
        let spec = Spec::new("OIDC Core", "3.1.3.7");
        self.issuer(found, spec);
        self.for_client(found, spec);
        if self.audience().len() > 1 || self.claims.contains_key("azp") {
            let party = self.text("azp");
            let fits = party.is_some() && self.given.client_id.is_none_or(|id| party == Some(id));
            found.push(judged(fits, "playground-find-azp-good", "playground-find-azp-bad", spec));
        }
        self.times(found, spec);
        self.nonce(found, spec);
        let at_hash = Spec::new("OIDC Core", "3.1.3.8");
        let keys = [
            "playground-find-at-hash-good",
            "playground-find-at-hash-bad",
            "playground-find-at-hash-open",
        ];
        self.half_hash(found, "at_hash", self.given.at_hash, keys, at_hash);
        let c_hash = Spec::new("OIDC Core", "3.3.2.10");
        let keys = [
            "playground-find-c-hash-good",
            "playground-find-c-hash-bad",
            "playground-find-c-hash-open",
        ];
        self.half_hash(found, "c_hash", self.given.c_hash, keys, c_hash);
    }

    fn nonce(&self, found: &mut Vec<Finding>, spec: Spec) {
        let finding = match (self.text("nonce"), self.given.nonce) {
            (Some(nonce), Some(sent)) => judged(
                nonce == sent,
                "playground-find-nonce-good",
                "playground-find-nonce-bad",
                spec,
            ),
            (None, Some(_)) => finding(Mark::Bad, "playground-find-nonce-missing", spec),
            (Some(_), None) => finding(Mark::Open, "playground-find-nonce-open", spec),
            (None, None) => return,
        };
        found.push(finding);
    }

    /// `keys`: right, wrong, and nothing to compare it with.
    fn half_hash(
        &self,
        found: &mut Vec<Finding>,
        name: &str,
        expected: Option<&str>,
        [good, bad, open]: [&'static str; 3],
        spec: Spec,
    ) {
        match (self.text(name), expected) {
            (Some(hash), Some(expected)) => found.push(judged(hash == expected, good, bad, spec)),
            (Some(_), None) => found.push(finding(Mark::Open, open, spec)),
            (None, _) => {}
        }
    }

    /// OIDC Back-Channel Logout §2.6.
    fn logout_token(&self, found: &mut Vec<Finding>) {
        const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
        let spec = Spec::new("OIDC Back-Channel Logout", "2.6");
        self.issuer(found, spec);
        self.for_client(found, spec);
        self.times(found, spec);
        let names = ["iss", "aud", "iat", "exp", "jti", "events"];
        self.required(found, &names, Spec::new("OIDC Back-Channel Logout", "2.4"));
        let says_whom = self.claims.contains_key("sub") || self.claims.contains_key("sid");
        let (good, bad) = ("playground-find-whom-good", "playground-find-whom-bad");
        found.push(judged(says_whom, good, bad, spec));
        let event = self.claims.get("events").and_then(Value::as_object);
        let tells = event.and_then(|events| events.get(EVENT)).is_some_and(Value::is_object);
        let (good, bad) = ("playground-find-event-good", "playground-find-event-bad");
        found.push(judged(tells, good, bad, spec));
        if self.claims.contains_key("nonce") {
            found.push(finding(Mark::Bad, "playground-find-nonce-forbidden", spec));
        }
    }
}

/// A `NumericDate`, cut to whole seconds.
fn time(claims: &Map<String, Value>, name: &str) -> Option<Timestamp> {
    let value = claims.get(name)?;
    #[expect(clippy::cast_possible_truncation, reason = "saturating is right for a time")]
    let seconds = value.as_i64().or_else(|| value.as_f64().map(|s| s.floor() as i64))?;
    Some(Timestamp(seconds))
}

#[cfg(test)]
mod tests;
