//! The tables in `data/`: lines of text, found by the tag of a locale.
//!
//! Written by `tests/locales/tables.py`. A line stands only where a locale differs from its nearest relative.
//! Searching them takes microseconds, so what is found is kept by [`super::kept`].

use std::borrow::Cow;

use super::Locale;

/// Patterns and symbols of money.
pub(super) const CURRENCIES: &str = include_str!("data/currencies.txt");
/// Patterns of percent.
pub(super) const PERCENTS: &str = include_str!("data/percents.txt");
/// Patterns of dates and times.
pub(super) const DATES: &str = include_str!("data/dates.txt");
/// Patterns of units of measurement.
pub(super) const UNITS: &str = include_str!("data/units.txt");

/// The rest of the line with this first column.
pub(super) fn line<'t>(table: &'t str, first: &str) -> Option<&'t str> {
    table.lines().find_map(|line| line.strip_prefix(first)?.strip_prefix('|'))
}

/// The lines of a locale's relatives, nearest first, then the root's.
pub(super) fn lines_of<'t>(table: &'t str, locale: &Locale) -> Vec<&'t str> {
    let tags = locale.relatives();
    tags.iter().map(String::as_str).chain(["root"]).filter_map(|tag| line(table, tag)).collect()
}

/// The cell of a column, of the nearest of some lines where it is not empty.
pub(super) fn cell(lines: &[&str], column: usize) -> Option<String> {
    let cells = lines.iter().filter_map(|line| line.split('|').nth(column));
    cells.into_iter().find(|cell| !cell.is_empty()).map(|cell| unescape(cell).into_owned())
}

/// A cell with its `\u{a0}` as characters.
pub(super) fn unescape(cell: &str) -> Cow<'_, str> {
    if !cell.contains("\\u{") {
        return Cow::Borrowed(cell);
    }
    let mut text = String::new();
    let mut parts = cell.split("\\u{");
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (code, rest) = part.split_once('}').unwrap_or((part, ""));
        text.extend(u32::from_str_radix(code, 16).ok().and_then(char::from_u32));
        text.push_str(rest);
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_unescaped() {
        assert_eq!(unescape("a\\u{a0}b\\u{202f}"), "a\u{a0}b\u{202f}");
        assert_eq!(unescape("plain"), "plain");
    }

    #[test]
    fn every_line_can_be_read() {
        for table in [CURRENCIES, DATES, PERCENTS, UNITS] {
            for line in table.lines() {
                assert!(line.starts_with(['#', '=']) || line.contains('|'), "{line}");
                assert!(unescape(line).chars().all(|c| c != '\\' && !c.is_control()), "{line}");
            }
        }
    }

    #[test]
    fn the_nearest_line_comes_first() {
        let locale = Locale::parse("de-CH").unwrap();
        assert_eq!(lines_of(PERCENTS, &locale), ["#%", "#\\u{a0}%", "#%"]);
    }
}
