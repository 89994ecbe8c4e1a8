//! What travels between the stages: a canvas with the variants that are made from it.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use crate::assets::AssetError;
use crate::encode::Grid;
use crate::gpu::{Codec, CodedSheet, PaintedSheet};
use crate::job::{Encoding, ErrorCode, ObjectName, Output, Record};
use crate::pixels::{BitmapView, RectPx};
use crate::sheet::Canvas;

use super::Task;
use super::budget::Held;
use super::draw::develop;
use super::segments::{Segments, Splice, windows};

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
    /// What of it others have too; `None` where it is encoded as a whole.
    pub splice: Option<Splice>,
}

/// A canvas that is laid out and waits for a sheet.
pub struct LaidCanvas {
    /// What to draw.
    pub canvas: Canvas,
    /// What to make of it: one for each output.
    pub variants: Vec<Variant>,
    /// When work on it began.
    pub started: Instant,
    /// Its share of the memory budget, where it needs one of its own.
    pub held: Option<Held>,
}

impl LaidCanvas {
    /// Takes what earlier canvases have too from them, and leaves the rest to be drawn.
    pub fn splice(&mut self, segments: &mut Segments) {
        let Self { canvas, variants, held, .. } = self;
        let (size, is_opaque) = (canvas.list.size, canvas.list.is_opaque());
        let mut rects = Vec::new();
        let mut is_whole = false;
        for variant in variants {
            let grid = Grid::of(size, variant.output, is_opaque);
            variant.splice = grid.map(|grid| segments.splice(canvas, grid, variant.output));
            match &variant.splice {
                Some(splice) => rects.extend(splice.own().iter().map(|&index| splice.grid.rect(index))),
                None => is_whole = true,
            }
        }
        canvas.windows = if is_whole { vec![size.rect()] } else { windows(size, rects) };
        // Photos that earlier canvases have too are counted there; many such canvases make one sheet.
        let drawn: u64 = canvas.windows.iter().map(|window| window.size().area()).sum();
        if drawn * 4 < size.area() {
            *held = None;
        }
    }

    /// Scales photos that a window shows and that have no pixels.
    pub fn develop(&mut self) -> Result<(), AssetError> {
        let Some(variant) = self.variants.first() else { return Ok(()) };
        develop(&mut self.canvas, &variant.task.plan, &Canvas::shows).map_err(|(_, error)| error)
    }

    /// Draws all of it, so that it needs no other canvas.
    pub fn make_whole(&mut self) {
        self.canvas.windows = vec![self.canvas.list.size.rect()];
        self.variants.iter_mut().filter_map(|variant| variant.splice.as_mut()).for_each(Splice::make_whole);
    }
}

/// A canvas whose pixels are ready.
pub struct PaintedCanvas {
    /// What was made of it that is new.
    pub drawn: Drawn,
    /// What to make of it.
    pub variants: Vec<Variant>,
    /// When work on it began.
    pub started: Instant,
}

/// What the GPU made of a canvas.
pub enum Drawn {
    /// Nothing: earlier canvases have all of it.
    Nothing,
    /// Pixels of its windows, in these slots of a sheet.
    Pixels(Arc<PaintedSheet>, Range<usize>),
    /// The segments that its variants promise, one after the other, from these of a sheet on.
    Segments(Arc<CodedSheet>, FirstSegments),
}

/// A number among the segments of each codec.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FirstSegments {
    jpeg: usize,
    png: usize,
}

impl FirstSegments {
    /// The codec that an output in segments is asked of, on a sheet that is coded.
    pub fn codec_of(output: Output) -> Codec {
        match output.encoding {
            Encoding::Jpeg(_) => Codec::Jpeg,
            Encoding::Png(_) | Encoding::Webp(_) => Codec::Png,
        }
    }

    /// The number among those of an output's codec.
    pub fn of(&mut self, output: Output) -> &mut usize {
        match Self::codec_of(output) {
            Codec::Jpeg => &mut self.jpeg,
            Codec::Png => &mut self.png,
        }
    }
}

impl PaintedCanvas {
    /// Every part whose pixels are there: where it is on the canvas, and its pixels.
    pub fn parts(&self) -> impl Iterator<Item = (RectPx, BitmapView<'_>)> {
        let slots = match &self.drawn {
            Drawn::Pixels(sheet, slots) => Some((sheet, slots.clone())),
            Drawn::Nothing | Drawn::Segments(..) => None,
        };
        let slots = slots.into_iter().flat_map(|(sheet, slots)| slots.map(move |at| (sheet, at)));
        slots.map(|(sheet, at)| (sheet.window(at), sheet.slot(at)))
    }
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
