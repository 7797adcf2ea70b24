//! `/account/mfa`: authenticator apps and recovery codes.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use vestibule_model::{ErrorCode, Message, OAuthError};
use vestibule_pages::{FactorRow, MfaPage, TotpPage};
use vestibule_policy::{
    acr::{self, Level, amr},
    mfa,
    params::Params,
};
use vestibule_web::{
    AppState, FormParams, QueryParams, State, html, page_error,
    visitor::{Visitor, visitor},
};

use crate::{
    enrol,
    enrolment::{self, Addition, Gone, New, NewTotp, Owner},
    sign_in::{Destination, Proof, finish},
};

/// This page.
const PATH: &str = "/account/mfa";

/// `GET /account/mfa`.
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
            ("added", "mfa-done-added"),
            ("removed", "mfa-done-removed"),
            ("codes", "mfa-done-codes"),
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
    let apps = factors.totp.iter().map(|device| FactorRow {
        id: &device.id,
        name: &device.name,
        added: device.created_at,
        used: device.last_used_at,
        synced: false,
    });
    let view = MfaPage {
        shell: frame.shell(),
        section: "mfa",
        csrf_token: &frame.csrf_token,
        done,
        error,
        apps: apps.collect(),
        passkeys: factors.passkeys.len(),
        codes_left: factors.recovery_codes_left,
        required: mfa::required(&who.user, None, &state.settings.mfa) > Level::Password,
    };
    frame.page(status(error), &view)
}

pub(super) const fn status(error: Option<&Message>) -> StatusCode {
    if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }
}

/// The visitor of a form that is really theirs, with what it says; or the answer.
pub(super) async fn posted(
    state: &AppState,
    http: &HttpRequest,
    form: Result<Params, OAuthError>,
    page: &str,
) -> Result<Result<(Visitor, Params), HttpResponse>, OAuthError> {
    let params = form?;
    let found = match visitor(state, http, state.now()).await? {
        Ok(found) => found,
        Err(elsewhere) => return Ok(Err(elsewhere)),
    };
    if let Some(answer) = super::stranger(state, http, &params, &found.who, page) {
        return Ok(Err(answer));
    }
    Ok(Ok((found, params)))
}

/// `GET /account/mfa/totp`: a fresh QR code.
pub async fn totp_form(state: State, http: HttpRequest) -> HttpResponse {
    let page = async {
        match visitor(&state, &http, state.now()).await? {
            Ok(found) => totp_page(&state, &http, &found, &Params::default(), None).await,
            Err(elsewhere) => Ok(elsewhere),
        }
    };
    page.await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn totp_page(
    state: &AppState,
    http: &HttpRequest,
    found: &Visitor,
    params: &Params,
    error: Option<&Message>,
) -> Result<HttpResponse, OAuthError> {
    let who = &found.who;
    let frame = super::frame(state, http, who);
    let totp = NewTotp::of_form(state, &who.user, frame.lang(), params).await?;
    let view = TotpPage {
        shell: frame.shell(),
        section: "mfa",
        csrf_token: &frame.csrf_token,
        totp: enrol::setup(&totp),
        name: params.get("name").unwrap_or_default(),
        error,
    };
    frame.page(status(error), &view)
}

/// `POST /account/mfa/totp`: the first code.
pub async fn totp_add(state: State, http: HttpRequest, form: FormParams) -> HttpResponse {
    add(&state, &http, form.0).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn add(
    state: &AppState,
    http: &HttpRequest,
    form: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let (found, params) = match posted(state, http, form, "/account/mfa/totp").await? {
        Ok(posted) => posted,
        Err(answer) => return Ok(answer),
    };
    let Visitor { who, factors } = &found;
    let lang = html::Frame::new(state, http).lang();
    let totp = NewTotp::of_form(state, &who.user, lang, &params).await?;
    let device = match totp.confirm(state, &who.user, &params, now)? {
        Ok(device) => device,
        Err(why) => return totp_page(state, http, &found, &params, Some(&why)).await,
    };
    let session = Some(&who.session.id);
    let owner = Owner { user: &who.user, factors, session, half: None };
    let Addition { store, codes } = enrolment::add(state, http, &owner, New::Totp(device), now)?;
    // The code proved the second factor as well: the session grows by it.
    let more = [amr::OTP, amr::MFA].map(str::to_owned);
    let mut proof = Proof::new(
        who.user.clone(),
        &[],
        who.session.auth_time,
        Destination::Page(PATH.to_owned()),
    )
    .and(store);
    proof.amr = acr::joined(&who.session.amr, &more);
    proof.session = Some(who.session.id.clone());
    let signed = finish::finish(state, http, proof).await?;
    let next = format!("{}?done=added", signed.next);
    if codes.is_empty() {
        return signed.answer(html::see_other(&next));
    }
    let page = enrol::codes_page(state, http, who.user.language.as_deref(), &codes, &next)?;
    signed.answer(page)
}

/// `POST /account/mfa/remove`.
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
    let Some(device) = factors.totp.iter().find(|device| device.id == id) else {
        return Ok(super::done(state, PATH, "removed"));
    };
    if let Some(why) = must_stay(state, &found, true) {
        return render(state, http, &found, None, Some(&why));
    }
    let owner = Owner { user: &who.user, factors, session: Some(&who.session.id), half: None };
    let store = enrolment::remove(state, http, &owner, Gone::Totp(device), now)?;
    state.write(move |conn| store.run(conn)).await?;
    state.mail_wake.notify_one();
    state.logout_wake.notify_one();
    Ok(super::done(state, PATH, "removed"))
}

/// Why the factor cannot go: it is the last, and policy asks for one; or it is the last passkey of
/// somebody who has no password.
pub(super) fn must_stay(state: &AppState, found: &Visitor, is_totp: bool) -> Option<Message> {
    let Visitor { who, factors } = found;
    let count = factors.totp.len() + factors.passkeys.len();
    if count <= 1 && mfa::required(&who.user, None, &state.settings.mfa) > Level::Password {
        return Some(Message::new("mfa-last-required"));
    }
    let only_key = !is_totp && factors.passkeys.len() <= 1;
    (only_key && who.user.password_hash.is_empty()).then(|| Message::new("mfa-last-way"))
}

/// `POST /account/mfa/recovery`: new recovery codes.
pub async fn recovery(state: State, http: HttpRequest, form: FormParams) -> HttpResponse {
    make_codes(&state, &http, form.0)
        .await
        .unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn make_codes(
    state: &AppState,
    http: &HttpRequest,
    form: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let (found, _) = match posted(state, http, form, PATH).await? {
        Ok(posted) => posted,
        Err(answer) => return Ok(answer),
    };
    if !found.factors.any() {
        return Err(ErrorCode::NotFound.into());
    }
    let user = &found.who.user;
    let Addition { store, codes } = enrolment::new_codes(state, http, user, now)?;
    state.write(move |conn| store.run(conn)).await?;
    state.mail_wake.notify_one();
    state.logout_wake.notify_one();
    let next = format!("{}{PATH}?done=codes", state.settings.issuer.path());
    enrol::codes_page(state, http, user.language.as_deref(), &codes, &next)
}
