//! The master key that a server without a given one makes for itself, once.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use vestibule_model::{Entropy, Secret, secret::hex};
use vestibule_storage::owner;

/// Its name in the data directory.
pub const FILE_NAME: &str = "master.key";

/// Why the master key of the data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyFault {
    /// The system said no.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others can read it.
    #[error(
        "{} can be read by other users of this machine (mode {mode:03o}): close it with `chmod 600 \
         {}`, and if others may have read it, take a new master key",
        path.display(),
        path.display()
    )]
    Readable {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is not a key.
    #[error("{} does not hold 64 hex digits: restore it from a copy", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
}

/// The master key of `data_dir` as 64 hex digits, made now if there is none. Two processes that
/// start at once get the same key.
///
/// # Errors
/// See [`MasterKeyFault`].
pub fn load_or_create(
    data_dir: &Path,
    entropy: &dyn Entropy,
) -> Result<(Secret, Provenance), MasterKeyFault> {
    let path = data_dir.join(FILE_NAME);
    match fs::symlink_metadata(&path) {
        Ok(_) => load(&path).map(|key| (key, Provenance::Found)),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => {
            let made = create(data_dir, &path, entropy)?;
            load(&path).map(|key| (key, if made { Provenance::Made } else { Provenance::Found }))
        }
        Err(source) => Err(MasterKeyFault::Io { doing: "look at", path, source }),
    }
}

/// The master key of `data_dir`, if there is one. Makes nothing.
///
/// # Errors
/// See [`MasterKeyFault`].
pub fn find(data_dir: &Path) -> Result<Option<Secret>, MasterKeyFault> {
    let path = data_dir.join(FILE_NAME);
    match fs::symlink_metadata(&path) {
        Ok(_) => load(&path).map(Some),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(MasterKeyFault::Io { doing: "look at", path, source }),
    }
}

/// Whether a key was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provenance {
    /// It was there.
    Found,
    /// It was made just now.
    Made,
}

fn load(path: &Path) -> Result<Secret, MasterKeyFault> {
    check_mode(path)?;
    let text = fs::read_to_string(path).map_err(|source| MasterKeyFault::Io {
        doing: "read",
        path: path.to_owned(),
        source,
    })?;
    let text = text.trim();
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(Secret::new(text))
    } else {
        Err(MasterKeyFault::Malformed { path: path.to_owned() })
    }
}

/// Writes a new key under another name, then gives it its own name unless somebody was faster: the
/// file is never seen half-written. `false` if somebody was faster.
fn create(data_dir: &Path, path: &Path, entropy: &dyn Entropy) -> Result<bool, MasterKeyFault> {
    let fault = |doing: &'static str| {
        let path = path.to_owned();
        move |source| MasterKeyFault::Io { doing, path, source }
    };
    create_private_folder(data_dir).map_err(|source| MasterKeyFault::Io {
        doing: "make the folder",
        path: data_dir.to_owned(),
        source,
    })?;
    let mut bytes = [0_u8; 32];
    entropy.fill(&mut bytes);
    // Made with O_EXCL and mode 0600.
    let mut file = tempfile::Builder::new()
        .prefix(".master.key.")
        .tempfile_in(data_dir)
        .map_err(fault("write"))?;
    writeln!(file, "{}", hex(&bytes)).map_err(fault("write"))?;
    owner::of_folder(path)
        .and_then(|owner| owner::hand_over(file.as_file(), &owner))
        .map_err(fault("give away"))?;
    file.as_file().sync_all().map_err(fault("write"))?;
    match file.persist_noclobber(path) {
        Ok(_) => sync_folder(data_dir).map_err(fault("write")).map(|()| true),
        Err(lost) if lost.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(lost) => Err(fault("write")(lost.error)),
    }
}

/// Makes a folder that only its owner can enter, who is the owner of the folder around it; an existing
/// one stays as it is.
pub fn create_private_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(around) = path.parent().filter(|around| !around.as_os_str().is_empty()) {
        create_private_folder(around)?;
    }
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {
            let made = owner::wary().read(true).open(path)?;
            owner::hand_over(&made, &owner::of_folder(path)?)
        }
        Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(fault) => Err(fault),
    }
}

/// The new name must survive a power cut, for what the key sealed will.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) { fs::File::open(path)?.sync_all() } else { Ok(()) }
}

#[cfg(unix)]
fn check_mode(path: &Path) -> Result<(), MasterKeyFault> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = fs::metadata(path).map_err(|source| MasterKeyFault::Io {
        doing: "look at",
        path: path.to_owned(),
        source,
    })?;
    let mode = metadata.permissions().mode() & 0o777;
    let for_others = mode & 0o077;
    if for_others != 0 {
        return Err(MasterKeyFault::Readable { path: path.to_owned(), mode });
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_mode(_path: &Path) -> Result<(), MasterKeyFault> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Barrier;

    use tempfile::TempDir;

    use super::*;
    use crate::entropy::OsEntropy;

    #[test]
    fn it_is_made_once_for_the_owner_only() {
        let folder = TempDir::new().unwrap();
        let data_dir = folder.path().join("deep/data");
        let (made, how) = load_or_create(&data_dir, &OsEntropy).unwrap();
        assert_eq!(how, Provenance::Made);
        assert_eq!(made.expose().len(), 64);
        let file = data_dir.join(FILE_NAME);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&data_dir).unwrap().permissions().mode() & 0o777, 0o700);
        let (again, how) = load_or_create(&data_dir, &OsEntropy).unwrap();
        assert_eq!((again.expose(), how), (made.expose(), Provenance::Found));
        assert_eq!(fs::read_dir(&data_dir).unwrap().count(), 1, "nothing is left lying about");
    }

    #[test]
    fn starting_at_once_gives_everybody_the_same_key() {
        let folder = TempDir::new().unwrap();
        let start = Barrier::new(8);
        let keys: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        load_or_create(folder.path(), &OsEntropy).unwrap()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|(key, _)| key.expose() == keys[0].0.expose()));
        assert_eq!(keys.iter().filter(|(_, how)| *how == Provenance::Made).count(), 1);
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = TempDir::new().unwrap();
        load_or_create(folder.path(), &OsEntropy).unwrap();
        let file = folder.path().join(FILE_NAME);
        for mode in [0o640, 0o604, 0o644] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let fault = load_or_create(folder.path(), &OsEntropy).unwrap_err();
            assert!(matches!(fault, MasterKeyFault::Readable { .. }), "{fault}");
            assert!(fault.to_string().contains("chmod 600"), "{fault}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused_and_kept() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join(FILE_NAME);
        fs::write(&file, "not a key").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let fault = load_or_create(folder.path(), &OsEntropy).unwrap_err();
        assert!(matches!(fault, MasterKeyFault::Malformed { .. }), "{fault}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "not a key");
    }
}
