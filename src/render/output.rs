//! Where a run's manifest is written, and where people find its page.
//!
//! ```text
//!   folder, file:///folder     there
//!   s3://bucket/prefix         in a temporary folder; copied into the bucket now and then, and at the end
//!   null:                      nowhere
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use super::manifest::{Stands, in_store, listed};
use super::manifest_path;
use crate::job::ObjectName;
use crate::store::{Store, StoreError};

/// Where a run writes to.
#[derive(Debug)]
pub enum Output {
    /// Nothing is kept.
    Nowhere,
    /// The images' own folder.
    Folder(PathBuf),
    /// The images go into a bucket; this is for the manifest.
    Bucket(TempDir),
}

impl Output {
    /// By the destination's name.
    ///
    /// # Errors
    /// When there is no room for a manifest that goes into a bucket.
    pub fn of(destination: &str) -> Result<Self, StoreError> {
        match destination.split_once("://") {
            _ if destination == "null:" => Ok(Self::Nowhere),
            Some(("s3", _)) => {
                let spool = tempfile::Builder::new().prefix("gravure-").tempdir();
                let place = std::env::temp_dir().display().to_string();
                spool.map(Self::Bucket).map_err(|error| StoreError::NotWritable { place, message: error.to_string() })
            }
            Some(("file", path)) => Ok(Self::Folder(PathBuf::from(path))),
            _ => Ok(Self::Folder(PathBuf::from(destination))),
        }
    }

    /// The folder of the manifest.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Nowhere => None,
            Self::Folder(folder) => Some(folder),
            Self::Bucket(spool) => Some(spool.path()),
        }
    }

    /// Makes sure that page and manifest have room, fetches an earlier run's manifest where one is to be resumed, and
    /// tells how its objects are known to be there still.
    ///
    /// # Errors
    /// When a folder is in the way, or the store does not answer.
    pub fn prepare(&self, store: &Arc<dyn Store>, resume: bool) -> Result<Arc<Stands>, StoreError> {
        match self {
            Self::Nowhere => {}
            Self::Folder(folder) => expect_no_folder(&folder.join(ObjectName::INDEX))?,
            Self::Bucket(spool) if resume => {
                let path = manifest_path(spool.path());
                if let Some(manifest) = store.get(&own(ObjectName::MANIFEST))? {
                    std::fs::write(&path, manifest).map_err(|error| super::manifest::failure(&path, &error))?;
                }
                return Ok(Arc::new(listed(spool.path(), &**store)?));
            }
            Self::Bucket(_) => {}
        }
        Ok(Arc::new(in_store(Arc::clone(store))))
    }

    /// Where the page is found.
    pub fn page(&self, store: &dyn Store) -> PathBuf {
        match self {
            Self::Nowhere => PathBuf::new(),
            Self::Folder(folder) => folder.join(ObjectName::INDEX),
            Self::Bucket(_) => PathBuf::from(format!("{}/{}", store.describe(), ObjectName::INDEX)),
        }
    }
}

/// A name that is gravure's own.
pub fn own(name: &str) -> ObjectName {
    ObjectName::own(name).expect("a fixed name")
}

/// A folder where a file must go is found before anything is drawn.
fn expect_no_folder(path: &Path) -> Result<(), StoreError> {
    match path.is_dir() {
        true => Err(StoreError::NotWritable { place: path.display().to_string(), message: "it is a folder".into() }),
        false => Ok(()),
    }
}
