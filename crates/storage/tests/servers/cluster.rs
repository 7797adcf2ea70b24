//! A PostgreSQL server that a test may break.

use std::{
    fs,
    net::TcpListener,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use vestibule_model::{Secret, Timestamp};
use vestibule_storage::{DatabaseSettings, DatabaseUrl, Db, Pending, StorageError, revoked_token};

/// Stops the server when the test process is gone, however it ended.
const WATCH: &str = "cat >/dev/null; \"$1/pg_ctl\" -D \"$2\" -m immediate -w stop >/dev/null 2>&1";

pub struct Cluster {
    pub folder: TempDir,
    pub port: u16,
    bin: PathBuf,
    watcher: Child,
}

impl Cluster {
    /// A new server with these lines in its configuration.
    pub fn new(lines: &str) -> Self {
        Self::made(lines, |cluster, rows| {
            let rows = rows.to_str().unwrap();
            cluster
                .run("initdb", &["-D", rows, "-U", "vestibule", "-A", "trust", "-N", "-E", "UTF8"]);
        })
    }

    /// A streaming standby of `primary`.
    pub fn standby_of(primary: &Self, lines: &str) -> Self {
        Self::made(lines, |cluster, rows| {
            let rows = rows.to_str().unwrap();
            let from = primary.url("postgres");
            cluster.run("pg_basebackup", &["-D", rows, "-d", &from, "-R", "-N", "-c", "fast"]);
        })
    }

    fn made(lines: &str, make: impl FnOnce(&Self, &Path)) -> Self {
        let folder = tempfile::Builder::new().prefix("vestibule-cluster-").tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        give_to_postgres(folder.path());
        let bin = binaries();
        let rows = folder.path().join("rows");
        let watcher = as_postgres("sh")
            .args(["-c", WATCH, "watch"])
            .args([&bin, &rows])
            .process_group(0)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let cluster = Self { folder, port, bin, watcher };
        make(&cluster, &rows);
        let basics = format!(
            "\nlisten_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = ''\n\
             fsync = off\nshared_buffers = 16MB\nmax_connections = 50\n{lines}\n"
        );
        cluster.configure(&basics);
        cluster.start();
        cluster
    }

    /// Adds lines to the configuration of a server that is started afterwards, or reloaded.
    pub fn configure(&self, lines: &str) {
        let path = self.folder.path().join("rows/postgresql.conf");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text + lines + "\n").unwrap();
    }

    pub fn start(&self) {
        self.control(&["-w", "start", "-l", self.folder.path().join("log").to_str().unwrap()]);
    }

    /// Stops as a power cut does.
    pub fn stop(&self) {
        self.control(&["-w", "stop", "-m", "immediate"]);
    }

    pub fn restart(&self) {
        self.stop();
        self.start();
    }

    pub fn reload(&self) {
        self.control(&["reload"]);
    }

    /// Stops every process of the server where it stands. Its machine goes on: what is sent to it is
    /// acknowledged, and never answered.
    pub fn freeze(&self) {
        // The postmaster first, so that no more processes come.
        let postmaster = self.postmaster();
        signal("-STOP", std::slice::from_ref(&postmaster));
        signal("-STOP", &children(&postmaster));
    }

    pub fn thaw(&self) {
        let postmaster = self.postmaster();
        signal("-CONT", &children(&postmaster));
        signal("-CONT", &[postmaster]);
    }

    fn postmaster(&self) -> String {
        let file = fs::read_to_string(self.folder.path().join("rows/postmaster.pid")).unwrap();
        file.lines().next().unwrap().to_owned()
    }

    pub fn promote(&self) {
        self.control(&["-w", "promote"]);
    }

    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://vestibule@{}/{database}", self.host())
    }

    /// What a statement answers, as psql prints it.
    pub fn ask(&self, statement: &str) -> String {
        let mut psql = as_postgres(self.bin.join("psql"));
        let output = psql.args(["-XAtqc", statement, &self.url("postgres")]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Runs a script of SQL, as psql reads it; each statement must succeed.
    pub fn script(&self, role: &str, database: &str, text: &str) {
        let url = format!("postgres://{role}@{}/{database}", self.host());
        let psql = format!("psql -Xq -v ON_ERROR_STOP=1 {url} <<'SQL'\n{text}\nSQL");
        self.shell(&psql);
    }

    /// Runs lines of a shell as the server's own user, to whom PostgreSQL's programs are at hand.
    pub fn shell(&self, lines: &str) {
        let path = format!("{}:/usr/bin:/bin", self.bin.display());
        let mut command = as_postgres("env");
        let output = command
            .args([format!("PATH={path}"), "PGHOST=127.0.0.1".to_owned()])
            .args([format!("PGPORT={}", self.port), "PGUSER=vestibule".to_owned()])
            .args(["sh", "-ec", lines])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{lines}: {output:?}");
    }

    fn control(&self, arguments: &[&str]) {
        let rows = self.folder.path().join("rows");
        let mut all = vec!["-D", rows.to_str().unwrap()];
        all.extend(arguments);
        self.run("pg_ctl", &all);
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let log = fs::File::create(self.folder.path().join("said")).unwrap();
        let mut command = as_postgres(self.bin.join(program));
        let status = command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .status()
            .unwrap();
        let folder = self.folder.path();
        let read = |name| fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(status.success(), "{program} {arguments:?}: {}{}", read("said"), read("log"));
    }
}

fn children(pid: &str) -> Vec<String> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    children.split_whitespace().map(str::to_owned).collect()
}

fn signal(name: &str, pids: &[String]) {
    // One may just have ended.
    let _ = Command::new("kill").arg(name).args(pids).stderr(Stdio::null()).status().unwrap();
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.folder.path().join("rows/postmaster.pid").exists() {
            self.thaw();
        }
        drop(self.watcher.stdin.take());
        let _ = self.watcher.wait();
    }
}

fn binaries() -> PathBuf {
    let folders = fs::read_dir("/usr/lib/postgresql");
    let missing = "no PostgreSQL server: `apt-get install -y postgresql`";
    let mut found: Vec<PathBuf> =
        folders.expect(missing).map(|entry| entry.unwrap().path().join("bin")).collect();
    found.retain(|bin| bin.join("initdb").exists());
    found.sort();
    found.pop().expect(missing)
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// A command as the user `postgres` if this is root: the server refuses to be root.
fn as_postgres(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/");
    command
}

pub fn give_to_postgres(path: &Path) {
    if is_root() {
        assert!(Command::new("chown").arg("postgres").arg(path).status().unwrap().success());
    }
}

/// Settings for tests: impatient.
pub fn settings(url: &str) -> DatabaseSettings {
    let url = DatabaseUrl::Postgres { url: Secret::new(url) };
    let mut settings = DatabaseSettings::new(url);
    settings.pool_size = 4;
    settings.acquire_timeout = Duration::from_secs(3);
    settings
}

pub fn mark(db: &Db, jti: &str) -> Pending<(), StorageError> {
    let jti = jti.to_owned();
    db.write(move |conn| revoked_token::insert(conn, &jti, Timestamp(1)).map(drop))
}

pub fn is_marked(db: &Db, jti: &str) -> Result<bool, StorageError> {
    let jti = jti.to_owned();
    db.read(move |conn| revoked_token::contains(conn, &jti)).wait()
}

/// Asks again and again until it is so, and says how long that took.
pub fn until(limit: Duration, mut is_so: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    let (_never, quiet) = mpsc::channel::<()>();
    while !is_so() {
        assert!(start.elapsed() < limit, "not within {limit:?}");
        let _ = quiet.recv_timeout(Duration::from_millis(20));
    }
    start.elapsed()
}
