//! Times for people.

use vestibule_model::Timestamp;

/// A time as RFC 3339 writes it, in UTC.
#[must_use]
pub fn written(time: Timestamp) -> String {
    jiff::Timestamp::from_second(time.0).map_or_else(|_| time.0.to_string(), |t| t.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utc_to_the_second() {
        assert_eq!(written(Timestamp(1_795_000_000)), "2026-11-18T11:06:40Z");
    }
}
