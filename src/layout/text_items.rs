//! Set text as display items: lines of glyphs, decorations along them, shadows below.
//!
//! From the bottom up, as CSS paints (Text Decoration 4, 5.1): shadows, the last one first; lines under and over
//! the text; glyphs; lines through the text. A blurred shadow is the text and its decorations once more in an
//! isolate within an isolate, one for each axis of the blur, tinted as they are composited.

use std::sync::Arc;

use crate::assets::LineMetrics;
use crate::pixels::{Color, RectPx};
use crate::template::scene::{Decoration, Text, TextAlign, TextShadow, VerticalAlign};

use super::LayoutError;
use super::boxes::Placed;
use super::display_list::{Blur, Isolate, Item, MAX_BLUR_SIGMA_PX, Outline, Paint, Shape, TextItem};
use super::emit::{Surface, isolate, translate};
use super::text::{SetLine, TextBlock};

/// A weaker blur cannot be seen.
const MIN_SIGMA_PX: f32 = 0.1;

/// The items of a text layer.
///
/// # Errors
/// [`LayoutError::TooDeep`] where a shadow needs more isolates than there may be.
pub(super) fn emit(
    text: &Text,
    block: &TextBlock,
    placed: &Placed<'_>,
    on: &Surface,
    out: &mut Vec<Item>,
) -> Result<(), LayoutError> {
    let mut layers = Layers::default();
    for line in positioned(text, block, placed, on.scale) {
        layers.add(text, &line, on.scale);
    }
    for shadow in text.shadows.iter().rev().filter(|shadow| shadow.color.a > 0.0) {
        self::shadow(text, shadow, &layers, placed, on, out)?;
    }
    let Layers { below, lines, above } = layers;
    out.extend(below);
    for line in lines {
        out.extend(seen_through(line, placed, on)?);
    }
    out.extend(above);
    Ok(())
}

/// A line at its place.
struct Positioned<'b> {
    set: &'b SetLine,
    x: i32,
    baseline_y: i32,
}

fn positioned<'b>(
    text: &Text,
    block: &'b TextBlock,
    placed: &Placed<'_>,
    scale: u32,
) -> impl Iterator<Item = Positioned<'b>> {
    let (align, rect, scale) = (text.align, placed.rect, scale as f32);
    let free_height = rect.height - block.height_px;
    let top = rect.y
        + match text.valign {
            VerticalAlign::Top => 0.0,
            VerticalAlign::Middle => (free_height / 2.0).max(0.0),
            VerticalAlign::Bottom => free_height.max(0.0),
        };
    block.lines.iter().map(move |set| {
        let free_width = rect.width - set.line.width_px();
        let share = match (align, set.rtl) {
            (TextAlign::Left, _) | (TextAlign::Start, false) | (TextAlign::End, true) => 0.0,
            (TextAlign::Center, _) => 0.5,
            (TextAlign::Right, _) | (TextAlign::End, false) | (TextAlign::Start, true) => 1.0,
        };
        let x = rect.x + free_width * share;
        Positioned { set, x: (x * scale).round() as i32, baseline_y: ((top + set.baseline_px) * scale).round() as i32 }
    })
}

/// The items of a text, from the bottom up.
#[derive(Default)]
struct Layers {
    below: Vec<Item>,
    lines: Vec<TextItem>,
    above: Vec<Item>,
}

impl Layers {
    fn add(&mut self, text: &Text, line: &Positioned<'_>, scale: u32) {
        let &Positioned { set, x, baseline_y } = line;
        for (ordinal, span) in set.spans.iter().map(|span| &text.spans[span.index]).enumerate() {
            let Decoration { underline, line_through, overline, color, thickness_px } = span.decoration;
            if !(underline || line_through || overline) {
                continue;
            }
            let set_span = &set.spans[ordinal];
            let size_px = set_span.size_px * scale as f32;
            let thickness = |line: LineMetrics| {
                let px = thickness_px.map_or(line.thickness * size_px, |px| {
                    // Shrunk text has thinner lines.
                    px * size_px / span.font.size_px.max(1.0)
                });
                px.round().clamp(1.0, 1e4) as u32
            };
            let paint = Paint::Solid(color.unwrap_or(span.color));
            for (from, to) in set.line.extents(ordinal) {
                let (left, right) = (x + (from * scale as f32).round() as i32, x + (to * scale as f32).round() as i32);
                let draw = |top: i32, height: u32, items: &mut Vec<Item>| {
                    let rect = RectPx::new(left, top, (right - left).max(1) as u32, height);
                    let paint = paint.clone();
                    items.push(Item::Shape(Shape { rect, outline: Outline::RECT, paint, stroke_px: None }));
                };
                if underline {
                    let metrics = set_span.underline;
                    let top = (-metrics.top * size_px).round().max(1.0) as i32;
                    draw(baseline_y + top, thickness(metrics), &mut self.below);
                }
                if overline {
                    let height = thickness(set_span.underline);
                    draw(baseline_y - (set_span.ascent * size_px).round() as i32, height, &mut self.below);
                }
                if line_through {
                    let (metrics, height) = (set_span.strikeout, thickness(set_span.strikeout));
                    // A thickness of its own is spread about the font's middle.
                    let middle = (metrics.top - metrics.thickness / 2.0) * size_px;
                    draw(baseline_y - (middle + height as f32 / 2.0).round() as i32, height, &mut self.above);
                }
            }
        }
        let color = text.spans.first().map_or(Color::BLACK, |span| span.color);
        self.lines.push(TextItem { line: Arc::clone(&set.line), scale, x, baseline_y, color });
    }

    fn has_decorations(&self) -> bool {
        !(self.below.is_empty() && self.above.is_empty())
    }
}

/// A line with pictures among its glyphs: they take no alpha from a colour, so an isolate gives it to all of them.
fn seen_through(line: TextItem, placed: &Placed<'_>, on: &Surface) -> Result<Option<Item>, LayoutError> {
    let alpha = line.color.a;
    let colors = line.line.colors();
    if alpha >= 1.0 || !colors.of_glyphs || colors.of_spans {
        return Ok(Some(Item::Text(line)));
    }
    on.deeper(placed.layer)?;
    let opaque = TextItem { color: Color { a: 1.0, ..line.color }, ..line };
    Ok(isolate(vec![Item::Text(opaque)], on, None, alpha))
}

fn shadow(
    text: &Text,
    shadow: &TextShadow,
    layers: &Layers,
    placed: &Placed<'_>,
    on: &Surface,
    out: &mut Vec<Item>,
) -> Result<(), LayoutError> {
    let scale = on.scale as f32;
    let (dx, dy) = ((shadow.x * scale).round() as i32, (shadow.y * scale).round() as i32);
    let sigma_px = (shadow.blur * scale / 2.0).clamp(0.0, MAX_BLUR_SIGMA_PX);
    let is_plain = layers.lines.iter().all(|line| line.line.colors().is_plain());
    let cast = |line: &TextItem, color: Color| {
        Item::Text(TextItem { x: line.x + dx, baseline_y: line.baseline_y + dy, color, ..line.clone() })
    };
    if sigma_px < MIN_SIGMA_PX && is_plain && (shadow.color.a >= 1.0 || !layers.has_decorations()) {
        let recolored = |item: &Item| {
            let mut item = item.clone();
            translate(&mut item, dx, dy);
            if let Item::Shape(shape) = &mut item {
                shape.paint = Paint::Solid(shadow.color);
            }
            item
        };
        out.extend(layers.below.iter().chain(&layers.above).map(recolored));
        out.extend(layers.lines.iter().map(|line| cast(line, shadow.color)));
        return Ok(());
    }
    // Only the form counts: a text that is seen through casts a whole shadow.
    let solid = |item: &Item| {
        let mut item = item.clone();
        translate(&mut item, dx, dy);
        if let Item::Shape(shape) = &mut item {
            shape.paint = Paint::Solid(Color::BLACK);
        }
        item
    };
    let opaque = text.spans.first().map_or(Color::BLACK, |span| Color { a: 1.0, ..span.color });
    let mut items: Vec<Item> = layers.below.iter().chain(&layers.above).map(solid).collect();
    items.extend(layers.lines.iter().map(|line| cast(line, opaque)));
    let inner = on.deeper(placed.layer)?;
    if sigma_px >= MIN_SIGMA_PX {
        inner.deeper(placed.layer)?;
        out.extend(blurred(items, on, sigma_px, shadow.color));
    } else if let Some(mut item) = isolate(items, on, None, 1.0) {
        if let Item::Isolate(isolate) = &mut item {
            isolate.tint = Some(shadow.color);
        }
        out.push(item);
    }
    Ok(())
}

/// Items in one colour, blurred along both axes. `None`: nothing of them can be seen.
fn blurred(mut items: Vec<Item>, on: &Surface, sigma_px: f32, color: Color) -> Option<Item> {
    let reach = (sigma_px * 3.0).ceil() as u32 + 1;
    let content = items.iter().fold(RectPx::default(), |bounds, item| bounds.union(item.bounds()));
    let mut bounds = content.inflated(reach);
    if content.is_empty() || on.visible.is_some_and(|visible| !visible.overlaps(bounds)) {
        return None;
    }
    if let Some(visible) = on.visible {
        // What lies just out of sight is blurred into it.
        bounds = bounds.intersection(visible.inflated(reach));
    }
    items.retain(|item| item.bounds().overlaps(bounds));
    for item in &mut items {
        translate(item, -bounds.x, -bounds.y);
    }
    let around = |bounds: RectPx, items, is_horizontal, tint| {
        let blur = Some(Blur { is_horizontal, sigma_px });
        Item::Isolate(Box::new(Isolate {
            bounds,
            scale: 1,
            items,
            opacity: 1.0,
            rotation: None,
            clip: None,
            blur,
            tint,
        }))
    };
    let across = around(RectPx::new(0, 0, bounds.width, bounds.height), items, true, None);
    Some(around(bounds, vec![across], false, Some(color)))
}
