//! A closure on its way to a connection, and the answer on its way back.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::{Conn, StorageError, post::Caller, queue::Queue};

/// An answer that is on its way. Await it, or [`wait`](Self::wait) for it where nothing is async.
///
/// A `write` runs whether or not anybody waits; a `read` that nobody waits for any more is skipped.
#[must_use = "the answer of a database job says whether it happened"]
pub struct Pending<T, E> {
    answer: oneshot::Receiver<Result<T, E>>,
}

impl<T, E: From<StorageError>> Pending<T, E> {
    /// Blocks until the answer is there. Not for async code, where it panics: await it there.
    pub fn wait(self) -> Result<T, E> {
        self.answer.blocking_recv().unwrap_or_else(|_| Err(lost()))
    }
}

impl<T, E: From<StorageError>> Future for Pending<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.answer)
            .poll(context)
            .map(|answer| answer.unwrap_or_else(|_| Err(lost())))
    }
}

fn lost<E: From<StorageError>>() -> E {
    E::from(StorageError::Inconsistent("a database job ended without an answer".to_owned()))
}

/// A job with its types forgotten, as the workers see it.
pub(crate) trait Job: Send {
    /// Whether nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
    /// Whoever waits for the answer.
    fn caller(&self) -> Arc<dyn Caller>;
    /// Whether the closure could run once more after the next run.
    fn can_repeat(&self) -> bool;
    /// Whether the last run ended well.
    fn went_well(&self) -> bool;
    /// Runs the closure, or with `again` a clone of it, so that it can run once more. `true` if what
    /// it did is to be kept. A panic counts as an error.
    fn run(&mut self, conn: &mut Conn, again: bool) -> bool;
    /// Sends the answer. `fate` is what became of the transaction around it: an error there takes
    /// the place of the closure's own `Ok`.
    fn answer(self: Box<Self>, fate: Result<(), StorageError>);
}

/// A job in a queue.
pub(crate) struct Queued {
    pub(crate) job: Box<dyn Job>,
    pub(crate) writes: bool,
    pub(crate) since: Instant,
}

impl Queued {
    /// Joins a queue, or is refused as [`StorageError::Overloaded`] if that is full or closed.
    pub(crate) fn join(self, queue: &Queue<Self>) {
        if let Err(refused) = queue.push(self) {
            refused.job.answer(Err(StorageError::Overloaded));
        }
    }

    /// Whether it waited longer than `limit`: whoever asked has given up or soon will.
    pub(crate) fn is_stale(&self, limit: Duration) -> bool {
        self.since.elapsed() > limit
    }
}

/// Packs `work`, which may run more than once.
pub(crate) fn pack_again<T, E, F>(work: F, writes: bool) -> (Queued, Pending<T, E>)
where
    F: FnOnce(&mut Conn) -> Result<T, E> + Clone + Send + 'static,
    E: From<StorageError> + Send + 'static,
    T: Send + 'static,
{
    pack(work, writes, Some(F::clone))
}

/// Packs `work` for a queue. With `copy` it may run more than once.
pub(crate) fn pack<T, E, F>(
    work: F,
    writes: bool,
    copy: Option<fn(&F) -> F>,
) -> (Queued, Pending<T, E>)
where
    F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    E: From<StorageError> + Send + 'static,
    T: Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let span = tracing::Span::current();
    let reply = Arc::new(Reply(Mutex::new(Some(reply))));
    let task = Task { work: Some(work), copy, outcome: None, reply, span };
    (Queued { job: Box::new(task), writes, since: Instant::now() }, Pending { answer })
}

/// Where the one answer goes; empty once it went.
struct Reply<T, E>(Mutex<Option<oneshot::Sender<Result<T, E>>>>);

impl<T, E> Reply<T, E> {
    fn send(&self, answer: Result<T, E>) {
        if let Some(reply) = self.0.lock().take() {
            // A dropped receiver means that nobody wants to know.
            let _ = reply.send(answer);
        }
    }
}

impl<T: Send, E: From<StorageError> + Send> Caller for Reply<T, E> {
    fn tell(&self, error: StorageError) {
        self.send(Err(error.into()));
    }
}

struct Task<T, E, F> {
    work: Option<F>,
    copy: Option<fn(&F) -> F>,
    outcome: Option<Result<T, E>>,
    reply: Arc<Reply<T, E>>,
    /// What was being served when the job was queued, so that its log lines carry the request id.
    span: tracing::Span,
}

impl<T, E, F> Job for Task<T, E, F>
where
    F: FnOnce(&mut Conn) -> Result<T, E> + Send,
    E: From<StorageError> + Send + 'static,
    T: Send + 'static,
{
    fn is_abandoned(&self) -> bool {
        self.reply.0.lock().as_ref().is_none_or(oneshot::Sender::is_closed)
    }

    fn caller(&self) -> Arc<dyn Caller> {
        Arc::<Reply<T, E>>::clone(&self.reply)
    }

    fn can_repeat(&self) -> bool {
        self.copy.is_some() && self.work.is_some()
    }

    fn went_well(&self) -> bool {
        matches!(self.outcome, Some(Ok(_)))
    }

    fn run(&mut self, conn: &mut Conn, again: bool) -> bool {
        let work = match self.copy {
            Some(copy) if again => self.work.as_ref().map(copy),
            _ => self.work.take(),
        };
        let Some(work) = work else { return false };
        let outcome = self
            .span
            .in_scope(|| catch_unwind(AssertUnwindSafe(|| work(conn))))
            .unwrap_or_else(|_| {
                tracing::error!(parent: &self.span, "a database job panicked");
                Err(StorageError::Inconsistent("a database job panicked".to_owned()).into())
            });
        let keep = outcome.is_ok();
        self.outcome = Some(outcome);
        keep
    }

    fn answer(self: Box<Self>, fate: Result<(), StorageError>) {
        let answer = match (self.outcome, fate) {
            (Some(Err(own)), _) => Err(own),
            (_, Err(error)) => Err(error.into()),
            (Some(outcome), Ok(())) => outcome,
            (None, Ok(())) => Err(lost()),
        };
        self.reply.send(answer);
    }
}
