//! Every metric of the farm. Names are `gravure_<what>_<unit>`, in base units; labels come from small fixed sets,
//! never from jobs or keys.

use std::sync::Arc;

use parking_lot::Mutex;
use prometheus::core::{Collector, Desc};
use prometheus::proto::{Bucket, Histogram as HistogramProto, LabelPair, Metric, MetricFamily, MetricType};
use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

use super::snapshot::{CacheTotals, RendererSnapshot, STAGE_BOUNDS_SECS, STAGE_BUCKETS};

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
    dead_letters: IntCounterVec,
    jobs: IntGaugeVec,
    job_seconds: HistogramVec,
    queue_depth: IntGaugeVec,
    variants: IntCounterVec,
    stored_bytes: IntCounter,
    stages: StageHistograms,
    sheets: IntCounter,
    canvases: IntCounter,
    sheet_fill: Histogram,
    cache_hits: IntCounterVec,
    cache_misses: IntCounterVec,
    cache_bytes: IntGaugeVec,
    uploads: IntCounter,
    upload_bytes: IntCounter,
    upload_retries: IntCounter,
    upload_errors: IntCounter,
    uploads_in_flight: IntGauge,
    checkpoints: IntCounter,
    manifests: IntCounter,
    results: IntCounterVec,
    renderer_starts: IntCounter,
    renderer_deaths: IntCounterVec,
    renderer_resident: IntGauge,
    gpu_bytes: IntGauge,
    broker_connected: IntGauge,
    sessions: IntCounter,
}

impl Metrics {
    /// All at zero.
    pub fn new() -> Self {
        let registry = Registry::new();
        let to = |collector: Box<dyn Collector>| registry.register(collector).expect("each name is registered once");
        let counter = |name: &str, help: &str| {
            let counter = IntCounter::new(name, help).expect("a valid name");
            to(Box::new(counter.clone()));
            counter
        };
        let counters = |name: &str, help: &str, label: &str| {
            let counters = IntCounterVec::new(Opts::new(name, help), &[label]).expect("a valid name");
            to(Box::new(counters.clone()));
            counters
        };
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help).expect("a valid name");
            to(Box::new(gauge.clone()));
            gauge
        };
        let gauges = |name: &str, help: &str, label: &str| {
            let gauges = IntGaugeVec::new(Opts::new(name, help), &[label]).expect("a valid name");
            to(Box::new(gauges.clone()));
            gauges
        };
        let job_seconds = HistogramOpts::new("gravure_job_seconds", "From receipt of a job to its confirmed result")
            .buckets(vec![0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0]);
        let job_seconds = HistogramVec::new(job_seconds, &["lane"]).expect("a valid name");
        to(Box::new(job_seconds.clone()));
        let fill = HistogramOpts::new("gravure_sheet_fill_ratio", "Share of a sheet's rows that canvases cover")
            .buckets((1..=10).map(|tenth| f64::from(tenth) / 10.0).collect());
        let sheet_fill = Histogram::with_opts(fill).expect("a valid name");
        to(Box::new(sheet_fill.clone()));
        let stages = StageHistograms::new();
        to(Box::new(stages.clone()));
        let build = gauges("gravure_build_info", "Always 1; the label is the version", "version");
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        let all = All {
            jobs_received: counters("gravure_jobs_received_total", "Deliveries of jobs", "lane"),
            jobs_acknowledged: counter("gravure_jobs_acknowledged_total", "Deliveries that were acknowledged"),
            jobs_dead_lettered: counter("gravure_jobs_dead_lettered_total", "Deliveries that were dead-lettered"),
            jobs_handed_back: counter(
                "gravure_jobs_handed_back_total",
                "Deliveries given back to the broker, or taken back by it",
            ),
            dead_letters: counters("gravure_dead_letters_total", "Dead letters by reason", "reason"),
            jobs: gauges("gravure_jobs_at_hand", "Jobs that this worker holds", "state"),
            job_seconds,
            queue_depth: gauges("gravure_queue_depth_messages", "Messages that wait, as last seen", "queue"),
            variants: counters("gravure_variants_total", "Variants by how they ended", "status"),
            stored_bytes: counter("gravure_variant_bytes_total", "Length of all images stored"),
            stages,
            sheets: counter("gravure_sheets_total", "Sheets drawn"),
            canvases: counter("gravure_canvases_total", "Canvases drawn"),
            sheet_fill,
            cache_hits: counters("gravure_cache_hits_total", "Found in a cache", "cache"),
            cache_misses: counters("gravure_cache_misses_total", "Not found in a cache", "cache"),
            cache_bytes: gauges("gravure_cache_bytes", "Held in a cache", "cache"),
            uploads: counter("gravure_uploads_total", "Objects stored by the renderer"),
            upload_bytes: counter("gravure_upload_bytes_total", "Length of objects stored by the renderer"),
            upload_retries: counter("gravure_upload_retries_total", "Requests to the store that were made again"),
            upload_errors: counter("gravure_upload_errors_total", "Objects that were not stored"),
            uploads_in_flight: gauge("gravure_uploads_in_flight", "Objects on their way to the store"),
            checkpoints: counter("gravure_checkpoints_total", "Checkpoints written"),
            manifests: counter("gravure_manifests_total", "Manifests written"),
            results: counters("gravure_results_total", "Results published, by whether a queue wanted them", "routed"),
            renderer_starts: counter("gravure_renderer_starts_total", "Renderers that became ready"),
            renderer_deaths: counters("gravure_renderer_deaths_total", "Renderers that died, by reason", "reason"),
            renderer_resident: gauge("gravure_renderer_resident_bytes", "Memory that the renderer holds"),
            gpu_bytes: gauge("gravure_gpu_memory_bytes", "Memory that gravure has on the GPU, about"),
            broker_connected: gauge("gravure_broker_connected", "1 while jobs can come"),
            sessions: counter("gravure_broker_sessions_total", "Sessions with the broker that began"),
            registry,
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

    /// Totals of what became of deliveries.
    pub fn deliveries(&self, acknowledged: u64, dead_lettered: u64, handed_back: u64) {
        let raise = |counter: &IntCounter, total: u64| counter.inc_by(total.saturating_sub(counter.get()));
        raise(&self.all.jobs_acknowledged, acknowledged);
        raise(&self.all.jobs_dead_lettered, dead_lettered);
        raise(&self.all.jobs_handed_back, handed_back);
    }

    /// A job is given up.
    pub fn job_buried(&self, reason: &str) {
        self.all.dead_letters.with_label_values(&[reason]).inc();
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
        self.all.variants.with_label_values(&[status]).inc();
        self.all.stored_bytes.inc_by(bytes);
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
        self.all.results.with_label_values(&[if is_routed { "yes" } else { "no" }]).inc();
    }

    /// A renderer can draw.
    pub fn renderer_started(&self) {
        self.all.renderer_starts.inc();
    }

    /// A renderer died.
    pub fn renderer_died(&self, reason: &str) {
        self.all.renderer_deaths.with_label_values(&[reason]).inc();
    }

    /// How much memory the renderer holds.
    pub fn renderer_resident(&self, bytes: u64) {
        self.all.renderer_resident.set(bytes as i64);
    }

    /// Jobs can come.
    pub fn session_began(&self) {
        self.all.sessions.inc();
        self.all.broker_connected.set(1);
    }

    /// No jobs can come.
    pub fn session_ended(&self) {
        self.all.broker_connected.set(0);
    }

    /// Adds what a renderer has counted since it last said so.
    pub fn absorb(&self, before: &RendererSnapshot, now: &RendererSnapshot) {
        let All { sheets, canvases, sheet_fill, .. } = &*self.all;
        let new_sheets = now.sheets.saturating_sub(before.sheets);
        sheets.inc_by(new_sheets);
        canvases.inc_by(now.canvases.saturating_sub(before.canvases));
        // Sheets between two pulses are alike: each counts with their mean.
        for _ in 0..new_sheets.min(10_000) {
            sheet_fill.observe((now.fill - before.fill) / new_sheets as f64);
        }
        for (nth, stage) in now.stages.iter().enumerate() {
            let before = before.stages.get(nth);
            let buckets = std::array::from_fn(|bucket| {
                stage.buckets[bucket].saturating_sub(before.map_or(0, |before| before.buckets[bucket]))
            });
            let seconds = stage.seconds - before.map_or(0.0, |before| before.seconds);
            self.all.stages.add(&stage.stage, buckets, seconds);
        }
        for (cache, before, now) in
            [("photos", before.photos, now.photos), ("scaled", before.scaled, now.scaled)]
        {
            self.cache(cache, before, now);
        }
        let (before, uploads) = (before.uploads, now.uploads);
        self.all.uploads.inc_by(uploads.objects.saturating_sub(before.objects));
        self.all.upload_bytes.inc_by(uploads.bytes.saturating_sub(before.bytes));
        self.all.upload_retries.inc_by(uploads.retries.saturating_sub(before.retries));
        self.all.upload_errors.inc_by(uploads.errors.saturating_sub(before.errors));
        self.all.uploads_in_flight.set(uploads.in_flight as i64);
        self.all.gpu_bytes.set(now.gpu_bytes as i64);
    }

    fn cache(&self, cache: &str, before: CacheTotals, now: CacheTotals) {
        self.all.cache_hits.with_label_values(&[cache]).inc_by(now.hits.saturating_sub(before.hits));
        self.all.cache_misses.with_label_values(&[cache]).inc_by(now.misses.saturating_sub(before.misses));
        self.all.cache_bytes.with_label_values(&[cache]).set(now.bytes as i64);
    }
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

/// Durations by stage, counted elsewhere: the crate's own histograms take one at a time.
#[derive(Clone)]
struct StageHistograms {
    desc: Desc,
    stages: Arc<Mutex<Vec<(String, [u64; STAGE_BUCKETS], f64)>>>,
}

const STAGE_NAME: &str = "gravure_stage_seconds";
const STAGE_HELP: &str = "How long one piece of work took in a stage of the renderer";

impl StageHistograms {
    fn new() -> Self {
        let desc = Desc::new(STAGE_NAME.into(), STAGE_HELP.into(), vec!["stage".into()], Default::default());
        Self { desc: desc.expect("a valid name"), stages: Arc::default() }
    }

    fn add(&self, stage: &str, buckets: [u64; STAGE_BUCKETS], seconds: f64) {
        let mut stages = self.stages.lock();
        let at = stages.iter().position(|(name, ..)| name == stage).unwrap_or_else(|| {
            stages.push((stage.to_owned(), [0; STAGE_BUCKETS], 0.0));
            stages.len() - 1
        });
        let (_, totals, sum) = &mut stages[at];
        totals.iter_mut().zip(buckets).for_each(|(total, new)| *total += new);
        *sum += seconds;
    }
}

impl Collector for StageHistograms {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.desc]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let mut family = MetricFamily::default();
        family.set_name(STAGE_NAME.to_owned());
        family.set_help(STAGE_HELP.to_owned());
        family.set_field_type(MetricType::HISTOGRAM);
        for (stage, buckets, seconds) in &*self.stages.lock() {
            let mut count = 0;
            let mut histogram = HistogramProto::default();
            let mut filled = Vec::new();
            for (bound, new) in STAGE_BOUNDS_SECS.iter().zip(buckets) {
                count += new;
                let mut bucket = Bucket::default();
                bucket.set_upper_bound(*bound);
                bucket.set_cumulative_count(count);
                filled.push(bucket);
            }
            histogram.set_bucket(filled);
            histogram.set_sample_count(buckets.iter().sum());
            histogram.set_sample_sum(*seconds);
            let mut label = LabelPair::default();
            label.set_name("stage".to_owned());
            label.set_value(stage.clone());
            let mut metric = Metric::default();
            metric.set_label(vec![label]);
            metric.set_histogram(histogram);
            family.mut_metric().push(metric);
        }
        vec![family]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::snapshot::StageTotals;

    #[test]
    fn a_renderers_totals_are_added_once_and_outlive_it() {
        let metrics = Metrics::new();
        let mut buckets = [0; STAGE_BUCKETS];
        buckets[2] = 3;
        let stages = vec![StageTotals { stage: "layout".into(), buckets, seconds: 0.5 }];
        let first = RendererSnapshot { stages, sheets: 2, canvases: 60, fill: 1.5, ..RendererSnapshot::default() };
        metrics.absorb(&RendererSnapshot::default(), &first);
        metrics.absorb(&first, &first);
        // Another renderer starts from nothing.
        metrics.absorb(&RendererSnapshot::default(), &first);
        let text = metrics.text();
        for line in [
            "gravure_sheets_total 4",
            "gravure_canvases_total 120",
            "gravure_stage_seconds_bucket{stage=\"layout\",le=\"0.000064\"} 0",
            "gravure_stage_seconds_bucket{stage=\"layout\",le=\"0.000256\"} 6",
            "gravure_stage_seconds_bucket{stage=\"layout\",le=\"+Inf\"} 6",
            "gravure_stage_seconds_sum{stage=\"layout\"} 1",
            "gravure_sheet_fill_ratio_sum 3",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn every_metric_has_a_help_and_a_name_of_ours() {
        let metrics = Metrics::new();
        metrics.variant("ok", 10);
        metrics.job_buried("not_a_job");
        let text = metrics.text();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            assert!(line.starts_with("gravure_"), "{line}");
        }
        assert!(text.contains("gravure_variants_total{status=\"ok\"} 1"));
        assert!(text.contains("# HELP gravure_dead_letters_total"));
    }
}
