//! `[mfa]`: who needs a second factor.

use vestibule_model::ScopeSet;
use vestibule_model::settings::{MfaRequired, MfaRules};

use super::key::{Key, Section};
use super::lifetimes::DAY;
use super::reader::Reader;

pub(super) const SECTION: Section = Section {
    name: "mfa",
    doc: "Who needs a second factor. Whoever does and has none yet enrols one when signing in.\n\
          Clients can ask for it too (`client create --required-acr`, or `acr_values`).",
    keys: &[
        Key::new("mfa.required", "\"nobody\"", "\"nobody\", \"administrators\" or \"everyone\"."),
        Key::new("mfa.groups", "[]", "Members of these groups need one too."),
        Key::new("mfa.scopes", "[]", "So do people whose client asks for one of these scopes."),
        Key::new(
            "mfa.email_code",
            "true",
            "Whether a code by mail will do, as the lowest of the factors.",
        ),
        Key::new(
            "mfa.remember_device",
            "\"30d\"",
            "How long a device that its owner trusts is not asked again. 0s: never trusted.",
        ),
        Key::new(
            "mfa.passkey_attestation",
            "false",
            "Ask passkeys which model they are. Browsers then ask people for permission.",
        ),
    ],
};

pub(super) fn read(reader: &mut Reader) -> MfaRules {
    let required = reader.parsed("mfa.required", |text| match text {
        "nobody" => Ok(MfaRequired::Nobody),
        "administrators" => Ok(MfaRequired::Administrators),
        "everyone" => Ok(MfaRequired::Everyone),
        other => Err(format!("must be nobody, administrators or everyone, not {other:?}")),
    });
    MfaRules {
        required: required.unwrap_or(MfaRequired::Nobody),
        groups: reader.list("mfa.groups", |name| {
            if name.trim().is_empty() {
                return Err("a group has a name".to_owned());
            }
            Ok(name.to_owned())
        }),
        scopes: reader.list("mfa.scopes", |name| match ScopeSet::parse(name) {
            Ok(scope) if scope.iter().count() == 1 => Ok(name.to_owned()),
            _ => Err(format!("{name:?} is not one scope")),
        }),
        email_code: reader.boolean("mfa.email_code"),
        remember_device: reader.seconds("mfa.remember_device", 0..=365 * DAY),
        attestation: reader.boolean("mfa.passkey_attestation"),
    }
}
