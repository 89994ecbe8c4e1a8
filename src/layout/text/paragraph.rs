//! Paragraphs: text between forced breaks, split into runs by the faces that cover it.

use std::ops::Range;
use std::sync::Arc;

use cosmic_text::{Attrs, AttrsList, BufferLine, Family, Weight};
use unicode_segmentation::UnicodeSegmentation;

use crate::assets::Face;
use crate::template::scene::Span;

use super::{MAX_TEXT_BYTES, to_cosmic};

/// Text between two forced breaks, with a face for every part.
#[derive(Default)]
pub(super) struct Paragraph {
    pub(super) text: String,
    runs: Vec<Run>,
    /// Characters that no face has by itself.
    pub(super) missing: String,
    /// Shaped, for breaking.
    pub(super) line: Option<BufferLine>,
}

struct Run {
    range: Range<usize>,
    span: usize,
    face: Arc<Face>,
}

impl Paragraph {
    /// Appends a piece of a span, split into runs by the first candidate that covers each character whole.
    pub(super) fn push(&mut self, piece: &str, span: usize, candidates: &[Arc<Face>]) {
        let Some(primary) = candidates.first() else { return };
        for cluster in piece.graphemes(true) {
            let covering = candidates.iter().find(|face| covers_cluster(face, cluster));
            if covering.is_none() {
                self.missing.push_str(cluster);
            }
            let face = covering.unwrap_or(primary);
            let start = self.text.len();
            self.text.push_str(cluster);
            match self.runs.last_mut() {
                Some(run) if run.span == span && run.face.id == face.id => run.range.end = self.text.len(),
                _ => self.runs.push(Run { range: start..self.text.len(), span, face: Arc::clone(face) }),
            }
        }
    }

    pub(super) fn truncate(&mut self, end: usize) {
        self.text.truncate(end);
        self.runs.retain(|run| run.range.start < end);
        if let Some(last) = self.runs.last_mut() {
            last.range.end = last.range.end.min(end);
        }
    }

    /// Characters that came out of shaping without a glyph. A face may lack `ễ` and still draw it from its parts.
    pub(super) fn without_glyph(&self) -> String {
        let Some(shape) = self.line.as_ref().and_then(|line| line.shape_opt()).filter(|_| !self.missing.is_empty())
        else {
            return String::new();
        };
        let glyphs = shape.spans.iter().flat_map(|span| &span.words).flat_map(|word| &word.glyphs);
        let mut ranges: Vec<_> =
            glyphs.filter(|glyph| glyph.glyph_id == 0).map(|glyph| (glyph.start, glyph.end)).collect();
        ranges.sort_unstable();
        ranges.dedup();
        ranges.into_iter().filter_map(|(start, end)| self.text.get(start..end)).collect()
    }

    pub(super) fn span_at(&self, at: usize) -> usize {
        self.runs.iter().find(|run| run.range.contains(&at)).or(self.runs.last()).map_or(0, |run| run.span)
    }

    pub(super) fn attrs(&self, spans: &[Span], range: Range<usize>) -> AttrsList {
        let default = self.runs.first().map_or_else(Attrs::new, |run| face_attrs(&run.face, &spans[run.span], spans));
        let mut list = AttrsList::new(&default);
        for run in &self.runs {
            let (start, end) = (run.range.start.max(range.start), run.range.end.min(range.end));
            if start < end {
                list.add_span(start - range.start..end - range.start, &face_attrs(&run.face, &spans[run.span], spans));
            }
        }
        list
    }

    /// Equal for lines that look the same: faces, characters, sizes, spacing and, where spans differ, colours.
    pub(super) fn digest(
        &self,
        spans: &[Span],
        range: Range<usize>,
        tail: Option<&Tail<'_>>,
        size_px: f32,
        scale: f32,
    ) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new();
        let mut run = |face: &Face, span: &Span, text: &str| {
            hasher.update(&face.digest).update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
            hasher.update(&(span.font.size_px * scale).to_bits().to_le_bytes());
            hasher.update(&(span.font.letter_spacing_px / span.font.size_px).to_bits().to_le_bytes());
            if spans.len() > 1 {
                hasher.update(&span.color.to_rgba8());
            }
        };
        for Run { range: whole, span, face } in &self.runs {
            let (start, end) = (whole.start.max(range.start), whole.end.min(range.end));
            if start < end {
                run(face, &spans[*span], &self.text[start..end]);
            }
        }
        if let Some(Tail { text, span, face }) = tail {
            run(face, &spans[*span], text);
        }
        hasher.update(&size_px.to_bits().to_le_bytes());
        let mut digest = [0; 16];
        hasher.finalize_xof().fill(&mut digest);
        digest
    }
}

/// What follows a line that is cut.
pub(super) struct Tail<'t> {
    /// The ellipsis.
    pub(super) text: &'t str,
    /// Whose look it has.
    pub(super) span: usize,
    pub(super) face: Arc<Face>,
}

/// Joiners, selectors and marks of direction need no glyph.
fn covers_cluster(face: &Face, cluster: &str) -> bool {
    cluster.chars().all(|c| face.covers(c) || is_default_ignorable(c))
}

pub(super) fn is_default_ignorable(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Selects exactly `face`. Sizes other than the first span's, and colours where spans differ, go along.
pub(super) fn face_attrs<'a>(face: &'a Face, span: &Span, spans: &[Span]) -> Attrs<'a> {
    let mut attrs = Attrs::new()
        .family(Family::Name(&face.alias))
        .weight(Weight(face.weight))
        .style(face.style)
        .stretch(face.stretch);
    if span.font.letter_spacing_px != 0.0 {
        attrs = attrs.letter_spacing(span.font.letter_spacing_px / span.font.size_px.max(1.0));
    }
    if spans.len() > 1 {
        attrs = attrs.color(to_cosmic(span.color));
    }
    attrs
}

/// Line breaks made alike, other controls gone: they have no glyph and would split a paragraph.
pub(super) fn clean(text: &str) -> String {
    let text = if text.len() > MAX_TEXT_BYTES { &text[..text.floor_char_boundary(MAX_TEXT_BYTES)] } else { text };
    let mut cleaned = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\r' => {
                characters.next_if_eq(&'\n');
                cleaned.push('\n');
            }
            '\n' | '\u{0b}' | '\u{0c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => cleaned.push('\n'),
            '\t' => cleaned.push(' '),
            c if c.is_control() => {}
            c => cleaned.push(c),
        }
    }
    cleaned
}
