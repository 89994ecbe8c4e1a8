//! Histograms that are counted elsewhere and come as counts of buckets: the histograms of the `prometheus` crate take
//! one value at a time.

use std::sync::Arc;

use parking_lot::Mutex;
use prometheus::core::{Collector, Desc};
use prometheus::proto::{Bucket, Histogram, LabelPair, Metric, MetricFamily, MetricType};

/// Histograms of one name, one for each value of a label; or a single one without labels. Clones share them.
#[derive(Clone)]
pub struct BucketHistograms {
    desc: Desc,
    bounds: &'static [f64],
    label: Option<&'static str>,
    series: Arc<Mutex<Vec<Series>>>,
}

struct Series {
    label: String,
    /// One for each bound, and one for what is beyond.
    counts: Vec<u64>,
    sum: f64,
}

impl BucketHistograms {
    /// With no series yet; the one without labels is there from the start.
    pub fn new(name: &str, help: &str, label: Option<&'static str>, bounds: &'static [f64]) -> Self {
        let labels = label.iter().map(|label| (*label).to_owned()).collect();
        let desc = Desc::new(name.to_owned(), help.to_owned(), labels, Default::default()).expect("a valid name");
        let histograms = Self { desc, bounds, label, series: Arc::default() };
        if label.is_none() {
            histograms.add("", &[], 0.0);
        }
        histograms
    }

    /// Adds counts, the first for what is not above the first bound, and the sum of the values.
    pub fn add(&self, label: &str, counts: &[u64], sum: f64) {
        let mut all = self.series.lock();
        let at = all.iter().position(|series| series.label == label).unwrap_or_else(|| {
            all.push(Series { label: label.to_owned(), counts: vec![0; self.bounds.len() + 1], sum: 0.0 });
            all.len() - 1
        });
        let series = &mut all[at];
        series.counts.iter_mut().zip(counts).for_each(|(total, new)| *total += new);
        series.sum += sum;
    }

    fn metric(&self, series: &Series) -> Metric {
        let mut count = 0;
        let buckets = self.bounds.iter().zip(&series.counts).map(|(bound, new)| {
            count += new;
            let mut bucket = Bucket::default();
            bucket.set_upper_bound(*bound);
            bucket.set_cumulative_count(count);
            bucket
        });
        let mut histogram = Histogram::default();
        histogram.set_bucket(buckets.collect());
        histogram.set_sample_count(series.counts.iter().sum());
        histogram.set_sample_sum(series.sum);
        let mut metric = Metric::default();
        if let Some(name) = self.label {
            let mut label = LabelPair::default();
            label.set_name(name.to_owned());
            label.set_value(series.label.clone());
            metric.set_label(vec![label]);
        }
        metric.set_histogram(histogram);
        metric
    }
}

impl Collector for BucketHistograms {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.desc]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let mut family = MetricFamily::default();
        family.set_name(self.desc.fq_name.clone());
        family.set_help(self.desc.help.clone());
        family.set_field_type(MetricType::HISTOGRAM);
        family.set_metric(self.series.lock().iter().map(|series| self.metric(series)).collect());
        vec![family]
    }
}

#[cfg(test)]
mod tests {
    use prometheus::{Encoder, Registry, TextEncoder};

    use super::*;

    fn text(histograms: BucketHistograms) -> String {
        let registry = Registry::new();
        registry.register(Box::new(histograms)).unwrap();
        let mut text = Vec::new();
        TextEncoder::new().encode(&registry.gather(), &mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn counts_are_added_and_shown_as_sums() {
        let histograms = BucketHistograms::new("x_seconds", "Time", Some("stage"), &[0.5, 1.0]);
        histograms.add("a", &[1, 2, 4], 6.0);
        histograms.add("a", &[1, 0, 0], 0.25);
        histograms.add("b", &[0, 0, 1], 2.0);
        let text = text(histograms);
        for line in [
            "# TYPE x_seconds histogram",
            "x_seconds_bucket{stage=\"a\",le=\"0.5\"} 2",
            "x_seconds_bucket{stage=\"a\",le=\"1\"} 4",
            "x_seconds_bucket{stage=\"a\",le=\"+Inf\"} 8",
            "x_seconds_sum{stage=\"a\"} 6.25",
            "x_seconds_count{stage=\"b\"} 1",
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn one_without_labels_is_there_from_the_start() {
        let text = text(BucketHistograms::new("x_ratio", "Share", None, &[1.0]));
        assert!(text.contains("x_ratio_count 0"), "{text}");
    }
}
