//! Texts: protected resources, revocation, introspection.

use super::Texts;

pub(in crate::error_code) const TOKEN_MISSING: Texts = Texts {
    cause: "This address needs an access token, and the request has none.",
    fix: "Send the access token in the Authorization header.",
    example: "Authorization: Bearer <access token>",
};
pub(in crate::error_code) const TOKEN_MALFORMED: Texts = Texts {
    cause: "What was sent is not an access token of this server. An ID token or a refresh token \
            does not work here, nor does a token that was cut or changed.",
    fix: "Send the access_token of the token response, whole and unchanged.",
    example: "Authorization: Bearer <access token>",
};
pub(in crate::error_code) const TOKEN_EXPIRED: Texts = Texts {
    cause: "Access tokens live for some minutes, and this one has come to its end.",
    fix: "Get a new one with the refresh token. expires_in of the token response tells when to.",
    example: "grant_type=refresh_token&refresh_token=…",
};
pub(in crate::error_code) const TOKEN_REVOKED: Texts = Texts {
    cause: "The token was revoked: by the client, by the person, by signing out, or for safety.",
    fix: "Drop the token. Try the refresh token once; if that is refused too, send the person \
          through a new sign-in.",
    example: "A new request to /authorize",
};
pub(in crate::error_code) const SCOPE_INSUFFICIENT: Texts = Texts {
    cause: "The token is good, but the person did not grant it what this address needs.",
    fix: "Ask for the missing scope in a new authorization request. Userinfo needs openid.",
    example: "scope=openid%20profile",
};
pub(in crate::error_code) const TOKEN_REPEATED: Texts = Texts {
    cause: "The access token came in more than one place, for example in the header and in the \
            form.",
    fix: "Send it once, best in the Authorization header.",
    example: "Authorization: Bearer <access token>",
};
pub(in crate::error_code) const TOKEN_PARAMETER_MISSING: Texts = Texts {
    cause: "The form has no token to look at.",
    fix: "Send token in the body, and token_type_hint if you know what it is.",
    example: "curl -u my-app:SECRET -d token=… https://id.example/introspect",
};
pub(in crate::error_code) const PUBLIC_CLIENT_REFUSED: Texts = Texts {
    cause: "This endpoint tells about tokens, so it only answers clients that can prove who they \
            are. A public client cannot.",
    fix: "Call it from a server with a confidential client, or let the resource server verify JWT \
          access tokens against the JWKS itself.",
    example: "curl -u my-api:SECRET -d token=… https://id.example/introspect",
};
pub(in crate::error_code) const TOKEN_OF_ANOTHER_CLIENT: Texts = Texts {
    cause: "A client can only revoke tokens that were issued to itself.",
    fix: "Authenticate as the client that the token was issued to.",
    example: "curl -u my-app:SECRET -d token=… https://id.example/revoke, with a token of my-app",
};
pub(in crate::error_code) const AUTHENTICATION_INSUFFICIENT: Texts = Texts {
    cause: "The token was issued after a weaker sign-in than is asked for here: a password alone, \
            say, where a second factor is needed by now.",
    fix: "Send the person through a new authorization request with the acr_values that the \
          WWW-Authenticate header names (RFC 9470). They prove what is missing, and no more.",
    example: "acr_values=urn:vestibule:acr:mfa",
};
pub(in crate::error_code) const RESPONSE_KEY_MISSING: Texts = Texts {
    cause: "The client registered that its ID tokens, userinfo answers or logout tokens are to be \
            encrypted, and there is no key for it: its jwks or jwks_uri has none that fits the \
            registered alg, or cannot be read, or it has no client_secret.",
    fix: "Publish a key of the right kty with use enc or no use, and alg as registered or no alg; \
          or register without the encryption.",
    example: "{\"kty\":\"RSA\",\"use\":\"enc\",\"alg\":\"RSA-OAEP-256\",\"kid\":\"enc-1\",…}",
};
pub(in crate::error_code) const RESOURCE_MISSING: Texts = Texts {
    cause: "A WebFinger request has to say what it is about (RFC 7033 §4.1), and this one does \
            not, or not as a URI.",
    fix: "Send resource once: an acct: or https: URI, percent-encoded.",
    example: "/.well-known/webfinger?resource=acct%3Aana%40id.example\
              &rel=http%3A%2F%2Fopenid.net%2Fspecs%2Fconnect%2F1.0%2Fissuer",
};
pub(in crate::error_code) const RESOURCE_ELSEWHERE: Texts = Texts {
    cause: "The resource is at another host. This server only says where to sign in people of its \
            own host.",
    fix: "Ask the host that the resource names: the part after the last @ of an address.",
    example: "/.well-known/webfinger?resource=acct%3Aana%40id.example at https://id.example",
};
