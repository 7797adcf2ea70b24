//! What every page has around its content, and the words on it.

use vestibule_model::{
    interaction::Display,
    message::{Message, Value},
};
use vestibule_text::Lang;

use crate::{
    assets,
    blank::{self, Blank, Filling, Html, When},
    date, link,
};

/// The frame of every page.
#[derive(Clone, Copy, Debug)]
pub struct Shell<'a> {
    /// The server's name as people know it (`Settings::display_name`).
    pub site: &'a str,
    /// The page's language; decides the writing direction too.
    pub lang: Lang,
    /// The request id, shown on error pages.
    pub request_id: &'a str,
    /// The issuer's path, empty or `/like/this`: starts every address of ours.
    pub base: &'a str,
    /// The path and query that show this page again, for the language switch; empty on pages
    /// that cannot be shown again, which then have no switch.
    pub here: &'a str,
    /// The window that the client shows the page in (OIDC Core §3.1.2.1); as it likes for pages of
    /// our own.
    pub display: Display,
}

/// The pages of the account, for `account_frame.html`: the section that a view names, its path, and its name.
pub(crate) const ROOMS: [(&str, &str, &str); 10] = [
    ("overview", "/account", "shell-room-overview"),
    ("profile", "/account/profile", "shell-room-profile"),
    ("email", "/account/email", "shell-room-email"),
    ("password", "/account/password", "shell-room-password"),
    ("mfa", "/account/mfa", "shell-room-mfa"),
    ("passkeys", "/account/passkeys", "shell-room-passkeys"),
    ("sessions", "/account/sessions", "shell-room-sessions"),
    ("apps", "/account/apps", "shell-room-apps"),
    ("activity", "/account/activity", "shell-room-activity"),
    ("data", "/account/data", "shell-room-data"),
];

impl Shell<'_> {
    /// A sentence of the catalogue.
    #[must_use]
    pub fn t(&self, key: &str) -> String {
        vestibule_text::text(self.lang, key)
    }

    /// A sentence with blanks, as plain text.
    #[must_use]
    pub fn ta<V: Blank>(&self, key: &str, args: &[(&str, V)]) -> String {
        let args: Vec<(&str, Value)> =
            args.iter().map(|(name, value)| (*name, value.fill().value)).collect();
        vestibule_text::format(self.lang, key, &args)
    }

    /// A sentence with blanks, as HTML: texts stand out in `<b><bdi>`, or in what
    /// [`plain`](Self::plain), [`code`](Self::code), [`host`](Self::host) and
    /// [`link`](Self::link) make of them.
    #[must_use]
    pub fn rich<V: Blank>(&self, key: &str, args: &[(&str, V)]) -> Html {
        blank::html(args, |args| vestibule_text::format(self.lang, key, args))
    }

    /// A message in words, as plain text.
    #[must_use]
    pub fn msg(&self, message: &Message) -> String {
        vestibule_text::message(self.lang, message)
    }

    /// For [`rich`](Self::rich): a text that stands out, as texts do by themselves; beside others
    /// of this list, for all fillings of a sentence have one type.
    #[must_use]
    pub fn bold(&self, text: impl AsRef<str>) -> Filling {
        Filling::bold(text.as_ref())
    }

    /// For [`rich`](Self::rich): a text that does not stand out.
    #[must_use]
    pub fn plain(&self, text: impl AsRef<str>) -> Filling {
        Filling::plain(text.as_ref())
    }

    /// For [`rich`](Self::rich): a name that machines know.
    #[must_use]
    pub fn code(&self, text: impl AsRef<str>) -> Filling {
        Filling::code(text.as_ref())
    }

    /// For [`rich`](Self::rich): a host.
    #[must_use]
    pub fn host(&self, text: impl AsRef<str>) -> Filling {
        Filling::host(text.as_ref())
    }

    /// For [`rich`](Self::rich): a link, made [`safe`](crate::link::safe).
    #[must_use]
    pub fn link(&self, href: impl AsRef<str>, text: impl AsRef<str>) -> Filling {
        Filling::link(href.as_ref(), text.as_ref())
    }

    /// For [`ta`](Self::ta) and [`rich`](Self::rich): a number beside texts.
    #[must_use]
    pub fn number<N: Blank>(&self, number: N) -> Filling {
        number.fill()
    }

    /// A time in words: the day, the hour and the minute, in UTC.
    #[must_use]
    pub fn moment(&self, at: impl When) -> String {
        vestibule_text::moment(self.lang, at.at())
    }

    /// A day in words.
    #[must_use]
    pub fn day(&self, at: impl When) -> String {
        vestibule_text::day(self.lang, at.at())
    }

    /// A span of seconds in words, such as "5 minutes".
    #[must_use]
    pub fn span(&self, seconds: impl Blank) -> String {
        match seconds.fill().value {
            Value::Number(seconds) => vestibule_text::span(self.lang, seconds),
            Value::Text(text) => text,
        }
    }

    /// A time as the `datetime` attribute has it.
    #[must_use]
    pub fn machine(&self, at: impl When) -> String {
        date::machine(at.at())
    }

    /// The languages to switch to: each with the address that does it.
    #[must_use]
    pub fn languages(&self) -> Vec<(Lang, String)> {
        let to = link::query_value(self.here);
        let address = |lang: Lang| format!("{}/language?lang={}&to={to}", self.base, lang.tag());
        Lang::ALL.into_iter().map(|lang| (lang, address(lang))).collect()
    }

    /// The class of the page's body that fits it to its window. A phone, old or new, needs none:
    /// every page fits into a narrow one.
    pub(crate) const fn window(&self) -> &'static str {
        match self.display {
            Display::Popup => " popup",
            Display::Page | Display::Touch | Display::Wap => "",
        }
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
    fn assets_live_under_the_base() {
        let shell = Shell { base: "/id", ..SHELL };
        assert_eq!(shell.script(), format!("/id/static/{}", assets::SCRIPT));
    }
}
