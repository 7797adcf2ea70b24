//! Every mail in every language.

use std::collections::BTreeSet;

use vestibule_model::Timestamp;
use vestibule_pages::{Mail, MailFactor, MailFrame, MailWords};
use vestibule_text::Lang;

use crate::markup::{ADDRESSES, skeleton, tags};

const FRAME: MailFrame<'static> =
    MailFrame { lang: Lang::En, site: "Example ID", home: "https://id.example" };

fn words(mail: &Mail<'_>, lang: Lang) -> MailWords {
    mail.render(&MailFrame { lang, ..FRAME }).expect("a mail in words")
}

/// Each sample in each language.
fn all() -> Vec<(Mail<'static>, Lang, MailWords)> {
    let in_all = |mail: Mail<'static>| Lang::ALL.map(|lang| (mail, lang, words(&mail, lang)));
    Mail::samples().into_iter().flat_map(in_all).collect()
}

/// A link of a mail, and its code, with what frames them in `hostile`.
fn links(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.starts_with("https://")).collect()
}

#[test]
fn there_is_a_sample_of_every_kind() {
    let kinds: BTreeSet<_> = Mail::samples().iter().map(Mail::kind).collect();
    assert_eq!(kinds.len(), 19, "{kinds:?}");
}

#[test]
fn every_sentence_is_there_and_filled() {
    for (mail, lang, MailWords { subject, text, html }) in all() {
        for part in [&subject, &text, &html] {
            assert!(!part.contains("mail-"), "{mail:?} {lang:?}: a key in {part}");
            assert!(!part.contains("{$") && !part.contains("{ $"), "{mail:?} {lang:?}: {part}");
        }
        assert!(!subject.is_empty() && !subject.contains(['\n', '\r']), "{mail:?}: {subject:?}");
        assert!(subject.contains("Example ID"), "{mail:?} {lang:?} does not say whose: {subject}");
        assert!(
            text.contains("(https://id.example)"),
            "{mail:?} {lang:?} does not say where: {text}"
        );
    }
}

#[test]
fn languages_differ() {
    for mail in Mail::samples() {
        let texts: BTreeSet<_> = Lang::ALL.iter().map(|lang| words(&mail, *lang).text).collect();
        assert_eq!(texts.len(), Lang::ALL.len(), "{mail:?}");
    }
}

#[test]
fn both_parts_say_the_same() {
    for (mail, lang, MailWords { subject, text, html }) in all() {
        let plain = plain(&html);
        assert!(plain.contains(&subject), "{mail:?} {lang:?}");
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && *line != "--") {
            // The code has a line of its own there.
            let told = plain.contains(line) || line.ends_with("042137") && plain.contains("042137");
            assert!(told, "{mail:?} {lang:?}: {line:?} is not in {plain}");
        }
        let hrefs: Vec<_> =
            tags(&html).iter().filter_map(|tag| tag.get("href").map(unescape)).collect();
        assert_eq!(hrefs, links(&text), "{mail:?} {lang:?}");
    }
}

#[test]
fn nothing_is_fetched_and_nothing_runs() {
    for (mail, lang, MailWords { html, .. }) in all() {
        for tag in tags(&html) {
            let fetching = ["img", "link", "script", "style", "iframe", "object", "form", "input"];
            assert!(!fetching.contains(&tag.name.as_str()), "{mail:?} {lang:?}: <{}>", tag.name);
            for (name, value) in &tag.attributes {
                assert!(!name.starts_with("on"), "{mail:?} {lang:?}: {name}");
                assert!(!value.contains("url("), "{mail:?} {lang:?}: {value}");
                if ADDRESSES.contains(&name.as_str()) {
                    assert!(value.starts_with("https://id.example/"), "{mail:?}: {value}");
                }
            }
        }
    }
}

/// What other people wrote.
const HOSTILE: [&str; 5] = [
    "</p><a href=\"https://evil.example\">Sign in</a>",
    "https://evil.example/x",
    "Ben\r\n\r\nhttps://evil.example\r\n",
    "www.evil.example",
    "\u{202e}a@evil.example\u{0}",
];

/// Every mail with a name or a device in it.
fn named(name: &str) -> Vec<Mail<'_>> {
    let (link, when) = ("https://id.example/freeze/x", Timestamp(0));
    let what = MailFactor::Totp;
    vec![
        Mail::Invitation { link, inviter: Some(name), valid_for: 60 },
        Mail::PasswordChanged { when, device: name, freeze_link: link },
        Mail::NewDevice { device: name, ip: Some(name), when, freeze_link: link },
        Mail::FactorAdded { what, name, freeze_link: link },
        Mail::FactorRemoved { what, name, freeze_link: link },
    ]
}

#[test]
fn what_others_wrote_stays_in_its_place() {
    for lang in Lang::ALL {
        let harmless: Vec<_> = named("Ben").iter().map(|mail| words(mail, lang)).collect();
        for hostile in HOSTILE {
            for (mail, plain) in named(hostile).iter().zip(&harmless) {
                let MailWords { subject, text, html } = words(mail, lang);
                assert_eq!(subject, plain.subject, "{mail:?}");
                assert_eq!(text.lines().count(), plain.text.lines().count(), "{mail:?}: {text}");
                assert_eq!(text.lines().nth(2), plain.text.lines().nth(2), "{mail:?}: {text}");
                assert_eq!(links(&text), links(&plain.text), "{mail:?}: {text}");
                assert_eq!(skeleton(&html), skeleton(&plain.html), "{mail:?}: {html}");
                for part in [text, unescape(&html)] {
                    for linked in ["evil.example", "://evil", "@evil"] {
                        assert!(!part.contains(linked), "{mail:?}: {part}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_masked_address_is_shown_whole_and_on_one_line() {
    let changed = |new_masked| {
        let undo_link = "https://id.example/undo/x";
        words(&Mail::EmailChanged { new_masked, undo_link, valid_for: 60 }, Lang::En)
    };
    let plain = changed("b…@mail.example");
    assert!(plain.text.contains("\nNew address: b…@mail.example\n"), "{}", plain.text);
    for hostile in ["<…@evil.example>\r\nhttps://evil.example", "\u{202e}\"…@<a href=x>"] {
        let MailWords { text, html, .. } = changed(hostile);
        assert_eq!(text.lines().count(), plain.text.lines().count(), "{text}");
        assert_eq!(links(&text), links(&plain.text), "{text}");
        assert_eq!(skeleton(&html), skeleton(&plain.html), "{html}");
    }
}

#[test]
fn links_that_run_are_dropped() {
    let mail = Mail::AccountFrozen { recover_link: "javascript:alert(1)" };
    let MailWords { text, html, .. } = words(&mail, Lang::En);
    assert!(!text.contains("javascript") && !html.contains("javascript"), "{text}");
}

#[test]
fn recovery_codes_left_are_counted_in_words() {
    let left =
        |left, lang| words(&Mail::RecoveryCodeUsed { left, freeze_link: "https://x/" }, lang);
    assert!(left(0, Lang::En).text.contains("It was the last one"));
    assert!(left(1, Lang::En).text.contains("One is left."));
    assert!(left(7, Lang::De).text.contains("7 sind übrig."));
}

fn unescape(html: &str) -> String {
    html.replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#38;", "&")
}

/// The texts of a page, one after the other.
fn plain(html: &str) -> String {
    let texts = html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    unescape(&texts.collect::<String>())
}
