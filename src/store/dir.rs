//! Objects as files under a folder.
//!
//! A file is written under a temporary name in its own folder and renamed when it is whole: a reader,
//! or a run that is killed, never meets half an image. Nothing is synced to the disk one by one: after
//! a power cut the manifest says more than the disk holds, and the run is repeated.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use tempfile::NamedTempFile;

use super::lock::{FolderLock, LockError};
use super::{Known, Stat, Store, StoreError, Stored};
use crate::job::{ObjectName, digest};

/// Keeps objects as files under a folder, and never outside it.
#[derive(Debug)]
pub struct DirStore {
    /// As it was given, for messages.
    place: String,
    /// Without links.
    root: PathBuf,
    /// Held while a folder is made ready.
    folders: Mutex<Folders>,
    /// Nobody else writes here, so temporary files that were not made by this store are of nobody.
    is_alone: bool,
    /// Of the root, for as long as the store is open.
    _lock: Option<FolderLock>,
}

#[derive(Debug)]
struct Folders {
    /// They exist and lie under the root, without links.
    ready: HashSet<PathBuf>,
    /// Temporary files of an earlier run are gone. Once only: later ones are our own.
    swept: HashSet<PathBuf>,
}

impl DirStore {
    /// Opens a folder, makes it where there is none, and keeps others from writing to it. Temporary files that a run left there when it was
    /// killed are removed (those in folders below, when the first object goes there).
    ///
    /// # Errors
    /// When the folder cannot be made, cannot be written to, or another process has it open.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        Self::open_as(folder, true)
    }

    /// Opens a folder that others write to as well: workers that share a destination. Nobody's temporary files are
    /// removed.
    ///
    /// # Errors
    /// When the folder cannot be made or written to.
    pub fn shared(folder: &Path) -> Result<Self, StoreError> {
        Self::open_as(folder, false)
    }

    fn open_as(folder: &Path, is_alone: bool) -> Result<Self, StoreError> {
        let place = folder.display().to_string();
        let refused = |error: io::Error| match classify(&error) {
            Class::Full => StoreError::Full { place: place.clone() },
            _ => StoreError::NotWritable { place: place.clone(), message: message(&error) },
        };
        std::fs::create_dir_all(folder).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists | ErrorKind::NotADirectory => {
                StoreError::NotWritable { place: place.clone(), message: "a file is there, no folder".to_owned() }
            }
            _ => refused(error),
        })?;
        let root = folder.canonicalize().map_err(refused)?;
        // First of all: a file of a run that goes on is not to be taken for one that was left.
        let lock = match is_alone {
            true => FolderLock::take(&root).map_err(|error| match error {
                LockError::Held { path, process } => {
                    let lock = folder.join(path.file_name().unwrap_or_default());
                    StoreError::Locked { place: place.clone(), lock, process }
                }
                LockError::Io(error) => refused(error),
            })?,
            false => None,
        };
        // Now rather than after the first sheet.
        temporary_file(&root).map_err(refused)?;
        if is_alone {
            remove_temporary_files(&root);
        }
        let known = HashSet::from([root.clone()]);
        let folders = Mutex::new(Folders { ready: known.clone(), swept: known });
        Ok(Self { place, root, folders, is_alone, _lock: lock })
    }

    fn try_put(&self, object: &ObjectName, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.root.join(object.as_str());
        let folder = path.parent().unwrap_or(&self.root);
        self.make_ready(folder)?;
        let mut file = temporary_file(folder)?;
        file.as_file_mut().write_all(bytes)?;
        // Replaces a link, rather than following it.
        file.persist(&path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Makes a folder under the root, level by level, so that no link is followed out of it.
    fn make_ready(&self, folder: &Path) -> Result<(), Failure> {
        let mut folders = self.folders.lock();
        if folders.ready.contains(folder) {
            return Ok(());
        }
        let below = folder.strip_prefix(&self.root).map_err(|_| Failure::Outside)?;
        let mut level = self.root.clone();
        std::fs::create_dir_all(&level)?;
        for part in below {
            level.push(part);
            match std::fs::create_dir(&level) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error.into()),
                _ => {}
            }
            if !level.canonicalize()?.starts_with(&self.root) {
                return Err(Failure::Outside);
            }
        }
        if self.is_alone && folders.swept.insert(folder.to_owned()) {
            remove_temporary_files(folder);
        }
        folders.ready.insert(folder.to_owned());
        Ok(())
    }
}

impl DirStore {
    fn error(&self, object: &ObjectName, failure: Failure) -> StoreError {
        let place = self.place.clone();
        match failure {
            Failure::Outside => StoreError::Outside { place, object: object.to_string() },
            Failure::Io(error) => match classify(&error) {
                Class::Full => StoreError::Full { place },
                Class::NotWritable => StoreError::NotWritable { place, message: message(&error) },
                Class::Gone => StoreError::Gone { place, message: message(&error) },
                Class::Other => StoreError::Object { object: object.to_string(), message: message(&error) },
            },
        }
    }

    /// The name of a file, if it starts with `prefix` and is an object.
    fn name_of(&self, path: &Path, prefix: &str) -> Option<String> {
        let name = path.strip_prefix(&self.root).ok()?.to_str()?;
        let file = name.rsplit('/').next()?;
        let is_object = file != ObjectName::LOCK && !file.starts_with(ObjectName::TEMPORARY_PREFIX);
        (is_object && name.starts_with(prefix)).then(|| name.to_owned())
    }

    /// The path of an object that lies in the folder, reached without leaving it.
    fn path_of(&self, object: &ObjectName) -> Option<PathBuf> {
        let path = self.root.join(object.as_str());
        let folder = path.parent()?;
        let is_inside = self.folders.lock().ready.contains(folder)
            || folder.canonicalize().is_ok_and(|folder| folder.starts_with(&self.root));
        is_inside.then_some(path)
    }
}

impl Store for DirStore {
    fn put(&self, object: &ObjectName, bytes: &[u8]) -> Result<Stored, StoreError> {
        let first = self.try_put(object, bytes);
        let outcome = match first {
            // Somebody removed the folder, or another run that starts there took our file for an old one.
            Err(Failure::Io(error)) if error.kind() == ErrorKind::NotFound => {
                self.folders.lock().ready.clear();
                self.try_put(object, bytes)
            }
            first => first,
        };
        outcome.map(|()| Stored::default()).map_err(|failure| self.error(object, failure))
    }

    fn get(&self, object: &ObjectName) -> Result<Option<Vec<u8>>, StoreError> {
        match self.stat(object).and_then(|_| self.path_of(object)).map(std::fs::read) {
            None => Ok(None),
            Some(Ok(bytes)) => Ok(Some(bytes)),
            Some(Err(error)) if error.kind() == ErrorKind::NotFound => Ok(None),
            Some(Err(error)) => Err(self.error(object, error.into())),
        }
    }

    fn delete(&self, object: &ObjectName) -> Result<(), StoreError> {
        match self.path_of(object).map(std::fs::remove_file) {
            Some(Err(error)) if error.kind() != ErrorKind::NotFound => Err(self.error(object, error.into())),
            _ => Ok(()),
        }
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let mut names = Vec::new();
        // Only the folder that the prefix names is walked.
        let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
        let root = self.root.join(folder);
        if !root.canonicalize().is_ok_and(|root| root.starts_with(&self.root)) {
            return Ok(names);
        }
        let mut folders = vec![root];
        while let Some(folder) = folders.pop() {
            let read = |error: io::Error| StoreError::Gone { place: self.place.clone(), message: message(&error) };
            for entry in std::fs::read_dir(&folder).map_err(read)? {
                let entry = entry.map_err(read)?;
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                    Ok(kind) if kind.is_file() => names.extend(self.name_of(&entry.path(), prefix)),
                    _ => {}
                }
            }
        }
        names.sort();
        Ok(names)
    }

    fn holds(&self, known: &[Known]) -> Result<Vec<bool>, StoreError> {
        let holds = |known: &Known| {
            self.stat(&known.object).is_some_and(|stat| stat.bytes == known.bytes)
                && self.read(&known.object).is_some_and(|bytes| digest(&bytes) == known.checksum)
        };
        Ok(known.iter().map(holds).collect())
    }

    fn stat(&self, object: &ObjectName) -> Option<Stat> {
        let found = self.path_of(object)?.symlink_metadata().ok().filter(|found| found.is_file())?;
        Some(Stat { bytes: found.len(), modified: found.modified().ok() })
    }

    fn read(&self, object: &ObjectName) -> Option<Vec<u8>> {
        self.stat(object)?;
        std::fs::read(self.path_of(object)?).ok()
    }

    fn describe(&self) -> String {
        self.place.clone()
    }
}

enum Failure {
    Outside,
    Io(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// With the permissions of any other file (`tempfile`'s own would hide it from web servers), and with the
/// system's own error where it cannot be made (`tempfile`'s own hides its number).
fn temporary_file(folder: &Path) -> io::Result<NamedTempFile<File>> {
    let create = |path: &Path| File::options().write(true).create_new(true).open(path);
    tempfile::Builder::new().prefix(ObjectName::TEMPORARY_PREFIX).make_in(folder, create)
}

/// Best effort: a file that stays is in nobody's way.
fn remove_temporary_files(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(ObjectName::TEMPORARY_PREFIX);
        if is_ours && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Class {
    Full,
    NotWritable,
    Gone,
    Other,
}

fn classify(error: &io::Error) -> Class {
    /// Linux numbers that `ErrorKind` has no stable word for: EIO, ENXIO, ENODEV, ESHUTDOWN.
    const DEVICE_GONE: [i32; 4] = [5, 6, 19, 108];
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Class::Full,
        ErrorKind::ReadOnlyFilesystem => Class::NotWritable,
        ErrorKind::StaleNetworkFileHandle | ErrorKind::NotConnected | ErrorKind::HostUnreachable => Class::Gone,
        _ if error.raw_os_error().is_some_and(|number| DEVICE_GONE.contains(&number)) => Class::Gone,
        _ => Class::Other,
    }
}

fn message(error: &io::Error) -> String {
    error.to_string().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> ObjectName {
        ObjectName::new(name).unwrap()
    }

    fn files(folder: &Path) -> Vec<String> {
        let mut names = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != ObjectName::LOCK)
            .collect::<Vec<_>>();
        names.sort();
        names
    }

    #[test]
    fn what_a_killed_run_left_is_removed_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("sub")).unwrap();
        for file in [".gravure-tmp-abc", "sub/.gravure-tmp-xyz", "kept.jpg", "sub/kept.jpg", ".other-tmp"] {
            std::fs::write(root.path().join(file), "x").unwrap();
        }
        let store = DirStore::open(root.path()).unwrap();
        assert_eq!(files(root.path()), [".other-tmp", "kept.jpg", "sub"]);
        store.put(&name("sub/new.jpg"), b"y").unwrap();
        assert_eq!(files(&root.path().join("sub")), ["kept.jpg", "new.jpg"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_do_not_lead_out() {
        let root = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        std::fs::write(elsewhere.path().join("secret"), "s").unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), root.path().join("link")).unwrap();
        std::os::unix::fs::symlink(elsewhere.path().join("secret"), root.path().join("file.jpg")).unwrap();
        let store = DirStore::open(root.path()).unwrap();
        for object in ["link/x.jpg", "link/deep/er/x.jpg"] {
            let error = store.put(&name(object), b"y").unwrap_err();
            assert!(matches!(error, StoreError::Outside { .. }), "{error}");
            assert!(!error.is_fatal());
        }
        // A link in the place of the object itself is replaced.
        store.put(&name("file.jpg"), b"y").unwrap();
        assert_eq!(std::fs::read(root.path().join("file.jpg")).unwrap(), b"y");
        assert_eq!(files(elsewhere.path()), ["secret"]);
        assert_eq!(std::fs::read(elsewhere.path().join("secret")).unwrap(), b"s");
    }

    #[cfg(unix)]
    #[test]
    fn a_store_may_be_opened_through_a_link_and_its_files_are_as_readable_as_any() {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("real")).unwrap();
        std::os::unix::fs::symlink("real", root.path().join("out")).unwrap();
        let store = DirStore::open(&root.path().join("out")).unwrap();
        store.put(&name("a/x.jpg"), b"y").unwrap();
        std::fs::write(root.path().join("ordinary"), "y").unwrap();
        let mode = |path: &str| root.path().join(path).metadata().unwrap().permissions().mode();
        assert_eq!(mode("real/a/x.jpg"), mode("ordinary"));
    }

    #[test]
    fn places_that_cannot_be_written_are_refused_when_opened() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        std::fs::write(&file, "x").unwrap();
        for place in [file.as_path(), &file.join("below"), Path::new("/proc/gravure")] {
            let error = DirStore::open(place).unwrap_err();
            assert!(matches!(error, StoreError::NotWritable { .. }), "{error}");
            assert!(error.to_string().contains(&place.display().to_string()), "{error}");
        }
        assert!(DirStore::open(&file).unwrap_err().to_string().ends_with("a file is there, no folder"));
    }

    #[test]
    fn a_folder_is_open_once() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join(".gravure-tmp-of-the-first"), "x").unwrap();
        let first = DirStore::open(root.path()).unwrap();
        std::fs::write(root.path().join(".gravure-tmp-of-the-first"), "x").unwrap();
        let error = DirStore::open(root.path()).unwrap_err();
        assert!(matches!(error, StoreError::Locked { .. }), "{error}");
        let lock = root.path().join(ObjectName::LOCK);
        assert!(error.to_string().ends_with(&format!("it holds {}", lock.display())), "{error}");
        assert_eq!(files(root.path()), [".gravure-tmp-of-the-first"], "what the first is writing stays");
        drop(first);
        DirStore::open(root.path()).unwrap();
        assert!(!lock.exists());
    }

    #[cfg(unix)]
    #[test]
    fn what_lies_behind_a_link_is_not_ours() {
        let root = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        std::fs::write(elsewhere.path().join("x.jpg"), "s").unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), root.path().join("link")).unwrap();
        std::os::unix::fs::symlink(elsewhere.path().join("x.jpg"), root.path().join("file.jpg")).unwrap();
        let store = DirStore::open(root.path()).unwrap();
        for object in ["link/x.jpg", "file.jpg"] {
            assert_eq!((store.stat(&name(object)), store.read(&name(object))), (None, None), "{object}");
        }
    }

    #[test]
    fn an_object_that_cannot_be_kept_leaves_nothing_behind() {
        let root = tempfile::tempdir().unwrap();
        let store = DirStore::open(root.path()).unwrap();
        std::fs::create_dir(root.path().join("taken.jpg")).unwrap();
        std::fs::write(root.path().join("file"), "x").unwrap();
        for object in ["taken.jpg", "file/below.jpg"] {
            let error = store.put(&name(object), b"y").unwrap_err();
            assert!(matches!(error, StoreError::Object { .. }), "{error}");
            assert!(error.to_string().contains(object) && !error.to_string().contains("gravure-tmp"), "{error}");
        }
        assert_eq!(files(root.path()), ["file", "taken.jpg"]);
    }

    #[test]
    fn a_folder_that_was_removed_is_made_again() {
        let root = tempfile::tempdir().unwrap();
        let store = DirStore::open(&root.path().join("out")).unwrap();
        store.put(&name("a/1.jpg"), b"1").unwrap();
        std::fs::remove_dir_all(root.path().join("out")).unwrap();
        store.put(&name("a/2.jpg"), b"2").unwrap();
        assert_eq!(files(&root.path().join("out/a")), ["2.jpg"]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_and_a_lost_one_are_told_apart() {
        let plain = |number| classify(&io::Error::from_raw_os_error(number));
        let cases = [
            ("ENOSPC", 28, Class::Full),
            ("EDQUOT", 122, Class::Full),
            ("EROFS", 30, Class::NotWritable),
            ("EIO", 5, Class::Gone),
            ("ENODEV", 19, Class::Gone),
            ("ESTALE", 116, Class::Gone),
            ("ENAMETOOLONG", 36, Class::Other),
        ];
        for (word, number, class) in cases {
            assert_eq!(plain(number), class, "{word}");
        }
        // The system's own answer when a file is written to a full device.
        let error = std::fs::write("/dev/full", "x").unwrap_err();
        assert_eq!(classify(&error), Class::Full);
        let error = temporary_file(Path::new("/proc/self/fd/none")).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(2), "the number comes through: {error:?}");
    }
}
