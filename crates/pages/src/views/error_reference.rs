//! The pages behind `error_uri`.

use askama::Template;
use vestibule_model::ErrorCode;

use crate::{Shell, samples::SHELL};

/// `/errors/{code}`: one refusal, for the developer who met it.
#[derive(Clone, Debug, Template)]
#[template(path = "error_reference.html")]
pub struct ErrorReference<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// The refusal.
    pub code: ErrorCode,
}

impl ErrorReference<'_> {
    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        let code = ErrorCode::RedirectUriMismatch;
        vec![("error-reference", Self { shell: SHELL, code })]
    }
}

/// `/errors`: every refusal there is.
#[derive(Clone, Debug, Template)]
#[template(path = "error_index.html")]
pub struct ErrorIndex<'a> {
    /// The frame.
    pub shell: Shell<'a>,
}

/// The groups of the table, by the number each begins with.
const GROUPS: [(u32, &str); 8] = [
    (100, "Authorization requests that end on a page"),
    (200, "Authorization requests that end at the client"),
    (300, "Pages"),
    (400, "Client authentication"),
    (420, "Grants at the token endpoint"),
    (500, "Protected resources, revocation and introspection"),
    (600, "Signing out"),
    (900, "The server itself"),
];

impl ErrorIndex<'_> {
    /// Every refusal under the last group that begins at or before its number.
    fn groups() -> Vec<(&'static str, Vec<ErrorCode>)> {
        let mut groups: Vec<_> = GROUPS.iter().map(|(_, title)| (*title, Vec::new())).collect();
        for code in ErrorCode::ALL {
            let number = number(*code);
            let place = GROUPS.iter().rposition(|(first, _)| *first <= number).unwrap_or(0);
            if let Some((_, codes)) = groups.get_mut(place) {
                codes.push(*code);
            }
        }
        groups
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        vec![("error-index", Self { shell: SHELL })]
    }
}

fn number(code: ErrorCode) -> u32 {
    code.id().trim_start_matches("VST-").parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_is_in_one_group() {
        let groups = ErrorIndex::groups();
        let listed: Vec<_> = groups.iter().flat_map(|(_, codes)| codes.clone()).collect();
        assert_eq!(listed.len(), ErrorCode::ALL.len());
        assert!(groups.iter().all(|(_, codes)| !codes.is_empty()));
    }

    #[test]
    fn groups_follow_the_numbers() {
        let group_of = |wanted: ErrorCode| {
            let groups = ErrorIndex::groups();
            groups.into_iter().find(|(_, codes)| codes.contains(&wanted)).map(|(title, _)| title)
        };
        assert_eq!(group_of(ErrorCode::AssertionReplayed), Some("Client authentication"));
        assert_eq!(group_of(ErrorCode::GrantTypeMissing), Some("Grants at the token endpoint"));
        assert_eq!(group_of(ErrorCode::Internal), Some("The server itself"));
    }
}
