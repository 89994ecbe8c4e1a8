//! The renderer's numbers, gathered from wherever they are counted.

use std::sync::atomic::Ordering;

use super::open::Opener;
use crate::pipeline::Clock;
use crate::store::Stores;
use crate::telemetry::{CacheTotals, RendererSnapshot, StageTotals, UploadTotals};

/// The renderer's numbers at a moment.
pub struct Counted {
    /// Grows while any stage gets something done.
    pub progress: u64,
    /// Whether something outside is waited for.
    pub is_waiting: bool,
    /// Everything.
    pub snapshot: RendererSnapshot,
}

/// What is counted so far.
pub fn now(clock: &Clock, opener: &Opener, stores: &Stores) -> Counted {
    let stages: Vec<StageTotals> = clock
        .stages()
        .map(|(name, buckets, seconds)| StageTotals { stage: name.to_owned(), buckets, seconds })
        .collect();
    let sheets = clock.sheets();
    let buckets = stores.opened_buckets();
    let uploads = buckets.as_ref().map_or_else(UploadTotals::default, |buckets| {
        let totals = buckets.totals();
        UploadTotals {
            objects: totals.puts.load(Ordering::Relaxed),
            bytes: totals.put_bytes.load(Ordering::Relaxed),
            retries: totals.retries.load(Ordering::Relaxed),
            errors: totals.errors.load(Ordering::Relaxed),
            in_flight: totals.in_flight.load(Ordering::Relaxed),
            ..UploadTotals::default()
        }
    });
    let (assets, caches) = (opener.counts(), opener.caches());
    // Rows that are waited for are no progress.
    let work = stages.iter().filter(|stage| stage.stage != "rows").flat_map(|stage| stage.buckets).sum::<u64>();
    let progress = work + uploads.objects + uploads.retries + assets.read;
    let snapshot = RendererSnapshot {
        stages,
        sheets: sheets.sheets,
        canvases: sheets.canvases,
        fill: sheets.fill,
        fills: sheets.fills,
        photos: CacheTotals { hits: caches.photos.hits, misses: assets.read, bytes: caches.photos.bytes },
        decoded: CacheTotals { hits: 0, misses: assets.decoded, bytes: 0 },
        scaled: CacheTotals { hits: caches.scaled.hits, misses: assets.scaled, bytes: caches.scaled.bytes },
        uploads,
        ..RendererSnapshot::default()
    };
    Counted { progress, is_waiting: uploads.in_flight > 0 || opener.is_opening(), snapshot }
}
