//! What an account's user name and mail address may be, and how little of them is shown.

use vestibule_model::Message;

/// The greatest number of characters of a user name.
const USERNAME_MAX: i64 = 64;

/// A user name: 1 to 64 characters, none of them a control, a space or an `@`, which would make it
/// look like a mail address.
///
/// # Errors
/// The sentence that says what to change.
pub fn check_username(name: &str) -> Result<(), Message> {
    if name.is_empty() {
        return Err(Message::new("account-username-empty"));
    }
    if !(1..=USERNAME_MAX).contains(&characters(name)) {
        return Err(Message::new("account-username-too-long").with("max", USERNAME_MAX));
    }
    if name.chars().any(|c| c.is_control() || c.is_whitespace() || c == '@') {
        return Err(Message::new("account-username-spaced"));
    }
    Ok(())
}

/// A mail address, as far as its look tells; whether it works only a mail can tell.
///
/// # Errors
/// The sentence that says what to change.
pub fn check_email(email: &str) -> Result<(), Message> {
    let spaced = email.chars().any(|c| c.is_control() || c.is_whitespace());
    let dotted = |domain: &str| domain.split('.').all(|label| !label.is_empty());
    match email.rsplit_once('@') {
        Some((local, domain))
            if !local.is_empty() && dotted(domain) && !spaced && email.len() <= 254 =>
        {
            Ok(())
        }
        _ => Err(Message::new("account-email-look")),
    }
}

/// A mail address as pages and logs show it: `a…@example.org`. Enough for its owner to know it by.
#[must_use]
pub fn mask_email(email: &str) -> String {
    let Some((local, domain)) = email.rsplit_once('@') else { return "…".to_owned() };
    let first: String = local.chars().take(1).collect();
    format!("{first}…@{domain}")
}

/// A telephone number as pages and logs show it: `…67`.
#[must_use]
pub fn mask_phone(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    // Of a number this short the last two would be too much.
    let shown = if digits.len() < 6 { 0 } else { 2 };
    let last: String = digits.iter().skip(digits.len() - shown).collect();
    format!("…{last}")
}

fn characters(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(verdict: Result<(), Message>) -> &'static str {
        verdict.map_or_else(|why| why.key, |()| "fine")
    }

    #[test]
    fn usernames() {
        for good in ["ana", "Ana.Lima", "élise", "a", &"x".repeat(64), &"é".repeat(64)] {
            assert_eq!(check_username(good), Ok(()), "{good}");
        }
        let rows = [
            ("", "account-username-empty"),
            ("a b", "account-username-spaced"),
            ("a@b", "account-username-spaced"),
            ("a\u{0}b", "account-username-spaced"),
            (&"x".repeat(65), "account-username-too-long"),
        ];
        for (bad, why) in rows {
            assert_eq!(key(check_username(bad)), why, "{bad:?}");
        }
    }

    #[test]
    fn emails() {
        for good in ["ana@example.org", "a@localhost", "\"odd@name\"@example.org"] {
            assert_eq!(check_email(good), Ok(()), "{good}");
        }
        let long = format!("{}@example.org", "a".repeat(243));
        let bad = ["", "ana", "ana@", "@example.org", "a b@example.org", "a@b..c", "a@.b", &long];
        for bad in bad {
            assert_eq!(key(check_email(bad)), "account-email-look", "{bad:?}");
        }
    }

    #[test]
    fn masks_leave_enough_for_the_owner_only() {
        let rows = [
            ("ana@example.org", "a…@example.org"),
            ("a@example.org", "a…@example.org"),
            ("élise@example.org", "é…@example.org"),
            ("\"odd@name\"@example.org", "\"…@example.org"),
            ("no address", "…"),
        ];
        for (whole, masked) in rows {
            assert_eq!(mask_email(whole), masked);
        }
        for (whole, masked) in [("+49 170 1234567", "…67"), ("12345", "…"), ("", "…")] {
            assert_eq!(mask_phone(whole), masked);
        }
    }
}
