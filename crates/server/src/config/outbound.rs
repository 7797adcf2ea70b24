//! `[outbound]`: how we fetch what clients point at, and call them back.

use std::fs;

use super::key::{Key, Section};
use super::reader::Reader;

pub(super) const SECTION: Section = Section {
    name: "outbound",
    doc: "Requests that this server makes for clients: their keys (jwks_uri), request objects\n\
          (request_uri), sector lists, and telling them of a logout. https only, and never to an\n\
          address of a private network.",
    keys: &[
        Key::new(
            "outbound.allow_private_addresses",
            "false",
            "Whether addresses of private networks and of this machine may be called, the latter by\n\
             plain http too. For tests; on a server that strangers can register at it opens the\n\
             network behind it.",
        ),
        Key::absent(
            "outbound.extra_ca_file",
            "\"/etc/vestibule/ca.pem\"",
            "Certificates (PEM) that are trusted beside the system's.",
        ),
    ],
};

/// How we call clients.
#[derive(Clone, Debug)]
pub struct Outbound {
    /// Whether private addresses may be called.
    pub allow_private_addresses: bool,
    /// More certificates to trust, as PEM.
    pub extra_roots: Option<Vec<u8>>,
}

pub(super) fn read(reader: &mut Reader) -> Outbound {
    let allow_private_addresses = reader.boolean("outbound.allow_private_addresses");
    if allow_private_addresses {
        let message = "is true: whoever can register a client can reach the network behind this \
                       server";
        reader.warn("outbound.allow_private_addresses", message);
    }
    let extra_roots = reader.parsed("outbound.extra_ca_file", |path| {
        fs::read(path).map_err(|fault| format!("cannot read the file {path:?}: {fault}"))
    });
    Outbound { allow_private_addresses, extra_roots }
}
