//! Passkeys on our pages (Web Authentication Level 3), and `/login/passkey`.
//!
//! A challenge travels sealed in the page and is spent by its first use: showing a page stores
//! nothing, and no answer counts twice.

use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;
use vestibule_identity::passkey::{self, Challenge, NewPasskey, Owner, PasskeyError, Verification};
use vestibule_model::{
    ErrorCode, Message, OAuthError, Secret, Timestamp, audit::AuditEvent, factor::Passkey,
    user::User,
};
use vestibule_policy::params::Params;
use vestibule_web::{AppState, FormParams, State, csrf, html, page_error, urls};

use crate::{
    login,
    sign_in::{Also, Destination, Proof, finish, half::Half, is_open},
};

/// What the sealed state is for when nobody has said who they are.
const SIGN_IN: &str = "passkey/sign-in";

/// A challenge as a page carries it.
pub struct Offer {
    /// For the script, JSON.
    pub options: String,
    /// For us, sealed.
    pub state: String,
}

impl Offer {
    /// For the second factor of somebody half signed in.
    pub fn to_verify(state: &AppState, half: &Half) -> Result<Self, OAuthError> {
        let now = state.now();
        let stored = &half.factors.passkeys;
        let begun = passkeys(state)?.begin_authentication(
            &half.user.id,
            stored,
            Verification::Preferred,
            now,
        );
        Self::seal(state, &verify_purpose(half), begun.map_err(|error| fault(&error))?)
    }

    /// For signing in without a name: autofill and the button of the sign-in page. `None` where
    /// there are no passkeys.
    pub fn to_sign_in(state: &AppState) -> Result<Option<Self>, OAuthError> {
        let Some(passkeys) = &state.passkeys else { return Ok(None) };
        let begun = passkeys.begin_discoverable(state.now()).map_err(|error| fault(&error))?;
        Self::seal(state, SIGN_IN, begun).map(Some)
    }

    /// For adding one to an account.
    pub fn to_register(
        state: &AppState,
        user: &User,
        existing: &[Passkey],
    ) -> Result<Option<Self>, OAuthError> {
        let Some(passkeys) = &state.passkeys else { return Ok(None) };
        let owner =
            Owner { user: &user.id, username: &user.username, display_name: user.display_name() };
        let begun = passkeys
            .begin_registration(&owner, existing, state.now())
            .map_err(|error| fault(&error))?;
        Self::seal(state, &register_purpose(user), begun).map(Some)
    }

    fn seal(state: &AppState, purpose: &str, begun: Challenge) -> Result<Self, OAuthError> {
        let sealed = state.sealer.seal(purpose, begun.state.as_bytes(), state.entropy.as_ref())?;
        Ok(Self { options: begun.options, state: sealed })
    }
}

/// The purpose of a second factor's challenge: it counts for this sign-in only.
#[must_use]
pub fn verify_purpose(half: &Half) -> String {
    format!("passkey/verify/{}", half.sign_in.id)
}

fn register_purpose(user: &User) -> String {
    format!("passkey/register/{}", user.id)
}

fn passkeys(state: &AppState) -> Result<&passkey::Passkeys, OAuthError> {
    state
        .passkeys
        .as_ref()
        .ok_or_else(|| OAuthError::new(ErrorCode::Internal).because("no passkeys here"))
}

fn fault(error: &PasskeyError) -> OAuthError {
    OAuthError::new(ErrorCode::Internal).because(error.to_string())
}

/// The sealed state of a form, opened; and the job that spends it.
struct Spent {
    plain: String,
    spend: Also,
}

async fn open(state: &AppState, purpose: &str, params: &Params, now: Timestamp) -> Option<Spent> {
    let sealed = params.get("state")?.to_owned();
    let plain = state.open_sealed(purpose, &sealed).await.ok()?;
    let plain = String::from_utf8(plain).ok()?;
    let hash = Secret::new(sealed).token_hash();
    let until = now.plus(passkey::TIMEOUT);
    let spend = Also::new(move |conn| {
        let fresh = vestibule_storage::spent_challenge::spend(conn, &hash, until)?;
        if fresh { Ok(()) } else { Err(ErrorCode::CredentialsWrong.into()) }
    });
    Some(Spent { plain, spend })
}

/// A passkey that was used, and what has to be stored about that.
pub struct UsedPasskey {
    /// How it proved (RFC 8176).
    pub amr: Vec<String>,
    /// Spends the challenge and moves the counter.
    pub store: Also,
}

/// Judges the answer of an authenticator of somebody we know.
pub async fn second_factor(
    state: &AppState,
    purpose: &str,
    params: &Params,
    stored: &[Passkey],
    now: Timestamp,
) -> Result<Result<UsedPasskey, Message>, OAuthError> {
    let refused = || Ok(Err(Message::new("passkey-refused")));
    let Some(spent) = open(state, purpose, params, now).await else { return refused() };
    let answer = params.get("credential").unwrap_or_default();
    match passkeys(state)?.finish_authentication(answer, &spent.plain, stored, now) {
        Ok(used) => Ok(Ok(proved(&used, spent.spend, now))),
        Err(error) => {
            note(state, &error, stored.first(), now).await?;
            refused()
        }
    }
}

fn proved(used: &passkey::Used, spend: Also, now: Timestamp) -> UsedPasskey {
    let (id, credential) = (used.id.clone(), used.credential.clone());
    let backed_up = used.backed_up;
    let store = Also::new(move |conn| {
        spend.run(conn)?;
        let still = vestibule_storage::passkey::used(conn, &id, &credential, backed_up, now)?;
        if still { Ok(()) } else { Err(ErrorCode::CredentialsWrong.into()) }
    });
    UsedPasskey { amr: passkey::amr(used), store }
}

/// A refusal goes to the log; a counter that went back, the sign of a copied key, to the audit log
/// as well.
async fn note(
    state: &AppState,
    error: &PasskeyError,
    of: Option<&Passkey>,
    now: Timestamp,
) -> Result<(), OAuthError> {
    tracing::info!(event = "passkey.refused", reason = %error);
    if let (PasskeyError::CounterWentBack { .. }, Some(passkey)) = (error, of) {
        let event = AuditEvent::new(now, "passkey.counter_went_back", "-")
            .of_user(&passkey.user_id)
            .detail("an authenticator may have been copied");
        state.write(move |conn| Ok(vestibule_storage::audit::insert(conn, &event)?)).await?;
    }
    Ok(())
}

/// A passkey to be added, and the job that spends its challenge.
pub struct Registered {
    /// What the authenticator made.
    pub new: NewPasskey,
    /// Spends the challenge: run it in the transaction that stores the passkey.
    pub spend: Also,
}

/// Judges the answer to [`Offer::to_register`].
pub async fn registered(
    state: &AppState,
    user: &User,
    params: &Params,
    now: Timestamp,
) -> Result<Result<Registered, Message>, OAuthError> {
    let refused = || Ok(Err(Message::new("passkey-refused")));
    let Some(spent) = open(state, &register_purpose(user), params, now).await else {
        return refused();
    };
    let answer = params.get("credential").unwrap_or_default();
    match passkeys(state)?.finish_registration(&user.id, answer, &spent.plain, now) {
        Ok(new) => Ok(Ok(Registered { new, spend: spent.spend })),
        Err(error) => {
            tracing::info!(event = "passkey.registration_refused", reason = %error);
            refused()
        }
    }
}

/// `POST /login/passkey`: signs in with nothing but a passkey. Not subject to guess limits: there
/// is nothing to guess.
pub async fn post(state: State, http: HttpRequest, form: FormParams) -> HttpResponse {
    sign_in(&state, &http, form.0).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn sign_in(
    state: &AppState,
    http: &HttpRequest,
    form: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let params = form?;
    let destination = Destination::of(&params);
    let issuer = &state.settings.issuer;
    if csrf::check(state, http, &params).is_err() {
        let again = destination.behind(issuer, urls::LOGIN);
        return Ok(html::stale(state, http, &state.settings.display_name, &again));
    }
    let proof = match identify(state, &params, destination, now).await? {
        Ok(proof) => proof,
        Err(message) => return login::refuse_passkey(state, http, &params, &message).await,
    };
    state.metrics.sign_in("ok");
    match finish::finish(state, http, proof).await {
        Ok(signed) => signed.answer(html::see_other(&signed.next)),
        Err(error) if error.code == ErrorCode::CredentialsWrong => {
            let message = Message::new("passkey-refused");
            login::refuse_passkey(state, http, &params, &message).await
        }
        Err(error) => Err(error),
    }
}

async fn identify(
    state: &AppState,
    params: &Params,
    destination: Destination,
    now: Timestamp,
) -> Result<Result<Proof, Message>, OAuthError> {
    let refused = || Ok(Err(Message::new("passkey-refused")));
    let Some(spent) = open(state, SIGN_IN, params, now).await else { return refused() };
    let answer = params.get("credential").unwrap_or_default();
    let Ok(named) = passkey::identify(answer) else { return refused() };
    let id = named.credential_id.clone();
    let found = state
        .read(move |conn| {
            let Some(stored) = vestibule_storage::passkey::find(conn, &id)? else {
                return Ok(None);
            };
            let user = vestibule_storage::user::find(conn, &stored.user_id)?;
            Ok(user.filter(is_open).map(|user| (stored, user)))
        })
        .await?;
    let Some((stored, user)) = found else { return Ok(Err(Message::new("passkey-unknown"))) };
    // The authenticator says whose key it is (Web Authentication §7.2 step 6): it must agree.
    if named.user_handle.as_deref() != Some(passkey::user_handle(&user.id).as_str()) {
        return refused();
    }
    match passkeys(state)?.finish_discoverable(answer, &spent.plain, &stored, now) {
        Ok(key) => {
            let proved = proved(&key, spent.spend, now);
            let mut proof = Proof::new(user, &[], now, destination).and(proved.store);
            proof.amr = proved.amr;
            Ok(Ok(proof))
        }
        Err(error) => {
            note(state, &error, Some(&stored), now).await?;
            refused()
        }
    }
}

/// `GET /.well-known/passkey-endpoints` (W3C Passkey Endpoints): where to add and manage passkeys.
pub async fn endpoints(state: State, http: HttpRequest) -> HttpResponse {
    if state.passkeys.is_none() {
        return page_error(&state, &http, &ErrorCode::NotFound.into());
    }
    let here = state.settings.issuer.url("/account/passkeys");
    HttpResponse::Ok().json(json!({ "enroll": here, "manage": here }))
}

/// Why a passkey could not be stored: its challenge was spent before, or it is there already. Any
/// other fault stays one.
pub fn refusal_of(error: OAuthError) -> Result<Message, OAuthError> {
    match error.code {
        ErrorCode::CredentialsWrong => Ok(Message::new("passkey-refused")),
        ErrorCode::AccountNameTaken => Ok(Message::new("mfa-passkey-exists")),
        _ => Err(error),
    }
}
