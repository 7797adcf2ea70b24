//! `/consent`: who asks for what, and the person's answer.

use std::collections::BTreeSet;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use vestibule_model::{
    OAuthError, Timestamp,
    audit::AuditEvent,
    grant::Consent,
    interaction::{Interaction, Progress},
};
use vestibule_pages::{Consent as ConsentPage, Destination, link};
use vestibule_policy::{claims, params::Params, prompt::Step};
use vestibule_web::{
    AppState, FormParams, QueryParams, RequestId, State,
    asked::{Asked, Situation},
    browser::SignedIn,
    csrf,
    html::{self, FormFrame},
    page_error, urls,
};

use crate::pending;

/// `GET /consent`.
pub async fn get(state: State, http: HttpRequest, query: QueryParams) -> HttpResponse {
    show(&state, &http, query.0).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn show(
    state: &AppState,
    http: &HttpRequest,
    query: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let asked = match pending::read(state, http, pending::id(&query?), now).await? {
        Ok(asked) => asked,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let step = asked.next(state, now);
    let (Some(who), Step::Consent { new_scopes, known_scopes }) = (&asked.situation.who, &step)
    else {
        return Ok(html::see_other(&urls::resume(&state.settings.issuer, &asked.interaction.id)));
    };
    let frame = FormFrame::shown_to(state, http, Some(&who.session.id));
    let asked_claims = claims::asked_by_name(&asked.interaction.request.claims);
    let view = ConsentPage {
        shell: frame.shell(),
        csrf_token: &frame.csrf_token,
        interaction: asked.interaction.id.as_str(),
        client: asked.situation.client.display_name(),
        client_host: asked.situation.client.metadata.client_uri.as_deref().and_then(link::host),
        destination: Destination::of(&asked.interaction.request.redirect_uri),
        person: html::person(&who.user),
        new_scopes: new_scopes.iter().collect(),
        known_scopes: known_scopes.iter().collect(),
        claims: asked_claims.iter().map(String::as_str).collect(),
    };
    frame.page(StatusCode::OK, &view)
}

/// `POST /consent`.
pub async fn post(state: State, http: HttpRequest, form: FormParams) -> HttpResponse {
    decide(&state, &http, form.0).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn decide(
    state: &AppState,
    http: &HttpRequest,
    form: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let params = form?;
    let asked = match pending::read(state, http, pending::id(&params), now).await? {
        Ok(asked) => asked,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let resume = urls::resume(&state.settings.issuer, &asked.interaction.id);
    let still_asked = matches!(asked.next(state, now), Step::Consent { .. });
    let Asked { interaction, situation: Situation { client, who, consent } } = asked;
    // Without a session there is nobody to consent; `resume` asks for the sign-in.
    let Some(who) = who else { return Ok(html::see_other(&resume)) };
    if csrf::check_shown_to(state, http, &params, Some(&who.session.id)).is_err() {
        return Ok(html::stale(state, http, client.display_name(), &resume));
    }
    let decision = Decision { interaction, who, before: consent, now };
    match params.get("decision") {
        // A yes counts for what is still asked, a no always: also after the back button.
        Some("allow") if still_asked => decision.allow(state, RequestId::of(http).0).await?,
        Some("deny") => decision.deny(state).await?,
        _ => {}
    }
    Ok(html::see_other(&resume))
}

struct Decision {
    interaction: Interaction,
    who: SignedIn,
    before: Option<Consent>,
    now: Timestamp,
}

impl Decision {
    async fn allow(self, state: &AppState, request_id: String) -> Result<(), OAuthError> {
        let consent = self.remembered();
        let progress = Progress {
            consented: Some(self.who.session.id),
            denied: false,
            ..self.interaction.progress
        };
        let event = AuditEvent {
            at: self.now,
            event: "consent.given",
            user_id: Some(consent.user_id.clone()),
            client_id: Some(consent.client_id.clone()),
            request_id,
            detail: format!("scope {}", consent.scope),
        };
        let id = self.interaction.id;
        state
            .write(move |conn| {
                vestibule_storage::consent::save(conn, &consent)?;
                vestibule_storage::interaction::save_progress(conn, &id, &progress)?;
                vestibule_storage::audit::insert(conn, &event)?;
                Ok(())
            })
            .await
    }

    /// What was allowed before, and this.
    fn remembered(&self) -> Consent {
        let request = &self.interaction.request;
        let mut names: BTreeSet<String> =
            claims::asked_by_name(&request.claims).into_iter().collect();
        let mut scope = request.scope.clone();
        if let Some(before) = &self.before {
            scope = scope.union(&before.scope);
            names.extend(before.claims.iter().cloned());
        }
        Consent {
            user_id: self.who.user.id.clone(),
            client_id: request.client_id.clone(),
            scope,
            claims: names.into_iter().collect(),
            granted_at: self.now,
        }
    }

    async fn deny(self, state: &AppState) -> Result<(), OAuthError> {
        let progress = Progress { denied: true, ..self.interaction.progress };
        let id = self.interaction.id;
        state
            .write(move |conn| {
                Ok(vestibule_storage::interaction::save_progress(conn, &id, &progress)?)
            })
            .await?;
        Ok(())
    }
}
