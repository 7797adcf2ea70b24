//! Recovery codes: what a person keeps on paper for the day the other factors are lost.
//!
//! Each has 60 random bits, so that its SHA-256 may rest in the database without stretching; the
//! user id goes into the hash, so that one guess serves against one account only.

use vestibule_model::{Entropy, Secret, TokenHash, UserId};

use crate::one_time_code::without_separators;

/// Codes of one set.
pub const COUNT: usize = 10;

/// Crockford's base 32 in lower case: no i, l, o or u, so that 0 and 1 have no doubles.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LETTERS: usize = 12;
const GROUP: usize = 4;

/// `count` fresh codes such as `k7mq-x2rt-9hcw`, to be shown once.
pub fn generate(entropy: &dyn Entropy, count: usize) -> Vec<Secret> {
    std::iter::repeat_with(|| one(entropy)).take(count).collect()
}

fn one(entropy: &dyn Entropy) -> Secret {
    let mut bytes = [0; LETTERS];
    entropy.fill(&mut bytes);
    // 256 is a multiple of 32: the low five bits are as random as the byte.
    let letters: Vec<char> = bytes
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(byte & 31)))
        .map(|&letter| char::from(letter))
        .collect();
    let groups: Vec<String> = letters.chunks(GROUP).map(|group| group.iter().collect()).collect();
    Secret::new(groups.join("-"))
}

/// The code without dashes, in lower case, with look-alikes as they are meant: `o` is 0, `i` and
/// `l` are 1. `None` if what was typed cannot be a code.
pub fn normalise(typed: &str) -> Option<String> {
    let code: String = without_separators(typed)
        .chars()
        .map(|letter| match letter.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        })
        .collect();
    let known = code.bytes().all(|byte| ALPHABET.contains(&byte));
    (known && code.len() == LETTERS).then_some(code)
}

/// What the database keeps of a code of this person, and looks it up by.
pub fn hash(user: &UserId, typed: &str) -> Option<TokenHash> {
    let code = normalise(typed)?;
    Some(Secret::new(format!("{user} {code}")).token_hash())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::testing::Seeded;

    #[test]
    fn a_set_has_ten_different_codes_in_three_groups_of_four() {
        let codes = generate(&Seeded::new(1), COUNT);
        let texts: BTreeSet<_> = codes.iter().map(|code| code.expose().to_owned()).collect();
        assert_eq!(texts.len(), 10);
        for text in texts {
            let groups: Vec<_> = text.split('-').collect();
            assert_eq!(groups.len(), 3, "{text}");
            assert!(groups.iter().all(|group| group.len() == 4), "{text}");
            assert_eq!(normalise(&text).unwrap(), groups.concat());
        }
    }

    #[test]
    fn the_alphabet_has_32_letters_and_no_look_alikes() {
        let letters: BTreeSet<_> = ALPHABET.iter().collect();
        assert_eq!(letters.len(), 32, "five bits a letter");
        assert!(b"ilouILOU".iter().all(|letter| !letters.contains(letter)));
        assert_eq!(LETTERS * 5, 60);
    }

    #[test]
    fn every_letter_can_come() {
        let codes = generate(&Seeded::new(2), 100);
        let seen: BTreeSet<char> = codes.iter().flat_map(|code| code.expose().chars()).collect();
        assert_eq!(seen.len(), 33, "32 letters and the dash: {seen:?}");
    }

    #[test]
    fn case_dashes_and_look_alikes_do_not_matter() {
        let cases = [
            ("k7mq-x2rt-9hcw", Some("k7mqx2rt9hcw")),
            ("K7MQ X2RT 9HCW", Some("k7mqx2rt9hcw")),
            (" k7mqx2rt9hcw\n", Some("k7mqx2rt9hcw")),
            ("k7mq\u{2013}x2rt\u{2014}9hcw", Some("k7mqx2rt9hcw")),
            ("OoIi-Ll00-1111", Some("001111001111")),
            ("k7mq-x2rt-9hc", None),
            ("k7mq-x2rt-9hcww", None),
            ("k7mq-x2rt-9hcu", None),
            ("k7mq-x2rt-9hc\u{e9}", None),
            ("", None),
        ];
        for (typed, code) in cases {
            assert_eq!(normalise(typed).as_deref(), code, "{typed:?}");
        }
    }

    #[test]
    fn the_stored_form_belongs_to_one_person_and_one_code() {
        let (ana, ben) = (UserId::new("ana"), UserId::new("ben"));
        let stored = hash(&ana, "k7mq-x2rt-9hcw").unwrap();
        assert!(hash(&ana, "K7MQ X2RT 9HCW").unwrap().matches(&stored));
        assert!(!hash(&ben, "k7mq-x2rt-9hcw").unwrap().matches(&stored));
        assert!(!hash(&ana, "k7mq-x2rt-9hcx").unwrap().matches(&stored));
        assert!(hash(&ana, "no code").is_none());
        assert!(!stored.as_str().contains("k7mq"));
    }

    proptest! {
        #[test]
        fn what_is_generated_is_understood_however_it_is_written(seed: u64, upper: bool) {
            let codes = generate(&Seeded::new(seed), 1);
            let text = codes[0].expose();
            let written = if upper { text.to_uppercase().replace('-', " ") } else { text.to_owned() };
            prop_assert_eq!(normalise(&written), Some(text.replace('-', "")));
        }

        #[test]
        fn nothing_that_is_typed_breaks_it(typed in ".{0,40}") {
            if let Some(code) = normalise(&typed) {
                prop_assert_eq!(normalise(&code), Some(code));
            }
        }
    }
}
