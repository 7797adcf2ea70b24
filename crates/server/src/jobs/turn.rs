//! Whose turn it is: scheduled work that one of many instances does at a time, by a lease in the
//! database. An instance that stops gives its turn back; one that dies loses it after [`LASTS`], and
//! whoever has work looks every [`LOOKS`], so that another is at it within ten seconds.
//!
//! Mails and logout tokens need no turn: each is claimed by itself, so that all instances send
//! together, and a claim is renewed like a turn ([`while_renewing`]).

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::time::sleep;
use vestibule_model::{Entropy, Timestamp};
use vestibule_storage::lease::{self, Ask, Lease, Taken};
use vestibule_storage::{Conn, StorageError};
use vestibule_web::State;

/// How long a turn or a claim lasts that nobody renews, in seconds.
pub const LASTS: i64 = 8;
/// How often it is renewed: three renewals may come to nothing.
const RENEWED: Duration = Duration::from_secs(2);
/// How often a job looks whether there is something to do; it asks the database only if there may be.
pub const LOOKS: Duration = Duration::from_secs(2);

/// One kind of work, and who this process is to others.
#[derive(Clone)]
pub struct Turn {
    state: State,
    name: &'static str,
    holder: String,
}

/// The answer to [`Turn::take`].
pub enum Turned {
    /// It is this instance's turn.
    Mine(Held),
    /// Somebody is at it, or just was; ask again then.
    NotBefore(Timestamp),
}

impl Turn {
    /// The work of that name, for one job of this process.
    #[must_use]
    pub fn new(state: State, name: &'static str) -> Self {
        let holder = holder(state.entropy.as_ref());
        Self { state, name, holder }
    }

    /// Takes the turn if nobody has it and nobody was done with it for `rests` seconds.
    ///
    /// # Errors
    /// The database's.
    pub async fn take(&self, rests: i64) -> Result<Turned, StorageError> {
        let now = self.state.now();
        let (name, holder) = (self.name.to_owned(), self.holder.clone());
        let ask = Ask { name, holder, now, lasts: LASTS, rests };
        match self.state.db.write(move |conn| lease::take(conn, &ask)).await? {
            Taken::Mine(lease) => {
                tracing::debug!(event = "turn.taken", name = lease.name, fence = lease.fence);
                Ok(Turned::Mine(Held { state: self.state.clone(), lease: Some(lease) }))
            }
            Taken::NotBefore(at) => Ok(Turned::NotBefore(at)),
        }
    }
}

/// Two processes never have the same name: a process number for people, and chance.
fn holder(entropy: &dyn Entropy) -> String {
    let mut bytes = [0_u8; 8];
    entropy.fill(&mut bytes);
    format!("{}-{:016x}", std::process::id(), u64::from_le_bytes(bytes))
}

/// A turn that this instance has. Dropping it gives it back, with the work not done.
pub struct Held {
    state: State,
    lease: Option<Lease>,
}

impl Held {
    /// The lease, for [`guarded`].
    #[must_use]
    pub fn lease(&self) -> Option<Lease> {
        self.lease.clone()
    }

    /// Does `work` and keeps the turn meanwhile. `None` if the turn was lost, because this process
    /// stood still for too long: somebody else has it, and `work` was left where it waited.
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                value = &mut work => return Some(value),
                () = sleep(RENEWED) => if !self.is_renewed().await { return None },
            }
        }
    }

    /// A database that does not answer gives the turn to nobody else either.
    async fn is_renewed(&self) -> bool {
        let Some(lease) = self.lease.clone() else { return false };
        let (name, now) = (lease.name.clone(), self.state.now());
        let renewed = self.state.db.write(move |conn| lease::renew(conn, &lease, now, LASTS)).await;
        match renewed {
            Ok(true) => true,
            Ok(false) => {
                tracing::warn!(event = "turn.lost", name, "another instance goes on with it");
                false
            }
            Err(fault) => {
                tracing::warn!(event = "turn.not_renewed", name, %fault);
                true
            }
        }
    }

    /// Gives the turn back, with the work done to its end.
    pub async fn done(mut self) {
        let Some(lease) = self.lease.take() else { return };
        let now = self.state.now();
        let released = self.state.db.write(move |conn| lease::release(conn, &lease, now, true));
        if let Err(fault) = released.await {
            // It ends by itself.
            tracing::warn!(event = "turn.not_released", %fault);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(lease) = self.lease.take() else { return };
        let now = self.state.now();
        // A write runs whether or not anybody waits; if it fails, the lease ends by itself.
        drop(self.state.db.write(move |conn| lease::release(conn, &lease, now, false)));
    }
}

/// Whether the turn is still this instance's, in a transaction that nobody else has it in: for what
/// must not be done twice. Without a lease there is nobody else.
///
/// # Errors
/// The database's.
pub fn guarded(conn: &mut Conn, lease: Option<&Lease>) -> Result<bool, StorageError> {
    lease.map_or(Ok(true), |lease| lease::guard(conn, lease))
}

/// Does `work`, and `renew`s what was claimed for it as often as a turn is renewed.
pub async fn while_renewing<T, R>(work: impl Future<Output = T>, mut renew: impl FnMut() -> R) -> T
where
    R: Future<Output = ()>,
{
    let mut work = pin!(work);
    loop {
        tokio::select! {
            value = &mut work => return value,
            () = sleep(RENEWED) => renew().await,
        }
    }
}
