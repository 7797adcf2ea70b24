//! The one place where a session begins or grows.

use actix_web::{HttpRequest, HttpResponse, cookie::Cookie};
use vestibule_identity::user_agent;
use vestibule_model::{
    DeviceId, ErrorCode, OAuthError, Secret, SessionId, Timestamp, TokenHash,
    audit::AuditEvent,
    browser_session::BrowserSession,
    device::Device,
    entropy::{dated_id, random_id, random_secret},
    mail::OutboxMail,
    user::User,
    verification::Verification,
};
use vestibule_pages::Mail;
use vestibule_policy::{acr::Level, session};
use vestibule_storage::Conn;
use vestibule_web::{
    AppState, RequestId, cookies,
    html::Frame,
    mail::{self, Letter},
    request, session_state,
};

use super::{Proof, half, is_open};
use crate::verification;

/// A session that began or grew.
pub struct Signed {
    /// Where to go.
    pub next: String,
    cookies: Vec<Cookie<'static>>,
}

impl Signed {
    /// Any answer, with the cookies that sign the browser in.
    pub fn answer(&self, mut response: HttpResponse) -> Result<HttpResponse, OAuthError> {
        for cookie in &self.cookies {
            add_cookie(&mut response, cookie)?;
        }
        Ok(response)
    }
}

/// Adds a cookie to an answer.
pub fn add_cookie(response: &mut HttpResponse, cookie: &Cookie<'_>) -> Result<(), OAuthError> {
    let fault = |fault: actix_web::http::Error| {
        OAuthError::new(ErrorCode::Internal).because(fault.to_string())
    };
    response.add_cookie(cookie).map_err(|error| fault(error.into()))
}

/// What this browser brings along.
struct Luggage {
    /// The session it is signed in with, and its cookie.
    present: Option<(Secret, BrowserSession)>,
    /// The sessions of other people.
    others: Vec<(Secret, BrowserSession)>,
    /// The device's cookie, and its row for this person.
    device_secret: Option<Secret>,
    device: Option<Device>,
    /// Whether the person was ever here with any device.
    knows_devices: bool,
}

impl Luggage {
    async fn read(
        state: &AppState,
        http: &HttpRequest,
        user: &User,
        now: Timestamp,
    ) -> Result<Self, OAuthError> {
        let present = cookies::session(http);
        let others = cookies::others(http);
        let device_secret = cookies::device(http);
        let (device_hash, user_id) =
            (device_secret.as_ref().map(Secret::token_hash), user.id.clone());
        let lifetimes = state.settings.lifetimes.clone();
        let mut secrets: Vec<Secret> = present.iter().chain(&others).cloned().collect();
        let (found, device, knows_devices) = state
            .read(move |conn| {
                let hashes: Vec<_> = secrets.iter().map(Secret::token_hash).collect();
                let rows = vestibule_storage::browser_session::find_many(conn, &hashes)?;
                let mut found = Vec::new();
                for (secret, hash) in secrets.drain(..).zip(hashes) {
                    let row = rows.iter().find(|row| row.token_hash == hash);
                    if let Some(row) = row.filter(|row| session::is_live(row, &lifetimes, now)) {
                        found.push((secret, row.clone()));
                    }
                }
                let devices = vestibule_storage::device::list_of_user(conn, &user_id)?;
                let knows = !devices.is_empty();
                let device = device_hash
                    .and_then(|hash| devices.into_iter().find(|known| known.token_hash == hash));
                Ok((found, device, knows))
            })
            .await?;
        let is_present =
            |secret: &Secret| present.as_ref().is_some_and(|p| p.matches(secret.expose()));
        let (mut first, others): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|(secret, _)| is_present(secret));
        Ok(Self { present: first.pop(), others, device_secret, device, knows_devices })
    }
}

/// Begins the session, or lets it grow. Whoever signs in gets a new cookie, so that one planted
/// before is worth nothing (session fixation). The same person goes on with the same `sid`; another
/// person's session steps aside and can be chosen again.
pub async fn finish(
    state: &AppState,
    http: &HttpRequest,
    proof: Proof,
) -> Result<Signed, OAuthError> {
    let now = state.now();
    let luggage = Luggage::read(state, http, &proof.user, now).await?;
    let entropy = state.entropy.as_ref();
    let (secret, ip) = (random_secret(entropy), request::visitor_ip(http).map(|ip| ip.to_string()));
    let browser = browser_words(http);
    // A cookie that somebody noted here before this person came, or before it was worth anything,
    // must not become theirs.
    let is_new = luggage.device.is_none();
    let known = luggage.device_secret.clone().filter(|_| !is_new && !proof.remember);
    let renamed = luggage.device_secret.as_ref().filter(|_| known.is_none());
    let renamed = renamed.map(Secret::token_hash);
    let device_secret = known.unwrap_or_else(|| random_secret(entropy));
    let device = Device {
        id: luggage
            .device
            .as_ref()
            .map_or_else(|| DeviceId::new(random_id(entropy)), |known| known.id.clone()),
        token_hash: device_secret.token_hash(),
        user_id: proof.user.id.clone(),
        user_agent: browser.clone(),
        ip: ip.clone(),
        created_at: now,
        last_seen_at: now,
        trusted_until: None,
        expires_at: now.plus(cookies::DEVICE_DAYS * 86_400),
    };
    let next = proof.destination.url(&state.settings.issuer);
    let own = luggage.present.as_ref().filter(|(_, old)| old.user_id == proof.user.id);
    let mut aside: Vec<Secret> = Vec::new();
    if let Some((old, _)) = luggage.present.as_ref().filter(|_| own.is_none()) {
        aside.push(old.clone());
    }
    let strangers = luggage.others.iter().filter(|(_, other)| other.user_id != proof.user.id);
    aside.extend(strangers.map(|(secret, _)| secret.clone()));
    let session = BrowserSession {
        id: own.map_or_else(|| SessionId::new(dated_id(entropy, now)), |(_, old)| old.id.clone()),
        token_hash: secret.token_hash(),
        user_id: proof.user.id.clone(),
        auth_time: proof.auth_time,
        acr: Level::of_amr(&proof.amr).acr().to_owned(),
        amr: proof.amr.clone(),
        created_at: now,
        last_seen_at: now,
        // Proving more does not make a session live longer.
        expires_at: own.filter(|_| proof.session.is_some()).map_or_else(
            || now.plus(state.settings.lifetimes.session_absolute),
            |(_, old)| old.expires_at,
        ),
        device_id: Some(device.id.clone()),
        ip: ip.clone(),
        user_agent: Some(browser),
    };
    let unknown = is_new && luggage.knows_devices;
    let notice =
        unknown.then(|| new_device_notice(state, http, &proof.user, &device, now)).transpose()?;
    let trust = proof.remember.then(|| now.plus(state.settings.mfa.remember_device));
    let landing = Landing {
        renews: own.is_some(),
        session,
        device,
        is_new,
        renamed,
        trust,
        notice,
        request_id: RequestId::of(http).0,
    };
    let session_id = landing.session.id.clone();
    state.write(move |conn| landing.store(conn, proof, now)).await?;
    state.mail_wake.notify_one();
    // An enrolment ends the other sessions (`Proof::also`).
    state.logout_wake.notify_one();
    let mut jar = vec![
        cookies::set_session(&secret),
        cookies::set_device(&device_secret),
        cookies::clear(cookies::SIGN_IN),
    ];
    if !aside.is_empty() || http.cookie(cookies::OTHERS).is_some() {
        jar.push(cookies::set_others(&aside));
    }
    jar.extend(session_state::changed_cookies(state, http, Some(&session_id)));
    Ok(Signed { next, cookies: jar })
}

/// What a sign-in stores.
#[derive(Clone)]
struct Landing {
    session: BrowserSession,
    renews: bool,
    device: Device,
    is_new: bool,
    /// The cookie that the device's takes the place of.
    renamed: Option<TokenHash>,
    trust: Option<Timestamp>,
    notice: Option<Notice>,
    request_id: String,
}

/// A mail about a new device, and the row that makes its link work.
#[derive(Clone)]
struct Notice {
    freeze: Verification,
    letter: Option<OutboxMail>,
}

impl Landing {
    fn store(self, conn: &mut Conn, proof: Proof, now: Timestamp) -> Result<(), OAuthError> {
        still_stands(conn, &proof)?;
        if let Some(half) = &proof.half
            && !vestibule_storage::sign_in::take(conn, half)?
        {
            return Err(half::gone());
        }
        for job in proof.also {
            job.run(conn)?;
        }
        if proof.session.as_ref().is_some_and(|base| !self.renews || *base != self.session.id) {
            return Err(half::gone());
        }
        if self.renews {
            if !vestibule_storage::browser_session::renew(conn, &self.session)? {
                return Err(half::gone());
            }
        } else {
            vestibule_storage::browser_session::insert(conn, &self.session)?;
        }
        let device = &self.device;
        if let Some(old) = &self.renamed {
            vestibule_storage::device::rekey(conn, old, &device.token_hash)?;
        }
        if self.is_new {
            vestibule_storage::device::insert(conn, device)?;
        } else {
            vestibule_storage::device::seen(
                conn,
                &device.id,
                device.ip.as_deref(),
                &device.user_agent,
                now,
                device.expires_at,
            )?;
        }
        if self.trust.is_some() {
            vestibule_storage::device::trust(conn, &device.id, &device.user_id, self.trust)?;
        }
        if let Some(notice) = &self.notice {
            vestibule_storage::verification::insert(conn, &notice.freeze)?;
            mail::post(conn, notice.letter.as_ref())?;
        }
        if let Some(id) = proof.destination.request()
            && let Some(mut interaction) = vestibule_storage::interaction::find(conn, id)?
        {
            // A step-up answers no prompt=login: the password was not asked for again.
            if proof.session.is_none() {
                interaction.progress.signed_in = Some(self.session.id.clone());
            }
            interaction.progress.denied = false;
            vestibule_storage::interaction::save_progress(conn, id, &interaction.progress)?;
        }
        let event = if proof.session.is_some() { "sign_in.step_up" } else { "sign_in.ok" };
        let event = AuditEvent::new(now, event, self.request_id)
            .of_user(&proof.user.id)
            .from_ip(self.session.ip.as_deref())
            .detail(format!("session {}, {}", self.session.id, proof.amr.join(" ")));
        vestibule_storage::audit::insert(conn, &event)?;
        Ok(())
    }
}

/// Whether what was proved still counts: the person may have been shut out, or the password changed,
/// while theirs was being looked at.
fn still_stands(conn: &mut Conn, proof: &Proof) -> Result<(), OAuthError> {
    let id = &proof.user.id;
    vestibule_storage::user::hold(conn, id)?;
    let present = vestibule_storage::user::find(conn, id)?.filter(is_open);
    let same = present.is_some_and(|user| user.password_hash == proof.user.password_hash);
    if same { Ok(()) } else { Err(half::gone()) }
}

/// The browser in a few words, such as `Firefox, Linux`.
#[must_use]
pub fn browser_words(http: &HttpRequest) -> String {
    let header = http.headers().get("user-agent").and_then(|value| value.to_str().ok());
    let device = user_agent::describe(header.unwrap_or_default());
    let words: Vec<&str> = device.browser.into_iter().chain(device.system).collect();
    words.join(", ")
}

/// Tells the person that somebody signed in from a browser we did not know.
fn new_device_notice(
    state: &AppState,
    http: &HttpRequest,
    user: &User,
    device: &Device,
    now: Timestamp,
) -> Result<Notice, OAuthError> {
    let (freeze, link) = verification::freeze_link(state, &user.id, now)?;
    let frame = Frame::new(state, http).account_language(user.language.as_deref());
    let letter = Letter { to: &user.email, lang: frame.lang(), user: Some(&user.id) };
    let text = Mail::NewDevice {
        device: &device.user_agent,
        ip: device.ip.as_deref(),
        when: now,
        freeze_link: &link,
    };
    Ok(Notice { freeze, letter: mail::write(state, letter, &text, now)? })
}
