//! A password looked at under a charge: between the two, whoever asked may go away.

use std::time::Duration;

use vestibule_identity::password::{PasswordError, Verdict};
use vestibule_model::{OAuthError, Secret, Timestamp};
use vestibule_storage::Db;
use vestibule_web::{AppState, guessing::Watch};

use crate::new_password;

/// Whether `password` is the one that `stored` is a hash of, for a try that `watch` charged just now.
/// `None` if too many passwords wait: then the charge is given back.
pub(crate) async fn verify(
    state: &AppState,
    watch: &Watch,
    (password, stored): (Secret, Option<String>),
    now: Timestamp,
) -> Result<Option<Verdict>, OAuthError> {
    let charged = Charged { db: state.db.clone(), watch: Some(watch.clone()), now };
    match state.passwords.verify(password, stored, state.entropy.as_ref()).await {
        Ok(verdict) => {
            charged.judged();
            Ok(Some(verdict))
        }
        Err(PasswordError::Busy) => {
            charged.give_back().await?;
            Ok(None)
        }
        Err(fault) => Err(new_password::fault(&fault)),
    }
}

/// How long to wait before each try to tell the database that a password was right, in seconds.
const PAUSES: [u64; 6] = [1, 2, 4, 8, 15, 30];

/// The password was right, and the sign-in that follows could not be stored. What counts against the
/// person is forgotten once the database takes it: an outage locks nobody out who knows the password.
pub(crate) fn forget_later(state: &AppState, watch: Watch) {
    let db = state.db.clone();
    actix_web::rt::spawn(async move {
        for pause in PAUSES {
            actix_web::rt::time::sleep(Duration::from_secs(pause)).await;
            let watch = watch.clone();
            if db.write(move |conn| watch.forget(conn)).await.is_ok() {
                return;
            }
        }
    });
}

/// A try that was charged and not judged yet. Dropped unjudged, because whoever sent it hung up
/// before its password was looked at, it gives the charge back: an impatient owner who sends the form
/// again and again while the server is slow must not lock the account, and who heard no answer has
/// learned nothing.
struct Charged {
    db: Db,
    watch: Option<Watch>,
    now: Timestamp,
}

impl Charged {
    /// It was judged: the charge stays.
    fn judged(mut self) {
        self.watch = None;
    }

    /// It will not be judged: the charge is taken back now.
    async fn give_back(mut self) -> Result<(), OAuthError> {
        let (watch, now) = (self.watch.take(), self.now);
        let Some(watch) = watch else { return Ok(()) };
        self.db.write(move |conn| watch.give_back(conn, now)).await
    }
}

impl Drop for Charged {
    fn drop(&mut self) {
        let Some(watch) = self.watch.take() else { return };
        let now = self.now;
        // A write runs whether or not anybody waits for it.
        let _unawaited = self.db.write(move |conn| watch.give_back(conn, now));
    }
}
