//! Texts: authorization requests in a request object (OIDC Core §6, RFC 9101).

use super::Texts;

pub(in crate::error_code) const REQUEST_OBJECT_TWICE: Texts = Texts {
    cause: "The app sent its parameters as a JWT in request and named a place to fetch them from \
            in request_uri. They could say different things.",
    fix: "Send one of the two.",
    example: "GET /authorize?client_id=my-app&response_type=code&scope=openid&request=eyJ…",
};
pub(in crate::error_code) const REQUEST_OBJECT_REQUIRED: Texts = Texts {
    cause: "The app registered require_signed_request_object, so nothing is believed that only \
            stands in the address, and this request came without a request object.",
    fix: "Sign the parameters as a JWT and send it as request, or change the registration.",
    example: "GET /authorize?client_id=my-app&request=eyJ…",
};
pub(in crate::error_code) const REQUEST_OBJECT_MALFORMED: Texts = Texts {
    cause: "What came as a request object is no JWT that can be read, or a parameter in it has a \
            value that the parameter cannot have, for example a number where a text belongs.",
    fix: "Send the compact form (three parts, or five if it is encrypted) with a JSON object in \
          it, whose members are the parameters by their usual names.",
    example: "{\"iss\": \"my-app\", \"aud\": \"https://id.example\", \"client_id\": \"my-app\", \
              \"response_type\": \"code\", \"max_age\": 3600, …}",
};
pub(in crate::error_code) const REQUEST_OBJECT_UNSIGNED: Texts = Texts {
    cause: "The request object has no signature (alg is none, or it is only encrypted). That is \
            taken only with the profile oidc, and only from apps whose registration allows it.",
    fix: "Sign the request object with a key that the app registered. In the profile oidc an app \
          can register request_object_signing_alg as none instead.",
    example: "{\"alg\":\"ES256\",\"kid\":\"2026-11\",\"typ\":\"oauth-authz-req+jwt\"}",
};
pub(in crate::error_code) const REQUEST_OBJECT_SIGNATURE_WRONG: Texts = Texts {
    cause: "The signature of the request object does not fit any key that the app registered, or \
            it is made with another algorithm than the registered request_object_signing_alg.",
    fix: "Sign with the private key whose public half is in the app's jwks or at its jwks_uri, \
          name it by kid if there are several, and use the registered algorithm.",
    example: "{\"alg\":\"ES256\",\"kid\":\"2026-11\",\"typ\":\"oauth-authz-req+jwt\"}",
};
pub(in crate::error_code) const REQUEST_OBJECT_UNOPENED: Texts = Texts {
    cause: "The request object is encrypted, and none of this server's keys opens it. The key may \
            have been replaced since the app read the key set, or the algorithm is not offered.",
    fix: "Read jwks_uri again, take the key with use set to enc, and use alg and enc values that \
          discovery lists under request_object_encryption_…_supported.",
    example: "{\"alg\":\"RSA-OAEP-256\",\"enc\":\"A256GCM\",\"cty\":\"JWT\",\"kid\":\"…\"}",
};
pub(in crate::error_code) const REQUEST_OBJECT_CLAIM_WRONG: Texts = Texts {
    cause: "The request object is signed well, but says something that cannot be: it has expired \
            or is of the future, is meant for another server or by another app, differs from \
            client_id or response_type beside it, or holds a request object itself.",
    fix: "Make a fresh request object for every request, with iss and client_id set to the app's \
          client_id and aud to this server's issuer, and repeat client_id and response_type \
          unchanged in the query.",
    example: "{\"iss\":\"my-app\",\"aud\":\"https://id.example\",\"client_id\":\"my-app\",\
              \"exp\":…}",
};
pub(in crate::error_code) const REQUEST_URI_UNREGISTERED: Texts = Texts {
    cause: "The request_uri is longer than 512 characters or is not one that the app registered \
            in request_uris. This server fetches from no other place.",
    fix: "Register the address, character for character; what follows a # may differ.",
    example: "request_uris: [\"https://app.example/requests/1\"]",
};
pub(in crate::error_code) const REQUEST_URI_UNFETCHED: Texts = Texts {
    cause: "The request object could not be fetched from request_uri: it has to be an https \
            address on the public internet that answers with status 200 in a few seconds and at \
            most 64 KiB.",
    fix: "Fetch the address from outside your own network and see that it answers directly, \
          without a redirect.",
    example: "curl -i https://app.example/requests/1",
};
pub(in crate::error_code) const REQUEST_URI_HASH_WRONG: Texts = Texts {
    cause: "The part of request_uri after # is the base64url SHA-256 of another content than was \
            found there.",
    fix: "Hash the bytes as they are served, and change the part after # whenever they change.",
    example: "openssl dgst -sha256 -binary request.jwt | basenc --base64url | tr -d =",
};
