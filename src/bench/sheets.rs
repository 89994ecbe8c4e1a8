//! Sheets of whole canvases, drawn again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;
use serde::Serialize;

use crate::encode::Encoder;
use crate::gpu::{CodedBy, DeviceOptions, PaintError, Painted, PaintedSheet, Painter, Pass, WayBack};
use crate::pipeline::WholeSegments;
use crate::pixels::{Bitmap, SizePx};
use crate::sheet::{Canvas, DrawPath, SheetLimits};

use super::BenchError;
use super::canvases::Whole;

/// Canvases a second.
#[derive(Clone, Debug, Serialize)]
pub struct Measured {
    /// What was done with them.
    pub what: &'static str,
    /// By which stage of the adapter they were drawn: `fragment` or `compute`.
    pub draw: &'static str,
    /// How many a second.
    pub per_s: f64,
    /// Milliseconds a canvas that the thread took which feeds the adapter, by part.
    pub feed_ms: Milliseconds,
    /// Milliseconds a canvas of each kind of pass on the GPU, from a round that was measured by itself; none where
    /// the adapter has no timestamps.
    pub passes_ms: Milliseconds,
}

/// What came of it.
pub struct Sheets {
    pub measured: Vec<Measured>,
    pub readback_gb_per_s: f64,
    pub same_bytes: Option<bool>,
    pub draw_difference: Option<u8>,
    /// Of the first canvases.
    pub pixels: Vec<Bitmap>,
}

/// Of parts of some work, with their names.
pub type Milliseconds = Vec<(&'static str, f64)>;

/// What is done with a slot of a sheet.
type Work<'w> = dyn Fn(&PaintedSheet, usize) + Sync + 'w;

/// A way that takes longer than this for the first canvases is measured with those only: the compute stage of a software
/// adapter takes a thousand times as long as a card's.
const SLOW: Duration = Duration::from_millis(500);

/// A round that takes longer than this, and than what was asked for, ends with the sheet at hand.
const LONGEST_ROUND: Duration = Duration::from_secs(2);

/// A way to draw and code.
#[derive(Clone, Copy)]
struct Way {
    what: &'static str,
    coded_by: CodedBy,
    /// `None`: what suits the adapter.
    draw: Option<DrawPath>,
}

impl Way {
    const fn drawn(draw: DrawPath) -> Self {
        Self { what: "drawn, pixels read back", coded_by: CodedBy::Cpu, draw: Some(draw) }
    }

    fn open(self, whole: &Whole, times_passes: bool) -> Result<Painter, BenchError> {
        let Self { what: _, coded_by, draw } = self;
        let options = DeviceOptions {
            coded_by: Some(coded_by),
            draw_path: draw,
            times_passes,
            // From the second round on, whole canvases would be plates, and only copies would be measured.
            lower_limits: Some(|limits| limits.plate_bytes = 0),
            ..DeviceOptions::default()
        };
        Ok(Painter::open_with(Arc::clone(&whole.library), options)?)
    }

    /// Draws for some time, and every canvas once more with timestamps.
    fn measure(
        self,
        whole: &Whole,
        segments: Option<&WholeSegments>,
        time: Duration,
        cores: usize,
        work: &Work<'_>,
    ) -> Result<Measured, BenchError> {
        let mut painter = self.open(whole, false)?;
        // The first time, what draws is compiled.
        first_pixels(&mut painter, whole)?;
        let start = Instant::now();
        let few = first_pixels(&mut painter, whole)?.len();
        let (mut canvases, mut time) = (&whole.canvases[..], time);
        if start.elapsed() > SLOW {
            (canvases, time) = (&whole.canvases[..few], Duration::ZERO);
        }
        let Drawn { per_s, feed_ms, canvases: _ } = draw(&mut painter, canvases, segments, time, cores, work)?;
        let mut painter = self.open(whole, true)?;
        let drawn = draw(&mut painter, canvases, segments, Duration::ZERO, cores, work)?.canvases;
        let of_one = |(pass, ms): (Pass, f64)| (pass.name(), ms / drawn as f64);
        let passes_ms = painter.pass_times_ms().into_iter().map(of_one).collect();
        Ok(Measured { what: self.what, draw: painter.limits().draw_path.name(), per_s, feed_ms, passes_ms })
    }
}

/// Draws for `seconds` in each of four ways.
pub fn measure(whole: &Whole, seconds: f64, cores: usize) -> Result<Sheets, BenchError> {
    let time = Duration::from_secs_f64(seconds);
    let read_bytes = AtomicU64::new(0);
    let read_ns = AtomicU64::new(0);
    let touch = |sheet: &PaintedSheet, index| {
        let (start, view) = (Instant::now(), sheet.slot(index));
        let sum =
            view.rows().flat_map(|row| row.as_chunks::<8>().0).fold(0, |sum, word| sum ^ u64::from_ne_bytes(*word));
        std::hint::black_box(sum);
        read_bytes.fetch_add(view.size().area() * 4, Ordering::Relaxed);
        read_ns.fetch_add(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
    };
    let code = |sheet: &PaintedSheet, index| {
        let coded = Encoder::new().encode(sheet.slot(index), whole.output);
        std::hint::black_box(coded.map_or(0, |bytes| bytes.len()));
    };
    let mut measured = Vec::new();
    let mut pixels: Vec<Vec<Bitmap>> = Vec::new();
    for path in [DrawPath::Fragment, DrawPath::Compute] {
        let way = Way::drawn(path);
        let mut painter = way.open(whole, false)?;
        if painter.limits().draw_path == path {
            pixels.push(first_pixels(&mut painter, whole)?);
            measured.push(way.measure(whole, None, time, cores, &touch)?);
        }
    }
    let draw_difference = match &pixels[..] {
        [rendered, computed] => Some(largest_difference(rendered, computed)),
        _ => None,
    };
    let way = Way { what: "drawn, coded on the CPU", coded_by: CodedBy::Cpu, draw: None };
    measured.push(way.measure(whole, None, time, cores, &code)?);
    let pixels = first_pixels(&mut way.open(whole, false)?, whole)?;
    let mut same_bytes = None;
    if let Some(segments) = WholeSegments::of(whole.size, whole.output, whole.is_opaque) {
        let way = Way { what: "drawn, coded by the adapter", coded_by: CodedBy::Gpu, draw: None };
        same_bytes = Some(has_same_bytes(&mut way.open(whole, false)?, whole, &pixels, &segments)?);
        measured.push(way.measure(whole, Some(&segments), time, cores, &|_, _| {})?);
    }
    let read_s = read_ns.into_inner() as f64 / 1e9;
    let readback_gb_per_s = read_bytes.into_inner() as f64 / 1e9 / read_s;
    Ok(Sheets { measured, readback_gb_per_s, same_bytes, draw_difference, pixels })
}

/// Of any channel of any pixel, of 255.
fn largest_difference(rendered: &[Bitmap], computed: &[Bitmap]) -> u8 {
    let pairs = rendered.iter().zip(computed).flat_map(|(a, b)| a.data().iter().zip(b.data()));
    pairs.map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0)
}

/// What came of some canvases.
struct Drawn {
    canvases: usize,
    per_s: f64,
    feed_ms: Milliseconds,
}

/// All canvases, as often as `time` allows, at least a sheet; `work` is done for each by as many threads as there are
/// cores. Canvases a second, and milliseconds of each part of feeding the adapter, from the second round on where there is
/// one: in the first, photos are uploaded and glyphs rasterised.
fn draw(
    painter: &mut Painter,
    canvases: &[Canvas],
    segments: Option<&WholeSegments>,
    time: Duration,
    cores: usize,
    work: &Work<'_>,
) -> Result<Drawn, BenchError> {
    let (todo, waiting) = bounded::<(Arc<PaintedSheet>, usize)>(64);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            let waiting = waiting.clone();
            scope.spawn(move || waiting.into_iter().for_each(|(sheet, index)| work(&sheet, index)));
        }
        drop(waiting);
        // Dropped with this closure, also after an error: then the threads end.
        let todo = todo;
        let hand_on = |painted: Option<Painted>| {
            if let Some(Painted::Pixels(sheet)) = painted {
                (0..sheet.len()).for_each(|index| drop(todo.send((Arc::clone(&sheet), index))));
            }
        };
        let per_sheet = per_sheet(painter, canvases[0].list.size);
        let (mut drawn, mut start, mut fed) = (0, Instant::now(), painter.feed_times());
        let mut rounds = 0;
        while rounds < 1 || start.elapsed() < time {
            for canvases in canvases.chunks(per_sheet) {
                while !painter.has_room() {
                    hand_on(painter.wait()?);
                }
                submit(painter, canvases, segments)?;
                drawn += canvases.len();
                if start.elapsed() > time.max(LONGEST_ROUND) {
                    break;
                }
            }
            rounds += 1;
            if rounds == 1 && time > Duration::ZERO {
                while painter.in_flight() > 0 {
                    hand_on(painter.wait()?);
                }
                (drawn, start, fed) = (0, Instant::now(), painter.feed_times());
            }
        }
        while painter.in_flight() > 0 {
            hand_on(painter.wait()?);
        }
        let per_s = drawn as f64 / start.elapsed().as_secs_f64();
        let parts = painter.feed_times().ms().into_iter().zip(fed.ms());
        let feed_ms = parts.map(|((part, now), (_, before))| (part, (now - before) / drawn as f64)).collect();
        Ok(Drawn { canvases: drawn, per_s, feed_ms })
    })
}

fn per_sheet(painter: &Painter, size: SizePx) -> usize {
    let limits = painter.limits();
    let rows = limits.max_rows(SheetLimits::sheet_width(size.width)) / size.height.max(1);
    (rows as usize).clamp(1, limits.max_canvases)
}

fn submit(painter: &mut Painter, canvases: &[Canvas], segments: Option<&WholeSegments>) -> Result<(), BenchError> {
    let asked = segments.map(|segments| segments.of_canvases(canvases.len()));
    let way_back = asked.as_ref().map_or(WayBack::Pixels, WayBack::Coded);
    painter.submit(canvases, way_back).map_err(|error| match error {
        PaintError::Device(error) => error.into(),
        PaintError::TooMuch(what) => BenchError::Canvas(what.to_string()),
    })
}

/// Of as many of the first canvases as fit a sheet, four at most.
fn first_pixels(painter: &mut Painter, whole: &Whole) -> Result<Vec<Bitmap>, BenchError> {
    let few = per_sheet(painter, whole.size).min(4).min(whole.canvases.len());
    submit(painter, &whole.canvases[..few], None)?;
    match painter.wait()? {
        Some(Painted::Pixels(sheet)) => Ok((0..sheet.len()).map(|index| sheet.slot(index).to_bitmap()).collect()),
        _ => Err(BenchError::Canvas("nothing was drawn".to_owned())),
    }
}

/// Whether the adapter's segments of the first canvases are those that our encoders make of their pixels.
fn has_same_bytes(
    painter: &mut Painter,
    whole: &Whole,
    pixels: &[Bitmap],
    segments: &WholeSegments,
) -> Result<bool, BenchError> {
    submit(painter, &whole.canvases[..pixels.len()], Some(segments))?;
    let Some(Painted::Coded(coded)) = painter.wait()? else { return Ok(false) };
    let mut encoder = Encoder::new();
    let mut next = 0;
    let mut is_same = true;
    for bitmap in pixels {
        let all = encoder.segments(bitmap.view(), segments.grid(), whole.output, &mut |bytes| {
            is_same &= coded.bytes(segments.codec(), next) == Some(bytes);
            next += 1;
        });
        is_same &= all.is_ok();
    }
    Ok(is_same)
}
