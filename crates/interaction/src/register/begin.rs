//! From a form that is right to a mail, or to the account at once.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use vestibule_identity::password::{PasswordError, Verdict};
use vestibule_model::{
    Message, OAuthError, Secret, Timestamp,
    settings::Mail as MailSetting,
    user::User,
    verification::{Verification, VerificationKind},
};
use vestibule_pages::Mail;
use vestibule_policy::verification::{Sending, Standing, lifetime, standing};
use vestibule_storage::Conn;
use vestibule_text::Lang;
use vestibule_web::{
    AppState,
    guessing::{Refused, Watch},
    html::{self, Frame},
    mail::{self, Letter},
    urls,
};

use super::{
    Door, Entry, address_taken,
    complete::{self, Applicant, Made, Making},
    verify,
};
use crate::{
    new_password,
    notice::{own, retry_after},
    verification::{
        Onward, Ticket, VERIFY_LINK, Wanted, browser_mark, data, is_browser, may_send, minutes,
        visitor_watch,
    },
};

/// Somebody who wants an account, with a form that is right.
pub(super) struct Applying<'a> {
    pub(super) state: &'a AppState,
    pub(super) http: &'a HttpRequest,
    pub(super) door: &'a Door,
    pub(super) entry: Entry,
    pub(super) password: Secret,
    pub(super) now: Timestamp,
}

/// What the database knows about it.
struct Seen {
    refused: Option<Refused>,
    username_taken: bool,
    /// Who has the address.
    owner: Option<User>,
    sending: Sending,
    latest: Option<Verification>,
}

impl Seen {
    fn read(
        conn: &mut Conn,
        watch: &Watch,
        username: &str,
        email: &str,
        now: Timestamp,
    ) -> Result<Self, OAuthError> {
        let (kind, subject) = (VerificationKind::Register, subject(email));
        Ok(Self {
            refused: watch.look(conn, now)?,
            username_taken: vestibule_storage::user::find_by_login(conn, username)?.is_some(),
            owner: vestibule_storage::user::find_by_email(conn, email)?,
            sending: may_send(conn, kind, &subject, now)?,
            latest: vestibule_storage::verification::latest(conn, kind, &subject)?,
        })
    }
}

/// What a mail to that address replaces.
pub(super) fn subject(email: &str) -> String {
    email.to_lowercase()
}

impl Applying<'_> {
    pub(super) async fn begin(self) -> Result<HttpResponse, OAuthError> {
        let (username, email) = (self.entry.username.clone(), self.entry.email.clone());
        let (watch, now) = (visitor_watch(self.state, self.http), self.now);
        let seen =
            self.state.read(move |conn| Seen::read(conn, &watch, &username, &email, now)).await?;
        if let Some(refused) = seen.refused {
            refused.wait(self.http).await?;
            return self.later("register-slow-down", refused.seconds(now));
        }
        if seen.username_taken {
            return self.refused(("username", Message::new("register-username-taken")));
        }
        if self.door.invited.is_some() || self.state.settings.mail == MailSetting::Off {
            return self.at_once(seen.owner.as_ref()).await;
        }
        match seen.sending {
            Sending::Now => self.by_mail(seen.owner).await,
            Sending::Later { seconds } => self.once_more(seen.latest, seconds).await,
        }
    }

    /// The page once more, with one thing that is wrong.
    fn refused(self, problem: (&'static str, Message)) -> Result<HttpResponse, OAuthError> {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        self.entry.refused(self.state, self.http, self.door, problem, status)
    }

    fn later(self, key: &'static str, seconds: i64) -> Result<HttpResponse, OAuthError> {
        let why = Message::new(key).with("minutes", minutes(seconds));
        let status = StatusCode::TOO_MANY_REQUESTS;
        let page = self.entry.refused(self.state, self.http, self.door, ("email", why), status)?;
        Ok(retry_after(page, seconds))
    }

    /// The page once more: too many passwords are waiting.
    pub(super) fn busy(self) -> Result<HttpResponse, OAuthError> {
        let problem = ("password", Message::new("register-busy"));
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let page = self.entry.refused(self.state, self.http, self.door, problem, status)?;
        Ok(retry_after(page, 3))
    }

    async fn applicant(&self) -> Result<Applicant, PasswordError> {
        let Self { state, http, door, entry, now, .. } = self;
        let password_hash =
            state.passwords.hash(self.password.clone(), state.entropy.as_ref()).await?;
        Ok(Applicant {
            username: entry.username.clone(),
            email: entry.email.clone(),
            password_hash,
            name: (!entry.name.is_empty()).then(|| entry.name.clone()),
            language: Frame::new(state, http).lang().tag().to_owned(),
            terms: entry.terms.clone(),
            groups: door.invited.as_ref().map(|i| i.invitation.groups.clone()).unwrap_or_default(),
            browser: browser_mark(http),
            onward: Onward::of(&door.destination),
            typed_at: Some(*now),
        })
    }

    /// An invitation proves the address; and where there are no mails nothing can.
    async fn at_once(self, owner: Option<&User>) -> Result<HttpResponse, OAuthError> {
        let Self { state, http, door, now, .. } = self;
        if owner.is_some() {
            return self.taken();
        }
        let applicant = match self.applicant().await {
            Ok(applicant) => applicant,
            Err(PasswordError::Busy) => return self.busy(),
            Err(error) => return Err(new_password::fault(&error)),
        };
        let making = Making {
            applicant,
            consume: door.invited.as_ref().map(|invited| invited.id.clone()),
            is_proved: door.invited.is_some(),
            how: if door.invited.is_some() { "by invitation" } else { "without a mail" },
        };
        match making.make(state, http, now).await? {
            Made::Account(user) => {
                complete::enter(state, http, *user, door.destination.clone(), now).await
            }
            Made::UsernameTaken => {
                self.refused(("username", Message::new("register-username-taken")))
            }
            Made::AddressTaken => self.taken(),
            // The same invitation was used in another window a moment ago.
            Made::Over => Ok(html::see_other(&door.again(state))),
        }
    }

    fn taken(self) -> Result<HttpResponse, OAuthError> {
        if self.door.invited.is_some() {
            let (email, destination) = (&self.entry.email, &self.door.destination);
            return address_taken(self.state, self.http, email, destination);
        }
        self.refused(("email", Message::new("register-address-taken")))
    }

    async fn by_mail(self, owner: Option<User>) -> Result<HttpResponse, OAuthError> {
        let Self { state, http, now, .. } = self;
        let applicant = match self.applicant().await {
            Ok(applicant) => applicant,
            Err(PasswordError::Busy) => return self.busy(),
            Err(error) => return Err(new_password::fault(&error)),
        };
        let watch = visitor_watch(state, http);
        let id = send(state, &applicant, owner.as_ref(), now, move |conn| watch.failed(conn, now));
        let id = id.await?;
        Ok(html::see_other(&own(state, &verify::path(&id, false))))
    }

    /// The form was sent twice: the second one ends where the first one did. Anything else has to
    /// wait.
    async fn once_more(
        self,
        latest: Option<Verification>,
        seconds: i64,
    ) -> Result<HttpResponse, OAuthError> {
        let live = latest.filter(|row| standing(row, self.now) == Standing::Good);
        if let Some(row) = live {
            let before: Applicant = data(self.state, &row).await?;
            let same = is_browser(self.http, before.browser.as_deref())
                && before.username == self.entry.username
                && before.email == self.entry.email
                && before.name.as_deref().unwrap_or_default() == self.entry.name;
            if !same {
                return self.later("register-mails-enough", seconds);
            }
            // A hash costs us more than it costs whoever asks for it.
            let watch = visitor_watch(self.state, self.http);
            let now = self.now;
            self.state.write(move |conn| watch.failed(conn, now)).await?;
            let stored = Some(before.password_hash);
            let entropy = self.state.entropy.as_ref();
            let verdict = self.state.passwords.verify(self.password.clone(), stored, entropy).await;
            match verdict {
                Ok(Verdict::Wrong) => {}
                Ok(_) => {
                    return Ok(html::see_other(&own(self.state, &verify::path(&row.id, false))));
                }
                Err(PasswordError::Busy) => return self.busy(),
                Err(error) => return Err(new_password::fault(&error)),
            }
        }
        self.later("register-mails-enough", seconds)
    }
}

/// Sends the mail that goes with an applicant: the code, or to the owner of a known address that
/// they have an account. Gives back the verification's name; without a code in a mail it is a dead
/// one, and looks like any other.
pub(super) async fn send(
    state: &AppState,
    applicant: &Applicant,
    owner: Option<&User>,
    now: Timestamp,
    also: impl FnOnce(&mut Conn) -> Result<(), OAuthError> + Clone + Send + 'static,
) -> Result<String, OAuthError> {
    let issuer = &state.settings.issuer;
    let subject = subject(&applicant.email);
    let wanted = Wanted { kind: VerificationKind::Register, subject: Some(&subject), user: None };
    let ticket = Ticket::issue(state, wanted, Some(applicant), now)?;
    let lang = Lang::parse(&applicant.language).unwrap_or_default();
    let mail = match owner {
        None => {
            let text = Mail::VerifyRegistration {
                link: &ticket.link(issuer, VERIFY_LINK),
                code: ticket.code.expose(),
                valid_for: lifetime(VerificationKind::Register),
            };
            let letter = Letter { to: &applicant.email, lang, user: None };
            mail::write(state, letter, &text, now)?
        }
        Some(owner) => {
            let text = Mail::AlreadyRegistered {
                login_link: &issuer.url(urls::LOGIN),
                recover_link: &issuer.url(urls::RECOVER),
            };
            let lang = owner.language.as_deref().and_then(Lang::parse).unwrap_or(lang);
            let letter = Letter { to: &owner.email, lang, user: Some(&owner.id) };
            mail::write(state, letter, &text, now)?
        }
    };
    let (id, row) = (ticket.row.id.clone(), ticket.row);
    state
        .write(move |conn| {
            also(conn)?;
            vestibule_storage::verification::insert(conn, &row)?;
            mail::post(conn, mail.as_ref())
        })
        .await?;
    state.mail_wake.notify_one();
    Ok(id)
}
