//! Every refusal there is, in one table: its stable code, its wire form, and its page.
//!
//! The table is the only place that knows them: the wire `error`, `error_uri`, the page served at
//! `/errors/VST-…` and `docs/reference/errors.md` all come from it. A code is never reused for
//! another meaning; add new ones at the end of their group.

mod authorize_page;
mod authorize_redirect;
mod client_auth;
mod logout;
mod pages;
pub mod reference;
mod registration;
mod request_object;
mod resource;
mod server;
mod token;
mod wire;

pub use wire::WireError;

/// What a refusal's page tells.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The stable code, `VST-` and four digits.
    pub id: &'static str,
    /// The OAuth `error` it travels as.
    pub wire: WireError,
    /// One sentence; also the default `error_description`, so it gives nothing away.
    pub title: &'static str,
    /// Why it happens.
    pub cause: &'static str,
    /// What to do about it.
    pub fix: &'static str,
    /// What a right request looks like.
    pub example: &'static str,
}

/// The longer texts of a row; they live in one file for each group.
struct Texts {
    cause: &'static str,
    fix: &'static str,
    example: &'static str,
}

macro_rules! error_codes {
    ($($name:ident = $id:literal, $wire:ident, $title:literal, $group:ident::$texts:ident;)*) => {
        /// A refusal's name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each variant's entry says what it is")]
        pub enum ErrorCode { $($name),* }

        impl ErrorCode {
            /// Every refusal, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The refusal's entry.
            #[must_use]
            pub const fn entry(self) -> Entry {
                match self {
                    $(Self::$name => Entry {
                        id: $id,
                        wire: WireError::$wire,
                        title: $title,
                        cause: $group::$texts.cause,
                        fix: $group::$texts.fix,
                        example: $group::$texts.example,
                    }),*
                }
            }
        }
    };
}

impl ErrorCode {
    /// The stable code.
    #[must_use]
    pub const fn id(self) -> &'static str {
        self.entry().id
    }

    /// The OAuth `error`.
    #[must_use]
    pub const fn wire(self) -> WireError {
        self.entry().wire
    }

    /// The public sentence.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.entry().title
    }

    /// The refusal that the other side is told of. Some differ only for the log and the client's
    /// owner, because the difference would tell a stranger which clients, codes and tokens exist.
    #[must_use]
    pub const fn public(self) -> Self {
        match self {
            Self::ClientDisabled => Self::ClientUnknown,
            Self::ClientAuthMethodMismatch | Self::AssertionSignatureWrong => {
                Self::ClientAuthFailed
            }
            Self::CodeOfAnotherClient => Self::CodeUnknown,
            Self::RefreshTokenOfAnotherClient => Self::RefreshTokenUnknown,
            other => other,
        }
    }

    /// Whether a client is told, by redirect or as JSON. The others end on a page, because nothing
    /// is proved yet that could be redirected to, or because only the person is concerned.
    #[must_use]
    pub fn reaches_client(self) -> bool {
        let unproved = matches!(
            self,
            Self::ClientIdMissing
                | Self::ClientUnknown
                | Self::ClientDisabled
                | Self::RedirectUriMissing
                | Self::RedirectUriMismatch
        );
        !unproved && !["VST-03", "VST-06"].iter().any(|group| self.id().starts_with(group))
    }

    /// The refusal of that stable code.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.id() == id)
    }
}

error_codes! {

    // Authorization requests that end on a page: the client or the redirect URI is not known good.
    ClientIdMissing = "VST-0101", InvalidRequest, "client_id is missing",
        authorize_page::CLIENT_ID_MISSING;
    ClientUnknown = "VST-0102", UnauthorizedClient, "This app is not registered here",
        authorize_page::CLIENT_UNKNOWN;
    ClientDisabled = "VST-0103", UnauthorizedClient, "This app is not registered here",
        authorize_page::CLIENT_DISABLED;
    RedirectUriMissing = "VST-0104", InvalidRequest, "redirect_uri is missing",
        authorize_page::REDIRECT_URI_MISSING;
    RedirectUriMismatch = "VST-0105", InvalidRequest,
        "redirect_uri is not one that the client registered",
        authorize_page::REDIRECT_URI_MISMATCH;
    ParameterRepeated = "VST-0106", InvalidRequest, "A parameter is given more than once",
        authorize_page::PARAMETER_REPEATED;
    RequestMalformed = "VST-0107", InvalidRequest, "The request is not well-formed UTF-8 form data",
        authorize_page::REQUEST_MALFORMED;

    // Authorization requests that end at the client.
    ResponseTypeMissing = "VST-0201", InvalidRequest, "response_type is missing",
        authorize_redirect::RESPONSE_TYPE_MISSING;
    ResponseTypeUnsupported = "VST-0202", UnsupportedResponseType, "response_type is not supported",
        authorize_redirect::RESPONSE_TYPE_UNSUPPORTED;
    ResponseModeUnsupported = "VST-0203", InvalidRequest, "response_mode is not supported",
        authorize_redirect::RESPONSE_MODE_UNSUPPORTED;
    CodeChallengeMissing = "VST-0204", InvalidRequest, "code_challenge is missing",
        authorize_redirect::CODE_CHALLENGE_MISSING;
    CodeChallengeMethodUnsupported = "VST-0205", InvalidRequest,
        "code_challenge_method must be S256",
        authorize_redirect::CODE_CHALLENGE_METHOD_UNSUPPORTED;
    CodeChallengeMalformed = "VST-0206", InvalidRequest,
        "code_challenge is not a base64url SHA-256",
        authorize_redirect::CODE_CHALLENGE_MALFORMED;
    ScopeMalformed = "VST-0207", InvalidScope, "scope has a character that is not allowed",
        authorize_redirect::SCOPE_MALFORMED;
    ScopeNotAllowed = "VST-0208", InvalidScope, "scope asks for more than the client may have",
        authorize_redirect::SCOPE_NOT_ALLOWED;
    PromptInvalid = "VST-0209", InvalidRequest,
        "prompt has an unknown value or joins none with another",
        authorize_redirect::PROMPT_INVALID;
    MaxAgeInvalid = "VST-0210", InvalidRequest, "max_age is not a whole number of seconds",
        authorize_redirect::MAX_AGE_INVALID;
    ClaimsMalformed = "VST-0211", InvalidRequest,
        "claims is not the JSON object that OpenID Connect describes",
        authorize_redirect::CLAIMS_MALFORMED;
    RequestObjectUnsupported = "VST-0212", RequestNotSupported, "request objects are not supported",
        authorize_redirect::REQUEST_OBJECT_UNSUPPORTED;
    RequestUriUnsupported = "VST-0213", RequestUriNotSupported, "request_uri is not supported",
        authorize_redirect::REQUEST_URI_UNSUPPORTED;
    RegistrationUnsupported = "VST-0214", RegistrationNotSupported,
        "registration by request parameter is not supported",
        authorize_redirect::REGISTRATION_UNSUPPORTED;
    LoginRequired = "VST-0215", LoginRequired,
        "The person must sign in, and prompt=none forbids it",
        authorize_redirect::LOGIN_REQUIRED;
    ConsentRequired = "VST-0216", ConsentRequired,
        "The person must consent, and prompt=none forbids it",
        authorize_redirect::CONSENT_REQUIRED;
    AccountSelectionRequired = "VST-0217", AccountSelectionRequired,
        "The person must choose an account, and prompt=none forbids it",
        authorize_redirect::ACCOUNT_SELECTION_REQUIRED;
    AccessDenied = "VST-0218", AccessDenied, "The person said no",
        authorize_redirect::ACCESS_DENIED;
    AcrUnmet = "VST-0219", UnmetAuthenticationRequirements,
        "The authentication level that was asked for cannot be reached",
        authorize_redirect::ACR_UNMET;
    IdTokenHintInvalid = "VST-0220", InvalidRequest,
        "id_token_hint is not an ID token of this server for this client",
        authorize_redirect::ID_TOKEN_HINT_INVALID;
    GrantNotAllowed = "VST-0221", UnauthorizedClient,
        "The client did not register the grant type that response_type needs",
        authorize_redirect::GRANT_NOT_ALLOWED;
    ParameterTooLong = "VST-0222", InvalidRequest, "A parameter is too long",
        authorize_redirect::PARAMETER_TOO_LONG;
    SubjectMismatch = "VST-0223", LoginRequired,
        "Another person than the expected one is signed in",
        authorize_redirect::SUBJECT_MISMATCH;
    InteractionRequired = "VST-0224", InteractionRequired,
        "The person must answer a page first, and prompt=none forbids it",
        authorize_redirect::INTERACTION_REQUIRED;
    ResponseTypeNotAllowed = "VST-0225", UnauthorizedClient,
        "The client did not register this response_type",
        authorize_redirect::RESPONSE_TYPE_NOT_ALLOWED;
    QueryWithTokens = "VST-0226", InvalidRequest,
        "response_mode=query cannot carry the tokens of this response_type",
        authorize_redirect::QUERY_WITH_TOKENS;
    NonceMissing = "VST-0227", InvalidRequest, "nonce is missing",
        authorize_redirect::NONCE_MISSING;
    OpenidMissing = "VST-0228", InvalidRequest,
        "scope lacks openid, which this response_type needs",
        authorize_redirect::OPENID_MISSING;

    // Request objects (OIDC Core §6, RFC 9101).
    RequestObjectTwice = "VST-0240", InvalidRequest, "request and request_uri are given together",
        request_object::REQUEST_OBJECT_TWICE;
    RequestObjectRequired = "VST-0241", InvalidRequest,
        "This client has to send its request as a signed request object",
        request_object::REQUEST_OBJECT_REQUIRED;
    RequestObjectMalformed = "VST-0242", InvalidRequestObject,
        "The request object cannot be read",
        request_object::REQUEST_OBJECT_MALFORMED;
    RequestObjectUnsigned = "VST-0243", InvalidRequestObject,
        "The request object has to be signed",
        request_object::REQUEST_OBJECT_UNSIGNED;
    RequestObjectSignatureWrong = "VST-0244", InvalidRequestObject,
        "The signature of the request object is not one of the client's",
        request_object::REQUEST_OBJECT_SIGNATURE_WRONG;
    RequestObjectUnopened = "VST-0245", InvalidRequestObject,
        "The request object could not be decrypted",
        request_object::REQUEST_OBJECT_UNOPENED;
    RequestObjectClaimWrong = "VST-0246", InvalidRequestObject,
        "The request object says something that cannot be",
        request_object::REQUEST_OBJECT_CLAIM_WRONG;
    RequestUriUnregistered = "VST-0247", InvalidRequestUri,
        "request_uri is not one that the client registered",
        request_object::REQUEST_URI_UNREGISTERED;
    RequestUriUnfetched = "VST-0248", InvalidRequestUri,
        "The request object could not be fetched from request_uri",
        request_object::REQUEST_URI_UNFETCHED;
    RequestUriHashWrong = "VST-0249", InvalidRequestUri,
        "What is at request_uri does not fit the hash after its #",
        request_object::REQUEST_URI_HASH_WRONG;

    // Pages.
    InteractionUnknown = "VST-0301", InvalidRequest, "This sign-in is not known any more",
        pages::INTERACTION_UNKNOWN;
    InteractionExpired = "VST-0302", InvalidRequest, "This page is too old",
        pages::INTERACTION_EXPIRED;
    FormExpired = "VST-0303", InvalidRequest, "This form does not belong to this browser",
        pages::FORM_EXPIRED;
    CredentialsWrong = "VST-0304", AccessDenied, "That user name and password don't match",
        pages::CREDENTIALS_WRONG;
    SetupLinkInvalid = "VST-0305", InvalidRequest, "This set-up link was used or has expired",
        pages::SETUP_LINK_INVALID;
    PasswordUnacceptable = "VST-0306", InvalidRequest, "This password cannot be used",
        pages::PASSWORD_UNACCEPTABLE;

    AccountNameTaken = "VST-0307", InvalidRequest, "This user name or mail address is taken",
        pages::ACCOUNT_NAME_TAKEN;

    // Token endpoint: client authentication.
    ClientAuthMissing = "VST-0401", InvalidClient, "Client authentication is missing",
        client_auth::CLIENT_AUTH_MISSING;
    ClientAuthFailed = "VST-0402", InvalidClient, "Client authentication failed",
        client_auth::CLIENT_AUTH_FAILED;
    ClientAuthMethodMismatch = "VST-0403", InvalidClient, "Client authentication failed",
        client_auth::CLIENT_AUTH_METHOD_MISMATCH;
    ClientAuthRepeated = "VST-0404", InvalidRequest,
        "The client authenticated in more than one way",
        client_auth::CLIENT_AUTH_REPEATED;
    AssertionMalformed = "VST-0405", InvalidClient, "Client authentication failed",
        client_auth::ASSERTION_MALFORMED;
    AssertionSignatureWrong = "VST-0406", InvalidClient, "Client authentication failed",
        client_auth::ASSERTION_SIGNATURE_WRONG;
    AssertionExpired = "VST-0407", InvalidClient, "Client authentication failed",
        client_auth::ASSERTION_EXPIRED;
    AssertionNotYetValid = "VST-0408", InvalidClient, "Client authentication failed",
        client_auth::ASSERTION_NOT_YET_VALID;
    AssertionAudienceWrong = "VST-0409", InvalidClient, "Client authentication failed",
        client_auth::ASSERTION_AUDIENCE_WRONG;
    AssertionReplayed = "VST-0410", InvalidClient, "Client authentication failed",
        client_auth::ASSERTION_REPLAYED;
    ClientKeysUnavailable = "VST-0411", InvalidRequest,
        "The client's keys could not be fetched from its jwks_uri",
        client_auth::CLIENT_KEYS_UNAVAILABLE;

    // Token endpoint: grants.
    GrantTypeMissing = "VST-0420", InvalidRequest, "grant_type is missing",
        token::GRANT_TYPE_MISSING;
    GrantTypeUnsupported = "VST-0421", UnsupportedGrantType, "grant_type is not supported",
        token::GRANT_TYPE_UNSUPPORTED;
    GrantTypeNotAllowed = "VST-0422", UnauthorizedClient,
        "The client did not register this grant_type",
        token::GRANT_TYPE_NOT_ALLOWED;
    CodeMissing = "VST-0423", InvalidRequest, "code is missing",
        token::CODE_MISSING;
    CodeUnknown = "VST-0424", InvalidGrant, "The code is not valid",
        token::CODE_UNKNOWN;
    CodeExpired = "VST-0425", InvalidGrant, "The code is not valid",
        token::CODE_EXPIRED;
    CodeReplayed = "VST-0426", InvalidGrant, "The code is not valid",
        token::CODE_REPLAYED;
    CodeOfAnotherClient = "VST-0427", InvalidGrant, "The code is not valid",
        token::CODE_OF_ANOTHER_CLIENT;
    RedirectUriChanged = "VST-0428", InvalidGrant,
        "redirect_uri is not the one of the authorization request",
        token::REDIRECT_URI_CHANGED;
    VerifierMissing = "VST-0429", InvalidRequest, "code_verifier is missing",
        token::VERIFIER_MISSING;
    VerifierMalformed = "VST-0430", InvalidRequest,
        "code_verifier must be 43 to 128 unreserved characters",
        token::VERIFIER_MALFORMED;
    VerifierMismatch = "VST-0431", InvalidGrant, "code_verifier does not match code_challenge",
        token::VERIFIER_MISMATCH;
    RefreshTokenMissing = "VST-0432", InvalidRequest, "refresh_token is missing",
        token::REFRESH_TOKEN_MISSING;
    RefreshTokenUnknown = "VST-0433", InvalidGrant, "The refresh token is not valid",
        token::REFRESH_TOKEN_UNKNOWN;
    RefreshTokenExpired = "VST-0434", InvalidGrant, "The refresh token is not valid",
        token::REFRESH_TOKEN_EXPIRED;
    RefreshTokenReused = "VST-0435", InvalidGrant, "The refresh token is not valid",
        token::REFRESH_TOKEN_REUSED;
    RefreshTokenOfAnotherClient = "VST-0436", InvalidGrant, "The refresh token is not valid",
        token::REFRESH_TOKEN_OF_ANOTHER_CLIENT;
    GrantRevoked = "VST-0437", InvalidGrant, "What was granted has been withdrawn",
        token::GRANT_REVOKED;
    SessionEnded = "VST-0438", InvalidGrant, "The session has ended",
        token::SESSION_ENDED;
    UserDisabled = "VST-0439", InvalidGrant, "The account cannot be used",
        token::USER_DISABLED;
    ScopeWidened = "VST-0440", InvalidScope, "scope asks for more than was granted",
        token::SCOPE_WIDENED;
    RefreshScopeChanged = "VST-0441", InvalidScope,
        "scope is not the one that this refresh token was first used with",
        token::REFRESH_SCOPE_CHANGED;

    // Protected resources, revocation, introspection.
    TokenMissing = "VST-0501", Unauthorized, "An access token is needed",
        resource::TOKEN_MISSING;
    TokenMalformed = "VST-0502", InvalidToken, "The access token is not valid",
        resource::TOKEN_MALFORMED;
    TokenExpired = "VST-0503", InvalidToken, "The access token has expired",
        resource::TOKEN_EXPIRED;
    TokenRevoked = "VST-0504", InvalidToken, "The access token was revoked",
        resource::TOKEN_REVOKED;
    ScopeInsufficient = "VST-0505", InsufficientScope,
        "The access token lacks a scope that is needed here",
        resource::SCOPE_INSUFFICIENT;
    TokenRepeated = "VST-0506", InvalidRequest, "The access token is given in more than one way",
        resource::TOKEN_REPEATED;
    TokenParameterMissing = "VST-0507", InvalidRequest, "token is missing",
        resource::TOKEN_PARAMETER_MISSING;
    PublicClientRefused = "VST-0508", InvalidClient,
        "This endpoint needs a client that authenticates",
        resource::PUBLIC_CLIENT_REFUSED;

    TokenOfAnotherClient = "VST-0509", UnauthorizedClient, "The token was issued to another client",
        resource::TOKEN_OF_ANOTHER_CLIENT;
    AuthenticationInsufficient = "VST-0510", InsufficientUserAuthentication,
        "The person has to prove more than they did for this token",
        resource::AUTHENTICATION_INSUFFICIENT;
    ResponseKeyMissing = "VST-0511", InvalidRequest,
        "The client has no key that its answer could be encrypted with",
        resource::RESPONSE_KEY_MISSING;
    ResourceMissing = "VST-0512", InvalidRequest, "resource is missing",
        resource::RESOURCE_MISSING;
    ResourceElsewhere = "VST-0513", InvalidRequest,
        "resource is not at the host that this server answers for",
        resource::RESOURCE_ELSEWHERE;

    // Logout.
    PostLogoutRedirectUriMismatch = "VST-0601", InvalidRequest,
        "post_logout_redirect_uri is not one that the client registered",
        logout::POST_LOGOUT_REDIRECT_URI_MISMATCH;
    LogoutHintInvalid = "VST-0602", InvalidRequest,
        "id_token_hint is not an ID token of this server",
        logout::LOGOUT_HINT_INVALID;
    LogoutClientMismatch = "VST-0603", InvalidRequest,
        "client_id is not the client of id_token_hint",
        logout::LOGOUT_CLIENT_MISMATCH;

    // Clients that register themselves.
    ClientMetadataInvalid = "VST-0701", InvalidClientMetadata,
        "The client metadata cannot be registered",
        registration::CLIENT_METADATA_INVALID;
    ClientRedirectUriInvalid = "VST-0702", InvalidRedirectUri,
        "redirect_uris cannot be registered",
        registration::CLIENT_REDIRECT_URI_INVALID;
    SoftwareStatementInvalid = "VST-0703", InvalidSoftwareStatement,
        "software_statement is not a statement that can be read",
        registration::SOFTWARE_STATEMENT_INVALID;
    SoftwareStatementUnapproved = "VST-0704", UnapprovedSoftwareStatement,
        "software_statement is not from anybody who is believed here",
        registration::SOFTWARE_STATEMENT_UNAPPROVED;
    InitialAccessTokenMissing = "VST-0705", InvalidToken,
        "An initial access token is needed",
        registration::INITIAL_ACCESS_TOKEN_MISSING;
    InitialAccessTokenWrong = "VST-0706", InvalidToken,
        "The initial access token is not valid",
        registration::INITIAL_ACCESS_TOKEN_WRONG;
    RegistrationTokenMissing = "VST-0707", InvalidToken,
        "A registration access token is needed",
        registration::REGISTRATION_TOKEN_MISSING;
    RegistrationTokenWrong = "VST-0708", InvalidToken,
        "The registration access token is not valid",
        registration::REGISTRATION_TOKEN_WRONG;
    RegistrationLimit = "VST-0709", TemporarilyUnavailable,
        "Too many apps registered themselves lately",
        registration::REGISTRATION_LIMIT;

    // The server itself.
    Internal = "VST-0901", ServerError, "Something went wrong on our side",
        server::INTERNAL;
    Overloaded = "VST-0902", TemporarilyUnavailable, "The server is busy",
        server::OVERLOADED;
    NotFound = "VST-0903", InvalidRequest, "There is nothing at this address",
        server::NOT_FOUND;
    MethodNotAllowed = "VST-0904", InvalidRequest, "This address does not take this method",
        server::METHOD_NOT_ALLOWED;
    BodyTooLarge = "VST-0905", InvalidRequest, "The request is too large",
        server::BODY_TOO_LARGE;
    MediaTypeUnsupported = "VST-0906", InvalidRequest,
        "The body must be application/x-www-form-urlencoded",
        server::MEDIA_TYPE_UNSUPPORTED;
    BodyLate = "VST-0907", InvalidRequest, "The request took too long to arrive",
        server::BODY_LATE;
    HostUnknown = "VST-0908", InvalidRequest, "This server goes by another name",
        server::HOST_UNKNOWN;
    TooManyRequests = "VST-0909", TemporarilyUnavailable, "Too many requests came from this address",
        server::TOO_MANY_REQUESTS;
}

#[cfg(test)]
mod tests {
    use super::ErrorCode;
    use std::collections::BTreeSet;

    #[test]
    fn every_row_is_whole_and_has_a_code_of_its_own() {
        let mut ids = BTreeSet::new();
        for code in ErrorCode::ALL {
            let entry = code.entry();
            let digits = entry.id.strip_prefix("VST-").unwrap_or_default();
            assert!(digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit()), "{entry:?}");
            assert!(ids.insert(entry.id), "{} is there twice", entry.id);
            assert_eq!(ErrorCode::from_id(entry.id), Some(*code));
            for sentence in [entry.cause, entry.fix] {
                assert!(sentence.len() > 10 && sentence.ends_with('.'), "{}: {sentence}", entry.id);
            }
            for text in [entry.title, entry.cause, entry.fix, entry.example] {
                assert!(!text.is_empty() && !text.contains("  "), "{}: {text}", entry.id);
            }
        }
        assert_eq!(ErrorCode::from_id("VST-0000"), None);
    }

    #[test]
    fn titles_can_travel_as_error_description() {
        // RFC 6749 §4.1.2.1 and §5.2: %x20-21 / %x23-5B / %x5D-7E.
        let allowed = |b: u8| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        for code in ErrorCode::ALL {
            assert!(code.title().bytes().all(allowed), "{}", code.id());
        }
    }

    #[test]
    fn a_refused_client_learns_nothing_from_the_title() {
        let proofs = [
            ErrorCode::ClientAuthFailed,
            ErrorCode::ClientAuthMethodMismatch,
            ErrorCode::AssertionMalformed,
            ErrorCode::AssertionSignatureWrong,
            ErrorCode::AssertionExpired,
            ErrorCode::AssertionNotYetValid,
            ErrorCode::AssertionAudienceWrong,
            ErrorCode::AssertionReplayed,
        ];
        let titles: BTreeSet<_> = proofs.iter().map(|code| code.title()).collect();
        assert_eq!(titles.len(), 1, "{titles:?}");
        let (unknown, disabled) = (ErrorCode::ClientUnknown, ErrorCode::ClientDisabled);
        assert_eq!(unknown.title(), disabled.title());
        assert_eq!(unknown.entry().cause, disabled.entry().cause);
    }
}
