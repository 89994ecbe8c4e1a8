//! Everything that a renderer counts, as plain totals since its start: it is another process, and its worker adds
//! what is new to metrics that outlive it.

use serde::{Deserialize, Serialize};

/// Upper bounds of the buckets of stage durations, in seconds: powers of four from 16 µs to about 4 s.
pub const STAGE_BOUNDS_SECS: [f64; 10] =
    [16e-6, 64e-6, 256e-6, 1.024e-3, 4.096e-3, 16.384e-3, 65.536e-3, 0.262_144, 1.048_576, 4.194_304];

/// Buckets, with the one beyond all bounds.
pub const STAGE_BUCKETS: usize = STAGE_BOUNDS_SECS.len() + 1;

/// The bucket of a duration.
pub fn bucket_of(nanoseconds: u64) -> usize {
    let seconds = nanoseconds as f64 / 1e9;
    STAGE_BOUNDS_SECS.iter().position(|bound| seconds <= *bound).unwrap_or(STAGE_BOUNDS_SECS.len())
}

/// Durations of one stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StageTotals {
    /// Its name.
    pub stage: String,
    /// How many fell into each bucket of [`STAGE_BOUNDS_SECS`].
    pub buckets: [u64; STAGE_BUCKETS],
    /// Of all of them.
    pub seconds: f64,
}

/// Totals of one cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheTotals {
    /// Found.
    pub hits: u64,
    /// Made anew.
    pub misses: u64,
    /// Held now.
    pub bytes: u64,
}

/// Totals of uploads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadTotals {
    /// Objects stored.
    pub objects: u64,
    /// Their length.
    pub bytes: u64,
    /// Requests that were made again.
    pub retries: u64,
    /// Objects that were not stored.
    pub errors: u64,
    /// On their way now.
    pub in_flight: u64,
}

/// A renderer's numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RendererSnapshot {
    /// By stage.
    pub stages: Vec<StageTotals>,
    /// Sheets drawn.
    pub sheets: u64,
    /// Canvases on them.
    pub canvases: u64,
    /// The sheets' fill, from 0 to 1, summed.
    pub fill: f64,
    /// Photos by name.
    pub photos: CacheTotals,
    /// Photos at the size at which they are drawn.
    pub scaled: CacheTotals,
    /// Uploads.
    pub uploads: UploadTotals,
    /// Memory that gravure has on the GPU, about.
    pub gpu_bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_hold_what_is_not_longer_than_their_bound() {
        assert_eq!((bucket_of(0), bucket_of(16_000), bucket_of(16_001)), (0, 0, 1));
        assert_eq!(bucket_of(4_194_304_000), 9);
        assert_eq!(bucket_of(u64::MAX), STAGE_BUCKETS - 1);
    }
}
