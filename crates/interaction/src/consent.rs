//! `/consent`: who asks for what, and the person's answer.

use std::collections::BTreeSet;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use vestibule_model::{
    OAuthError, ScopeSet, Timestamp,
    audit::AuditEvent,
    entropy::dated_id,
    grant::{Consent, ConsentDecision, ConsentRecord},
    interaction::{Interaction, Progress},
};
use vestibule_pages::{Consent as ConsentPage, Destination};
use vestibule_policy::{claims, consent, params::Params, prompt::Step};
use vestibule_web::{
    AppState, FormParams, QueryParams, RequestId, State,
    asked::{Asked, Situation},
    browser::SignedIn,
    client_shown::{self, Text},
    csrf,
    html::{self, FormFrame},
    page_error, urls,
};

use crate::pending;

/// The hidden field that says that the page had boxes to untick.
const BOXES: &str = "boxes";

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
    let frame = FormFrame::shown_to(state, http, Some(&who.session.id))
        .account_language(who.user.language.as_deref());
    let asked_claims = claims::asked_by_name(&asked.interaction.request.claims);
    // What may be left out is on the page each time, whether or not it was allowed before.
    let optional = consent::optional(&asked.interaction.request, &asked.situation.client);
    let before = asked.situation.consent.as_ref();
    let left_out = before.map(|consent| consent.declined.clone()).unwrap_or_default();
    let new_scopes = new_scopes.difference(&optional);
    let known_scopes = known_scopes.difference(&optional);
    let (client, settings, tags) = (&asked.situation.client, &state.settings, frame.tags());
    let link = |text| client_shown::link(text, client, &tags, settings);
    let website = link(Text::Website);
    let logo = client_shown::logo(client, frame.lang().tag(), settings);
    let view = ConsentPage {
        shell: frame.shell(),
        csrf_token: &frame.csrf_token,
        interaction: asked.interaction.id.as_str(),
        client: &frame.client_name(client),
        logo: logo.as_deref(),
        client_host: website.as_ref().map(|website| website.host.as_str()),
        destination: Destination::of(&asked.interaction.request.redirect_uri),
        website: website.clone(),
        policy: link(Text::Policy),
        terms: link(Text::Terms),
        person: html::person(&who.user),
        optional: optional.iter().collect(),
        left_out: left_out.iter().collect(),
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
    let Asked { interaction, situation } = asked;
    let Situation { client, who, consent: before, .. } = situation;
    // Without a session there is nobody to consent; `resume` asks for the sign-in.
    let Some(who) = who else { return Ok(html::see_other(&resume)) };
    if csrf::check_shown_to(state, http, &params, Some(&who.session.id)).is_err() {
        let client = html::client_name(state, http, &client);
        return Ok(html::stale(state, http, &client, &resume));
    }
    let optional = consent::optional(&interaction.request, &client);
    let declined = declined(&params, &optional);
    let request_id = RequestId::of(http).0;
    let decision = Decision { interaction, who, before, declined, now, request_id };
    match params.get("decision") {
        // A yes counts for what is still asked, a no always: also after the back button.
        Some("allow") if still_asked => decision.allow(state).await?,
        Some("deny") => decision.deny(state).await?,
        _ => {}
    }
    Ok(html::see_other(&resume))
}

/// The optional scopes whose boxes were on the page and not ticked.
fn declined(params: &Params, optional: &ScopeSet) -> ScopeSet {
    if params.get(BOXES).is_none() {
        return ScopeSet::default();
    }
    let ticked = |scope: &str| params.get(&format!("scope.{scope}")).is_some();
    optional.iter().filter(|scope| ticked(scope)).fold(optional.clone(), |left, s| left.without(s))
}

struct Decision {
    interaction: Interaction,
    who: SignedIn,
    before: Option<Consent>,
    declined: ScopeSet,
    now: Timestamp,
    request_id: String,
}

impl Decision {
    async fn allow(self, state: &AppState) -> Result<(), OAuthError> {
        let consent = self.remembered();
        let progress = Progress {
            consented: Some(self.who.session.id.clone()),
            denied: false,
            ..self.interaction.progress.clone()
        };
        let given = self.interaction.request.scope.difference(&self.declined);
        let record = self.record(state, ConsentDecision::Given, given);
        let event = self.event("consent.given", &record);
        let id = self.interaction.id;
        state
            .write(move |conn| {
                vestibule_storage::consent::save(conn, &consent)?;
                vestibule_storage::consent::record(conn, &record)?;
                vestibule_storage::interaction::save_progress(conn, &id, &progress)?;
                vestibule_storage::audit::insert(conn, &event)?;
                Ok(())
            })
            .await
    }

    /// What was allowed before, and this.
    fn remembered(&self) -> Consent {
        let request = &self.interaction.request;
        let mut names: BTreeSet<String> = self.claims().into_iter().collect();
        let mut scope = request.scope.clone();
        let mut declined = self.declined.clone();
        if let Some(before) = &self.before {
            scope = scope.union(&before.scope);
            names.extend(before.claims.iter().cloned());
            declined = declined.union(&before.declined.difference(&request.scope));
        }
        Consent {
            user_id: self.who.user.id.clone(),
            client_id: request.client_id.clone(),
            scope: scope.difference(&declined),
            declined,
            claims: names.into_iter().collect(),
            granted_at: self.now,
            wording: consent::WORDING.to_owned(),
        }
    }

    fn claims(&self) -> Vec<String> {
        claims::asked_by_name(&self.interaction.request.claims)
    }

    fn record(
        &self,
        state: &AppState,
        decision: ConsentDecision,
        scope: ScopeSet,
    ) -> ConsentRecord {
        ConsentRecord {
            id: dated_id(state.entropy.as_ref(), self.now),
            user_id: self.who.user.id.clone(),
            client_id: self.interaction.request.client_id.clone(),
            decision,
            scope,
            claims: self.claims(),
            wording: consent::WORDING.to_owned(),
            at: self.now,
        }
    }

    fn event(&self, name: &'static str, record: &ConsentRecord) -> AuditEvent {
        AuditEvent::new(self.now, name, self.request_id.clone())
            .of_user(&record.user_id)
            .of_client(&record.client_id)
            .detail(format!("scope {}", record.scope))
    }

    async fn deny(self, state: &AppState) -> Result<(), OAuthError> {
        let progress = Progress { denied: true, ..self.interaction.progress.clone() };
        let asked = self.interaction.request.scope.clone();
        let record = self.record(state, ConsentDecision::Refused, asked);
        let event = self.event("consent.refused", &record);
        let id = self.interaction.id;
        state
            .write(move |conn| {
                vestibule_storage::consent::record(conn, &record)?;
                vestibule_storage::interaction::save_progress(conn, &id, &progress)?;
                vestibule_storage::audit::insert(conn, &event)?;
                Ok(())
            })
            .await
    }
}
