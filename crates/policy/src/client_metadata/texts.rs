//! What people see of a client, and other texts (RFC 7591 §2, §2.2). All of it is a stranger's.

use vestibule_model::{client::ClientMetadata, settings::Settings};

use super::{MAX_VALUES, Problems, shown, uris};

/// The longest name that a page can show, in characters.
const MAX_NAME: usize = 100;
/// The longest of the other texts, in characters.
const MAX_TEXT: usize = 255;
/// The longest language tag.
const MAX_TAG: usize = 35;
/// The fields that may be there in several languages (RFC 7591 §2.2).
pub(crate) const LOCALIZED: [&str; 5] =
    ["client_name", "client_uri", "logo_uri", "policy_uri", "tos_uri"];

pub(super) fn check(metadata: &ClientMetadata, settings: &Settings, problems: &mut Problems) {
    let plain = [
        ("client_name", &metadata.client_name),
        ("client_uri", &metadata.client_uri),
        ("logo_uri", &metadata.logo_uri),
        ("policy_uri", &metadata.policy_uri),
        ("tos_uri", &metadata.tos_uri),
    ];
    for (field, text) in plain {
        if let Some(text) = text {
            check_seen(field, field, text, settings, problems);
        }
    }
    check_localized(metadata, settings, problems);
    check_unseen(metadata, problems);
    let age = metadata.default_max_age;
    problems.add_if(age.is_some_and(|age| age < 0), "default_max_age", "must not be negative");
}

/// A text that people see: a name that looks like itself, or an address on the web. `name` is the
/// field with its language.
fn check_seen(field: &str, name: &str, text: &str, settings: &Settings, problems: &mut Problems) {
    if field == "client_name" {
        check_name(name, text, problems);
    } else {
        uris::check_web_address(name, text, settings, problems);
    }
}

fn check_name(field: &str, name: &str, problems: &mut Problems) {
    if name.trim().is_empty() || name.chars().count() > MAX_NAME {
        problems.add(field, format!("must have 1 to {MAX_NAME} characters"));
    }
    let hidden = name.chars().any(|c| c.is_control() || is_hidden(c));
    problems.add_if(hidden, field, "has a character that cannot be seen");
}

/// RFC 7591 §2.2: `#` and a language tag (BCP 47) after the field's name.
fn check_localized(metadata: &ClientMetadata, settings: &Settings, problems: &mut Problems) {
    if metadata.localized.len() > MAX_VALUES {
        problems.add("client_name", format!("must be in at most {MAX_VALUES} languages"));
        return;
    }
    for (name, text) in &metadata.localized {
        let (field, tag) = name.split_once('#').unwrap_or((name, ""));
        if !LOCALIZED.contains(&field) || !is_language_tag(tag) {
            problems.add(shown(name), "has a language that is no BCP 47 tag");
            continue;
        }
        check_seen(field, name, text, settings, problems);
    }
}

/// The shape of RFC 5646 §2.1, not its registry.
fn is_language_tag(tag: &str) -> bool {
    let is_subtag = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    let language = tag.split('-').next().unwrap_or_default();
    tag.len() <= MAX_TAG
        && tag.split('-').all(is_subtag)
        && language.bytes().all(|b| b.is_ascii_alphabetic())
        && (language.len() >= 2 || language.eq_ignore_ascii_case("x"))
}

/// What only the client and whoever runs this server see.
fn check_unseen(metadata: &ClientMetadata, problems: &mut Problems) {
    let lists =
        [("contacts", &metadata.contacts), ("default_acr_values", &metadata.default_acr_values)];
    for (field, texts) in lists {
        if texts.len() > MAX_VALUES {
            problems.add(field, format!("must be at most {MAX_VALUES}"));
            continue;
        }
        for text in texts {
            check_text(field, text, problems);
        }
    }
    let single =
        [("software_id", &metadata.software_id), ("software_version", &metadata.software_version)];
    for (field, text) in single {
        if let Some(text) = text {
            check_text(field, text, problems);
        }
    }
}

fn check_text(field: &str, text: &str, problems: &mut Problems) {
    if text.is_empty() || text.chars().count() > MAX_TEXT {
        problems.add(field, format!("must have 1 to {MAX_TEXT} characters"));
    }
    let hidden = text.chars().any(|c| c.is_control() || is_hidden(c));
    problems.add_if(hidden, field, "has a character that cannot be seen");
}

/// What has no shape of its own, or makes text read in another order than it is written: a name must
/// look like itself.
#[must_use]
pub const fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}
