//! Adding and removing factors: shared by the account's pages and by the sign-in that demands one.

use actix_web::HttpRequest;
use vestibule_identity::{
    recovery_code,
    totp::{Totp, Verdict},
};
use vestibule_model::{
    ErrorCode, Message, OAuthError, Secret, SessionId, Timestamp, TokenHash, UserId,
    audit::AuditEvent,
    entropy::random_id,
    factor::{Factors, Passkey, TotpDevice},
    sign_in::SignIn,
    user::User,
};
use vestibule_pages::{Mail, MailFactor, qr};
use vestibule_policy::params::Params;
use vestibule_storage::{Conn, StorageError};
use vestibule_text::Lang;
use vestibule_web::{
    AppState,
    html::Frame,
    mail::{self, Letter},
};

use crate::{
    account::event,
    passkey::Registered,
    sign_in::{Also, half::gone, is_open},
    verification,
};

/// The longest name of a factor, in characters.
const NAME_MAX: usize = 60;

/// An authenticator app that is being set up: its secret travels sealed in the page, so that nothing
/// is stored before the first code was right, and a wrong code shows the same QR code again.
pub struct NewTotp {
    totp: Totp,
    /// The secret, sealed.
    pub sealed: String,
    /// The secret for typing.
    pub secret: String,
    /// `otpauth:` address.
    pub uri: String,
    /// The QR code.
    pub qr: String,
}

impl NewTotp {
    /// With a fresh secret.
    pub fn fresh(state: &AppState, user: &User, lang: Lang) -> Result<Self, OAuthError> {
        let totp = Totp::generate(state.entropy.as_ref());
        let sealed =
            state.sealer.seal(&purpose(&user.id), totp.secret_bytes(), state.entropy.as_ref())?;
        Self::drawn(state, user, lang, totp, sealed)
    }

    /// With the secret of the form, or a fresh one if that is not ours.
    pub async fn of_form(
        state: &AppState,
        user: &User,
        lang: Lang,
        params: &Params,
    ) -> Result<Self, OAuthError> {
        let sealed = params.get("secret").unwrap_or_default();
        let opened = state.open_sealed(&purpose(&user.id), sealed).await.ok();
        match opened.and_then(|secret| Totp::from_bytes(&secret).ok()) {
            Some(totp) => Self::drawn(state, user, lang, totp, sealed.to_owned()),
            None => Self::fresh(state, user, lang),
        }
    }

    fn drawn(
        state: &AppState,
        user: &User,
        lang: Lang,
        totp: Totp,
        sealed: String,
    ) -> Result<Self, OAuthError> {
        let uri = totp.uri(&state.settings.display_name, &user.username);
        let fault =
            |fault: qr::TooLong| OAuthError::new(ErrorCode::Internal).because(fault.to_string());
        let qr = qr::svg(&uri, &vestibule_text::text(lang, "mfa-qr-label")).map_err(fault)?;
        Ok(Self { secret: totp.secret_text(), totp, sealed, uri, qr })
    }

    /// The device, if the code is right.
    pub fn confirm(
        &self,
        state: &AppState,
        user: &User,
        params: &Params,
        now: Timestamp,
    ) -> Result<Result<TotpDevice, Message>, OAuthError> {
        let code = params.get("code").unwrap_or_default();
        let step = match self.totp.check(code, now, None) {
            Verdict::Right { step, drift: 0 } => step,
            // It counts, and the next ones will be wrong if the clock runs on like this.
            Verdict::Right { step, .. } => {
                tracing::info!(event = "totp.clock_drift");
                step
            }
            Verdict::Replayed | Verdict::Wrong => {
                return Ok(Err(Message::new("verify-code-clock")));
            }
        };
        let name = match name(params) {
            Ok(name) => name,
            Err(why) => return Ok(Err(why)),
        };
        let lang = user.language.as_deref().and_then(Lang::parse).unwrap_or_default();
        let id = random_id(state.entropy.as_ref());
        let secret = self.totp.secret_bytes();
        Ok(Ok(TotpDevice {
            sealed_secret: state.sealer.seal(
                &format!("totp/{id}"),
                secret,
                state.entropy.as_ref(),
            )?,
            id,
            user_id: user.id.clone(),
            name: name.unwrap_or_else(|| vestibule_text::text(lang, "mfa-totp-name")),
            created_at: now,
            confirmed_at: Some(now),
            last_used_at: Some(now),
            last_step: Some(step),
        }))
    }
}

fn purpose(user: &UserId) -> String {
    format!("enrol/totp/{user}")
}

/// The name that was typed for a factor; `None` if none was.
pub fn name(params: &Params) -> Result<Option<String>, Message> {
    let name = params.get("name").unwrap_or_default();
    let clean: String = name.chars().filter(|c| !c.is_control()).collect();
    let clean = clean.trim();
    if clean.chars().count() > NAME_MAX {
        return Err(Message::new("mfa-name-long"));
    }
    Ok((!clean.is_empty()).then(|| clean.to_owned()))
}

/// A factor to be added.
#[derive(Clone)]
pub enum New {
    /// An authenticator app whose first code was right.
    Totp(TotpDevice),
    /// A passkey, and the job that spends its challenge.
    Passkey(Passkey, Also),
}

/// The passkey that an authenticator made, under the name that was typed or its model's.
#[must_use]
pub fn new_passkey(
    user: &User,
    registered: Registered,
    name: Option<String>,
    now: Timestamp,
) -> New {
    let lang = user.language.as_deref().and_then(Lang::parse).unwrap_or_default();
    let Registered { new, spend } = registered;
    let model = new.aaguid.as_deref().and_then(vestibule_identity::passkey::model_name);
    let name = name
        .or_else(|| model.map(str::to_owned))
        .unwrap_or_else(|| vestibule_text::text(lang, "mfa-passkey-name"));
    let passkey = Passkey {
        id: new.id,
        user_id: user.id.clone(),
        name,
        credential: new.credential,
        aaguid: new.aaguid,
        backed_up: new.backed_up,
        created_at: now,
        last_used_at: None,
    };
    New::Passkey(passkey, spend)
}

/// Who changes their factors, and on which session.
pub struct Owner<'a> {
    /// The person.
    pub user: &'a User,
    /// What they have so far.
    pub factors: &'a Factors,
    /// The session that stays; all others end.
    pub session: Option<&'a SessionId>,
    /// The half-finished sign-in that goes on afterwards.
    pub half: Option<&'a SignIn>,
}

/// What has to be stored for a new factor, and the recovery codes to be shown, if it is the first.
pub struct Addition {
    /// Stores it.
    pub store: Also,
    /// The codes; empty unless they were made now.
    pub codes: Vec<Secret>,
}

/// Adds a factor: its row, recovery codes if there are none, an audit line, a mail, and the end of
/// every other session.
pub fn add(
    state: &AppState,
    http: &HttpRequest,
    owner: &Owner<'_>,
    new: New,
    now: Timestamp,
) -> Result<Addition, OAuthError> {
    let Change { user, what, name } = match &new {
        New::Totp(device) => {
            Change { user: owner.user, what: MailFactor::Totp, name: &device.name }
        }
        New::Passkey(key, _) => {
            Change { user: owner.user, what: MailFactor::Passkey, name: &key.name }
        }
    };
    let tell = |freeze_link: &str| {
        notice(state, http, user, &Mail::FactorAdded { what, name, freeze_link }, now)
    };
    let aftermath =
        Aftermath::of(state, owner, event(http, "factor.added", user, now), what, tell)?;
    let codes = if owner.factors.recovery_codes_left == 0 {
        recovery_code::generate(state.entropy.as_ref(), recovery_code::COUNT)
    } else {
        Vec::new()
    };
    let hashes = hashes(&user.id, &codes);
    let id = user.id.clone();
    let store = Also::new(move |conn| {
        aftermath.check(conn)?;
        match new {
            New::Totp(device) => vestibule_storage::totp_device::insert(conn, &device)?,
            New::Passkey(passkey, spend) => {
                spend.run(conn)?;
                vestibule_storage::passkey::insert(conn, &passkey).map_err(
                    |fault| match fault {
                        StorageError::Duplicate { what } => {
                            OAuthError::new(ErrorCode::AccountNameTaken).because(what)
                        }
                        fault => fault.into(),
                    },
                )?;
            }
        }
        if !hashes.is_empty() {
            vestibule_storage::recovery_code::replace_all(conn, &id, &hashes, now)?;
        }
        aftermath.store(conn, now)
    });
    Ok(Addition { store, codes })
}

struct Change<'a> {
    user: &'a User,
    what: MailFactor,
    name: &'a str,
}

/// Which factor goes.
#[derive(Clone, Copy, Debug)]
pub enum Gone<'a> {
    /// An authenticator app.
    Totp(&'a TotpDevice),
    /// A passkey.
    Passkey(&'a Passkey),
}

/// Removes a factor; with the last one the recovery codes and the remembered devices go too.
pub fn remove(
    state: &AppState,
    http: &HttpRequest,
    owner: &Owner<'_>,
    gone: Gone<'_>,
    now: Timestamp,
) -> Result<Also, OAuthError> {
    let (what, name, id) = match gone {
        Gone::Totp(device) => (MailFactor::Totp, &device.name, device.id.clone()),
        Gone::Passkey(passkey) => (MailFactor::Passkey, &passkey.name, passkey.id.clone()),
    };
    let user = owner.user;
    let tell = |freeze_link: &str| {
        notice(state, http, user, &Mail::FactorRemoved { what, name, freeze_link }, now)
    };
    let event = event(http, "factor.removed", user, now);
    let aftermath = Aftermath::of(state, owner, event, what, tell)?;
    let was_last = owner.factors.totp.len() + owner.factors.passkeys.len() <= 1;
    let is_passkey = matches!(gone, Gone::Passkey(_));
    let user = user.id.clone();
    Ok(Also::new(move |conn| {
        aftermath.check(conn)?;
        if is_passkey {
            vestibule_storage::passkey::delete(conn, &id, &user)?;
        } else {
            vestibule_storage::totp_device::delete(conn, &id, &user)?;
        }
        if was_last {
            vestibule_storage::recovery_code::delete_all(conn, &user)?;
            vestibule_storage::device::distrust_all(conn, &user)?;
        }
        aftermath.store(conn, now)
    }))
}

/// Makes new recovery codes in the place of the old.
pub fn new_codes(
    state: &AppState,
    http: &HttpRequest,
    user: &User,
    now: Timestamp,
) -> Result<Addition, OAuthError> {
    let codes = recovery_code::generate(state.entropy.as_ref(), recovery_code::COUNT);
    let hashes = hashes(&user.id, &codes);
    let (freeze, link) = verification::freeze_link(state, &user.id, now)?;
    let letter = notice(state, http, user, &Mail::RecoveryCodesMade { freeze_link: &link }, now)?;
    let event = event(http, "recovery_codes.made", user, now);
    let id = user.id.clone();
    let store = Also::new(move |conn| {
        vestibule_storage::recovery_code::replace_all(conn, &id, &hashes, now)?;
        vestibule_storage::verification::insert(conn, &freeze)?;
        mail::post(conn, letter.as_ref())?;
        Ok(vestibule_storage::audit::insert(conn, &event)?)
    });
    Ok(Addition { store, codes })
}

fn hashes(user: &UserId, codes: &[Secret]) -> Vec<TokenHash> {
    codes.iter().filter_map(|code| recovery_code::hash(user, code.expose())).collect()
}

type MaybeMail = Option<vestibule_model::mail::OutboxMail>;

/// What follows from every change of factors.
#[derive(Clone)]
struct Aftermath {
    user: UserId,
    keep: Option<SessionId>,
    half: Option<SignIn>,
    had: usize,
    event: AuditEvent,
    freeze: vestibule_model::verification::Verification,
    letter: MaybeMail,
}

impl Aftermath {
    fn of(
        state: &AppState,
        owner: &Owner<'_>,
        event: AuditEvent,
        what: MailFactor,
        tell: impl FnOnce(&str) -> Result<MaybeMail, OAuthError>,
    ) -> Result<Self, OAuthError> {
        let (freeze, link) = verification::freeze_link(state, &owner.user.id, event.at)?;
        let kind = match what {
            MailFactor::Totp => "totp",
            MailFactor::Passkey => "passkey",
        };
        Ok(Self {
            user: owner.user.id.clone(),
            keep: owner.session.cloned(),
            half: owner.half.cloned(),
            had: owner.factors.totp.len() + owner.factors.passkeys.len(),
            event: event.detail(kind),
            freeze,
            letter: tell(&link)?,
        })
    }

    /// Whether whoever changes the factors still may: their session or sign-in may have been ended
    /// meanwhile, the account frozen, or the same change made in another window.
    fn check(&self, conn: &mut Conn) -> Result<(), OAuthError> {
        vestibule_storage::user::hold(conn, &self.user)?;
        let open = vestibule_storage::user::find(conn, &self.user)?.is_some_and(|u| is_open(&u));
        let session = match &self.keep {
            Some(id) => vestibule_storage::browser_session::find_by_id(conn, id)?.is_some(),
            None => true,
        };
        let waiting = match &self.half {
            Some(half) => vestibule_storage::sign_in::find(conn, &half.token_hash)?.is_some(),
            None => true,
        };
        let now = vestibule_storage::factor::of_user(conn, &self.user)?;
        let same = now.totp.len() + now.passkeys.len() == self.had;
        if open && session && waiting && same { Ok(()) } else { Err(gone()) }
    }

    fn store(self, conn: &mut Conn, now: Timestamp) -> Result<(), OAuthError> {
        let keep = self.keep.as_ref();
        vestibule_storage::browser_session::end_all_of_user(conn, &self.user, keep, now)?;
        let half = self.half.as_ref().map(|half| &half.id);
        vestibule_storage::sign_in::end_all_of_user(conn, &self.user, half)?;
        vestibule_storage::verification::insert(conn, &self.freeze)?;
        mail::post(conn, self.letter.as_ref())?;
        Ok(vestibule_storage::audit::insert(conn, &self.event)?)
    }
}

fn notice(
    state: &AppState,
    http: &HttpRequest,
    user: &User,
    text: &Mail<'_>,
    now: Timestamp,
) -> Result<MaybeMail, OAuthError> {
    let frame = Frame::new(state, http).account_language(user.language.as_deref());
    let letter = Letter { to: &user.email, lang: frame.lang(), user: Some(&user.id) };
    mail::write(state, letter, text, now)
}
