//! Texts: logout started by a client.

use super::Texts;

pub(in crate::error_code) const POST_LOGOUT_REDIRECT_URI_MISMATCH: Texts = Texts {
    cause: "The address to go to after signing out is not, character for character, one that the \
            app registered, or the request does not tell which app asks.",
    fix: "Register the address under post_logout_redirect_uris and send id_token_hint or \
          client_id with it. Without the address, signing out ends on our own page.",
    example: "/end_session?id_token_hint=…&post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fbye",
};
pub(in crate::error_code) const LOGOUT_HINT_INVALID: Texts = Texts {
    cause: "The id_token_hint could not be verified as an ID token of this server. An expired one \
            is fine.",
    fix: "Send the ID token as you received it, or leave the hint out: the person is then asked \
          before being signed out.",
    example: "/end_session?id_token_hint=eyJhbGciOiJSUzI1NiIs…",
};
pub(in crate::error_code) const LOGOUT_CLIENT_MISMATCH: Texts = Texts {
    cause: "client_id and id_token_hint speak of different clients.",
    fix: "Send the ID token that was issued to this client, or leave one of the two out.",
    example: "/end_session?id_token_hint=…&client_id=my-app, both of the same client",
};
