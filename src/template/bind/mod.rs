//! A row bound to a template: fields checked, expressions evaluated, one [`Scene`] per size.

mod hash;
mod layers;
mod missing;
mod text;

use std::sync::Arc;

use minijinja::{ErrorKind, Value};

use super::Template;
use super::error::BindError;
use super::expression::{Program, explain};
use super::field::{Conversion, Locations};
use super::name::{MAX_NAME_BYTES, NamePattern, Part};
use super::scalar::Scalar;
use super::scene::{AssetBase, Scene};
use super::scope::{FileScope, Pass, RowValues, Scope};
use super::tables::MAX_SIDE;
use crate::job::{ErrorCode, Format, Row};

use layers::{Binder, Spent};

/// Longest key of a row, in bytes.
const MAX_KEY_BYTES: usize = 512;

/// The job's time, RFC 3339: what `now` gives in expressions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Now(pub Arc<str>);

impl Now {
    /// A time as text.
    pub fn new(rfc3339: impl Into<Arc<str>>) -> Self {
        Self(rfc3339.into())
    }
}

/// A row whose fields are typed and checked, ready to make scenes of.
pub struct BoundRow<'t> {
    template: &'t Template,
    values: Arc<RowValues>,
    key: Arc<str>,
    /// Photos in the fields, for the folder that each is relative to.
    locations: Locations,
    /// Per field, whether its value came with the row (or from `--set`).
    is_from_row: Vec<bool>,
}

/// Shows no value of the row.
impl std::fmt::Debug for BoundRow<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BoundRow").field("values", &self.values).finish_non_exhaustive()
    }
}

impl Template {
    /// Checks a row against the declared fields and finds its key.
    ///
    /// # Errors
    /// The first field that is missing or of the wrong type, or a key that cannot be made.
    pub fn bind(&self, row: &Row, now: &Now) -> Result<BoundRow<'_>, BindError> {
        let mut fields = Vec::with_capacity(self.fields.len());
        let mut is_from_row = Vec::with_capacity(self.fields.len());
        let mut conversion = Conversion::new(AssetBase::Data);
        for (field, replacement) in self.fields.iter().zip(&self.replacements) {
            let given = field.present(replacement.as_ref().or_else(|| row.get(&field.column)));
            let value = field.convert(given, &mut conversion, &field.name)?;
            is_from_row.push(given.is_some());
            fields.push(value.unwrap_or(Value::UNDEFINED));
        }
        let values = Arc::new(RowValues {
            names: Arc::clone(&self.field_names),
            fields,
            columns: row.fields.clone(),
            index: row.number.saturating_add(1),
            now: Value::from(Arc::clone(&now.0)),
        });
        let Conversion { locations, .. } = conversion;
        let mut bound = BoundRow { template: self, values, key: Arc::from(""), locations, is_from_row };
        bound.key = bound.make_key(row)?;
        Ok(bound)
    }

    /// What a row that does not bind is called all the same: its key, where that is made of nothing that is at fault.
    /// Nothing: only its number is left.
    pub fn key_of_unbound(&self, row: &Row, now: &Now) -> Option<Arc<str>> {
        let names_key = |field: &str| match &self.key {
            Some(Part::Dynamic(program)) => program.names().iter().any(|name| name == field),
            Some(Part::Constant(_)) | None => false,
        };
        let mut fields = Vec::with_capacity(self.fields.len());
        let mut conversion = Conversion::new(AssetBase::Data);
        for (field, replacement) in self.fields.iter().zip(&self.replacements) {
            let given = field.present(replacement.as_ref().or_else(|| row.get(&field.column)));
            match field.convert(given, &mut conversion, &field.name) {
                Ok(value) => fields.push(value.unwrap_or(Value::UNDEFINED)),
                Err(_) if names_key(&field.name) => return None,
                Err(_) => fields.push(Value::UNDEFINED),
            }
        }
        let values = Arc::new(RowValues {
            names: Arc::clone(&self.field_names),
            fields,
            columns: row.fields.clone(),
            index: row.number.saturating_add(1),
            now: Value::from(Arc::clone(&now.0)),
        });
        let Conversion { locations, .. } = conversion;
        let bound = BoundRow { template: self, values, key: Arc::from(""), locations, is_from_row: Vec::new() };
        let key = bound.make_key(row).ok()?;
        (*key != *bound.values.index.to_string()).then_some(key)
    }
}

impl BoundRow<'_> {
    /// The row's key: the template's `key:`, else column `id`, else the row's number from 1.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Everything to draw on the canvas of one size, in pixels of that canvas.
    ///
    /// # Errors
    /// A property whose expression fails or gives the wrong type, or more than a canvas may have.
    pub fn scene(&self, size_index: usize) -> Result<Scene, BindError> {
        self.scene_scaled(size_index, 1.0)
    }

    /// As [`BoundRow::scene`], with so many pixels for each pixel of the design, on top of the size's own scale.
    ///
    /// # Errors
    /// As for [`BoundRow::scene`], and a canvas that would be too large.
    pub fn scene_scaled(&self, size_index: usize, scale: f32) -> Result<Scene, BindError> {
        let (Some(size), Some(layers)) = (self.template.sizes.get(size_index), self.template.layers.get(size_index))
        else {
            return Err(BindError::new(ErrorCode::BadValue, "sizes", format!("there is no size {size_index}")));
        };
        if size.canvas(scale).is_none() {
            let message = format!(
                "{}×{} pixels at scale {} are more than {MAX_SIDE} a side",
                size.size.width,
                size.size.height,
                size.scale * scale
            );
            return Err(BindError::new(ErrorCode::CanvasTooLarge, format!("sizes.{}", size.name), message));
        }
        let spent = Spent::default();
        let binder = Binder::new(self, size_index, None, &spent);
        let scene = Scene {
            size_name: Arc::clone(&size.name),
            size: size.size,
            locale: Arc::clone(&self.template.locale),
            layers: binder.layers(layers)?,
        };
        Ok(scene.scaled(size.scale * scale))
    }

    /// The name of one variant's object.
    ///
    /// # Errors
    /// The pattern fails for this row, or gives nothing or too much.
    pub fn name(&self, pattern: &NamePattern, size_index: usize, format: Format) -> Result<String, BindError> {
        let name = match &pattern.0 {
            Part::Constant(name) => name.to_string(),
            Part::Dynamic(program) => {
                let file = Some(FileScope { format, template: Arc::clone(&self.template.name) });
                let scope = Arc::new(Scope { file, ..self.scope(size_index, None) });
                let value = self.eval(program, &scope, "name")?;
                self.single_text(&value, program, &scope, "name")?
            }
        };
        if name.trim().is_empty() || name.len() > MAX_NAME_BYTES {
            let message = format!("a name has 1 to {MAX_NAME_BYTES} bytes, got {}", name.len());
            return Err(BindError::new(ErrorCode::BadValue, "name", message));
        }
        Ok(name)
    }

    fn make_key(&self, row: &Row) -> Result<Arc<str>, BindError> {
        let text = match &self.template.key {
            Some(Part::Constant(key)) => key.to_string(),
            Some(Part::Dynamic(program)) => {
                let scope =
                    Arc::new(Scope { key: Value::UNDEFINED, size: Value::UNDEFINED, ..self.scope(usize::MAX, None) });
                let value = self.eval(program, &scope, "key")?;
                self.single_text(&value, program, &scope, "key")?
            }
            None => match row.get("id") {
                Some(serde_json::Value::String(id)) => id.clone(),
                Some(id @ (serde_json::Value::Number(_) | serde_json::Value::Bool(_))) => id.to_string(),
                Some(serde_json::Value::Null) | None => String::new(),
                Some(_) => {
                    let message = "expected text or a number as the row's key, got a list or mapping";
                    return Err(BindError::new(ErrorCode::BadValue, "id", message));
                }
            },
        };
        let text = text.trim();
        if text.is_empty() && self.template.key.is_none() {
            return Ok(self.values.index.to_string().into());
        }
        if text.is_empty() || text.len() > MAX_KEY_BYTES {
            let message = format!("a row's key has 1 to {MAX_KEY_BYTES} bytes, got {}", text.len());
            return Err(BindError::new(ErrorCode::BadValue, "key", message));
        }
        Ok(text.into())
    }

    fn scope(&self, size_index: usize, pass: Option<&Arc<Pass>>) -> Scope {
        Scope {
            row: Arc::clone(&self.values),
            pass: pass.cloned(),
            key: Value::from(Arc::clone(&self.key)),
            size: self.template.size_values.get(size_index).cloned().unwrap_or_default(),
            file: None,
            seen: None,
        }
    }

    /// Evaluates. `path`: for messages.
    fn eval(&self, program: &Program, scope: &Arc<Scope>, path: &str) -> Result<Value, BindError> {
        program.eval(Value::from_dyn_object(Arc::clone(scope))).map_err(|error| {
            if error.kind() == ErrorKind::UndefinedError {
                return self.missing(program, scope, path);
            }
            let message = explain(&error, self.is_personal(program, scope));
            BindError::new(ErrorCode::ExpressionFailed, path, message)
        })
    }

    /// Whether what an expression gives could show personal data.
    fn is_personal(&self, program: &Program, scope: &Scope) -> bool {
        let of_item = |name: &String| {
            Pass::outwards(scope.pass.as_ref()).find(|pass| *pass.name == **name).is_some_and(|pass| pass.is_personal)
        };
        self.template.is_personal(program.names()) || program.names().iter().any(of_item)
    }

    /// Whether the row had any part in what an expression gives.
    fn is_from_row(&self, program: &Program, scope: &Scope) -> bool {
        program.names().iter().any(|name| {
            if let Some(pass) = Pass::outwards(scope.pass.as_ref()).find(|pass| *pass.name == **name) {
                return pass.is_from_row;
            }
            match self.values.names.index(name) {
                Some(index) => self.is_from_row.get(index).copied().unwrap_or(true),
                None => matches!(name.as_str(), "row" | "key"),
            }
        })
    }

    fn single_text(
        &self,
        value: &Value,
        program: &Program,
        scope: &Arc<Scope>,
        path: &str,
    ) -> Result<String, BindError> {
        let scalar = Scalar::from_value(value);
        match scalar.to_text() {
            Some(text) => Ok(text.into_owned()),
            None if matches!(scalar, Scalar::Missing) => Err(self.missing(program, scope, path)),
            // `{{ size }}` alone: an object that prints as its name.
            None if value.downcast_object_ref::<super::scope::SizeValue>().is_some() => Ok(value.to_string()),
            None => Err(BindError::new(ErrorCode::BadValue, path, format!("expected text, got {scalar}"))),
        }
    }

    /// The folder that a photo's path is relative to: the template's where the template wrote it, the data's
    /// where the row had any part in it.
    fn asset_base(&self, location: &str, program: &Program, scope: &Scope) -> AssetBase {
        if program.is_exact() {
            let of_fields = |base| self.locations.iter().any(|(known, b)| **known == *location && *b == base);
            let is_written = program.literals().iter().any(|literal| literal == location);
            if of_fields(AssetBase::Data) {
                return AssetBase::Data;
            }
            if is_written || of_fields(AssetBase::Template) {
                return AssetBase::Template;
            }
        }
        if self.is_from_row(program, scope) { AssetBase::Data } else { AssetBase::Template }
    }
}
