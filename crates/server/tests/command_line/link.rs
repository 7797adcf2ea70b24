//! The way to a PostgreSQL server, through which a test can stop what passes.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use vestibule_storage::testing::TestDatabase;

/// What becomes of what is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    /// Connections stay, and nothing passes.
    Silent,
    /// Connections are closed, and so is each new one.
    Closed,
}

struct Shared {
    way: Mutex<Way>,
    changed: Condvar,
    streams: Mutex<Vec<TcpStream>>,
}

/// A port on 127.0.0.1 that leads to the database of a test.
pub struct Link {
    shared: Arc<Shared>,
    url: String,
}

impl Link {
    pub fn to(database: &TestDatabase) -> Self {
        let url = database.url();
        let (before, rest) = url.split_once("://").unwrap();
        let (login, rest) = rest.rsplit_once('@').unwrap_or(("", rest));
        let (host, after) = rest.split_once('/').unwrap();
        let host = if host.contains(':') { host.to_owned() } else { format!("{host}:5432") };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let here = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            way: Mutex::new(Way::Open),
            changed: Condvar::new(),
            streams: Mutex::default(),
        });
        let passing = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                passing.pass(stream.unwrap(), &host);
            }
        });
        Self { shared, url: format!("{before}://{login}@{here}/{after}") }
    }

    /// The database's URL, this way.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn open(&self) {
        self.shared.turn(Way::Open);
    }

    pub fn silence(&self) {
        self.shared.turn(Way::Silent);
    }

    pub fn close(&self) {
        self.shared.turn(Way::Closed);
        for stream in self.shared.streams.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    fn turn(&self, way: Way) {
        *self.way.lock().unwrap() = way;
        self.changed.notify_all();
    }

    fn pass(self: &Arc<Self>, here: TcpStream, host: &str) {
        if *self.way.lock().unwrap() == Way::Closed {
            return;
        }
        let Ok(there) = TcpStream::connect(host) else { return };
        for (from, to) in [(&here, &there), (&there, &here)] {
            let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
            let shared = Arc::clone(self);
            thread::spawn(move || shared.copy(from, to));
        }
        self.streams.lock().unwrap().extend([here, there]);
    }

    fn copy(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut buffer = [0; 16_384];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            let way = self.way.lock().unwrap();
            drop(self.changed.wait_while(way, |way| *way == Way::Silent).unwrap());
            if to.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    }
}
