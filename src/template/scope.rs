//! What an expression can look up: a row's fields and what is built in, without a map built per row.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::{Enumerator, Object};
use parking_lot::Mutex;

use super::field::Field;
use crate::job::Format;
use crate::pixels::SizePx;

/// Index of every declared field.
#[derive(Debug, Default)]
pub(super) struct FieldNames(HashMap<Arc<str>, usize>);

impl FieldNames {
    pub fn new(fields: &[Field]) -> Self {
        Self(fields.iter().enumerate().map(|(index, field)| (Arc::clone(&field.name), index)).collect())
    }

    pub fn index(&self, name: &str) -> Option<usize> {
        self.0.get(name).copied()
    }
}

/// One row's values. Its `Debug` shows none of them.
pub(super) struct RowValues {
    pub names: Arc<FieldNames>,
    /// One per declared field; undefined where missing.
    pub fields: Vec<Value>,
    /// All columns, as the data has them.
    pub columns: Vec<(Arc<str>, serde_json::Value)>,
    /// Counted from 1.
    pub index: u64,
    pub now: Value,
}

impl fmt::Debug for RowValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowValues").field("index", &self.index).finish_non_exhaustive()
    }
}

/// Parts of `size`.
pub(super) const SIZE_PARTS: &[&str] = &["name", "width", "height"];
/// Parts of `loop`, as Jinja calls them.
pub(super) const LOOP_PARTS: &[&str] = &["index", "index0", "first", "last", "length"];

/// One pass of a repeat: what its layers see besides the row.
pub(super) struct Pass {
    /// What they call the item.
    pub name: Arc<str>,
    pub item: Value,
    /// From 0.
    pub index: usize,
    /// How many passes there are.
    pub length: usize,
    /// The repeat around this one.
    pub outer: Option<Arc<Pass>>,
    /// Whether the row had any part in the list.
    pub is_from_row: bool,
    /// Whether the list has personal data.
    pub is_personal: bool,
}

impl Pass {
    /// This pass and those around it, the innermost first.
    pub fn outwards(this: Option<&Arc<Self>>) -> impl Iterator<Item = &Arc<Self>> {
        std::iter::successors(this, |pass| pass.outer.as_ref())
    }
}

/// Shows no item.
impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pass").field("name", &self.name).field("index", &self.index).finish_non_exhaustive()
    }
}

/// The root of one evaluation.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    pub row: Arc<RowValues>,
    /// The innermost repeat around the layer.
    pub pass: Option<Arc<Pass>>,
    /// Undefined while the key itself is evaluated.
    pub key: Value,
    /// Undefined while the key is evaluated.
    pub size: Value,
    /// Only for names of files.
    pub file: Option<FileScope>,
    /// Every name that was looked up, where somebody wants to know.
    pub seen: Option<Arc<Mutex<Vec<String>>>>,
}

/// What only names of files can look up.
#[derive(Clone, Debug)]
pub(super) struct FileScope {
    pub format: Format,
    pub template: Arc<str>,
}

impl Object for Scope {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, name: &str) -> Option<Value> {
        if let Some(seen) = &self.seen {
            seen.lock().push(name.to_owned());
        }
        if let Some(pass) = Pass::outwards(self.pass.as_ref()).find(|pass| *pass.name == *name) {
            return Some(pass.item.clone());
        }
        if let ("loop", Some(pass)) = (name, &self.pass) {
            return Some(Value::from_object(Loop(Arc::clone(pass))));
        }
        if let Some(index) = self.row.names.index(name) {
            return self.row.fields.get(index).cloned();
        }
        match (name, &self.file) {
            ("key", _) => Some(self.key.clone()),
            ("size", _) => Some(self.size.clone()),
            ("index", _) => Some(Value::from(self.row.index)),
            ("now", _) => Some(self.row.now.clone()),
            ("row", _) => Some(Value::from_object(Columns(Arc::clone(&self.row)))),
            ("ext", Some(file)) => Some(Value::from(file.format.extension())),
            ("format", Some(file)) => Some(Value::from(file.format.name())),
            ("template", Some(file)) => Some(Value::from(Arc::clone(&file.template))),
            _ => None,
        }
    }
}

/// `loop`: where a repeat is.
#[derive(Debug)]
struct Loop(Arc<Pass>);

impl Object for Loop {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let Pass { index, length, .. } = *self.0;
        Some(match key.as_str()? {
            "index" => Value::from(index + 1),
            "index0" => Value::from(index),
            "first" => Value::from(index == 0),
            "last" => Value::from(index + 1 == length),
            "length" => Value::from(length),
            _ => return None,
        })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(LOOP_PARTS)
    }
}

/// `row`: every column, by name or, with other names than words, `row["First Name"]`.
#[derive(Debug)]
struct Columns(Arc<RowValues>);

impl Object for Columns {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, name: &str) -> Option<Value> {
        let (_, value) = self.0.columns.iter().find(|(column, _)| **column == *name)?;
        Some(value_of(value))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.columns.iter().map(|(column, _)| Value::from(Arc::clone(column))).collect())
    }
}

/// A value of JSON. null is no value: undefined, as a column that is not there.
fn value_of(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::UNDEFINED,
        serde_json::Value::Array(items) => Value::from(items.iter().map(value_of).collect::<Vec<_>>()),
        serde_json::Value::Object(members) => {
            let members = members.iter().filter(|(_, value)| !value.is_null());
            Value::from_pairs(members.map(|(name, value)| (name.as_str(), value_of(value))))
        }
        single => Value::from(minijinja::value::Serde(single)),
    }
}

/// `size`: its name where it is printed, and `size.name`, `size.width`, `size.height`.
#[derive(Debug)]
pub(super) struct SizeValue {
    pub name: Arc<str>,
    pub size: SizePx,
}

impl Object for SizeValue {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "name" => Some(Value::from(Arc::clone(&self.name))),
            "width" => Some(Value::from(self.size.width)),
            "height" => Some(Value::from(self.size.height)),
            _ => None,
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(SIZE_PARTS)
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
