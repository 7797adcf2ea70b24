//! Where Redis is, from one line of text.

use std::{borrow::Cow, net::IpAddr, path::PathBuf};

use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};

use crate::CacheError;

/// Ports of Redis and of Sentinel where none is given.
const PORT: u16 = 6_379;
const SENTINEL_PORT: u16 = 26_379;

/// What a URL of Redis says: `redis://`, `rediss://` (TLS), `redis+unix://`, and with `+sentinel` or
/// `+cluster` after `redis` or `rediss` several hosts. Its `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct RedisUrl {
    pub(crate) place: Place,
    pub(crate) tls: bool,
    pub(crate) login: Option<Login>,
    pub(crate) db: i64,
    /// Who asks the sentinels, if they want a password of their own.
    pub(crate) sentinel_login: Option<Login>,
    /// The certificates to check the server's against, in PEM; without it those of the system.
    pub(crate) ca_file: Option<PathBuf>,
    /// Our own certificate and its key, in PEM, where the server asks for one.
    pub(crate) own_certificate: Option<(PathBuf, PathBuf)>,
}

/// One server, or several that know which of them to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    One(Host),
    Unix(PathBuf),
    Sentinel { sentinels: Vec<Host>, master: String },
    Cluster(Vec<Host>),
}

/// A name or address, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) port: u16,
}

/// A user (none: `default`) and the password.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) user: Option<String>,
    pub(crate) password: SecretString,
}

/// The kinds of URL.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    One,
    Unix,
    Sentinel,
    Cluster,
}

/// The parts of a URL, still percent-encoded.
struct Parts<'a> {
    kind: Kind,
    tls: bool,
    login: Option<&'a str>,
    hosts: &'a str,
    path: &'a str,
    options: Vec<(&'a str, &'a str)>,
}

impl RedisUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// [`CacheError::Url`]. The message never repeats what was given, because a part of the password
    /// may stand anywhere if it is not encoded.
    pub fn parse(text: &str) -> Result<Self, CacheError> {
        read(text).map_err(CacheError::Url)
    }

    /// The URL with nothing in it that must stay secret.
    #[must_use]
    pub fn masked(text: &str) -> String {
        let (Ok(url), Ok(parts)) = (Self::parse(text), split(text)) else {
            return "***".to_owned();
        };
        let scheme = text.split_once("://").map_or("", |(scheme, _)| scheme);
        let user = url.login.as_ref().map(|login| login.user.as_deref().unwrap_or_default());
        let login = user.map(|user| format!("{user}:***@")).unwrap_or_default();
        let options = parts.options.iter().map(|(name, value)| match *name {
            "sentinel_password" => format!("{name}=***"),
            _ => format!("{name}={value}"),
        });
        let options: Vec<String> = options.collect();
        let mark = if options.is_empty() { "" } else { "?" };
        format!("{scheme}://{login}{}{}{mark}{}", parts.hosts, parts.path, options.join("&"))
    }

    /// Whether what is said to Redis is encrypted on its way, or never leaves the machine.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.tls || self.is_local()
    }

    /// Whether Redis wants a password.
    #[must_use]
    pub fn has_password(&self) -> bool {
        self.login.is_some()
    }

    /// Whether Redis is on this machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match &self.place {
            Place::Unix(_) => true,
            Place::One(host) => host.is_local(),
            Place::Sentinel { sentinels: hosts, .. } | Place::Cluster(hosts) => {
                hosts.iter().all(Host::is_local)
            }
        }
    }
}

impl Host {
    fn is_local(&self) -> bool {
        let address = self.name.parse::<IpAddr>();
        self.name == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}

fn read(text: &str) -> Result<RedisUrl, String> {
    let parts = split(text)?;
    let login = parts.login.map(read_login).transpose()?;
    let (place, db) = read_place(&parts)?;
    let sentinel_login = match parts.option("sentinel_password")? {
        Some(password) => {
            let user = parts.option("sentinel_user")?;
            Some(Login { user, password: password.into() })
        }
        None => None,
    };
    let own_certificate = match (parts.option("cert_file")?, parts.option("key_file")?) {
        (Some(certificate), Some(key)) => Some((certificate.into(), key.into())),
        (None, None) => None,
        _ => return Err("has only one of cert_file and key_file".to_owned()),
    };
    let ca_file = parts.option("ca_file")?.map(PathBuf::from);
    Ok(RedisUrl { place, tls: parts.tls, login, db, sentinel_login, ca_file, own_certificate })
}

fn split(text: &str) -> Result<Parts<'_>, String> {
    let known = "begins with none of redis://, rediss://, redis+unix://, redis+sentinel://, \
                 rediss+sentinel://, redis+cluster://, rediss+cluster://";
    let (scheme, rest) = text.split_once("://").ok_or(known)?;
    let (kind, tls) = match scheme {
        "redis" => (Kind::One, false),
        "rediss" => (Kind::One, true),
        "redis+unix" | "unix" => (Kind::Unix, false),
        "redis+sentinel" => (Kind::Sentinel, false),
        "rediss+sentinel" => (Kind::Sentinel, true),
        "redis+cluster" => (Kind::Cluster, false),
        "rediss+cluster" => (Kind::Cluster, true),
        _ => return Err(known.to_owned()),
    };
    if rest.contains('#') {
        let message =
            "has a `#`: a password needs %23 instead, and certificates are always checked";
        return Err(message.to_owned());
    }
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = match rest.find('/') {
        Some(start) => rest.split_at(start),
        None => (rest, ""),
    };
    let (login, hosts) = match authority.rsplit_once('@') {
        Some((login, hosts)) => (Some(login), hosts),
        None => (None, authority),
    };
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let options = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect();
    let parts = Parts { kind, tls, login, hosts, path, options };
    parts.check_options()?;
    Ok(parts)
}

impl Parts<'_> {
    /// Refuses options that do not exist, or not for this kind of URL.
    fn check_options(&self) -> Result<(), String> {
        let fits = |name: &str| match name {
            "db" => self.kind == Kind::Unix,
            "sentinel_user" | "sentinel_password" => self.kind == Kind::Sentinel,
            // The library's cluster part takes none.
            "ca_file" | "cert_file" | "key_file" => self.tls && self.kind != Kind::Cluster,
            _ => false,
        };
        if self.options.iter().all(|(name, value)| fits(name) && !value.is_empty()) {
            return Ok(());
        }
        Err("has options after `?` that do not exist for it: there are ca_file, cert_file and \
             key_file (rediss, not rediss+cluster: there SSL_CERT_FILE names it), sentinel_user and sentinel_password (sentinel), db (unix); a `?` in \
             a password is %3F"
            .to_owned())
    }

    fn option(&self, name: &str) -> Result<Option<String>, String> {
        let value = self.options.iter().find(|(own, _)| *own == name).map(|(_, value)| value);
        value.map(|value| decoded(value)).transpose()
    }
}

fn read_place(parts: &Parts<'_>) -> Result<(Place, i64), String> {
    let path = parts.path.trim_start_matches('/');
    if parts.kind == Kind::Unix {
        if !parts.hosts.is_empty() || path.is_empty() {
            return Err("names no socket: write redis+unix:///PATH?db=NUMBER".to_owned());
        }
        let db = parts.option("db")?.unwrap_or_default();
        return Ok((Place::Unix(decoded(parts.path)?.into()), database(&db)?));
    }
    let default_port = if parts.kind == Kind::Sentinel { SENTINEL_PORT } else { PORT };
    let hosts = parts.hosts.split(',').map(|host| read_host(host, default_port));
    let mut hosts = hosts.collect::<Result<Vec<_>, _>>()?;
    match parts.kind {
        Kind::Sentinel => {
            let (master, db) = path.split_once('/').unwrap_or((path, ""));
            if master.is_empty() {
                let message = "names no master after the sentinels: write \
                               redis+sentinel://HOST:PORT,HOST:PORT/MASTER";
                return Err(message.to_owned());
            }
            let db = database(db)?;
            Ok((Place::Sentinel { sentinels: hosts, master: decoded(master)? }, db))
        }
        Kind::Cluster if database(path)? != 0 => {
            Err("names a database, but a cluster has none beside 0".to_owned())
        }
        Kind::Cluster => Ok((Place::Cluster(hosts), 0)),
        Kind::One | Kind::Unix if hosts.len() > 1 => {
            Err("names several hosts: write redis+sentinel:// or redis+cluster://".to_owned())
        }
        Kind::One | Kind::Unix => Ok((Place::One(hosts.remove(0)), database(path)?)),
    }
}

fn read_login(text: &str) -> Result<Login, String> {
    let Some((user, password)) = text.split_once(':').filter(|(_, password)| !password.is_empty())
    else {
        return Err("names a user but no password: write USER:PASSWORD@HOST".to_owned());
    };
    let user = Some(decoded(user)?).filter(|user| !user.is_empty());
    Ok(Login { user, password: decoded(password)?.into() })
}

fn read_host(text: &str, default_port: u16) -> Result<Host, String> {
    let fault = || {
        "names no host and port that can be read: `/`, `?`, `#` and `,` in a password are %2F, %3F, \
         %23 and %2C, an IPv6 address stands in []"
            .to_owned()
    };
    let (name, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) => (address, rest.strip_prefix(':')),
        None => match text.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (text, None),
        },
    };
    let port = match port {
        Some(port) => port.parse().map_err(|_| fault())?,
        None => default_port,
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%');
    if name.is_empty() || port == 0 || !name.chars().all(allowed) {
        return Err(fault());
    }
    Ok(Host { name: name.to_owned(), port })
}

fn database(text: &str) -> Result<i64, String> {
    let fault = "names a database that is no number from 0 to 1023";
    match text {
        "" => Ok(0),
        text => {
            let number = text.parse().ok().filter(|number| (0..1_024).contains(number));
            number.ok_or_else(|| fault.to_owned())
        }
    }
}

fn decoded(text: &str) -> Result<String, String> {
    let text = percent_decode_str(text).decode_utf8().map(Cow::into_owned);
    text.map_err(|_| "has percent-encoding that is no UTF-8".to_owned())
}

impl PartialEq for Login {
    fn eq(&self, other: &Self) -> bool {
        self.user == other.user && self.password.expose_secret() == other.password.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(name: &str, port: u16) -> Host {
        Host { name: name.to_owned(), port }
    }

    fn url(text: &str) -> RedisUrl {
        RedisUrl::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault}"))
    }

    #[test]
    fn every_form_says_where_redis_is() {
        let sentinels = vec![host("a", 26_379), host("b", 5_000)];
        let cases = [
            ("redis://r.example", Place::One(host("r.example", 6_379)), false, 0),
            ("redis://127.0.0.1:7000/3", Place::One(host("127.0.0.1", 7_000)), false, 3),
            ("rediss://u:p@[::1]:7000/", Place::One(host("::1", 7_000)), true, 0),
            ("redis+unix:///run/redis.sock?db=2", Place::Unix("/run/redis.sock".into()), false, 2),
            ("unix://:p@/run/redis.sock", Place::Unix("/run/redis.sock".into()), false, 0),
            (
                "rediss+sentinel://u:p@a,b:5000/main/4",
                Place::Sentinel { sentinels, master: "main".to_owned() },
                true,
                4,
            ),
            ("redis+cluster://a:1,b:2", Place::Cluster(vec![host("a", 1), host("b", 2)]), false, 0),
        ];
        for (text, place, tls, db) in cases {
            let url = url(text);
            assert_eq!((url.place, url.tls, url.db), (place, tls, db), "{text}");
        }
    }

    #[test]
    fn a_login_is_decoded_and_may_have_no_user() {
        let login = |text| url(text).login;
        let of = |user: Option<&str>, password: &str| {
            Some(Login { user: user.map(str::to_owned), password: password.into() })
        };
        assert_eq!(login("redis://h"), None);
        assert_eq!(login("redis://:secret@h"), of(None, "secret"));
        assert_eq!(login("redis://me:p%40%2F%3F@h"), of(Some("me"), "p@/?"));
        assert_eq!(login("redis://me:a@b@h"), of(Some("me"), "a@b"));
        let url = url("redis+sentinel://u:p@h/m?sentinel_user=s&sentinel_password=q%26");
        assert_eq!(url.sentinel_login, of(Some("s"), "q&"));
    }

    #[test]
    fn certificates_are_named_in_the_url() {
        let url = url("rediss://h?ca_file=/ca.pem&cert_file=/c.pem&key_file=/k.pem");
        assert_eq!(url.ca_file, Some("/ca.pem".into()));
        assert_eq!(url.own_certificate, Some(("/c.pem".into(), "/k.pem".into())));
    }

    #[test]
    fn other_urls_are_refused_without_repeating_them() {
        for text in [
            "hunter2",
            "hunter2://h",
            "http://u:hunter2@h",
            "redis://",
            "redis://u:hunter2",
            "redis://hunter2@h",
            "redis://u:hun/ter2@h",
            "redis://u:hunter2?x@h",
            "redis://u:hunter2#x@h",
            "rediss://u:hunter2@h/#insecure",
            "redis://u:hunter2@h:99999",
            "redis://u:hunter2@h:0",
            "redis://u:hunter2@h/hunter2",
            "redis://u:hunter2@h/-1",
            "redis://u:hunter2@h?hunter2=1",
            "redis://u:hunter2@h?ca_file=/ca.pem",
            "redis://u:hunter2@h1,h2",
            "redis+sentinel://u:hunter2@h1,h2",
            "redis+sentinel://u:hunter2@h1,/m",
            "redis+cluster://u:hunter2@h1/1",
            "redis+unix://u:hunter2@h/run/redis.sock",
            "redis+unix://u:hunter2@",
            "rediss://h?cert_file=/hunter2",
            "rediss://h?ca_file=",
            "rediss+cluster://u:hunter2@h?ca_file=/ca.pem",
            "redis://u:%ffhunter2@h",
        ] {
            let fault = RedisUrl::parse(text).expect_err(text).to_string();
            assert!(!fault.contains("hunter2") && !fault.contains("ter2"), "{text}: {fault}");
            assert_eq!(RedisUrl::masked(text), "***");
        }
    }

    #[test]
    fn a_shown_url_keeps_its_passwords() {
        let cases = [
            ("redis://u:hunter2@h:1/2", "redis://u:***@h:1/2"),
            ("redis://:hunter2@h", "redis://:***@h"),
            ("redis://h", "redis://h"),
            ("rediss://h?ca_file=/ca.pem", "rediss://h?ca_file=/ca.pem"),
            ("redis+unix://:hunter2@/run/r?db=1", "redis+unix://:***@/run/r?db=1"),
            (
                "redis+sentinel://u:hunter2@a,b/m?sentinel_password=hunter3",
                "redis+sentinel://u:***@a,b/m?sentinel_password=***",
            ),
        ];
        for (text, shown) in cases {
            assert_eq!(RedisUrl::masked(text), shown);
        }
        assert!(!format!("{:?}", url("redis://u:hunter2@h")).contains("hunter2"));
    }

    #[test]
    fn only_this_machine_is_local() {
        for (text, local, private) in [
            ("redis://localhost", true, true),
            ("redis://127.0.0.9:1", true, true),
            ("redis://[::1]", true, true),
            ("unix:///run/r", true, true),
            ("redis+cluster://localhost,10.0.0.1", false, false),
            ("redis://10.0.0.1", false, false),
            ("rediss://10.0.0.1", false, true),
        ] {
            let url = url(text);
            assert_eq!((url.is_local(), url.is_private()), (local, private), "{text}");
        }
    }
}
