//! Reads that may lag: on a streaming replica as long as it keeps up, else on the primary.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use diesel::{RunQueryDsl, sql_types::BigInt};
use parking_lot::{Condvar, Mutex};

use crate::{
    Conn, StorageError,
    crew::Work,
    pool::{Connector, Pooled},
    post::Post,
};

/// How often the replica is compared with the primary.
const PROBE_EVERY: Duration = Duration::from_secs(1);

/// How long the replica may take to say where it is. One that is well does so at once.
const SILENCE: Duration = Duration::from_secs(2);

/// Positions of the primary that are remembered.
const POSITIONS: usize = 256;

/// A connection that may be behind the primary. Only functions of reads to which that does no harm
/// take it ([`MayLag`]): nothing of a one-time code, a session, a grant, a revocation or a key does.
pub struct Replica<'a>(&'a mut Conn);

impl<'a> Replica<'a> {
    pub(crate) fn new(conn: &'a mut Conn) -> Self {
        Self(conn)
    }
}

impl std::fmt::Debug for Replica<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replica").finish_non_exhaustive()
    }
}

mod sealed {
    use crate::Conn;

    /// Gives the connection to this crate alone.
    pub trait Sealed {
        #[doc(hidden)]
        fn conn(&mut self, token: Token) -> &mut Conn;
    }

    #[derive(Debug)]
    pub struct Token(pub(super) ());
}

/// A connection for reads that may lag: a [`Replica`], or one that does not lag at all.
pub trait MayLag: sealed::Sealed {}

impl MayLag for Conn {}
impl MayLag for Replica<'_> {}

impl sealed::Sealed for Conn {
    fn conn(&mut self, _: sealed::Token) -> &mut Conn {
        self
    }
}

impl sealed::Sealed for Replica<'_> {
    fn conn(&mut self, _: sealed::Token) -> &mut Conn {
        self.0
    }
}

/// The connection beneath.
pub(crate) fn lagging(conn: &mut impl MayLag) -> &mut Conn {
    conn.conn(sealed::Token(()))
}

/// How the replica does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplicaState {
    /// Nobody has looked yet.
    Unknown,
    /// It serves reads.
    Serving {
        /// How far behind it is at most.
        lag: Duration,
    },
    /// It is too far behind; the primary serves its reads.
    Lagging {
        /// How far behind it is at least.
        lag: Duration,
    },
    /// It cannot be reached; the primary serves its reads.
    Away {
        /// Why.
        reason: String,
    },
}

/// What is known of the replica, for the workers that ask whether to use it.
pub(crate) struct Watch {
    state: Mutex<Watched>,
    changed: Condvar,
    /// How long what was seen holds, if nobody looks again.
    holds_for: Duration,
}

struct Watched {
    replica: ReplicaState,
    /// When that was seen.
    seen: Instant,
    /// When the replica was asked where it is, if it has not said so yet.
    asked: Option<Instant>,
    is_closed: bool,
}

impl Watched {
    /// Whether what is known is worth anything still. The look-out may be waiting for a server that
    /// never answers.
    fn is_current(&self, holds_for: Duration) -> bool {
        self.seen.elapsed() <= holds_for && self.asked.is_none_or(|at| at.elapsed() <= SILENCE)
    }

    fn serves(&self, holds_for: Duration) -> bool {
        matches!(self.replica, ReplicaState::Serving { .. }) && self.is_current(holds_for)
    }
}

/// How often the replica is looked at.
fn interval(max_lag: Duration) -> Duration {
    PROBE_EVERY.max(max_lag / 100)
}

impl Watch {
    pub(crate) fn new(max_lag: Duration) -> Self {
        let watched = Watched {
            replica: ReplicaState::Unknown,
            seen: Instant::now(),
            asked: None,
            is_closed: false,
        };
        let holds_for = max_lag.max(interval(max_lag) * 3);
        Self { state: Mutex::new(watched), changed: Condvar::new(), holds_for }
    }

    pub(crate) fn state(&self) -> ReplicaState {
        let state = self.state.lock();
        match &state.replica {
            ReplicaState::Serving { .. } if !state.is_current(self.holds_for) => {
                ReplicaState::Away { reason: "it does not say how far it is".to_owned() }
            }
            known => known.clone(),
        }
    }

    /// Whether it is worth asking; who asks first does not know yet.
    pub(crate) fn may_serve(&self) -> bool {
        let state = self.state.lock();
        state.serves(self.holds_for) || state.replica == ReplicaState::Unknown
    }

    /// Whether the replica serves. Waits for the first look at it, for `patience`.
    pub(crate) fn serves(&self, patience: Duration) -> bool {
        let end = Instant::now() + patience;
        let mut state = self.state.lock();
        while state.replica == ReplicaState::Unknown && !state.is_closed {
            if self.changed.wait_until(&mut state, end).timed_out() {
                return false;
            }
        }
        state.serves(self.holds_for)
    }

    /// The look-out asks the replica where it is.
    fn ask(&self) {
        self.state.lock().asked = Some(Instant::now());
    }

    /// A job met a fault: nobody uses the replica until the next look finds it well.
    pub(crate) fn trip(&self, reason: &str) {
        self.set(ReplicaState::Away { reason: reason.to_owned() });
    }

    /// What the look-out found.
    fn found(&self, new: ReplicaState) {
        self.state.lock().asked = None;
        self.set(new);
    }

    fn set(&self, new: ReplicaState) {
        let mut state = self.state.lock();
        let was_well = matches!(state.replica, ReplicaState::Serving { .. });
        let is_well = matches!(new, ReplicaState::Serving { .. });
        if is_well && !was_well {
            tracing::info!(event = "database.replica", state = ?new, "the replica serves reads");
        } else if !is_well && (was_well || state.replica == ReplicaState::Unknown) {
            tracing::warn!(event = "database.replica", state = ?new, "the primary serves all reads");
        }
        state.replica = new;
        state.seen = Instant::now();
        drop(state);
        self.changed.notify_all();
    }

    /// Ends the look-out.
    pub(crate) fn close(&self) {
        self.state.lock().is_closed = true;
        self.changed.notify_all();
    }

    /// Waits until the next look is due; `false` once it is over.
    fn pause(&self, time: Duration) -> bool {
        let end = Instant::now() + time;
        let mut state = self.state.lock();
        while !state.is_closed && !self.changed.wait_until(&mut state, end).timed_out() {}
        !state.is_closed
    }
}

/// Compare the replica with the primary, again and again, over connections of their own: neither a
/// busy pool nor a dead one keeps them from looking. There is one at a time; the next takes the place
/// of one whose server never answers.
pub(crate) struct Lookouts {
    pub(crate) watch: Arc<Watch>,
    pub(crate) max_lag: Duration,
    pub(crate) primary: Connector,
    pub(crate) replica: Connector,
}

impl Work for Lookouts {
    fn work(&self, post: &Arc<Post>) {
        if self.watch.state() != ReplicaState::Unknown {
            // What the one before saw holds no more.
            self.watch.trip("it did not say how far it is");
        }
        let probe = |connector: &Connector| Probe { connector: connector.clone(), open: None };
        let lookout = Lookout {
            watch: &self.watch,
            post,
            max_lag: self.max_lag,
            primary: probe(&self.primary),
            replica: probe(&self.replica),
            positions: VecDeque::new(),
        };
        lookout.run();
    }

    fn tend(&self, _: &[u64]) {}
}

struct Lookout<'a> {
    watch: &'a Watch,
    post: &'a Post,
    max_lag: Duration,
    primary: Probe,
    replica: Probe,
    /// Where the primary was, and when it was asked; newest last.
    positions: VecDeque<(Instant, i64)>,
}

struct Probe {
    connector: Connector,
    open: Option<Pooled>,
}

#[derive(diesel::QueryableByName)]
struct Position {
    #[diesel(sql_type = BigInt)]
    bytes: i64,
}

impl Probe {
    /// The end of the server's log: what a replica has replayed, what a primary has written. The
    /// clocks of the two do not matter, nor whether anything was written lately.
    fn position(&mut self) -> Result<i64, StorageError> {
        use r2d2::ManageConnection;
        if self.open.is_none() {
            let opened = self.connector.connect();
            self.open = Some(opened.map_err(|fault| StorageError::Unavailable(fault.to_string()))?);
        }
        let Some(pooled) = &mut self.open else { return Ok(0) };
        let Conn::Postgres(conn) = &mut pooled.conn else { return Ok(0) };
        let found = diesel::sql_query(
            "SELECT COALESCE(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery()
                 THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, '0/0'), 0)::bigint
             AS bytes",
        )
        .get_result::<Position>(conn);
        if found.is_err() {
            self.open = None;
        }
        Ok(found?.bytes)
    }
}

impl Lookout<'_> {
    /// Looks until it is closed, or another one is in its place.
    fn run(mut self) {
        while let Some(state) = self.look() {
            self.watch.found(state);
            if !self.watch.pause(interval(self.max_lag)) {
                return;
            }
        }
    }

    /// `None` once nobody wants to know.
    fn look(&mut self) -> Option<ReplicaState> {
        let asked = Instant::now();
        self.post.begin(None, 0);
        // Without the primary nothing is remembered: what is known grows old, and the replica with
        // it is soon not known to be near enough.
        if let Ok(position) = self.primary.position() {
            self.positions.push_back((asked, position));
            if self.positions.len() > POSITIONS {
                self.positions.pop_front();
            }
        }
        if self.post.is_given_up() {
            return None;
        }
        self.post.begin(None, 0);
        self.watch.ask();
        let position = self.replica.position();
        self.post.end();
        if self.post.is_given_up() {
            return None;
        }
        Some(match position {
            Err(error) => ReplicaState::Away { reason: error.to_string() },
            Ok(position) => judge(&self.positions, position, Instant::now(), self.max_lag),
        })
    }
}

/// A replica at `position` is as far behind as the newest position of the primary that it reached
/// is old.
fn judge(
    positions: &VecDeque<(Instant, i64)>,
    position: i64,
    now: Instant,
    max_lag: Duration,
) -> ReplicaState {
    let reached = positions.iter().rev().find(|(_, primary)| *primary <= position);
    match (reached, positions.front()) {
        (Some((at, _)), _) if now.duration_since(*at) <= max_lag => {
            ReplicaState::Serving { lag: now.duration_since(*at) }
        }
        (Some((at, _)), _) | (None, Some((at, _))) => {
            ReplicaState::Lagging { lag: now.duration_since(*at) }
        }
        (None, None) => {
            ReplicaState::Away { reason: "the primary cannot be asked how far it is".to_owned() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lag_is_the_age_of_the_newest_position_that_was_reached() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let positions: VecDeque<_> = [(after(0), 100), (after(1), 200), (after(2), 200)].into();
        let judged =
            |position, now| judge(&positions, position, after(now), Duration::from_secs(10));
        let seconds = Duration::from_secs;
        assert_eq!(judged(200, 3), ReplicaState::Serving { lag: seconds(1) });
        assert_eq!(judged(250, 3), ReplicaState::Serving { lag: seconds(1) });
        assert_eq!(judged(150, 3), ReplicaState::Serving { lag: seconds(3) });
        assert_eq!(judged(150, 11), ReplicaState::Lagging { lag: seconds(11) });
        assert_eq!(judged(50, 3), ReplicaState::Lagging { lag: seconds(3) });
        // The primary was not heard of for long: nobody knows how far it is.
        assert_eq!(judged(200, 13), ReplicaState::Lagging { lag: seconds(11) });
        let none = judge(&VecDeque::new(), 1, start, seconds(10));
        assert!(matches!(none, ReplicaState::Away { .. }));
    }
}
