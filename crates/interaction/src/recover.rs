//! `/recover`: the way back in for whoever forgot the password.
//!
//! Nobody learns here who has an account: for a name that nobody has, the same rows are written as
//! for any other, with a link and a code that no mail carries.

pub mod code;
pub mod link;
mod reset;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::LOCATION},
};
use serde::{Deserialize, Serialize};
use vestibule_model::{
    Message, OAuthError, Timestamp, settings::Mail as MailSetting, user::User,
    verification::VerificationKind,
};
use vestibule_pages::{FieldProblem, FindAccount, FindPurpose, Mail, NoticeKind, Shell, Way};
use vestibule_policy::{
    params::Params,
    verification::{Sending, lifetime},
};
use vestibule_storage::Conn;
use vestibule_web::{
    AppState, FormParams, QueryParams, State, csrf,
    guessing::{Refused, Watch},
    html::{self, FormFrame, Frame},
    mail::{self, Letter},
    page_error, urls,
};

use crate::{
    notice::{Say, own, retry_after},
    sign_in::Destination,
    verification::{
        Onward, Ticket, Wanted, browser_mark, may_send, minutes, onward_fields, visitor_watch,
    },
};

/// `GET /.well-known/change-password` (W3C Well-Known URL for Changing Passwords).
pub async fn change_password(state: State) -> HttpResponse {
    let to = own(&state, "/account/password");
    HttpResponse::Found().insert_header((LOCATION, to)).finish()
}

/// `GET /recover`.
pub async fn get(state: State, http: HttpRequest, query: QueryParams) -> HttpResponse {
    show(&state, &http, query.0).unwrap_or_else(|error| page_error(&state, &http, &error))
}

fn show(
    state: &AppState,
    http: &HttpRequest,
    query: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    Finding::of(FindPurpose::Recover, &query?).show(state, http)
}

/// `POST /recover`.
pub async fn post(state: State, http: HttpRequest, form: FormParams) -> HttpResponse {
    start(&state, &http, form.0).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn start(
    state: &AppState,
    http: &HttpRequest,
    form: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let params = form?;
    let finding = Finding::of(FindPurpose::Recover, &params);
    let seen = match finding.look(state, http, &params, now).await? {
        Ok(seen) => seen,
        Err(answer) => return Ok(answer),
    };
    let request = Request {
        typed: finding.name,
        address: seen.user.as_ref().map(|user| user.email.clone()),
        browser: browser_mark(http),
        onward: Onward::of(&finding.destination),
    };
    let id = send(state, http, &request, seen, now).await?;
    Ok(html::see_other(&own(state, &code::path(&id, false))))
}

/// What a mail was asked for with, as it rests sealed.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Request {
    /// The name that was typed.
    pub(crate) typed: String,
    /// The account's address at that time: where the mail went.
    pub(crate) address: Option<String>,
    /// The browser where it was asked for.
    pub(crate) browser: Option<String>,
    pub(crate) onward: Onward,
}

/// Writes the row and, if there is an account, the mail. Gives back the verification's name.
async fn send(
    state: &AppState,
    http: &HttpRequest,
    request: &Request,
    seen: Seen,
    now: Timestamp,
) -> Result<String, OAuthError> {
    let kind = VerificationKind::ResetPassword;
    let Seen { user, subject, watch, .. } = seen;
    let id = user.as_ref().map(|user| &user.id);
    let wanted = Wanted { kind, subject: Some(&subject), user: id };
    let ticket = Ticket::issue(state, wanted, Some(request), now)?;
    // Written in any case, so that the time it takes tells nothing.
    let language = user.as_ref().and_then(|user| user.language.as_deref());
    let letter = Letter {
        to: user.as_ref().map_or("nobody@example.invalid", |user| &user.email),
        lang: Frame::new(state, http).account_language(language).lang(),
        user: id,
    };
    let text = Mail::ResetPassword {
        link: &ticket.link(&state.settings.issuer, urls::RECOVER),
        code: Some(ticket.code.expose()),
        valid_for: lifetime(kind),
    };
    let mail = mail::write(state, letter, &text, now)?.filter(|_| user.is_some());
    let (id, row) = (ticket.row.id.clone(), ticket.row);
    state
        .write(move |conn| {
            watch.failed(conn, now)?;
            vestibule_storage::verification::insert(conn, &row)?;
            mail::post(conn, mail.as_ref())
        })
        .await?;
    state.mail_wake.notify_one();
    Ok(id)
}

/// Somebody who names an account that they want back: the page that `/recover` and `/unlock` share.
pub(crate) struct Finding {
    purpose: FindPurpose,
    pub(crate) destination: Destination,
    /// What was typed.
    pub(crate) name: String,
}

/// What the database knows about the name.
pub(crate) struct Seen {
    /// Its owner, if that account may be used.
    pub(crate) user: Option<User>,
    /// What counts the mails.
    pub(crate) subject: String,
    pub(crate) watch: Watch,
    sending: Sending,
    refused: Option<Refused>,
}

impl Seen {
    /// Mails are counted by the name that was typed and not by the account, for else two names
    /// would tell that they belong together.
    pub(crate) fn read(
        conn: &mut Conn,
        (kind, subject): (VerificationKind, String),
        name: &str,
        watch: Watch,
        now: Timestamp,
    ) -> Result<Self, OAuthError> {
        let refused = watch.look(conn, now)?;
        let sending = may_send(conn, kind, &subject, now)?;
        let user = vestibule_storage::user::find_by_login(conn, name)?;
        let user = user.filter(|user| user.disabled_at.is_none());
        Ok(Self { user, subject, watch, sending, refused })
    }
}

impl Finding {
    pub(crate) fn of(purpose: FindPurpose, params: &Params) -> Self {
        let typed = params.get("username").or_else(|| params.get("email"));
        let name = typed.unwrap_or_default().trim().chars().take(320).collect();
        Self { purpose, destination: Destination::of(params), name }
    }

    const fn kind(&self) -> VerificationKind {
        match self.purpose {
            FindPurpose::Recover => VerificationKind::ResetPassword,
            FindPurpose::Unlock => VerificationKind::Unlock,
        }
    }

    const fn path(&self) -> &'static str {
        match self.purpose {
            FindPurpose::Recover => urls::RECOVER,
            FindPurpose::Unlock => urls::UNLOCK,
        }
    }

    /// The form, or that there are no mails.
    pub(crate) fn show(
        &self,
        state: &AppState,
        http: &HttpRequest,
    ) -> Result<HttpResponse, OAuthError> {
        if state.settings.mail == MailSetting::Off {
            let to = self.destination.behind(&state.settings.issuer, urls::LOGIN);
            return Say::new(NoticeKind::MailOff, &[(Way::SignIn, to)]).page(state, http);
        }
        self.render(state, http, None, StatusCode::OK)
    }

    fn render(
        &self,
        state: &AppState,
        http: &HttpRequest,
        problem: Option<&Message>,
        status: StatusCode,
    ) -> Result<HttpResponse, OAuthError> {
        let frame = FormFrame::new(state, http);
        let issuer = &state.settings.issuer;
        let here = self.destination.behind(issuer, self.path());
        let view = FindAccount {
            shell: Shell { here: &here, ..frame.shell() },
            csrf_token: &frame.csrf_token,
            purpose: self.purpose,
            onward: onward_fields(&self.destination),
            username: &self.name,
            sign_in: &self.destination.behind(issuer, urls::LOGIN),
            problems: problem
                .map(|message| FieldProblem { field: "username", message })
                .into_iter()
                .collect(),
        };
        frame.page(status, &view)
    }

    /// Looks the name up, or says why not.
    pub(crate) async fn look(
        &self,
        state: &AppState,
        http: &HttpRequest,
        params: &Params,
        now: Timestamp,
    ) -> Result<Result<Seen, HttpResponse>, OAuthError> {
        if state.settings.mail == MailSetting::Off {
            return Ok(Err(self.show(state, http)?));
        }
        if csrf::check(state, http, params).is_err() {
            let again = self.destination.behind(&state.settings.issuer, self.path());
            return Ok(Err(html::stale(state, http, &state.settings.display_name, &again)));
        }
        if self.name.is_empty() {
            let why = Message::new("recover-who-empty");
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return Ok(Err(self.render(state, http, Some(&why), status)?));
        }
        let counted = (self.kind(), subject(state, self.kind(), &self.name));
        let (name, watch) = (self.name.clone(), visitor_watch(state, http));
        let seen = state.read(move |conn| Seen::read(conn, counted, &name, watch, now)).await?;
        if let Some(refused) = seen.refused {
            refused.wait(http).await?;
            let seconds = refused.seconds(now);
            return Ok(Err(self.later(state, http, "register-slow-down", seconds)?));
        }
        if let Sending::Later { seconds } = seen.sending {
            return Ok(Err(self.later(state, http, "recover-mails-enough", seconds)?));
        }
        Ok(Ok(seen))
    }

    fn later(
        &self,
        state: &AppState,
        http: &HttpRequest,
        key: &'static str,
        seconds: i64,
    ) -> Result<HttpResponse, OAuthError> {
        let why = Message::new(key).with("minutes", minutes(seconds));
        let page = self.render(state, http, Some(&why), StatusCode::TOO_MANY_REQUESTS)?;
        Ok(retry_after(page, seconds))
    }
}

/// What counts the mails that a name asks for: keyed, because anybody may type anything.
pub(crate) fn subject(state: &AppState, kind: VerificationKind, name: &str) -> String {
    state.digester.guess_subject(&format!("{}:{}", kind.as_str(), name.to_lowercase()))
}
