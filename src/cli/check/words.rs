//! Parts of a finding in words: where it is, what the text was.

use crate::cli::output::shown;
use crate::render::check::Finding;
use crate::render::check::finding::Mark;

/// Longest key that is printed, in characters.
const MAX_KEY_CHARS: usize = 60;
/// Longest message or path.
const MAX_TEXT_CHARS: usize = 400;

/// `line 5, key d`, or `row 4` where there are no lines.
pub fn place(finding: &Finding) -> String {
    let Finding { row, line, key, .. } = finding;
    let at = match (line, row) {
        (Some(line), _) => format!("line {line}"),
        (None, Some(row)) => format!("row {row}"),
        (None, None) => return "the data".to_owned(),
    };
    match key.is_empty() || row.is_some_and(|row| *key == row.to_string()) {
        true => at,
        false => format!("{at}, key {}", shown(key, MAX_KEY_CHARS)),
    }
}

/// The message, and the text at fault with what is cut or missing in brackets.
pub fn message(finding: &Finding) -> String {
    let mut words = shown(&finding.message, MAX_TEXT_CHARS);
    let text = excerpt(finding);
    if !text.is_empty() {
        words.push_str(&format!(": {text}"));
    }
    words
}

/// The layer or field.
pub fn path(finding: &Finding) -> String {
    shown(&finding.path, MAX_TEXT_CHARS)
}

fn excerpt(finding: &Finding) -> String {
    let pieces = finding.text.iter().map(|piece| {
        let text = shown(&piece.text, MAX_TEXT_CHARS);
        match piece.mark {
            None => text,
            Some(Mark::Cut | Mark::Missing) => format!("[{text}]"),
        }
    });
    pieces.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::check::Severity;
    use crate::render::check::finding::Piece;

    #[test]
    fn a_row_is_named_by_its_line_and_key() {
        let mut finding = Finding::new(Severity::Error, "bad_value", "price", "wrong");
        assert_eq!(place(&finding), "the data");
        finding.row = Some(4);
        finding.key = "4".into();
        assert_eq!(place(&finding), "row 4");
        (finding.line, finding.key) = (Some(5), "a\u{1b}b".into());
        assert_eq!(place(&finding), "line 5, key a\\u{1b}b");
    }

    #[test]
    fn what_is_cut_stands_in_brackets() {
        let mut finding = Finding::new(Severity::Warning, "truncated", "title", "6 of 9 characters are cut off");
        finding.text =
            vec![Piece { text: "A t".into(), mark: None }, Piece { text: "\nmuch ".into(), mark: Some(Mark::Cut) }];
        assert_eq!(message(&finding), "6 of 9 characters are cut off: A t[\\nmuch ]");
    }
}
