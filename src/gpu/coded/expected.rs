//! How much of the output is worth copying before anybody knows how much there is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Bytes per unit that recent sheets needed, in sixteenths: so much is copied back at once. More than that costs a
/// second copy. A unit is a block of JPEG, or 64 filtered bytes of PNG.
#[derive(Clone)]
pub(in crate::gpu) struct Expected(Arc<AtomicU32>);

impl Expected {
    /// With a first guess of the bytes of a unit.
    pub fn new(unit_bytes: u32) -> Self {
        Self(Arc::new(AtomicU32::new(unit_bytes * 16)))
    }

    /// Of so many units.
    pub fn bytes(&self, units: u64) -> u64 {
        units * u64::from(self.0.load(Ordering::Relaxed)) / 16 + 1024
    }

    /// Rises at once, falls slowly; a quarter to spare.
    pub fn learn(&self, units: u64, bytes: u64) {
        let needed = (bytes * 20 / units.max(1)) as u32;
        let before = self.0.load(Ordering::Relaxed);
        let now = if needed > before { needed } else { before - (before - needed) / 8 };
        self.0.store(now, Ordering::Relaxed);
    }
}
