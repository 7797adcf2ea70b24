//! One try with a password. The same work and the same answer, whether or not the account exists.

use actix_web::HttpRequest;
use vestibule_identity::password::Verdict;
use vestibule_model::{
    ClientId, OAuthError, Secret, Timestamp, TokenHash, audit::AuditEvent, device::Device,
    factor::Factors, user::User,
};
use vestibule_policy::{
    acr::amr,
    guessing::{Limits, Try},
    params::Params,
};
use vestibule_storage::Conn;
use vestibule_web::{
    AppState, RequestId, cookies,
    guessing::{Digester, Refused, Watch},
    request,
};

use crate::{
    charged,
    sign_in::{Also, Destination, Proof},
};

/// Longer than any password we accept: the rest is not worth hashing.
const MAX_PASSWORD: usize = 1_024;

/// What came of it.
pub(super) enum Attempt {
    Right(Box<Right>),
    Wrong,
    Locked(Refused),
    Busy,
}

/// A password that was right.
pub(super) struct Right {
    user: User,
    pub(super) factors: Factors,
    pub(super) device: Option<Device>,
    rehashed: Option<String>,
    pub(super) watch: Watch,
}

impl Right {
    /// What it proves. What counts against the person is forgotten with the session that follows.
    pub(super) fn proof(&self, destination: Destination, now: Timestamp) -> Proof {
        let watch = self.watch.clone();
        let (id, old) = (self.user.id.clone(), self.user.password_hash.clone());
        let rehashed = self.rehashed.clone();
        Proof::new(self.user.clone(), &[amr::PASSWORD], now, destination).and(Also::new(
            move |conn| {
                watch.forget(conn)?;
                if let Some(new) = rehashed {
                    vestibule_storage::user::replace_password_hash(conn, &id, &old, &new)?;
                }
                Ok(())
            },
        ))
    }
}

/// What a try is judged by.
struct Known {
    user: Option<User>,
    factors: Factors,
    device: Option<Device>,
    watch: Watch,
    refused: Option<Refused>,
}

/// Everything that is asked of the database before the password is looked at.
#[derive(Clone)]
struct Question {
    name: String,
    device: Option<TokenHash>,
    ip: Option<std::net::IpAddr>,
    client: Option<ClientId>,
    digester: Digester,
    limits: Limits,
    now: Timestamp,
}

impl Question {
    fn ask(self, conn: &mut Conn) -> Result<Known, OAuthError> {
        let user = vestibule_storage::user::find_by_login(conn, &self.name)?;
        let key = user.as_ref().map_or_else(|| self.name.to_lowercase(), |u| u.id.to_string());
        let (mut device, mut factors) = (None, Factors::default());
        if let Some(user) = &user {
            factors = vestibule_storage::factor::of_user(conn, &user.id)?;
            if let Some(hash) = &self.device {
                device = vestibule_storage::device::find(conn, hash, &user.id)?;
            }
        }
        let device = device.filter(|device| self.now < device.expires_at);
        let attempt = Try {
            account_key: &key,
            device: device.as_ref().map(|device| device.id.as_str()),
            ip: self.ip,
            client: self.client.as_ref().map(ClientId::as_str),
        };
        let watch = Watch::of_password(&self.digester, &attempt, &self.limits);
        let refused = watch.look(conn, self.now)?;
        Ok(Known { user, factors, device, watch, refused })
    }
}

/// Tries it. A try that is refused unseen writes nothing; any other is charged before the password
/// is hashed, and leaves one line in the audit log if it was wrong.
pub(super) async fn attempt(
    state: &AppState,
    http: &HttpRequest,
    params: &Params,
    username: &str,
    client: Option<ClientId>,
) -> Result<Attempt, OAuthError> {
    let now = state.now();
    let question = Question {
        name: username.to_owned(),
        device: cookies::device(http).map(|secret| secret.token_hash()),
        ip: request::visitor_ip(http),
        client: client.clone(),
        digester: state.digester.clone(),
        limits: state.guess_limits,
        now,
    };
    let known = state.read(move |conn| question.ask(conn)).await?;
    if let Some(refused) = known.refused {
        return Ok(Attempt::Locked(refused));
    }
    let charging = known.watch.clone();
    if let Some(refused) = state.write(move |conn| charging.charge(conn, now)).await? {
        return Ok(Attempt::Locked(refused));
    }
    let typed = params.get("password").unwrap_or_default();
    let password = Secret::new(if typed.len() > MAX_PASSWORD { "" } else { typed });
    let Known { user, factors, device, watch, .. } = known;
    let usable = user.as_ref().filter(|user| user.disabled_at.is_none());
    let stored = usable.map(|user| user.password_hash.clone());
    let verdict = charged::verify(state, &watch, (password, stored), now).await?;
    let Some(verdict) = verdict else { return Ok(Attempt::Busy) };
    let rehashed = match verdict {
        Verdict::Right => None,
        Verdict::RightButOutdated { rehashed } => Some(rehashed),
        Verdict::Wrong => {
            let ip = request::visitor_ip(http).map(|ip| ip.to_string());
            let mut event =
                AuditEvent::new(now, "sign_in.wrong", RequestId::of(http).0).from_ip(ip.as_deref());
            event.user_id = user.map(|user| user.id);
            event.client_id = client;
            state
                .write(move |conn| {
                    watch.failed(conn, now)?;
                    Ok(vestibule_storage::audit::insert(conn, &event)?)
                })
                .await?;
            return Ok(Attempt::Wrong);
        }
    };
    let Some(user) = user.filter(|user| user.disabled_at.is_none()) else {
        return Ok(Attempt::Wrong);
    };
    Ok(Attempt::Right(Box::new(Right { user, factors, device, rehashed, watch })))
}
