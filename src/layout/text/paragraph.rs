//! Paragraphs: text between forced breaks, cleaned, with a direction for every byte and a face for every cluster.

use std::ops::Range;

use cosmic_text::{Attrs, AttrsList, Family, FeatureTag, FontFeatures, Metrics, Weight, fontdb};
use unicode_script::{Script, UnicodeScript};
use unicode_segmentation::UnicodeSegmentation;

use crate::assets::{Face, FaceChoice};
use crate::template::scene::{Span, TextDirection};

use super::bidi::{self, Directions, Overrides};
use super::breaks::Cluster;
use super::presentation::covering;
use super::{MAX_TEXT_BYTES, to_cosmic};

/// Glyphs that stand for no part of the text: controls and the ellipsis.
pub(super) const NO_SPAN: usize = usize::MAX;
/// So many clusters that no face has are shaped at once: the shaper tries every face and goes through all of them
/// again for each.
const MISSING_AT_ONCE: usize = 32;
/// Advances by nothing and separates nothing: it carries the letter spacing of a cluster of several glyphs.
const WORD_JOINER: char = '\u{2060}';

/// Text between two forced breaks.
#[derive(Default)]
pub(super) struct Paragraph {
    /// Without controls.
    pub(super) text: String,
    /// Which way it runs.
    pub(super) directions: Directions,
    /// What lines are broken between; filled when it is shaped.
    pub(super) clusters: Vec<Cluster>,
    /// The span that it stands in where it is empty.
    pub(super) home: usize,
    /// Starts of parts whose glyph cannot be drawn.
    hidden: Vec<usize>,
    /// Something of it is set in another face than its span's first.
    pub(super) has_fallback: bool,
    /// Parts that no face has by itself.
    pub(super) missing: Vec<Range<usize>>,
    runs: Vec<Run>,
    source: bidi::Source,
}

/// Text of one span, one face and one script.
struct Run {
    range: Range<usize>,
    span: usize,
    /// Among the candidates of its span.
    choice: FaceChoice,
    script: Script,
    /// Differs from the run before where the two must not be shaped as one.
    is_odd: bool,
    /// Not the first face of its span.
    is_fallback: bool,
}

/// How a piece is set.
struct Picked<'a> {
    span: usize,
    choice: &'a FaceChoice,
    script: Script,
    /// Not to be shaped as one with what stands before.
    is_apart: bool,
    is_fallback: bool,
}

/// What text looks like besides its faces.
#[derive(Clone, Copy)]
pub(super) struct Look<'a> {
    pub(super) spans: &'a [Span],
    /// The size of the first span.
    pub(super) size_px: f32,
    /// Spans bring their own colours.
    pub(super) is_colored: bool,
}

impl Look<'_> {
    /// The size of a span.
    pub(super) fn size_of(&self, span: usize) -> f32 {
        self.size_px * self.spans[span].font.size_px / self.spans[0].font.size_px.max(f32::MIN_POSITIVE)
    }

    /// The largest size of all spans.
    pub(super) fn largest_px(&self) -> f32 {
        (0..self.spans.len()).map(|span| self.size_of(span)).fold(self.size_px, f32::max)
    }

    /// Height of the shaper's lines. glyphon leaves out a line whose box is out of sight, so it must be high enough
    /// for what overhangs.
    pub(super) fn line_px(&self) -> f32 {
        (self.largest_px() * 3.0).ceil().max(1.0)
    }
}

/// What follows a line: an ellipsis or a hyphen.
pub(super) struct Tail<'t> {
    pub(super) text: &'t str,
    /// Whose look it has.
    pub(super) span: usize,
    pub(super) choice: FaceChoice,
}

/// A part of a paragraph as it is handed to the shaper.
pub(super) struct Content {
    pub(super) text: String,
    pub(super) attrs: AttrsList,
    /// Where pieces of the text lie in the content; empty: where they lie in the text.
    places: Vec<(usize, usize)>,
}

impl Content {
    /// Where a byte of the content lies in the text.
    pub(super) fn in_text(&self, at: usize) -> Option<usize> {
        if self.places.is_empty() {
            return Some(at);
        }
        let after = self.places.partition_point(|(start, _)| *start <= at);
        let (start, text) = *self.places.get(after.checked_sub(1)?)?;
        Some(text + at - start)
    }
}

impl Paragraph {
    /// Appends a piece of a span, split into runs by the first face that covers each cluster whole.
    /// `is_alone`: there is no other span.
    pub(super) fn push(&mut self, piece: &str, span: usize, faces: &[FaceChoice], is_alone: bool) {
        self.home = span;
        let Some(primary) = faces.first() else { return };
        if piece.is_ascii() && primary.face.covers_ascii() && !primary.face.is_emoji() {
            self.source.push(piece, is_alone);
            self.append(
                piece,
                Picked { span, choice: primary, script: Script::Latin, is_apart: false, is_fallback: false },
            );
            return;
        }
        self.source.push(piece, is_alone);
        let without_controls: String;
        let piece = if piece.contains(bidi::is_control) {
            without_controls = piece.chars().filter(|c| !bidi::is_control(*c)).collect();
            &without_controls
        } else {
            piece
        };
        let mut missed = 0;
        let (mut word_end, mut of_word) = (0, None);
        for (at, cluster) in piece.grapheme_indices(true) {
            let script = cluster.chars().next().map_or(Script::Common, |c| c.script());
            if at >= word_end {
                // Letters of two faces would not join: the first face that has the whole word, if there is one.
                (word_end, of_word) = (at, None);
                if is_joined(script) {
                    word_end += piece[at..].find(|c| !continues_joined(c)).unwrap_or(piece.len() - at);
                    of_word = covering(faces, &piece[at..word_end]);
                }
            }
            let covering = of_word.or_else(|| covering(faces, cluster));
            if covering.is_none() {
                self.missing.push(self.text.len()..self.text.len() + cluster.len());
                if cluster.chars().any(|c| faces.iter().any(|choice| choice.face.hides(c))) {
                    self.hidden.push(self.text.len());
                }
                missed += 1;
            }
            let is_apart = covering.is_none() && missed % MISSING_AT_ONCE == 0;
            let choice = covering.map_or(primary, |index| &faces[index]);
            let is_fallback = covering.is_some_and(|index| index > 0);
            self.has_fallback |= is_fallback;
            self.append(cluster, Picked { span, choice, script, is_apart, is_fallback });
        }
    }

    fn append(&mut self, piece: &str, picked: Picked<'_>) {
        let Picked { span, choice, script, is_apart, is_fallback } = picked;
        let start = self.text.len();
        self.text.push_str(piece);
        let range = start..self.text.len();
        if range.is_empty() {
            return;
        }
        let is_common = matches!(script, Script::Common | Script::Inherited | Script::Unknown);
        let Some(last) = self.runs.last_mut() else {
            self.runs.push(Run { range, span, choice: choice.clone(), script, is_odd: false, is_fallback });
            return;
        };
        let was_common = matches!(last.script, Script::Common | Script::Inherited | Script::Unknown);
        let is_same_script = is_common || was_common || last.script == script;
        let joins = last.choice == *choice && is_same_script && !is_apart;
        if joins && last.span == span {
            last.range.end = range.end;
            if was_common {
                last.script = script;
            }
            return;
        }
        let is_odd = last.is_odd != (last.choice == *choice && !joins);
        let script = if is_common { last.script } else { script };
        self.runs.push(Run { range, span, choice: choice.clone(), script, is_odd, is_fallback });
    }

    /// After the last piece: directions are known, and spaces at the end hang and are not seen.
    pub(super) fn finish(&mut self, direction: TextDirection) {
        self.directions = std::mem::take(&mut self.source).directions(direction);
        let end = self.text.trim_end().len();
        self.text.truncate(end);
        self.runs.retain(|run| run.range.start < end);
        if let Some(last) = self.runs.last_mut() {
            last.range.end = last.range.end.min(end);
        }
        self.missing.retain(|range| range.start < end);
    }

    /// The span at a byte.
    pub(super) fn span_at(&self, at: usize) -> usize {
        self.run_at(at).map_or(self.home, |run| run.span)
    }

    /// Whether the glyph of the part that starts at a byte cannot be drawn.
    pub(super) fn is_hidden(&self, at: usize) -> bool {
        self.hidden.binary_search(&at).is_ok()
    }

    /// The face at a byte.
    pub(super) fn choice_at(&self, at: usize) -> Option<&FaceChoice> {
        self.run_at(at).map(|run| &run.choice)
    }

    fn run_at(&self, at: usize) -> Option<&Run> {
        let after = self.runs.partition_point(|run| run.range.start <= at);
        self.runs.get(after.saturating_sub(1))
    }

    /// The spans that a part has something of, in order: glyphs name them by their place in this list.
    pub(super) fn spans_in(&self, range: &Range<usize>) -> Vec<usize> {
        let mut spans: Vec<usize> = self.runs_in(range).map(|(run, _)| run.span).collect();
        spans.dedup();
        spans
    }

    /// The faces other than the first of their span that a part is set in.
    pub(super) fn fallbacks_in(&self, range: &Range<usize>) -> impl Iterator<Item = (usize, &Face)> {
        let fallbacks = self.runs_in(range).filter(|(run, _)| run.is_fallback);
        fallbacks.map(|(run, _)| (run.span, &*run.choice.face))
    }

    fn runs_in(&self, range: &Range<usize>) -> impl Iterator<Item = (&Run, Range<usize>)> {
        let first = self.runs.partition_point(|run| run.range.end <= range.start);
        let range = range.clone();
        let runs = self.runs[first..].iter().take_while(move |run| run.range.start < range.end);
        let part = move |run: &Run| run.range.start.max(range.start)..run.range.end.min(range.end);
        runs.map(move |run| (run, part(run))).filter(|(_, part)| part.start < part.end)
    }

    /// What the shaper is given for a part of the paragraph.
    pub(super) fn content(&self, look: &Look<'_>, range: Range<usize>, tail: Option<&Tail<'_>>) -> Content {
        let mut text = String::with_capacity(range.len() + 16);
        let mut places = Vec::new();
        let default = match (self.runs_in(&range).next(), tail) {
            (Some((run, _)), _) => Attrs { metadata: NO_SPAN, ..run.attrs(look, NO_SPAN, false) },
            (None, Some(tail)) => tail.attrs(look),
            (None, None) => Attrs::new(),
        };
        let mut attrs = AttrsList::new(&default);
        let levels = self.directions.levels.as_deref();
        let mut overrides = levels.map(|_| Overrides::open(self.directions.rtl, &mut text));
        let (mut ordinal, mut previous): (usize, Option<&Run>) = (0, None);
        for (run, part) in self.runs_in(&range) {
            let before = previous.replace(run);
            ordinal += usize::from(before.is_some_and(|before| before.span != run.span));
            if let (Some(levels), Some(overrides)) = (levels, &mut overrides)
                && before.is_some_and(|before| before.is_shaped_apart(run))
                && levels[part.start - 1] == levels[part.start]
            {
                overrides.part(levels[part.start], &mut text);
            }
            let spacing = run.letter_spacing(look.spans);
            let (spaced, plain) = (run.attrs(look, ordinal, true), run.attrs(look, ordinal, false));
            let mut start = part.start;
            while start < part.end {
                let mut end = part.end;
                if let (Some(levels), Some(overrides)) = (levels, &mut overrides) {
                    overrides.set(levels[start], &mut text);
                    end =
                        levels[start..end].iter().position(|level| *level != levels[start]).map_or(end, |n| start + n);
                }
                let odd = if spacing == 0.0 { None } else { self.next_irregular(start..end) };
                match odd {
                    Some(cluster) if cluster.start == start => {
                        end = cluster.end.min(end);
                        let space = |text: &mut String, attrs: &mut AttrsList, here: bool| {
                            if here && cluster.is_spaced {
                                attrs.add_span(text.len()..text.len() + WORD_JOINER.len_utf8(), &spaced);
                                text.push(WORD_JOINER);
                            }
                        };
                        // The shaper has the space to the right of every glyph.
                        let rtl = levels.is_some_and(|levels| levels[start] % 2 == 1);
                        space(&mut text, &mut attrs, rtl);
                        attrs.add_span(text.len()..text.len() + end - start, &plain);
                        places.push((text.len(), start));
                        text.push_str(&self.text[start..end]);
                        space(&mut text, &mut attrs, !rtl);
                    }
                    odd => {
                        end = odd.map_or(end, |cluster| cluster.start.min(end));
                        attrs.add_span(text.len()..text.len() + end - start, &spaced);
                        places.push((text.len(), start));
                        text.push_str(&self.text[start..end]);
                    }
                }
                start = end;
            }
        }
        if let Some(tail) = tail {
            if let Some(overrides) = &mut overrides {
                let level = u8::from(self.directions.rtl);
                overrides.set(level, &mut text);
                overrides.part(level, &mut text);
            }
            attrs.add_span(text.len()..text.len() + tail.text.len(), &tail.attrs(look));
            text.push_str(tail.text);
        }
        if overrides.is_none() && range.start == 0 {
            places.clear();
        }
        Content { text, attrs, places }
    }

    fn next_irregular(&self, range: Range<usize>) -> Option<Irregular> {
        let first = self.clusters.partition_point(|cluster| (cluster.start as usize) < range.start);
        let within = self.clusters[first..].iter().enumerate().take_while(|(_, c)| (c.start as usize) < range.end);
        let (index, cluster) = within.into_iter().find(|(_, cluster)| cluster.is_irregular)?;
        let end = self.clusters.get(first + index + 1).map_or(self.text.len(), |next| next.start as usize);
        Some(Irregular { start: cluster.start as usize, end, is_spaced: cluster.is_spaced })
    }

    /// Letter spacing at a byte, in em of its span.
    pub(super) fn letter_spacing_at(&self, at: usize, spans: &[Span]) -> f32 {
        self.run_at(at).map_or(0.0, |run| run.letter_spacing(spans))
    }

    /// Equal for lines that look the same: faces, characters, directions, sizes, spacing, the places of spans and,
    /// where spans differ in it, colour.
    pub(super) fn digest(&self, look: &Look<'_>, range: Range<usize>, tail: Option<&Tail<'_>>) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new();
        let mut run = |choice: &FaceChoice, span: usize, spacing: f32, is_odd: bool, ordinal: usize, text: &str| {
            hasher.update(&choice.face.digest).update(&choice.weight.to_le_bytes());
            hasher.update(&[u8::from(choice.is_slanted), u8::from(is_odd)]).update(&(ordinal as u32).to_le_bytes());
            hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
            hasher.update(&look.size_of(span).to_bits().to_le_bytes()).update(&spacing.to_bits().to_le_bytes());
            if look.is_colored {
                hasher.update(&look.spans[span].color.to_rgba8());
            }
        };
        let (mut ordinal, mut previous) = (0, None);
        for (Run { span, choice, is_odd, script: _, range: _, is_fallback: _ }, part) in self.runs_in(&range) {
            if previous.is_some_and(|previous| previous != *span) {
                ordinal += 1;
            }
            previous = Some(*span);
            let spacing = self.letter_spacing_at(part.start, look.spans);
            run(choice, *span, spacing, *is_odd, ordinal, &self.text[part]);
        }
        if let Some(tail @ Tail { text, span, choice }) = tail {
            run(choice, *span, tail.letter_spacing(look.spans), false, NO_SPAN, text);
        }
        if let Some(levels) = &self.directions.levels {
            hasher.update(&[1, u8::from(self.directions.rtl)]).update(&levels[range]);
        }
        hasher.update(&look.size_px.to_bits().to_le_bytes()).update(&look.line_px().to_bits().to_le_bytes());
        let mut digest = [0; 16];
        hasher.finalize_xof().fill(&mut digest);
        digest
    }
}

/// Whether letters of a script hang together.
fn is_joined(script: Script) -> bool {
    use Script::{Arabic, Hanifi_Rohingya, Mandaic, Mongolian, Nko, Phags_Pa, Syriac};
    matches!(script, Arabic | Hanifi_Rohingya | Mandaic | Mongolian | Nko | Phags_Pa | Syriac)
}

/// Whether a character stands within a word of such letters: also marks, joiners and the tatweel, that no one
/// script has to itself.
fn continues_joined(c: char) -> bool {
    is_joined(c.script()) || c.script() == Script::Inherited || c == '\u{640}'
}

struct Irregular {
    start: usize,
    end: usize,
    is_spaced: bool,
}

impl Run {
    /// Whether the shaper takes the next run by itself.
    fn is_shaped_apart(&self, next: &Self) -> bool {
        self.choice != next.choice || self.is_odd != next.is_odd
    }

    /// Letter spacing in em. Letters that join are not torn apart (CSS Text 3, 8.2.1).
    fn letter_spacing(&self, spans: &[Span]) -> f32 {
        if is_joined(self.script) {
            return 0.0;
        }
        letter_spacing(&spans[self.span])
    }

    fn attrs<'a>(&'a self, look: &Look<'_>, ordinal: usize, is_spaced: bool) -> Attrs<'a> {
        let mut attrs = look_attrs(&self.choice, look, self.span);
        attrs.metadata = ordinal;
        if self.is_odd {
            // Says nothing of the face, which its family alone selects, but keeps two runs apart.
            attrs = attrs.stretch(fontdb::Stretch::SemiExpanded);
        }
        let spacing = self.letter_spacing(look.spans);
        if spacing != 0.0 {
            let mut features = FontFeatures::new();
            features.disable(FeatureTag::STANDARD_LIGATURES).disable(FeatureTag::CONTEXTUAL_LIGATURES);
            attrs = attrs.font_features(features);
            if is_spaced {
                attrs = attrs.letter_spacing(spacing);
            }
        }
        attrs
    }
}

impl Tail<'_> {
    fn attrs(&self, look: &Look<'_>) -> Attrs<'_> {
        let attrs = Attrs { metadata: NO_SPAN, ..look_attrs(&self.choice, look, self.span) };
        let spacing = self.letter_spacing(look.spans);
        if spacing == 0.0 { attrs } else { attrs.letter_spacing(spacing) }
    }

    fn letter_spacing(&self, spans: &[Span]) -> f32 {
        letter_spacing(&spans[self.span])
    }
}

/// In em.
fn letter_spacing(span: &Span) -> f32 {
    span.font.letter_spacing_px / span.font.size_px.max(1.0)
}

/// Selects exactly the face and instance. Sizes other than the first span's, and colours where spans differ, go
/// along.
fn look_attrs<'a>(choice: &'a FaceChoice, look: &Look<'_>, span: usize) -> Attrs<'a> {
    let FaceChoice { face, weight, is_slanted } = choice;
    let mut attrs = Attrs::new().family(Family::Name(&face.alias)).weight(Weight(*weight)).style(if *is_slanted {
        fontdb::Style::Italic
    } else {
        face.style
    });
    let size_px = look.size_of(span);
    if size_px != look.size_px {
        attrs = attrs.metrics(Metrics::new(size_px, look.line_px()));
    }
    if look.is_colored {
        attrs = attrs.color(to_cosmic(look.spans[span].color));
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
