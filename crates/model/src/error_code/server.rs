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
pub(in crate::error_code) const MEDIA_TYPE_UNSUPPORTED: Texts = Texts {
    cause: "OAuth endpoints read forms. JSON and multipart bodies are not read.",
    fix: "Send the parameters as a form. Most HTTP libraries have a form option that also sets \
          the header.",
    example: "Content-Type: application/x-www-form-urlencoded",
};
