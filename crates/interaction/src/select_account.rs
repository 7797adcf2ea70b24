//! `/select-account`: go on as one of the people who are signed in, or as somebody else.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use vestibule_model::{
    OAuthError, Secret, SessionId, Timestamp, TokenHash, browser_session::BrowserSession,
    user::User,
};
use vestibule_pages::{OtherAccount, SelectAccount};
use vestibule_policy::{params::Params, prompt::Step};
use vestibule_web::{
    AppState, FormParams, QueryParams, State,
    asked::{Asked, Situation},
    browser, cookies, csrf,
    html::{self, FormFrame},
    logout::{self, AfterLogout},
    page_error, session_state, urls,
};

use crate::{pending, sign_in::finish::add_cookie};

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
    let others = others(state, http, now).await?;
    let frame = FormFrame::shown_to(state, http, Some(&who.session.id))
        .account_language(who.user.language.as_deref());
    let view = SelectAccount {
        shell: frame.shell(),
        csrf_token: &frame.csrf_token,
        interaction: asked.interaction.id.as_str(),
        client: &frame.client_name(&asked.situation.client),
        person: html::person(&who.user),
        others: others
            .iter()
            .map(|other| OtherAccount {
                session: other.session.id.as_str(),
                person: html::person(&other.user),
                since: other.session.auth_time,
            })
            .collect(),
    };
    frame.page(StatusCode::OK, &view)
}

/// Somebody else who is signed in with this browser.
struct Other {
    secret: Secret,
    session: BrowserSession,
    user: User,
}

async fn others(
    state: &AppState,
    http: &HttpRequest,
    now: Timestamp,
) -> Result<Vec<Other>, OAuthError> {
    let secrets = cookies::others(http);
    if secrets.is_empty() {
        return Ok(Vec::new());
    }
    let hashes: Vec<TokenHash> = secrets.iter().map(Secret::token_hash).collect();
    let lifetimes = state.settings.lifetimes.clone();
    let found = state.read(move |conn| browser::all_signed_in(conn, &hashes, &lifetimes, now));
    let found = found.await?;
    let with_secret = found.into_iter().filter_map(|who| {
        let secret =
            secrets.iter().find(|secret| secret.token_hash().matches(&who.session.token_hash))?;
        Some(Other { secret: secret.clone(), session: who.session, user: who.user })
    });
    Ok(with_secret.collect())
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
        let client = html::client_name(state, http, &client);
        return Ok(html::stale(state, http, &client, &resume));
    }
    if params.get("choice") == Some("other") {
        return Ok(html::see_other(&urls::page(issuer, urls::LOGIN, &interaction.id)));
    }
    let mut response = html::see_other(&resume);
    if let Some(gone) = params.get("remove") {
        return remove(state, http, gone, &resume, now).await;
    }
    let chosen = match params.get("choice") {
        None | Some("continue") => who.map(|who| who.session.id),
        Some(id) => match others(state, http, now).await? {
            others if others.iter().any(|other| other.session.id.as_str() == id) => {
                let id = SessionId::new(id);
                step_forward(http, &others, &id, &mut response)?;
                response = session_state::changed(state, http, Some(&id), response);
                Some(id)
            }
            _ => None,
        },
    };
    if let Some(chosen) = chosen {
        let (id, mut progress) = (interaction.id, interaction.progress);
        progress.account_chosen = Some(chosen);
        state
            .write(move |conn| {
                Ok(vestibule_storage::interaction::save_progress(conn, &id, &progress)?)
            })
            .await?;
    }
    Ok(response)
}

/// Puts the chosen session in the first place; the present one steps aside.
fn step_forward(
    http: &HttpRequest,
    others: &[Other],
    chosen: &SessionId,
    response: &mut HttpResponse,
) -> Result<(), OAuthError> {
    let mut aside: Vec<Secret> = cookies::session(http).into_iter().collect();
    for other in others {
        if other.session.id == *chosen {
            add_cookie(response, &cookies::set_session(&other.secret))?;
        } else {
            aside.push(other.secret.clone());
        }
    }
    add_cookie(response, &cookies::set_others(&aside))
}

/// Signs one of the others out, and goes on at `resume`.
async fn remove(
    state: &AppState,
    http: &HttpRequest,
    gone: &str,
    resume: &str,
    now: Timestamp,
) -> Result<HttpResponse, OAuthError> {
    let (gone, kept): (Vec<_>, Vec<_>) = others(state, http, now)
        .await?
        .into_iter()
        .partition(|other| other.session.id.as_str() == gone);
    let mut told = Vec::new();
    for other in gone {
        told.extend(logout::end(state, other.session, logout::line(http, now)).await?);
    }
    let mut response = AfterLogout::onward(state, resume).telling(told, now).leave(state, http)?;
    let kept: Vec<Secret> = kept.into_iter().map(|other| other.secret).collect();
    add_cookie(&mut response, &cookies::set_others(&kept))?;
    Ok(response)
}
