//! Storing one object: sent whole, compared, sent again where it must be.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use aws_sdk_s3::config::Config;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::primitives::ByteStream;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use md5::{Digest, Md5};

use super::error::{Verdict, judge};
use super::{EtagKind, Fetched, S3Store, Stored, bare};
use crate::job::ObjectName;
use crate::store::WhenStored;

/// What a request on its way takes beside its body, about: so that small objects are not too many at a time.
const REQUEST_BYTES: u64 = 16 << 10;
/// A body of this length may take longer than others.
const LONG_BYTES: usize = 4 << 20;

/// Stores an object.
pub(super) async fn put(store: &Arc<S3Store>, object: &ObjectName, body: Bytes) -> Result<Stored, Verdict> {
    let totals = &store.buckets.totals;
    totals.in_flight.fetch_add(1, Ordering::Relaxed);
    let digest: [u8; 16] = Md5::digest(&body).into();
    let key = store.key(object);
    let put = || attempt(store, object, &key, &body, &digest);
    let stored = store.buckets.patiently(put).await;
    totals.in_flight.fetch_sub(1, Ordering::Relaxed);
    match &stored {
        Ok(_) => {
            totals.puts.fetch_add(1, Ordering::Relaxed);
            totals.put_bytes.fetch_add(body.len() as u64, Ordering::Relaxed);
        }
        Err(_) => drop(totals.errors.fetch_add(1, Ordering::Relaxed)),
    }
    stored.map_err(|verdict| match verdict {
        // There is no object to be missing: it is the bucket.
        Verdict::Missing => Verdict::no_bucket(),
        verdict => verdict,
    })
}

/// Stores an object later, and says so from a thread that may block. Waits here while too much is on its way.
pub(super) fn put_then(store: &Arc<S3Store>, object: &ObjectName, bytes: Vec<u8>, done: WhenStored) {
    let runtime = store.buckets.runtime();
    let most = store.buckets.settings.max_bytes_in_flight >> 10;
    let share = (bytes.len() as u64 + REQUEST_BYTES).div_ceil(1024).clamp(1, most.max(1)) as u32;
    let held = runtime.block_on(Arc::clone(&store.buckets.bytes).acquire_many_owned(share));
    let (store, object) = (Arc::clone(store), object.clone());
    runtime.spawn(async move {
        let body = Bytes::from(bytes);
        let stored = put(&store, &object, body.clone()).await;
        let stored = stored.map_err(|verdict| store.error(object.as_str(), verdict));
        tokio::task::spawn_blocking(move || {
            drop(held);
            done(stored, Vec::from(body));
        });
    });
}

async fn attempt(
    store: &S3Store,
    object: &ObjectName,
    key: &str,
    body: &Bytes,
    digest: &[u8; 16],
) -> Result<Stored, Verdict> {
    let buckets = &store.buckets;
    let settings = &buckets.settings;
    let mut request = buckets
        .client
        .put_object()
        .bucket(&store.bucket)
        .key(key)
        .content_type(content_type(object.as_str()))
        .content_length(body.len() as i64)
        .content_md5(BASE64_STANDARD.encode(digest))
        .body(ByteStream::from(body.clone()));
    if is_image(object.as_str()) {
        request = request
            .set_cache_control(settings.cache_control.clone())
            .set_tagging(settings.tagging())
            .set_storage_class(settings.storage_class.as_deref().map(Into::into));
        for (name, value) in &settings.metadata {
            request = request.metadata(name, value);
        }
    }
    let mut request = request.customize();
    if body.len() > LONG_BYTES {
        let patience = TimeoutConfig::builder().operation_attempt_timeout(settings.patience(body.len() as u64));
        request = request.config_override(Config::builder().timeout_config(patience.build()));
    }
    if buckets.is_tls && !settings.sign_payload {
        request = request.disable_payload_signing();
    }
    let sent = request.send().await;
    let etag = sent.map_err(|error| judge(&error))?.e_tag().map(bare);
    verify(store, key, body, digest, etag.as_deref()).await?;
    Ok(Stored { etag })
}

/// Compares what the store has with what was sent.
async fn verify(
    store: &S3Store,
    key: &str,
    body: &Bytes,
    digest: &[u8; 16],
    etag: Option<&str>,
) -> Result<(), Verdict> {
    let is_kept = match store.etag_kind() {
        _ if etag == Some(hex(digest).as_str()) => {
            store.learn_etags(EtagKind::Md5);
            true
        }
        EtagKind::Other => {
            let head = store.head_once(key).await?;
            head.is_some_and(|head| head.bytes == body.len() as u64 && head.etag.as_deref() == etag)
        }
        // Either it has other bytes, or its ETags are something else here, or from now on: only the object can tell.
        EtagKind::Unknown | EtagKind::Md5 => {
            match store.buckets.fetch_once(&store.bucket, key, None, body.len() as u64).await {
                Ok(Fetched::Object { bytes, .. }) if bytes == *body => {
                    store.learn_etags(EtagKind::Other);
                    true
                }
                Err(verdict @ (Verdict::Again(_) | Verdict::Refused(_))) => return Err(verdict),
                _ => false,
            }
        }
    };
    match is_kept {
        true => Ok(()),
        false => Err(Verdict::Again("the store has other bytes than were sent".to_owned())),
    }
}

pub(super) fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What people look at, and not gravure's own books.
fn is_image(name: &str) -> bool {
    !name.starts_with(ObjectName::FOLDER) && ![ObjectName::MANIFEST, ObjectName::INDEX].contains(&name)
}

/// By the name's end.
fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).as_deref() {
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("png") => "image/png",
        Some("webp") => "image/webp",
        Some("avif") => "image/avif",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        Some("jsonl") => "application/x-ndjson",
        Some("html") => "text/html; charset=utf-8",
        Some("yaml" | "yml") => "application/yaml",
        Some("csv") => "text/csv; charset=utf-8",
        _ => "application/octet-stream",
    }
}
