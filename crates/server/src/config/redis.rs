//! `[redis]`: what many instances share and may lose.

use super::key::{Key, Section};
use super::reader::Reader;

pub(super) const SECTION: Section = Section {
    name: "redis",
    doc: "What many instances share and may lose: counters, caches, word of what was revoked.\n\
          Without it each instance keeps these to itself.",
    keys: &[Key::absent(
        "redis.url",
        "\"rediss://vestibule:password@redis.example.com/0\"",
        "redis:// or rediss:// (TLS).",
    )
    .secret()],
};

/// What many instances share.
#[derive(Clone, Debug)]
pub struct Redis {}

pub(super) fn read(_reader: &mut Reader) -> Redis {
    Redis {}
}
