//! What a command writes before all of it is there, under names of its own. A command that is killed
//! cannot take it away: the next one that writes to the same folder does.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::process::geteuid;
use tempfile::{Builder, NamedTempFile, TempDir};
use vestibule_storage::owner;

/// What the names of files begin with.
const FILE: &str = ".vestibule-draft-";
/// What the names of folders begin with.
const FOLDER: &str = ".vestibule-restore-";

/// How often another command may take for left what this one just made.
const TRIES: usize = 16;

/// A file in `folder` that only its owner can read.
///
/// # Errors
/// What the system said.
pub(super) fn file_in(folder: &Path) -> io::Result<NamedTempFile> {
    remove_left(folder, FILE);
    held(|| {
        let draft = Builder::new().prefix(FILE).tempfile_in(folder)?;
        let is_held = hold(draft.as_file());
        Ok((draft, is_held))
    })
}

/// A folder that only its owner can enter, and that goes away with all that is in it.
pub(super) struct Folder {
    folder: TempDir,
    /// Says that somebody works in it.
    _held: File,
}

impl Folder {
    /// Makes one in `folder`.
    ///
    /// # Errors
    /// What the system said.
    pub(super) fn in_folder(folder: &Path) -> io::Result<Self> {
        remove_left(folder, FOLDER);
        held(|| {
            let made = Builder::new().prefix(FOLDER).tempdir_in(folder)?;
            let file = File::open(made.path())?;
            let is_held = hold(&file);
            Ok((Self { folder: made, _held: file }, is_held))
        })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Makes drafts until one is held.
fn held<T>(mut make: impl FnMut() -> io::Result<(T, bool)>) -> io::Result<T> {
    for _ in 0..TRIES {
        if let (draft, true) = make()? {
            return Ok(draft);
        }
    }
    Err(io::Error::other("other commands take its drafts away"))
}

/// Keeps others from taking it for left, as long as the file is open. `false` if one was faster. Where
/// the file system knows no locks, nothing is taken away.
fn hold(draft: &File) -> bool {
    match draft.try_lock() {
        Ok(()) => draft.metadata().is_ok_and(|seen| seen.nlink() > 0),
        Err(TryLockError::WouldBlock) => false,
        Err(TryLockError::Error(_)) => true,
    }
}

/// Removes our drafts that nobody holds any more. What cannot be removed is in nobody's way.
fn remove_left(folder: &Path, prefix: &str) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            let _ = remove_if_left(&entry.path());
        }
    }
}

fn remove_if_left(path: &Path) -> io::Result<()> {
    let draft = owner::wary().read(true).open(path)?;
    let seen = draft.metadata()?;
    if seen.uid() != geteuid().as_raw() || draft.try_lock().is_err() {
        return Ok(());
    }
    if seen.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn what_a_killed_command_left_goes_away_with_the_next_one() {
        let folder = TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path(".vestibule-draft-aBcDeF"), "half of a database").unwrap();
        fs::create_dir(path(".vestibule-restore-aBcDeF")).unwrap();
        fs::write(path(".vestibule-restore-aBcDeF/vestibule.db"), "half").unwrap();
        let file = file_in(folder.path()).unwrap();
        assert!(!path(".vestibule-draft-aBcDeF").exists());
        let made = Folder::in_folder(folder.path()).unwrap();
        assert!(!path(".vestibule-restore-aBcDeF").exists());
        assert_eq!(names(folder.path()), 2);
        drop((file, made));
        assert_eq!(names(folder.path()), 0);
    }

    #[test]
    fn what_somebody_works_on_stays() {
        let folder = TempDir::new().unwrap();
        let files = [file_in(folder.path()).unwrap(), file_in(folder.path()).unwrap()];
        let folders =
            [Folder::in_folder(folder.path()).unwrap(), Folder::in_folder(folder.path()).unwrap()];
        assert!(files.iter().all(|file| file.path().exists()));
        assert!(folders.iter().all(|made| made.path().exists()));
    }

    #[test]
    fn nothing_is_followed_or_waited_for_on_the_way() {
        let folder = TempDir::new().unwrap();
        let other = folder.path().join("other");
        fs::write(&other, "kept").unwrap();
        std::os::unix::fs::symlink(&other, folder.path().join(".vestibule-draft-link")).unwrap();
        let pipe = folder.path().join(".vestibule-draft-pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        file_in(folder.path()).unwrap();
        assert_eq!(fs::read_to_string(&other).unwrap(), "kept");
    }
}
