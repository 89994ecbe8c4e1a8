//! One run at a time in a folder: a lock that the system lets go of with the process, however that ends.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::job::ObjectName;

/// Holds a folder for as long as it lives.
#[derive(Debug)]
pub(super) struct FolderLock {
    path: PathBuf,
    /// Locked; closing it lets go.
    _file: File,
}

/// Why a folder is not ours.
#[derive(Debug)]
pub(super) enum LockError {
    /// Another run has it.
    Held {
        /// The file that it holds.
        path: PathBuf,
        /// Its process, where that can be told.
        process: Option<u32>,
    },
    /// The file cannot be made.
    Io(io::Error),
}

impl FolderLock {
    /// Takes the lock of a folder, or `None` on a file system that has no locks.
    pub fn take(folder: &Path) -> Result<Option<Self>, LockError> {
        let path = folder.join(ObjectName::LOCK);
        loop {
            if path.symlink_metadata().is_ok_and(|found| !found.is_file()) {
                let message = format!("{} is not a regular file", path.display());
                return Err(LockError::Io(io::Error::other(message)));
            }
            let open = File::options().read(true).write(true).create(true).truncate(false).open(&path);
            let mut file = open.map_err(LockError::Io)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(std::fs::TryLockError::WouldBlock) => {
                    let mut text = String::new();
                    let _ = (&file).take(20).read_to_string(&mut text);
                    return Err(LockError::Held { path, process: text.trim().parse().ok() });
                }
                Err(std::fs::TryLockError::Error(error)) => {
                    tracing::warn!(%error, path = %path.display(), "folder is not locked: do not run twice into it");
                    return Ok(None);
                }
            }
            // A run that ended between our two calls has removed the file: then it is nobody's lock.
            let inode = |metadata: io::Result<std::fs::Metadata>| metadata.ok().map(|file| (file.dev(), file.ino()));
            if inode(path.symlink_metadata()) == inode(file.metadata()) {
                let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
                return Ok(Some(Self { path, _file: file }));
            }
        }
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_held_once_and_a_left_file_holds_nothing() {
        let folder = tempfile::tempdir().unwrap();
        // As after a kill.
        std::fs::write(folder.path().join(ObjectName::LOCK), "123456").unwrap();
        let first = FolderLock::take(folder.path()).unwrap().expect("locks work here");
        match FolderLock::take(folder.path()) {
            Err(LockError::Held { path, process }) => {
                assert_eq!(path, folder.path().join(ObjectName::LOCK));
                assert_eq!(process, Some(std::process::id()));
            }
            other => panic!("{other:?}"),
        }
        drop(first);
        assert!(!folder.path().join(ObjectName::LOCK).exists());
        assert!(FolderLock::take(folder.path()).unwrap().is_some());
    }

    #[test]
    fn a_link_in_its_place_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = folder.path().join("elsewhere");
        std::os::unix::fs::symlink(&elsewhere, folder.path().join(ObjectName::LOCK)).unwrap();
        assert!(matches!(FolderLock::take(folder.path()), Err(LockError::Io(_))));
        assert!(!elsewhere.exists());
    }
}
