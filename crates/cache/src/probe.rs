//! Calls whose only purpose is what the breaker learns from them.

use std::{sync::Arc, time::Duration};

use crate::{
    breaker::Leave,
    commands,
    connect::Link,
    health::Health,
    job::{Job, Probe},
    queue::Queue,
};

/// How long the window lasts that a probe counts in.
pub(crate) const WINDOW: Duration = Duration::from_secs(1);

/// Sends probes: a window is counted that nobody looks at, because a Redis that answers but takes no
/// writes is of no use.
#[derive(Clone)]
pub(crate) struct Prober {
    pub(crate) queue: Arc<Queue<Box<dyn Job>>>,
    pub(crate) health: Arc<Health>,
    pub(crate) key: String,
}

impl Prober {
    /// Whether a call may be made now. If not, a probe is sent when it is time for one.
    pub(crate) fn allows(&self) -> bool {
        match self.health.ask() {
            Leave::Ask => true,
            Leave::DoWithout => false,
            Leave::Probe => {
                self.now();
                false
            }
        }
    }

    /// Sends a probe if Redis is left alone and it is time for one.
    pub(crate) fn if_due(&self) {
        self.allows();
    }

    /// Sends a probe.
    pub(crate) fn now(&self) {
        let key = self.key.clone();
        let work = move |link: &mut Link| commands::count(link, &key, WINDOW).map(drop);
        // A full queue has calls enough to learn from.
        let _ = self.queue.push(Box::new(Probe(work)));
    }
}
