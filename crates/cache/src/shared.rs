//! Redis as the rest of the crate sees it: calls that end in time, through the breaker.

use std::{io, sync::Arc, thread, time::Duration};

use crate::{
    BreakerState, CacheError, Ping, RedisSettings,
    breaker::Rules,
    check_prefix, commands,
    connect::Connector,
    health::Health,
    job::{self, Job, Pending},
    kept::Listeners,
    listen::{self, Ear, Subscriber},
    message::Word,
    probe::{self, Prober},
    queue::Queue,
    worker::Worker,
};

/// Calls in a row that fail before Redis is left alone.
const THRESHOLD: u32 = 5;
/// Between two probes of a Redis that is left alone.
const PAUSE: Duration = Duration::from_millis(500);
/// The connections and the threads that work on them.
pub(crate) struct Shared {
    prefix: String,
    timeout: Duration,
    connector: Arc<Connector>,
    queue: Arc<Queue<Box<dyn Job>>>,
    health: Arc<Health>,
    prober: Prober,
    ear: Arc<Ear>,
}

impl Shared {
    /// Starts the threads. Nothing has to answer for that.
    pub(crate) fn start(
        settings: RedisSettings,
        listeners: Arc<Listeners>,
    ) -> Result<Self, CacheError> {
        check_prefix(&settings.prefix)?;
        let connector = Arc::new(Connector::new(&settings)?);
        let patience = connector.patience() + settings.timeout;
        let queue = Arc::new(Queue::new(settings.queue));
        let health = Arc::new(Health::new(Rules { threshold: THRESHOLD, pause: PAUSE, patience }));
        let shared = Self {
            prober: Prober {
                queue: Arc::clone(&queue),
                health: Arc::clone(&health),
                key: format!("{}probe", settings.prefix),
            },
            prefix: settings.prefix,
            timeout: settings.timeout,
            queue,
            health,
            ear: Arc::default(),
            connector,
        };
        for number in 0..settings.pool_size.max(1) {
            let worker = Worker {
                queue: Arc::clone(&shared.queue),
                connector: Arc::clone(&shared.connector),
                health: Arc::clone(&shared.health),
            };
            spawn(format!("redis-{number}"), move || worker.serve())?;
        }
        let subscriber = Subscriber {
            connector: Arc::clone(&shared.connector),
            listeners,
            channel: shared.channel(),
            timeout: settings.timeout,
            ear: Arc::clone(&shared.ear),
            prober: shared.prober.clone(),
        };
        spawn("redis-listen".to_owned(), move || subscriber.serve())?;
        Ok(shared)
    }

    /// Counts, or `None` if Redis is away: then at once, or within the timeout.
    pub(crate) async fn count(&self, key: &str, window: Duration) -> Option<(u64, Duration)> {
        if !self.prober.allows() {
            return None;
        }
        let key = self.key(&format!("count:{key}"));
        self.ask(job::ask(move |link| commands::count(link, &key, window)), self.timeout).await.ok()
    }

    /// Passes the word on, if Redis is there. A full Redis counts nothing and is left alone, and
    /// passes words on all the same: so does one that we hear words from.
    pub(crate) async fn publish(&self, word: &Word<'_>) {
        let is_used = self.prober.allows();
        if !is_used && !self.is_listening() {
            return;
        }
        let (channel, word) = (self.channel(), word.encode());
        // What a Redis that is left alone does with a word says nothing of whether it counts.
        let told = job::tell(move |link| commands::publish(link, &channel, &word), is_used);
        if let Err(why) = self.ask(told, self.timeout).await {
            tracing::debug!(event = "redis.unsaid", %why, "others go by what they keep a while on");
        }
    }

    /// Asks how Redis is, even if it is left alone.
    pub(crate) async fn ping(&self) -> Result<Ping, CacheError> {
        let patience = self.connector.patience() + self.timeout;
        self.ask(job::ask(commands::ping), patience).await
    }

    /// Tries what servers do with Redis: counts, passes on a word that means nothing, and listens. What
    /// came of those that it did not let happen.
    pub(crate) async fn refusals(&self) -> Vec<CacheError> {
        let (key, channel) = (self.prober.key.clone(), self.channel());
        let counting = move |link: &mut _| commands::count(link, &key, probe::WINDOW).map(drop);
        let (there, word) = (channel.clone(), Word::of("doctor", &[]).encode());
        let publishing = move |link: &mut _| commands::publish(link, &there, &word);
        let connector = Arc::clone(&self.connector);
        let listening = move |_: &mut _| listen::attempt(&connector, &channel);
        let patience = self.connector.patience() + self.timeout;
        let mut refusals = Vec::new();
        for attempt in [job::ask(counting), job::ask(publishing), job::ask(listening)] {
            refusals.extend(self.ask(attempt, patience).await.err());
        }
        refusals
    }

    pub(crate) fn state(&self) -> BreakerState {
        self.health.state()
    }

    pub(crate) fn is_listening(&self) -> bool {
        self.ear.is_listening()
    }

    pub(crate) fn waiting(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn shutdown(&self) {
        self.queue.close();
        self.ear.stop();
    }

    async fn ask<T>(
        &self,
        (job, answer): (Box<dyn Job>, Pending<T>),
        patience: Duration,
    ) -> Result<T, CacheError> {
        let is_telling = job.is_telling();
        // A full queue is our own trouble: no failure of Redis.
        self.queue.push(job).map_err(|_| CacheError::TimedOut)?;
        let Ok(answer) = tokio::time::timeout(patience, answer).await else {
            if is_telling {
                self.health.heard(Err(&CacheError::TimedOut));
            }
            return Err(CacheError::TimedOut);
        };
        answer.unwrap_or(Err(CacheError::TimedOut))
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn channel(&self) -> String {
        self.key("changed")
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.shutdown();
    }
}

fn spawn(name: String, body: impl FnOnce() + Send + 'static) -> Result<(), CacheError> {
    let fault = |error: io::Error| CacheError::Threads(error.to_string());
    thread::Builder::new().name(name).spawn(body).map(drop).map_err(fault)
}
