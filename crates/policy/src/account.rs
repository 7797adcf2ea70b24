//! What an account's user name, mail address and password may be.

/// The least number of characters of a password (NIST SP 800-63B-4 §3.1.1.2).
pub const PASSWORD_MIN: usize = 12;
/// The greatest number of characters of a password.
pub const PASSWORD_MAX: usize = 128;

/// A user name: 1 to 64 characters, none of them a control, a space or an `@`, which would make it
/// look like a mail address.
pub fn check_username(name: &str) -> Result<(), &'static str> {
    let length = name.chars().count();
    if length == 0 {
        return Err("Choose a user name.");
    }
    if length > 64 {
        return Err("This user name is too long: 64 characters are the most.");
    }
    if name.chars().any(|c| c.is_control() || c.is_whitespace() || c == '@') {
        return Err("A user name has no spaces and no @ in it.");
    }
    Ok(())
}

/// A mail address, as far as its look tells; whether it works only a mail can tell.
pub fn check_email(email: &str) -> Result<(), &'static str> {
    const WRONG: &str = "This does not look like a mail address.";
    let (local, domain) = email.rsplit_once('@').ok_or(WRONG)?;
    let spaced = email.chars().any(|c| c.is_control() || c.is_whitespace());
    let dotted = domain.split('.').all(|label| !label.is_empty());
    if local.is_empty() || spaced || !dotted || email.len() > 254 {
        return Err(WRONG);
    }
    Ok(())
}

/// A new password, by its length; counted in characters, for a passphrase in any script is fine.
pub fn check_password(password: &str) -> Result<(), &'static str> {
    match password.chars().count() {
        0 => Err("Choose a password."),
        1..PASSWORD_MIN => Err("This password is too short: it needs 12 characters or more."),
        PASSWORD_MIN..=PASSWORD_MAX => Ok(()),
        _ => Err("This password is too long: 128 characters are the most."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames() {
        for good in ["ana", "Ana.Lima", "élise", "a", &"x".repeat(64)] {
            assert_eq!(check_username(good), Ok(()), "{good}");
        }
        for bad in ["", "a b", "a@b", "a\u{0}b", &"x".repeat(65)] {
            assert!(check_username(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn emails() {
        for good in ["ana@example.org", "a@localhost", "\"odd@name\"@example.org"] {
            assert_eq!(check_email(good), Ok(()), "{good}");
        }
        for bad in ["", "ana", "ana@", "@example.org", "a b@example.org", "a@b..c", "a@.b"] {
            assert!(check_email(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn passwords_are_counted_in_characters() {
        assert!(check_password("").is_err());
        assert!(check_password("elevenchars").is_err());
        assert_eq!(check_password("twelve chars"), Ok(()));
        assert_eq!(check_password(&"ß".repeat(128)), Ok(()));
        assert!(check_password(&"x".repeat(129)).is_err());
    }
}
