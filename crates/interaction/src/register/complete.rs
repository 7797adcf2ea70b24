//! The account itself.

use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use vestibule_model::{
    ErrorCode, OAuthError, Timestamp, UserId,
    audit::AuditEvent,
    entropy::random_id,
    factor::Factors,
    user::{Profile, User},
};
use vestibule_pages::{NoticeKind, Way};
use vestibule_policy::acr::amr;
use vestibule_storage::{Conn, StorageError};
use vestibule_web::{AppState, RequestId, request, urls};

use crate::{
    notice::Say,
    sign_in::{self, Destination, Proof},
    verification::{Onward, is_browser},
};

/// The account to be, as it rests sealed until its address is proved.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Applicant {
    pub(crate) username: String,
    pub(crate) email: String,
    pub(crate) password_hash: String,
    pub(crate) name: Option<String>,
    pub(crate) language: String,
    /// The version of the terms that was accepted.
    pub(crate) terms: Option<String>,
    pub(crate) groups: Vec<String>,
    /// The browser where the password was chosen: only that one is signed in by a link or a code.
    pub(crate) browser: Option<String>,
    pub(crate) onward: Onward,
    /// When the password was typed: that, and not the click on a link, is when the person proved who
    /// they are. Mails of before this was noted have none.
    #[serde(default)]
    pub(crate) typed_at: Option<Timestamp>,
}

/// An account about to be made.
#[derive(Clone)]
pub(crate) struct Making {
    pub(crate) applicant: Applicant,
    /// The verification that this uses up.
    pub(crate) consume: Option<String>,
    /// The address is proved.
    pub(crate) is_proved: bool,
    /// For the audit log.
    pub(crate) how: &'static str,
}

/// What came of it.
pub(crate) enum Made {
    Account(Box<User>),
    /// Somebody took the name meanwhile.
    UsernameTaken,
    /// Somebody took the address meanwhile.
    AddressTaken,
    /// The verification was used meanwhile.
    Over,
}

impl Making {
    /// Makes it and uses the verification up, both or neither.
    pub(crate) async fn make(
        self,
        state: &AppState,
        http: &HttpRequest,
        now: Timestamp,
    ) -> Result<Made, OAuthError> {
        let user = self.user(UserId::new(random_id(state.entropy.as_ref())), now);
        let made = user.clone();
        let ip = request::visitor_ip(http).map(|ip| ip.to_string());
        let event = AuditEvent::new(now, "account.registered", RequestId::of(http).0)
            .of_user(&user.id)
            .from_ip(ip.as_deref())
            .detail(self.how);
        let outcome = state.write(move |conn| self.store(conn, &user, &event, now)).await;
        match outcome {
            Ok(true) => Ok(Made::Account(Box::new(made))),
            Ok(false) => Ok(Made::Over),
            Err(error) if error.code == ErrorCode::AccountNameTaken => {
                let address = error.detail == "email";
                Ok(if address { Made::AddressTaken } else { Made::UsernameTaken })
            }
            Err(error) => Err(error),
        }
    }

    fn user(&self, id: UserId, now: Timestamp) -> User {
        let Applicant { username, email, password_hash, name, language, groups, .. } =
            &self.applicant;
        User {
            email_verified: self.is_proved,
            groups: groups.clone(),
            language: Some(language.clone()),
            profile: Profile { name: name.clone(), ..Profile::default() },
            ..User::new(id, username, email, password_hash, now)
        }
    }

    fn store(
        &self,
        conn: &mut Conn,
        user: &User,
        event: &AuditEvent,
        now: Timestamp,
    ) -> Result<bool, OAuthError> {
        if let Some(id) = &self.consume
            && !vestibule_storage::verification::consume(conn, id, now)?
        {
            return Ok(false);
        }
        vestibule_storage::user::insert(conn, user).map_err(|fault| match fault {
            StorageError::Duplicate { what } => {
                OAuthError::new(ErrorCode::AccountNameTaken).because(what)
            }
            fault => fault.into(),
        })?;
        if let Some(version) = &self.applicant.terms {
            vestibule_storage::terms::accept(conn, &user.id, version, now)?;
        }
        vestibule_storage::audit::insert(conn, event)?;
        Ok(true)
    }
}

/// Signs the person in who chose the password at `typed_at`, and goes on.
pub(crate) async fn enter(
    state: &AppState,
    http: &HttpRequest,
    user: User,
    destination: Destination,
    typed_at: Timestamp,
) -> Result<HttpResponse, OAuthError> {
    let proof = Proof::new(user, &[amr::PASSWORD], typed_at, destination);
    sign_in::after_password(state, http, proof, &Factors::default(), None).await
}

/// After the address was proved, by link or by code: on to where the person wanted to go, if this
/// is the browser where they began. Elsewhere nobody typed the password, and nobody is signed in.
pub(crate) async fn welcome(
    state: &AppState,
    http: &HttpRequest,
    applicant: &Applicant,
    user: User,
    now: Timestamp,
) -> Result<HttpResponse, OAuthError> {
    if is_browser(http, applicant.browser.as_deref()) {
        let typed_at = applicant.typed_at.unwrap_or(now);
        return enter(state, http, user, applicant.onward.destination(), typed_at).await;
    }
    let account = Destination::Page(urls::ACCOUNT.to_owned());
    let ways = [(Way::SignIn, account.behind(&state.settings.issuer, urls::LOGIN))];
    Say { kind: NoticeKind::Registered, about: &user.email, ways: &ways }.page(state, http)
}
