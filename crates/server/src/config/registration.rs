//! `[registration]`: how clients register themselves (RFC 7591).

use std::fs;

use serde_json::Value;
use vestibule_model::{
    ScopeSet,
    settings::{ClientRegistration, RegistrationPolicy},
};

use super::key::{Key, Section};
use super::lifetimes::DAY;
use super::reader::Reader;

pub(super) const SECTION: Section = Section {
    name: "registration",
    doc: "Whether apps may register themselves over HTTP (RFC 7591). Nothing that they can register\n\
          makes them trusted: people are always asked.",
    keys: &[
        Key::new(
            "registration.policy",
            "\"off\"",
            "\"off\", \"token\" (with a token from `vestibule initial-access-token create`) or \"open\".",
        ),
        Key::new(
            "registration.max_unused",
            "1000",
            "How many apps that came through the open door there may be at a time which nobody has\n\
             signed in with yet. Beyond that nobody else gets in.",
        ),
        Key::new(
            "registration.unused_lifetime",
            "\"1d\"",
            "An app that came through the open door is removed after this time, unless somebody\n\
             signed in with it.",
        ),
        Key::new(
            "registration.scope",
            "\"openid profile email address phone offline_access\"",
            "The scopes that apps which register themselves may have, separated by spaces.",
        ),
        Key::absent(
            "registration.software_statement_jwks_file",
            "\"/etc/vestibule/software-issuers.json\"",
            "A JWK Set with the keys of those whose software statements are believed (RFC 7591\n\
             §2.3). Without it none are.",
        ),
    ],
};

pub(super) fn read(reader: &mut Reader) -> ClientRegistration {
    let policy = reader.parsed("registration.policy", |text| match text {
        "off" => Ok(RegistrationPolicy::Off),
        "token" => Ok(RegistrationPolicy::Token),
        "open" => Ok(RegistrationPolicy::Open),
        other => Err(format!("must be off, token or open, not {other:?}")),
    });
    let scope = reader.parsed("registration.scope", |text| {
        ScopeSet::parse(text).map_err(|fault| fault.to_string())
    });
    ClientRegistration {
        policy: policy.unwrap_or_default(),
        max_unused: reader.integer("registration.max_unused", 0..=1_000_000),
        unused_lifetime: reader.seconds("registration.unused_lifetime", 300..=365 * DAY),
        scope: scope.unwrap_or_default(),
        software_statement_jwks: reader
            .parsed("registration.software_statement_jwks_file", read_jwks),
    }
}

fn read_jwks(path: &str) -> Result<Value, String> {
    let text = fs::read_to_string(path)
        .map_err(|fault| format!("cannot read the file {path:?}: {fault}"))?;
    let jwks: Value = serde_json::from_str(&text)
        .map_err(|fault| format!("the file {path:?} is not JSON: {fault}"))?;
    if jwks.get("keys").and_then(Value::as_array).is_none_or(Vec::is_empty) {
        return Err(format!("the file {path:?} is no JWK Set with a key in its list `keys`"));
    }
    Ok(jwks)
}
