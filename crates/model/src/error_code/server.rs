//! Texts: the server itself.

use super::Texts;

pub(in crate::error_code) const INTERNAL: Texts = Texts {
    cause: "The server met a state it did not expect. This is our mistake, not yours.",
    fix: "Try again in a moment. If it stays, tell whoever runs this server the request id of \
          this page: the log has the rest under it.",
    example: "journalctl -u vestibule | grep <request id>",
};
pub(in crate::error_code) const OVERLOADED: Texts = Texts {
    cause: "More requests came than the server can take at once, and it would rather say so than \
            let everybody wait.",
    fix: "Try again after the seconds that the Retry-After header names. If you run this server, \
          look at the database and its pool.",
    example: "Retry-After: 2",
};
pub(in crate::error_code) const NOT_FOUND: Texts = Texts {
    cause: "Nothing lives at this address. It may be misspelled, or belong to an older version.",
    fix: "Check the address. Apps find every endpoint through discovery.",
    example: "/.well-known/openid-configuration",
};
pub(in crate::error_code) const METHOD_NOT_ALLOWED: Texts = Texts {
    cause: "The address exists, but not for this HTTP method. The token endpoint, for example, \
            takes POST only.",
    fix: "Use a method that the Allow header of the answer names.",
    example: "Allow: POST",
};
pub(in crate::error_code) const BODY_TOO_LARGE: Texts = Texts {
    cause: "The request is larger than anything this server needs to read.",
    fix: "Send less: forms with OAuth parameters take a few kilobytes at most.",
    example: "Content-Length: 412",
};
pub(in crate::error_code) const BODY_LATE: Texts = Texts {
    cause: "The head of the request came, and its body was not whole within server.body_timeout. \
            Connections that trickle are closed, for they keep others out.",
    fix: "Send the body at once with its Content-Length. Behind a proxy, let the proxy buffer \
          requests (nginx does, unless proxy_request_buffering is off).",
    example: "Content-Length: 412",
};
pub(in crate::error_code) const HOST_UNKNOWN: Texts = Texts {
    cause: "A page was asked for at a host that is not the issuer's. Cookies, passkeys and every \
            address that the server hands out belong to the issuer's host, so a sign-in would not \
            work there.",
    fix: "Open the issuer's own address. If this server should go by the other name, set issuer to \
          it. Behind a proxy, pass the host on (nginx: proxy_set_header Host $host) and name the \
          proxy in server.trusted_proxies.",
    example: "issuer = \"https://id.example.org\"",
};
pub(in crate::error_code) const MEDIA_TYPE_UNSUPPORTED: Texts = Texts {
    cause: "OAuth endpoints read forms. JSON and multipart bodies are not read.",
    fix: "Send the parameters as a form. Most HTTP libraries have a form option that also sets \
          the header.",
    example: "Content-Type: application/x-www-form-urlencoded",
};
pub(in crate::error_code) const TOO_MANY_REQUESTS: Texts = Texts {
    cause: "More requests came from this network address within a minute than this server takes, or \
            too many with a wrong client secret.",
    fix: "Try again after the seconds that the Retry-After header names. An app that gets this at \
          /token should check its client secret. If you run this server, the limits are under \
          [rate_limits].",
    example: "Retry-After: 42",
};
