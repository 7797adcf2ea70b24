//! The file and the environment read into one flat tree of values, each with its origin.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::key::{self, SECTIONS};
use super::origin::{Origin, Problem};
use super::suggest;

/// A value before its setting gives it a type.
#[derive(Clone, PartialEq)]
pub(super) enum Raw {
    Text(String),
    Integer(i64),
    Boolean(bool),
    List(Vec<Raw>),
    /// A kind of value that no setting takes, by its name.
    Other(&'static str),
}

/// A value and where it came from.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) raw: Raw,
    pub(super) origin: Origin,
}

/// What somebody set, by path.
pub(super) type Layer = BTreeMap<String, Entry>;

/// Reads a configuration file. Broken lines are reported and the rest is read all the same.
pub(super) fn from_toml(path: &Path, text: &str, problems: &mut Vec<Problem>) -> Layer {
    let (table, faults) = DeTable::parse_recoverable(text);
    for fault in faults {
        let line = line_of(text, fault.span().map_or(0, |span| span.start));
        let origin = Origin::File { path: path.to_owned(), line };
        problems
            .push(Problem::general(Some(origin), format!("this is not TOML: {}", fault.message())));
    }
    let mut walk = Walk { path, text, layer: Layer::new(), problems };
    walk.table("", table.get_ref());
    walk.layer
}

/// Reads a default as the table of settings spells it.
pub(super) fn from_literal(text: &str) -> Raw {
    DeValue::parse(text).map_or(Raw::Other("malformed"), |value| raw(value.get_ref()))
}

/// Reads the environment: `VESTIBULE__SECTION__KEY`.
pub(super) fn from_environment(
    variables: &BTreeMap<String, String>,
    problems: &mut Vec<Problem>,
) -> Layer {
    let mut layer = Layer::new();
    for (name, value) in variables {
        let Some(rest) = name.strip_prefix("VESTIBULE__") else { continue };
        let origin = Origin::Environment(name.clone());
        let path = rest.to_lowercase().replace("__", ".");
        let Some(key) = key::find(&path) else {
            let mut problem = Problem::new(&path, origin, suggest::unknown(&path));
            if let Some(near) = suggest::nearest(&path) {
                problem = problem.fix(format!("did you mean {}?", near.variable()));
            }
            problems.push(problem);
            continue;
        };
        // Compose files write `${NAME:-}` for "maybe": an empty variable is an unset one, except
        // for a list, which may well be empty.
        if value.is_empty() && !key.is_list() {
            continue;
        }
        let raw = if key.is_list() {
            let items = value.split(',').map(str::trim).filter(|item| !item.is_empty());
            Raw::List(items.map(|item| Raw::Text(item.to_owned())).collect())
        } else {
            Raw::Text(value.clone())
        };
        layer.insert(path, Entry { raw, origin });
    }
    layer
}

struct Walk<'a> {
    path: &'a Path,
    text: &'a str,
    layer: Layer,
    problems: &'a mut Vec<Problem>,
}

impl Walk<'_> {
    fn table(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let path = if prefix.is_empty() {
                name.get_ref().to_string()
            } else {
                format!("{prefix}.{}", name.get_ref())
            };
            let line = line_of(self.text, name.span().start);
            self.value(path, Origin::File { path: self.path.to_owned(), line }, value);
        }
    }

    fn value(&mut self, path: String, origin: Origin, value: &Spanned<DeValue<'_>>) {
        if key::find(&path).is_some() {
            self.layer.insert(path, Entry { raw: raw(value.get_ref()), origin });
            return;
        }
        let is_section = SECTIONS.iter().any(|section| section.name == path);
        match value.get_ref().as_table() {
            Some(table) if is_section || !table.is_empty() => self.table(&path, table),
            None if is_section => self.problems.push(
                Problem::new(&path, origin, "this is a section, not a single value")
                    .fix(format!("write a line `[{path}]` and its keys below it")),
            ),
            _ => {
                let mut problem = Problem::new(&path, origin, suggest::unknown(&path));
                if let Some(near) = suggest::nearest(&path) {
                    problem = problem.fix(format!("did you mean `{}`?", near.path));
                }
                self.problems.push(problem);
            }
        }
    }
}

fn raw(value: &DeValue<'_>) -> Raw {
    match value {
        DeValue::String(text) => Raw::Text(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Raw::Other("a number out of range"), Raw::Integer),
        DeValue::Boolean(value) => Raw::Boolean(*value),
        DeValue::Array(items) => Raw::List(items.iter().map(|item| raw(item.get_ref())).collect()),
        DeValue::Float(_) => Raw::Other("a number with a fraction"),
        DeValue::Datetime(_) => Raw::Other("a date"),
        DeValue::Table(_) => Raw::Other("a table"),
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

impl Raw {
    /// The value as TOML, for `config show`.
    pub(super) fn to_toml(&self) -> String {
        match self {
            Self::Text(text) => toml::Value::String(text.clone()).to_string(),
            Self::Integer(number) => number.to_string(),
            Self::Boolean(value) => value.to_string(),
            Self::List(items) => {
                let items: Vec<_> = items.iter().map(Self::to_toml).collect();
                format!("[{}]", items.join(", "))
            }
            Self::Other(kind) => format!("({kind})"),
        }
    }

    /// What kind of value it is, for a sentence.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Integer(_) => "a number",
            Self::Boolean(_) => "true or false",
            Self::List(_) => "a list",
            Self::Other(kind) => kind,
        }
    }
}
