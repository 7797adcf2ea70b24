//! Explaining: what each parameter, claim and header member means and where that is written, how a
//! request fares parameter by parameter, and what a receiver finds when it checks a token. For
//! `/playground`, which shows developers what the endpoints would do; it decides nothing.

mod answer;
mod claims;
mod parameters;
mod request;
mod token;

use vestibule_model::Message;

pub use answer::{ANSWER, Sent, compared};
pub use claims::{CLAIMS, HEADER, is_time};
pub use parameters::{REQUEST, nearest};
pub use request::{Judged, Object, Report, Verdict, request};
pub use token::{Finding, Given, Kind, Signature, findings};

/// A place in a specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The document, as people call it.
    pub document: &'static str,
    /// The section's number.
    pub section: &'static str,
}

impl Spec {
    const fn new(document: &'static str, section: &'static str) -> Self {
        Self { document, section }
    }

    /// Where the section can be read; empty for a document that is not known here.
    #[must_use]
    pub fn url(&self) -> String {
        if let Some(number) = self.document.strip_prefix("RFC ") {
            return format!("https://www.rfc-editor.org/rfc/rfc{number}#section-{}", self.section);
        }
        let file = match self.document {
            "OIDC Core" => "openid-connect-core-1_0",
            "OIDC Session Management" => "openid-connect-session-1_0",
            "OIDC Back-Channel Logout" => "openid-connect-backchannel-1_0",
            "OIDC Front-Channel Logout" => "openid-connect-frontchannel-1_0",
            "Multiple Response Types" => "oauth-v2-multiple-response-types-1_0",
            "Form Post" => "oauth-v2-form-post-response-mode-1_0",
            _ => return String::new(),
        };
        format!("https://openid.net/specs/{file}.html#rfc.section.{}", self.section)
    }
}

/// What a name of the wire means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// The name.
    pub name: &'static str,
    /// The sentence that says it, in the catalogue.
    pub key: &'static str,
    /// Where it is defined.
    pub spec: Spec,
}

impl Meaning {
    const fn new(
        name: &'static str,
        key: &'static str,
        document: &'static str,
        section: &'static str,
    ) -> Self {
        Self { name, key, spec: Spec::new(document, section) }
    }

    /// The sentence.
    #[must_use]
    pub const fn message(&self) -> Message {
        Message::new(self.key)
    }
}

/// The row of `table` about `name`.
#[must_use]
pub fn meaning(table: &'static [Meaning], name: &str) -> Option<&'static Meaning> {
    table.iter().find(|row| row.name == name)
}

/// How something fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// As it should be.
    Good,
    /// Wrong.
    Bad,
    /// Possible, and yet there is something to say.
    Note,
    /// Nobody can tell here.
    Open,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_stands_once_and_its_section_can_be_opened() {
        for table in [REQUEST, ANSWER, CLAIMS, HEADER] {
            let names: BTreeSet<_> = table.iter().map(|row| row.name).collect();
            assert_eq!(names.len(), table.len());
            for row in table {
                let url = row.spec.url();
                assert!(url.starts_with("https://") && url.ends_with(row.spec.section), "{row:?}");
                assert_eq!(meaning(table, row.name), Some(row));
            }
        }
        assert_eq!(meaning(REQUEST, "Client_Id"), None);
    }

    #[test]
    fn sections_are_linked_as_their_publishers_number_them() {
        assert_eq!(
            Spec::new("RFC 7636", "4.3").url(),
            "https://www.rfc-editor.org/rfc/rfc7636#section-4.3"
        );
        assert_eq!(
            Spec::new("OIDC Core", "3.1.2.1").url(),
            "https://openid.net/specs/openid-connect-core-1_0.html#rfc.section.3.1.2.1"
        );
        assert_eq!(Spec::new("Hearsay", "1").url(), "");
    }
}
