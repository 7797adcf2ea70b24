//! Passwords at rest: argon2id in PHC string form (RFC 9106), hashed on threads of their own.
//!
//! Each thread keeps one block of memory and uses it again, so that `concurrency × memory` bounds
//! what a storm of sign-ins can take; the queue before the threads is bounded too, and a full one
//! answers [`PasswordError::Busy`] at once instead of piling up work. A job whose asker went away
//! while it waited is not done.
//!
//! Hashes that another system made ([`is_importable`]) are checked as well, and replaced at the
//! next sign-in. With a pepper, `keyid` in the stored string names the one that it takes; hashes
//! without one are still checked, and replaced.

mod argon;
pub mod breached;
mod foreign;
mod worker;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crossbeam_channel::{Sender, TrySendError, bounded};
use tokio::sync::oneshot;
use vestibule_model::{Entropy, Secret};

use argon::Argon;
use worker::{Job, Task, Worker};

/// An idle thread gives its memory back after this long.
const KEEP_MEMORY: Duration = Duration::from_secs(10);

/// The most former passwords that [`PasswordHasher::matches_any`] looks at.
pub const MATCHES_MAX: usize = 24;

/// What one hash costs, and how many may be computed at once.
#[derive(Clone, Debug)]
pub struct PasswordSettings {
    /// argon2id `m`, in KiB.
    pub memory_kib: u32,
    /// argon2id `t`.
    pub iterations: u32,
    /// argon2id `p`.
    pub parallelism: u32,
    /// Threads.
    pub concurrency: usize,
    /// Jobs that may wait for a thread; one more is [`PasswordError::Busy`].
    pub queue: usize,
    /// argon2's secret value `K` (RFC 9106 §3.1): without it the hashes are worth nothing. Long and
    /// random, for its name is a hash of it and stands in each stored string.
    pub pepper: Option<Secret>,
}

impl Default for PasswordSettings {
    /// OWASP's second recommended setting: 19 MiB, two passes.
    fn default() -> Self {
        Self {
            memory_kib: 19_456,
            iterations: 2,
            parallelism: 1,
            concurrency: 2,
            queue: 64,
            pepper: None,
        }
    }
}

/// Why a password could not be hashed or checked.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too many sign-ins are waiting already.
    #[error("too many passwords are waiting to be checked")]
    Busy,
    /// Parameters that argon2 refuses.
    #[error("argon2 parameters: {0}")]
    Parameters(String),
    /// A thread could not be started, or is gone.
    #[error("password threads: {0}")]
    Threads(String),
}

/// The answer to "is this the password?".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No, or there is no such account.
    Wrong,
    /// Yes; the hash is as the settings want it.
    Right,
    /// Yes, but the stored hash is not as the settings want it; store this one instead.
    RightButOutdated {
        /// The same password under today's settings.
        rehashed: String,
    },
}

/// What the threads have done since they were started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// Hashes computed, of whatever kind. A password that is wrong takes one, whether or not there
    /// is such an account.
    pub hashes: u64,
}

/// How full the queue before the threads is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// Jobs that wait for a thread.
    pub waiting: usize,
    /// How many may.
    pub capacity: usize,
}

/// Whether `stored` is a hash of a known form and of a bearable cost, so that its owner can sign in
/// with it: argon2 (PHC, any variant), bcrypt (`$2a$`, `$2b$`, `$2y$`), scrypt (PHC), PBKDF2 (PHC,
/// passlib's and Django's).
#[must_use]
pub fn is_importable(stored: &str) -> bool {
    argon::read(stored).map_or_else(
        || foreign::read(stored).is_ok(),
        |read| read.is_ok_and(|hash| hash.is_bearable() && hash.pepper_id().is_empty()),
    )
}

/// The threads. Dropping it ends them once their queue is empty.
#[derive(Debug)]
pub struct PasswordHasher {
    jobs: Sender<Job>,
    hashes: Arc<AtomicU64>,
}

impl PasswordHasher {
    /// Starts the threads.
    pub fn new(settings: PasswordSettings) -> Result<Self, PasswordError> {
        let hashes = Arc::new(AtomicU64::new(0));
        let (jobs, queue) = bounded(settings.queue.max(1));
        let threads = settings.concurrency.max(1);
        let argon = Argon::new(settings)?;
        for number in 0..threads {
            let worker = Worker::new(argon.clone(), Arc::clone(&hashes));
            let queue = queue.clone();
            std::thread::Builder::new()
                .name(format!("password-{number}"))
                .spawn(move || worker.run(&queue))
                .map_err(|error| PasswordError::Threads(error.to_string()))?;
        }
        Ok(Self { jobs, hashes })
    }

    /// What has been done so far.
    #[must_use]
    pub fn work(&self) -> Work {
        Work { hashes: self.hashes.load(Ordering::Relaxed) }
    }

    /// Hashes a new password.
    pub async fn hash(
        &self,
        password: Secret,
        entropy: &dyn Entropy,
    ) -> Result<String, PasswordError> {
        let (reply, answer) = oneshot::channel();
        self.submit(Job::Hash { password, salt: salt(entropy), reply })?;
        answer.await.ok().flatten().ok_or_else(no_answer)
    }

    /// [`hash`](Self::hash) for callers without an async runtime (the command line).
    pub fn hash_blocking(
        &self,
        password: Secret,
        entropy: &dyn Entropy,
    ) -> Result<String, PasswordError> {
        let (reply, answer) = oneshot::channel();
        self.submit(Job::Hash { password, salt: salt(entropy), reply })?;
        answer.blocking_recv().ok().flatten().ok_or_else(no_answer)
    }

    /// Checks a password. `stored` is `None` for an account that does not exist: the same work is
    /// done, so that the time it takes tells nothing.
    pub async fn verify(
        &self,
        password: Secret,
        stored: Option<String>,
        entropy: &dyn Entropy,
    ) -> Result<Verdict, PasswordError> {
        let (reply, answer) = oneshot::channel();
        self.submit(Job::Verify { password, stored, salt: salt(entropy), reply })?;
        answer.await.map_err(|_| no_answer())
    }

    /// Whether a new password is one of those that `stored` are hashes of, of which the first
    /// [`MATCHES_MAX`] are looked at. One thread checks them all, one after the other.
    pub async fn matches_any(
        &self,
        password: Secret,
        mut stored: Vec<String>,
    ) -> Result<bool, PasswordError> {
        stored.truncate(MATCHES_MAX);
        if stored.is_empty() {
            return Ok(false);
        }
        let (reply, answer) = oneshot::channel();
        self.submit(Job::MatchesAny { password, stored, reply })?;
        answer.await.map_err(|_| no_answer())
    }

    /// Runs `work` on one of the threads, for what a password costs besides hashing: judging how
    /// strong it is takes milliseconds that no thread which serves requests has to spare.
    pub async fn run<T, F>(&self, work: F) -> Result<T, PasswordError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.submit(Job::Other(Box::new(Task { work, reply })))?;
        answer.await.map_err(|_| no_answer())
    }

    /// How full the queue before the threads is.
    #[must_use]
    pub fn backlog(&self) -> Backlog {
        Backlog { waiting: self.jobs.len(), capacity: self.jobs.capacity().unwrap_or(usize::MAX) }
    }

    fn submit(&self, job: Job) -> Result<(), PasswordError> {
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => PasswordError::Busy,
            TrySendError::Disconnected(_) => PasswordError::Threads("stopped".to_owned()),
        })
    }
}

fn no_answer() -> PasswordError {
    PasswordError::Threads("no answer".to_owned())
}

fn salt(entropy: &dyn Entropy) -> [u8; 16] {
    let mut salt = [0; 16];
    entropy.fill(&mut salt);
    salt
}

#[cfg(test)]
mod tests;
