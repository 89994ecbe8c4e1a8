//! Rows from JSON: one object a line, or the objects of one array, each read on its own.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;

use serde::de::{DeserializeSeed, Error as _, MapAccess, Visitor};
use serde_json::Value;

use super::rows::{Input, MAX_COLUMNS, MAX_ROW_BYTES, not_utf8};
use super::{Row, RowError, RowErrorKind};

/// JSON Lines; empty lines are passed over.
pub(super) struct JsonLinesRows {
    input: BufReader<Input>,
    line: u64,
    buffer: Vec<u8>,
    names: Vec<Arc<str>>,
}

impl JsonLinesRows {
    pub(super) fn new(input: BufReader<Input>) -> Self {
        Self { input, line: 0, buffer: Vec::new(), names: Vec::new() }
    }

    /// The next row, numbered 0.
    pub(super) fn next_row(&mut self) -> Option<Result<Row, RowError>> {
        loop {
            self.buffer.clear();
            let limit = MAX_ROW_BYTES as u64 + 1;
            self.line += 1;
            match self.input.by_ref().take(limit).read_until(b'\n', &mut self.buffer) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => return Some(Err(RowError::io(&error).at_line(self.line))),
            }
            if self.buffer.len() > MAX_ROW_BYTES {
                let kind = RowErrorKind::TooLong { limit: MAX_ROW_BYTES };
                return Some(Err(RowError::new(kind).at_line(self.line)));
            }
            if !self.buffer.trim_ascii().is_empty() {
                return Some(object(&self.buffer, self.line, &mut self.names).map_err(|mut error| {
                    if let RowErrorKind::Json(message) = &mut error.kind
                        && message.starts_with("EOF")
                    {
                        message.push_str(" (each line must hold one whole object)");
                    }
                    error
                }));
            }
        }
    }
}

/// An array of objects. Each element's bytes are cut out by counting brackets outside strings, then
/// parsed alone: one that is broken inside does not take the others with it.
pub(super) struct JsonArrayRows {
    input: BufReader<Input>,
    line: u64,
    state: ArrayState,
    buffer: Vec<u8>,
    names: Vec<Arc<str>>,
}

enum ArrayState {
    Start,
    First,
    AfterElement,
}

impl JsonArrayRows {
    pub(super) fn new(input: BufReader<Input>) -> Self {
        Self { input, line: 1, state: ArrayState::Start, buffer: Vec::new(), names: Vec::new() }
    }

    /// The next row, numbered 0.
    pub(super) fn next_row(&mut self) -> Option<Result<Row, RowError>> {
        match self.next_element() {
            Ok(None) => None,
            Ok(Some(line)) => Some(object(&self.buffer, line, &mut self.names)),
            Err(error) => Some(Err(match error.line {
                None => error.at_line(self.line),
                Some(_) => error,
            })),
        }
    }

    /// Puts the next element into the buffer and tells the line on which it starts.
    fn next_element(&mut self) -> Result<Option<u64>, RowError> {
        let unexpected =
            |expected, byte: u8| Err(RowError::new(RowErrorKind::Unexpected { expected, found: char::from(byte) }));
        let not_closed = || RowError::new(RowErrorKind::ArrayNotClosed);
        if matches!(self.state, ArrayState::Start) {
            match self.visible()? {
                Some(b'[') => self.bump(),
                _ => return Err(RowError::new(RowErrorKind::NotAnArray)),
            }
            self.state = ArrayState::First;
        }
        let mut next = self.visible()?.ok_or_else(not_closed)?;
        match (&self.state, next) {
            (_, b']') => {
                self.bump();
                return match self.visible()? {
                    None => Ok(None),
                    Some(byte) => unexpected("nothing after the array", byte),
                };
            }
            (ArrayState::AfterElement, b',') => {
                self.bump();
                next = self.visible()?.ok_or_else(not_closed)?;
            }
            (ArrayState::AfterElement, byte) => return unexpected("a comma or \"]\"", byte),
            (ArrayState::First | ArrayState::Start, _) => {}
        }
        if matches!(next, b',' | b']' | b'}' | b':') {
            return unexpected("an object", next);
        }
        self.state = ArrayState::AfterElement;
        self.cut_element().map(Some)
    }

    fn cut_element(&mut self) -> Result<u64, RowError> {
        let first_line = self.line;
        let (mut depth, mut in_string, mut is_escaped) = (0_u64, false, false);
        self.buffer.clear();
        loop {
            let Some(byte) = self.peek()? else {
                return Err(RowError::new(RowErrorKind::ArrayNotClosed).at_line(first_line));
            };
            let ends_scalar = matches!(byte, b',' | b']' | b'}') || byte.is_ascii_whitespace();
            if depth == 0 && !in_string && ends_scalar {
                return Ok(first_line);
            }
            self.bump();
            if self.buffer.len() == MAX_ROW_BYTES {
                return Err(RowError::new(RowErrorKind::TooLong { limit: MAX_ROW_BYTES }).at_line(first_line));
            }
            self.buffer.push(byte);
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' if in_string => is_escaped = true,
                b'"' => in_string = !in_string,
                b'{' | b'[' if !in_string => depth += 1,
                b'}' | b']' if !in_string => {
                    depth -= 1;
                    if depth == 0 {
                        return Ok(first_line);
                    }
                }
                _ => {}
            }
        }
    }

    fn visible(&mut self) -> Result<Option<u8>, RowError> {
        while let Some(byte) = self.peek()? {
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Ok(Some(byte));
            }
            self.bump();
        }
        Ok(None)
    }

    fn peek(&mut self) -> Result<Option<u8>, RowError> {
        loop {
            match self.input.fill_buf() {
                Ok(bytes) => return Ok(bytes.first().copied()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(RowError::io(&error)),
            }
        }
    }

    /// Passes the byte that [`Self::peek`] has shown.
    fn bump(&mut self) {
        self.line += u64::from(self.input.buffer().first() == Some(&b'\n'));
        self.input.consume(1);
    }
}

/// One object's fields in the order of the data. Names are shared with the row before.
fn object(bytes: &[u8], first_line: u64, names: &mut Vec<Arc<str>>) -> Result<Row, RowError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let (kind, at) = not_utf8(bytes, error);
        let lines = bytes[..at].iter().filter(|&&byte| byte == b'\n').count() as u64;
        RowError::new(kind).at_line(first_line + lines)
    })?;
    let found = match text.trim_ascii_start().as_bytes().first() {
        Some(b'[') => Some("an array"),
        Some(b'"') => Some("a string"),
        Some(b't' | b'f') => Some("a boolean"),
        Some(b'n') => Some("null"),
        Some(b'-' | b'0'..=b'9') => Some("a number"),
        _ => None,
    };
    if let Some(found) = found {
        return Err(RowError::new(RowErrorKind::NotAnObject(found)).at_line(first_line));
    }
    let mut duplicate = None;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let seed = FieldsSeed { names, duplicate: &mut duplicate };
    let fields = seed.deserialize(&mut deserializer).and_then(|fields| deserializer.end().map(|()| fields));
    let fields = fields.map_err(|error| {
        let kind = duplicate.map_or_else(|| RowErrorKind::Json(message(&error)), RowErrorKind::DuplicateName);
        let line = first_line + (error.line() as u64).saturating_sub(1);
        RowError::new(kind).at_line(line).at_column(error.column() as u64)
    })?;
    if !fields.iter().map(|(name, _)| name).eq(names.iter()) {
        *names = fields.iter().map(|(name, _)| name.clone()).collect();
    }
    Ok(Row { number: 0, line: Some(first_line), fields })
}

/// What serde_json says, without the place, which it counts from the start of the row.
fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}

struct FieldsSeed<'a> {
    names: &'a [Arc<str>],
    duplicate: &'a mut Option<String>,
}

impl<'de> DeserializeSeed<'de> for FieldsSeed<'_> {
    type Value = Vec<(Arc<str>, Value)>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for FieldsSeed<'_> {
    type Value = Vec<(Arc<str>, Value)>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields: Self::Value = Vec::with_capacity(self.names.len());
        let mut seen = std::collections::HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            let known = self.names.get(fields.len()).filter(|known| ***known == *name);
            let name = known.cloned().unwrap_or_else(|| name.into());
            if !seen.insert(name.clone()) {
                *self.duplicate = Some(name.chars().take(100).collect());
                return Err(A::Error::custom("duplicate name"));
            }
            if fields.len() == MAX_COLUMNS {
                return Err(A::Error::custom(format_args!("more than {MAX_COLUMNS} names")));
            }
            fields.push((name, map.next_value()?));
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::tests::source;
    use super::super::{RowReader, RowSyntax};
    use super::*;

    /// Rows as `line: a=1`, errors as they print.
    fn read(text: impl AsRef<[u8]>, syntax: RowSyntax) -> Vec<String> {
        let show = |item: Result<Row, RowError>| match item {
            Err(error) => error.to_string(),
            Ok(row) => {
                let fields = row.fields.iter().map(|(name, value)| format!("{name}={value}"));
                format!("{}: {}", row.line.unwrap(), fields.collect::<Vec<_>>().join(" "))
            }
        };
        match RowReader::from_reader(source(text), syntax) {
            Ok(reader) => reader.map(show).collect(),
            Err(error) => vec![format!("refused: {error}")],
        }
    }

    #[test]
    fn lines_keep_order_types_and_numbers() {
        let text = "{\"z\":1,\"a\":[true,null]}\r\n\n  {\"z\":\"\"}";
        assert_eq!(read(text, RowSyntax::JsonLines), ["1: z=1 a=[true,null]", "3: z=\"\""]);
        let reader = RowReader::from_reader(source(text), RowSyntax::JsonLines).unwrap();
        assert_eq!(reader.columns(), ["z".into(), Arc::<str>::from("a")]);
        assert_eq!(reader.map(|row| row.unwrap().number).collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn a_bad_line_is_lost_alone() {
        let text = "{\"a\":1}\n{\"a\":tru}\n[1]\n{\"a\":1,\"a\":2}\n{\"a\":1} x\n{\"a\":\n{\"a\":2}\n";
        let expected = [
            "1: a=1",
            "line 2, column 9: not valid JSON: expected ident",
            "line 3: expected an object, found an array",
            "line 4, column 10: the object has the name \"a\" twice",
            "line 5, column 9: not valid JSON: trailing characters",
        ];
        let items = read(text, RowSyntax::JsonLines);
        assert_eq!(items[..5], expected);
        assert!(items[5].ends_with("(each line must hold one whole object)"), "{}", items[5]);
        assert_eq!(items[6], "7: a=2");
    }

    #[test]
    fn arrays_are_read_element_by_element() {
        let text = "\n[ {\"a\": \"x]},{\\\"\"},\n\n{\"b\":\n[1,{}]} ]\n";
        assert_eq!(read(text, RowSyntax::JsonArray), ["2: a=\"x]},{\\\"\"", "4: b=[1,{}]"]);
        for empty in ["[]", " [ \n] "] {
            assert_eq!(read(empty, RowSyntax::JsonArray), [""; 0]);
        }
    }

    #[test]
    fn a_bad_element_is_lost_alone() {
        let text = "[1,\n{\"a\":tru},\n{\"a\"\n:}, \"x,]\", {\"a\":2}]";
        let expected = [
            "line 1: expected an object, found a number",
            "line 2, column 9: not valid JSON: expected ident",
            "line 4, column 2: not valid JSON: expected value",
            "line 4: expected an object, found a string",
            "4: a=2",
        ];
        assert_eq!(read(text, RowSyntax::JsonArray), expected);
    }

    #[test]
    fn a_broken_array_is_fatal() {
        let cases = [
            ("", "refused: line 1: expected an array of objects: the data does not start with \"[\""),
            ("{}", "refused: line 1: expected an array of objects: the data does not start with \"[\""),
            ("[", "refused: line 1: the array is not closed: the data ends too early"),
            ("[,]", "refused: line 1: expected an object, found ','"),
            ("[{\"a\":1}\n", "line 2: the array is not closed: the data ends too early"),
            ("[{\"a\":1},\n{\"a\":\n", "line 2: the array is not closed: the data ends too early"),
            ("[{\"a\":1},]", "line 1: expected an object, found ']'"),
            ("[{\"a\":1}{}]", "line 1: expected a comma or \"]\", found '{'"),
            ("[{\"a\":1}]\n[", "line 2: expected nothing after the array, found '['"),
        ];
        for (text, expected) in cases {
            let items = read(text, RowSyntax::JsonArray);
            assert_eq!(items.last().map(String::as_str), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn another_encoding_is_fatal_in_both() {
        let expected = "not UTF-8 but probably Windows-1252 or Latin-1 (byte 0xe9): save the data as UTF-8, \
                        in Excel as \"CSV UTF-8\"";
        let lines = read(b"{\"a\":1}\n{\"a\":\"caf\xe9\"}\n{\"a\":1}\n", RowSyntax::JsonLines);
        assert_eq!(lines, ["1: a=1".to_owned(), format!("line 2: {expected}")]);
        let array = read(b"[{\"a\":1},\n{\n\"a\":\"caf\xe9\"},{\"a\":1}]", RowSyntax::JsonArray);
        assert_eq!(array, ["1: a=1".to_owned(), format!("line 3: {expected}")]);
    }

    #[test]
    fn endless_rows_and_bottomless_nesting_are_errors() {
        for (start, syntax) in [("{\"a\":\"", RowSyntax::JsonLines), ("[{\"a\":\"", RowSyntax::JsonArray)] {
            let endless = Read::chain(io::Cursor::new(start.as_bytes()), io::repeat(b'x'));
            let error = RowReader::from_reader(Box::new(endless), syntax).unwrap_err();
            assert_eq!(error.kind, RowErrorKind::TooLong { limit: MAX_ROW_BYTES });
        }
        let deep = format!("{{\"a\":{}", "[".repeat(100_000));
        assert!(read(deep, RowSyntax::JsonLines)[0].contains("recursion limit"));
    }
}
