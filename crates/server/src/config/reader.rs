//! Typed getters over the layers. A value that cannot be read is noted and replaced by its
//! default, so that one run finds every mistake.

use std::fs;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use vestibule_model::Secret;

use super::duration;
use super::key::{self, Key, Preset};
use super::origin::{Origin, Problem};
use super::tree::{Entry, Layer, Raw, from_literal};

/// Reads settings by path and collects what is wrong with them.
pub(super) struct Reader {
    values: Layer,
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
}

impl Reader {
    /// Lays the environment over the file.
    pub(super) fn new(mut file: Layer, environment: Layer, mut problems: Vec<Problem>) -> Self {
        for key in key::all().filter(|key| key.secret) {
            let file_path = format!("{}_file", key.path);
            for layer in [&file, &environment] {
                if let (Some(_), Some(other)) = (layer.get(key.path), layer.get(&file_path)) {
                    let message = format!("is set together with `{}`", key.path);
                    let problem = Problem::new(&file_path, other.origin.clone(), message);
                    problems.push(problem.fix("keep one of the two"));
                }
            }
            // Whichever of the two names the environment uses, it replaces both of the file's.
            if environment.contains_key(key.path) || environment.contains_key(&file_path) {
                file.remove(key.path);
                file.remove(&file_path);
            }
        }
        file.extend(environment);
        Self { values: file, problems, warnings: Vec::new() }
    }

    /// What somebody set.
    fn explicit(&self, path: &str) -> Option<&Entry> {
        self.values.get(path)
    }

    /// The value that holds, with its origin.
    pub(super) fn effective(&self, key: &Key) -> Option<Entry> {
        self.explicit(key.path).cloned().or_else(|| preset(key))
    }

    /// What somebody set, as text, whether or not it is any good.
    pub(super) fn given_text(&self, path: &str) -> Option<String> {
        self.explicit(path).and_then(|entry| text_of(&entry.raw).ok()).map(str::to_owned)
    }

    /// Where the value of `path` comes from.
    pub(super) fn origin(&self, path: &str) -> Origin {
        self.explicit(path).map_or(Origin::Default, |entry| entry.origin.clone())
    }

    /// Notes a mistake.
    pub(super) fn mistake(&mut self, path: &str, message: impl Into<String>, fix: Option<String>) {
        let problem = Problem::new(path, self.origin(path), message);
        self.problems.push(Problem { fix, ..problem });
    }

    /// Notes something that may be meant so.
    pub(super) fn warn(&mut self, path: &str, message: impl Into<String>) {
        let problem = Problem::new(path, self.origin(path), message);
        self.warnings.push(problem);
    }

    /// The value at `path`, read by `parse`; the default where that fails or nobody set it.
    pub(super) fn typed<T>(
        &mut self,
        path: &str,
        parse: impl Fn(&Entry) -> Result<T, String>,
    ) -> Option<T> {
        if let Some(entry) = self.explicit(path).cloned() {
            match parse(&entry) {
                Ok(value) => return Some(value),
                Err(message) => self.mistake(path, message, None),
            }
        }
        let entry = key::find(path).and_then(preset)?;
        parse(&entry).map_err(|message| self.mistake(path, message, None)).ok()
    }

    /// Text that `parse` understands.
    pub(super) fn parsed<T>(
        &mut self,
        path: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.typed(path, |entry| parse(text_of(&entry.raw)?))
    }

    /// Text that is not empty.
    pub(super) fn text(&mut self, path: &str) -> Option<String> {
        self.parsed(path, |text| {
            if text.trim().is_empty() {
                return Err("must not be empty".to_owned());
            }
            Ok(text.to_owned())
        })
    }

    /// A whole number within `range`.
    pub(super) fn integer(&mut self, path: &str, range: RangeInclusive<i64>) -> i64 {
        let value = self.typed(path, |entry| within(integer_of(entry)?, &range));
        value.unwrap_or(*range.start())
    }

    /// A whole number within `range`, or `None` for `"auto"`.
    pub(super) fn count_or_auto(
        &mut self,
        path: &str,
        range: RangeInclusive<i64>,
    ) -> Option<usize> {
        let value = self.typed(path, |entry| match &entry.raw {
            Raw::Text(text) if text == "auto" => Ok(None),
            Raw::Text(text) if !entry.origin.is_environment() => {
                Err(format!("must be a whole number without quotes, or \"auto\", not {text:?}"))
            }
            _ => integer_of(entry).and_then(|number| within(number, &range)).map(Some),
        });
        value.flatten().and_then(|number| usize::try_from(number).ok())
    }

    /// `true` or `false`.
    pub(super) fn boolean(&mut self, path: &str) -> bool {
        let value = self.typed(path, |entry| match &entry.raw {
            Raw::Boolean(value) => Ok(*value),
            Raw::Text(text) if entry.origin.is_environment() => match text.as_str() {
                "true" => Ok(true),
                "false" => Ok(false),
                other => Err(format!("must be true or false, not {other:?}")),
            },
            other => Err(format!("must be true or false, without quotes, not {}", other.kind())),
        });
        value.unwrap_or_default()
    }

    /// A duration within `range`.
    pub(super) fn duration(&mut self, path: &str, range: RangeInclusive<Duration>) -> Duration {
        let value = self.typed(path, |entry| {
            let value = match &entry.raw {
                Raw::Integer(number) => {
                    return Err(format!("needs a unit: write \"{number}s\" for seconds"));
                }
                raw => duration::parse(text_of(raw)?)?,
            };
            if range.contains(&value) {
                return Ok(value);
            }
            let (low, high) = (duration::format(*range.start()), duration::format(*range.end()));
            Err(format!("must be between {low} and {high}"))
        });
        value.unwrap_or(*range.start())
    }

    /// A duration of whole seconds within `range`, given in seconds.
    pub(super) fn seconds(&mut self, path: &str, range: RangeInclusive<u64>) -> i64 {
        let range = Duration::from_secs(*range.start())..=Duration::from_secs(*range.end());
        let value = self.duration(path, range);
        if value.subsec_nanos() != 0 {
            self.mistake(path, "must be whole seconds", None);
        }
        i64::try_from(value.as_secs()).unwrap_or(i64::MAX)
    }

    /// A list whose every item `parse` understands.
    pub(super) fn list<T>(
        &mut self,
        path: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Vec<T> {
        let items = self.typed(path, |entry| match &entry.raw {
            Raw::List(items) => items.iter().map(|item| parse(text_of(item)?)).collect(),
            other => Err(format!("must be a list like [\"a\", \"b\"], not {}", other.kind())),
        });
        items.unwrap_or_default()
    }

    /// A secret: the value itself, or the content of the file that `<path>_file` names.
    pub(super) fn secret(&mut self, path: &str) -> Option<Secret> {
        if self.explicit(path).is_some() {
            return self.parsed(path, |text| Ok(Secret::new(text.trim())));
        }
        let file_path = format!("{path}_file");
        let entry = self.explicit(&file_path).cloned()?;
        match read_secret(&entry) {
            Ok((name, text)) => {
                let origin = Origin::SecretFile { path: name, named_by: Box::new(entry.origin) };
                let raw = Raw::Text(text.clone());
                self.values.insert(path.to_owned(), Entry { raw, origin });
                Some(Secret::new(text))
            }
            Err(message) => {
                self.mistake(&file_path, message, None);
                None
            }
        }
    }
}

fn read_secret(entry: &Entry) -> Result<(PathBuf, String), String> {
    let name = text_of(&entry.raw)?;
    let text = fs::read_to_string(name)
        .map_err(|fault| format!("cannot read the file {name:?}: {fault}"))?;
    match text.trim() {
        "" => Err(format!("the file {name:?} is empty")),
        text => Ok((PathBuf::from(name), text.to_owned())),
    }
}

fn preset(key: &Key) -> Option<Entry> {
    match key.default {
        Preset::Value(text) => Some(Entry { raw: from_literal(text), origin: Origin::Default }),
        Preset::Absent(_) => None,
    }
}

fn text_of(raw: &Raw) -> Result<&str, String> {
    match raw {
        Raw::Text(text) => Ok(text),
        other => Err(format!("must be text in quotes, not {}", other.kind())),
    }
}

pub(super) fn integer_of(entry: &Entry) -> Result<i64, String> {
    match &entry.raw {
        Raw::Integer(number) => Ok(*number),
        Raw::Text(text) if entry.origin.is_environment() => {
            text.trim().parse().map_err(|_| format!("must be a whole number, not {text:?}"))
        }
        Raw::Text(_) => Err("must be a whole number, without quotes".to_owned()),
        other => Err(format!("must be a whole number, not {}", other.kind())),
    }
}

pub(super) fn within(number: i64, range: &RangeInclusive<i64>) -> Result<i64, String> {
    if range.contains(&number) {
        return Ok(number);
    }
    Err(format!("must be between {} and {}, not {number}", range.start(), range.end()))
}
