//! The last stage: pixels become files.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::encode::Encoder;
use crate::job::{ErrorCode, Record, Status, digest};
use crate::store::Store;

use super::clock::{Clock, Stage};
use super::variant::{Outcome, PaintedCanvas, Variant, elapsed_ms};
use super::{Stop, panic_message};

/// Encodes and stores; one for each thread.
pub struct FinishStage<'r> {
    encoder: Encoder,
    store: &'r dyn Store,
    clock: &'r Clock,
    stop: &'r Stop,
}

impl<'r> FinishStage<'r> {
    /// A stage for one thread.
    pub fn new(store: &'r dyn Store, clock: &'r Clock, stop: &'r Stop) -> Self {
        Self { encoder: Encoder::new(), store, clock, stop }
    }

    /// Makes every variant of a canvas. A panic fails that variant and nothing else.
    pub fn canvas(&mut self, painted: PaintedCanvas, emit: &mut dyn FnMut(Outcome)) {
        let PaintedCanvas { sheet, index, variants, started } = painted;
        let view = sheet.canvas(index);
        for variant in variants {
            let encoder = &mut self.encoder;
            let encoded = self
                .clock
                .time(Stage::Encode, || catch_unwind(AssertUnwindSafe(|| encoder.encode(view, variant.output))));
            let bytes = match encoded {
                Ok(Ok(bytes)) => bytes,
                Ok(Err(error)) => {
                    emit(variant.failed(error.code(), error.to_string(), started));
                    continue;
                }
                Err(panic) => {
                    self.encoder = Encoder::new();
                    emit(variant.failed(ErrorCode::InternalPanic, panic_message(&*panic), started));
                    continue;
                }
            };
            match self.clock.time(Stage::Store, || self.store.put(&variant.object, &bytes)) {
                Ok(_) => emit(stored(variant, &bytes, elapsed_ms(started))),
                Err(error) => {
                    if error.is_fatal() {
                        self.stop.request(error.to_string());
                    }
                    emit(variant.failed(error.code(), error.to_string(), started));
                }
            }
        }
    }
}

fn stored(variant: Variant, bytes: &[u8], ms: u64) -> Outcome {
    let record = Record {
        status: Status::Ok,
        object: Some(variant.object.as_str().to_owned()),
        bytes: Some(bytes.len() as u64),
        checksum: Some(digest(bytes)),
        ms,
        ..variant.record
    };
    Outcome { seq: variant.seq, record }
}
