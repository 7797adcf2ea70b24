//! What can go wrong.

/// Why a request to a stranger's host came to nothing, in words for the developer of that host.
///
/// Each text goes on after the name of what was fetched ("`jwks_uri`: …"), and keeps to the characters
/// of an `error_description` (RFC 6749 §5.2).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboundFault {
    /// Nothing to fetch from.
    #[error(
        "the address has to be a URL of at most 2048 bytes with a host and a port other than 0"
    )]
    Url,
    /// Not encrypted.
    #[error("the address has to begin with https://")]
    NotHttps,
    /// Credentials in the address (RFC 3986 §3.2.1).
    #[error("the address must not hold a user name or a password")]
    UserInfo,
    /// Some address of the host is not one of the public internet.
    #[error(
        "the host is not on the public internet: private, local and reserved addresses are refused"
    )]
    PrivateAddress,
    /// No address.
    #[error("the host's name could not be resolved")]
    Unresolvable,
    /// No connection.
    #[error("the host took no connection")]
    Unreachable,
    /// No encryption, or not with whom it should be. What OpenSSL says of the certificate.
    #[error("TLS with the host failed: {0}")]
    Tls(&'static str),
    /// Later than [`Rules::timeout`](crate::Rules::timeout).
    #[error("the host did not answer completely in time")]
    TimedOut,
    /// More than this many bytes.
    #[error("the answer is longer than {0} bytes")]
    TooLarge(usize),
    /// Another status than 200 where there should have been content.
    #[error("the host answered with status {0}; only 200 is taken, and redirects are not followed")]
    Status(u16),
    /// Not HTTP, cut off, or encoded although we asked for it as it is.
    #[error("the answer was not complete HTTP/1.1 without a content encoding")]
    Malformed,
    /// Content of another form than it should have.
    #[error("the answer is not {0}")]
    NotA(&'static str),
    /// As much is under way as may be; nothing was sent. The one fault that is ours.
    #[error("too many requests to other hosts are under way here: try again in a moment")]
    Busy,
}

/// Rules that no request can be made by.
#[derive(Debug, thiserror::Error)]
pub enum RulesFault {
    /// The extra trust anchors cannot be read.
    #[error("the extra trust anchors have to be certificates in PEM, at least one")]
    ExtraRoots,
    /// OpenSSL.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] openssl::error::ErrorStack),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_fits_into_an_error_description() {
        use OutboundFault as Fault;
        let faults = [
            Fault::Url,
            Fault::NotHttps,
            Fault::UserInfo,
            Fault::PrivateAddress,
            Fault::Unresolvable,
            Fault::Unreachable,
            Fault::Tls("self-signed certificate"),
            Fault::TimedOut,
            Fault::TooLarge(65_536),
            Fault::Status(302),
            Fault::Malformed,
            Fault::NotA("JSON"),
            Fault::Busy,
        ];
        for fault in faults {
            let told = fault.to_string();
            let fits = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
            assert!(told.bytes().all(fits), "{told}");
        }
    }
}
