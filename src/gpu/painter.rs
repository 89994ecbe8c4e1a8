//! The painter: carries out plans, one submission after the other.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::assets::FontLibrary;
use crate::sheet::{Canvas, Overfull, Plan, Planner, SheetLimits, Slot};

use super::coded::{Encoding, ReadBackError};
use super::device::{CodedBy, Device, DeviceOptions, GpuError};
use super::driver::PipelineCache;
use super::feed::{Feed, FeedTimes};
use super::jpeg::{JpegEncoder, JpegError};
use super::pass_times::{Pass, PassTimes};
use super::passes::Passes;
use super::photos::PhotoPages;
use super::png::{PngEncoder, PngError};
use super::readback::{PaintedSheet, Ring};
use super::submission::{Coders, On, Submission};
use super::targets::Targets;
use super::text::{AtlasFull, TextPass};
use super::way_back::{CodedSheet, Painted, WayBack};

/// Readback buffers: one is drawn into, one is read, one waits.
const RING_PLACES: usize = 3;
/// Longer than any sheet takes; then the device hangs.
const HANG: Duration = Duration::from_secs(120);

/// Why a sheet was not painted.
#[derive(Clone, Debug, Error)]
pub enum PaintError {
    /// Too much for one sheet; halves may fit.
    #[error("{0}")]
    TooMuch(TooMuch),
    /// The device failed; a new one may not.
    #[error(transparent)]
    Device(#[from] GpuError),
}

/// What there was too much of.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum TooMuch {
    /// Glyphs.
    #[error("the glyph atlas is full")]
    Glyphs,
    /// Photos.
    #[error("the photos are more, or one is larger, than the adapter holds")]
    Photos,
    /// Isolates.
    #[error("rotated, faded and clipped layers need a larger texture than the adapter allows")]
    Isolates,
    /// Shapes and the like.
    #[error("there are more shapes than the adapter takes in one go")]
    Instances,
    /// Segments of files.
    #[error("the files are more than the adapter codes in one go")]
    Segments,
}

impl From<Overfull> for PaintError {
    fn from(overfull: Overfull) -> Self {
        Self::TooMuch(match overfull {
            Overfull::Isolates => TooMuch::Isolates,
            Overfull::Pages => TooMuch::Photos,
            Overfull::Instances => TooMuch::Instances,
        })
    }
}

impl From<JpegError> for PaintError {
    fn from(error: JpegError) -> Self {
        match error {
            JpegError::TooMuch { .. } => Self::TooMuch(TooMuch::Segments),
            JpegError::NoSegments | JpegError::BadSegment { .. } | JpegError::Device(_) => {
                Self::Device(GpuError::Refused(error.to_string()))
            }
        }
    }
}

impl From<PngError> for PaintError {
    fn from(error: PngError) -> Self {
        match error {
            PngError::TooMuch { .. } => Self::TooMuch(TooMuch::Segments),
            PngError::NoSegments | PngError::BadSegment { .. } | PngError::Device(_) => {
                Self::Device(GpuError::Refused(error.to_string()))
            }
        }
    }
}

impl From<AtlasFull> for PaintError {
    fn from(_: AtlasFull) -> Self {
        Self::TooMuch(TooMuch::Glyphs)
    }
}

/// A sheet on its way.
struct InFlight {
    index: wgpu::SubmissionIndex,
    back: Back,
}

/// What is on its way back.
enum Back {
    Pixels { buffer: wgpu::Buffer, width: u32, slots: Vec<Slot>, mapped: crossbeam_channel::Receiver<bool> },
    Coded { jpeg: Option<Box<Encoding>>, png: Option<Box<Encoding>> },
}

/// Owns the device and everything made from it.
pub struct Painter {
    library: Arc<FontLibrary>,
    options: DeviceOptions,
    planner: Planner,
    parts: Parts,
    ring: Ring,
    in_flight: VecDeque<InFlight>,
    plates_drawn: u64,
    feed: FeedTimes,
}

/// All that a lost device takes with it.
struct Parts {
    device: Device,
    passes: Passes,
    targets: Targets,
    photos: PhotoPages,
    text: TextPass,
    times: Option<PassTimes>,
    /// Where the card codes.
    coders: Option<Coders>,
    /// Sheets that the device was given.
    sheets: u32,
}

impl Parts {
    fn open(library: &Arc<FontLibrary>, options: DeviceOptions) -> Result<Self, GpuError> {
        let mut device = Device::open(options)?;
        let cache = device.pipelines.as_ref().map(PipelineCache::cache);
        let passes = Passes::new(&device.device, device.rounding, device.limits.draw_path, cache);
        let photos = PhotoPages::new(&device.device, &passes, device.limits);
        let text = TextPass::new(&device.device, &device.queue, Arc::clone(library));
        let times = PassTimes::new(&device.device, &device.queue);
        let coders = (device.coded_by == CodedBy::Gpu).then(|| Coders {
            jpeg: JpegEncoder::compiled_before(&device.device, cache),
            png: PngEncoder::compiled_before(&device.device, cache),
        });
        device.check()?;
        if let Some(pipelines) = &mut device.pipelines {
            pipelines.store();
        }
        Ok(Self { device, passes, targets: Targets::default(), photos, text, times, coders, sheets: 0 })
    }
}

impl Painter {
    /// Opens the device and compiles the pipelines.
    ///
    /// # Errors
    /// [`GpuError`] when there is no adapter or it gives no device.
    pub fn open(library: Arc<FontLibrary>) -> Result<Self, GpuError> {
        Self::open_with(library, DeviceOptions::default())
    }

    /// The same, with options.
    ///
    /// # Errors
    /// As [`Painter::open`].
    pub fn open_with(library: Arc<FontLibrary>, options: DeviceOptions) -> Result<Self, GpuError> {
        let parts = Parts::open(&library, options)?;
        let planner = Planner::new(parts.device.limits);
        Ok(Self {
            library,
            options,
            planner,
            parts,
            ring: Ring::new(RING_PLACES),
            in_flight: VecDeque::new(),
            plates_drawn: 0,
            feed: FeedTimes::default(),
        })
    }

    /// The adapter's name.
    pub fn adapter(&self) -> &str {
        &self.parts.device.name
    }

    /// What the adapter can hold.
    pub fn limits(&self) -> &SheetLimits {
        self.planner.limits()
    }

    /// Whether it can be asked for segments of files.
    pub fn codes(&self) -> bool {
        self.parts.coders.is_some()
    }

    /// How many sheets are on their way.
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Whether another sheet may be submitted before one is waited for.
    pub fn has_room(&self) -> bool {
        self.in_flight.len() + 1 < RING_PLACES
    }

    /// Throws the device away, as a driver may at any time. For tests of what happens then.
    pub fn destroy_device(&self) {
        self.parts.device.device.destroy();
    }

    /// Makes everything anew after the device failed. Sheets on their way are lost.
    ///
    /// # Errors
    /// When no device can be had.
    pub fn rebuild(&mut self) -> Result<(), GpuError> {
        self.in_flight.clear();
        self.planner.clear();
        self.parts = Parts::open(&self.library, self.options)?;
        // Buffers of the old device must not be used with the new one; sheets still being read keep theirs.
        self.ring = Ring::new(RING_PLACES);
        Ok(())
    }

    /// Plans, draws and starts to bring back one sheet of canvases of one sheet width, at least one of which has a
    /// window. Waits for a readback buffer when all are in use. Segments of files may be asked for where the painter
    /// [codes them](Self::codes).
    ///
    /// # Errors
    /// [`PaintError::TooMuch`]: split the canvases. [`PaintError::Device`]: [`Painter::rebuild`], then try again.
    pub fn submit(&mut self, canvases: &[Canvas], way_back: WayBack<'_>) -> Result<(), PaintError> {
        self.parts.device.check()?;
        // Libraries below panic on some calls once the device is lost; everything they made is rebuilt then.
        let result = catch_unwind(AssertUnwindSafe(|| {
            let plan = self.feed.time(Feed::Plan, || self.planner.plan(canvases))?;
            self.plates_drawn += plan.new_plates.len() as u64;
            let (before, start) = (self.feed.total(), Instant::now());
            let carried_out = self.carry_out(plan, way_back);
            self.feed.add(Feed::Record, start.elapsed().saturating_sub(self.feed.total() - before));
            carried_out
        }))
        .unwrap_or_else(|_| Err(GpuError::Lost("a call on the device panicked".to_owned()).into()));
        match result {
            Ok(in_flight) => {
                self.in_flight.push_back(in_flight);
                self.parts.sheets += 1;
                if self.options.lost_after_sheets == Some(self.parts.sheets) {
                    self.destroy_device();
                }
                Ok(())
            }
            Err(error @ PaintError::TooMuch(TooMuch::Photos | TooMuch::Isolates | TooMuch::Instances)) => Err(error),
            Err(error) => {
                // What the plan put on the card may or may not be there.
                self.planner.clear();
                self.parts.targets.drop_plates();
                Err(error)
            }
        }
    }

    /// Milliseconds that each kind of pass took on the GPU so far, where passes are measured.
    pub fn pass_times_ms(&self) -> Vec<(Pass, f64)> {
        self.parts.times.as_ref().map(PassTimes::totals_ms).unwrap_or_default()
    }

    /// What feeding the adapter took so far.
    pub fn feed_times(&self) -> FeedTimes {
        self.feed
    }

    /// Plates drawn so far.
    pub fn plates_drawn(&self) -> u64 {
        self.plates_drawn
    }

    /// Memory that the device has reserved for what is drawn and drawn with. 0 where that is not told.
    pub fn memory_bytes(&self) -> u64 {
        self.parts.device.device.generate_allocator_report().map_or(0, |report| report.total_reserved_bytes)
    }

    /// Waits for the oldest sheet on its way.
    ///
    /// # Errors
    /// [`GpuError`] when the device failed meanwhile: that sheet and all later ones are lost.
    pub fn wait(&mut self) -> Result<Option<Painted>, GpuError> {
        let Some(InFlight { index, back }) = self.in_flight.pop_front() else {
            return Ok(None);
        };
        let device = &self.parts.device;
        let (buffer, width, slots, mapped) = match back {
            Back::Pixels { buffer, width, slots, mapped } => (buffer, width, slots, mapped),
            Back::Coded { jpeg, png } => {
                let finish = |encoding: Option<Box<Encoding>>| {
                    encoding.map(|encoding| encoding.finish(&device.device, &device.queue, index.clone())).transpose()
                };
                let finished = finish(jpeg).and_then(|jpeg| Ok(CodedSheet { jpeg, png: finish(png)? }));
                device.check()?;
                let sheet = finished.map_err(|error: ReadBackError| GpuError::Lost(error.to_string()))?;
                return Ok(Some(if sheet.is_whole() { Painted::Coded(Arc::new(sheet)) } else { Painted::Spilled }));
            }
        };
        let polled = device.device.poll(wgpu::PollType::Wait { submission_index: Some(index), timeout: Some(HANG) });
        let arrived = mapped.try_recv().unwrap_or(false);
        if let Err(error) = device.check().and(polled.map(drop).map_err(|error| GpuError::Lost(error.to_string()))) {
            self.ring.put_back_empty();
            return Err(error);
        }
        if !arrived {
            self.ring.put_back_empty();
            return Err(GpuError::Lost("a readback buffer could not be mapped".to_owned()));
        }
        let sheet = PaintedSheet::new(buffer, width, slots, self.ring.way_back());
        sheet
            .map(Painted::Pixels)
            .map(Some)
            .ok_or_else(|| GpuError::Lost("a readback buffer could not be read".to_owned()))
    }

    fn carry_out(&mut self, plan: Plan, way_back: WayBack<'_>) -> Result<InFlight, PaintError> {
        let Plan { dropped_plates, uploads, new_plates, size, slots, clear, drawing } = plan;
        let Parts { device: gpu, passes, targets, photos, text, times, coders, sheets: _ } = &mut self.parts;
        let times = times.as_ref();
        let (device, queue) = (&gpu.device, &gpu.queue);
        for plate in dropped_plates {
            targets.drop_plate(plate);
        }
        self.feed.time(Feed::Photos, || photos.upload(device, queue, passes, &uploads));
        for plate in new_plates {
            targets.new_plate(device, queue, passes, &plate);
            let mut work = Submission::start(&mut self.feed, device, queue, passes, targets, photos, text, times);
            work.draw(&plate.drawing, On::Plate(plate.id), true)?;
            work.submit();
        }
        let rows = self.planner.limits().max_rows(size.width).max(size.height);
        targets.make_sheet(device, queue, passes, size.width, rows);
        let mut work = Submission::start(&mut self.feed, device, queue, passes, targets, photos, text, times);
        if clear {
            work.clear();
        }
        work.copy_plates(&slots);
        work.draw(&drawing, On::Sheet, false)?;

        if let WayBack::Coded(asked) = way_back {
            let coders = coders.as_mut().expect("asked of a painter that codes");
            let (mut jpeg, mut png) = work.code(coders, asked, &slots)?;
            let index = work.submit();
            [&mut jpeg, &mut png].into_iter().flatten().for_each(|encoding| encoding.map());
            gpu.check()?;
            return Ok(InFlight { index, back: Back::Coded { jpeg, png } });
        }
        let bytes = u64::from(size.width) * 4 * u64::from(size.height);
        let ring_bytes = u64::from(size.width) * 4 * u64::from(rows);
        let buffer = self.ring.take(device, ring_bytes.max(bytes));
        work.read_back(size, &buffer);
        let index = work.submit();
        let (tell, mapped) = crossbeam_channel::bounded(1);
        buffer.map_async(wgpu::MapMode::Read, ..bytes, move |result| {
            let _ = tell.send(result.is_ok());
        });
        if let Err(error) = gpu.check() {
            self.ring.put_back_empty();
            return Err(error.into());
        }
        Ok(InFlight { index, back: Back::Pixels { buffer, width: size.width, slots, mapped } })
    }
}
