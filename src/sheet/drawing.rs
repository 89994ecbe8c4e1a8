//! From display items to instances: what goes into every draw of a sheet and of its isolates.

use std::collections::HashMap;
use std::ops::Range;

use crate::layout::{Isolate, Item, Outline, Paint, PhotoItem, Shadow, Shape, Stop, TextItem};
use crate::pixels::{Color, RectPx, SizePx};

use super::bands::{BandList, CanvasBands, Class};
use super::draw_path::DrawPath;
use super::inner;
use super::instance::{
    GpuComposite, GpuPart, GpuPhoto, GpuShadow, GpuShape, GpuStop, OUTLINE_ELLIPSE, OUTLINE_ROUNDED_RECT, OUTLINE_STAR,
    PAINT_LINEAR, PAINT_RADIAL, PAINT_SOLID, PART_COMPOSITE, PART_PHOTO, PART_SHADOW, PART_SHAPE,
};
use super::pages::{PAGE_ARRAYS, PagePlace, Pages, PagesFull, Upload};
use super::photos_of;
use super::tiles::{TilePart, TileWindow, Tiles};
use super::{CanvasPhoto, SheetLimits};

/// Everything one submission draws: the sheet (surface 0) and its isolates (surface n: depth n).
#[derive(Debug, Default)]
pub struct Drawing {
    /// Drawn from the last to the first.
    pub surfaces: Vec<Surface>,
    /// Instances of `shape.wgsl`.
    pub shapes: Vec<GpuShape>,
    /// Gradient stops of the shapes.
    pub stops: Vec<GpuStop>,
    /// Instances of `shadow.wgsl`.
    pub shadows: Vec<GpuShadow>,
    /// Instances of `photo.wgsl`.
    pub photos: Vec<GpuPhoto>,
    /// Instances of `composite.wgsl`.
    pub composites: Vec<GpuComposite>,
    /// Lines of text.
    pub texts: Vec<TextDraw>,
    /// How the instances are drawn by the compute path.
    pub tiles: Tiles,
}

/// One texture to draw on.
#[derive(Debug)]
pub struct Surface {
    /// The part of the texture that is used.
    pub size: SizePx,
    /// In drawing order.
    pub bands: Vec<Band>,
    /// The first band writes every pixel of the slots in which nothing lies yet: no clear is needed before.
    pub starts_blank: bool,
}

/// One draw: a run of instances of one class.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// Which pipeline, and so which list of the [`Drawing`].
    pub class: Class,
    /// Which instances; of [`Class::Tiles`]: which runs of the [`Tiles`].
    pub range: Range<u32>,
}

/// One line of text on a surface.
#[derive(Clone, Debug)]
pub struct TextDraw {
    /// The line; its position is within the canvas.
    pub item: TextItem,
    /// The row of the surface at which the canvas starts, or would.
    pub origin_y: i32,
    /// The slot on the surface, outside which nothing is drawn.
    pub slot: RectPx,
}

/// Why canvases do not go together on one sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overfull {
    /// Their isolates are higher together than a texture may be.
    Isolates,
    /// Their photos fill every page, or one is larger than a texture may be.
    Pages,
    /// Their instances are more than one binding may hold.
    Instances,
}

impl From<PagesFull> for Overfull {
    fn from(_: PagesFull) -> Self {
        Self::Pages
    }
}

enum Instance {
    Shape(GpuShape),
    Shadow(GpuShadow),
    /// With its page set.
    Photo(GpuPhoto, usize),
    Composite(GpuComposite),
    Text(TextDraw),
}

/// An instance in a slot of a surface.
struct Placed {
    slot: usize,
    /// Where it hides all below; asked for by the compute path only.
    inner: RectPx,
    instance: Instance,
}

#[derive(Default)]
struct SurfaceBuilder {
    size: SizePx,
    list: BandList,
    bands: Vec<Vec<Placed>>,
    slots: Vec<TileWindow>,
}

/// Collects canvases into a [`Drawing`].
pub struct Builder<'p> {
    limits: SheetLimits,
    headroom: Vec<u32>,
    pages: &'p mut Pages,
    uploads: &'p mut Vec<Upload>,
    surfaces: Vec<SurfaceBuilder>,
    canvases: usize,
    stops: Vec<GpuStop>,
    stop_runs: HashMap<Vec<u32>, u32>,
}

/// A slot on a surface: its position and the part of a canvas, or the isolate, that it holds.
#[derive(Clone, Copy)]
struct Slot {
    depth: usize,
    /// Which of its surface.
    number: usize,
    y: u32,
    window: RectPx,
}

impl Slot {
    /// The row of the surface that is row 0 of the canvas.
    fn origin_y(self) -> i32 {
        self.y as i32 - self.window.y
    }
}

impl<'p> Builder<'p> {
    /// Within what a card can hold. `headroom`: rows left free at the top of each surface, from [`headroom`].
    pub fn new(limits: SheetLimits, headroom: Vec<u32>, pages: &'p mut Pages, uploads: &'p mut Vec<Upload>) -> Self {
        let (surfaces, stops, stop_runs) = (Vec::new(), Vec::new(), HashMap::new());
        Self { limits, headroom, pages, uploads, surfaces, canvases: 0, stops, stop_runs }
    }

    /// The windows that follow are those of one canvas.
    pub fn start_canvas(&mut self) {
        self.canvases += 1;
    }

    /// Adds a window of a canvas below the earlier ones and says at which row it starts. `is_blank`: nothing is copied
    /// there before. `photos` are those of `items`, in order, with the pixels of all that the window shows.
    ///
    /// # Errors
    /// [`Overfull`]: the canvases must be split over more sheets.
    pub fn window(
        &mut self,
        window: RectPx,
        is_blank: bool,
        items: &[Item],
        photos: &[CanvasPhoto],
    ) -> Result<u32, Overfull> {
        let slot = self.slot(0, window, is_blank)?;
        let mut photos = photos.iter();
        self.items(slot, items, &mut photos)?;
        Ok(slot.y)
    }

    /// Ends the collection.
    ///
    /// # Errors
    /// [`Overfull::Instances`]: the canvases must be split over more sheets.
    pub fn finish(self) -> Result<Drawing, Overfull> {
        let most = self.limits.max_binding_bytes;
        let mut drawing = Drawing { stops: self.stops, ..Drawing::default() };
        for SurfaceBuilder { size, list, bands, slots } in self.surfaces {
            let classes = list.classes().iter().copied();
            let mut bands = classes.zip(bands).filter(|(_, placed)| !placed.is_empty()).peekable();
            let starts_blank = bands.peek().is_some_and(|(class, _)| *class == Class::Tiles);
            let mut drawn = Vec::with_capacity(bands.size_hint().0);
            for (class, placed) in bands {
                let range = match class {
                    Class::Tiles => {
                        let parts: Vec<_> = placed.into_iter().map(|placed| drawing.tile_part(placed)).collect();
                        drawing.tiles.band(&slots, &parts, drawn.is_empty())
                    }
                    _ => drawing.push(class, placed),
                };
                drawn.push(Band { class, range });
            }
            drawing.surfaces.push(Surface { size, bands: drawn, starts_blank });
        }
        let largest = [
            size_of_val(&drawing.shapes[..]),
            size_of_val(&drawing.stops[..]),
            size_of_val(&drawing.shadows[..]),
            size_of_val(&drawing.photos[..]),
            size_of_val(&drawing.composites[..]),
            size_of_val(&drawing.tiles.parts[..]),
            size_of_val(&drawing.tiles.strips[..]),
        ];
        if largest.into_iter().any(|bytes| bytes as u64 > most) { Err(Overfull::Instances) } else { Ok(drawing) }
    }

    fn slot(&mut self, depth: usize, window: RectPx, is_blank: bool) -> Result<Slot, Overfull> {
        while self.surfaces.len() <= depth {
            let top = self.headroom.get(self.surfaces.len()).copied().unwrap_or(0);
            self.surfaces.push(SurfaceBuilder { size: SizePx::new(0, top), ..SurfaceBuilder::default() });
        }
        let is_one_canvas = self.canvases < 2;
        let surface = &mut self.surfaces[depth];
        let y = surface.size.height;
        let grown = SizePx::new(surface.size.width.max(window.right() as u32), y + window.height);
        let max_side = self.limits.max_side_px;
        // One canvas may take what it must; several share a budget, or isolates would take all memory.
        let fits_budget = depth == 0 || is_one_canvas || grown.area() * 4 <= self.limits.isolate_bytes();
        if grown.width > max_side || grown.height > max_side || !fits_budget {
            return Err(Overfull::Isolates);
        }
        surface.size = grown;
        let slot = Slot { depth, number: surface.slots.len(), y, window };
        surface.slots.push(TileWindow { rect: window, origin_y: slot.origin_y(), is_blank });
        Ok(slot)
    }

    fn items<'i>(
        &mut self,
        slot: Slot,
        items: &[Item],
        photos: &mut std::slice::Iter<'i, CanvasPhoto>,
    ) -> Result<(), Overfull> {
        let mut bands = CanvasBands::default();
        for item in items {
            let bounds = item.bounds().intersection(slot.window);
            if bounds.is_empty() {
                let unseen = photos_of(item);
                photos.by_ref().take(unseen).for_each(drop);
                continue;
            }
            // What goes into one band together, and the pixels that it covers.
            let mut parts: Vec<(Class, RectPx, Vec<Instance>)> = Vec::with_capacity(1);
            // Where the compute path need not draw what lies below.
            let mut hidden = RectPx::default();
            match item {
                Item::Shape(shape) => {
                    let inner = inner::of_shape(shape);
                    hidden = inner.map_or(hidden, |(_, rect)| rect.intersection(bounds));
                    let (inner, edge) = self.split(inner, bounds);
                    if let Some((class, quad)) = inner {
                        parts.push((class, quad, vec![Instance::Shape(self.shape(slot, shape, quad))]));
                    }
                    let edge: Vec<_> =
                        edge.into_iter().map(|quad| Instance::Shape(self.shape(slot, shape, quad))).collect();
                    parts.push((Class::Shape, bounds, edge));
                }
                Item::Shadow(shadow) => {
                    let strips = shadow_strips(shadow, slot);
                    let strips = strips.into_iter().map(|quad| Instance::Shadow(shadow_instance(slot, shadow, quad)));
                    parts.push((Class::Shadow, bounds, strips.collect()));
                }
                Item::Photo(photo) => {
                    let Some(scaled) = photos.next().and_then(|photo| photo.pixels.as_ref()) else { continue };
                    let place = self.pages.place(scaled, self.uploads)?;
                    let inner = inner::of_photo(photo, scaled, place.set);
                    hidden = inner.map_or(hidden, |(_, rect)| rect.intersection(bounds));
                    let (inner, edge) = self.split(inner, bounds);
                    let instance = |quad| Instance::Photo(photo_instance(slot, photo, place, quad), place.set);
                    if let Some((class, quad)) = inner {
                        parts.push((class, quad, vec![instance(quad)]));
                    }
                    parts.push((Class::Photo(place.set), bounds, edge.into_iter().map(instance).collect()));
                }
                Item::Text(text) => {
                    let (origin_y, slot) = (slot.origin_y(), slot.window.translated(0, slot.origin_y()));
                    let text = TextDraw { item: text.clone(), origin_y, slot };
                    parts.push((Class::Text, bounds, vec![Instance::Text(text)]));
                }
                Item::Isolate(isolate) => {
                    let below = self.slot(slot.depth + 1, isolate.texture_size().rect(), true)?;
                    self.items(below, &isolate.items, photos)?;
                    let instance = Instance::Composite(composite(slot, isolate, below, bounds));
                    parts.push((Class::Composite, bounds, vec![instance]));
                }
            }
            let surface = &mut self.surfaces[slot.depth];
            // All of an item's parts lie beside each other: none waits for another.
            let mut places = Vec::with_capacity(parts.len());
            for (class, covered, instances) in parts.into_iter().filter(|(_, _, instances)| !instances.is_empty()) {
                let class = match self.limits.draw_path {
                    DrawPath::Compute if class != Class::Text => Class::Tiles,
                    _ => class,
                };
                let band = bands.place(&mut surface.list, class, covered);
                places.push((covered, band));
                if surface.bands.len() <= band {
                    surface.bands.resize_with(band + 1, Vec::new);
                }
                let place = |instance| Placed { slot: slot.number, inner: hidden, instance };
                surface.bands[band].extend(instances.into_iter().map(place));
            }
            bands.drew(places);
        }
        Ok(())
    }

    /// The part of an item that a pass of its own draws, and the strips around it.
    fn split(&self, inner: Option<(Class, RectPx)>, bounds: RectPx) -> (Option<(Class, RectPx)>, Vec<RectPx>) {
        let has_passes = self.limits.has_inner_passes && self.limits.draw_path == DrawPath::Fragment;
        let inner = inner.filter(|_| has_passes).map(|(class, rect)| (class, rect.intersection(bounds)));
        match inner.filter(|(_, rect)| rect.size().area() >= inner::MIN_AREA_PX) {
            Some((class, rect)) => (Some((class, rect)), inner::around(bounds, rect)),
            None => (None, vec![bounds]),
        }
    }

    fn shape(&mut self, slot: Slot, shape: &Shape, quad: RectPx) -> GpuShape {
        let (outline, radii) = match shape.outline {
            Outline::RoundedRect(radii) => (OUTLINE_ROUNDED_RECT, radii),
            Outline::Ellipse => (OUTLINE_ELLIPSE, [0.0; 4]),
            Outline::Star { from, to } => (OUTLINE_STAR, [from, to, 0.0, 0.0]),
        };
        let mut instance = GpuShape {
            quad: quad_of(quad),
            rect: rect_of(shape.rect),
            radii,
            color: [0.0; 4],
            axis: [0.0; 4],
            origin: [0, slot.origin_y()],
            outline,
            paint: PAINT_SOLID,
            first_stop: 0,
            stop_count: 0,
            stroke: shape.stroke_px.unwrap_or(0.0),
            pad: 0,
        };
        match &shape.paint {
            Paint::Solid(color) => instance.color = premultiplied(*color),
            Paint::Linear { start, end, stops, opacity } => {
                let (dx, dy) = (end.x - start.x, end.y - start.y);
                let length = (dx * dx + dy * dy).max(1e-6);
                instance.paint = PAINT_LINEAR;
                instance.axis = [start.x, start.y, dx / length, dy / length];
                instance.color = [*opacity; 4];
                (instance.first_stop, instance.stop_count) = self.stops(stops);
            }
            Paint::Radial { center, radii, stops, opacity } => {
                instance.paint = PAINT_RADIAL;
                instance.axis = [center.x, center.y, 1.0 / radii[0], 1.0 / radii[1]];
                instance.color = [*opacity; 4];
                (instance.first_stop, instance.stop_count) = self.stops(stops);
            }
        }
        instance
    }

    /// Equal runs of stops are stored once.
    fn stops(&mut self, stops: &[Stop]) -> (u32, u32) {
        let run: Vec<GpuStop> = stops
            .iter()
            .map(|stop| GpuStop { color: premultiplied(stop.color), offset: stop.offset, pad: [0; 3] })
            .collect();
        let key: Vec<u32> = bytemuck::cast_slice(&run).to_vec();
        let first = *self.stop_runs.entry(key).or_insert_with(|| {
            self.stops.extend_from_slice(&run);
            (self.stops.len() - run.len()) as u32
        });
        (first, run.len() as u32)
    }
}

fn photo_instance(slot: Slot, photo: &PhotoItem, place: PagePlace, quad: RectPx) -> GpuPhoto {
    let (outline, radii) = mask(&photo.mask);
    GpuPhoto {
        quad: quad_of(quad),
        mask: rect_of(photo.mask_rect),
        radii,
        origin: [0, slot.origin_y()],
        texel_offset: [place.x as i32 - photo.rect.x, place.y as i32 - photo.rect.y],
        page: place.page,
        outline,
        opacity: photo.opacity,
        page_set: place.set as u32,
    }
}

impl Drawing {
    /// Adds instances of one class; the answer is where in its list.
    fn push(&mut self, class: Class, placed: Vec<Placed>) -> Range<u32> {
        let length = |drawing: &Self| match class {
            Class::Shape | Class::Fill | Class::Gradient => drawing.shapes.len(),
            Class::Shadow => drawing.shadows.len(),
            Class::Photo(_) | Class::Blit(_) => drawing.photos.len(),
            Class::Composite => drawing.composites.len(),
            Class::Text => drawing.texts.len(),
            Class::Tiles => drawing.tiles.runs.len(),
        };
        let start = length(self) as u32;
        for Placed { instance, .. } in placed {
            match instance {
                Instance::Shape(shape) => self.shapes.push(shape),
                Instance::Shadow(shadow) => self.shadows.push(shadow),
                Instance::Photo(photo, _) => self.photos.push(photo),
                Instance::Composite(composite) => self.composites.push(composite),
                Instance::Text(text) => self.texts.push(text),
            }
        }
        start..length(self) as u32
    }

    /// Adds one instance to the list of its kind, for tiles.
    fn tile_part(&mut self, placed: Placed) -> TilePart {
        fn add<T>(list: &mut Vec<T>, instance: T) -> u32 {
            list.push(instance);
            list.len() as u32 - 1
        }
        let Placed { slot, inner, instance } = placed;
        let mut single = None;
        let (kind, quad, index) = match instance {
            Instance::Shape(shape) => (PART_SHAPE, shape.quad, add(&mut self.shapes, shape)),
            Instance::Shadow(shadow) => (PART_SHADOW, shadow.quad, add(&mut self.shadows, shadow)),
            Instance::Photo(photo, set) => {
                single = Some(set).filter(|set| *set >= PAGE_ARRAYS);
                (PART_PHOTO, photo.quad, add(&mut self.photos, photo))
            }
            Instance::Composite(composite) => (PART_COMPOSITE, composite.quad, add(&mut self.composites, composite)),
            Instance::Text(_) => unreachable!("text has bands of its own"),
        };
        let part = GpuPart { quad, inner: quad_of(inner), kind, index, pad: [0; 2] };
        TilePart { window: slot, part, single }
    }
}

/// Rows to leave free at the top of each surface so that text is the same in every slot; `rows` grows to what this
/// window needs.
///
/// glyphon cuts the fraction off a glyph's height on the sheet, towards zero. Marks that are shifted by fractions
/// of a pixel would therefore round up above the first row of a sheet, and down everywhere else. With free rows
/// above, no such glyph is above it.
pub fn headroom(items: &[Item], window: RectPx, rows: &mut Vec<u32>) {
    fn visit(items: &[Item], window: RectPx, depth: usize, rows: &mut Vec<u32>) {
        for item in items {
            match item {
                Item::Text(text) if text.bounds().overlaps(window) => {
                    let needed = rows_above(text, window.y);
                    if needed > 0 {
                        rows.resize(rows.len().max(depth + 1), 0);
                        rows[depth] = rows[depth].max(needed);
                    }
                }
                Item::Isolate(isolate) if isolate.drawn_bounds().overlaps(window) => {
                    visit(&isolate.items, isolate.texture_size().rect(), depth + 1, rows);
                }
                Item::Shape(_) | Item::Shadow(_) | Item::Photo(_) | Item::Text(_) | Item::Isolate(_) => {}
            }
        }
    }
    visit(items, window, 0, rows);
}

/// How far shifted glyphs of a line may reach above a row of its canvas.
fn rows_above(text: &TextItem, first_row: i32) -> u32 {
    let Some(raised_px) = text.line.raised_px() else { return 0 };
    let top = (text.baseline_y - text.line.line_y_px(text.scale) - first_row) as f32;
    (raised_px * text.scale as f32 - top).ceil().clamp(0.0, 4096.0) as u32
}

fn shadow_instance(slot: Slot, shadow: &Shadow, quad: RectPx) -> GpuShadow {
    let (outline, radii) = mask(&shadow.outline);
    let (cutout, cutout_radii) =
        shadow.cutout.map_or(([0.0; 4], [0.0; 4]), |(rect, outline)| (rect_of(rect), mask(&outline).1));
    GpuShadow {
        quad: quad_of(quad),
        rect: rect_of(shadow.rect),
        radii,
        color: premultiplied(shadow.color),
        cutout,
        cutout_radii,
        origin: [0, slot.origin_y()],
        sigma: shadow.sigma_px,
        outline,
    }
}

/// The shadow's pixels without those that the opaque box above hides: up to four strips around it.
fn shadow_strips(shadow: &Shadow, slot: Slot) -> Vec<RectPx> {
    let all = shadow.bounds().intersection(slot.window);
    let Some((rect, outline)) = shadow.hidden_below else { return vec![all] };
    match inner::of(rect, &outline).map(|hole| hole.intersection(all)) {
        Some(hole) if !hole.is_empty() => inner::around(all, hole),
        _ => vec![all],
    }
}

fn composite(slot: Slot, isolate: &Isolate, below: Slot, quad: RectPx) -> GpuComposite {
    let scale = isolate.scale as f32;
    let (left, top) = (isolate.bounds.x as f32, isolate.bounds.y as f32);
    let (turn, shift) = match isolate.rotation {
        None => ([scale, 0.0, 0.0, scale], [-left * scale, -top * scale]),
        Some(rotation) => {
            // Turned back about the pivot, then from the bounds' corner, then to texels.
            let (sin, cos) = rotation.degrees.to_radians().sin_cos();
            let (px, py) = (rotation.pivot.x, rotation.pivot.y);
            let shift = [(px - left - px * cos - py * sin) * scale, (py - top + px * sin - py * cos) * scale];
            ([cos * scale, sin * scale, -sin * scale, cos * scale], shift)
        }
    };
    let (clip, outline, radii) = isolate.clip.map_or(([0.0; 4], OUTLINE_ROUNDED_RECT, [0.0; 4]), |clip| {
        let (outline, radii) = mask(&clip.outline);
        (rect_of(clip.rect), outline, radii)
    });
    let tint = isolate.tint.map(Color::to_rgba8);
    GpuComposite {
        quad: quad_of(quad),
        clip,
        radii,
        turn,
        shift,
        origin: [0, slot.origin_y()],
        slot: [below.y as i32, below.window.width as i32, below.window.height as i32],
        outline,
        // A tint that lets everything through draws nothing; to the shader alpha 0 is no tint at all.
        opacity: if tint.is_some_and(|tint| tint[3] == 0) { 0.0 } else { isolate.opacity },
        exact: u32::from(isolate.rotation.is_none() && isolate.scale == 1),
        blur: isolate.blur.map_or(0.0, |blur| if blur.is_horizontal { blur.sigma_px } else { -blur.sigma_px }),
        tint: tint.map_or(0, u32::from_le_bytes),
    }
}

fn mask(outline: &Outline) -> (u32, [f32; 4]) {
    match outline {
        Outline::RoundedRect(radii) => (OUTLINE_ROUNDED_RECT, *radii),
        Outline::Ellipse | Outline::Star { .. } => (OUTLINE_ELLIPSE, [0.0; 4]),
    }
}

fn premultiplied(color: Color) -> [f32; 4] {
    [color.r * color.a, color.g * color.a, color.b * color.a, color.a]
}

fn quad_of(rect: RectPx) -> [i32; 4] {
    [rect.x, rect.y, rect.width as i32, rect.height as i32]
}

fn rect_of(rect: RectPx) -> [f32; 4] {
    [rect.x as f32, rect.y as f32, rect.width as f32, rect.height as f32]
}
