//! Identifiers that cannot be taken for one another.

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps an identifier as it was stored or received.
            #[must_use]
            pub fn new(value: impl Into<String>) -> Self {
                Self(value.into())
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// `client_id` (RFC 6749 §2.2).
    ClientId
);
id!(
    /// A user's identifier; clients with public subjects see it as `sub` (OIDC Core §2). Never
    /// reused.
    UserId
);
id!(
    /// `sub` as one client sees it: the [`UserId`] itself, or a pairwise identifier (OIDC Core §8).
    Subject
);
id!(
    /// A browser session's public name, sent as `sid`. The cookie holds another, secret value.
    SessionId
);
id!(
    /// One authorization of a client by a user: what a code, its tokens and their successors share.
    GrantId
);
id!(
    /// A pending authorization request, as it appears in the URL of its pages. Names a row and
    /// carries no power of its own.
    InteractionId
);
id!(
    /// A browser that somebody signed in with before, as its owner's list names it.
    DeviceId
);
id!(
    /// A sign-in that is not finished: the first factor was right. Names a row and carries no power.
    SignInId
);
