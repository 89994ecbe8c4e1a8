//! The stage in front of the painter: finds out what of a canvas earlier ones have too. A thread of its own, because
//! hundreds of lookups a canvas take as long as drawing what is left.
//!
//! Canvases leave in the order in which they come, and are painted in it: whoever promises a segment comes before those
//! who wait for it. After a setback that no longer holds: then a canvas that was spliced before is drawn as a whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_channel::Receiver;

use super::clock::{Clock, Stage};
use super::segments::Segments;
use super::undrawn::Undrawn;
use super::variant::LaidCanvas;

/// How often canvases failed or sheets had to be painted again, so that what had been promised may never come, or out of
/// turn.
#[derive(Clone, Default)]
pub struct Setbacks(Arc<AtomicU64>);

impl Setbacks {
    /// One more. Promises that cannot be kept are broken before.
    pub fn count(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }

    /// How many there were.
    pub fn so_far(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// A canvas that knows which of its segments it must draw.
pub struct SplicedCanvas {
    /// It, with what it takes from others.
    pub laid: LaidCanvas,
    /// Setbacks that it has heeded.
    setbacks: u64,
}

impl SplicedCanvas {
    /// Waits for no other canvas where there was a setback since it was spliced.
    pub fn heed(&mut self, setbacks: &Setbacks) {
        let so_far = setbacks.so_far();
        if so_far != self.setbacks {
            self.laid.make_whole();
            self.setbacks = so_far;
        }
    }
}

/// Splices canvases, one after the other.
pub struct SpliceStage<'r> {
    clock: &'r Clock,
    segments: Segments,
    undrawn: Undrawn,
    setbacks: Setbacks,
}

impl<'r> SpliceStage<'r> {
    /// A stage that knows no segments yet.
    pub fn new(clock: &'r Clock, undrawn: Undrawn, setbacks: Setbacks) -> Self {
        Self { clock, segments: Segments::new(), undrawn, setbacks }
    }

    /// Runs until no more canvases come. Those that nobody wants any more end here: later ones may count on all others.
    pub fn run(mut self, canvases: &Receiver<LaidCanvas>, emit: &mut dyn FnMut(SplicedCanvas)) {
        for mut laid in canvases {
            if laid.variants.iter().all(|variant| variant.task.stop.is_requested()) {
                continue;
            }
            // Before anything is looked up: what breaks meanwhile counts as a setback since.
            let setbacks = self.setbacks.so_far();
            self.clock.time(Stage::Segments, || {
                laid.splice(&mut self.segments);
                self.undrawn.note(&laid.canvas);
            });
            emit(SplicedCanvas { laid, setbacks });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    use crate::layout::DisplayList;
    use crate::pixels::SizePx;
    use crate::sheet::Canvas;

    #[test]
    fn a_canvas_counts_on_others_until_there_is_a_setback() {
        let size = SizePx::new(300, 200);
        let list = DisplayList { size, items: Vec::new(), warnings: Vec::new() };
        let canvas = Canvas { windows: Vec::new(), ..Canvas::whole(Arc::new(list), Vec::new()) };
        let laid = LaidCanvas { canvas, variants: Vec::new(), started: Instant::now(), held: None };
        let setbacks = Setbacks::default();
        setbacks.count();
        let mut spliced = SplicedCanvas { laid, setbacks: setbacks.so_far() };
        spliced.heed(&setbacks);
        assert!(spliced.laid.canvas.windows.is_empty(), "there was none since");
        setbacks.count();
        spliced.heed(&setbacks);
        assert_eq!(spliced.laid.canvas.windows, [size.rect()]);
        // What was decided since stands.
        spliced.laid.canvas.windows.clear();
        spliced.heed(&setbacks);
        assert!(spliced.laid.canvas.windows.is_empty());
    }
}
