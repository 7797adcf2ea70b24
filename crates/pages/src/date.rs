//! Times in words.

use vestibule_model::Timestamp;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

struct Civil {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

/// `21 November 2026, 14:05 UTC`.
pub(crate) fn words(at: Timestamp) -> String {
    let c = civil(at);
    let month = usize::try_from(c.month - 1).ok().and_then(|m| MONTHS.get(m)).unwrap_or(&"");
    format!("{} {month} {}, {:02}:{:02} UTC", c.day, c.year, c.hour, c.minute)
}

/// `2026-11-21T14:05:09Z` (RFC 3339), for the `datetime` attribute.
pub(crate) fn machine(at: Timestamp) -> String {
    let c = civil(at);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        c.year, c.month, c.day, c.hour, c.minute, c.second
    )
}

/// `5 minutes`, in the largest unit that is exact.
pub(crate) fn span(seconds: i64) -> String {
    let (count, unit) = match seconds {
        s if s >= 86_400 && s % 86_400 == 0 => (s / 86_400, "day"),
        s if s >= 3_600 && s % 3_600 == 0 => (s / 3_600, "hour"),
        s if s >= 60 && s % 60 == 0 => (s / 60, "minute"),
        s => (s, "second"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// Days to a date of the Gregorian calendar, counted in 400-year eras that start in March, so
/// that the leap day is the last of its year.
fn civil(at: Timestamp) -> Civil {
    let (days, rest) = (at.0.div_euclid(86_400), at.0.rem_euclid(86_400));
    let since_era_start = days + 719_468;
    let era = since_era_start.div_euclid(146_097);
    let day_of_era = since_era_start.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    Civil {
        year: year_of_era + era * 400 + i64::from(month <= 2),
        month,
        day: day_of_year - (153 * march_month + 2) / 5 + 1,
        hour: rest / 3_600,
        minute: rest % 3_600 / 60,
        second: rest % 60,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_well() {
        assert_eq!(words(Timestamp(1_795_269_909)), "21 November 2026, 14:05 UTC");
        assert_eq!(machine(Timestamp(1_795_269_909)), "2026-11-21T14:05:09Z");
        assert_eq!(machine(Timestamp(0)), "1970-01-01T00:00:00Z");
        assert_eq!(machine(Timestamp(-1)), "1969-12-31T23:59:59Z");
        assert_eq!(machine(Timestamp(951_782_400)), "2000-02-29T00:00:00Z");
        assert_eq!(machine(Timestamp(4_107_542_400)), "2100-03-01T00:00:00Z");
    }

    #[test]
    fn spans_use_the_largest_exact_unit() {
        let cases = [
            (0, "0 seconds"),
            (1, "1 second"),
            (60, "1 minute"),
            (300, "5 minutes"),
            (90, "90 seconds"),
            (3_600, "1 hour"),
            (172_800, "2 days"),
        ];
        for (seconds, text) in cases {
            assert_eq!(span(seconds), text);
        }
    }
}
