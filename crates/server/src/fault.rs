//! Why a command failed.

use vestibule_identity::password::PasswordError;
use vestibule_keys::KeyError;
use vestibule_model::OAuthError;
use vestibule_storage::StorageError;

use crate::config::Mistakes;
use crate::master_key::MasterKeyFault;
use crate::telemetry::metrics::MetricsFault;

/// Why a command failed, in words for whoever typed it.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The configuration.
    #[error(transparent)]
    Configuration(#[from] Mistakes),
    /// The database.
    #[error("{0}")]
    Storage(#[from] StorageError),
    /// The master key of the data directory.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyFault),
    /// Signing keys, or what was sealed.
    #[error("keys: {0}")]
    Keys(#[from] KeyError),
    /// Hashing a password.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// What the server's own handlers would have refused.
    #[error(transparent)]
    Handler(#[from] OAuthError),
    /// Metrics.
    #[error(transparent)]
    Metrics(#[from] MetricsFault),
    /// Reading or listening.
    #[error("{doing}: {source}")]
    Io {
        /// What was tried.
        doing: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// What was asked for cannot be; with every reason.
    #[error("{}", .0.join("\n"))]
    Refused(Vec<String>),
}

impl Fault {
    /// A refusal for one reason.
    pub fn refused(reason: impl Into<String>) -> Self {
        Self::Refused(vec![reason.into()])
    }

    /// What the system said while `doing`.
    pub fn io(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }
}
