//! The release binary as a process, with a user and clients made by its own command line.

use std::{
    io::Write,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Every client's secret.
pub const SECRET: &str = "bench-secret-0123456789abcdef0123456789";
/// The user's password.
pub const PASSWORD: &str = "a bench needs a password";
/// Where the code flow's answers go; nobody listens there.
pub const REDIRECT_URI: &str = "https://bench.example/cb";

/// A running server.
pub struct Server {
    /// Its issuer.
    pub issuer: String,
    /// From the process's start to ready.
    pub started: Duration,
    database: String,
    folder: tempfile::TempDir,
    child: Child,
}

fn binary() -> PathBuf {
    let example = std::env::current_exe().expect("this program");
    let folder = example.parent().and_then(std::path::Path::parent).expect("the target folder");
    folder.join("vestibule")
}

/// The binary's size.
pub fn binary_megabytes() -> u64 {
    std::fs::metadata(binary()).expect("the binary").len() / 1_000_000
}

impl Server {
    /// Starts on an empty database, then makes the user and the clients.
    pub fn start(database: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let server = Self::spawn(database.to_owned(), folder);
        server.seed();
        server
    }

    /// One more process of the same installation, on core `core`.
    pub fn beside(&self, core: usize) -> Instance {
        let address = free_address();
        let mut command = Command::new("taskset");
        command.args(["-c", &core.to_string()]).arg(binary());
        configure(&mut command, &self.issuer, &self.database, &self.folder);
        command.env("VESTIBULE__SERVER__LISTEN", &address);
        let child = serve(command);
        wait_until_ready(&address);
        Instance { address: format!("http://{address}"), child }
    }

    /// Where the rows are.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Stops, and starts on the same database.
    pub fn restart(mut self) -> Self {
        self.stop();
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().expect("a folder"));
        Self::spawn(self.database.clone(), folder)
    }

    fn spawn(database: String, folder: tempfile::TempDir) -> Self {
        let address = free_address();
        let issuer = format!("http://{address}");
        let began = Instant::now();
        let child = serve(command(&issuer, &database, &folder));
        wait_until_ready(&address);
        Self { issuer, started: began.elapsed(), database, folder, child }
    }

    fn seed(&self) {
        let write = |name: &str, text: &str| {
            let path = self.folder.path().join(name);
            std::fs::write(&path, text).expect("a file");
            path.display().to_string()
        };
        let (secret, password) = (write("secret", SECRET), write("password", PASSWORD));
        self.command(&[
            "user",
            "create",
            "--username",
            "bench",
            "--email",
            "b@bench.example",
            "--password-file",
            &password,
        ]);
        for alg in ["RS256", "ES256"] {
            self.command(&[
                "client",
                "create",
                "--client-id",
                alg,
                "--redirect-uri",
                REDIRECT_URI,
                "--grant-type",
                "authorization_code",
                "--grant-type",
                "refresh_token",
                "--grant-type",
                "client_credentials",
                "--auth-method",
                "client_secret_post",
                "--secret-file",
                &secret,
                "--scope",
                "openid profile offline_access api",
                "--access-token-alg",
                alg,
                "--id-token-alg",
                alg,
            ]);
        }
    }

    fn command(&self, words: &[&str]) {
        let output = command(&self.issuer, &self.database, &self.folder)
            .args(words)
            .output()
            .expect("the command line");
        let _ = std::io::stderr().write_all(&output.stderr);
        assert!(output.status.success(), "{words:?}");
    }

    /// Resident memory in megabytes.
    pub fn rss(&self) -> u64 {
        rss(&self.child)
    }

    fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// One of several processes of an installation.
pub struct Instance {
    /// Where it listens, `http://127.0.0.1:<port>`.
    pub address: String,
    child: Child,
}

impl Instance {
    /// Resident memory in megabytes.
    pub fn rss(&self) -> u64 {
        rss(&self.child)
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn rss(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()));
    let status = status.expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") / 1_024
}

fn free_address() -> String {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    free.local_addr().expect("an address").to_string()
}

fn serve(mut command: Command) -> Child {
    command
        .arg("serve")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("cargo build --release first")
}

fn wait_until_ready(address: &str) {
    let began = Instant::now();
    while !is_ready(address) {
        assert!(began.elapsed() < Duration::from_mins(1), "the server does not get ready");
        std::thread::yield_now();
    }
}

fn command(issuer: &str, database: &str, folder: &tempfile::TempDir) -> Command {
    let mut command = Command::new(binary());
    configure(&mut command, issuer, database, folder);
    command
}

fn configure(command: &mut Command, issuer: &str, database: &str, folder: &tempfile::TempDir) {
    let (_, port) = issuer.rsplit_once(':').expect("an issuer with a port");
    command
        .current_dir(folder.path())
        // Installations that are measured side by side may have one Redis.
        .env("VESTIBULE__REDIS__PREFIX", format!("bench-{port}:"))
        .env("VESTIBULE__ISSUER", issuer)
        .env("VESTIBULE__SERVER__LISTEN", issuer.trim_start_matches("http://"))
        .env("VESTIBULE__DATA_DIR", folder.path())
        .env("VESTIBULE__DATABASE__URL", database)
        .env("VESTIBULE__METRICS__LISTEN", "off")
        .env("VESTIBULE__LOG__LEVEL", "warn");
}

/// One plain request on a socket: an HTTP client would cost more than what it measures.
fn is_ready(address: &str) -> bool {
    use std::io::Read;
    let Ok(mut socket) = std::net::TcpStream::connect(address) else { return false };
    let request =
        format!("GET /health/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    socket.write_all(request.as_bytes()).is_ok()
        && socket.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200")
}
