//! The word that something changed, on its way through Redis.
//!
//! `1`, the kind and the keys, each with its length before it: `1 6:client 3:app 5:other`. `*` in
//! the place of the keys stands for all of the kind, also where they would be too many.

/// Who understands what follows.
const VERSION: &str = "1";
/// The most keys of one message, and the most bytes. Beyond that: all of the kind.
const MOST_KEYS: usize = 256;
const MOST_BYTES: usize = 16 * 1_024;
const ALL: &str = " *";

/// What a message says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Word<'a> {
    /// These keys of the kind.
    Keys { kind: &'a str, keys: Vec<&'a str> },
    /// Every key of the kind.
    Kind(&'a str),
    /// Not for us to understand: a later version's, or no word of ours. Anything may have changed.
    Unknown,
}

impl<'a> Word<'a> {
    /// The words for these keys: as many as there are, or all.
    pub(crate) fn of(kind: &'a str, keys: &'a [String]) -> Self {
        if keys.len() > MOST_KEYS || keys.iter().map(String::len).sum::<usize>() > MOST_BYTES {
            return Self::Kind(kind);
        }
        Self::Keys { kind, keys: keys.iter().map(String::as_str).collect() }
    }

    pub(crate) fn encode(&self) -> String {
        let mut text = VERSION.to_owned();
        let mut add = |part: &str| {
            text.push(' ');
            text.push_str(&part.len().to_string());
            text.push(':');
            text.push_str(part);
        };
        match self {
            Self::Keys { kind, keys } => {
                add(kind);
                for key in keys {
                    add(key);
                }
            }
            Self::Kind(kind) => {
                add(kind);
                text.push_str(ALL);
            }
            Self::Unknown => {}
        }
        text
    }

    pub(crate) fn decode(payload: &'a [u8]) -> Self {
        let text = std::str::from_utf8(payload).ok().filter(|text| text.len() <= 2 * MOST_BYTES);
        text.and_then(Self::understand).unwrap_or(Self::Unknown)
    }

    fn understand(text: &'a str) -> Option<Self> {
        let (kind, mut rest) = part(text.strip_prefix(VERSION)?)?;
        if rest == ALL {
            return Some(Self::Kind(kind));
        }
        let mut keys = Vec::new();
        while !rest.is_empty() {
            let (key, after) = part(rest)?;
            keys.push(key);
            rest = after;
        }
        Some(Self::Keys { kind, keys })
    }
}

/// One part with its length, and what comes after.
fn part(text: &str) -> Option<(&str, &str)> {
    let (length, rest) = text.strip_prefix(' ')?.split_once(':')?;
    rest.split_at_checked(length.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(count: usize) -> Vec<String> {
        (0..count).map(|number| format!("key {number}: *\n")).collect()
    }

    #[test]
    fn a_word_is_understood_as_it_was_meant() {
        for count in [0, 1, 2, MOST_KEYS] {
            let keys = keys(count);
            let word = Word::of("client", &keys);
            assert!(matches!(&word, Word::Keys { keys, .. } if keys.len() == count));
            assert_eq!(Word::decode(word.encode().as_bytes()), word);
        }
        assert_eq!(Word::of("client", &keys(1)).encode(), "1 6:client 9:key 0: *\n");
    }

    #[test]
    fn too_many_keys_are_all_of_the_kind() {
        for keys in [keys(MOST_KEYS + 1), vec!["k".repeat(MOST_BYTES + 1)]] {
            let word = Word::of("client", &keys);
            assert_eq!(word, Word::Kind("client"));
            assert_eq!(word.encode(), "1 6:client *");
            assert_eq!(Word::decode(word.encode().as_bytes()), word);
        }
    }

    #[test]
    fn what_is_not_understood_may_mean_anything() {
        for payload in [
            &b""[..],
            b"2 6:client 1:a",
            b"1",
            b"1 6:clien",
            b"1 6:client 9:a",
            b"1 6:client 1:a*",
            b"1 6:client x:a",
            b"1 2:\xc3\xa4 1:\xc3\xa4",
            b"1 6:client 1:\xff",
        ] {
            assert_eq!(Word::decode(payload), Word::Unknown, "{payload:?}");
        }
    }
}
