//! `[consent]`: when people are asked.

use super::key::{Key, Section};
use super::reader::Reader;

pub(super) const SECTION: Section = Section {
    name: "consent",
    doc: "When people are asked before a client gets their data.",
    keys: &[Key::new(
        "consent.skip_first_party",
        "true",
        "Do not ask for clients marked as first-party. offline_access is always asked for.",
    )],
};

/// When people are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Whether first-party clients skip the page.
    pub skip_first_party: bool,
}

pub(super) fn read(reader: &mut Reader) -> Consent {
    Consent { skip_first_party: reader.boolean("consent.skip_first_party") }
}
