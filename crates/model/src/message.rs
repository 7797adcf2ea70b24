//! A sentence for people, before it has a language.

/// Names a sentence of the catalogue (`vestibule-text`) and holds what fills its blanks. What
/// policy refuses with: the reason, and not its wording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The sentence's name in the catalogue.
    pub key: &'static str,
    /// What fills its blanks, by name.
    pub args: Vec<(&'static str, Value)>,
}

/// What fills a blank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text, put in as it is.
    Text(String),
    /// A number, written as the language writes it; may choose between singular and plural.
    Number(i64),
}

impl Message {
    /// A sentence without blanks.
    #[must_use]
    pub const fn new(key: &'static str) -> Self {
        Self { key, args: Vec::new() }
    }

    /// Fills the blank `name`.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.args.push((name, value.into()));
        self
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&&str> for Value {
    fn from(text: &&str) -> Self {
        Self::Text((*text).to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}
