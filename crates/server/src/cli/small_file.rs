//! Files named on the command line: passwords, secrets, key sets.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use vestibule_model::Secret;

use crate::fault::Fault;

/// No such file is larger.
const LIMIT: u64 = 64 * 1_024;

/// Reads a small text file; `-` is standard input.
pub(super) fn read(path: &Path) -> Result<String, Fault> {
    let doing = || Fault::io(format!("cannot read {}", path.display()));
    let mut text = String::new();
    let read = if path == Path::new("-") {
        io::stdin().take(LIMIT + 1).read_to_string(&mut text)
    } else {
        File::open(path).map_err(doing())?.take(LIMIT + 1).read_to_string(&mut text)
    };
    if read.map_err(doing())? as u64 > LIMIT {
        return Err(Fault::refused(format!("{} is larger than 64 KiB", path.display())));
    }
    Ok(text)
}

/// Reads a secret: the file's text without the line break at its end.
pub(super) fn read_secret(path: &Path) -> Result<Secret, Fault> {
    let text = read(path)?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(Fault::refused(format!("{} is empty", path.display())));
    }
    if text.contains(['\n', '\r']) {
        return Err(Fault::refused(format!("{} has more than one line", path.display())));
    }
    Ok(Secret::new(text))
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn one_line_break_at_the_end_is_not_part_of_the_secret() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("secret");
        for (text, secret) in
            [("s", Some("s")), ("s\n", Some("s")), ("s\r\n", Some("s")), (" s \n", Some(" s "))]
        {
            std::fs::write(&file, text).unwrap();
            let read = read_secret(&file).ok();
            assert_eq!(read.as_ref().map(Secret::expose), secret, "{text:?}");
        }
        for text in ["", "\n", "a\nb\n", "a\n\n"] {
            std::fs::write(&file, text).unwrap();
            assert!(read_secret(&file).is_err(), "{text:?}");
        }
        std::fs::write(&file, "a".repeat(70_000)).unwrap();
        assert!(read_secret(&file).is_err());
    }
}
