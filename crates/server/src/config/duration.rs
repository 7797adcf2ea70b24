//! Durations as people write them: `10m`, `1h 30m`, `30d`.

use std::time::Duration;

use jiff::{Span, SpanRelativeTo};

/// Reads a duration.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let help = "write a number and a unit, such as \"30s\", \"10m\", \"12h\" or \"30d\"";
    let span: Span = text.parse().map_err(|_| format!("{text:?} is not a duration: {help}"))?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return Err("months and years differ in length: write days, such as \"30d\"".to_owned());
    }
    let exact = span
        .to_duration(SpanRelativeTo::days_are_24_hours())
        .map_err(|_| format!("{text:?} is not a duration: {help}"))?;
    Duration::try_from(exact).map_err(|_| "must not be negative".to_owned())
}

/// Writes a duration the way [`parse`] reads it, in its largest even unit.
pub(super) fn format(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if duration.subsec_millis() != 0 || seconds == 0 {
        return format!("{}ms", duration.as_millis());
    }
    [(86_400, "d"), (3_600, "h"), (60, "m")]
        .into_iter()
        .find(|(size, _)| seconds.is_multiple_of(*size))
        .map_or_else(|| format!("{seconds}s"), |(size, unit)| format!("{}{unit}", seconds / size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_understood() {
        for (text, seconds) in [
            ("45s", 45),
            ("10m", 600),
            ("10 minutes", 600),
            ("1h 30m", 5_400),
            ("1h30m", 5_400),
            ("12h", 43_200),
            ("30d", 2_592_000),
            ("2w", 1_209_600),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
    }

    #[test]
    fn what_nobody_means_is_refused() {
        for text in ["", "10", "10 parsecs", "-5m", "1mo", "1y", "m"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_survive_being_written_and_read() {
        for seconds in [1, 59, 60, 61, 3_600, 5_400, 86_400, 2_592_000] {
            let duration = Duration::from_secs(seconds);
            assert_eq!(parse(&format(duration)), Ok(duration), "{seconds}");
        }
    }
}
