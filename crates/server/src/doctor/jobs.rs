//! Whether what runs beside the requests is done: rows that are over leave, and nobody left work
//! undone.

use vestibule_model::Timestamp;
use vestibule_storage::inspect::{Ended, LeaseSeen};

use super::finding::Finding;

/// A sweep comes once a day even where nobody else does, and may take a while, in seconds.
const LATE: i64 = 26 * 3_600;
/// How long work may lie about that a dead instance left, in seconds.
const ABANDONED: i64 = 300;

pub(super) fn judge_sweep(ended: &[Ended], now: Timestamp) -> Finding {
    let oldest = ended.iter().min_by_key(|ended| ended.removable_at);
    let Some((oldest, lag)) = oldest.map(|oldest| (oldest, now.since(oldest.removable_at))) else {
        return Finding::ok("sweep", "no row is over");
    };
    if lag > LATE {
        let hours = lag / 3_600;
        let told =
            format!("a row of {} has been over for {hours} h and is still there", oldest.table);
        let fix = "start a server, and see its log for sweep.failed: tables grow until then";
        return Finding::grave("sweep", told, fix);
    }
    Finding::ok("sweep", format!("rows that are over leave ({} s behind)", lag.max(0)))
}

pub(super) fn judge_leases(leases: &[LeaseSeen], now: Timestamp) -> Finding {
    let is_abandoned =
        |lease: &&LeaseSeen| lease.expires_at.0 > 0 && now.since(lease.expires_at) > ABANDONED;
    let abandoned: Vec<_> = leases.iter().filter(is_abandoned).collect();
    if abandoned.is_empty() {
        let held = leases.iter().filter(|lease| lease.expires_at > now).count();
        return Finding::ok("leases", format!("no job was left undone ({held} at work)"));
    }
    let names: Vec<_> = abandoned.iter().map(|lease| lease.name.as_str()).collect();
    let told = format!("left undone by an instance that died: {}", names.join(", "));
    let fix = "start a server, or send it a request: it takes over within seconds";
    Finding::warning("leases", told, fix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Status::{Failed, Ok as Fine, Warning};

    const NOW: Timestamp = Timestamp(1_795_000_000);

    #[test]
    fn rows_that_are_over_may_wait_for_a_day() {
        let judged = |lags: &[i64]| {
            let ended = |lag: &i64| Ended { table: "grants", removable_at: NOW.plus(-lag) };
            judge_sweep(&lags.iter().map(ended).collect::<Vec<_>>(), NOW)
        };
        for (lags, status) in
            [(&[][..], Fine), (&[-600], Fine), (&[LATE, 1], Fine), (&[1, LATE + 1], Warning)]
        {
            assert_eq!(judged(lags).status, status, "{lags:?}");
        }
        assert_eq!(judged(&[LATE + 1]).strict, Failed);
    }

    #[test]
    fn work_is_abandoned_when_its_lease_ran_out_long_ago() {
        let judged = |expires_at| {
            let (name, holder) = ("sweep".to_owned(), "a".to_owned());
            judge_leases(&[LeaseSeen { name, holder, expires_at, done_at: None }], NOW).status
        };
        assert_eq!(judged(NOW.plus(30)), Fine);
        assert_eq!(judged(NOW.plus(-ABANDONED)), Fine);
        assert_eq!(judged(NOW.plus(-ABANDONED - 1)), Warning);
        assert_eq!(judged(Timestamp(0)), Fine, "it was given back");
    }
}
