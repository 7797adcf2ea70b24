//! The step that ends a request well: whatever `response_type` asks for.

use vestibule_model::{
    ErrorCode, InteractionId, OAuthError, SessionId, Subject, Timestamp, grant::Grant,
    interaction::AuthorizationRequest,
};
use vestibule_policy::consent;
use vestibule_storage::Conn;
use vestibule_web::{
    AppState,
    asked::Situation,
    browser::{SignedIn, TOUCH_AFTER},
    profile, subject,
};

use super::respond::Given;
use crate::issue::{Issuance, Mint, MintedAnswer, id_token_recipient};

/// Issues code and tokens. `interaction` is the request's row, if it has one.
pub async fn issue(
    state: &AppState,
    situation: &Situation,
    request: &AuthorizationRequest,
    interaction: Option<&InteractionId>,
    now: Timestamp,
) -> Result<Given, OAuthError> {
    let Some(who) = &situation.who else {
        return Err(ErrorCode::LoginRequired.into());
    };
    let (client, ring) = (&situation.client, state.ring());
    let granted = consent::granted(request, client, situation.consent.as_ref());
    let mint = Mint { state, ring: &ring, now };
    let grant = mint.grant(request, granted, who);
    let mut issuance =
        Issuance { client, user: &who.user, grant: &grant, scope: &grant.scope, recipient: None };
    let (user, found);
    if request.response_type.has_id_token() {
        user = profile::opened(state, who.user.clone()).await?;
        found = id_token_recipient(state, client, &grant.scope).await?;
        issuance = Issuance { user: &user, recipient: found.as_ref(), ..issuance };
    }
    let minted = mint.answer(request, &issuance)?;
    tracing::info!(
        event = "authorization.answered",
        response_type = request.response_type.as_str(),
        client_id = request.client_id.as_str(),
        user_id = who.user.id.as_str(),
        interaction = interaction.map(InteractionId::as_str),
    );
    let given = minted.params.clone();
    let stored = Stored::of(state, situation, who, grant, minted, now);
    state.write(move |conn| stored.insert(conn)).await?;
    Ok(given)
}

/// What goes to the database, in one transaction.
#[derive(Clone)]
struct Stored {
    grant: Grant,
    minted: MintedAnswer,
    session_id: SessionId,
    subject: Subject,
    /// The answer rests on a consent that was remembered.
    consented: bool,
    /// The session's last use was noted long enough ago.
    idle: bool,
    /// The client registered itself, and nobody has signed in with it so far.
    unused: bool,
    now: Timestamp,
}

impl Stored {
    fn of(
        state: &AppState,
        situation: &Situation,
        who: &SignedIn,
        grant: Grant,
        minted: MintedAnswer,
        now: Timestamp,
    ) -> Self {
        let client = &situation.client;
        let registration = client.registration.as_ref();
        Self {
            grant,
            minted,
            session_id: who.session.id.clone(),
            subject: subject::of(state, client, &who.user.id),
            consented: situation.consent.is_some(),
            idle: now.since(who.session.last_seen_at) >= TOUCH_AFTER,
            unused: registration.is_some_and(|made| made.unused_until.is_some()),
            now,
        }
    }

    fn insert(&self, conn: &mut Conn) -> Result<(), OAuthError> {
        let (session_id, client_id) = (&self.session_id, &self.grant.client_id);
        let sub = self.subject.as_str();
        if !vestibule_storage::session_client::note(conn, session_id, client_id, sub, self.now)? {
            return Err(OAuthError::new(ErrorCode::LoginRequired).because("the session has ended"));
        }
        // Asked again here: whoever takes it back at this very moment ends this grant, or is in time.
        if self.consented
            && !vestibule_storage::consent::keep(conn, &self.grant.user_id, client_id)?
        {
            let withdrawn = OAuthError::new(ErrorCode::ConsentRequired);
            return Err(withdrawn.because("the consent was taken back"));
        }
        self.minted.insert(conn, &self.grant)?;
        if self.idle {
            vestibule_storage::browser_session::touch(conn, session_id, self.now)?;
        }
        if self.unused {
            vestibule_storage::client::used(conn, client_id)?;
        }
        Ok(())
    }
}
