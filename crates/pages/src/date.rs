//! Times for machines; `vestibule-text` has them in words.

use vestibule_model::Timestamp;

/// `2026-11-21T14:05:09Z` (RFC 3339), for the `datetime` attribute.
pub(crate) fn machine(at: Timestamp) -> String {
    let rest = at.0.rem_euclid(86_400);
    let (hour, minute, second) = (rest / 3_600, rest % 3_600 / 60, rest % 60);
    let (year, month, day) = vestibule_text::calendar_day(at);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_exact_to_the_second() {
        assert_eq!(machine(Timestamp(1_795_269_909)), "2026-11-21T14:05:09Z");
        assert_eq!(machine(Timestamp(0)), "1970-01-01T00:00:00Z");
        assert_eq!(machine(Timestamp(-1)), "1969-12-31T23:59:59Z");
        assert_eq!(machine(Timestamp(951_782_400)), "2000-02-29T00:00:00Z");
        assert_eq!(machine(Timestamp(4_107_542_400)), "2100-03-01T00:00:00Z");
    }
}
