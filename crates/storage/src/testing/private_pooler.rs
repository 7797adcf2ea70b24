//! A PgBouncer of this process's own in transaction mode, from Debian's package, in front of the
//! server for tests. Few server connections for many clients: what one leaves in a session meets
//! another.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::Child,
    sync::OnceLock,
};

use super::{private_server, server};
use crate::PostgresUrl;

/// Starts the pooler, says so, and ends it with the test process.
const WATCH: &str = r#"
folder=$1 port=$2
/usr/sbin/pgbouncer -q "$folder/pgbouncer.ini" >"$folder/log" 2>&1 &
pid=$!
tries=0
until [ -S "$folder/.s.PGSQL.$port" ] || [ $tries -gt 200 ]; do tries=$((tries+1)); sleep 0.05; done
[ -S "$folder/.s.PGSQL.$port" ] && echo ready
cat >/dev/null
kill "$pid"
rm -rf "$folder"
"#;

struct PrivatePooler {
    url: String,
    /// Holds the watcher's standard input open as long as this process lives.
    _watcher: Child,
}

/// The pooler's URL without a database. Starts it when first asked.
///
/// # Panics
/// If it cannot be started.
#[expect(clippy::panic, reason = "a test without its pooler must fail, and say why")]
pub(super) fn url() -> &'static str {
    static STARTED: OnceLock<PrivatePooler> = OnceLock::new();
    &STARTED.get_or_init(|| start().unwrap_or_else(|why| panic!("PgBouncer for tests: {why}"))).url
}

fn start() -> Result<PrivatePooler, String> {
    if !Path::new("/usr/sbin/pgbouncer").exists() {
        return Err("it is not installed: `apt-get install -y pgbouncer`".to_owned());
    }
    let fault = |error: std::io::Error| error.to_string();
    let folder =
        tempfile::Builder::new().prefix("vestibule-pgbouncer-").tempdir().map_err(fault)?;
    let folder = folder.keep();
    let port = private_server::free_port().map_err(fault)?;
    fs::write(folder.join("pgbouncer.ini"), settings(&folder, port)?).map_err(fault)?;
    let mut watcher = private_server::watch(WATCH, &[folder.as_path()], port)?;
    let said = watcher.stdout.take().map(BufReader::new).and_then(|output| output.lines().next());
    if !matches!(said, Some(Ok(line)) if line == "ready") {
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        return Err(format!("it did not start: {log}"));
    }
    Ok(PrivatePooler { url: format!("postgres://vestibule@127.0.0.1:{port}"), _watcher: watcher })
}

fn settings(folder: &Path, port: u16) -> Result<String, String> {
    let url = server().url("postgres");
    let (host, server_port, login) = parts(&url)?;
    let folder = folder.display();
    Ok(format!(
        "[databases]
* = host={host} port={server_port} {login}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir = {folder}
auth_type = any
pool_mode = transaction
default_pool_size = 6
max_client_conn = 2000
",
    ))
}

/// Host, port, and who to be, of the server's URL.
fn parts(url: &str) -> Result<(String, String, String), String> {
    let hosts = PostgresUrl::parse(url)?.hosts();
    let host = hosts.first().copied().unwrap_or("127.0.0.1");
    let (host, port) = host.rsplit_once(':').unwrap_or((host, "5432"));
    let login = url.split_once("://").and_then(|(_, rest)| rest.split_once('@'));
    let login = login.map_or("vestibule", |(login, _)| login);
    let login = match login.split_once(':') {
        Some((user, password)) => format!("user={user} password={password}"),
        None => format!("user={login}"),
    };
    Ok((host.to_owned(), port.to_owned(), login))
}
