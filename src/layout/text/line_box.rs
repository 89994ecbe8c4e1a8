//! CSS line boxes: how high a line is and where its baseline lies.
//!
//! Every span brings a box of its own: ascent and descent of its first face, with half of what its line height adds
//! (or takes) above and below. A line is as high as the boxes of the spans on it, on one baseline.
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
pub(super) struct SpanBoxes(Vec<LineBox>);

impl SpanBoxes {
    /// With the first span at `size_px`. Ascent and descent are rounded to whole pixels and half-leading down, as
    /// browsers do.
    pub(super) fn new(text: &Text, prepared: &Prepared, size_px: f32) -> Self {
        let first_px = text.spans.first().map_or(1.0, |span| span.font.size_px).max(f32::MIN_POSITIVE);
        let boxes = text.spans.iter().zip(&prepared.faces).map(|(span, faces)| {
            let size_px = size_px * span.font.size_px / first_px;
            let (ascent, descent, gap) = faces.first().map_or((0.8, 0.2, 0.0), |choice| {
                let metrics = &choice.face.metrics;
                (metrics.ascent, metrics.descent, metrics.line_gap)
            });
            let (ascent_px, descent_px) = ((ascent * size_px).round(), (descent * size_px).round());
            let line_px = match span.font.line_height {
                LineHeight::Normal => ascent_px + descent_px + gap * size_px,
                LineHeight::Times(times) => times * size_px,
                LineHeight::Px(px) => px * size_px / span.font.size_px.max(1.0),
            }
            .max(1.0);
            let above_px = ascent_px + ((line_px - (ascent_px + descent_px)) / 2.0).floor();
            LineBox { above_px, below_px: line_px - above_px }
        });
        Self(boxes.collect())
    }

    /// The box of a line.
    pub(super) fn of(&self, paragraph: &Paragraph, range: &Range<usize>) -> LineBox {
        if let [only] = self.0.as_slice() {
            return *only;
        }
        let mut spans = paragraph.spans_in(range);
        if spans.is_empty() {
            spans.push(paragraph.span_at(range.start));
        }
        let boxes = spans.into_iter().filter_map(|span| self.0.get(span).copied());
        boxes.reduce(LineBox::union).unwrap_or(LineBox { above_px: 1.0, below_px: 0.0 })
    }

    /// The box of the first line where nothing limits its width.
    pub(super) fn first(&self, prepared: &Prepared) -> Option<LineBox> {
        match prepared.paragraphs.first() {
            Some(paragraph) => Some(self.of(paragraph, &(0..paragraph.text.len()))),
            None => self.0.first().copied(),
        }
    }
}
