//! A closed loop: so many callers, each with its next request as soon as the last is answered.

use std::{
    future::Future,
    time::{Duration, Instant},
};

/// Callers at the same time.
pub const CALLERS: usize = 16;

/// What a run showed.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Whole rounds a second.
    pub per_second: f64,
    /// Median of a round, in milliseconds.
    pub p50: f64,
    /// 95th percentile, in milliseconds.
    pub p95: f64,
    /// All rounds, those of the warm-up too.
    pub rounds: u64,
}

/// Runs `round` over and over for `each`, after a warm-up of a fifth of it. `caller` makes what
/// one caller keeps: its connection, its tokens.
pub async fn drive<C, M, F, R>(each: Duration, caller: M, round: F) -> Figures
where
    C: Send + 'static,
    M: AsyncFn(usize) -> C,
    F: Fn(C) -> R + Clone + Send + 'static,
    R: Future<Output = C> + Send,
{
    let mut callers = Vec::new();
    for number in 0..CALLERS {
        callers.push(caller(number).await);
    }
    let warm = Instant::now() + each / 5;
    let end = warm + each;
    let tasks: Vec<_> = callers
        .into_iter()
        .map(|mut state| {
            let round = round.clone();
            tokio::spawn(async move {
                let (mut times, mut rounds) = (Vec::new(), 0);
                loop {
                    let began = Instant::now();
                    if began >= end {
                        return (times, rounds);
                    }
                    state = round(state).await;
                    rounds += 1;
                    if began >= warm {
                        times.push(began.elapsed());
                    }
                }
            })
        })
        .collect();
    let (mut times, mut rounds) = (Vec::new(), 0);
    for task in tasks {
        let (own, count) = task.await.expect("a caller that ends");
        times.extend(own);
        rounds += count;
    }
    times.sort_unstable();
    let at = |part: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index for a percentile"
        )]
        let index = ((times.len().saturating_sub(1)) as f64 * part) as usize;
        times.get(index).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    };
    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    let per_second = times.len() as f64 / each.as_secs_f64();
    Figures { per_second, p50: at(0.5), p95: at(0.95), rounds }
}
