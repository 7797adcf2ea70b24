//! A client's own web site: what our server fetches from and posts to.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use serde_json::Value;

/// A request that the site got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// `GET` or `POST`.
    pub method: String,
    /// With the query.
    pub path: String,
    /// What came with a `POST`.
    pub body: String,
}

impl Visit {
    /// A field of a posted form, for example `logout_token`.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<String> {
        let mut fields = url::form_urlencoded::parse(self.body.as_bytes());
        fields.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    }
}

/// A web site on a free port of 127.0.0.1, in plain HTTP (which the server under test speaks to
/// its own machine). Serves what was [`put`](Self::put), answers 404 to everything else, and
/// remembers who came. Ends when dropped; a port that was dropped refuses connections.
///
/// ```text
/// let site = ClientSite::start();
/// site.put_json("/jwks.json", &json!({ "keys": [key.public()] }));
/// client.metadata.jwks_uri = Some(site.url("/jwks.json"));
/// …
/// assert_eq!(site.hits("/jwks.json"), 1);
/// let told = site.visits("/backchannel_logout");           // after site.answer(path, 200)
/// let token = told[0].field("logout_token");
/// ```
pub struct ClientSite {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    pages: Mutex<HashMap<String, Answer>>,
    visits: Mutex<Vec<Visit>>,
    connections: AtomicUsize,
    /// Answers wait.
    held: Mutex<bool>,
    let_go: Condvar,
    over: AtomicBool,
}

#[derive(Clone)]
struct Answer {
    status: u16,
    headers: String,
    body: Vec<u8>,
}

impl ClientSite {
    /// Opens the site, empty.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let shared = Arc::new(Shared::default());
        let visitors = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if visitors.over.load(Ordering::SeqCst) {
                    return;
                }
                visitors.connections.fetch_add(1, Ordering::SeqCst);
                let visitors = Arc::clone(&visitors);
                // A visitor that goes away early is nobody's fault here.
                thread::spawn(move || stream.and_then(|stream| visitors.serve(&stream)).ok());
            }
        });
        Self { port, shared }
    }

    /// The address of `path` (which begins with `/`).
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Serves `body` at `path` (without the query) from now on.
    pub fn put(&self, path: &str, content_type: &str, body: impl Into<Vec<u8>>) {
        let headers = format!("content-type: {content_type}\r\n");
        self.keep(path, Answer { status: 200, headers, body: body.into() });
    }

    /// Serves JSON at `path`.
    pub fn put_json(&self, path: &str, body: &Value) {
        self.put(path, "application/json", body.to_string());
    }

    /// Answers requests to `path` with an empty body and this status; a redirect leads to
    /// `/elsewhere`.
    pub fn answer(&self, path: &str, status: u16) {
        let redirects = (300..400).contains(&status);
        let headers = if redirects { "location: /elsewhere\r\n" } else { "" };
        self.keep(path, Answer { status, headers: headers.to_owned(), body: Vec::new() });
    }

    /// Answers nobody until [`let_go`](Self::let_go): whoever comes meanwhile is noted, and waits.
    pub fn hold(&self) {
        *locked(&self.shared.held) = true;
    }

    /// Answers whoever waits, and everybody after.
    pub fn let_go(&self) {
        *locked(&self.shared.held) = false;
        self.shared.let_go.notify_all();
    }

    /// How often `path` was asked for, with whatever query.
    #[must_use]
    pub fn hits(&self, path: &str) -> usize {
        self.visits(path).len()
    }

    /// Who asked for `path`, in order.
    #[must_use]
    pub fn visits(&self, path: &str) -> Vec<Visit> {
        let visits = locked(&self.shared.visits);
        visits.iter().filter(|visit| without_query(&visit.path) == path).cloned().collect()
    }

    /// How many connections were taken, whatever came over them.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    fn keep(&self, path: &str, answer: Answer) {
        locked(&self.shared.pages).insert(path.to_owned(), answer);
    }
}

impl Drop for ClientSite {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for visitors.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

impl Shared {
    fn serve(&self, stream: &TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let mut words = line.split_whitespace().map(str::to_owned);
        let (Some(method), Some(path)) = (words.next(), words.next()) else { return Ok(()) };
        let mut length = 0;
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header)? == 0 || header.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = header.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let body = String::from_utf8_lossy(&body).into_owned();
        let answer = locked(&self.pages).get(without_query(&path)).cloned();
        locked(&self.visits).push(Visit { method, path, body });
        let held = self.let_go.wait_while(locked(&self.held), |held| *held);
        drop(held.unwrap_or_else(PoisonError::into_inner));
        let missing = Answer { status: 404, headers: String::new(), body: Vec::new() };
        let Answer { status, headers, body } = answer.unwrap_or(missing);
        let length = body.len();
        let mut stream = stream;
        write!(
            stream,
            "HTTP/1.1 {status} Fine\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n"
        )?;
        stream.write_all(&body)
    }
}

fn without_query(path: &str) -> &str {
    path.split('?').next().unwrap_or(path)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_site_serves_what_was_put_and_remembers_who_came() {
        let site = ClientSite::start();
        site.put_json("/keys", &serde_json::json!({ "keys": [] }));
        site.answer("/told", 204);
        let get = reqwest::get(site.url("/keys?v=1")).await.expect("an answer");
        assert_eq!(get.text().await.expect("a body"), "{\"keys\":[]}");
        let form = [("logout_token", "a.b.c")];
        let sent = reqwest::Client::new().post(site.url("/told")).form(&form).send().await;
        assert_eq!(sent.expect("an answer").status(), 204);
        assert_eq!(reqwest::get(site.url("/")).await.expect("an answer").status(), 404);
        assert_eq!((site.hits("/keys"), site.connections()), (1, 3));
        assert_eq!(site.visits("/told")[0].field("logout_token").as_deref(), Some("a.b.c"));
    }
}
