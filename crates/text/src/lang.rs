//! The languages we speak.

/// A language with a complete catalogue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lang {
    /// English, for whoever wishes nothing that we have.
    #[default]
    En,
    /// German.
    De,
    /// French.
    Fr,
    /// Spanish.
    Es,
}

impl Lang {
    /// Each of them, in the order in which pages offer them.
    pub const ALL: [Self; 4] = [Self::En, Self::De, Self::Fr, Self::Es];

    /// Its tag (BCP 47), which also names its folder.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Fr => "fr",
            Self::Es => "es",
        }
    }

    /// What its speakers call it.
    #[must_use]
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::De => "Deutsch",
            Self::Fr => "Français",
            Self::Es => "Español",
        }
    }

    /// The direction it is written in, as HTML's `dir` has it.
    #[must_use]
    pub const fn dir(self) -> &'static str {
        match self {
            Self::En | Self::De | Self::Fr | Self::Es => "ltr",
        }
    }

    /// The language of a tag such as `de`, `de-AT` or `DE_at`; by its primary subtag alone
    /// (RFC 4647 §3.4).
    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next()?;
        Self::ALL.into_iter().find(|lang| lang.tag().eq_ignore_ascii_case(primary))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_by_their_primary_subtag() {
        for (tag, lang) in [
            ("de", Some(Lang::De)),
            ("de-AT", Some(Lang::De)),
            ("DE_at", Some(Lang::De)),
            (" fr-CA ", Some(Lang::Fr)),
            ("es-419", Some(Lang::Es)),
            ("en-GB-oxendict", Some(Lang::En)),
            ("deu", None),
            ("x-de", None),
            ("*", None),
            ("", None),
        ] {
            assert_eq!(Lang::parse(tag), lang, "{tag:?}");
        }
    }

    #[test]
    fn every_language_knows_its_own_tag() {
        for lang in Lang::ALL {
            assert_eq!(Lang::parse(lang.tag()), Some(lang));
        }
    }
}
