//! The log: events on standard error, for people or as JSON, without secrets.

use std::io::IsTerminal;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

use super::secret::{Redacting, hide_environment};

/// Drivers, shader compilers and clients talk much and say little; what the client of S3 says names every object, and
/// one that a row names may be personal. A filter that names them again wins.
const QUIET: &str = "wgpu=error,wgpu_core=error,wgpu_hal=error,naga=error,cosmic_text=error,lapin=error,\
    aws_config=error,aws_runtime=error,aws_sdk_s3=error,aws_sigv4=error,aws_smithy_http_client=error,\
    aws_smithy_runtime=error,aws_smithy_runtime_api=error,hyper=error,hyper_util=error";

/// What commands for people show.
pub const WARNINGS: &str = "warn";
/// What those show that run for months.
pub const LIFE: &str = "info";

/// The section `[log]` of a configuration file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// What is shown: `info`, `gravure::gpu=debug,warn`. Default: `RUST_LOG`, else `info` for workers and `warn` for
    /// commands.
    pub filter: Option<String>,
    /// Default: `human`.
    pub format: LogFormat,
}

/// How an event is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// A line for people.
    #[default]
    Human,
    /// A JSON object on a line, with its spans.
    Json,
}

/// Why nothing will be logged as asked.
#[derive(Debug, Error)]
pub enum TelemetryError {
    /// The filter cannot be read.
    #[error("{setting}: expected a log filter such as \"info\" or \"gravure=debug\": {message}")]
    BadFilter {
        /// Where it is from.
        setting: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// Traces cannot be exported.
    #[error("traces cannot be exported: {0}")]
    NoExport(String),
    /// Someone set tracing up before.
    #[error("tracing is set up already")]
    AlreadySet,
}

/// Sends events to standard error. Ends what it began (the export of traces) when it is dropped.
#[must_use = "the last traces are lost without it"]
#[derive(Debug, Default)]
pub struct Logging {
    #[cfg(feature = "otel")]
    _export: Option<super::traces::Export>,
}

/// Sets tracing up; `default` is what is shown where nobody says otherwise.
///
/// # Errors
/// When the filter cannot be read, or when it was called before.
pub fn init(settings: &LogSettings, default: &str) -> Result<Logging, TelemetryError> {
    hide_environment();
    let of_environment = || std::env::var("RUST_LOG").ok().filter(|text| !text.trim().is_empty());
    let (setting, directives) = match (&settings.filter, of_environment()) {
        (Some(filter), _) => ("log.filter", filter.clone()),
        (None, Some(filter)) => ("RUST_LOG", filter),
        (None, None) => ("log.filter", default.to_owned()),
    };
    let filter =
        filter(&directives).map_err(|error| TelemetryError::BadFilter { setting, message: error.to_string() })?;
    let has_colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = tracing_subscriber::fmt::layer().with_writer(|| Redacting(std::io::stderr())).with_ansi(has_colour);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match settings.format {
        LogFormat::Human => lines.with_filter(filter).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_filter(filter).boxed(),
    };
    let log = tracing_subscriber::registry().with(lines);
    #[cfg(feature = "otel")]
    {
        let (layer, export) = super::traces::layer().map_err(TelemetryError::NoExport)?.unzip();
        log.with(layer).try_init().map_err(|_| TelemetryError::AlreadySet)?;
        Ok(Logging { _export: export })
    }
    #[cfg(not(feature = "otel"))]
    {
        log.try_init().map_err(|_| TelemetryError::AlreadySet)?;
        Ok(Logging::default())
    }
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
        assert!(filter(WARNINGS).is_ok() && filter(LIFE).is_ok());
        let settings = LogSettings { filter: Some("gravure=loud".into()), ..LogSettings::default() };
        let message = init(&settings, WARNINGS).unwrap_err().to_string();
        assert!(message.starts_with("log.filter: expected a log filter"), "{message}");
    }
}
