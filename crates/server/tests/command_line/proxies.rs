//! The configurations of `deploy/` for real proxies, in front of three instances on one database.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use vestibule_storage::{DatabaseUrl, testing::TestDatabase};

use crate::site::{Server, Site};

/// Three instances, and a proxy before them.
struct Fleet {
    instances: Vec<Server>,
    proxy: Child,
    port: u16,
    _site: Site,
    _database: TestDatabase,
}

/// How a proxy is started on a configuration in a folder of its own.
type Start = fn(&Path, &str, &[String], u16) -> Command;

impl Fleet {
    fn behind(start: Start, configuration: &str) -> Self {
        let (site, database) = (Site::new(), TestDatabase::postgres());
        let DatabaseUrl::Postgres { url } = &database.settings().url else { unreachable!() };
        let port = free_port();
        let issuer = format!("http://localhost:{port}");
        let variables = [
            ("VESTIBULE__ISSUER", issuer.as_str()),
            ("VESTIBULE__DATABASE__URL", url.expose()),
            ("VESTIBULE__DATABASE__POOL_SIZE", "2"),
            ("VESTIBULE__SERVER__TRUSTED_PROXIES", "127.0.0.1"),
            ("VESTIBULE__SERVER__DRAIN_DELAY", "3s"),
            // Nobody reads what they say until they end: a line a request would fill the pipe.
            ("VESTIBULE__LOG__LEVEL", "info,vestibule_web=warn"),
        ];
        let client = "client create --client-id web --auth-method none --redirect-uri \
                      http://localhost/cb --scope openid";
        let made = site.command(client).envs(variables).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let instances: Vec<_> = (0..3).map(|_| site.serve(&variables)).collect();
        let addresses: Vec<_> = instances.iter().map(|i| i.address().to_owned()).collect();
        let folder = site.path("proxy");
        fs::create_dir(&folder).unwrap();
        let mut command = start(&folder, configuration, &addresses, port);
        let proxy = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let proxy = proxy.unwrap_or_else(|fault| {
            panic!("{command:?}: {fault}; fix: apt-get install -y nginx haproxy")
        });
        let fleet = Self { instances, proxy, port, _site: site, _database: database };
        fleet.until_ready();
        fleet
    }

    fn get(&self, path: &str) -> String {
        let asked = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
            stream.set_read_timeout(Some(Duration::from_secs(10)))?;
            let port = self.port;
            write!(
                stream,
                "GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"
            )?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        };
        asked().unwrap_or_default()
    }

    fn until_ready(&self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        // More than there are instances, one after the other.
        while !(0..6).all(|_| self.get("/health/ready").starts_with("HTTP/1.1 200")) {
            assert!(Instant::now() < deadline, "the proxy does not serve: {}", self.get("/jwks"));
            std::thread::yield_now();
        }
    }

    /// Whether a sign-in that one instance begins is shown by whichever comes next.
    fn begins_a_sign_in(&self) {
        let request = "/authorize?client_id=web&response_type=code&scope=openid&state=s&\
                       redirect_uri=http%3A%2F%2Flocalhost%2Fcb&code_challenge_method=S256&\
                       code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        let sent = self.get(request);
        let to = sent.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("location").then_some(value)
        });
        let to = to.unwrap_or_else(|| panic!("a way to the sign-in page: {sent}"));
        let page =
            self.get(to.trim().trim_start_matches(&format!("http://localhost:{}", self.port)));
        assert!(page.starts_with("HTTP/1.1 200") && page.contains("password"), "{page}");
    }

    /// All that is asked of the three: shared sign-ins, no error while one is killed, none while
    /// another stops in good order.
    fn survives(mut self) {
        for _ in 0..6 {
            self.begins_a_sign_in();
        }
        let found = self.get("/.well-known/openid-configuration");
        assert!(
            found.contains(&format!("\"issuer\":\"http://localhost:{}\"", self.port)),
            "{found}"
        );
        self.instances[0].signal("KILL");
        for _ in 0..10 {
            self.begins_a_sign_in();
        }
        self.instances[1].signal("TERM");
        let until = Instant::now() + Duration::from_secs(5);
        while Instant::now() < until {
            self.begins_a_sign_in();
        }
        let stopped = self.instances.remove(1);
        assert_eq!(stopped.wait().0, Some(0));
        self.begins_a_sign_in();
    }
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

fn nginx(folder: &Path, deployed: &str, addresses: &[String], port: u16) -> Command {
    let kept: Vec<_> = at(deployed, addresses)
        .replace("listen 443 ssl http2;", &format!("listen 127.0.0.1:{port};"))
        .replace("listen 80;", &format!("listen 127.0.0.1:{};", free_port()))
        .replace("server_name id.example.org;", "server_name localhost;")
        .lines()
        .filter(|line| !line.trim().starts_with("ssl_") && !line.contains("access_log"))
        .map(str::to_owned)
        .collect();
    let text = format!(
        "daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log {folder}/log;\n\
         events {{}}\nhttp {{\naccess_log off;\nclient_body_temp_path {folder}/a;\n\
         proxy_temp_path {folder}/b;\nfastcgi_temp_path {folder}/c;\nuwsgi_temp_path {folder}/d;\n\
         scgi_temp_path {folder}/e;\n{}\n}}\n",
        kept.join("\n"),
        folder = folder.display()
    );
    let file = folder.join("nginx.conf");
    fs::write(&file, text).unwrap();
    let mut command = Command::new("nginx");
    command.arg("-c").arg(file).arg("-e").arg(folder.join("log")).arg("-p").arg(folder);
    command
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

#[test]
fn nginx_shares_requests_among_three_instances_and_loses_none() {
    let deployed = include_str!("../../../../deploy/nginx.conf");
    Fleet::behind(nginx, deployed).survives();
}

#[test]
fn haproxy_shares_requests_among_three_instances_and_loses_none() {
    let deployed = include_str!("../../../../deploy/haproxy.cfg");
    Fleet::behind(haproxy, deployed).survives();
}
