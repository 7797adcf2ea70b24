//! The stylesheet works in both writing directions.

use vestibule_pages::assets;

fn declarations() -> Vec<(String, String)> {
    let sheet = assets::find(assets::STYLESHEET).expect("it is embedded");
    let mut css = std::str::from_utf8(sheet.bytes).expect("text").to_owned();
    while let Some((before, rest)) = css.split_once("/*") {
        let (_, after) = rest.split_once("*/").expect("a comment ends");
        css = format!("{before}{after}");
    }
    css.split(['{', '}', ';'])
        .filter_map(|part| part.split_once(':'))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .filter(|(name, _)| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'))
        .collect()
}

#[test]
fn nothing_names_a_side() {
    let declarations = declarations();
    assert!(declarations.len() > 300, "{} declarations", declarations.len());
    for (name, value) in declarations {
        let words = name.split('-').chain(value.split(|c: char| !c.is_ascii_alphabetic()));
        for word in words {
            assert!(word != "left" && word != "right", "{name}: {value}");
        }
    }
}

/// `margin: 1px 2px 3px 4px` names sides without saying so.
#[test]
fn nothing_hides_a_side_in_a_shorthand() {
    for (name, value) in declarations() {
        if !matches!(name.as_str(), "margin" | "padding" | "inset" | "border-width") {
            continue;
        }
        let mut values = Vec::new();
        let mut depth = 0;
        for part in value.split(' ') {
            if depth == 0 {
                values.push(part.to_owned());
            }
            depth += part.matches('(').count();
            depth -= part.matches(')').count();
        }
        if let [_, end, _, start] = values.as_slice() {
            assert_eq!(end, start, "{name}: {value}");
        }
    }
}

/// Corners go by pairs: what the first two have, the others have mirrored.
#[test]
fn corners_are_symmetrical() {
    for (name, value) in declarations() {
        if name != "border-radius" {
            continue;
        }
        for radii in value.split('/') {
            let radii: Vec<_> = radii.split_whitespace().collect();
            if let [one, two, three, four] = radii.as_slice() {
                assert!(one == two && three == four, "{name}: {value}");
            }
        }
    }
}
