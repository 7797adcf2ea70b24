//! Whether an SQLite file can be relied on.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{Access, access};
use vestibule_storage::DatabaseUrl;
use vestibule_storage::inspect::{Lookout, SqliteFacts};

use crate::doctor::base::{Unknown, aside};
use crate::doctor::data_dir::{folder_of, size};
use crate::doctor::finding::Finding;

/// What the system says of the file, and SQLite of its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct File {
    mode: u32,
    is_writable: bool,
    /// The kind of file system, if SQLite cannot rely on it.
    shaky: Option<&'static str>,
    /// What is wrong with the content; unknown if the look took too long.
    damage: Result<Vec<String>, Unknown>,
}

pub(super) async fn look(path: &Path, limit: Duration) -> Result<File, Unknown> {
    let (file, url) = (path.to_owned(), DatabaseUrl::Sqlite { path: path.to_owned() });
    let seen = aside(limit, move || {
        let mode = file.metadata().map(|metadata| metadata.mode() & 0o777);
        let is_writable = access(&file, Access::WRITE_OK).is_ok();
        mode.map(|mode| (mode, is_writable, shaky(&folder_of(&file))))
    });
    let (mode, is_writable, shaky) = seen.await?.map_err(|fault| fault.to_string())?;
    // On a connection of its own: it reads the whole file, and others want to ask meanwhile.
    let damage = aside(limit, move || Lookout::open(&url, limit)?.damage()).await;
    let damage = damage.and_then(|damage| damage.map_err(|fault| fault.to_string()));
    Ok(File { mode, is_writable, shaky, damage })
}

/// The kind of file system, if it is one over the network: its locks, and the memory that processes
/// share, are not what SQLite needs (SQLite, "Write-Ahead Logging").
#[cfg(target_os = "linux")]
fn shaky(folder: &Path) -> Option<&'static str> {
    network(u64::try_from(rustix::fs::statfs(folder).ok()?.f_type).ok()?)
}

#[cfg(not(target_os = "linux"))]
fn shaky(_folder: &Path) -> Option<&'static str> {
    None
}

/// statfs(2).
#[cfg(target_os = "linux")]
fn network(kind: u64) -> Option<&'static str> {
    Some(match kind & 0xffff_ffff {
        0x6969 => "NFS",
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => "SMB",
        0x0102_1997 => "9p",
        0x00c3_6400 => "Ceph",
        0x5346_414f => "AFS",
        0x0bd0_0bd0 => "Lustre",
        0x0116_1970 => "GFS2",
        0x6573_5546 => "FUSE",
        _ => return None,
    })
}

pub(super) fn judge(facts: &SqliteFacts, file: Option<&File>) -> Vec<Finding> {
    let bytes = u64::try_from(facts.bytes).unwrap_or_default();
    let mut found =
        vec![Finding::ok("reachable", format!("SQLite {}, {}", facts.version, size(bytes)))];
    if let Some(mode) = facts.journal_mode.as_ref().filter(|mode| *mode != "wal") {
        found.push(Finding::warning(
            "journal",
            format!("the journal mode is {mode}, not wal"),
            "start the server: it sets the mode",
        ));
    }
    if facts.bytes > 1 << 30 && facts.free_bytes > facts.bytes / 2 {
        found.push(Finding::warning(
            "bloat",
            format!("{} of the file hold nothing", size(facts.free_bytes.unsigned_abs())),
            "stop the server and run `sqlite3 FILE VACUUM`",
        ));
    }
    found.extend(file.into_iter().flat_map(judge_file));
    found
}

fn judge_file(file: &File) -> Vec<Finding> {
    let mut found = vec![damage(&file.damage)];
    if !file.is_writable {
        found.push(Finding::failed(
            "writable",
            "the file cannot be written to by the user who asks",
            "`chown` it to the server's user, and ask again as that user",
        ));
    }
    if file.mode & 0o077 != 0 {
        found.push(Finding::warning(
            "mode",
            format!("other users of this machine can read it (mode {:03o})", file.mode),
            "`chmod 600` it; the server does so when it starts",
        ));
    }
    if let Some(kind) = file.shaky {
        found.push(Finding::grave(
            "file_system",
            format!("the file is on a network file system ({kind}), where SQLite can lose rows"),
            "keep it on a disk of this machine, or use PostgreSQL",
        ));
    }
    found
}

fn damage(damage: &Result<Vec<String>, Unknown>) -> Finding {
    match damage {
        Ok(lines) if lines.is_empty() => Finding::ok("integrity", "nothing in it is damaged"),
        Ok(lines) => Finding::failed(
            "integrity",
            format!("the file is damaged: {}", lines.join("; ").replace('\n', " ")),
            "stop the server, keep a copy of the file, and restore a backup (`vestibule restore`)",
        ),
        Err(why) => Finding::skipped("integrity", format!("not looked through: {why}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Status::{self, Failed, Ok as Fine, Warning};

    const SOUND: File =
        File { mode: 0o600, is_writable: true, shaky: None, damage: Ok(Vec::new()) };

    fn facts() -> SqliteFacts {
        let (version, journal_mode) = ("3.50.0".to_owned(), Some("wal".to_owned()));
        SqliteFacts { version, journal_mode, bytes: 1 << 20, free_bytes: 0 }
    }

    fn worst(facts: &SqliteFacts, file: &File) -> (Status, &'static str, bool) {
        let found = judge(facts, Some(file));
        let worst = found.into_iter().max_by_key(|finding| (finding.status, finding.strict));
        let worst = worst.unwrap();
        (worst.status, worst.about, worst.strict == Failed)
    }

    #[test]
    fn each_trouble_is_told() {
        assert_eq!(worst(&facts(), &SOUND).0, Fine);
        let damaged = Ok(vec!["Tree 5 page 9: btreeInitPage() returns error code 11".to_owned()]);
        for (file, expected) in [
            (File { mode: 0o644, ..SOUND }, (Warning, "mode", false)),
            (File { is_writable: false, ..SOUND }, (Failed, "writable", true)),
            (File { shaky: Some("NFS"), ..SOUND }, (Warning, "file_system", true)),
            (File { damage: damaged, ..SOUND }, (Failed, "integrity", true)),
        ] {
            assert_eq!(worst(&facts(), &file), expected, "{file:?}");
        }
        let rollback = SqliteFacts { journal_mode: Some("delete".to_owned()), ..facts() };
        assert_eq!(worst(&rollback, &SOUND), (Warning, "journal", false));
        let bloated = SqliteFacts { bytes: 4 << 30, free_bytes: 3 << 30, ..facts() };
        assert_eq!(worst(&bloated, &SOUND), (Warning, "bloat", false));
        let unknown = File { damage: Err("no answer within 5 s".to_owned()), ..SOUND };
        assert_eq!(worst(&facts(), &unknown).0, Fine);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn file_systems_over_the_network_are_known() {
        assert_eq!(network(0x6969), Some("NFS"));
        // As statfs(2) gives it on machines where the field has a sign.
        assert_eq!(network(0xffff_ffff_ff53_4d42), Some("SMB"));
        for local in [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630] {
            assert_eq!(network(local), None);
        }
    }
}
