//! Codes of an authenticator app: TOTP (RFC 6238) with HMAC-SHA-1, six digits and steps of thirty
//! seconds, which is what every app can do. SHA-1's collisions do not touch HMAC (RFC 4226 §B.2).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use vestibule_model::{Entropy, Timestamp};

use crate::one_time_code::{is_code, without_separators};

/// Seconds of one step (RFC 6238 §4.1).
const STEP: i64 = 30;
/// Steps before and after the present one that count as well (RFC 6238 §5.2).
const WINDOW: i64 = 1;
/// RFC 4226 §4 R6 recommends 160 bits.
const SECRET_BYTES: usize = 20;

/// All but RFC 3986 §2.3's unreserved characters.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The secret that a person's app and we share.
#[derive(Clone)]
pub struct Totp(totp_rs::Totp);

/// A secret below the 128 bits that RFC 4226 §4 R6 demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a TOTP secret needs at least 128 bits")]
pub struct ShortSecret;

/// The answer to "is this the code?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Yes, and it was not used before.
    Right {
        /// The step that is spent now, and with it all before.
        step: i64,
        /// How far the person's clock is off, in steps: -1, 0 or 1.
        drift: i64,
    },
    /// Yes, but it or a later one was used already (RFC 6238 §5.2).
    Replayed,
    /// No.
    Wrong,
}

impl Totp {
    /// A fresh secret of 160 bits.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut secret = [0; SECRET_BYTES];
        entropy.fill(&mut secret);
        Self(builder(totp_rs::Secret::from(secret)).build_noncompliant())
    }

    /// The secret as [`secret_bytes`](Self::secret_bytes) gave it.
    ///
    /// # Errors
    /// [`ShortSecret`] below 128 bits.
    pub fn from_bytes(secret: &[u8]) -> Result<Self, ShortSecret> {
        builder(totp_rs::Secret::from(secret)).build().map(Self).map_err(|_| ShortSecret)
    }

    /// The secret; to be sealed before it is stored.
    pub fn secret_bytes(&self) -> &[u8] {
        self.0.secret().as_bytes()
    }

    /// The secret for typing it in: base 32 (RFC 4648 §6) in groups of four.
    pub fn secret_text(&self) -> String {
        let letters: Vec<char> = self.0.secret().to_base32().chars().collect();
        let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
        groups.join(" ")
    }

    /// The `otpauth` URI that a QR code holds (Key URI Format). It contains the secret. Colons,
    /// which would end the issuer's name early, become spaces.
    pub fn uri(&self, issuer: &str, account: &str) -> String {
        let escaped =
            |text: &str| utf8_percent_encode(text.replace(':', " ").trim(), ESCAPED).to_string();
        let (issuer, account) = (escaped(issuer), escaped(account));
        let secret = self.0.secret().to_base32();
        format!(
            "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}\
             &algorithm=SHA1&digits=6&period={STEP}"
        )
    }

    /// Judges a code. `last_step` is the step of the last code that was right. Who accepts one
    /// must store its step by an update that only a higher step passes, so that of two requests
    /// at the same time one wins.
    pub fn check(&self, code: &str, now: Timestamp, last_step: Option<i64>) -> Verdict {
        let code = clean(code);
        if !is_code(&code) {
            return Verdict::Wrong;
        }
        let present = now.0.div_euclid(STEP);
        // All steps are tried, however early one fits. If a code fits two, the later one is
        // spent: the earlier would leave it to be used again.
        let fitting = (-WINDOW..=WINDOW)
            .map(|drift| (present.saturating_add(drift), drift))
            .filter(|&(step, _)| self.is_code_of(step, &code))
            .fold(None, |_, later| Some(later));
        match fitting {
            None => Verdict::Wrong,
            Some((step, _)) if last_step.is_some_and(|last| step <= last) => Verdict::Replayed,
            Some((step, drift)) => Verdict::Right { step, drift },
        }
    }

    /// Compares in constant time; only the length may leak.
    fn is_code_of(&self, step: i64, code: &str) -> bool {
        let begin = step.checked_mul(STEP).and_then(|begin| u64::try_from(begin).ok());
        begin.is_some_and(|begin| self.0.check(code, begin).is_some())
    }

    /// The code that an app with a right clock shows.
    #[cfg(any(test, feature = "testing"))]
    pub fn code_at(&self, now: Timestamp) -> String {
        self.0.generate(u64::try_from(now.0).unwrap_or_default()).to_string()
    }
}

impl std::fmt::Debug for Totp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Totp([REDACTED])")
    }
}

fn builder(secret: totp_rs::Secret) -> totp_rs::Builder {
    // `check` walks the window itself, because it has to know which step fitted.
    totp_rs::Builder::new().with_secret(secret).with_skew(0)
}

/// What a person typed, without spaces and dashes.
pub fn clean(code: &str) -> String {
    without_separators(code)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::Seeded;

    /// RFC 6238 Appendix B, SHA-1: times and 8-digit codes.
    const VECTORS: [(i64, &str); 6] = [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ];
    const NOW: Timestamp = Timestamp(1_800_000_000);

    fn rfc() -> Totp {
        Totp::from_bytes(b"12345678901234567890").unwrap()
    }

    #[test]
    fn the_vectors_of_the_rfc_are_right() {
        for (time, digits) in VECTORS {
            let (code, now) = (digits.get(2..).unwrap(), Timestamp(time));
            assert_eq!(rfc().code_at(now), code);
            let right = Verdict::Right { step: time / 30, drift: 0 };
            assert_eq!(rfc().check(code, now, None), right, "{time}");
        }
    }

    #[test]
    fn a_clock_may_be_off_by_one_step_and_no_more() {
        let step = NOW.0 / STEP;
        for drift in -3..=3 {
            let code = rfc().code_at(NOW.plus(drift * STEP));
            let expected = match drift {
                -1..=1 => Verdict::Right { step: step + drift, drift },
                _ => Verdict::Wrong,
            };
            assert_eq!(rfc().check(&code, NOW, None), expected, "{drift}");
        }
    }

    #[test]
    fn a_spent_step_and_those_before_are_refused() {
        let step = NOW.0 / STEP;
        let (early, code, late) =
            (rfc().code_at(NOW.plus(-30)), rfc().code_at(NOW), rfc().code_at(NOW.plus(30)));
        assert_eq!(rfc().check(&code, NOW, Some(step)), Verdict::Replayed);
        assert_eq!(rfc().check(&early, NOW, Some(step)), Verdict::Replayed);
        let next = Verdict::Right { step: step + 1, drift: 1 };
        assert_eq!(rfc().check(&late, NOW, Some(step)), next);
        assert_eq!(rfc().check("000000", NOW, Some(step)), Verdict::Wrong);
    }

    /// The RFC's secret happens to give the same six digits for these two steps.
    #[test]
    fn a_code_that_fits_two_steps_is_spent_for_both() {
        let (first, second) = (62_075_368, 62_075_369);
        let now = Timestamp(first * STEP);
        let code = rfc().code_at(now);
        assert_eq!(rfc().code_at(now.plus(STEP)), code);
        assert_eq!(rfc().check(&code, now, None), Verdict::Right { step: second, drift: 1 });
        assert_eq!(rfc().check(&code, now, Some(second)), Verdict::Replayed);
    }

    #[test]
    fn spaces_do_not_matter_and_nothing_but_six_digits_does() {
        let code = rfc().code_at(NOW);
        let (left, right) = code.split_at(3);
        let spaced = format!(" {left} {right}\u{a0}");
        assert!(matches!(rfc().check(&spaced, NOW, None), Verdict::Right { .. }));
        let (long, signed) = (format!("{code}0"), format!("+{}", code.get(1..).unwrap()));
        for typed in ["", "12345", &long, &signed, "abcdef", "１２３４５６"] {
            assert_eq!(rfc().check(typed, NOW, None), Verdict::Wrong, "{typed:?}");
        }
    }

    #[test]
    fn the_ends_of_time_are_survived() {
        for now in [i64::MIN, -1, 0, 29, i64::MAX] {
            let verdict = rfc().check("000000", Timestamp(now), None);
            assert_eq!(verdict, Verdict::Wrong, "{now}");
        }
        let first = rfc().check(&rfc().code_at(Timestamp(0)), Timestamp(0), None);
        assert_eq!(first, Verdict::Right { step: 0, drift: 0 });
    }

    #[test]
    fn a_generated_secret_has_160_bits_and_comes_back_from_its_bytes() {
        let totp = Totp::generate(&Seeded::new(1));
        assert_eq!(totp.secret_bytes().len(), 20);
        let again = Totp::from_bytes(totp.secret_bytes()).unwrap();
        assert_eq!(again.code_at(NOW), totp.code_at(NOW));
        assert_ne!(totp.secret_bytes(), Totp::generate(&Seeded::new(2)).secret_bytes());
        assert_eq!(Totp::from_bytes(&[7; 15]).unwrap_err(), ShortSecret);
        assert_eq!(Totp::from_bytes(&[]).unwrap_err(), ShortSecret);
    }

    #[test]
    fn the_secret_is_readable_where_it_must_be_and_nowhere_else() {
        assert_eq!(rfc().secret_text(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        assert_eq!(format!("{:?}", rfc()), "Totp([REDACTED])");
    }

    #[test]
    fn the_uri_names_issuer_and_account_escaped() {
        let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        let cases = [
            ("Example ID", "ana@example.org", "Example%20ID", "ana%40example.org"),
            ("Müller & Söhne", "ana?x=1#y", "M%C3%BCller%20%26%20S%C3%B6hne", "ana%3Fx%3D1%23y"),
            ("Acme: ID", "a:b", "Acme%20%20ID", "a%20b"),
            ("Vestibule", "a/b+c~d", "Vestibule", "a%2Fb%2Bc~d"),
        ];
        for (issuer, account, issuer_escaped, account_escaped) in cases {
            let expected = format!(
                "otpauth://totp/{issuer_escaped}:{account_escaped}?secret={secret}\
                 &issuer={issuer_escaped}&algorithm=SHA1&digits=6&period=30"
            );
            assert_eq!(rfc().uri(issuer, account), expected);
        }
    }

    proptest! {
        /// A person with a wandering clock, and somebody who tries every code again later: each
        /// step is right at most once, and the steps that are right ascend.
        #[test]
        fn a_code_is_accepted_at_most_once(
            seed: u64,
            tries in prop::collection::vec((0_i64..4, -2_i64..=2), 1..60),
        ) {
            let totp = Totp::generate(&Seeded::new(seed));
            let (mut now, mut last) = (NOW, None);
            let mut spent: Vec<(i64, String)> = Vec::new();
            for (elapsed, drift) in tries {
                now = now.plus(elapsed * 15);
                let code = totp.code_at(now.plus(drift * STEP));
                if let Verdict::Right { step, drift } = totp.check(&code, now, last) {
                    prop_assert!(last.is_none_or(|last| step > last));
                    prop_assert!((-1..=1).contains(&drift));
                    prop_assert_eq!(step, now.0 / STEP + drift);
                    last = Some(step);
                    spent.push((step, code));
                }
                for (step, code) in &spent {
                    let again = totp.check(code, now, last);
                    // Only the same digits of a later step may count once more.
                    let fresh = matches!(again, Verdict::Right { step: later, .. } if later > *step);
                    prop_assert!(fresh || !matches!(again, Verdict::Right { .. }), "{again:?}");
                }
            }
        }

        #[test]
        fn nothing_that_is_typed_breaks_it(typed in ".{0,20}", now: i64, last: Option<i64>) {
            let _ = rfc().check(&typed, Timestamp(now), last);
        }
    }
}
