//! Who must prove more than a password, and when.

use serde_json::Value;
use vestibule_model::{
    ScopeSet, Timestamp,
    client::Client,
    device::Device,
    factor::Factors,
    interaction::AuthorizationRequest,
    settings::{MfaRequired, MfaRules},
    user::User,
};

use crate::acr::Level;

/// The least level for this person, and for what the client asks if there is a request.
///
/// `acr_values` is taken at its word (RFC 9470 §5): the weakest class among those named is enough.
/// Classes that nobody here can reach ask for nothing, as OIDC Core §3.1.2.1 has it for a wish; an
/// essential one was refused when the request came in.
#[must_use]
pub fn required(
    user: &User,
    request: Option<(&AuthorizationRequest, &Client)>,
    rules: &MfaRules,
) -> Level {
    let floor = of_person(user, rules);
    let asked = request.map_or(Level::Password, |(request, client)| {
        of_client(client).max(of_scope(&request.scope, rules)).max(of_wish(request))
    });
    floor.max(asked)
}

/// The least level for a token of that client and scope (RFC 9470 §3), where no request is at hand.
#[must_use]
pub fn required_of_token(
    user: &User,
    client: &Client,
    scope: &ScopeSet,
    rules: &MfaRules,
) -> Level {
    of_person(user, rules).max(of_client(client)).max(of_scope(scope, rules))
}

fn of_person(user: &User, rules: &MfaRules) -> Level {
    let in_group = user.groups.iter().any(|group| rules.groups.contains(group));
    let must = in_group
        || match rules.required {
            MfaRequired::Nobody => false,
            MfaRequired::Administrators => user.is_admin,
            MfaRequired::Everyone => true,
        };
    if must { Level::Mfa } else { Level::Password }
}

fn of_client(client: &Client) -> Level {
    client.metadata.required_acr.as_deref().and_then(Level::of_acr).unwrap_or(Level::Password)
}

fn of_scope(scope: &ScopeSet, rules: &MfaRules) -> Level {
    let sensitive = rules.scopes.iter().any(|sensitive| scope.contains(sensitive));
    if sensitive { Level::Mfa } else { Level::Password }
}

fn of_wish(request: &AuthorizationRequest) -> Level {
    let wished = request.acr_values.iter().map(String::as_str);
    let claim = request.claims.id_token.get("acr").and_then(Option::as_ref);
    let claimed = claim.into_iter().flat_map(|claim| {
        claim.value.iter().chain(claim.values.iter().flatten()).filter_map(Value::as_str)
    });
    let weakest = |classes: &mut dyn Iterator<Item = &str>| {
        classes.filter_map(Level::of_acr).min().unwrap_or(Level::Password)
    };
    weakest(&mut { wished }).max(weakest(&mut { claimed }))
}

/// Whether the second factor is asked for after a password that was right: whoever enrolled one is
/// asked, but not on a device they chose to have remembered.
#[must_use]
pub fn asks_second_factor(factors: &Factors, device: Option<&Device>, now: Timestamp) -> bool {
    factors.any() && !device.is_some_and(|device| is_trusted(device, now))
}

/// Whether the device stands in for the second factor now.
#[must_use]
pub fn is_trusted(device: &Device, now: Timestamp) -> bool {
    device.trusted_until.is_some_and(|until| now < until)
}

/// A way to prove more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// A passkey.
    Passkey,
    /// A code from an authenticator app.
    Totp,
    /// A recovery code, in the place of a lost factor.
    RecoveryCode,
    /// A code by mail.
    Email,
}

impl Method {
    /// Every method, the strongest first.
    pub const ALL: [Self; 4] = [Self::Passkey, Self::Totp, Self::RecoveryCode, Self::Email];

    /// Its name in forms.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passkey => "passkey",
            Self::Totp => "totp",
            Self::RecoveryCode => "recovery",
            Self::Email => "email",
        }
    }

    /// The method of that name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == name)
    }

    /// The level that a password with this method reaches.
    #[must_use]
    pub const fn level(self) -> Level {
        match self {
            Self::Passkey => Level::PhishingResistant,
            Self::Totp | Self::RecoveryCode => Level::Mfa,
            Self::Email => Level::Mail,
        }
    }
}

/// The ways this person can reach `level`, the strongest first. A code by mail serves only those
/// who enrolled nothing better: it must not become the way around a second factor (recovery never
/// lowers assurance).
#[must_use]
pub fn methods(
    factors: &Factors,
    user: &User,
    level: Level,
    rules: &MfaRules,
    mail: bool,
) -> Vec<Method> {
    let has = |method: &Method| match method {
        Method::Passkey => !factors.passkeys.is_empty(),
        Method::Totp => !factors.totp.is_empty(),
        Method::RecoveryCode => factors.any() && factors.recovery_codes_left > 0,
        Method::Email => !factors.any() && rules.email_code && user.email_verified && mail,
    };
    Method::ALL.into_iter().filter(|method| method.level() >= level && has(method)).collect()
}

#[cfg(test)]
mod tests;
