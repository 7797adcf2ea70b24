//! What a mail is made of, and how it is written down.

use askama::{Error, Template};
use vestibule_model::{Timestamp, message::Value};
use vestibule_text::Lang;

use super::{MailFrame, MailWords};
use crate::link;

/// The longest name that is shown, in characters.
const LONGEST_NAME: usize = 80;

/// The frame of one mail, with the words to fill it.
#[derive(Clone, Copy)]
pub(super) struct Sheet<'a>(pub(super) MailFrame<'a>);

impl Sheet<'_> {
    /// A sentence; every one may name the site.
    pub(super) fn t(self, key: &str) -> String {
        self.filled(key, None)
    }

    /// A sentence that says how long.
    pub(super) fn span(self, key: &str, seconds: i64) -> String {
        let span = vestibule_text::span(self.0.lang, seconds);
        self.filled(key, Some(("span", Value::Text(span))))
    }

    /// A sentence with one more blank.
    pub(super) fn filled(self, key: &str, blank: Option<(&str, Value)>) -> String {
        let mut blanks = vec![("site", Value::from(self.0.site)), ("home", self.0.home.into())];
        blanks.extend(blank);
        vestibule_text::format(self.0.lang, key, &blanks)
    }

    /// A day in words.
    pub(super) fn day(self, at: Timestamp) -> String {
        vestibule_text::day(self.0.lang, at)
    }

    /// `Label: value`.
    fn line(self, label: &str, value: &str) -> String {
        let blanks = [("label", Value::from(label)), ("value", Value::from(value))];
        vestibule_text::format(self.0.lang, "mail-fact", &blanks)
    }

    fn lang(self) -> Lang {
        self.0.lang
    }

    fn site(&self) -> &str {
        self.0.site
    }
}

/// Something to do.
pub(super) struct Action {
    label: String,
    link: String,
}

/// A mail before it is text or HTML.
pub(super) struct Letter {
    subject: String,
    lead: String,
    facts: Vec<(String, String)>,
    actions: Vec<Action>,
    code: Option<String>,
    valid: Option<String>,
    otherwise: String,
    last: Option<Action>,
}

impl Letter {
    pub(super) fn new(subject: String, lead: String) -> Self {
        Self {
            subject,
            lead,
            facts: Vec::new(),
            actions: Vec::new(),
            code: None,
            valid: None,
            otherwise: String::new(),
            last: None,
        }
    }

    /// Something that somebody else may have written.
    pub(super) fn fact(mut self, label: String, value: &str) -> Self {
        let value = tame(value);
        if !value.is_empty() {
            self.facts.push((label, value));
        }
        self
    }

    /// A masked mail address, whole: its receiver has to know it by it.
    pub(super) fn address(mut self, label: String, masked: &str) -> Self {
        let shown = |letter: &char| !is_hidden(*letter) && !letter.is_whitespace();
        self.facts.push((label, masked.chars().filter(shown).collect()));
        self
    }

    /// When it happened.
    pub(super) fn moment(self, sheet: Sheet, when: Timestamp) -> Self {
        let moment = vestibule_text::moment(sheet.lang(), when);
        self.fact(sheet.t("mail-label-when"), &moment)
    }

    /// A link to follow, in the order of importance.
    pub(super) fn action(mut self, label: String, link: &str) -> Self {
        self.actions.push(Action { label, link: link::safe(link).to_owned() });
        self
    }

    /// A code to type.
    pub(super) fn code(self, code: &str) -> Self {
        Self { code: Some(code.to_owned()), ..self }
    }

    /// How long link and code work.
    pub(super) fn valid(self, sentence: String) -> Self {
        Self { valid: Some(sentence), ..self }
    }

    /// What to do if it was somebody else.
    pub(super) fn otherwise(self, sentence: String) -> Self {
        Self { otherwise: sentence, ..self }
    }

    /// How to do it.
    pub(super) fn last(self, label: String, link: &str) -> Self {
        Self { last: Some(Action { label, link: link::safe(link).to_owned() }), ..self }
    }

    /// "It wasn’t me."
    pub(super) fn freeze(self, sheet: Sheet, link: &str) -> Self {
        self.otherwise(sheet.t("mail-freeze")).last(sheet.t("mail-freeze-action"), link)
    }

    pub(super) fn render(self, sheet: Sheet) -> Result<MailWords, Error> {
        let text = Text { sheet, letter: &self }.render()?;
        let html = Html { sheet, letter: &self }.render()?;
        Ok(MailWords { subject: self.subject, text, html })
    }
}

#[derive(Template)]
#[template(path = "mail/letter.txt", escape = "none", whitespace = "preserve")]
struct Text<'a> {
    sheet: Sheet<'a>,
    letter: &'a Letter,
}

#[derive(Template)]
#[template(path = "mail/letter.html")]
struct Html<'a> {
    sheet: Sheet<'a>,
    letter: &'a Letter,
}

/// What others wrote, on one line, without tricks of direction, and so that no mail program makes
/// a link of it: they look for `://`, for `@` and for a letter after a dot.
fn tame(text: &str) -> String {
    let mut out = String::new();
    let mut after_dot = false;
    for letter in text.replace("://", " ").chars().take(LONGEST_NAME) {
        if is_hidden(letter) || letter.is_whitespace() {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        } else {
            if after_dot && letter.is_alphabetic() {
                out.push(' ');
            }
            out.push(letter);
        }
        after_dot = letter == '.';
    }
    out.trim_end().replace('@', " @ ")
}

/// Control characters, and those of Unicode that turn the direction of writing or show nothing.
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e000}'..='\u{f8ff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_tamed() {
        for (written, tamed) in [
            ("Ben Ode", "Ben Ode"),
            ("J.R. Ode", "J. R. Ode"),
            ("Firefox 128.0 on Windows", "Firefox 128.0 on Windows"),
            ("192.0.2.7", "192.0.2.7"),
            ("2001:db8::7", "2001:db8::7"),
            ("https://evil.example/x", "https evil. example/x"),
            ("www.evil.example", "www. evil. example"),
            ("evil.\u{200b}example", "evil. example"),
            ("mailto:a@evil.example", "mailto:a @ evil. example"),
            ("a\r\nBcc: b\n\nc\td", "a Bcc: b c d"),
            ("\u{202e}elpmaxe.live", "elpmaxe. live"),
            ("  ", ""),
        ] {
            assert_eq!(tame(written), tamed, "{written:?}");
        }
        assert_eq!(tame(&"x".repeat(500)).len(), LONGEST_NAME);
    }
}
