//! When to leave Redis alone. A state machine without a clock: the time is passed in.

use std::time::{Duration, Instant};

/// Whether Redis is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// It answers, or there is none: everything goes its normal way.
    Closed,
    /// It does not answer and is left alone.
    Open,
    /// It did not answer, and one probe is on its way.
    HalfOpen,
}

/// What may be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// Ask Redis.
    Ask,
    /// Do not wait for Redis, but send a probe: whoever got this answer is the only one.
    Probe,
    /// Do without.
    DoWithout,
}

/// A change that is worth a line in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Opened,
    Closed {
        /// How long Redis was left alone.
        after: Duration,
    },
}

/// Closed, until so many calls in a row failed; then open, with a probe now and then, until one
/// succeeds.
#[derive(Debug)]
pub(crate) struct Breaker {
    rules: Rules,
    failures: u32,
    open: Option<Open>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Failures in a row that open it.
    pub(crate) threshold: u32,
    /// From a failure to the next probe.
    pub(crate) pause: Duration,
    /// When a probe that nobody heard of again is taken for lost.
    pub(crate) patience: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    since: Instant,
    probe: Probe,
}

#[derive(Clone, Copy, Debug)]
enum Probe {
    From(Instant),
    Sent(Instant),
}

impl Breaker {
    pub(crate) fn new(rules: Rules) -> Self {
        Self { rules, failures: 0, open: None }
    }

    pub(crate) fn state(&self) -> BreakerState {
        match self.open {
            None => BreakerState::Closed,
            Some(Open { probe: Probe::From(_), .. }) => BreakerState::Open,
            Some(Open { probe: Probe::Sent(_), .. }) => BreakerState::HalfOpen,
        }
    }

    /// What to do with a call that comes now.
    pub(crate) fn ask(&mut self, now: Instant) -> Leave {
        let Some(open) = &mut self.open else { return Leave::Ask };
        let due = match open.probe {
            Probe::From(due) => due,
            Probe::Sent(sent) => sent + self.rules.patience,
        };
        if now < due {
            return Leave::DoWithout;
        }
        open.probe = Probe::Sent(now);
        Leave::Probe
    }

    /// Redis answered.
    pub(crate) fn succeeded(&mut self, now: Instant) -> Option<Turn> {
        self.failures = 0;
        let open = self.open.take()?;
        Some(Turn::Closed { after: now.saturating_duration_since(open.since) })
    }

    /// Redis did not answer, or with an error.
    pub(crate) fn failed(&mut self, now: Instant) -> Option<Turn> {
        let next = Probe::From(now + self.rules.pause);
        if let Some(open) = &mut self.open {
            // Late failures of calls from before the turn do not put the next probe off.
            if matches!(open.probe, Probe::Sent(_)) {
                open.probe = next;
            }
            return None;
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures < self.rules.threshold {
            return None;
        }
        self.open = Some(Open { since: now, probe: next });
        Some(Turn::Opened)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_millis(500);
    const PATIENCE: Duration = Duration::from_secs(2);
    /// One millisecond short of these.
    const ALMOST_PAUSE: Duration = Duration::from_millis(499);
    const ALMOST_PATIENCE: Duration = Duration::from_millis(1_999);

    fn breaker() -> Breaker {
        Breaker::new(Rules { threshold: 3, pause: PAUSE, patience: PATIENCE })
    }

    /// One that has just opened.
    fn open_at(now: Instant) -> Breaker {
        let mut breaker = breaker();
        assert_eq!(breaker.failed(now), None);
        assert_eq!(breaker.failed(now), None);
        assert_eq!(breaker.failed(now), Some(Turn::Opened));
        breaker
    }

    #[test]
    fn failures_in_a_row_open_it_and_a_success_between_them_does_not() {
        let now = Instant::now();
        let mut breaker = breaker();
        for _ in 0..10 {
            assert_eq!(breaker.failed(now), None);
            assert_eq!(breaker.failed(now), None);
            assert_eq!(breaker.succeeded(now), None);
        }
        assert_eq!(breaker.ask(now), Leave::Ask);
        assert_eq!(open_at(now).ask(now), Leave::DoWithout);
    }

    #[test]
    fn after_the_pause_one_call_sends_a_probe_and_the_others_do_without() {
        let now = Instant::now();
        let mut breaker = open_at(now);
        assert_eq!(breaker.ask(now + ALMOST_PAUSE), Leave::DoWithout);
        assert_eq!(breaker.ask(now + PAUSE), Leave::Probe);
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        assert_eq!(breaker.ask(now + PAUSE), Leave::DoWithout);
    }

    #[test]
    fn a_probe_that_succeeds_closes_it_and_one_that_fails_waits_again() {
        let now = Instant::now();
        let mut breaker = open_at(now);
        let later = now + PAUSE;
        assert_eq!(breaker.ask(later), Leave::Probe);
        assert_eq!(breaker.failed(later), None);
        assert_eq!(breaker.state(), BreakerState::Open);
        assert_eq!(breaker.ask(later + ALMOST_PAUSE), Leave::DoWithout);
        assert_eq!(breaker.ask(later + PAUSE), Leave::Probe);
        assert_eq!(breaker.succeeded(later + PAUSE), Some(Turn::Closed { after: PAUSE * 2 }));
        assert_eq!(breaker.ask(later + PAUSE), Leave::Ask);
    }

    #[test]
    fn a_lost_probe_is_followed_by_another() {
        let now = Instant::now();
        let mut breaker = open_at(now);
        let sent = now + PAUSE;
        assert_eq!(breaker.ask(sent), Leave::Probe);
        assert_eq!(breaker.ask(sent + ALMOST_PATIENCE), Leave::DoWithout);
        assert_eq!(breaker.ask(sent + PATIENCE), Leave::Probe);
    }

    #[test]
    fn late_failures_do_not_put_the_probe_off() {
        let now = Instant::now();
        let mut breaker = open_at(now);
        assert_eq!(breaker.failed(now + ALMOST_PAUSE), None);
        assert_eq!(breaker.ask(now + PAUSE), Leave::Probe);
    }

    #[test]
    fn one_success_forgets_what_failed_before_it_opened() {
        let now = Instant::now();
        let mut breaker = open_at(now);
        assert!(breaker.succeeded(now).is_some());
        assert_eq!(breaker.failed(now), None);
        assert_eq!(breaker.state(), BreakerState::Closed);
    }
}
