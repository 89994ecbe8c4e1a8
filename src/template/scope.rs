//! What an expression can look up: a row's fields and what is built in, without a map built per row.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::{Enumerator, Object};

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

/// The root of one evaluation.
#[derive(Debug)]
pub(super) struct Scope {
    pub row: Arc<RowValues>,
    /// Undefined while the key itself is evaluated.
    pub key: Value,
    /// Undefined while the key is evaluated.
    pub size: Value,
    /// Only for names of files.
    pub file: Option<FileScope>,
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

/// `row`: every column, by name or, with other names than words, `row["First Name"]`.
#[derive(Debug)]
struct Columns(Arc<RowValues>);

impl Object for Columns {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, name: &str) -> Option<Value> {
        let (_, value) = self.0.columns.iter().find(|(column, _)| **column == *name)?;
        Some(if value.is_null() { Value::UNDEFINED } else { Value::from(minijinja::value::Serde(value)) })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.columns.iter().map(|(column, _)| Value::from(Arc::clone(column))).collect())
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
        Enumerator::Str(&["name", "width", "height"])
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
