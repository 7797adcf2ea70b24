//! What the policy needs to know to say the next step, and the step that ends the request.

use vestibule_model::{
    ClientId, InteractionId, OAuthError, Secret, Timestamp, TokenHash,
    client::Client,
    grant::Consent,
    interaction::{AuthorizationRequest, Progress},
    settings::Lifetimes,
};
use vestibule_policy::prompt::Standing;
use vestibule_storage::Conn;
use vestibule_web::{
    AppState,
    browser::{SignedIn, TOUCH_AFTER, signed_in},
};

use crate::issue::Mint;

/// Client, person and consent, read in one hop.
pub struct Situation {
    /// The client, if there is one of that id.
    pub client: Option<Client>,
    /// The person, if somebody is signed in.
    pub who: Option<SignedIn>,
    /// What that person allowed that client before.
    pub consent: Option<Consent>,
}

impl Situation {
    /// The part the policy looks at.
    pub fn standing<'a>(&'a self, client: &'a Client, progress: &'a Progress) -> Standing<'a> {
        Standing {
            session: self.who.as_ref().map(|who| &who.session),
            consent: self.consent.as_ref(),
            progress,
            client,
        }
    }
}

/// Reads the situation.
pub fn load(
    conn: &mut Conn,
    client_id: &ClientId,
    session: Option<&TokenHash>,
    lifetimes: &Lifetimes,
    now: Timestamp,
) -> Result<Situation, OAuthError> {
    let client = vestibule_storage::client::find(conn, client_id)?;
    let who = signed_in(conn, session, lifetimes, now)?;
    let consent = match &who {
        Some(who) => vestibule_storage::consent::find(conn, &who.user.id, client_id)?,
        None => None,
    };
    Ok(Situation { client, who, consent })
}

/// Issues the code. `interaction` is the request's row, if it has one.
pub async fn issue_code(
    state: &AppState,
    situation: &Situation,
    request: &AuthorizationRequest,
    interaction: Option<&InteractionId>,
    now: Timestamp,
) -> Result<Secret, OAuthError> {
    let Some(who) = &situation.who else {
        return Err(OAuthError::new(vestibule_model::ErrorCode::LoginRequired));
    };
    let ring = state.ring();
    let mint =
        Mint { ring: &ring, settings: &state.settings, entropy: state.entropy.as_ref(), now };
    let minted = mint.authorization_code(request, who);
    let idle = now.since(who.session.last_seen_at) >= TOUCH_AFTER;
    let session_id = who.session.id.clone();
    tracing::info!(
        event = "authorization_code.issued",
        client_id = request.client_id.as_str(),
        user_id = who.user.id.as_str(),
        interaction = interaction.map(InteractionId::as_str),
    );
    state
        .write(move |conn| {
            vestibule_storage::grant::insert(conn, &minted.grant)?;
            vestibule_storage::authorization_code::insert(conn, &minted.row)?;
            if idle {
                vestibule_storage::browser_session::touch(conn, &session_id, now)?;
            }
            Ok(minted.code)
        })
        .await
}
