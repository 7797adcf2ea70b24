//! Pages that say one thing and lead on.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{HeaderValue, RETRY_AFTER},
    },
};
use vestibule_model::OAuthError;
use vestibule_pages::{Notice, NoticeKind, Shell, Way};
use vestibule_web::{AppState, html::Frame};

/// What to say.
pub(crate) struct Say<'a> {
    pub(crate) kind: NoticeKind,
    /// The address or name that it is about.
    pub(crate) about: &'a str,
    /// Where to go from here.
    pub(crate) ways: &'a [(Way, String)],
}

impl<'a> Say<'a> {
    /// About nobody in particular.
    pub(crate) const fn new(kind: NoticeKind, ways: &'a [(Way, String)]) -> Self {
        Self { kind, about: "", ways }
    }

    pub(crate) fn page(
        &self,
        state: &AppState,
        http: &HttpRequest,
    ) -> Result<HttpResponse, OAuthError> {
        let frame = Frame::new(state, http);
        // The language links of what a form led to would lead to the form's page, which has become
        // another one.
        let here = frame.shell().here;
        let shell =
            Shell { here: if http.method().is_safe() { here } else { "" }, ..frame.shell() };
        let view = Notice {
            shell,
            kind: self.kind,
            about: self.about,
            ways: self.ways.iter().map(|(way, href)| (*way, href.as_str())).collect(),
        };
        frame.page(status(self.kind), &view)
    }
}

const fn status(kind: NoticeKind) -> StatusCode {
    match kind {
        NoticeKind::RegisterOff
        | NoticeKind::InviteNeeded
        | NoticeKind::MailOff
        | NoticeKind::AccountLocked => StatusCode::FORBIDDEN,
        NoticeKind::InviteOver | NoticeKind::LinkUsed | NoticeKind::LinkExpired => StatusCode::GONE,
        NoticeKind::LinkUnknown => StatusCode::NOT_FOUND,
        _ => StatusCode::OK,
    }
}

/// The address of one of our pages.
pub(crate) fn own(state: &AppState, path: &str) -> String {
    format!("{}{path}", state.settings.issuer.path())
}

/// Says when to come back.
pub(crate) fn retry_after(mut page: HttpResponse, seconds: i64) -> HttpResponse {
    page.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    page
}
