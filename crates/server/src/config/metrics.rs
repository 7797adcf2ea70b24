//! `[metrics]`: the Prometheus endpoint.

use std::net::SocketAddr;

use super::key::{Key, Section};
use super::reader::Reader;
use super::server::parse_address;

pub(super) const SECTION: Section = Section {
    name: "metrics",
    doc: "Figures for Prometheus, on a port of their own that only the operator should reach.",
    keys: &[Key::new(
        "metrics.listen",
        "\"127.0.0.1:9464\"",
        "The address and port of GET /metrics, or \"off\".",
    )],
};

/// The Prometheus endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metrics {
    /// Where it listens; `None` if it is off.
    pub listen: Option<SocketAddr>,
}

pub(super) fn read(reader: &mut Reader) -> Metrics {
    let listen = reader.parsed("metrics.listen", |text| match text {
        "off" => Ok(None),
        address => parse_address(address)
            .map(Some)
            .map_err(|message| format!("{message}; or \"off\" to have none")),
    });
    Metrics { listen: listen.flatten() }
}
