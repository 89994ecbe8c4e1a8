//! The terminal that a report is printed on: how wide it is, and whether it shows colours.

use std::io::{IsTerminal, stdout};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::render::check::Severity;

/// Columns where there is no terminal to ask, or a very wide one: longer lines are hard to read.
const MAX_COLUMNS: usize = 160;
/// Columns that lines never go below.
const MIN_COLUMNS: usize = 40;

/// Where standard output goes.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Columns of a line. `None`: no terminal, lines may be as long as they are.
    pub columns: Option<usize>,
    /// Whether colours are shown.
    pub has_color: bool,
}

/// A look of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Stands out.
    Strong,
    /// Stands back.
    Soft,
    /// What is wrong.
    Of(Severity),
}

impl Screen {
    /// Standard output as it is. `NO_COLOR` and `TERM=dumb` turn colours off.
    pub fn of_stdout() -> Self {
        let is_terminal = stdout().is_terminal();
        let wants_none = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let columns = || console::Term::stdout().size_checked().map_or(80, |(_, columns)| usize::from(columns));
        Self {
            columns: is_terminal.then(|| columns().clamp(MIN_COLUMNS, MAX_COLUMNS)),
            has_color: is_terminal && !wants_none && !is_dumb,
        }
    }

    /// Text in a style.
    pub fn styled(&self, text: &str, style: Style) -> String {
        let code = match style {
            Style::Strong => "1",
            Style::Soft => "2",
            Style::Of(Severity::Error) => "31",
            Style::Of(Severity::Warning) => "33",
            Style::Of(Severity::Note) => "36",
        };
        if self.has_color && !text.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// Text without styles, cut so that it ends within the line when it starts `indent` columns in.
    pub fn fitted(&self, text: &str, indent: usize) -> String {
        match self.columns {
            Some(columns) => fitted(text, columns.saturating_sub(indent).max(8)),
            None => text.to_owned(),
        }
    }
}

/// Text in at most so many columns, with an ellipsis where some is missing.
pub fn fitted(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut fitted = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > columns {
            break;
        }
        fitted.push(c);
    }
    fitted.push('…');
    fitted
}

/// Text with spaces behind it up to a width.
pub fn padded(text: &str, columns: usize) -> String {
    format!("{text}{:1$}", "", columns.saturating_sub(text.width()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_within_the_terminal() {
        assert_eq!(fitted("abcdef", 6), "abcdef");
        assert_eq!(fitted("abcdefg", 6), "abcde…");
        assert_eq!(fitted("漢字漢字", 5), "漢字…");
        assert_eq!(padded("漢", 4), "漢  ");
        let screen = Screen { columns: Some(20), has_color: false };
        assert_eq!(screen.fitted(&"x".repeat(30), 10), format!("{}…", "x".repeat(9)));
        assert_eq!(Screen { columns: None, has_color: false }.fitted(&"x".repeat(300), 10).len(), 300);
    }

    #[test]
    fn colours_are_only_where_they_are_shown() {
        let style = Style::Of(Severity::Error);
        assert_eq!(Screen { columns: None, has_color: false }.styled("x", style), "x");
        assert_eq!(Screen { columns: None, has_color: true }.styled("x", style), "\u{1b}[31mx\u{1b}[0m");
    }
}
