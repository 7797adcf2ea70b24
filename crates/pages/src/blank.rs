//! What templates fill the blanks of a sentence with.

use std::borrow::Cow;

use askama::filters::HtmlSafeOutput;
use vestibule_model::{Timestamp, message::Value};

use crate::link;

/// A filled blank: as it is written in HTML, and as a plain value.
#[derive(Clone, Debug)]
pub struct Filling {
    pub(crate) html: String,
    pub(crate) value: Value,
}

impl Filling {
    /// `text` between two tags of ours, isolated so that its writing direction stays its own.
    fn within(before: &str, text: &str, after: &str) -> Self {
        let html = format!("{before}<bdi>{}</bdi>{after}", escape(text));
        Self { html, value: Value::Text(text.to_owned()) }
    }

    pub(crate) fn bold(text: &str) -> Self {
        Self::within("<b>", text, "</b>")
    }

    pub(crate) fn plain(text: &str) -> Self {
        Self::within("", text, "")
    }

    pub(crate) fn host(text: &str) -> Self {
        Self::within("<b class=\"host\">", text, "</b>")
    }

    pub(crate) fn code(text: &str) -> Self {
        Self::within("<code>", text, "</code>")
    }

    pub(crate) fn link(href: &str, text: &str) -> Self {
        let href = escape(link::safe(href));
        Self::within(&format!("<a href=\"{href}\">"), text, "</a>")
    }
}

/// Whatever may fill a blank from a template: texts, whole numbers, and what
/// [`Shell`](crate::Shell) makes of them.
pub trait Blank {
    /// The filling.
    fn fill(&self) -> Filling;
}

impl<T: Blank + ?Sized> Blank for &T {
    fn fill(&self) -> Filling {
        (**self).fill()
    }
}

impl Blank for str {
    fn fill(&self) -> Filling {
        Filling::bold(self)
    }
}

impl Blank for String {
    fn fill(&self) -> Filling {
        Filling::bold(self)
    }
}

impl Blank for Cow<'_, str> {
    fn fill(&self) -> Filling {
        Filling::bold(self)
    }
}

impl Blank for i64 {
    fn fill(&self) -> Filling {
        Filling { html: String::new(), value: Value::Number(*self) }
    }
}

impl Blank for u32 {
    fn fill(&self) -> Filling {
        i64::from(*self).fill()
    }
}

impl Blank for usize {
    fn fill(&self) -> Filling {
        i64::try_from(*self).unwrap_or(i64::MAX).fill()
    }
}

impl Blank for i32 {
    fn fill(&self) -> Filling {
        i64::from(*self).fill()
    }
}

impl Blank for Filling {
    fn fill(&self) -> Filling {
        self.clone()
    }
}

/// A time, or a reference to one, as templates have it.
pub trait When {
    /// The time.
    fn at(&self) -> Timestamp;
}

impl<T: When + ?Sized> When for &T {
    fn at(&self) -> Timestamp {
        (**self).at()
    }
}

impl When for Timestamp {
    fn at(&self) -> Timestamp {
        *self
    }
}

/// HTML that needs no escaping any more.
pub(crate) type Html = HtmlSafeOutput<String>;

/// A sentence with filled blanks as HTML: the sentence is escaped, and so is each filling inside
/// its tags. While the sentence is made, a filling stands in it as a pair of characters that no
/// text of ours has.
pub(crate) fn html<V: Blank>(
    args: &[(&str, V)],
    sentence: impl FnOnce(&[(&str, Value)]) -> String,
) -> Html {
    let fillings: Vec<Filling> = args.iter().map(|(_, value)| value.fill()).collect();
    let stand_in = |at: usize| format!("{OPEN}{at}{CLOSE}");
    let values: Vec<(&str, Value)> = args
        .iter()
        .zip(&fillings)
        .enumerate()
        .map(|(at, ((name, _), filling))| match filling.value {
            Value::Text(_) => (*name, Value::Text(stand_in(at))),
            Value::Number(number) => (*name, Value::Number(number)),
        })
        .collect();
    let mut text = escape(&sentence(&values));
    // One pass from left to right, so that a filling is never searched for others.
    let mut out = String::new();
    while let Some((before, rest)) = text.split_once(OPEN) {
        let (at, after) = rest.split_once(CLOSE).unwrap_or(("", rest));
        out.push_str(before);
        if let Some(filling) = at.parse().ok().and_then(|at: usize| fillings.get(at)) {
            out.push_str(&filling.html);
        }
        text = after.to_owned();
    }
    out.push_str(&text);
    HtmlSafeOutput(out)
}

/// From the private use area of Unicode.
const OPEN: char = '\u{e000}';
const CLOSE: char = '\u{e001}';

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&#38;"),
            '<' => out.push_str("&#60;"),
            '>' => out.push_str("&#62;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::SHELL;

    const HOSTILE: &str = "<i>\"a\" & 'b'</i>";
    const ESCAPED: &str = "&#60;i&#62;&#34;a&#34; &#38; &#39;b&#39;&#60;/i&#62;";

    #[test]
    fn each_filling_is_escaped_inside_its_tags() {
        let rich = |filling| SHELL.rich("login-toward", &[("client", filling)]).to_string();
        for (filling, expected) in [
            (SHELL.bold(HOSTILE), format!("<b><bdi>{ESCAPED}</bdi></b>")),
            (SHELL.plain(HOSTILE), format!("<bdi>{ESCAPED}</bdi>")),
            (SHELL.code(HOSTILE), format!("<code><bdi>{ESCAPED}</bdi></code>")),
            (SHELL.host(HOSTILE), format!("<b class=\"host\"><bdi>{ESCAPED}</bdi></b>")),
            (
                SHELL.link("/a?b&c", HOSTILE),
                format!("<a href=\"/a?b&#38;c\"><bdi>{ESCAPED}</bdi></a>"),
            ),
            (SHELL.link("javascript:x", "y"), "<a href=\"#\"><bdi>y</bdi></a>".to_owned()),
        ] {
            assert_eq!(rich(filling), format!("to continue to {expected}"));
        }
    }

    #[test]
    fn the_sentence_is_escaped_too() {
        let html = html(&[("a", "x")], |_| format!("1 < 2 & {OPEN}0{CLOSE}"));
        assert_eq!(html.to_string(), "1 &#60; 2 &#38; <b><bdi>x</bdi></b>");
    }

    #[test]
    fn a_filling_cannot_stand_in_for_another() {
        let args = [("client", format!("{OPEN}1{CLOSE}")), ("span", "secret".to_owned())];
        let html = SHELL.rich("login-too-old", &args).to_string();
        assert!(html.contains(&format!("<bdi>{OPEN}1{CLOSE}</bdi>")), "{html}");
        assert_eq!(html.matches("secret").count(), 1, "{html}");
    }

    #[test]
    fn numbers_choose_the_plural_beside_texts() {
        let minutes = |count: usize| SHELL.ta("time-minutes", &[("count", count)]);
        assert_eq!((minutes(1), minutes(1_000)), ("1 minute".into(), "1,000 minutes".into()));
        let html = SHELL.rich("time-minutes", &[("count", SHELL.number(2_i64))]).to_string();
        assert_eq!(html, "2 minutes");
    }

    #[test]
    fn references_of_any_depth_are_taken() {
        let name = "Ana".to_owned();
        let (deep, seconds, at) = (&&&name, &&300_i64, &&Timestamp(0));
        assert_eq!(SHELL.ta("login-toward", &[("client", deep)]), "to continue to Ana");
        assert_eq!(SHELL.span(seconds), "5 minutes");
        assert_eq!(SHELL.machine(at), "1970-01-01T00:00:00Z");
    }
}
