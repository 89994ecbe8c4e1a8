//! Directions: the levels of a paragraph (UAX #9), and how they are told to the shaper.
//!
//! The controls in a text (marks, embeddings, overrides, isolates) decide levels here and are then taken out. Each
//! span is closed in itself: what a row's value opens ends with the span, and it cannot close what stands around it.
//!
//! cosmic-text resolves levels anew from the characters of every line, which would forget the paragraph's direction
//! and whatever began on a line above. So a line of mixed direction is handed over with overrides around each
//! stretch of a level, which leave nothing to resolve:
//!
//! ```text
//!   levels     0 0 0 0 1 1 1 0 0        RTL paragraph   1 1 1 2 2 1
//!   text       a b c   ג ב א   d        text            א ב   4 2 !
//!   content    ‹LRM›‹LRO› abc ‹RLO› אבג ‹PDF› d         ‹RLM›‹RLO› אב ‹LRO› 42 ‹PDF› !
//! ```
//!
//! All levels come out two higher, which looks the same.

use std::borrow::Cow;

use unicode_bidi::{BidiClass, Direction, Level, ParagraphBidiInfo, bidi_class, get_base_direction};

use crate::template::scene::TextDirection;

const LRM: char = '\u{200e}';
const RLM: char = '\u{200f}';
const PDF: char = '\u{202c}';
const LRO: char = '\u{202d}';
const RLO: char = '\u{202e}';
const FSI: char = '\u{2068}';
const PDI: char = '\u{2069}';

/// Embeddings and isolates within each other: with more, UAX #9 would run out of levels (at 125).
const MAX_OPEN: usize = 30;

/// The directions of a paragraph.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Directions {
    /// The paragraph runs from right to left.
    pub(super) rtl: bool,
    /// Of every byte; `None`: all of the text runs from left to right.
    pub(super) levels: Option<Box<[u8]>>,
}

/// Whether a character can make text run another way than from left to right.
fn is_directional(c: char) -> bool {
    use BidiClass::{AL, AN, R};
    // Nothing below Hebrew does.
    c >= '\u{590}' && (matches!(bidi_class(c), R | AL | AN) || is_control(c))
}

/// The start of a piece before its direction turns more often than `turns`, which are counted down. `rtl`: which
/// way the letters before it ran.
pub(super) fn until_turns<'p>(piece: &'p str, rtl: &mut Option<bool>, turns: &mut usize) -> &'p str {
    for (at, c) in piece.char_indices() {
        let runs = if is_directional(c) {
            Some(true)
        } else if matches!(bidi_class(c), BidiClass::L | BidiClass::EN) {
            Some(false)
        } else {
            continue;
        };
        if *rtl != runs && rtl.is_some() {
            if *turns == 0 {
                return &piece[..at];
            }
            *turns -= 1;
        }
        *rtl = runs;
    }
    piece
}

/// Whether a character only steers directions.
pub(super) fn is_control(c: char) -> bool {
    matches!(c, '\u{61c}' | LRM | RLM | '\u{202a}'..='\u{202e}' | '\u{2066}'..=PDI)
}

/// A piece of a span whose embeddings and isolates are closed within it, and whether it has any.
pub(super) fn enclosed(piece: &str) -> (Cow<'_, str>, bool) {
    if piece.is_ascii() || !piece.contains(is_control) {
        return (Cow::Borrowed(piece), false);
    }
    let mut closed = String::with_capacity(piece.len() + 8);
    let mut open: Vec<char> = Vec::new();
    for c in piece.chars() {
        match c {
            '\u{202a}' | '\u{202b}' | LRO | RLO | '\u{2066}'..='\u{2068}' => {
                if open.len() >= MAX_OPEN {
                    continue;
                }
                open.push(if c < '\u{2066}' { PDF } else { PDI });
            }
            // An isolate closes the embeddings within it; nothing else closes what does not match.
            PDI => match open.iter().rposition(|closer| *closer == PDI) {
                Some(at) => open.truncate(at),
                None => continue,
            },
            PDF if open.last() == Some(&PDF) => {
                open.pop();
            }
            PDF => continue,
            _ => {}
        }
        closed.push(c);
    }
    closed.extend(open.into_iter().rev());
    let has_openers = closed.contains(|c| matches!(c, '\u{202a}'..='\u{202b}' | LRO | RLO | '\u{2066}'..=FSI));
    (Cow::Owned(closed), has_openers)
}

/// A paragraph as directions are resolved for it.
#[derive(Default)]
pub(super) struct Source {
    /// With its controls.
    text: String,
    /// The same with pieces isolated, where there are any.
    isolated: Option<String>,
}

impl Source {
    /// Appends a piece of a span. Beside others it is an isolate, where it opens anything: even a closed override
    /// would turn the number behind it.
    pub(super) fn push(&mut self, piece: &str, is_alone: bool) {
        let (closed, has_openers) = enclosed(piece);
        if has_openers && !is_alone {
            let isolated = self.isolated.get_or_insert_with(|| self.text.clone());
            isolated.push(FSI);
            isolated.push_str(&closed);
            isolated.push(PDI);
        } else if let Some(isolated) = &mut self.isolated {
            isolated.push_str(&closed);
        }
        self.text.push_str(&closed);
    }

    /// Resolved. What is isolated still counts for the direction of the paragraph.
    pub(super) fn directions(&self, direction: TextDirection) -> Directions {
        let Some(isolated) = &self.isolated else { return resolve(&self.text, direction) };
        let direction = match (direction, get_base_direction(self.text.as_str())) {
            (TextDirection::Auto, Direction::Rtl) => TextDirection::RightToLeft,
            (TextDirection::Auto, _) => TextDirection::LeftToRight,
            (forced, _) => forced,
        };
        resolve(isolated, direction)
    }
}

/// The levels of a paragraph with its controls, for the bytes of the paragraph without them.
fn resolve(with_controls: &str, direction: TextDirection) -> Directions {
    let base = match direction {
        TextDirection::Auto => None,
        TextDirection::LeftToRight => Some(Level::ltr()),
        TextDirection::RightToLeft => Some(Level::rtl()),
    };
    if direction != TextDirection::RightToLeft && (with_controls.is_ascii() || !with_controls.contains(is_directional))
    {
        return Directions::default();
    }
    let info = ParagraphBidiInfo::new(with_controls, base);
    let characters = with_controls.char_indices().filter(|(_, c)| !is_control(*c));
    let mut levels = Vec::with_capacity(with_controls.len());
    for (at, c) in characters {
        levels.extend(std::iter::repeat_n(info.levels[at].number(), c.len_utf8()));
    }
    let rtl = info.paragraph_level.is_rtl();
    let is_plain = !rtl && levels.iter().all(|level| *level == 0);
    Directions { rtl, levels: (!is_plain).then(|| levels.into()) }
}

/// Writes the overrides that force levels.
pub(super) struct Overrides {
    rtl: bool,
    depth: usize,
}

impl Overrides {
    /// Opens a line: its first controls go to `content`.
    pub(super) fn open(rtl: bool, content: &mut String) -> Self {
        content.push(if rtl { RLM } else { LRM });
        let mut overrides = Self { rtl, depth: 0 };
        overrides.set(u8::from(rtl), content);
        overrides
    }

    /// Goes to a level of the paragraph.
    pub(super) fn set(&mut self, level: u8, content: &mut String) {
        let wanted = 1 + usize::from(level.saturating_sub(u8::from(self.rtl)));
        while self.depth > wanted {
            content.push(PDF);
            self.depth -= 1;
        }
        while self.depth < wanted {
            // The first override runs the paragraph's way, each further one the other way.
            let rtl = self.rtl == self.depth.is_multiple_of(2);
            content.push(if rtl { RLO } else { LRO });
            self.depth += 1;
        }
    }

    /// Keeps what follows apart from what stands before, both at this level. The shaper puts runs of several faces
    /// within a word in the order of the text, also where it runs from right to left: a mark of another level
    /// between them makes each a stretch of its own.
    pub(super) fn part(&mut self, level: u8, content: &mut String) {
        if level % 2 == 1 {
            self.set(level + 1, content);
            content.push(LRM);
            self.set(level, content);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(text: &str, direction: TextDirection) -> (bool, Vec<u8>) {
        let directions = resolve(text, direction);
        let stripped: String = text.chars().filter(|c| !is_control(*c)).collect();
        let levels = directions.levels.map_or_else(|| vec![0; stripped.len()], Vec::from);
        assert_eq!(levels.len(), stripped.len());
        (directions.rtl, stripped.char_indices().map(|(at, _)| levels[at]).collect())
    }

    #[test]
    fn levels_follow_the_first_letter_unless_told() {
        assert_eq!(levels("ab א 1", TextDirection::Auto), (false, vec![0, 0, 0, 1, 1, 2]));
        assert_eq!(levels("א ab 1!", TextDirection::Auto), (true, vec![1, 1, 2, 2, 2, 2, 1]));
        assert_eq!(levels("ab!", TextDirection::RightToLeft), (true, vec![2, 2, 1]));
        assert_eq!(levels("א!", TextDirection::LeftToRight), (false, vec![1, 0]));
        assert_eq!(resolve("plain 123 日本 é", TextDirection::Auto), Directions::default());
    }

    #[test]
    fn what_a_span_opens_it_closes() {
        let enclosed = |piece| enclosed(piece).0.into_owned();
        assert_eq!(enclosed("plain"), "plain");
        assert_eq!(enclosed("a\u{202e}b"), "a\u{202e}b\u{202c}");
        assert_eq!(enclosed("\u{2067}a\u{202b}b"), "\u{2067}a\u{202b}b\u{202c}\u{2069}");
        assert_eq!(enclosed("a\u{202c}b\u{2069}c"), "abc");
        assert_eq!(enclosed("\u{202e}a\u{2066}b\u{202c}c\u{2069}"), "\u{202e}a\u{2066}bc\u{2069}\u{202c}");
        let deep: String = "\u{202b}".repeat(1000) + "a";
        assert!(enclosed(&deep).chars().filter(|c| is_control(*c)).count() == 2 * MAX_OPEN);
    }

    /// What the shaper will make of the overrides, against what the levels say.
    #[test]
    fn overrides_force_the_same_order() {
        for (text, direction) in [
            ("abc אבג def", TextDirection::Auto),
            ("אבג 42 def!", TextDirection::Auto),
            ("(a) \u{202e}bcd\u{202c} \u{2067}x1y\u{2069} ٣٤", TextDirection::LeftToRight),
            ("1 2 ab אב \u{202d}אב\u{202b}ab\u{202c}\u{202c}", TextDirection::RightToLeft),
        ] {
            let directions = resolve(text, direction);
            let stripped: String = text.chars().filter(|c| !is_control(*c)).collect();
            let levels = directions.levels.expect("mixed");
            let mut content = String::new();
            let mut overrides = Overrides::open(directions.rtl, &mut content);
            for (at, c) in stripped.char_indices() {
                overrides.set(levels[at], &mut content);
                content.push(c);
            }
            let found = ParagraphBidiInfo::new(&content, None);
            let forced: Vec<u8> = content
                .char_indices()
                .filter(|(_, c)| !is_control(*c))
                .map(|(at, _)| found.levels[at].number() - 2)
                .collect();
            let wanted: Vec<u8> = stripped.char_indices().map(|(at, _)| levels[at]).collect();
            assert_eq!(found.paragraph_level.is_rtl(), directions.rtl);
            assert_eq!(forced, wanted, "{text:?}");
        }
    }
}
