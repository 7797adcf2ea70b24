//! Requests, each on a connection of its own.

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use http_body_util::Full;
use hyper::{
    Method, Request, Response,
    body::{Bytes, Incoming},
    client::conn::http1,
    header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use openssl::ssl::SslConnector;
use serde_json::Value;
use tokio::{task::JoinSet, time::timeout};
use url::form_urlencoded;
use vestibule_model::Secret;

use crate::{
    Fetched, OutboundFault, RulesFault, Seen, Tls,
    connect::{self, Stream},
    in_flight::{InFlight, Place},
    target::Target,
};

const OUR_NAME: &str = concat!("Vestibule/", env!("CARGO_PKG_VERSION"));

/// Bytes of an answer's status line and headers at most.
const MAX_HEAD: usize = 16 * 1024;

/// Bytes of a picture at most.
pub const MAX_IMAGE: usize = 256 * 1024;

/// What requests may do and take.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Whether hosts in private networks and on this machine are spoken to as well, and those on this
    /// machine without encryption too. For tests: it opens our network to whoever registers a client.
    pub allow_private_addresses: bool,
    /// Certificates in PEM that are trusted besides the system's; may be empty.
    pub extra_roots: Vec<u8>,
    /// For a whole request, from the name's resolution to the last byte.
    pub timeout: Duration,
    /// Bytes of content at most, of anything but a picture.
    pub max_bytes: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            allow_private_addresses: false,
            extra_roots: Vec::new(),
            timeout: Duration::from_secs(5),
            max_bytes: 64 * 1024,
        }
    }
}

/// What is asked for (RFC 9110 §12.5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    /// Any JSON, such as the array at a `sector_identifier_uri` (OpenID Connect Registration 1.0 §5).
    Json,
    /// A set of keys (RFC 7517 §8.5.2).
    JwkSet,
    /// A request object (RFC 9101 §5.2.3), or what older clients serve it as.
    RequestObject,
    /// A picture, such as a client's logo (RFC 7591 §2 `logo_uri`): of [`MAX_IMAGE`] bytes at most.
    Image,
}

impl Accept {
    const fn value(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::JwkSet => "application/jwk-set+json, application/json",
            Self::RequestObject => "application/oauth-authz-req+jwt, application/jwt, */*;q=0.1",
            Self::Image => "image/png, image/jpeg, image/webp, image/gif",
        }
    }

    /// Bytes of content at most.
    const fn max_bytes(self, rules: &Rules) -> usize {
        match self {
            Self::Json | Self::JwkSet | Self::RequestObject => rules.max_bytes,
            Self::Image => MAX_IMAGE,
        }
    }
}

/// Makes the requests. Clones share the places that there are for them.
#[derive(Clone, Debug)]
pub struct Outbound {
    rules: Arc<Rules>,
    tls: SslConnector,
    in_flight: InFlight,
}

impl Outbound {
    /// Reads the trust anchors, once. A system without any is no fault: only hosts that the extra ones
    /// vouch for are reached then.
    ///
    /// # Errors
    /// [`RulesFault`] if the extra anchors are none, or TLS cannot be set up.
    pub fn new(rules: Rules) -> Result<Self, RulesFault> {
        let tls = connect::tls(&rules.extra_roots)?;
        Ok(Self { rules: Arc::new(rules), tls, in_flight: InFlight::default() })
    }

    /// Reads JSON from `url`: [`get`](Self::get) for [`Accept::Json`].
    ///
    /// # Errors
    /// As for [`get`](Self::get). That the content is JSON is for [`Fetched::json`] to say.
    pub async fn get_json(&self, url: &str) -> Result<Fetched, OutboundFault> {
        self.get(url, Accept::Json).await
    }

    /// Reads what is at `url`.
    ///
    /// # Errors
    /// [`OutboundFault`], [`OutboundFault::Status`] for any status but 200 among them.
    pub async fn get(&self, url: &str, accept: Accept) -> Result<Fetched, OutboundFault> {
        self.in_time(async {
            let target = self.target(url)?;
            let request = Request::get(target.path.clone()).header(ACCEPT, accept.value());
            let (response, _connection) = self.send(&target, request, Bytes::new()).await?;
            Fetched::read(response, accept.max_bytes(&self.rules)).await
        })
        .await
    }

    /// Posts `pairs` to `url` as a form, such as a logout token (OpenID Connect Back-Channel Logout 1.0
    /// §2.5). Answers the status, whichever it is; content is not read.
    ///
    /// # Errors
    /// [`OutboundFault`], if there is no answer.
    pub async fn post_form(&self, url: &str, pairs: &[(&str, &str)]) -> Result<u16, OutboundFault> {
        self.in_time(async {
            let target = self.target(url)?;
            let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            let request = Request::builder()
                .method(Method::POST)
                .uri(target.path.clone())
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
            let (response, _connection) = self.send(&target, request, form.into()).await?;
            Ok(response.status().as_u16())
        })
        .await
    }

    /// Posts `question` to `url` as JSON, with `bearer` as its access token (RFC 6750 §2.1), and reads
    /// the answer: for a service of the operator's own.
    ///
    /// # Errors
    /// As for [`get`](Self::get).
    pub async fn ask_json(
        &self,
        url: &str,
        bearer: Option<&Secret>,
        question: &Value,
    ) -> Result<Fetched, OutboundFault> {
        self.in_time(async {
            let target = self.target(url)?;
            let mut request = Request::post(target.path.clone())
                .header(ACCEPT, Accept::Json.value())
                .header(CONTENT_TYPE, "application/json");
            if let Some(token) = bearer {
                request = request.header(AUTHORIZATION, format!("Bearer {}", token.expose()));
            }
            let content = question.to_string().into();
            let (response, _connection) = self.send(&target, request, content).await?;
            Fetched::read(response, self.rules.max_bytes).await
        })
        .await
    }

    /// Reads what is at `url` with these `headers` more, whatever the status: for a site of the
    /// operator's own.
    ///
    /// # Errors
    /// [`OutboundFault`], if there is no answer.
    pub async fn look(&self, url: &str, headers: &[(&str, &str)]) -> Result<Seen, OutboundFault> {
        self.in_time(async {
            let target = self.target(url)?;
            let mut request = Request::get(target.path.clone()).header(ACCEPT, "*/*");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let (response, connection) = self.send(&target, request, Bytes::new()).await?;
            let (address, tls) = (connection.address, connection.tls.clone());
            Seen::read(response, address, tls, self.rules.max_bytes).await
        })
        .await
    }

    async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, OutboundFault>>,
    ) -> Result<T, OutboundFault> {
        timeout(self.rules.timeout, work).await.unwrap_or(Err(OutboundFault::TimedOut))
    }

    fn target(&self, url: &str) -> Result<Target, OutboundFault> {
        Target::parse(url, self.rules.allow_private_addresses)
    }

    /// Sends a request. The connection lives as long as what comes with the answer.
    async fn send(
        &self,
        target: &Target,
        request: hyper::http::request::Builder,
        content: Bytes,
    ) -> Result<(Response<Incoming>, Connection), OutboundFault> {
        let place = Arc::new(self.in_flight.take(target.host())?);
        let addresses = connect::resolve(target, Arc::clone(&place)).await?;
        connect::permit(&addresses, target.encrypted, self.rules.allow_private_addresses)?;
        let (tcp, address) = connect::connect(&addresses).await?;
        let mut tls = None;
        let stream: Box<dyn Stream> = if target.encrypted {
            let stream = connect::encrypt(&self.tls, &target.host(), tcp).await?;
            tls = Some(Tls::of(stream.ssl()));
            Box::new(stream)
        } else {
            Box::new(tcp)
        };
        let request = request
            .header(HOST, &target.authority)
            .header(USER_AGENT, OUR_NAME)
            .header(ACCEPT_ENCODING, "identity")
            .header(CONNECTION, "close")
            .body(Full::new(content))
            .map_err(|_| OutboundFault::Url)?;
        let opened = http1::Builder::new().max_buf_size(MAX_HEAD).handshake(TokioIo::new(stream));
        let (mut sender, connection) = opened.await.map_err(|_| OutboundFault::Malformed)?;
        let mut driver = JoinSet::new();
        // What goes wrong there is told to whoever waits for the answer.
        driver.spawn(async { drop(connection.await) });
        let response = sender.send_request(request).await;
        let response = response.map_err(|_| OutboundFault::Malformed)?;
        Ok((response, Connection { address, tls, _driver: driver, _place: place }))
    }
}

/// Ends the connection when it is dropped, and gives its place back.
struct Connection {
    /// Who took it.
    address: SocketAddr,
    /// How it is encrypted.
    tls: Option<Tls>,
    _driver: JoinSet<()>,
    _place: Arc<Place>,
}
