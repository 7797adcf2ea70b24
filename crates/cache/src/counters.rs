//! Counters of this process: where there is no Redis, and while it is away.

use std::time::{Duration, Instant};

use moka::{Expiry, policy::EvictionPolicy, sync::Cache as Moka};

/// Counters kept at once. One takes about 200 bytes; beyond that the longest untouched go first.
const CAPACITY: u64 = 100_000;

/// Counters by key, each of one fixed window.
pub(crate) struct Counters {
    windows: Moka<String, Window>,
}

#[derive(Clone, Copy)]
struct Window {
    count: u64,
    ends: Instant,
}

impl Window {
    fn left(&self, now: Instant) -> Duration {
        self.ends.saturating_duration_since(now)
    }
}

/// A counter goes when its window ends.
struct AtItsEnd;

impl Expiry<String, Window> for AtItsEnd {
    fn expire_after_create(&self, _: &String, window: &Window, now: Instant) -> Option<Duration> {
        Some(window.left(now))
    }

    fn expire_after_update(
        &self,
        _: &String,
        window: &Window,
        now: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(window.left(now))
    }
}

impl Counters {
    pub(crate) fn new() -> Self {
        let windows = Moka::builder()
            .max_capacity(CAPACITY)
            // The default policy refuses newcomers when full: the key under attack would stay at 1.
            .eviction_policy(EvictionPolicy::lru())
            .expire_after(AtItsEnd)
            .build();
        Self { windows }
    }

    /// Adds one to `key` in the window that is open at `now`, or opens one of `length`. Gives the
    /// count and what is left of the window.
    pub(crate) fn add(&self, key: &str, length: Duration, now: Instant) -> (u64, Duration) {
        let entry = self.windows.entry_by_ref(key).and_upsert_with(|entry| {
            match entry.map(moka::Entry::into_value) {
                Some(open) if open.ends > now => {
                    Window { count: open.count.saturating_add(1), ..open }
                }
                _ => Window { count: 1, ends: now + length },
            }
        });
        let window = entry.into_value();
        (window.count, window.left(now))
    }

    /// Remembers what the shared counter said, so that counting goes on from there without it.
    pub(crate) fn remember(&self, key: &str, count: u64, left: Duration, now: Instant) {
        self.windows.entry_by_ref(key).and_upsert_with(|entry| {
            match entry.map(moka::Entry::into_value) {
                // Answers may overtake each other.
                Some(open) if open.ends > now && open.count > count => open,
                _ => Window { count, ends: now + left },
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn a_window_counts_until_it_ends_and_then_another_opens() {
        let counters = Counters::new();
        let now = Instant::now();
        assert_eq!(counters.add("a", MINUTE, now), (1, MINUTE));
        assert_eq!(counters.add("a", MINUTE, now + MINUTE / 2), (2, MINUTE / 2));
        assert_eq!(counters.add("b", MINUTE, now), (1, MINUTE));
        assert_eq!(counters.add("a", MINUTE, now + MINUTE), (1, MINUTE));
    }

    #[test]
    fn counting_goes_on_from_what_the_shared_counter_said() {
        let counters = Counters::new();
        let now = Instant::now();
        counters.remember("a", 40, MINUTE / 2, now);
        counters.remember("a", 39, MINUTE / 2, now);
        assert_eq!(counters.add("a", MINUTE, now), (41, MINUTE / 2));
        assert_eq!(counters.add("a", MINUTE, now + MINUTE / 2), (1, MINUTE));
    }

    #[test]
    fn parallel_counts_are_all_counted() {
        let counters = Counters::new();
        let now = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        counters.add("a", MINUTE, now);
                    }
                });
            }
        });
        assert_eq!(counters.add("a", MINUTE, now).0, 2_001);
    }

    #[test]
    fn memory_is_bounded_and_what_is_counted_now_stays() {
        let counters = Counters::new();
        let now = Instant::now();
        for number in 0..CAPACITY + 20_000 {
            counters.add(&number.to_string(), MINUTE, now);
            counters.add("hot", MINUTE, now);
        }
        counters.windows.run_pending_tasks();
        assert!(counters.windows.entry_count() <= CAPACITY);
        assert_eq!(counters.add("hot", MINUTE, now).0, CAPACITY + 20_001);
    }
}
