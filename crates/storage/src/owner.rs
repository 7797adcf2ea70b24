//! Whose the files are that a command of root makes in the folder of another user. They are that
//! user's: else root would lock the server out of its own folder.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io,
    os::unix::fs::{MetadataExt, OpenOptionsExt, fchown},
    path::Path,
};

use rustix::{fs::OFlags, process::geteuid};

/// What is known of the folder that the file at `path` is in.
///
/// # Errors
/// What the system said.
pub fn of_folder(path: &Path) -> io::Result<Metadata> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    fs::metadata(folder.unwrap_or(Path::new(".")))
}

/// What is known of the file at `path`, or of its folder if there is no file.
pub(crate) fn of_place(path: &Path) -> io::Result<Metadata> {
    fs::metadata(path).or_else(|_| of_folder(path))
}

/// Gives what this process has just made to whom `owner` belongs to. Nobody but root may give files
/// away, nor has to.
///
/// # Errors
/// What the system said. A file with a second name is kept: it may be another than the one that was
/// made, put there by the owner of the folder.
pub fn hand_over(made: &File, owner: &Metadata) -> io::Result<()> {
    let own = made.metadata()?;
    if !geteuid().is_root() || (own.uid(), own.gid()) == (owner.uid(), owner.gid()) {
        return Ok(());
    }
    if own.is_file() && own.nlink() != 1 {
        return Err(io::Error::other("the file has a second name"));
    }
    fchown(made, Some(owner.uid()), Some(owner.gid()))
}

/// How to open what somebody else may have put there: no link is followed to another place, and
/// nothing is waited for.
#[must_use]
pub fn wary() -> OpenOptions {
    let mut options = OpenOptions::new();
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    options.custom_flags(flags.bits().cast_signed());
    options
}
