//! The address claim (OIDC Core §5.1.1).

use serde_json::{Map, Value};

use super::Field;

const MEMBERS: [Field; 6] =
    ["formatted", "street_address", "locality", "region", "postal_code", "country"];

/// The address of those members that `take` gives; `None` if it gives none.
pub(super) fn of(mut take: impl FnMut(Field) -> Option<String>) -> Option<Value> {
    let members: Map<String, Value> = MEMBERS
        .into_iter()
        .filter_map(|member| Some((member.to_owned(), Value::String(take(member)?))))
        .collect();
    (!members.is_empty()).then_some(Value::Object(members))
}

/// `new` with the members of `old` that the form does not show.
pub(super) fn merged(old: Option<&Value>, new: Option<Value>) -> Option<Value> {
    let mut members = match new {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    };
    for (name, value) in old.and_then(Value::as_object).into_iter().flatten() {
        if !MEMBERS.contains(&name.as_str()) {
            members.insert(name.clone(), value.clone());
        }
    }
    (!members.is_empty()).then_some(Value::Object(members))
}
