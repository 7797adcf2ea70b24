//! Why a passkey was refused, or none are to be had.

use webauthn_rs_core::error::WebauthnError;

/// Why an issuer can have no passkeys; pages hide them and say why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// The issuer's host is an IP address, which is no RP ID.
    #[error("passkeys need a host name: the issuer is an IP address")]
    IpAddress,
    /// The issuer is neither on HTTPS nor on `localhost`.
    #[error("passkeys need https, or localhost")]
    Insecure,
    /// The issuer has no host.
    #[error("passkeys need a host name: the issuer has none")]
    NoHost,
}

/// Why a ceremony failed. The texts are for the log: a page tells a person one sentence for all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyError {
    /// Not what a browser sends.
    #[error("the answer is not a credential in WebAuthn's JSON form")]
    Malformed,
    /// The challenge was answered after [`TIMEOUT`](super::TIMEOUT).
    #[error("the challenge is too old")]
    Expired,
    /// The state belongs to another kind of ceremony, or to another person's.
    #[error("the state was made for another ceremony")]
    OtherCeremony,
    /// The state is not one of ours: a fault on our side.
    #[error("the stored state cannot be read")]
    State,
    /// A stored passkey is not one of ours: a fault on our side.
    #[error("the stored passkey {id} cannot be read")]
    Stored {
        /// Which one.
        id: String,
    },
    /// There is no passkey to ask for.
    #[error("the person has no passkey")]
    NoPasskeys,
    /// The answer is to another challenge: an old page, or a replay.
    #[error("the answer is to another challenge")]
    Challenge,
    /// The answer was made on another site, or in a frame of one.
    #[error("the answer was made for another origin")]
    Origin,
    /// The answer was made for another RP ID.
    #[error("the answer was made for another relying party")]
    RelyingParty,
    /// The authenticator did not see its person.
    #[error("nobody was present")]
    NotPresent,
    /// The authenticator did not verify its person, and had to.
    #[error("the person was not verified")]
    NotVerified,
    /// The passkey is none of those that may answer.
    #[error("the passkey is not one that may answer")]
    Unknown,
    /// The answer names another owner than the passkey has, or none where one is needed.
    #[error("the answer names another owner")]
    OtherOwner,
    /// The signature does not fit.
    #[error("the signature is wrong")]
    Signature,
    /// The signature counter did not go up: there may be a copy of the authenticator
    /// (WebAuthn §6.1.1). Belongs into the audit log.
    #[error("the counter of {id} went from {stored} to {sent}")]
    CounterWentBack {
        /// Which passkey.
        id: String,
        /// The counter of its last use.
        stored: u32,
        /// The counter of this one.
        sent: u32,
    },
    /// The authenticator contradicts what it said before about being backed up (WebAuthn §6.1.3).
    #[error("the backup flags contradict those of the registration")]
    Backup,
    /// Anything else, in the library's words.
    #[error("{0}")]
    Refused(String),
}

impl From<WebauthnError> for PasskeyError {
    fn from(error: WebauthnError) -> Self {
        match error {
            WebauthnError::ParseBase64Failure(_)
            | WebauthnError::ParseCBORFailure(_)
            | WebauthnError::ParseJSONFailure(_)
            | WebauthnError::ParseNOMFailure
            | WebauthnError::ParseInsufficientBytesAvailable
            | WebauthnError::InvalidClientDataType
            | WebauthnError::MissingAttestationCredentialData => Self::Malformed,
            WebauthnError::MismatchedChallenge => Self::Challenge,
            WebauthnError::InvalidRPOrigin | WebauthnError::CredentialCrossOrigin => Self::Origin,
            WebauthnError::InvalidRPIDHash => Self::RelyingParty,
            WebauthnError::UserNotPresent => Self::NotPresent,
            WebauthnError::UserNotVerified => Self::NotVerified,
            WebauthnError::CredentialNotFound => Self::Unknown,
            WebauthnError::AuthenticationFailure | WebauthnError::SignatureInvalid => {
                Self::Signature
            }
            WebauthnError::CredentialBackupEligibilityInconsistent
            | WebauthnError::CredentialMayNotBeHardwareBound => Self::Backup,
            other => Self::Refused(other.to_string()),
        }
    }
}
