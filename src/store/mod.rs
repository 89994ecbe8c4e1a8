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
pub use s3::{Buckets, EtagKind, Fetched, Precondition, ProbeReport, S3Settings, S3Totals};
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

    /// Whether nothing can ever be stored under the names that were asked for, whoever asks and whenever: the place is
    /// none.
    pub fn is_of_the_place(&self) -> bool {
        matches!(self, Self::BadPlace { .. } | Self::UnknownKind(_) | Self::Outside { .. })
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
