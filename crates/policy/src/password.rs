//! What a new password may be (NIST SP 800-63B-4 §3.1.1.2): long, hard to guess, and none of those
//! that attackers try first. Every reason is told at once.

mod common;
mod own;
mod strength;

use icu_normalizer::ComposingNormalizerBorrowed;
use vestibule_model::Message;

/// What a password must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The least number of characters.
    pub min: usize,
    /// The greatest number of characters.
    pub max: usize,
    /// The least zxcvbn score, 0 (anything) to 4.
    pub min_strength: u8,
    /// How many of the four classes (lower case, upper case, digits, others) it must have.
    pub classes: u8,
    /// Whether the commonest breached passwords are refused.
    pub refuse_breached: bool,
}

impl Default for Rules {
    /// Length and strength instead of classes. Strength 3 is what zxcvbn calls safe against a slow
    /// hash.
    fn default() -> Self {
        Self { min: 12, max: 128, min_strength: 3, classes: 0, refuse_breached: true }
    }
}

/// Whose password it is to be: nothing of it may be in the password.
#[derive(Clone, Copy, Debug, Default)]
pub struct Person<'a> {
    /// The name to sign in with.
    pub username: &'a str,
    /// Mail address.
    pub email: &'a str,
    /// Full name.
    pub name: Option<&'a str>,
}

/// Everything that keeps `password` from being taken; nothing if it is fine.
///
/// Costs up to some 30 ms of processor time for a password made to be slow, whatever its length.
#[must_use]
pub fn check(password: &str, person: &Person<'_>, rules: &Rules) -> Vec<Message> {
    if password.is_empty() {
        return vec![Message::new("password-empty")];
    }
    let mut reasons = Vec::new();
    reasons.extend(length(password, rules));
    reasons.extend(classes(password, rules));
    reasons.extend(own::found(password, person));
    if rules.refuse_breached && common::contains(password) {
        reasons.push(breached());
    } else {
        reasons.extend(strength::weakness(password, person, rules.min_strength));
    }
    reasons
}

/// The rules in sentences, to be shown before anything is typed.
#[must_use]
pub fn rules_shown(rules: &Rules) -> Vec<Message> {
    let length = Message::new("password-rule-length")
        .with("min", number(rules.min))
        .with("max", number(rules.max));
    let mut shown = vec![length];
    if rules.classes > 0 {
        shown.push(Message::new("password-rule-classes").with("min", i64::from(rules.classes)));
    }
    if rules.min_strength > 0 {
        shown.push(Message::new("password-rule-strength"));
    }
    shown.push(Message::new("password-rule-own"));
    if rules.refuse_breached {
        shown.push(Message::new("password-rule-common"));
    }
    shown
}

/// The rule about former passwords, to be shown before anything is typed. `last` is how many.
#[must_use]
pub fn reuse_rule_shown(last: i64) -> Message {
    Message::new("password-rule-reused").with("last", last)
}

/// The refusal of a password that is one of the `last` former ones. Only the hashes can tell, so
/// that `vestibule-identity` finds it.
#[must_use]
pub fn reused(last: i64) -> Message {
    Message::new("password-reused").with("last", last)
}

/// The refusal of a password that was published after a break-in, found here or by a service.
#[must_use]
pub fn breached() -> Message {
    Message::new("password-common")
}

/// How many characters people see: an accent typed as a character of its own is none. Nothing but
/// the count is normalised, for the hashes are made of what was typed.
#[must_use]
pub fn characters(password: &str) -> usize {
    ComposingNormalizerBorrowed::new_nfc().normalize_iter(password.chars()).count()
}

fn length(password: &str, rules: &Rules) -> Option<Message> {
    let has = characters(password);
    if has < rules.min {
        let short = Message::new("password-too-short").with("min", number(rules.min));
        return Some(short.with("has", number(has)));
    }
    let long = Message::new("password-too-long").with("max", number(rules.max));
    (has > rules.max).then(|| long.with("has", number(has)))
}

fn classes(password: &str, rules: &Rules) -> Option<Message> {
    let classes: [fn(char) -> bool; 4] =
        [char::is_lowercase, char::is_uppercase, char::is_numeric, |c| {
            !c.is_lowercase() && !c.is_uppercase() && !c.is_numeric()
        }];
    let has = classes.into_iter().filter(|class| password.chars().any(class)).count();
    let min = i64::from(rules.classes.min(4));
    let few = Message::new("password-few-classes").with("min", min).with("has", number(has));
    (number(has) < min).then_some(few)
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
