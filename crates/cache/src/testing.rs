//! Redis servers for tests, each of its own, from Debian's binaries; they end with the test process,
//! however that ends.

use std::{
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::TcpListener,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use crate::RedisSettings;

/// Starts a server and says its process id. Waits until the test process has closed its end of the
/// pipe on standard input, on purpose or by ending; then it cleans up.
const WATCH: &str = r#"
folder=$1
shift
{ sh -c 'echo $$ >pid; echo "pid $$"; exec "$@"' server "$@"; echo gone; } &
read -r word
pid=$(cat pid)
kill -CONT "$pid"
[ "$word" = stop ] && kill -TERM "$pid" || kill -KILL "$pid"
wait
[ -n "$word" ] || rm -rf "$folder"
"#;
/// The rights that Vestibule needs: the ACL line of docs/operations/redis.md.
pub const ACL: &str = "~vestibule:* resetchannels &vestibule:* -@all +eval +incr +pttl +pexpire \
                       +publish +subscribe +unsubscribe +punsubscribe +ping +info +time +role \
                       +select +cluster|slots";
/// The password of the user `vestibule` of [`TestRedis::with_acl`].
pub const PASSWORD: &str = "a p@ssw/rd";

/// A server of one test, empty and without a password. It ends with the value.
pub struct TestRedis {
    folder: PathBuf,
    port: u16,
    tls: bool,
    login: Option<&'static str>,
    options: Vec<String>,
    running: Option<Running>,
}

struct Running {
    watcher: Child,
    pid: String,
}

impl TestRedis {
    /// A server with default settings.
    ///
    /// # Panics
    /// If it cannot be started; the message says what to install.
    #[must_use]
    pub fn start() -> Self {
        Self::with_options(&[])
    }

    /// A server with these words on its command line, for example `--maxmemory 2mb`.
    ///
    /// # Panics
    /// If it cannot be started; the message says what to install.
    #[must_use]
    pub fn with_options(options: &[&str]) -> Self {
        let mut server = Self::prepared();
        server.options.extend(options.iter().map(|&option| option.to_owned()));
        server.restart();
        server
    }

    /// A server on which the user `vestibule` has the rights of [`ACL`] and nobody else may do
    /// anything.
    ///
    /// # Panics
    /// If it cannot be started; the message says what to install.
    #[must_use]
    pub fn with_acl() -> Self {
        let mut server = Self::prepared();
        let user = ["--user", "vestibule", "on", &format!(">{PASSWORD}")].map(str::to_owned);
        let rights = ACL.split_whitespace().map(str::to_owned);
        let others = ["--user", "admin", "on", ">admin", "~*", "&*", "+@all"];
        let off = ["--user", "default", "off"];
        server.options.extend(user.into_iter().chain(rights));
        server.options.extend(others.into_iter().chain(off).map(str::to_owned));
        server.login = Some("vestibule:a%20p%40ssw%2Frd@");
        server.restart();
        server
    }

    /// A server that speaks only TLS, with the self-made [`certificate`](Self::certificate) for
    /// `localhost` and 127.0.0.1; asks for the client's certificate if `mutual`.
    ///
    /// # Panics
    /// If it cannot be started; the message says what to install.
    #[must_use]
    pub fn with_tls(mutual: bool) -> Self {
        let mut server = Self::prepared();
        make_certificate(&server.folder);
        let file = |name: &str| server.folder.join(name).display().to_string();
        let asks = if mutual { "yes" } else { "no" };
        server.options = [
            ("--tls-cert-file", file("cert.pem").as_str()),
            ("--tls-key-file", file("key.pem").as_str()),
            ("--tls-ca-cert-file", file("cert.pem").as_str()),
            ("--tls-auth-clients", asks),
        ]
        .into_iter()
        .flat_map(|(name, value)| [name.to_owned(), value.to_owned()])
        .collect();
        server.tls = true;
        server.restart();
        server
    }

    #[expect(clippy::expect_used, reason = "a test without its server must fail, and say why")]
    fn prepared() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("vestibule-redis-")
            .tempdir()
            .expect("a folder for Redis")
            .keep();
        let (tls, login, options) = (false, None, Vec::new());
        Self { folder, port: free_port(), tls, login, options, running: None }
    }

    /// Where it listens, with what it takes to be let in, but without a certificate.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.tls { "rediss" } else { "redis" };
        format!("{scheme}://{}127.0.0.1:{}", self.login.unwrap_or_default(), self.port)
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its Unix socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.join("redis.sock")
    }

    /// Its certificate, which is its own authority and its client's, and the key to it.
    #[must_use]
    pub fn certificate(&self) -> (PathBuf, PathBuf) {
        (self.folder.join("cert.pem"), self.folder.join("key.pem"))
    }

    /// Settings for [`Cache::redis`](crate::Cache::redis) with the defaults of an operator.
    #[must_use]
    pub fn settings(&self) -> RedisSettings {
        settings(&self.url())
    }

    /// Runs a command as a user who may do everything: the parts of the answer as text.
    ///
    /// # Panics
    /// If the server does not answer, or with an error.
    #[expect(clippy::expect_used, reason = "a test whose server does not answer must fail")]
    pub fn run(&self, command: &[&str]) -> Vec<String> {
        let mut url = format!("unix://{}", self.socket().display());
        if self.login.is_some() {
            url.push_str("?user=admin&pass=admin");
        }
        let client = redis::Client::open(url).expect("the socket's URL");
        let mut connection = client.get_connection().expect("a connection");
        let mut words = redis::Cmd::new();
        words.arg(command);
        flatten(words.query(&mut connection).expect("an answer"))
    }

    /// Every key, and in how many milliseconds it expires (-1: never).
    ///
    /// # Panics
    /// If the server does not answer.
    pub fn keys(&self) -> Vec<(String, i64)> {
        let expiry = |key: &str| self.run(&["PTTL", key]).concat().parse().unwrap_or(-1);
        self.run(&["KEYS", "*"]).into_iter().map(|key| (key.clone(), expiry(&key))).collect()
    }

    /// Forgets every key.
    ///
    /// # Panics
    /// If the server does not answer.
    pub fn flush(&self) {
        self.run(&["FLUSHALL"]);
    }

    /// Ends it as an operator would.
    pub fn stop(&mut self) {
        self.end("stop");
    }

    /// Ends it without a word (SIGKILL).
    pub fn kill(&mut self) {
        self.end("kill");
    }

    /// Makes it hang: its connections stay open, and nobody answers (SIGSTOP).
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// Ends the [`pause`](Self::pause).
    pub fn resume(&self) {
        self.signal("CONT");
    }

    /// Starts it again, empty and on the same port. Returns when it takes connections.
    ///
    /// # Panics
    /// If it cannot be started; the message says what to install.
    #[expect(clippy::panic, reason = "a test without its server must fail, and say why")]
    pub fn restart(&mut self) {
        self.kill();
        let port = self.port.to_string();
        let (plain, tls) = if self.tls { ("0", port.as_str()) } else { (port.as_str(), "0") };
        let socket = self.socket().display().to_string();
        let mut words = vec!["redis-server", "--port", plain, "--tls-port", tls];
        words.extend(["--bind", "127.0.0.1", "--unixsocket", &socket, "--save", ""]);
        words.extend(self.options.iter().map(String::as_str));
        let started = watch(&self.folder, &words, "Ready to accept connections");
        self.running = Some(started.unwrap_or_else(|why| panic!("Redis for tests: {why}")));
    }

    fn signal(&self, name: &str) {
        if let Some(running) = &self.running {
            send_signal(name, &running.pid);
        }
    }

    /// Waits until the process is gone; the folder stays.
    fn end(&mut self, how: &str) {
        if let Some(running) = self.running.take() {
            running.end(how);
        }
    }
}

impl Drop for TestRedis {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.end("");
        } else {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

impl Running {
    /// `stop` or `kill` keep the folder.
    fn end(mut self, how: &str) {
        if let Some(mut input) = self.watcher.stdin.take() {
            let _ = writeln!(input, "{how}");
        }
        let _ = self.watcher.wait();
    }
}

/// A server of another kind, for example a sentinel: any words, and the line of its log that says
/// that it is ready. It ends with the value.
pub struct TestProcess {
    running: Option<Running>,
}

impl TestProcess {
    /// Starts it in `folder`, which is deleted at its end.
    ///
    /// # Panics
    /// If it cannot be started; the message says what to install.
    #[must_use]
    #[expect(clippy::panic, reason = "a test without its server must fail, and say why")]
    pub fn start(folder: &Path, words: &[&str], ready: &str) -> Self {
        let started = watch(folder, words, ready);
        Self { running: Some(started.unwrap_or_else(|why| panic!("Redis for tests: {why}"))) }
    }
}

impl Drop for TestProcess {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.end("");
        }
    }
}

/// Settings for `url` with the defaults of an operator.
#[must_use]
pub fn settings(url: &str) -> RedisSettings {
    RedisSettings {
        url: url.into(),
        prefix: "vestibule:".to_owned(),
        pool_size: 8,
        connect_timeout: Duration::from_secs(1),
        timeout: Duration::from_millis(250),
        queue: 1_024,
    }
}

/// A port that nobody has now. Somebody may take it before the server does; then the start fails
/// with the server's own message.
///
/// # Panics
/// If there is none.
#[must_use]
#[expect(clippy::expect_used, reason = "a test without a port must fail, and say why")]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its number").port()
}

fn watch(folder: &Path, words: &[&str], ready: &str) -> Result<Running, String> {
    let program = words.first().copied().unwrap_or_default();
    let missing = Command::new(program).arg("--version").stdout(Stdio::null()).status();
    if missing.is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        return Err(format!("no {program}. Install it: `apt-get install -y redis-server`"));
    }
    let mut watcher = Command::new("sh")
        .args(["-c", WATCH, "watch"])
        .arg(folder)
        .args(words)
        .current_dir(folder)
        // Ctrl-C is for the tests; this has to clean up after them.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("cannot start {program}: {error}"))?;
    let mut output = BufReader::new(watcher.stdout.take().ok_or("no output")?);
    let (mut pid, mut log, mut line) = (String::new(), String::new(), String::new());
    while output.read_line(&mut line).is_ok_and(|length| length > 0) && line != "gone\n" {
        if let Some(number) = line.strip_prefix("pid ") {
            number.trim().clone_into(&mut pid);
        }
        log.push_str(&line);
        if line.contains(ready) {
            // A full pipe would stop the server.
            thread::spawn(move || output.read_to_end(&mut Vec::new()));
            return Ok(Running { watcher, pid });
        }
        line.clear();
    }
    Err(format!("{program} did not start: {log}"))
}

fn send_signal(name: &str, pid: &str) {
    let _ = Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]).status();
}

#[expect(clippy::panic, reason = "a test without a certificate must fail, and say why")]
fn make_certificate(folder: &Path) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        .current_dir(folder)
        .stderr(Stdio::null())
        .status();
    match made {
        Ok(status) if status.success() => {}
        Ok(status) => panic!("openssl made no certificate: {status}"),
        Err(fault) => panic!("{fault}: install openssl: `apt-get install -y openssl`"),
    }
}

fn flatten(value: redis::Value) -> Vec<String> {
    match value {
        redis::Value::Array(parts) => parts.into_iter().flat_map(flatten).collect(),
        redis::Value::Nil => Vec::new(),
        other => vec![redis::from_redis_value(other).unwrap_or_default()],
    }
}
