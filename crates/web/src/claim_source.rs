//! Claims that somebody else makes (OIDC Core §5.6.2): what a plug-in source says of a person, and
//! how it travels in the userinfo answer.

mod http;

use std::{future::Future, pin::Pin};

use serde_json::{Map, Value, json};
use vestibule_model::{ClientId, ScopeSet, UserId};

pub use http::{HttpClaimSource, SourceFault};

/// The members that carry references (OIDC Core §5.6.2).
const NAMES: &str = "_claim_names";
const SOURCES: &str = "_claim_sources";
/// Claims that are the answer's own, whoever else would like to say them.
const OURS: &[&str] = &["sub", "iss", "aud", "exp", "iat", NAMES, SOURCES];

/// Whom a source is asked about, by whom, and for what.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The person, under our own name for them: no client sees this one if it is pairwise.
    pub user: &'a UserId,
    /// The client that will read the answer.
    pub client: &'a ClientId,
    /// What the person allowed that client.
    pub scope: &'a ScopeSet,
    /// The claims that the client asked for one by one.
    pub claims: &'a [&'a str],
}

/// Claims by reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum External {
    /// They come along, signed by whoever makes them.
    Aggregated {
        /// What is in the JWT.
        names: Vec<String>,
        /// A JWT; goes to the client as it is.
        jwt: String,
    },
    /// The client fetches them.
    Distributed {
        /// What is there.
        names: Vec<String>,
        /// Where; `https`.
        endpoint: String,
        /// With which access token.
        access_token: Option<String>,
    },
}

/// An answer on its way.
pub type Asked<'a> = Pin<Box<dyn Future<Output = Result<Vec<External>, SourceFault>> + Send + 'a>>;

/// A source of claims by others. It decides which of them the client may have.
pub trait ClaimSource: Send + Sync {
    /// What there is about the person.
    fn claims<'a>(&'a self, question: Question<'a>) -> Asked<'a>;
}

/// Adds references to `answer`. A claim that the answer has, or that has a reference already, keeps
/// to that.
pub fn merge(answer: &mut Map<String, Value>, externals: Vec<External>) {
    let (mut names, mut sources) = (Map::new(), Map::new());
    for (number, external) in externals.into_iter().enumerate() {
        let (offered, source) = match external {
            External::Aggregated { names, jwt } => (names, json!({ "JWT": jwt })),
            External::Distributed { names, endpoint, access_token: None } => {
                (names, json!({ "endpoint": endpoint }))
            }
            External::Distributed { names, endpoint, access_token: Some(token) } => {
                (names, json!({ "endpoint": endpoint, "access_token": token }))
            }
        };
        let label = format!("src{}", number + 1);
        for name in offered {
            let taken = answer.contains_key(&name) || OURS.contains(&name.as_str());
            if !taken && !names.contains_key(&name) {
                names.insert(name, label.as_str().into());
                sources.insert(label.clone(), source.clone());
            }
        }
    }
    if !names.is_empty() {
        answer.insert(NAMES.to_owned(), names.into());
        answer.insert(SOURCES.to_owned(), sources.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn distributed(offered: &[&str], access_token: Option<&str>) -> External {
        External::Distributed {
            names: names(offered),
            endpoint: "https://bank.example/claims".to_owned(),
            access_token: access_token.map(str::to_owned),
        }
    }

    /// OIDC Core §5.6.2.1, §5.6.2.2: the members are called so.
    #[test]
    fn both_kinds_travel_as_references() {
        let mut answer = Map::from_iter([("sub".to_owned(), "ana".into())]);
        let aggregated =
            External::Aggregated { names: names(&["address", "phone"]), jwt: "a.b.c".to_owned() };
        merge(
            &mut answer,
            vec![
                aggregated,
                distributed(&["payment_info"], None),
                distributed(&["credit_score"], Some("ksj3n283dke")),
            ],
        );
        let expected = json!({
            "sub": "ana",
            "_claim_names": {
                "address": "src1", "phone": "src1", "payment_info": "src2", "credit_score": "src3",
            },
            "_claim_sources": {
                "src1": { "JWT": "a.b.c" },
                "src2": { "endpoint": "https://bank.example/claims" },
                "src3": { "endpoint": "https://bank.example/claims", "access_token": "ksj3n283dke" },
            },
        });
        assert_eq!(Value::Object(answer), expected);
    }

    #[test]
    fn what_is_said_already_is_said_by_nobody_else() {
        let before =
            Map::from_iter([("sub".to_owned(), "ana".into()), ("email".to_owned(), 1.into())]);
        for offered in [&["sub"][..], &["iss", "aud"], &["email"], &["_claim_names"], &[]] {
            let mut answer = before.clone();
            merge(&mut answer, vec![distributed(offered, None)]);
            assert_eq!(answer, before, "{offered:?}");
        }
        let mut answer = before;
        merge(
            &mut answer,
            vec![distributed(&["score", "email"], None), distributed(&["score"], None)],
        );
        assert_eq!(answer["_claim_names"], json!({ "score": "src1" }));
        assert_eq!(answer["_claim_sources"].as_object().map(Map::len), Some(1));
    }
}
