//! One shaped line: glyphs on a baseline of their own.

use cosmic_text::{Buffer, CacheKeyFlags, LayoutGlyph, fontdb};

use crate::assets::{Colors, FontSet};
use crate::pixels::{RectF, RectPx};

/// One line, shaped once and drawn wherever it recurs.
pub struct ShapedLine {
    pub(super) buffer: Buffer,
    pub(super) text: Box<str>,
    pub(super) width_px: f32,
    pub(super) size_px: f32,
    pub(super) line_y: f32,
    pub(super) traits: GlyphTraits,
    pub(super) digest: [u8; 16],
}

/// What the glyphs of a line are coloured with, besides the colour that the line is drawn in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineColors {
    /// Some have the colours of their spans, which the line's colour does not change.
    pub of_spans: bool,
    /// Some are pictures, which no colour changes, nor its alpha.
    pub of_glyphs: bool,
}

impl LineColors {
    /// The line's colour, alpha included, is all there is.
    pub fn is_plain(self) -> bool {
        self == Self::default()
    }
}

/// How far the ink of a line can reach, in pixels from the start of its baseline: from the boxes around all
/// glyphs of its faces, at the places where this line has glyphs.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ink {
    left: f32,
    right: f32,
    above: f32,
    below: f32,
}

/// What glyphs are like, found once for all places where a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct GlyphTraits {
    ink: Ink,
    colors: LineColors,
    raised_px: Option<f32>,
}

impl ShapedLine {
    /// The glyphs, for the rasteriser.
    pub fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    /// Its characters in reading order.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Sum of its advances.
    pub fn width_px(&self) -> f32 {
        self.width_px
    }

    /// Its (largest) font size.
    pub fn size_px(&self) -> f32 {
        self.size_px
    }

    /// What colours its glyphs.
    pub fn colors(&self) -> LineColors {
        self.traits.colors
    }

    /// How far the highest of those glyphs lies above the baseline that are shifted up or down by themselves, as marks
    /// are; negative where all are below. `None`: there are none.
    pub fn raised_px(&self) -> Option<f32> {
        self.traits.raised_px
    }

    /// From where to where the glyphs of a span go, in pixels from the line's left end: several parts where
    /// directions mix. Spans count from 0, by what the line has of them; the ellipsis belongs to none.
    pub fn extents(&self, ordinal: usize) -> Vec<(f32, f32)> {
        let of_span = self.glyphs().filter(|glyph| glyph.metadata == ordinal && glyph.w != 0.0);
        let mut parts: Vec<(f32, f32)> =
            of_span.map(|glyph| (glyph.x.min(glyph.x + glyph.w), glyph.x.max(glyph.x + glyph.w))).collect();
        parts.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut merged: Vec<(f32, f32)> = Vec::new();
        for (from, to) in parts {
            match merged.last_mut() {
                // Advances do not add up exactly.
                Some((_, end)) if from <= *end + 0.1 => *end = end.max(to),
                _ => merged.push((from, to)),
            }
        }
        merged
    }

    fn glyphs(&self) -> impl Iterator<Item = &LayoutGlyph> {
        self.buffer.layout_runs().flat_map(|run| run.glyphs)
    }

    /// A rectangle that surely holds its ink when it is drawn `scale` times as large from this point.
    pub fn ink_bounds(&self, x: i32, baseline_y: i32, scale: u32) -> RectPx {
        let (scale, x, y) = (scale as f32, x as f32, baseline_y as f32);
        let Ink { left, right, above, below } = self.traits.ink;
        RectF::new(x + left * scale, y - above * scale, (right - left) * scale, (above + below) * scale)
            .outer()
            .inflated(2)
    }

    /// Where the rasteriser puts the baseline below the buffer's top, when it draws the line `scale` times as large.
    pub fn line_y_px(&self, scale: u32) -> i32 {
        (self.line_y * scale as f32).round() as i32
    }

    /// Equal for lines that look the same.
    pub fn digest(&self) -> &[u8; 16] {
        &self.digest
    }
}

impl std::fmt::Debug for ShapedLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ShapedLine({:?} {}px)", self.text, self.size_px)
    }
}

/// What the glyphs of a buffer are like that is laid out.
pub(super) fn traits_of(buffer: &Buffer, fonts: &FontSet) -> GlyphTraits {
    let face_of = |id: fontdb::ID| fonts.faces().iter().find(|listed| listed.face.id == id).map(|listed| &listed.face);
    let mut ink = Ink { left: 0.0, right: 0.0, above: 0.0, below: 0.0 };
    let mut colors = LineColors::default();
    let mut raised_px: Option<f32> = None;
    let mut known: Option<(fontdb::ID, [f32; 4], bool)> = None;
    for glyph in buffer.layout_runs().flat_map(|run| run.glyphs) {
        let (_, mut bounds, has_colors) = match known {
            Some(known @ (id, ..)) if id == glyph.font_id => known,
            _ => {
                let face = face_of(glyph.font_id);
                let bounds = face.map_or([-1.0, -1.0, 2.0, 2.0], |face| face.metrics.ink);
                *known.insert((glyph.font_id, bounds, face.is_some_and(|face| face.colors == Colors::Own)))
            }
        };
        if glyph.cache_key_flags.contains(CacheKeyFlags::FAKE_ITALIC) {
            bounds[0] += bounds[1].min(0.0) * SLANT;
            bounds[2] += bounds[3].max(0.0) * SLANT;
        }
        let em = glyph.font_size;
        let [left, bottom, right, top] = bounds.map(|side| side * em);
        let (x, y) = (glyph.x + glyph.x_offset * em, glyph.y_offset * em - glyph.y);
        ink.left = ink.left.min(x + left);
        ink.right = ink.right.max(x + right);
        ink.above = ink.above.max(y + top);
        ink.below = ink.below.max(-(y + bottom));
        if y != 0.0 {
            raised_px = Some(raised_px.map_or(y, |highest| highest.max(y)));
        }
        colors.of_spans |= glyph.color_opt.is_some();
        colors.of_glyphs |= has_colors;
    }
    GlyphTraits { ink, colors, raised_px }
}

/// How far a slanted glyph leans, for its height: the tangent of 14 degrees.
const SLANT: f32 = 0.25;
