//! Boxes: where every layer lies on the canvas, in fractions of pixels.
//!
//! Frames are resolved against the parent's box; stacks hand their children to [`super::flex`]. Text is set here,
//! because how much room it needs decides boxes.

use std::collections::HashMap;

use crate::pixels::RectF;
use crate::template::scene::{Frame, Layer, LayerKind, Length, Scene, Text};

use super::text::{MAX_TEXT_BYTES, TextBlock};
use super::{LayoutError, Photos, Shaper, flex};

/// No box may be wider or higher.
const MAX_SIDE_PX: f32 = 32_000.0;
/// Steps that one canvas may take: groups and stacks that hug each other may ask for sizes that double with depth.
const MAX_STEPS: usize = 200_000;
/// Setting this much text is at most as much work as placing some boxes: 40 of the longest texts fill a canvas.
const TEXT_BYTES_PER_STEP: usize = 4;

/// A layer with its box and what is inside.
pub struct Placed<'s> {
    /// What it is.
    pub layer: &'s Layer,
    /// Its box in canvas pixels.
    pub rect: RectF,
    /// What is inside.
    pub content: Content<'s>,
}

/// What a box holds.
pub enum Content<'s> {
    /// Nothing that needs a place of its own.
    Leaf,
    /// Text, set for the box.
    Text(TextBlock),
    /// Layers.
    Children(Vec<Placed<'s>>),
}

/// A layer, and the bits of its known width, known height and room.
type Asked = (*const Layer, [Option<u32>; 3]);

/// What boxes are made from.
pub struct Context<'c> {
    /// Photo sizes.
    pub photos: &'c Photos,
    /// Sets text.
    pub shaper: &'c mut Shaper,
    /// Sizes found before, by layer and what was known: hugging boxes ask over and over.
    sizes: HashMap<Asked, (f32, f32)>,
    steps: usize,
}

impl<'c> Context<'c> {
    fn new(photos: &'c Photos, shaper: &'c mut Shaper) -> Self {
        Self { photos, shaper, sizes: HashMap::new(), steps: 0 }
    }

    /// Counts work on a layer.
    ///
    /// # Errors
    /// [`LayoutError::TooComplex`] when a canvas takes too much.
    pub fn spend(&mut self, layer: &Layer) -> Result<(), LayoutError> {
        let text_bytes: usize = match &layer.kind {
            LayerKind::Text(text) => text.spans.iter().map(|span| span.text.len()).sum(),
            _ => 0,
        };
        self.steps += 1 + text_bytes / TEXT_BYTES_PER_STEP;
        if self.steps > MAX_STEPS {
            return Err(LayoutError::TooComplex { path: layer.path.clone() });
        }
        Ok(())
    }
}

/// Places every layer of a scene.
pub fn place_all<'s>(scene: &'s Scene, photos: &Photos, shaper: &mut Shaper) -> Result<Vec<Placed<'s>>, LayoutError> {
    let canvas = RectF::new(0.0, 0.0, scene.size.width as f32, scene.size.height as f32);
    let mut context = Context::new(photos, shaper);
    scene.layers.iter().map(|layer| place(layer, canvas, &mut context)).collect()
}

/// Places a layer by its frame within `parent`.
pub fn place<'s>(layer: &'s Layer, parent: RectF, context: &mut Context<'_>) -> Result<Placed<'s>, LayoutError> {
    let rect = frame_rect(layer, parent, context)?;
    fill_in(layer, rect, context)
}

/// A layer's box by its frame within `parent`.
fn frame_rect(layer: &Layer, parent: RectF, context: &mut Context<'_>) -> Result<RectF, LayoutError> {
    context.spend(layer)?;
    let frame = fill_by_default(layer);
    let left = frame.left.map(|length| length.resolve(parent.width));
    let right = frame.right.map(|length| length.resolve(parent.width));
    let top = frame.top.map(|length| length.resolve(parent.height));
    let bottom = frame.bottom.map(|length| length.resolve(parent.height));

    let width = side(frame.width, (left, right), frame.center_x, parent.width);
    let height = side(frame.height, (top, bottom), frame.center_y, parent.height);
    let width = width.map(|width| clamp(width, frame.min_width, frame.max_width, parent.width));
    let height = height.map(|height| clamp(height, frame.min_height, frame.max_height, parent.height));

    let room_width = (parent.width - left.unwrap_or(0.0) - right.unwrap_or(0.0)).max(0.0);
    let room_width = clamp(room_width, None, frame.max_width, parent.width);
    let (hug_width, hug_height) = match (width, height) {
        (Some(width), Some(height)) => (width, height),
        _ => natural_size(layer, (width, height), Some(room_width), context)?,
    };
    let width = width.unwrap_or_else(|| clamp(hug_width, frame.min_width, frame.max_width, parent.width));
    let height = height.unwrap_or_else(|| clamp(hug_height, frame.min_height, frame.max_height, parent.height));

    let x = parent.x + start((left, right), frame.center_x, width, parent.width);
    let y = parent.y + start((top, bottom), frame.center_y, height, parent.height);
    Ok(RectF::new(x, y, width, height))
}

/// Puts content into a box whose rectangle is final.
pub fn fill_in<'s>(layer: &'s Layer, rect: RectF, context: &mut Context<'_>) -> Result<Placed<'s>, LayoutError> {
    check_box(layer, rect)?;
    let content = match &layer.kind {
        LayerKind::Rect | LayerKind::Ellipse | LayerKind::Image(_) | LayerKind::Rating(_) => Content::Leaf,
        LayerKind::Text(text) => {
            check_length(layer, text)?;
            Content::Text(context.shaper.set(text, Some(rect.width), Some(rect.height)))
        }
        LayerKind::Group(layers) => {
            Content::Children(layers.iter().map(|child| place(child, rect, context)).collect::<Result<_, _>>()?)
        }
        LayerKind::Stack(stack) => Content::Children(flex::place_children(stack, rect, context)?),
    };
    Ok(Placed { layer, rect, content })
}

/// Refuses a box that is too large to draw.
pub fn check_box(layer: &Layer, rect: RectF) -> Result<(), LayoutError> {
    if rect.width <= MAX_SIDE_PX && rect.height <= MAX_SIDE_PX && rect.x.is_finite() && rect.y.is_finite() {
        return Ok(());
    }
    Err(LayoutError::BoxTooLarge {
        path: layer.path.clone(),
        width: rect.width.min(1e9) as u64,
        height: rect.height.min(1e9) as u64,
        limit: MAX_SIDE_PX as u32,
    })
}

/// The size a layer would like, given what is known of it and how much width there is.
pub fn natural_size(
    layer: &Layer,
    known: (Option<f32>, Option<f32>),
    room_width: Option<f32>,
    context: &mut Context<'_>,
) -> Result<(f32, f32), LayoutError> {
    let asked = (std::ptr::from_ref(layer), [known.0, known.1, room_width].map(|px| px.map(f32::to_bits)));
    if let Some(size) = context.sizes.get(&asked) {
        return Ok(*size);
    }
    context.spend(layer)?;
    let size = find_natural_size(layer, known, room_width, context)?;
    context.sizes.insert(asked, size);
    Ok(size)
}

fn find_natural_size(
    layer: &Layer,
    known: (Option<f32>, Option<f32>),
    room_width: Option<f32>,
    context: &mut Context<'_>,
) -> Result<(f32, f32), LayoutError> {
    let (width, height) = match &layer.kind {
        LayerKind::Rect | LayerKind::Ellipse => (0.0, 0.0),
        LayerKind::Rating(rating) => {
            let stars = rating.max as f32;
            (stars * rating.star_px + (stars - 1.0).max(0.0) * rating.gap_px, rating.star_px)
        }
        LayerKind::Image(image) => match context.photos.get(&image.src) {
            Some(photo) => {
                let (width, height) = (photo.size.width.max(1) as f32, photo.size.height.max(1) as f32);
                match known {
                    (Some(known), None) => (known, known * height / width),
                    (None, Some(known)) => (known * width / height, known),
                    _ => (width, height),
                }
            }
            None => (0.0, 0.0),
        },
        LayerKind::Text(text) => {
            check_length(layer, text)?;
            context.shaper.measure(text, known.0.or(room_width))
        }
        LayerKind::Stack(stack) => flex::measure(stack, known, room_width, context)?,
        LayerKind::Group(layers) => {
            let (mut right, mut bottom) = (0.0_f32, 0.0_f32);
            let parent = RectF::new(0.0, 0.0, known.0.or(room_width).unwrap_or(0.0), known.1.unwrap_or(0.0));
            for child in layers {
                let rect = frame_rect(child, parent, context)?;
                right = right.max(rect.right());
                bottom = bottom.max(rect.bottom());
            }
            (right, bottom)
        }
    };
    Ok((known.0.unwrap_or(width), known.1.unwrap_or(height)))
}

fn check_length(layer: &Layer, text: &Text) -> Result<(), LayoutError> {
    let bytes = text.spans.iter().map(|span| span.text.len()).sum();
    if bytes > MAX_TEXT_BYTES {
        return Err(LayoutError::TextTooLong { path: layer.path.clone(), bytes, limit: MAX_TEXT_BYTES });
    }
    Ok(())
}

/// Layers without a size of their own fill the parent along an axis that the frame says nothing of.
fn fill_by_default(layer: &Layer) -> Frame {
    let mut frame = layer.frame;
    let fills = match &layer.kind {
        LayerKind::Rect | LayerKind::Ellipse | LayerKind::Group(_) | LayerKind::Image(_) => true,
        LayerKind::Stack(_) | LayerKind::Text(_) | LayerKind::Rating(_) => false,
    };
    let is_photo = matches!(layer.kind, LayerKind::Image(_));
    if fills && frame.width.is_none() && !frame.center_x && !(is_photo && frame.height.is_some()) {
        frame.left.get_or_insert(Length::Px(0.0));
        frame.right.get_or_insert(Length::Px(0.0));
    }
    if fills && frame.height.is_none() && !frame.center_y && !(is_photo && layer.frame.width.is_some()) {
        frame.top.get_or_insert(Length::Px(0.0));
        frame.bottom.get_or_insert(Length::Px(0.0));
    }
    frame
}

/// A definite width or height, from the frame or from two opposite pins.
fn side(size: Option<Length>, pins: (Option<f32>, Option<f32>), centered: bool, whole: f32) -> Option<f32> {
    match (size, pins) {
        (Some(length), _) => Some(length.resolve(whole).max(0.0)),
        (None, (Some(before), Some(after))) if !centered => Some((whole - before - after).max(0.0)),
        _ => None,
    }
}

fn clamp(value: f32, min: Option<Length>, max: Option<Length>, whole: f32) -> f32 {
    let most = max.map_or(f32::INFINITY, |length| length.resolve(whole));
    let least = min.map_or(0.0, |length| length.resolve(whole));
    value.min(most).max(least).max(0.0)
}

/// Where a box starts within its parent.
fn start(pins: (Option<f32>, Option<f32>), centered: bool, size: f32, whole: f32) -> f32 {
    match pins {
        (offset, _) if centered => (whole - size) / 2.0 + offset.unwrap_or(0.0),
        (Some(before), _) => before,
        (None, Some(after)) => whole - after - size,
        (None, None) => 0.0,
    }
}
