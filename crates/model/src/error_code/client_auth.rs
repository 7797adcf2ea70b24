//! Texts: client authentication at the token endpoint.

use super::Texts;

pub(in crate::error_code) const CLIENT_AUTH_MISSING: Texts = Texts {
    cause: "The endpoint could not tell which client is calling: there is no Authorization \
            header, no client_id and no client assertion.",
    fix: "Authenticate with the method the client is registered for. A public client sends its \
          client_id in the form.",
    example: "curl -u my-app:SECRET -d grant_type=client_credentials https://id.example/token",
};
pub(in crate::error_code) const CLIENT_AUTH_FAILED: Texts = Texts {
    cause: "The client's name or its proof is not right. The answer is the same for every cause, \
            so that nobody can probe for clients or secrets.",
    fix: "Check client_id and secret, without stray spaces or line ends. For HTTP Basic both are \
          form-encoded before they are joined with a colon and base64-encoded.",
    example: "Authorization: Basic base64(form-encoded client_id + \":\" + form-encoded secret)",
};
pub(in crate::error_code) const CLIENT_AUTH_METHOD_MISMATCH: Texts = Texts {
    cause: "Each client proves itself in the one way it is registered for, and this request used \
            another.",
    fix: "Set your library to the registered token_endpoint_auth_method: none, \
          client_secret_basic, client_secret_post, client_secret_jwt or private_key_jwt.",
    example: "token_endpoint_auth_method: client_secret_basic",
};
pub(in crate::error_code) const CLIENT_AUTH_REPEATED: Texts = Texts {
    cause: "The request proves the client in two ways at once, for example by a Basic header and \
            by client_secret in the form.",
    fix: "Use one. Turn off the library option that sends credentials in the body if the header \
          is in use.",
    example: "Authorization: Basic … and no client_secret in the form",
};
pub(in crate::error_code) const ASSERTION_MALFORMED: Texts = Texts {
    cause: "The client assertion is not a JWT this server can use: a part is missing or \
            unreadable, iss and sub are not the client_id, there is no jti, or exp is missing or \
            more than an hour ahead.",
    fix: "Make a fresh assertion for each request with iss and sub set to the client_id, aud to \
          this server, a new random jti, and an exp one minute ahead.",
    example: "{\"iss\": \"my-app\", \"sub\": \"my-app\", \"aud\": \"https://id.example\", \
         \"jti\": \"<random>\", \"iat\": …, \"exp\": …}",
};
pub(in crate::error_code) const ASSERTION_SIGNATURE_WRONG: Texts = Texts {
    cause: "The assertion's signature does not fit any key the client registered (or its \
            client_secret, for client_secret_jwt), it uses an algorithm that is not accepted for \
            this, or the keys could not be fetched from the client's jwks_uri.",
    fix: "Sign with the private key whose public half is registered for the client, name it by \
          kid if there are several, and use the registered token_endpoint_auth_signing_alg, or \
          one from discovery's token_endpoint_auth_signing_alg_values_supported.",
    example: "{\"alg\":\"ES256\",\"kid\":\"2026-11\",\"typ\":\"JWT\"}",
};
pub(in crate::error_code) const ASSERTION_EXPIRED: Texts = Texts {
    cause: "The assertion's exp has passed.",
    fix: "Make a new assertion for every request, just before you send it, and keep the machine's \
          clock right.",
    example: "exp = now + 60 seconds",
};
pub(in crate::error_code) const ASSERTION_NOT_YET_VALID: Texts = Texts {
    cause: "The assertion's nbf or iat lies in the future as this server sees it, by more than 30 \
            seconds.",
    fix: "Set the machine's clock by NTP. Leave nbf out if you don't need it.",
    example: "iat = now, no nbf",
};
pub(in crate::error_code) const ASSERTION_AUDIENCE_WRONG: Texts = Texts {
    cause: "The assertion's aud names another server. An assertion made for one server must not \
            be good at another.",
    fix: "Set aud to this server's issuer, exactly as discovery prints it. The address of the \
          token endpoint or of the endpoint that is called will do as well.",
    example: "\"aud\":\"https://id.example\"",
};
pub(in crate::error_code) const ASSERTION_REPLAYED: Texts = Texts {
    cause: "This assertion was used before. Each one works once.",
    fix: "Make a new assertion with a new random jti for every request, retries included.",
    example: "\"jti\":\"<128 random bits, new each time>\"",
};
pub(in crate::error_code) const CLIENT_KEYS_UNAVAILABLE: Texts = Texts {
    cause: "The client registered its keys by jwks_uri, and they could not be fetched from there: \
            it has to be an https address on the public internet that answers with status 200 and \
            a JWK Set in a few seconds.",
    fix: "Fetch the address from outside your own network and see that it answers directly, \
          without a redirect, with a JSON object that has keys.",
    example: "curl -i https://app.example/jwks.json",
};
