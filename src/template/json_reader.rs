//! JSON into the same tree as YAML: serde_json judges the text, then a walk over it finds the places.
//!
//! The walk may trust the text to be JSON, and leaves strings and numbers to serde_json as well.

use std::collections::HashSet;

use super::error::{Position, TemplateError};
use super::reader::{Content, Entry, MAX_DEPTH, MAX_NODES, Node, shorten};

/// Reads a JSON text.
///
/// # Errors
/// Not JSON; too deep; a key twice.
pub(super) fn read(text: &str) -> Result<Node, TemplateError> {
    if text.trim().is_empty() {
        return Err(TemplateError::new(Position::new(1, 1), "", "the template is empty"));
    }
    serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|error| {
        let full = error.to_string();
        let message = full.split(" at line ").next().unwrap_or(&full);
        let position = Position::new(error.line().max(1), error.column().max(1));
        TemplateError::new(position, "", format!("not valid JSON: {message}"))
    })?;
    Walk { text, at: 0, line: 1, counted: (0, 1), nodes: 0 }.value(0)
}

struct Walk<'s> {
    text: &'s str,
    at: usize,
    line: usize,
    /// A byte of this line and its column: columns are counted on from here, so that one long line stays linear.
    counted: (usize, usize),
    nodes: usize,
}

impl<'s> Walk<'s> {
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    fn position(&mut self) -> Position {
        let (from, column) = self.counted;
        self.counted = (self.at, column + self.text[from..self.at].chars().count());
        Position::new(self.line, self.counted.1)
    }

    /// Past white space and the given separators, which say nothing once the text is known to be JSON.
    fn skip(&mut self, separators: &[u8]) {
        while self.at < self.text.len() {
            let byte = self.peek();
            if byte == b'\n' {
                self.line += 1;
                self.counted = (self.at + 1, 1);
            } else if !byte.is_ascii_whitespace() && !separators.contains(&byte) {
                return;
            }
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, TemplateError> {
        self.skip(b"");
        let position = self.position();
        self.nodes += 1;
        if depth > MAX_DEPTH {
            return Err(TemplateError::new(position, "", format!("nested more than {MAX_DEPTH} deep")));
        }
        if self.nodes > MAX_NODES {
            return Err(TemplateError::new(position, "", format!("more than {MAX_NODES} values")));
        }
        let content = match self.peek() {
            b'{' => Content::Map(self.object(depth)?),
            b'[' => {
                self.at += 1;
                let mut list = Vec::new();
                loop {
                    self.skip(b",");
                    if matches!(self.peek(), b']' | 0) {
                        break;
                    }
                    list.push(self.value(depth + 1)?);
                }
                self.at += 1;
                Content::List(list)
            }
            b'"' => Content::Text(self.string(position)?),
            _ => self.word(position)?,
        };
        Ok(Node { content, position })
    }

    fn object(&mut self, depth: usize) -> Result<Vec<Entry>, TemplateError> {
        self.at += 1;
        let mut entries = Vec::new();
        let mut known = HashSet::new();
        loop {
            self.skip(b",");
            if self.peek() != b'"' {
                break;
            }
            let position = self.position();
            let key = self.string(position)?;
            if !known.insert(key.clone()) {
                return Err(TemplateError::new(position, "", format!("the key \"{}\" is here twice", shorten(&key))));
            }
            self.skip(b":");
            let value = self.value(depth + 1)?;
            entries.push(Entry { key, position, value, via: None });
        }
        self.at += 1;
        Ok(entries)
    }

    fn string(&mut self, position: Position) -> Result<String, TemplateError> {
        let start = self.at;
        self.at += 1;
        while !matches!(self.peek(), b'"' | 0) {
            self.at += if self.peek() == b'\\' { 2 } else { 1 };
        }
        self.at += 1;
        self.token(start, position)
    }

    fn word(&mut self, position: Position) -> Result<Content, TemplateError> {
        let start = self.at;
        while !matches!(self.peek(), b',' | b']' | b'}' | 0) && !self.peek().is_ascii_whitespace() {
            self.at += 1;
        }
        match &self.text[start..self.at] {
            "null" => Ok(Content::Null),
            "true" => Ok(Content::Bool(true)),
            "false" => Ok(Content::Bool(false)),
            number => Ok(Content::Number(self.token::<f64>(start, position)?, number.to_owned())),
        }
    }

    fn token<T: serde::de::DeserializeOwned>(&self, start: usize, position: Position) -> Result<T, TemplateError> {
        let token = self.text.get(start..self.at).unwrap_or_default();
        serde_json::from_str(token).map_err(|_| TemplateError::new(position, "", "not valid JSON"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_gives_places_and_escapes() {
        let root = read("{\n  \"é\": \"a\\\"b \\ud83d\\ude00\", \"n\": [1, -2.5e1, null, true]\n}").unwrap();
        assert_eq!(root.get("é").unwrap().content, Content::Text("a\"b 😀".into()));
        let list = root.get("n").unwrap();
        assert_eq!(list.position, Position::new(2, 34));
        let Content::List(items) = &list.content else { panic!("a list") };
        assert_eq!(items[1].content, Content::Number(-25.0, "-2.5e1".into()));
        assert_eq!((&items[2].content, &items[3].content), (&Content::Null, &Content::Bool(true)));
    }

    #[test]
    fn what_is_not_json_is_refused_with_its_place() {
        let error = read("{\n  \"a\": 1,\n}").unwrap_err();
        assert_eq!(error.line, 3);
        for (text, expected) in [
            ("", "empty"),
            ("{'a': 1}", "not valid JSON"),
            ("{\"a\":1,\"a\":2}", "twice"),
            ("[1e999]", "not valid JSON"),
        ] {
            assert!(read(text).unwrap_err().to_string().contains(expected), "{text}");
        }
        let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
        assert!(read(&deep).unwrap_err().to_string().contains("deep"));
        assert!(read(&"[".repeat(100_000)).is_err());
    }
}
