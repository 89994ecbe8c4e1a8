//! The text of a layer with what is not drawn marked, short enough to read, and without personal letters.

use unicode_segmentation::UnicodeSegmentation;

use super::finding::{Mark, Piece};

/// Longest part of an excerpt, in characters.
const MAX_PIECE_CHARS: usize = 160;
/// Most parts.
const MAX_PIECES: usize = 24;
/// Stands for a letter of personal text.
const DOT: char = '•';

/// Marks what the lines of a text leave out. `lines`: as they are drawn, the ellipsis of a cut one included.
pub fn cut_marks(text: &str, lines: &[&str], ellipsis: &str) -> Vec<Option<Mark>> {
    let source: Vec<char> = text.chars().collect();
    let mut marks = vec![Some(Mark::Cut); source.len()];
    let mut at = 0;
    for line in lines {
        let bare = line.strip_suffix(ellipsis).filter(|_| !ellipsis.is_empty());
        let reached = match_line(&source, at, line).or_else(|| match_line(&source, at, bare?));
        // A cut line ends its paragraph: the next one starts behind the next line break.
        let reached = reached.or_else(|| {
            let next = at + source.get(at..)?.iter().position(|&c| is_break(c))? + 1;
            match_line(&source, next, line).or_else(|| match_line(&source, next, bare?))
        });
        let Some((start, end)) = reached else { continue };
        marks[start..end].fill(None);
        // Space between lines is not drawn, but nothing is missing there.
        let before = source[..start].iter().rev().take_while(|c| is_unseen(**c)).count();
        marks[start - before..start].fill(None);
        at = end;
    }
    let tail = source.iter().rev().take_while(|c| is_unseen(**c)).count();
    if source.len() - tail <= at {
        marks[at..].fill(None);
    }
    marks
}

/// Where the characters of a line stand in a text from `at` on, spaces and controls aside.
fn match_line(source: &[char], at: usize, line: &str) -> Option<(usize, usize)> {
    let mut position = at;
    let mut start = None;
    for wanted in line.chars().filter(|c| !is_unseen(*c)) {
        while source.get(position).is_some_and(|c| is_unseen(*c)) {
            position += 1;
        }
        if source.get(position) != Some(&wanted) {
            return None;
        }
        start.get_or_insert(position);
        position += 1;
    }
    // A line of nothing is where it was looked for.
    Some((start.unwrap_or(at), position.max(at)))
}

fn is_unseen(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{ad}')
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\u{0b}' | '\u{0c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Marks characters that no font has, over what is marked already.
pub fn mark_missing(text: &str, missing: &[char], marks: &mut [Option<Mark>]) {
    for (c, mark) in text.chars().zip(marks) {
        if missing.contains(&c) {
            *mark = Some(Mark::Missing);
        }
    }
}

/// A marked text in parts. Long parts keep what stands next to a mark.
pub fn pieces(text: &str, marks: &[Option<Mark>], masked: bool) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for (c, mark) in text.chars().zip(marks) {
        match pieces.last_mut() {
            Some(last) if last.mark == *mark => last.text.push(c),
            _ => pieces.push(Piece { text: c.to_string(), mark: *mark }),
        }
    }
    // Where all fits, the first marks are as good as any.
    let dropped = pieces.len() > MAX_PIECES;
    pieces.truncate(MAX_PIECES);
    let count = pieces.len();
    for (index, piece) in pieces.iter_mut().enumerate() {
        if masked {
            piece.text = mask(&piece.text);
        }
        let leads_to_mark = piece.mark.is_none() && index == 0 && count > 1;
        piece.text = if leads_to_mark { last_chars(&piece.text) } else { first_chars(&piece.text) };
    }
    if dropped && let Some(last) = pieces.last_mut() {
        last.text.push('…');
    }
    pieces
}

/// A dot for everything that is seen.
pub fn mask(text: &str) -> String {
    text.graphemes(true).map(|cluster| if cluster.trim().is_empty() { ' ' } else { DOT }).collect()
}

fn first_chars(text: &str) -> String {
    match text.char_indices().nth(MAX_PIECE_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn last_chars(text: &str) -> String {
    let count = text.chars().count();
    match text.char_indices().nth(count.saturating_sub(MAX_PIECE_CHARS)) {
        Some((start, _)) if start > 0 => format!("…{}", &text[start..]),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `[…]` around what is cut, `<…>` around what is missing.
    fn shown(pieces: &[Piece]) -> String {
        let parts = pieces.iter().map(|piece| match piece.mark {
            None => piece.text.clone(),
            Some(Mark::Cut) => format!("[{}]", piece.text),
            Some(Mark::Missing) => format!("<{}>", piece.text),
        });
        parts.collect()
    }

    fn cut(text: &str, lines: &[&str]) -> String {
        shown(&pieces(text, &cut_marks(text, lines, "…"), false))
    }

    #[test]
    fn what_no_line_shows_is_cut() {
        assert_eq!(cut("one two three", &["one", "two three"]), "one two three");
        assert_eq!(cut("one two three", &["one", "two…"]), "one two[ three]");
        assert_eq!(cut("  one  two ", &["one", "two"]), "  one  two ");
        assert_eq!(cut("one two three", &["one two th"]), "one two th[ree]", "cut without a mark");
        assert_eq!(cut("one two", &["…"]), "[one two]");
        assert_eq!(cut("one two", &[]), "[one two]");
        assert_eq!(cut("", &[]), "");
    }

    #[test]
    fn each_paragraph_may_be_cut() {
        assert_eq!(cut("one two\nthree four\n", &["one…", "three…"]), "one[ two]\nthree[ four\n]");
        assert_eq!(cut("one\n\nthree", &["one", "", "three"]), "one\n\nthree");
    }

    #[test]
    fn missing_characters_are_marked_wherever_they_stand() {
        let text = "漢a字";
        let mut marks = vec![None; 3];
        mark_missing(text, &['漢', '字'], &mut marks);
        assert_eq!(shown(&pieces(text, &marks, false)), "<漢>a<字>");
    }

    #[test]
    fn personal_letters_are_dots() {
        let text = "Ann Lee 👩‍👧";
        let mut marks = vec![None; text.chars().count()];
        marks[4..].fill(Some(Mark::Cut));
        assert_eq!(shown(&pieces(text, &marks, true)), "••• [••• •]");
    }

    #[test]
    fn long_text_keeps_what_is_next_to_the_mark() {
        let text = format!("{}START{}", "a".repeat(500), "b".repeat(500));
        let mut marks = vec![None; text.len()];
        marks[505..].fill(Some(Mark::Cut));
        let shown = shown(&pieces(&text, &marks, false));
        assert!(shown.starts_with("…aaa") && shown.contains("aSTART[bbb") && shown.ends_with("b…]"), "{shown}");
        assert!(shown.chars().count() < 2 * MAX_PIECE_CHARS + 10);
    }

    proptest! {
        /// Whatever lines there are: a mark for each character, and no panic.
        #[test]
        fn marks_fit_any_text(text in ".{0,40}", lines in prop::collection::vec(".{0,12}", 0..5), masked: bool) {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let marks = cut_marks(&text, &lines, "…");
            prop_assert_eq!(marks.len(), text.chars().count());
            let parts = pieces(&text, &marks, masked);
            if !masked && parts.len() < MAX_PIECES {
                prop_assert_eq!(parts.iter().map(|part| part.text.as_str()).collect::<String>(), text);
            }
        }
    }
}
