//! Where finished images go: a bucket, a folder, memory, or nowhere.
//!
//! Fed by `encode/`. A store keeps whole objects only: what is found under an object's name is all of
//! it or an earlier one, at any moment, whatever is interrupted.

mod allowed;
mod dir;
mod lock;
mod memory;
mod null;
mod s3;
mod stores;

use std::path::PathBuf;
use std::time::SystemTime;

use thiserror::Error;

use crate::job::{ErrorCode, ObjectName};

pub use allowed::AllowedPlaces;
pub use dir::DirStore;
pub use memory::MemoryStore;
pub use null::NullStore;
pub use s3::{Buckets, EtagKind, Fetched, S3Settings, S3Totals};
pub use stores::{StoreSettings, Stores};

/// Keeps objects by name. Shared by all threads that store. Calls block; none may be made on a thread of an async
/// runtime.
pub trait Store: Send + Sync {
    /// Keeps an object, in the place of an earlier one of that name.
    ///
    /// # Errors
    /// When it is not kept; see [`StoreError::is_fatal`].
    fn put(&self, object: &ObjectName, bytes: &[u8]) -> Result<Stored, StoreError>;

    /// Keeps an object and says so later, from any thread; stores behind a network keep many at a time. Waits while
    /// too many bytes are on their way. Default: at once.
    fn put_then(&self, object: &ObjectName, bytes: Vec<u8>, done: WhenStored) {
        done(self.put(object, &bytes), bytes);
    }

    /// An object's bytes; `None` where there is none.
    ///
    /// # Errors
    /// When that cannot be told.
    fn get(&self, object: &ObjectName) -> Result<Option<Vec<u8>>, StoreError>;

    /// Removes an object; also when there is none.
    ///
    /// # Errors
    /// When it may still be there.
    fn delete(&self, object: &ObjectName) -> Result<(), StoreError>;

    /// The names of all objects that start with `prefix`, in order, relative to the destination.
    ///
    /// # Errors
    /// When they cannot be told.
    fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError>;

    /// Which of these objects are there as they were stored: one answer for each.
    ///
    /// # Errors
    /// When that cannot be told.
    fn holds(&self, known: &[Known]) -> Result<Vec<bool>, StoreError>;

    /// What is known of an object without reading it; `None` where there is none.
    fn stat(&self, object: &ObjectName) -> Option<Stat>;

    /// An object's bytes; `None` where there is none that can be read.
    fn read(&self, object: &ObjectName) -> Option<Vec<u8>>;

    /// The place, for messages.
    fn describe(&self) -> String;
}

/// Told of an object that was to be kept, with its bytes again.
pub type WhenStored = Box<dyn FnOnce(Result<Stored, StoreError>, Vec<u8>) + Send>;

/// What a store says of an object that it has kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// The version's mark, where the store gives one: an S3 ETag without its quotes.
    pub etag: Option<String>,
}

/// An object as it was stored, for [`Store::holds`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its name.
    pub object: ObjectName,
    /// Its length.
    pub bytes: u64,
    /// As [`crate::job::digest`] writes it.
    pub checksum: String,
    /// As [`Stored::etag`] had it.
    pub etag: Option<String>,
}

/// What a store knows of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Its length.
    pub bytes: u64,
    /// When it was stored, where the store can tell.
    pub modified: Option<SystemTime>,
}

/// Why a store cannot be opened, or did not keep an object.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum StoreError {
    /// No room, or no more quota.
    #[error("no space left in {place}")]
    Full {
        /// Of the store.
        place: String,
    },
    /// Another run writes there.
    #[error(
        "another run{} is writing to {place}: it holds {}",
        process.map(|id| format!(" (process {id})")).unwrap_or_default(),
        lock.display()
    )]
    Locked {
        /// Of the store.
        place: String,
        /// The file that it holds.
        lock: PathBuf,
        /// Its process, where that can be told.
        process: Option<u32>,
    },
    /// The place takes nothing new.
    #[error("cannot write to {place}: {message}")]
    NotWritable {
        /// Of the store.
        place: String,
        /// What the system says.
        message: String,
    },
    /// The disk or network behind the place is not there any more.
    #[error("{place} is gone: {message}")]
    Gone {
        /// Of the store.
        place: String,
        /// What the system says.
        message: String,
    },
    /// No answer, or one that asks to come again later, in spite of all tries.
    #[error("{place} cannot be reached: {message}")]
    Unreachable {
        /// Of the store.
        place: String,
        /// What went wrong last.
        message: String,
    },
    /// The credentials, the bucket or the right to use it are missing: for an operator to put right.
    #[error("{place} refuses: {message}")]
    Refused {
        /// Of the store.
        place: String,
        /// What it says.
        message: String,
    },
    /// A link in the folder leads elsewhere.
    #[error("{object} would leave {place}: a link leads elsewhere")]
    Outside {
        /// Of the store.
        place: String,
        /// The name that is to blame.
        object: String,
    },
    /// This object was not kept; others may be.
    #[error("cannot store {object}: {message}")]
    Object {
        /// Its name.
        object: String,
        /// What the system says.
        message: String,
    },
    /// No place at all.
    #[error("{place} cannot be used: {message}")]
    BadPlace {
        /// As it was given.
        place: String,
        /// What is wrong with it.
        message: String,
    },
    /// Any other kind of destination.
    #[error("unknown kind of destination {0:?}: give a folder, s3://bucket/prefix, file:///folder or null:")]
    UnknownKind(String),
}

impl StoreError {
    /// As a manifest names it.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Full { .. } => ErrorCode::StoreFull,
            _ => ErrorCode::StoreFailed,
        }
    }

    /// Whether every other object would fail too, so that a run had better stop.
    pub fn is_fatal(&self) -> bool {
        match self {
            Self::Full { .. }
            | Self::Locked { .. }
            | Self::NotWritable { .. }
            | Self::Gone { .. }
            | Self::Unreachable { .. }
            | Self::Refused { .. }
            | Self::BadPlace { .. }
            | Self::UnknownKind(_) => true,
            Self::Outside { .. } | Self::Object { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::digest;

    fn name(name: &str) -> ObjectName {
        ObjectName::new(name).unwrap()
    }

    /// What every store that keeps things must do.
    fn contract(store: &dyn Store, read: &(dyn Fn(&str) -> Option<Vec<u8>> + Sync)) {
        assert_eq!(read("1-link.jpg"), None);
        assert_eq!((store.stat(&name("1-link.jpg")), store.read(&name("a/b"))), (None, None));
        store.put(&name("1-link.jpg"), b"one").unwrap();
        assert_eq!(read("1-link.jpg").unwrap(), b"one", "a new object");
        store.put(&name("1-link.jpg"), b"longer than one").unwrap();
        store.put(&name("1-link.jpg"), b"1").unwrap();
        assert_eq!(read("1-link.jpg").unwrap(), b"1", "the last one wins, whole");
        store.put(&name("a/b/c d%20é.png"), b"deep").unwrap();
        assert_eq!(read("a/b/c d%20é.png").unwrap(), b"deep", "folders are made, names are kept as they are");
        assert_eq!(store.stat(&name("a/b/c d%20é.png")).map(|stat| stat.bytes), Some(4));
        assert_eq!(store.read(&name("a/b/c d%20é.png")).unwrap(), b"deep");
        assert_eq!(store.stat(&name("a/b")), None, "a folder is no object");
        store.put(&name("empty.png"), b"").unwrap();
        assert_eq!(read("empty.png").unwrap(), b"", "an empty object");
        assert_eq!(store.get(&name("a/b/c d%20é.png")).unwrap().unwrap(), b"deep");
        assert_eq!(store.get(&name("a/none.png")).unwrap(), None);
        assert_eq!(store.list("").unwrap(), ["1-link.jpg", "a/b/c d%20é.png", "empty.png"]);
        assert_eq!(store.list("a/b/c").unwrap(), ["a/b/c d%20é.png"]);
        assert!(store.list("b/").unwrap().is_empty());
        let known = |object, bytes: &[u8]| {
            let stored = store.put(&name(object), bytes).unwrap();
            Known { object: name(object), bytes: bytes.len() as u64, checksum: digest(bytes), etag: stored.etag }
        };
        let kept = [known("k/1.png", b"one"), known("k/2.png", b"two"), known("k/3.png", b"three")];
        store.put(&name("k/2.png"), b"TWO").unwrap();
        store.delete(&name("k/3.png")).unwrap();
        store.delete(&name("k/3.png")).unwrap();
        assert_eq!(store.holds(&kept).unwrap(), [true, false, false], "the same, changed, removed");
        assert_eq!(store.get(&name("k/3.png")).unwrap(), None);
        let (tell, told) = std::sync::mpsc::channel();
        store.put_then(
            &name("later.png"),
            b"later".to_vec(),
            Box::new(move |stored, bytes| drop(tell.send((stored.is_ok(), bytes)))),
        );
        assert_eq!(told.recv().unwrap(), (true, b"later".to_vec()));
        assert_eq!(read("later.png").unwrap(), b"later");
        for reserved in [ObjectName::INDEX, ObjectName::MANIFEST] {
            store.put(&ObjectName::own(reserved).unwrap(), b"own").unwrap();
            assert_eq!(read(reserved).unwrap(), b"own");
        }
        // Many threads, two of them for each name; every object is one of the two, whole.
        let body = |thread: usize| vec![thread as u8; 100_000 + thread];
        std::thread::scope(|scope| {
            for thread in 0..8_usize {
                scope.spawn(move || {
                    for object in 0..5 {
                        store.put(&name(&format!("{}/{object}.png", thread / 2)), &body(thread)).unwrap();
                    }
                });
            }
        });
        for (folder, object) in (0..4_usize).flat_map(|folder| (0..5).map(move |object| (folder, object))) {
            let bytes = read(&format!("{folder}/{object}.png")).unwrap();
            assert!(bytes == body(folder * 2) || bytes == body(folder * 2 + 1), "{folder}/{object}.png");
        }
    }

    #[test]
    fn the_folder_keeps_the_contract() {
        let root = tempfile::tempdir().unwrap();
        let store = DirStore::open(&root.path().join("new/out")).unwrap();
        contract(&store, &|object| std::fs::read(root.path().join("new/out").join(object)).ok());
    }

    #[test]
    fn memory_keeps_the_contract() {
        let store = MemoryStore::new();
        contract(&store, &|object| store.bytes(object).map(|bytes| bytes.to_vec()));
    }

    #[test]
    fn destinations_are_told_apart() {
        let stores = Stores::new(StoreSettings::default());
        let open = |place: &str| stores.open(place);
        assert_eq!(open("null:").unwrap().describe(), "null:");
        assert_eq!(open("s3://bucket/prefix").unwrap().describe(), "s3://bucket/prefix");
        assert_eq!(open("ftp://host/x").err(), Some(StoreError::UnknownKind("ftp".to_owned())));
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("a folder: with a colon");
        assert_eq!(open(&folder.to_string_lossy()).unwrap().describe(), folder.to_string_lossy());
    }
}
