//! A text made ready for lines: paragraphs with faces, directions and advances, whatever its size will be.

use cosmic_text::FontSystem;

use crate::assets::{FaceChoice, FontSet};
use crate::template::scene::{Decoration, Font, Span, Text};

use super::bidi;
use super::breaks;
use super::paragraph::{Look, Paragraph, clean};
use super::presentation::is_default_ignorable;

/// Characters without a glyph that a warning names.
const MISSING_NAMED: usize = 16;

/// How often a text may change its direction. The shaper's time grows with the square of it, and no text that is
/// meant to be read comes near.
const MAX_TURNS: usize = 1000;

/// Everything about a text that neither its size nor its box changes.
pub(super) struct Prepared {
    pub(super) paragraphs: Vec<Paragraph>,
    /// The faces to try for each span, best first.
    pub(super) faces: Vec<Vec<FaceChoice>>,
    /// Characters that came out without a glyph, the first few.
    pub(super) missing: String,
    /// Only a part of the text: it turns too often.
    pub(super) is_cut: bool,
}

impl Prepared {
    /// Splits spans at line breaks, gives every cluster a face, finds directions, and shapes.
    pub(super) fn new(text: &Text, fonts: &FontSet, system: &mut FontSystem) -> Self {
        let choices = |span: &Span| fonts.candidates(span.font.family.as_deref(), span.font.weight, span.font.italic);
        let faces: Vec<_> = text.spans.iter().map(choices).collect();
        let mut paragraphs = vec![Paragraph::default()];
        let (mut rtl, mut turns, mut is_cut) = (None, MAX_TURNS, false);
        for (index, span) in text.spans.iter().enumerate() {
            let cleaned = clean(&span.text);
            let cleaned = match is_cut {
                true => "",
                false if cleaned.is_ascii() => &cleaned,
                false => bidi::until_turns(&cleaned, &mut rtl, &mut turns),
            };
            is_cut |= turns == 0;
            for (nth, piece) in cleaned.split('\n').enumerate() {
                if nth > 0 {
                    paragraphs.push(Paragraph::default());
                }
                paragraphs.last_mut().expect("never empty").push(piece, index, &faces[index], text.spans.len() == 1);
            }
        }
        // A line break at the very end, as YAML's `|` and spreadsheets leave it, opens no line (CSS Text 3, 4.1.1).
        if paragraphs.len() > 1 {
            paragraphs.pop_if(|last| last.text.is_empty());
        }
        if paragraphs.len() == 1 && paragraphs[0].text.is_empty() {
            paragraphs.clear();
        }
        let look = Look { spans: &text.spans, size_px: 1.0, is_colored: false };
        let mut missing = String::new();
        for paragraph in &mut paragraphs {
            paragraph.finish(text.direction);
            missing.push_str(&breaks::shape(paragraph, &look, system));
        }
        let missing = missing.chars().filter(|c| !is_default_ignorable(*c)).take(MISSING_NAMED).collect();
        Self { paragraphs, faces, missing, is_cut }
    }
}

/// Equal for texts that are prepared alike.
pub(super) fn digest(text: &Text) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    let first_px = text.spans.first().map_or(1.0, |span| span.font.size_px);
    hasher.update(&[text.direction as u8]);
    for span in &text.spans {
        let Span { text, font, color: _, decoration: Decoration { .. } } = span;
        let Font { family, weight, italic, size_px, line_height: _, letter_spacing_px } = font;
        let family = family.as_deref().unwrap_or_default();
        for content in [text.as_str(), family] {
            hasher.update(&(content.len() as u64).to_le_bytes()).update(content.as_bytes());
        }
        hasher.update(&weight.to_le_bytes()).update(&[u8::from(*italic)]);
        hasher.update(&(size_px / first_px).to_bits().to_le_bytes());
        hasher.update(&(letter_spacing_px / size_px).to_bits().to_le_bytes());
    }
    let mut digest = [0; 16];
    hasher.finalize_xof().fill(&mut digest);
    digest
}
