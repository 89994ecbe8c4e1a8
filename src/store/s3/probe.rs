//! What a store does with what others do differently: told by trying it with one small object.
//!
//! Nothing depends on the answers: names and bytes make a second put harmless, and every put is compared. They are
//! for `gravure doctor` and the log.

use std::fmt::{self, Display, Formatter};

use aws_sdk_s3::primitives::ByteStream;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest, Md5};

use super::error::{Verdict, judge};
use super::put::hex;
use super::{Fetched, S3Store, bare};
use crate::job::ObjectName;
use crate::store::StoreError;

/// Whether a store's ETags are the MD5 of an object's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum EtagKind {
    /// Nothing was stored yet.
    Unknown,
    /// They are.
    Md5,
    /// They are something else, as under some kinds of encryption.
    Other,
}

impl EtagKind {
    pub(super) fn from_number(number: u8) -> Self {
        [Self::Md5, Self::Other].into_iter().find(|&kind| kind as u8 == number).unwrap_or(Self::Unknown)
    }
}

/// What becomes of `If-None-Match: *` where an object is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// The object stays.
    Honoured,
    /// It is replaced.
    Ignored,
    /// The store does not know the header.
    Refused,
}

/// What a store does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeReport {
    /// Its URL.
    pub endpoint: String,
    /// Of an object that was put whole.
    pub etags: EtagKind,
    /// Of a put that must not replace.
    pub precondition: Precondition,
    /// Whether a body that is not of its Content-MD5 is refused.
    pub checks_md5: bool,
}

impl Display for ProbeReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let etags = match self.etags {
            EtagKind::Md5 => "ETags are MD5s",
            EtagKind::Other | EtagKind::Unknown => "ETags are no MD5s: every object is asked for once more",
        };
        let precondition = match self.precondition {
            Precondition::Honoured => "preconditions are honoured",
            Precondition::Ignored => "preconditions are ignored",
            Precondition::Refused => "preconditions are refused",
        };
        let digests = if self.checks_md5 { "Content-MD5 is checked" } else { "Content-MD5 is not checked" };
        write!(f, "{}: {etags}; {precondition}; {digests}", self.endpoint)
    }
}

impl S3Store {
    /// Writes, reads and removes a small object below `_gravure/`. Blocks.
    ///
    /// # Errors
    /// When the store cannot be reached, or refuses one of the three.
    pub fn probe(&self) -> Result<ProbeReport, StoreError> {
        let name = format!("{}/probe-{}", ObjectName::FOLDER, uuid::Uuid::now_v7());
        let key = format!("{}{name}", self.prefix);
        let report = self.buckets.runtime().block_on(async {
            let report = self.probe_with(&key).await;
            let delete = || async {
                let deleted = self.buckets.client.delete_object().bucket(&self.bucket).key(&key).send().await;
                deleted.map_err(|error| judge(&error))
            };
            let deleted = self.buckets.patiently(delete).await;
            report.and_then(|report| deleted.map(|_| report))
        });
        let report = report.map_err(|verdict| match verdict {
            Verdict::Missing => Verdict::no_bucket(),
            verdict => verdict,
        });
        report.map_err(|verdict| self.error(&name, verdict))
    }

    async fn probe_with(&self, key: &str) -> Result<ProbeReport, Verdict> {
        let body: &[u8] = b"gravure was here";
        let digest: [u8; 16] = Md5::digest(body).into();
        let put = |body: &'static [u8], digest: [u8; 16], if_none_match: Option<&'static str>| {
            let request =
                self.buckets.client.put_object().bucket(&self.bucket).key(key).body(ByteStream::from_static(body));
            let request = request.content_md5(BASE64_STANDARD.encode(digest));
            request.set_if_none_match(if_none_match.map(str::to_owned))
        };
        let stored =
            self.buckets.patiently(|| async { put(body, digest, None).send().await.map_err(|error| judge(&error)) });
        let is_md5 = stored.await?.e_tag().map(bare) == Some(hex(&digest));
        match self.buckets.fetch(&self.bucket, key, None, 1 << 10).await? {
            Fetched::Object { bytes, .. } if bytes == body => {}
            _ => return Err(Verdict::Wrong("another object is read than was stored".to_owned())),
        }
        // Without the right to list, S3 says of an object that is not there that it is forbidden.
        self.buckets.fetch(&self.bucket, &format!("{key}-missing"), None, 1 << 10).await?;
        let etags = if is_md5 { EtagKind::Md5 } else { EtagKind::Other };
        self.learn_etags(etags);
        // Each tried once: 412 is what it is for, and a store that has trouble just now is taken for the worse one.
        let again = put(body, digest, Some("*")).send().await;
        let precondition = match again {
            Ok(_) => Precondition::Ignored,
            Err(error) => match error.raw_response().map(|response| response.status().as_u16()) {
                Some(409 | 412) => Precondition::Honoured,
                _ => Precondition::Refused,
            },
        };
        let other: [u8; 16] = Md5::digest(b"something else").into();
        let checks_md5 = put(body, other, None).send().await.is_err();
        Ok(ProbeReport { endpoint: self.buckets.endpoint.clone(), etags, precondition, checks_md5 })
    }
}
