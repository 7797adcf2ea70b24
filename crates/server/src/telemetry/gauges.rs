//! Figures that are looked at when somebody asks: how busy the server is now.

use std::sync::{Arc, Weak};

use opentelemetry::metrics::Meter;
use vestibule_web::{AppState, State};

type Look = fn(&AppState) -> usize;

/// Name, description, and where the figure comes from.
const GAUGES: [(&str, &str, Look); 5] = [
    ("vestibule.requests.in_flight", "Requests being answered now", |state| {
        state.admission.in_flight()
    }),
    ("vestibule.database.waiting", "Jobs that wait for a database thread now", |state| {
        state.db.waiting()
    }),
    ("vestibule.password.waiting", "Jobs that wait for a password thread now", |state| {
        state.passwords.backlog().waiting
    }),
    ("vestibule.redis.waiting", "Calls that wait for a connection to Redis now", |state| {
        state.cache.waiting()
    }),
    ("vestibule.redis.listening", "1: changes elsewhere are heard at once", |state| {
        usize::from(state.cache.is_listening())
    }),
];

/// Registers them with `meter`; they say nothing more once `state` is gone.
pub fn register(meter: &Meter, state: &State) {
    let state = Arc::downgrade(&state.clone().into_inner());
    for (name, description, look) in GAUGES {
        let state = Weak::clone(&state);
        let gauge = meter.u64_observable_gauge(name).with_description(description);
        // What is observed is kept by the meter; the handle is of no further use.
        let _registered = gauge
            .with_callback(move |observer| {
                if let Some(state) = state.upgrade() {
                    observer.observe(u64::try_from(look(&state)).unwrap_or(u64::MAX), &[]);
                }
            })
            .build();
    }
}
