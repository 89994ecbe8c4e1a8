//! Text: broken into lines, shrunk, cut and shaped, as CSS sets it.
//!
//! ```text
//!   spans ─> paragraphs ─> runs by coverage ─> break at a size ─> fits? ─> lines, one Buffer each
//!                                                 ^      no: half a pixel smaller, down to the floor
//! ```
//!
//! A line is shaped on its own once more after breaking, as browsers do, so that each has a baseline of its own
//! on a whole pixel and can be kept and reused. Every position comes from here; glyphon only rasterises.

mod line;
mod paragraph;

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;

use cosmic_text::{Buffer, BufferLine, Ellipsize, FontSystem, Hinting, LayoutLine, LineEnding, Metrics, Shaping, Wrap};
use lru::LruCache;
use unicode_segmentation::UnicodeSegmentation;

use crate::assets::FontSet;
use crate::pixels::Color;
use crate::template::scene::{LineHeight, Span, Text};

pub use line::ShapedLine;

use line::Ink;
use paragraph::{Paragraph, Tail, clean, face_attrs, is_default_ignorable};

/// Longest text of one layer, in bytes: what no canvas can show.
pub const MAX_TEXT_BYTES: usize = 20_000;
/// Widths that differ by less than this are equal: f32 sums of advances are not exact.
const EPSILON_PX: f32 = 0.02;
/// Shrinking steps: the glyph cache's key holds the exact size.
const SHRINK_STEP_PX: f32 = 0.5;
/// Shaped lines kept by each shaper: about 10 KB each.
const LINES_KEPT: usize = 2048;
/// A longer line is not kept: it would not come again, and takes memory.
const KEPT_LINE_BYTES: usize = 160;

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
    /// Baseline below the top of the block.
    pub baseline_px: f32,
    /// Its paragraph runs from right to left.
    pub rtl: bool,
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
    MissingGlyphs(String),
    /// The box is lower than one line.
    FrameTooLow,
}

/// Shapes text with one font set; one for each thread.
pub struct Shaper {
    fonts: Arc<FontSet>,
    system: FontSystem,
    lines: LruCache<[u8; 16], Arc<ShapedLine>>,
}

impl Shaper {
    /// A shaper for a template's fonts.
    pub fn new(fonts: Arc<FontSet>) -> Self {
        let system = fonts.system();
        Self { fonts, system, lines: LruCache::new(NonZeroUsize::new(LINES_KEPT).expect("not zero")) }
    }

    /// Its fonts.
    pub fn fonts(&self) -> &Arc<FontSet> {
        &self.fonts
    }

    /// Sets a text within a width and a height; `None` is without limit.
    pub fn set(&mut self, text: &Text, width_px: Option<f32>, height_px: Option<f32>) -> TextBlock {
        let mut paragraphs = self.paragraphs(&text.spans);
        let first = text.spans.first();
        let full_px = first.map_or(16.0, |span| span.font.size_px).max(1.0);
        let floor_px = text.shrink_to_px.unwrap_or(full_px).clamp(1.0, full_px);
        let limit = Limit { width_px, height_px, max_lines: text.max_lines.map(|n| n.max(1) as usize) };
        let mut faults = Vec::new();

        let size_px = self.largest_fitting(text, &mut paragraphs, &limit, full_px, floor_px);
        let fits = size_px.is_some();
        let size_px = size_px.unwrap_or(floor_px);
        let mut broken =
            self.break_all(&mut paragraphs, size_px, &limit, if text.wrap { Wrap::WordOrGlyph } else { Wrap::None });
        if !fits && floor_px < full_px {
            faults.push(TextFault::ShrunkToFloor { floor_px });
        }

        let pitch = LinePitch::of(text, &self.fonts, size_px);
        let room = limit.lines_that_fit(&pitch);
        if height_px.is_some_and(|height| pitch.line_px > height + EPSILON_PX) && !broken.is_empty() {
            faults.push(TextFault::FrameTooLow);
        }
        let too_wide = |line: &BrokenLine| width_px.is_some_and(|width| line.width_px > width + EPSILON_PX);
        let last_shown = room.min(broken.len());
        let hidden = broken.len() > room;
        let wide = broken.iter().take(last_shown).any(too_wide);
        if hidden || wide {
            faults.push(TextFault::Truncated);
        }
        broken.truncate(last_shown);

        let mut lines = Vec::with_capacity(broken.len());
        let mut block_px = 0.0_f32;
        let count = broken.len();
        for (index, line) in broken.into_iter().enumerate() {
            let paragraph = &paragraphs[line.paragraph];
            let cut = (hidden && index + 1 == count) || too_wide(&line);
            let shaped = if cut {
                let end = if hidden && text.wrap { paragraph.text.len() } else { line.range.end };
                self.ellipsized(text, paragraph, line.range.start..end, size_px, width_px)
            } else {
                let whole = self.line(text, paragraph, line.range.clone(), "", size_px);
                // A cluster that the breaker split over lines comes back whole.
                if width_px.is_some_and(|width| text.wrap && whole.width_px > width + EPSILON_PX) {
                    faults.push(TextFault::Truncated);
                    self.ellipsized(text, paragraph, line.range.clone(), size_px, width_px)
                } else {
                    whole
                }
            };
            // Within its paragraph a line may be wider than alone, by a kern at the break: with less it breaks anew.
            block_px = block_px.max(if cut { shaped.width_px } else { shaped.width_px.max(line.width_px) });
            lines.push(SetLine { line: shaped, baseline_px: pitch.baseline_px(index), rtl: line.rtl });
        }
        let missing = paragraphs.iter().map(Paragraph::without_glyph).collect::<String>();
        let missing: String = missing.chars().filter(|c| !is_default_ignorable(*c)).take(16).collect();
        if !missing.is_empty() {
            faults.push(TextFault::MissingGlyphs(missing));
        }
        faults.dedup();
        TextBlock { width_px: block_px, height_px: pitch.line_px * lines.len() as f32, lines, size_px, faults }
    }

    /// The width and height that a text takes where only its width is limited. A width of 0 asks for the
    /// narrowest box that breaks no word.
    pub fn measure(&mut self, text: &Text, width_px: Option<f32>) -> (f32, f32) {
        if width_px.is_none_or(|width| width > 0.0) {
            let block = self.set(text, width_px, None);
            return (block.width_px, block.height_px);
        }
        let mut paragraphs = self.paragraphs(&text.spans);
        let size_px = text.spans.first().map_or(16.0, |span| span.font.size_px).max(1.0);
        let limit = Limit { width_px: Some(0.0), height_px: None, max_lines: None };
        let lines = self.break_all(&mut paragraphs, size_px, &limit, if text.wrap { Wrap::Word } else { Wrap::None });
        let pitch = LinePitch::of(text, &self.fonts, size_px);
        let width = lines.iter().map(|line| line.width_px).fold(0.0, f32::max);
        (width, pitch.line_px * lines.len() as f32)
    }

    /// The first baseline below the top of the block, at the full size.
    pub fn first_baseline(&self, text: &Text) -> f32 {
        let size_px = text.spans.first().map_or(16.0, |span| span.font.size_px).max(1.0);
        LinePitch::of(text, &self.fonts, size_px).baseline_px
    }

    /// The largest size on the half-pixel grid at which the whole text fits unbroken words into the limit.
    fn largest_fitting(
        &mut self,
        text: &Text,
        paragraphs: &mut [Paragraph],
        limit: &Limit,
        full_px: f32,
        floor_px: f32,
    ) -> Option<f32> {
        let wrap = if text.wrap { Wrap::Word } else { Wrap::None };
        let mut fits = |size_px: f32| {
            let pitch = LinePitch::of(text, &self.fonts, size_px);
            let lines = self.break_all(paragraphs, size_px, limit, wrap);
            let fits_height =
                limit.height_px.is_none_or(|height| pitch.line_px * lines.len() as f32 <= height + EPSILON_PX);
            fits_height
                && limit.max_lines.is_none_or(|most| lines.len() <= most)
                && limit.width_px.is_none_or(|width| lines.iter().all(|line| line.width_px <= width + EPSILON_PX))
        };
        if fits(full_px) {
            return Some(full_px);
        }
        let steps = ((full_px - floor_px) / SHRINK_STEP_PX).ceil() as u32;
        // Fitting is monotone but for rare breaks, so a binary search finds the largest size in a few tries.
        let size_at = |step: u32| (full_px - step as f32 * SHRINK_STEP_PX).max(floor_px);
        let (mut low, mut high) = (0, steps);
        if steps == 0 || !fits(size_at(steps)) {
            return None;
        }
        while high - low > 1 {
            let middle = u32::midpoint(low, high);
            if fits(size_at(middle)) { high = middle } else { low = middle }
        }
        Some(size_at(high))
    }

    /// Splits spans at line breaks and gives every character a face.
    fn paragraphs(&self, spans: &[Span]) -> Vec<Paragraph> {
        let mut paragraphs = vec![Paragraph::default()];
        for (index, span) in spans.iter().enumerate() {
            let candidates = self.fonts.candidates(span.font.family.as_deref(), span.font.weight, span.font.italic);
            for (nth, piece) in clean(&span.text).split('\n').enumerate() {
                if nth > 0 {
                    paragraphs.push(Paragraph::default());
                }
                paragraphs.last_mut().expect("never empty").push(piece, index, &candidates);
            }
        }
        if paragraphs.len() == 1 && paragraphs[0].text.is_empty() {
            paragraphs.clear();
        }
        for paragraph in &mut paragraphs {
            // Spaces at the end hang and are not seen; the breaker would give them a line of their own.
            paragraph.truncate(paragraph.text.trim_end().len());
            paragraph.line = Some(BufferLine::new(
                paragraph.text.as_str(),
                LineEnding::None,
                paragraph.attrs(spans, 0..paragraph.text.len()),
                Shaping::Advanced,
            ));
        }
        paragraphs
    }

    fn break_all(&mut self, paragraphs: &mut [Paragraph], size_px: f32, limit: &Limit, wrap: Wrap) -> Vec<BrokenLine> {
        let mut lines = Vec::new();
        for (index, paragraph) in paragraphs.iter_mut().enumerate() {
            let Some(line) = &mut paragraph.line else { continue };
            let rtl = line.shape(&mut self.system, 8).rtl;
            line.reset_layout();
            // Text set again at the width that was measured for it must break where it did.
            let width = if wrap == Wrap::None { None } else { limit.width_px.map(|width| width + EPSILON_PX) };
            let system = &mut self.system;
            let laid = line.layout(system, size_px, width, wrap, Ellipsize::None, None, 8, Hinting::Disabled);
            // Broken within a word, text of mixed direction loses characters: then words stay whole.
            let laid = if wrap == Wrap::WordOrGlyph && loses_text(&paragraph.text, laid) {
                line.reset_layout();
                line.layout(system, size_px, width, Wrap::Word, Ellipsize::None, None, 8, Hinting::Disabled)
            } else {
                line.layout(system, size_px, width, wrap, Ellipsize::None, None, 8, Hinting::Disabled)
            };
            let before = lines.len();
            for visual in laid {
                let Some(start) = visual.glyphs.iter().map(|glyph| glyph.start).min() else { continue };
                let end = visual.glyphs.iter().map(|glyph| glyph.end).max().unwrap_or(start);
                // A cluster of several glyphs may be split over lines: it stays on the first.
                let previous = lines[before..].last().map_or(0, |line: &BrokenLine| line.range.end);
                let start = if end >= previous { start.max(previous) } else { start };
                if start == end {
                    continue;
                }
                let shown = &paragraph.text[start..end];
                // A word with a space inside (`, ,`) may be broken before it, which then takes room but is not shown.
                let start = if lines.len() > before { end - shown.trim_start().len() } else { start };
                let end = start.max(end - (shown.len() - shown.trim_end().len()));
                let width_px = visual.glyphs.iter().filter(|glyph| glyph.start < end).map(|glyph| glyph.w).sum();
                lines.push(BrokenLine { paragraph: index, range: start..end, width_px, rtl });
            }
            if lines.len() == before {
                lines.push(BrokenLine { paragraph: index, range: 0..0, width_px: 0.0, rtl });
            }
        }
        lines
    }

    /// The longest whole-character prefix of `range` that fits with the ellipsis behind it.
    fn ellipsized(
        &mut self,
        text: &Text,
        paragraph: &Paragraph,
        range: Range<usize>,
        size_px: f32,
        width_px: Option<f32>,
    ) -> Arc<ShapedLine> {
        let source = &paragraph.text[range.clone()];
        let ends: Vec<usize> =
            std::iter::once(0).chain(source.grapheme_indices(true).map(|(at, cluster)| at + cluster.len())).collect();
        let mut candidate = |count: usize| {
            let kept = source[..ends[count]].trim_end().len();
            self.line(text, paragraph, range.start..range.start + kept, &text.ellipsis, size_px)
        };
        let fits = |line: &ShapedLine| width_px.is_none_or(|width| line.width_px <= width + EPSILON_PX);
        let (mut low, mut high) = (0, ends.len());
        let mut best = candidate(0);
        while high - low > 1 {
            let middle = usize::midpoint(low, high);
            let line = candidate(middle);
            if fits(&line) {
                (low, best) = (middle, line);
            } else {
                high = middle;
            }
        }
        if fits(&best) { best } else { self.line(text, paragraph, range.start..range.start, "", size_px) }
    }

    /// What follows a line that is cut, in the look of the line's end.
    fn tail<'t>(&self, text: &Text, paragraph: &Paragraph, range: &Range<usize>, tail: &'t str) -> Option<Tail<'t>> {
        let span = paragraph.span_at(range.end.saturating_sub(1));
        let font = &text.spans.get(span)?.font;
        let candidates = self.fonts.candidates(font.family.as_deref(), font.weight, font.italic);
        let covering = candidates.iter().find(|face| tail.chars().all(|c| face.covers(c)));
        let face = Arc::clone(covering.or(candidates.first())?);
        Some(Tail { text: tail, span, face })
    }

    /// Shapes one line, or finds it among those shaped before.
    fn line(
        &mut self,
        text: &Text,
        paragraph: &Paragraph,
        range: Range<usize>,
        tail: &str,
        size_px: f32,
    ) -> Arc<ShapedLine> {
        let scale = size_px / text.spans.first().map_or(16.0, |span| span.font.size_px).max(1.0);
        let tail = (!tail.is_empty()).then(|| self.tail(text, paragraph, &range, tail)).flatten();
        let digest = paragraph.digest(&text.spans, range.clone(), tail.as_ref(), size_px, scale);
        if let Some(line) = self.lines.get(&digest) {
            return Arc::clone(line);
        }
        let mut content = paragraph.text[range.clone()].to_owned();
        let mut attrs = paragraph.attrs(&text.spans, range);
        if let Some(Tail { text: tail, span, face }) = &tail {
            let start = content.len();
            content.push_str(tail);
            attrs.add_span(start..content.len(), &face_attrs(face, &text.spans[*span], &text.spans));
        }
        let mut buffer = Buffer::new_empty(Metrics::new(size_px, size_px.max(1.0)));
        buffer.set_wrap(Wrap::None);
        buffer.lines.push(BufferLine::new(content.as_str(), LineEnding::None, attrs, Shaping::Advanced));
        let width_px = buffer
            .line_layout(&mut self.system, 0)
            .map_or(0.0, |lines| lines.iter().flat_map(|line| &line.glyphs).map(|glyph| glyph.w).sum());
        let line_y = buffer.layout_runs().next().map_or(0.0, |run| run.line_y);
        let largest_px = text.spans.iter().map(|span| span.font.size_px * scale).fold(size_px, f32::max);
        let ink = Ink::of(&buffer, &self.fonts);
        let text = content.into();
        let line = Arc::new(ShapedLine { buffer, text, width_px, size_px: largest_px, line_y, ink, digest });
        if line.text.len() <= KEPT_LINE_BYTES {
            self.lines.put(digest, Arc::clone(&line));
        }
        line
    }
}

/// Whether characters of a paragraph that is not plain ASCII are on no line. Spaces may be.
fn loses_text(text: &str, lines: &[LayoutLine]) -> bool {
    if text.is_ascii() {
        return false;
    }
    let mut ranges: Vec<_> = lines.iter().flat_map(|line| &line.glyphs).map(|glyph| (glyph.start, glyph.end)).collect();
    ranges.sort_unstable();
    let mut reached = 0;
    for (start, end) in ranges.into_iter().chain([(text.len(), text.len())]) {
        if start > reached && !text[reached..start].chars().all(|c| c.is_whitespace() || is_default_ignorable(c)) {
            return true;
        }
        reached = reached.max(end);
    }
    false
}

/// How lines follow each other at a size.
struct LinePitch {
    line_px: f32,
    /// Baseline below the top of its line box.
    baseline_px: f32,
}

impl LinePitch {
    /// CSS half-leading; ascent and descent are rounded to whole pixels and half-leading down, as browsers do.
    fn of(text: &Text, fonts: &FontSet, size_px: f32) -> Self {
        let Some(span) = text.spans.first() else { return Self { line_px: size_px, baseline_px: size_px } };
        let face = fonts.candidates(span.font.family.as_deref(), span.font.weight, span.font.italic).into_iter().next();
        let (ascent, descent, gap) =
            face.map_or((0.8, 0.2, 0.0), |face| (face.metrics.ascent, face.metrics.descent, face.metrics.line_gap));
        let (ascent_px, descent_px) = ((ascent * size_px).round(), (descent * size_px).round());
        let line_px = match span.font.line_height {
            LineHeight::Normal => ascent_px + descent_px + gap * size_px,
            LineHeight::Times(times) => times * size_px,
            LineHeight::Px(px) => px * size_px / span.font.size_px.max(1.0),
        }
        .max(1.0);
        let half_leading_px = ((line_px - (ascent_px + descent_px)) / 2.0).floor();
        Self { line_px, baseline_px: ascent_px + half_leading_px }
    }

    fn baseline_px(&self, index: usize) -> f32 {
        self.line_px * index as f32 + self.baseline_px
    }
}

struct Limit {
    width_px: Option<f32>,
    height_px: Option<f32>,
    max_lines: Option<usize>,
}

impl Limit {
    /// At least one, so that a box that is too low shows something.
    fn lines_that_fit(&self, pitch: &LinePitch) -> usize {
        let by_height = self
            .height_px
            .map_or(usize::MAX, |height| ((height + EPSILON_PX) / pitch.line_px).floor().max(0.0) as usize);
        by_height.min(self.max_lines.unwrap_or(usize::MAX)).max(1)
    }
}

struct BrokenLine {
    paragraph: usize,
    range: Range<usize>,
    width_px: f32,
    rtl: bool,
}

/// The rasteriser's colour type.
pub fn to_cosmic(color: Color) -> cosmic_text::Color {
    let [r, g, b, a] = color.to_rgba8();
    cosmic_text::Color::rgba(r, g, b, a)
}
