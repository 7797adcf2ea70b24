//! Whether the second factor is right: one function a method.

use actix_web::{HttpRequest, http::StatusCode};
use vestibule_identity::{
    one_time_code, recovery_code,
    totp::{Totp, Verdict},
};
use vestibule_model::{
    ErrorCode, Message, OAuthError, Secret, Timestamp, audit::AuditEvent,
    verification::VerificationKind,
};
use vestibule_pages::Mail;
use vestibule_policy::{acr::amr, mfa::Method, params::Params};
use vestibule_web::{
    AppState, RequestId,
    guessing::Watch,
    mail::{self, Letter},
};

use crate::{
    passkey,
    sign_in::{Also, Proof, half::Half},
};

/// Why the page is shown again.
pub(super) struct Wrong {
    pub(super) message: Message,
    pub(super) status: StatusCode,
}

impl Wrong {
    pub(super) const fn new(key: &'static str) -> Self {
        Self { message: Message::new(key), status: StatusCode::UNPROCESSABLE_ENTITY }
    }
}

type Checked = Result<Result<Proof, Wrong>, OAuthError>;

/// Judges what was sent. Codes are counted before they are looked at; passkeys cannot be guessed
/// and are never locked.
pub(super) async fn check(
    state: &AppState,
    http: &HttpRequest,
    half: &Half,
    method: Method,
    params: &Params,
) -> Checked {
    let now = state.now();
    let kind = match method {
        Method::Passkey => return passkey(state, half, params, now).await,
        Method::Totp => "totp",
        Method::RecoveryCode => "recovery",
        Method::Email => "email",
    };
    let watch = Watch::of_code(&state.digester, kind, half.user.id.as_str(), &state.guess_limits);
    let charging = watch.clone();
    if let Some(refused) = state.write(move |conn| charging.charge(conn, now)).await? {
        refused.wait(http).await?;
        let message = Message::new("verify-locked").with("seconds", refused.seconds(now));
        return Ok(Err(Wrong { message, status: StatusCode::TOO_MANY_REQUESTS }));
    }
    let code = params.get("code").unwrap_or_default();
    let checked = match method {
        Method::Totp => totp(state, half, code, now).await,
        Method::RecoveryCode => recovery(state, half, code, now),
        _ => email(state, half, code, params.get("verification"), now).await,
    }?;
    match checked {
        Ok(proof) => Ok(Ok(proof.and(Also::new(move |conn| watch.forget(conn))))),
        Err(wrong) => {
            let ip = vestibule_web::request::visitor_ip(http).map(|ip| ip.to_string());
            let event = AuditEvent::new(now, "second_factor.wrong", RequestId::of(http).0)
                .of_user(&half.user.id)
                .from_ip(ip.as_deref())
                .detail(kind);
            state.write(move |conn| Ok(vestibule_storage::audit::insert(conn, &event)?)).await?;
            Ok(Err(wrong))
        }
    }
}

/// Loses a race: the same code was used in the same moment.
fn once(won: bool) -> Result<(), OAuthError> {
    if won { Ok(()) } else { Err(ErrorCode::CredentialsWrong.into()) }
}

fn proved(half: &Half, methods: &[&str]) -> Proof {
    let more: Vec<String> = methods.iter().map(|&method| method.to_owned()).collect();
    half.proof(&more)
}

/// RFC 6238; a step that was used before is refused (§5.2).
async fn totp(state: &AppState, half: &Half, code: &str, now: Timestamp) -> Checked {
    let mut wrong = Wrong::new("verify-code-wrong");
    for device in &half.factors.totp {
        let purpose = format!("totp/{}", device.id);
        let secret = state.open_sealed(&purpose, &device.sealed_secret).await?;
        let unreadable = |_| OAuthError::new(ErrorCode::Internal).because("a short TOTP secret");
        let totp = Totp::from_bytes(&secret).map_err(unreadable)?;
        match totp.check(code, now, device.last_step) {
            Verdict::Right { step, .. } => {
                let id = device.id.clone();
                let use_up = Also::new(move |conn| {
                    once(vestibule_storage::totp_device::use_step(conn, &id, step, now)?)
                });
                return Ok(Ok(proved(half, &[amr::OTP, amr::MFA]).and(use_up)));
            }
            Verdict::Replayed => wrong = Wrong::new("verify-code-used"),
            Verdict::Wrong => {}
        }
    }
    Ok(Err(wrong))
}

fn recovery(state: &AppState, half: &Half, code: &str, now: Timestamp) -> Checked {
    let Some(hash) = recovery_code::hash(&half.user.id, code) else {
        return Ok(Err(Wrong::new("verify-code-wrong")));
    };
    let left = half.factors.recovery_codes_left.saturating_sub(1);
    let (freeze, link) = crate::verification::freeze_link(state, &half.user.id, now)?;
    let user = &half.user;
    let lang = user.language.as_deref().and_then(vestibule_text::Lang::parse).unwrap_or_default();
    let letter = Letter { to: &user.email, lang, user: Some(&user.id) };
    let told = Mail::RecoveryCodeUsed { left, freeze_link: &link };
    let letter = mail::write(state, letter, &told, now)?;
    let user = half.user.id.clone();
    let wake = state.mail_wake.clone();
    let use_up = Also::new(move |conn| {
        once(vestibule_storage::recovery_code::use_one(conn, &user, &hash, now)?)?;
        vestibule_storage::verification::insert(conn, &freeze)?;
        mail::post(conn, letter.as_ref())?;
        wake.notify_one();
        Ok(())
    });
    Ok(Ok(proved(half, &[amr::OTP, amr::MFA]).and(use_up)))
}

async fn email(
    state: &AppState,
    half: &Half,
    code: &str,
    verification: Option<&str>,
    now: Timestamp,
) -> Checked {
    let old = || Ok(Err(Wrong::new("verify-code-old")));
    let Some(id) = verification.map(str::to_owned) else { return old() };
    let name = id.clone();
    let found =
        state.read(move |conn| Ok(vestibule_storage::verification::find(conn, &name)?)).await?;
    let good = found.filter(|found| {
        found.kind == VerificationKind::EmailOtp
            && found.user_id.as_ref() == Some(&half.user.id)
            && found.consumed_at.is_none()
            && now < found.expires_at
    });
    let Some(expected) = good.and_then(|found| found.code_hash) else { return old() };
    let typed = one_time_code::normalise(code).map(Secret::new);
    let right =
        typed.is_some_and(|typed| state.digester.one_time_code(&id, &typed).matches(&expected));
    if !right {
        return Ok(Err(Wrong::new("verify-code-wrong")));
    }
    let use_up =
        Also::new(move |conn| once(vestibule_storage::verification::consume(conn, &id, now)?));
    Ok(Ok(proved(half, &[amr::OTP, amr::MULTI_CHANNEL]).and(use_up)))
}

async fn passkey(state: &AppState, half: &Half, params: &Params, now: Timestamp) -> Checked {
    let stored = &half.factors.passkeys;
    let purpose = passkey::verify_purpose(half);
    let used = match passkey::second_factor(state, &purpose, params, stored, now).await? {
        Ok(used) => used,
        Err(message) => {
            return Ok(Err(Wrong { message, status: StatusCode::UNPROCESSABLE_ENTITY }));
        }
    };
    let mut proof = half.proof(&used.amr);
    // PIN or finger were asked for now: that is a whole sign-in, not only a second step.
    if used.amr.iter().any(|method| method == amr::MFA) {
        proof.auth_time = now;
    }
    Ok(Ok(proof.and(used.store)))
}
