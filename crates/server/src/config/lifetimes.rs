//! `[lifetimes]`: how long things live.

use vestibule_model::settings::Lifetimes;

use super::key::{Key, Section};
use super::reader::Reader;

/// Seconds in an hour and in a day, for the bounds of settings.
pub(super) const HOUR: u64 = 3_600;
pub(super) const DAY: u64 = 24 * HOUR;

pub(super) const SECTION: Section = Section {
    name: "lifetimes",
    doc: "How long things live. Short is safe; the defaults suit most.",
    keys: &[
        Key::new(
            "lifetimes.authorization_code",
            "\"60s\"",
            "The code a client swaps for tokens. At most 10m (RFC 6749 §4.1.2).",
        ),
        Key::new("lifetimes.access_token", "\"10m\"", "Access tokens."),
        Key::new("lifetimes.id_token", "\"5m\"", "ID tokens."),
        Key::new("lifetimes.refresh_idle", "\"14d\"", "A refresh token that nobody uses."),
        Key::new(
            "lifetimes.refresh_absolute",
            "\"30d\"",
            "A refresh token and all its successors, however much they are used.",
        ),
        Key::new(
            "lifetimes.refresh_grace",
            "\"30s\"",
            "How long a client that lost the answer to a refresh can ask for it again. 0s: never.",
        ),
        Key::new("lifetimes.session_idle", "\"2h\"", "A signed-in browser that nobody uses."),
        Key::new("lifetimes.session_absolute", "\"12h\"", "A signed-in browser, however used."),
        Key::new(
            "lifetimes.interaction",
            "\"30m\"",
            "How long a person may take to sign in and consent.",
        ),
    ],
};

pub(super) fn read(reader: &mut Reader) -> Lifetimes {
    let lifetimes = Lifetimes {
        authorization_code: reader.seconds("lifetimes.authorization_code", 1..=600),
        access_token: reader.seconds("lifetimes.access_token", 10..=DAY),
        id_token: reader.seconds("lifetimes.id_token", 10..=DAY),
        refresh_idle: reader.seconds("lifetimes.refresh_idle", 1..=3_650 * DAY),
        refresh_absolute: reader.seconds("lifetimes.refresh_absolute", 1..=3_650 * DAY),
        refresh_grace: reader.seconds("lifetimes.refresh_grace", 0..=300),
        session_idle: reader.seconds("lifetimes.session_idle", 1..=30 * DAY),
        session_absolute: reader.seconds("lifetimes.session_absolute", 1..=30 * DAY),
        interaction: reader.seconds("lifetimes.interaction", 1..=DAY),
    };
    let pairs = [
        (lifetimes.refresh_idle, lifetimes.refresh_absolute, "refresh"),
        (lifetimes.session_idle, lifetimes.session_absolute, "session"),
    ];
    for (idle, absolute, what) in pairs {
        if idle > absolute {
            let message = format!("must not be longer than `lifetimes.{what}_absolute`");
            reader.mistake(&format!("lifetimes.{what}_idle"), message, None);
        }
    }
    if lifetimes.access_token > 3_600 {
        reader.warn(
            "lifetimes.access_token",
            "is longer than an hour: a stolen token stays good for that long",
        );
    }
    lifetimes
}
