//! What travels between the stages: a canvas with the variants that are made from it.

use std::sync::Arc;
use std::time::Instant;

use crate::gpu::PaintedSheet;
use crate::job::{ErrorCode, ObjectName, Output, Record};
use crate::sheet::Canvas;

use super::Task;
use super::budget::Held;

/// What became of one variant.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Of its task.
    pub token: u64,
    /// The variant's number: row × sizes × outputs, dense from 0.
    pub seq: u64,
    /// Its manifest record.
    pub record: Record,
    /// Nothing is wrong with the variant: its place could not take it. The others of the task will meet the same.
    pub interrupted: bool,
}

/// One image to make from a canvas.
#[derive(Debug)]
pub struct Variant {
    /// What it is made for.
    pub task: Arc<Task>,
    /// Its number.
    pub seq: u64,
    /// How it is encoded.
    pub output: Output,
    /// Where it goes.
    pub object: ObjectName,
    /// Its record, but for what is known only at the end.
    pub record: Record,
}

/// A canvas that is laid out and waits for a sheet.
pub struct LaidCanvas {
    /// What to draw.
    pub canvas: Canvas,
    /// What to make of it: one for each output.
    pub variants: Vec<Variant>,
    /// When work on it began.
    pub started: Instant,
    /// Its share of the memory budget.
    pub _held: Held,
}

/// A canvas whose pixels are ready.
pub struct PaintedCanvas {
    /// The sheet it lies on.
    pub sheet: Arc<PaintedSheet>,
    /// Which of the sheet's canvases.
    pub index: usize,
    /// What to make of it.
    pub variants: Vec<Variant>,
    /// When work on it began.
    pub started: Instant,
}

impl Variant {
    /// The outcome of a variant that could not be made.
    pub fn failed(self, code: ErrorCode, message: impl Into<String>, started: Instant) -> Outcome {
        let record = Record { ms: elapsed_ms(started), ..self.record.failed(code, message) };
        Outcome { token: self.task.token, seq: self.seq, record, interrupted: false }
    }
}

/// Whole milliseconds since `started`.
pub fn elapsed_ms(started: Instant) -> u64 {
    started.elapsed().as_millis() as u64
}
