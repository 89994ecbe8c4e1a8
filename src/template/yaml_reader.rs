//! YAML into the tree, by saphyr's events; with the traps of [`super::traps`] taken as what was meant.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput};

use super::error::{Position, TemplateError, TemplateErrors};
use super::reader::{Content, Document, Entry, MAX_DEPTH, MAX_NODES, Node, shorten};
use super::reading::join;
use super::traps::{Mended, MendedTrap};
use super::{traps, yaml_advice};

/// Reads a YAML text.
///
/// # Errors
/// Not YAML, too deep, too much.
pub(super) fn read(text: &str) -> Result<Document, TemplateErrors> {
    let error = match YamlReader::new(text, None).document() {
        Ok(root) => return Ok(Document { root, traps: Vec::new() }),
        Err(error) => error,
    };
    let Some(mended) = Mended::new(text) else {
        return Err(error.into());
    };
    let mut reader = YamlReader::new(&mended.source, Some(&mended));
    let read = reader.document();
    let traps = std::mem::take(&mut reader.trapped);
    match read {
        _ if traps.is_empty() => Err(error.into()),
        Ok(root) => Ok(Document { root, traps }),
        // What stands beside a trap may only be wrong because of it.
        Err(error) if traps.iter().any(|trap| trap.line == error.line) => Err(TemplateErrors(traps)),
        Err(error) => Err(TemplateErrors(traps.into_iter().chain([error]).collect())),
    }
}

struct YamlReader<'s> {
    source: &'s str,
    parser: Parser<'s, StrInput<'s>>,
    anchors: HashMap<usize, (Rc<Node>, usize)>,
    nodes: usize,
    swallowed_colors: Option<HashMap<usize, (usize, String)>>,
    /// What the source's marks stand for, where it was mended.
    mended: Option<&'s Mended>,
    /// Marks that were met where YAML would have read something else.
    trapped: Vec<TemplateError>,
    /// Every key and item so far, in the order of the source.
    steps: Vec<Step>,
    /// The step to the value at hand.
    here: Option<usize>,
}

/// One step of a path, linked to the one around it.
struct Step {
    around: Option<usize>,
    name: StepName,
}

enum StepName {
    Key(String),
    Item(usize),
}

impl<'s> YamlReader<'s> {
    fn new(source: &'s str, mended: Option<&'s Mended>) -> Self {
        Self {
            source,
            parser: Parser::new_from_str(source),
            anchors: HashMap::new(),
            nodes: 0,
            swallowed_colors: None,
            mended,
            trapped: Vec::new(),
            steps: Vec::new(),
            here: None,
        }
    }

    fn document(&mut self) -> Result<Node, TemplateError> {
        let root = self.root()?;
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(root),
                (Event::DocumentStart(_), span) => {
                    return Err(TemplateError::new(
                        position(span.start),
                        "",
                        "a template is one document, here a second begins",
                    ));
                }
                _ => {}
            }
        }
    }

    fn root(&mut self) -> Result<Node, TemplateError> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => {
                    return Err(TemplateError::new(Position::new(1, 1), "", "the template is empty"));
                }
                (Event::StreamStart | Event::DocumentStart(_) | Event::Nothing, _) => {}
                (event, span) => return self.node(event, span, 0),
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'s>, Span), TemplateError> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(self.syntax_error(position(*error.marker()), error.info())),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    /// A mistake in the value at hand.
    fn error(&self, at: Position, message: impl Into<String>) -> TemplateError {
        TemplateError::new(at, self.path_to(self.here), message)
    }

    fn syntax_error(&self, at: Position, info: &str) -> TemplateError {
        let (at, message) = yaml_advice::advise(self.source, at, info);
        self.error(at, format!("not valid YAML: {message}"))
    }

    /// The characters of a scalar, as the author wrote them. A trap among them is recorded; with one the scalar is
    /// text.
    fn restored(&mut self, text: Cow<'s, str>, is_plain: bool) -> (Cow<'s, str>, bool) {
        let Some((restored, first)) = self.mended.and_then(|mended| mended.restore(&text)) else {
            return (text, false);
        };
        let trap = first.filter(|_| is_plain);
        if let Some(MendedTrap { position, message, .. }) = trap {
            let error = self.error(*position, message.clone());
            self.trapped.push(error);
        }
        (Cow::Owned(restored), trap.is_some())
    }

    /// Goes on to a key's or list's value; gives the step to come back to.
    fn enter(&mut self, name: StepName) -> Option<usize> {
        let around = self.here;
        self.steps.push(Step { around, name });
        self.here = Some(self.steps.len() - 1);
        around
    }

    /// `layers[3].fill`
    fn path_to(&self, step: Option<usize>) -> String {
        let steps = std::iter::successors(step, |&step| self.steps[step].around);
        let names: Vec<&StepName> = steps.map(|step| &self.steps[step].name).collect();
        names.into_iter().rev().fold(String::new(), |path, name| match name {
            StepName::Key(key) => join(&path, key),
            StepName::Item(index) => format!("{path}[{index}]"),
        })
    }

    fn node(&mut self, event: Event<'s>, span: Span, depth: usize) -> Result<Node, TemplateError> {
        let at = position(span.start);
        if depth > MAX_DEPTH {
            return Err(self.error(at, format!("nested more than {MAX_DEPTH} deep")));
        }
        self.count(1, at)?;
        let nodes_before = self.nodes;
        let (content, anchor, tag) = match event {
            Event::Alias(id) => {
                let Some((node, size)) = self.anchors.get(&id).cloned() else {
                    return Err(self.error(at, "an alias stands inside the value it repeats"));
                };
                self.count(size, at)?;
                if depth + depth_of(&node) > MAX_DEPTH {
                    return Err(self.error(at, format!("nested more than {MAX_DEPTH} deep")));
                }
                return Ok(Node::clone(&node));
            }
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = style == ScalarStyle::Plain;
                let (text, is_trap) = self.restored(text, is_plain);
                let content = match is_plain && !is_trap {
                    true => plain(&text).map_err(|message| self.error(at, message))?,
                    false => Content::Text(text.into_owned()),
                };
                (content, anchor, tag)
            }
            Event::SequenceStart(anchor, tag) => {
                let mut list = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        (event, span) => {
                            let outer = self.enter(StepName::Item(list.len()));
                            list.push(self.node(event, span, depth + 1)?);
                            self.here = outer;
                        }
                    }
                }
                (Content::List(list), anchor, tag)
            }
            Event::MappingStart(anchor, tag) => (Content::Map(self.mapping(depth)?), anchor, tag),
            Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                return Err(self.syntax_error(at, "the document ends too early"));
            }
            Event::SequenceEnd | Event::MappingEnd | Event::Nothing => {
                return Err(self.syntax_error(at, "a list or mapping ends where none began"));
            }
        };
        if tag.is_some() {
            return Err(self.error(at, "tags (!) have no meaning in a template"));
        }
        let node = Node { content, position: at };
        if anchor > 0 {
            self.anchors.insert(anchor, (Rc::new(node.clone()), self.nodes - nodes_before + 1));
        }
        Ok(node)
    }

    fn mapping(&mut self, depth: usize) -> Result<Vec<Entry>, TemplateError> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut known = HashSet::new();
        loop {
            let (event, span) = self.next()?;
            let key_at = position(span.start);
            let key = match event {
                Event::MappingEnd => return Ok(entries),
                Event::Scalar(text, ..) => self.restored(text, false).0.into_owned(),
                _ => return Err(self.error(key_at, "a key must be text")),
            };
            let outer = self.enter(StepName::Key(key.clone()));
            if !known.insert(key.clone()) {
                return Err(self.error(key_at, format!("the key \"{}\" is here twice", shorten(&key))));
            }
            let (event, value_span) = self.next()?;
            let value = self.node(event, value_span, depth + 1)?;
            if value.content == Content::Null
                && let Some((column, message)) = self.swallowed_color(key_at)
            {
                return Err(self.error(Position::new(key_at.line, column), message));
            }
            self.here = outer;
            entries.push(Entry { key, position: key_at, value, via: None });
        }
    }

    /// The colour in a comment behind a key without a value.
    fn swallowed_color(&mut self, key_at: Position) -> Option<(usize, String)> {
        let source = self.source;
        let colors = self.swallowed_colors.get_or_insert_with(|| traps::swallowed_colors(source));
        colors.get(&key_at.line).filter(|(column, _)| *column > key_at.column).cloned()
    }

    fn count(&mut self, more: usize, at: Position) -> Result<(), TemplateError> {
        self.nodes += more;
        if self.nodes > MAX_NODES {
            let message = format!("more than {MAX_NODES} values, aliases included");
            return Err(self.error(at, message));
        }
        Ok(())
    }
}

fn position(marker: Marker) -> Position {
    Position::new(marker.line().max(1), marker.col() + 1)
}

fn depth_of(node: &Node) -> usize {
    match &node.content {
        Content::List(list) => 1 + list.iter().map(depth_of).max().unwrap_or(0),
        Content::Map(entries) => 1 + entries.iter().map(|entry| depth_of(&entry.value)).max().unwrap_or(0),
        _ => 0,
    }
}

/// A plain scalar by YAML 1.2's core schema: <https://yaml.org/spec/1.2.2/#103-core-schema>.
fn plain(text: &str) -> Result<Content, String> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Content::Null,
        "true" | "True" | "TRUE" => Content::Bool(true),
        "false" | "False" | "FALSE" => Content::Bool(false),
        _ => match number(text)? {
            Some(value) => Content::Number(value, text.to_owned()),
            None => Content::Text(text.to_owned()),
        },
    })
}

fn number(text: &str) -> Result<Option<f64>, String> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN") {
        return Err(format!("a number must be finite, got {text}"));
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return Ok(u32::from_str_radix(digits, 16).ok().map(f64::from));
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return Ok(u32::from_str_radix(digits, 8).ok().map(f64::from));
    }
    let looks_like_one = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned.contains(|c: char| c.is_ascii_digit())
        && unsigned.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'-' | b'+'));
    if !looks_like_one {
        return Ok(None);
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Some(value)),
        Ok(_) => Err(format!("a number must be finite, got {}", shorten(text))),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::reader::{Syntax, read};

    /// Traps are errors here.
    fn yaml(source: &str) -> Result<Node, String> {
        match read(source.as_bytes(), Syntax::Yaml) {
            Ok(Document { root, traps }) if traps.is_empty() => Ok(root),
            Ok(Document { traps, .. }) => Err(TemplateErrors(traps).to_string()),
            Err(errors) => Err(errors.to_string()),
        }
    }

    #[test]
    fn values_know_their_place() {
        let root = yaml("name: card\nsizes:\n  link: { width: 1200 }\n").unwrap();
        let width = root.get("sizes").and_then(|n| n.get("link")).and_then(|n| n.get("width")).unwrap();
        assert_eq!(width.content, Content::Number(1200.0, "1200".into()));
        assert_eq!(width.position, Position::new(3, 18));
    }

    #[test]
    fn scalars_follow_the_core_schema() {
        let root = yaml("[~, true, 007, 1.5, 0x1f, '7', 12px, 1.2.3, yes]").unwrap();
        let Content::List(list) = root.content else { panic!("a list") };
        let contents: Vec<Content> = list.into_iter().map(|node| node.content).collect();
        let text = |t: &str| Content::Text(t.into());
        assert_eq!(contents[0], Content::Null);
        assert_eq!(contents[1], Content::Bool(true));
        assert_eq!(contents[2], Content::Number(7.0, "007".into()));
        assert_eq!(contents[3], Content::Number(1.5, "1.5".into()));
        assert_eq!(contents[4], Content::Number(31.0, "0x1f".into()));
        assert_eq!(contents[5..9], [text("7"), text("12px"), text("1.2.3"), text("yes")]);
    }

    #[test]
    fn what_is_not_a_tree_is_refused() {
        for (source, expected) in [
            ("", "empty"),
            ("a: 1\n---\nb: 2", "second"),
            ("a: !!str 1", "tags"),
            ("a: 1\na: 2", "twice"),
            ("a: .nan", "finite"),
            ("a: 1e999", "finite"),
            ("a: &x [*x]", "inside the value"),
            ("a: [1, 2", "not valid YAML"),
            ("a: *nowhere", "not valid YAML"),
        ] {
            let error = yaml(source).unwrap_err();
            assert!(error.contains(expected), "{source:?} gave {error:?}");
        }
    }

    #[test]
    fn depth_and_aliases_are_bounded() {
        assert!(yaml(&"[".repeat(5_000)).is_err());
        let deep = format!("{}1{}", "[".repeat(70), "]".repeat(70));
        assert!(yaml(&deep).unwrap_err().contains("deep"));
        let mut bomb = String::from("a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n");
        for level in 1..12 {
            let below = vec![format!("*a{}", level - 1); 10].join(",");
            bomb.push_str(&format!("a{level}: &a{level} [{below}]\n"));
        }
        assert!(yaml(&bomb).unwrap_err().contains("aliases included"));
        assert_eq!(yaml("a: &x 1\nb: *x").unwrap().get("b").unwrap().content, Content::Number(1.0, "1".into()));
    }

    #[test]
    fn an_unquoted_colour_is_named() {
        let error = yaml("layers:\n  - type: rect\n    fill: #0f172a\n    frame: full\n").unwrap_err();
        assert!(error.starts_with("line 3, column 11: layers[0].fill: "), "{error}");
        assert!(error.contains("\"#0f172a\""), "{error}");
        let error = yaml("layers:\n  - { type: rect, fill: #0f172a, frame: full }\n  - { type: rect }\n").unwrap_err();
        assert!(error.starts_with("line 2, column 25: layers[0].fill: ") && error.contains("\"#0f172a\""), "{error}");
        let nested = "layers:\n  - { type: rect }\n  - type: stack\n    layers: [{ type: rect, shadow: [{ color: #fff }] }]\nname: x\n";
        let error = yaml(nested).unwrap_err();
        assert!(error.starts_with("line 4, column 46: layers[1].layers[0].shadow[0].color: "), "{error}");
        // A comment is still a comment.
        assert!(yaml("fill: # none\nframe: full").is_ok());
    }

    #[test]
    fn unquoted_braces_are_named() {
        for source in [
            "a: 1\ntext: {{ name }}\n",
            "a: 1\ntext: {{ price | currency('USD') }}\n",
            "a: 1\ntext: {{ name }} and more\n",
        ] {
            let error = yaml(source).unwrap_err();
            assert!(error.starts_with("line 2, column 7: ") && error.contains("quotes"), "{source:?}: {error}");
        }
        let error = yaml("layers:\n  - { type: text, text: {{ name }} }\n").unwrap_err();
        assert!(error.starts_with("line 2, column 25: layers[0].text: ") && error.contains("quotes"), "{error}");
    }

    #[test]
    fn mistakes_name_the_value_they_are_in() {
        for (source, expected) in [
            ("layers:\n  - a: 1\n  - { b: 1, b: 2 }\n", "line 3, column 13: layers[1].b: "),
            ("fonts: [a.ttf, !x b.ttf]\n", "line 1, column 16: fonts[1]: tags"),
            ("sizes:\n  link: { width: .inf }\n", "line 2, column 18: sizes.link.width: a number must be finite"),
            ("sizes:\n  link: { width: 3\nname: x\n", "line 3, column 5: sizes.link"),
        ] {
            let error = yaml(source).unwrap_err();
            assert!(error.starts_with(expected), "{source:?}: expected {expected}, got {error}");
        }
    }
}
