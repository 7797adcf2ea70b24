//! Times in words.

use vestibule_model::{Timestamp, message::Value};

use crate::{Lang, format};

/// `21 November 2026`, in UTC.
#[must_use]
pub fn day(lang: Lang, at: Timestamp) -> String {
    format(lang, "time-day", &Civil::of(at).args())
}

/// `21 November 2026, 14:05 UTC`.
#[must_use]
pub fn moment(lang: Lang, at: Timestamp) -> String {
    format(lang, "time-moment", &Civil::of(at).args())
}

/// A span of seconds, such as `5 minutes`, in the largest unit that is exact.
#[must_use]
pub fn span(lang: Lang, seconds: i64) -> String {
    let (count, key) = match seconds {
        s if s >= 86_400 && s % 86_400 == 0 => (s / 86_400, "time-days"),
        s if s >= 3_600 && s % 3_600 == 0 => (s / 3_600, "time-hours"),
        s if s >= 60 && s % 60 == 0 => (s / 60, "time-minutes"),
        s => (s, "time-seconds"),
    };
    format(lang, key, &[("count", Value::Number(count))])
}

/// The year, the month from 1 and the day from 1, in UTC.
#[must_use]
pub fn calendar_day(at: Timestamp) -> (i64, i64, i64) {
    let Civil { year, month, day, .. } = Civil::of(at);
    (year, month, day)
}

/// A time on the calendar and the clock, in UTC.
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
}

impl Civil {
    /// Days to a date of the Gregorian calendar, counted in 400-year eras that start in March, so
    /// that the leap day is the last of its year.
    fn of(at: Timestamp) -> Self {
        let (days, rest) = (at.0.div_euclid(86_400), at.0.rem_euclid(86_400));
        let since_era_start = days + 719_468;
        let era = since_era_start.div_euclid(146_097);
        let day_of_era = since_era_start.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * march_month + 2) / 5 + 1,
            hour: rest / 3_600,
            minute: rest % 3_600 / 60,
        }
    }

    /// The month is a number, for the catalogue to name; what is written in digits is text, so
    /// that a year is not grouped like a sum.
    fn args(&self) -> [(&'static str, Value); 5] {
        [
            ("year", Value::Text(self.year.to_string())),
            ("month", Value::Number(self.month)),
            ("day", Value::Number(self.day)),
            ("hour", Value::Text(format!("{:02}", self.hour))),
            ("minute", Value::Text(format!("{:02}", self.minute))),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_well() {
        let at = Timestamp(1_795_269_909);
        assert_eq!(
            Lang::ALL.map(|lang| moment(lang, at)),
            [
                "21 November 2026, 14:05 UTC",
                "21. November 2026, 14:05 Uhr UTC",
                "21 novembre 2026 à 14 h 05 UTC",
                "21 de noviembre de 2026, 14:05 UTC",
            ]
        );
        let first = Timestamp(1_795_269_909 + 10 * 86_400);
        assert_eq!(
            Lang::ALL.map(|lang| day(lang, first)),
            ["1 December 2026", "1. Dezember 2026", "1er décembre 2026", "1 de diciembre de 2026",]
        );
    }

    #[test]
    fn the_calendar_knows_its_leap_years() {
        for (at, text) in [
            (0, "1 January 1970, 00:00 UTC"),
            (-1, "31 December 1969, 23:59 UTC"),
            (951_782_400, "29 February 2000, 00:00 UTC"),
            (4_107_542_400, "1 March 2100, 00:00 UTC"),
        ] {
            assert_eq!(moment(Lang::En, Timestamp(at)), text);
        }
    }

    #[test]
    fn every_month_has_its_name() {
        for lang in Lang::ALL {
            let month = |n: i64| day(lang, Timestamp(n * 2_629_800 + 86_400));
            let names: Vec<_> = (0..12).map(month).collect();
            assert!(names.iter().all(|name| !name.contains('$')), "{names:?}");
            let letters = |name: &String| name.chars().filter(|c| c.is_alphabetic()).collect();
            let told_apart: std::collections::HashSet<String> = names.iter().map(letters).collect();
            assert!(told_apart.len() >= 12, "{names:?}");
        }
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
            assert_eq!(span(Lang::En, seconds), text);
        }
        assert_eq!(span(Lang::Fr, 0), "0 seconde");
        assert_eq!(span(Lang::De, 172_800), "2 Tage");
    }
}
