//! The configurations of `deploy/` for real proxies, in front of three instances on one database.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpSocket;
use vestibule_keys::{Digester, MasterKey};
use vestibule_model::Clock;
use vestibule_server::clock::SystemClock;
use vestibule_server::doctor::mirror;
use vestibule_storage::testing::TestDatabase;

use crate::link::Link;
use crate::site::{KEY, Server, Site};

/// Where the visitor is, who is not where the proxy is.
const VISITOR: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);
/// Visitors at once.
const MANY: usize = 8;
/// Requests of each.
const EACH: usize = 50;

/// Three instances, and a proxy before them.
struct Fleet {
    instances: Vec<Server>,
    proxy: Child,
    port: u16,
    issuer: String,
    site: Site,
    database: TestDatabase,
}

/// How a proxy is started on a configuration in a folder of its own.
type Start = fn(&Path, &str, &[String], u16) -> Command;

impl Fleet {
    fn behind(start: Start, configuration: &str) -> Self {
        let (site, database) = (Site::new(), TestDatabase::postgres());
        let port = free_port();
        let issuer = format!("http://localhost:{port}");
        let client = "client create --client-id web --auth-method none --redirect-uri \
                      http://localhost/cb --scope openid";
        let url = database.url();
        let variables = variables(&issuer, &url);
        let made = site.command(client).envs(variables).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let instances: Vec<_> = (0..3).map(|_| site.serve(&variables)).collect();
        let addresses: Vec<_> = instances.iter().map(|i| i.address().to_owned()).collect();
        let folder = site.path("proxy");
        fs::create_dir(&folder).unwrap();
        let proxy = spawn(start(&folder, configuration, &addresses, port));
        let fleet = Self { instances, proxy, port, issuer, site, database };
        fleet.until_ready();
        fleet
    }

    /// The whole answer to a request, which is sent over a connection of its own.
    fn ask(&self, head: &[u8], body: &str) -> String {
        let asked = || -> std::io::Result<String> {
            let mut stream = connect(VISITOR, self.port)?;
            stream.set_read_timeout(Some(Duration::from_secs(10)))?;
            stream.write_all(head)?;
            let more = format!("Host: localhost:{}\r\nConnection: close\r\n\r\n{body}", self.port);
            stream.write_all(more.as_bytes())?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        };
        asked().unwrap_or_else(|fault| fault.to_string())
    }

    fn get(&self, path: &str) -> String {
        self.ask(format!("GET {path} HTTP/1.1\r\n").as_bytes(), "")
    }

    /// What a client gets that presents a code that is none.
    fn post(&self) -> String {
        let body = "grant_type=authorization_code&code=none&client_id=web&redirect_uri=\
                    http%3A%2F%2Flocalhost%2Fcb&code_verifier=\
                    dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let head = format!(
            "POST /token HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n",
            body.len()
        );
        self.ask(head.as_bytes(), body)
    }

    fn until_ready(&self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        // More than there are instances, one after the other.
        while !(0..6).all(|_| self.get("/health/ready").starts_with("HTTP/1.1 200")) {
            assert!(Instant::now() < deadline, "the proxy does not serve: {}", self.get("/jwks"));
            thread::yield_now();
        }
    }

    /// Whether a sign-in that one instance begins is shown by whichever comes next.
    fn begins_a_sign_in(&self) {
        let sent = self.get(AUTHORIZE);
        let to = sent.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("location").then_some(value)
        });
        let to = to.unwrap_or_else(|| panic!("a way to the sign-in page: {sent}"));
        let page = self.get(to.trim().trim_start_matches(&self.issuer));
        assert!(page.starts_with("HTTP/1.1 200") && page.contains("password"), "{page}");
    }

    /// Instances know where a visitor is, whatever the visitor says about that.
    fn knows_its_visitors(&self) {
        let digester = Digester::new(&MasterKey::from_hex(KEY).unwrap());
        let pass = mirror::pass(&digester, SystemClock.now());
        let mut head =
            format!("GET {} HTTP/1.1\r\n{}: {pass}\r\n", mirror::PATH, mirror::PASS).into_bytes();
        for said in [&b"203.0.113.9"[..], &b"\xff"[..]] {
            head.extend_from_slice(b"X-Forwarded-For: ");
            head.extend_from_slice(said);
            head.extend_from_slice(b"\r\nForwarded: for=203.0.113.9\r\n");
        }
        let answer = self.ask(&head, "");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer}"));
        assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
        let seen = body.find('{').zip(body.rfind('}')).and_then(|(from, to)| body.get(from..=to));
        let seen: Value = serde_json::from_str(seen.unwrap_or_default()).unwrap();
        assert_eq!(seen["visitor"], VISITOR.to_string(), "{seen}");
        assert_eq!(seen["forwarded_for"], serde_json::json!([VISITOR.to_string()]), "{seen}");
        assert_eq!(seen["peer_is_trusted"], true, "{seen}");
    }

    /// All that is asked of the three: shared sign-ins, no error while one is killed, none while
    /// another stops in good order. Gives back the answers to POSTs that were lost by that.
    fn survives(&mut self) -> Vec<String> {
        for _ in 0..6 {
            self.begins_a_sign_in();
        }
        self.knows_its_visitors();
        let found = self.get("/.well-known/openid-configuration");
        assert!(found.contains(&format!("\"issuer\":\"{}\"", self.issuer)), "{found}");
        self.instances[0].signal("KILL");
        for _ in 0..10 {
            self.begins_a_sign_in();
        }
        let stops = self.instances.remove(1);
        let fleet = &*self;
        stops.signal("TERM");
        let stopped = thread::spawn(|| stops.wait().0);
        let posts = || {
            let mut lost = Vec::new();
            while !stopped.is_finished() {
                let answer = fleet.post();
                lost.extend(Some(answer).filter(|text| !text.starts_with("HTTP/1.1 400")));
            }
            lost
        };
        let lost = thread::scope(|scope| {
            let clients: Vec<_> = (0..MANY).map(|_| scope.spawn(posts)).collect();
            while !stopped.is_finished() {
                fleet.begins_a_sign_in();
            }
            clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
        });
        assert_eq!(stopped.join().unwrap(), Some(0));
        self.begins_a_sign_in();
        lost
    }

    /// How many of a hundred requests fail once one instance of three cannot reach its database, and
    /// says so at once, from when on the proxy `has_settled`.
    fn failures_with_a_sick_instance(mut self, has_settled: impl Fn(&Self) -> bool) -> usize {
        let link = Link::to(&self.database);
        link.close();
        let sick = self.instances.remove(0);
        sick.signal("KILL");
        let address = sick.address().to_owned();
        sick.wait();
        let mut variables = variables(&self.issuer, link.url()).to_vec();
        variables.push(("VESTIBULE__SERVER__LISTEN", &address));
        let _sick = self.site.serve_until("server.waiting", &variables);
        let fleet = &self;
        let deadline = Instant::now() + Duration::from_secs(15);
        while !has_settled(fleet) {
            assert!(Instant::now() < deadline, "the proxy goes on as before");
        }
        let failed = || (0..EACH).filter(|_| !fleet.get(AUTHORIZE).starts_with("HTTP/1.1 303"));
        let failed = thread::scope(|scope| {
            let visitors: Vec<_> = (0..MANY).map(|_| scope.spawn(|| failed().count())).collect();
            visitors.into_iter().map(|visitor| visitor.join().unwrap()).sum::<usize>()
        });
        failed * 100 / (MANY * EACH)
    }
}

const AUTHORIZE: &str = "/authorize?client_id=web&response_type=code&scope=openid&state=s&\
                         redirect_uri=http%3A%2F%2Flocalhost%2Fcb&code_challenge_method=S256&\
                         code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn variables<'a>(issuer: &'a str, database: &'a str) -> [(&'a str, &'a str); 7] {
    [
        ("VESTIBULE__ISSUER", issuer),
        ("VESTIBULE__DATABASE__URL", database),
        ("VESTIBULE__DATABASE__POOL_SIZE", "2"),
        ("VESTIBULE__KEYS__MASTER_KEY", KEY),
        ("VESTIBULE__SERVER__TRUSTED_PROXIES", "127.0.0.1"),
        ("VESTIBULE__SERVER__DRAIN_DELAY", "3s"),
        // Nobody reads what they say until they end: a line a request would fill the pipe.
        ("VESTIBULE__LOG__LEVEL", "info,vestibule_web=warn"),
    ]
}

/// A connection that comes from that address.
fn connect(from: Ipv4Addr, port: u16) -> std::io::Result<TcpStream> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let stream = runtime.block_on(async {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((from, 0)))?;
        socket.connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await
    })?;
    let stream = stream.into_std()?;
    stream.set_nonblocking(false)?;
    Ok(stream)
}

fn spawn(mut command: Command) -> Child {
    let started = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    started.unwrap_or_else(|fault| {
        panic!("{command:?}: {fault}; fix: apt-get install -y nginx haproxy")
    })
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let _ = self.proxy.kill();
        let _ = self.proxy.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// `text` with the addresses of `deploy/` replaced by those of the test.
fn at(text: &str, addresses: &[String]) -> String {
    ["10.0.0.11:8080", "10.0.0.12:8080", "10.0.0.13:8080"]
        .iter()
        .zip(addresses)
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// What nginx.conf is included in.
fn nginx_with(folder: &Path, included: &str) -> Command {
    let folder_name = folder.display();
    let text = format!(
        "daemon off;\nmaster_process off;\npid {folder_name}/pid;\n\
         error_log {folder_name}/main.log;\nevents {{}}\nhttp {{\naccess_log off;\n\
         client_body_temp_path {folder_name}/a;\nproxy_temp_path {folder_name}/b;\n\
         fastcgi_temp_path {folder_name}/c;\nuwsgi_temp_path {folder_name}/d;\n\
         scgi_temp_path {folder_name}/e;\n{included}\n}}\n"
    );
    let included = text.replace("/var/log/nginx", &folder_name.to_string());
    let file = folder.join("nginx.conf");
    fs::write(&file, included).unwrap();
    let mut command = Command::new("nginx");
    command.arg("-c").arg(file).arg("-e").arg(folder.join("start.log")).arg("-p").arg(folder);
    command
}

fn nginx(folder: &Path, deployed: &str, addresses: &[String], port: u16) -> Command {
    let text = at(deployed, addresses)
        .replace("listen 443 ssl http2;", &format!("listen 127.0.0.1:{port};"))
        .replace("listen 80;", &format!("listen 127.0.0.1:{};", free_port()))
        .replace("server_name id.example.org;", "server_name localhost;");
    let kept: Vec<_> = text.lines().filter(|line| !line.trim().starts_with("ssl_")).collect();
    nginx_with(folder, &kept.join("\n"))
}

fn haproxy(folder: &Path, deployed: &str, addresses: &[String], port: u16) -> Command {
    let tls = "bind :443 ssl crt /etc/haproxy/id.example.org.pem alpn h2,http/1.1";
    let text = at(deployed, addresses).replace(tls, &format!("bind 127.0.0.1:{port}"));
    assert!(!text.contains(":443"), "{text}");
    let file = folder.join("haproxy.cfg");
    fs::write(&file, text).unwrap();
    let mut command = Command::new("haproxy");
    command.arg("-db").arg("-f").arg(file);
    command
}

const NGINX: &str = include_str!("../../../../deploy/nginx.conf");
const HAPROXY: &str = include_str!("../../../../deploy/haproxy.cfg");

#[test]
fn nginx_shares_requests_among_three_instances_and_loses_no_get() {
    let mut fleet = Fleet::behind(nginx, NGINX);
    // It may not send a POST again that met the end of an instance.
    for lost in fleet.survives() {
        assert!(lost.starts_with("HTTP/1.1 502"), "{lost}");
    }
    let logs = logs(&fleet.site.path("proxy"));
    assert!(logs.contains(" GET /authorize 303 "), "{logs}");
    assert!(!logs.contains("code_challenge"), "{logs}");
}

#[test]
fn haproxy_shares_requests_among_three_instances_and_loses_none() {
    let lost = Fleet::behind(haproxy, HAPROXY).survives();
    assert_eq!(lost, Vec::<String>::new());
}

#[test]
fn nginx_gives_an_instance_without_its_database_no_more_than_its_share() {
    // It leaves an instance alone for a second that was not there, and asks again.
    let asks_it = |fleet: &Fleet| fleet.get(AUTHORIZE).starts_with("HTTP/1.1 503");
    let failed = Fleet::behind(nginx, NGINX).failures_with_a_sick_instance(asks_it);
    assert!((1..=40).contains(&failed), "{failed} of 100");
}

#[test]
fn haproxy_gives_an_instance_without_its_database_nothing() {
    // Its second look at the instance takes it out.
    let leaves_it =
        |fleet: &Fleet| (0..EACH).all(|_| fleet.get(AUTHORIZE).starts_with("HTTP/1.1 303"));
    let failed = Fleet::behind(haproxy, HAPROXY).failures_with_a_sick_instance(leaves_it);
    assert_eq!(failed, 0);
}

/// All that was written into `*.log`.
fn logs(folder: &Path) -> String {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let logs = files.filter(|file| file.extension().is_some_and(|kind| kind == "log"));
    logs.map(|file| fs::read_to_string(file).unwrap()).collect()
}

/// A certificate for localhost with its key, in PEM.
fn certificate(folder: &Path) -> String {
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-nodes", "-subj", "/CN=localhost", "-days", "2", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output();
    let made = made.unwrap_or_else(|fault| panic!("{fault}; fix: apt-get install -y openssl"));
    assert!(made.status.success(), "{made:?}");
    fs::read_to_string(certificate).unwrap() + &fs::read_to_string(key).unwrap()
}

/// The answer to a GET over TLS.
fn get_over_tls(port: u16, path: &str) -> String {
    let mut client = Command::new("openssl")
        .args(["s_client", "-quiet", "-connect", &format!("127.0.0.1:{port}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let mut input = client.stdin.take().unwrap();
    input.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    client.stdout.take().unwrap().read_to_string(&mut answer).unwrap();
    drop(input);
    client.wait().unwrap();
    answer
}

/// The whole file, with TLS; and with no instance there, whatever goes wrong with a request is told
/// without its query.
#[test]
fn the_whole_of_nginx_conf_works_and_keeps_queries_out_of_the_logs() {
    let folder = TempDir::new().unwrap();
    certificate(folder.path());
    let (tls, plain) = (free_port(), free_port());
    let live = "/etc/letsencrypt/live/id.example.org";
    let nobody: Vec<_> = (0..3).map(|_| format!("127.0.0.1:{}", free_port())).collect();
    let text = at(NGINX, &nobody)
        .replace("listen 443 ", &format!("listen 127.0.0.1:{tls} "))
        .replace("listen 80;", &format!("listen 127.0.0.1:{plain};"))
        .replace(
            &format!("{live}/fullchain.pem"),
            folder.path().join("certificate.pem").to_str().unwrap(),
        )
        .replace(&format!("{live}/privkey.pem"), folder.path().join("key.pem").to_str().unwrap());
    let parsed = nginx_with(folder.path(), &text).arg("-t").output().unwrap();
    assert!(parsed.status.success(), "{parsed:?}");
    let mut proxy = spawn(nginx_with(folder.path(), &text));
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut stream = loop {
        match TcpStream::connect(("127.0.0.1", plain)) {
            Ok(stream) => break stream,
            Err(fault) => assert!(Instant::now() < deadline, "{fault}: {}", logs(folder.path())),
        }
    };
    write!(stream, "GET /plain?code=hush HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("Location: https://id.example.org/plain?code=hush"), "{answer}");
    let answer = get_over_tls(tls, "/authorize?code=hush");
    assert!(answer.starts_with("HTTP/1.1 502"), "{answer}");
    proxy.kill().unwrap();
    proxy.wait().unwrap();
    let logs = logs(folder.path());
    assert!(logs.contains(" GET /plain 301 ") && logs.contains(" GET /authorize 502 "), "{logs}");
    assert!(!logs.contains("hush"), "{logs}");
}

#[test]
fn the_whole_of_haproxy_cfg_is_understood() {
    let folder = TempDir::new().unwrap();
    let pem = folder.path().join("both.pem");
    fs::write(&pem, certificate(folder.path())).unwrap();
    let file = folder.path().join("haproxy.cfg");
    let named = HAPROXY.replace("/etc/haproxy/id.example.org.pem", pem.to_str().unwrap());
    fs::write(&file, named).unwrap();
    let parsed = Command::new("haproxy").arg("-c").arg("-f").arg(file).output().unwrap();
    assert!(parsed.status.success(), "{parsed:?}");
}
