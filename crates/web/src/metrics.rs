//! What is counted. Labels are bounded: never a client, a user or a path with an id in it.

use opentelemetry::{
    KeyValue,
    metrics::{Counter, Gauge, Histogram, Meter},
};
use vestibule_cache::{BreakerState, Cache};

/// The instruments.
#[derive(Clone, Debug)]
pub struct Metrics {
    requests: Histogram<f64>,
    shed: Counter<u64>,
    tokens: Counter<u64>,
    sign_ins: Counter<u64>,
    refresh_replays: Counter<u64>,
    claim_sources: Counter<u64>,
    mails: Counter<u64>,
    mails_waiting: Gauge<i64>,
    logouts: Counter<u64>,
    logouts_waiting: Gauge<i64>,
    gc_rows: Counter<u64>,
    gc_lag: Gauge<i64>,
    kept: Counter<u64>,
    counted: Counter<u64>,
    limited: Counter<u64>,
}

impl Metrics {
    /// Registers the instruments with `meter`.
    #[must_use]
    pub fn new(meter: &Meter) -> Self {
        Self {
            requests: meter
                .f64_histogram("http.server.request.duration")
                .with_unit("s")
                .with_description("Time from a request's arrival to its answer")
                .with_boundaries(vec![
                    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
                ])
                .build(),
            shed: meter
                .u64_counter("vestibule.requests.shed")
                .with_description("Requests that were turned away because there is too much to do")
                .build(),
            tokens: meter
                .u64_counter("vestibule.token.requests")
                .with_description("Token requests by grant type and outcome")
                .build(),
            sign_ins: meter
                .u64_counter("vestibule.sign_in.attempts")
                .with_description("Sign-ins by outcome")
                .build(),
            refresh_replays: meter
                .u64_counter("vestibule.refresh.grace_replays")
                .with_description("Refresh answers given again because the first was lost")
                .build(),
            claim_sources: meter
                .u64_counter("vestibule.claim_source.requests")
                .with_description("Questions to the source of claims by others, by outcome")
                .build(),
            mails: meter
                .u64_counter("vestibule.mail.attempts")
                .with_description("Tries to send a mail by outcome")
                .build(),
            mails_waiting: meter
                .i64_gauge("vestibule.mail.waiting")
                .with_description("Mails in the outbox that were not sent yet")
                .build(),
            logouts: meter
                .u64_counter("vestibule.logout.deliveries")
                .with_description("Tries to tell a client that a session ended, by outcome")
                .build(),
            logouts_waiting: meter
                .i64_gauge("vestibule.logout.waiting")
                .with_description("Logout tokens that no client has taken yet")
                .build(),
            gc_rows: meter
                .u64_counter("vestibule.gc.rows")
                .with_description("Rows that went because they were over, by table")
                .build(),
            gc_lag: meter
                .i64_gauge("vestibule.gc.lag")
                .with_unit("s")
                .with_description(
                    "For how long the oldest row is there that should have gone, as of the last look; \
                     0 from an instance that leaves sweeping to another",
                )
                .build(),
            kept: meter
                .u64_counter("vestibule.cache.lookups")
                .with_description("Look-ups in what this process keeps of the database, by outcome")
                .build(),
            counted: meter
                .u64_counter("vestibule.rate_limit.counted")
                .with_description("Requests that were counted, by whether all instances count")
                .build(),
            limited: meter
                .u64_counter("vestibule.rate_limit.refused")
                .with_description("Requests over a limit, by class")
                .build(),
        }
    }

    /// A request was answered.
    pub fn request(&self, method: &str, route: &str, status: u16, seconds: f64) {
        self.requests.record(
            seconds,
            &[
                KeyValue::new("http.request.method", method.to_owned()),
                KeyValue::new("http.route", route.to_owned()),
                KeyValue::new("http.response.status_code", i64::from(status)),
            ],
        );
    }

    /// A request was turned away; `class` is `new`, `under_way` or `security`.
    pub fn shed(&self, class: &'static str) {
        self.shed.add(1, &[KeyValue::new("class", class)]);
    }

    /// A token request ended; `outcome` is `ok` or an OAuth `error`.
    pub fn token(&self, grant_type: &'static str, outcome: &'static str) {
        self.tokens
            .add(1, &[KeyValue::new("grant_type", grant_type), KeyValue::new("outcome", outcome)]);
    }

    /// A sign-in ended; `outcome` is `ok`, `wrong` or `busy`.
    pub fn sign_in(&self, outcome: &'static str) {
        self.sign_ins.add(1, &[KeyValue::new("outcome", outcome)]);
    }

    /// The source of claims was asked; `outcome` is `ok` or `failed`.
    pub fn claim_source(&self, outcome: &'static str) {
        self.claim_sources.add(1, &[KeyValue::new("outcome", outcome)]);
    }

    /// A mail was tried; `outcome` is `sent`, `retry` or `given_up`.
    pub fn mail(&self, outcome: &'static str) {
        self.mails.add(1, &[KeyValue::new("outcome", outcome)]);
    }

    /// How many mails wait, as of the last look at the outbox.
    pub fn mails_waiting(&self, count: i64) {
        self.mails_waiting.record(count, &[]);
    }

    /// A client was told of a session's end; `outcome` is `told`, `retry`, `refused`, `given_up` or
    /// `dropped` (it is gone, or no longer listens).
    pub fn logout(&self, outcome: &'static str) {
        self.logouts.add(1, &[KeyValue::new("outcome", outcome)]);
    }

    /// How many logout tokens wait, as of the last look at them.
    pub fn logouts_waiting(&self, count: i64) {
        self.logouts_waiting.record(count, &[]);
    }

    /// Something that may be kept was looked up; `kind` is `client` or `token`.
    pub fn kept(&self, kind: &'static str, hit: bool) {
        let outcome = if hit { "hit" } else { "miss" };
        self.kept.add(1, &[KeyValue::new("kind", kind), KeyValue::new("outcome", outcome)]);
    }

    /// A request was counted; `by` is `all` instances together, `one` that is alone, or `part` of
    /// them, while what they share is away and limits are tighter.
    pub fn counted(&self, class: &'static str, by: &'static str) {
        self.counted.add(1, &[KeyValue::new("class", class), KeyValue::new("by", by)]);
    }

    /// A request was refused for its class's limit.
    pub fn limited(&self, class: &'static str) {
        self.limited.add(1, &[KeyValue::new("class", class)]);
    }

    /// Rows of `table` went because they were over.
    pub fn gc_rows(&self, table: &'static str, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.gc_rows.add(count, &[KeyValue::new("table", table)]);
    }

    /// For how many seconds the oldest row is there that should have gone.
    pub fn gc_lag(&self, seconds: i64) {
        self.gc_lag.record(seconds, &[]);
    }

    /// A client fetched a lost refresh answer again.
    pub fn refresh_replay(&self) {
        self.refresh_replays.add(1, &[]);
    }
}

/// Registers how Redis stands with `meter`: 0 used, 1 on trial, 2 left alone. Nothing without one.
pub fn observe_redis(meter: &Meter, cache: &Cache) {
    if !cache.is_shared() {
        return;
    }
    let cache = cache.clone();
    // The meter keeps it.
    let _ = meter
        .i64_observable_gauge("vestibule.redis.breaker")
        .with_description("Whether Redis is used: 0 yes, 1 on trial, 2 no")
        .with_callback(move |observer| {
            let state = match cache.state() {
                BreakerState::Closed => 0,
                BreakerState::HalfOpen => 1,
                BreakerState::Open => 2,
            };
            observer.observe(state, &[]);
        })
        .build();
}
