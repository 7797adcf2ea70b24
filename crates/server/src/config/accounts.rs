//! `[accounts]`: how accounts come and go.

use vestibule_model::settings::{Accounts, Registration, Terms};

use super::instance::Instance;
use super::key::{Key, Section};
use super::lifetimes::DAY;
use super::reader::Reader;

pub(super) const SECTION: Section = Section {
    name: "accounts",
    doc: "How accounts come and go.",
    keys: &[
        Key::absent(
            "accounts.registration",
            "\"invite\"",
            "Who may make an account: \"open\" (everybody with a mail address), \"invite\" (whoever got\n\
             a link from `vestibule invite create`) or \"off\". Without it: open on localhost and in\n\
             the demo, off everywhere else.",
        ),
        Key::absent(
            "accounts.terms_version",
            "\"2026-01\"",
            "The version of the terms of service. People accept it when they register, and are asked\n\
             again at the next sign-in after it changes.",
        ),
        Key::absent(
            "accounts.terms_uri",
            "\"https://example.com/terms\"",
            "Where these terms can be read.",
        ),
        Key::new(
            "accounts.deletion_grace",
            "\"14d\"",
            "How long people can change their mind after asking to delete their account.",
        ),
        Key::new(
            "accounts.fresh_sign_in",
            "\"10m\"",
            "Changing how one signs in asks for a sign-in that is not older than this.",
        ),
    ],
};

/// How accounts come and go; `password_history` is `[password]`'s to say.
pub(super) fn read(reader: &mut Reader, instance: &Instance) -> Accounts {
    let registration = reader.parsed("accounts.registration", |text| match text {
        "open" => Ok(Registration::Open),
        "invite" => Ok(Registration::Invite),
        "off" => Ok(Registration::Off),
        other => Err(format!("must be open, invite or off, not {other:?}")),
    });
    let default = if instance.is_loopback { Registration::Open } else { Registration::Off };
    Accounts {
        registration: registration.unwrap_or(default),
        terms: terms(reader),
        deletion_grace: reader.seconds("accounts.deletion_grace", 0..=365 * DAY),
        fresh_sign_in: reader.seconds("accounts.fresh_sign_in", 60..=DAY),
        ..Accounts::default()
    }
}

fn terms(reader: &mut Reader) -> Option<Terms> {
    let version = reader.text("accounts.terms_version");
    let uri = reader.parsed("accounts.terms_uri", web_address);
    let stated = |reader: &Reader, path: &str| reader.origin(path).is_explicit();
    let (has_version, has_uri) =
        (stated(reader, "accounts.terms_version"), stated(reader, "accounts.terms_uri"));
    if has_version && !has_uri {
        let message = "needs `accounts.terms_uri`: nobody can accept what they cannot read";
        reader.mistake("accounts.terms_version", message, None);
    }
    if has_uri && !has_version {
        let message = "needs `accounts.terms_version`: it tells who accepted which terms";
        reader.mistake("accounts.terms_uri", message, None);
    }
    Some(Terms { version: version?, uri: uri? })
}

fn web_address(text: &str) -> Result<String, String> {
    match url::Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(text.to_owned()),
        _ => Err(format!("{text:?} is not a web address like \"https://example.com/terms\"")),
    }
}
