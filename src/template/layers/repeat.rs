//! `repeat`: children once for every item of a list, or so many times.

use std::sync::Arc;

use super::LayerReader;
use crate::template::error::{Position, TemplateError};
use crate::template::expression::Program;
use crate::template::field::wrong_name;
use crate::template::model::{RepeatModel, StackModel};
use crate::template::reader::{Content, Node, shorten};
use crate::template::reading::{Map, Reading};
use crate::template::references::reference_at;
use crate::template::scalar::Scalar;
use crate::template::scan::{Token, is_dynamic, tokens};
use crate::template::shape::Shape;

/// Filters whose lists have the items of the list that they are given.
const KEEPING: &[&str] = &["list", "reject", "rejectattr", "reverse", "select", "selectattr", "sort", "unique"];

impl LayerReader<'_> {
    /// A repeat; its children know the item.
    pub(super) fn repeat(&mut self, map: &Map<'_>, node: &Node, size: &str) -> RepeatModel {
        let limit = self.reading.optional(map, "limit");
        let empty = self.children(map, node, "empty", size);
        let header = header(self.reading, map);
        let depth = self.reading.item_names.len();
        // Where the header is wrong, names of the children would only be wrong because of it.
        let (name, shape) = header.as_ref().map_or_else(
            || (name_of(map).unwrap_or_else(|| "item".into()), Shape::Any),
            |header| (Arc::clone(&header.name), header.shape.clone()),
        );
        self.reading.item_names.push((Arc::clone(&name), shape));
        let layers = self.children(map, node, "layers", size);
        self.reading.item_names.truncate(depth);
        let stack: StackModel = self.stack(map, layers);
        let (list, list_path) = match header {
            Some(Header { list, path, .. }) => (list, path),
            // Never evaluated: the template is refused.
            None => (Program::nothing(&self.reading.environment), Arc::from("")),
        };
        RepeatModel { name, list, list_path, limit, empty, stack }
    }
}

/// `for`, read.
struct Header {
    name: Arc<str>,
    list: Program,
    path: Arc<str>,
    /// Of an item.
    shape: Shape,
}

/// The name in `for`, if it looks like one.
fn name_of(map: &Map<'_>) -> Option<Arc<str>> {
    match &map.entry("for")?.value.content {
        Content::Text(text) => text.split_whitespace().next().map(Arc::from),
        _ => None,
    }
}

fn header(reading: &mut Reading, map: &Map<'_>) -> Option<Header> {
    let entry = map.entry("for")?;
    let (position, path) = (entry.value.position, map.path_of(entry));
    let Content::Text(text) = &entry.value.content else {
        let got = Scalar::from_node(&entry.value);
        reading.error(position, path, format!("expected a name and a list, such as product in products, got {got}"));
        return None;
    };
    if is_dynamic(text) {
        reading.error(position, path, "an expression by itself: no {{ }} here, such as product in products");
        return None;
    }
    let Some((name, list)) = text.trim().split_once(" in ") else {
        let got = shorten(text);
        let message = format!("expected a name and a list, such as product in products, got \"{got}\"");
        reading.error(position, path, message);
        return None;
    };
    let (name, list) = (name.trim(), list.trim());
    let is_taken = reading.shape_of(name).is_some();
    if let Some(message) = wrong_name(name, false) {
        reading.error(position, &path, message);
        return None;
    }
    if is_taken {
        reading.error(position, path, format!("\"{name}\" is a field or another repeat's item, choose another name"));
        return None;
    }
    let program = reading.program(&format!("{{{{ {list} }}}}"), position, &path)?;
    if !program.is_exact() {
        reading.error(position, path, format!("expected one expression behind \"in\", got \"{}\"", shorten(list)));
        return None;
    }
    let shape = item_shape(reading, list, position, &path)?;
    Some(Header { name: name.into(), list: program, path: path.into(), shape })
}

/// What is known of the items that an expression gives. What cannot be repeated is recorded.
fn item_shape(reading: &mut Reading, list: &str, position: Position, path: &str) -> Option<Shape> {
    let tokens = tokens(list);
    let Some((reference, end)) = reference_at(&tokens, 0) else {
        return Some(Shape::Any);
    };
    let known = reading.shape_of(&reference.root)?.follow(&reference).ok()?;
    if !keeps_items(&tokens[end..]) {
        return Some(Shape::Any);
    }
    match known {
        Shape::List(item) => Some(Shape::clone(&item)),
        Shape::Any => Some(Shape::Any),
        Shape::Single("number" | "value") => Some(Shape::Single("number")),
        Shape::Single(ty) => {
            let message = format!("expected a list or a count, \"{}\" is {ty}", shorten(&reference.text));
            reading.push(TemplateError::new(position, path, message));
            None
        }
        Shape::Object(_) | Shape::Columns => {
            let message = format!("expected a list or a count, \"{}\" has named parts", shorten(&reference.text));
            reading.push(TemplateError::new(position, path, message));
            None
        }
    }
}

/// Whether what follows a list leaves its items as they are: nothing, a slice, filters that pick and order.
fn keeps_items(rest: &[Token<'_>]) -> bool {
    let is_slice = rest.first() == Some(&Token::Sign("["));
    let filters = rest.windows(2).filter_map(|pair| match pair {
        [Token::Sign("|"), Token::Word(filter)] => Some(*filter),
        _ => None,
    });
    let starts_well = rest.is_empty() || is_slice || rest.first() == Some(&Token::Sign("|"));
    let has_operator = rest.iter().any(|token| match token {
        Token::Word(word) => ["if", "else", "or", "and", "not", "in", "is"].contains(word),
        Token::Sign(sign) => ["+", "~", "*", "-", "/"].contains(sign),
        Token::Literal(_) => false,
    });
    starts_well && !has_operator && filters.clone().all(|filter| KEEPING.contains(&filter))
}
