//! What people may say about themselves: the standard claims (OIDC Core §5.1), checked and brought
//! into the form that clients expect.

mod address;
mod values;

use vestibule_model::{Message, Timestamp, user::Profile};

/// A field of the profile form, by the name of its claim (OIDC Core §5.1, §5.1.1).
pub type Field = &'static str;

/// The value of one field in its proper form.
type Checked = Result<String, Message>;

/// The most characters of a name or another short text.
const TEXT_MAX: i64 = 120;
/// The most characters of what may have several lines.
const LINES_MAX: i64 = 500;

/// Checks the value of `field` and gives it in its proper form. `value` is neither empty nor
/// surrounded by spaces.
///
/// # Errors
/// The sentence that says what to change; also for a field that there is not.
pub fn check(field: Field, value: &str, now: Timestamp) -> Checked {
    match field {
        "name" | "given_name" | "family_name" | "middle_name" | "nickname" | "locality"
        | "region" | "postal_code" | "country" => values::text(value, TEXT_MAX),
        "gender" => values::text(value, 60),
        "profile" | "website" | "picture" => values::url(value),
        "birthdate" => values::birthdate(value, now),
        "zoneinfo" => values::zoneinfo(value),
        "locale" => values::locale(value),
        "phone_number" => values::phone_number(value),
        "formatted" | "street_address" => values::lines(value, LINES_MAX),
        _ => Err(Message::new("profile-unknown-field")),
    }
}

/// Reads the profile form. `params` gives the value of a field, by the claim's name; the members of
/// the address go by their own (`street_address`, …). What is empty is left out.
///
/// # Errors
/// Every field that cannot be taken as it is, with the sentence that says why.
pub fn read(
    params: &dyn Fn(&str) -> Option<String>,
    now: Timestamp,
) -> Result<Profile, Vec<(Field, Message)>> {
    let mut form = Form { params, now, problems: Vec::new() };
    let profile = Profile {
        name: form.take("name"),
        given_name: form.take("given_name"),
        family_name: form.take("family_name"),
        middle_name: form.take("middle_name"),
        nickname: form.take("nickname"),
        profile: form.take("profile"),
        picture: form.take("picture"),
        website: form.take("website"),
        gender: form.take("gender"),
        birthdate: form.take("birthdate"),
        zoneinfo: form.take("zoneinfo"),
        locale: form.take("locale"),
        phone_number: form.take("phone_number"),
        phone_number_verified: None,
        address: address::of(|member| form.take(member)),
    };
    if form.problems.is_empty() { Ok(profile) } else { Err(form.problems) }
}

struct Form<'a> {
    params: &'a dyn Fn(&str) -> Option<String>,
    now: Timestamp,
    problems: Vec<(Field, Message)>,
}

impl Form<'_> {
    fn take(&mut self, field: Field) -> Option<String> {
        let typed = (self.params)(field)?;
        let typed = typed.trim();
        if typed.is_empty() {
            return None;
        }
        check(field, typed, self.now).map_err(|why| self.problems.push((field, why))).ok()
    }
}

/// `new` with what the form does not show taken from `old`: whether the telephone number was proved
/// stays true of the same number only, and members of the address that we do not know are kept.
#[must_use]
pub fn merge(old: &Profile, new: Profile) -> Profile {
    let phone_number_verified = match (&old.phone_number, &new.phone_number) {
        (_, None) => None,
        (Some(before), Some(after)) if before == after => old.phone_number_verified,
        (_, Some(_)) => Some(false),
    };
    let address = address::merged(old.address.as_ref(), new.address);
    Profile { phone_number_verified, address, ..new }
}

#[cfg(test)]
mod tests;
