//! What drawing a tree takes, counted before it is drawn: pixels touched, and bytes of layers held at once.
//!
//! The count follows the renderer's own steps (resvg's `render.rs`, `path.rs`, `filter/mod.rs`). Boxes stand for
//! shapes, so it is generous. It stops as soon as the limit is passed: a tree may share its parts, and drawing it
//! may take exponentially longer than reading it.

use resvg::tiny_skia::{Rect, Transform};
use resvg::usvg::filter::{Filter, Kind};
use resvg::usvg::{ClipPath, Group, Image, ImageKind, Mask, Node, Paint, Path, Pattern, Stroke, Tree};

use super::super::too_large;
use crate::assets::AssetError;
use crate::assets::PhotoLimits;
use crate::assets::limits::svg::{MAX_LAYER_BYTES, MAX_LAYER_BYTES_PER_PIXEL, MAX_PIXELS_TOUCHED};
use crate::pixels::SizePx;

/// What a node takes however small it is, in pixels.
const PIXELS_PER_NODE: u64 = 100;
/// Of a path: each line or curve.
const PIXELS_PER_SEGMENT: u64 = 20;
/// Of a dashed stroke; the renderer gives up at a million of them.
const PIXELS_PER_DASH: u64 = 100;
const MAX_DASHES: f32 = 1e6;

/// Checks a tree drawn by `transform` onto `size`.
pub(super) fn check(tree: &Tree, transform: Transform, size: SizePx, limits: &PhotoLimits) -> Result<(), AssetError> {
    let canvas = Canvas { width: size.width, height: size.height, reach: reach(size) };
    let max_bytes = MAX_LAYER_BYTES.saturating_add(limits.max_pixels.saturating_mul(MAX_LAYER_BYTES_PER_PIXEL));
    Work { pixels: 0, held_bytes: 0, max_bytes }.nodes(tree.root(), transform, canvas)
}

struct Work {
    pixels: u64,
    held_bytes: u64,
    max_bytes: u64,
}

/// What is drawn onto: its size, and how far outside of it layers may reach.
#[derive(Clone, Copy)]
struct Canvas {
    width: u32,
    height: u32,
    reach: Option<Rect>,
}

impl Canvas {
    fn area(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// How much of it a box covers.
    fn covered(self, bounds: Rect, transform: Transform) -> u64 {
        let whole = Rect::from_xywh(0.0, 0.0, self.width as f32, self.height as f32);
        let seen = bounds.transform(transform).zip(whole).and_then(|(bounds, whole)| bounds.intersect(&whole));
        seen.map_or(0, |seen| seen.width().ceil() as u64 * seen.height().ceil() as u64)
    }
}

/// Layers are cut to two canvases to each side.
fn reach(size: SizePx) -> Option<Rect> {
    let (width, height) = (size.width as f32, size.height as f32);
    Rect::from_xywh(-2.0 * width, -2.0 * height, 5.0 * width, 5.0 * height)
}

impl Work {
    fn touch(&mut self, pixels: u64) -> Result<(), AssetError> {
        self.pixels = self.pixels.saturating_add(pixels);
        if self.pixels > MAX_PIXELS_TOUCHED {
            return Err(too_large("the SVG takes too long to draw: its shapes, layers and filters cover too much"));
        }
        Ok(())
    }

    /// Holds `layers` pictures of a canvas while `inside` is counted.
    fn holding(
        &mut self,
        canvas: Canvas,
        layers: u64,
        inside: impl FnOnce(&mut Self) -> Result<(), AssetError>,
    ) -> Result<(), AssetError> {
        let bytes = canvas.area().saturating_mul(4).saturating_mul(layers);
        self.held_bytes = self.held_bytes.saturating_add(bytes);
        if self.held_bytes > self.max_bytes {
            return Err(too_large(format!(
                "the SVG's layers take more than {} bytes at the size that it is drawn at",
                self.max_bytes
            )));
        }
        self.touch(canvas.area().saturating_mul(layers).saturating_mul(2))?;
        inside(self)?;
        self.held_bytes -= bytes;
        Ok(())
    }

    fn nodes(&mut self, group: &Group, transform: Transform, canvas: Canvas) -> Result<(), AssetError> {
        for node in group.children() {
            self.touch(PIXELS_PER_NODE)?;
            match node {
                Node::Group(group) => self.group(group, transform, canvas)?,
                Node::Path(path) => self.path(path, transform, canvas)?,
                Node::Image(image) => self.image(image, transform, canvas)?,
                Node::Text(text) => self.group(text.flattened(), transform, canvas)?,
            }
        }
        Ok(())
    }

    fn group(&mut self, group: &Group, transform: Transform, canvas: Canvas) -> Result<(), AssetError> {
        let transform = transform.pre_concat(group.transform());
        if !group.should_isolate() {
            return self.nodes(group, transform, canvas);
        }
        let bounds = group.layer_bounding_box().to_rect().transform(transform);
        let seen = bounds.zip(canvas.reach).and_then(|(bounds, reach)| bounds.intersect(&reach));
        // Where it cannot be told, as much as a layer can have.
        let Some(seen) = seen.or(canvas.reach) else { return Ok(()) };
        let layer = Canvas { width: seen.width().ceil() as u32 + 4, height: seen.height().ceil() as u32 + 4, ..canvas };
        let transform = Transform::from_translate(-seen.x(), -seen.y()).pre_concat(transform);
        self.holding(layer, 1, |work| {
            work.nodes(group, transform, layer)?;
            for filter in group.filters() {
                work.filter(filter, transform, layer)?;
            }
            if let Some(clip) = group.clip_path() {
                work.clip(clip, transform, layer)?;
            }
            if let Some(mask) = group.mask() {
                work.mask(mask, transform, layer)?;
            }
            Ok(())
        })
    }

    fn clip(&mut self, clip: &ClipPath, transform: Transform, canvas: Canvas) -> Result<(), AssetError> {
        self.touch(PIXELS_PER_NODE)?;
        self.holding(canvas, 2, |work| {
            work.clip_children(clip.root(), transform.pre_concat(clip.transform()), canvas)?;
            clip.clip_path().map_or(Ok(()), |clip| work.clip(clip, transform, canvas))
        })
    }

    fn clip_children(&mut self, group: &Group, transform: Transform, canvas: Canvas) -> Result<(), AssetError> {
        for node in group.children() {
            self.touch(PIXELS_PER_NODE)?;
            match node {
                Node::Path(path) => self.path(path, transform, canvas)?,
                Node::Text(text) => self.clip_children(text.flattened(), transform, canvas)?,
                Node::Group(group) => {
                    let transform = transform.pre_concat(group.transform());
                    match group.clip_path() {
                        Some(clip) => self.holding(canvas, 1, |work| {
                            work.clip_children(group, transform, canvas)?;
                            work.clip(clip, transform, canvas)
                        })?,
                        None => self.clip_children(group, transform, canvas)?,
                    }
                }
                Node::Image(_) => {}
            }
        }
        Ok(())
    }

    fn mask(&mut self, mask: &Mask, transform: Transform, canvas: Canvas) -> Result<(), AssetError> {
        self.touch(PIXELS_PER_NODE)?;
        self.holding(canvas, 2, |work| {
            work.nodes(mask.root(), transform, canvas)?;
            mask.mask().map_or(Ok(()), |mask| work.mask(mask, transform, canvas))
        })
    }

    fn path(&mut self, path: &Path, transform: Transform, canvas: Canvas) -> Result<(), AssetError> {
        if !path.is_visible() {
            return Ok(());
        }
        self.touch((path.data().len() as u64).saturating_mul(PIXELS_PER_SEGMENT))?;
        if let Some(fill) = path.fill() {
            self.touch(canvas.covered(path.bounding_box(), transform))?;
            self.paint(fill.paint(), transform, canvas)?;
        }
        if let Some(stroke) = path.stroke() {
            self.touch(canvas.covered(path.stroke_bounding_box(), transform))?;
            self.touch(dashes(path, stroke).saturating_mul(PIXELS_PER_DASH))?;
            self.paint(stroke.paint(), transform, canvas)?;
        }
        Ok(())
    }

    fn paint(&mut self, paint: &Paint, transform: Transform, canvas: Canvas) -> Result<(), AssetError> {
        match paint {
            Paint::Pattern(pattern) => self.pattern(pattern, transform, canvas),
            Paint::Color(_) | Paint::LinearGradient(_) | Paint::RadialGradient(_) => Ok(()),
        }
    }

    /// One tile, drawn anew for each shape.
    fn pattern(&mut self, pattern: &Pattern, transform: Transform, canvas: Canvas) -> Result<(), AssetError> {
        let (x, y) = transform.pre_concat(pattern.transform()).get_scale();
        let side = |length: f32, scale: f32| (length * scale).abs().round() as u32;
        let tile = Canvas {
            width: side(pattern.rect().width(), x),
            height: side(pattern.rect().height(), y),
            reach: canvas.reach,
        };
        self.touch(PIXELS_PER_NODE)?;
        self.holding(tile, 1, |work| work.nodes(pattern.root(), Transform::from_scale(x, y), tile))
    }

    fn image(&mut self, image: &Image, transform: Transform, canvas: Canvas) -> Result<(), AssetError> {
        if !image.is_visible() {
            return Ok(());
        }
        match image.kind() {
            // On a layer of its own.
            ImageKind::SVG(tree) => {
                let layer = Canvas { reach: reach(SizePx::new(canvas.width, canvas.height)), ..canvas };
                self.holding(layer, 1, |work| work.nodes(tree.root(), transform, layer))
            }
            // Unpacked each time that it is drawn.
            _ => {
                let size = image.size();
                let side = |length: f32| length.ceil() as u32;
                let pixels = Canvas { width: side(size.width()), height: side(size.height()), reach: None };
                self.holding(pixels, 2, |work| {
                    let bounds = Rect::from_xywh(0.0, 0.0, size.width(), size.height());
                    work.touch(bounds.map_or(0, |bounds| canvas.covered(bounds, transform)).saturating_mul(10))
                })
            }
        }
    }

    fn filter(&mut self, filter: &Filter, transform: Transform, canvas: Canvas) -> Result<(), AssetError> {
        // Every step's result is kept to the end.
        let steps = filter.primitives().len() as u64 + 2;
        self.holding(canvas, steps, |work| {
            for step in filter.primitives() {
                let (x, y) = transform.get_scale();
                let window = |radius: f32, scale: f32, most: u32| {
                    let reach = (radius * scale).abs().round() as u64;
                    (2 * reach + 1).min(u64::from(most))
                };
                let times = match step.kind() {
                    Kind::Blend(_) | Kind::Flood(_) | Kind::Offset(_) | Kind::Tile(_) | Kind::Composite(_) => 8,
                    Kind::ColorMatrix(_) | Kind::ComponentTransfer(_) | Kind::DisplacementMap(_) => 16,
                    Kind::Merge(merge) => 4 * (merge.inputs().len() as u64 + 1),
                    Kind::DiffuseLighting(_) | Kind::SpecularLighting(_) => 60,
                    Kind::GaussianBlur(_) | Kind::DropShadow(_) => 40,
                    Kind::ConvolveMatrix(matrix) => {
                        let matrix = matrix.matrix();
                        8 + 2 * u64::from(matrix.columns()) * u64::from(matrix.rows())
                    }
                    Kind::Morphology(morphology) => {
                        let across = window(morphology.radius_x().get(), x, canvas.width);
                        let down = window(morphology.radius_y().get(), y, canvas.height);
                        8 + across.saturating_mul(down)
                    }
                    Kind::Turbulence(turbulence) => 20 + 60 * u64::from(turbulence.num_octaves()),
                    Kind::Image(image) => {
                        work.nodes(image.root(), transform, canvas)?;
                        8
                    }
                };
                work.touch(canvas.area().saturating_mul(times))?;
            }
            Ok(())
        })
    }
}

/// How many dashes a stroke comes to.
fn dashes(path: &Path, stroke: &Stroke) -> u64 {
    let Some(dashes) = stroke.dasharray() else { return 0 };
    let period = dashes.iter().sum::<f32>();
    // The control points' polygon is at least as long as the curve.
    let points = path.data().points();
    let length = points.windows(2).map(|pair| (pair[1] - pair[0]).length()).sum::<f32>();
    (length / period * dashes.len() as f32).clamp(0.0, MAX_DASHES) as u64
}
