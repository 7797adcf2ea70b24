//! What the pages of documentation say to run.

/// The text of the page's only block of code in `language` that has `part` in it.
pub fn block<'a>(page: &'a str, language: &str, part: &str) -> &'a str {
    let fence = format!("\n```{language}\n");
    let blocks = page.split(&fence).skip(1);
    let mut found: Vec<&str> = blocks
        .map(|rest| rest.split_once("\n```").expect("the block has an end").0)
        .filter(|text| text.contains(part))
        .collect();
    let block = found.pop().unwrap_or_else(|| panic!("no block of {language} has {part}"));
    assert!(found.is_empty(), "several blocks of {language} have {part}");
    block
}
