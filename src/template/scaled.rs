//! A scene at another scale: every length multiplied, so that the same picture is drawn with more or fewer pixels.
//!
//! Lengths are the canvas, frames, radii, strokes, shadows, gaps, paddings, font sizes, line heights in pixels,
//! letter spacing, thicknesses, stars, and pixels along gradients. Percent, line heights as multiples, opacity,
//! angles, weights and shares of a stack are not. Boxes are rounded to whole pixels after that, by the layout: so a
//! scaled canvas is as sharp as one designed at its size.

use super::scene::{
    BoxStyle, Decoration, Fill, Font, Frame, GradientStop, Image, Layer, LayerKind, Length, LineHeight, RadialExtent,
    Rating, Scene, Shadow, Span, Stack, Stroke, Text, TextShadow,
};
use crate::pixels::SizePx;

/// A canvas at a scale, rounded, at least a pixel a side.
pub(super) fn canvas(size: SizePx, factor: f32) -> SizePx {
    let side = |pixels: u32| (f64::from(pixels) * f64::from(factor)).round().clamp(1.0, f64::from(u32::MAX)) as u32;
    SizePx::new(side(size.width), side(size.height))
}

impl Scene {
    /// The scene with so many pixels for each of its pixels.
    pub fn scaled(self, factor: f32) -> Self {
        if factor == 1.0 {
            return self;
        }
        let Self { size_name, size, locale, layers } = self;
        let scale = Scale(factor);
        Self { size_name, size: canvas(size, factor), locale, layers: scale.layers(layers) }
    }
}

struct Scale(f32);

impl Scale {
    fn layers(&self, layers: Vec<Layer>) -> Vec<Layer> {
        layers.into_iter().map(|layer| self.layer(layer)).collect()
    }

    fn px(&self, px: f32) -> f32 {
        px * self.0
    }

    fn length(&self, length: Length) -> Length {
        match length {
            Length::Px(px) => Length::Px(self.px(px)),
            Length::Percent(_) => length,
        }
    }

    fn optional(&self, length: Option<Length>) -> Option<Length> {
        length.map(|length| self.length(length))
    }

    fn layer(&self, layer: Layer) -> Layer {
        let Layer { path, frame, opacity, rotation_degrees, overflow, style, grow, flex_shrink, align_self, kind } =
            layer;
        let kind = match kind {
            LayerKind::Rect => LayerKind::Rect,
            LayerKind::Ellipse => LayerKind::Ellipse,
            LayerKind::Group(layers) => LayerKind::Group(self.layers(layers)),
            LayerKind::Stack(stack) => LayerKind::Stack(self.stack(stack)),
            LayerKind::Text(text) => LayerKind::Text(self.text(text)),
            LayerKind::Image(image) => LayerKind::Image(self.image(image)),
            LayerKind::Rating(rating) => LayerKind::Rating(self.rating(rating)),
        };
        let (frame, style) = (self.frame(frame), self.style(style));
        Layer { path, frame, opacity, rotation_degrees, overflow, style, grow, flex_shrink, align_self, kind }
    }

    fn frame(&self, frame: Frame) -> Frame {
        let Frame {
            left,
            right,
            top,
            bottom,
            width,
            height,
            min_width,
            max_width,
            min_height,
            max_height,
            center_x,
            center_y,
        } = frame;
        Frame {
            left: self.optional(left),
            right: self.optional(right),
            top: self.optional(top),
            bottom: self.optional(bottom),
            width: self.optional(width),
            height: self.optional(height),
            min_width: self.optional(min_width),
            max_width: self.optional(max_width),
            min_height: self.optional(min_height),
            max_height: self.optional(max_height),
            center_x,
            center_y,
        }
    }

    fn style(&self, style: BoxStyle) -> BoxStyle {
        let BoxStyle { fill, stroke, radius, shadows } = style;
        let shadow = |Shadow { x, y, blur, spread, color }| Shadow {
            x: self.px(x),
            y: self.px(y),
            blur: self.px(blur),
            spread: self.px(spread),
            color,
        };
        BoxStyle {
            fill: fill.map(|fill| self.fill(fill)),
            stroke: stroke.map(|Stroke { width, color }| Stroke { width: self.px(width), color }),
            radius: radius.map(|corners| corners.map(|corner| self.length(corner))),
            shadows: shadows.into_iter().map(shadow).collect(),
        }
    }

    fn fill(&self, fill: Fill) -> Fill {
        let scale_stops = |stops: Vec<GradientStop>| {
            let stop = |GradientStop { color, position }| GradientStop { color, position: self.optional(position) };
            stops.into_iter().map(stop).collect()
        };
        match fill {
            Fill::Solid(color) => Fill::Solid(color),
            Fill::Linear { direction, stops } => Fill::Linear { direction, stops: scale_stops(stops) },
            Fill::Radial { shape, extent, center, stops } => {
                let extent = match extent {
                    RadialExtent::Radii(radii) => RadialExtent::Radii(radii.map(|radius| self.length(radius))),
                    named => named,
                };
                let center = center.map(|length| self.length(length));
                Fill::Radial { shape, extent, center, stops: scale_stops(stops) }
            }
        }
    }

    fn stack(&self, stack: Stack) -> Stack {
        let Stack { direction, gap, padding, align, justify, wrap, layers } = stack;
        let padding = padding.map(|side| self.px(side));
        Stack { direction, gap: self.px(gap), padding, align, justify, wrap, layers: self.layers(layers) }
    }

    fn text(&self, text: Text) -> Text {
        let Text { spans, align, valign, max_lines, shrink_to_px, wrap, balance, ellipsis, direction, shadows } = text;
        let shadow =
            |TextShadow { x, y, blur, color }| TextShadow { x: self.px(x), y: self.px(y), blur: self.px(blur), color };
        Text {
            spans: spans.into_iter().map(|span| self.span(span)).collect(),
            align,
            valign,
            max_lines,
            shrink_to_px: shrink_to_px.map(|px| self.px(px)),
            wrap,
            balance,
            ellipsis,
            direction,
            shadows: shadows.into_iter().map(shadow).collect(),
        }
    }

    fn span(&self, span: Span) -> Span {
        let Span { text, font, color, decoration } = span;
        let Font { family, weight, italic, size_px, line_height, letter_spacing_px } = font;
        let line_height = match line_height {
            LineHeight::Px(px) => LineHeight::Px(self.px(px)),
            LineHeight::Normal | LineHeight::Times(_) => line_height,
        };
        let (size_px, letter_spacing_px) = (self.px(size_px), self.px(letter_spacing_px));
        let font = Font { family, weight, italic, size_px, line_height, letter_spacing_px };
        let thickness_px = decoration.thickness_px.map(|px| self.px(px));
        Span { text, font, color, decoration: Decoration { thickness_px, ..decoration } }
    }

    fn image(&self, image: Image) -> Image {
        let Image { src, fit, focus, mask, on_error } = image;
        Image { src, fit, focus, mask, on_error }
    }

    fn rating(&self, rating: Rating) -> Rating {
        let Rating { value, max, star_px, gap_px, color, empty_color } = rating;
        Rating { value, max, star_px: self.px(star_px), gap_px: self.px(gap_px), color, empty_color }
    }
}
