//! The stage of the GPU: canvases are gathered into sheets and painted. One thread owns the GPU.
//!
//! ```text
//!   canvases ─> open sheet of their width ─full, or nothing comes─> submit ─> on its way ─> painted
//!                                                 │ too much: halves     │ device failed: rebuild, once more,
//!                                                 └──────────────────────┴ then halves, to find the guilty one
//! ```

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};

use crate::gpu::{GpuError, PaintError, Painted, Painter, TooMuch, WayBack};
use crate::job::ErrorCode;
use crate::sheet::{Canvas, Extent, SheetLimits};

use super::Stop;
use super::clock::{Clock, Stage};
use super::coded;
use super::splice::{Setbacks, SplicedCanvas};
use super::variant::{Drawn, FirstSegments, LaidCanvas, Outcome, PaintedCanvas};

/// A sheet that nothing comes for is painted after this long.
const SHEET_AGE: Duration = Duration::from_millis(30);
/// How long the thread waits for canvases before it looks at what is on its way.
const PATIENCE: Duration = Duration::from_millis(2);
/// After this many canvases in a row that fail alone, it is the device and not they.
const MAX_GUILTY_IN_A_ROW: u32 = 3;

/// Gathers and paints.
pub struct PaintStage<'r> {
    painter: Painter,
    clock: &'r Clock,
    stop: &'r Stop,
    setbacks: Setbacks,
    open: BTreeMap<u32, OpenSheet>,
    on_their_way: VecDeque<Batch>,
    guilty_in_a_row: u32,
}

struct OpenSheet {
    canvases: Vec<LaidCanvas>,
    extent: Extent,
    since: Instant,
}

impl OpenSheet {
    fn new() -> Self {
        Self { canvases: Vec::new(), extent: Extent::default(), since: Instant::now() }
    }
}

/// The canvases of one sheet, with how often painting them failed.
struct Batch {
    canvases: Vec<LaidCanvas>,
    failures: u32,
    /// The card may code its JPEGs.
    may_be_coded: bool,
}

/// What came of scaling photos late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Developed {
    /// Every photo that is drawn has its pixels.
    All,
    /// Some canvases are gone, and with them what they had promised to others.
    SomeBroken,
}

impl Batch {
    fn new(canvases: Vec<LaidCanvas>) -> Self {
        Self { canvases, failures: 0, may_be_coded: true }
    }

    /// Scales photos late that were thought to be needless. Canvases whose photo is broken fail.
    fn develop(&mut self, emit: &mut Emit<'_>) -> Developed {
        let mut broken = Vec::new();
        for (index, laid) in self.canvases.iter_mut().enumerate() {
            if let Err(error) = laid.develop() {
                broken.push((index, error));
            }
        }
        let developed = if broken.is_empty() { Developed::All } else { Developed::SomeBroken };
        for (index, error) in broken.into_iter().rev() {
            fail(self.canvases.remove(index), error.code, &error.message, emit);
        }
        developed
    }

    /// Whether earlier canvases have everything that is on these: nothing is drawn.
    fn is_known(&self) -> bool {
        self.canvases.iter().all(|laid| laid.canvas.windows.is_empty())
    }
}

/// What the stage hands on.
pub type Emit<'e> = dyn FnMut(Result<PaintedCanvas, Outcome>) + 'e;

impl<'r> PaintStage<'r> {
    /// A stage around a painter.
    pub fn new(painter: Painter, clock: &'r Clock, stop: &'r Stop, setbacks: Setbacks) -> Self {
        let (open, on_their_way) = (BTreeMap::new(), VecDeque::new());
        Self { painter, clock, stop, setbacks, open, on_their_way, guilty_in_a_row: 0 }
    }

    /// Runs until no more canvases come, and gives the painter back.
    pub fn run(mut self, canvases: &Receiver<SplicedCanvas>, emit: &mut Emit<'_>) -> Painter {
        loop {
            // A worker without jobs sleeps.
            let is_idle = self.open.is_empty() && self.on_their_way.is_empty();
            let next = match is_idle {
                true => canvases.recv().map_err(|_| RecvTimeoutError::Disconnected),
                false => canvases.recv_timeout(PATIENCE),
            };
            match next {
                Ok(canvas) => self.gather(canvas, emit),
                Err(RecvTimeoutError::Timeout) => self.idle(emit),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        // One by one: a setback makes those whole that are still open.
        while let Some(&width) = self.open.keys().next() {
            self.close(width, emit);
        }
        while !self.on_their_way.is_empty() {
            self.finish_oldest(emit);
        }
        self.painter
    }

    fn gather(&mut self, mut spliced: SplicedCanvas, emit: &mut Emit<'_>) {
        spliced.heed(&self.setbacks);
        let width = SheetLimits::sheet_width(spliced.laid.canvas.list.size.width);
        let limits = *self.painter.limits();
        let mut extent = self.open.get(&width).map(|sheet| sheet.extent.with(&spliced.laid.canvas));
        if extent.as_ref().is_some_and(|extent| !extent.fits(width, &limits)) {
            self.close(width, emit);
            // Closing a sheet can be a setback.
            spliced.heed(&self.setbacks);
            extent = None;
        }
        let laid = spliced.laid;
        let sheet = self.open.entry(width).or_insert_with(OpenSheet::new);
        sheet.extent = extent.unwrap_or_else(|| Extent::default().with(&laid.canvas));
        let rows: u32 = laid.canvas.windows.iter().map(|window| window.height).sum();
        sheet.canvases.push(laid);
        if sheet.canvases.len() >= limits.max_canvases || sheet.extent.rows + rows > limits.max_rows(width) {
            self.close(width, emit);
        }
    }

    fn close(&mut self, width: u32, emit: &mut Emit<'_>) {
        if let Some(sheet) = self.open.remove(&width) {
            self.paint(Batch::new(sheet.canvases), emit);
        }
    }

    /// Nothing comes just now: see to what is on its way, or paint what has waited long enough.
    fn idle(&mut self, emit: &mut Emit<'_>) {
        if !self.on_their_way.is_empty() {
            return self.finish_oldest(emit);
        }
        let oldest = self.open.iter().min_by_key(|(_, sheet)| sheet.since).map(|(width, sheet)| (*width, sheet.since));
        if let Some((width, since)) = oldest
            && since.elapsed() >= SHEET_AGE
        {
            self.close(width, emit);
        }
    }

    /// Submits a batch, in parts or again where it must be.
    fn paint(&mut self, batch: Batch, emit: &mut Emit<'_>) {
        let mut queue = VecDeque::from([batch]);
        while let Some(mut batch) = queue.pop_front() {
            if self.stop.is_requested() {
                continue;
            }
            if self.clock.time(Stage::Photos, || batch.develop(emit)) == Developed::SomeBroken {
                make_whole(&mut batch);
                queue.push_front(batch);
                queue.iter_mut().for_each(make_whole);
                self.make_open_whole();
                continue;
            }
            if batch.is_known() {
                self.on_their_way.push_back(batch);
                continue;
            }
            let setbacks = self.setbacks.so_far();
            while !self.painter.has_room() {
                self.finish_oldest(emit);
            }
            if self.setbacks.so_far() != setbacks {
                // What these wait for may have failed.
                queue.push_front(batch);
                queue.iter_mut().for_each(make_whole);
                continue;
            }
            let canvases: Vec<Canvas> = batch.canvases.iter().map(|laid| laid.canvas.clone()).collect();
            let is_coded = batch.may_be_coded && self.painter.codes();
            let coded = if is_coded { coded::segments(&batch.canvases) } else { None };
            let way_back = match &coded {
                Some(asked) => WayBack::Coded(asked),
                None => WayBack::Pixels,
            };
            match self.clock.time(Stage::Sheet, || self.painter.submit(&canvases, way_back)) {
                Ok(()) => {
                    let windows = canvases.iter().flat_map(|canvas| &canvas.windows);
                    let rows: u32 = windows.map(|window| window.height).sum();
                    let width = SheetLimits::sheet_width(canvases[0].list.size.width);
                    let most = self.painter.limits().max_rows(width).max(1);
                    self.clock.sheet(canvases.len(), (f64::from(rows) / f64::from(most)).min(1.0));
                    self.clock.painter(self.painter.plates_drawn(), self.painter.memory_bytes());
                    self.on_their_way.push_back(batch);
                }
                Err(PaintError::TooMuch(what)) => match halves(batch) {
                    Ok([first, second]) => {
                        queue.push_front(second);
                        queue.push_front(first);
                    }
                    Err(canvas) => {
                        fail(*canvas, overfull_code(what), &what.to_string(), emit);
                        // What it had promised to others they draw themselves.
                        queue.iter_mut().for_each(make_whole);
                        self.make_open_whole();
                    }
                },
                Err(PaintError::Device(error)) => {
                    for batch in self.recover(&error, batch, emit).into_iter().rev() {
                        queue.push_front(batch);
                    }
                    queue.iter_mut().for_each(make_whole);
                }
            }
        }
    }

    /// Waits for the oldest sheet and hands its canvases on.
    fn finish_oldest(&mut self, emit: &mut Emit<'_>) {
        if self.on_their_way.front().is_some_and(Batch::is_known) {
            let batch = self.on_their_way.pop_front();
            batch
                .into_iter()
                .flat_map(|batch| batch.canvases)
                .for_each(|canvas| emit(Ok(painted(Drawn::Nothing, canvas))));
            return;
        }
        match self.clock.time(Stage::Gpu, || self.painter.wait()) {
            Ok(Some(back)) => {
                self.guilty_in_a_row = 0;
                let Some(batch) = self.on_their_way.pop_front() else { return };
                let mut next = 0;
                let mut range = |length: usize| {
                    next += length;
                    next - length..next
                };
                match back {
                    Painted::Pixels(sheet) => batch.canvases.into_iter().for_each(|laid| {
                        let slots = range(laid.canvas.windows.len());
                        emit(Ok(painted(Drawn::Pixels(Arc::clone(&sheet), slots), laid)));
                    }),
                    Painted::Coded(sheet) => {
                        let mut next = FirstSegments::default();
                        for laid in batch.canvases {
                            let first = next;
                            for variant in &laid.variants {
                                if let Some(splice) = &variant.splice {
                                    *next.of(variant.output) += splice.own().len();
                                }
                            }
                            emit(Ok(painted(Drawn::Segments(Arc::clone(&sheet), first), laid)));
                        }
                    }
                    Painted::Spilled => self.paint_as_pixels(batch, emit),
                }
            }
            Ok(None) => {}
            Err(error) => {
                let Some(oldest) = self.on_their_way.pop_front() else { return };
                for batch in self.recover(&error, oldest, emit) {
                    self.paint(batch, emit);
                }
            }
        }
    }

    /// A sheet whose JPEGs the card had no room for is painted again, for its pixels; so is what was on its way
    /// behind it, because it must not overtake.
    fn paint_as_pixels(&mut self, batch: Batch, emit: &mut Emit<'_>) {
        while matches!(self.painter.wait(), Ok(Some(_))) {}
        let mut again = vec![Batch { may_be_coded: false, ..batch }];
        again.extend(self.on_their_way.drain(..));
        again.iter_mut().skip(1).for_each(make_whole);
        self.make_open_whole();
        again.into_iter().for_each(|batch| self.paint(batch, emit));
    }

    /// Canvases that wait for a sheet need no other from now on.
    fn make_open_whole(&mut self) {
        self.setbacks.count();
        for sheet in self.open.values_mut() {
            sheet.canvases.iter_mut().for_each(LaidCanvas::make_whole);
            sheet.extent = sheet.canvases.iter().fold(Extent::default(), |extent, laid| extent.with(&laid.canvas));
        }
    }

    /// After the device failed: a new one, and what must be painted again. The batch that was at hand counts the
    /// failure; on its second it is split, and a canvas alone on its second fails.
    fn recover(&mut self, error: &GpuError, at_hand: Batch, emit: &mut Emit<'_>) -> Vec<Batch> {
        tracing::warn!(%error, canvases = at_hand.canvases.len(), "device failed, sheet is painted again");
        let mut again = Vec::new();
        let failures = at_hand.failures + 1;
        let at_hand = Batch { failures, ..at_hand };
        if failures < 2 {
            again.push(at_hand);
        } else {
            match halves(at_hand) {
                Ok(parts) => again.extend(parts),
                Err(canvas) => {
                    self.guilty_in_a_row += 1;
                    fail(*canvas, device_code(error), &error.to_string(), emit);
                }
            }
        }
        again.extend(self.on_their_way.drain(..));
        // They come in another order now, and some may fail: nobody waits for what another had promised.
        again.iter_mut().for_each(make_whole);
        self.make_open_whole();
        let is_hopeless = self.guilty_in_a_row > MAX_GUILTY_IN_A_ROW;
        let rebuilt = if is_hopeless { Err(error.clone()) } else { self.painter.rebuild() };
        if let Err(error) = rebuilt {
            self.stop.request(format!("the GPU device is gone: {error}"));
            again.clear();
        }
        again
    }
}

fn painted(drawn: Drawn, canvas: LaidCanvas) -> PaintedCanvas {
    let LaidCanvas { canvas: _, variants, started, held: _ } = canvas;
    PaintedCanvas { drawn, variants, started }
}

fn make_whole(batch: &mut Batch) {
    batch.canvases.iter_mut().for_each(LaidCanvas::make_whole);
}

/// Two batches of half the canvases, or the one canvas that cannot be split.
fn halves(mut batch: Batch) -> Result<[Batch; 2], Box<LaidCanvas>> {
    if batch.canvases.len() < 2 {
        return Err(Box::new(batch.canvases.remove(0)));
    }
    let second = batch.canvases.split_off(batch.canvases.len() / 2);
    // Halves keep the first failure: one that fails again is split at once.
    let Batch { canvases: first, failures, may_be_coded } = batch;
    Ok([first, second].map(|canvases| Batch { failures: failures.min(1), canvases, may_be_coded }))
}

fn fail(canvas: LaidCanvas, code: ErrorCode, message: &str, emit: &mut Emit<'_>) {
    for variant in canvas.variants {
        emit(Err(variant.failed(code, message, canvas.started)));
    }
}

/// Why one canvas alone does not fit the adapter, in the words of a manifest.
fn overfull_code(what: TooMuch) -> ErrorCode {
    match what {
        TooMuch::Glyphs => ErrorCode::GlyphAtlasFull,
        TooMuch::Photos => ErrorCode::PhotoTooLarge,
        TooMuch::Isolates => ErrorCode::IsolatesTooLarge,
        TooMuch::Instances => ErrorCode::TooManyShapes,
        TooMuch::Segments => ErrorCode::CanvasTooLarge,
    }
}

/// A device's failure in the words of a manifest.
fn device_code(error: &GpuError) -> ErrorCode {
    match error {
        GpuError::OutOfMemory(_) => ErrorCode::GpuOutOfMemory,
        GpuError::Refused(_) => ErrorCode::DeviceRefused,
        GpuError::NoAdapter
        | GpuError::NoSuchAdapter { .. }
        | GpuError::NoDevice { .. }
        | GpuError::BadSetting { .. }
        | GpuError::Lost(_) => ErrorCode::DeviceLost,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_test_can_bring_about_has_its_code() {
        let why = || "why".to_owned();
        assert_eq!(device_code(&GpuError::Lost(why())), ErrorCode::DeviceLost);
        assert_eq!(device_code(&GpuError::OutOfMemory(why())), ErrorCode::GpuOutOfMemory);
        assert_eq!(device_code(&GpuError::Refused(why())), ErrorCode::DeviceRefused);
        assert_eq!(overfull_code(TooMuch::Instances), ErrorCode::TooManyShapes);
    }
}
