//! One shaped line: glyphs on a baseline of their own.

use cosmic_text::{Buffer, fontdb};

use crate::assets::FontSet;
use crate::pixels::{RectF, RectPx};

/// One line, shaped once and drawn wherever it recurs.
pub struct ShapedLine {
    pub(super) buffer: Buffer,
    pub(super) text: Box<str>,
    pub(super) width_px: f32,
    pub(super) size_px: f32,
    pub(super) line_y: f32,
    pub(super) ink: Ink,
    pub(super) digest: [u8; 16],
}

/// How far the ink of a line can reach, in pixels from the start of its baseline: from the boxes around all
/// glyphs of its faces, at the places where this line has glyphs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ink {
    pub(super) left: f32,
    pub(super) right: f32,
    pub(super) above: f32,
    pub(super) below: f32,
}

impl ShapedLine {
    /// The glyphs, for the rasteriser.
    pub fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    /// Its characters.
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

    /// A rectangle that surely holds its ink when it is drawn `scale` times as large from this point.
    pub fn ink_bounds(&self, x: i32, baseline_y: i32, scale: u32) -> RectPx {
        let (scale, x, y) = (scale as f32, x as f32, baseline_y as f32);
        let Ink { left, right, above, below } = self.ink;
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

impl Ink {
    /// Of a buffer that is laid out.
    pub(super) fn of(buffer: &Buffer, fonts: &FontSet) -> Self {
        let box_of = |id: fontdb::ID| {
            let listed = fonts.faces().iter().find(|listed| listed.face.id == id);
            listed.map_or([-1.0, -1.0, 2.0, 2.0], |listed| listed.face.metrics.ink)
        };
        let mut ink = Self { left: 0.0, right: 0.0, above: 0.0, below: 0.0 };
        for glyph in buffer.layout_runs().flat_map(|run| run.glyphs) {
            let em = glyph.font_size;
            let [left, bottom, right, top] = box_of(glyph.font_id).map(|side| side * em);
            let (x, y) = (glyph.x + glyph.x_offset * em, glyph.y_offset * em - glyph.y);
            ink.left = ink.left.min(x + left);
            ink.right = ink.right.max(x + right);
            ink.above = ink.above.max(y + top);
            ink.below = ink.below.max(-(y + bottom));
        }
        ink
    }
}
