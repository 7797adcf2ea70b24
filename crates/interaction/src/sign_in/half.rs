//! Half signed in: the first factor was right, the second is missing. Not a session, so that no
//! page can take it for one.

use actix_web::{HttpRequest, HttpResponse};
use vestibule_model::{
    ErrorCode, InteractionId, OAuthError, SessionId, SignInId, Timestamp, TokenHash,
    entropy::{random_id, random_secret},
    factor::Factors,
    interaction::Progress,
    sign_in::SignIn,
    user::User,
};
use vestibule_web::{AppState, cookies, html, urls, visitor::Visitor};

use super::{Destination, Proof, is_open};

/// Seconds in which the second factor has to follow.
pub const LIFETIME: i64 = 600;

/// A sign-in that waits for its second factor.
pub struct Half {
    /// The row.
    pub sign_in: SignIn,
    /// Who is signing in.
    pub user: User,
    /// What they enrolled.
    pub factors: Factors,
}

impl Half {
    /// What is proved once `more` was: the whole proof, to be finished.
    #[must_use]
    pub fn proof(&self, more: &[String]) -> Proof {
        Proof {
            user: self.user.clone(),
            amr: vestibule_policy::acr::joined(&self.sign_in.amr, more),
            auth_time: self.sign_in.auth_time,
            destination: Destination::Page(urls::ACCOUNT.to_owned()),
            session: self.sign_in.session_id.clone(),
            half: Some(self.sign_in.id.clone()),
            remember: false,
            also: Vec::new(),
        }
    }
}

/// Begins one, after the first factor.
pub async fn begin(state: &AppState, proof: Proof) -> Result<HttpResponse, OAuthError> {
    let Proof { user, amr, auth_time, destination, also, .. } = proof;
    let sign_in = fresh(&user, amr, auth_time, None);
    let to = destination.behind(&state.settings.issuer, urls::VERIFY);
    store(state, sign_in, also, &to).await
}

/// Begins one for a session that has to prove more (step-up, RFC 9470 §5).
pub async fn step_up(
    state: &AppState,
    visitor: &Visitor,
    to: &str,
    now: Timestamp,
) -> Result<HttpResponse, OAuthError> {
    let session = &visitor.who.session;
    let amr = session.amr.clone();
    let mut sign_in = fresh(&visitor.who.user, amr, session.auth_time, Some(session.id.clone()));
    sign_in.created_at = now;
    sign_in.expires_at = now.plus(LIFETIME);
    store(state, sign_in, Vec::new(), to).await
}

fn fresh(
    user: &User,
    amr: Vec<String>,
    auth_time: Timestamp,
    session_id: Option<SessionId>,
) -> SignIn {
    SignIn {
        id: SignInId::new(""),
        token_hash: TokenHash::new(""),
        user_id: user.id.clone(),
        session_id,
        amr,
        auth_time,
        created_at: auth_time,
        expires_at: auth_time.plus(LIFETIME),
    }
}

async fn store(
    state: &AppState,
    mut sign_in: SignIn,
    also: Vec<super::Also>,
    to: &str,
) -> Result<HttpResponse, OAuthError> {
    let secret = random_secret(state.entropy.as_ref());
    sign_in.id = SignInId::new(random_id(state.entropy.as_ref()));
    sign_in.token_hash = secret.token_hash();
    state
        .write(move |conn| {
            for job in also {
                job.run(conn)?;
            }
            Ok(vestibule_storage::sign_in::insert(conn, &sign_in)?)
        })
        .await?;
    let mut response = html::see_other(to);
    super::finish::add_cookie(&mut response, &cookies::set_sign_in(&secret))?;
    Ok(response)
}

/// The half-finished sign-in of this browser, if it is still good.
pub async fn find(
    state: &AppState,
    http: &HttpRequest,
    now: Timestamp,
) -> Result<Option<Half>, OAuthError> {
    let Some(secret) = cookies::sign_in(http) else { return Ok(None) };
    let hash = secret.token_hash();
    state
        .read(move |conn| {
            let found = vestibule_storage::sign_in::find(conn, &hash)?;
            let Some(sign_in) = found.filter(|found| now < found.expires_at) else {
                return Ok(None);
            };
            let user = vestibule_storage::user::find(conn, &sign_in.user_id)?;
            let Some(user) = user.filter(is_open) else {
                return Ok(None);
            };
            let factors = vestibule_storage::factor::of_user(conn, &user.id)?;
            Ok(Some(Half { sign_in, user, factors }))
        })
        .await
}

/// Gives a half-finished sign-in up, and notes what that means for the request.
pub async fn give_up(
    state: &AppState,
    half: &Half,
    denied: Option<(InteractionId, Progress)>,
) -> Result<(), OAuthError> {
    let id = half.sign_in.id.clone();
    state
        .write(move |conn| {
            vestibule_storage::sign_in::take(conn, &id)?;
            if let Some((id, progress)) = &denied {
                vestibule_storage::interaction::save_progress(conn, id, progress)?;
            }
            Ok(())
        })
        .await
}

/// The refusal of a sign-in that was finished or given up meanwhile.
#[must_use]
pub fn gone() -> OAuthError {
    OAuthError::new(ErrorCode::FormExpired).because("the sign-in was finished or given up")
}
