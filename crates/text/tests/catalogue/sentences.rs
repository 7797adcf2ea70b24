//! The sentences of one language beside those of the others.

use std::collections::{BTreeMap, BTreeSet};

use fluent_syntax::{
    ast::{CallArguments, Entry, Expression, InlineExpression, Pattern, PatternElement, Resource},
    parser,
};
use vestibule_text::Lang;

use crate::tree::{files, root};

/// A sentence as the tests see it.
#[derive(Debug, Default)]
pub struct Sentence {
    /// The file's name.
    pub area: String,
    /// The names of its blanks.
    pub blanks: BTreeSet<String>,
    /// The other sentences in it.
    pub parts: BTreeSet<String>,
    /// All its words, those of every variant.
    pub words: String,
}

/// Every sentence of a language, by key.
pub fn of(lang: Lang) -> BTreeMap<String, Sentence> {
    let mut sentences = BTreeMap::new();
    for (path, source) in files(&root().join("templates/locales").join(lang.tag()), &["ftl"]) {
        let area = path.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned();
        let resource: Resource<String> = parser::parse(source)
            .unwrap_or_else(|(_, faults)| panic!("{}: {faults:?}", path.display()));
        for entry in resource.body {
            let Entry::Message(message) = entry else {
                let comment = matches!(
                    entry,
                    Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_)
                );
                assert!(comment, "{}: only messages and comments", path.display());
                continue;
            };
            let key = message.id.name;
            assert!(message.attributes.is_empty(), "{key}: attributes are not used");
            let mut sentence = Sentence { area: area.clone(), ..Sentence::default() };
            sentence.read(&message.value.expect("a message has a value"));
            let twice = sentences.insert(key.clone(), sentence).is_some();
            assert!(!twice, "{key} is there twice in {lang:?}");
        }
    }
    sentences
}

impl Sentence {
    fn read(&mut self, pattern: &Pattern<String>) {
        for element in &pattern.elements {
            match element {
                PatternElement::TextElement { value } => self.words.push_str(value),
                PatternElement::Placeable { expression } => {
                    self.words.push('…');
                    self.expression(expression);
                }
            }
        }
    }

    fn expression(&mut self, expression: &Expression<String>) {
        match expression {
            Expression::Inline(inline) => self.inline(inline),
            Expression::Select { selector, variants } => {
                self.inline(selector);
                for variant in variants {
                    self.words.push(' ');
                    self.read(&variant.value);
                }
            }
        }
    }

    fn inline(&mut self, inline: &InlineExpression<String>) {
        match inline {
            InlineExpression::VariableReference { id } => {
                self.blanks.insert(id.name.clone());
            }
            InlineExpression::MessageReference { id, .. } => {
                self.parts.insert(id.name.clone());
            }
            InlineExpression::FunctionReference { arguments, .. } => self.arguments(arguments),
            InlineExpression::Placeable { expression } => self.expression(expression),
            InlineExpression::StringLiteral { value } => self.words.push_str(value),
            InlineExpression::NumberLiteral { .. } | InlineExpression::TermReference { .. } => {}
        }
    }

    fn arguments(&mut self, arguments: &CallArguments<String>) {
        arguments.positional.iter().for_each(|argument| self.inline(argument));
        arguments.named.iter().for_each(|argument| self.inline(&argument.value));
    }
}

#[test]
fn every_language_has_every_sentence_with_the_same_blanks() {
    let english = of(Lang::En);
    assert!(english.len() > 100, "{} sentences", english.len());
    for lang in Lang::ALL {
        let theirs = of(lang);
        let missing: Vec<_> = english.keys().filter(|key| !theirs.contains_key(*key)).collect();
        assert!(missing.is_empty(), "{lang:?} lacks {missing:#?}");
        let more: Vec<_> = theirs.keys().filter(|key| !english.contains_key(*key)).collect();
        assert!(more.is_empty(), "{lang:?} has {more:#?} and English has not");
        for (key, sentence) in &theirs {
            assert_eq!(sentence.blanks, english[key].blanks, "{key} in {lang:?}");
            assert_eq!(sentence.area, english[key].area, "{key} in {lang:?}: another file");
        }
    }
}

#[test]
fn no_sentence_is_empty_or_has_a_hole() {
    for lang in Lang::ALL {
        let sentences = of(lang);
        for (key, sentence) in &sentences {
            assert!(!sentence.words.trim().is_empty(), "{key} in {lang:?}");
            for part in &sentence.parts {
                assert!(sentences.contains_key(part), "{key} in {lang:?} lacks {part}");
            }
        }
    }
}

/// A whole sentence that reads the same as the English one was not translated.
#[test]
fn every_sentence_is_translated() {
    let english = of(Lang::En);
    for lang in [Lang::De, Lang::Fr, Lang::Es] {
        let same: Vec<_> = of(lang)
            .into_iter()
            .filter(|(key, theirs)| {
                let words = theirs.words.split_whitespace();
                let count = words.filter(|word| word.contains(char::is_alphabetic)).count();
                theirs.words == english[key].words && count > 2
            })
            .map(|(key, _)| key)
            .collect();
        assert!(same.is_empty(), "{lang:?}: {same:#?}");
    }
}

/// What a printer of that language would find first.
#[test]
fn sentences_are_typeset_as_the_language_is() {
    for lang in Lang::ALL {
        for (key, Sentence { words, .. }) in of(lang) {
            let found = match lang {
                Lang::En | Lang::De => None,
                // U+202F before two-storied punctuation, and inside the quotes.
                Lang::Fr => [" :", " ;", " !", " ?", " »", "« ", "\u{a0}"]
                    .into_iter()
                    .find(|spaced| words.contains(spaced)),
                Lang::Es => [("¿", "?"), ("¡", "!")]
                    .into_iter()
                    .find(|(open, close)| {
                        words.matches(open).count() != words.matches(close).count()
                    })
                    .map(|(open, _)| open),
            };
            assert_eq!(found, None, "{key} in {lang:?}: {words}");
            let straight = words.find(['\'', '"']);
            assert_eq!(straight, None, "{key} in {lang:?} has a straight quote: {words}");
        }
    }
}

/// Words that we call something else. A person who reads two names looks for two things.
#[test]
fn one_thing_has_one_name() {
    for (lang, others) in [
        (Lang::En, &["e-mail", "email", "login", "log in", "credential"][..]),
        (Lang::De, &["mail", "mails", "mailadresse", "kennwort", "einloggen", "ausloggen"]),
        (Lang::Fr, &["courriel", "passkey", "codes de récupération", "code de récupération"]),
        (Lang::Es, &["passkey", "clave de acceso", "email", "e-mail", "correo electrónico"]),
    ] {
        for (key, Sentence { words, .. }) in of(lang) {
            let words = words.to_lowercase();
            for other in others {
                let mut places = words.match_indices(other);
                let whole = places.any(|(at, _)| {
                    let joins = |c: char| c.is_alphanumeric() || c == '-';
                    let (before, after) = words.split_at(at);
                    let after = after.trim_start_matches(other);
                    !before.ends_with(joins) && !after.starts_with(joins)
                });
                assert!(!whole, "{key} in {lang:?} says {other}: {words}");
            }
        }
    }
}
