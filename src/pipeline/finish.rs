//! The last stage: pixels become files.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::Sender;

use crate::encode::Encoder;
use crate::job::{ErrorCode, Record, Status, digest};
use crate::store::{Stored, WhenStored};

use super::clock::{Clock, Stage};
use super::panic_message;
use super::variant::{Outcome, PaintedCanvas, Variant, elapsed_ms};

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
    pub fn canvas(&mut self, painted: PaintedCanvas) {
        let PaintedCanvas { sheet, index, variants, started } = painted;
        let view = sheet.canvas(index);
        for variant in variants {
            if variant.task.stop.is_requested() {
                continue;
            }
            let encoder = &mut self.encoder;
            let encoded = self
                .clock
                .time(Stage::Encode, || catch_unwind(AssertUnwindSafe(|| encoder.encode(view, variant.output))));
            match encoded {
                Ok(Ok(bytes)) => self.clock.time(Stage::Store, || self.store(variant, bytes, started)),
                Ok(Err(error)) => self.tell(variant.failed(error.code(), error.to_string(), started)),
                Err(panic) => {
                    self.encoder = Encoder::new();
                    self.tell(variant.failed(ErrorCode::InternalPanic, panic_message(&*panic), started));
                }
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
