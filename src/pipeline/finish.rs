//! The last stage: pixels become files.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::Sender;

use crate::encode::{EncodeError, Encoder};
use crate::job::{ErrorCode, Output, Record, Status, digest};
use crate::store::{Stored, WhenStored};

use super::clock::{Clock, Stage};
use super::panic_message;
use super::segments::{Broken, Splice};
use super::variant::{Drawn, FirstSegments, Outcome, PaintedCanvas, Variant, elapsed_ms};

/// Encodes and stores; one for each thread.
pub struct FinishStage<'r> {
    encoder: Encoder,
    clock: &'r Clock,
    outcomes: Sender<Outcome>,
}

impl<'r> FinishStage<'r> {
    /// A stage for one thread. Outcomes come from whatever thread a store answers on.
    pub fn new(clock: &'r Clock, outcomes: Sender<Outcome>) -> Self {
        Self { encoder: Encoder::new(), clock, outcomes }
    }

    /// Makes every variant of a canvas. A panic fails that variant and nothing else.
    pub fn canvas(&mut self, mut painted: PaintedCanvas) {
        let variants = std::mem::take(&mut painted.variants);
        let started = painted.started;
        // What others wait for comes first, whatever becomes of this canvas.
        let splices = || variants.iter().filter_map(|variant| Some((variant.splice.as_ref()?, variant.output)));
        match &painted.drawn {
            Drawn::Segments(coded, first) => {
                let mut next = *first;
                for (splice, output) in splices() {
                    let next = next.of(output);
                    for &index in splice.own() {
                        if let Some(bytes) = coded.bytes(FirstSegments::codec_of(output), *next) {
                            splice.segments()[index].keep(bytes);
                        }
                        *next += 1;
                    }
                    give_up_unkept(splice, None);
                }
            }
            Drawn::Pixels(..) | Drawn::Nothing => {
                splices().for_each(|(splice, output)| self.keep_promises(&painted, splice, output));
            }
        }
        for variant in variants {
            if variant.task.stop.is_requested() {
                continue;
            }
            match self.encode(&painted, &variant) {
                Ok(bytes) => self.clock.time(Stage::Store, || self.store(variant, bytes, started)),
                Err((code, message)) => self.tell(variant.failed(code, message, started)),
            }
        }
    }

    /// Encodes the segments that were drawn for this variant.
    fn keep_promises(&mut self, painted: &PaintedCanvas, splice: &Splice, output: Output) {
        let grid = &splice.grid;
        let encoded = self.guarded(|encoder| {
            for (window, pixels) in painted.parts() {
                let own = splice.own().iter().copied().filter(|&index| window.contains(grid.rect(index)));
                let cells = grid.around(own);
                if cells.is_empty() {
                    continue;
                }
                let rect = grid.pixels(&cells);
                let part = pixels.part(rect.translated(-window.x, -window.y));
                let mut indices = grid.indices(&cells);
                encoder.segments(part, grid, output, &mut |bytes| {
                    if let Some(index) = indices.next() {
                        splice.segments()[index].keep(bytes);
                    }
                })?;
            }
            Ok(())
        });
        give_up_unkept(splice, encoded.err());
    }

    /// The file of a variant.
    fn encode(&mut self, painted: &PaintedCanvas, variant: &Variant) -> Result<Vec<u8>, Broken> {
        let Some(splice) = &variant.splice else {
            let (_, pixels) = painted.parts().next().expect("it is drawn as a whole");
            return self.guarded(|encoder| encoder.encode(pixels, variant.output));
        };
        let segments: Result<Vec<&[u8]>, &Broken> = splice.segments().iter().map(|segment| segment.wait()).collect();
        let segments = segments.map_err(Clone::clone)?;
        self.guarded(|encoder| encoder.assemble(&splice.grid, variant.output, segments.iter().copied()))
    }

    /// Lets the encoder work; a panic is an error, and the encoder is made anew.
    fn guarded<T>(&mut self, work: impl FnOnce(&mut Encoder) -> Result<T, EncodeError>) -> Result<T, Broken> {
        let encoder = &mut self.encoder;
        match self.clock.time(Stage::Encode, || catch_unwind(AssertUnwindSafe(|| work(encoder)))) {
            Ok(result) => result.map_err(|error| (error.code(), error.to_string())),
            Err(panic) => {
                self.encoder = Encoder::new();
                Err((ErrorCode::InternalPanic, panic_message(&*panic)))
            }
        }
    }

    fn store(&self, variant: Variant, bytes: Vec<u8>, started: Instant) {
        let (outcomes, store, object) =
            (self.outcomes.clone(), Arc::clone(&variant.task.store), variant.object.clone());
        let done: WhenStored = Box::new(move |result, bytes| {
            let outcome = match result {
                Ok(as_stored) => stored(variant, &bytes, as_stored, elapsed_ms(started)),
                Err(error) => {
                    let interrupted = error.is_fatal();
                    Outcome { interrupted, ..variant.failed(error.code(), error.to_string(), started) }
                }
            };
            // Nobody listens any more where the run has ended.
            drop(outcomes.send(outcome));
        });
        store.put_then(&object, bytes, done);
    }

    fn tell(&self, outcome: Outcome) {
        drop(self.outcomes.send(outcome));
    }
}

/// Whatever is not kept by now never will be, and nobody may wait for it for ever.
fn give_up_unkept(splice: &Splice, why: Option<Broken>) {
    let unkept = || (ErrorCode::InternalPanic, "a bug in gravure: a segment was not encoded".to_owned());
    let (code, message) = why.unwrap_or_else(unkept);
    splice.give_up(code, message);
}

fn stored(variant: Variant, bytes: &[u8], as_stored: Stored, ms: u64) -> Outcome {
    let record = Record {
        status: Status::Ok,
        object: Some(variant.object.as_str().to_owned()),
        bytes: Some(bytes.len() as u64),
        checksum: Some(digest(bytes)),
        etag: as_stored.etag,
        ms,
        ..variant.record
    };
    Outcome { token: variant.task.token, seq: variant.seq, record, interrupted: false }
}
