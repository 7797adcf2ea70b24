//! The members of a registration, each read as what it should be.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use vestibule_model::jose::{ContentEncryption, KeyManagementAlg, ResponseEncryption};

use crate::client_metadata::{LOCALIZED, Problem, shown};

/// The members, and what is wrong with them.
pub(super) struct Members<'a> {
    members: &'a Map<String, Value>,
    problems: Vec<Problem>,
}

impl<'a> Members<'a> {
    pub(super) const fn new(members: &'a Map<String, Value>) -> Self {
        Self { members, problems: Vec::new() }
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    pub(super) fn refuse(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.problems.push(Problem::new(field, message));
    }

    /// The member, unless it is `null` or empty, which is as good as absent (RFC 7592 §2.2).
    fn value(&self, field: &str) -> Option<&'a Value> {
        self.members.get(field).filter(|value| match value {
            Value::Null => false,
            Value::String(text) => !text.is_empty(),
            Value::Array(values) => !values.is_empty(),
            _ => true,
        })
    }

    pub(super) fn text(&mut self, field: &str) -> Option<String> {
        let text = self.value(field)?.as_str();
        if text.is_none() {
            self.refuse(field, "must be a string");
        }
        text.map(str::to_owned)
    }

    pub(super) fn list(&mut self, field: &str) -> Vec<String> {
        let Some(value) = self.value(field) else { return Vec::new() };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let list: Option<Vec<_>> =
            value.as_array().and_then(|values| values.iter().map(text).collect());
        if list.is_none() {
            self.refuse(field, "must be an array of strings");
        }
        list.unwrap_or_default()
    }

    pub(super) fn flag(&mut self, field: &str) -> bool {
        let Some(value) = self.value(field) else { return false };
        let flag = value.as_bool();
        if flag.is_none() {
            self.refuse(field, "must be true or false");
        }
        flag.unwrap_or_default()
    }

    pub(super) fn seconds(&mut self, field: &str) -> Option<i64> {
        let seconds = self.value(field)?.as_i64();
        if seconds.is_none() {
            self.refuse(field, "must be a whole number of seconds");
        }
        seconds
    }

    pub(super) fn object(&mut self, field: &str) -> Option<Value> {
        let value = self.value(field)?;
        if !value.is_object() {
            self.refuse(field, "must be an object");
            return None;
        }
        Some(value.clone())
    }

    /// One of `known`, by its name.
    pub(super) fn named<T>(
        &mut self,
        field: &str,
        known: impl IntoIterator<Item = (&'static str, T)>,
    ) -> Option<T> {
        let given = self.text(field)?;
        let mut names = Vec::new();
        for (name, value) in known {
            if name == given {
                return Some(value);
            }
            names.push(name);
        }
        self.refuse(field, format!("`{}` is not one of {}", shown(&given), names.join(", ")));
        None
    }

    /// `<prefix>_alg` and `<prefix>_enc` (OIDC Registration §2): the second never alone, the first
    /// with a default for the second.
    pub(super) fn encryption(&mut self, prefix: &str) -> Option<ResponseEncryption> {
        let (alg_field, enc_field) = (format!("{prefix}_alg"), format!("{prefix}_enc"));
        let algs = KeyManagementAlg::ALL.iter().map(|alg| (alg.as_str(), *alg));
        let alg = self.named(&alg_field, algs);
        let encs = ContentEncryption::ALL.iter().map(|enc| (enc.as_str(), *enc));
        let enc = self.named(&enc_field, encs);
        if enc.is_some() && self.value(&alg_field).is_none() {
            self.refuse(enc_field, format!("needs {alg_field} beside it"));
        }
        Some(ResponseEncryption { alg: alg?, enc: enc.unwrap_or(ContentEncryption::A128CbcHs256) })
    }

    /// What is there in several languages, by name and tag (RFC 7591 §2.2).
    pub(super) fn localized(&mut self) -> BTreeMap<String, String> {
        let is_localized =
            |name: &str| name.split_once('#').is_some_and(|(field, _)| LOCALIZED.contains(&field));
        let names: Vec<_> = self.members.keys().filter(|name| is_localized(name)).collect();
        names.into_iter().filter_map(|name| Some((name.clone(), self.text(name)?))).collect()
    }
}
