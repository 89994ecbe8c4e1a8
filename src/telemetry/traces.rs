//! Spans for an OpenTelemetry collector: OTLP over HTTP, where the standard variables name one
//! (`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_SERVICE_NAME`, `OTEL_SDK_DISABLED`, ...). A
//! collector that is away costs the spans and nothing else.

use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

/// Either of them means that there is a collector.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
/// As the specification has it, where `OTEL_EXPORTER_OTLP_TIMEOUT` says nothing.
const TIMEOUT_MS: u64 = 10_000;
/// Longest answer of a collector that is read.
const MAX_ANSWER_BYTES: u64 = 1 << 20;
/// How long the last spans may take when the process ends.
const LAST_SPANS: Duration = Duration::from_secs(2);

/// Sends what is left when it is dropped.
#[derive(Debug)]
pub struct Export(SdkTracerProvider);

impl Drop for Export {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown_with_timeout(LAST_SPANS) {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}

/// A layer that exports spans; none where no collector is named.
pub(super) fn layer<S>() -> Result<Option<(impl Layer<S> + Send + Sync, Export)>, String>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    let variable = |name| std::env::var(name).ok().filter(|value: &String| !value.trim().is_empty());
    let is_off = variable("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if is_off || !ENDPOINTS.iter().any(|name| variable(name).is_some()) {
        return Ok(None);
    }
    let timeout = variable("OTEL_EXPORTER_OTLP_TIMEOUT").and_then(|value| value.trim().parse().ok());
    let client = Client::new(Duration::from_millis(timeout.unwrap_or(TIMEOUT_MS)));
    let exporter = SpanExporter::builder().with_http().with_http_client(client).build();
    let mut resource = Resource::builder();
    if variable("OTEL_SERVICE_NAME").is_none() {
        resource = resource.with_service_name("gravure");
    }
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter.map_err(|error| error.to_string())?)
        .with_resource(resource.build())
        .build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("gravure"));
    // Ours only: the export itself would be exported too.
    let layer = layer.with_filter(Targets::new().with_target("gravure", Level::INFO));
    Ok(Some((layer, Export(provider))))
}

/// The client that photos are fetched with; the exporter has a thread of its own, so that it may block.
#[derive(Debug)]
struct Client(ureq::Agent);

impl Client {
    fn new(timeout: Duration) -> Self {
        let config = ureq::Agent::config_builder().timeout_global(Some(timeout)).http_status_as_error(false);
        Self(config.build().new_agent())
    }
}

#[async_trait::async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answer = self.0.run(request.map(|body| body.to_vec()))?;
        let (head, body) = answer.into_parts();
        let bytes = body.into_with_config().limit(MAX_ANSWER_BYTES).read_to_vec()?;
        Ok(Response::from_parts(head, Bytes::from(bytes)))
    }
}
