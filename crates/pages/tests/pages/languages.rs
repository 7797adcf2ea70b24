//! Every page in every language.

use std::collections::{BTreeMap, BTreeSet};

use vestibule_pages::samples::{self, Sample};
use vestibule_text::Lang;

use crate::markup::{tags, texts};

fn pages(lang: Lang) -> Vec<Sample> {
    samples::all_in(lang).expect("every sample renders")
}

/// The words between the tags, and in the attributes that people hear or see.
fn words(html: &str) -> Vec<String> {
    let mut words = texts(html);
    for tag in tags(html) {
        for name in ["aria-label", "title", "placeholder", "alt", "data-show", "data-label"] {
            words.extend(tag.get(name).map(str::to_owned));
        }
    }
    words
}

/// The first word of every key.
fn areas() -> BTreeSet<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../templates/locales/en");
    let mut areas = BTreeSet::new();
    for entry in std::fs::read_dir(folder).expect("the catalogue") {
        let source = std::fs::read_to_string(entry.expect("an entry").path()).expect("UTF-8");
        let keys = source.lines().filter_map(|line| line.split_once(" =")).map(|(key, _)| key);
        areas.extend(keys.filter_map(|key| key.split_once('-')).map(|(area, _)| area.to_owned()));
    }
    areas
}

#[test]
fn every_page_says_its_language() {
    for lang in Lang::ALL {
        for Sample { name, html } in pages(lang) {
            let root = tags(&html).into_iter().find(|tag| tag.name == "html").expect("<html>");
            assert_eq!(root.get("lang"), Some(lang.tag()), "{name}");
            assert_eq!(root.get("dir"), Some(lang.dir()), "{name}");
        }
    }
}

/// A key that has no sentence would stand on the page as it is, and a blank that nobody fills as
/// `{$name}`.
#[test]
fn no_page_shows_a_key_or_an_empty_blank() {
    let areas = areas();
    let is_key = |text: &str| {
        let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        plain && text.split_once('-').is_some_and(|(area, _)| areas.contains(area))
    };
    for lang in Lang::ALL {
        for Sample { name, html } in pages(lang) {
            assert!(!html.contains("{$") && !html.contains("{ $"), "{name} in {lang:?}");
            for text in words(&html) {
                let shown = text.split_whitespace().any(is_key);
                assert!(!shown, "{name} in {lang:?}: {text}");
            }
        }
    }
}

/// The same markup in every language, and other words.
#[test]
fn only_the_words_change() {
    let english: BTreeMap<_, _> =
        pages(Lang::En).into_iter().map(|page| (page.name, page.html)).collect();
    let skeleton = |html: &str| -> Vec<String> {
        let names = |tag: crate::markup::Tag| tag.name;
        // Numbers of words differ, and with them the places of what stands out in a sentence.
        let inline = |name: &String| matches!(name.trim_start_matches('/'), "b" | "bdi" | "code");
        tags(html).into_iter().map(names).filter(|name| !inline(name)).collect()
    };
    for lang in [Lang::De, Lang::Fr, Lang::Es] {
        for Sample { name, html } in pages(lang) {
            let english = &english[name];
            assert_eq!(skeleton(&html), skeleton(english), "{name} in {lang:?}");
            let (theirs, ours) = (words(&html).concat(), words(english).concat());
            assert_ne!(theirs, ours, "{name} in {lang:?} is English");
        }
    }
}

#[test]
fn the_foot_leads_to_every_language_and_back() {
    for lang in Lang::ALL {
        let page = pages(lang).into_iter().find(|page| page.name == "login").expect("a sample");
        let links: Vec<_> =
            tags(&page.html).into_iter().filter(|tag| tag.get("hreflang").is_some()).collect();
        assert_eq!(links.len(), Lang::ALL.len());
        for (link, to) in links.iter().zip(Lang::ALL) {
            let href = format!("/language?lang={}&#38;to=/account%3Fa%3Db%26c", to.tag());
            assert_eq!(link.get("href"), Some(href.as_str()));
            assert_eq!(link.get("lang"), Some(to.tag()));
            let current = (to == lang).then_some("true");
            assert_eq!(link.get("aria-current"), current, "{to:?} on a page in {lang:?}");
            assert!(page.html.contains(to.own_name()));
        }
    }
}
