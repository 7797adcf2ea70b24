//! Six digits for mail: a lower factor than an app or a passkey, because whoever reads the mail has
//! it. A million possibilities hold only as long as tries are counted; the caller counts them.

use vestibule_model::{Entropy, Secret};

const DIGITS: usize = 6;
const CODES: u32 = 1_000_000;

/// A fresh code; each of the million is as likely as any other.
pub fn generate(entropy: &dyn Entropy) -> Secret {
    // The largest multiple of a million below 2^32: draws above it would favour low codes.
    let fair = u32::MAX - u32::MAX % CODES;
    loop {
        let mut bytes = [0; 4];
        entropy.fill(&mut bytes);
        let drawn = u32::from_be_bytes(bytes);
        if drawn < fair {
            return Secret::new(format!("{:06}", drawn % CODES));
        }
    }
}

/// The six digits of what a person typed, whatever spaces and dashes came with them; `None` if it
/// is no code at all.
pub fn normalise(typed: &str) -> Option<String> {
    let code = without_separators(typed);
    is_code(&code).then_some(code)
}

/// Exactly six ASCII digits.
pub(crate) fn is_code(code: &str) -> bool {
    code.len() == DIGITS && code.bytes().all(|byte| byte.is_ascii_digit())
}

/// Drops what people, phones and word processors put between groups of characters.
pub(crate) fn without_separators(typed: &str) -> String {
    typed
        .chars()
        .filter(|&letter| {
            !letter.is_whitespace() && letter != '-' && !('\u{2010}'..='\u{2015}').contains(&letter)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeMap,
        sync::atomic::{AtomicUsize, Ordering},
    };

    use super::*;
    use crate::testing::Seeded;

    /// Answers with prepared draws.
    struct Prepared(Vec<u32>, AtomicUsize);

    impl Entropy for Prepared {
        fn fill(&self, bytes: &mut [u8]) {
            let at = self.1.fetch_add(1, Ordering::Relaxed);
            bytes.copy_from_slice(&self.0[at].to_be_bytes());
        }
    }

    fn from_draws(draws: &[u32]) -> String {
        generate(&Prepared(draws.to_vec(), AtomicUsize::new(0))).expose().to_owned()
    }

    #[test]
    fn a_code_keeps_its_leading_zeroes() {
        assert_eq!(from_draws(&[42]), "000042");
        assert_eq!(from_draws(&[999_999]), "999999");
        assert_eq!(from_draws(&[7_000_001]), "000001");
    }

    #[test]
    fn a_draw_that_would_favour_low_codes_is_drawn_again() {
        // 4294 whole millions fit below 2^32.
        assert_eq!(from_draws(&[4_293_999_999, 5]), "999999");
        assert_eq!(from_draws(&[4_294_000_000, 5]), "000005");
        assert_eq!(from_draws(&[u32::MAX, 4_294_000_001, 6]), "000006");
    }

    /// Chi-squared over the first two digits: 99 degrees of freedom, so that one seed in ten
    /// thousand would exceed 161.
    #[test]
    fn codes_spread_evenly() {
        let entropy = Seeded::new(7);
        let (draws, bins) = (20_000_u32, 100_u32);
        let mut counts = BTreeMap::new();
        for _ in 0..draws {
            let code: u32 = generate(&entropy).expose().parse().unwrap();
            *counts.entry(code / 10_000).or_insert(0_u32) += 1;
        }
        let expected = f64::from(draws / bins);
        let chi: f64 = (0..bins)
            .map(|bin| f64::from(counts.get(&bin).copied().unwrap_or(0)))
            .map(|count| (count - expected).powi(2) / expected)
            .sum();
        assert!(chi < 161.0, "{chi}");
    }

    #[test]
    fn what_people_type_is_understood_or_refused() {
        let cases = [
            ("123456", Some("123456")),
            (" 123 456 ", Some("123456")),
            ("123-456", Some("123456")),
            ("123\u{a0}456", Some("123456")),
            ("123\u{2013}456\n", Some("123456")),
            ("12345", None),
            ("1234567", None),
            ("12345a", None),
            ("+12345", None),
            ("१२३४५६", None),
            ("", None),
        ];
        for (typed, code) in cases {
            assert_eq!(normalise(typed).as_deref(), code, "{typed:?}");
        }
    }
}
