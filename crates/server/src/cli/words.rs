//! What several commands check and say alike.

use vestibule_model::Message;
use vestibule_text::Lang;

/// A sentence of the catalogue, as the command line speaks.
pub(super) fn english(message: &Message) -> String {
    vestibule_text::message(Lang::En, message)
}

/// The groups that were given, each once and in order; what is no name is noted.
pub(super) fn groups(given: &[String], mistakes: &mut Vec<String>) -> Vec<String> {
    for name in given {
        let length = name.chars().count();
        if !(1..=64).contains(&length) || name.trim() != name || name.chars().any(char::is_control)
        {
            mistakes.push(format!("--group: {name:?} is no name of 1 to 64 characters"));
        }
    }
    let mut groups = given.to_vec();
    groups.sort();
    groups.dedup();
    groups
}
