//! Rows out of a file or stream, one at a time: a million of them never sit in memory.

use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use super::csv::CsvRows;
use super::json::{JsonArrayRows, JsonLinesRows};
use super::row_error::EncodingGuess;
use super::{Row, RowError, RowErrorKind};

/// The longest row, so that data without line ends cannot fill the memory.
pub(super) const MAX_ROW_BYTES: usize = 16 << 20;
/// The most columns: those of the largest spreadsheets.
pub(super) const MAX_COLUMNS: usize = 16_384;
/// How far the first look at the data goes.
const MAX_HEAD_BYTES: usize = 1 << 20;

/// How rows are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowSyntax {
    /// RFC 4180, with a header; comma, semicolon or tab.
    Csv,
    /// One object a line.
    JsonLines,
    /// One array of objects.
    JsonArray,
}

/// An iterator over the rows of a file or stream.
///
/// An error that [`RowError::is_fatal`] is the last item. After any other error reading goes on: that
/// row alone is lost, and its number is used up.
pub struct RowReader {
    rows: Rows,
    columns: Vec<Arc<str>>,
    /// The first row of JSON, read early to know the columns.
    peeked: Option<Result<Row, RowError>>,
    next_number: u64,
    finished: bool,
}

enum Rows {
    Csv(CsvRows),
    JsonLines(JsonLinesRows),
    JsonArray(JsonArrayRows),
}

impl RowReader {
    /// Opens a file. Its extension tells the syntax (`csv`, `tsv`, `jsonl`, `ndjson`), else its first bytes.
    ///
    /// # Errors
    /// When the file cannot be opened, is not UTF-8, or has no usable header.
    pub fn open(path: &Path) -> Result<Self, RowError> {
        // A folder can be opened too, and fails only when it is read.
        let file = std::fs::File::open(path).map_err(|error| RowError::io(&error))?;
        Self::named(path, Box::new(file))
    }

    /// Reads a stream whose name tells the syntax as a file's does.
    ///
    /// # Errors
    /// As for [`RowReader::open`].
    pub fn named(name: &Path, source: Box<dyn Read + Send>) -> Result<Self, RowError> {
        let extension = name.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        match extension.to_ascii_lowercase().as_str() {
            "csv" | "tsv" => Self::from_reader(source, RowSyntax::Csv),
            "jsonl" | "ndjson" => Self::from_reader(source, RowSyntax::JsonLines),
            _ => Self::guess(source),
        }
    }

    /// Reads a stream whose first bytes tell the syntax: `[` starts an array, `{` JSON Lines, anything
    /// else CSV.
    ///
    /// # Errors
    /// As for [`RowReader::open`].
    pub fn guess(source: Box<dyn Read + Send>) -> Result<Self, RowError> {
        let mut input = Input::open(source)?;
        let syntax = match input.first_visible().map_err(|error| RowError::io(&error))? {
            Some(b'[') => RowSyntax::JsonArray,
            Some(b'{') => RowSyntax::JsonLines,
            _ => RowSyntax::Csv,
        };
        Self::from_input(input, syntax)
    }

    /// Reads a stream of a known syntax.
    ///
    /// # Errors
    /// As for [`RowReader::open`].
    pub fn from_reader(source: Box<dyn Read + Send>, syntax: RowSyntax) -> Result<Self, RowError> {
        Self::from_input(Input::open(source)?, syntax)
    }

    fn from_input(input: Input, syntax: RowSyntax) -> Result<Self, RowError> {
        let rows = match syntax {
            RowSyntax::Csv => Rows::Csv(CsvRows::open(input)?),
            RowSyntax::JsonLines => Rows::JsonLines(JsonLinesRows::new(BufReader::with_capacity(1 << 16, input))),
            RowSyntax::JsonArray => Rows::JsonArray(JsonArrayRows::new(BufReader::with_capacity(1 << 16, input))),
        };
        let mut reader = Self { rows, columns: Vec::new(), peeked: None, next_number: 0, finished: false };
        if let Rows::Csv(rows) = &reader.rows {
            reader.columns = rows.columns().to_vec();
            return Ok(reader);
        }
        match reader.next() {
            Some(Err(error)) if error.is_fatal() => return Err(error),
            Some(Ok(row)) => {
                reader.columns = row.fields.iter().map(|(name, _)| name.clone()).collect();
                reader.peeked = Some(Ok(row));
            }
            first => reader.peeked = first,
        }
        Ok(reader)
    }

    /// The header of CSV, the names in the first row of JSON: later rows may have others.
    pub fn columns(&self) -> &[Arc<str>] {
        &self.columns
    }

    /// The syntax that was told or guessed.
    pub fn syntax(&self) -> RowSyntax {
        match &self.rows {
            Rows::Csv(_) => RowSyntax::Csv,
            Rows::JsonLines(_) => RowSyntax::JsonLines,
            Rows::JsonArray(_) => RowSyntax::JsonArray,
        }
    }
}

impl Iterator for RowReader {
    type Item = Result<Row, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(first) = self.peeked.take() {
            return Some(first);
        }
        if self.finished {
            return None;
        }
        let number = self.next_number;
        let item = match &mut self.rows {
            Rows::Csv(rows) => rows.next_row(),
            Rows::JsonLines(rows) => rows.next_row(),
            Rows::JsonArray(rows) => rows.next_row(),
        };
        match item {
            None => {
                self.finished = true;
                None
            }
            Some(Ok(row)) => {
                self.next_number += 1;
                Some(Ok(Row { number, ..row }))
            }
            Some(Err(error)) => {
                self.next_number += 1;
                self.finished = error.is_fatal();
                Some(Err(error.in_row(number)))
            }
        }
    }
}

impl std::fmt::Debug for RowReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RowReader({:?}, next row {})", self.syntax(), self.next_number)
    }
}

/// The data's bytes, without a byte order mark, with a look ahead.
pub(super) struct Input {
    head: Vec<u8>,
    consumed: usize,
    source: Box<dyn Read + Send>,
    source_ended: bool,
}

impl Input {
    fn open(source: Box<dyn Read + Send>) -> Result<Self, RowError> {
        let mut input = Self { head: Vec::new(), consumed: 0, source, source_ended: false };
        let mut count = 0;
        let four_bytes = |_| {
            count += 1;
            count == 4
        };
        let head = input.peek_until(four_bytes).map_err(|error| RowError::io(&error))?;
        // Without a mark, UTF-16 shows by the zero bytes around its first letters.
        if matches!(head, [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, ..] | [_, 0, ..]) {
            return Err(RowError::new(RowErrorKind::Utf16).at_line(1));
        }
        if let Some(foreign) = foreign(head) {
            return Err(RowError::new(RowErrorKind::Foreign(foreign)));
        }
        if head.starts_with(b"\xef\xbb\xbf") {
            input.consumed = 3;
        }
        Ok(input)
    }

    /// The data up to the byte for which `is_last` holds and a little more, at most [`MAX_HEAD_BYTES`].
    /// Nothing is consumed. `is_last` sees every byte once.
    pub(super) fn peek_until(&mut self, mut is_last: impl FnMut(u8) -> bool) -> io::Result<&[u8]> {
        let mut chunk = [0; 1 << 13];
        let mut seen = self.consumed;
        loop {
            let found = self.head[seen..].iter().any(|&byte| is_last(byte));
            if found || self.source_ended || self.head.len() >= MAX_HEAD_BYTES {
                return Ok(&self.head[self.consumed..]);
            }
            seen = self.head.len();
            match self.source.read(&mut chunk) {
                Ok(0) => self.source_ended = true,
                Ok(count) => self.head.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Passes over bytes that were peeked at.
    pub(super) fn skip(&mut self, count: usize) {
        self.consumed = (self.consumed + count).min(self.head.len());
    }

    /// The first byte that is not white space.
    fn first_visible(&mut self) -> io::Result<Option<u8>> {
        let head = self.peek_until(|byte| !byte.is_ascii_whitespace())?;
        Ok(head.iter().copied().find(|byte| !byte.is_ascii_whitespace()))
    }
}

/// What people give for a table and is none, with what to do, by its first four bytes.
fn foreign(head: &[u8]) -> Option<&'static str> {
    match head.get(..4).unwrap_or(head) {
        b"PK\x03\x04" => {
            Some("a workbook (Excel, LibreOffice) or another ZIP archive: save the sheet as \"CSV UTF-8\"")
        }
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Some("an old Excel workbook: save the sheet as \"CSV UTF-8\""),
        [0x1f, 0x8b, ..] => Some("compressed with gzip: unpack it first"),
        b"%PDF" => Some("a PDF: CSV or JSON is needed"),
        [b'<', b'!' | b'?' | b'h' | b'H', ..] => Some("a web page or XML: CSV or JSON is needed"),
        _ => None,
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.consumed < self.head.len() {
            let count = (&self.head[self.consumed..]).read(buffer)?;
            self.consumed += count;
            return Ok(count);
        }
        if self.head.capacity() > 0 {
            self.head = Vec::new();
            self.consumed = 0;
        }
        if self.source_ended { Ok(0) } else { self.source.read(buffer) }
    }
}

/// The first byte of `bytes` that is not UTF-8, with its place.
pub(super) fn not_utf8(bytes: &[u8], error: std::str::Utf8Error) -> (RowErrorKind, usize) {
    let at = error.valid_up_to();
    let guess = EncodingGuess::of(&bytes[at..]);
    (RowErrorKind::NotUtf8 { byte: bytes.get(at).copied().unwrap_or_default(), guess }, at)
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A source that hands out one byte at a time, as a slow pipe may.
    struct Trickle(io::Cursor<Vec<u8>>);

    impl Read for Trickle {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = buffer.len().min(1);
            self.0.read(&mut buffer[..count])
        }
    }

    pub(crate) fn source(text: impl AsRef<[u8]>) -> Box<dyn Read + Send> {
        Box::new(Trickle(io::Cursor::new(text.as_ref().to_vec())))
    }

    /// Lines without end of a table that is never in memory, and how many of them were asked for.
    struct Table {
        line: u64,
        lines: u64,
        pending: Vec<u8>,
        asked_for: Arc<std::sync::atomic::AtomicU64>,
    }

    impl Read for Table {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            while self.pending.len() < buffer.len() && self.line < self.lines {
                let text = match self.line {
                    0 => "id,name,price\n".to_owned(),
                    line => format!("{line},\"Lamp, no. {line}\",{}.50\n", line % 100),
                };
                self.pending.extend_from_slice(text.as_bytes());
                self.line += 1;
            }
            self.asked_for.store(self.line, std::sync::atomic::Ordering::Relaxed);
            let count = buffer.len().min(self.pending.len());
            buffer[..count].copy_from_slice(&self.pending[..count]);
            self.pending.drain(..count);
            Ok(count)
        }
    }

    #[test]
    fn a_long_table_streams() {
        let asked_for = Arc::new(std::sync::atomic::AtomicU64::new(0));
        let table = Table { line: 0, lines: 100_001, pending: Vec::new(), asked_for: Arc::clone(&asked_for) };
        let reader = RowReader::from_reader(Box::new(table), RowSyntax::Csv).unwrap();
        let mut count = 0;
        for row in reader {
            let row = row.unwrap();
            count += 1;
            assert_eq!((row.number + 1, row.line), (count, Some(count + 1)));
            // Some buffers of 64 KiB ahead, no more.
            let ahead = asked_for.load(std::sync::atomic::Ordering::Relaxed) - count;
            assert!(ahead < 20_000, "{ahead} rows were read ahead");
        }
        assert_eq!(count, 100_000);
    }

    #[test]
    fn other_encodings_are_guessed() {
        let message = |bytes: &[u8]| {
            let reader = RowReader::from_reader(source(bytes), RowSyntax::Csv).map(|reader| reader.last());
            match reader {
                Ok(Some(Err(error))) | Err(error) => error.to_string(),
                other => panic!("expected an error, got {other:?}"),
            }
        };
        assert!(message(b"name\ncaf\xe9 cr\xe8me\n").contains("probably Windows-1252 or Latin-1 (byte 0xe9)"));
        assert!(message(b"pr\xe9nom,b\n1,2\n").contains("Windows-1252"));
        // Russian in Windows-1251.
        assert!(message(b"name\n\xcf\xf0\xe8\xe2\xe5\xf2\n").contains("another script"));
    }

    #[test]
    fn files_that_are_no_tables_are_named() {
        let cases: [(&[u8], &str); 6] = [
            (b"PK\x03\x04\x14\0\x06\0", "a workbook"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook"),
            (b"\x1f\x8b\x08\x08", "gzip"),
            (b"%PDF-1.4\n", "a PDF"),
            (b"<!DOCTYPE html>\n<html>", "a web page"),
            (b"<?xml version=\"1.0\"?>", "XML"),
        ];
        for (bytes, expected) in cases {
            for syntax in [RowSyntax::Csv, RowSyntax::JsonLines] {
                let error = RowReader::from_reader(Box::new(bytes), syntax).unwrap_err();
                assert!(error.is_fatal() && error.to_string().contains(expected), "{error}");
            }
        }
        assert!(RowReader::guess(source("<id>,b\n1,2\n")).is_ok());
    }

    #[test]
    fn the_first_bytes_tell_the_syntax() {
        let cases = [
            ("a,b\n1,2\n", RowSyntax::Csv),
            ("\u{feff} \n{\"a\":1}", RowSyntax::JsonLines),
            ("\n\t [{\"a\":1}]", RowSyntax::JsonArray),
        ];
        for (text, syntax) in cases {
            let reader = RowReader::guess(source(text)).unwrap();
            assert_eq!(reader.syntax(), syntax, "{text:?}");
            assert_eq!(&*reader.columns()[0], "a");
            assert_eq!(reader.count(), 1, "{text:?}");
        }
    }

    #[test]
    fn utf16_is_named_with_and_without_a_mark() {
        for little_endian in [true, false] {
            for mark in ["\u{feff}", ""] {
                let units = format!("{mark}a,b\n1,2\n").encode_utf16().collect::<Vec<_>>();
                let encode = |unit: u16| if little_endian { unit.to_le_bytes() } else { unit.to_be_bytes() };
                let bytes = units.into_iter().flat_map(encode).collect::<Vec<_>>();
                for syntax in [RowSyntax::Csv, RowSyntax::JsonLines, RowSyntax::JsonArray] {
                    let error = RowReader::from_reader(source(&bytes), syntax).unwrap_err();
                    assert_eq!(error.kind, RowErrorKind::Utf16);
                    assert!(error.is_fatal());
                }
            }
        }
    }

    #[test]
    fn files_are_opened_by_extension_and_a_missing_one_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let cases =
            [("rows.csv", "a\n[1\n"), ("rows.NDJSON", "{\"a\":1}"), ("rows.json", "[{\"a\":1}]"), ("rows", "a\n1")];
        for (name, text) in cases {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            assert_eq!(RowReader::open(&path).unwrap().filter(Result::is_ok).count(), 1, "{name}");
        }
        let error = RowReader::open(&folder.path().join("none.csv")).unwrap_err();
        assert!(matches!(error.kind, RowErrorKind::Io(_)));
        assert!(matches!(RowReader::open(folder.path()).unwrap_err().kind, RowErrorKind::Io(_)));
    }

    #[test]
    fn an_error_of_the_source_is_fatal_and_last() {
        struct Broken(usize);
        impl Read for Broken {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0 += 1;
                let text: &[u8] = b"a,b\n1,2\n";
                if self.0 == 1 { (&text[..]).read(buffer) } else { Err(io::Error::other("cable cut")) }
            }
        }
        let mut reader = RowReader::from_reader(Box::new(Broken(0)), RowSyntax::Csv).unwrap();
        let errors = reader.by_ref().filter_map(Result::err).collect::<Vec<_>>();
        assert_eq!(errors.len(), 1);
        assert!(errors[0].is_fatal() && errors[0].to_string().contains("cable cut"), "{}", errors[0]);
        assert!(reader.next().is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_end_in_rows_or_errors(
            pieces in proptest::collection::vec(
                prop_oneof![
                    "[a-c]{1,3}".prop_map(String::into_bytes),
                    prop::sample::select(b",;\t\"\n\r\\[]{}: \0\xff".to_vec()).prop_map(|byte| vec![byte]),
                    any::<u8>().prop_map(|byte| vec![byte]),
                ],
                0..80,
            ),
            syntax in prop::sample::select(vec![RowSyntax::Csv, RowSyntax::JsonLines, RowSyntax::JsonArray]),
        ) {
            let Ok(reader) = RowReader::from_reader(source(pieces.concat()), syntax) else { return Ok(()) };
            let columns = reader.columns().len();
            let items = reader.collect::<Vec<_>>();
            prop_assert!(items.len() <= 400, "every item takes at least a byte");
            for (number, item) in (0..).zip(&items) {
                match item {
                    Ok(row) => {
                        prop_assert_eq!(row.number, number);
                        prop_assert!(syntax != RowSyntax::Csv || row.fields.len() == columns);
                    }
                    Err(error) => {
                        prop_assert_eq!(error.row, Some(number));
                        prop_assert!(!error.is_fatal() || number as usize + 1 == items.len());
                    }
                }
            }
        }

        #[test]
        fn csv_gives_every_cell_back(
            rows in proptest::collection::vec(proptest::collection::vec("[a-z,;\"\n\r\t é]{0,8}", 3), 0..12),
            delimiter in prop::sample::select(b",;\t".to_vec()),
            terminator in prop::sample::select(vec!["\n", "\r\n"]),
        ) {
            let terminator = match terminator {
                "\n" => ::csv::Terminator::Any(b'\n'),
                _ => ::csv::Terminator::CRLF,
            };
            let mut writer = ::csv::WriterBuilder::new().delimiter(delimiter).terminator(terminator).from_writer(vec![]);
            writer.write_record(["a", "b", "c"]).unwrap();
            rows.iter().for_each(|row| writer.write_record(row).unwrap());
            let reader = RowReader::from_reader(source(writer.into_inner().unwrap()), RowSyntax::Csv).unwrap();
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            let read = reader.map(|row| row.unwrap().fields.iter().map(|(_, value)| text(value)).collect::<Vec<_>>());
            prop_assert_eq!(read.collect::<Vec<_>>(), rows);
        }
    }
}
