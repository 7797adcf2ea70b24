//! `[retention]`: how long records stay that have no end of their own.

use vestibule_storage::expiry::Retention;

use super::key::{Key, Section};
use super::lifetimes::DAY;
use super::reader::Reader;

pub(super) const SECTION: Section = Section {
    name: "retention",
    doc: "How long records stay. What has an end of its own (codes, tokens, sessions) needs no setting.",
    keys: &[
        Key::new(
            "retention.audit",
            "\"0s\"",
            "Lines of the audit log. 0s: for ever; else at least 1d, often \"365d\".",
        ),
        Key::new(
            "retention.consent_records",
            "\"0s\"",
            "What people answered when they were asked for consent. 0s: as long as the account.",
        ),
        Key::new(
            "retention.mails",
            "\"0s\"",
            "Mails that left, sealed, as the record that they did. 0s: 4d, as long as one is tried.",
        ),
    ],
};

pub(super) fn read(reader: &mut Reader) -> Retention {
    Retention {
        audit: kept(reader, "retention.audit"),
        consent_records: kept(reader, "retention.consent_records"),
        mails: kept(reader, "retention.mails"),
    }
}

/// `None` is for ever.
fn kept(reader: &mut Reader, path: &str) -> Option<i64> {
    let seconds = reader.seconds(path, 0..=36_500 * DAY);
    let day = i64::try_from(DAY).unwrap_or(i64::MAX);
    // Whoever writes so little means something else, and what is deleted is gone.
    if path != "retention.mails" && (1..day).contains(&seconds) {
        reader.mistake(path, "must be 0s (for ever) or at least 1d", None);
    }
    (seconds > 0).then_some(seconds)
}
