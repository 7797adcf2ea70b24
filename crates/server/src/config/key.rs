//! The table of settings: one [`Key`] a line of the file. Loading, the example, `config show` and
//! the suggestions for misspelt keys all read it, so a key exists once.

use super::{
    accounts, claims, consent, database, instance, keys, lifetimes, lockout, log, mail, metrics,
    mfa, outbound, password, rate_limits, redis, registration, retention, server,
};

/// A setting.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name with its section, for example `server.listen`.
    pub path: &'static str,
    /// What holds when nobody sets it.
    pub default: Preset,
    /// Whether the value must never be shown.
    pub secret: bool,
    /// What it does, for the example file.
    pub doc: &'static str,
}

/// What a setting is before anybody sets it, as TOML text.
#[derive(Clone, Copy, Debug)]
pub enum Preset {
    /// This value.
    Value(&'static str),
    /// Nothing; the text is an example of what it could be.
    Absent(&'static str),
}

impl Key {
    /// A setting with a default, written as TOML.
    pub(super) const fn new(path: &'static str, default: &'static str, doc: &'static str) -> Self {
        Self { path, default: Preset::Value(default), secret: false, doc }
    }

    /// A setting that is absent by default; `example` is TOML.
    pub(super) const fn absent(
        path: &'static str,
        example: &'static str,
        doc: &'static str,
    ) -> Self {
        Self { path, default: Preset::Absent(example), secret: false, doc }
    }

    /// This setting, never shown.
    pub(super) const fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    /// The name without its section.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.path.rsplit_once('.').map_or(self.path, |(_, name)| name)
    }

    /// The environment variable that sets it.
    #[must_use]
    pub fn variable(&self) -> String {
        variable(self.path)
    }

    /// Whether the value is a list.
    #[must_use]
    pub fn is_list(&self) -> bool {
        matches!(self.default, Preset::Value(text) | Preset::Absent(text) if text.starts_with('['))
    }
}

/// The environment variable for the setting at `path`.
pub(super) fn variable(path: &str) -> String {
    format!("VESTIBULE__{}", path.replace('.', "__").to_uppercase())
}

/// A part of the file: its name (empty for the top), what it is about, its settings.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// The table's name; empty for keys above the first table.
    pub name: &'static str,
    /// What it is about, for the example file.
    pub doc: &'static str,
    /// Its settings, in the order they are shown.
    pub keys: &'static [Key],
}

/// Every section, in the order of the file.
pub const SECTIONS: [Section; 19] = [
    instance::SECTION,
    server::SECTION,
    database::SECTION,
    redis::SECTION,
    keys::SECTION,
    lifetimes::SECTION,
    retention::SECTION,
    accounts::SECTION,
    mail::SECTION,
    password::SECTION,
    lockout::SECTION,
    rate_limits::SECTION,
    mfa::SECTION,
    consent::SECTION,
    registration::SECTION,
    outbound::SECTION,
    claims::SECTION,
    metrics::SECTION,
    log::SECTION,
];

/// Every setting, in the order of the file.
pub fn all() -> impl Iterator<Item = &'static Key> {
    SECTIONS.iter().flat_map(|section| section.keys)
}

/// The setting of that name.
#[must_use]
pub fn find(path: &str) -> Option<&'static Key> {
    all().find(|key| key.path == path)
}
