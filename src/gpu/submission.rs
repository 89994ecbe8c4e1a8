//! One command buffer in the making: a sheet or a plate is drawn, and what is asked of it goes on its way back.

use glyphon::Resolution;

use crate::pixels::SizePx;
use crate::sheet::{Band, Class, Drawing, Slot, TileRun};

use super::coded::Encoding;
use super::compute::ComputePasses;
use super::feed::{Feed, FeedTimes};
use super::jpeg::{self, JpegEncoder, JpegSegment};
use super::painter::PaintError;
use super::pass_times::{Marks, Pass, PassTimes};
use super::passes::Passes;
use super::photos::PhotoPages;
use super::plates::copies;
use super::png::{self, PngEncoder, PngSegment};
use super::resources::storage;
use super::targets::{Target, Targets};
use super::text::TextPass;
use super::tiles::{TileInstances, TilePass, TileTextures};
use super::way_back::AskedSegments;

/// What codes segments on the card.
pub struct Coders {
    /// For JPEGs.
    pub jpeg: JpegEncoder,
    /// For PNGs.
    pub png: PngEncoder,
}

/// JPEG and PNG segments on their way.
pub type CodedBoth = (Option<Box<Encoding>>, Option<Box<Encoding>>);

/// What a drawing goes on.
#[derive(Clone, Copy)]
pub enum On {
    /// The sheet.
    Sheet,
    /// A plate.
    Plate(crate::sheet::PlateId),
}

/// One command buffer in the making.
pub struct Submission<'p> {
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
    /// An empty one; text of earlier ones may give way.
    #[expect(clippy::too_many_arguments, reason = "everything that a painter has")]
    pub fn start(
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

    /// Hands it to the card.
    pub fn submit(mut self) -> wgpu::SubmissionIndex {
        let read_times = self.marks.end(&mut self.encoder);
        let index = self.queue.submit([self.encoder.finish()]);
        read_times();
        self.text.trim();
        index
    }

    /// Clears the sheet.
    pub fn clear(&mut self) {
        self.marks.on_encoder(&mut self.encoder, Pass::Surfaces);
        begin(&mut self.encoder, self.targets.sheet(), true);
    }

    /// What lies below the slots, from plates.
    pub fn copy_plates(&mut self, slots: &[Slot]) {
        let Self { device, queue, targets, .. } = self;
        let sheet = targets.sheet();
        self.marks.on_encoder(&mut self.encoder, Pass::Plates);
        if let Some(ComputePasses { plates, .. }) = &self.passes.compute {
            let copies = copies(slots, |plate| targets.plate(plate).map(|(_, y)| *y));
            for (plate, copies) in copies {
                let Some((plate, _)) = targets.plate(plate) else { continue };
                plates.draw(device, queue, &mut self.encoder, &sheet.view, &plate.view, &copies);
            }
            return;
        }
        for slot in slots {
            let Some((plate, y)) = slot.plate.and_then(|plate| targets.plate(plate)) else { continue };
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
    pub fn draw(&mut self, drawing: &Drawing, on: On, clear: bool) -> Result<(), PaintError> {
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
    pub fn code(
        &mut self,
        coders: &mut Coders,
        asked: &AskedSegments,
        slots: &[Slot],
    ) -> Result<CodedBoth, PaintError> {
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

    /// The sheet's pixels, to memory.
    pub fn read_back(&mut self, size: SizePx, buffer: &wgpu::Buffer) {
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
        match &passes.compute {
            Some(ComputePasses { tiles, .. }) => Self::Tiles(tiles, tiles.upload(device, queue, drawing)),
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
