//! Which language a person gets.

use crate::Lang;

/// What is known about the language a person wants; the first that we speak wins, in this order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wishes<'a> {
    /// Chosen on the pages of this very visit.
    pub chosen: Option<&'a str>,
    /// What the client asked for, best first (OIDC Core §3.1.2.1 `ui_locales`).
    pub ui_locales: &'a [String],
    /// Chosen in this browser at some time.
    pub cookie: Option<&'a str>,
    /// Chosen in the account.
    pub account: Option<&'a str>,
    /// The browser's `Accept-Language` (RFC 9110 §12.5.4).
    pub accept_language: Option<&'a str>,
}

/// The language to speak; English if nothing that is wished for is ours.
#[must_use]
pub fn choose(wishes: &Wishes<'_>) -> Lang {
    let one = |tag: Option<&str>| tag.and_then(Lang::parse);
    one(wishes.chosen)
        .or_else(|| wishes.ui_locales.iter().find_map(|tag| Lang::parse(tag)))
        .or_else(|| one(wishes.cookie))
        .or_else(|| one(wishes.account))
        .or_else(|| wishes.accept_language.and_then(best_accepted))
        .unwrap_or_default()
}

/// The language of ours that a browser likes best; of equals the first. `*` is no wish of its own.
fn best_accepted(header: &str) -> Option<Lang> {
    let mut best: Option<(Lang, u32)> = None;
    for range in header.split(',') {
        let mut parts = range.split(';');
        let Some(lang) = parts.next().and_then(Lang::parse) else { continue };
        let weight = parts.next().map_or(Some(1_000), weight).unwrap_or(0);
        if weight > best.map_or(0, |(_, weight)| weight) {
            best = Some((lang, weight));
        }
    }
    best.map(|(lang, _)| lang)
}

/// `q=0.8` in thousandths (RFC 9110 §12.4.2).
fn weight(parameter: &str) -> Option<u32> {
    let value = parameter.trim().strip_prefix("q=").or(parameter.trim().strip_prefix("Q="))?;
    let (whole, rest) = value.split_once('.').unwrap_or((value, ""));
    let digits = |text: &str| text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(rest) || !matches!(whole, "0" | "1") {
        return None;
    }
    format!("{whole}{rest:0<3}").parse::<u32>().ok().map(|weight| weight.min(1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_wish_wins() {
        let locales = ["fr".to_owned()];
        let all = Wishes {
            chosen: Some("de"),
            ui_locales: &locales,
            cookie: Some("es"),
            account: Some("de"),
            accept_language: Some("fr"),
        };
        assert_eq!(choose(&all), Lang::De);
        let all = Wishes { chosen: None, ..all };
        assert_eq!(choose(&all), Lang::Fr);
        let all = Wishes { ui_locales: &[], ..all };
        assert_eq!(choose(&all), Lang::Es);
        let all = Wishes { cookie: None, ..all };
        assert_eq!(choose(&all), Lang::De);
        let all = Wishes { account: None, ..all };
        assert_eq!(choose(&all), Lang::Fr);
        assert_eq!(choose(&Wishes { accept_language: None, ..all }), Lang::En);
    }

    #[test]
    fn a_wish_we_cannot_meet_gives_way_to_the_next() {
        let locales = ["pt-BR".to_owned(), "es-MX".to_owned()];
        let wishes = Wishes { chosen: Some("tlh"), ui_locales: &locales, ..Wishes::default() };
        assert_eq!(choose(&wishes), Lang::Es);
        let wishes = Wishes { cookie: Some("xx"), accept_language: Some("de"), ..wishes };
        assert_eq!(choose(&Wishes { ui_locales: &[], ..wishes }), Lang::De);
    }

    #[test]
    fn browsers_say_how_much_they_like_a_language() {
        for (header, lang) in [
            ("de-AT,de;q=0.9,en;q=0.8", Some(Lang::De)),
            ("pt-BR, es;q=0.5, fr;q=0.7", Some(Lang::Fr)),
            ("en;q=0.1, de;q=0.9", Some(Lang::De)),
            ("de;q=0, en;q=0.001", Some(Lang::En)),
            ("de;q=0", None),
            ("fr, de", Some(Lang::Fr)),
            ("de ; q=1.000 , fr", Some(Lang::De)),
            ("*", None),
            ("*;q=0.5, es;q=0.1", Some(Lang::Es)),
            ("de;q=much, fr;q=0.1", Some(Lang::Fr)),
            ("de;q=5, fr;q=0.1", Some(Lang::Fr)),
            ("de;q=1.9", Some(Lang::De)),
            (";;;,,,q=1", None),
            ("", None),
        ] {
            assert_eq!(best_accepted(header), lang, "{header:?}");
        }
    }
}
