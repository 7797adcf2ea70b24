//! What a thread does with the server just now, for another to see whether it ever comes back.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use crate::{StorageError, trouble::Witness};

/// Whoever waits for what the thread does.
pub(crate) trait Caller: Send + Sync {
    /// Answers him, unless that has happened.
    fn tell(&self, error: StorageError);
}

/// How long a thread may be out of hearing. A server keeps shorter limits itself, as long as it runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Before it has a connection.
    pub(crate) connecting: Duration,
    /// Over one statement.
    pub(crate) statement: Duration,
}

/// Where a thread says what it does.
#[derive(Default)]
pub(crate) struct Post {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    turn: Option<Turn>,
    is_given_up: bool,
    has_left: bool,
}

struct Turn {
    began: Instant,
    caller: Option<Arc<dyn Caller>>,
    /// The generation of the connections that it draws from.
    generation: u64,
    /// Watches the connection, once there is one.
    witness: Option<Witness>,
}

impl Post {
    /// Begins something that needs a connection of `generation`.
    pub(crate) fn begin(&self, caller: Option<Arc<dyn Caller>>, generation: u64) {
        let turn = Turn { began: Instant::now(), caller, generation, witness: None };
        self.state.lock().turn = Some(turn);
    }

    /// Goes on with the connection that `witness` watches.
    pub(crate) fn connected(&self, witness: &Witness) {
        if let Some(turn) = &mut self.state.lock().turn {
            turn.witness = Some(witness.clone());
        }
    }

    /// Ends it.
    pub(crate) fn end(&self) {
        self.state.lock().turn = None;
    }

    /// Whether nobody waits for this thread any more: another one is in its place.
    pub(crate) fn is_given_up(&self) -> bool {
        self.state.lock().is_given_up
    }

    /// The thread ends.
    pub(crate) fn leave(&self) {
        self.state.lock().has_left = true;
    }

    /// Whether the thread ended.
    pub(crate) fn has_left(&self) -> bool {
        self.state.lock().has_left
    }

    /// Gives the thread up if it is out of hearing for longer than `limits`, and answers for it.
    /// Returns the generation of its connection.
    pub(crate) fn give_up(&self, limits: Limits) -> Option<u64> {
        let mut state = self.state.lock();
        let turn = state.turn.as_ref()?;
        let is_stuck = match &turn.witness {
            None => turn.began.elapsed() > limits.connecting,
            Some(witness) => witness.running_for() > limits.statement,
        };
        if !is_stuck || state.is_given_up {
            return None;
        }
        state.is_given_up = true;
        let turn = state.turn.take()?;
        drop(state);
        if let Some(caller) = turn.caller {
            caller.tell(StorageError::silent());
        }
        Some(turn.generation)
    }
}
