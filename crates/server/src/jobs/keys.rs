//! Follows the stored signing and encryption keys: rotates them when it is time, and takes over what
//! another instance or `vestibule keys rotate` changed.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use vestibule_model::Timestamp;
use vestibule_web::State;
use vestibule_web::sealed::refresh;

use super::turn::{Turn, Turned};
use crate::entropy::OsEntropy;
use crate::fault::Fault;
use crate::signing_keys::{Fingerprint, Keeper, Schedule, StoredKeys, Wanted};

/// How often it looks. Must stay well under the margin by which a key is published early.
const EVERY: Duration = Duration::from_secs(2);

/// What the job needs, and the state of the keys it last saw.
pub struct KeyWatch {
    tools: Arc<Tools>,
    seen: Fingerprint,
    reloaded_at: Timestamp,
    turn: Turn,
    /// Another instance is making keys: whether it lives will be seen at the next look.
    waits: bool,
}

struct Tools {
    state: State,
    schedule: Schedule,
}

/// A ring of a certain time drops keys that left the JWKS since, so it is loaded anew now and then.
const RING_AGE: i64 = 3_600;

impl KeyWatch {
    /// A watch that has seen the keys of `seen`.
    #[must_use]
    pub fn new(state: State, schedule: Schedule, seen: Fingerprint) -> Self {
        let (reloaded_at, turn) = (state.now(), Turn::new(state.clone(), "keys"));
        let tools = Arc::new(Tools { state, schedule });
        Self { tools, seen, reloaded_at, turn, waits: false }
    }

    /// Watches until dropped. Looks if somebody used the keys since it last looked, and at once if
    /// somebody waits for it.
    pub async fn run(mut self) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.tools.state.keys.note_watched();
        loop {
            let keys = &self.tools.state.keys;
            tokio::select! {
                _ = ticks.tick() => if !(keys.take_used() | self.waits) { continue },
                () = keys.wanted() => {}
            }
            if let Err(fault) = self.look().await {
                tracing::error!(event = "signing_keys.failed", %fault);
                let state = &self.tools.state;
                state.keys.note_failed(state.now());
            }
        }
    }

    /// Rotates if it is time and nobody else is at it, and reloads the ring if the stored keys changed.
    pub async fn look(&mut self) -> Result<(), Fault> {
        self.waits = false;
        let (mut stored, is_due) = self.tools.stored().await?;
        if is_due {
            match self.turn.take(0).await? {
                Turned::Mine(held) => {
                    if let Some(rotated) = held.during(self.tools.rotated()).await {
                        stored = rotated?;
                        held.done().await;
                    }
                }
                Turned::NotBefore(_) => self.waits = true,
            }
        }
        let now = self.tools.state.now();
        let fingerprint = stored.fingerprint();
        if fingerprint == self.seen && now.since(self.reloaded_at) < RING_AGE {
            self.tools.state.keys.note_checked(now);
            return Ok(());
        }
        // A key made elsewhere may be sealed under a data key that is new here.
        let sealer = self.tools.state.sealer.clone();
        self.tools.state.db.read(move |conn| refresh::<Fault>(conn, &sealer)).await?;
        let ring = self.tools.keeper().parsed(&stored, now)?;
        self.tools.state.keys.replace(ring);
        self.tools.state.keys.note_checked(now);
        if fingerprint != self.seen {
            let (signing, encryption) = (stored.signing.len(), stored.encryption.len());
            tracing::info!(event = "signing_keys.reloaded", keys = signing, encryption);
        }
        (self.seen, self.reloaded_at) = (fingerprint, now);
        Ok(())
    }
}

impl Tools {
    /// The stored keys, and whether it is time to change them.
    async fn stored(self: &Arc<Self>) -> Result<(StoredKeys, bool), Fault> {
        let now = self.state.now();
        let stored = self.state.db.read(StoredKeys::read).await?;
        let is_due = stored.is_due(&self.schedule, now)?;
        Ok((stored, is_due))
    }

    /// The stored keys after every change that is due.
    async fn rotated(self: &Arc<Self>) -> Result<StoredKeys, Fault> {
        let tools = Arc::clone(self);
        // Making an RSA key takes a while, and waiting for the database blocks.
        let stored = tokio::task::spawn_blocking(move || {
            let now = tools.state.now();
            for step in tools.keeper().bring_to(Wanted::Due, now)? {
                tracing::info!(event = "signing_keys.changed", ?step);
            }
            Ok::<_, Fault>(tools.state.db.read(StoredKeys::read).wait()?)
        });
        stored.await.map_err(|fault| Fault::refused(fault.to_string()))?
    }

    fn keeper(&self) -> Keeper<'_> {
        Keeper {
            db: &self.state.db,
            schedule: &self.schedule,
            sealer: &self.state.sealer,
            entropy: &OsEntropy,
        }
    }
}
