//! What rests sealed, and the data keys it is sealed under.

use crate::Timestamp;

/// A data key's row. The newest one that is not retired seals; the others only open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDataKey {
    /// Names the key in every text that it seals: 22 characters of base64url.
    pub id: String,
    /// The key, sealed under the master key for `data_key/<id>`.
    pub sealed_key: String,
    /// When it was made; later than that of every key before it.
    pub created_at: Timestamp,
    /// When nothing that lasts was sealed under it any more.
    pub retired_at: Option<Timestamp>,
}

/// A column of sealed texts that last. Each is sealed again under the newest data key after a
/// rotation; what lives shorter than a retired key is kept needs no place here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SealedColumn {
    /// `signing_keys.sealed_private_jwk`; empty once the key is forgotten.
    SigningKey,
    /// `users.sealed_profile`.
    Profile,
    /// `totp_devices.sealed_secret`.
    TotpSecret,
    /// `outbox.sealed_message`.
    OutboxMail,
    /// `verifications.sealed_data`.
    Verification,
    /// `clients.sealed_secret`.
    ClientSecret,
    /// `encryption_keys.sealed_private_jwk`.
    EncryptionKey,
}

impl SealedColumn {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::SigningKey,
        Self::Profile,
        Self::TotpSecret,
        Self::OutboxMail,
        Self::Verification,
        Self::ClientSecret,
        Self::EncryptionKey,
    ];

    /// Table and column.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SigningKey => "signing_keys.sealed_private_jwk",
            Self::Profile => "users.sealed_profile",
            Self::TotpSecret => "totp_devices.sealed_secret",
            Self::OutboxMail => "outbox.sealed_message",
            Self::Verification => "verifications.sealed_data",
            Self::ClientSecret => "clients.sealed_secret",
            Self::EncryptionKey => "encryption_keys.sealed_private_jwk",
        }
    }

    /// What the text in the row of primary key `id` is sealed for: this one place, so that texts
    /// cannot be swapped between columns or rows.
    #[must_use]
    pub fn purpose(self, id: &str) -> String {
        let kind = match self {
            Self::SigningKey => "signing_key",
            Self::Profile => "users.profile",
            Self::TotpSecret => "totp",
            Self::OutboxMail => "outbox",
            Self::Verification => "verification",
            Self::ClientSecret => "client_secret",
            Self::EncryptionKey => "encryption_key",
        };
        format!("{kind}/{id}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts at rest open for these purposes only: none may ever change.
    #[test]
    fn purposes_are_fixed() {
        let purposes = SealedColumn::ALL.map(|column| column.purpose("x"));
        assert_eq!(
            purposes,
            [
                "signing_key/x",
                "users.profile/x",
                "totp/x",
                "outbox/x",
                "verification/x",
                "client_secret/x",
                "encryption_key/x"
            ]
        );
    }
}
