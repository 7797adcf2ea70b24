//! Work on its way to a connection, and the answer on its way back.

use redis::RedisResult;
use tokio::sync::oneshot;

use crate::{CacheError, connect::Link};

/// A job with its types forgotten, as the workers see it.
pub(crate) trait Job: Send {
    /// Whether whoever asked has given up.
    fn is_abandoned(&self) -> bool;
    /// Whether it runs even then.
    fn is_due_anyway(&self) -> bool;
    /// Whether its outcome says anything of how Redis is.
    fn is_telling(&self) -> bool;
    /// Does the work; may be called again with another connection after an error.
    fn run(&mut self, link: &mut Link) -> RedisResult<()>;
    /// Sends the answer, or what came in its place.
    fn answer(self: Box<Self>, fate: Result<(), CacheError>);
}

/// An answer that is on its way.
pub(crate) type Pending<T> = oneshot::Receiver<Result<T, CacheError>>;

/// Packs work that is skipped once nobody waits for its answer.
pub(crate) fn ask<T, F>(work: F) -> (Box<dyn Job>, Pending<T>)
where
    F: Fn(&mut Link) -> RedisResult<T> + Send + 'static,
    T: Send + 'static,
{
    pack(work, Manner { due_anyway: false, telling: true })
}

/// Packs work that has to be done whether or not anybody waits. `telling`: its outcome says how
/// Redis is.
pub(crate) fn tell<T, F>(work: F, telling: bool) -> (Box<dyn Job>, Pending<T>)
where
    F: Fn(&mut Link) -> RedisResult<T> + Send + 'static,
    T: Send + 'static,
{
    pack(work, Manner { due_anyway: true, telling })
}

#[derive(Clone, Copy)]
struct Manner {
    due_anyway: bool,
    telling: bool,
}

fn pack<T, F>(work: F, manner: Manner) -> (Box<dyn Job>, Pending<T>)
where
    F: Fn(&mut Link) -> RedisResult<T> + Send + 'static,
    T: Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    (Box::new(Task { work, outcome: None, reply, manner }), answer)
}

struct Task<T, F> {
    work: F,
    outcome: Option<T>,
    reply: oneshot::Sender<Result<T, CacheError>>,
    manner: Manner,
}

impl<T, F> Job for Task<T, F>
where
    F: Fn(&mut Link) -> RedisResult<T> + Send,
    T: Send,
{
    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn is_due_anyway(&self) -> bool {
        self.manner.due_anyway
    }

    fn is_telling(&self) -> bool {
        self.manner.telling
    }

    fn run(&mut self, link: &mut Link) -> RedisResult<()> {
        self.outcome = Some((self.work)(link)?);
        Ok(())
    }

    fn answer(self: Box<Self>, fate: Result<(), CacheError>) {
        let Self { outcome, reply, .. } = *self;
        // A dropped receiver means that nobody wants to know.
        let _ = reply.send(fate.and_then(|()| outcome.ok_or(CacheError::TimedOut)));
    }
}

/// Work that nobody waits for, and whose outcome counts all the same.
pub(crate) struct Probe<F>(pub(crate) F);

impl<F> Job for Probe<F>
where
    F: Fn(&mut Link) -> RedisResult<()> + Send,
{
    fn is_abandoned(&self) -> bool {
        false
    }

    fn is_due_anyway(&self) -> bool {
        true
    }

    fn is_telling(&self) -> bool {
        true
    }

    fn run(&mut self, link: &mut Link) -> RedisResult<()> {
        (self.0)(link)
    }

    fn answer(self: Box<Self>, _: Result<(), CacheError>) {}
}
