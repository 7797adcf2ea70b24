//! Scopes and claims in plain words.

/// One line of the consent page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Permission<'a> {
    /// What the client may do, by its key in the catalogue.
    pub(crate) key: &'static str,
    /// The value it would see, if it is one that the person can check.
    pub(crate) value: Option<&'a str>,
    /// A name that we have no words for: shown as it came, never left out.
    pub(crate) raw: Option<&'a str>,
}

impl<'a> Permission<'a> {
    const fn plain(key: &'static str) -> Self {
        Self { key, value: None, raw: None }
    }

    const fn showing(key: &'static str, value: &'a str) -> Self {
        Self { key, value: Some(value), raw: None }
    }
}

/// What a scope (OIDC Core §5.4, §11) allows.
pub(crate) fn of_scope<'a>(scope: &'a str, name: &'a str, email: &'a str) -> Permission<'a> {
    match scope {
        "openid" => Permission::plain("permission-scope-openid"),
        "profile" => Permission::showing("permission-scope-profile", name),
        "email" => Permission::showing("permission-scope-email", email),
        "address" => Permission::plain("permission-scope-address"),
        "phone" => Permission::plain("permission-scope-phone"),
        "offline_access" => Permission::plain("permission-scope-offline-access"),
        other => Permission { key: "permission-scope-unknown", value: None, raw: Some(other) },
    }
}

/// What a claim asked for one by one (OIDC Core §5.1, §5.5) gives away.
pub(crate) fn of_claim<'a>(claim: &'a str, name: &'a str, email: &'a str) -> Permission<'a> {
    let key = match claim {
        "name" => return Permission::showing("permission-claim-name", name),
        "email" => return Permission::showing("permission-claim-email", email),
        "given_name" => "permission-claim-given-name",
        "family_name" => "permission-claim-family-name",
        "middle_name" => "permission-claim-middle-name",
        "nickname" => "permission-claim-nickname",
        "preferred_username" => "permission-claim-preferred-username",
        "profile" => "permission-claim-profile",
        "picture" => "permission-claim-picture",
        "website" => "permission-claim-website",
        "gender" => "permission-claim-gender",
        "birthdate" => "permission-claim-birthdate",
        "zoneinfo" => "permission-claim-zoneinfo",
        "locale" => "permission-claim-locale",
        "updated_at" => "permission-claim-updated-at",
        "email_verified" => "permission-claim-email-verified",
        "address" => "permission-claim-address",
        "phone_number" => "permission-claim-phone-number",
        "phone_number_verified" => "permission-claim-phone-number-verified",
        "auth_time" => "permission-claim-auth-time",
        "acr" | "amr" => "permission-claim-method",
        other => {
            return Permission { key: "permission-claim-unknown", value: None, raw: Some(other) };
        }
    };
    Permission::plain(key)
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
