//! An installation in a folder of its own, and the binary at work in it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A master key.
pub const KEY: &str = "8f1d2c3b4a5968778695a4b3c2d1e0f00112233445566778899aabbccddeeff0";

/// An installation in a folder of its own, with keys that are made quickly and cheap passwords.
pub struct Site {
    folder: TempDir,
}

impl Site {
    pub fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let text = "[server]\nlisten = \"127.0.0.1:0\"\nworkers = 1\nshutdown_timeout = \"10s\"\n\
                    drain_delay = \"0s\"\n\
                    [metrics]\nlisten = \"off\"\n[keys]\nalgorithms = [\"RS256\", \"ES256\"]\n\
                    [password]\nmemory_kib = 7168\niterations = 5\n[log]\nformat = \"json\"\n";
        fs::write(folder.path().join("vestibule.toml"), text).unwrap();
        fs::write(folder.path().join("password"), "correct horse battery\n").unwrap();
        Self { folder }
    }

    pub fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
        command.args(line.split_whitespace()).current_dir(self.folder.path()).env_clear();
        command
    }

    pub fn run(&self, line: &str) -> Output {
        self.command(line).output().unwrap()
    }

    /// The JSON that a command answers; the command must succeed.
    pub fn json(&self, line: &str) -> Value {
        let output = self.run(&format!("{line} --json"));
        assert!(output.status.success(), "{line}: {}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap_or_else(|fault| {
            panic!("{line}: {fault}: {}", text(&output.stdout));
        })
    }

    /// What a command says when it fails; the command must fail.
    pub fn failure(&self, line: &str) -> String {
        let output = self.run(line);
        assert_eq!(output.status.code(), Some(1), "{line}: {}", text(&output.stdout));
        text(&output.stderr)
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub fn serve(&self, variables: &[(&str, &str)]) -> Server {
        self.serve_until("server.started", variables)
    }

    /// A server that has come as far as `event`, which names its address.
    pub fn serve_until(&self, event: &str, variables: &[(&str, &str)]) -> Server {
        let mut command = self.command("serve");
        command.envs(variables.iter().copied());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap());
        let address = loop {
            let mut line = String::new();
            if log.read_line(&mut line).unwrap() == 0 {
                let mut why = String::new();
                child.stderr.take().unwrap().read_to_string(&mut why).unwrap();
                panic!("the server did not start: {why}");
            }
            let line: Value = serde_json::from_str(&line).unwrap();
            if line["event"] == event {
                break line["address"].as_str().unwrap().to_owned();
            }
        };
        Server { child, log, address }
    }
}

/// A running server.
pub struct Server {
    child: Child,
    log: BufReader<std::process::ChildStdout>,
    address: String,
}

impl Server {
    pub fn get(&self, path: &str) -> String {
        self.get_with(path, "")
    }

    /// [`get`](Self::get) with more header lines, each with its end.
    pub fn get_with(&self, path: &str, lines: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let always = "Host: localhost\r\nConnection: close\r\n";
        write!(stream, "GET {path} HTTP/1.1\r\n{always}{lines}\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, name: &str) {
        let id = self.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Reads the log up to the next line about `event`.
    pub fn event(&mut self, event: &str) -> Value {
        loop {
            let mut line = String::new();
            assert!(self.log.read_line(&mut line).unwrap() > 0, "the log ended before {event}");
            let line: Value = serde_json::from_str(&line).unwrap();
            if line["event"] == event {
                break line;
            }
        }
    }

    /// Waits for the end; gives the rest of the log, and standard error.
    pub fn wait(mut self) -> (Option<i32>, String, String) {
        let (mut log, mut said) = (String::new(), String::new());
        self.log.read_to_string(&mut log).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), log, said)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Has ended already unless the test failed.
        let _ = self.child.kill();
    }
}

/// What was written, as text.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
