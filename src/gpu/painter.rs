//! The painter: carries out plans, one submission after the other.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use glyphon::Resolution;
use thiserror::Error;

use crate::assets::FontLibrary;
use crate::pixels::SizePx;
use crate::sheet::{Band, Canvas, Class, Drawing, Overfull, Plan, Planner, SheetLimits, Slot, TileRun};

use super::coded::{Encoding, ReadBackError};
use super::device::{CodedBy, Device, DeviceOptions, GpuError};
use super::driver::PipelineCache;
use super::feed::{Feed, FeedTimes};
use super::jpeg::{self, JpegEncoder, JpegError, JpegSegment};
use super::pass_times::{Marks, Pass, PassTimes};
use super::passes::{Passes, storage};
use super::photos::PhotoPages;
use super::png::{self, PngEncoder, PngError, PngSegment};
use super::readback::{PaintedSheet, Ring};
use super::targets::{Target, Targets};
use super::text::{AtlasFull, TextPass};
use super::tiles::{TileInstances, TilePass, TileTextures};
use super::way_back::{AskedSegments, CodedSheet, Painted, WayBack};

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

/// What codes segments on the card.
struct Coders {
    jpeg: JpegEncoder,
    png: PngEncoder,
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
}

impl Parts {
    fn open(library: &Arc<FontLibrary>, options: DeviceOptions) -> Result<Self, GpuError> {
        let mut device = Device::open(options)?;
        let cache = device.pipelines.as_ref().map(PipelineCache::cache);
        let passes = Passes::new(&device.device, device.class, device.limits.draw_path, cache);
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
        Ok(Self { device, passes, targets: Targets::default(), photos, text, times, coders })
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
        let Parts { device: gpu, passes, targets, photos, text, times, coders } = &mut self.parts;
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
            work.marks.on_encoder(&mut work.encoder, Pass::Surfaces);
            begin(&mut work.encoder, work.targets.sheet(), true);
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

/// JPEG and PNG segments on their way.
type CodedBoth = (Option<Box<Encoding>>, Option<Box<Encoding>>);

/// What a drawing goes on.
#[derive(Clone, Copy)]
enum On {
    Sheet,
    Plate(crate::sheet::PlateId),
}

/// One command buffer in the making.
struct Submission<'p> {
    device: &'p wgpu::Device,
    queue: &'p wgpu::Queue,
    passes: &'p Passes,
    targets: &'p mut Targets,
    photos: &'p PhotoPages,
    text: &'p mut TextPass,
    encoder: wgpu::CommandEncoder,
    marks: Marks<'p>,
    feed: &'p mut FeedTimes,
}

impl<'p> Submission<'p> {
    #[expect(clippy::too_many_arguments, reason = "everything that a painter has")]
    fn start(
        feed: &'p mut FeedTimes,
        device: &'p wgpu::Device,
        queue: &'p wgpu::Queue,
        passes: &'p Passes,
        targets: &'p mut Targets,
        photos: &'p PhotoPages,
        text: &'p mut TextPass,
        times: Option<&'p PassTimes>,
    ) -> Self {
        text.start();
        let encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("sheet") });
        Self { device, queue, passes, targets, photos, text, encoder, marks: Marks::new(times), feed }
    }

    fn submit(mut self) -> wgpu::SubmissionIndex {
        let read_times = self.marks.end(&mut self.encoder);
        let index = self.queue.submit([self.encoder.finish()]);
        read_times();
        self.text.trim();
        index
    }

    fn copy_plates(&mut self, slots: &[Slot]) {
        let sheet = self.targets.sheet();
        self.marks.on_encoder(&mut self.encoder, Pass::Plates);
        for slot in slots {
            let Some((plate, y)) = slot.plate.and_then(|plate| self.targets.plate(plate)) else { continue };
            let window = slot.window;
            let mut from = plate.texture.as_image_copy();
            from.origin = wgpu::Origin3d { x: window.x as u32, y: y + window.y as u32, z: 0 };
            let mut to = sheet.texture.as_image_copy();
            to.origin = wgpu::Origin3d { x: window.x as u32, y: slot.y, z: 0 };
            self.encoder.copy_texture_to_texture(
                from,
                to,
                wgpu::Extent3d { width: window.width, height: window.height, depth_or_array_layers: 1 },
            );
        }
    }

    /// The deepest isolates first. A surface takes one render pass, or with the compute path one for each of its bands
    /// of text and a compute pass for what lies between them.
    fn draw(&mut self, drawing: &Drawing, on: On, clear: bool) -> Result<(), PaintError> {
        let Self { device, queue, passes, .. } = *self;
        let instances = Instances::new(device, queue, passes, drawing);
        for (depth, surface) in drawing.surfaces.iter().enumerate().skip(1) {
            self.targets.make_isolates(device, queue, passes, depth, surface.size);
        }
        let mut prepared = Vec::new();
        for (depth, surface) in drawing.surfaces.iter().enumerate() {
            let resolution = resolution(target(self.targets, on, depth));
            for band in surface.bands.iter().filter(|band| band.class == Class::Text) {
                let texts = &drawing.texts[band.range.start as usize..band.range.end as usize];
                let number = self.feed.time(Feed::Glyphs, || self.text.prepare(device, queue, texts, resolution))?;
                prepared.push((depth, band.range.start, number));
            }
        }
        for (depth, surface) in drawing.surfaces.iter().enumerate().rev() {
            let mut clear = (clear || depth > 0) && !surface.starts_blank;
            if surface.bands.is_empty() && clear {
                self.render(&[], &instances, on, depth, clear, &prepared);
            }
            let is_tiles = |band: &Band| band.class == Class::Tiles;
            for bands in surface.bands.chunk_by(|a, b| is_tiles(a) == is_tiles(b)) {
                if let (Instances::Tiles(pass, instances), true) = (&instances, is_tiles(&bands[0])) {
                    for Band { range, .. } in bands {
                        let runs = &drawing.tiles.runs[range.start as usize..range.end as usize];
                        self.tiles(runs, pass, instances, on, depth);
                    }
                } else {
                    self.render(bands, &instances, on, depth, clear, &prepared);
                }
                clear = false;
            }
        }
        Ok(())
    }

    /// Bands of a surface in one render pass. `prepared`: depth, first line and number of each band of text.
    fn render(
        &mut self,
        bands: &[Band],
        instances: &Instances<'_>,
        on: On,
        depth: usize,
        clear: bool,
        prepared: &[(usize, u32, usize)],
    ) {
        let target = target(self.targets, on, depth);
        let resolution = resolution(target);
        self.marks.on_encoder(&mut self.encoder, Pass::Surfaces);
        let mut pass = begin(&mut self.encoder, target, clear);
        pass.set_bind_group(0, &target.as_target, &[]);
        for band in bands {
            self.marks.in_pass(&mut pass, pass_of(band.class));
            if band.class == Class::Text {
                let number = prepared.iter().find(|(at, start, _)| (*at, *start) == (depth, band.range.start));
                if let Some((_, _, number)) = number {
                    self.text.draw(*number, resolution, &mut pass);
                    pass.set_bind_group(0, &target.as_target, &[]);
                }
                continue;
            }
            let Instances::Rendered(groups) = instances else { continue };
            let passes = self.passes;
            let (pipeline, group) = match band.class {
                Class::Shape => (&passes.shape, &groups.shapes),
                Class::Fill => (&passes.fill, &groups.shapes),
                Class::Gradient => (&passes.gradient, &groups.shapes),
                Class::Shadow => (&passes.shadow, &groups.shadows),
                Class::Photo(_) => (&passes.photo, &groups.photos),
                Class::Blit(_) => (&passes.blit, &groups.photos),
                Class::Composite => (&passes.composite, &groups.composites),
                Class::Text | Class::Tiles => continue,
            };
            pass.set_pipeline(pipeline);
            pass.set_bind_group(1, group, &[]);
            match band.class {
                Class::Photo(set) | Class::Blit(set) => pass.set_bind_group(2, self.photos.group(set), &[]),
                Class::Composite => pass.set_bind_group(2, &self.targets.isolate(depth + 1).as_source, &[]),
                _ => {}
            }
            pass.draw(0..4, band.range.clone());
        }
        self.marks.in_pass(&mut pass, Pass::Surfaces);
    }

    /// A band of a surface by the compute path.
    fn tiles(&mut self, runs: &[TileRun], pass: &TilePass, instances: &TileInstances, on: On, depth: usize) {
        self.marks.on_encoder(&mut self.encoder, Pass::Tiles);
        for run in runs {
            let textures = TileTextures {
                surface: &target(self.targets, on, depth).view,
                isolates: self.targets.find_isolate(depth + 1).map(|target| &target.view),
                pages: self.photos.arrays(),
                single: run.single.map(|set| self.photos.view(set)),
            };
            pass.draw(self.device, &mut self.encoder, run, instances, textures);
        }
    }

    /// Segments of what is drawn.
    fn code(&mut self, coders: &mut Coders, asked: &AskedSegments, slots: &[Slot]) -> Result<CodedBoth, PaintError> {
        let Self { device, queue, .. } = *self;
        let (encoder, sheet, marks) = (&mut self.encoder, &self.targets.sheet().view, &mut self.marks);
        let AskedSegments { jpeg, jpeg_settings: settings, png } = asked;
        let mut coded = (None, None);
        if !jpeg.is_empty() {
            let segments: Vec<JpegSegment> = jpeg.iter().map(|segment| segment.jpeg(slots, settings)).collect();
            let mut before = |encoder: &mut wgpu::CommandEncoder, stage| marks.on_encoder(encoder, pass_of_jpeg(stage));
            let options = jpeg::EncodeOptions { before: Some(&mut before), ..Default::default() };
            let encoding = coders.jpeg.encode(device, queue, encoder, sheet, &segments, settings, options)?;
            coded.0 = Some(Box::new(encoding));
        }
        if !png.is_empty() {
            let segments: Vec<PngSegment> = png.iter().map(|segment| segment.png(slots)).collect();
            let mut before = |encoder: &mut wgpu::CommandEncoder, stage| marks.on_encoder(encoder, pass_of_png(stage));
            let options = png::EncodeOptions { before: Some(&mut before), ..Default::default() };
            coded.1 = Some(Box::new(coders.png.encode(device, queue, encoder, sheet, &segments, options)?));
        }
        Ok(coded)
    }

    fn read_back(&mut self, size: SizePx, buffer: &wgpu::Buffer) {
        self.marks.on_encoder(&mut self.encoder, Pass::ReadBack);
        let layout =
            wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(size.width * 4), rows_per_image: None };
        self.encoder.copy_texture_to_buffer(
            self.targets.sheet().texture.as_image_copy(),
            wgpu::TexelCopyBufferInfo { buffer, layout },
            wgpu::Extent3d { width: size.width, height: size.height, depth_or_array_layers: 1 },
        );
    }
}

fn pass_of_jpeg(stage: jpeg::Stage) -> Pass {
    match stage {
        jpeg::Stage::Transform => Pass::JpegTransform,
        jpeg::Stage::Code => Pass::JpegCode,
        jpeg::Stage::Place | jpeg::Stage::Stuff => Pass::JpegStuff,
        jpeg::Stage::Copy => Pass::ReadBack,
    }
}

fn pass_of_png(stage: png::Stage) -> Pass {
    match stage {
        png::Stage::Filter => Pass::PngFilter,
        png::Stage::Measure | png::Stage::Place => Pass::PngMeasure,
        png::Stage::Code => Pass::PngCode,
        png::Stage::Copy => Pass::ReadBack,
    }
}

/// What a band is measured as.
fn pass_of(class: Class) -> Pass {
    match class {
        Class::Shape | Class::Fill | Class::Gradient => Pass::Shapes,
        Class::Shadow => Pass::Shadows,
        Class::Photo(_) | Class::Blit(_) => Pass::Photos,
        Class::Composite => Pass::Composites,
        Class::Text => Pass::Text,
        Class::Tiles => Pass::Tiles,
    }
}

/// The texture of a surface.
fn target(targets: &Targets, on: On, depth: usize) -> &Target {
    match (on, depth) {
        (On::Sheet, 0) => targets.sheet(),
        (On::Plate(id), 0) => &targets.plate(id).expect("a plate is made before it is drawn").0,
        _ => targets.isolate(depth),
    }
}

fn resolution(target: &Target) -> Resolution {
    Resolution { width: target.size.width, height: target.size.height }
}

fn begin<'e>(encoder: &'e mut wgpu::CommandEncoder, target: &Target, clear: bool) -> wgpu::RenderPass<'e> {
    let load = if clear { wgpu::LoadOp::Clear(wgpu::Color::TRANSPARENT) } else { wgpu::LoadOp::Load };
    encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
        label: None,
        color_attachments: &[Some(wgpu::RenderPassColorAttachment {
            view: &target.view,
            depth_slice: None,
            resolve_target: None,
            ops: wgpu::Operations { load, store: wgpu::StoreOp::Store },
        })],
        depth_stencil_attachment: None,
        timestamp_writes: None,
        occlusion_query_set: None,
        multiview_mask: None,
    })
}

/// The instances of a drawing on the card, for one path or the other.
enum Instances<'p> {
    Rendered(InstanceGroups),
    Tiles(&'p TilePass, TileInstances),
}

impl<'p> Instances<'p> {
    fn new(device: &wgpu::Device, queue: &wgpu::Queue, passes: &'p Passes, drawing: &Drawing) -> Self {
        match &passes.tiles {
            Some(tiles) => Self::Tiles(tiles, tiles.upload(device, queue, drawing)),
            None => Self::Rendered(InstanceGroups::new(device, queue, passes, drawing)),
        }
    }
}

/// Group 1 of every render pass.
struct InstanceGroups {
    shapes: wgpu::BindGroup,
    shadows: wgpu::BindGroup,
    photos: wgpu::BindGroup,
    composites: wgpu::BindGroup,
}

impl InstanceGroups {
    fn new(device: &wgpu::Device, queue: &wgpu::Queue, passes: &Passes, drawing: &Drawing) -> Self {
        let shapes = storage(device, queue, &drawing.shapes);
        let stops = storage(device, queue, &drawing.stops);
        Self {
            shapes: passes.bind_shapes(device, &shapes, &stops),
            shadows: passes.bind_instances(device, &storage(device, queue, &drawing.shadows)),
            photos: passes.bind_instances(device, &storage(device, queue, &drawing.photos)),
            composites: passes.bind_instances(device, &storage(device, queue, &drawing.composites)),
        }
    }
}
