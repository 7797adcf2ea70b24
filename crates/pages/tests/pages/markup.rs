//! A reader of our own markup: strict enough to fail on anything that a browser would have to
//! guess at.

/// A start or end tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Lower case; an end tag starts with `/`.
    pub name: String,
    /// In the order of the source; a bare attribute has an empty value. Still escaped.
    pub attributes: Vec<(String, String)>,
}

impl Tag {
    /// The value of an attribute.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Whether the tag is a form field that a person fills in.
    pub fn is_visible_input(&self) -> bool {
        self.name == "input" && self.get("type") != Some("hidden")
    }
}

/// Every tag of a page.
pub fn tags(html: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        rest = after;
        if let Some(after) = rest.strip_prefix('!') {
            rest = after.split_once('>').expect("a declaration ends").1;
            continue;
        }
        let (tag, after) = tag(rest);
        tags.push(tag);
        rest = after;
    }
    tags
}

fn tag(source: &str) -> (Tag, &str) {
    let end = source.find([' ', '\n', '>']).expect("a tag ends");
    let (name, rest) = source.split_at(end);
    assert!(
        name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '/'),
        "odd tag <{name}"
    );
    let mut attributes = Vec::new();
    let mut rest = rest.trim_start();
    loop {
        if let Some(after) = rest.strip_prefix("/>").or_else(|| rest.strip_prefix('>')) {
            return (Tag { name: name.to_owned(), attributes }, after);
        }
        let end = rest.find(['=', ' ', '\n', '>', '/']).expect("an attribute ends");
        let (attribute, after) = rest.split_at(end);
        assert!(
            !attribute.is_empty()
                && attribute.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'),
            "odd attribute {attribute:?} in <{name}"
        );
        rest = after;
        let mut value = "";
        if let Some(quoted) = rest.strip_prefix('=') {
            let quoted = quoted.strip_prefix('"').expect("values stand in double quotes");
            (value, rest) = quoted.split_once('"').expect("a value ends");
            assert!(!value.contains('<'), "a raw < in {attribute}");
        }
        attributes.push((attribute.to_owned(), value.to_owned()));
        rest = rest.trim_start();
    }
}

/// What stands between the tags, without what is only space.
pub fn texts(html: &str) -> Vec<String> {
    let mut texts = Vec::new();
    for part in html.split('<') {
        let text = part.split_once('>').map_or(part, |(_, text)| text).trim();
        if !text.is_empty() {
            texts.push(text.to_owned());
        }
    }
    texts
}

/// The page without its texts and values: what a hostile string must never change.
pub fn skeleton(html: &str) -> Vec<(String, Vec<String>)> {
    tags(html)
        .into_iter()
        .map(|tag| (tag.name, tag.attributes.into_iter().map(|(name, _)| name).collect()))
        .collect()
}

/// Attributes whose value a browser follows.
pub const ADDRESSES: [&str; 4] = ["href", "src", "action", "formaction"];

/// Fails on anything that a policy without `unsafe-inline` would stop.
pub fn assert_nothing_inline(page: &str, html: &str) {
    for tag in tags(html) {
        assert_ne!(tag.name, "style", "{page}: inline style");
        if tag.name == "script" {
            assert!(tag.get("src").is_some(), "{page}: inline script");
        }
        for (name, value) in &tag.attributes {
            assert!(name != "style" && !name.starts_with("on"), "{page}: {name} in <{}>", tag.name);
            if ADDRESSES.contains(&name.as_str()) {
                let scheme = value.trim_start().to_ascii_lowercase();
                assert!(!scheme.starts_with("javascript:"), "{page}: {name}={value}");
                assert!(!scheme.starts_with("data:"), "{page}: {name}={value}");
            }
        }
    }
    assert_eq!(html.matches("<script").count(), html.matches("></script>").count(), "{page}");
}
