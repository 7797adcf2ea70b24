//! What the doctor says in the end: for programs, and for people.

use std::fmt::Write;

use serde_json::{Value, json};

use super::finding::{Finding, Status};

/// A check with all that it found.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Its name, which others script against.
    pub name: &'static str,
    /// What it found.
    pub findings: Vec<Finding>,
}

impl Checked {
    /// The worst of its findings.
    #[must_use]
    pub fn status(&self) -> Status {
        self.findings.iter().map(|finding| finding.status).max().unwrap_or(Status::Ok)
    }

    /// The findings that give the check its status.
    fn decisive(&self) -> impl Iterator<Item = &Finding> {
        let status = self.status();
        let decides = move |finding: &&Finding| match status {
            Status::Warning | Status::Failed => finding.is_problem(),
            Status::Ok | Status::Skipped => finding.status == status,
        };
        self.findings.iter().filter(decides)
    }

    fn to_json(&self) -> Value {
        let details: Vec<_> = self.decisive().map(|finding| finding.detail.as_str()).collect();
        let problems = self.decisive().filter(|finding| finding.is_problem());
        let fixes: Vec<_> = problems.filter_map(|finding| finding.fix.as_deref()).collect();
        json!({
            "name": self.name,
            "status": self.status().as_str(),
            "detail": details.join("; "),
            "fix": (!fixes.is_empty()).then(|| fixes.join("; ")),
            "findings": self.findings.iter().map(Finding::to_json).collect::<Vec<_>>(),
        })
    }

    /// One line if all is well; else one for each problem, worst first, with what to do below it.
    fn write(&self, width: usize, words: &mut String) {
        let mut decisive: Vec<_> = self.decisive().collect();
        if self.status() < Status::Warning {
            let details: Vec<_> = decisive.iter().map(|f| f.detail.as_str()).collect();
            line(words, self.status(), self.name, width, &details.join("; "));
            return;
        }
        decisive.sort_by_key(|finding| std::cmp::Reverse(finding.status));
        for (number, finding) in decisive.into_iter().enumerate() {
            let name = if number == 0 { self.name } else { "" };
            line(words, finding.status, name, width, &finding.detail);
            if let Some(fix) = &finding.fix {
                let _ = writeln!(words, "  {:width$}  fix: {fix}", "");
            }
        }
    }
}

fn line(words: &mut String, status: Status, name: &str, width: usize, detail: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(words, "{} {name:width$}  {detail}", status.mark());
}

/// Every check.
#[derive(Clone, Debug)]
pub struct Report(pub Vec<Checked>);

impl Report {
    /// The checks of that status, in order.
    pub fn names(&self, status: Status) -> Vec<&'static str> {
        let checks = self.0.iter().filter(|check| check.status() == status);
        checks.map(|check| check.name).collect()
    }

    /// Whether nothing failed.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.names(Status::Failed).is_empty()
    }

    /// The report for a program.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "ok": self.is_ok(),
            "version": env!("CARGO_PKG_VERSION"),
            "failed": self.names(Status::Failed),
            "warnings": self.names(Status::Warning),
            "skipped": self.names(Status::Skipped),
            "checks": self.0.iter().map(Checked::to_json).collect::<Vec<_>>(),
        })
    }

    /// The report for people.
    #[must_use]
    pub fn to_words(&self) -> String {
        let width = self.0.iter().map(|check| check.name.len()).max().unwrap_or(0);
        let mut words = String::new();
        for check in &self.0 {
            check.write(width, &mut words);
        }
        words.push('\n');
        words.push_str(&self.verdict());
        words
    }

    /// The report in one sentence.
    #[must_use]
    pub fn verdict(&self) -> String {
        let (failed, warnings) = (self.names(Status::Failed), self.names(Status::Warning));
        match (failed.as_slice(), warnings.as_slice()) {
            ([], []) => "Nothing is wrong.".to_owned(),
            ([], warnings) => format!("Nothing failed; warnings: {}.", warnings.join(", ")),
            (failed, []) => format!("Failed: {}.", failed.join(", ")),
            (failed, warnings) => {
                format!("Failed: {}; warnings: {}.", failed.join(", "), warnings.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let checks = [
            ("one", vec![Finding::ok("a", "it runs"), Finding::skipped("b", "not asked")]),
            (
                "three",
                vec![
                    Finding::ok("a", "it runs"),
                    Finding::grave("b", "it is old", "renew it"),
                    Finding::failed("c", "it is gone", "bring it back"),
                ],
            ),
            ("seven", vec![Finding::warning("a", "it is odd", "look")]),
            ("nine", vec![Finding::skipped("a", "there is none")]),
        ];
        Report(checks.map(|(name, findings)| Checked { name, findings }).to_vec())
    }

    #[test]
    fn a_check_is_as_bad_as_the_worst_that_it_found() {
        let report = report();
        assert_eq!(report.names(Status::Ok), ["one"]);
        assert_eq!(report.names(Status::Failed), ["three"]);
        assert_eq!(report.names(Status::Warning), ["seven"]);
        assert_eq!(report.names(Status::Skipped), ["nine"]);
        assert!(!report.is_ok());
        let told = report.to_json();
        assert_eq!(told["checks"][1]["detail"], "it is old; it is gone");
        assert_eq!(told["checks"][1]["fix"], "renew it; bring it back");
        assert!(told["checks"][0]["fix"].is_null());
        assert_eq!(told["checks"][0]["detail"], "it runs");
    }

    #[test]
    fn people_read_a_line_a_check_and_what_to_do() {
        let expected = "\
✓ one    it runs
✗ three  it is gone
         fix: bring it back
!        it is old
         fix: renew it
! seven  it is odd
         fix: look
– nine   there is none

Failed: three; warnings: seven.";
        assert_eq!(report().to_words(), expected);
    }

    #[test]
    fn only_what_is_grave_fails_in_production() {
        let status = |finding: Finding| finding.strictly().status;
        assert_eq!(status(Finding::grave("a", "", "")), Status::Failed);
        assert_eq!(status(Finding::warning("a", "", "")), Status::Warning);
        assert_eq!(status(Finding::hint("a", "", "")), Status::Warning);
        assert_eq!(status(Finding::ok("a", "")), Status::Ok);
    }
}
