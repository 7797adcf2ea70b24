//! `/account/passkeys`.

use actix_web::{HttpRequest, HttpResponse};
use vestibule_model::{Message, OAuthError};
use vestibule_pages::{FactorRow, PasskeyChallenge, PasskeysPage};
use vestibule_policy::params::Params;
use vestibule_web::{
    AppState, FormParams, QueryParams, State, page_error,
    visitor::{Visitor, visitor},
};

use super::mfa::{must_stay, posted, status};
use crate::{
    enrol,
    enrolment::{self, Addition, Gone, Owner},
    passkey::{self, Offer},
};

/// This page.
const PATH: &str = "/account/passkeys";

/// `GET /account/passkeys`.
pub async fn get(state: State, http: HttpRequest, query: QueryParams) -> HttpResponse {
    show(&state, &http, query.0).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn show(
    state: &AppState,
    http: &HttpRequest,
    query: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let params = query?;
    let found = match visitor(state, http, state.now()).await? {
        Ok(found) => found,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let done = super::told(
        &params,
        &[
            ("added", "mfa-done-passkey"),
            ("removed", "mfa-done-removed"),
            ("renamed", "mfa-done-renamed"),
        ],
    );
    render(state, http, &found, done.as_ref(), None)
}

fn render(
    state: &AppState,
    http: &HttpRequest,
    found: &Visitor,
    done: Option<&Message>,
    error: Option<&Message>,
) -> Result<HttpResponse, OAuthError> {
    let Visitor { who, factors } = found;
    let frame = super::frame(state, http, who);
    let offer = Offer::to_register(state, &who.user, &factors.passkeys)?;
    let passkeys = factors.passkeys.iter().map(|key| FactorRow {
        id: &key.id,
        name: &key.name,
        added: key.created_at,
        used: key.last_used_at,
        synced: key.backed_up,
    });
    let view = PasskeysPage {
        shell: frame.shell(),
        section: "passkeys",
        csrf_token: &frame.csrf_token,
        done,
        error,
        passkeys: passkeys.collect(),
        challenge: offer
            .as_ref()
            .map(|offer| PasskeyChallenge { options: &offer.options, state: &offer.state }),
    };
    frame.page(status(error), &view)
}

/// `POST /account/passkeys`: adds one.
pub async fn post(state: State, http: HttpRequest, form: FormParams) -> HttpResponse {
    add(&state, &http, form.0).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn add(
    state: &AppState,
    http: &HttpRequest,
    form: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let (found, params) = match posted(state, http, form, PATH).await? {
        Ok(posted) => posted,
        Err(answer) => return Ok(answer),
    };
    let Visitor { who, factors } = &found;
    let name = match enrolment::name(&params) {
        Ok(name) => name,
        Err(why) => return render(state, http, &found, None, Some(&why)),
    };
    let registered = match passkey::registered(state, &who.user, &params, now).await? {
        Ok(registered) => registered,
        Err(why) => return render(state, http, &found, None, Some(&why)),
    };
    let owner = Owner { user: &who.user, factors, session: Some(&who.session.id), half: None };
    let new = enrolment::new_passkey(&who.user, registered, name, now);
    let Addition { store, codes } = enrolment::add(state, http, &owner, new, now)?;
    if let Err(error) = state.write(move |conn| store.run(conn)).await {
        let why = passkey::refusal_of(error)?;
        return render(state, http, &found, None, Some(&why));
    }
    state.mail_wake.notify_one();
    state.logout_wake.notify_one();
    if codes.is_empty() {
        return Ok(super::done(state, PATH, "added"));
    }
    let next = format!("{}{PATH}?done=added", state.settings.issuer.path());
    enrol::codes_page(state, http, who.user.language.as_deref(), &codes, &next)
}

/// `POST /account/passkeys/rename`.
pub async fn rename(state: State, http: HttpRequest, form: FormParams) -> HttpResponse {
    change_name(&state, &http, form.0)
        .await
        .unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn change_name(
    state: &AppState,
    http: &HttpRequest,
    form: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let (found, params) = match posted(state, http, form, PATH).await? {
        Ok(posted) => posted,
        Err(answer) => return Ok(answer),
    };
    let name = match enrolment::name(&params) {
        Ok(name) => name,
        Err(why) => return render(state, http, &found, None, Some(&why)),
    };
    let user = found.who.user.id.clone();
    let id = params.get("id").unwrap_or_default().to_owned();
    let event = super::event(http, "factor.renamed", &found.who.user, now).detail("passkey");
    if let Some(name) = name {
        state
            .write(move |conn| {
                if vestibule_storage::passkey::rename(conn, &id, &user, &name)? {
                    vestibule_storage::audit::insert(conn, &event)?;
                }
                Ok(())
            })
            .await?;
    }
    Ok(super::done(state, PATH, "renamed"))
}

/// `POST /account/passkeys/remove`.
pub async fn remove(state: State, http: HttpRequest, form: FormParams) -> HttpResponse {
    take_away(&state, &http, form.0).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn take_away(
    state: &AppState,
    http: &HttpRequest,
    form: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let (found, params) = match posted(state, http, form, PATH).await? {
        Ok(posted) => posted,
        Err(answer) => return Ok(answer),
    };
    let Visitor { who, factors } = &found;
    let id = params.get("id").unwrap_or_default();
    let Some(key) = factors.passkeys.iter().find(|key| key.id == id) else {
        return Ok(super::done(state, PATH, "removed"));
    };
    if let Some(why) = must_stay(state, &found, false) {
        return render(state, http, &found, None, Some(&why));
    }
    let owner = Owner { user: &who.user, factors, session: Some(&who.session.id), half: None };
    let store = enrolment::remove(state, http, &owner, Gone::Passkey(key), now)?;
    state.write(move |conn| store.run(conn)).await?;
    state.mail_wake.notify_one();
    state.logout_wake.notify_one();
    Ok(super::done(state, PATH, "removed"))
}
