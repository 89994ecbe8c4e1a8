//! Objects read back: bookkeeping below a destination, and templates and photos by their URLs.

use super::error::{Verdict, judge};
use super::{Buckets, bare};
use crate::store::StoreError;

/// Room that is made at once, whatever length a store promises.
const GUESS_BYTES: u64 = 16 << 20;

/// An object that is read by its URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// There is none.
    Missing,
    /// It is the version that was named.
    NotModified,
    /// It is longer than is allowed.
    TooLong {
        /// Its length, if the store says it.
        bytes: Option<u64>,
    },
    /// Here it is.
    Object {
        /// All of it.
        bytes: Vec<u8>,
        /// Its version's mark.
        etag: Option<String>,
    },
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
        self.patiently(|| self.fetch_once(bucket, key, if_none_match, max_bytes)).await
    }

    /// As [`Self::fetch`], tried once.
    pub(super) async fn fetch_once(
        &self,
        bucket: &str,
        key: &str,
        if_none_match: Option<&str>,
        max_bytes: u64,
    ) -> Result<Fetched, Verdict> {
        let version = if_none_match.map(|etag| format!("\"{etag}\""));
        let request = self.client.get_object().bucket(bucket).key(key).set_if_none_match(version);
        let mut object = match request.send().await.map_err(|error| judge(&error)) {
            Err(Verdict::Missing) => return Ok(Fetched::Missing),
            Err(Verdict::NotModified) => return Ok(Fetched::NotModified),
            object => object?,
        };
        let length = object.content_length().and_then(|length| u64::try_from(length).ok());
        if let Some(length) = length.filter(|&length| length > max_bytes) {
            return Ok(Fetched::TooLong { bytes: Some(length) });
        }
        let mut bytes = Vec::with_capacity(length.unwrap_or_default().min(GUESS_BYTES) as usize);
        let read = async {
            loop {
                let chunk = object.body.try_next().await;
                match chunk.map_err(|error| Verdict::Again(format!("the object was cut short: {error}")))? {
                    None => return Ok(true),
                    Some(chunk) => bytes.extend_from_slice(&chunk),
                }
                if bytes.len() as u64 > max_bytes {
                    return Ok(false);
                }
            }
        };
        let in_time = tokio::time::timeout(self.settings.patience(length.unwrap_or_default()), read).await;
        if !in_time.map_err(|_| Verdict::Again("the object came too slowly".to_owned()))?? {
            return Ok(Fetched::TooLong { bytes: None });
        }
        if let Some(length) = length.filter(|&length| length != bytes.len() as u64) {
            return Err(Verdict::Again(format!("{} of {length} bytes came", bytes.len())));
        }
        Ok(Fetched::Object { bytes, etag: object.e_tag().map(bare) })
    }

    /// As [`Self::fetch`], by URL without its scheme, from any thread that may block.
    pub(in crate::store) fn fetch_place(
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
        let fetched = self.runtime().block_on(self.fetch(bucket, key, if_none_match, max_bytes));
        fetched.map_err(|verdict| self.error(&format!("s3://{bucket}"), key, verdict))
    }
}
