//! What is told of a process: its log, its metrics, its health.
//!
//! Tracing is set up once, by the command line; every metric is in [`Metrics`], every condition in [`Health`].
//!
//! Events go to standard error; standard output belongs to reports and summaries. `GRAVURE_LOG` (`[log] filter`), else
//! `RUST_LOG`, says what is shown (the syntax of `tracing_subscriber::EnvFilter`: `info`,
//! `gravure::gpu=debug,warn`). `GRAVURE_LOG_FORMAT=json` writes one JSON object a line. No event carries a field value
//! of a row: callers log numbers, codes and names of layers. Secrets are replaced by `***`.

mod buckets;
mod http;
mod log;
mod metrics;
mod secret;
mod snapshot;
#[cfg(feature = "otel")]
mod traces;

pub use http::{Health, Server, serve};
pub use log::{LIFE, LogFormat, LogSettings, Logging, TelemetryError, WARNINGS, init};
pub use metrics::Metrics;
pub use secret::{Secret, hide};
pub use snapshot::{
    CacheTotals, FILL_BOUNDS, RendererSnapshot, STAGE_BOUNDS_SECS, STAGE_BUCKETS, StageTotals, UploadTotals, bucket_of,
    fill_bucket_of,
};
