//! What can be wrong with the shared part.

use redis::{ErrorKind, RedisError, ServerErrorKind};

/// How to mend a lack of rights.
const RIGHTS: &str = "give the user the rights of the ACL line in docs/operations/redis.md";

/// Why Redis cannot be used, or did not answer. No message repeats the URL or the password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CacheError {
    /// There is no Redis to ask: nobody configured one.
    #[error("no Redis is configured; fix: set redis.url")]
    NotShared,
    /// The URL says nothing that can be used.
    #[error("{0}")]
    Url(String),
    /// A certificate file that cannot be read or holds none.
    #[error("{0}")]
    Certificate(String),
    /// The key prefix cannot be used.
    #[error("{0}")]
    Prefix(String),
    /// The threads could not be started.
    #[error("cannot start a thread for Redis: {0}")]
    Threads(String),
    /// No answer in time, or more work waits than the settings allow.
    #[error(
        "Redis did not answer in time; fix: check that it runs and is near, or raise redis.timeout"
    )]
    TimedOut,
    /// No connection, or Redis refused the command; what it said, and how to mend it.
    #[error("{0}")]
    Redis(String),
}

impl CacheError {
    /// What Redis or the way to it said, and how to mend it.
    pub(crate) fn of(error: &RedisError) -> Self {
        if error.is_timeout() {
            return Self::TimedOut;
        }
        let fix = match (error.kind(), error.code()) {
            (ErrorKind::AuthenticationFailed, _) | (_, Some("NOAUTH" | "WRONGPASS")) => {
                "set user and password in redis.url to those of Redis (ACL LIST shows the users)"
            }
            (ErrorKind::Server(ServerErrorKind::NoPerm), _) => RIGHTS,
            (ErrorKind::Server(ServerErrorKind::ReadOnly), _) => {
                "name the master in redis.url, not a replica, or use redis+sentinel://"
            }
            (ErrorKind::Server(ServerErrorKind::Moved | ServerErrorKind::CrossSlot), _) => {
                "this Redis is a cluster: use redis+cluster:// in redis.url"
            }
            (ErrorKind::Server(ServerErrorKind::BusyLoading), _) => {
                "wait until it has read its data"
            }
            _ if is_refused_without_its_code(error) => RIGHTS,
            // The library keeps to itself why no node is of use.
            (ErrorKind::ClusterConnectionNotFound, _) => {
                "check that a node of redis.url runs and lets the user in, and that the user has \
                 the rights of the ACL line in docs/operations/redis.md"
            }
            (_, Some("OOM")) => "raise maxmemory of Redis, or give Vestibule a Redis of its own",
            _ if error.is_connection_refusal() => {
                "start Redis, or set redis.url to where it listens"
            }
            _ if error.to_string().contains("certificate") => {
                "name the authority of its certificate in redis.url (?ca_file=/PATH) or in \
                 SSL_CERT_FILE, and the host as the certificate does"
            }
            _ if error.is_connection_dropped() => {
                "check the network, and that both sides use TLS or neither does"
            }
            _ => "check redis.url, and the log of Redis",
        };
        Self::Redis(format!("Redis: {error}; fix: {fix}"))
    }
}

/// The code `NOPERM` is lost in a script (in other words up to Redis 7.0 than since 7.2) and while a
/// connection is made.
fn is_refused_without_its_code(error: &RedisError) -> bool {
    let said = error.to_string();
    ["The user executing the script can't", "ACL failure in script", "has no permissions to run"]
        .iter()
        .any(|words| said.contains(words))
}
