//! What a page of an authorization request reads before it shows itself.

use actix_web::HttpRequest;
use vestibule_model::{
    ErrorCode, InteractionId, OAuthError, Timestamp, client::Client, grant::Consent,
    interaction::Interaction,
};
use vestibule_policy::{
    params::Params,
    prompt::{self, Standing, Step},
};
use vestibule_web::{
    AppState,
    browser::{self, SignedIn},
};

/// A pending request, its client, and who is signed in.
pub struct Asked {
    /// The request and how far it has come.
    pub interaction: Interaction,
    /// Who asks.
    pub client: Client,
    /// Who is signed in.
    pub who: Option<SignedIn>,
    /// What that person allowed that client before.
    pub consent: Option<Consent>,
}

impl Asked {
    /// Reads it in one hop.
    pub async fn read(
        state: &AppState,
        http: &HttpRequest,
        id: InteractionId,
        now: Timestamp,
    ) -> Result<Self, OAuthError> {
        let session = browser::session_hash(http);
        let lifetimes = state.settings.lifetimes.clone();
        state
            .read(move |conn| {
                let interaction = vestibule_storage::interaction::find(conn, &id)?
                    .ok_or(ErrorCode::InteractionUnknown)?;
                let client_id = &interaction.request.client_id;
                let client = vestibule_storage::client::find(conn, client_id)?
                    .filter(|client| client.disabled_at.is_none())
                    .ok_or(ErrorCode::ClientUnknown)?;
                let who = browser::signed_in(conn, session.as_ref(), &lifetimes, now)?;
                let consent = match &who {
                    Some(who) => vestibule_storage::consent::find(conn, &who.user.id, client_id)?,
                    None => None,
                };
                Ok(Self { interaction, client, who, consent })
            })
            .await
    }

    /// Whether its pages are too old to go on.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp) -> bool {
        now >= self.interaction.expires_at
    }

    /// What the request needs next.
    #[must_use]
    pub fn next(&self, state: &AppState, now: Timestamp) -> Step {
        let standing = Standing {
            session: self.who.as_ref().map(|who| &who.session),
            consent: self.consent.as_ref(),
            progress: &self.interaction.progress,
            client: &self.client,
        };
        prompt::next(&self.interaction.request, &standing, &state.settings, now)
    }
}

/// The interaction that a query or a form names.
#[must_use]
pub fn id(params: &Params) -> Option<InteractionId> {
    params.get("interaction").map(InteractionId::new)
}
