//! Follows the stored data keys, and seals again what rests under an older one than the newest.
//!
//! Each text is replaced only while the row still holds the text that was read, so nothing that
//! somebody changes meanwhile is lost, and two instances at it at once would do no harm; they take
//! turns all the same. Exchanging the master key is another matter, which this does not do.

use std::sync::Arc;

use tokio::time::{MissedTickBehavior, interval};
use vestibule_keys::KeyError;
use vestibule_model::Timestamp;
use vestibule_model::sealed::SealedColumn;
use vestibule_storage::StorageError;
use vestibule_storage::resealing::{self, SealedRow};
use vestibule_web::State;
use vestibule_web::sealed::refresh;

use super::turn::{LASTS, LOOKS, Turn, Turned};
use super::{Activity, Watcher};
use crate::data_keys::{self, Proof, Settled};
use crate::fault::Fault;

/// Rows in one hop, so that no request waits long for it.
const BATCH: i64 = 100;
/// How often the rows are gone through again because some were under an older key.
const SWEEPS: usize = 10;
/// After so many seconds without a look nobody trusts the keys any more: far less than a retired
/// key is kept, so that no text is born under a key that is gone.
const TRUSTED_FOR: i64 = 3_600;
/// When to go on, in seconds: after a fault, and while older keys wait for their end.
const AFTER_FAULT: i64 = 60;
const WHILE_KEYS_WAIT: i64 = 3_600;

/// The job, and what it last saw.
pub struct Resealer {
    state: State,
    active: Option<String>,
    looked_at: Timestamp,
    /// When to go through the rows; `None` until the key changes.
    next_pass: Option<Timestamp>,
    turn: Turn,
    /// Another instance goes through the rows: whether it lives is seen at the next look.
    waits: bool,
}

impl Resealer {
    /// A job that will go through the rows at its first look: who knows what was left undone.
    #[must_use]
    pub fn new(state: State) -> Self {
        let now = state.now();
        let active = state.sealer.active();
        let turn = Turn::new(state.clone(), "reseal");
        Self { state, active, looked_at: now, next_pass: Some(now), turn, waits: false }
    }

    /// Works until dropped: once at the start, then only after requests came.
    pub async fn run(mut self, activity: Arc<Activity>) {
        let mut ticks = interval(LOOKS);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut at_start = true;
        loop {
            ticks.tick().await;
            let wanted =
                activity.take(Watcher::Reseal) | std::mem::take(&mut at_start) | self.waits;
            if !wanted {
                self.note_idle();
            } else if let Err(fault) = self.look().await {
                tracing::error!(event = "data_keys.failed", %fault);
                self.next_pass = Some(self.state.now().plus(AFTER_FAULT));
                self.note_idle();
            }
        }
    }

    /// Trusts keys no longer that nobody looked after for too long.
    pub fn note_idle(&self) {
        if self.state.now().since(self.looked_at) > TRUSTED_FOR {
            self.state.sealer.distrust();
        }
    }

    /// Takes over the stored keys, and goes through the rows if another key seals or it is time.
    ///
    /// # Errors
    /// See [`Fault`].
    pub async fn look(&mut self) -> Result<(), Fault> {
        let now = self.state.now();
        take_over(&self.state).await?;
        self.looked_at = now;
        let active = self.state.sealer.active();
        let changed = active != self.active;
        if changed {
            tracing::info!(event = "data_keys.changed", active);
            self.active = active;
        }
        if changed || self.next_pass.is_some_and(|at| at <= now) {
            self.next_pass = self.pass_in_turn(now).await?;
            self.looked_at = self.state.now();
        }
        Ok(())
    }

    /// Goes through the rows if nobody else does. Returns when to do so again.
    async fn pass_in_turn(&mut self, now: Timestamp) -> Result<Option<Timestamp>, Fault> {
        self.waits = false;
        let held = match self.turn.take(0).await? {
            Turned::Mine(held) => held,
            Turned::NotBefore(at) => {
                self.waits = true;
                // A time that no turn can last to was told by a clock that was wrong.
                return Ok(Some(at.min(now.plus(LASTS))));
            }
        };
        let Some(pass) = held.during(pass(&self.state)).await else { return Ok(Some(now)) };
        let pass = pass?;
        held.done().await;
        Ok((!pass.is_over()).then(|| self.state.now().plus(WHILE_KEYS_WAIT)))
    }
}

async fn take_over(state: &State) -> Result<(), Fault> {
    let sealer = state.sealer.clone();
    state.db.read(move |conn| refresh::<Fault>(conn, &sealer)).await?;
    Ok(())
}

/// What going through the rows came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// Texts that were sealed again.
    pub resealed: usize,
    /// Texts that do not open. Their keys stay.
    pub unopened: usize,
    /// What became of the older keys; `None` if some text may still be under one.
    pub settled: Option<Settled>,
}

impl Pass {
    /// Whether nothing is left to do until the next rotation.
    fn is_over(&self) -> bool {
        self.settled.as_ref().is_some_and(|settled| settled.left == 0)
    }
}

/// Goes through the rows until none is under an older key, then retires and erases older keys.
///
/// # Errors
/// See [`Fault`].
pub async fn pass(state: &State) -> Result<Pass, Fault> {
    let mut pass = Pass::default();
    for _ in 0..SWEEPS {
        let began = state.now();
        take_over(state).await?;
        let Some(active) = state.sealer.active() else { break };
        let sweep = sweep(state).await?;
        pass.resealed += sweep.resealed;
        pass.unopened = sweep.unopened;
        if sweep.resealed + sweep.lost > 0 || state.sealer.active().as_ref() != Some(&active) {
            continue;
        }
        if sweep.unopened == 0 {
            let proof = Proof { active, began };
            let now = state.now();
            let settled = state.db.write(move |conn| data_keys::settle(conn, &proof, now));
            pass.settled = Some(settled.await?);
        }
        break;
    }
    tell(&pass);
    Ok(pass)
}

fn tell(pass: &Pass) {
    let settled = pass.settled.clone().unwrap_or_default();
    if pass.resealed > 0 {
        tracing::info!(event = "reseal.done", texts = pass.resealed);
    }
    for key in settled.retired {
        tracing::info!(event = "data_keys.retired", key);
    }
    for key in settled.erased {
        tracing::info!(event = "data_keys.erased", key);
    }
}

/// What one look at every row found.
#[derive(Default)]
struct Sweep {
    resealed: usize,
    /// Texts that somebody changed between our reading and writing.
    lost: usize,
    unopened: usize,
}

async fn sweep(state: &State) -> Result<Sweep, Fault> {
    let mut found = Sweep::default();
    for column in SealedColumn::ALL {
        take_over(state).await?;
        let before = found.unopened;
        sweep_column(state, column, &mut found).await?;
        let texts = found.unopened - before;
        if texts > 0 {
            let column = column.name();
            tracing::error!(event = "reseal.unopened", column, texts, "sealed texts do not open");
        }
    }
    // A key that came to be meanwhile makes this look worthless as a proof.
    take_over(state).await?;
    Ok(found)
}

async fn sweep_column(state: &State, column: SealedColumn, found: &mut Sweep) -> Result<(), Fault> {
    let mut after = String::new();
    loop {
        let page = state.db.read(move |conn| {
            let rows = resealing::page(conn, column, &after, BATCH)?;
            Ok::<_, StorageError>((rows.last().map(|row| row.id.clone()), rows))
        });
        let (Some(last), rows) = page.await? else { return Ok(()) };
        after = last;
        let mut changes = Vec::new();
        for row in rows {
            match sealed_again(state, column, row) {
                Ok(change) => changes.extend(change),
                Err(_) => found.unopened += 1,
            }
        }
        if !changes.is_empty() {
            let wanted = changes.len();
            let done = replace(state, column, changes).await?;
            found.resealed += done;
            found.lost += wanted - done;
        }
    }
}

/// One text, before and after.
#[derive(Clone)]
struct Change {
    id: String,
    old: String,
    new: String,
}

/// `None` if there is nothing to do in this row.
fn sealed_again(
    state: &State,
    column: SealedColumn,
    row: SealedRow,
) -> Result<Option<Change>, KeyError> {
    let SealedRow { id, text: Some(old) } = row else { return Ok(None) };
    if state.sealer.is_current(&old) {
        return Ok(None);
    }
    let purpose = column.purpose(&id);
    let plain = state.sealer.open(&purpose, &old)?;
    let new = state.sealer.seal(&purpose, &plain, state.entropy.as_ref())?;
    Ok(Some(Change { id, old, new }))
}

/// Returns how many rows still held what was read.
async fn replace(
    state: &State,
    column: SealedColumn,
    changes: Vec<Change>,
) -> Result<usize, StorageError> {
    let replaced = state.commit(move |conn| {
        let mut count = 0;
        for Change { id, old, new } in &changes {
            count += usize::from(resealing::replace(conn, column, id, old, new)?);
        }
        Ok(count)
    });
    replaced.await
}
