//! How long each stage was busy, summed over its threads.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

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
pub const STAGES: [(Stage, &str); 8] = [
    (Stage::Rows, "rows"),
    (Stage::Bind, "bind"),
    (Stage::Photos, "photos"),
    (Stage::Layout, "layout"),
    (Stage::Sheet, "sheet, draw"),
    (Stage::Gpu, "gpu wait"),
    (Stage::Encode, "encode"),
    (Stage::Store, "store"),
];

/// Nanoseconds for each stage.
#[derive(Debug, Default)]
pub struct Clock {
    busy_ns: [AtomicU64; STAGES.len()],
}

impl Clock {
    /// Runs something and counts its time for a stage.
    pub fn time<T>(&self, stage: Stage, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.busy_ns[stage as usize].fetch_add(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
        result
    }

    /// Milliseconds that a stage was busy.
    pub fn busy_ms(&self, stage: Stage) -> f64 {
        self.busy_ns[stage as usize].load(Ordering::Relaxed) as f64 / 1e6
    }
}
