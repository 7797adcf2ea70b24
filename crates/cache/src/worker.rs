//! What the worker threads do: each has one connection, and together they are the pool.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use redis::RedisResult;

use crate::{
    CacheError,
    connect::{Connector, Link, ends_connection, may_succeed_anew},
    health::Health,
    job::Job,
    queue::Queue,
};

/// One worker's tools.
pub(crate) struct Worker {
    pub(crate) queue: Arc<Queue<Box<dyn Job>>>,
    pub(crate) connector: Arc<Connector>,
    pub(crate) health: Arc<Health>,
}

impl Worker {
    /// Serves jobs one by one until the queue closes.
    pub(crate) fn serve(&self) {
        let mut link = None;
        while let Some(job) = self.queue.pop() {
            let served = catch_unwind(AssertUnwindSafe(|| self.serve_one(job, &mut link)));
            if served.is_err() {
                tracing::error!(event = "redis.panicked", "a job for Redis panicked");
                link = None;
            }
        }
    }

    fn serve_one(&self, mut job: Box<dyn Job>, link: &mut Option<Link>) {
        if job.is_abandoned() && !job.is_due_anyway() {
            return;
        }
        let fate = self.attempt(job.as_mut(), link).map_err(|error| CacheError::of(&error));
        // Whoever gave up has said so to the breaker; a late answer is no sign of health.
        if job.is_telling() && !job.is_abandoned() {
            self.health.heard(fate.as_ref().map(drop));
        }
        job.answer(fate);
    }

    /// Runs the job on the connection there is, or on a new one. A connection that was closed while
    /// nobody used it is no failure, so the job gets a second try.
    fn attempt(&self, job: &mut dyn Job, slot: &mut Option<Link>) -> RedisResult<()> {
        if let Some(mut link) = slot.take() {
            match job.run(&mut link) {
                Err(error) if may_succeed_anew(&error) => {}
                Err(error) if ends_connection(&error) => return Err(error),
                outcome => {
                    *slot = Some(link);
                    return outcome;
                }
            }
        }
        let mut link = self.connector.link()?;
        let outcome = job.run(&mut link);
        if !outcome.as_ref().is_err_and(ends_connection) {
            *slot = Some(link);
        }
        outcome
    }
}
