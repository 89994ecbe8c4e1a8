//! How buckets are reached: the section `[storage]` of a configuration file. Credentials, region and endpoint come
//! from the standard chain (`AWS_*` variables, profiles, roles) where nothing is said here.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use aws_sdk_s3::config::Credentials;
use serde::{Deserialize, Serialize};

/// The section `[storage]`. Every member has a default.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct S3Settings {
    /// URL of the store. Default: `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, else Amazon's.
    pub endpoint: Option<String>,
    /// Default: of the standard chain, else `us-east-1`.
    pub region: Option<String>,
    /// Id of an access key, where the standard chain is not to be asked; needs `secret_access_key_file`.
    pub access_key_id: Option<String>,
    /// File with the secret of `access_key_id`, as a cluster mounts it: read once, when the first bucket is opened.
    pub secret_access_key_file: Option<PathBuf>,
    /// Whether the bucket stands in the path rather than in the host name. Default: yes where an endpoint is given.
    pub path_style: Option<bool>,
    /// Requests at a time. Default: 64.
    pub max_requests: usize,
    /// Bytes of objects on their way at a time. Default: 64 MiB.
    pub max_bytes_in_flight: u64,
    /// How long to wait for a connection, in milliseconds. Default: 5,000.
    pub connect_timeout_ms: u64,
    /// How long one attempt of a request may take, in milliseconds. Default: 30,000.
    pub attempt_timeout_ms: u64,
    /// How often a request is tried. Default: 10.
    pub attempts: u32,
    /// How long all attempts of a request may take, in milliseconds. Default: 180,000.
    pub total_timeout_ms: u64,
    /// Of images. Default: none.
    pub cache_control: Option<String>,
    /// User metadata of images.
    pub metadata: BTreeMap<String, String>,
    /// Tags of images.
    pub tags: BTreeMap<String, String>,
    /// Storage class of images, as the store calls it: `STANDARD_IA`. Default: the bucket's.
    pub storage_class: Option<String>,
    /// Whether bodies are signed over https as well. Default: no; TLS keeps them whole, and Content-MD5 is sent.
    pub sign_payload: bool,
}

impl Default for S3Settings {
    fn default() -> Self {
        Self {
            endpoint: None,
            region: None,
            access_key_id: None,
            secret_access_key_file: None,
            path_style: None,
            max_requests: 64,
            max_bytes_in_flight: 64 << 20,
            connect_timeout_ms: 5_000,
            attempt_timeout_ms: 30_000,
            attempts: 10,
            total_timeout_ms: 180_000,
            cache_control: None,
            metadata: BTreeMap::new(),
            tags: BTreeMap::new(),
            storage_class: None,
            sign_payload: false,
        }
    }
}

impl S3Settings {
    /// The endpoint of the settings or the environment.
    pub(super) fn endpoint(&self) -> Option<String> {
        let of_environment = |name| std::env::var(name).ok().filter(|url| !url.is_empty());
        let environment = || of_environment("AWS_ENDPOINT_URL_S3").or_else(|| of_environment("AWS_ENDPOINT_URL"));
        self.endpoint.clone().or_else(environment)
    }

    /// The credentials that the settings name.
    pub(super) fn credentials(&self) -> io::Result<Option<Credentials>> {
        let (id, file) = match (&self.access_key_id, &self.secret_access_key_file) {
            (None, None) => return Ok(None),
            (Some(id), Some(file)) => (id, file),
            _ => return Err(io::Error::other("access_key_id and secret_access_key_file belong together")),
        };
        let secret = std::fs::read_to_string(file)
            .map_err(|error| io::Error::new(error.kind(), format!("cannot read {}: {error}", file.display())))?;
        crate::telemetry::hide(secret.trim());
        Ok(Some(Credentials::new(id, secret.trim(), None, None, "settings")))
    }

    /// For one attempt of a request without much of a body.
    pub(super) fn attempt_timeout(&self) -> Duration {
        Duration::from_millis(self.attempt_timeout_ms)
    }

    /// For one attempt of a request with a body: long ones, manifests of large campaigns, get a second more for each
    /// MiB.
    pub(super) fn patience(&self, bytes: u64) -> Duration {
        self.attempt_timeout() + Duration::from_secs(bytes >> 20)
    }

    pub(super) fn total_timeout(&self) -> Duration {
        Duration::from_millis(self.total_timeout_ms)
    }

    /// Tags as S3 takes them: a query string.
    pub(super) fn tagging(&self) -> Option<String> {
        if self.tags.is_empty() {
            return None;
        }
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        pairs.extend_pairs(&self.tags);
        // Not every store takes a plus sign for a space.
        Some(pairs.finish().replace('+', "%20"))
    }
}
