//! Figures of the database's pools and of its replica.

use std::sync::{Arc, Weak};

use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;
use vestibule_storage::{PoolState, ReplicaState};
use vestibule_web::{AppState, State};

/// Name, description, and where the figure comes from.
type Figure = (&'static str, &'static str, fn(&PoolState) -> u64);

const GAUGES: [Figure; 4] = [
    ("vestibule.database.pool.size", "Connections there may be", |pool| pool.size.into()),
    ("vestibule.database.pool.in_use", "Connections that a job holds", |pool| pool.in_use.into()),
    ("vestibule.database.pool.idle", "Connections that wait for a job", |pool| pool.idle.into()),
    ("vestibule.database.pool.waiting", "Jobs that wait for a thread", |pool| {
        u64::try_from(pool.waiting).unwrap_or(u64::MAX)
    }),
];

const COUNTERS: [Figure; 4] = [
    ("vestibule.database.jobs", "Jobs that got a connection", |pool| pool.jobs),
    (
        "vestibule.database.retries",
        "Jobs run once more: a deadlock, a serialization failure, a lost connection",
        |pool| pool.retries,
    ),
    ("vestibule.database.connections.opened", "Connections opened", |pool| pool.opened),
    (
        "vestibule.database.connections.lost",
        "Connections that turned out to be dead or read-only",
        |pool| pool.lost,
    ),
];

/// Registers them with `meter`; they say nothing more once `state` is gone.
pub fn register(meter: &Meter, state: &State) {
    let state = Arc::downgrade(&state.clone().into_inner());
    for (name, description, look) in GAUGES {
        let each = each_pool(&state, look);
        let gauge = meter.u64_observable_gauge(name).with_description(description);
        // What is observed is kept by the meter; the handles are of no further use.
        let _registered = gauge
            .with_callback(move |observer| each(&mut |value, pool| observer.observe(value, pool)))
            .build();
    }
    for (name, description, look) in COUNTERS {
        let each = each_pool(&state, look);
        let counter = meter.u64_observable_counter(name).with_description(description);
        let _registered = counter
            .with_callback(move |observer| each(&mut |value, pool| observer.observe(value, pool)))
            .build();
    }
    register_wait(meter, &state);
    register_replica(meter, &state);
}

/// What tells a figure of every pool, with the pool's name.
fn each_pool(state: &Weak<AppState>, look: fn(&PoolState) -> u64) -> impl Fn(Tell<'_>) + use<> {
    let state = Weak::clone(state);
    move |tell| {
        for pool in state.upgrade().iter().flat_map(|state| state.db.pools()) {
            tell(look(&pool), &[KeyValue::new("pool", pool.name)]);
        }
    }
}

/// Takes a value with its attributes.
type Tell<'a> = &'a mut dyn FnMut(u64, &[KeyValue]);

fn register_wait(meter: &Meter, state: &Weak<AppState>) {
    let state = Weak::clone(state);
    let _registered = meter
        .f64_observable_counter("vestibule.database.wait")
        .with_unit("s")
        .with_description("How long jobs waited for a connection, added up")
        .with_callback(move |observer| {
            for pool in state.upgrade().iter().flat_map(|state| state.db.pools()) {
                let name = [KeyValue::new("pool", pool.name)];
                observer.observe(pool.waited.as_secs_f64(), &name);
            }
        })
        .build();
}

/// Nothing without a replica.
fn register_replica(meter: &Meter, state: &Weak<AppState>) {
    let of = |state: &Weak<AppState>| state.upgrade().and_then(|state| state.db.replica_state());
    let (serving, lag) = (Weak::clone(state), Weak::clone(state));
    let _registered = meter
        .u64_observable_gauge("vestibule.database.replica.serving")
        .with_description("1 while the replica serves reads that may lag, else 0")
        .with_callback(move |observer| {
            if let Some(replica) = of(&serving) {
                let serves = matches!(replica, ReplicaState::Serving { .. });
                observer.observe(u64::from(serves), &[]);
            }
        })
        .build();
    let _registered = meter
        .f64_observable_gauge("vestibule.database.replica.lag")
        .with_unit("s")
        .with_description("How far the replica is behind the primary, where that is known")
        .with_callback(move |observer| {
            if let Some(ReplicaState::Serving { lag } | ReplicaState::Lagging { lag }) = of(&lag) {
                observer.observe(lag.as_secs_f64(), &[]);
            }
        })
        .build();
}
