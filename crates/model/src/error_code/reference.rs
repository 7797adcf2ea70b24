//! The table as a page of the documentation.

use std::fmt::Write;

use super::ErrorCode;

/// `docs/reference/errors.md`: every refusal with its wire form, cause, fix and example.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::from(
        "# Errors\n\nEvery refusal has a stable code. A running server explains each at \
         `/errors/VST-…`; this page is the same table\n(`cargo run -p vestibule-model --example errors \
         > docs/reference/errors.md`).\n",
    );
    for code in ErrorCode::ALL {
        let entry = code.entry();
        let seen = if code.reaches_client() {
            format!("Clients see `error={}`.", entry.wire.as_str())
        } else {
            "The person sees a page; nothing goes to the client.".to_owned()
        };
        // Writing to a text cannot fail.
        let _ = write!(
            text,
            "\n## {}: {}\n\n{seen}\n\n**Why.** {}\n\n**What to do.** {}\n\n```text\n{}\n```\n",
            entry.id, entry.title, entry.cause, entry.fix, entry.example,
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_page_is_this_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/errors.md");
        let committed = std::fs::read_to_string(path).unwrap();
        assert!(
            committed == markdown(),
            "run: cargo run -p vestibule-model --example errors > docs/reference/errors.md"
        );
    }
}
