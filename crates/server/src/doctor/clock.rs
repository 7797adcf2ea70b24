//! Whether this machine's clock agrees with the others.

use vestibule_model::Timestamp;

use super::finding::Finding;

/// Beyond this somebody should look, in seconds.
const SLIGHT: i64 = 2;
/// Beyond this tokens are refused as not yet valid or already over, in seconds.
const MUCH: i64 = 30;

/// Another clock, read at some moment between two of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// Whose.
    pub(super) whose: &'static str,
    /// What it said, in whole seconds.
    pub(super) theirs: i64,
    /// Ours before the question.
    pub(super) before: Timestamp,
    /// Ours after the answer.
    pub(super) after: Timestamp,
}

impl Reading {
    /// By how many seconds it is ahead of ours, at least; negative if it is behind. Seconds are whole
    /// and the answer took its time: what can be explained by either is no difference.
    fn ahead(&self) -> i64 {
        if self.theirs < self.before.0 - 1 {
            self.theirs - self.before.0
        } else if self.theirs > self.after.0 + 1 {
            self.theirs - self.after.0
        } else {
            0
        }
    }
}

pub(super) fn judge(readings: &[Reading]) -> Vec<Finding> {
    if readings.is_empty() {
        let why = "no other clock could be read: neither database, Redis nor issuer has one or \
                   answers";
        return vec![Finding::skipped("clock", why)];
    }
    readings.iter().map(judge_one).collect()
}

fn judge_one(reading: &Reading) -> Finding {
    let ahead = reading.ahead();
    let way = if ahead < 0 { "behind" } else { "ahead of" };
    let told = format!("the clock of {} is {} s {way} this machine's", reading.whose, ahead.abs());
    let fix = "run NTP (chrony, systemd-timesyncd) on both machines: `timedatectl` tells which is \
               off";
    let apart = ahead.abs();
    if apart <= SLIGHT {
        Finding::ok("clock", format!("agrees with {}", reading.whose))
    } else if apart <= MUCH {
        Finding::warning("clock", told, fix)
    } else {
        Finding::failed("clock", told, fix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Status;

    #[test]
    fn a_clock_is_judged_by_what_cannot_be_explained() {
        for (theirs, status) in [
            (1_000, Status::Ok),
            (1_003, Status::Ok),
            (1_004, Status::Ok),
            (999, Status::Ok),
            (998, Status::Ok),
            (1_005, Status::Ok),
            (1_006, Status::Warning),
            (997, Status::Warning),
            (970, Status::Warning),
            (969, Status::Failed),
            (1_034, Status::Failed),
            (4_600, Status::Failed),
        ] {
            let (before, after) = (Timestamp(1_000), Timestamp(1_003));
            let found = judge(&[Reading { whose: "the database", theirs, before, after }]);
            assert_eq!(found[0].status, status, "{theirs}: {}", found[0].detail);
        }
        assert_eq!(judge(&[])[0].status, Status::Skipped);
    }

    #[test]
    fn it_says_which_way() {
        let told = |theirs| {
            let at = Timestamp(1_000);
            let reading = Reading { whose: "Redis", theirs, before: at, after: at };
            judge(&[reading])[0].detail.clone()
        };
        assert_eq!(told(960), "the clock of Redis is 40 s behind this machine's");
        assert_eq!(told(1_040), "the clock of Redis is 40 s ahead of this machine's");
    }
}
