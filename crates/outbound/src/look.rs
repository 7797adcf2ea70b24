//! A look at a site of the operator's own, as a visitor sees it: for whoever has to judge what is in
//! front of it. Unlike what is fetched for clients, any status and every header is of interest.

use std::net::SocketAddr;

use hyper::{HeaderMap, Response, body::Incoming};
use openssl::{asn1::Asn1Time, ssl::SslRef};

use crate::{OutboundFault, fetched};

/// What a site showed.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The status, whichever it is.
    pub status: u16,
    /// The address that took the connection.
    pub address: SocketAddr,
    /// How it was encrypted; `None` for plain http.
    pub tls: Option<Tls>,
    /// The content, as it came.
    pub body: Vec<u8>,
    headers: HeaderMap,
}

/// A connection's encryption, with a certificate that was found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// Such as `TLSv1.3`.
    pub protocol: String,
    /// When the site's own certificate ends, in Unix time; `None` if it does not say.
    pub not_after: Option<i64>,
}

impl Seen {
    /// The first header of that name, if it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) async fn read(
        response: Response<Incoming>,
        address: SocketAddr,
        tls: Option<Tls>,
        max_bytes: usize,
    ) -> Result<Self, OutboundFault> {
        let (head, body) = response.into_parts();
        let body = fetched::read(body, max_bytes).await?;
        Ok(Self { status: head.status.as_u16(), address, tls, body, headers: head.headers })
    }
}

impl Tls {
    /// What a finished handshake agreed on.
    pub(crate) fn of(session: &SslRef) -> Self {
        let not_after = session.peer_certificate().and_then(|certificate| {
            let lasts = Asn1Time::from_unix(0).ok()?.diff(certificate.not_after()).ok()?;
            Some(i64::from(lasts.days) * 86_400 + i64::from(lasts.secs))
        });
        Self { protocol: session.version_str().to_owned(), not_after }
    }
}
