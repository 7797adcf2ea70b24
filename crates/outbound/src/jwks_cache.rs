//! The key sets that clients publish, kept for a while.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use moka::{policy::EvictionPolicy, sync::Cache};
use serde_json::Value;
use tokio::sync::Mutex;
use vestibule_model::Timestamp;

use crate::{Accept, Outbound, OutboundFault};

/// Seconds that a copy is good for when its host says nothing about it.
const DEFAULT_AGE: i64 = 5 * 60;

/// Seconds that a copy is good for at least and at most, whatever its host says.
const AGES: (i64, i64) = (60, 60 * 60);

/// Seconds that a copy outlives its host.
const LAST_RESORT: i64 = 24 * 60 * 60;

/// Seconds between two fetches for the sake of a key that nobody knows: anyone can name one.
const REFRESH_PAUSE: i64 = 30;

/// Seconds that a host is left alone for after it failed.
const FAILURE_PAUSE: i64 = 10;

/// Bytes of memory for all copies together, as [`Slot::weight`] counts them.
const ROOM: u64 = 64 * 1024 * 1024;

/// Bytes that an address takes up without a copy.
const EMPTY: u32 = 1_024;

/// Bytes of memory that a byte of JSON takes up at most, or nearly: `0,` becomes a value of 32.
const SWELLING: usize = 16;

/// Reads clients' `jwks_uri` (OpenID Connect Core 1.0 §10.1.1, RFC 7591 §2). Clones share what is kept.
///
/// One address is fetched by one caller at a time; the others wait for the same answer.
#[derive(Clone, Debug)]
pub struct ClientKeys {
    outbound: Outbound,
    slots: Cache<String, Arc<Slot>>,
}

/// What is kept for one address.
#[derive(Debug)]
struct Slot {
    weight: AtomicU32,
    state: Arc<Mutex<State>>,
}

/// What to answer with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ask {
    /// What is good still.
    Good,
    /// If it may be, something newer than that, for a key was not in it.
    Newer,
}

type Answer = Result<Arc<Value>, OutboundFault>;

/// What is known of one address, and when what was done about it.
#[derive(Debug, Default)]
struct State {
    copy: Option<Copy>,
    failure: Option<(OutboundFault, Timestamp)>,
    refreshed: Option<Timestamp>,
}

#[derive(Debug)]
struct Copy {
    keys: Arc<Value>,
    since: Timestamp,
    good_until: Timestamp,
}

impl ClientKeys {
    /// Keeps nothing yet, and fetches through `outbound`.
    #[must_use]
    pub fn new(outbound: Outbound) -> Self {
        Self::with_room(outbound, ROOM)
    }

    fn with_room(outbound: Outbound, room: u64) -> Self {
        // Least recently used: the default policy keeps what is new out of a full cache, and with it
        // the memory of what was fetched when.
        let slots = Cache::builder()
            .eviction_policy(EvictionPolicy::lru())
            .weigher(|url: &String, slot: &Arc<Slot>| {
                let address = u32::try_from(url.len()).unwrap_or(u32::MAX);
                slot.weight.load(Ordering::Relaxed).saturating_add(address)
            })
            .max_capacity(room)
            .build();
        Self { outbound, slots }
    }

    /// The key set at `url` (RFC 7517 §5): the copy at hand while it is good, which is as long as the
    /// host says in `Cache-Control` within 60 s and 1 h, or 5 min; then a new one. If that cannot be
    /// had, the copy serves on until it is 24 h old, and the host is left alone for 10 s.
    ///
    /// # Errors
    /// [`OutboundFault`] if there is no copy either.
    pub async fn keys(&self, url: &str, now: Timestamp) -> Result<Arc<Value>, OutboundFault> {
        self.answer(url, now, Ask::Good).await
    }

    /// The key set at `url`, for a key that [`keys`](Self::keys) did not have: a client may change keys
    /// at any time (OpenID Connect Core 1.0 §10.1.1). Fetches for this reason at most once in 30 s;
    /// in between it answers as [`keys`](Self::keys).
    ///
    /// # Errors
    /// [`OutboundFault`] if there is no copy either.
    pub async fn refreshed(&self, url: &str, now: Timestamp) -> Result<Arc<Value>, OutboundFault> {
        self.answer(url, now, Ask::Newer).await
    }

    async fn answer(&self, url: &str, now: Timestamp, ask: Ask) -> Answer {
        let slot = self.slots.get_with_by_ref(url, || {
            Arc::new(Slot { weight: AtomicU32::new(EMPTY), state: Arc::default() })
        });
        let mut state = Arc::clone(&slot.state).lock_owned().await;
        if let Some(answer) = state.at_hand(now, ask) {
            return answer;
        }
        // A task of its own: whoever asked first may leave, and neither those that wait nor the pauses
        // may suffer from that.
        let (this, url) = (self.clone(), url.to_owned());
        let fetch = tokio::spawn(async move {
            let fetched = this.fetch(&url, now, &slot).await;
            this.slots.insert(url, slot);
            state.take(fetched, now, ask)
        });
        fetch.await.unwrap_or(Err(OutboundFault::Busy))
    }

    async fn fetch(&self, url: &str, now: Timestamp, slot: &Slot) -> Result<Copy, OutboundFault> {
        let fetched = self.outbound.get(url, Accept::JwkSet).await?;
        let keys: Value = fetched.json()?;
        if !keys.get("keys").is_some_and(Value::is_array) {
            return Err(OutboundFault::NotA("a set of keys (RFC 7517 section 5)"));
        }
        let weight = u32::try_from(fetched.body.len().saturating_mul(SWELLING));
        slot.weight.store(weight.unwrap_or(u32::MAX).saturating_add(EMPTY), Ordering::Relaxed);
        let age = fetched.max_age.map(|age| i64::try_from(age).unwrap_or(i64::MAX));
        let age = age.unwrap_or(DEFAULT_AGE).clamp(AGES.0, AGES.1);
        Ok(Copy { keys: Arc::new(keys), since: now, good_until: now.plus(age) })
    }
}

impl State {
    /// The answer, unless it takes a fetch.
    fn at_hand(&self, now: Timestamp, ask: Ask) -> Option<Answer> {
        if let Some((fault, until)) = &self.failure
            && now < *until
        {
            return Some(self.last_resort(now).ok_or_else(|| fault.clone()));
        }
        let paused = self.refreshed.is_some_and(|at| now.since(at) < REFRESH_PAUSE);
        if ask == Ask::Newer && !paused {
            return None;
        }
        let good = self.copy.as_ref().filter(|copy| now < copy.good_until)?;
        Some(Ok(Arc::clone(&good.keys)))
    }

    /// The answer once there was a fetch.
    fn take(&mut self, fetched: Result<Copy, OutboundFault>, now: Timestamp, ask: Ask) -> Answer {
        // Nothing was sent, so nobody is to be left alone for it.
        if fetched.as_ref().is_err_and(|fault| *fault == OutboundFault::Busy) {
            return self.last_resort(now).ok_or(OutboundFault::Busy);
        }
        if ask == Ask::Newer {
            self.refreshed = Some(now);
        }
        match fetched {
            Ok(copy) => {
                let keys = Arc::clone(&copy.keys);
                (self.copy, self.failure) = (Some(copy), None);
                Ok(keys)
            }
            Err(fault) => {
                self.failure = Some((fault.clone(), now.plus(FAILURE_PAUSE)));
                self.last_resort(now).ok_or(fault)
            }
        }
    }

    /// The copy, good or not.
    fn last_resort(&self, now: Timestamp) -> Option<Arc<Value>> {
        let copy = self.copy.as_ref().filter(|copy| now.since(copy.since) < LAST_RESORT)?;
        Some(Arc::clone(&copy.keys))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn copy(number: i64, now: Timestamp, age: i64) -> Copy {
        Copy { keys: Arc::new(Value::from(number)), since: now, good_until: now.plus(age) }
    }

    #[derive(Clone, Debug)]
    struct Step {
        later: i64,
        newer: bool,
        outcome: Result<i64, OutboundFault>,
    }

    fn step() -> impl Strategy<Value = Step> {
        let later = prop_oneof![0..5_i64, 0..70_i64, 0..5_000_i64, 80_000..90_000_i64];
        let outcome = prop_oneof![
            (AGES.0..=AGES.1).prop_map(Ok),
            Just(Err(OutboundFault::Unreachable)),
            Just(Err(OutboundFault::Busy)),
        ];
        (later, any::<bool>(), outcome).prop_map(|(later, newer, outcome)| Step {
            later,
            newer,
            outcome,
        })
    }

    proptest! {
        /// Whatever happens, nobody is hammered and nothing too old is believed.
        #[test]
        fn pauses_and_ages_are_kept(steps in proptest::collection::vec(step(), 1..60)) {
            let (mut state, mut now) = (State::default(), Timestamp(1_000_000));
            let (mut refreshed, mut failed, mut fetched) = (None, None, None::<(Timestamp, i64)>);
            for step in steps {
                now = now.plus(step.later);
                let ask = if step.newer { Ask::Newer } else { Ask::Good };
                let at_hand = state.at_hand(now, ask);
                let fetches = at_hand.is_none();
                let good = fetched.is_some_and(|(at, age)| now.since(at) < age);
                let left_alone = failed.is_some_and(|at| now.since(at) < FAILURE_PAUSE);
                let paused = refreshed.is_some_and(|at| now.since(at) < REFRESH_PAUSE);
                let serves = good && (!step.newer || paused);
                prop_assert_eq!(fetches, !left_alone && !serves, "{:?}", step);
                let answer = at_hand.unwrap_or_else(|| {
                    let outcome = step.outcome.clone();
                    let outcome = outcome.map(|age| copy(now.0, now, age));
                    state.take(outcome, now, ask)
                });
                if fetches {
                    let busy = step.outcome == Err(OutboundFault::Busy);
                    refreshed = if step.newer && !busy { Some(now) } else { refreshed };
                    match step.outcome {
                        Ok(age) => (fetched, failed) = (Some((now, age)), None),
                        Err(_) if busy => {}
                        Err(_) => failed = Some(now),
                    }
                }
                let newest = fetched.filter(|(at, _)| now.since(*at) < LAST_RESORT);
                match (answer, newest) {
                    (Ok(keys), Some((at, _))) => prop_assert_eq!(&*keys, &Value::from(at.0)),
                    (Err(_), None) => {}
                    (answer, newest) => prop_assert!(false, "{answer:?} of {newest:?}"),
                }
            }
        }
    }

    fn client_keys(room: u64) -> ClientKeys {
        let rules = crate::Rules { allow_private_addresses: true, ..crate::Rules::default() };
        ClientKeys::with_room(Outbound::new(rules).expect("rules that work"), room)
    }

    #[tokio::test]
    async fn what_is_kept_of_addresses_has_an_end_and_begins_with_the_newest() {
        let keys = client_keys(u64::from(EMPTY) * 20);
        let urls: Vec<_> = (0..200).map(|number| format!("urn:keys:{number}")).collect();
        for url in &urls {
            assert_eq!(keys.keys(url, Timestamp(0)).await, Err(OutboundFault::NotHttps));
            keys.slots.run_pending_tasks();
        }
        assert!(keys.slots.weighted_size() <= u64::from(EMPTY) * 20);
        assert!(urls[190..].iter().all(|url| keys.slots.contains_key(url)), "the newest are kept");
    }

    #[tokio::test]
    async fn copies_count_by_their_size() {
        let site = crate::testing::FakeSite::start().await;
        let content = format!(r#"{{"keys":[],"padding":"{}"}}"#, "a".repeat(4_000));
        let room = 100_000;
        let keys = client_keys(room);
        for path in ["/a", "/b", "/c"] {
            site.at(path, crate::testing::Answer::json(&content));
            assert!(keys.keys(&site.url(path), Timestamp(0)).await.is_ok());
            keys.slots.run_pending_tasks();
        }
        assert!(keys.slots.weighted_size() <= room);
        assert_eq!(keys.slots.entry_count(), 1, "there is room for one of them");
    }

    #[test]
    fn the_first_unknown_key_is_looked_for_at_once() {
        let mut state = State::default();
        let now = Timestamp(1_000);
        assert!(state.at_hand(now, Ask::Good).is_none());
        state.take(Ok(copy(1, now, 300)), now, Ask::Good).expect("a copy");
        assert!(state.at_hand(now, Ask::Newer).is_none(), "a usual fetch is no refresh");
        state.take(Ok(copy(2, now, 300)), now, Ask::Newer).expect("a copy");
        assert!(state.at_hand(now.plus(29), Ask::Newer).is_some());
        assert!(state.at_hand(now.plus(30), Ask::Newer).is_none());
    }
}
