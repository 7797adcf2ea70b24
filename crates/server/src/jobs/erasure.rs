//! Erases accounts whose owners asked for it, once their days of grace are over.

use vestibule_model::user::User;
use vestibule_model::{OAuthError, Timestamp, UserId, audit::AuditEvent};
use vestibule_pages::Mail;
use vestibule_storage::Conn;
use vestibule_storage::lease::Lease;
use vestibule_text::Lang;
use vestibule_web::State;
use vestibule_web::mail::{Desk, Letter, post};

use super::turn::guarded;

/// Accounts in one transaction, so that no request waits long for it.
const BATCH: i64 = 20;

/// Erases every account that is due, batch by batch, as long as the turn is this instance's: nobody
/// is told twice. Returns how many they were.
///
/// # Errors
/// The database's.
pub async fn erase_due(state: &State, lease: Option<&Lease>) -> Result<usize, OAuthError> {
    let mut accounts = 0;
    loop {
        let (now, desk, lease) = (state.now(), state.clone(), lease.cloned());
        let erased = state.write(move |conn| {
            if !guarded(conn, lease.as_ref())? {
                return Ok(0);
            }
            let due = vestibule_storage::user::due_for_erasure(conn, now, BATCH)?;
            for id in &due {
                erase(conn, &Desk::of(&desk), id, now, "erasure")?;
            }
            Ok(due.len())
        });
        match erased.await? {
            0 => return Ok(accounts),
            count => accounts += count,
        }
        state.mail_wake.notify_one();
        state.logout_wake.notify_one();
    }
}

/// Erases one account with everything personal, notes that, and tells its former owner. `false` if
/// there is no such account.
///
/// # Errors
/// The database's.
pub fn erase(
    conn: &mut Conn,
    desk: &Desk<'_>,
    id: &UserId,
    now: Timestamp,
    request_id: &str,
) -> Result<bool, OAuthError> {
    let Some(user) = vestibule_storage::user::find(conn, id)? else { return Ok(false) };
    vestibule_storage::user::erase(conn, id, now)?;
    // The id is a pseudonym from here on: nothing is left that it leads to.
    let event = AuditEvent::new(now, "account.erased", request_id).of_user(id);
    vestibule_storage::audit::insert(conn, &event)?;
    farewell(conn, desk, &user, now)?;
    Ok(true)
}

/// The last mail, to an address that was proved. It names no account: the row of the outbox, with
/// the address sealed in it, is forgotten by itself.
fn farewell(
    conn: &mut Conn,
    desk: &Desk<'_>,
    user: &User,
    now: Timestamp,
) -> Result<(), OAuthError> {
    if !user.email_verified {
        return Ok(());
    }
    let lang = user.language.as_deref().and_then(Lang::parse).unwrap_or_default();
    let letter = Letter { to: &user.email, lang, user: None };
    post(conn, desk.write(letter, &Mail::AccountErased, now)?.as_ref())
}
