//! The annotated example file.

use super::key::{Key, Preset, SECTIONS};

/// A configuration file with every setting, its explanation and its default.
#[must_use]
pub fn example() -> String {
    let mut text = String::from("# Vestibule's configuration. These are the defaults.\n");
    for section in SECTIONS {
        if section.name.is_empty() {
            comment(&mut text, section.doc);
        } else {
            text.push('\n');
            comment(&mut text, section.doc);
            text.extend(["[", section.name, "]\n"]);
        }
        for key in section.keys {
            text.push('\n');
            comment(&mut text, key.doc);
            text.push_str(&line(key));
        }
    }
    text
}

fn line(key: &Key) -> String {
    match key.default {
        Preset::Value(value) => format!("{} = {value}\n", key.name()),
        Preset::Absent(value) => format!("# {} = {value}\n", key.name()),
    }
}

fn comment(text: &mut String, doc: &str) {
    for line in doc.lines() {
        text.push_str("# ");
        text.push_str(line);
        text.push('\n');
    }
}
