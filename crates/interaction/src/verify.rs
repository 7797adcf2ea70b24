//! `/login/verify`: the second factor, and more proof from somebody who is signed in (step-up).

mod check;
mod code_mail;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use vestibule_model::{ErrorCode, InteractionId, Message, OAuthError, Timestamp, client::Client};
use vestibule_pages::{PasskeyChallenge, SentMail, Verify, VerifyMethod};
use vestibule_policy::{
    account,
    acr::Level,
    mfa::{self, Method},
    params::Params,
    prompt::Step,
};
use vestibule_web::{
    AppState, FormParams, QueryParams, State,
    asked::Asked,
    csrf,
    html::{self, FormFrame},
    page_error, urls,
    visitor::{self, Missing, Visitor},
};

use crate::{
    passkey::Offer,
    sign_in::{
        Destination, finish,
        half::{self, Half},
    },
};

/// `GET /login/verify`.
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
    let Some(half) = half::find(state, http, now).await? else {
        return place.without_half(state, http, now).await;
    };
    let method = params.get("method").and_then(Method::of_name);
    match place.choose(state, &half, method) {
        Choice::Ask { method, others } => {
            let view = Shown { place: &place, half: &half, method, others, sent: None };
            view.render(state, http, None, StatusCode::OK)
        }
        Choice::Enrol => Ok(html::see_other(&place.behind(state, urls::ENROL))),
        Choice::Impossible => {
            Err(OAuthError::new(ErrorCode::AcrUnmet).because("no factor works at this address"))
        }
    }
}

/// Where the proof leads, and what is asked for there.
pub(crate) struct Place {
    pub(crate) destination: Destination,
    asked: Option<Asked>,
}

/// What the page asks for.
pub(crate) enum Choice {
    Ask { method: Method, others: Vec<Method> },
    Enrol,
    Impossible,
}

impl Place {
    pub(crate) async fn read(
        state: &AppState,
        http: &HttpRequest,
        params: &Params,
        now: Timestamp,
    ) -> Result<Self, OAuthError> {
        let destination = Destination::of(params);
        let asked = match destination.request() {
            Some(id) => Some(Asked::read(state, http, id.clone(), now).await?),
            None => None,
        };
        Ok(Self { destination, asked })
    }

    pub(crate) fn client(&self) -> Option<&Client> {
        self.asked.as_ref().map(|asked| &asked.situation.client)
    }

    pub(crate) fn behind(&self, state: &AppState, page: &str) -> String {
        self.destination.behind(&state.settings.issuer, page)
    }

    /// The level that is needed to get there.
    pub(crate) fn level(&self, state: &AppState, half: &Half) -> Level {
        let rules = &state.settings.mfa;
        let request =
            self.asked.as_ref().map(|asked| (&asked.interaction.request, &asked.situation.client));
        let own = self.destination.page().is_some_and(urls::changes_sign_in);
        let floor = if own && half.factors.any() { Level::Mfa } else { Level::Password };
        mfa::required(&half.user, request, rules).max(floor)
    }

    /// Whoever enrolled a factor uses one of those, the one that is enough if there is one: setting
    /// up another instead would be the way around it.
    pub(crate) fn choose(&self, state: &AppState, half: &Half, wish: Option<Method>) -> Choice {
        let level = self.level(state, half);
        let mut methods = methods(state, half, level);
        if methods.is_empty() && Level::of_amr(&half.sign_in.amr) < Level::Mfa && half.factors.any()
        {
            methods = self::methods(state, half, Level::Mail);
        }
        let latest = latest(half).filter(|method| methods.contains(method));
        let wish = wish.filter(|method| methods.contains(method));
        match wish.or(latest).or(methods.first().copied()) {
            // A factor that cannot be used here is no reason to set up another without it.
            None if half.factors.any() && Level::of_amr(&half.sign_in.amr) < Level::Mfa => {
                Choice::Impossible
            }
            None => Choice::Enrol,
            Some(method) => {
                methods.retain(|other| *other != method);
                Choice::Ask { method, others: methods }
            }
        }
    }

    /// Nobody is half signed in: a session that has to prove more begins here, anybody else goes
    /// where they can go on.
    async fn without_half(
        &self,
        state: &AppState,
        http: &HttpRequest,
        now: Timestamp,
    ) -> Result<HttpResponse, OAuthError> {
        let on = self.destination.url(&state.settings.issuer);
        let Some(found) = visitor::load(state, http, now).await? else {
            return Ok(html::see_other(&self.behind(state, urls::LOGIN)));
        };
        if self.wants_more(state, &found, now) {
            let again = self.behind(state, urls::VERIFY);
            return half::step_up(state, &found, &again, now).await;
        }
        Ok(html::see_other(&on))
    }

    fn wants_more(&self, state: &AppState, found: &Visitor, now: Timestamp) -> bool {
        match (&self.asked, self.destination.page()) {
            (Some(asked), _) => matches!(asked.next(state, now), Step::StepUp { .. }),
            (None, Some(path)) => {
                visitor::missing(found, path, &state.settings, now) == Some(Missing::SecondFactor)
            }
            (None, None) => false,
        }
    }
}

fn methods(state: &AppState, half: &Half, level: Level) -> Vec<Method> {
    let mail = state.settings.mail != vestibule_model::settings::Mail::Off;
    let mut methods = mfa::methods(&half.factors, &half.user, level, &state.settings.mfa, mail);
    if state.passkeys.is_none() {
        methods.retain(|method| *method != Method::Passkey);
    }
    methods
}

/// The factor that was used last: most people have one habit.
fn latest(half: &Half) -> Option<Method> {
    let passkey = half.factors.passkeys.iter().filter_map(|key| key.last_used_at).max();
    let totp = half.factors.totp.iter().filter_map(|device| device.last_used_at).max();
    match (passkey, totp) {
        (None, None) => None,
        (passkey, totp) if passkey >= totp => Some(Method::Passkey),
        _ => Some(Method::Totp),
    }
}

const fn shown(method: Method) -> VerifyMethod {
    match method {
        Method::Passkey => VerifyMethod::Passkey,
        Method::Totp => VerifyMethod::Totp,
        Method::RecoveryCode => VerifyMethod::Recovery,
        Method::Email => VerifyMethod::Email,
    }
}

/// The page's own values.
struct Shown<'a> {
    place: &'a Place,
    half: &'a Half,
    method: Method,
    others: Vec<Method>,
    /// The name of the verification whose mail went out.
    sent: Option<String>,
}

impl Shown<'_> {
    fn render(
        &self,
        state: &AppState,
        http: &HttpRequest,
        error: Option<&Message>,
        status: StatusCode,
    ) -> Result<HttpResponse, OAuthError> {
        let half = self.half;
        let frame = FormFrame::new(state, http).account_language(half.user.language.as_deref());
        let offer = match (self.method, &state.passkeys) {
            (Method::Passkey, Some(_)) => Some(Offer::to_verify(state, half)?),
            _ => None,
        };
        let client = self.place.client().map(|client| frame.client_name(client));
        let masked = account::mask_email(&half.user.email);
        let days = state.settings.mfa.remember_device / 86_400;
        let view = Verify {
            shell: frame.shell(),
            csrf_token: &frame.csrf_token,
            interaction: self.place.destination.request().map(InteractionId::as_str),
            next: self.place.destination.page(),
            client: client.as_deref(),
            person: html::person(&half.user),
            step_up: half.sign_in.session_id.is_some(),
            method: shown(self.method),
            others: self.others.iter().copied().map(shown).collect(),
            passkey: offer
                .as_ref()
                .map(|offer| PasskeyChallenge { options: &offer.options, state: &offer.state }),
            mail: self.sent.as_deref().map(|verification| SentMail { to: &masked, verification }),
            // The lowest factor is not worth remembering.
            remember_days: (days > 0 && self.method != Method::Email).then_some(days),
            error,
        };
        frame.page(status, &view)
    }
}

/// `POST /login/verify`.
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
    let again = place.behind(state, urls::VERIFY);
    if csrf::check(state, http, &params).is_err() {
        let client = html::name_of_either(state, http, place.client());
        return Ok(html::stale(state, http, &client, &again));
    }
    let Some(half) = half::find(state, http, now).await? else {
        return place.without_half(state, http, now).await;
    };
    if params.get("decision") == Some("cancel") {
        return cancel(state, http, &place, &half, now).await;
    }
    let wish = params.get("method").and_then(Method::of_name);
    let Choice::Ask { method, others } = place.choose(state, &half, wish) else {
        return Ok(html::see_other(&again));
    };
    // The form was for another method than may be used now: show that one.
    if wish != Some(method) {
        return Ok(html::see_other(&again));
    }
    let mut view = Shown { place: &place, half: &half, method, others, sent: None };
    if method == Method::Email {
        view.sent = params.get("verification").map(str::to_owned);
        if params.get("decision") == Some("send") {
            return match code_mail::send(state, http, &half, now).await? {
                Ok(verification) => {
                    view.sent = Some(verification);
                    view.render(state, http, None, StatusCode::OK)
                }
                Err(why) => view.render(state, http, Some(&why), StatusCode::TOO_MANY_REQUESTS),
            };
        }
    }
    match check::check(state, http, &half, method, &params).await? {
        Ok(mut proof) => {
            proof.destination = place.destination.clone();
            proof.remember = params.get("remember") == Some("on")
                && method != Method::Email
                && state.settings.mfa.remember_device > 0;
            match finish::finish(state, http, proof).await {
                Ok(signed) => signed.answer(html::see_other(&signed.next)),
                // It was used before, or in the same moment in another window.
                Err(error) if error.code == ErrorCode::CredentialsWrong => {
                    let used = Message::new(match method {
                        Method::Passkey => "passkey-refused",
                        Method::RecoveryCode => "verify-code-wrong",
                        Method::Totp | Method::Email => "verify-code-used",
                    });
                    view.render(state, http, Some(&used), StatusCode::UNPROCESSABLE_ENTITY)
                }
                Err(error) => Err(error),
            }
        }
        Err(check::Wrong { message, status }) => view.render(state, http, Some(&message), status),
    }
}

/// Gives up: a client hears `access_denied`, an account page is left for the account.
pub(crate) async fn cancel(
    state: &AppState,
    http: &HttpRequest,
    place: &Place,
    half: &Half,
    now: Timestamp,
) -> Result<HttpResponse, OAuthError> {
    let denied = place.asked.as_ref().map(|asked| {
        let mut progress = asked.interaction.progress.clone();
        progress.denied = true;
        (asked.interaction.id.clone(), progress)
    });
    half::give_up(state, half, denied).await?;
    let issuer = &state.settings.issuer;
    let to = match place.destination.request() {
        Some(id) => urls::resume(issuer, id),
        None if visitor::load(state, http, now).await?.is_some() => {
            format!("{}{}", issuer.path(), urls::ACCOUNT)
        }
        None => format!("{}{}", issuer.path(), urls::LOGIN),
    };
    Ok(html::see_other(&to))
}
