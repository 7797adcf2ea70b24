//! `/select-account`: go on as the person who is signed in, or as somebody else.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use vestibule_model::OAuthError;
use vestibule_pages::SelectAccount;
use vestibule_policy::{params::Params, prompt::Step};
use vestibule_web::{
    AppState, FormParams, QueryParams, State,
    asked::{Asked, Situation},
    csrf,
    html::{self, FormFrame},
    page_error, urls,
};

use crate::pending;

/// `GET /select-account`.
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
    let (Some(who), Step::SelectAccount) = (&asked.situation.who, asked.next(state, now)) else {
        return Ok(html::see_other(&urls::resume(&state.settings.issuer, &asked.interaction.id)));
    };
    let frame = FormFrame::shown_to(state, http, Some(&who.session.id));
    let view = SelectAccount {
        shell: frame.shell(),
        csrf_token: &frame.csrf_token,
        interaction: asked.interaction.id.as_str(),
        client: asked.situation.client.display_name(),
        person: html::person(&who.user),
    };
    frame.page(StatusCode::OK, &view)
}

/// `POST /select-account`.
pub async fn post(state: State, http: HttpRequest, form: FormParams) -> HttpResponse {
    choose(&state, &http, form.0).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn choose(
    state: &AppState,
    http: &HttpRequest,
    form: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let params = form?;
    let Asked { interaction, situation: Situation { client, who, .. } } =
        match pending::read(state, http, pending::id(&params), now).await? {
            Ok(asked) => asked,
            Err(elsewhere) => return Ok(elsewhere),
        };
    let issuer = &state.settings.issuer;
    let resume = urls::resume(issuer, &interaction.id);
    let session = who.as_ref().map(|who| &who.session.id);
    if csrf::check_shown_to(state, http, &params, session).is_err() {
        return Ok(html::stale(state, http, client.display_name(), &resume));
    }
    if params.get("choice") == Some("other") {
        return Ok(html::see_other(&urls::page(issuer, urls::LOGIN, &interaction.id)));
    }
    if let Some(who) = who {
        let (id, mut progress) = (interaction.id, interaction.progress);
        progress.account_chosen = Some(who.session.id);
        state
            .write(move |conn| {
                Ok(vestibule_storage::interaction::save_progress(conn, &id, &progress)?)
            })
            .await?;
    }
    Ok(html::see_other(&resume))
}
