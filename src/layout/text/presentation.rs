//! Whether a cluster is to be shown as an emoji or as text (UTS #51), and the face that can do that.

use icu_properties::CodePointSetData;
use icu_properties::props::{Emoji, EmojiModifier, EmojiPresentation, RegionalIndicator};

use crate::assets::FaceChoice;

const TEXT_SELECTOR: char = '\u{fe0e}';
const EMOJI_SELECTOR: char = '\u{fe0f}';
const JOINER: char = '\u{200d}';
const TAG_END: char = '\u{e007f}';

/// How a cluster wants to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presentation {
    Text,
    Emoji,
}

impl Presentation {
    /// By its selector, else by what it is made of, else by the default of its first character.
    pub(super) fn of(cluster: &str) -> Self {
        let mut characters = cluster.chars();
        let Some(first) = characters.next() else { return Self::Text };
        // Digits, `#`, `*`, `©` and `®` may be emoji too, but only with a selector behind them.
        if characters.as_str().is_empty() && first < '\u{203c}' {
            return Self::Text;
        }
        if !CodePointSetData::new::<Emoji>().contains(first) {
            return Self::Text;
        }
        let mut rest = characters.clone();
        let is_sequence = rest.any(|c| match c {
            JOINER | TAG_END => true,
            c => {
                CodePointSetData::new::<EmojiModifier>().contains(c)
                    || CodePointSetData::new::<RegionalIndicator>().contains(c)
            }
        });
        match characters.next() {
            Some(TEXT_SELECTOR) => Self::Text,
            Some(EMOJI_SELECTOR) => Self::Emoji,
            _ if is_sequence || CodePointSetData::new::<EmojiPresentation>().contains(first) => Self::Emoji,
            _ => Self::Text,
        }
    }
}

/// The number of the first face that has a whole cluster: a cluster is never split over faces. An emoji asks fonts
/// of colour emoji first, text asks them last.
pub(super) fn covering(faces: &[FaceChoice], cluster: &str) -> Option<usize> {
    let is_emoji = Presentation::of(cluster) == Presentation::Emoji;
    let mut others = None;
    for (index, choice) in faces.iter().enumerate() {
        if !cluster.chars().all(|c| is_default_ignorable(c) || choice.face.covers(c)) {
            continue;
        }
        if choice.face.is_emoji() == is_emoji {
            return Some(index);
        }
        others.get_or_insert(index);
    }
    others
}

/// Joiners, selectors, fillers and marks of direction: they need no glyph.
/// <https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point>
pub(super) fn is_default_ignorable(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presentation_follows_selectors_sequences_and_defaults() {
        let emoji = ["😀", "❤\u{fe0f}", "1\u{fe0f}\u{20e3}", "🇩🇪", "👍🏽", "👩‍⚕️", "☝🏽", "⌚", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "❤\u{fe0f}\u{200d}🔥"];
        let text =
            ["a", "1", "#", "❤", "©", "™", "☎\u{fe0e}", "⌚\u{fe0e}", "1\u{20e3}", "é", "नि", "字", "\u{fe0f}", ""];
        for cluster in emoji {
            assert_eq!(Presentation::of(cluster), Presentation::Emoji, "{cluster:?}");
        }
        for cluster in text {
            assert_eq!(Presentation::of(cluster), Presentation::Text, "{cluster:?}");
        }
    }
}
