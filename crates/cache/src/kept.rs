//! What a process keeps for a moment of what the database holds, and how it learns that it changed.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use moka::sync::Cache as Moka;
use parking_lot::RwLock;

use crate::{Cache, message::Word};

/// Changes are remembered by a hash of the key: two keys that share a place drop each other's value
/// needlessly, once in so many.
const PLACES: usize = 4_096;

/// Values this process keeps for at most `max_age`, dropped at once when any instance says that
/// they changed. Without Redis nothing is kept: nobody could say so. Clones share their values.
///
/// To load one: [`begin`](Self::begin), read it, [`put`](Self::put). The bound counts from `begin`,
/// also when the word of a change never comes.
pub struct Kept<V> {
    on: Option<Arc<Values<V>>>,
}

impl<V> Clone for Kept<V> {
    fn clone(&self) -> Self {
        Self { on: self.on.clone() }
    }
}

/// The moment before a load. A value is not kept if a change was announced since.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    change: u64,
    at: Instant,
}

impl<V: Send + Sync + 'static> Kept<V> {
    /// Up to `capacity` values that [`Cache::changed`] of `kind` drops, each for `max_age` at most.
    /// Keeps nothing if `cache` is not shared or `max_age` is zero.
    #[must_use]
    pub fn new(cache: &Cache, kind: &'static str, capacity: u64, max_age: Duration) -> Self {
        if !cache.is_shared() || max_age.is_zero() {
            return Self { on: None };
        }
        let values = Arc::new(Values::new(capacity, max_age));
        let listener: Arc<dyn Listener> = Arc::clone(&values) as Arc<dyn Listener>;
        cache.listeners().add(kind, &listener);
        Self { on: Some(values) }
    }

    /// Notes the moment before the value is read from the database.
    #[must_use]
    pub fn begin(&self) -> Mark {
        let change = self.on.as_ref().map_or(0, |values| values.change.load(Ordering::SeqCst));
        Mark { change, at: Instant::now() }
    }

    /// The value, if one is kept that nobody has changed since it was read.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Arc<V>> {
        let values = self.on.as_ref()?;
        let stored = values.stored.get(key)?;
        let fresh = values.is_fresh(key, &stored.mark, Instant::now());
        fresh.then_some(stored.value)
    }

    /// Keeps `value`, read after `mark`; does nothing if a change was announced since.
    pub fn put(&self, mark: &Mark, key: String, value: V) {
        let Some(values) = &self.on else { return };
        if values.is_fresh(&key, mark, Instant::now()) {
            values.stored.insert(key, Stored { mark: *mark, value: Arc::new(value) });
        }
    }

    /// Whether anything is kept at all.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.on.is_some()
    }
}

struct Values<V> {
    stored: Moka<String, Stored<V>>,
    max_age: Duration,
    /// Counts the changes that were announced.
    change: AtomicU64,
    /// The number of the latest change of the keys of each place.
    places: Vec<AtomicU64>,
    hasher: RandomState,
}

struct Stored<V> {
    mark: Mark,
    value: Arc<V>,
}

impl<V> Clone for Stored<V> {
    fn clone(&self) -> Self {
        Self { mark: self.mark, value: Arc::clone(&self.value) }
    }
}

impl<V: Send + Sync + 'static> Values<V> {
    fn new(capacity: u64, max_age: Duration) -> Self {
        Self {
            stored: Moka::builder().max_capacity(capacity).time_to_live(max_age).build(),
            max_age,
            change: AtomicU64::new(0),
            places: (0..PLACES).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
        }
    }

    /// Whether what was read after `mark` may still be served. Asked when it is put and again when
    /// it is got, so that a change between the two cannot slip through.
    fn is_fresh(&self, key: &str, mark: &Mark, now: Instant) -> bool {
        let changed = self.place(key).map_or(u64::MAX, |place| place.load(Ordering::SeqCst));
        changed <= mark.change && now.saturating_duration_since(mark.at) < self.max_age
    }

    fn place(&self, key: &str) -> Option<&AtomicU64> {
        let places = u64::try_from(PLACES).ok()?;
        let number = usize::try_from(self.hasher.hash_one(key) % places).ok()?;
        self.places.get(number)
    }
}

/// One that wants to know what changed.
pub(crate) trait Listener: Send + Sync {
    /// These changed.
    fn forget(&self, keys: &[&str]);
    /// Anything may have changed.
    fn forget_all(&self);
}

impl<V: Send + Sync + 'static> Listener for Values<V> {
    fn forget(&self, keys: &[&str]) {
        let change = self.change.fetch_add(1, Ordering::SeqCst) + 1;
        for key in keys {
            if let Some(place) = self.place(key) {
                // Two changes at once: the later number stays.
                place.fetch_max(change, Ordering::SeqCst);
            }
            self.stored.invalidate(*key);
        }
    }

    fn forget_all(&self) {
        let change = self.change.fetch_add(1, Ordering::SeqCst) + 1;
        for place in &self.places {
            place.fetch_max(change, Ordering::SeqCst);
        }
        self.stored.invalidate_all();
    }
}

/// Everything that is kept in this process, by kind.
#[derive(Default)]
pub(crate) struct Listeners {
    list: RwLock<Vec<(&'static str, Weak<dyn Listener>)>>,
}

impl Listeners {
    fn add(&self, kind: &'static str, listener: &Arc<dyn Listener>) {
        let mut list = self.list.write();
        list.retain(|(_, listener)| listener.strong_count() > 0);
        list.push((kind, Arc::downgrade(listener)));
    }

    /// Drops what `word` is about.
    pub(crate) fn hear(&self, word: &Word<'_>) {
        match word {
            Word::Keys { kind, keys } => {
                self.of(Some(kind)).iter().for_each(|listener| listener.forget(keys));
            }
            Word::Kind(kind) => {
                self.of(Some(kind)).iter().for_each(|listener| listener.forget_all());
            }
            Word::Unknown => self.of(None).iter().for_each(|listener| listener.forget_all()),
        }
    }

    fn of(&self, kind: Option<&str>) -> Vec<Arc<dyn Listener>> {
        let list = self.list.read();
        let matching = list.iter().filter(|(own, _)| kind.is_none_or(|kind| kind == *own));
        matching.filter_map(|(_, listener)| listener.upgrade()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn kept(max_age: Duration) -> (Kept<u32>, Listeners) {
        let values = Arc::new(Values::new(100, max_age));
        let listeners = Listeners::default();
        let listener: Arc<dyn Listener> = Arc::clone(&values) as Arc<dyn Listener>;
        listeners.add("client", &listener);
        (Kept { on: Some(values) }, listeners)
    }

    fn put(kept: &Kept<u32>, key: &str, value: u32) {
        kept.put(&kept.begin(), key.to_owned(), value);
    }

    /// Says that `key` of `kind` changed.
    fn change(listeners: &Listeners, kind: &str, key: &str) {
        listeners.hear(&Word::of(kind, &[key.to_owned()]));
    }

    fn got(kept: &Kept<u32>, key: &str) -> Option<u32> {
        kept.get(key).map(|value| *value)
    }

    #[test]
    fn what_is_put_is_got_until_it_changes() {
        let (kept, listeners) = kept(HOUR);
        put(&kept, "a", 1);
        put(&kept, "b", 2);
        assert_eq!((got(&kept, "a"), got(&kept, "b"), got(&kept, "c")), (Some(1), Some(2), None));
        change(&listeners, "client", "a");
        assert_eq!((got(&kept, "a"), got(&kept, "b")), (None, Some(2)));
        change(&listeners, "session", "b");
        assert_eq!(got(&kept, "b"), Some(2));
        put(&kept, "a", 3);
        assert_eq!(got(&kept, "a"), Some(3));
    }

    #[test]
    fn a_word_on_the_kind_or_on_anything_drops_all() {
        for word in [Word::Kind("client"), Word::Unknown] {
            let (kept, listeners) = kept(HOUR);
            put(&kept, "a", 1);
            let mark = kept.begin();
            listeners.hear(&Word::Kind("session"));
            assert_eq!(got(&kept, "a"), Some(1));
            listeners.hear(&word);
            kept.put(&mark, "b".to_owned(), 2);
            assert_eq!((got(&kept, "a"), got(&kept, "b")), (None, None));
            put(&kept, "a", 3);
            assert_eq!(got(&kept, "a"), Some(3));
        }
    }

    #[test]
    fn what_changed_while_it_was_read_is_not_kept() {
        let (kept, listeners) = kept(HOUR);
        let mark = kept.begin();
        change(&listeners, "client", "a");
        kept.put(&mark, "a".to_owned(), 1);
        kept.put(&mark, "b".to_owned(), 2);
        assert_eq!((got(&kept, "a"), got(&kept, "b")), (None, Some(2)));
    }

    #[test]
    fn a_change_between_the_check_and_the_insert_is_seen_by_get() {
        let (kept, listeners) = kept(HOUR);
        let mark = kept.begin();
        change(&listeners, "client", "a");
        // As if `put` had looked a moment before the change.
        let values = kept.on.as_ref().unwrap();
        values.stored.insert("a".to_owned(), Stored { mark, value: Arc::new(1) });
        assert_eq!(got(&kept, "a"), None);
    }

    #[test]
    fn the_bound_counts_from_before_the_load() {
        let (kept, _) = kept(HOUR);
        let mark = Mark { at: Instant::now().checked_sub(HOUR).unwrap(), ..kept.begin() };
        kept.put(&mark, "a".to_owned(), 1);
        let values = kept.on.as_ref().unwrap();
        values.stored.insert("b".to_owned(), Stored { mark, value: Arc::new(1) });
        assert_eq!((got(&kept, "a"), got(&kept, "b")), (None, None));
    }

    #[test]
    fn without_redis_nothing_is_kept() {
        let kept = Kept::new(&Cache::in_process(), "client", 100, HOUR);
        put(&kept, "a", 1);
        assert!(!kept.is_on());
        assert_eq!(got(&kept, "a"), None);
    }

    #[test]
    fn one_that_is_gone_listens_no_more() {
        let (kept, listeners) = kept(HOUR);
        assert_eq!(listeners.of(Some("client")).len(), 1);
        drop(kept);
        assert_eq!(listeners.of(None).len(), 0);
    }

    #[test]
    fn nothing_older_than_a_change_is_ever_served_under_load() {
        let (kept, listeners) = kept(HOUR);
        let truth = AtomicU64::new(0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..20_000 {
                    truth.fetch_add(1, Ordering::SeqCst);
                    change(&listeners, "client", "a");
                    let known = truth.load(Ordering::SeqCst);
                    if let Some(value) = got(&kept, "a") {
                        assert!(u64::from(value) >= known, "{value} < {known}");
                    }
                }
            });
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..20_000 {
                        let mark = kept.begin();
                        let value = u32::try_from(truth.load(Ordering::SeqCst)).unwrap();
                        kept.put(&mark, "a".to_owned(), value);
                    }
                });
            }
        });
    }
}
