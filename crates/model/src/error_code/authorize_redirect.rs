//! Texts: authorization requests whose refusal goes to the client.

use super::Texts;

pub(in crate::error_code) const RESPONSE_TYPE_MISSING: Texts = Texts {
    cause: "The request does not say what the app wants back.",
    fix: "Add response_type, most likely response_type=code.",
    example: "response_type=code",
};
pub(in crate::error_code) const RESPONSE_TYPE_UNSUPPORTED: Texts = Texts {
    cause: "This server does not give out what response_type asks for. Under the profile oauth2.1 \
            it gives authorization codes only, since tokens in the address bar leak too easily; \
            the profile oidc adds id_token, id_token token, code id_token, code token and code \
            id_token token. token alone is never given.",
    fix: "Use response_type=code with PKCE, also in browser apps, and fetch the tokens from the \
          token endpoint. response_types_supported in discovery lists what there is.",
    example: "response_type=code&code_challenge=…&code_challenge_method=S256",
};
pub(in crate::error_code) const RESPONSE_MODE_UNSUPPORTED: Texts = Texts {
    cause: "The answer can travel in the query of the redirect URI or in a form that the browser \
            posts, under the profile oidc also in the fragment. Other ways are not offered.",
    fix: "Leave response_mode out to get the one that belongs to response_type, or ask for one of \
          response_modes_supported in discovery.",
    example: "response_mode=form_post",
};
pub(in crate::error_code) const CODE_CHALLENGE_MISSING: Texts = Texts {
    cause: "The request has no code_challenge. Every client has to use PKCE here, confidential ones \
            too; only under the profile oidc may a client that authenticates leave it out.",
    fix: "Make a random code_verifier for each request, keep it, and send the base64url SHA-256 \
          of it as code_challenge. Most client libraries have a switch for it.",
    example: "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256",
};
pub(in crate::error_code) const CODE_CHALLENGE_METHOD_UNSUPPORTED: Texts = Texts {
    cause: "Only the method S256 is accepted. A request without code_challenge_method asks for \
            plain, which protects against nobody who can read the request.",
    fix: "Send code_challenge_method=S256, spelled exactly so.",
    example: "code_challenge_method=S256",
};
pub(in crate::error_code) const CODE_CHALLENGE_MALFORMED: Texts = Texts {
    cause: "A SHA-256 in base64url without padding always has 43 characters from A-Z, a-z, 0-9, - \
            and _. This value is something else, so no verifier could ever match it.",
    fix: "Hash the ASCII text of the verifier, encode the 32 raw bytes (not their hex form) as \
          base64url and leave out the = at the end.",
    example: "printf %s \"$VERIFIER\" | openssl dgst -sha256 -binary | basenc --base64url | tr -d \
              =",
};
pub(in crate::error_code) const SCOPE_MALFORMED: Texts = Texts {
    cause: "Scope names are printable ASCII without quotation marks and backslashes, with one \
            space between them. There is another character in this one.",
    fix: "Separate the names with spaces (encoded as %20 or +), not with commas, tabs or line \
          breaks.",
    example: "scope=openid%20profile%20email",
};
pub(in crate::error_code) const SCOPE_NOT_ALLOWED: Texts = Texts {
    cause: "The request asks for a scope that the app did not register for. Under the profile oidc \
            a name that means nothing here (no scope of OpenID Connect and none of the app's own) \
            is passed over; under oauth2.1 it ends here too. The rule is the same at the \
            authorization endpoint and for client_credentials.",
    fix: "Ask for less, or have the scope added to the app's registration. Without scope, an \
          authorization request grants nothing but the sign-in itself, and client_credentials \
          grants all that the app registered and that needs no person.",
    example: "vestibule client create --client-id my-app --scope \"openid profile email\" …",
};
pub(in crate::error_code) const PROMPT_INVALID: Texts = Texts {
    cause: "prompt takes none, login, consent and select_account, and create where everybody may \
            make an account. Other words are refused, and none cannot stand beside another, since \
            it forbids the pages that the others ask for.",
    fix: "Use values of prompt_values_supported in discovery separated by spaces, or none alone.",
    example: "prompt=login%20consent",
};
pub(in crate::error_code) const MAX_AGE_INVALID: Texts = Texts {
    cause: "max_age says how many seconds ago the person may have signed in at most. It must be a \
            whole number, 0 or more.",
    fix: "Send digits only, or leave max_age out.",
    example: "max_age=3600",
};
pub(in crate::error_code) const CLAIMS_MALFORMED: Texts = Texts {
    cause: "The claims parameter must be a JSON object whose members userinfo and id_token map \
            claim names to null or to an object.",
    fix: "Check the JSON, and that it is encoded once as a form value. The server's log tells \
          where reading stopped.",
    example: "claims={\"id_token\":{\"email\":{\"essential\":true}},\"userinfo\":{\"name\":null}} \
              (then percent-encoded)",
};
pub(in crate::error_code) const REQUEST_OBJECT_UNSUPPORTED: Texts = Texts {
    cause: "The app sent its parameters as a JWT in request. This server does not read those.",
    fix: "Send the parameters plainly in the query or the form. Discovery says so too: \
          request_parameter_supported is false.",
    example: "GET /authorize?client_id=my-app&response_type=code&…",
};
pub(in crate::error_code) const REQUEST_URI_UNSUPPORTED: Texts = Texts {
    cause: "The app asked the server to fetch its parameters from request_uri. This server does \
            not do that.",
    fix: "Send the parameters plainly in the query or the form. Discovery says so too: \
          request_uri_parameter_supported is false.",
    example: "GET /authorize?client_id=my-app&response_type=code&…",
};
pub(in crate::error_code) const REGISTRATION_UNSUPPORTED: Texts = Texts {
    cause: "The registration parameter is for servers that issue identities to themselves. \
            Clients of this server are registered beforehand.",
    fix: "Leave registration out and use the client_id you were given.",
    example: "client_id=my-app",
};
pub(in crate::error_code) const LOGIN_REQUIRED: Texts = Texts {
    cause: "The app asked to sign the person in without showing a page, but nobody is signed in \
            here, or the sign-in is too old for max_age.",
    fix: "This is an expected answer to prompt=none. Send the person through a request without \
          it.",
    example: "The same request again, without prompt=none",
};
pub(in crate::error_code) const CONSENT_REQUIRED: Texts = Texts {
    cause: "The app asked for an answer without showing a page, but the person has not yet \
            allowed all that it asks for.",
    fix: "This is an expected answer to prompt=none. Send the person through a request without \
          it, once.",
    example: "The same request again, without prompt=none",
};
pub(in crate::error_code) const ACCOUNT_SELECTION_REQUIRED: Texts = Texts {
    cause: "The app asked for an answer without showing a page, but the person would have to \
            choose an account.",
    fix: "Send the person through a request without prompt=none.",
    example: "prompt=select_account",
};
pub(in crate::error_code) const ACCESS_DENIED: Texts = Texts {
    cause: "The person read what the app asks for and chose not to allow it.",
    fix: "Respect the answer. Offer to try again, and ask for fewer scopes if the app can do with \
          less.",
    example: "scope=openid (asks for less than scope=openid%20profile%20email)",
};
pub(in crate::error_code) const ACR_UNMET: Texts = Texts {
    cause: "The app insists on an authentication class (acr as an essential claim) that this \
            server cannot reach.",
    fix: "Ask for a class from acr_values_supported in discovery, or make it a wish with \
          acr_values instead of a must.",
    example: "acr_values=urn:vestibule:acr:pwd",
};
pub(in crate::error_code) const ID_TOKEN_HINT_INVALID: Texts = Texts {
    cause: "The id_token_hint could not be verified as an ID token that this server issued to \
            this client. An expired one is fine; one of another server or another client is not.",
    fix: "Send the ID token as you received it, whole and unchanged, or leave the hint out.",
    example: "id_token_hint=eyJhbGciOiJSUzI1NiIs…",
};
pub(in crate::error_code) const GRANT_NOT_ALLOWED: Texts = Texts {
    cause: "The app is registered, but not for the grant type that its response_type stands for: \
            authorization_code where a code is among the answer, implicit where a token or an ID \
            token is.",
    fix: "Have the grant type added to the app's registration.",
    example: "vestibule client create --client-id my-app --grant-type authorization_code …",
};
pub(in crate::error_code) const PARAMETER_TOO_LONG: Texts = Texts {
    cause: "One value of the request is longer than 8 KiB.",
    fix: "Keep what you need to remember on your side and send a short reference to it, for \
          example as state.",
    example: "state=af0ifjsldkj",
};
pub(in crate::error_code) const SUBJECT_MISMATCH: Texts = Texts {
    cause: "The app expects a certain person (by id_token_hint or by a sub in claims), and the \
            one who is signed in is somebody else.",
    fix: "Sign in with the account the app expects, or leave the hint out if anybody may answer.",
    example: "The same request again, without id_token_hint",
};
pub(in crate::error_code) const INTERACTION_REQUIRED: Texts = Texts {
    cause: "The person is signed in but has to answer a page of ours, for example new terms of \
            service, and the app asked that no page be shown.",
    fix: "Send the request again without prompt=none.",
    example: "The same request again, without prompt",
};
pub(in crate::error_code) const RESPONSE_TYPE_NOT_ALLOWED: Texts = Texts {
    cause: "The app is registered, but not for this response_type: each one has to be registered by \
            itself.",
    fix: "Ask for a response_type that the app registered, or have this one added to its \
          registration.",
    example: "vestibule client create --client-id my-app --response-type \"code id_token\" …",
};
pub(in crate::error_code) const QUERY_WITH_TOKENS: Texts = Texts {
    cause: "With this response_type the answer has a token or an ID token in it. In the query it \
            would end up in logs and in the Referer of the next page.",
    fix: "Leave response_mode out to get the fragment, or ask for form_post.",
    example: "response_type=code%20id_token&response_mode=form_post",
};
pub(in crate::error_code) const NONCE_MISSING: Texts = Texts {
    cause: "The ID token of this response_type comes through the browser, where somebody could put \
            an old one in its place. nonce is what the app recognises its own request by, and \
            OpenID Connect demands it here.",
    fix: "Make a random nonce for each request, keep it with the browser's session, and compare it \
          with the nonce of the ID token.",
    example: "response_type=id_token&nonce=n-0S6_WzA2Mj",
};
pub(in crate::error_code) const OPENID_MISSING: Texts = Texts {
    cause: "response_type asks for an ID token, and scope does not have openid in it, without which \
            there are no ID tokens.",
    fix: "Add openid to scope.",
    example: "scope=openid%20profile",
};
