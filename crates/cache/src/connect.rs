//! Connections to Redis, each made within a bounded time.

use std::{
    fs, io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use redis::{
    Client, ClientTlsConfig, Cmd, Connection, ConnectionAddr, ConnectionInfo, FromRedisValue,
    IntoConnectionInfo, RedisConnectionInfo, RedisError, RedisResult, TlsCertificates,
    cluster::{ClusterClient, ClusterConnection},
    cluster_routing::{RoutingInfo, SingleNodeRoutingInfo},
    io::tcp::{TcpSettings, socket2::TcpKeepalive},
};
use secrecy::ExposeSecret;

use crate::{
    CacheError, RedisSettings, RedisUrl, answers,
    url::{Host, Login, Place},
};

/// How many attempts to connect may hang beside those that somebody waits for.
const MOST_HANGING: usize = 32;
/// After how long without a sign of life of the other host a connection is dead: it may have gone
/// without a word. Well below the minutes of the system's default.
const SILENCE: Duration = Duration::from_secs(5);

/// Makes connections.
pub(crate) struct Connector {
    url: RedisUrl,
    certificates: Option<TlsCertificates>,
    connect_timeout: Duration,
    timeout: Duration,
    /// Which of the sentinels or nodes answered last: it is asked first.
    preferred: AtomicUsize,
    /// One clone for each attempt that has not ended.
    attempts: Arc<()>,
    /// The most of those: one for each worker and the listener, and those that hang.
    most_attempts: usize,
}

/// A connection that commands go through.
pub(crate) enum Link {
    One(Connection),
    Cluster(Box<ClusterConnection>),
}

impl Link {
    /// Runs a command that names its key.
    pub(crate) fn run<T: FromRedisValue>(&mut self, command: &Cmd) -> RedisResult<T> {
        match self {
            Self::One(connection) => command.query(connection),
            Self::Cluster(connection) => command.query(connection.as_mut()),
        }
    }

    /// Runs a command that any node may answer.
    pub(crate) fn run_anywhere<T: FromRedisValue>(&mut self, command: &Cmd) -> RedisResult<T> {
        match self {
            Self::One(connection) => command.query(connection),
            Self::Cluster(connection) => {
                let anywhere = RoutingInfo::SingleNode(SingleNodeRoutingInfo::RandomPrimary);
                let value = connection.route_command(command, anywhere)?.extract_error()?;
                Ok(redis::from_redis_value(value)?)
            }
        }
    }
}

impl Connector {
    /// Reads the URL and the certificates it names. Connects to nothing.
    pub(crate) fn new(settings: &RedisSettings) -> Result<Self, CacheError> {
        let url = RedisUrl::parse(settings.url.expose_secret())?;
        let certificates = certificates(&url)?;
        let connector = Self {
            url,
            certificates,
            connect_timeout: settings.connect_timeout,
            timeout: settings.timeout,
            preferred: AtomicUsize::new(0),
            attempts: Arc::default(),
            most_attempts: usize::try_from(settings.pool_size).unwrap_or(usize::MAX / 2)
                + 1
                + MOST_HANGING,
        };
        // Says now what is wrong with the certificates.
        connector.client(&Host { name: "localhost".to_owned(), port: 1 }).map_err(|error| {
            CacheError::Certificate(format!("the certificates of Redis cannot be used: {error}"))
        })?;
        Ok(connector)
    }

    /// How long [`link`](Self::link) may take: longer where several hosts may have to be tried.
    pub(crate) fn patience(&self) -> Duration {
        let hosts = match &self.url.place {
            Place::One(_) | Place::Unix(_) => 1,
            Place::Sentinel { sentinels: hosts, .. } | Place::Cluster(hosts) => hosts.len() + 1,
        };
        // With TLS each of them is greeted first.
        let steps = if self.url.tls { 2 * hosts } else { hosts };
        self.connect_timeout * u32::try_from(steps).unwrap_or(u32::MAX)
    }

    /// A connection for commands.
    pub(crate) fn link(self: &Arc<Self>) -> RedisResult<Link> {
        self.bounded(|connector| match &connector.url.place {
            Place::Cluster(nodes) => Ok(Link::Cluster(Box::new(connector.cluster(nodes)?))),
            _ => connector.single().map(Link::One),
        })
    }

    /// A connection to listen on: in a cluster every node passes on every word.
    pub(crate) fn listener(self: &Arc<Self>) -> RedisResult<Connection> {
        self.bounded(|connector| match &connector.url.place {
            Place::Cluster(nodes) => connector.first(nodes, |node| connector.open(node)),
            _ => connector.single(),
        })
    }

    /// Looking up a name and Unix sockets know no timeout, TLS only half a one: a thread of its own connects, and is
    /// left to itself if that takes too long.
    fn bounded<T: Send + 'static>(
        self: &Arc<Self>,
        connect: impl FnOnce(&Self) -> RedisResult<T> + Send + 'static,
    ) -> RedisResult<T> {
        let attempt = Arc::clone(&self.attempts);
        // One is the connector's own, one this attempt's.
        if Arc::strong_count(&attempt) > self.most_attempts + 1 {
            return Err(io::Error::other("too many attempts to connect hang").into());
        }
        let (reply, answer) = mpsc::sync_channel(1);
        let connector = Arc::clone(self);
        thread::Builder::new().name("redis-connect".to_owned()).spawn(move || {
            // Nobody waits for it any more: the connection is closed again.
            let _ = reply.send(connect(&connector));
            drop(attempt);
        })?;
        let too_late = || io::Error::new(io::ErrorKind::TimedOut, "no connection in time");
        answer.recv_timeout(self.patience()).map_err(|_| too_late())?
    }

    fn single(&self) -> RedisResult<Connection> {
        match &self.url.place {
            Place::One(host) => self.open(host),
            Place::Unix(path) => self.finish(&Client::open(self.unix(path)?)?),
            Place::Sentinel { sentinels, master } => {
                self.first(sentinels, |sentinel| self.master(sentinel, master))
            }
            Place::Cluster(nodes) => self.first(nodes, |node| self.open(node)),
        }
    }

    /// What `attempt` yields with the first host where it succeeds; the one that did so last time
    /// comes first.
    fn first<T>(
        &self,
        hosts: &[Host],
        attempt: impl Fn(&Host) -> RedisResult<T>,
    ) -> RedisResult<T> {
        let mut last = io::Error::other("no host to connect to").into();
        let start = self.preferred.load(Ordering::Relaxed);
        for (number, host) in hosts.iter().enumerate().cycle().skip(start).take(hosts.len()) {
            match attempt(host) {
                Ok(made) => {
                    self.preferred.store(number, Ordering::Relaxed);
                    return Ok(made);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// A connection to the master that `sentinel` names, if that knows that it is one.
    fn master(&self, sentinel: &Host, name: &str) -> RedisResult<Connection> {
        let login = self.url.sentinel_login.as_ref();
        self.await_answer(sentinel)?;
        let mut asked = self.finish(&self.client_as(sentinel, login, 0)?)?;
        let mut question = redis::cmd("SENTINEL");
        let answer: Option<(String, u16)> =
            question.arg("GET-MASTER-ADDR-BY-NAME").arg(name).query(&mut asked)?;
        let Some((host, port)) = answer else {
            let message = "the sentinel knows no master of the name in redis.url";
            return Err(io::Error::other(message).into());
        };
        let mut master = self.open(&Host { name: host, port })?;
        let role: redis::Value = redis::cmd("ROLE").query(&mut master)?;
        if first_text(role).as_deref() == Some("master") {
            return Ok(master);
        }
        // Between the election and its end.
        Err(io::Error::other("the sentinel names a server that is no master now").into())
    }

    fn open(&self, host: &Host) -> RedisResult<Connection> {
        self.await_answer(host)?;
        self.finish(&self.client(host)?)
    }

    /// With TLS: nothing if the host goes on with it in time.
    fn await_answer(&self, host: &Host) -> io::Result<()> {
        if self.url.tls { answers::within(self.connect_timeout, host) } else { Ok(()) }
    }

    fn finish(&self, client: &Client) -> RedisResult<Connection> {
        let connection = client.get_connection_with_timeout(self.connect_timeout)?;
        connection.set_read_timeout(Some(self.timeout))?;
        connection.set_write_timeout(Some(self.timeout))?;
        Ok(connection)
    }

    fn cluster(&self, nodes: &[Host]) -> RedisResult<ClusterConnection> {
        let answering = nodes.iter().filter(|node| self.await_answer(node).is_ok());
        let infos = answering.map(|node| self.info(node, self.url.login.as_ref(), 0));
        let infos = infos.collect::<RedisResult<Vec<_>>>()?;
        let builder = ClusterClient::builder(infos)
            .retries(2)
            .min_retry_wait(10)
            .max_retry_wait(50)
            .connection_timeout(self.connect_timeout)
            .response_timeout(self.timeout)
            .tcp_settings(tcp_settings());
        let connection = builder.build()?.get_connection()?;
        connection.set_write_timeout(Some(self.timeout))?;
        Ok(connection)
    }

    fn client(&self, host: &Host) -> RedisResult<Client> {
        self.client_as(host, self.url.login.as_ref(), self.url.db)
    }

    fn client_as(&self, host: &Host, login: Option<&Login>, db: i64) -> RedisResult<Client> {
        let info = self.info(host, login, db)?;
        match &self.certificates {
            Some(certificates) => Client::build_with_tls(info, certificates.clone()),
            None => Client::open(info),
        }
    }

    fn info(&self, host: &Host, login: Option<&Login>, db: i64) -> RedisResult<ConnectionInfo> {
        let Host { name, port } = host.clone();
        let address = if self.url.tls {
            ConnectionAddr::TcpTls { host: name, port, insecure: false, tls_params: None }
        } else {
            ConnectionAddr::Tcp(name, port)
        };
        Ok(address
            .into_connection_info()?
            .set_redis_settings(redis_settings(login, db))
            .set_tcp_settings(tcp_settings()))
    }

    fn unix(&self, path: &Path) -> RedisResult<ConnectionInfo> {
        let info = ConnectionAddr::Unix(path.to_owned()).into_connection_info()?;
        Ok(info.set_redis_settings(redis_settings(self.url.login.as_ref(), self.url.db)))
    }
}

fn redis_settings(login: Option<&Login>, db: i64) -> RedisConnectionInfo {
    // The library's own name would need one more command in the ACL.
    let mut settings = RedisConnectionInfo::default().set_db(db).set_skip_set_lib_name();
    if let Some(Login { user, password }) = login {
        settings = settings.set_password(password.expose_secret());
        if let Some(user) = user {
            settings = settings.set_username(user);
        }
    }
    settings
}

fn tcp_settings() -> TcpSettings {
    let interval = SILENCE / 5;
    let keepalive = TcpKeepalive::new().with_time(interval).with_interval(interval);
    let settings = TcpSettings::default().set_nodelay(true).set_keepalive(keepalive);
    #[cfg(target_os = "linux")]
    let settings = settings.set_user_timeout(SILENCE);
    settings
}

fn certificates(url: &RedisUrl) -> Result<Option<TlsCertificates>, CacheError> {
    let read = |path: &Path| {
        fs::read(path).map_err(|fault| {
            let path = path.display();
            CacheError::Certificate(format!(
                "cannot read {path} of redis.url: {fault}; fix: name a PEM file that this user may \
                 read"
            ))
        })
    };
    let root_cert = url.ca_file.as_deref().map(read).transpose()?;
    let client_tls = match &url.own_certificate {
        Some((certificate, key)) => {
            Some(ClientTlsConfig { client_cert: read(certificate)?, client_key: read(key)? })
        }
        None => None,
    };
    let any = root_cert.is_some() || client_tls.is_some();
    Ok(any.then_some(TlsCertificates { client_tls, root_cert }))
}

/// The first element of a list, as text.
fn first_text(value: redis::Value) -> Option<String> {
    let redis::Value::Array(parts) = value else { return None };
    redis::from_redis_value(parts.into_iter().next()?).ok()
}

/// Whether the connection is of no more use after this error.
pub(crate) fn ends_connection(error: &RedisError) -> bool {
    // A refusal leaves the connection as it was, except where another server must be found.
    error.kind() != redis::ErrorKind::Server(redis::ServerErrorKind::ResponseError)
        && error.code() != Some("NOPERM")
        && error.code() != Some("OOM")
}

/// Whether the same command may succeed on another connection at once: the old one was closed while
/// nobody used it, or its server is the master no more.
pub(crate) fn may_succeed_anew(error: &RedisError) -> bool {
    error.is_connection_dropped() && !error.is_timeout() || error.code() == Some("READONLY")
}
