//! Source text into a tree in which every value knows its place.
//!
//! YAML in [`super::yaml_reader`], JSON in [`super::json_reader`]; no meaning yet. Bounded: source length, depth,
//! nodes (so that aliases cannot multiply). Feeds [`super::reading`].

use std::sync::Arc;

use super::error::{Position, TemplateError, TemplateErrors};
use super::{json_reader, yaml_reader};

/// Longest source, in bytes.
pub(super) const MAX_SOURCE_BYTES: usize = 1 << 20;
/// Deepest nesting of lists and mappings.
pub(super) const MAX_DEPTH: usize = 64;
/// Most values in a template, aliases expanded.
pub(super) const MAX_NODES: usize = 100_000;

/// How a template is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// YAML 1.2.
    Yaml,
    /// JSON.
    Json,
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub content: Content,
    pub position: Position,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Content {
    Null,
    Bool(bool),
    /// Finite, with the characters it was written in.
    Number(f64, String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub key: String,
    pub position: Position,
    pub value: Node,
    /// Where the entry was merged in from, relative to the mapping it is in now: `sizes.story`.
    pub via: Option<Arc<str>>,
}

impl Node {
    /// The entries of a mapping; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.content {
            Content::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }
}

/// A source that could be read.
#[derive(Debug)]
pub(super) struct Document {
    pub root: Node,
    /// Values that YAML takes for something else. They are read as if they stood in quotes, so that they hide no
    /// other mistakes.
    pub traps: Vec<TemplateError>,
}

/// Reads a source.
///
/// # Errors
/// What is wrong, as far as it can be told: what follows the first mistake of syntax is not readable.
pub(super) fn read(source: &[u8], syntax: Syntax) -> Result<Document, TemplateErrors> {
    let start = Position::new(1, 1);
    if source.len() > MAX_SOURCE_BYTES {
        let message = format!("the template is {} bytes long, more than {MAX_SOURCE_BYTES}", source.len());
        return Err(TemplateError::new(start, "", message).into());
    }
    let text = std::str::from_utf8(source).map_err(|error| {
        let valid = String::from_utf8_lossy(&source[..error.valid_up_to()]);
        let line = valid.matches('\n').count() + 1;
        let column = valid.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        TemplateError::new(Position::new(line, column), "", "the template is not UTF-8")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match syntax {
        Syntax::Yaml => yaml_reader::read(text),
        Syntax::Json => Ok(Document { root: json_reader::read(text)?, traps: Vec::new() }),
    }
}

/// At most 40 characters of a text, for messages.
pub(super) fn shorten(text: &str) -> String {
    shorten_to(text, 40)
}

/// At most `most` characters of a text, for messages.
pub(super) fn shorten_to(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_not_text_are_refused() {
        let error = read(b"a: 1\nb: \xff", Syntax::Yaml).unwrap_err();
        assert_eq!((error.0[0].line, error.0[0].column), (2, 4));
        assert!(read(&vec![b' '; MAX_SOURCE_BYTES + 1], Syntax::Yaml).is_err());
    }
}
