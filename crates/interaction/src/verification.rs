//! Links and codes by mail: made, found again, tried. What they are for is in the file of each.

use actix_web::HttpRequest;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use vestibule_identity::one_time_code;
use vestibule_model::{
    ErrorCode, InteractionId, OAuthError, Secret, Timestamp, TokenHash, UserId,
    entropy::{random_id, random_secret},
    sealed::SealedColumn,
    settings::Issuer,
    verification::{Verification, VerificationKind},
};
use vestibule_pages::{NoticeKind, OnwardFields};
use vestibule_policy::{
    guessing::{Subject, Try, subjects},
    verification::{self as rules, Sending, Standing},
};
use vestibule_storage::Conn;
use vestibule_web::{AppState, cookies, guessing::Watch, request, urls};

use crate::sign_in::Destination;

/// Where a link leads that makes an account or proves an address.
pub const VERIFY_LINK: &str = "/verify";
/// Where "This wasn't me" leads.
pub const FREEZE_LINK: &str = "/freeze";
/// Where the old address takes a change back.
pub const UNDO_EMAIL_LINK: &str = "/undo-email";
/// Where a deletion is taken back.
pub const UNDO_DELETION_LINK: &str = "/undo-deletion";

/// What a verification is to be.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// What for.
    pub kind: VerificationKind,
    /// Whose older ones it replaces; `None` if it stands beside all others.
    pub subject: Option<&'a str>,
    /// The account it is about.
    pub user: Option<&'a UserId>,
}

/// A verification made just now: its row, and what only the mail may carry.
pub struct Ticket {
    /// To be stored in the same transaction as the mail.
    pub row: Verification,
    /// The link's.
    pub secret: Secret,
    /// The code, of kinds that have one.
    pub code: Secret,
}

impl Ticket {
    /// Makes one; `data` rests sealed in its row.
    pub fn issue(
        state: &AppState,
        wanted: Wanted<'_>,
        data: Option<&impl Serialize>,
        now: Timestamp,
    ) -> Result<Self, OAuthError> {
        let entropy = state.entropy.as_ref();
        let (id, secret) = (random_id(entropy), random_secret(entropy));
        let code = one_time_code::generate(entropy);
        let seal = |data| {
            let plain = serde_json::to_vec(data).map_err(|fault| unreadable(&fault))?;
            let purpose = SealedColumn::Verification.purpose(&id);
            Ok::<_, OAuthError>(state.sealer.seal(&purpose, &plain, entropy)?)
        };
        let row = Verification {
            kind: wanted.kind,
            subject: wanted.subject.unwrap_or(&id).to_owned(),
            user_id: wanted.user.cloned(),
            token_hash: secret.token_hash(),
            code_hash: has_code(wanted.kind).then(|| state.digester.one_time_code(&id, &code)),
            sealed_data: data.map(seal).transpose()?,
            attempts: 0,
            created_at: now,
            expires_at: now.plus(rules::lifetime(wanted.kind)),
            consumed_at: None,
            id,
        };
        Ok(Self { row, secret, code })
    }

    /// The address that the mail carries.
    #[must_use]
    pub fn link(&self, issuer: &Issuer, path: &str) -> String {
        issuer.url(&format!("{path}/{}", self.secret.expose()))
    }
}

const fn has_code(kind: VerificationKind) -> bool {
    matches!(
        kind,
        VerificationKind::Register
            | VerificationKind::VerifyEmail
            | VerificationKind::ChangeEmail
            | VerificationKind::ResetPassword
    )
}

fn unreadable(fault: &serde_json::Error) -> OAuthError {
    OAuthError::new(ErrorCode::Internal).because(format!("a verification's data: {fault}"))
}

/// What rests sealed in the row.
pub async fn data<T: DeserializeOwned>(
    state: &AppState,
    row: &Verification,
) -> Result<T, OAuthError> {
    let sealed = row.sealed_data.as_deref().unwrap_or_default();
    let plain = state.open_sealed(&SealedColumn::Verification.purpose(&row.id), sealed).await?;
    serde_json::from_slice(&plain).map_err(|fault| unreadable(&fault))
}

/// "This wasn't me", for a mail that tells of a change: the row to store and the link. Many such
/// mails can be out at once, and the link in each works.
pub fn freeze_link(
    state: &AppState,
    user: &UserId,
    now: Timestamp,
) -> Result<(Verification, String), OAuthError> {
    lasting_link(state, VerificationKind::Freeze, user, FREEZE_LINK, now)
}

/// For the mail about a deletion: works until the account is erased.
pub fn undo_deletion_link(
    state: &AppState,
    user: &UserId,
    erased_at: Timestamp,
    now: Timestamp,
) -> Result<(Verification, String), OAuthError> {
    let kind = VerificationKind::UndoDeletion;
    let (row, link) = lasting_link(state, kind, user, UNDO_DELETION_LINK, now)?;
    Ok((Verification { expires_at: erased_at, ..row }, link))
}

fn lasting_link(
    state: &AppState,
    kind: VerificationKind,
    user: &UserId,
    path: &str,
    now: Timestamp,
) -> Result<(Verification, String), OAuthError> {
    let wanted = Wanted { kind, subject: None, user: Some(user) };
    let ticket = Ticket::issue(state, wanted, None::<&()>, now)?;
    let link = ticket.link(&state.settings.issuer, path);
    Ok((ticket.row, link))
}

/// A link or a code, as it stands.
pub enum Found {
    /// It works.
    Good(Box<Verification>),
    /// It does not; the page that says so.
    Over(NoticeKind),
}

impl Found {
    fn judge(row: Option<Verification>, kinds: &[VerificationKind], now: Timestamp) -> Self {
        let Some(row) = row.filter(|row| kinds.contains(&row.kind)) else {
            return Self::Over(NoticeKind::LinkUnknown);
        };
        match rules::standing(&row, now) {
            Standing::Good => Self::Good(Box::new(row)),
            Standing::Used => Self::Over(NoticeKind::LinkUsed),
            Standing::Expired => Self::Over(NoticeKind::LinkExpired),
        }
    }
}

/// The verification behind a link.
pub async fn by_link(
    state: &AppState,
    secret: &Secret,
    kinds: &'static [VerificationKind],
    now: Timestamp,
) -> Result<Found, OAuthError> {
    let hash = secret.token_hash();
    state
        .read(move |conn| {
            let row = vestibule_storage::verification::find_by_token(conn, &hash)?;
            Ok(Found::judge(row, kinds, now))
        })
        .await
}

/// The verification of that name. A name carries no power: what it opens asks for more.
pub async fn by_name(
    state: &AppState,
    id: &str,
    kinds: &'static [VerificationKind],
    now: Timestamp,
) -> Result<Found, OAuthError> {
    let id = id.to_owned();
    state
        .read(move |conn| {
            let row = vestibule_storage::verification::find(conn, &id)?;
            Ok(Found::judge(row, kinds, now))
        })
        .await
}

/// Whether another mail of that kind may go to that subject.
pub fn may_send(
    conn: &mut Conn,
    kind: VerificationKind,
    subject: &str,
    now: Timestamp,
) -> Result<Sending, OAuthError> {
    let latest = vestibule_storage::verification::latest(conn, kind, subject)?;
    let since = now.plus(-rules::WINDOW);
    let sent = vestibule_storage::verification::sent_since(conn, kind, subject, since)?;
    Ok(rules::may_send(latest.map(|latest| latest.created_at), sent, now))
}

/// Minutes that `seconds` of waiting are told as.
#[must_use]
pub const fn minutes(seconds: i64) -> i64 {
    // Of a clock's range nothing is near the end.
    seconds.saturating_add(59) / 60
}

/// What requests for mails, and wrong codes, are counted against besides their subject: where they
/// come from.
#[must_use]
pub fn visitor_watch(state: &AppState, http: &HttpRequest) -> Watch {
    let ip = request::visitor_ip(http);
    let attempt = Try { account_key: "", device: None, ip, client: None };
    let wide = subjects(&attempt, &state.guess_limits)
        .into_iter()
        .filter(|(subject, _)| matches!(subject, Subject::Ip(_)));
    Watch::over(&state.digester, wide.collect())
}

/// What came of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// It is the one that the mail carries. Nothing is used up yet.
    Right,
    /// It is not.
    Wrong {
        /// Tries that are left.
        left: i64,
    },
    /// No more tries are taken.
    Spent,
}

/// Tries a code of six digits. The try is counted before it is judged, so that of many at once no
/// more are judged than may be.
pub async fn try_code(
    state: &AppState,
    http: &HttpRequest,
    row: &Verification,
    code: String,
    now: Timestamp,
) -> Result<Tried, OAuthError> {
    let given = state.digester.one_time_code(&row.id, &Secret::new(code));
    let right = row.code_hash.as_ref().is_some_and(|expected| expected.matches(&given));
    let (id, watch) = (row.id.clone(), visitor_watch(state, http));
    state
        .write(move |conn| {
            let tries = vestibule_storage::verification::count_attempt(conn, &id)?;
            let left = rules::CODE_TRIES.saturating_sub(tries);
            if left < 0 {
                return Ok(Tried::Spent);
            }
            if right {
                return Ok(Tried::Right);
            }
            watch.failed(conn, now)?;
            Ok(Tried::Wrong { left })
        })
        .await
}

/// By what a browser is known again: the hash of its name.
#[must_use]
pub fn browser_mark(http: &HttpRequest) -> Option<String> {
    cookies::known_browser(http).map(|name| name.token_hash().as_str().to_owned())
}

/// Whether the request comes from the browser of that mark.
#[must_use]
pub fn is_browser(http: &HttpRequest, mark: Option<&str>) -> bool {
    match (cookies::known_browser(http), mark) {
        (Some(name), Some(mark)) => name.token_hash().matches(&TokenHash::new(mark)),
        _ => false,
    }
}

/// A [`Destination`] that waits for a mail to be read.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Onward {
    interaction: Option<String>,
    next: Option<String>,
}

impl Onward {
    /// To be kept.
    #[must_use]
    pub fn of(destination: &Destination) -> Self {
        Self {
            interaction: destination.request().map(|id| id.as_str().to_owned()),
            next: destination.page().map(str::to_owned),
        }
    }

    /// As it was.
    #[must_use]
    pub fn destination(&self) -> Destination {
        if let Some(id) = &self.interaction {
            return Destination::Request(InteractionId::new(id));
        }
        let page = self.next.as_deref().and_then(urls::own_path).unwrap_or(urls::ACCOUNT);
        Destination::Page(page.to_owned())
    }
}

/// The hidden fields that carry a destination along.
#[must_use]
pub fn onward_fields(destination: &Destination) -> OnwardFields<'_> {
    OnwardFields {
        interaction: destination.request().map(InteractionId::as_str),
        next: destination.page().filter(|path| *path != urls::ACCOUNT),
    }
}
