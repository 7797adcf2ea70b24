//! Passwords at rest: argon2id in PHC string form (RFC 9106), hashed on threads of their own.
//!
//! Each thread keeps one block of memory and uses it again, so that `concurrency × memory` bounds
//! what a storm of sign-ins can take; the queue before the threads is bounded too, and a full one
//! answers [`PasswordError::Busy`] at once instead of piling up work.

use std::time::Duration;

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use tokio::sync::oneshot;
use vestibule_model::{Entropy, Secret};

/// An idle thread gives its memory back after this long.
const KEEP_MEMORY: Duration = Duration::from_secs(10);

/// What one hash costs, and how many may be computed at once.
#[derive(Clone, Copy, Debug)]
pub struct PasswordSettings {
    /// argon2id `m`, in KiB.
    pub memory_kib: u32,
    /// argon2id `t`.
    pub iterations: u32,
    /// argon2id `p`.
    pub parallelism: u32,
    /// Threads.
    pub concurrency: usize,
    /// Sign-ins that may wait for a thread.
    pub queue: usize,
}

impl Default for PasswordSettings {
    /// OWASP's second recommended setting: 19 MiB, two passes.
    fn default() -> Self {
        Self { memory_kib: 19_456, iterations: 2, parallelism: 1, concurrency: 2, queue: 64 }
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
    /// Yes, but the stored hash is weaker than the settings; store this one instead.
    RightButOutdated {
        /// The same password under today's settings.
        rehashed: String,
    },
}

enum Job {
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
}

/// The threads. Dropping it ends them once their queue is empty.
#[derive(Debug)]
pub struct PasswordHasher {
    jobs: Sender<Job>,
}

impl PasswordHasher {
    /// Starts the threads.
    pub fn new(settings: PasswordSettings) -> Result<Self, PasswordError> {
        let params = Params::new(
            settings.memory_kib,
            settings.iterations,
            settings.parallelism,
            Some(Params::DEFAULT_OUTPUT_LEN),
        )
        .map_err(|error| PasswordError::Parameters(error.to_string()))?;
        let (jobs, queue) = bounded(settings.queue.max(1));
        for number in 0..settings.concurrency.max(1) {
            let worker = Worker { params: params.clone(), memory: Vec::new() };
            let queue = queue.clone();
            std::thread::Builder::new()
                .name(format!("password-{number}"))
                .spawn(move || worker.run(&queue))
                .map_err(|error| PasswordError::Threads(error.to_string()))?;
        }
        Ok(Self { jobs })
    }

    /// Hashes a new password.
    pub async fn hash(
        &self,
        password: Secret,
        entropy: &dyn Entropy,
    ) -> Result<String, PasswordError> {
        let (reply, answer) = oneshot::channel();
        self.submit(Job::Hash { password, salt: salt(entropy), reply })?;
        match answer.await {
            Ok(Some(hash)) => Ok(hash),
            _ => Err(PasswordError::Threads("no answer".to_owned())),
        }
    }

    /// [`hash`](Self::hash) for callers without an async runtime (the command line).
    pub fn hash_blocking(
        &self,
        password: Secret,
        entropy: &dyn Entropy,
    ) -> Result<String, PasswordError> {
        let (reply, answer) = oneshot::channel();
        self.submit(Job::Hash { password, salt: salt(entropy), reply })?;
        match answer.blocking_recv() {
            Ok(Some(hash)) => Ok(hash),
            _ => Err(PasswordError::Threads("no answer".to_owned())),
        }
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
        answer.await.map_err(|_| PasswordError::Threads("no answer".to_owned()))
    }

    fn submit(&self, job: Job) -> Result<(), PasswordError> {
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => PasswordError::Busy,
            TrySendError::Disconnected(_) => PasswordError::Threads("stopped".to_owned()),
        })
    }
}

fn salt(entropy: &dyn Entropy) -> [u8; 16] {
    let mut salt = [0; 16];
    entropy.fill(&mut salt);
    salt
}

struct Worker {
    params: Params,
    memory: Vec<Block>,
}

impl Worker {
    fn run(mut self, queue: &Receiver<Job>) {
        loop {
            let job = match queue.recv_timeout(KEEP_MEMORY) {
                Ok(job) => job,
                Err(crossbeam_channel::RecvTimeoutError::Disconnected) => return,
                Err(crossbeam_channel::RecvTimeoutError::Timeout) => {
                    self.memory = Vec::new();
                    match queue.recv() {
                        Ok(job) => job,
                        Err(_) => return,
                    }
                }
            };
            // A reply nobody waits for any more is no fault.
            match job {
                Job::Hash { password, salt, reply } => {
                    let _ = reply.send(self.phc(&password, &salt));
                }
                Job::Verify { password, stored, salt, reply } => {
                    let _ = reply.send(self.verdict(&password, stored.as_deref(), &salt));
                }
            }
        }
    }

    fn verdict(&mut self, password: &Secret, stored: Option<&str>, salt: &[u8; 16]) -> Verdict {
        let Some(parsed) = stored.and_then(|phc| PasswordHash::new(phc).ok()) else {
            let params = self.params.clone();
            let _ = self.output(&params, password, salt);
            return Verdict::Wrong;
        };
        if !self.matches(password, &parsed) {
            return Verdict::Wrong;
        }
        let current = Params::try_from(&parsed).is_ok_and(|params| self.is_current(&params));
        if current {
            return Verdict::Right;
        }
        self.phc(password, salt)
            .map_or(Verdict::Right, |rehashed| Verdict::RightButOutdated { rehashed })
    }

    fn is_current(&self, stored: &Params) -> bool {
        stored.m_cost() == self.params.m_cost()
            && stored.t_cost() == self.params.t_cost()
            && stored.p_cost() == self.params.p_cost()
    }

    fn matches(&mut self, password: &Secret, stored: &PasswordHash) -> bool {
        let argon2id = stored.algorithm == Algorithm::Argon2id.ident();
        let (Ok(params), Some(salt), Some(expected)) =
            (Params::try_from(stored), stored.salt.as_ref(), stored.hash.as_ref())
        else {
            return false;
        };
        // `Output` compares in constant time.
        argon2id
            && self.output(&params, password, salt.as_ref()).is_some_and(|got| got == *expected)
    }

    fn phc(&mut self, password: &Secret, salt: &[u8; 16]) -> Option<String> {
        let params = self.params.clone();
        let hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params).ok()?,
            salt: Some(Salt::new(salt).ok()?),
            hash: Some(self.output(&params, password, salt)?),
        };
        Some(hash.to_string())
    }

    fn output(&mut self, params: &Params, password: &Secret, salt: &[u8]) -> Option<Output> {
        let blocks = params.block_count();
        if self.memory.len() < blocks {
            self.memory.resize(blocks, Block::default());
        }
        let memory = self.memory.get_mut(..blocks)?;
        let mut out = [0_u8; Params::DEFAULT_OUTPUT_LEN];
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        argon2
            .hash_password_into_with_memory(password.expose().as_bytes(), salt, &mut out, memory)
            .ok()?;
        Output::new(&out).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;

    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            for (at, byte) in bytes.iter_mut().enumerate() {
                *byte = u8::try_from(at % 251).unwrap();
            }
        }
    }

    fn hasher(memory_kib: u32) -> PasswordHasher {
        PasswordHasher::new(PasswordSettings { memory_kib, ..PasswordSettings::default() }).unwrap()
    }

    fn secret(text: &str) -> Secret {
        Secret::new(text)
    }

    #[tokio::test]
    async fn the_right_password_is_right_and_another_is_wrong() {
        let hasher = hasher(64);
        let stored = hasher.hash(secret("correct horse"), &Counting).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=64,t=2,p=1$"), "{stored}");
        let ask = |text| hasher.verify(secret(text), Some(stored.clone()), &Counting);
        assert_eq!(ask("correct horse").await.unwrap(), Verdict::Right);
        assert_eq!(ask("correct horsf").await.unwrap(), Verdict::Wrong);
        assert_eq!(ask("").await.unwrap(), Verdict::Wrong);
    }

    #[tokio::test]
    async fn an_unknown_account_and_a_broken_hash_are_wrong() {
        let hasher = hasher(64);
        for stored in [None, Some("not a hash".to_owned()), Some("$argon2id$v=19".to_owned())] {
            let verdict = hasher.verify(secret("x"), stored, &Counting).await.unwrap();
            assert_eq!(verdict, Verdict::Wrong);
        }
    }

    #[tokio::test]
    async fn other_parameters_are_rehashed_at_sign_in() {
        let weak = hasher(32).hash(secret("pw"), &Counting).await.unwrap();
        let strong = hasher(64);
        let verdict = strong.verify(secret("pw"), Some(weak), &Counting).await.unwrap();
        let Verdict::RightButOutdated { rehashed } = verdict else {
            panic!("expected a new hash, got {verdict:?}")
        };
        let again = strong.verify(secret("pw"), Some(rehashed), &Counting).await.unwrap();
        assert_eq!(again, Verdict::Right);
    }

    #[tokio::test]
    async fn a_storm_is_shed_instead_of_queued() {
        let settings = PasswordSettings {
            memory_kib: 65_536,
            concurrency: 1,
            queue: 1,
            ..PasswordSettings::default()
        };
        let hasher = PasswordHasher::new(settings).unwrap();
        let storm = (0..20).map(|_| hasher.verify(secret("x"), None, &Counting));
        let mut busy = 0;
        let mut waiting = Vec::new();
        for attempt in storm {
            let mut attempt = Box::pin(attempt);
            // The first poll submits the job; what comes back at once is a refusal.
            if let Some(Err(PasswordError::Busy)) = poll_once(&mut attempt).await {
                busy += 1;
            } else {
                waiting.push(attempt);
            }
        }
        assert!(busy >= 17, "only {busy} were shed");
        for attempt in waiting {
            assert_eq!(attempt.await.unwrap(), Verdict::Wrong);
        }
    }

    async fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        std::future::poll_fn(|context| {
            std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(context) {
                std::task::Poll::Ready(value) => Some(value),
                std::task::Poll::Pending => None,
            })
        })
        .await
    }
}
