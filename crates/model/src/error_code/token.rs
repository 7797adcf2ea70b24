//! Texts: the grants of the token endpoint.

use super::Texts;

pub(in crate::error_code) const GRANT_TYPE_MISSING: Texts = Texts {
    cause: "The form does not say which grant it wants to use. Parameters in the URL are not read \
            here.",
    fix: "Send a POST with grant_type in an application/x-www-form-urlencoded body.",
    example: "grant_type=authorization_code&code=…",
};
pub(in crate::error_code) const GRANT_TYPE_UNSUPPORTED: Texts = Texts {
    cause: "This server knows authorization_code, refresh_token and client_credentials. The \
            password grant and others are not offered.",
    fix: "Sign people in with the authorization code flow; use client_credentials for a client's \
          own work.",
    example: "grant_type=client_credentials",
};
pub(in crate::error_code) const GRANT_TYPE_NOT_ALLOWED: Texts = Texts {
    cause: "The client exists and proved itself, but it is not registered for this grant, or it \
            is a public client asking for client_credentials.",
    fix: "Have the grant type added to the client's registration.",
    example: "vestibule client create --client-id my-app --grant-type authorization_code \
              --grant-type refresh_token …",
};
pub(in crate::error_code) const CODE_MISSING: Texts = Texts {
    cause: "The grant authorization_code needs the code that the redirect brought.",
    fix: "Read code from the query (or the posted form) of your redirect URI and send it on.",
    example: "grant_type=authorization_code&code=SplxlOBeZQQYbYS6WxSbIA&redirect_uri=…&code_verifier=…",
};
pub(in crate::error_code) const CODE_UNKNOWN: Texts = Texts {
    cause: "This server did not issue this code, or cleaned it away long ago.",
    fix: "Start a new sign-in. Check that the code was taken over whole and decoded once, and \
          that it goes to the server that issued it.",
    example: "A new request to /authorize",
};
pub(in crate::error_code) const CODE_EXPIRED: Texts = Texts {
    cause: "Codes live for about a minute, and this one came later.",
    fix: "Redeem the code as soon as the redirect arrives, from your server, before showing \
          anything. Then start a new sign-in.",
    example: "A new request to /authorize",
};
pub(in crate::error_code) const CODE_REPLAYED: Texts = Texts {
    cause: "This code was redeemed before. Since two parties may hold it, all that was issued \
            from it has been revoked.",
    fix: "Redeem each code once; don't retry the exchange on a page reload. Start a new sign-in.",
    example: "After the exchange, redirect to a page of your own so that a reload sends no code",
};
pub(in crate::error_code) const CODE_OF_ANOTHER_CLIENT: Texts = Texts {
    cause: "A code can only be redeemed by the client that asked for it.",
    fix: "Use the same client_id for the authorization request and for the exchange, and keep the \
          two environments of an app apart.",
    example: "client_id=my-app in both requests",
};
pub(in crate::error_code) const REDIRECT_URI_CHANGED: Texts = Texts {
    cause: "The exchange must repeat the redirect_uri of the authorization request, character for \
            character, so that a code caught elsewhere is of no use.",
    fix: "Keep the value you sent to the authorization endpoint and send the very same one here.",
    example: "redirect_uri=https%3A%2F%2Fapp.example%2Fcallback",
};
pub(in crate::error_code) const VERIFIER_MISSING: Texts = Texts {
    cause: "The code was asked for with PKCE, and the exchange does not bring the verifier.",
    fix: "Send the code_verifier you made for this sign-in. Keep it per sign-in, for example in \
          the session, under its state.",
    example: "code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
};
pub(in crate::error_code) const VERIFIER_MALFORMED: Texts = Texts {
    cause: "A verifier has 43 to 128 characters from A-Z, a-z, 0-9, -, ., _ and ~.",
    fix: "Encode 32 random bytes as base64url without padding: that makes 43 good characters.",
    example: "openssl rand 32 | basenc --base64url | tr -d =",
};
pub(in crate::error_code) const VERIFIER_MISMATCH: Texts = Texts {
    cause: "The SHA-256 of the verifier is not the code_challenge of the authorization request.",
    fix: "Send the verifier that belongs to this very sign-in; with several tabs open the last \
          one may have overwritten it. The challenge is made from the verifier's text, not from \
          its decoded bytes.",
    example: "code_challenge = base64url(sha256(ascii(code_verifier)))",
};
pub(in crate::error_code) const REFRESH_TOKEN_MISSING: Texts = Texts {
    cause: "The grant refresh_token needs the token to refresh with.",
    fix: "Send the newest refresh token you were given.",
    example: "grant_type=refresh_token&refresh_token=…",
};
pub(in crate::error_code) const REFRESH_TOKEN_UNKNOWN: Texts = Texts {
    cause: "This server did not issue this refresh token, or cleaned it away long ago.",
    fix: "Check that it was stored whole and is sent to the server that issued it. Otherwise send \
          the person through a new sign-in.",
    example: "A new request to /authorize",
};
pub(in crate::error_code) const REFRESH_TOKEN_EXPIRED: Texts = Texts {
    cause: "The refresh token was not used for too long, or the sign-in it comes from has reached \
            its end.",
    fix: "Send the person through a new sign-in.",
    example: "A new request to /authorize",
};
pub(in crate::error_code) const REFRESH_TOKEN_REUSED: Texts = Texts {
    cause: "Each refresh token works once and brings its successor. This one was used before, so \
            somebody else may hold a copy, and all tokens of this sign-in have been revoked.",
    fix: "Store the new refresh token before you use the new access token, and let only one \
          process refresh at a time. Then send the person through a new sign-in.",
    example: "Replace the stored refresh_token with the one of each response",
};
pub(in crate::error_code) const REFRESH_TOKEN_OF_ANOTHER_CLIENT: Texts = Texts {
    cause: "A refresh token belongs to the client it was issued to.",
    fix: "Use the client_id that the token was issued to, and keep the tokens of different apps \
          and environments apart.",
    example: "client_id=my-app, the same as in the authorization request",
};
pub(in crate::error_code) const GRANT_REVOKED: Texts = Texts {
    cause: "The person or an administrator took back what was granted, or it was revoked for \
            safety.",
    fix: "Drop the tokens you hold and send the person through a new sign-in.",
    example: "A new request to /authorize",
};
pub(in crate::error_code) const SESSION_ENDED: Texts = Texts {
    cause: "Without offline_access a grant lasts as long as the browser session it came from, and \
            the person has signed out.",
    fix: "Send the person through a new sign-in. Ask for offline_access if the app must go on \
          working without them.",
    example: "scope=openid%20offline_access",
};
pub(in crate::error_code) const USER_DISABLED: Texts = Texts {
    cause: "The account this grant belongs to cannot be used at present.",
    fix: "Drop the tokens you hold. The person can turn to whoever runs this server.",
    example: "A new request to /authorize, once the account can be used again",
};
pub(in crate::error_code) const SCOPE_WIDENED: Texts = Texts {
    cause: "A refresh may ask for less than was granted, never for more.",
    fix: "Leave scope out to get all that was granted. For more, send the person through a new \
          authorization request.",
    example: "grant_type=refresh_token&refresh_token=…&scope=openid",
};
pub(in crate::error_code) const REFRESH_SCOPE_CHANGED: Texts = Texts {
    cause: "The refresh token was used a moment ago with another scope. The answer of that use can \
            be had once more, for a client that lost it, but it is for that scope.",
    fix: "Repeat a lost request as it was. For another scope, use the refresh token that the first \
          answer brought.",
    example: "grant_type=refresh_token&refresh_token=…&scope=openid",
};
