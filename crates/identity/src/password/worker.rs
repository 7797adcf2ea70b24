//! One thread that hashes.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use tokio::sync::oneshot;
use vestibule_model::Secret;

use super::{
    KEEP_MEMORY, Verdict,
    argon::{self, Argon, ArgonHash, Peppered},
    foreign::{self, ForeignHash, Unusable},
};

pub(super) enum Job {
    Hash {
        password: Secret,
        salt: [u8; 16],
        reply: oneshot::Sender<Option<String>>,
    },
    Verify {
        password: Secret,
        stored: Option<String>,
        salt: [u8; 16],
        reply: oneshot::Sender<Verdict>,
    },
    MatchesAny {
        password: Secret,
        stored: Vec<String>,
        reply: oneshot::Sender<bool>,
    },
    Other(Box<dyn Other>),
}

impl Job {
    /// Whether nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool {
        match self {
            Self::Hash { reply, .. } => reply.is_closed(),
            Self::Verify { reply, .. } => reply.is_closed(),
            Self::MatchesAny { reply, .. } => reply.is_closed(),
            Self::Other(other) => other.is_abandoned(),
        }
    }
}

/// Work about passwords that is no hash.
pub(super) trait Other: Send {
    /// Whether nobody waits for its outcome any more.
    fn is_abandoned(&self) -> bool;
    /// Does it and tells the outcome.
    fn run(self: Box<Self>);
}

/// A closure and where its outcome goes.
pub(super) struct Task<F, T> {
    pub(super) work: F,
    pub(super) reply: oneshot::Sender<T>,
}

impl<F, T> Other for Task<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn run(self: Box<Self>) {
        let Self { work, reply } = *self;
        let _ = reply.send(work());
    }
}

pub(super) struct Worker {
    argon: Argon,
    hashes: Arc<AtomicU64>,
}

/// A stored hash that can be compared with.
enum Usable {
    Argon(ArgonHash),
    Foreign(ForeignHash),
}

impl Worker {
    pub(super) fn new(argon: Argon, hashes: Arc<AtomicU64>) -> Self {
        Self { argon, hashes }
    }

    pub(super) fn run(mut self, queue: &Receiver<Job>) {
        loop {
            let job = match queue.recv_timeout(KEEP_MEMORY) {
                Ok(job) => job,
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    self.argon.give_memory_back();
                    match queue.recv() {
                        Ok(job) => job,
                        Err(_) => return,
                    }
                }
            };
            // Whoever asked went away while the job waited: an attacker who hangs up buys no work.
            if job.is_abandoned() {
                continue;
            }
            survive(|| self.serve(job));
        }
    }

    /// A reply nobody waits for any more is no fault.
    fn serve(&mut self, job: Job) {
        match job {
            Job::Hash { password, salt, reply } => {
                let _ = reply.send(self.hash(&password, &salt));
            }
            Job::Verify { password, stored, salt, reply } => {
                let _ = reply.send(self.verdict(&password, stored.as_deref(), &salt));
            }
            Job::MatchesAny { password, stored, reply } => {
                let _ = reply.send(self.matches_any(&password, &stored));
            }
            Job::Other(other) => other.run(),
        }
    }

    fn hash(&mut self, password: &Secret, salt: &[u8; 16]) -> Option<String> {
        self.count();
        self.argon.hash(password, salt)
    }

    pub(super) fn verdict(
        &mut self,
        password: &Secret,
        stored: Option<&str>,
        salt: &[u8; 16],
    ) -> Verdict {
        let Some(usable) = stored.and_then(|stored| self.usable(stored)) else {
            let _ = self.hash(password, salt);
            return Verdict::Wrong;
        };
        if !self.matches(password, &usable) {
            return Verdict::Wrong;
        }
        if matches!(&usable, Usable::Argon(hash) if self.argon.is_current(hash)) {
            return Verdict::Right;
        }
        self.hash(password, salt)
            .map_or(Verdict::Right, |rehashed| Verdict::RightButOutdated { rehashed })
    }

    fn matches_any(&mut self, password: &Secret, stored: &[String]) -> bool {
        stored
            .iter()
            .any(|stored| self.usable(stored).is_some_and(|usable| self.matches(password, &usable)))
    }

    fn matches(&mut self, password: &Secret, usable: &Usable) -> bool {
        self.count();
        match usable {
            Usable::Argon(hash) => self.argon.matches(password, hash),
            Usable::Foreign(hash) => hash.matches(password),
        }
    }

    /// Reads a stored hash. What cannot be used is said in the log: its owner cannot sign in.
    fn usable(&self, stored: &str) -> Option<Usable> {
        if stored.is_empty() {
            return None;
        }
        let read = match argon::read(stored) {
            Some(read) => read.map(Usable::Argon),
            None => foreign::read(stored).map(Usable::Foreign),
        };
        match read {
            Ok(Usable::Argon(hash)) if !self.argon.is_bearable(&hash) => {
                refuse(&Unusable::TooCostly("argon2", hash.cost()))
            }
            Ok(Usable::Argon(hash)) => match self.argon.pepper_of(&hash) {
                Peppered::Here => Some(Usable::Argon(hash)),
                Peppered::Elsewhere => {
                    tracing::error!(
                        event = "password.pepper_unknown",
                        "a password was hashed with a pepper that is not the one of the settings; \
                         its owner can sign in only after the old pepper is back or the password \
                         is reset"
                    );
                    None
                }
            },
            Ok(foreign) => Some(foreign),
            Err(why) => refuse(&why),
        }
    }

    fn count(&self) {
        self.hashes.fetch_add(1, Ordering::Relaxed);
    }
}

/// Keeps the thread alive whatever happens in one job.
fn survive(work: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(work)).is_err() {
        tracing::error!(event = "password.panicked", "a job about a password panicked");
    }
}

fn refuse(why: &Unusable) -> Option<Usable> {
    tracing::warn!(event = "password.hash_unusable", %why, "its owner cannot sign in with it");
    None
}
