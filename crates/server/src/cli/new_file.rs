//! A file that is written for somebody to keep: whole under its name or not there at all, never in
//! the place of another, and only its owner can read it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::drafts;
use crate::fault::Fault;

/// The file while it is written, under a name that starts with a dot.
pub(super) struct NewFile {
    draft: NamedTempFile,
    path: PathBuf,
}

impl NewFile {
    /// Begins a file that is to be at `path`.
    ///
    /// # Errors
    /// Something is there already, or the folder cannot be written to.
    pub(super) fn create(path: &Path) -> Result<Self, Fault> {
        if path.symlink_metadata().is_ok() {
            return Err(taken(path));
        }
        let draft = drafts::file_in(folder_of(path))
            .map_err(Fault::io(format!("cannot write {}", path.display())))?;
        Ok(Self { draft, path: path.to_owned() })
    }

    /// What to write to.
    pub(super) fn file(&mut self) -> &mut File {
        self.draft.as_file_mut()
    }

    /// Where it is for now.
    pub(super) fn draft(&self) -> &Path {
        self.draft.path()
    }

    /// Gives it its name, once all of it is on disk. Returns its size in bytes.
    ///
    /// # Errors
    /// What the system said, or somebody else took the name meanwhile.
    pub(super) fn keep(self) -> Result<u64, Fault> {
        let fault = || Fault::io(format!("cannot write {}", self.path.display()));
        self.draft.as_file().sync_all().map_err(fault())?;
        let size = self.draft.path().metadata().map_err(fault())?.len();
        let path = self.path.clone();
        if let Err(lost) = self.draft.persist_noclobber(&path) {
            return Err(match lost.error.kind() {
                io::ErrorKind::AlreadyExists => taken(&path),
                _ => Fault::io(format!("cannot write {}", path.display()))(lost.error),
            });
        }
        // The name must survive a power cut too.
        let synced = File::open(folder_of(&path)).and_then(|folder| folder.sync_all());
        synced.map_err(Fault::io(format!("cannot write {}", path.display())))?;
        Ok(size)
    }
}

fn taken(path: &Path) -> Fault {
    Fault::refused(format!(
        "{} is there already, and is not overwritten; fix: name another file",
        path.display()
    ))
}

/// The folder that the file is in.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn it_is_whole_and_its_owners_or_not_there() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("all.jsonl");
        let mut file = NewFile::create(&path).unwrap();
        file.file().write_all(b"rows").unwrap();
        assert!(!path.exists());
        assert_eq!(file.keep().unwrap(), 4);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        drop(NewFile::create(&folder.path().join("other")).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "drafts go away");
    }

    #[test]
    fn nothing_is_overwritten() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("all.jsonl");
        let late = NewFile::create(&path).unwrap();
        fs::write(&path, "first").unwrap();
        for refused in [NewFile::create(&path).err(), late.keep().err()] {
            assert!(refused.unwrap().to_string().contains("is there already"));
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "first");
    }
}
