//! What a client asked and where the person stands: all that the next step depends on, in one hop.

use actix_web::HttpRequest;
use vestibule_model::{
    ClientId, ErrorCode, InteractionId, OAuthError, Timestamp, TokenHash,
    client::Client,
    grant::Consent,
    interaction::{AuthorizationRequest, Interaction, Progress},
    settings::Settings,
};
use vestibule_policy::{
    authorize::still_stands,
    prompt::{self, Standing, Step},
};
use vestibule_storage::Conn;

use crate::{
    browser::{self, SignedIn, signed_in},
    language,
    state::AppState,
    subject,
};

/// The client, who is signed in, and what that person allowed that client before.
pub struct Situation {
    /// Who asks.
    pub client: Client,
    /// Who is signed in.
    pub who: Option<SignedIn>,
    /// What was allowed before.
    pub consent: Option<Consent>,
    /// The terms of service in force were accepted, or there are none.
    pub terms_accepted: bool,
}

impl Situation {
    /// Reads it; `None` if there is no such client.
    pub fn load(
        conn: &mut Conn,
        client_id: &ClientId,
        session: Option<&TokenHash>,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<Option<Self>, OAuthError> {
        let Some(client) = vestibule_storage::client::find(conn, client_id)? else {
            return Ok(None);
        };
        let who = signed_in(conn, session, &settings.lifetimes, now)?;
        let consent = match &who {
            Some(who) => vestibule_storage::consent::find(conn, &who.user.id, client_id)?,
            None => None,
        };
        let terms_accepted = match (&who, &settings.accounts.terms) {
            (Some(who), Some(terms)) => {
                vestibule_storage::terms::accepted(conn, &who.user.id, &terms.version)?
            }
            _ => true,
        };
        Ok(Some(Self { client, who, consent, terms_accepted }))
    }

    /// What `request` needs next.
    #[must_use]
    pub fn next(
        &self,
        state: &AppState,
        request: &AuthorizationRequest,
        progress: &Progress,
        now: Timestamp,
    ) -> Step {
        let who = self.who.as_ref();
        let subject = who.map(|who| subject::of(state, &self.client, &who.user.id));
        let standing = Standing {
            session: self.who.as_ref().map(|who| &who.session),
            consent: self.consent.as_ref(),
            progress,
            client: &self.client,
            user: self.who.as_ref().map(|who| &who.user),
            subject: subject.as_ref(),
            terms_accepted: self.terms_accepted,
        };
        prompt::next(request, &standing, &state.settings, now)
    }
}

/// A stored request and its situation.
pub struct Asked {
    /// The request, and how far it has come.
    pub interaction: Interaction,
    /// Where the person stands.
    pub situation: Situation,
}

impl Asked {
    /// Reads it. A client that was removed or disabled meanwhile is unknown.
    pub async fn read(
        state: &AppState,
        http: &HttpRequest,
        id: InteractionId,
        now: Timestamp,
    ) -> Result<Self, OAuthError> {
        let session = browser::session_hash(http);
        let settings = state.settings.clone();
        let asked = state
            .read(move |conn| {
                let interaction = vestibule_storage::interaction::find(conn, &id)?
                    .ok_or(ErrorCode::InteractionUnknown)?;
                let client_id = &interaction.request.client_id;
                let situation = Situation::load(conn, client_id, session.as_ref(), &settings, now)?
                    .filter(|situation| situation.client.disabled_at.is_none())
                    .ok_or(ErrorCode::ClientUnknown)?;
                still_stands(&interaction.request, &situation.client, &settings)?;
                Ok(Self { interaction, situation })
            })
            .await?;
        language::note(http, &asked.interaction);
        Ok(asked)
    }

    /// Whether its pages are too old to go on.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp) -> bool {
        now >= self.interaction.expires_at
    }

    /// What it needs next.
    #[must_use]
    pub fn next(&self, state: &AppState, now: Timestamp) -> Step {
        let Interaction { request, progress, .. } = &self.interaction;
        self.situation.next(state, request, progress, now)
    }
}
