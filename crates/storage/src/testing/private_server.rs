//! A PostgreSQL server of this process's own, from Debian's binaries.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

/// Makes the server, says so, and waits until the test process is gone: its end of the pipe on
/// standard input closes then, however it ended.
const WATCH: &str = r#"
bin=$1 folder=$2 port=$3
"$bin/initdb" -D "$folder/rows" -U vestibule --auth=trust --encoding=UTF8 --locale=C.UTF-8 \
    --no-sync >"$folder/log" 2>&1 &&
"$bin/pg_ctl" -D "$folder/rows" -l "$folder/log" -w start -o "-c listen_addresses=127.0.0.1 \
    -c port=$port -c unix_socket_directories=$folder -c fsync=off -c synchronous_commit=off \
    -c full_page_writes=off -c max_connections=400 -c shared_buffers=64MB" >/dev/null 2>&1 &&
echo ready
cat >/dev/null
"$bin/pg_ctl" -D "$folder/rows" -m immediate -w stop >/dev/null 2>&1
rm -rf "$folder"
"#;

struct PrivateServer {
    url: String,
    /// Holds the watcher's standard input open as long as this process lives.
    _watcher: Child,
}

/// The server's URL. Starts it when first asked.
///
/// # Panics
/// If it cannot be started.
#[expect(clippy::panic, reason = "a test without its database must fail, and say why")]
pub(super) fn url() -> &'static str {
    static STARTED: OnceLock<PrivateServer> = OnceLock::new();
    &STARTED.get_or_init(|| start().unwrap_or_else(|why| panic!("PostgreSQL for tests: {why}"))).url
}

fn start() -> Result<PrivateServer, String> {
    let bin = binaries().ok_or(
        "no server binaries under /usr/lib/postgresql. Install them: \
         `apt-get install -y postgresql`; or name a server in VESTIBULE_TEST_POSTGRES_URL",
    )?;
    let folder = tempfile::Builder::new()
        .prefix("vestibule-postgres-")
        .tempdir()
        .map_err(|error| error.to_string())?
        .keep();
    let port = free_port().map_err(|error| error.to_string())?;
    let mut watcher = watch(WATCH, &[&bin, &folder], port)?;
    let said = watcher.stdout.take().map(BufReader::new).and_then(|output| output.lines().next());
    if !matches!(said, Some(Ok(line)) if line == "ready") {
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        return Err(format!("the private server did not start: {log}"));
    }
    Ok(PrivateServer { url: format!("postgres://vestibule@127.0.0.1:{port}"), _watcher: watcher })
}

/// The newest version's folder of binaries.
fn binaries() -> Option<PathBuf> {
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("bin/initdb").exists())
        .max_by_key(|path| version(path))
        .map(|path| path.join("bin"))
}

/// A port that nobody has now. Somebody may take it before the server does; then the start fails
/// with the server's own message.
pub(super) fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Starts the watcher `script` with `paths`, the last of which is its own folder, and `port`; as the
/// user `postgres` if this is root, which the servers refuse to be.
pub(super) fn watch(script: &str, paths: &[&Path], port: u16) -> Result<Child, String> {
    let is_root = fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0);
    let mut command = if is_root {
        let given = Command::new("chown").args(["-R", "postgres"]).args(paths.last()).status();
        if !given.is_ok_and(|status| status.success()) {
            return Err("cannot give a folder to the user postgres".to_owned());
        }
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--", "sh"]);
        command
    } else {
        Command::new("sh")
    };
    command
        .args(["-c", script, "watch"])
        .args(paths)
        .arg(port.to_string())
        .current_dir("/")
        // Ctrl-C is for the tests; this has to clean up after them.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("cannot start the private server: {error}"))
}
