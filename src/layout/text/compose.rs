//! Composing: the size at which a text fits, its lines one after the other, and the cut where it does not fit.

use std::ops::Range;
use std::sync::Arc;

use unicode_segmentation::UnicodeSegmentation;

use crate::assets::LineMetrics;
use crate::template::scene::Text;

use super::breaks::{Breaking, Broken};
use super::line_box::SpanBoxes;
use super::paragraph::{Look, Paragraph, Tail};
use super::prepared::Prepared;
use super::{EPSILON_PX, SetLine, SetSpan, ShapedLine, Shaper, TextBlock, TextFault, differ_in_color, full_size};

/// Shrinking steps: the glyph cache's key holds the exact size.
const SHRINK_STEP_PX: f32 = 0.5;
/// More lines than this are not balanced: nobody sees a title in them.
const MAX_BALANCED_LINES: usize = 10;
/// Shorter lines that are tried where a line comes out wider alone than within its paragraph.
const TRIES: usize = 64;

/// What a text must fit into.
#[derive(Clone, Copy)]
struct Limit {
    width_px: Option<f32>,
    height_px: Option<f32>,
    max_lines: usize,
    /// Lines are broken at this instead of at the width.
    narrower_px: Option<f32>,
}

impl Limit {
    fn new(text: &Text, width_px: Option<f32>, height_px: Option<f32>) -> Self {
        let max_lines = text.max_lines.map_or(usize::MAX, |n| n.max(1) as usize);
        Self { width_px, height_px, max_lines, narrower_px: None }
    }

    fn is_too_wide(&self, px: f32) -> bool {
        self.width_px.is_some_and(|width| px > width + EPSILON_PX)
    }

    fn is_too_high(&self, px: f64) -> bool {
        self.height_px.is_some_and(|height| px > f64::from(height + EPSILON_PX))
    }

    /// The width that lines are broken at.
    fn break_px(&self, text: &Text) -> Option<f32> {
        self.narrower_px.or(self.width_px).filter(|_| text.wrap)
    }
}

/// A line as it is shown, before it is moved to its place.
struct Composed {
    paragraph: usize,
    range: Range<usize>,
    line: Arc<ShapedLine>,
    /// What it takes within its paragraph: wider than alone, by a kern at its end.
    room_px: f32,
    is_cut: bool,
}

impl Shaper {
    /// Sets a text within a width and a height; `None` is without limit.
    pub fn set(&mut self, text: &Text, width_px: Option<f32>, height_px: Option<f32>) -> TextBlock {
        let prepared = self.prepared(text);
        let full_px = full_size(text);
        let floor_px = text.shrink_to_px.unwrap_or(full_px).clamp(1.0, full_px);
        let limit = Limit::new(text, width_px, height_px);
        let mut faults = Vec::new();

        let fitting_px = largest_fitting(text, &prepared, &limit, full_px, floor_px);
        let size_px = fitting_px.unwrap_or(floor_px);
        if fitting_px.is_none() && floor_px < full_px {
            faults.push(TextFault::ShrunkToFloor { floor_px });
        }
        let look = Look { spans: &text.spans, size_px, is_colored: differ_in_color(&text.spans) };
        let boxes = SpanBoxes::new(text, &prepared, size_px);
        let balanced = fitting_px.and_then(|size_px| balanced(text, &prepared, &limit, size_px));
        let balanced = balanced.map(|limit| (self.compose(text, &prepared, &look, &boxes, &limit), limit.max_lines));
        let (mut composed, hidden) = match balanced {
            // Shaped alone a line may come out wider than within its paragraph, and need one line more.
            Some(((lines, false), count)) if lines.len() == count => (lines, false),
            _ => self.compose(text, &prepared, &look, &boxes, &limit),
        };
        let height = |line: &Composed| boxes.of(&prepared.paragraphs[line.paragraph], &line.range).height_px();
        let above_px: f64 = composed.iter().rev().skip(1).map(|line| f64::from(height(line))).sum();
        if let Some(last) = composed.last_mut().filter(|_| hidden) {
            let paragraph = &prepared.paragraphs[last.paragraph];
            let most = if text.wrap { paragraph.text.len() } else { last.range.end };
            let cut = self.cut(text, paragraph, &prepared, &look, last.range.start..most, limit.width_px);
            // Larger type that was to stand on the next line comes up to this one only where there is room for it.
            let cut_px = boxes.of(paragraph, &cut.1).height_px();
            let is_too_high = cut_px > height(last) && limit.is_too_high(above_px + f64::from(cut_px));
            let cut = if is_too_high {
                self.cut(text, paragraph, &prepared, &look, last.range.clone(), limit.width_px)
            } else {
                cut
            };
            last.room_px = cut.0.width_px;
            (last.line, last.range, last.is_cut) = (cut.0, cut.1, true);
        }
        let first_box = composed.first().map(|line| boxes.of(&prepared.paragraphs[line.paragraph], &line.range));
        if first_box.is_some_and(|first| limit.is_too_high(first.height_px().into())) {
            faults.push(TextFault::FrameTooLow);
        }
        if composed.iter().any(|line| line.is_cut) {
            faults.push(TextFault::Truncated);
        }

        let mut lines = Vec::with_capacity(composed.len());
        let (mut block_px, mut top) = (0.0_f32, 0.0_f64);
        for Composed { paragraph, range, line, room_px, is_cut } in composed {
            let paragraph = &prepared.paragraphs[paragraph];
            let line_box = boxes.of(paragraph, &range);
            block_px = block_px.max(if is_cut { line.width_px } else { line.width_px.max(room_px) });
            let baseline_px = (top + f64::from(line_box.above_px)) as f32;
            let spans = paragraph.spans_in(&range).into_iter().map(|span| set_span(&look, &prepared, span)).collect();
            lines.push(SetLine { line, spans, baseline_px, rtl: paragraph.directions.rtl });
            top += f64::from(line_box.height_px());
        }
        if !prepared.missing.is_empty() {
            let has_unreadable_font = self.fonts.hides(&prepared.missing);
            faults.push(TextFault::MissingGlyphs { characters: prepared.missing.clone(), has_unreadable_font });
        }
        TextBlock { width_px: block_px, height_px: top as f32, lines, size_px, faults }
    }

    /// The width and height that a text takes where only its width is limited. A width of 0 asks for the
    /// narrowest box that breaks no word.
    pub fn measure(&mut self, text: &Text, width_px: Option<f32>) -> (f32, f32) {
        if width_px.is_none_or(|width| width > 0.0) {
            let block = self.set(text, width_px, None);
            return (block.width_px, block.height_px);
        }
        let prepared = self.prepared(text);
        let size_px = full_size(text);
        let boxes = SpanBoxes::new(text, &prepared, size_px);
        let limit = Limit::new(text, Some(0.0), None);
        let (mut width_px, mut height_px) = (0.0_f32, 0.0);
        for (paragraph, line) in Lines::new(&prepared, size_px, limit.break_px(text)) {
            width_px = width_px.max(line.width_px);
            height_px += boxes.of(paragraph, &paragraph.bytes(&line.clusters)).height_px();
        }
        (width_px, height_px)
    }

    /// As many lines as fit, shaped, and whether there would be more than empty ones. At least one, so that a box that is too low
    /// shows something.
    fn compose(
        &mut self,
        text: &Text,
        prepared: &Prepared,
        look: &Look<'_>,
        boxes: &SpanBoxes,
        limit: &Limit,
    ) -> (Vec<Composed>, bool) {
        let mut lines: Vec<Composed> = Vec::new();
        let mut height = 0.0_f64;
        for (index, paragraph) in prepared.paragraphs.iter().enumerate() {
            let mut first = 0;
            loop {
                let broken = paragraph.next_line(first, look.size_px, limit.break_px(text), Breaking::Anywhere);
                height += f64::from(boxes.of(paragraph, &paragraph.bytes(&broken.clusters)).height_px());
                if !lines.is_empty() && (lines.len() >= limit.max_lines || limit.is_too_high(height)) {
                    let hides_text = prepared.paragraphs[index..].iter().any(|paragraph| !paragraph.text.is_empty());
                    return (lines, hides_text || prepared.is_cut);
                }
                let (broken, line) = self.fitted(paragraph, prepared, look, broken, limit.break_px(text));
                let range = paragraph.bytes(&broken.clusters);
                let mut composed = Composed { paragraph: index, range, line, room_px: broken.width_px, is_cut: false };
                if limit.is_too_wide(composed.line.width_px) {
                    let range = composed.range.clone();
                    let (line, range) = self.cut(text, paragraph, prepared, look, range, limit.width_px);
                    composed = Composed { line, range, is_cut: true, ..composed };
                }
                lines.push(composed);
                first = paragraph.skip_spaces(broken.next);
                if first >= paragraph.clusters.len() {
                    break;
                }
            }
        }
        (lines, prepared.is_cut)
    }

    /// A line shaped by itself. Broken within a word it may come out wider than it was within its paragraph, where
    /// letters joined and kerned across its ends: then less goes on it.
    fn fitted(
        &mut self,
        paragraph: &Paragraph,
        prepared: &Prepared,
        look: &Look<'_>,
        mut broken: Broken,
        width_px: Option<f32>,
    ) -> (Broken, Arc<ShapedLine>) {
        for _ in 0..TRIES {
            let range = paragraph.bytes(&broken.clusters);
            let hyphen = broken.hyphen.then(|| hyphen(paragraph, prepared, &range)).flatten();
            let line = self.line(paragraph, look, range, hyphen.as_ref());
            let fits = width_px.is_none_or(|width| line.width_px <= width + EPSILON_PX);
            match paragraph.shorter(&broken, look.size_px).filter(|_| !fits) {
                Some(shorter) => broken = shorter,
                None => return (broken, line),
            }
        }
        let range = paragraph.bytes(&broken.clusters);
        let line = self.line(paragraph, look, range, None);
        (broken, line)
    }

    /// The longest whole-character prefix of `range` that fits with the ellipsis behind it, and its range.
    fn cut(
        &mut self,
        text: &Text,
        paragraph: &Paragraph,
        prepared: &Prepared,
        look: &Look<'_>,
        range: Range<usize>,
        width_px: Option<f32>,
    ) -> (Arc<ShapedLine>, Range<usize>) {
        // What surely does not fit need not be shaped; a little more, because shaping changes advances.
        let most = width_px.map_or(range.end, |width| paragraph.reach(range.start, width / look.size_px + 2.0));
        let source = &paragraph.text[range.start..most.clamp(range.start, range.end)];
        let ends: Vec<usize> =
            std::iter::once(0).chain(source.grapheme_indices(true).map(|(at, cluster)| at + cluster.len())).collect();
        let mut candidate = |count: usize| {
            let kept = range.start..range.start + source[..ends[count]].trim_end().len();
            let tail = ellipsis(text, paragraph, prepared, &kept);
            (self.line(paragraph, look, kept.clone(), tail.as_ref()), kept)
        };
        let fits = |line: &ShapedLine| width_px.is_none_or(|width| line.width_px <= width + EPSILON_PX);
        let (mut low, mut high) = (0, ends.len());
        let mut best = candidate(0);
        while high - low > 1 {
            let middle = usize::midpoint(low, high);
            let line = candidate(middle);
            if fits(&line.0) {
                (low, best) = (middle, line);
            } else {
                high = middle;
            }
        }
        if fits(&best.0) {
            return best;
        }
        let nothing = range.start..range.start;
        (self.line(paragraph, look, nothing.clone(), None), nothing)
    }
}

fn set_span(look: &Look<'_>, prepared: &Prepared, index: usize) -> SetSpan {
    let plain = LineMetrics { top: -0.1, thickness: 1.0 / 14.0 };
    let metrics = prepared.faces.get(index).and_then(|faces| faces.first()).map(|choice| choice.face.metrics);
    SetSpan {
        index,
        size_px: look.size_of(index),
        ascent: metrics.map_or(0.8, |metrics| metrics.ascent),
        underline: metrics.map_or(plain, |metrics| metrics.underline),
        strikeout: metrics.map_or(LineMetrics { top: 0.3, ..plain }, |metrics| metrics.strikeout),
    }
}

/// Lines broken between words only.
struct Lines<'p> {
    prepared: &'p Prepared,
    size_px: f32,
    width_px: Option<f32>,
    paragraph: usize,
    first: usize,
}

impl<'p> Lines<'p> {
    fn new(prepared: &'p Prepared, size_px: f32, width_px: Option<f32>) -> Self {
        Self { prepared, size_px, width_px, paragraph: 0, first: 0 }
    }
}

impl<'p> Iterator for Lines<'p> {
    type Item = (&'p Paragraph, Broken);

    fn next(&mut self) -> Option<Self::Item> {
        let paragraph = self.prepared.paragraphs.get(self.paragraph)?;
        let broken = paragraph.next_line(self.first, self.size_px, self.width_px, Breaking::Words);
        self.first = paragraph.skip_spaces(broken.next);
        if self.first >= paragraph.clusters.len() {
            (self.paragraph, self.first) = (self.paragraph + 1, 0);
        }
        Some((paragraph, broken))
    }
}

/// Whether the whole text fits unbroken words into the limit.
fn fits(text: &Text, prepared: &Prepared, limit: &Limit, size_px: f32) -> bool {
    let boxes = SpanBoxes::new(text, prepared, size_px);
    let mut height = 0.0_f64;
    for (count, (paragraph, line)) in Lines::new(prepared, size_px, limit.break_px(text)).enumerate() {
        height += f64::from(boxes.of(paragraph, &paragraph.bytes(&line.clusters)).height_px());
        if count >= limit.max_lines || limit.is_too_wide(line.width_px) || limit.is_too_high(height) {
            return false;
        }
    }
    true
}

/// The limit with the fewest whole pixels to break at that give as many lines as its width does, for a text that
/// fits (CSS Text 4, 5.3: `text-wrap-style: balance`).
fn balanced(text: &Text, prepared: &Prepared, limit: &Limit, size_px: f32) -> Option<Limit> {
    let width_px = limit.width_px.filter(|_| text.balance && text.wrap)?;
    let max_lines = Lines::new(prepared, size_px, Some(width_px)).take(MAX_BALANCED_LINES + 1).count();
    if !(2..=MAX_BALANCED_LINES).contains(&max_lines) {
        return None;
    }
    let fits_at = |px: u32| {
        let narrower = Limit { width_px: Some(px as f32), max_lines, ..*limit };
        fits(text, prepared, &narrower, size_px)
    };
    let (mut low, mut high) = (0, width_px as u32);
    if !fits_at(high) {
        return None;
    }
    while high - low > 1 {
        let middle = u32::midpoint(low, high);
        if fits_at(middle) { high = middle } else { low = middle }
    }
    Some(Limit { narrower_px: Some(high as f32), max_lines, ..*limit })
}

/// The largest size on the half-pixel grid at which the whole text fits unbroken words into the limit.
fn largest_fitting(text: &Text, prepared: &Prepared, limit: &Limit, full_px: f32, floor_px: f32) -> Option<f32> {
    let fits = |size_px: f32| fits(text, prepared, limit, size_px);
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

/// What follows a line that is cut, in the look of the line's end.
fn ellipsis<'t>(text: &'t Text, paragraph: &Paragraph, prepared: &Prepared, range: &Range<usize>) -> Option<Tail<'t>> {
    if text.ellipsis.is_empty() {
        return None;
    }
    let span = paragraph.span_at(range.end.saturating_sub(1));
    let faces = prepared.faces.get(span)?;
    let covering = faces.iter().find(|choice| text.ellipsis.chars().all(|c| choice.face.covers(c)));
    Some(Tail { text: &text.ellipsis, span, choice: covering.or(faces.first())?.clone() })
}

/// What a soft hyphen at the end of a line looks like.
fn hyphen(paragraph: &Paragraph, prepared: &Prepared, range: &Range<usize>) -> Option<Tail<'static>> {
    let at = range.end.saturating_sub(1);
    let span = paragraph.span_at(at);
    let own = paragraph.choice_at(at).filter(|choice| choice.face.hyphen.is_some());
    let choice = own.or_else(|| prepared.faces.get(span)?.iter().find(|choice| choice.face.hyphen.is_some()))?;
    let text = if choice.face.hyphen?.0 == '-' { "-" } else { "\u{2010}" };
    Some(Tail { text, span, choice: choice.clone() })
}
