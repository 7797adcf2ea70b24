//! Whether the folders in which the server keeps its files can be relied on.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access, statvfs};
use vestibule_storage::DatabaseUrl;

use super::finding::Finding;
use crate::config::Config;

/// Below this nothing can be relied on, in bytes.
const TOO_LITTLE: u64 = 100 << 20;
/// Below this somebody should look, in bytes.
const LITTLE: u64 = 1 << 30;

/// A folder in which the server keeps files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    /// What the system says, unless it is not there.
    pub(super) seen: Result<Option<Seen>, String>,
}

/// What the system says of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    is_folder: bool,
    mode: u32,
    owner: u32,
    /// Who asks.
    asker: u32,
    is_writable: bool,
    free_bytes: u64,
    free_files: Option<u64>,
}

/// The folders that are used: for the embedded database, and for a master key that was made. Blocks.
pub(super) fn look(config: &Config) -> Vec<Folder> {
    let mut paths = Vec::new();
    if config.keys.master_key.is_none() {
        paths.push(config.instance.data_dir.clone());
    }
    if let DatabaseUrl::Sqlite { path } = &config.database.url {
        paths.push(folder_of(path));
    }
    paths.dedup();
    paths.into_iter().map(|path| Folder { seen: see(&path), path }).collect()
}

/// The folder that a file is in.
pub(super) fn folder_of(file: &Path) -> PathBuf {
    let parent = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    parent.unwrap_or(Path::new(".")).to_owned()
}

fn see(path: &Path) -> Result<Option<Seen>, String> {
    let metadata = match path.metadata() {
        Ok(metadata) => metadata,
        Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(fault) => return Err(fault.to_string()),
    };
    let space = statvfs(path).map_err(|fault| fault.to_string())?;
    Ok(Some(Seen {
        is_folder: metadata.is_dir(),
        mode: metadata.mode() & 0o777,
        owner: metadata.uid(),
        asker: rustix::process::geteuid().as_raw(),
        is_writable: access(path, Access::WRITE_OK | Access::EXEC_OK).is_ok(),
        free_bytes: space.f_bavail.saturating_mul(space.f_frsize),
        // File systems that make room for names as they go say 0 of 0.
        free_files: (space.f_files > 0).then_some(space.f_favail),
    }))
}

pub(super) fn judge(folders: &[Folder]) -> Vec<Finding> {
    if folders.is_empty() {
        let why = "nothing is kept in files: rows are in PostgreSQL, and the master key is given";
        return vec![Finding::skipped("folder", why)];
    }
    folders.iter().flat_map(judge_one).collect()
}

fn judge_one(folder: &Folder) -> Vec<Finding> {
    let name = folder.path.display();
    match &folder.seen {
        Err(fault) => vec![Finding::failed(
            "folder",
            format!("{name} cannot be looked at: {fault}"),
            "let the server's user into it and into every folder above it",
        )],
        Ok(None) => vec![Finding::warning(
            "folder",
            format!("{name} is not there"),
            "the server makes it when it first starts; if there was one, mount or restore it",
        )],
        Ok(Some(seen)) if !seen.is_folder => vec![Finding::failed(
            "folder",
            format!("{name} is no folder"),
            "move that file away, or set data_dir to a folder",
        )],
        Ok(Some(seen)) => judge_seen(&name.to_string(), seen),
    }
}

fn judge_seen(name: &str, seen: &Seen) -> Vec<Finding> {
    let mut found = vec![space(name, seen)];
    if seen.free_files.is_some_and(|free| free < 100) {
        found.push(Finding::failed(
            "files",
            format!("the file system of {name} takes hardly any more files (inodes)"),
            "delete small files there, or move the folder to another file system",
        ));
    }
    if !seen.is_writable {
        found.push(Finding::failed(
            "writable",
            format!("{name} cannot be written to by user {}, who asks", seen.asker),
            format!("`chown -R USER {name}` to the server's user, and ask again as that user"),
        ));
    }
    // Root may look for everybody.
    if seen.asker != 0 && seen.owner != seen.asker {
        found.push(Finding::warning(
            "owner",
            format!("{name} belongs to user {}, but user {} asks", seen.owner, seen.asker),
            "run the doctor as the server's user; otherwise `chown` the folder to it",
        ));
    }
    if seen.mode & 0o022 != 0 {
        found.push(Finding::grave(
            "mode",
            format!("other users of this machine can change {name} (mode {:03o})", seen.mode),
            format!("`chmod 700 {name}`"),
        ));
    } else if seen.mode & 0o077 != 0 {
        found.push(Finding::warning(
            "mode",
            format!("other users of this machine can look into {name} (mode {:03o})", seen.mode),
            format!("`chmod 700 {name}`"),
        ));
    }
    found
}

fn space(name: &str, seen: &Seen) -> Finding {
    let free = format!("{} free in {name}", size(seen.free_bytes));
    let fix = "make room: nobody can sign in once the disk is full";
    match seen.free_bytes {
        ..TOO_LITTLE => Finding::failed("space", free, fix),
        TOO_LITTLE..LITTLE => Finding::warning("space", free, fix),
        LITTLE.. => Finding::ok("space", free),
    }
}

/// Bytes for people.
pub(super) fn size(bytes: u64) -> String {
    let units = [(1_u64 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = units.into_iter().find(|(unit, _)| bytes >= *unit);
    unit.map_or_else(
        || format!("{bytes} bytes"),
        |(unit, name)| format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Status;

    const SOUND: Seen = Seen {
        is_folder: true,
        mode: 0o700,
        owner: 1_000,
        asker: 1_000,
        is_writable: true,
        free_bytes: 10 << 30,
        free_files: Some(100_000),
    };

    fn worst(seen: Result<Option<Seen>, String>) -> (Status, &'static str) {
        let found = judge(&[Folder { path: "/data".into(), seen }]);
        let worst = found.iter().max_by_key(|finding| finding.status).unwrap();
        assert!(!worst.is_problem() || worst.fix.is_some(), "{worst:?}");
        (worst.status, worst.about)
    }

    #[test]
    fn each_trouble_is_told() {
        use Status::{Failed, Ok as Fine, Warning};
        for (seen, expected) in [
            (SOUND, (Fine, "space")),
            (Seen { is_folder: false, ..SOUND }, (Failed, "folder")),
            (Seen { mode: 0o750, ..SOUND }, (Warning, "mode")),
            (Seen { mode: 0o770, ..SOUND }, (Warning, "mode")),
            (Seen { owner: 0, ..SOUND }, (Warning, "owner")),
            (Seen { asker: 0, ..SOUND }, (Fine, "space")),
            (Seen { is_writable: false, ..SOUND }, (Failed, "writable")),
            (Seen { free_bytes: LITTLE - 1, ..SOUND }, (Warning, "space")),
            (Seen { free_bytes: TOO_LITTLE - 1, ..SOUND }, (Failed, "space")),
            (Seen { free_files: Some(9), ..SOUND }, (Failed, "files")),
            (Seen { free_files: None, ..SOUND }, (Fine, "space")),
        ] {
            assert_eq!(worst(Ok(Some(seen.clone()))), expected, "{seen:?}");
        }
        assert_eq!(worst(Ok(None)), (Warning, "folder"));
        assert_eq!(worst(Err("no".to_owned())), (Failed, "folder"));
        assert_eq!(judge(&[])[0].status, Status::Skipped);
    }

    #[test]
    fn a_folder_that_others_change_is_grave() {
        let grave = |mode| {
            let found = judge_seen("/data", &Seen { mode, ..SOUND });
            found.iter().any(|finding| finding.strict == Status::Failed)
        };
        assert!(grave(0o720) && grave(0o702));
        assert!(!grave(0o755));
    }

    #[test]
    fn sizes_are_for_people() {
        for (bytes, told) in
            [(0, "0 bytes"), (1_023, "1023 bytes"), (1_536, "1.5 KiB"), (5 << 40, "5.0 TiB")]
        {
            assert_eq!(size(bytes), told);
        }
    }

    #[test]
    fn this_machine_s_folders_are_seen() {
        let folder = tempfile::tempdir().unwrap();
        let closed = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(folder.path(), closed).unwrap();
        let seen = see(folder.path()).unwrap().unwrap();
        assert!(seen.is_folder && seen.is_writable && seen.free_bytes > 0);
        assert_eq!((seen.mode, seen.owner), (0o700, seen.asker));
        assert_eq!(see(&folder.path().join("none")).unwrap(), None);
    }
}
