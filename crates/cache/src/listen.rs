//! Hearing of changes: one thread with a connection of its own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};
use redis::{Connection, RedisResult};

use crate::{CacheError, connect::Connector, kept::Listeners, message::Word, probe::Prober};

/// How long silence on the channel is taken for peace. Then the server is asked whether it is there,
/// so that a connection which died without a word is noticed within this and the timeout.
const PEACE: Duration = Duration::from_millis(500);
/// Between attempts to connect: doubled each time, up to the second.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The thread's tools.
pub(crate) struct Subscriber {
    pub(crate) connector: Arc<Connector>,
    pub(crate) listeners: Arc<Listeners>,
    pub(crate) channel: String,
    pub(crate) timeout: Duration,
    pub(crate) ear: Arc<Ear>,
    pub(crate) prober: Prober,
}

/// What others see of the thread.
#[derive(Default)]
pub(crate) struct Ear {
    listening: AtomicBool,
    stopped: Mutex<bool>,
    stop: Condvar,
}

impl Ear {
    /// Whether changes that others announce are heard now.
    pub(crate) fn is_listening(&self) -> bool {
        self.listening.load(Ordering::Relaxed)
    }

    /// Ends the thread, soon.
    pub(crate) fn stop(&self) {
        *self.stopped.lock() = true;
        self.stop.notify_all();
    }

    fn is_stopped(&self) -> bool {
        *self.stopped.lock()
    }

    /// Waits; `true` if the thread is to end.
    fn wait(&self, pause: Duration) -> bool {
        let deadline = Instant::now() + pause;
        let mut stopped = self.stopped.lock();
        while !*stopped && !self.stop.wait_until(&mut stopped, deadline).timed_out() {}
        *stopped
    }
}

/// A connection on which words are heard.
fn subscribed(connector: &Arc<Connector>, channel: &str) -> RedisResult<Connection> {
    let mut connection = connector.listener()?;
    // `PubSub::subscribe` would not say that it was refused.
    let subscribe = redis::cmd("SUBSCRIBE").arg(channel).get_packed_command();
    connection.send_packed_command(&subscribe)?;
    connection.recv_response()?.extract_error()?;
    Ok(connection)
}

/// Listens for as long as it takes to know that it may be done.
pub(crate) fn attempt(connector: &Arc<Connector>, channel: &str) -> RedisResult<()> {
    let mut connection = subscribed(connector, channel)?;
    // A refusal is a sign of life, too, and comes as a value.
    connection.as_pubsub().ping::<redis::Value>()?.extract_error()?;
    Ok(())
}

impl Subscriber {
    /// Listens until it is stopped, again and again. Whenever an attempt begins to listen or ends, a
    /// probe tells the breaker what that means, so that it opens and closes without any other call.
    pub(crate) fn serve(&self) {
        let mut pause = FIRST_PAUSE;
        let mut refused = false;
        loop {
            let outcome = self.listen();
            let listened = self.ear.listening.swap(false, Ordering::Relaxed);
            if listened {
                pause = FIRST_PAUSE;
                refused = false;
            }
            if let Err(error) = outcome {
                // What is no more than away is the breaker's to tell.
                if error.code() == Some("NOPERM") && !refused {
                    refused = true;
                    let why = CacheError::of(&error);
                    tracing::warn!(event = "redis.deaf", %why, "changes elsewhere are not heard of");
                }
                self.prober.now();
            }
            if self.ear.wait(pause) {
                return;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn listen(&self) -> RedisResult<()> {
        let mut connection = subscribed(&self.connector, &self.channel)?;
        let mut channel = connection.as_pubsub();
        // What was said before is lost. From here on nothing is.
        self.listeners.hear(&Word::Unknown);
        self.ear.listening.store(true, Ordering::Relaxed);
        self.prober.now();
        while !self.ear.is_stopped() {
            channel.set_read_timeout(Some(PEACE))?;
            match channel.get_message() {
                Ok(message) => self.listeners.hear(&Word::decode(message.get_payload_bytes())),
                Err(error) if error.is_timeout() => {
                    channel.set_read_timeout(Some(self.timeout))?;
                    channel.ping::<redis::Value>()?;
                    self.prober.if_due();
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
