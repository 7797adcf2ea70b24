//! Whether a replica for reading keeps up.

use vestibule_storage::inspect::ReplicaFacts;

use super::finding::Finding;

/// Beyond this it is of no use, in seconds.
const LOST: i64 = 300;

/// A replica, and how far the primary is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// Where the primary's log ended before the replica was asked.
    pub(super) primary: Option<String>,
    pub(super) replica: ReplicaFacts,
}

/// A replica that is more than `allowed` seconds behind is passed over by the server.
pub(super) fn judge(seen: &Seen, allowed: i64) -> Vec<Finding> {
    if !seen.replica.in_recovery {
        return vec![Finding::failed(
            "standby",
            "the server of database.read_url is no replica: it takes writes of its own",
            "name a standby of the primary, or leave database.read_url out",
        )];
    }
    let behind = match (&seen.primary, &seen.replica.replayed) {
        (Some(primary), Some(replayed)) => position(primary)
            .zip(position(replayed))
            .map(|(primary, replayed)| primary.saturating_sub(replayed)),
        _ => None,
    };
    let seconds = match behind {
        // Nothing is missing, however long ago the last transaction was.
        Some(0) => 0,
        _ => seen.replica.seconds.unwrap_or_default(),
    };
    let bytes = behind.map(|behind| format!(", {behind} bytes")).unwrap_or_default();
    let told = format!("a replica, {seconds} s{bytes} behind");
    let fix = "look at pg_stat_replication on the primary, and at disk, network and long queries \
               of the replica; leave database.read_url out until it keeps up";
    vec![if seconds <= allowed {
        Finding::ok("lag", told)
    } else if seconds <= LOST.max(allowed) {
        Finding::warning("lag", format!("{told}: the server does without it"), fix)
    } else {
        Finding::failed("lag", told, fix)
    }]
}

/// A place in the log, such as `0/3000148`, as a number of bytes.
fn position(text: &str) -> Option<u64> {
    let (high, low) = text.split_once('/')?;
    let (high, low) = (u64::from_str_radix(high, 16).ok()?, u64::from_str_radix(low, 16).ok()?);
    Some((high << 32) + low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Status::{self, Failed, Ok as Fine, Warning};

    fn judged(in_recovery: bool, replayed: &str, seconds: Option<i64>) -> (Status, String) {
        let replica = ReplicaFacts { in_recovery, replayed: Some(replayed.to_owned()), seconds };
        let found = judge(&Seen { primary: Some("1/10".to_owned()), replica }, 10);
        (found[0].status, found[0].detail.clone())
    }

    #[test]
    fn a_replica_is_judged_by_what_it_lacks() {
        let resting = judged(true, "1/10", Some(86_400));
        assert_eq!(resting, (Fine, "a replica, 0 s, 0 bytes behind".to_owned()));
        assert_eq!(judged(true, "1/0", Some(1)).1, "a replica, 1 s, 16 bytes behind");
        assert_eq!(judged(true, "1/20", Some(99)).0, Fine, "it had gone on meanwhile");
        assert_eq!(judged(true, "0/FFFFFFFF", Some(10)).0, Fine);
        assert_eq!(judged(true, "0/FFFFFFFF", Some(11)).0, Warning);
        assert_eq!(judged(true, "0/FFFFFFFF", Some(301)).0, Failed);
        assert_eq!(judged(true, "nonsense", Some(11)).0, Warning);
        assert_eq!(judged(false, "1/10", Some(0)).0, Failed);
    }

    #[test]
    fn positions_are_numbers() {
        assert_eq!(position("0/3000148"), Some(0x300_0148));
        assert_eq!(position("A/1"), Some(0xa_0000_0001));
        assert_eq!(position("x"), None);
    }
}
