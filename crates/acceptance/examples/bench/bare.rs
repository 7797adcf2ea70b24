//! The machine's own limit: actix-web answering JSON, and the signature alone.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use actix_web::{App, HttpResponse, HttpServer, web};
use serde_json::{Map, Value, json};
use vestibule_keys::{KeyRing, MasterKey, Sealer};
use vestibule_model::{Clock, client::SigningAlg};
use vestibule_server::{clock::SystemClock, entropy::OsEntropy};

use crate::load::{Figures, drive};

/// The child process: bare actix-web on a free port, which it prints.
pub async fn serve() {
    let answer = || async { HttpResponse::Ok().json(json!({ "active": true })) };
    let server = HttpServer::new(move || App::new().route("/", web::post().to(answer)))
        .workers(2)
        .bind("127.0.0.1:0")
        .expect("a free port");
    println!("{}", server.addrs().first().expect("an address"));
    server.run().await.expect("a server that ends well");
}

/// Requests a second of bare actix-web in a process of its own.
pub async fn measure(each: Duration) -> Figures {
    let program = std::env::current_exe().expect("this program");
    let mut child =
        Command::new(program).arg("bare").stdout(Stdio::piped()).spawn().expect("a child process");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a port");
    let url = format!("http://{}/", line.trim());
    let figures = drive(
        each,
        async |_| reqwest::Client::new(),
        move |client| {
            let url = url.clone();
            async move {
                let sent = client.post(&url).body("a=b").send().await.expect("an answer");
                sent.bytes().await.expect("a body");
                client
            }
        },
    )
    .await;
    child.kill().expect("a child that can be stopped");
    child.wait().expect("a child that ends");
    figures
}

/// Signatures a second on one core, by algorithm.
pub fn signatures(each: Duration) -> Vec<(String, f64)> {
    let now = SystemClock.now();
    let master = MasterKey::generate(&OsEntropy);
    let sealer = Sealer::new(&master);
    let mut claims = Map::new();
    for name in ["iss", "sub", "aud", "client_id", "scope", "jti"] {
        claims.insert(name.to_owned(), Value::from("https://id.example/some/text"));
    }
    [SigningAlg::RS256, SigningAlg::ES256]
        .into_iter()
        .map(|alg| {
            let key = vestibule_keys::generate(alg, 2_048, now, true, &sealer, &OsEntropy)
                .expect("a key");
            let ring = KeyRing::load(&[key], &sealer, now).expect("a ring");
            let began = Instant::now();
            let mut count = 0_u32;
            while began.elapsed() < each / 2 {
                ring.sign(alg, "at+jwt", &claims).expect("a signature");
                count += 1;
            }
            let rate = f64::from(count) / began.elapsed().as_secs_f64();
            (format!("{} signature alone", alg.as_str()), rate)
        })
        .collect()
}
