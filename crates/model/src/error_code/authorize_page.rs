//! Texts: authorization requests that end on a page of ours.

use super::Texts;

pub(in crate::error_code) const CLIENT_ID_MISSING: Texts = Texts {
    cause: "The request to the authorization endpoint does not say which app is asking, or says \
            it with an empty value.",
    fix: "Add client_id with the identifier the app got when it was registered. If you came here \
          by a link or a bookmark, go back to the app and start signing in there.",
    example: "GET /authorize?client_id=my-app&redirect_uri=…&response_type=code&…",
};
pub(in crate::error_code) const CLIENT_UNKNOWN: Texts = Texts {
    cause: "No app with this client_id may ask for sign-ins here. It may be misspelled, belong to \
            another server, or be switched off.",
    fix: "Compare client_id, letter by letter, with the one you were given, and check that the \
          app talks to the server it is registered at. Upper and lower case count.",
    example: "vestibule client create --client-id my-app --redirect-uri \
              https://app.example/callback …",
};
pub(in crate::error_code) const CLIENT_DISABLED: Texts = Texts {
    cause: "No app with this client_id may ask for sign-ins here. It may be misspelled, belong to \
            another server, or be switched off.",
    fix: "Ask whoever runs this server whether the app is registered and switched on.",
    example: "client_id=my-app",
};
pub(in crate::error_code) const REDIRECT_URI_MISSING: Texts = Texts {
    cause: "The request does not say where to send the answer. OpenID Connect wants redirect_uri \
            in every authorization request, even from an app that registered only one.",
    fix: "Send redirect_uri with one of the app's registered addresses, encoded as a form value.",
    example: "redirect_uri=https%3A%2F%2Fapp.example%2Fcallback",
};
pub(in crate::error_code) const REDIRECT_URI_MISMATCH: Texts = Texts {
    cause: "The redirect_uri of the request is not, character for character, one that the app \
            registered. Sending an answer to a similar address would let somebody else catch it.",
    fix: "Make both sides the same. Look at scheme, host, port, upper and lower case, a slash at \
          the end and the query: none of them is guessed. Only a native app's loopback address \
          may use another port. The server's log names the exact difference under the request id \
          of this page.",
    example: "Registered https://app.example/callback is asked for as \
              redirect_uri=https%3A%2F%2Fapp.example%2Fcallback",
};
pub(in crate::error_code) const PARAMETER_REPEATED: Texts = Texts {
    cause: "The same parameter came twice. Two readers of such a request could each believe \
            another value, so it is not read at all. An authorization request whose client_id and \
            redirect_uri are right and there once is answered at the app; any other ends here.",
    fix: "Send every parameter once. Check whether a value is in both the fixed part of a URL and \
          the part your code adds.",
    example: "?client_id=my-app&state=af0ifjsldkj (not ?state=1&state=2)",
};
pub(in crate::error_code) const REQUEST_MALFORMED: Texts = Texts {
    cause: "The query or the body cannot be read: a % is not followed by two hex digits, the \
            bytes are not UTF-8, or there is a NUL character among them.",
    fix: "Let your HTTP library encode the parameters instead of joining strings by hand. A \
          literal % is written %25.",
    example: "scope=openid%20profile&state=100%25",
};
