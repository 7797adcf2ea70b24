//! Scopes and claims in plain words.

/// One line of the consent page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Permission<'a> {
    /// What the client may do.
    pub(crate) text: &'static str,
    /// The value it would see, if it is one that the person can check.
    pub(crate) value: Option<&'a str>,
    /// A name that we have no words for: shown as it came, never left out.
    pub(crate) raw: Option<&'a str>,
}

impl<'a> Permission<'a> {
    const fn plain(text: &'static str) -> Self {
        Self { text, value: None, raw: None }
    }

    const fn showing(text: &'static str, value: &'a str) -> Self {
        Self { text, value: Some(value), raw: None }
    }
}

/// What a scope (OIDC Core §5.4, §11) allows.
pub(crate) fn of_scope<'a>(scope: &'a str, name: &'a str, email: &'a str) -> Permission<'a> {
    match scope {
        "openid" => Permission::plain("Know that it’s you, each time you sign in"),
        "profile" => Permission::showing("See your name and profile", name),
        "email" => Permission::showing("See your mail address", email),
        "address" => Permission::plain("See your postal address"),
        "phone" => Permission::plain("See your phone number"),
        "offline_access" => Permission::plain("Stay connected while you’re away"),
        other => Permission {
            text: "Use a permission we have no words for:",
            value: None,
            raw: Some(other),
        },
    }
}

/// What a claim asked for one by one (OIDC Core §5.1, §5.5) gives away.
pub(crate) fn of_claim<'a>(claim: &'a str, name: &'a str, email: &'a str) -> Permission<'a> {
    let text = match claim {
        "name" => return Permission::showing("Your full name", name),
        "email" => return Permission::showing("Your mail address", email),
        "given_name" => "Your given name",
        "family_name" => "Your family name",
        "middle_name" => "Your middle name",
        "nickname" => "Your nickname",
        "preferred_username" => "Your user name",
        "profile" => "The address of your profile page",
        "picture" => "Your picture",
        "website" => "Your website",
        "gender" => "Your gender",
        "birthdate" => "Your date of birth",
        "zoneinfo" => "Your time zone",
        "locale" => "Your language",
        "updated_at" => "When your profile last changed",
        "email_verified" => "Whether your mail address is confirmed",
        "address" => "Your postal address",
        "phone_number" => "Your phone number",
        "phone_number_verified" => "Whether your phone number is confirmed",
        "auth_time" => "When you last signed in",
        "acr" | "amr" => "How you signed in",
        other => {
            return Permission {
                text: "A detail we have no words for:",
                value: None,
                raw: Some(other),
            };
        }
    };
    Permission::plain(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_scopes_have_words() {
        for scope in ["openid", "profile", "email", "address", "phone", "offline_access"] {
            assert_eq!(of_scope(scope, "Ana", "ana@x.example").raw, None, "{scope}");
        }
        assert_eq!(of_scope("email", "Ana", "ana@x.example").value, Some("ana@x.example"));
    }

    #[test]
    fn unknown_names_are_shown_raw() {
        assert_eq!(of_scope("notes:write", "", "").raw, Some("notes:write"));
        assert_eq!(of_claim("shoe_size", "", "").raw, Some("shoe_size"));
    }
}
