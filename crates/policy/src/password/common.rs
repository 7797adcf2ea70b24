//! The commonest passwords of published break-ins, built in: `common/README.md` says where they are
//! from.

use std::sync::LazyLock;

use icu_normalizer::ComposingNormalizerBorrowed;

/// Sorted, in lower case, one a line.
static COMMON: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| include_str!("common/passwords.txt").lines().collect());

/// Whether the password is one of them, in whatever case.
pub(super) fn contains(password: &str) -> bool {
    let folded: String = ComposingNormalizerBorrowed::new_nfkc()
        .normalize_iter(password.trim().chars())
        .flat_map(char::to_lowercase)
        .collect();
    COMMON.binary_search(&folded.as_str()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_has_enough_that_are_long_enough_to_be_chosen() {
        assert!(COMMON.is_sorted_by(|a, b| a < b), "sorted, and each once");
        assert!(COMMON.iter().all(|entry| *entry == entry.to_lowercase() && entry.len() >= 8));
        let long = COMMON.iter().filter(|entry| entry.chars().count() >= 12).count();
        assert!(COMMON.len() > 10_000 && long > 1_000, "{} entries, {long} long", COMMON.len());
    }

    #[test]
    fn common_ones_are_found_in_any_case_and_width() {
        for common in [
            "password123456",
            "Password123456",
            "1QAZ2WSX3EDC",
            "ｐａｓｓｗｏｒｄ１２３",
            " qwertyuiop ",
        ] {
            assert!(contains(common), "{common}");
        }
        for own in ["", "correct horse battery", "try-vestibule-today", "passwort ist geheim"] {
            assert!(!contains(own), "{own}");
        }
    }
}
