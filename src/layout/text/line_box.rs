//! CSS line boxes: how high a line is and where its baseline lies.
//!
//! Every span brings a box of its own: ascent and descent of its first face, with half of what its line height adds
//! (or takes) above and below; with `normal`, so does every other face that it needs on the line. A line is as high as the boxes of the spans on it, on one baseline.
//! <https://www.w3.org/TR/CSS2/visudet.html#line-height>
//!
//! ```text
//!            ┌───────────────────────────┐ ─┐
//!   ┌─────┐  │   ┌─┐ half-leading        │  │ above: the greatest of the spans
//!   │small│  │   │B│ ascent              │  │
//!   └─────┘  │ small│B│  baseline ───────│ ─┤
//!            │      └─┘ descent          │  │ below: the greatest of the spans
//!            └───────────────────────────┘ ─┘
//! ```

use std::ops::Range;

use crate::assets::FaceMetrics;
use crate::template::scene::{LineHeight, Text};

use super::paragraph::Paragraph;
use super::prepared::Prepared;

/// A box about a baseline, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LineBox {
    pub(super) above_px: f32,
    pub(super) below_px: f32,
}

impl LineBox {
    pub(super) fn height_px(self) -> f32 {
        self.above_px + self.below_px
    }

    fn union(self, other: Self) -> Self {
        Self { above_px: self.above_px.max(other.above_px), below_px: self.below_px.max(other.below_px) }
    }
}

/// The boxes of every span of a text, at a size.
pub(super) struct SpanBoxes(Vec<SpanBox>);

struct SpanBox {
    own: LineBox,
    size_px: f32,
    /// Its line height is that of its faces: every face on a line counts.
    is_normal: bool,
}

impl SpanBoxes {
    /// With the first span at `size_px`.
    pub(super) fn new(text: &Text, prepared: &Prepared, size_px: f32) -> Self {
        let first_px = text.spans.first().map_or(1.0, |span| span.font.size_px).max(f32::MIN_POSITIVE);
        let boxes = text.spans.iter().zip(&prepared.faces).map(|(span, faces)| {
            let size_px = size_px * span.font.size_px / first_px;
            let plain = (0.8, 0.2, 0.0);
            let measures = faces.first().map_or(plain, |choice| measures(&choice.face.metrics));
            let (line_px, is_normal) = match span.font.line_height {
                LineHeight::Normal => (None, true),
                LineHeight::Times(times) => (Some(times * size_px), false),
                LineHeight::Px(px) => (Some(px * size_px / span.font.size_px.max(1.0)), false),
            };
            SpanBox { own: line_box(measures, size_px, line_px), size_px, is_normal }
        });
        Self(boxes.collect())
    }

    /// The box of a line.
    pub(super) fn of(&self, paragraph: &Paragraph, range: &Range<usize>) -> LineBox {
        if let [SpanBox { own, is_normal, .. }] = self.0.as_slice()
            && !(*is_normal && paragraph.has_fallback)
        {
            return *own;
        }
        let mut spans = paragraph.spans_in(range);
        if spans.is_empty() {
            spans.push(paragraph.span_at(range.start));
        }
        let own = spans.into_iter().filter_map(|span| self.0.get(span)).map(|span| span.own);
        let others = paragraph.fallbacks_in(range).filter_map(|(span, face)| {
            let span = self.0.get(span).filter(|span| span.is_normal)?;
            Some(line_box(measures(&face.metrics), span.size_px, None))
        });
        own.chain(others).reduce(LineBox::union).unwrap_or(LineBox { above_px: 1.0, below_px: 0.0 })
    }

    /// The box of the first line where nothing limits its width.
    pub(super) fn first(&self, prepared: &Prepared) -> Option<LineBox> {
        match prepared.paragraphs.first() {
            Some(paragraph) => Some(self.of(paragraph, &(0..paragraph.text.len()))),
            None => self.0.first().map(|span| span.own),
        }
    }
}

fn measures(metrics: &FaceMetrics) -> (f32, f32, f32) {
    (metrics.ascent, metrics.descent, metrics.line_gap)
}

/// Ascent and descent are rounded to whole pixels and half-leading down, as browsers do. `None`: the line height is
/// the face's own.
fn line_box((ascent, descent, gap): (f32, f32, f32), size_px: f32, line_px: Option<f32>) -> LineBox {
    let (ascent_px, descent_px) = ((ascent * size_px).round(), (descent * size_px).round());
    let line_px = line_px.unwrap_or(ascent_px + descent_px + gap * size_px).max(1.0);
    let above_px = ascent_px + ((line_px - (ascent_px + descent_px)) / 2.0).floor();
    LineBox { above_px, below_px: line_px - above_px }
}
