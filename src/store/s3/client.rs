//! The client of S3-compatible stores: connections, limits, and every request tried as often as makes sense.
//!
//! The SDK's own retries are off: they give up after three attempts, and know no total time. Requests that are all
//! made here may be made twice: an object is put whole, under the same name, with the same bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, HttpClient, Region, RequestChecksumCalculation, ResponseChecksumValidation,
    StalledStreamProtectionConfig,
};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

use super::error::Verdict;
use super::settings::S3Settings;
use crate::store::StoreError;

/// The client, shared by all buckets of a process.
pub struct Buckets {
    pub(super) client: Client,
    pub(super) settings: S3Settings,
    pub(super) endpoint: String,
    pub(super) is_tls: bool,
    pub(super) requests: Arc<Semaphore>,
    /// In KiB.
    pub(super) bytes: Arc<Semaphore>,
    pub(super) totals: S3Totals,
    /// Taken apart in `drop`: a runtime may not be dropped by one of another runtime's threads.
    runtime: Option<Runtime>,
}

/// What was done, for metrics.
#[derive(Debug, Default)]
pub struct S3Totals {
    /// Objects put.
    pub puts: AtomicU64,
    /// Their length.
    pub put_bytes: AtomicU64,
    /// Requests made again.
    pub retries: AtomicU64,
    /// Objects that were not put.
    pub errors: AtomicU64,
    /// On their way now.
    pub in_flight: AtomicU64,
}

impl Buckets {
    /// Reads credentials and region; nothing is sent yet.
    ///
    /// # Errors
    /// When the system gives no threads, or a secret that the settings name cannot be read.
    pub fn open(settings: S3Settings) -> std::io::Result<Self> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_name("store").enable_all().build()?;
        let http =
            aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
        let endpoint = settings.endpoint();
        let credentials = settings.credentials()?;
        let config = runtime.block_on(load(&settings, credentials, http, endpoint.as_deref()));
        let most = usize::try_from(settings.max_bytes_in_flight >> 10).unwrap_or(usize::MAX);
        let bytes = most.clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
        Ok(Self {
            client: Client::from_conf(config),
            is_tls: endpoint.as_ref().is_none_or(|url| url.starts_with("https:")),
            endpoint: endpoint.unwrap_or_else(|| "Amazon S3".to_owned()),
            requests: Arc::new(Semaphore::new(settings.max_requests.max(1))),
            bytes: Arc::new(Semaphore::new(bytes)),
            totals: S3Totals::default(),
            settings,
            runtime: Some(runtime),
        })
    }

    /// What was done so far.
    pub fn totals(&self) -> &S3Totals {
        &self.totals
    }

    pub(super) fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("it is there until it is dropped")
    }

    /// What a verdict is called, about an object of a place.
    pub(super) fn error(&self, place: &str, object: &str, verdict: Verdict) -> StoreError {
        let place = place.to_owned();
        let of_object = |message| StoreError::Object { object: object.to_owned(), message };
        match verdict {
            Verdict::Again(message) => StoreError::Unreachable { place, message },
            Verdict::Refused(message) => {
                StoreError::Refused { place: format!("{place} at {}", self.endpoint), message }
            }
            Verdict::Wrong(message) => of_object(message),
            Verdict::Missing | Verdict::NotModified => of_object("the store answered out of place".to_owned()),
        }
    }

    /// Tries a request until it gives something, may not be tried again, or took too long in all. What is tried may
    /// send several requests one after the other; it may not call this again, for each call holds a place among the
    /// requests that go on at a time.
    pub(super) async fn patiently<T, F: Future<Output = Result<T, Verdict>>>(
        &self,
        mut attempt: impl FnMut() -> F,
    ) -> Result<T, Verdict> {
        let started = Instant::now();
        let mut waits = ExponentialBuilder::new()
            .with_min_delay(Duration::from_millis(100))
            .with_max_delay(Duration::from_secs(15))
            .with_jitter()
            .with_max_times(self.settings.attempts.saturating_sub(1) as usize)
            .build();
        loop {
            let permit = self.requests.acquire().await.expect("it is never closed");
            let result = attempt().await;
            drop(permit);
            let Err(Verdict::Again(message)) = result else { return result };
            let Some(wait) = waits.next() else { return Err(Verdict::Again(message)) };
            if started.elapsed() + wait > self.settings.total_timeout() {
                return Err(Verdict::Again(message));
            }
            self.totals.retries.fetch_add(1, Ordering::Relaxed);
            tracing::debug!(message, wait_ms = wait.as_millis() as u64, "request to the store is made again");
            tokio::time::sleep(wait).await;
        }
    }
}

impl Drop for Buckets {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl std::fmt::Debug for Buckets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Buckets({})", self.endpoint)
    }
}

async fn load(
    settings: &S3Settings,
    credentials: Option<Credentials>,
    http: impl HttpClient + 'static,
    endpoint: Option<&str>,
) -> aws_sdk_s3::Config {
    let mut chain = aws_config::defaults(BehaviorVersion::latest()).http_client(http);
    if let Some(credentials) = credentials {
        chain = chain.credentials_provider(credentials);
    }
    let chain = chain.load().await;
    let region = settings.region.clone().map(Region::new).or_else(|| chain.region().cloned());
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_millis(settings.connect_timeout_ms))
        .operation_attempt_timeout(settings.attempt_timeout())
        .build();
    let mut config = aws_sdk_s3::config::Builder::from(&chain)
        .region(region.unwrap_or_else(|| Region::new("us-east-1")))
        .force_path_style(settings.path_style.unwrap_or(endpoint.is_some()))
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        // Chunked bodies with trailing checksums are refused by some stores, and stored as they are by others.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    config.set_endpoint_url(endpoint.map(str::to_owned));
    config.build()
}
