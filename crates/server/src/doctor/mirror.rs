//! `GET /health/mirror`: a server tells `vestibule doctor` how a request arrived, and so what the
//! proxies in between made of it.
//!
//! It says something of the network behind the proxy, so it is told only to who shows that they have
//! the master key. To everybody else there is nothing here.

use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use vestibule_keys::Digester;
use vestibule_model::Timestamp;
use vestibule_web::{State, fallback, request};

use super::limits;

/// Where it is, below the issuer.
pub const PATH: &str = "/health/mirror";
/// The header in which the doctor shows who asks: the time, and a MAC of it.
pub const PASS: &str = "x-vestibule-doctor";
/// A pass is good for so long, in seconds. Clocks differ, which is one of the things to be found out.
const LASTS: i64 = 900;

/// How a request arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reflection {
    /// The server's version.
    pub version: String,
    /// Its clock.
    pub now: i64,
    /// Who sent the request to the server itself.
    pub peer: String,
    /// Whether that is one of `server.trusted_proxies`.
    pub peer_is_trusted: bool,
    /// Where the visitor is taken to be.
    pub visitor: String,
    /// `X-Forwarded-For`, hop by hop.
    pub forwarded_for: Vec<String>,
    /// How many files the server may have open; `None` is any number.
    pub open_files: Option<u64>,
}

/// What to show, at `now`.
#[must_use]
pub fn pass(digester: &Digester, now: Timestamp) -> String {
    format!("{}.{}", now.0, digester.doctor(&now.0.to_string()))
}

fn is_pass(digester: &Digester, text: &str, now: Timestamp) -> bool {
    let Some((time, mac)) = text.split_once('.') else { return false };
    let is_fresh = time.parse().is_ok_and(|time| now.since(Timestamp(time)).abs() <= LASTS);
    is_fresh && digester.check_doctor(time, mac)
}

/// The route's handler.
pub async fn reflect(request: HttpRequest, state: State) -> HttpResponse {
    let shown = request.headers().get(PASS).and_then(|pass| pass.to_str().ok());
    if !shown.is_some_and(|pass| is_pass(&state.digester, pass, state.now())) {
        return fallback::not_found(state, request).await;
    }
    let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
    let trusted = &state.trusted_proxies;
    let lines = request.headers().get_all("x-forwarded-for").filter_map(|line| line.to_str().ok());
    let reflection = Reflection {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        now: state.now().0,
        peer: peer.map(|peer| peer.to_string()).unwrap_or_default(),
        peer_is_trusted: peer.is_some_and(|peer| trusted.iter().any(|net| net.contains(&peer))),
        visitor: request::visitor_ip(&request).map(|ip| ip.to_string()).unwrap_or_default(),
        forwarded_for: lines
            .flat_map(|line| line.split(','))
            .map(|hop| hop.trim().to_owned())
            .collect(),
        open_files: limits::open_files(),
    };
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .json(reflection)
}

#[cfg(test)]
mod tests {
    use vestibule_keys::MasterKey;

    use super::*;
    use crate::entropy::OsEntropy;

    #[test]
    fn a_pass_is_good_for_a_while_and_for_one_installation() {
        let now = Timestamp(1_795_000_000);
        let digester = Digester::new(&MasterKey::generate(&OsEntropy));
        let shown = pass(&digester, now);
        for (at, good) in [(0, true), (LASTS, true), (-LASTS, true), (LASTS + 1, false)] {
            assert_eq!(is_pass(&digester, &shown, now.plus(at)), good, "{at}");
        }
        let other = Digester::new(&MasterKey::generate(&OsEntropy));
        assert!(!is_pass(&other, &shown, now));
        let later = shown.replacen("1795", "1796", 1);
        for wrong in ["", ".", "1795000000", "1795000000.", "x.y", &later] {
            assert!(!is_pass(&digester, wrong, now), "{wrong}");
        }
    }
}
