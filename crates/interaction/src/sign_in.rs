//! From a proof of who somebody is to a session: shared by every page that takes such a proof.

mod also;
pub mod finish;
pub mod half;

use actix_web::{HttpRequest, HttpResponse};
use vestibule_model::{
    InteractionId, OAuthError, SessionId, SignInId, Timestamp, device::Device, factor::Factors,
    settings::Issuer, user::User,
};
use vestibule_policy::{acr::Level, mfa, params::Params};
use vestibule_web::{AppState, html, urls};

pub use also::Also;

/// Where a person goes once they are signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// On with a client's request.
    Request(InteractionId),
    /// To an account page, by its own path.
    Page(String),
}

impl Destination {
    /// What a query or a form names: `interaction`, else `next`, else the account.
    #[must_use]
    pub fn of(params: &Params) -> Self {
        if let Some(id) = params.get("interaction") {
            return Self::Request(InteractionId::new(id));
        }
        let next = params.get("next").and_then(urls::own_path).unwrap_or(urls::ACCOUNT);
        Self::Page(next.to_owned())
    }

    /// The address.
    #[must_use]
    pub fn url(&self, issuer: &Issuer) -> String {
        match self {
            Self::Request(id) => urls::resume(issuer, id),
            Self::Page(path) => format!("{}{path}", issuer.path()),
        }
    }

    /// One of our pages with this destination in its query.
    #[must_use]
    pub fn behind(&self, issuer: &Issuer, page: &str) -> String {
        match self {
            Self::Request(id) => urls::page(issuer, page, id),
            // An own path has no character that a query would have to escape.
            Self::Page(path) => format!("{}{page}?next={path}", issuer.path()),
        }
    }

    /// The request, if it is one.
    #[must_use]
    pub const fn request(&self) -> Option<&InteractionId> {
        match self {
            Self::Request(id) => Some(id),
            Self::Page(_) => None,
        }
    }

    /// The own path, if it is one.
    #[must_use]
    pub fn page(&self) -> Option<&str> {
        match self {
            Self::Request(_) => None,
            Self::Page(path) => Some(path),
        }
    }
}

/// Somebody proved who they are.
#[derive(Clone)]
pub struct Proof {
    /// Who.
    pub user: User,
    /// How (RFC 8176): everything that the session will stand on.
    pub amr: Vec<String>,
    /// When.
    pub auth_time: Timestamp,
    /// Where to go.
    pub destination: Destination,
    /// The session that proves more; `None` begins one.
    pub session: Option<SessionId>,
    /// The half-finished sign-in that this finishes.
    pub half: Option<SignInId>,
    /// "Remember this device".
    pub remember: bool,
    /// What else is to be stored.
    pub also: Vec<Also>,
}

impl Proof {
    /// A first proof, made now.
    #[must_use]
    pub fn new(user: User, amr: &[&str], now: Timestamp, destination: Destination) -> Self {
        Self {
            user,
            amr: amr.iter().map(|&method| method.to_owned()).collect(),
            auth_time: now,
            destination,
            session: None,
            half: None,
            remember: false,
            also: Vec::new(),
        }
    }

    /// Stores `job` together with the session.
    #[must_use]
    pub fn and(mut self, job: Also) -> Self {
        self.also.push(job);
        self
    }
}

/// After a password that was right: a session, or first the second factor. Nobody gets a session
/// who has still something to prove.
pub async fn after_password(
    state: &AppState,
    http: &HttpRequest,
    proof: Proof,
    factors: &Factors,
    device: Option<&Device>,
) -> Result<HttpResponse, OAuthError> {
    let demanded = mfa::required(&proof.user, None, &state.settings.mfa);
    let asks = mfa::asks_second_factor(factors, device, proof.auth_time);
    if asks || demanded > Level::of_amr(&proof.amr) {
        return half::begin(state, proof).await;
    }
    let signed = finish::finish(state, http, proof).await?;
    signed.answer(html::see_other(&signed.next))
}

/// Whether this account takes any proof at all: not while it is disabled, and not while its owner
/// had it frozen.
#[must_use]
pub fn is_open(user: &User) -> bool {
    user.disabled_at.is_none() && !vestibule_policy::verification::is_frozen(user)
}
