//! `docs/conformance.md`: which test holds which demand of which specification, as the tests
//! themselves say it, each in a line above its function:
//!
//! ```text
//! // spec: RFC 6749 4.1.2 MUST: a code is redeemed once @ storage/src/authorization_code.rs
//! ```

use std::{
    cmp::Ordering,
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

/// A demand, and the test that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    section: String,
    level: String,
    demand: String,
    decided_in: String,
    test: String,
}

/// How much a specification wants something (RFC 2119), the longer words first.
const LEVELS: [&str; 7] =
    ["MUST NOT", "SHOULD NOT", "MUST", "SHOULD", "REQUIRED", "RECOMMENDED", "MAY"];

/// What stands above the table.
const HEAD: &str = "# Conformance

What the specifications demand, in our words, with the file that decides it and the test that holds \
it. Made from the tests' own annotations (`just docs`); do not edit it by hand.

Not in the table: what a specification demands of clients and resource servers, and what no test of \
ours holds yet.
";

/// The document for the work tree at `root`.
///
/// # Errors
/// A file that cannot be read, or an annotation that is not one, with its place.
pub fn render(root: &Path) -> Result<String, String> {
    let mut specifications: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for folder in ["crates", "e2e"] {
        for file in sources(&root.join(folder))? {
            let text = fs::read_to_string(&file)
                .map_err(|fault| format!("{}: {fault}", file.display()))?;
            let name = file.strip_prefix(root).unwrap_or(&file).display().to_string();
            for (specification, row) in rows(&name, &text)? {
                let folder = root.join("crates").join(&row.decided_in);
                if !folder.exists() {
                    return Err(format!("{name}: there is no crates/{}", row.decided_in));
                }
                specifications.entry(specification).or_default().push(row);
            }
        }
    }
    let count: usize = specifications.values().map(Vec::len).sum();
    let mut page = format!("{HEAD}\n{count} demands of {} specifications.\n", specifications.len());
    for (specification, mut rows) in specifications {
        rows.sort_by(|one, other| {
            by_section(&one.section, &other.section).then_with(|| one.demand.cmp(&other.demand))
        });
        // Writing to a String cannot fail.
        let _ = write!(
            page,
            "\n## {specification}\n\n| § | | demand | decided in | test |\n|---|---|---|---|---|\n"
        );
        for Row { section, level, demand, decided_in, test } in rows {
            let _ = writeln!(
                page,
                "| {section} | {level} | {} | `{decided_in}` | `{test}` |",
                demand.replace('|', "\\|")
            );
        }
    }
    Ok(page)
}

/// Every source file below `folder`, in order.
fn sources(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).map_err(|fault| format!("{}: {fault}", folder.display()))?;
    for entry in entries {
        let path = entry.map_err(|fault| format!("{}: {fault}", folder.display()))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && !["node_modules", "output", "target"].contains(&name.as_str()) {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|end| end == "rs" || end == "mjs" || end == "py") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The annotations of one file, each with its specification.
fn rows(file: &str, text: &str) -> Result<Vec<(String, Row)>, String> {
    let mut found = Vec::new();
    let mut waiting: Vec<(String, Row)> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_start();
        let marked = ["// spec: ", "# spec: "].iter().find_map(|mark| line.strip_prefix(mark));
        if let Some(annotation) = marked {
            let row = annotated(annotation)
                .ok_or_else(|| format!("{file}:{}: not an annotation: {line}", number + 1))?;
            waiting.push(row);
        } else if let Some(test) = test_name(line) {
            let place = file.strip_prefix("crates/").unwrap_or(file);
            for (specification, mut row) in waiting.drain(..) {
                row.test = format!("{place}::{test}");
                found.push((specification, row));
            }
        }
    }
    if waiting.is_empty() { Ok(found) } else { Err(format!("{file}: no test after {waiting:?}")) }
}

/// `RFC 6749 4.1.2 MUST: what @ where`.
fn annotated(text: &str) -> Option<(String, Row)> {
    let (what, decided_in) = text.rsplit_once(" @ ")?;
    let (place, demand) = what.split_once(": ")?;
    let level = LEVELS.into_iter().find(|level| place.ends_with(&format!(" {level}")))?;
    let place = place.strip_suffix(level)?.trim_end();
    let (specification, section) = place.rsplit_once(' ')?;
    let is_section = section
        .split('.')
        .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()));
    let row = Row {
        section: section.to_owned(),
        level: level.to_owned(),
        demand: demand.to_owned(),
        decided_in: decided_in.trim().to_owned(),
        test: String::new(),
    };
    // "RFC 6749" alone names no section.
    let has_section = is_section && specification != "RFC";
    (has_section && !demand.is_empty()).then(|| (specification.to_owned(), row))
}

/// The name of the test that begins in this line.
fn test_name(line: &str) -> Option<&str> {
    let function = ["async fn ", "fn ", "async def ", "def "].iter().find_map(|word| {
        let rest = line.strip_prefix("pub ").unwrap_or(line).strip_prefix(word)?;
        rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()
    });
    function.or_else(|| {
        let rest = line.strip_prefix("test(").or_else(|| line.strip_prefix("await t.test("))?;
        rest.split(['"', '`', '\'']).nth(1)
    })
}

/// Sections in the order of their numbers: 3.2 before 3.10.
fn by_section(one: &str, other: &str) -> Ordering {
    let parts = |section: &str| -> Vec<(u32, String)> {
        let part = |part: &str| (part.parse().unwrap_or(u32::MAX), part.to_owned());
        section.split('.').map(part).collect()
    };
    parts(one).cmp(&parts(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_belongs_to_the_next_test() {
        let text = "
            // spec: OIDC Core 3.1.2.10 MUST NOT: nothing | bad @ policy/src/lib.rs
            // spec: RFC 6749 4.1.2 MUST: a code counts once: always @ storage/src/lib.rs
            #[test]
            async fn a_code_counts_once(app: TestApp) {
        ";
        let found = rows("crates/acceptance/tests/http/x.rs", text).expect("two rows");
        let [(core, first), (rfc, second)] = &found[..] else { panic!("{found:?}") };
        assert_eq!((core.as_str(), rfc.as_str()), ("OIDC Core", "RFC 6749"));
        assert_eq!((first.section.as_str(), first.level.as_str()), ("3.1.2.10", "MUST NOT"));
        assert_eq!(second.demand, "a code counts once: always");
        assert_eq!(second.test, "acceptance/tests/http/x.rs::a_code_counts_once");
        assert_eq!(by_section("3.10", "3.2"), Ordering::Greater);
    }

    #[test]
    fn what_is_no_annotation_or_stands_above_no_test_is_refused() {
        for text in [
            "// spec: RFC 6749 4.1.2: no level @ x\nfn a() {}",
            "// spec: RFC 6749 MUST: no section @ x\nfn a() {}",
            "// spec: RFC 6749 4.1 MUST: no file\nfn a() {}",
            "// spec: RFC 6749 4.1 MUST: no test @ x\n",
        ] {
            assert!(rows("f", text).is_err(), "{text}");
        }
    }
}
