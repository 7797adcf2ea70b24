//! `/login/enrol`: sets a second factor up where policy or the client demands one that the person
//! does not have. Whoever has a factor uses it first: an enrolment must not be the way around it.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use vestibule_model::{ErrorCode, InteractionId, Message, OAuthError, Secret, Timestamp};
use vestibule_pages::{Enrol, PasskeyChallenge, RecoveryCodes, Shell, TotpSetup};
use vestibule_policy::{
    acr::{Level, amr},
    params::Params,
};
use vestibule_web::{
    AppState, FormParams, QueryParams, State, csrf,
    html::{self, FormFrame, Frame},
    page_error, urls,
};

use crate::{
    enrolment::{self, Addition, New, NewTotp, Owner},
    passkey::{self, Offer},
    sign_in::{
        finish,
        half::{self, Half},
    },
    verify::{self, Place},
};

/// `GET /login/enrol`.
pub async fn get(state: State, http: HttpRequest, query: QueryParams) -> HttpResponse {
    show(&state, &http, query.0).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn show(
    state: &AppState,
    http: &HttpRequest,
    query: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let params = query?;
    let place = Place::read(state, http, &params, now).await?;
    let half = match enrolling(state, http, &place, now).await? {
        Ok(half) => half,
        Err(elsewhere) => return Ok(elsewhere),
    };
    render(state, http, &place, &half, &params, None).await
}

/// The half-finished sign-in that may enrol, or where to go instead.
async fn enrolling(
    state: &AppState,
    http: &HttpRequest,
    place: &Place,
    now: Timestamp,
) -> Result<Result<Half, HttpResponse>, OAuthError> {
    let found = half::find(state, http, now).await?;
    let must = |half: &Half| matches!(place.choose(state, half, None), verify::Choice::Enrol);
    let elsewhere = || html::see_other(&place.behind(state, urls::VERIFY));
    Ok(found.filter(must).ok_or_else(elsewhere))
}

async fn render(
    state: &AppState,
    http: &HttpRequest,
    place: &Place,
    half: &Half,
    params: &Params,
    error: Option<&Message>,
) -> Result<HttpResponse, OAuthError> {
    let frame = FormFrame::new(state, http).account_language(half.user.language.as_deref());
    let level = place.level(state, half);
    let app_is_enough = level <= Level::Mfa;
    if !app_is_enough && state.passkeys.is_none() {
        return Err(OAuthError::new(ErrorCode::AcrUnmet).because("no passkeys at this address"));
    }
    let totp = if app_is_enough {
        Some(NewTotp::of_form(state, &half.user, frame.lang(), params).await?)
    } else {
        None
    };
    let offer = Offer::to_register(state, &half.user, &half.factors.passkeys)?;
    let client = place.client().map(|client| frame.client_name(client));
    let view = Enrol {
        shell: frame.shell(),
        csrf_token: &frame.csrf_token,
        interaction: place.destination.request().map(InteractionId::as_str),
        next: place.destination.page(),
        client: client.as_deref(),
        person: html::person(&half.user),
        totp: totp.as_ref().map(setup),
        passkey: offer
            .as_ref()
            .map(|offer| PasskeyChallenge { options: &offer.options, state: &offer.state }),
        error,
    };
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    frame.page(status, &view)
}

/// How pages show an app that is being set up.
#[must_use]
pub fn setup(totp: &NewTotp) -> TotpSetup<'_> {
    TotpSetup { qr: &totp.qr, secret: &totp.secret, uri: &totp.uri, sealed: &totp.sealed }
}

/// The page with codes that were made now. It cannot be shown again.
pub fn codes_page(
    state: &AppState,
    http: &HttpRequest,
    language: Option<&str>,
    codes: &[Secret],
    next: &str,
) -> Result<HttpResponse, OAuthError> {
    let frame = Frame::new(state, http).account_language(language);
    let codes = codes.iter().map(Secret::expose).collect();
    let shell = Shell { here: "", ..frame.shell() };
    frame.page(StatusCode::OK, &RecoveryCodes { shell, codes, next })
}

/// `POST /login/enrol`.
pub async fn post(state: State, http: HttpRequest, form: FormParams) -> HttpResponse {
    take(&state, &http, form.0).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn take(
    state: &AppState,
    http: &HttpRequest,
    form: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let params = form?;
    let place = Place::read(state, http, &params, now).await?;
    if csrf::check(state, http, &params).is_err() {
        let again = place.behind(state, urls::ENROL);
        let client = html::name_of_either(state, http, place.client());
        return Ok(html::stale(state, http, &client, &again));
    }
    let half = match enrolling(state, http, &place, now).await? {
        Ok(half) => half,
        Err(elsewhere) => return Ok(elsewhere),
    };
    if params.get("decision") == Some("cancel") {
        return verify::cancel(state, http, &place, &half, now).await;
    }
    let by_passkey = params.get("method") == Some("passkey");
    let owner = Owner {
        user: &half.user,
        factors: &half.factors,
        session: half.sign_in.session_id.as_ref(),
        // A first code finishes the sign-in in the same transaction; a passkey leaves it waiting.
        half: Some(&half.sign_in).filter(|_| by_passkey),
    };
    let done = if by_passkey {
        with_passkey(state, http, &place, &half, &owner, &params).await
    } else {
        with_totp(state, http, &place, &half, &owner, &params).await
    }?;
    match done {
        Ok(page) => Ok(page),
        Err(why) => render(state, http, &place, &half, &params, Some(&why)).await,
    }
}

type Done = Result<Result<HttpResponse, Message>, OAuthError>;

/// The first code proves the app: the sign-in is finished with it.
async fn with_totp(
    state: &AppState,
    http: &HttpRequest,
    place: &Place,
    half: &Half,
    owner: &Owner<'_>,
    params: &Params,
) -> Done {
    let now = state.now();
    if place.level(state, half) > Level::Mfa {
        return Ok(Err(Message::new("mfa-enrol-impossible")));
    }
    let lang = Frame::new(state, http).lang();
    let totp = NewTotp::of_form(state, &half.user, lang, params).await?;
    let device = match totp.confirm(state, &half.user, params, now)? {
        Ok(device) => device,
        Err(why) => return Ok(Err(why)),
    };
    let Addition { store, codes } = enrolment::add(state, http, owner, New::Totp(device), now)?;
    let more = [amr::OTP, amr::MFA].map(str::to_owned);
    let mut proof = half.proof(&more).and(store);
    proof.destination = place.destination.clone();
    let signed = finish::finish(state, http, proof).await?;
    let page = if codes.is_empty() {
        html::see_other(&signed.next)
    } else {
        codes_page(state, http, half.user.language.as_deref(), &codes, &signed.next)?
    };
    signed.answer(page).map(Ok)
}

/// Adding a passkey is no sign-in with it: the next page asks for it.
async fn with_passkey(
    state: &AppState,
    http: &HttpRequest,
    place: &Place,
    half: &Half,
    owner: &Owner<'_>,
    params: &Params,
) -> Done {
    let now = state.now();
    let registered = match passkey::registered(state, &half.user, params, now).await? {
        Ok(registered) => registered,
        Err(why) => return Ok(Err(why)),
    };
    let new = enrolment::new_passkey(&half.user, registered, None, now);
    let Addition { store, codes } = enrolment::add(state, http, owner, new, now)?;
    if let Err(error) = state.write(move |conn| store.run(conn)).await {
        return passkey::refusal_of(error).map(Err);
    }
    state.mail_wake.notify_one();
    state.logout_wake.notify_one();
    let next = place.behind(state, urls::VERIFY);
    if codes.is_empty() {
        return Ok(Ok(html::see_other(&next)));
    }
    codes_page(state, http, half.user.language.as_deref(), &codes, &next).map(Ok)
}
