//! A `postgres://` URL, read as libpq reads it: it may name several hosts, which no general reader of
//! URLs takes.

use crate::DatabaseSettings;

/// A URL in its parts. Debug output leaves out what may be secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PostgresUrl<'a> {
    /// `postgres://`.
    scheme: &'a str,
    /// `user:password`, if there.
    login: Option<&'a str>,
    /// `host:port,host:port`; may be empty.
    hosts: &'a str,
    /// `/database`, or nothing.
    database: &'a str,
    /// What follows the `?`.
    query: &'a str,
}

impl<'a> PostgresUrl<'a> {
    /// Takes `text` apart.
    ///
    /// # Errors
    /// What is wrong with it. Never repeats it: it may hold a password.
    pub fn parse(text: &'a str) -> Result<Self, String> {
        let after_scheme = ["postgres://", "postgresql://"]
            .into_iter()
            .find_map(|scheme| Some((scheme, text.strip_prefix(scheme)?)));
        let Some((scheme, rest)) = after_scheme else {
            return Err("does not start with postgres://".to_owned());
        };
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err("is not a URL (it has a space in it; write %20)".to_owned());
        }
        if !has_whole_escapes(text) {
            return Err(
                "is not a URL (a % in it is followed by no two digits; write %25)".to_owned()
            );
        }
        if text.contains("%00") {
            return Err("is not a URL (it has a %00 in it)".to_owned());
        }
        let (main, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = match main.find('/') {
            Some(slash) => main.split_at(slash),
            None => (main, ""),
        };
        let (login, hosts) = match authority.split_once('@') {
            Some((login, hosts)) => (Some(login), hosts),
            None => (None, authority),
        };
        if hosts.contains('@') {
            return Err("is not a URL (it has two @ in it; write %40 in the password)".to_owned());
        }
        hosts.split(',').try_for_each(check_host)?;
        if query.split('&').any(|pair| !pair.is_empty() && !pair.contains('=')) {
            return Err("is not a URL (an option after the ? has no value)".to_owned());
        }
        let url = Self { scheme, login, hosts, database, query };
        if url.trusts_the_system()
            && url.option("sslmode").is_some_and(|mode| mode != "verify-full")
        {
            return Err(
                "has an sslmode that is too weak for sslrootcert=system: anybody can have a \
                        certificate from there (write sslmode=verify-full, or leave it out)"
                    .to_owned(),
            );
        }
        Ok(url)
    }

    /// Its hosts, with their ports, as they are written. Empty: libpq's own default, a socket.
    #[must_use]
    pub fn hosts(&self) -> Vec<&'a str> {
        let hosts =
            if self.hosts.is_empty() { self.option("host").unwrap_or("") } else { self.hosts };
        hosts.split(',').filter(|host| !host.is_empty()).collect()
    }

    /// An option's value as it is written; the last one, as in libpq.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&'a str> {
        let pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next_back()
    }

    /// Whether nobody between us and the server can read or change what is said: the server's
    /// certificate and name are verified, or the way does not leave this machine.
    #[must_use]
    pub fn is_protected(&self) -> bool {
        self.option("sslmode") == Some("verify-full")
            || self.trusts_the_system()
            || self.stays_on_this_machine()
    }

    /// Public authorities are asked about the server's certificate; libpq then checks its name too.
    fn trusts_the_system(&self) -> bool {
        self.option("sslrootcert") == Some("system")
    }

    /// libpq goes by the options where they name a host beside the one before the path, and by
    /// `hostaddr` before both.
    fn stays_on_this_machine(&self) -> bool {
        let elsewhere = self.option("hostaddr").is_some()
            || (!self.hosts.is_empty() && self.option("host").is_some());
        !elsewhere && self.hosts().iter().all(|host| is_local(host))
    }

    /// The URL with nothing in it that must stay secret.
    #[must_use]
    pub fn masked(&self) -> String {
        let login = match self.login.map(|login| login.split_once(':').unwrap_or((login, ""))) {
            None => String::new(),
            Some((user, "")) => format!("{user}@"),
            Some((user, _)) => format!("{user}:***@"),
        };
        let query = if self.query.is_empty() { "" } else { "?***" };
        format!("{}{login}{}{}{query}", self.scheme, self.hosts, self.database)
    }

    /// The URL to connect with: what libpq takes from the URL only, except where the operator wrote
    /// it already. `attributes` says which of several hosts is wanted.
    pub(crate) fn completed(&self, settings: &DatabaseSettings, attributes: &str) -> String {
        let mut url = self.base();
        let mut add = |name: &str, value: &str| {
            if self.option(name).is_none() {
                let separator = if url.contains('?') { '&' } else { '?' };
                url = format!("{url}{separator}{name}={value}");
            }
        };
        // libpq reads 1 as 2 and 0 as "for ever".
        let seconds = settings.connect_timeout.as_secs_f64().ceil().clamp(2.0, 3600.0);
        add("connect_timeout", &format!("{seconds:.0}"));
        // A host that vanishes says nothing. What was sent to it and is not acknowledged in time
        // ends the connection, and so does a question whether it is still there: within six seconds.
        for (name, value) in [
            ("keepalives_idle", "3"),
            ("keepalives_interval", "1"),
            ("keepalives_count", "3"),
            ("tcp_user_timeout", "5000"),
            ("fallback_application_name", "vestibule"),
        ] {
            add(name, value);
        }
        if self.hosts().len() > 1 {
            add("target_session_attrs", attributes);
        }
        url
    }

    /// [`completed`](Self::completed), once for each host, in their order. libpq goes from host to
    /// host by itself, but not past one that takes the connection and closes it again, as a proxy does
    /// whose server is gone.
    pub(crate) fn one_by_one(&self, settings: &DatabaseSettings, attributes: &str) -> Vec<String> {
        let whole = self.completed(settings, attributes);
        let Ok(url) = PostgresUrl::parse(&whole) else { return vec![whole] };
        self.hosts.split(',').map(|hosts| PostgresUrl { hosts, ..url }.base()).collect()
    }

    /// The URL as it is written, but for `sslrootcert=system`: the OpenSSL that we bring along does
    /// not know where this system keeps its certificates.
    fn base(&self) -> String {
        let login = self.login.map(|login| format!("{login}@")).unwrap_or_default();
        let main = format!("{}{login}{}{}", self.scheme, self.hosts, self.database);
        let found = self
            .trusts_the_system()
            .then(openssl_probe::probe)
            .and_then(|probed| probed.cert_file?.to_str().map(str::to_owned));
        let query = match found {
            None => self.query.to_owned(),
            Some(file) => {
                let others = self.query.split('&').filter(|pair| !pair.starts_with("sslrootcert="));
                let mut pairs: Vec<String> = others.map(str::to_owned).collect();
                pairs.push(format!("sslrootcert={file}"));
                if self.option("sslmode").is_none() {
                    pairs.push("sslmode=verify-full".to_owned());
                }
                pairs.join("&")
            }
        };
        if query.is_empty() { main } else { format!("{main}?{query}") }
    }
}

impl std::fmt::Debug for PostgresUrl<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.masked())
    }
}

fn has_whole_escapes(text: &str) -> bool {
    text.split('%').skip(1).all(|rest| {
        let digits: Vec<u8> = rest.bytes().take(2).collect();
        digits.len() == 2 && digits.iter().all(u8::is_ascii_hexdigit)
    })
}

fn check_host(host: &str) -> Result<(), String> {
    let port = match host.strip_prefix('[') {
        Some(address) => match address.split_once(']') {
            Some(("", _)) => return Err("is not a URL (an address is empty)".to_owned()),
            Some((_, "")) => "",
            Some((_, port)) => port.strip_prefix(':').unwrap_or("none"),
            None => return Err("is not a URL (a [ of an address is not closed)".to_owned()),
        },
        None => host.split_once(':').map_or("", |(_, port)| port),
    };
    if port.is_empty() || port.parse::<u16>().is_ok_and(|port| port > 0) {
        return Ok(());
    }
    Err("is not a URL (a port is not a number from 1 to 65535)".to_owned())
}

/// Whether the way to `host` stays on this machine: a socket's folder, or the loopback.
fn is_local(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|address| address.split_once(']')) {
        Some((address, _)) => address,
        None if host.starts_with('/') || host.starts_with("%2F") || host.starts_with("%2f") => {
            return true;
        }
        None => host.split_once(':').map_or(host, |(name, _)| name),
    };
    name == "localhost"
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::DatabaseUrl;

    fn completed(url: &str, connect_timeout: Duration) -> String {
        let path = "unused".into();
        let mut settings = DatabaseSettings::new(DatabaseUrl::Sqlite { path });
        settings.connect_timeout = connect_timeout;
        PostgresUrl::parse(url).unwrap().completed(&settings, "read-write")
    }

    #[test]
    fn several_hosts_are_read_and_others_are_refused_without_repeating_them() {
        for (url, hosts) in [
            ("postgres://u:p@h1:5432,h2:5433/d", vec!["h1:5432", "h2:5433"]),
            ("postgresql:///d?host=/run", vec!["/run"]),
            ("postgres://[::1]:5432,h2/d", vec!["[::1]:5432", "h2"]),
            ("postgres://h", vec!["h"]),
            ("postgres:///d", vec![]),
        ] {
            assert_eq!(PostgresUrl::parse(url).unwrap().hosts(), hosts, "{url}");
        }
        for url in [
            "mysql://u:hunter2@h/d",
            "postgres://u:hunter2@h:port/d",
            "postgres://u:hunter2@h:0/d",
            "postgres://u:hunter2@[::1/d",
            "postgres://u:hunter2@[::1]5432/d",
            "postgres://u:hunter2@[]/d",
            "postgres://u:hunter2%00@h/d",
            "postgres://u:hunter2@h/d?sslmode=require&sslrootcert=system",
            "postgres://u:hunter2@h/d?sslmode=disable&sslrootcert=system",
            "postgres://u:hun@ter2@h/d",
            "postgres://u:hunter2%@h/d",
            "postgres://u:hunter2 @h/d",
            "postgres://h/d?hunter2",
        ] {
            let refused = PostgresUrl::parse(url).unwrap_err();
            assert!(!refused.contains("hunter2"), "{refused}");
        }
    }

    #[test]
    fn a_shown_url_keeps_its_password() {
        for (url, shown) in [
            ("postgres://u:hunter2@h1:1,h2/d", "postgres://u:***@h1:1,h2/d"),
            ("postgres://u@h/d?password=hunter2", "postgres://u@h/d?***"),
            ("postgres://h", "postgres://h"),
        ] {
            assert_eq!(PostgresUrl::parse(url).unwrap().masked(), shown);
        }
    }

    #[test]
    fn what_the_operator_wrote_stays_and_the_rest_is_added() {
        let five = Duration::from_secs(5);
        let plain = completed("postgres://h/d", five);
        assert_eq!(
            plain,
            "postgres://h/d?connect_timeout=5&keepalives_idle=3&keepalives_interval=1\
             &keepalives_count=3&tcp_user_timeout=5000&fallback_application_name=vestibule"
        );
        let written = completed("postgres://h/d?connect_timeout=9&tcp_user_timeout=1", five);
        assert!(written.contains("connect_timeout=9") && !written.contains("connect_timeout=5"));
        assert!(written.contains("tcp_user_timeout=1&"), "{written}");
        for (short, seconds) in [(0, 2), (100, 2), (2_100, 3)] {
            let url = completed("postgres://h/d", Duration::from_millis(short));
            assert!(url.contains(&format!("connect_timeout={seconds}&")), "{short}: {url}");
        }
        assert!(completed("postgres://a,b/d", five).ends_with("&target_session_attrs=read-write"));
        let own = completed("postgres://a,b/d?target_session_attrs=any", five);
        assert!(!own.contains("read-write"));
    }

    #[test]
    fn the_certificates_of_the_system_are_named() {
        let url = completed("postgres://h/d?sslrootcert=system", Duration::from_secs(5));
        assert!(url.contains("sslrootcert=/") && url.contains("sslmode=verify-full"), "{url}");
    }

    #[test]
    fn only_a_verified_server_or_this_machine_is_safe() {
        for (url, safe) in [
            ("postgres://127.0.0.1/d", true),
            ("postgres://localhost:5432/d", true),
            ("postgres://[::1]:5432/d", true),
            ("postgres:///d?host=/run/postgresql", true),
            ("postgres://%2Frun%2Fpostgresql/d", true),
            ("postgres://db.example.com/d", false),
            ("postgres://db.example.com/d?sslmode=require", false),
            ("postgres://localhost,db.example.com/d", false),
            ("postgres://db.example.com/d?sslmode=verify-full", true),
            ("postgres://db.example.com/d?sslrootcert=system", true),
            ("postgres://db.example.com/d?sslmode=verify-full&sslrootcert=system", true),
            ("postgres://localhost/d?host=db.example.com", false),
            ("postgres://localhost/d?hostaddr=10.0.0.5", false),
            ("postgres:///d?hostaddr=10.0.0.5", false),
        ] {
            assert_eq!(PostgresUrl::parse(url).unwrap().is_protected(), safe, "{url}");
        }
    }

    #[test]
    fn each_host_is_tried_by_itself() {
        let database = DatabaseUrl::Postgres { url: vestibule_model::Secret::new("") };
        let settings = DatabaseSettings::new(database);
        let each = |url| PostgresUrl::parse(url).unwrap().one_by_one(&settings, "read-write");
        let found = each("postgres://u:p@a:5432,b/d?sslmode=require");
        assert_eq!(found.len(), 2);
        for (url, host) in found.iter().zip(["a:5432", "b"]) {
            let start = format!("postgres://u:p@{host}/d?sslmode=require&");
            assert!(url.starts_with(&start), "{url}");
            assert!(url.ends_with("target_session_attrs=read-write"), "{url}");
        }
        assert_eq!(each("postgres://u:p@a/d").len(), 1);
    }
}
