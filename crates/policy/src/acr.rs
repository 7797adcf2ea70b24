//! Authentication context classes (OIDC Core §2, `acr`): how well a person proved who they are, and
//! what that follows from.

use serde_json::Value;
use vestibule_model::claims::ClaimsRequest;

use crate::claims::wanted_values;

/// How well, from weak to strong. A higher level answers for a lower one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// A password.
    Password,
    /// A password and a code sent by mail.
    Mail,
    /// Two factors: a password and a code that only the person's own device makes.
    Mfa,
    /// A passkey: nothing that a false site could pass on.
    PhishingResistant,
}

impl Level {
    /// Every level, from weak to strong.
    pub const ALL: [Self; 4] = [Self::Password, Self::Mail, Self::Mfa, Self::PhishingResistant];

    /// The `acr` value. `phr` is registered by OpenID Connect EAP ACR Values 1.0 §2.
    #[must_use]
    pub const fn acr(self) -> &'static str {
        match self {
            Self::Password => "urn:vestibule:acr:pwd",
            Self::Mail => "urn:vestibule:acr:mail",
            Self::Mfa => "urn:vestibule:acr:mfa",
            Self::PhishingResistant => "phr",
        }
    }

    /// The level of that `acr` value.
    #[must_use]
    pub fn of_acr(acr: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.acr() == acr)
    }

    /// The level that these methods (RFC 8176 §2) reach.
    #[must_use]
    pub fn of_amr(amr: &[String]) -> Self {
        let has = |method: &str| amr.iter().any(|known| known == method);
        // A key that asked for no PIN or finger proves possession only (it then says no `mfa`), and so
        // needs the password beside it.
        let key = has(amr::HARDWARE_KEY) || has(amr::SOFTWARE_KEY);
        if key && (has(amr::MFA) || has(amr::PASSWORD)) {
            Self::PhishingResistant
        } else if has(amr::PASSWORD) && has(amr::OTP) && has(amr::MFA) {
            Self::Mfa
        } else if has(amr::PASSWORD) && has(amr::OTP) && has(amr::MULTI_CHANNEL) {
            Self::Mail
        } else {
            Self::Password
        }
    }
}

/// Authentication method references (RFC 8176 §2), as far as this server knows them.
pub mod amr {
    /// A password.
    pub const PASSWORD: &str = "pwd";
    /// A one-time password.
    pub const OTP: &str = "otp";
    /// More than one factor.
    pub const MFA: &str = "mfa";
    /// More than one channel: the code came by mail.
    pub const MULTI_CHANNEL: &str = "mca";
    /// A key that never leaves its device.
    pub const HARDWARE_KEY: &str = "hwk";
    /// A key that is synchronised between devices.
    pub const SOFTWARE_KEY: &str = "swk";
    /// Somebody was there and touched the authenticator.
    pub const USER: &str = "user";
}

/// Signed in with a password.
pub const PASSWORD: &str = Level::Password.acr();

/// Every class this server can reach, in the order discovery lists them (`acr_values_supported`).
pub const SUPPORTED: &[&str] =
    &[Level::Password.acr(), Level::Mail.acr(), Level::Mfa.acr(), Level::PhishingResistant.acr()];

/// The `acr` of an ID token for a sign-in that reached `reached`. Where `claims` wants it to be one
/// of certain values it must be one of them (OIDC Core §5.5.1.1), and a sign-in that proved more
/// answers for less; if none can be said, it is what was reached.
#[must_use]
pub fn told<'a>(reached: &'a str, claims: &ClaimsRequest) -> &'a str {
    let Some(level) = Level::of_acr(reached) else { return reached };
    let wanted = claims.id_token.get("acr").and_then(Option::as_ref).into_iter();
    let values = wanted.flat_map(wanted_values).filter_map(Value::as_str);
    let best = values.filter_map(Level::of_acr).filter(|wanted| *wanted <= level).max();
    match best {
        Some(level) => level.acr(),
        None => reached,
    }
}

/// `methods` with `more`, each once, in the order they were proved.
#[must_use]
pub fn joined(methods: &[String], more: &[String]) -> Vec<String> {
    let mut all = methods.to_vec();
    all.extend(more.iter().filter(|method| !methods.contains(method)).cloned());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(methods: &[&str]) -> Vec<String> {
        methods.iter().map(|&method| method.to_owned()).collect()
    }

    #[test]
    fn levels_follow_from_what_was_proved() {
        for (methods, level) in [
            (&["pwd"][..], Level::Password),
            (&[], Level::Password),
            (&["pwd", "otp", "mca"], Level::Mail),
            (&["pwd", "otp", "mfa"], Level::Mfa),
            // One factor alone is no second one, whatever else is said.
            (&["otp", "mfa"], Level::Password),
            (&["pwd", "mfa"], Level::Password),
            (&["hwk", "user"], Level::Password),
            (&["pwd", "swk", "mfa"], Level::PhishingResistant),
            (&["hwk", "user", "mfa"], Level::PhishingResistant),
        ] {
            assert_eq!(Level::of_amr(&owned(methods)), level, "{methods:?}");
        }
    }

    #[test]
    fn every_level_has_its_own_name_and_is_found_by_it() {
        for level in Level::ALL {
            assert_eq!(Level::of_acr(level.acr()), Some(level));
            assert!(SUPPORTED.contains(&level.acr()));
        }
        assert_eq!(Level::of_acr("urn:vestibule:acr:none"), None);
    }

    #[test]
    fn the_class_told_is_one_that_was_wanted_if_it_can_be() {
        let (pwd, phr) = (Level::Password.acr(), Level::PhishingResistant.acr());
        for (reached, claims, expected) in [
            (pwd, "{}", pwd),
            (phr, r#"{"id_token":{"acr":{"essential":true}}}"#, phr),
            (phr, r#"{"id_token":{"acr":{"value":"urn:vestibule:acr:pwd"}}}"#, pwd),
            (phr, r#"{"id_token":{"acr":{"values":["x","urn:vestibule:acr:pwd","phr"]}}}"#, phr),
            (
                phr,
                r#"{"id_token":{"acr":{"essential":true,"values":["urn:vestibule:acr:pwd",
                    "urn:vestibule:acr:mfa"]}}}"#,
                Level::Mfa.acr(),
            ),
            // What was not reached is not claimed.
            (pwd, r#"{"id_token":{"acr":{"value":"phr"}}}"#, pwd),
            ("other", r#"{"id_token":{"acr":{"value":"phr"}}}"#, "other"),
        ] {
            let request = crate::claims::parse_request(claims).expect(claims);
            assert_eq!(told(reached, &request), expected, "{reached}: {claims}");
        }
    }

    #[test]
    fn methods_are_joined_once_each() {
        let joined = joined(&owned(&["pwd"]), &owned(&["pwd", "otp"]));
        assert_eq!(joined, owned(&["pwd", "otp"]));
    }
}
