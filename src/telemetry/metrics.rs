//! Every metric of the farm. Names are `gravure_<what>_<unit>`, in base units; labels come from small fixed sets,
//! never from jobs or keys, and every value of such a set is there from the start, at zero.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus::core::Collector;
use prometheus::{
    Encoder, Gauge, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

use super::buckets::BucketHistograms;
use super::http::Readiness;
use super::snapshot::{CacheTotals, FILL_BOUNDS, RendererSnapshot, STAGE_BOUNDS_SECS};

/// How variants end.
const STATUSES: &[&str] = &["ok", "failed", "skipped", "reused"];
/// Why jobs are given up. What is not among them counts as `other`.
const BURIED: &[&str] = &[
    "not_a_job",
    "unknown_version",
    "message_too_large",
    "duplicate_id",
    "destination_refused",
    "too_many_rows",
    "too_many_variants",
    "too_many_pixels",
    "bad_option",
    "source_refused",
    "template_missing",
    "template_invalid",
    "template_unreachable",
    "data_missing",
    "data_invalid",
    "data_unreachable",
    "internal",
    "renderer_crash",
    "renderer_hang",
    "renderer_out_of_memory",
    "renderer_device_lost",
    OTHER,
];
/// Why renderers die. `not_ready`: before they could draw.
const DEATHS: &[&str] =
    &["renderer_crash", "renderer_hang", "renderer_out_of_memory", "renderer_device_lost", "not_ready", OTHER];
/// What became of results that were published.
const RESULTS: &[&str] = &["routed", "unrouted", "failed"];
/// Why objects were not stored.
const UPLOAD_ERRORS: &[&str] = &["refused", "unreachable", OTHER];
const CACHES: &[&str] = &["photos", "decoded", "scaled"];
const OTHER: &str = "other";

/// Seconds of a job: a small one takes less than one, a large one a minute.
const JOB_SECONDS: [f64; 14] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0];

/// The metrics of a process. Clones share them.
#[derive(Clone)]
pub struct Metrics {
    all: Arc<All>,
}

struct All {
    registry: Registry,
    jobs_received: IntCounterVec,
    jobs_acknowledged: IntCounter,
    jobs_dead_lettered: IntCounter,
    jobs_handed_back: IntCounter,
    jobs_taken_over: IntCounter,
    dead_letters: IntCounterVec,
    jobs: IntGaugeVec,
    job_seconds: HistogramVec,
    queue_depth: IntGaugeVec,
    variants: IntCounterVec,
    variant_bytes: IntCounter,
    stages: BucketHistograms,
    sheets: IntCounter,
    canvases: IntCounter,
    plates: IntCounter,
    sheet_fill: BucketHistograms,
    cache_hits: IntCounterVec,
    cache_misses: IntCounterVec,
    cache_bytes: IntGaugeVec,
    uploads: IntCounter,
    upload_bytes: IntCounter,
    upload_retries: IntCounter,
    upload_errors: IntCounterVec,
    uploads_in_flight: IntGauge,
    upload_in_flight_bytes: IntGauge,
    checkpoints: IntCounter,
    manifests: IntCounter,
    results: IntCounterVec,
    renderer_starts: IntCounter,
    renderer_deaths: IntCounterVec,
    renderer_resident: IntGauge,
    gpu_bytes: IntGauge,
    broker_connected: IntGauge,
    broker_consuming: IntGauge,
    sessions: IntCounter,
    adapter_ready: IntGauge,
    storage_ready: IntGauge,
    draining: IntGauge,
}

/// Makes metrics and registers them.
struct Maker(Registry);

impl Maker {
    fn register<C: Collector + Clone + 'static>(&self, collector: C) -> C {
        self.0.register(Box::new(collector.clone())).expect("each name is registered once");
        collector
    }

    fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.register(IntCounter::new(name, help).expect("a valid name"))
    }

    fn counters(&self, name: &str, help: &str, label: &str, values: &[&str]) -> IntCounterVec {
        let counters = IntCounterVec::new(Opts::new(name, help), &[label]).expect("a valid name");
        for value in values {
            counters.with_label_values(&[*value]);
        }
        self.register(counters)
    }

    fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.register(IntGauge::new(name, help).expect("a valid name"))
    }

    fn gauges(&self, name: &str, help: &str, label: &str, values: &[&str]) -> IntGaugeVec {
        let gauges = IntGaugeVec::new(Opts::new(name, help), &[label]).expect("a valid name");
        for value in values {
            gauges.with_label_values(&[*value]);
        }
        self.register(gauges)
    }
}

impl Metrics {
    /// All at zero.
    pub fn new() -> Self {
        let make = Maker(Registry::new());
        let job_seconds = HistogramOpts::new("gravure_job_seconds", "From receipt of a job to its confirmed result")
            .buckets(JOB_SECONDS.to_vec());
        let build = make.gauges("gravure_build_info", "Always 1; the label is the version", "version", &[]);
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        let started = Gauge::new("gravure_process_start_time_seconds", "When the worker started, since 1970");
        let started = make.register(started.expect("a valid name"));
        started.set(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64()));
        let all = All {
            jobs_received: make.counters(
                "gravure_jobs_received_total",
                "Deliveries of jobs; at rest the sum of acknowledged, dead-lettered and handed back",
                "lane",
                &[],
            ),
            jobs_acknowledged: make.counter("gravure_jobs_acknowledged_total", "Deliveries that were acknowledged"),
            jobs_dead_lettered: make.counter("gravure_jobs_dead_lettered_total", "Deliveries that were dead-lettered"),
            jobs_handed_back: make.counter(
                "gravure_jobs_handed_back_total",
                "Deliveries given back to the broker, or taken back by it with the connection",
            ),
            jobs_taken_over: make.counter(
                "gravure_jobs_taken_over_total",
                "Deliveries of jobs that were at hand or done already; they count as received as well",
            ),
            dead_letters: make.counters("gravure_dead_letters_total", "Jobs given up, by reason", "reason", BURIED),
            jobs: make.gauges(
                "gravure_jobs_at_hand",
                "Jobs that this worker holds",
                "state",
                &["rendering", "waiting"],
            ),
            job_seconds: make.register(HistogramVec::new(job_seconds, &["lane"]).expect("a valid name")),
            queue_depth: make.gauges(
                "gravure_queue_depth_messages",
                "Messages that wait in a queue of the broker, as last seen",
                "queue",
                &[],
            ),
            variants: make.counters("gravure_variants_total", "Variants by how they ended", "status", STATUSES),
            variant_bytes: make.counter("gravure_variant_bytes_total", "Length of all images stored"),
            stages: make.register(BucketHistograms::new(
                "gravure_stage_seconds",
                "How long one piece of work took in a stage of the renderer",
                Some("stage"),
                &STAGE_BOUNDS_SECS,
            )),
            sheets: make.counter("gravure_sheets_total", "Sheets drawn"),
            canvases: make.counter("gravure_canvases_total", "Canvases drawn"),
            plates: make.counter("gravure_plates_total", "Plates drawn: what canvases have in common, once"),
            sheet_fill: make.register(BucketHistograms::new(
                "gravure_sheet_fill_ratio",
                "Share of a sheet's rows that canvases cover",
                None,
                &FILL_BOUNDS,
            )),
            cache_hits: make.counters("gravure_cache_hits_total", "Found in a cache", "cache", CACHES),
            cache_misses: make.counters("gravure_cache_misses_total", "Not found in a cache", "cache", CACHES),
            cache_bytes: make.gauges("gravure_cache_bytes", "Held in a cache", "cache", CACHES),
            uploads: make.counter("gravure_uploads_total", "Objects stored in buckets by the renderer"),
            upload_bytes: make.counter("gravure_upload_bytes_total", "Length of objects stored in buckets"),
            upload_retries: make.counter("gravure_upload_retries_total", "Requests to buckets that were made again"),
            upload_errors: make.counters(
                "gravure_upload_errors_total",
                "Objects that were not stored in spite of all tries, by kind",
                "kind",
                UPLOAD_ERRORS,
            ),
            uploads_in_flight: make.gauge("gravure_uploads_in_flight", "Objects on their way to buckets"),
            upload_in_flight_bytes: make.gauge("gravure_upload_in_flight_bytes", "Length of objects on their way"),
            checkpoints: make.counter("gravure_checkpoints_total", "Checkpoints of jobs"),
            manifests: make.counter("gravure_manifests_total", "Manifests of jobs"),
            results: make.counters(
                "gravure_results_total",
                "Tries to publish a result: routed to a queue, confirmed but wanted by none, or failed",
                "outcome",
                RESULTS,
            ),
            renderer_starts: make.counter("gravure_renderer_starts_total", "Renderers that became ready"),
            renderer_deaths: make.counters(
                "gravure_renderer_deaths_total",
                "Renderers that died, by reason",
                "reason",
                DEATHS,
            ),
            renderer_resident: make.gauge("gravure_renderer_resident_bytes", "Memory that the renderer holds"),
            gpu_bytes: make.gauge("gravure_gpu_memory_bytes", "Memory that gravure has on the GPU, about"),
            broker_connected: make.gauge("gravure_broker_connected", "1 while there is a connection to the broker"),
            broker_consuming: make.gauge("gravure_broker_consuming", "1 while jobs can come"),
            sessions: make.counter("gravure_broker_sessions_total", "Sessions with the broker that began"),
            adapter_ready: make.gauge("gravure_adapter_ready", "1 while there is a renderer that can draw"),
            storage_ready: make.gauge("gravure_storage_ready", "1 while the destinations take objects"),
            draining: make.gauge("gravure_draining", "1 since the worker was told to end"),
            registry: make.0,
        };
        Self { all: Arc::new(all) }
    }

    /// The text that Prometheus reads.
    pub fn text(&self) -> String {
        let mut text = Vec::new();
        // Only a label that is not UTF-8 could fail.
        drop(TextEncoder::new().encode(&self.all.registry.gather(), &mut text));
        String::from_utf8_lossy(&text).into_owned()
    }

    /// A delivery came.
    pub fn job_received(&self, lane: &str) {
        self.all.jobs_received.with_label_values(&[lane]).inc();
    }

    /// A delivery is of a job that is at hand already, or done.
    pub fn job_taken_over(&self) {
        self.all.jobs_taken_over.inc();
    }

    /// Totals of what became of deliveries.
    pub fn deliveries(&self, acknowledged: u64, dead_lettered: u64, handed_back: u64) {
        let raise = |counter: &IntCounter, total: u64| counter.inc_by(total.saturating_sub(counter.get()));
        raise(&self.all.jobs_acknowledged, acknowledged);
        raise(&self.all.jobs_dead_lettered, dead_lettered);
        raise(&self.all.jobs_handed_back, handed_back);
    }

    /// A job is given up.
    pub fn job_buried(&self, reason: &str) {
        self.all.dead_letters.with_label_values(&[known(reason, BURIED)]).inc();
    }

    /// Jobs held, and of them those that the renderer has.
    pub fn jobs_at_hand(&self, held: usize, rendering: usize) {
        self.all.jobs.with_label_values(&["rendering"]).set(rendering as i64);
        self.all.jobs.with_label_values(&["waiting"]).set(held.saturating_sub(rendering) as i64);
    }

    /// A job is done.
    pub fn job_seconds(&self, lane: &str, seconds: f64) {
        self.all.job_seconds.with_label_values(&[lane]).observe(seconds);
    }

    /// How many messages wait in a queue.
    pub fn queue_depth(&self, queue: &str, messages: u64) {
        self.all.queue_depth.with_label_values(&[queue]).set(messages as i64);
    }

    /// A variant has an end: one of `ok`, `failed`, `skipped`, `reused`.
    pub fn variant(&self, status: &str, bytes: u64) {
        self.all.variants.with_label_values(&[known(status, STATUSES)]).inc();
        self.all.variant_bytes.inc_by(bytes);
    }

    /// A checkpoint is written.
    pub fn checkpoint(&self) {
        self.all.checkpoints.inc();
    }

    /// A manifest is written.
    pub fn manifest(&self) {
        self.all.manifests.inc();
    }

    /// A result is confirmed.
    pub fn result_published(&self, is_routed: bool) {
        self.all.results.with_label_values(&[if is_routed { "routed" } else { "unrouted" }]).inc();
    }

    /// A result was not confirmed; it is tried again.
    pub fn result_failed(&self) {
        self.all.results.with_label_values(&["failed"]).inc();
    }

    /// A renderer can draw.
    pub fn renderer_started(&self) {
        self.all.renderer_starts.inc();
    }

    /// A renderer died.
    pub fn renderer_died(&self, reason: &str) {
        self.all.renderer_deaths.with_label_values(&[known(reason, DEATHS)]).inc();
        // What it held is gone with it.
        for gauge in [
            &self.all.renderer_resident,
            &self.all.gpu_bytes,
            &self.all.uploads_in_flight,
            &self.all.upload_in_flight_bytes,
        ] {
            gauge.set(0);
        }
        for cache in CACHES {
            self.all.cache_bytes.with_label_values(&[*cache]).set(0);
        }
    }

    /// How much memory the renderer holds.
    pub fn renderer_resident(&self, bytes: u64) {
        self.all.renderer_resident.set(bytes as i64);
    }

    /// Whether there is a connection to the broker.
    pub fn broker_connected(&self, is_connected: bool) {
        self.all.broker_connected.set(i64::from(is_connected));
    }

    /// Jobs can come.
    pub fn session_began(&self) {
        self.all.sessions.inc();
        self.all.broker_connected.set(1);
        self.all.broker_consuming.set(1);
    }

    /// No jobs can come.
    pub fn session_ended(&self) {
        self.all.broker_connected.set(0);
        self.all.broker_consuming.set(0);
    }

    /// What [`super::Health`] says, at the moment of a scrape.
    pub(super) fn readiness(&self, readiness: Readiness) {
        let Readiness { has_adapter, takes_objects, is_draining } = readiness;
        self.all.adapter_ready.set(i64::from(has_adapter));
        self.all.storage_ready.set(i64::from(takes_objects));
        self.all.draining.set(i64::from(is_draining));
    }

    /// Adds what a renderer has counted since it last said so. Totals grow on when it dies: the next one starts from
    /// [`RendererSnapshot::default`].
    pub fn absorb(&self, before: &RendererSnapshot, now: &RendererSnapshot) {
        let all = &*self.all;
        all.sheets.inc_by(now.sheets.saturating_sub(before.sheets));
        all.canvases.inc_by(now.canvases.saturating_sub(before.canvases));
        all.plates.inc_by(now.plates.saturating_sub(before.plates));
        all.sheet_fill.add("", &more(&now.fills, &before.fills), (now.fill - before.fill).max(0.0));
        for stage in &now.stages {
            let before = before.stages.iter().find(|before| before.stage == stage.stage);
            let (buckets, seconds) = before.map_or(([0; _], 0.0), |before| (before.buckets, before.seconds));
            all.stages.add(&stage.stage, &more(&stage.buckets, &buckets), (stage.seconds - seconds).max(0.0));
        }
        self.cache("photos", before.photos, now.photos);
        self.cache("decoded", before.decoded, now.decoded);
        self.cache("scaled", before.scaled, now.scaled);
        let (before, uploads) = (before.uploads, now.uploads);
        all.uploads.inc_by(uploads.objects.saturating_sub(before.objects));
        all.upload_bytes.inc_by(uploads.bytes.saturating_sub(before.bytes));
        all.upload_retries.inc_by(uploads.retries.saturating_sub(before.retries));
        let errors = uploads.errors.saturating_sub(before.errors);
        let refused = uploads.refused.saturating_sub(before.refused);
        let unreachable = uploads.unreachable.saturating_sub(before.unreachable);
        let other = errors.saturating_sub(refused + unreachable);
        for (kind, new) in [("refused", refused), ("unreachable", unreachable), (OTHER, other)] {
            all.upload_errors.with_label_values(&[kind]).inc_by(new);
        }
        all.uploads_in_flight.set(uploads.in_flight as i64);
        all.upload_in_flight_bytes.set(uploads.in_flight_bytes as i64);
        all.gpu_bytes.set(now.gpu_bytes as i64);
    }

    fn cache(&self, cache: &str, before: CacheTotals, now: CacheTotals) {
        self.all.cache_hits.with_label_values(&[cache]).inc_by(now.hits.saturating_sub(before.hits));
        self.all.cache_misses.with_label_values(&[cache]).inc_by(now.misses.saturating_sub(before.misses));
        self.all.cache_bytes.with_label_values(&[cache]).set(now.bytes as i64);
    }
}

/// What is new in each bucket.
fn more<const N: usize>(now: &[u64; N], before: &[u64; N]) -> [u64; N] {
    std::array::from_fn(|nth| now[nth].saturating_sub(before[nth]))
}

/// A label's value: a set may not grow by what comes from outside.
fn known(value: &str, set: &[&'static str]) -> &'static str {
    set.iter().find(|known| **known == value).copied().unwrap_or(OTHER)
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::snapshot::{STAGE_BUCKETS, StageTotals, UploadTotals};

    fn assert_lines(metrics: &Metrics, lines: &[&str]) {
        let text = metrics.text();
        for line in lines {
            assert!(text.lines().any(|shown| shown == *line), "{line} is not in\n{text}");
        }
    }

    fn snapshot() -> RendererSnapshot {
        let mut buckets = [0; STAGE_BUCKETS];
        buckets[3] = 3;
        let stages = vec![StageTotals { stage: "layout".into(), buckets, seconds: 0.5 }];
        let uploads =
            UploadTotals { objects: 7, errors: 5, refused: 1, unreachable: 2, in_flight: 2, ..Default::default() };
        let scaled = CacheTotals { hits: 4, misses: 1, bytes: 100 };
        let mut fills = [0; FILL_BOUNDS.len()];
        fills[7] = 2;
        RendererSnapshot { stages, sheets: 2, canvases: 60, fill: 1.5, fills, uploads, scaled, ..Default::default() }
    }

    #[test]
    fn a_renderers_totals_are_added_once_and_outlive_it() {
        let metrics = Metrics::new();
        let first = snapshot();
        metrics.absorb(&RendererSnapshot::default(), &first);
        metrics.absorb(&first, &first);
        metrics.renderer_died("renderer_crash");
        assert_lines(&metrics, &["gravure_cache_bytes{cache=\"scaled\"} 0", "gravure_uploads_in_flight 0"]);
        // Another renderer starts from nothing.
        metrics.absorb(&RendererSnapshot::default(), &first);
        assert_lines(
            &metrics,
            &[
                "gravure_sheets_total 4",
                "gravure_canvases_total 120",
                "gravure_stage_seconds_bucket{stage=\"layout\",le=\"0.000064\"} 0",
                "gravure_stage_seconds_bucket{stage=\"layout\",le=\"0.000128\"} 6",
                "gravure_stage_seconds_bucket{stage=\"layout\",le=\"+Inf\"} 6",
                "gravure_stage_seconds_sum{stage=\"layout\"} 1",
                "gravure_sheet_fill_ratio_bucket{le=\"0.7\"} 0",
                "gravure_sheet_fill_ratio_bucket{le=\"0.8\"} 4",
                "gravure_sheet_fill_ratio_sum 3",
                "gravure_cache_hits_total{cache=\"scaled\"} 8",
                "gravure_upload_errors_total{kind=\"other\"} 4",
                "gravure_upload_errors_total{kind=\"unreachable\"} 4",
                "gravure_uploads_in_flight 2",
                "gravure_renderer_deaths_total{reason=\"renderer_crash\"} 1",
            ],
        );
    }

    #[test]
    fn totals_never_fall() {
        let metrics = Metrics::new();
        metrics.absorb(&RendererSnapshot::default(), &snapshot());
        metrics.absorb(&snapshot(), &RendererSnapshot::default());
        metrics.deliveries(5, 1, 2);
        metrics.deliveries(4, 0, 2);
        assert_lines(
            &metrics,
            &["gravure_sheets_total 2", "gravure_jobs_acknowledged_total 5", "gravure_jobs_handed_back_total 2"],
        );
    }

    #[test]
    fn labels_come_from_fixed_sets_and_are_there_from_the_start() {
        let metrics = Metrics::new();
        metrics.job_buried("not_a_job");
        metrics.job_buried("whatever a renderer of another version says");
        metrics.variant("ok", 10);
        assert_lines(
            &metrics,
            &[
                "gravure_dead_letters_total{reason=\"not_a_job\"} 1",
                "gravure_dead_letters_total{reason=\"other\"} 1",
                "gravure_dead_letters_total{reason=\"renderer_hang\"} 0",
                "gravure_variants_total{status=\"ok\"} 1",
                "gravure_variants_total{status=\"failed\"} 0",
                "gravure_variant_bytes_total 10",
                "gravure_results_total{outcome=\"unrouted\"} 0",
            ],
        );
    }

    #[test]
    fn every_metric_has_a_name_of_ours_a_type_and_a_help() {
        let metrics = Metrics::new();
        metrics.job_received("jobs");
        metrics.absorb(&RendererSnapshot::default(), &snapshot());
        let text = metrics.text();
        let families: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
        for family in &families {
            let (name, kind) = family.split_once(' ').unwrap();
            assert!(name.starts_with("gravure_"), "{name}");
            assert_eq!(name.ends_with("_total"), kind == "counter", "{family}");
            assert!(text.contains(&format!("# HELP {name} ")), "{name}");
        }
        assert!(families.len() > 35);
        assert!(text.lines().all(|line| line.starts_with('#') || line.starts_with("gravure_")));
    }
}
