//! One's own name in one's password: the first thing that somebody who knows the person tries.

use std::collections::BTreeSet;

use icu_normalizer::{
    DecomposingNormalizerBorrowed, properties::CanonicalCombiningClassMapBorrowed,
};
use vestibule_model::Message;

use super::Person;

/// A shorter part is in too many words to mean anything.
const LEAST: usize = 4;

/// The parts of the person that `password` has in it: at most one of each kind, the longest.
pub(super) fn found(password: &str, person: &Person<'_>) -> Vec<Message> {
    let password = folded(password);
    let mut mail = parts(local(person.email));
    mail.insert(person.email);
    let kinds = [
        ("password-has-username", parts(person.username)),
        ("password-has-email", mail),
        ("password-has-name", parts(person.name.unwrap_or_default())),
    ];
    let mut told = BTreeSet::new();
    let mut messages = Vec::new();
    for (key, parts) in kinds {
        let within = parts.into_iter().filter(|part| {
            let part = folded(part);
            part.chars().count() >= LEAST && password.contains(&part)
        });
        // The user name is often a part of the mail address: one sentence about it is enough.
        let longest = within.max_by_key(|part| part.chars().count());
        if let Some(part) = longest.filter(|part| told.insert(folded(part))) {
            messages.push(Message::new(key).with("part", part));
        }
    }
    messages
}

/// What zxcvbn is to hold for guessable about this very person.
pub(super) fn words(person: &Person<'_>) -> Vec<String> {
    let all = [person.username, person.email, local(person.email), person.name.unwrap_or_default()];
    let words: BTreeSet<String> =
        all.into_iter().flat_map(parts).map(str::to_lowercase).filter(|w| !w.is_empty()).collect();
    words.into_iter().collect()
}

/// A mail address without its domain.
fn local(email: &str) -> &str {
    email.rsplit_once('@').map_or(email, |(local, _)| local)
}

/// The whole and its words: `Ana.Lima` is `Ana.Lima`, `Ana` and `Lima`.
fn parts(whole: &str) -> BTreeSet<&str> {
    let mut parts: BTreeSet<&str> =
        whole.split(|c: char| c.is_whitespace() || "._-+'’".contains(c)).collect();
    parts.insert(whole);
    parts
}

/// Without case, accents and other differences of writing.
fn folded(text: &str) -> String {
    let classes = CanonicalCombiningClassMapBorrowed::new();
    DecomposingNormalizerBorrowed::new_nfkd()
        .normalize_iter(text.chars())
        .filter(|c| classes.get_u8(*c) == 0)
        .flat_map(char::to_lowercase)
        .collect()
}
