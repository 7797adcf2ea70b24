//! The code that a mail carries.

use actix_web::HttpRequest;
use vestibule_identity::one_time_code;
use vestibule_model::{
    Message, OAuthError, Timestamp,
    entropy::{random_id, random_secret},
    verification::{Verification, VerificationKind},
};
use vestibule_pages::Mail;
use vestibule_web::{
    AppState,
    html::Frame,
    mail::{self, Letter},
};

use crate::sign_in::half::{self, Half};

/// Codes in [`WINDOW`] seconds, however often somebody asks.
const MOST: i64 = 4;
/// The window of [`MOST`], in seconds.
const WINDOW: i64 = 900;

/// Sends a code; gives back the verification's name, or why none was sent.
pub(super) async fn send(
    state: &AppState,
    http: &HttpRequest,
    half: &Half,
    now: Timestamp,
) -> Result<Result<String, Message>, OAuthError> {
    let entropy = state.entropy.as_ref();
    let (id, code) = (random_id(entropy), one_time_code::generate(entropy));
    let user = &half.user;
    let row = Verification {
        id: id.clone(),
        kind: VerificationKind::EmailOtp,
        subject: user.id.as_str().to_owned(),
        user_id: Some(user.id.clone()),
        // There is no link to this one; its hash must be its own all the same.
        token_hash: random_secret(entropy).token_hash(),
        code_hash: Some(state.digester.one_time_code(&id, &code)),
        sealed_data: None,
        attempts: 0,
        created_at: now,
        expires_at: now.plus(half::LIFETIME),
        consumed_at: None,
    };
    let frame = Frame::new(state, http).account_language(user.language.as_deref());
    let letter = Letter { to: &user.email, lang: frame.lang(), user: Some(&user.id) };
    let text = Mail::EmailOtp { code: code.expose(), valid_for: half::LIFETIME };
    let letter = mail::write(state, letter, &text, now)?;
    let sent = state
        .write(move |conn| {
            let since = now.plus(-WINDOW);
            let sent =
                vestibule_storage::verification::sent_since(conn, row.kind, &row.subject, since)?;
            if sent >= MOST {
                return Ok(false);
            }
            vestibule_storage::verification::insert(conn, &row)?;
            mail::post(conn, letter.as_ref())?;
            Ok(true)
        })
        .await?;
    state.mail_wake.notify_one();
    Ok(if sent { Ok(id) } else { Err(Message::new("verify-mail-limit")) })
}
