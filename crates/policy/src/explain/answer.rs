//! The answer to an authorization request, as a client has to read it.

use vestibule_model::{Message, settings::Issuer};

use super::{Mark, Meaning};

/// Every parameter of an answer, in the order people read it; those of the token endpoint too.
pub const ANSWER: &[Meaning] = &[
    Meaning::new("error", "playground-answer-error", "RFC 6749", "4.1.2.1"),
    Meaning::new("error_description", "playground-answer-error-description", "RFC 6749", "4.1.2.1"),
    Meaning::new("error_uri", "playground-answer-error-uri", "RFC 6749", "4.1.2.1"),
    Meaning::new("code", "playground-answer-code", "RFC 6749", "4.1.2"),
    Meaning::new("id_token", "playground-answer-id-token", "OIDC Core", "3.2.2.5"),
    Meaning::new("access_token", "playground-answer-access-token", "RFC 6749", "5.1"),
    Meaning::new("token_type", "playground-answer-token-type", "RFC 6749", "7.1"),
    Meaning::new("expires_in", "playground-answer-expires-in", "RFC 6749", "5.1"),
    Meaning::new("refresh_token", "playground-answer-refresh-token", "RFC 6749", "6"),
    Meaning::new("scope", "playground-answer-scope", "RFC 6749", "5.1"),
    Meaning::new("state", "playground-answer-state", "RFC 6749", "10.12"),
    Meaning::new("iss", "playground-answer-iss", "RFC 9207", "2.4"),
    Meaning::new(
        "session_state",
        "playground-answer-session-state",
        "OIDC Session Management",
        "2",
    ),
];

/// What is remembered of the request that was run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// `client_id`.
    pub client_id: String,
    /// `redirect_uri`.
    pub redirect_uri: String,
    /// `state`.
    pub state: Option<String>,
    /// `nonce`.
    pub nonce: Option<String>,
    /// The PKCE verifier, if it was made here.
    pub verifier: Option<String>,
}

/// How a parameter of the answer compares with the request (RFC 6749 §10.12) and with this server
/// (RFC 9207 §2.4). `value` is `None` for one that is not there. `None` says that there is nothing to
/// compare.
#[must_use]
pub fn compared(
    name: &str,
    value: Option<&str>,
    sent: Option<&Sent>,
    issuer: &Issuer,
) -> Option<(Mark, Message)> {
    let said = |mark, key| Some((mark, Message::new(key)));
    match (name, value) {
        ("iss", Some(iss)) if iss == issuer.as_str() => {
            said(Mark::Good, "playground-compare-iss-same")
        }
        ("iss", Some(_)) => {
            let issuer = issuer.as_str();
            Some((Mark::Bad, Message::new("playground-compare-iss-other").with("issuer", issuer)))
        }
        ("iss", None) => said(Mark::Bad, "playground-compare-iss-missing"),
        ("state", value) => {
            let Some(sent) = sent else {
                return value.and(said(Mark::Open, "playground-compare-state-unknown"));
            };
            match (value, sent.state.as_deref()) {
                (Some(got), Some(sent)) if got == sent => {
                    said(Mark::Good, "playground-compare-state-same")
                }
                (Some(_), _) => said(Mark::Bad, "playground-compare-state-other"),
                (None, Some(_)) => said(Mark::Bad, "playground-compare-state-missing"),
                (None, None) => None,
            }
        }
        ("error", Some(_)) => said(Mark::Bad, "playground-compare-error"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_and_issuer_are_compared_letter_by_letter() {
        let issuer = Issuer::new("https://id.example");
        let with =
            |state: Option<&str>| Sent { state: state.map(str::to_owned), ..Sent::default() };
        let (one, none) = (with(Some("s1")), with(None));
        for (name, value, sent, expected) in [
            ("iss", Some("https://id.example"), None, Some(Mark::Good)),
            ("iss", Some("https://id.example/"), None, Some(Mark::Bad)),
            ("iss", None, None, Some(Mark::Bad)),
            ("state", Some("s1"), Some(&one), Some(Mark::Good)),
            ("state", Some("S1"), Some(&one), Some(Mark::Bad)),
            ("state", None, Some(&one), Some(Mark::Bad)),
            ("state", Some("s1"), Some(&none), Some(Mark::Bad)),
            ("state", None, Some(&none), None),
            ("state", Some("s1"), None, Some(Mark::Open)),
            ("state", None, None, None),
            ("error", Some("access_denied"), None, Some(Mark::Bad)),
            ("code", Some("c"), Some(&one), None),
        ] {
            let found = compared(name, value, sent, &issuer).map(|(mark, _)| mark);
            assert_eq!(found, expected, "{name} {value:?} {sent:?}");
        }
    }
}
