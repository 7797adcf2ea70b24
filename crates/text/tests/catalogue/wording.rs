//! No template has words of its own.

use crate::tree::templates;

/// Attributes whose value people hear or read.
const SPOKEN: [&str; 12] = [
    "aria-label",
    "aria-description",
    "aria-valuetext",
    "title",
    "placeholder",
    "alt",
    "label",
    "data-show",
    "data-hide",
    "data-show-label",
    "data-hide-label",
    "data-done",
];

/// The template without its tags of askama; `{{ }}` leaves an `=`, so that it still is a value.
fn stripped(template: &str) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some(at) =
        rest.find("{{").into_iter().chain(rest.find("{%")).chain(rest.find("{#")).min()
    {
        let (before, tag) = rest.split_at(at);
        let end = match tag.as_bytes().get(1) {
            Some(b'{') => "}}",
            Some(b'%') => "%}",
            _ => "#}",
        };
        out.push_str(before);
        if end == "}}" {
            out.push('=');
        }
        rest = tag.split_once(end).expect("a tag of askama ends").1;
    }
    out + rest
}

fn has_words(text: &str) -> bool {
    let mut text = text.to_owned();
    while let Some((before, after)) = text.split_once('&') {
        // An entity has letters and is no word.
        let after = after.split_once(';').map_or(after, |(_, after)| after);
        text = format!("{before} {after}");
    }
    text.chars().any(char::is_alphabetic)
}

/// Whatever a template says by itself, outside of what is marked as English for developers.
fn bare(template: &str) -> Vec<String> {
    let html = stripped(template);
    let mut found = Vec::new();
    let mut rest = html.as_str();
    // Depth of the open elements below one with lang="en", and which they are.
    let mut english: Vec<String> = Vec::new();
    while let Some((text, after)) = rest.split_once('<') {
        if english.is_empty() && has_words(text) {
            found.push(text.trim().to_owned());
        }
        let (tag, after) = tag_end(after);
        rest = after;
        let name = tag.split(|c: char| c.is_whitespace() || c == '>').next().unwrap_or_default();
        let void =
            matches!(name, "br" | "input" | "meta" | "link" | "hr" | "img") || tag.ends_with('/');
        if let Some(closed) = name.strip_prefix('/') {
            if english.last().is_some_and(|open| open == closed) {
                english.pop();
            }
        } else if !name.starts_with('!') && !void {
            let begins = tag.contains(" lang=\"en\"");
            if begins || !english.is_empty() {
                english.push(name.to_owned());
            }
        }
        if english.is_empty() {
            found.extend(spoken(name, tag));
        }
    }
    if has_words(rest) {
        found.push(rest.trim().to_owned());
    }
    found
}

/// A tag up to its `>`, which may also stand in a value.
fn tag_end(source: &str) -> (&str, &str) {
    let mut quoted = false;
    for (at, letter) in source.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            '>' if !quoted => {
                let (tag, after) = source.split_at(at);
                return (tag, after.strip_prefix('>').unwrap_or(after));
            }
            _ => {}
        }
    }
    panic!("a tag does not end: {source}")
}

fn spoken(name: &str, tag: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = tag;
    while let Some((before, after)) = rest.split_once("=\"") {
        let attribute = before.split_whitespace().last().unwrap_or_default();
        let (value, after) = after.split_once('"').expect("a value ends");
        let submit = name == "input" && (tag.contains("\"submit\"") || tag.contains("\"button\""));
        let heard = SPOKEN.contains(&attribute)
            || (attribute == "value" && submit)
            || (attribute.starts_with("data-") && value.contains(' ') && !value.contains('='));
        if heard && has_words(value) {
            found.push(format!("{attribute}={value}"));
        }
        rest = after;
    }
    found
}

#[test]
fn no_template_has_a_bare_sentence() {
    let templates = templates();
    assert!(templates.len() > 20, "{} templates", templates.len());
    for (path, template) in templates {
        let bare = bare(&template);
        assert!(bare.is_empty(), "{} says {bare:#?}", path.display());
    }
}

#[test]
fn bare_sentences_are_found() {
    for (template, count) in [
        ("<p>Hello</p>", 1),
        ("Hello {{ name }}", 1),
        ("<p>{{ shell.t(\"a-b\") }} – {{ x }}: &nbsp;1</p>", 0),
        ("{% if a > b %}<p class=\"lead\">{# a note #}</p>{% endif %}", 0),
        ("<a aria-label=\"Close\">×</a>", 1),
        ("<a aria-label=\"{{ shell.t(\"a-b\") }}\">×</a>", 0),
        ("<input type=\"submit\" value=\"Send\">", 1),
        ("<input type=\"hidden\" value=\"allow\">", 0),
        ("<input placeholder=\"ana@example.org\">", 1),
        ("<button data-done=\"Copied\"></button>", 1),
        ("<div lang=\"en\"><p>Code<br>is</p> English</div>", 0),
        ("<div lang=\"en\"><p>Code</p></div><p>Hello</p>", 1),
        ("<html lang=\"{{ lang }}\"><p>Hello</p></html>", 1),
    ] {
        assert_eq!(bare(template).len(), count, "{template}: {:?}", bare(template));
    }
}
