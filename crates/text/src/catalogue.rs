//! The sentences, by language and key.

use std::{array, sync::LazyLock};

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use vestibule_model::message::{Message, Value};

use crate::Lang;

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// One for each language, in the order of [`Lang::ALL`].
static BUNDLES: LazyLock<[FluentBundle<FluentResource>; Lang::ALL.len()]> =
    LazyLock::new(|| array::from_fn(|at| Lang::ALL.get(at).map_or_else(empty, |lang| read(*lang))));

fn empty() -> FluentBundle<FluentResource> {
    FluentBundle::new_concurrent(Vec::new())
}

/// Reads the files of a language. What cannot be read is left out: the tests find it.
fn read(lang: Lang) -> FluentBundle<FluentResource> {
    let tag = lang.tag().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    // Templates isolate what they put in by <bdi>, and mails are plain text.
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(match lang {
        Lang::En => |value, _| grouped(value, ",", 4),
        Lang::De => |value, _| grouped(value, ".", 4),
        Lang::Fr => |value, _| grouped(value, "\u{202f}", 4),
        Lang::Es => |value, _| grouped(value, ".", 5),
    }));
    for (_, source) in FILES.iter().filter(|(folder, _)| *folder == lang.tag()) {
        let resource = FluentResource::try_new((*source).to_owned());
        let (Ok(resource) | Err((resource, _))) = resource;
        bundle.add_resource(resource).unwrap_or_default();
    }
    bundle
}

/// A number in groups of three digits, if it has at least `least` of them (CLDR
/// `minimumGroupingDigits`).
fn grouped(value: &FluentValue<'_>, separator: &str, least: usize) -> Option<String> {
    let FluentValue::Number(number) = value else { return None };
    let written = number.as_string();
    let (sign, digits) = written.strip_prefix('-').map_or(("", &*written), |rest| ("-", rest));
    if digits.len() < least || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut text = sign.to_owned();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push_str(separator);
        }
        text.push(digit);
    }
    Some(text)
}

/// A sentence without blanks. A key that does not exist comes back as it is.
#[must_use]
pub fn text(lang: Lang, key: &str) -> String {
    format(lang, key, &[])
}

/// A sentence with its blanks filled, as plain text: not escaped for HTML. A key that does not
/// exist comes back as it is.
#[must_use]
pub fn format(lang: Lang, key: &str, args: &[(&str, Value)]) -> String {
    let bundle =
        BUNDLES.iter().zip(Lang::ALL).find(|(_, of)| *of == lang).map(|(bundle, _)| bundle);
    let found = bundle.and_then(|bundle| Some((bundle, bundle.get_message(key)?.value()?)));
    let Some((bundle, pattern)) = found else { return key.to_owned() };
    let mut filled = FluentArgs::with_capacity(args.len());
    for (name, value) in args {
        match value {
            Value::Text(text) => filled.set(*name, text.as_str()),
            Value::Number(number) => filled.set(*name, *number),
        }
    }
    // A blank that nobody filled is written as `{$name}`; the tests over all pages look for it.
    bundle.format_pattern(pattern, Some(&filled), &mut Vec::new()).into_owned()
}

/// A [`Message`] in words.
#[must_use]
pub fn message(lang: Lang, message: &Message) -> String {
    format(lang, message.key, &message.args)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_read_without_complaint() {
        for lang in Lang::ALL {
            let mut bundle = empty();
            let mut files = 0;
            for (_, source) in FILES.iter().filter(|(folder, _)| *folder == lang.tag()) {
                files += 1;
                let resource = FluentResource::try_new((*source).to_owned());
                let resource = resource.map_err(|(_, faults)| faults).expect("it parses");
                bundle.add_resource(resource).expect("no key is defined twice");
            }
            assert!(files > 0, "{lang:?}");
        }
        let folders = FILES.iter().map(|(folder, _)| Lang::parse(folder));
        assert!(folders.into_iter().all(|lang| lang.is_some()), "a folder without its language");
    }

    #[test]
    fn a_missing_key_comes_back() {
        assert_eq!(text(Lang::De, "no-such-key"), "no-such-key");
        assert_eq!(message(Lang::Fr, &Message::new("no-such-key").with("a", 1)), "no-such-key");
    }

    #[test]
    fn texts_go_in_as_they_are() {
        let args = [("client", Value::from("<b>{ $x }\u{202e}"))];
        assert_eq!(format(Lang::En, "login-toward", &args), "to continue to <b>{ $x }\u{202e}");
    }

    #[test]
    fn numbers_are_grouped_as_the_language_does() {
        let grouped =
            |separator, least, number: i64| grouped(&FluentValue::from(number), separator, least);
        assert_eq!(grouped(",", 4, 999), None);
        assert_eq!(grouped(",", 4, 1_000), Some("1,000".to_owned()));
        assert_eq!(grouped(".", 5, 1_000), None);
        assert_eq!(grouped(".", 5, 10_000), Some("10.000".to_owned()));
        assert_eq!(grouped(".", 4, -1_234_567), Some("-1.234.567".to_owned()));
        let seconds = |lang| format(lang, "time-seconds", &[("count", Value::Number(12_345))]);
        assert_eq!(
            Lang::ALL.map(seconds),
            ["12,345 seconds", "12.345 Sekunden", "12\u{202f}345 secondes", "12.345 segundos",]
        );
    }
}
