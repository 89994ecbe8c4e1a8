//! From the tree to typed values: the state of one parse and the verbs that every part of it shares.
//!
//! Errors are collected, so that an author sees all of them at once; what could not be read gets a placeholder
//! and the template is refused in the end. Keys, ranges and defaults come from [`super::tables`].

use std::collections::BTreeSet;
use std::sync::Arc;

use minijinja::Environment;

use super::error::{Position, TemplateError};
use super::expression::Program;
use super::field::{BUILT_IN, Field, NumberSyntax};
use super::foreign::{Hint, hint};
use super::keys::{Key, Kind, Object};
use super::model::{Dynamic, Prop};
use super::reader::{Content, Entry, Node, shorten};
use super::references::Step;
use super::scalar::{FromScalar, Scalar};
use super::scan;
use super::shape::{NoSuchPart, Shape};
use super::tables::FRAME;

/// Most errors reported for one template.
const MAX_ERRORS: usize = 200;

/// The state of one parse.
pub(super) struct Reading {
    pub errors: Vec<TemplateError>,
    pub environment: Arc<Environment<'static>>,
    /// How the template's locale writes numbers.
    pub numbers: Arc<NumberSyntax>,
    /// What expressions may name, with what is known of it: declared fields and what is built in.
    pub names: Vec<(Arc<str>, Shape)>,
    /// What the repeats around the layer at hand call their items, the innermost last.
    pub item_names: Vec<(Arc<str>, Shape)>,
    /// What expressions did name.
    pub used_names: BTreeSet<String>,
    /// Columns that they take from `row`.
    pub columns: Vec<ColumnUse>,
    /// What they did name, by the place of the expression.
    pub uses: super::uses::Uses,
}

/// A column that an expression reads without a declared field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ColumnUse {
    pub column: Arc<str>,
    pub position: Position,
    pub path: String,
    /// Whether the expression says itself what happens where there is none.
    pub is_guarded: bool,
}

/// A mapping of known shape.
pub(super) struct Map<'n> {
    pub entries: Vec<&'n Entry>,
    pub position: Position,
    pub path: String,
    pub object: &'static Object,
}

impl<'n> Map<'n> {
    /// The entry of a key, by its name or alias.
    pub fn entry(&self, name: &'static str) -> Option<&'n Entry> {
        let key = self.key(name);
        self.entries.iter().find(|entry| entry.key == name || key.alias == Some(&entry.key)).copied()
    }

    /// Where an entry stands, wherever it was merged in from.
    pub fn path_of(&self, entry: &Entry) -> String {
        join(entry.via.as_deref().unwrap_or(&self.path), &entry.key)
    }

    fn key(&self, name: &'static str) -> &'static Key {
        self.object.key(name).expect("code asks only for keys that its table describes")
    }
}

/// `a.b`, or `b` at the root.
pub(super) fn join(path: &str, key: &str) -> String {
    let key = shorten(key);
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

impl Reading {
    pub fn new(environment: Environment<'static>, numbers: NumberSyntax) -> Self {
        Self {
            errors: Vec::new(),
            environment: Arc::new(environment),
            numbers: Arc::new(numbers),
            names: Vec::new(),
            item_names: Vec::new(),
            used_names: BTreeSet::new(),
            columns: Vec::new(),
            uses: super::uses::Uses::default(),
        }
    }

    /// Makes fields and what is built in known to expressions.
    pub fn declare(&mut self, fields: &[Field]) {
        let declared = fields.iter().map(|field| (Arc::clone(&field.name), Shape::of_field(&field.ty)));
        let built_in = BUILT_IN.iter().map(|name| {
            let shape = match *name {
                "row" => Shape::Columns,
                "size" => Shape::with_parts(super::scope::SIZE_PARTS),
                "now" | "key" => Shape::Single("text"),
                _ => Shape::Single("number"),
            };
            (Arc::from(*name), shape)
        });
        self.names = declared.chain(built_in).collect();
    }

    /// What is known of a name where the layer at hand stands.
    pub fn shape_of(&self, name: &str) -> Option<Shape> {
        let found = self.item_names.iter().rev().chain(&self.names).find(|(known, _)| **known == *name);
        match found {
            Some((_, shape)) => Some(shape.clone()),
            None if name == "loop" && !self.item_names.is_empty() => Some(Shape::with_parts(super::scope::LOOP_PARTS)),
            None => None,
        }
    }

    /// Records a mistake.
    pub fn error(&mut self, position: Position, path: impl Into<String>, message: impl Into<String>) {
        self.push(TemplateError::new(position, path, message));
    }

    /// Records a mistake.
    pub fn push(&mut self, error: TemplateError) {
        if self.errors.len() < MAX_ERRORS && !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    /// A node as a mapping with the keys of `object`; wrong keys are recorded.
    pub fn map<'n>(&mut self, node: &'n Node, path: &str, object: &'static Object) -> Option<Map<'n>> {
        let Content::Map(entries) = &node.content else {
            let example = match object.name {
                "shrink" => ", such as { to: 32 }",
                "shadow" | "text shadow" => ", such as { y: 2, blur: 4, color: black }",
                "stroke" => ", such as { width: 1, color: black }",
                "font" => ", such as { family: Inter, size: 40 }",
                "frame" => ", such as { x: 20, y: 20, width: 300 }",
                "size" => ", such as { width: 1200, height: 628 }",
                "output" => ", such as { format: jpeg }",
                "field" => ", such as { type: text }",
                _ => "",
            };
            let message = format!("expected a mapping ({}){example}, got {}", object.name, Scalar::from_node(node));
            self.error(node.position, path, message);
            return None;
        };
        Some(self.map_of(entries.iter().collect(), node.position, path, object))
    }

    /// Entries as a mapping with the keys of `object`; wrong keys are recorded.
    pub fn map_of<'n>(
        &mut self,
        entries: Vec<&'n Entry>,
        position: Position,
        path: &str,
        object: &'static Object,
    ) -> Map<'n> {
        let map = Map { entries, position, path: path.to_owned(), object };
        let mut seen: Vec<(&'static str, &str)> = Vec::new();
        for entry in &map.entries {
            match object.key(&entry.key) {
                Some(key) => {
                    if let Some((_, other)) = seen.iter().find(|(name, _)| *name == key.name) {
                        let message = format!("\"{}\" and \"{other}\" are the same: keep one", entry.key);
                        self.error(entry.position, map.path_of(entry), message);
                    }
                    seen.push((key.name, &entry.key));
                }
                None => self.unknown_key(&map, entry),
            }
        }
        for key in object.keys().filter(|key| key.required) {
            if !seen.iter().any(|(name, _)| *name == key.name) {
                self.error(position, path, format!("the {} has no \"{}\"", object.name, key.name));
            }
        }
        map
    }

    fn unknown_key(&mut self, map: &Map<'_>, entry: &Entry) {
        if self.errors.len() >= MAX_ERRORS {
            // What would be said is not heard any more, and guessing takes a while.
            return;
        }
        let known = map.object.keys().flat_map(|key| std::iter::once(key.name).chain(key.alias));
        let mut error =
            TemplateError::new(entry.position, map.path_of(entry), format!("unknown key \"{}\"", shorten(&entry.key)));
        match hint(map.object, &entry.key) {
            Some(Hint::Renamed(name)) => error.suggestion = Some(name.to_owned()),
            Some(Hint::Inside(home, name)) if name == entry.key || FRAME.key(&entry.key).is_some() => {
                error.message.push_str(&format!(", it belongs in \"{home}\""));
            }
            Some(Hint::Inside(home, name)) => error.message.push_str(&format!(", it is \"{name}\" in \"{home}\"")),
            Some(Hint::Advice(advice)) => error.message.push_str(&format!(": {advice}")),
            // `x:1` is a key without a value.
            None if entry.key.contains(':') && entry.value.content == Content::Null => {
                error.message.push_str(": the colon behind a key needs a space after it");
            }
            None => error = error.suggesting(&entry.key, known),
        }
        self.push(error);
    }

    /// The value of a key, or its default.
    pub fn prop<T: FromScalar>(&mut self, map: &Map<'_>, name: &'static str) -> Prop<T> {
        if let Some(prop) = self.optional(map, name) {
            return prop;
        }
        let key = map.key(name);
        let default = key.default.and_then(|text| T::from_scalar(&key.kind, &Scalar::from_default(text)).ok());
        Prop::Constant(default.unwrap_or_else(T::placeholder))
    }

    /// The value of a key, if it is there.
    pub fn optional<T: FromScalar>(&mut self, map: &Map<'_>, name: &'static str) -> Option<Prop<T>> {
        let entry = map.entry(name)?;
        let key = map.key(name);
        let path = map.path_of(entry);
        Some(self.prop_of(&entry.value, &path, &key.kind, key.dynamic))
    }

    /// The value of a key that no row may set, or its default.
    pub fn constant<T: FromScalar>(&mut self, map: &Map<'_>, name: &'static str) -> T {
        match self.prop(map, name) {
            Prop::Constant(value) => value,
            Prop::Dynamic(_) => T::placeholder(),
        }
    }

    /// The value of a key that no row may set, if it is there.
    pub fn optional_constant<T: FromScalar>(&mut self, map: &Map<'_>, name: &'static str) -> Option<T> {
        map.entry(name)?;
        Some(self.constant(map, name))
    }

    /// A value: a constant, checked now, or an expression, compiled now.
    pub fn prop_of<T: FromScalar>(&mut self, node: &Node, path: &str, kind: &'static Kind, dynamic: bool) -> Prop<T> {
        if let Content::Text(text) = &node.content
            && scan::is_dynamic(text)
        {
            if !dynamic {
                self.error(node.position, path, "must be the same for every row: no {{ }} here");
                return Prop::Constant(T::placeholder());
            }
            return match self.program(text, node.position, path) {
                Some(program) if matches!(kind, Kind::Condition) && !program.is_exact() => {
                    self.error(node.position, path, "expected true, false or exactly one {{ expression }}");
                    Prop::Constant(T::placeholder())
                }
                Some(program) => Prop::Dynamic(Arc::new(Dynamic { program, kind, path: path.into() })),
                None => Prop::Constant(T::placeholder()),
            };
        }
        let scalar = Scalar::from_node(node);
        Prop::Constant(T::from_scalar(kind, &scalar).unwrap_or_else(|mismatch| {
            self.error(node.position, path, mismatch.describe(&scalar));
            T::placeholder()
        }))
    }

    /// A compiled text whose names are all known.
    pub fn program(&mut self, text: &str, position: Position, path: &str) -> Option<Program> {
        let program = match Program::compile(&self.environment, text) {
            Ok(program) => program,
            Err(message) => {
                self.error(position, path, format!("in \"{}\": {message}", shorten(text)));
                return None;
            }
        };
        self.uses.add(path, program.names());
        for name in program.names() {
            match self.shape_of(name) {
                Some(_) => {
                    self.used_names.insert(name.clone());
                }
                None => {
                    let known: Vec<&str> =
                        self.item_names.iter().chain(&self.names).map(|(known, _)| &**known).collect();
                    let error = unknown_name(name, position, path, known);
                    self.push(error);
                }
            }
        }
        self.check_parts(&program, position, path);
        Some(program)
    }

    /// Records parts that a value does not have, and columns that are read.
    fn check_parts(&mut self, program: &Program, position: Position, path: &str) {
        for reference in program.references() {
            let Some(shape) = self.shape_of(&reference.root) else { continue };
            if let (Shape::Columns, Some(Step::Part(column))) = (&shape, reference.steps.first()) {
                let is_guarded = reference.is_guarded;
                let column = ColumnUse { column: column.as_str().into(), position, path: path.to_owned(), is_guarded };
                if !self.columns.contains(&column) {
                    self.columns.push(column);
                }
            }
            if let Err(NoSuchPart { message, part, known }) = shape.follow(reference) {
                let error = TemplateError::new(position, path, message);
                self.push(error.suggesting(&part, known.iter().map(|name| &**name)));
            }
        }
    }

    /// Up to four values in the order of CSS's shorthands (top or top left first, clockwise), spread to four.
    pub fn four<T: FromScalar>(
        &mut self,
        map: &Map<'_>,
        name: &'static str,
        kind: &'static Kind,
    ) -> Option<[Prop<T>; 4]> {
        let entry = map.entry(name)?;
        let path = map.path_of(entry);
        let given: Vec<Prop<T>> = match &entry.value.content {
            Content::List(list) if (1..=4).contains(&list.len()) => list
                .iter()
                .enumerate()
                .map(|(index, node)| self.prop_of(node, &format!("{path}[{index}]"), kind, true))
                .collect(),
            Content::List(list) => {
                self.error(entry.value.position, path, format!("expected one to four values, got {}", list.len()));
                return None;
            }
            _ => vec![self.prop_of(&entry.value, &path, kind, true)],
        };
        let first = given.first()?;
        let second = given.get(1).unwrap_or(first);
        let third = given.get(2).unwrap_or(first);
        let fourth = given.get(3).unwrap_or(second);
        Some([first.clone(), second.clone(), third.clone(), fourth.clone()])
    }

    /// The items of a list; anything else is recorded.
    pub fn list<'n>(&mut self, node: &'n Node, path: &str) -> &'n [Node] {
        match &node.content {
            Content::List(list) => list,
            _ => {
                self.error(node.position, path, format!("expected a list, got {}", Scalar::from_node(node)));
                &[]
            }
        }
    }
}

/// The error for a name that is neither declared nor built in.
pub(super) fn unknown_name<'k>(
    name: &str,
    position: Position,
    path: &str,
    known: impl IntoIterator<Item = &'k str>,
) -> TemplateError {
    if name == "loop" {
        return TemplateError::new(position, path, "\"loop\" is known only to the layers of a repeat");
    }
    let message = format!("\"{}\" is neither a declared field nor built in", shorten(name));
    let mut error = TemplateError::new(position, path, message).suggesting(name, known);
    if error.suggestion.is_none() {
        error.message.push_str(&format!(": declare it in fields, or read the column as row[\"{}\"]", shorten(name)));
    }
    error
}
