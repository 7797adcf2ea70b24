//! Sets the new password, once whoever wants it has shown that the mail reached them.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use vestibule_identity::password::PasswordError;
use vestibule_model::{
    Message, OAuthError, Secret, Timestamp,
    audit::AuditEvent,
    entropy::random_id,
    factor::Factors,
    mail::OutboxMail,
    user::User,
    verification::{Verification, VerificationKind},
};
use vestibule_pages::{FieldProblem, Mail, NoticeKind, RecoverPassword, Shell, Way as Onto};
use vestibule_policy::{acr::amr, password::Person};
use vestibule_storage::Conn;
use vestibule_text::Lang;
use vestibule_web::{
    AppState, RequestId,
    html::FormFrame,
    mail::{self, Letter},
    request, urls,
};

use super::{Request, code, link::over};
use crate::{
    new_password,
    notice::{Say, own, retry_after},
    sign_in::{self, Destination, Proof, finish::browser_words},
    unlock,
    verification::{freeze_link, is_browser},
};

/// How the mail was shown to have arrived; the form goes on the same way.
pub(super) enum Way {
    /// By its link.
    Link(Secret),
    /// By its code.
    Code {
        /// The verification's name.
        id: String,
        /// That the code was right, sealed.
        proof: Secret,
    },
}

impl Way {
    /// Our path that takes the password.
    pub(super) fn path(&self) -> String {
        match self {
            Self::Link(token) => format!("{}/{}", urls::RECOVER, token.expose()),
            Self::Code { .. } => code::PATH.to_owned(),
        }
    }
}

/// A verification that is good, shown by whoever got its mail.
pub(super) struct Open {
    pub(super) row: Verification,
    pub(super) request: Request,
    pub(super) way: Way,
}

/// Whose password it is.
struct Owner {
    user: User,
    factors: Factors,
    /// Hashes of the passwords that may not come back, the present one first.
    former: Vec<String>,
}

impl Open {
    /// The form.
    pub(super) async fn ask(
        self,
        state: &AppState,
        http: &HttpRequest,
    ) -> Result<HttpResponse, OAuthError> {
        match self.owner(state, http).await? {
            Ok(owner) => self.render(state, http, &owner.user, &[], StatusCode::OK),
            Err(elsewhere) => Ok(elsewhere),
        }
    }

    async fn owner(
        &self,
        state: &AppState,
        http: &HttpRequest,
    ) -> Result<Result<Owner, HttpResponse>, OAuthError> {
        // A row without account has a link and a code that nobody was sent.
        let Some(id) = self.row.user_id.clone() else {
            return Ok(Err(over(state, http, NoticeKind::LinkUnknown)?));
        };
        let keep = state.settings.accounts.password_history;
        let found = state
            .read(move |conn| {
                let Some(user) = vestibule_storage::user::find(conn, &id)? else {
                    return Ok(None);
                };
                let factors = vestibule_storage::factor::of_user(conn, &id)?;
                let present = (keep > 0 && !user.password_hash.is_empty())
                    .then(|| user.password_hash.clone());
                let before = vestibule_storage::user::former_passwords(conn, &id, keep)?;
                let former = present.into_iter().chain(before).collect();
                Ok(Some(Owner { user, factors, former }))
            })
            .await?;
        let Some(owner) = found else {
            return Ok(Err(over(state, http, NoticeKind::LinkUnknown)?));
        };
        if owner.user.disabled_at.is_some() {
            let ways = [(Onto::SignIn, own(state, urls::LOGIN))];
            return Ok(Err(Say::new(NoticeKind::AccountLocked, &ways).page(state, http)?));
        }
        // The mail went to an address that is the account's no longer.
        if self.request.address.as_ref() != Some(&owner.user.email) {
            return Ok(Err(over(state, http, NoticeKind::LinkUsed)?));
        }
        Ok(Ok(owner))
    }

    fn render(
        &self,
        state: &AppState,
        http: &HttpRequest,
        user: &User,
        problems: &[Message],
        status: StatusCode,
    ) -> Result<HttpResponse, OAuthError> {
        let frame = FormFrame::new(state, http).account_language(user.language.as_deref());
        let (path, rules) = (self.way.path(), new_password::rules(state, true));
        let here = match &self.way {
            Way::Link(_) => own(state, &path),
            // The page comes from a right code and cannot be seen again.
            Way::Code { .. } => String::new(),
        };
        let view = RecoverPassword {
            shell: Shell { here: &here, ..frame.shell() },
            csrf_token: &frame.csrf_token,
            action: &path,
            proof: match &self.way {
                Way::Link(_) => None,
                Way::Code { id, proof } => Some((id, proof.expose())),
            },
            username: &user.username,
            rules: new_password::shown(state, &rules),
            problems: problems
                .iter()
                .map(|message| FieldProblem { field: "new_password", message })
                .collect(),
        };
        frame.page(status, &view)
    }

    /// Sets it, and ends whatever was open under the old one.
    pub(super) async fn set(
        self,
        state: &AppState,
        http: &HttpRequest,
        password: Secret,
        now: Timestamp,
    ) -> Result<HttpResponse, OAuthError> {
        let Owner { mut user, factors, former } = match self.owner(state, http).await? {
            Ok(owner) => owner,
            Err(elsewhere) => return Ok(elsewhere),
        };
        let hashed = match self.hash(state, password, &user, former).await {
            Ok(Ok(hashed)) => hashed,
            Ok(Err(reasons)) => {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                return self.render(state, http, &user, &reasons, status);
            }
            Err(PasswordError::Busy) => {
                let busy = [Message::new("register-busy")];
                let status = StatusCode::SERVICE_UNAVAILABLE;
                let page = self.render(state, http, &user, &busy, status)?;
                return Ok(retry_after(page, 3));
            }
            Err(error) => return Err(new_password::fault(&error)),
        };
        user.password_hash = hashed;
        user.password_changed_at = Some(now);
        user.email_verified = true;
        let landing = Landing::of(state, http, &user, &self.row, now)?;
        if !state.write(move |conn| landing.store(conn, now)).await? {
            return over(state, http, NoticeKind::LinkUsed);
        }
        state.mail_wake.notify_one();
        state.logout_wake.notify_one();
        // In another browser than the one where this began, nobody waits to go on.
        let destination = if is_browser(http, self.request.browser.as_deref()) {
            self.request.onward.destination()
        } else {
            Destination::Page(urls::ACCOUNT.to_owned())
        };
        // A mail stands in for the password and for nothing else: the second factor is still asked
        // for, on remembered devices too.
        let proof = Proof::new(user, &[amr::PASSWORD], now, destination);
        sign_in::after_password(state, http, proof, &factors, None).await
    }

    /// The hash, or everything that keeps the password from being taken.
    async fn hash(
        &self,
        state: &AppState,
        password: Secret,
        user: &User,
        former: Vec<String>,
    ) -> Result<Result<String, Vec<Message>>, PasswordError> {
        let name = user.profile.name.as_deref();
        let person = Person { username: &user.username, email: &user.email, name };
        let reasons = new_password::judge(state, &password, &person, former).await?;
        if !reasons.is_empty() {
            return Ok(Err(reasons));
        }
        Ok(Ok(state.passwords.hash(password, state.entropy.as_ref()).await?))
    }
}

/// Everything that changes with a reset.
#[derive(Clone)]
struct Landing {
    user: User,
    verification: String,
    keep: i64,
    history_id: String,
    counters: unlock::Counters,
    freeze: Verification,
    letter: Option<OutboxMail>,
    event: AuditEvent,
}

impl Landing {
    fn of(
        state: &AppState,
        http: &HttpRequest,
        user: &User,
        row: &Verification,
        now: Timestamp,
    ) -> Result<Self, OAuthError> {
        let (freeze, link) = freeze_link(state, &user.id, now)?;
        let lang = user.language.as_deref().and_then(Lang::parse);
        let lang = lang.unwrap_or_else(|| FormFrame::new(state, http).lang());
        let letter = Letter { to: &user.email, lang, user: Some(&user.id) };
        let device = browser_words(http);
        let text = Mail::PasswordChanged { when: now, device: &device, freeze_link: &link };
        let ip = request::visitor_ip(http).map(|ip| ip.to_string());
        Ok(Self {
            user: user.clone(),
            verification: row.id.clone(),
            keep: state.settings.accounts.password_history,
            history_id: random_id(state.entropy.as_ref()),
            counters: unlock::Counters::of(state),
            freeze,
            letter: mail::write(state, letter, &text, now)?,
            event: AuditEvent::new(now, "password.reset", RequestId::of(http).0)
                .of_user(&user.id)
                .from_ip(ip.as_deref()),
        })
    }

    /// `false` if the verification was used meanwhile: then nothing changes.
    fn store(self, conn: &mut Conn, now: Timestamp) -> Result<bool, OAuthError> {
        use vestibule_storage::{browser_session, device, grant, sign_in, user, verification};
        let id = &self.user.id;
        if !verification::consume(conn, &self.verification, now)? {
            return Ok(false);
        }
        let hash = &self.user.password_hash;
        user::set_password(conn, id, hash, self.keep, now, self.history_id)?;
        user::hold(conn, id)?;
        if let Some(mut present) = user::find(conn, id)?.filter(|user| !user.email_verified) {
            present.email_verified = true;
            present.updated_at = now;
            user::save(conn, &present)?;
        }
        browser_session::end_all_of_user(conn, id, None, now)?;
        grant::revoke_all_of_user(conn, id, None, now)?;
        sign_in::end_all_of_user(conn, id, None)?;
        device::distrust_all(conn, id)?;
        for kind in [VerificationKind::ResetPassword, VerificationKind::ChangeEmail] {
            verification::void_of_user(conn, kind, id, Timestamp(0), now)?;
        }
        self.counters.clear(conn, id)?;
        verification::insert(conn, &self.freeze)?;
        mail::post(conn, self.letter.as_ref())?;
        vestibule_storage::audit::insert(conn, &self.event)?;
        Ok(true)
    }
}
