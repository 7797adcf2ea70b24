//! The database as the rest of the program sees it: two hops, one for reads and one for writes.

use std::{sync::Arc, thread};

use parking_lot::Mutex;
use scheduled_thread_pool::ScheduledThreadPool;

use crate::{
    Conn, DatabaseSettings, DatabaseUrl, Pending, StorageError,
    connection::{self, Connector, Purpose},
    job::{self, Queued},
    migrate,
    queue::Queue,
    worker::{self, Worker},
};

/// The database: its connections and the threads that work on them. Clones share them; the threads
/// end with the last clone or with [`shutdown`](Self::shutdown).
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    reads: Arc<Queue<Queued>>,
    /// SQLite: the writer's own queue. PostgreSQL: the same queue as `reads`.
    writes: Arc<Queue<Queued>>,
    threads: Mutex<Vec<thread::JoinHandle<()>>>,
}

impl Db {
    /// Connects, brings the tables to this version's shape and starts the threads.
    pub fn open(settings: &DatabaseSettings) -> Result<Self, StorageError> {
        migrate::run(&mut connection::open(settings, Purpose::Migrate)?)?;
        let size = settings.pool_size.max(1);
        let openers = Arc::new(
            ScheduledThreadPool::builder().num_threads(1).thread_name_pattern("db-open").build(),
        );
        let build = |purpose, size| {
            let connector = Connector { settings: settings.clone(), purpose };
            worker::pool(connector, size, Arc::clone(&openers))
        };
        let tools = |queue: &Arc<Queue<Queued>>, pool: &r2d2::Pool<Connector>| Worker {
            queue: Arc::clone(queue),
            pool: pool.clone(),
            patience: settings.acquire_timeout,
        };
        let mut db = Inner {
            reads: Arc::new(Queue::new(settings.queue)),
            writes: Arc::new(Queue::new(settings.queue)),
            threads: Mutex::default(),
        };
        match settings.url {
            DatabaseUrl::Sqlite { .. } => {
                let writer = tools(&db.writes, &build(Purpose::Write, 1));
                db.start("db-write".to_owned(), move || writer.serve_groups())?;
                let readers = build(Purpose::Read, size);
                for number in 0..size {
                    let reader = tools(&db.reads, &readers);
                    db.start(format!("db-read-{number}"), move || reader.serve_each())?;
                }
            }
            DatabaseUrl::Postgres { .. } => {
                db.writes = Arc::clone(&db.reads);
                let pool = build(Purpose::Write, size);
                for number in 0..size {
                    let worker = tools(&db.reads, &pool);
                    db.start(format!("db-{number}"), move || worker.serve_each())?;
                }
            }
        }
        Ok(Self { inner: Arc::new(db) })
    }

    /// Runs `work` on a connection, outside any transaction: each statement sees what was committed
    /// before it. On SQLite the connection refuses to write.
    pub fn read<T, E, F>(&self, work: F) -> Pending<T, E>
    where
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
        E: From<StorageError> + Send + 'static,
        T: Send + 'static,
    {
        let (queued, pending) = job::pack(work, false);
        submit(&self.inner.reads, queued);
        pending
    }

    /// Runs `work` in one transaction: `Ok` commits, `Err` rolls back. The answer comes once the
    /// commit is durable. A refusal that must leave a mark is therefore an `Ok` value.
    pub fn write<T, E, F>(&self, work: F) -> Pending<T, E>
    where
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
        E: From<StorageError> + Send + 'static,
        T: Send + 'static,
    {
        let (queued, pending) = job::pack(work, true);
        submit(&self.inner.writes, queued);
        pending
    }

    /// How many jobs wait for a thread, for the metrics.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let reads = self.inner.reads.len();
        let same = Arc::ptr_eq(&self.inner.reads, &self.inner.writes);
        if same { reads } else { reads + self.inner.writes.len() }
    }

    /// Finishes what is queued, refuses what comes later as [`StorageError::Overloaded`], and ends
    /// the threads. Blocks until they have ended.
    pub fn shutdown(&self) {
        self.inner.stop();
    }
}

fn submit(queue: &Queue<Queued>, queued: Queued) {
    if let Err(refused) = queue.push(queued) {
        refused.job.answer(Err(StorageError::Overloaded));
    }
}

impl Inner {
    fn start(
        &mut self,
        name: String,
        body: impl FnOnce() + Send + 'static,
    ) -> Result<(), StorageError> {
        let handle = thread::Builder::new()
            .name(name)
            .spawn(body)
            .map_err(|error| StorageError::Database(format!("cannot start a thread: {error}")))?;
        self.threads.get_mut().push(handle);
        Ok(())
    }

    fn stop(&self) {
        self.reads.close();
        self.writes.close();
        let threads = std::mem::take(&mut *self.threads.lock());
        for handle in threads {
            // A job may hold the last clone; a thread cannot wait for itself.
            if handle.thread().id() != thread::current().id() {
                // A thread that panicked has logged it; there is nobody left to tell.
                let _ = handle.join();
            }
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop();
    }
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Db").field("waiting", &self.waiting()).finish_non_exhaustive()
    }
}
