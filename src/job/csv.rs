//! Rows from CSV: RFC 4180 by the `csv` crate, with the delimiter found out, exact line numbers, and
//! errors for what that crate lets pass (ragged rows, quotes never closed, rows without end).

use std::io::{self, Read};
use std::sync::Arc;

use ::csv::{ByteRecord, Reader, ReaderBuilder};
use serde_json::Value;

use super::rows::{Input, MAX_COLUMNS, MAX_ROW_BYTES, not_utf8};
use super::{Row, RowError, RowErrorKind};

/// Fed to the parser after the last byte. It comes back as a record of its own, unless a quote is
/// still open: then it is found at the end of a cell. (The parser itself closes such a quote in silence.)
const END: &str = "\0end of data\0";

pub(super) struct CsvRows {
    reader: Reader<Guarded>,
    columns: Vec<Arc<str>>,
    record: ByteRecord,
    /// The parser leaves the line feed of a CR LF for the next record.
    crlf: bool,
    /// Lines before the header that are not the parser's.
    lines_before: u64,
}

impl CsvRows {
    pub(super) fn open(mut input: Input) -> Result<Self, RowError> {
        let separator = take_separator_line(&mut input).map_err(|error| RowError::io(&error))?;
        let mut scan = HeaderScan::default();
        let mut ended = false;
        // One byte more than the line end, to see whether a CR has its line feed.
        let is_after_end = |byte| {
            let had_ended = ended;
            ended |= scan.ends_at(byte);
            had_ended
        };
        let head = input.peek_until(is_after_end).map_err(|error| RowError::io(&error))?;
        let mut scan = HeaderScan::default();
        let header = head.iter().position(|&byte| scan.ends_at(byte)).map_or(head, |end| &head[..end]);
        let crlf = head[header.len()..].starts_with(b"\r\n");
        let delimiter = separator.unwrap_or_else(|| delimiter(header));
        let end = format!("{}{END}", if crlf { "\r\n" } else { "\n" });
        let guarded =
            Guarded { input, end: io::Cursor::new(end.into_bytes()), budget: MAX_ROW_BYTES, is_over_budget: false };
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .buffer_capacity(1 << 16)
            .from_reader(guarded);
        let lines_before = u64::from(separator.is_some());
        let mut rows = Self { reader, columns: Vec::new(), record: ByteRecord::new(), crlf, lines_before };
        let Some(line) = rows.read_record()? else { return Err(RowError::new(RowErrorKind::NoHeader)) };
        rows.columns = rows.read_header().map_err(|error| error.at_line(line))?;
        Ok(rows)
    }

    pub(super) fn columns(&self) -> &[Arc<str>] {
        &self.columns
    }

    /// The next row, numbered 0.
    pub(super) fn next_row(&mut self) -> Option<Result<Row, RowError>> {
        match self.read_record() {
            Ok(None) => None,
            Ok(Some(line)) => Some(self.row(line)),
            Err(error) => Some(Err(error)),
        }
    }

    fn row(&self, line: u64) -> Result<Row, RowError> {
        // Encoding first: a file in another one is to be named so, not for the number of its cells.
        let cells =
            self.cells().collect::<Result<Vec<_>, _>>().map_err(|(error, lines)| error.at_line(line + lines))?;
        let (expected, found) = (self.columns.len(), cells.len());
        if expected != found {
            return Err(RowError::new(RowErrorKind::CellCount { expected, found }).at_line(line));
        }
        let value = |cell: &str| if cell.is_empty() { Value::Null } else { Value::String(cell.to_owned()) };
        let fields = self.columns.iter().cloned().zip(cells.into_iter().map(value)).collect();
        Ok(Row { number: 0, line: Some(line), fields })
    }

    fn read_header(&self) -> Result<Vec<Arc<str>>, RowError> {
        let mut columns: Vec<Arc<str>> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for (index, cell) in self.cells().enumerate() {
            let name = cell.map_err(|(error, _)| error)?.trim();
            let column = index as u64 + 1;
            if index == MAX_COLUMNS {
                return Err(RowError::new(RowErrorKind::TooManyColumns { limit: MAX_COLUMNS }));
            }
            if name.is_empty() {
                return Err(RowError::new(RowErrorKind::EmptyColumnName).at_column(column));
            }
            if !seen.insert(name) {
                return Err(RowError::new(RowErrorKind::DuplicateColumn(name.to_owned())).at_column(column));
            }
            columns.push(name.into());
        }
        Ok(columns)
    }

    /// The cells of the record as text; an error comes with the number of lines of the row before it.
    fn cells(&self) -> impl Iterator<Item = Result<&str, (RowError, u64)>> {
        let mut lines_before = 0;
        self.record.iter().enumerate().map(move |(index, cell)| match std::str::from_utf8(cell) {
            Ok(text) => {
                lines_before += line_feeds(cell);
                Ok(text)
            }
            Err(error) => {
                let (kind, at) = not_utf8(cell, error);
                Err((RowError::new(kind).at_column(index as u64 + 1), lines_before + line_feeds(&cell[..at])))
            }
        })
    }

    /// Reads the next record and tells the line on which it starts; `None` at the end.
    fn read_record(&mut self) -> Result<Option<u64>, RowError> {
        self.reader.get_mut().budget = MAX_ROW_BYTES;
        let line_before = self.lines_before + self.reader.position().line();
        if let Err(error) = self.reader.read_byte_record(&mut self.record) {
            let kind = match self.reader.get_ref().is_over_budget {
                true => RowErrorKind::TooLong { limit: MAX_ROW_BYTES },
                false => RowErrorKind::Io(error.to_string()),
            };
            return Err(RowError::new(kind).at_line(line_before));
        }
        let line_after = self.lines_before + self.reader.position().line();
        let feeds = self.record.iter().map(line_feeds).sum::<u64>();
        let at_end = self.reader.get_ref().is_at_end();
        match self.record.iter().next_back() {
            None => Ok(None),
            Some(cell) if at_end && cell == END.as_bytes() && self.record.len() == 1 => Ok(None),
            Some(cell) if at_end && cell.ends_with(END.as_bytes()) => {
                Err(RowError::new(RowErrorKind::UnclosedQuote).at_line(line_after.saturating_sub(feeds).max(1)))
            }
            Some(_) => {
                let last_line = if self.crlf { line_after } else { line_after.saturating_sub(1) };
                Ok(Some(last_line.saturating_sub(feeds).max(1)))
            }
        }
    }
}

/// Excel's first line `sep=;`, which names the delimiter: taken out of the data.
fn take_separator_line(input: &mut Input) -> io::Result<Option<u8>> {
    let is_line_end = |byte| matches!(byte, b'\r' | b'\n');
    let mut ended = false;
    // One byte more than the line end, to see whether a CR has its line feed.
    let head = input.peek_until(|byte| {
        let had_ended = ended;
        ended |= is_line_end(byte);
        had_ended
    })?;
    let end = head.iter().position(|byte| is_line_end(*byte)).unwrap_or(head.len());
    let (line, rest) = head.split_at(end);
    let quoted = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\""));
    let line = quoted.unwrap_or(line);
    let Some((name, &[separator])) = line.split_at_checked(4) else {
        return Ok(None);
    };
    let is_separator = separator == b'\t' || separator.is_ascii_punctuation() && separator != b'"';
    if !name.eq_ignore_ascii_case(b"sep=") || !is_separator {
        return Ok(None);
    }
    let line_end = match rest {
        [b'\r', b'\n', ..] => 2,
        [] => 0,
        _ => 1,
    };
    input.skip(end + line_end);
    Ok(Some(separator))
}

/// Finds the end of the header: a line end outside quotes, after at least one other byte (the parser
/// passes over empty lines).
#[derive(Default)]
struct HeaderScan {
    is_quoted: bool,
    has_text: bool,
}

impl HeaderScan {
    fn ends_at(&mut self, byte: u8) -> bool {
        let is_line_end = matches!(byte, b'\r' | b'\n');
        if is_line_end && self.has_text && !self.is_quoted {
            return true;
        }
        self.is_quoted ^= byte == b'"';
        self.has_text |= !is_line_end;
        false
    }
}

/// The most frequent of comma, semicolon and tab outside quotes; the comma where there is none.
fn delimiter(header: &[u8]) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut is_quoted = false;
    for &byte in header {
        is_quoted ^= byte == b'"';
        if let Some((_, count)) = counts.iter_mut().find(|(delimiter, _)| *delimiter == byte && !is_quoted) {
            *count += 1;
        }
    }
    // Of equal counts `max_by_key` takes the last.
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(delimiter, _)| delimiter)
}

fn line_feeds(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|&&byte| byte == b'\n').count() as u64
}

/// The data with [`END`] after it, and a bound on what one record may take.
struct Guarded {
    input: Input,
    end: io::Cursor<Vec<u8>>,
    budget: usize,
    is_over_budget: bool,
}

impl Guarded {
    fn is_at_end(&self) -> bool {
        self.end.position() > 0
    }
}

impl Read for Guarded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.budget == 0 {
            self.is_over_budget = true;
            return Err(io::Error::other("row too long"));
        }
        let count = self.input.read(buffer)?;
        self.budget = self.budget.saturating_sub(count);
        if count == 0 && !buffer.is_empty() { self.end.read(buffer) } else { Ok(count) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::tests::source;
    use super::super::{RowReader, RowSyntax};
    use super::*;

    fn open(text: impl AsRef<[u8]>) -> Result<RowReader, RowError> {
        RowReader::from_reader(source(text), RowSyntax::Csv)
    }

    /// Rows as `line: a|b`, errors as they print.
    fn read(text: impl AsRef<[u8]>) -> Vec<String> {
        let show = |item: Result<Row, RowError>| match item {
            Err(error) => error.to_string(),
            Ok(row) => {
                let cells = row.fields.iter().map(|(_, value)| value.as_str().unwrap_or("-"));
                format!("{}: {}", row.line.unwrap(), cells.collect::<Vec<_>>().join("|"))
            }
        };
        open(text).unwrap().map(show).collect()
    }

    #[test]
    fn delimiters_are_found_in_the_header() {
        for text in ["a,b\n1,2\n", "a;b\n1;2\n", "a\tb\n1\t2\n", "\u{feff}a,b\n1,2", "\"a;;\",b\n1,2"] {
            assert_eq!(read(text), ["2: 1|2"], "{text:?}");
        }
        assert_eq!(
            read("name\n1,5\n"),
            ["line 2: expected 1 cell as in the header, found 2 (a cell with the separator in it needs quotes)"]
        );
    }

    #[test]
    fn excels_separator_line_names_the_delimiter_and_is_no_row() {
        for text in [
            "sep=;\na;b,c\n1;2\n",
            "\u{feff}SEP=;\r\na;b,c\r\n1;2\r\n",
            "\"sep=;\"\na;b,c\n1;2",
            "sep=|\na|b,c\n1|2\n",
            "sep=\t\na\tb,c\n1\t2\n",
        ] {
            let reader = open(text).unwrap();
            assert_eq!(reader.columns(), ["a".into(), Arc::<str>::from("b,c")], "{text:?}");
            assert_eq!(read(text), ["3: 1|2"], "{text:?}");
        }
        assert_eq!(read("sep=;\na;b\n1\n"), ["line 3: expected 2 cells as in the header, found 1"]);
        // A column may be called so.
        for text in ["sep=\n1\n", "sep=xy\n1\n", "sep=a\n1\n"] {
            assert_eq!(read(text), ["2: 1"], "{text:?}");
        }
        assert_eq!(open("sep=;").unwrap_err().kind, RowErrorKind::NoHeader);
    }

    #[test]
    fn a_cell_too_many_says_what_is_often_behind_it() {
        let items = read("a,b\n1,2,3\n");
        let expected =
            "line 2: expected 2 cells as in the header, found 3 (a cell with the separator in it needs quotes)";
        assert_eq!(items, [expected]);
    }

    #[test]
    fn quoted_line_breaks_and_quotes_are_kept_and_empty_cells_are_missing() {
        let rows = open("a,b,c\n\"x\ny\",\"say \"\"hi\"\"\",\n").unwrap().collect::<Result<Vec<_>, _>>().unwrap();
        assert_eq!(rows[0].get("a"), Some(&Value::from("x\ny")));
        assert_eq!(rows[0].get("b"), Some(&Value::from("say \"hi\"")));
        assert_eq!(rows[0].get("c"), Some(&Value::Null));
        assert_eq!(rows[0].get("d"), None);
    }

    #[test]
    fn lines_are_counted_as_an_editor_does() {
        let text = "\na,b\n1,\"x\n\ny\"\n\n2,z\n3\n4,w";
        let expected = ["3: 1|x\n\ny", "7: 2|z", "line 8: expected 2 cells as in the header, found 1", "9: 4|w"];
        assert_eq!(read(text), expected);
        let crlf = read(text.replace('\n', "\r\n"));
        assert_eq!(crlf, expected.map(|line| line.replace('\n', "\r\n")));
    }

    #[test]
    fn a_ragged_row_uses_up_its_number_and_the_next_is_read() {
        let items = open("a,b\n1,2\n1,2,3\n4,5\n").unwrap().collect::<Vec<_>>();
        let error = items[1].as_ref().unwrap_err();
        assert_eq!((error.row, error.line, error.is_fatal()), (Some(1), Some(3), false));
        assert_eq!(items[2].as_ref().unwrap().number, 2);
    }

    #[test]
    fn latin1_is_named_with_line_and_column_and_is_fatal() {
        let items = read(b"a,b\n1,ok\n\"x\n\",caf\xe9\n3,4\n");
        assert_eq!(items[0], "2: 1|ok");
        assert_eq!(items.len(), 2);
        let expected =
            "line 4, column 2: not UTF-8 but probably Windows-1252 or Latin-1 (byte 0xe9): save the data as UTF-8";
        assert!(items[1].starts_with(expected), "{}", items[1]);
    }

    #[test]
    fn headers_must_be_there_named_and_unique() {
        let kind = |text: &str| open(text).unwrap_err().kind;
        assert_eq!(kind(""), RowErrorKind::NoHeader);
        assert_eq!(kind("\n\n"), RowErrorKind::NoHeader);
        assert_eq!(kind("a,,b\n"), RowErrorKind::EmptyColumnName);
        assert_eq!(kind("a,b, a \n"), RowErrorKind::DuplicateColumn("a".to_owned()));
        assert_eq!(kind(&"x,".repeat(3)), RowErrorKind::DuplicateColumn("x".to_owned()));
        let many = (0..=MAX_COLUMNS).map(|i| i.to_string()).collect::<Vec<_>>().join(",");
        assert_eq!(kind(&many), RowErrorKind::TooManyColumns { limit: MAX_COLUMNS });
        assert_eq!(open(" a , b \n").unwrap().columns(), ["a".into(), Arc::<str>::from("b")]);
    }

    #[test]
    fn a_quote_that_is_never_closed_is_an_error_at_its_line() {
        let items = read("a,b\n1,2\n3,\"x\n4,5\n6,7\n");
        assert_eq!(items, ["2: 1|2", "line 3: a quote that opens in this row is never closed"]);
        assert_eq!(open("\"a\nb").unwrap_err().kind, RowErrorKind::UnclosedQuote);
    }

    #[test]
    fn a_row_without_end_is_an_error_not_all_of_memory() {
        let endless = io::Read::chain(io::Cursor::new(b"a,b\n1,2\n\"".to_vec()), io::repeat(b'x'));
        let mut reader = RowReader::from_reader(Box::new(endless), RowSyntax::Csv).unwrap();
        assert!(reader.next().unwrap().is_ok());
        let error = reader.next().unwrap().unwrap_err();
        assert_eq!((error.kind, error.line), (RowErrorKind::TooLong { limit: MAX_ROW_BYTES }, Some(3)));
        assert!(reader.next().is_none());
    }

    #[test]
    fn a_header_without_rows_is_fine() {
        assert_eq!(open("a,b").unwrap().count(), 0);
    }
}
