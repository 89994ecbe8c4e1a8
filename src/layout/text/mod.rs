//! Text: broken into lines, shrunk, cut and shaped, as CSS sets it.
//!
//! ```text
//!   spans ─> prepared: paragraphs, directions, a face for every cluster, advances, opportunities
//!                 └─> broken at a size ─> fits? ─> lines, one Buffer each, on line boxes
//!                          ^   no: half a pixel smaller, down to the floor
//! ```
//!
//! A line is shaped on its own once more after breaking, as browsers do, so that each has a baseline of its own
//! on a whole pixel and can be kept and reused. Every position comes from here; glyphon only rasterises.

mod bidi;
mod breaks;
mod compose;
mod line;
mod line_box;
mod paragraph;
mod prepared;
mod presentation;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;

use cosmic_text::{Buffer, BufferLine, FontSystem, LineEnding, Metrics, Shaping, Wrap};
use lru::LruCache;

use crate::assets::{FontSet, LineMetrics};
use crate::pixels::Color;
use crate::template::scene::{Span, Text};

pub use line::{LineColors, ShapedLine};

use line_box::SpanBoxes;
use paragraph::{Look, Paragraph, Tail};
use prepared::Prepared;

/// Longest text of one layer, in bytes: what no canvas can show.
pub const MAX_TEXT_BYTES: usize = 20_000;
/// Widths that differ by less than this are equal: f32 sums of advances are not exact.
const EPSILON_PX: f32 = 0.02;
/// Shaped lines kept by each shaper: about 10 KB each.
const LINES_KEPT: usize = 2048;
/// A longer line is not kept: it would not come again, and takes memory.
const KEPT_LINE_BYTES: usize = 160;
/// Prepared texts kept by each shaper: a box asks for its text several times in a row.
const TEXTS_KEPT: usize = 64;
/// A longer text is not kept.
const KEPT_TEXT_BYTES: usize = 4000;

/// A text layer, set.
#[derive(Clone, Debug)]
pub struct TextBlock {
    /// Top to bottom.
    pub lines: Vec<SetLine>,
    /// The widest line.
    pub width_px: f32,
    /// Sum of the line boxes.
    pub height_px: f32,
    /// The font size that was used for the first span.
    pub size_px: f32,
    /// What will not look as meant.
    pub faults: Vec<TextFault>,
}

/// One line of a block.
#[derive(Clone, Debug)]
pub struct SetLine {
    /// Its glyphs.
    pub line: Arc<ShapedLine>,
    /// The spans that it has something of, in order: [`ShapedLine::extents`] numbers them by their place here.
    pub spans: Vec<SetSpan>,
    /// Baseline below the top of the block.
    pub baseline_px: f32,
    /// Its paragraph runs from right to left.
    pub rtl: bool,
}

/// A span on a line: what its decorations are drawn by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SetSpan {
    /// Among the spans of the text.
    pub index: usize,
    /// Its font size.
    pub size_px: f32,
    /// Above the baseline, in em.
    pub ascent: f32,
    /// Under it.
    pub underline: LineMetrics,
    /// Through it.
    pub strikeout: LineMetrics,
}

/// Something a designer wants to know of.
#[derive(Clone, Debug, PartialEq)]
pub enum TextFault {
    /// Shrunk as far as it may.
    ShrunkToFloor {
        /// The smallest size allowed, in pixels.
        floor_px: f32,
    },
    /// Some of the text is not shown.
    Truncated,
    /// No listed font has these characters.
    MissingGlyphs {
        /// The first of them.
        characters: String,
        /// A font may have them, but only in colours that are not read.
        has_unreadable_font: bool,
    },
    /// The box is lower than one line.
    FrameTooLow,
}

/// Shapes text with one font set; one for each thread.
pub struct Shaper {
    fonts: Arc<FontSet>,
    system: FontSystem,
    texts: LruCache<[u8; 16], Arc<Prepared>>,
    lines: LruCache<[u8; 16], Arc<ShapedLine>>,
}

impl Shaper {
    /// A shaper for a template's fonts.
    pub fn new(fonts: Arc<FontSet>) -> Self {
        let system = fonts.system();
        let kept = |count| NonZeroUsize::new(count).expect("not zero");
        Self { fonts, system, texts: LruCache::new(kept(TEXTS_KEPT)), lines: LruCache::new(kept(LINES_KEPT)) }
    }

    /// Its fonts.
    pub fn fonts(&self) -> &Arc<FontSet> {
        &self.fonts
    }

    /// The first baseline below the top of the block, at the full size.
    pub fn first_baseline(&mut self, text: &Text) -> f32 {
        let prepared = self.prepared(text);
        let boxes = SpanBoxes::new(text, &prepared, full_size(text));
        boxes.first(&prepared).map_or(0.0, |first| first.above_px)
    }

    /// Shapes a text for breaking, or finds it among those prepared before.
    fn prepared(&mut self, text: &Text) -> Arc<Prepared> {
        let digest = prepared::digest(text);
        if let Some(prepared) = self.texts.get(&digest) {
            return Arc::clone(prepared);
        }
        let prepared = Arc::new(Prepared::new(text, &self.fonts, &mut self.system));
        if text.spans.iter().map(|span| span.text.len()).sum::<usize>() <= KEPT_TEXT_BYTES {
            self.texts.put(digest, Arc::clone(&prepared));
        }
        prepared
    }

    /// Shapes one line, or finds it among those shaped before.
    fn line(
        &mut self,
        paragraph: &Paragraph,
        look: &Look<'_>,
        range: Range<usize>,
        tail: Option<&Tail<'_>>,
    ) -> Arc<ShapedLine> {
        let digest = paragraph.digest(look, range.clone(), tail);
        if let Some(line) = self.lines.get(&digest) {
            return Arc::clone(line);
        }
        let content = paragraph.content(look, range.clone(), tail);
        let mut buffer = Buffer::new_empty(Metrics::new(look.size_px, look.line_px()));
        buffer.set_wrap(Wrap::None);
        buffer.lines.push(BufferLine::new(content.text, LineEnding::None, content.attrs, Shaping::Advanced));
        let width_px = buffer
            .line_layout(&mut self.system, 0)
            .map_or(0.0, |lines| lines.iter().flat_map(|line| &line.glyphs).map(|glyph| glyph.w).sum());
        let line_y = buffer.layout_runs().next().map_or(0.0, |run| run.line_y);
        let traits = line::traits_of(&buffer, &self.fonts);
        let mut text = paragraph.text[range].to_owned();
        text.push_str(tail.map_or("", |tail| tail.text));
        let size_px = look.largest_px();
        let text = text.into();
        let line = Arc::new(ShapedLine { buffer, text, width_px, size_px, line_y, traits, digest });
        if line.text.len() <= KEPT_LINE_BYTES {
            self.lines.put(digest, Arc::clone(&line));
        }
        line
    }
}

/// The size of the first span.
fn full_size(text: &Text) -> f32 {
    text.spans.first().map_or(16.0, |span| span.font.size_px).max(1.0)
}

/// Whether spans must bring their own colours.
fn differ_in_color(spans: &[Span]) -> bool {
    spans.windows(2).any(|pair| pair[0].color != pair[1].color)
}

/// The rasteriser's colour type.
pub fn to_cosmic(color: Color) -> cosmic_text::Color {
    let [r, g, b, a] = color.to_rgba8();
    cosmic_text::Color::rgba(r, g, b, a)
}
