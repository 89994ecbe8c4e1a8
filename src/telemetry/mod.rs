//! What is told of a process: its log, its metrics, its health.
//!
//! Tracing is set up once, by the command line; every metric is in [`Metrics`], every condition in [`Health`].
//!
//! Events go to standard error; standard output belongs to reports and summaries. `GRAVURE_LOG`, else `RUST_LOG`,
//! says what is shown (the syntax of `tracing_subscriber::EnvFilter`: `info`, `gravure::gpu=debug,warn`).
//! Default: `warn`. `GRAVURE_LOG_FORMAT=json` writes one JSON object a line. No event carries a field value of a row: callers log numbers, codes and names of layers.

mod buckets;
mod http;
mod metrics;
mod secret;
mod snapshot;

pub use http::{Health, Server, serve};
pub use metrics::Metrics;
pub use secret::Secret;
pub use snapshot::{
    CacheTotals, FILL_BOUNDS, RendererSnapshot, STAGE_BOUNDS_SECS, STAGE_BUCKETS, StageTotals, UploadTotals, bucket_of,
    fill_bucket_of,
};

use std::io::IsTerminal;

use thiserror::Error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

/// Drivers and shader compilers talk much and say little. A filter that names them again wins.
const QUIET: &str =
    "wgpu=error,wgpu_core=error,wgpu_hal=error,naga=error,cosmic_text=error,lapin=error,aws_config=error";
const DEFAULT: &str = "warn";

/// Why nothing will be logged as asked.
#[derive(Debug, Error)]
pub enum TelemetryError {
    /// The filter cannot be read.
    #[error("{variable}: expected a log filter such as \"info\" or \"gravure=debug\": {message}")]
    BadFilter {
        /// The environment variable that holds it.
        variable: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// The format has no such name.
    #[error("GRAVURE_LOG_FORMAT: expected human or json, got {0:?}")]
    BadFormat(String),
    /// Someone set tracing up before.
    #[error("tracing is set up already")]
    AlreadySet,
}

/// Sends events to standard error, as the environment asks.
///
/// # Errors
/// When the filter in the environment cannot be read, or when it was called before.
pub fn init() -> Result<(), TelemetryError> {
    init_with(DEFAULT)
}

/// The same, with what is shown where the environment says nothing.
///
/// # Errors
/// As [`init`].
pub fn init_with(default: &str) -> Result<(), TelemetryError> {
    let asked = ["GRAVURE_LOG", "RUST_LOG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()).map(|value| (name, value)));
    let (variable, directives) = asked.unwrap_or(("GRAVURE_LOG", default.to_owned()));
    let filter =
        filter(&directives).map_err(|error| TelemetryError::BadFilter { variable, message: error.to_string() })?;
    let has_colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(has_colour);
    let format = std::env::var("GRAVURE_LOG_FORMAT").unwrap_or_default();
    let set = match format.as_str() {
        "" | "human" => log.finish().try_init(),
        "json" => log.json().flatten_event(true).finish().try_init(),
        _ => return Err(TelemetryError::BadFormat(format)),
    };
    set.map_err(|_| TelemetryError::AlreadySet)
}

/// What is asked for, with the noise of others limited to errors.
fn filter(directives: &str) -> Result<EnvFilter, tracing_subscriber::filter::ParseError> {
    // The last directive for a target counts.
    EnvFilter::builder().parse(format!("{QUIET},{directives}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_limited_unless_asked_for() {
        let shown = filter("debug").unwrap().to_string();
        assert!(shown.contains("wgpu_hal=error") && shown.contains("debug"), "{shown}");
        let shown = filter("info,wgpu_hal=trace").unwrap().to_string();
        assert!(shown.contains("wgpu_hal=trace") && !shown.contains("wgpu_hal=error"), "{shown}");
    }

    #[test]
    fn a_wrong_filter_is_an_error() {
        assert!(filter("gravure=loud").is_err());
        assert!(filter(DEFAULT).is_ok());
    }
}
