//! What the app remembers, in memory and bounded: sign-ins under way, sign-outs under way, and
//! sessions. A restart forgets it all.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    sync::Arc,
};

use openidconnect::CsrfToken;
use parking_lot::Mutex;
use tokio::sync::Mutex as AsyncMutex;

use crate::{sign_in::Pending, tokens::SignedIn};

/// How many of each are kept; the oldest goes first.
const KEPT: usize = 2_000;

/// The app's memory. A sign-in under way is bound to the browser that began it.
#[derive(Default)]
pub struct Browsers(Mutex<Memory>);

#[derive(Default)]
struct Memory {
    pending: Bounded<(String, String), Arc<AsyncMutex<Pending>>>,
    sign_outs: Bounded<(String, String), ()>,
    sessions: Bounded<String, Arc<AsyncMutex<SignedIn>>>,
}

impl Browsers {
    /// Keeps a sign-in that `browser` began.
    pub fn start(&self, browser: &str, state: &str, pending: Pending) {
        let key = (browser.to_owned(), state.to_owned());
        self.0.lock().pending.insert(key, Arc::new(AsyncMutex::new(pending)));
    }

    /// The sign-in that `browser` began with `state`.
    pub fn pending(&self, browser: &str, state: &str) -> Option<Arc<AsyncMutex<Pending>>> {
        self.0.lock().pending.get(&(browser.to_owned(), state.to_owned())).cloned()
    }

    /// Opens a session and returns its key.
    pub fn sign_in(&self, signed_in: SignedIn) -> String {
        let key = random_key();
        self.0.lock().sessions.insert(key.clone(), Arc::new(AsyncMutex::new(signed_in)));
        key
    }

    /// The session of that key.
    pub fn session(&self, key: &str) -> Option<Arc<AsyncMutex<SignedIn>>> {
        self.0.lock().sessions.get(&key.to_owned()).cloned()
    }

    /// Whether the session of that key is still open.
    pub fn has_session(&self, key: &str) -> bool {
        self.0.lock().sessions.get(&key.to_owned()).is_some()
    }

    /// Ends the session and remembers the sign-out that goes on at the server.
    pub fn sign_out(&self, session: &str, browser: &str, state: &str) {
        let mut memory = self.0.lock();
        memory.sessions.remove(&session.to_owned());
        memory.sign_outs.insert((browser.to_owned(), state.to_owned()), ());
    }

    /// Whether `browser` began a sign-out with `state`; forgets it.
    pub fn take_sign_out(&self, browser: &str, state: &str) -> bool {
        self.0.lock().sign_outs.remove(&(browser.to_owned(), state.to_owned())).is_some()
    }
}

/// 256 random bits, base64url.
pub fn random_key() -> String {
    CsrfToken::new_random_len(32).into_secret()
}

/// A map that forgets its oldest entry when it is full.
struct Bounded<K, V> {
    entries: HashMap<K, V>,
    order: VecDeque<K>,
}

impl<K, V> Default for Bounded<K, V> {
    fn default() -> Self {
        Self { entries: HashMap::new(), order: VecDeque::new() }
    }
}

impl<K: Clone + Eq + Hash, V> Bounded<K, V> {
    fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key)
    }

    fn insert(&mut self, key: K, value: V) {
        if self.entries.insert(key.clone(), value).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.entries.remove(&oldest);
        }
    }

    fn remove(&mut self, key: &K) -> Option<V> {
        self.order.retain(|kept| kept != key);
        self.entries.remove(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_forgets_the_oldest() {
        let mut bounded = Bounded::default();
        for number in 0..=KEPT {
            bounded.insert(number, ());
        }
        assert_eq!((bounded.entries.len(), bounded.order.len()), (KEPT, KEPT));
        assert!(bounded.get(&0).is_none() && bounded.get(&1).is_some());
        bounded.remove(&1);
        assert_eq!((bounded.entries.len(), bounded.order.len()), (KEPT - 1, KEPT - 1));
    }

    #[test]
    fn a_sign_out_returns_once_and_to_its_own_browser() {
        let browsers = Browsers::default();
        browsers.sign_out("session", "browser", "state");
        assert!(!browsers.take_sign_out("another", "state"));
        assert!(browsers.take_sign_out("browser", "state"));
        assert!(!browsers.take_sign_out("browser", "state"));
    }

    #[test]
    fn keys_are_long_and_differ() {
        let (one, other) = (random_key(), random_key());
        assert_eq!(one.len(), 43);
        assert_ne!(one, other);
    }
}
