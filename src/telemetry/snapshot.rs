//! Everything that a renderer counts, as plain totals since its start: it is another process, and its worker adds
//! what is new to metrics that outlive it ([`super::Metrics::absorb`]).

use serde::{Deserialize, Serialize};

/// The bound of the first bucket of stage durations, in nanoseconds; each further one is twice as long.
const FIRST_BOUND_NS: u64 = 16_000;
/// Bounds of stage durations.
const STAGE_BOUNDS: usize = 19;

/// Upper bounds of the buckets of stage durations, in seconds: powers of two from 16 µs to about 4 s.
pub const STAGE_BOUNDS_SECS: [f64; STAGE_BOUNDS] = {
    let mut bounds = [0.0; STAGE_BOUNDS];
    let mut nth = 0;
    while nth < STAGE_BOUNDS {
        // A division, so that a bound is the number nearest to its decimal form and is shown as that.
        bounds[nth] = (FIRST_BOUND_NS << nth) as f64 / 1e9;
        nth += 1;
    }
    bounds
};

/// Buckets of stage durations, with the one beyond all bounds.
pub const STAGE_BUCKETS: usize = STAGE_BOUNDS + 1;

/// The bucket of a duration.
pub const fn bucket_of(nanoseconds: u64) -> usize {
    match nanoseconds.div_ceil(FIRST_BOUND_NS) {
        0 | 1 => 0,
        times => {
            let nth = (u64::BITS - (times - 1).leading_zeros()) as usize;
            if nth < STAGE_BOUNDS { nth } else { STAGE_BOUNDS }
        }
    }
}

/// Upper bounds of the buckets of a sheet's fill. The last is the whole sheet: there is nothing beyond.
pub const FILL_BOUNDS: [f64; 10] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];

/// The bucket of a sheet's fill.
pub fn fill_bucket_of(fill: f64) -> usize {
    FILL_BOUNDS.iter().position(|bound| fill <= *bound).unwrap_or(FILL_BOUNDS.len() - 1)
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
#[serde(default)]
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
#[serde(default)]
pub struct UploadTotals {
    /// Objects stored.
    pub objects: u64,
    /// Their length.
    pub bytes: u64,
    /// Requests that were made again.
    pub retries: u64,
    /// Objects that were not stored.
    pub errors: u64,
    /// Of them those that the store refused: credentials, rights, the bucket.
    pub refused: u64,
    /// Of them those that there was no answer for, in spite of all tries.
    pub unreachable: u64,
    /// Objects on their way now.
    pub in_flight: u64,
    /// Their length.
    pub in_flight_bytes: u64,
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
    /// Plates drawn: what canvases have in common, once.
    pub plates: u64,
    /// The sheets' fill, from 0 to 1, summed.
    pub fill: f64,
    /// How many sheets fell into each bucket of [`FILL_BOUNDS`].
    pub fills: [u64; FILL_BOUNDS.len()],
    /// Photos by name: found means that the file was not read again.
    pub photos: CacheTotals,
    /// Photos as pixels.
    pub decoded: CacheTotals,
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
        for (nth, bound) in STAGE_BOUNDS_SECS.iter().enumerate() {
            let bound_ns = (bound * 1e9).round() as u64;
            assert_eq!((bucket_of(bound_ns), bucket_of(bound_ns + 1)), (nth, nth + 1), "{bound} s");
        }
        assert_eq!(bucket_of(u64::MAX), STAGE_BUCKETS - 1);
        assert_eq!((STAGE_BOUNDS_SECS[0], STAGE_BOUNDS_SECS[STAGE_BOUNDS - 1]), (16e-6, 4.194_304));
    }

    #[test]
    fn every_fill_has_a_bucket() {
        assert_eq!((fill_bucket_of(0.0), fill_bucket_of(0.1), fill_bucket_of(0.11)), (0, 0, 1));
        assert_eq!((fill_bucket_of(1.0), fill_bucket_of(1.5), fill_bucket_of(f64::NAN)), (9, 9, 9));
    }

    #[test]
    fn a_snapshot_of_another_build_can_be_read() {
        let snapshot = serde_json::from_str::<RendererSnapshot>(r#"{"sheets": 3, "later": true}"#).unwrap();
        assert_eq!(snapshot, RendererSnapshot { sheets: 3, ..RendererSnapshot::default() });
        let again = serde_json::from_str(&serde_json::to_string(&snapshot).unwrap()).unwrap();
        assert_eq!(snapshot, again);
    }
}
