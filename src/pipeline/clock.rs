//! How long each stage was busy, summed over its threads.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use parking_lot::Mutex;

use crate::telemetry::{FILL_BOUNDS, STAGE_BUCKETS, bucket_of, fill_bucket_of};

/// The stages that are timed, in the order of the flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Reading rows.
    Rows,
    /// Binding rows to the template.
    Bind,
    /// Fetching, decoding and scaling photos.
    Photos,
    /// Boxes, text, display lists.
    Layout,
    /// Looking up what earlier canvases have too.
    Segments,
    /// Planning sheets, waiting for a readback buffer, and submitting; software adapters draw while they take a
    /// submission.
    Sheet,
    /// Waiting for a sheet to be drawn and read back.
    Gpu,
    /// JPEG and PNG.
    Encode,
    /// Writing objects.
    Store,
}

/// Every stage with its name.
pub const STAGES: [(Stage, &str); 9] = [
    (Stage::Rows, "rows"),
    (Stage::Bind, "bind"),
    (Stage::Photos, "photos"),
    (Stage::Layout, "layout"),
    (Stage::Segments, "segments"),
    (Stage::Sheet, "sheet, draw"),
    (Stage::Gpu, "gpu wait"),
    (Stage::Encode, "encode"),
    (Stage::Store, "store"),
];

/// Nanoseconds for each stage, and how long its pieces of work took.
#[derive(Debug, Default)]
pub struct Clock {
    busy_ns: [AtomicU64; STAGES.len()],
    buckets: [[AtomicU64; STAGE_BUCKETS]; STAGES.len()],
    sheets: Mutex<SheetTotals>,
}

/// Sheets drawn so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SheetTotals {
    /// How many.
    pub sheets: u64,
    /// Canvases on them.
    pub canvases: u64,
    /// Shares of their rows that were used, summed.
    pub fill: f64,
    /// How many of them fell into each bucket of [`FILL_BOUNDS`].
    pub fills: [u64; FILL_BOUNDS.len()],
    /// Plates drawn for them.
    pub plates: u64,
    /// Memory that the painter has on the GPU now.
    pub gpu_bytes: u64,
}

impl Clock {
    /// Runs something and counts its time for a stage.
    pub fn time<T>(&self, stage: Stage, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        let nanoseconds = start.elapsed().as_nanos() as u64;
        self.busy_ns[stage as usize].fetch_add(nanoseconds, Ordering::Relaxed);
        self.buckets[stage as usize][bucket_of(nanoseconds)].fetch_add(1, Ordering::Relaxed);
        result
    }

    /// A sheet was drawn, of which this share was used.
    pub fn sheet(&self, canvases: usize, fill: f64) {
        let mut totals = self.sheets.lock();
        totals.sheets += 1;
        totals.canvases += canvases as u64;
        totals.fill += fill;
        totals.fills[fill_bucket_of(fill)] += 1;
    }

    /// What the painter has drawn and holds besides.
    pub fn painter(&self, plates: u64, gpu_bytes: u64) {
        let mut totals = self.sheets.lock();
        (totals.plates, totals.gpu_bytes) = (plates, gpu_bytes);
    }

    /// Sheets drawn so far.
    pub fn sheets(&self) -> SheetTotals {
        *self.sheets.lock()
    }

    /// Every stage with how many pieces of work took how long, by the buckets of [`crate::telemetry`], and seconds in
    /// all.
    pub fn stages(&self) -> impl Iterator<Item = (&'static str, [u64; STAGE_BUCKETS], f64)> {
        STAGES.into_iter().map(|(stage, name)| {
            let buckets = self.buckets[stage as usize].each_ref().map(|bucket| bucket.load(Ordering::Relaxed));
            (name, buckets, self.busy_ms(stage) / 1e3)
        })
    }

    /// Milliseconds that a stage was busy.
    pub fn busy_ms(&self, stage: Stage) -> f64 {
        self.busy_ns[stage as usize].load(Ordering::Relaxed) as f64 / 1e6
    }
}
