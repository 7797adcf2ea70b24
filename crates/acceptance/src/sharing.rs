//! Instances that share a Redis.

use std::time::{Duration, Instant};

use vestibule_cache::{Cache, RedisSettings, testing::TestRedis};
use vestibule_web::{AppState, standing::Standing};

use crate::{Backend, Browser, Instance, TestApp};

impl TestApp {
    /// A server on PostgreSQL whose instances share `redis` and keep things for `max_staleness`.
    pub async fn sharing(redis: &TestRedis, max_staleness: Duration) -> Self {
        Self::sharing_with(redis, max_staleness, |_| ()).await
    }

    /// [`sharing`](Self::sharing), with settings and limits as `change` leaves them.
    pub async fn sharing_with(
        redis: &TestRedis,
        max_staleness: Duration,
        change: impl Fn(&mut AppState) + Send + Sync + 'static,
    ) -> Self {
        let settings = redis.settings();
        let app = Self::start_with(Backend::Postgres, move |state| {
            share(state, &settings, max_staleness);
            change(state);
        });
        app.await
    }

    /// A program that asks another instance.
    #[must_use]
    pub fn machine_at(&self, instance: &Instance) -> Browser {
        let machine = self.machine();
        machine.via(instance);
        machine
    }
}

fn share(state: &mut AppState, settings: &RedisSettings, max_staleness: Duration) {
    state.cache = Cache::redis(settings.clone()).expect("settings that Redis can be reached by");
    state.standing = Standing::new(&state.cache, max_staleness);
}

/// Asks until `is_so`, for as long as `patience` allows. How long it took.
pub async fn within(patience: Duration, what: &str, is_so: impl AsyncFn() -> bool) -> Duration {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < patience, "not within {patience:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    began.elapsed()
}
