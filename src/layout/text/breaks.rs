//! Where lines end: clusters with their advances, and the greedy breaker.
//!
//! Opportunities come from ICU4X: UAX #14 in its strict form (kinsoku), and a dictionary for Thai, Lao, Khmer and
//! Burmese, which write no spaces. Advances are in em of the first span, so that one shaping serves every size.

use std::ops::Range;
use std::sync::LazyLock;

use cosmic_text::{BufferLine, FontSystem, LineEnding, Shaping};
use icu_segmenter::LineSegmenter;
use icu_segmenter::LineSegmenterBorrowed;
use icu_segmenter::options::LineBreakOptions;
use unicode_segmentation::UnicodeSegmentation;

use super::EPSILON_PX;
use super::paragraph::{Look, Paragraph};
use super::presentation::is_default_ignorable;

const SOFT_HYPHEN: char = '\u{ad}';

/// Characters that a line keeps together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cluster {
    /// Its first byte in the paragraph.
    pub(super) start: u32,
    /// In em of the first span.
    advance_em: f32,
    before: Before,
    is_space: bool,
    /// Has not exactly one glyph, so that the shaper's letter spacing is wrong for it.
    pub(super) is_irregular: bool,
    /// Takes letter spacing: it is more than invisible characters.
    pub(super) is_spaced: bool,
}

/// What may happen between a cluster and the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Nothing,
    Break,
    /// A break that shows a hyphen.
    Hyphen,
}

/// How far lines are broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Breaking {
    /// Only where the text may be broken.
    Words,
    /// Also within a word that is wider than a line.
    Anywhere,
}

/// A line as it would be broken.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Broken {
    /// Its clusters, spaces at its end not among them.
    pub(super) clusters: Range<usize>,
    /// The first cluster of the line after it.
    pub(super) next: usize,
    /// By the advances of the whole paragraph.
    pub(super) width_px: f32,
    /// Ends at a soft hyphen.
    pub(super) hyphen: bool,
}

/// A paragraph that has not been shaped has no clusters; this gives it some, and tells which characters came out
/// without a glyph.
pub(super) fn shape(paragraph: &mut Paragraph, look: &Look<'_>, system: &mut FontSystem) -> String {
    if paragraph.text.is_empty() {
        return String::new();
    }
    let look = Look { size_px: 1.0, is_colored: false, ..*look };
    let content = paragraph.content(&look, 0..paragraph.text.len(), None);
    let mut line = BufferLine::new(content.text.as_str(), LineEnding::None, content.attrs.clone(), Shaping::Advanced);
    let mut advances = vec![0.0_f32; paragraph.text.len()];
    let mut glyphs = vec![0_u16; paragraph.text.len()];
    let mut without_glyph: Vec<Range<usize>> = Vec::new();
    let shape = line.shape(system, 8);
    for glyph in shape.spans.iter().flat_map(|span| &span.words).flat_map(|word| &word.glyphs) {
        let is_control = glyph.metadata == super::paragraph::NO_SPAN;
        let Some(at) = content.in_text(glyph.start).filter(|at| !is_control && *at < advances.len()) else { continue };
        advances[at] += glyph.width(1.0);
        glyphs[at] = glyphs[at].saturating_add(1);
        if glyph.glyph_id == 0 || paragraph.is_hidden(at) {
            without_glyph.push(at..at + (glyph.end - glyph.start));
        }
    }
    paragraph.clusters = clusters(paragraph, &look, &advances, &glyphs);
    if paragraph.missing.is_empty() {
        return String::new();
    }
    without_glyph.sort_unstable_by_key(|range| range.start);
    without_glyph.dedup();
    without_glyph.into_iter().filter_map(|range| paragraph.text.get(range)).collect()
}

fn clusters(paragraph: &Paragraph, look: &Look<'_>, advances: &[f32], glyphs: &[u16]) -> Vec<Cluster> {
    let text = paragraph.text.as_str();
    let mut opportunities = opportunities(text).into_iter().peekable();
    let mut clusters: Vec<Cluster> = Vec::with_capacity(text.len());
    let mut push = |at: usize, cluster: &str, hyphens: bool| {
        while opportunities.next_if(|opportunity| *opportunity < at).is_some() {}
        let can_break = opportunities.next_if_eq(&at).is_some() && at > 0;
        let part = at..at + cluster.len();
        let glyph_count: u16 = glyphs[part.clone()].iter().fold(0, |sum, count| sum.saturating_add(*count));
        let mut advance_em: f32 = advances[part].iter().sum();
        // A part of a ligature, or of what has no glyph at all, stays with what stands before it.
        if glyph_count == 0
            && !can_break
            && let Some(last) = clusters.last_mut()
        {
            last.is_irregular |= look.spans.iter().any(|span| span.font.letter_spacing_px != 0.0);
            return;
        }
        let spacing = paragraph.letter_spacing_at(at, look.spans);
        let is_spaced = !cluster.chars().all(is_default_ignorable);
        let wanted = if is_spaced { 1.0 } else { 0.0 };
        let is_irregular = spacing != 0.0 && f32::from(glyph_count) != wanted;
        if is_irregular {
            advance_em += (wanted - f32::from(glyph_count)) * spacing * look.size_of(paragraph.span_at(at));
        }
        let before = match can_break {
            false => Before::Nothing,
            true if hyphens => Before::Hyphen,
            true => Before::Break,
        };
        let is_space = cluster.chars().all(char::is_whitespace);
        clusters.push(Cluster { start: at as u32, advance_em, before, is_space, is_irregular, is_spaced });
    };
    if text.is_ascii() {
        for at in 0..text.len() {
            push(at, &text[at..=at], false);
        }
    } else {
        let mut hyphens = false;
        for (at, cluster) in text.grapheme_indices(true) {
            push(at, cluster, hyphens);
            hyphens = cluster.ends_with(SOFT_HYPHEN);
        }
    }
    clusters
}

/// The bytes before which a line may begin.
fn opportunities(text: &str) -> Vec<usize> {
    static SEGMENTER: LazyLock<LineSegmenterBorrowed<'static>> =
        LazyLock::new(|| LineSegmenter::new_dictionary(LineBreakOptions::default()));
    SEGMENTER.segment_str(text).collect()
}

impl Paragraph {
    /// Breaks one line off, from a cluster on.
    pub(super) fn next_line(&self, first: usize, size_px: f32, width_px: Option<f32>, breaking: Breaking) -> Broken {
        // Text set again at the width that was measured for it must break where it did.
        let room_em = width_px.map_or(f32::INFINITY, |width| (width + EPSILON_PX) / size_px);
        let (mut x, mut ink, mut ink_end) = (0.0_f32, 0.0_f32, first);
        let mut best: Option<Broken> = None;
        let (mut overflows, mut has_ink) = (false, false);
        for (index, cluster) in self.clusters.iter().enumerate().skip(first) {
            if has_ink && cluster.before != Before::Nothing {
                let hyphen = cluster.before == Before::Hyphen && ink_end == index;
                let width_em = if hyphen { ink + self.hyphen_em(index) } else { ink };
                if overflows || width_em <= room_em || (best.is_none() && !hyphen) {
                    let width_px = width_em * size_px;
                    let broken = Broken { clusters: first..ink_end, next: index, width_px, hyphen };
                    if overflows {
                        return broken;
                    }
                    best = Some(broken);
                }
            }
            x += cluster.advance_em;
            if cluster.is_space {
                continue;
            }
            if x > room_em && index > first && !overflows {
                if let Some(best) = best {
                    return best;
                }
                if breaking == Breaking::Anywhere {
                    return Broken { clusters: first..ink_end, next: index, width_px: ink * size_px, hyphen: false };
                }
                overflows = true;
            }
            has_ink |= cluster.is_spaced;
            (ink, ink_end) = (x, index + 1);
        }
        let next = self.clusters.len();
        Broken { clusters: first..ink_end, next, width_px: ink * size_px, hyphen: false }
    }

    /// The same line with less on it: at the next opportunity before its end, else with one cluster less.
    pub(super) fn shorter(&self, line: &Broken, size_px: f32) -> Option<Broken> {
        let Range { start, end } = line.clusters;
        let breaks = |index: &usize| self.clusters[*index].before == Before::Break;
        let next = (start + 1..end).rev().find(breaks).or((end > start + 1).then(|| end - 1))?;
        let spaces = self.clusters[start..next].iter().rev().take_while(|cluster| cluster.is_space).count();
        let clusters = start..(next - spaces).max(start + 1);
        let width_px = self.clusters[clusters.clone()].iter().map(|cluster| cluster.advance_em).sum::<f32>() * size_px;
        Some(Broken { clusters, next, width_px, hyphen: false })
    }

    /// The first cluster from here on that is no space.
    pub(super) fn skip_spaces(&self, from: usize) -> usize {
        let spaces = self.clusters[from..].iter().take_while(|cluster| cluster.is_space).count();
        from + spaces
    }

    /// The bytes of some clusters.
    pub(super) fn bytes(&self, clusters: &Range<usize>) -> Range<usize> {
        let at = |index: usize| self.clusters.get(index).map_or(self.text.len(), |cluster| cluster.start as usize);
        at(clusters.start)..at(clusters.end.max(clusters.start))
    }

    /// The end of the shortest part from `start` that is wider than `width_em`, or of the paragraph.
    pub(super) fn reach(&self, start: usize, width_em: f32) -> usize {
        let first = self.clusters.partition_point(|cluster| (cluster.start as usize) < start);
        let mut x = 0.0;
        let wider = self.clusters[first..].iter().position(|cluster| {
            x += cluster.advance_em;
            x > width_em
        });
        wider.map_or(self.text.len(), |index| self.bytes(&(first..first + index + 1)).end)
    }

    fn hyphen_em(&self, index: usize) -> f32 {
        let at = (self.clusters[index].start as usize).saturating_sub(1);
        self.choice_at(at).and_then(|choice| choice.face.hyphen).map_or(0.0, |(_, advance_em)| advance_em)
    }
}
