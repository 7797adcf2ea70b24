//! `/terms`: the terms of service in force, for whoever has not accepted them.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use vestibule_model::{OAuthError, audit::AuditEvent};
use vestibule_pages::TermsPage;
use vestibule_policy::{params::Params, prompt::Step};
use vestibule_web::{
    AppState, FormParams, QueryParams, RequestId, State,
    asked::{Asked, Situation},
    csrf,
    html::{self, FormFrame},
    page_error, request, urls,
};

use crate::pending;

/// `GET /terms`.
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
    let (Some(who), Some(terms), Step::Terms) =
        (&asked.situation.who, &state.settings.accounts.terms, asked.next(state, now))
    else {
        return Ok(html::see_other(&urls::resume(&state.settings.issuer, &asked.interaction.id)));
    };
    let frame = FormFrame::shown_to(state, http, Some(&who.session.id))
        .account_language(who.user.language.as_deref());
    let view = TermsPage {
        shell: frame.shell(),
        csrf_token: &frame.csrf_token,
        interaction: asked.interaction.id.as_str(),
        client: &frame.client_name(&asked.situation.client),
        person: html::person(&who.user),
        version: &terms.version,
        uri: &terms.uri,
    };
    frame.page(StatusCode::OK, &view)
}

/// `POST /terms`.
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
    let still_asked = matches!(asked.next(state, now), Step::Terms);
    let Asked { interaction, situation: Situation { client, who, .. } } = asked;
    // Without a session there is nobody to accept; `resume` asks for the sign-in.
    let Some(who) = who else { return Ok(html::see_other(&resume)) };
    if csrf::check_shown_to(state, http, &params, Some(&who.session.id)).is_err() {
        let client = html::client_name(state, http, &client);
        return Ok(html::stale(state, http, &client, &resume));
    }
    let in_force = state.settings.accounts.terms.as_ref().map(|terms| terms.version.clone());
    // What was shown counts, not what took its place meanwhile.
    let version = in_force.filter(|version| params.get("version") == Some(version));
    match (params.get("decision"), version) {
        (Some("accept"), Some(version)) if still_asked => {
            let ip = request::visitor_ip(http).map(|ip| ip.to_string());
            let event = AuditEvent::new(now, "terms.accepted", RequestId::of(http).0)
                .of_user(&who.user.id)
                .from_ip(ip.as_deref())
                .detail(format!("version {version}"));
            state
                .write(move |conn| {
                    vestibule_storage::terms::accept(conn, &who.user.id, &version, now)?;
                    Ok(vestibule_storage::audit::insert(conn, &event)?)
                })
                .await?;
        }
        (Some("cancel"), _) => {
            let (id, mut progress) = (interaction.id, interaction.progress);
            progress.denied = true;
            state
                .write(move |conn| {
                    Ok(vestibule_storage::interaction::save_progress(conn, &id, &progress)?)
                })
                .await?;
        }
        _ => {}
    }
    Ok(html::see_other(&resume))
}
