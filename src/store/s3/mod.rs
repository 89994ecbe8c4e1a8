//! Objects in a bucket of an S3-compatible store.
//!
//! Bodies are whole and in memory, with a Content-MD5. What is uploaded is compared with what the store says that it
//! has: by ETag where ETags are MD5s, else by length; a difference is a failed attempt. Names decide everything, so
//! that an object that is stored twice is the same object: preconditions, which stores ignore or refuse in turns, are
//! not needed.

mod client;
mod error;
mod put;
mod settings;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::task::JoinSet;

use super::{Known, Stat, Store, StoreError, Stored, WhenStored};
use crate::job::ObjectName;

pub use client::{Buckets, EtagKind, S3Totals};
pub use settings::S3Settings;

use error::{Verdict, judge};

/// Pages of a listing that are read to find a job's objects; 1,000 names each. What lies beyond is asked for one by one.
const PAGES: usize = 5;

/// A bucket and what every name in it starts with.
pub struct S3Store {
    buckets: Arc<Buckets>,
    bucket: String,
    /// Empty, or ends with a slash.
    prefix: String,
}

/// An object that is read by its URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// There is none.
    Missing,
    /// It is the version that was named.
    NotModified,
    /// Here it is.
    Object {
        /// All of it.
        bytes: Vec<u8>,
        /// Its version's mark.
        etag: Option<String>,
    },
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
        Ok(Self { buckets, bucket: bucket.to_owned(), prefix })
    }

    fn key(&self, object: &ObjectName) -> String {
        format!("{}{}", self.prefix, object.as_str())
    }

    fn error(&self, object: &str, verdict: Verdict) -> StoreError {
        let place = self.describe();
        match verdict {
            Verdict::Again(message) => StoreError::Unreachable { place, message },
            Verdict::Refused(message) => {
                StoreError::Refused { place: format!("{place} at {}", self.buckets.endpoint), message }
            }
            Verdict::Wrong(message) => StoreError::Object { object: object.to_owned(), message },
            Verdict::Missing | Verdict::NotModified => {
                StoreError::Object { object: object.to_owned(), message: "the store answered out of place".to_owned() }
            }
        }
    }

    async fn head(&self, object: &ObjectName) -> Result<Option<(u64, Option<String>)>, Verdict> {
        let key = self.key(object);
        let head = || async {
            let head = self.buckets.client.head_object().bucket(&self.bucket).key(&key).send().await;
            head.map_err(|error| judge(&error))
        };
        match self.buckets.patiently(head).await {
            Ok(head) => {
                let bytes = head.content_length().and_then(|length| u64::try_from(length).ok());
                Ok(Some((bytes.unwrap_or_default(), head.e_tag().map(bare))))
            }
            Err(Verdict::Missing) => Ok(None),
            Err(verdict) => Err(verdict),
        }
    }

    /// Names in the bucket with length and ETag, in order, from behind `after`, up to some pages; says whether that is
    /// all.
    async fn pages(
        &self,
        prefix: &str,
        after: Option<String>,
        most: usize,
        until: Option<&str>,
    ) -> Result<(Vec<(String, u64, Option<String>)>, bool), Verdict> {
        let prefix = format!("{}{prefix}", self.prefix);
        let (mut found, mut token) = (Vec::new(), None::<String>);
        for _ in 0..most {
            let page = || async {
                let mut request = self.buckets.client.list_objects_v2().bucket(&self.bucket).prefix(&prefix);
                match &token {
                    Some(token) => request = request.continuation_token(token),
                    None => request = request.set_start_after(after.clone()),
                }
                request.send().await.map_err(|error| match judge(&error) {
                    // A list is of a bucket: that is what is missing.
                    Verdict::Missing => Verdict::Refused("NoSuchBucket".to_owned()),
                    verdict => verdict,
                })
            };
            let page = self.buckets.patiently(page).await?;
            for object in page.contents() {
                let Some(key) = object.key().and_then(|key| key.strip_prefix(&self.prefix)) else { continue };
                let bytes = object.size().and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
                found.push((key.to_owned(), bytes, object.e_tag().map(bare)));
            }
            let is_past = until.is_some_and(|until| found.last().is_some_and(|(key, ..)| key.as_str() >= until));
            token = page.next_continuation_token().map(str::to_owned);
            if page.is_truncated() != Some(true) || token.is_none() || is_past {
                return Ok((found, true));
            }
        }
        Ok((found, false))
    }

    async fn holds_all(self: &Arc<Self>, known: &[Known]) -> Result<Vec<bool>, Verdict> {
        let mut names: Vec<&str> = known.iter().map(|known| known.object.as_str()).collect();
        names.sort_unstable();
        let (Some(first), Some(last)) = (names.first(), names.last()) else { return Ok(Vec::new()) };
        // Right before the first: names that are smaller by their last byte, and whatever follows them.
        let before = format!("{}{}", self.prefix, &first[..first.len() - first.chars().last().map_or(0, char::len_utf8)]);
        let common = common_prefix(first, last);
        let (listed, is_all) = self.pages(common, Some(before), PAGES, Some(last)).await?;
        let found: std::collections::HashMap<&str, (u64, &Option<String>)> =
            listed.iter().map(|(name, bytes, etag)| (name.as_str(), (*bytes, etag))).collect();
        let reached = listed.last().map(|(name, ..)| name.as_str());
        let mut holds = vec![false; known.len()];
        let mut asked = JoinSet::new();
        for (nth, object) in known.iter().enumerate() {
            let is_within = is_all || reached.is_some_and(|reached| object.object.as_str() <= reached);
            match found.get(object.object.as_str()) {
                Some((bytes, etag)) => holds[nth] = is_same(object, *bytes, etag.as_deref()),
                None if is_within => {}
                None => {
                    let (store, object) = (Arc::clone(self), object.clone());
                    asked.spawn(async move {
                        let found = store.head(&object.object).await?;
                        Ok((nth, found.is_some_and(|(bytes, etag)| is_same(&object, bytes, etag.as_deref()))))
                    });
                }
            }
        }
        while let Some(answer) = asked.join_next().await {
            let (nth, is_there) = answer.expect("a request does not panic")?;
            holds[nth] = is_there;
        }
        Ok(holds)
    }
}

/// Whether the store has what was stored: by length and the mark that it gave then. Without a mark nothing is known.
fn is_same(known: &Known, bytes: u64, etag: Option<&str>) -> bool {
    known.bytes == bytes && known.etag.is_some() && known.etag.as_deref() == etag
}

fn common_prefix<'n>(first: &'n str, last: &str) -> &'n str {
    let length = first.bytes().zip(last.bytes()).take_while(|(a, b)| a == b).count();
    let length = (0..=length).rev().find(|&length| first.is_char_boundary(length)).unwrap_or(0);
    &first[..length]
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
        let fetched = store.buckets.runtime().block_on(store.buckets.fetch(&store.bucket, &store.key(object), None, u64::MAX));
        match fetched {
            Ok(Fetched::Object { bytes, .. }) => Ok(Some(bytes)),
            Ok(Fetched::Missing | Fetched::NotModified) => Ok(None),
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
        Ok(found.into_iter().map(|(name, ..)| name).collect())
    }

    fn holds(&self, known: &[Known]) -> Result<Vec<bool>, StoreError> {
        self.0.buckets.runtime().block_on(self.0.holds_all(known)).map_err(|verdict| self.0.error("", verdict))
    }

    fn stat(&self, object: &ObjectName) -> Option<Stat> {
        let (bytes, _) = self.0.buckets.runtime().block_on(self.0.head(object)).ok().flatten()?;
        Some(Stat { bytes, modified: None })
    }

    fn read(&self, object: &ObjectName) -> Option<Vec<u8>> {
        self.get(object).ok().flatten()
    }

    fn describe(&self) -> String {
        self.0.describe()
    }
}

impl S3Store {
    fn describe(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix).trim_end_matches('/').to_owned()
    }
}

impl Buckets {
    /// An object by bucket and key, at most `max_bytes` long, unless it is the version that is named.
    pub(super) async fn fetch(
        &self,
        bucket: &str,
        key: &str,
        if_none_match: Option<&str>,
        max_bytes: u64,
    ) -> Result<Fetched, Verdict> {
        let get = || async {
            let version = if_none_match.map(|etag| format!("\"{etag}\""));
            let request = self.client.get_object().bucket(bucket).key(key).set_if_none_match(version);
            let object = request.send().await.map_err(|error| judge(&error))?;
            let length = object.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or_default();
            if length > max_bytes {
                return Err(Verdict::Wrong(format!("it has {length} bytes, {max_bytes} are allowed")));
            }
            let etag = object.e_tag().map(bare);
            let bytes = tokio::time::timeout(self.settings.attempt_timeout(), object.body.collect()).await;
            let bytes = bytes.map_err(|_| Verdict::Again("the object came too slowly".to_owned()))?;
            let bytes = bytes.map_err(|error| Verdict::Again(format!("the object was cut short: {error}")))?;
            let bytes = bytes.into_bytes();
            if bytes.len() as u64 != length {
                return Err(Verdict::Again(format!("{} of {length} bytes came", bytes.len())));
            }
            Ok(Fetched::Object { bytes: bytes.into(), etag })
        };
        match self.patiently(get).await {
            Err(Verdict::Missing) => Ok(Fetched::Missing),
            Err(Verdict::NotModified) => Ok(Fetched::NotModified),
            fetched => fetched,
        }
    }

    /// As [`Self::fetch`], by URL without its scheme, from any thread that may block.
    pub(super) fn fetch_place(
        &self,
        place: &str,
        if_none_match: Option<&str>,
        max_bytes: u64,
    ) -> Result<Fetched, StoreError> {
        let unusable = |message: &str| StoreError::BadPlace { place: format!("s3://{place}"), message: message.into() };
        let (bucket, key) = place.split_once('/').ok_or_else(|| unusable("expected s3://bucket/key"))?;
        if bucket.is_empty() || key.is_empty() {
            return Err(unusable("expected s3://bucket/key"));
        }
        self.runtime().block_on(self.fetch(bucket, key, if_none_match, max_bytes)).map_err(|verdict| match verdict {
            Verdict::Again(message) => StoreError::Unreachable { place: format!("s3://{bucket}"), message },
            Verdict::Refused(message) => {
                StoreError::Refused { place: format!("s3://{bucket} at {}", self.endpoint), message }
            }
            Verdict::Wrong(message) => StoreError::Object { object: key.to_owned(), message },
            Verdict::Missing | Verdict::NotModified => unusable("the store answered out of place"),
        })
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

    #[test]
    fn what_is_listed_for_some_names_starts_as_they_do() {
        assert_eq!(common_prefix("10-link.jpg", "19-link.jpg"), "1");
        assert_eq!(common_prefix("aé", "aè"), "a");
        assert_eq!(common_prefix("a", "a"), "a");
    }
}
