//! Which claims about a person go where (OIDC Core §5).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use vestibule_model::{
    ErrorCode, OAuthError, ScopeSet, Subject,
    claims::{ClaimRequest, ClaimsRequest},
    user::User,
};

/// The claims of the `profile` scope (OIDC Core §5.4).
const PROFILE: &[&str] = &[
    "name",
    "family_name",
    "given_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "updated_at",
];
const EMAIL: &[&str] = &["email", "email_verified"];
const PHONE: &[&str] = &["phone_number", "phone_number_verified"];
const ADDRESS: &[&str] = &["address"];

/// Claims about the sign-in itself, which the ID token's maker fills in.
const ABOUT_SIGN_IN: &[&str] = &["sub", "acr", "amr", "auth_time"];

/// Every claim this server can give, for discovery (`claims_supported`).
pub const SUPPORTED: &[&str] = &[
    "sub",
    "iss",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "sid",
    "name",
    "family_name",
    "given_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "updated_at",
    "email",
    "email_verified",
    "phone_number",
    "phone_number_verified",
    "address",
];

/// The claims that a scope stands for (OIDC Core §5.4); none for a scope of another kind.
#[must_use]
pub fn of_scope(name: &str) -> &'static [&'static str] {
    match name {
        "profile" => PROFILE,
        "email" => EMAIL,
        "phone" => PHONE,
        "address" => ADDRESS,
        _ => &[],
    }
}

/// The userinfo answer (OIDC Core §5.3.2): `sub`, what the scopes stand for, and what the `claims`
/// parameter asked for by name. Claims without a value are left out.
#[must_use]
pub fn userinfo(user: &User, scope: &ScopeSet, claims: &ClaimsRequest) -> Map<String, Value> {
    let mut answer = Map::new();
    answer.insert("sub".to_owned(), Value::from(user.id.as_str()));
    answer.extend(of_scopes(user, scope));
    answer.extend(named(user, &claims.userinfo));
    answer
}

/// The claims about the person that go into the ID token: those asked for by name in
/// `claims.id_token`. What scopes stand for goes to userinfo, where an access token is issued for it
/// (OIDC Core §5.4); see [`id_token_alone`]. `sub` and the claims about the sign-in are the
/// caller's.
#[must_use]
pub fn id_token(user: &User, scope: &ScopeSet, claims: &ClaimsRequest) -> Map<String, Value> {
    if !scope.contains(vestibule_model::scope::OPENID) {
        return Map::new();
    }
    named(user, &claims.id_token).collect()
}

/// As [`id_token`], for `response_type=id_token`: no access token is issued that could fetch what
/// the scopes stand for, so it goes into the ID token (OIDC Core §5.4).
#[must_use]
pub fn id_token_alone(user: &User, scope: &ScopeSet, claims: &ClaimsRequest) -> Map<String, Value> {
    let mut body: Map<_, _> = of_scopes(user, scope).collect();
    body.extend(id_token(user, scope, claims));
    body
}

/// Whether the request is content with this person: `sub` with neither `value` nor `values`, or with
/// theirs among them (OIDC Core §3.1.2.2, §5.5.1).
#[must_use]
pub fn fits_subject(claims: &ClaimsRequest, subject: &Subject) -> bool {
    let wanted = claims.id_token.get("sub").and_then(Option::as_ref);
    wanted.is_none_or(|wanted| is_wanted(wanted, &Value::from(subject.as_str())))
}

/// The values that a claim is wanted with, best first; none if any will do (OIDC Core §5.5.1).
pub(crate) fn wanted_values(wanted: &ClaimRequest) -> impl Iterator<Item = &Value> {
    wanted.value.iter().chain(wanted.values.iter().flatten())
}

fn is_wanted(wanted: &ClaimRequest, value: &Value) -> bool {
    let mut values = wanted_values(wanted).peekable();
    values.peek().is_none() || values.any(|wanted| wanted == value)
}

/// The names of personal claims asked for one by one, sorted: what the consent page shows and what
/// a remembered consent keeps.
#[must_use]
pub fn asked_by_name(claims: &ClaimsRequest) -> Vec<String> {
    let names = claims.userinfo.keys().chain(claims.id_token.keys());
    let personal: BTreeSet<_> = names.filter(|name| is_personal(name)).cloned().collect();
    personal.into_iter().collect()
}

/// Reads the `claims` parameter (OIDC Core §5.5). Members and claims that this server does not know
/// are ignored, as the specification demands.
pub fn parse_request(text: &str) -> Result<ClaimsRequest, OAuthError> {
    let wrong = |detail: String| OAuthError::new(ErrorCode::ClaimsMalformed).because(detail);
    let document: Value = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
    let Value::Object(mut members) = document else {
        return Err(wrong("the document is no object".to_owned()));
    };
    let mut part = |name: &str| match members.remove(name) {
        None | Some(Value::Null) => Ok(BTreeMap::new()),
        Some(Value::Object(claims)) => part_of_request(name, claims).map_err(wrong),
        Some(_) => Err(wrong(format!("{name} is no object"))),
    };
    Ok(ClaimsRequest { userinfo: part("userinfo")?, id_token: part("id_token")? })
}

fn part_of_request(
    part: &str,
    claims: Map<String, Value>,
) -> Result<BTreeMap<String, Option<ClaimRequest>>, String> {
    claims
        .into_iter()
        .filter(|(name, _)| is_personal(name) || ABOUT_SIGN_IN.contains(&name.as_str()))
        .map(|(name, value)| match serde_json::from_value(value) {
            Ok(request) => Ok((name, request)),
            Err(error) => Err(format!("{part}.{name}: {error}")),
        })
        .collect()
}

fn is_personal(name: &str) -> bool {
    [PROFILE, EMAIL, PHONE, ADDRESS].iter().any(|group| group.contains(&name))
}

fn of_scopes(user: &User, scope: &ScopeSet) -> impl Iterator<Item = (String, Value)> {
    let names = scope.iter().flat_map(of_scope);
    names.filter_map(|name| value_of(user, name).map(|value| ((*name).to_owned(), value)))
}

/// The claims asked for one by one. One that is wanted with a certain value comes with that value
/// or not at all: without it, it is another answer than the client asked for, and leaving a claim
/// out is never an error (OIDC Core §5.5.1).
fn named(
    user: &User,
    asked: &BTreeMap<String, Option<ClaimRequest>>,
) -> impl Iterator<Item = (String, Value)> {
    asked.iter().filter_map(|(name, wanted)| {
        let value = value_of(user, name)?;
        let fits = wanted.as_ref().is_none_or(|wanted| is_wanted(wanted, &value));
        fits.then(|| (name.clone(), value))
    })
}

fn value_of(user: &User, name: &str) -> Option<Value> {
    let profile = &user.profile;
    let text = |field: &Option<String>| field.as_deref().map(Value::from);
    match name {
        "name" => text(&profile.name),
        "family_name" => text(&profile.family_name),
        "given_name" => text(&profile.given_name),
        "middle_name" => text(&profile.middle_name),
        "nickname" => text(&profile.nickname),
        "preferred_username" => Some(Value::from(user.username.as_str())),
        "profile" => text(&profile.profile),
        "picture" => text(&profile.picture),
        "website" => text(&profile.website),
        "gender" => text(&profile.gender),
        "birthdate" => text(&profile.birthdate),
        "zoneinfo" => text(&profile.zoneinfo),
        "locale" => text(&profile.locale),
        "updated_at" => Some(Value::from(user.updated_at.0)),
        "email" => Some(Value::from(user.email.as_str())),
        "email_verified" => Some(Value::from(user.email_verified)),
        "phone_number" => text(&profile.phone_number),
        "phone_number_verified" => {
            profile.phone_number.as_ref().and(profile.phone_number_verified).map(Value::from)
        }
        "address" => profile.address.clone(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
