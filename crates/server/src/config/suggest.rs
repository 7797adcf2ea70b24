//! "Did you mean …?"

use super::key::{self, Key, SECTIONS};

/// The setting whose name is most like `path`, if any is like it at all.
pub(super) fn nearest(path: &str) -> Option<&'static Key> {
    let name = path.rsplit_once('.').map_or(path, |(_, name)| name);
    let in_section = |key: &Key| {
        let distance = strsim::damerau_levenshtein(path, key.path);
        (distance <= 2.max(key.path.len() / 4)).then_some(distance)
    };
    // The right name in the wrong section, or in none.
    let misplaced = |key: &Key| {
        let distance = strsim::damerau_levenshtein(name, key.name());
        (distance <= key.name().len() / 4).then_some(distance + 1)
    };
    key::all()
        .filter_map(|key| {
            let distance = in_section(key).into_iter().chain(misplaced(key)).min()?;
            Some((distance, key))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, key)| key)
}

/// What to say of a setting that does not exist.
pub(super) fn unknown(path: &str) -> String {
    let section = path.split_once('.').map_or("", |(section, _)| section);
    match SECTIONS.iter().find(|known| known.name == section && !section.is_empty()) {
        Some(known) => {
            let names: Vec<_> = known.keys.iter().map(Key::name).collect();
            format!("there is no such key; section `{section}` has {}", names.join(", "))
        }
        None => "there is no such key".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_find_their_key_and_nonsense_finds_none() {
        for (typed, meant) in [
            ("isuer", "issuer"),
            ("server.listn", "server.listen"),
            ("sever.listen", "server.listen"),
            ("database.poolsize", "database.pool_size"),
            ("master_key_file", "keys.master_key_file"),
            ("server.issuer", "issuer"),
            ("lifetimes.acess_token", "lifetimes.access_token"),
        ] {
            assert_eq!(nearest(typed).map(|key| key.path), Some(meant), "{typed}");
        }
        for typed in ["colour", "server.banana", "x"] {
            assert_eq!(nearest(typed).map(|key| key.path), None, "{typed}");
        }
    }

    #[test]
    fn an_unknown_key_of_a_known_section_lists_what_there_is() {
        assert!(unknown("server.banana").contains("listen, workers"));
        assert_eq!(unknown("colour"), "there is no such key");
    }
}
