//! Objects in a bucket of an S3-compatible store.
//!
//! Bodies are whole and in memory, with a Content-MD5. What is uploaded is compared with what the store says that it
//! has: by ETag where ETags are MD5s, else by length; a difference is a failed attempt. Names decide everything, so
//! that an object that is stored twice is the same object: preconditions, which stores ignore or refuse in turns, are
//! not needed.

mod client;
mod error;
mod fetch;
mod list;
mod probe;
mod put;
mod settings;

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::SystemTime;

use super::{Known, Stat, Store, StoreError, Stored, WhenStored};
use crate::job::ObjectName;

pub use client::{Buckets, S3Totals};
pub use fetch::Fetched;
pub use probe::{EtagKind, Precondition, ProbeReport};
pub use settings::S3Settings;

use error::{Verdict, judge};

/// A bucket and what every name in it starts with.
pub struct S3Store {
    buckets: Arc<Buckets>,
    bucket: String,
    /// Empty, or ends with a slash.
    prefix: String,
    /// An [`EtagKind`]: buckets of one store may be encrypted in different ways.
    etags: AtomicU8,
}

/// What a store says of an object without its bytes.
struct Head {
    bytes: u64,
    etag: Option<String>,
    modified: Option<SystemTime>,
}

impl S3Store {
    /// A place such as `bucket/prefix`.
    ///
    /// # Errors
    /// When it is none.
    pub fn new(buckets: Arc<Buckets>, place: &str) -> Result<Self, StoreError> {
        let place = place.trim_end_matches('/');
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let unusable = |why: String| StoreError::BadPlace { place: format!("s3://{place}"), message: why };
        if bucket.is_empty() {
            return Err(unusable("expected s3://bucket/prefix".to_owned()));
        }
        if !prefix.is_empty() {
            ObjectName::own(prefix).map_err(|error| unusable(error.to_string()))?;
        }
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        let etags = AtomicU8::new(EtagKind::Unknown as u8);
        Ok(Self { buckets, bucket: bucket.to_owned(), prefix, etags })
    }

    fn key(&self, object: &ObjectName) -> String {
        format!("{}{}", self.prefix, object.as_str())
    }

    fn error(&self, object: &str, verdict: Verdict) -> StoreError {
        self.buckets.error(&self.describe(), object, verdict)
    }

    async fn head(&self, object: &ObjectName) -> Result<Option<Head>, Verdict> {
        let key = self.key(object);
        self.buckets.patiently(|| self.head_once(&key)).await
    }

    async fn head_once(&self, key: &str) -> Result<Option<Head>, Verdict> {
        let head = self.buckets.client.head_object().bucket(&self.bucket).key(key).send().await;
        match head.map_err(|error| judge(&error)) {
            Ok(head) => {
                let bytes = head.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or_default();
                let modified = head.last_modified().and_then(|at| SystemTime::try_from(*at).ok());
                Ok(Some(Head { bytes, etag: head.e_tag().map(bare), modified }))
            }
            Err(Verdict::Missing) => Ok(None),
            Err(verdict) => Err(verdict),
        }
    }

    /// What its ETags are, as far as is known.
    fn etag_kind(&self) -> EtagKind {
        EtagKind::from_number(self.etags.load(Ordering::Relaxed))
    }

    fn learn_etags(&self, kind: EtagKind) {
        self.etags.store(kind as u8, Ordering::Relaxed);
    }

    fn describe(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix).trim_end_matches('/').to_owned()
    }
}

/// An ETag without its quotes.
fn bare(etag: &str) -> String {
    etag.trim_matches('"').to_owned()
}

/// The store, as others hold it.
pub struct SharedS3Store(pub(super) Arc<S3Store>);

impl Store for SharedS3Store {
    fn put(&self, object: &ObjectName, bytes: &[u8]) -> Result<Stored, StoreError> {
        let body = bytes::Bytes::copy_from_slice(bytes);
        let put = put::put(&self.0, object, body);
        self.0.buckets.runtime().block_on(put).map_err(|verdict| self.0.error(object.as_str(), verdict))
    }

    fn put_then(&self, object: &ObjectName, bytes: Vec<u8>, done: WhenStored) {
        put::put_then(&self.0, object, bytes, done);
    }

    fn get(&self, object: &ObjectName) -> Result<Option<Vec<u8>>, StoreError> {
        let store = &self.0;
        let fetched =
            store.buckets.runtime().block_on(store.buckets.fetch(&store.bucket, &store.key(object), None, u64::MAX));
        match fetched {
            Ok(Fetched::Object { bytes, .. }) => Ok(Some(bytes)),
            Ok(Fetched::Missing | Fetched::NotModified | Fetched::TooLong { .. }) => Ok(None),
            Err(verdict) => Err(store.error(object.as_str(), verdict)),
        }
    }

    fn delete(&self, object: &ObjectName) -> Result<(), StoreError> {
        let store = &self.0;
        let key = store.key(object);
        let delete = || async {
            let deleted = store.buckets.client.delete_object().bucket(&store.bucket).key(&key).send().await;
            deleted.map_err(|error| judge(&error))
        };
        match store.buckets.runtime().block_on(store.buckets.patiently(delete)) {
            Ok(_) | Err(Verdict::Missing) => Ok(()),
            Err(verdict) => Err(store.error(object.as_str(), verdict)),
        }
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let pages = self.0.buckets.runtime().block_on(self.0.pages(prefix, None, usize::MAX, None));
        let (found, _) = pages.map_err(|verdict| self.0.error(prefix, verdict))?;
        let mut names: Vec<String> = found.into_iter().map(|listed| listed.name).collect();
        names.sort_unstable();
        Ok(names)
    }

    fn holds(&self, known: &[Known]) -> Result<Vec<bool>, StoreError> {
        self.0.buckets.runtime().block_on(self.0.holds_all(known)).map_err(|verdict| self.0.error("", verdict))
    }

    fn stat(&self, object: &ObjectName) -> Option<Stat> {
        let Head { bytes, modified, .. } = self.0.buckets.runtime().block_on(self.0.head(object)).ok().flatten()?;
        Some(Stat { bytes, modified })
    }

    fn read(&self, object: &ObjectName) -> Option<Vec<u8>> {
        self.get(object).ok().flatten()
    }

    fn describe(&self) -> String {
        self.0.describe()
    }
}

impl S3Totals {
    /// Whether anything is on its way now.
    pub fn is_busy(&self) -> bool {
        self.in_flight.load(Ordering::Relaxed) > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_checked() {
        let buckets = Arc::new(Buckets::open(S3Settings::default()).unwrap());
        for (place, shown) in [("b", "s3://b"), ("b/", "s3://b"), ("b/p/q/", "s3://b/p/q")] {
            assert_eq!(S3Store::new(Arc::clone(&buckets), place).unwrap().describe(), shown);
        }
        for place in ["", "/p", "b/../c", "b//p", "b/p\u{7}"] {
            assert!(S3Store::new(Arc::clone(&buckets), place).is_err(), "{place:?}");
        }
    }
}
