//! A source of claims that is asked over HTTP (`claims.source_url`).

use serde::Deserialize;
use serde_json::json;
use vestibule_model::Secret;
use vestibule_outbound::{Outbound, OutboundFault};

use super::{Asked, ClaimSource, External, Question};

/// References of one answer at most, of either kind.
const MOST: usize = 20;
/// The longest JWT that is passed on, in bytes.
const LONGEST_JWT: usize = 16 * 1024;

/// Asks an address of the operator's.
///
/// The request is `POST` with JSON: `sub` (our own name for the person), `client_id`, `scope`, and
/// `claims`, the names asked for one by one. The answer is JSON too: `aggregated`, a list of objects
/// with `claims` (names) and `jwt`, and `distributed`, with `claims`, `endpoint` and, if the client
/// needs one, `access_token`. Either list may be absent.
#[derive(Clone, Debug)]
pub struct HttpClaimSource {
    outbound: Outbound,
    url: String,
    token: Option<Secret>,
}

/// Why a source had nothing to say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceFault {
    /// It gave no answer that could be read.
    #[error(transparent)]
    Outbound(#[from] OutboundFault),
    /// Something of the answer must not go to a client.
    #[error("the source's answer has {0}")]
    Refused(&'static str),
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    aggregated: Vec<Aggregated>,
    #[serde(default)]
    distributed: Vec<Distributed>,
}

#[derive(Deserialize)]
struct Aggregated {
    claims: Vec<String>,
    jwt: String,
}

#[derive(Deserialize)]
struct Distributed {
    claims: Vec<String>,
    endpoint: String,
    #[serde(default)]
    access_token: Option<String>,
}

impl HttpClaimSource {
    /// Asks `url` through `outbound`, with `token` as access token if there is one.
    #[must_use]
    pub const fn new(outbound: Outbound, url: String, token: Option<Secret>) -> Self {
        Self { outbound, url, token }
    }
}

impl ClaimSource for HttpClaimSource {
    fn claims<'a>(&'a self, question: Question<'a>) -> Asked<'a> {
        let asked = json!({
            "sub": question.user.as_str(),
            "client_id": question.client.as_str(),
            "scope": question.scope.to_string(),
            "claims": question.claims,
        });
        Box::pin(async move {
            let fetched = self.outbound.ask_json(&self.url, self.token.as_ref(), &asked).await?;
            checked(fetched.json()?)
        })
    }
}

/// A source is trusted with what it says, and may still be wrong about how it says it.
fn checked(answer: Answer) -> Result<Vec<External>, SourceFault> {
    if answer.aggregated.len() + answer.distributed.len() > MOST {
        return Err(SourceFault::Refused("more references than 20"));
    }
    if !answer.aggregated.iter().all(|part| is_jwt(&part.jwt)) {
        return Err(SourceFault::Refused("a jwt that is none"));
    }
    if !answer.distributed.iter().all(|part| part.endpoint.starts_with("https://")) {
        return Err(SourceFault::Refused("an endpoint that is not https"));
    }
    let aggregated = answer
        .aggregated
        .into_iter()
        .map(|Aggregated { claims, jwt }| External::Aggregated { names: claims, jwt });
    let distributed = answer.distributed.into_iter().map(|part| {
        let Distributed { claims, endpoint, access_token } = part;
        External::Distributed { names: claims, endpoint, access_token }
    });
    Ok(aggregated.chain(distributed).collect())
}

/// Whether it has the compact form of a JWS or JWE (RFC 7515 §7.1, RFC 7516 §7.1).
fn is_jwt(text: &str) -> bool {
    let base64url = |part: &str| {
        part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    text.len() <= LONGEST_JWT
        && matches!(text.split('.').count(), 3 | 5)
        && text.split('.').all(base64url)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn read(answer: Value) -> Result<Vec<External>, SourceFault> {
        checked(serde_json::from_value(answer).unwrap())
    }

    #[test]
    fn both_lists_are_read_and_either_may_be_absent() {
        assert_eq!(read(json!({})), Ok(Vec::new()));
        let answer = json!({
            "aggregated": [{ "claims": ["address"], "jwt": "a.b.c" }],
            "distributed": [{ "claims": ["score"], "endpoint": "https://bank.example/x" }],
        });
        let expected = [
            External::Aggregated { names: vec!["address".to_owned()], jwt: "a.b.c".to_owned() },
            External::Distributed {
                names: vec!["score".to_owned()],
                endpoint: "https://bank.example/x".to_owned(),
                access_token: None,
            },
        ];
        assert_eq!(read(answer), Ok(expected.to_vec()));
    }

    #[test]
    fn what_no_client_could_use_is_refused() {
        let aggregated = |jwt: &str| json!({ "aggregated": [{ "claims": ["a"], "jwt": jwt }] });
        for jwt in ["", "a.b", "a.b.c.d", "a b.c.d", "a.b.c\n", &"a.b.c".repeat(9_999)] {
            assert!(read(aggregated(jwt)).is_err(), "{jwt:.20}");
        }
        assert!(read(aggregated("a.b.c.d.e")).is_ok());
        for endpoint in ["http://bank.example", "bank.example", "javascript:x"] {
            let answer = json!({ "distributed": [{ "claims": ["a"], "endpoint": endpoint }] });
            assert!(read(answer).is_err(), "{endpoint}");
        }
        let part = json!({ "claims": ["a"], "jwt": "a.b.c" });
        assert!(read(json!({ "aggregated": vec![part; MOST + 1] })).is_err());
    }
}
