//! A bounded queue between those who ask and the worker threads.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};

/// First in, first out; refuses instead of growing.
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    not_empty: Condvar,
    at_close: Condvar,
    capacity: usize,
}

struct State<T> {
    waiting: VecDeque<T>,
    closed: bool,
}

impl<T> Queue<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            state: Mutex::new(State { waiting: VecDeque::new(), closed: false }),
            not_empty: Condvar::new(),
            at_close: Condvar::new(),
            capacity,
        }
    }

    /// Queues `item`, or gives it back if the queue is full or closed.
    pub(crate) fn push(&self, item: T) -> Result<(), T> {
        let mut state = self.state.lock();
        if state.closed || state.waiting.len() >= self.capacity {
            return Err(item);
        }
        state.waiting.push_back(item);
        drop(state);
        self.not_empty.notify_one();
        Ok(())
    }

    /// The next item; waits for one. `None` once the queue is closed and empty.
    pub(crate) fn pop(&self) -> Option<T> {
        let mut state = self.state.lock();
        loop {
            if let Some(item) = state.waiting.pop_front() {
                return Some(item);
            }
            if state.closed {
                return None;
            }
            self.not_empty.wait(&mut state);
        }
    }

    /// The next item if there is one now.
    pub(crate) fn try_pop(&self) -> Option<T> {
        self.state.lock().waiting.pop_front()
    }

    /// The next item if there is one now and it `is_so`.
    pub(crate) fn pop_if(&self, is_so: impl FnOnce(&T) -> bool) -> Option<T> {
        let mut state = self.state.lock();
        if state.waiting.front().is_some_and(is_so) { state.waiting.pop_front() } else { None }
    }

    /// Takes no more; what waits is still handed out.
    pub(crate) fn close(&self) {
        self.state.lock().closed = true;
        self.not_empty.notify_all();
        self.at_close.notify_all();
    }

    /// Waits for `time`, but not once the queue is closed. Says whether it is.
    pub(crate) fn pause(&self, time: Duration) -> bool {
        let mut state = self.state.lock();
        let until = Instant::now() + time;
        while !state.closed && !self.at_close.wait_until(&mut state, until).timed_out() {}
        state.closed
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.state.lock().waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_means_refused_and_closed_means_drained_then_over() {
        let queue = Queue::new(2);
        assert_eq!(queue.push(1), Ok(()));
        assert_eq!(queue.push(2), Ok(()));
        assert_eq!(queue.push(3), Err(3));
        assert_eq!(queue.len(), 2);
        queue.close();
        assert_eq!(queue.pop_if(|item| *item == 2), None);
        assert_eq!(queue.pop_if(|item| *item == 1), Some(1));
        assert_eq!(queue.push(4), Err(4));
        assert_eq!(queue.try_pop(), Some(2));
        assert_eq!(queue.pop(), None);
    }
}
