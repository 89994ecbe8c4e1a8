//! From placed boxes to display items: rounding to whole pixels, paint, shadows, photos, stars, isolates.
//!
//! Items are emitted in `canvas pixels × scale`; an isolate's items are then moved so that its texture starts at
//! the origin. `scale` is 1, and doubles inside a rotated isolate, where text and edges are drawn larger and
//! come down again when the texture is turned.

use std::sync::Arc;

use crate::pixels::{PointF, RectF, RectPx, SizePx};
use crate::template::scene::{BoxStyle, Image, Layer, LayerKind, Mask, Overflow, Rating, Scene, Stroke};

use super::boxes::{Content, Placed};
use super::display_list::{
    Clip, DisplayList, Isolate, Item, MAX_ISOLATE_DEPTH, Outline, Paint, PhotoItem, Rotation, Shadow, Shape, Warning,
};
use super::text::TextFault;
use super::{LayoutError, Photos, paint, photo, text_items};

/// Greatest scale of nested rotated isolates.
const MAX_SCALE: u32 = 4;
/// A photo may be enlarged this much before a warning.
const UPSCALE_WARNING: f32 = 1.05;

/// Emits every layer of a canvas.
pub fn emit(scene: &Scene, placed: &[Placed<'_>], photos: &Photos) -> Result<DisplayList, LayoutError> {
    let mut emitter = Emitter { photos, warnings: Vec::new() };
    let surface = Surface { scale: 1, visible: Some(scene.size.rect()), canvas: scene.size, depth: 0 };
    let mut items = Vec::new();
    for layer in placed {
        emitter.layer(layer, &surface, &mut items)?;
    }
    items.retain(|item| item.bounds().overlaps(scene.size.rect()));
    Ok(DisplayList { size: scene.size, items, warnings: emitter.warnings })
}

/// What is being drawn on.
#[derive(Clone, Copy)]
pub(super) struct Surface {
    pub(super) scale: u32,
    /// The pixels that can be seen, in canvas pixels × scale; `None` where a rotation may bring anything into view.
    pub(super) visible: Option<RectPx>,
    canvas: SizePx,
    depth: usize,
}

impl Surface {
    /// A surface one isolate deeper, or the error that there is none.
    pub(super) fn deeper(&self, layer: &Layer) -> Result<Self, LayoutError> {
        if self.depth >= MAX_ISOLATE_DEPTH {
            return Err(LayoutError::TooDeep { path: layer.path.clone() });
        }
        Ok(Self { depth: self.depth + 1, ..*self })
    }
}

struct Emitter<'p> {
    photos: &'p Photos,
    warnings: Vec<Warning>,
}

impl Emitter<'_> {
    fn layer(&mut self, placed: &Placed<'_>, on: &Surface, out: &mut Vec<Item>) -> Result<(), LayoutError> {
        let layer = placed.layer;
        let opacity = layer.opacity.clamp(0.0, 1.0);
        if opacity <= 0.0 {
            return Ok(());
        }
        if layer.rotation_degrees.rem_euclid(360.0) != 0.0 {
            return self.rotated(placed, on, opacity, out);
        }
        if opacity >= 1.0 {
            return self.upright(placed, on, out);
        }
        let mut items = Vec::new();
        self.upright(placed, &on.deeper(layer)?, &mut items)?;
        if items.len() == 1 && carries_opacity(&items[0]) {
            out.extend(items.into_iter().map(|item| faded(item, opacity)));
        } else {
            out.extend(isolate(items, on, None, opacity));
        }
        Ok(())
    }

    /// A layer's own look and what is inside it, cut where it asks for that.
    fn upright(&mut self, placed: &Placed<'_>, on: &Surface, out: &mut Vec<Item>) -> Result<(), LayoutError> {
        let layer = placed.layer;
        let rect = scaled(placed.rect, on.scale);
        let outline = outline_of(layer, rect, on.scale);
        self.own_look(layer, rect, outline, on, out);
        let has_inside = !matches!(layer.kind, LayerKind::Rect | LayerKind::Ellipse | LayerKind::Image(_));
        if layer.overflow == Overflow::Visible || !has_inside {
            out.extend(stroke(layer, rect, outline, on.scale));
            return self.inside(placed, on, out);
        }
        let mut inside = Vec::new();
        self.inside(placed, &on.deeper(layer)?, &mut inside)?;
        out.extend(isolate(inside, on, Some(Clip { rect, outline }), 1.0));
        // What is cut at the edge must not lie on the line along it.
        out.extend(stroke(layer, rect, outline, on.scale));
        Ok(())
    }

    /// Draws a layer upright on a texture of its own, to be turned about the centre of its box.
    fn rotated(
        &mut self,
        placed: &Placed<'_>,
        on: &Surface,
        opacity: f32,
        out: &mut Vec<Item>,
    ) -> Result<(), LayoutError> {
        let layer = placed.layer;
        let factor = if on.scale < MAX_SCALE { 2 } else { 1 };
        let scale = on.scale * factor;
        let above = placed.rect;
        let pivot = PointF {
            x: (above.x + above.width / 2.0) * on.scale as f32,
            y: (above.y + above.height / 2.0) * on.scale as f32,
        };
        let inner = Surface { scale, visible: None, ..on.deeper(layer)? };
        let mut items = Vec::new();
        self.upright(placed, &inner, &mut items)?;
        // Farther from the pivot than the farthest corner of the canvas, nothing can turn into view.
        let (width, height) = ((on.canvas.width * on.scale) as f32, (on.canvas.height * on.scale) as f32);
        let reach = pivot.x.abs().max((width - pivot.x).abs()).hypot(pivot.y.abs().max((height - pivot.y).abs()));
        let within = RectF::new(pivot.x - reach, pivot.y - reach, reach * 2.0, reach * 2.0).outer();
        let content = items.iter().fold(RectPx::default(), |bounds, item| bounds.union(item.bounds()));
        let bounds = shrink_to_multiple(content, factor as i32).inflated(1).intersection(within);
        if bounds.is_empty() {
            return Ok(());
        }
        let (dx, dy) = (-bounds.x * factor as i32, -bounds.y * factor as i32);
        for item in &mut items {
            translate(item, dx, dy);
        }
        let rotation = Some(Rotation { degrees: layer.rotation_degrees, pivot });
        out.push(Item::Isolate(Box::new(Isolate {
            bounds,
            scale: factor,
            items,
            opacity,
            rotation,
            clip: None,
            blur: None,
            tint: None,
        })));
        Ok(())
    }

    /// Shadow, fill and photo of the box itself.
    fn own_look(&mut self, layer: &Layer, rect: RectPx, outline: Outline, on: &Surface, out: &mut Vec<Item>) {
        if rect.is_empty() {
            return;
        }
        let style = &layer.style;
        let (inner, inner_outline) = inside_stroke(layer, rect, outline, on.scale);
        let photo = match &layer.kind {
            LayerKind::Image(image) => self.photo(layer, image, rect, (inner, inner_outline), on.scale),
            _ => None,
        };
        let photo_covers = photo.as_ref().is_some_and(|item| item.rect.contains(rect) && !item.photo.has_alpha);
        let fill_covers = style.fill.as_ref().is_some_and(paint::is_opaque);
        shadows(style, rect, outline, on.scale, photo_covers || fill_covers, out);
        if let Some(fill) = &style.fill
            && !photo_covers
        {
            let paint = paint::resolve(fill, rect.to_f(), on.scale as f32, 1.0);
            out.push(Item::Shape(Shape { rect: inner, outline: inner_outline, paint, stroke_px: None }));
        }
        out.extend(photo.map(Item::Photo));
    }

    /// Children, text and stars.
    fn inside(&mut self, placed: &Placed<'_>, on: &Surface, out: &mut Vec<Item>) -> Result<(), LayoutError> {
        match (&placed.content, &placed.layer.kind) {
            (Content::Children(children), _) => {
                for child in children {
                    self.layer(child, on, out)?;
                }
            }
            (Content::Text(block), LayerKind::Text(text)) => {
                text_items::emit(text, block, placed, on, out)?;
                self.faults(&placed.layer.path, &block.faults);
            }
            (Content::Leaf, LayerKind::Rating(rating)) => stars(rating, placed.rect, on.scale, out),
            (Content::Leaf | Content::Text(_), _) => {}
        }
        Ok(())
    }

    fn photo(
        &mut self,
        layer: &Layer,
        image: &Image,
        rect: RectPx,
        (mask_rect, mask): (RectPx, Outline),
        scale: u32,
    ) -> Option<PhotoItem> {
        let photo = self.photos.get(&image.src)?;
        let place = photo::place(image, photo.size, rect, scale as f32)?;
        let magnification = place.magnification / scale as f32;
        for note in &photo.notes {
            let (code, message) = (note.code, note.message.clone());
            self.warnings.push(Warning { code, path: layer.path.clone(), message });
        }
        if magnification > UPSCALE_WARNING && !photo.is_vector {
            let message = format!(
                "a photo of {}x{} px is enlarged {magnification:.2} times",
                photo.size.width, photo.size.height
            );
            self.warnings.push(Warning { code: "photo_upscaled", path: layer.path.clone(), message });
        }
        Some(PhotoItem { photo: Arc::clone(photo), crop: place.crop, rect: place.rect, mask_rect, mask, opacity: 1.0 })
    }

    fn faults(&mut self, path: &Arc<str>, faults: &[TextFault]) {
        for fault in faults {
            let (code, message) = match fault {
                TextFault::ShrunkToFloor { floor_px } => {
                    ("shrunk_to_floor", format!("the text is shrunk to the smallest size allowed, {floor_px} px"))
                }
                TextFault::Truncated => ("truncated", "some of the text is cut off".to_owned()),
                TextFault::MissingGlyphs { characters, has_unreadable_font } => {
                    let codes: Vec<String> = characters.chars().map(|c| format!("U+{:04X}", c as u32)).collect();
                    let why = if *has_unreadable_font { " (colour fonts need bitmaps, CBDT or sbix)" } else { "" };
                    ("missing_glyph", format!("no font of the template has {}{why}", codes.join(" ")))
                }
                TextFault::FrameTooLow => ("frame_too_low", "the frame is lower than one line".to_owned()),
            };
            self.warnings.push(Warning { code, path: path.clone(), message });
        }
    }
}

fn scaled(rect: RectF, scale: u32) -> RectPx {
    let scale = scale as f32;
    RectF::new(rect.x * scale, rect.y * scale, rect.width * scale, rect.height * scale).rounded()
}

/// Where fill and photo end: an opaque stroke covers their edge, which would otherwise shine through its own.
fn inside_stroke(layer: &Layer, rect: RectPx, outline: Outline, scale: u32) -> (RectPx, Outline) {
    let covers = |stroke: &Stroke| stroke.color.a >= 1.0 && stroke.width * scale as f32 >= 2.0;
    if !layer.style.stroke.as_ref().is_some_and(covers) || rect.width <= 4 || rect.height <= 4 {
        return (rect, outline);
    }
    let inner = RectPx::new(rect.x + 1, rect.y + 1, rect.width - 2, rect.height - 2);
    let outline = match outline {
        Outline::RoundedRect(radii) => {
            Outline::RoundedRect(paint::spread_radii(radii, -1.0, inner.width as f32, inner.height as f32))
        }
        other => other,
    };
    (inner, outline)
}

/// The line inside the edge of a box.
fn stroke(layer: &Layer, rect: RectPx, outline: Outline, scale: u32) -> Option<Item> {
    let stroke = layer.style.stroke.filter(|stroke| stroke.width > 0.0 && !rect.is_empty())?;
    let paint = Paint::Solid(stroke.color);
    let width = (stroke.width * scale as f32).min(rect.width.min(rect.height) as f32 / 2.0);
    Some(Item::Shape(Shape { rect, outline, paint, stroke_px: Some(width) }))
}

/// The form of a layer's box.
fn outline_of(layer: &Layer, rect: RectPx, scale: u32) -> Outline {
    match &layer.kind {
        LayerKind::Ellipse => Outline::Ellipse,
        LayerKind::Image(image) if image.mask == Mask::Ellipse => Outline::Ellipse,
        _ => Outline::RoundedRect(paint::corner_radii(
            layer.style.radius,
            rect.width as f32,
            rect.height as f32,
            scale as f32,
        )),
    }
}

fn shadows(style: &BoxStyle, rect: RectPx, outline: Outline, scale: u32, covered: bool, out: &mut Vec<Item>) {
    for shadow in style.shadows.iter().rev() {
        let scale = scale as f32;
        let spread = (shadow.spread * scale).round() as i32;
        let moved = rect.translated((shadow.x * scale).round() as i32, (shadow.y * scale).round() as i32);
        let grown = RectPx {
            x: moved.x - spread,
            y: moved.y - spread,
            width: moved.width.saturating_add_signed(spread.saturating_mul(2)),
            height: moved.height.saturating_add_signed(spread.saturating_mul(2)),
        };
        if grown.is_empty() || shadow.color.a <= 0.0 {
            continue;
        }
        let (width, height) = (grown.width as f32, grown.height as f32);
        out.push(Item::Shadow(Shadow {
            rect: grown,
            outline: match outline {
                Outline::RoundedRect(radii) => {
                    Outline::RoundedRect(paint::spread_radii(radii, spread as f32, width, height))
                }
                Outline::Ellipse | Outline::Star { .. } => Outline::Ellipse,
            },
            sigma_px: (shadow.blur * scale / 2.0).clamp(0.0, 512.0),
            color: shadow.color,
            hidden_below: covered.then_some((rect, outline)),
            cutout: (!covered).then_some((rect, outline)),
        }));
    }
}

fn stars(rating: &Rating, rect: RectF, scale: u32, out: &mut Vec<Item>) {
    for index in 0..rating.max {
        let x = rect.x + index as f32 * (rating.star_px + rating.gap_px);
        let star = scaled(RectF::new(x, rect.y, rating.star_px, rating.star_px), scale);
        if star.is_empty() {
            continue;
        }
        // On a whole pixel, so that no background shines through between the parts.
        let width = star.width as f32;
        let filled = ((rating.value - index as f32).clamp(0.0, 1.0) * width).round() / width;
        for (from, to, color) in [(0.0, filled, rating.color), (filled, 1.0, rating.empty_color)] {
            if to > from && color.a > 0.0 {
                let outline = Outline::Star { from, to };
                out.push(Item::Shape(Shape { rect: star, outline, paint: Paint::Solid(color), stroke_px: None }));
            }
        }
    }
}

/// Puts items on a texture of their own, as large as what they touch and can be seen. `None`: nothing can.
pub(super) fn isolate(mut items: Vec<Item>, on: &Surface, clip: Option<Clip>, opacity: f32) -> Option<Item> {
    let mut bounds = items.iter().fold(RectPx::default(), |bounds, item| bounds.union(item.bounds()));
    if let Some(clip) = clip {
        bounds = bounds.intersection(clip.rect);
    }
    if let Some(visible) = on.visible {
        bounds = bounds.intersection(visible);
    }
    if bounds.is_empty() {
        return None;
    }
    items.retain(|item| item.bounds().overlaps(bounds));
    for item in &mut items {
        translate(item, -bounds.x, -bounds.y);
    }
    Some(Item::Isolate(Box::new(Isolate {
        bounds,
        scale: 1,
        items,
        opacity,
        rotation: None,
        clip,
        blur: None,
        tint: None,
    })))
}

/// The smallest rectangle on a grid of 1/`factor` that holds `rect`, in units of `factor`.
fn shrink_to_multiple(rect: RectPx, factor: i32) -> RectPx {
    if rect.is_empty() {
        return RectPx::default();
    }
    let (x, y) = (rect.x.div_euclid(factor), rect.y.div_euclid(factor));
    let right = -(-rect.right()).div_euclid(factor);
    let bottom = -(-rect.bottom()).div_euclid(factor);
    RectPx::new(x, y, (right - x) as u32, (bottom - y) as u32)
}

/// Whether a single item can carry its group's opacity itself: not text whose glyphs bring their own colours.
fn carries_opacity(item: &Item) -> bool {
    !matches!(item, Item::Text(text) if !text.line.colors().is_plain())
}

/// A single item carries its group's opacity itself.
fn faded(item: Item, opacity: f32) -> Item {
    match item {
        Item::Shape(mut shape) => {
            match &mut shape.paint {
                Paint::Solid(color) => *color = color.faded(opacity),
                Paint::Linear { opacity: own, .. } | Paint::Radial { opacity: own, .. } => *own *= opacity,
            }
            Item::Shape(shape)
        }
        Item::Shadow(mut shadow) => {
            shadow.color = shadow.color.faded(opacity);
            Item::Shadow(shadow)
        }
        Item::Photo(mut photo) => {
            photo.opacity *= opacity;
            Item::Photo(photo)
        }
        Item::Text(mut text) => {
            text.color = text.color.faded(opacity);
            Item::Text(text)
        }
        Item::Isolate(mut isolate) => {
            isolate.opacity *= opacity;
            Item::Isolate(isolate)
        }
    }
}

/// Moves an item by whole pixels.
pub(super) fn translate(item: &mut Item, dx: i32, dy: i32) {
    let move_point = |point: &mut PointF| {
        point.x += dx as f32;
        point.y += dy as f32;
    };
    match item {
        Item::Shape(shape) => {
            shape.rect = shape.rect.translated(dx, dy);
            match &mut shape.paint {
                Paint::Solid(_) => {}
                Paint::Linear { start, end, .. } => {
                    move_point(start);
                    move_point(end);
                }
                Paint::Radial { center, .. } => move_point(center),
            }
        }
        Item::Shadow(shadow) => {
            shadow.rect = shadow.rect.translated(dx, dy);
            for (rect, _) in [&mut shadow.cutout, &mut shadow.hidden_below].into_iter().flatten() {
                *rect = rect.translated(dx, dy);
            }
        }
        Item::Photo(photo) => {
            photo.rect = photo.rect.translated(dx, dy);
            photo.mask_rect = photo.mask_rect.translated(dx, dy);
        }
        Item::Text(text) => {
            text.x += dx;
            text.baseline_y += dy;
        }
        Item::Isolate(isolate) => {
            isolate.bounds = isolate.bounds.translated(dx, dy);
            if let Some(clip) = &mut isolate.clip {
                clip.rect = clip.rect.translated(dx, dy);
            }
            if let Some(rotation) = &mut isolate.rotation {
                move_point(&mut rotation.pivot);
            }
        }
    }
}
