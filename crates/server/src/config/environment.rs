//! The process environment, taken once. Nothing else reads it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::origin::{Origin, Problem};

/// The environment variables that concern Vestibule.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    pub(super) variables: BTreeMap<String, String>,
    pub(super) working_directory: PathBuf,
    pub(super) problems: Vec<Problem>,
}

impl Environment {
    /// Takes this process's environment.
    #[must_use]
    pub fn of_process() -> Self {
        let mut taken = Self::default();
        for (name, value) in std::env::vars_os() {
            let Some(name) = name.to_str().filter(|name| name.starts_with("VESTIBULE_")) else {
                continue;
            };
            if let Ok(value) = value.into_string() {
                taken.variables.insert(name.to_owned(), value);
            } else {
                let origin = Some(Origin::Environment(name.to_owned()));
                taken.problems.push(Problem::general(origin, format!("{name} is not UTF-8 text")));
            }
        }
        taken
    }

    /// An environment made of these variables, for tests and for the demo.
    #[must_use]
    pub fn of<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let variables =
            variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { variables: variables.collect(), ..Self::default() }
    }

    /// This environment, with `vestibule.toml` looked for in `folder`.
    #[must_use]
    pub fn within(mut self, folder: impl Into<PathBuf>) -> Self {
        self.working_directory = folder.into();
        self
    }
}
