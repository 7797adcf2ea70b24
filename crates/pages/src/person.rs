//! The person a page speaks to.

/// An account as pages show it.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// What to call the person (`User::display_name`).
    pub name: &'a str,
    /// The user name.
    pub username: &'a str,
    /// The mail address.
    pub email: &'a str,
}

impl Person<'_> {
    /// The letter of the account card: the first of the name, in upper case.
    #[must_use]
    pub fn initial(&self) -> String {
        initial_of(&[self.name, self.username])
    }
}

/// The first letter of the first text that has one, in upper case.
pub(crate) fn initial_of(texts: &[&str]) -> String {
    (texts.iter().flat_map(|text| text.chars()))
        .find(|letter| letter.is_alphanumeric())
        .map_or_else(|| "·".to_owned(), |letter| letter.to_uppercase().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initial_is_the_first_letter() {
        let of = |name, username| Person { name, username, email: "" }.initial();
        assert_eq!(of("ana", "x"), "A");
        assert_eq!(of("  «Élise»", "x"), "É");
        assert_eq!(of("!!", "bo"), "B");
        assert_eq!(of("", ""), "·");
    }
}
