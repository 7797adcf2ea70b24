//! Which language a page speaks, and the cookie that keeps a choice.

use actix_web::{
    HttpMessage, HttpRequest,
    cookie::{Cookie, time::Duration},
    http::header::ACCEPT_LANGUAGE,
};
use url::form_urlencoded;
use vestibule_model::{
    InteractionId, Timestamp,
    interaction::{Display, Interaction},
};
use vestibule_text::{Lang, Wishes};

use crate::cookies;

/// Keeps the language that was chosen with a page's language links, and when: `de.1795269909`.
pub const COOKIE: &str = "__Host-vestibule-lang";

/// The longest that browsers keep a cookie (RFC 6265bis §5.6.1).
const DAYS: i64 = 400;

/// The languages of our pages, as discovery names them (`ui_locales_supported`, OIDC Discovery §3).
#[must_use]
pub fn tags() -> Vec<&'static str> {
    Lang::ALL.into_iter().map(Lang::tag).collect()
}

/// What the client of this request's interaction wants, noted when the interaction is read.
#[derive(Clone)]
struct OfInteraction {
    id: InteractionId,
    ui_locales: Vec<String>,
    display: Display,
}

/// Notes that the pages of this request belong to `interaction`, so that all of them, the stale
/// one and the refusal too, speak the language that the client asked for, in the window it has.
pub fn note(http: &HttpRequest, interaction: &Interaction) {
    let note = OfInteraction {
        id: interaction.id.clone(),
        ui_locales: interaction.request.ui_locales.clone(),
        display: interaction.request.display,
    };
    http.extensions_mut().insert(note);
}

/// `ui_locales` of a form: BCP 47 tags, best first.
#[derive(Clone)]
struct OfForm(Vec<String>);

/// Notes the languages that a client asked for in this request, in a form too (OIDC RP-Initiated
/// Logout §2).
pub fn note_locales(http: &HttpRequest, ui_locales: Option<&str>) {
    if let Some(tags) = ui_locales {
        let tags = tags.split(' ').map(str::to_owned).collect();
        http.extensions_mut().insert(OfForm(tags));
    }
}

/// The interaction that the pages of this request belong to.
pub(crate) fn interaction(http: &HttpRequest) -> Option<InteractionId> {
    http.extensions().get::<OfInteraction>().map(|noted| noted.id.clone())
}

/// The window that the client shows the pages of this request in.
pub(crate) fn display(http: &HttpRequest) -> Display {
    http.extensions().get::<OfInteraction>().map(|noted| noted.display).unwrap_or_default()
}

/// The cookie of a choice made now.
#[must_use]
pub fn chosen(lang: Lang, now: Timestamp) -> Cookie<'static> {
    let mut cookie = cookies::build(COOKIE, format!("{}.{}", lang.tag(), now.0));
    cookie.set_max_age(Duration::days(DAYS));
    cookie
}

/// What this request tells about the language its pages should speak.
pub(crate) struct Told {
    chosen: Option<String>,
    chosen_at: Timestamp,
    ui_locales: Vec<String>,
    accept_language: Option<String>,
}

impl Told {
    pub(crate) fn by(http: &HttpRequest) -> Self {
        let cookie = http.cookie(COOKIE);
        let (lang, at) = cookie.as_ref().and_then(|c| c.value().split_once('.')).unzip();
        Self {
            chosen: lang.map(str::to_owned),
            chosen_at: Timestamp(at.and_then(|at| at.parse().ok()).unwrap_or_default()),
            ui_locales: ui_locales(http),
            accept_language: accept_language(http),
        }
    }

    /// The language. A choice within the last `fresh` seconds, the life of an interaction, is
    /// newer than what the client asked for, and wins over it; an older one does not.
    pub(crate) fn lang(&self, account: Option<&str>, now: Timestamp, fresh: i64) -> Lang {
        let cookie = self.chosen.as_deref();
        vestibule_text::choose(&Wishes {
            chosen: cookie.filter(|_| now.since(self.chosen_at) < fresh),
            ui_locales: &self.ui_locales,
            cookie,
            account,
            accept_language: self.accept_language.as_deref(),
        })
    }

    /// The tags of a page in `lang` (BCP 47), best first: what was wished for more precisely, such as
    /// `de-AT`, before the language itself. For texts that are not ours.
    pub(crate) fn tags<'a>(&'a self, lang: Lang, account: Option<&'a str>) -> Vec<&'a str> {
        let accepted = self.accept_language.as_deref().unwrap_or_default().split(',');
        let accepted = accepted.filter_map(|range| range.split(';').next()).map(str::trim);
        (self.ui_locales.iter().map(String::as_str))
            .chain(account)
            .chain(accepted)
            .filter(|tag| Lang::parse(tag) == Some(lang))
            .chain([lang.tag()])
            .collect()
    }
}

/// From the interaction, or from the request itself: `/authorize` (OIDC Core §3.1.2.1) and
/// `/end_session` (OIDC RP-Initiated Logout §2) show pages of their own.
fn ui_locales(http: &HttpRequest) -> Vec<String> {
    if let Some(noted) = http.extensions().get::<OfInteraction>() {
        return noted.ui_locales.clone();
    }
    if let Some(OfForm(tags)) = http.extensions().get::<OfForm>() {
        return tags.clone();
    }
    form_urlencoded::parse(http.query_string().as_bytes())
        .find(|(name, _)| name == "ui_locales")
        .map(|(_, tags)| tags.split(' ').map(str::to_owned).collect())
        .unwrap_or_default()
}

/// A list may come in several lines (RFC 9110 §5.3).
fn accept_language(http: &HttpRequest) -> Option<String> {
    let lines: Vec<_> =
        http.headers().get_all(ACCEPT_LANGUAGE).filter_map(|line| line.to_str().ok()).collect();
    (!lines.is_empty()).then(|| lines.join(","))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    #[test]
    fn only_a_fresh_choice_beats_the_client() {
        for (age, lang) in [(0, Lang::De), (59, Lang::De), (60, Lang::Fr), (9_999, Lang::Fr)] {
            let http = TestRequest::with_uri("/authorize?ui_locales=tlh+fr+en")
                .cookie(chosen(Lang::De, NOW.plus(-age)))
                .to_http_request();
            assert_eq!(Told::by(&http).lang(Some("es"), NOW, 60), lang, "{age}");
        }
    }

    #[test]
    fn an_old_choice_beats_account_and_browser() {
        let http = TestRequest::default()
            .cookie(chosen(Lang::De, Timestamp(0)))
            .insert_header((ACCEPT_LANGUAGE, "fr"))
            .to_http_request();
        assert_eq!(Told::by(&http).lang(Some("es"), NOW, 60), Lang::De);
    }

    #[test]
    fn the_account_beats_the_browser() {
        let http = TestRequest::default()
            .append_header((ACCEPT_LANGUAGE, "pt"))
            .append_header((ACCEPT_LANGUAGE, "fr"))
            .to_http_request();
        assert_eq!(Told::by(&http).lang(Some("es"), NOW, 60), Lang::Es);
        assert_eq!(Told::by(&http).lang(None, NOW, 60), Lang::Fr);
    }

    #[test]
    fn texts_of_others_are_wished_for_precisely() {
        let http = TestRequest::with_uri("/authorize?ui_locales=fr+de-AT")
            .insert_header((ACCEPT_LANGUAGE, "en, de-CH;q=0.9,*"))
            .to_http_request();
        let told = Told::by(&http);
        assert_eq!(told.tags(Lang::De, Some("de")), ["de-AT", "de", "de-CH", "de"]);
        assert_eq!(told.tags(Lang::Es, Some("de")), ["es"]);
    }

    #[test]
    fn a_cookie_of_somebody_else_says_nothing() {
        for value in ["", ".", "de", "de.", "xx.1", "de.x", ".9"] {
            let http = TestRequest::with_uri("/authorize?ui_locales=fr")
                .cookie(Cookie::new(COOKIE, value))
                .to_http_request();
            assert_eq!(Told::by(&http).lang(None, NOW, 60), Lang::Fr, "{value}");
        }
    }
}
