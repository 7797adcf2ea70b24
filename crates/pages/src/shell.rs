//! What every page has around its content.

use crate::assets;

/// The frame of every page.
#[derive(Clone, Copy, Debug)]
pub struct Shell<'a> {
    /// The server's name as people know it (`Settings::display_name`).
    pub site: &'a str,
    /// The page's language, a BCP 47 tag; decides the writing direction too.
    pub lang: &'a str,
    /// The request id, shown on error pages.
    pub request_id: &'a str,
    /// The issuer's path, empty or `/like/this`: starts every address of ours.
    pub base: &'a str,
}

impl Shell<'_> {
    /// `rtl` for languages written from right to left, else `ltr`.
    #[must_use]
    pub fn dir(&self) -> &'static str {
        let primary = self.lang.split('-').next().unwrap_or_default();
        let rtl = ["ar", "dv", "fa", "he", "ps", "ur", "yi"];
        if rtl.iter().any(|lang| primary.eq_ignore_ascii_case(lang)) { "rtl" } else { "ltr" }
    }

    /// Where the stylesheet is.
    #[must_use]
    pub fn stylesheet(&self) -> String {
        self.asset(assets::STYLESHEET)
    }

    /// Where the script is.
    #[must_use]
    pub fn script(&self) -> String {
        self.asset(assets::SCRIPT)
    }

    /// Where the favicon is.
    #[must_use]
    pub fn favicon(&self) -> String {
        self.asset(assets::FAVICON)
    }

    fn asset(&self, name: &str) -> String {
        format!("{}/static/{name}", self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::SHELL;

    #[test]
    fn direction_follows_the_language() {
        for (lang, dir) in
            [("en", "ltr"), ("ar", "rtl"), ("he-IL", "rtl"), ("AR-eg", "rtl"), ("", "ltr")]
        {
            assert_eq!(Shell { lang, ..SHELL }.dir(), dir, "{lang}");
        }
    }

    #[test]
    fn assets_live_under_the_base() {
        let shell = Shell { base: "/id", ..SHELL };
        assert_eq!(shell.script(), format!("/id/static/{}", assets::SCRIPT));
    }
}
