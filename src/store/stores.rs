//! Every destination that a process stores to, opened once.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;

use super::s3::{Buckets, Fetched, ProbeReport, S3Settings, S3Store, SharedS3Store};
use super::{DirStore, NullStore, Store, StoreError};

/// Destinations that are kept open.
const KEPT: usize = 256;

/// How destinations are reached.
#[derive(Clone, Debug, Default)]
pub struct StoreSettings {
    /// Buckets.
    pub s3: S3Settings,
}

/// Opens destinations by their names.
pub struct Stores {
    settings: StoreSettings,
    buckets: Mutex<Option<Arc<Buckets>>>,
    shared: Mutex<HashMap<String, Arc<dyn Store>>>,
}

impl Stores {
    /// Nothing is opened yet.
    pub fn new(settings: StoreSettings) -> Self {
        Self { settings, buckets: Mutex::default(), shared: Mutex::default() }
    }

    /// A destination of a run that is alone there: `s3://bucket/prefix`, a folder, which is made where there is none,
    /// or `null:`.
    ///
    /// # Errors
    /// When the folder cannot be made or written to, or the destination is of another kind.
    pub fn open(&self, destination: &str) -> Result<Arc<dyn Store>, StoreError> {
        self.open_as(destination, DirStore::open)
    }

    /// A destination that others write to as well.
    ///
    /// # Errors
    /// As for [`Self::open`].
    pub fn open_shared(&self, destination: &str) -> Result<Arc<dyn Store>, StoreError> {
        if let Some(store) = self.shared.lock().get(destination) {
            return Ok(Arc::clone(store));
        }
        let store = self.open_as(destination, DirStore::shared)?;
        let mut shared = self.shared.lock();
        if shared.len() >= KEPT {
            shared.clear();
        }
        shared.insert(destination.to_owned(), Arc::clone(&store));
        Ok(store)
    }

    fn open_as(
        &self,
        destination: &str,
        open_folder: impl FnOnce(&Path) -> Result<DirStore, StoreError>,
    ) -> Result<Arc<dyn Store>, StoreError> {
        if destination == "null:" {
            return Ok(Arc::new(NullStore));
        }
        let is_scheme = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
        match destination.split_once("://") {
            Some(("s3", place)) => Ok(Arc::new(SharedS3Store(Arc::new(S3Store::new(self.buckets()?, place)?)))),
            Some(("file", path)) if path.starts_with('/') => Ok(Arc::new(open_folder(Path::new(path))?)),
            Some((scheme, _)) if is_scheme(scheme) => Err(StoreError::UnknownKind(scheme.to_owned())),
            _ => Ok(Arc::new(open_folder(Path::new(destination))?)),
        }
    }

    /// An object by its URL, `s3://bucket/key`, unless it is the version that is named. Blocks.
    ///
    /// # Errors
    /// When it is too long, or cannot be had.
    pub fn fetch(&self, url: &str, if_none_match: Option<&str>, max_bytes: u64) -> Result<Fetched, StoreError> {
        match url.split_once("://") {
            Some(("s3", place)) => self.buckets()?.fetch_place(place, if_none_match, max_bytes),
            _ => Err(StoreError::BadPlace { place: url.to_owned(), message: "expected s3://bucket/key".to_owned() }),
        }
    }

    /// Tries what the store of `s3://bucket/prefix` does; `None` for other destinations, which are all alike. Blocks.
    ///
    /// # Errors
    /// When it cannot be reached, or does not let this process write, read and remove.
    pub fn probe(&self, destination: &str) -> Result<Option<ProbeReport>, StoreError> {
        match destination.split_once("://") {
            Some(("s3", place)) => S3Store::new(self.buckets()?, place)?.probe().map(Some),
            _ => Ok(None),
        }
    }

    /// The client of buckets, if one was needed yet.
    pub fn opened_buckets(&self) -> Option<Arc<Buckets>> {
        self.buckets.lock().clone()
    }

    fn buckets(&self) -> Result<Arc<Buckets>, StoreError> {
        let mut buckets = self.buckets.lock();
        if let Some(buckets) = &*buckets {
            return Ok(Arc::clone(buckets));
        }
        let opened = Buckets::open(self.settings.s3.clone());
        let opened = Arc::new(
            opened.map_err(|error| StoreError::Unreachable { place: "s3:".to_owned(), message: error.to_string() })?,
        );
        Ok(Arc::clone(buckets.insert(opened)))
    }
}

impl std::fmt::Debug for Stores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stores")
    }
}
