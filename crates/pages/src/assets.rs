//! The embedded stylesheet, script and images, under names that carry a hash of their bytes.
//!
//! Served at `{base}/static/{name}` with `Cache-Control: public, max-age=31536000, immutable`:
//! another content has another name. The table is made by `build.rs`.

/// An embedded file.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Its name in the URL, such as `vestibule-0123456789abcdef.css`.
    pub name: &'static str,
    /// Its content.
    pub bytes: &'static [u8],
    /// `Content-Type`.
    pub content_type: &'static str,
    /// `ETag`, with its quotes (RFC 9110 §8.8.3).
    pub etag: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The asset of that hashed name. A name without the right hash finds nothing.
#[must_use]
pub fn find(name: &str) -> Option<&'static Asset> {
    TABLE.iter().find(|asset| asset.name == name)
}

/// Every asset.
#[must_use]
pub const fn all() -> &'static [Asset] {
    TABLE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_a_hash_and_are_found() {
        for name in [STYLESHEET, SCRIPT, CHECK_SESSION, FAVICON, LOGO] {
            let asset = find(name).expect("it is embedded");
            assert!(!asset.bytes.is_empty());
            let hash = asset.etag.trim_matches('"');
            assert_eq!(hash.len(), 16, "{name}");
            assert!(hash.bytes().all(|b| b.is_ascii_hexdigit()), "{name}");
            assert!(name.contains(&format!("-{hash}.")), "{name}");
        }
    }

    #[test]
    fn other_names_find_nothing() {
        for name in ["", "vestibule.css", "vestibule-0000000000000000.css", "../Cargo.toml"] {
            assert!(find(name).is_none(), "{name}");
        }
    }

    #[test]
    fn types_follow_the_name() {
        for asset in all() {
            let prefix = match asset.name.rsplit_once('.') {
                Some((_, "css")) => "text/css",
                Some((_, "js")) => "text/javascript",
                _ => "image/svg+xml",
            };
            assert!(asset.content_type.starts_with(prefix), "{}", asset.name);
        }
    }

    #[test]
    fn nothing_embedded_loads_from_elsewhere() {
        for asset in all() {
            let text = std::str::from_utf8(asset.bytes).expect("text");
            let text = text.replace("http://www.w3.org/2000/svg", "");
            assert!(!text.contains("http:") && !text.contains("https:"), "{}", asset.name);
            assert!(!text.contains("@import") && !text.contains("url("), "{}", asset.name);
        }
    }
}
