//! `response_type` (RFC 6749 §3.1.1, OAuth 2.0 Multiple Response Type Encoding Practices).

use serde::{Deserialize, Serialize};

use crate::{client::GrantType, interaction::ResponseMode};

/// What a client asks the authorization endpoint for. `token` alone is not among them: OpenID
/// Connect has no use for it (OIDC Core §3) and RFC 9700 §2.1.2 forbids it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum ResponseType {
    /// `code`: the authorization code flow.
    #[default]
    Code,
    /// `id_token`: implicit, for the sign-in alone.
    IdToken,
    /// `id_token token`: implicit.
    IdTokenToken,
    /// `code id_token`: hybrid.
    CodeIdToken,
    /// `code token`: hybrid.
    CodeToken,
    /// `code id_token token`: hybrid.
    CodeIdTokenToken,
}

/// A text that is no response type of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a response type of this server")]
pub struct UnknownResponseType(pub String);

impl ResponseType {
    /// Every one, in the order discovery lists them.
    pub const ALL: [Self; 6] = [
        Self::Code,
        Self::IdToken,
        Self::IdTokenToken,
        Self::CodeIdToken,
        Self::CodeToken,
        Self::CodeIdTokenToken,
    ];

    /// The wire name, its words in the order of the registry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::IdToken => "id_token",
            Self::IdTokenToken => "id_token token",
            Self::CodeIdToken => "code id_token",
            Self::CodeToken => "code token",
            Self::CodeIdTokenToken => "code id_token token",
        }
    }

    /// The type of that name; the order of the words does not matter (RFC 6749 §3.1.1), a word that
    /// is there twice does.
    #[must_use]
    pub fn from_wire(text: &str) -> Option<Self> {
        let sorted = |text: &str| {
            let mut words: Vec<String> =
                text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
            words.sort_unstable();
            words
        };
        let wanted = sorted(text);
        Self::ALL.into_iter().find(|known| sorted(known.as_str()) == wanted)
    }

    /// Whether a code comes with the answer.
    #[must_use]
    pub const fn has_code(self) -> bool {
        matches!(self, Self::Code | Self::CodeIdToken | Self::CodeToken | Self::CodeIdTokenToken)
    }

    /// Whether an ID token comes with the answer.
    #[must_use]
    pub const fn has_id_token(self) -> bool {
        matches!(
            self,
            Self::IdToken | Self::IdTokenToken | Self::CodeIdToken | Self::CodeIdTokenToken
        )
    }

    /// Whether an access token comes with the answer.
    #[must_use]
    pub const fn has_token(self) -> bool {
        matches!(self, Self::IdTokenToken | Self::CodeToken | Self::CodeIdTokenToken)
    }

    /// How the answer travels if the client does not say (Multiple Response Types §5).
    #[must_use]
    pub const fn default_mode(self) -> ResponseMode {
        match self {
            Self::Code => ResponseMode::Query,
            _ => ResponseMode::Fragment,
        }
    }

    /// The grant types that a client needs for it (OIDC Registration §2, `response_types`).
    #[must_use]
    pub const fn grant_types(self) -> &'static [GrantType] {
        match self {
            Self::Code => &[GrantType::AuthorizationCode],
            Self::IdToken | Self::IdTokenToken => &[GrantType::Implicit],
            Self::CodeIdToken | Self::CodeToken | Self::CodeIdTokenToken => {
                &[GrantType::AuthorizationCode, GrantType::Implicit]
            }
        }
    }
}

impl TryFrom<String> for ResponseType {
    type Error = UnknownResponseType;

    fn try_from(text: String) -> Result<Self, UnknownResponseType> {
        Self::from_wire(&text).ok_or(UnknownResponseType(text))
    }
}

impl From<ResponseType> for &'static str {
    fn from(response_type: ResponseType) -> Self {
        response_type.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_the_words_does_not_matter_and_their_number_does() {
        for known in ResponseType::ALL {
            assert_eq!(ResponseType::from_wire(known.as_str()), Some(known));
        }
        for (text, expected) in [
            ("token id_token code", Some(ResponseType::CodeIdTokenToken)),
            ("id_token code", Some(ResponseType::CodeIdToken)),
            ("token", None),
            ("code code", None),
            ("", None),
            ("CODE", None),
            ("code\tid_token", None),
        ] {
            assert_eq!(ResponseType::from_wire(text), expected, "{text:?}");
        }
    }

    #[test]
    fn only_code_alone_may_travel_in_the_query() {
        for response_type in ResponseType::ALL {
            let in_query = response_type.default_mode() == ResponseMode::Query;
            let tokens = response_type.has_id_token() || response_type.has_token();
            assert_eq!(in_query, !tokens, "{response_type:?}");
        }
    }
}
