//! Texts: clients that register themselves.

use super::Texts;

pub(in crate::error_code) const CLIENT_METADATA_INVALID: Texts = Texts {
    cause: "A value of the registration does not fit: it has the wrong type, is one that this \
            server does not offer, or contradicts another. error_description names each field.",
    fix: "Correct the fields that are named. What this server offers is in its discovery document.",
    example: "{\"redirect_uris\": [\"https://app.example/callback\"], \"client_name\": \"My app\"}",
};
pub(in crate::error_code) const CLIENT_REDIRECT_URI_INVALID: Texts = Texts {
    cause: "redirect_uris is missing, or has an address that browsers cannot safely be sent to: it \
            is not absolute, has a fragment, is not https, or is not allowed for the \
            application_type or the response_types beside it.",
    fix: "Register each address in full, with https. Apps on a device register application_type \
          native and use http://127.0.0.1 or a scheme made from a domain name of theirs.",
    example: "{\"redirect_uris\": [\"https://app.example/callback\"]}",
};
pub(in crate::error_code) const SOFTWARE_STATEMENT_INVALID: Texts = Texts {
    cause: "software_statement is not a signed JWT, lacks iss, or is out of date.",
    fix: "Send the statement as you received it, or ask its issuer for a new one.",
    example: "{\"software_statement\": \"eyJhbGciOiJSUzI1NiIs…\", …}",
};
pub(in crate::error_code) const SOFTWARE_STATEMENT_UNAPPROVED: Texts = Texts {
    cause: "software_statement is not signed by anybody whom this server believes.",
    fix: "Register without it, or ask whoever runs this server to add the issuer's keys to \
          registration.software_statement_jwks_file.",
    example: "registration.software_statement_jwks_file = \"/etc/vestibule/software-issuers.json\"",
};
pub(in crate::error_code) const INITIAL_ACCESS_TOKEN_MISSING: Texts = Texts {
    cause: "This server registers apps that come with an initial access token, and the request has \
            none in its Authorization header.",
    fix: "Ask whoever runs this server for an initial access token, and send it as a bearer token.",
    example: "Authorization: Bearer <token of `vestibule initial-access-token create`>",
};
pub(in crate::error_code) const INITIAL_ACCESS_TOKEN_WRONG: Texts = Texts {
    cause: "The initial access token is not known, has expired, or was used as often as it may be.",
    fix: "Ask whoever runs this server for a new one.",
    example: "vestibule initial-access-token create --uses 5 --expires-in 7d",
};
pub(in crate::error_code) const REGISTRATION_TOKEN_MISSING: Texts = Texts {
    cause: "The request for a client's registration has no bearer token in its Authorization header.",
    fix: "Send the registration_access_token that the last answer gave you.",
    example: "Authorization: Bearer <registration_access_token>",
};
pub(in crate::error_code) const REGISTRATION_TOKEN_WRONG: Texts = Texts {
    cause: "There is no such client, or the token is not its registration access token. Each update \
            gives a new one, and the one before is worth nothing from then on.",
    fix: "Send the registration_access_token of the last answer. If it is lost, register anew.",
    example: "Authorization: Bearer <registration_access_token>",
};
pub(in crate::error_code) const REGISTRATION_LIMIT: Texts = Texts {
    cause: "Very many apps registered themselves lately, from this address or altogether, and nobody \
            has signed in with them yet.",
    fix: "Try again later, or come with an initial access token, for which there is no such limit.",
    example: "vestibule initial-access-token create",
};
