//! Whether the tables have the shape that this version needs.

use vestibule_storage::{AtStart, migrate::Standing};

use super::finding::Finding;

pub(super) fn judge(standing: &Standing, at_start: AtStart) -> Vec<Finding> {
    if let Some(refusal) = standing.refusal() {
        // It says itself what to do.
        let (why, fix) = refusal.split_once("; fix: ").unwrap_or((&refusal, "upgrade this server"));
        return vec![Finding::failed("floor", why, fix)];
    }
    let mut found = Vec::new();
    if !standing.missing.is_empty() {
        let told = format!("the tables lack {}", standing.missing.join(", "));
        let fix = match at_start {
            AtStart::Migrate => {
                "`vestibule migrate up`, or start this version: it does that (see `vestibule \
                 migrate --plan` first)"
            }
            AtStart::Check => "`vestibule migrate up` as a role that may change tables",
        };
        found.push(Finding::failed("missing", told, fix));
    }
    if !standing.unknown.is_empty() {
        found.push(Finding::warning(
            "unknown",
            format!("a newer version has added {}", standing.unknown.join(", ")),
            "upgrade this server too; it serves on these tables meanwhile",
        ));
    }
    if found.is_empty() {
        let count = standing.applied.len();
        found.push(Finding::ok(
            "current",
            format!("all {count} migrations, to {}", standing.newest),
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Status::{self, Failed, Ok as Fine, Warning};

    fn judged(missing: &[&str], unknown: &[&str], floor: Option<&str>) -> (Status, &'static str) {
        let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let standing = Standing {
            applied: vec!["1_first".to_owned()],
            missing: all(missing),
            unknown: all(unknown),
            newest: "20261124000000".to_owned(),
            floor: floor.map(str::to_owned),
        };
        let found = judge(&standing, AtStart::Migrate);
        let worst = found.iter().max_by_key(|finding| finding.status).unwrap();
        assert!(!worst.is_problem() || worst.fix.as_ref().is_some_and(|fix| !fix.is_empty()));
        (worst.status, worst.about)
    }

    #[test]
    fn tables_are_judged_by_what_they_lack_and_demand() {
        assert_eq!(judged(&[], &[], None), (Fine, "current"));
        assert_eq!(judged(&["2_second"], &[], None), (Failed, "missing"));
        assert_eq!(judged(&[], &["20261201000000"], Some("20261124000000")), (Warning, "unknown"));
        assert_eq!(judged(&[], &["20261201000000"], Some("20261201000000")), (Failed, "floor"));
    }
}
