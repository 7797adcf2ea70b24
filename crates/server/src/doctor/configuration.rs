//! Whether the configuration is sound.

use super::finding::Finding;
use crate::config::{Loaded, Mistakes, Problem};

/// Warnings about these settings are failures in production.
const GRAVE: [&str; 1] = ["outbound.allow_private_addresses"];

/// Each mistake and each warning is a finding.
pub(super) fn judge(loaded: &Result<Loaded, Mistakes>) -> Vec<Finding> {
    match loaded {
        Err(mistakes) => mistakes.0.iter().map(mistake).collect(),
        Ok(loaded) => {
            let sound = match &loaded.file {
                Some(file) => format!("{} is sound", file.display()),
                None => "there is no file; defaults and environment are sound".to_owned(),
            };
            let warnings = loaded.warnings.iter().map(warning);
            std::iter::once(Finding::ok("settings", sound)).chain(warnings).collect()
        }
    }
}

fn mistake(problem: &Problem) -> Finding {
    let fix = problem
        .fix
        .clone()
        .unwrap_or_else(|| "correct it; `vestibule config example` shows every setting".to_owned());
    Finding::failed("settings", told(problem), fix)
}

fn warning(problem: &Problem) -> Finding {
    let fix = problem.fix.clone().unwrap_or_else(|| "change it, unless it is meant so".to_owned());
    let is_grave = problem.key.as_deref().is_some_and(|key| GRAVE.contains(&key));
    let make = if is_grave { Finding::grave } else { Finding::warning };
    make("settings", told(problem), fix)
}

/// The problem in one line.
fn told(problem: &Problem) -> String {
    let key = problem.key.as_ref().map(|key| format!("{key}: ")).unwrap_or_default();
    let origin = problem.origin.as_ref().filter(|origin| origin.is_explicit());
    let origin = origin.map(|origin| format!(" ({origin})")).unwrap_or_default();
    format!("{key}{}{origin}", problem.message)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{self, Environment};
    use crate::doctor::finding::Status;

    fn judged(text: &str) -> Vec<Finding> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("vestibule.toml");
        std::fs::write(&file, text).unwrap();
        judge(&config::load(Some(Path::new(&file)), &Environment::default()))
    }

    #[test]
    fn every_mistake_and_warning_is_told() {
        let findings = judged("isuer = 1\n[server]\nlisten = \"x\"\n");
        assert_eq!(findings.len(), 2, "{findings:?}");
        for (finding, part) in findings.iter().zip(["isuer", "server.listen"]) {
            assert_eq!(finding.status, Status::Failed);
            assert!(finding.detail.starts_with(part), "{}", finding.detail);
            assert!(finding.detail.contains("vestibule.toml, line"), "{}", finding.detail);
            assert!(!finding.detail.contains('\n') && finding.fix.is_some());
        }
        let findings = judged("[outbound]\nallow_private_addresses = true\n");
        assert_eq!(findings[0].status, Status::Ok);
        assert_eq!((findings[1].status, findings[1].strict), (Status::Warning, Status::Failed));
        assert_eq!(judged("").len(), 1);
    }
}
