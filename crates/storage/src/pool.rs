//! A pool of connections: which of them are fit for another job, and what happens to all of them when
//! one turns out to be dead.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use diesel::r2d2::R2D2Connection;
use parking_lot::Mutex;
use scheduled_thread_pool::ScheduledThreadPool;

use crate::{
    Conn, DatabaseSettings, DatabaseUrl, StorageError,
    connection::{self, Purpose},
    trouble::{Trouble, Witness},
};

/// A connection that is unused for so long is asked whether it still lives before the next job
/// gets it; a busier one is not, to spare each job a round trip.
const TRUSTED_FOR: Duration = Duration::from_secs(5);

/// How long the pool waits before it tries again to open a connection. r2d2 doubles the pause up to
/// half of its own connection timeout, so that timeout is what keeps it short; jobs wait by theirs.
const RETRY_AFTER: Duration = Duration::from_millis(250);

/// While connections fail, this is how often it is logged.
const LOG_EVERY: Duration = Duration::from_secs(5);

/// Threads that open PostgreSQL's connections: a server that is back serves several at once.
const OPENERS: usize = 3;

/// A connection in the pool, with what the pool must know to trust it.
pub(crate) struct Pooled {
    pub(crate) conn: Conn,
    pub(crate) witness: Witness,
    last_used: Instant,
    /// The last job failed, perhaps because the connection did.
    is_suspect: bool,
    /// It serves nobody any more.
    is_doomed: bool,
    /// The era that it was opened in.
    era: u64,
    retires_at: Option<Instant>,
    /// After the connection, so that it ends after it.
    _lives: Option<Lives>,
}

impl Pooled {
    /// Notes that a job just used the connection, and whether all went well.
    pub(crate) fn used(&mut self, went_well: bool) {
        self.last_used = Instant::now();
        self.is_suspect = !went_well;
    }

    /// Nobody gets it again.
    pub(crate) fn doom(&mut self) {
        self.is_doomed = true;
    }

    fn is_old(&self) -> bool {
        self.retires_at.is_some_and(|end| end <= Instant::now())
    }
}

impl std::fmt::Debug for Pooled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pooled").field("era", &self.era).finish_non_exhaustive()
    }
}

/// What a pool's connections and workers know together.
#[derive(Debug)]
pub(crate) struct Health {
    since: Instant,
    /// Counted up whenever a connection turned out to be dead or read-only: whatever was opened
    /// before has met the same fate, or soon will.
    era: AtomicU64,
    /// Since when no connection could be opened.
    down_since: Mutex<Option<Instant>>,
    opened: AtomicU64,
    lost: AtomicU64,
    jobs: AtomicU64,
    retries: AtomicU64,
    /// How long jobs waited for a connection, in microseconds, added up.
    waited: AtomicU64,
    /// When a job last came to its end on a connection, in microseconds from `since`.
    answered: AtomicU64,
    /// The connections that are being opened: their generation, and since when.
    opening: Mutex<Vec<(u64, Instant)>>,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            since: Instant::now(),
            era: AtomicU64::default(),
            down_since: Mutex::default(),
            opened: AtomicU64::default(),
            lost: AtomicU64::default(),
            jobs: AtomicU64::default(),
            retries: AtomicU64::default(),
            waited: AtomicU64::default(),
            answered: AtomicU64::default(),
            opening: Mutex::default(),
        }
    }
}

impl Health {
    /// A job came to its end on a connection.
    pub(crate) fn answered(&self) {
        self.answered.store(micros(self.since.elapsed()), Ordering::Relaxed);
    }

    /// How long ago a job last came to its end, or else the pool was made.
    pub(crate) fn since_last_answer(&self) -> Duration {
        let at = Duration::from_micros(self.answered.load(Ordering::Relaxed));
        self.since.elapsed().saturating_sub(at)
    }

    /// A connection of `pooled`'s age turned out to be of no use: none of that age is used again.
    pub(crate) fn lost(&self, pooled: &mut Pooled) {
        pooled.doom();
        self.lost.fetch_add(1, Ordering::Relaxed);
        // Who comes second finds the era begun already.
        let _ = self.era.compare_exchange(
            pooled.era,
            pooled.era + 1,
            Ordering::AcqRel,
            Ordering::Acquire,
        );
    }

    /// A job got a connection, `since` when it asked.
    pub(crate) fn got(&self, since: Instant) {
        self.jobs.fetch_add(1, Ordering::Relaxed);
        self.waited.fetch_add(micros(since.elapsed()), Ordering::Relaxed);
    }

    /// A job is run once more.
    pub(crate) fn again(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// A pool's figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolState {
    /// `primary`, `replica`; for SQLite `reader`, `writer`.
    pub name: &'static str,
    /// The most connections there may be.
    pub size: u32,
    /// Connections that a job holds.
    pub in_use: u32,
    /// Connections that wait for one.
    pub idle: u32,
    /// Jobs that wait for a thread or a connection.
    pub waiting: usize,
    /// Jobs that got a connection, since the start.
    pub jobs: u64,
    /// How long those had waited, added up.
    pub waited: Duration,
    /// Jobs that were run once more: after a deadlock, a serialization failure, a lost connection.
    pub retries: u64,
    /// Connections opened since the start.
    pub opened: u64,
    /// Connections that turned out to be dead or read-only.
    pub lost: u64,
}

/// A pool, by name, with what is known of it.
#[derive(Clone)]
pub(crate) struct Pool {
    pub(crate) name: &'static str,
    pub(crate) health: Arc<Health>,
    connector: Connector,
    size: u32,
    /// Nothing, once the pool is closed.
    current: Arc<Mutex<Option<Generation>>>,
}

/// Nobody says anything; that there is nobody left to do so is heard.
type Lives = mpsc::Sender<Infallible>;

/// r2d2's pool, which gives up no place that a connection holds. So one whose connections are held for
/// good is left alone, and another takes its place.
struct Generation {
    number: u64,
    connections: r2d2::Pool<Connector>,
    /// Hears when the last connection is closed, and nothing is left that opens others.
    over: mpsc::Receiver<Infallible>,
}

impl Generation {
    /// It opens its first connection at once and more as they are needed: an idle pool runs no
    /// statement.
    fn new(connector: Connector, size: u32) -> Self {
        let (lives, over) = mpsc::channel();
        let connector = Connector { lives: Some(lives), ..connector };
        let number = connector.generation;
        let settings = &connector.settings;
        let is_postgres = matches!(settings.url, DatabaseUrl::Postgres { .. });
        let idle = is_postgres.then_some(settings.idle_timeout).filter(|time| !time.is_zero());
        let openers = ScheduledThreadPool::builder()
            .num_threads(if is_postgres { OPENERS } else { 1 })
            .thread_name_pattern("db-open")
            .build();
        let connections = r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(1))
            // Each connection knows its own end.
            .max_lifetime(None)
            .idle_timeout(idle)
            .connection_timeout(RETRY_AFTER * 2)
            .error_handler(Box::new(Log { silent_until: Mutex::new(None) }))
            .thread_pool(Arc::new(openers))
            .build_unchecked(connector);
        Self { number, connections, over }
    }
}

impl Pool {
    /// Builds the pool that `size` workers draw from.
    pub(crate) fn new(name: &'static str, connector: Connector, size: u32) -> Self {
        let health = Arc::clone(&connector.health);
        let current = Arc::new(Mutex::new(Some(Generation::new(connector.clone(), size))));
        Self { name, health, connector, size, current }
    }

    /// The present connections, and their generation; nothing once the pool is closed.
    pub(crate) fn present(&self) -> Option<(u64, r2d2::Pool<Connector>)> {
        self.current.lock().as_ref().map(|present| (present.number, present.connections.clone()))
    }

    /// Closes the connections and returns when the last one is closed. Nobody may hold one.
    pub(crate) fn close(&self) {
        let Some(Generation { connections, over, .. }) = self.current.lock().take() else { return };
        drop(connections);
        // One may just be coming about, in a thread of r2d2's.
        let _ = over.recv();
    }

    /// Begins anew with other connections, if those of `generation` are the present ones: some of them
    /// never come back. The others end as soon as their jobs do.
    pub(crate) fn leave(&self, generation: u64) {
        self.health.lost.fetch_add(1, Ordering::Relaxed);
        let mut current = self.current.lock();
        if current.as_ref().is_some_and(|present| present.number == generation) {
            let connector = Connector { generation: generation + 1, ..self.connector.clone() };
            let old = current.replace(Generation::new(connector, self.size));
            drop(current);
            // Whoever asks for a connection does not wait for these to be closed.
            drop(old);
        }
    }

    /// The present generation, if one of its connections has been coming about for longer than
    /// `limit`: its server went silent in between.
    pub(crate) fn stuck_opening(&self, limit: Duration) -> Option<u64> {
        let number = self.current.lock().as_ref()?.number;
        let opening = self.health.opening.lock();
        let is_stuck =
            |(generation, since): &(u64, Instant)| *generation == number && since.elapsed() > limit;
        opening.iter().any(is_stuck).then_some(number)
    }

    /// Whether there is no connection, and none could be opened for as long as a job waits for one.
    pub(crate) fn is_gone(&self, patience: Duration) -> bool {
        let down_since = *self.health.down_since.lock();
        down_since.is_some_and(|since| since.elapsed() > patience)
            && self.present().is_none_or(|(_, present)| present.state().connections == 0)
    }

    /// The figures; `waiting` jobs are in its queue.
    pub(crate) fn state(&self, waiting: usize) -> PoolState {
        let (connections, idle) = self.present().map_or((0, 0), |(_, present)| {
            let state = present.state();
            (state.connections, state.idle_connections)
        });
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        PoolState {
            name: self.name,
            size: self.size,
            in_use: connections.saturating_sub(idle),
            idle,
            waiting,
            jobs: read(&self.health.jobs),
            waited: Duration::from_micros(read(&self.health.waited)),
            retries: read(&self.health.retries),
            opened: read(&self.health.opened),
            lost: read(&self.health.lost),
        }
    }
}

/// Which server a connection leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Primary(Purpose),
    Replica,
}

/// Opens connections for a pool.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    pub(crate) settings: Arc<DatabaseSettings>,
    pub(crate) target: Target,
    pub(crate) health: Arc<Health>,
    pub(crate) generation: u64,
    /// A pool's own, and each of its connections has one too.
    pub(crate) lives: Option<Lives>,
}

/// Why the pool has no use for a connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfit {
    #[error("it is old enough")]
    Old,
    #[error("others of its age were dead")]
    PastEra,
    #[error(transparent)]
    Fault(#[from] StorageError),
}

impl Connector {
    /// When a connection that is opened now ends.
    fn end(&self, serial: u64) -> Option<Instant> {
        let lifetime = self.settings.max_lifetime;
        let is_postgres = matches!(self.settings.url, DatabaseUrl::Postgres { .. });
        let is_limited = is_postgres && !lifetime.is_zero();
        is_limited.then(|| Instant::now() + lifetime.mul_f64(0.9) + spread(serial, lifetime / 10))
    }
}

/// A part of `range`, another for each `serial`: what many do at once is pulled apart.
pub(crate) fn spread(serial: u64, range: Duration) -> Duration {
    // The golden ratio's multiples, modulo one, lie as far apart as can be.
    let mixed =
        serial.wrapping_add(u64::from(std::process::id())).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    range.mul_f64(f64::from(u32::try_from(mixed >> 32).unwrap_or(0)) / f64::from(u32::MAX))
}

impl r2d2::ManageConnection for Connector {
    type Connection = Pooled;
    type Error = Unfit;

    fn connect(&self) -> Result<Pooled, Unfit> {
        // Before it connects: what breaks meanwhile may break this connection too.
        let era = self.health.era.load(Ordering::Acquire);
        let opening = (self.generation, Instant::now());
        self.health.opening.lock().push(opening);
        let opened = match self.target {
            Target::Primary(purpose) => connection::open(&self.settings, purpose),
            Target::Replica => connection::open_replica(&self.settings),
        };
        self.health.opening.lock().retain(|other| *other != opening);
        let mut conn = opened.inspect_err(|_| {
            self.health.down_since.lock().get_or_insert_with(Instant::now);
        })?;
        if self.health.down_since.lock().take().is_some() {
            tracing::info!(event = "database.back", server = ?self.target, "connected again");
        }
        let serial = self.health.opened.fetch_add(1, Ordering::Relaxed);
        Ok(Pooled {
            witness: Witness::of(&mut conn, self.settings.slow_statement),
            conn,
            last_used: Instant::now(),
            is_suspect: false,
            is_doomed: false,
            era,
            retires_at: self.end(serial),
            _lives: self.lives.clone(),
        })
    }

    fn is_valid(&self, pooled: &mut Pooled) -> Result<(), Unfit> {
        if pooled.era != self.health.era.load(Ordering::Acquire) {
            return Err(Unfit::PastEra);
        }
        if pooled.is_old() {
            return Err(Unfit::Old);
        }
        if pooled.is_suspect || pooled.last_used.elapsed() > TRUSTED_FOR {
            pooled.witness.clear();
            pooled.conn.ping().map_err(|error| {
                if Trouble::of(&error) == Some(Trouble::Gone) {
                    self.health.lost(pooled);
                }
                StorageError::from(error)
            })?;
        }
        Ok(())
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        pooled.is_doomed || pooled.is_old() || pooled.conn.is_broken()
    }
}

/// Logs what connections fail of, not too often.
#[derive(Debug)]
struct Log {
    silent_until: Mutex<Option<Instant>>,
}

impl r2d2::HandleError<Unfit> for Log {
    fn handle_error(&self, error: Unfit) {
        let Unfit::Fault(error) = error else { return };
        let now = Instant::now();
        let mut silent_until = self.silent_until.lock();
        if silent_until.is_some_and(|end| now < end) {
            return;
        }
        *silent_until = Some(now + LOG_EVERY);
        drop(silent_until);
        tracing::warn!(event = "database.connection_failed", %error, "a database connection failed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_at_once_is_spread_over_the_range() {
        let range = Duration::from_secs(100);
        let mut parts: Vec<u64> = (0..10).map(|serial| spread(serial, range).as_secs()).collect();
        parts.sort_unstable();
        assert!(parts.windows(2).all(|pair| pair[1] - pair[0] >= 5), "{parts:?}");
        assert!(parts.iter().all(|part| *part <= 100));
    }
}
