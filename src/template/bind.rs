//! A row bound to a template: fields checked, expressions evaluated, one [`Scene`] per size.

use std::sync::Arc;

use minijinja::value::ValueKind;
use minijinja::{ErrorKind, Value};

use super::Template;
use super::error::BindError;
use super::expression::{Program, explain};
use super::field::Locations;
use super::keys::Kind;
use super::model::{
    Dynamic, FocusModel, FrameModel, ImageModel, KindModel, LayerModel, Prop, RatingModel, ShadowModel, StackModel,
    TextModel,
};
use super::name::{MAX_NAME_BYTES, NamePattern, Part};
use super::scalar::{FromScalar, Scalar};
use super::scene::{
    AssetBase, AssetRef, BoxStyle, Decoration, Font, Frame, Image, Layer, LayerKind, Length, OnError, Rating, Scene,
    Shadow, Span, Stack, Stroke, Text, TextDirection,
};
use super::scope::{FileScope, RowValues, Scope};
use crate::job::{ErrorCode, Format, Row};

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
        let mut locations = Locations::new();
        for (field, replacement) in self.fields.iter().zip(&self.replacements) {
            let given = field.present(replacement.as_ref().or_else(|| row.get(&field.column)));
            let value = field.convert(given, AssetBase::Data, &mut locations, &field.name)?;
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
        let mut bound = BoundRow { template: self, values, key: Arc::from(""), locations, is_from_row };
        bound.key = bound.make_key(row)?;
        Ok(bound)
    }
}

impl BoundRow<'_> {
    /// The row's key: the template's `key:`, else column `id`, else the row's number from 1.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Everything to draw on the canvas of one size.
    ///
    /// # Errors
    /// A property whose expression fails or gives the wrong type.
    pub fn scene(&self, size_index: usize) -> Result<Scene, BindError> {
        let (Some(size), Some(layers)) = (self.template.sizes.get(size_index), self.template.layers.get(size_index))
        else {
            return Err(BindError::new(ErrorCode::BadValue, "sizes", format!("there is no size {size_index}")));
        };
        let binder = Binder { row: self, scope: self.scope(size_index, None) };
        Ok(Scene {
            size_name: Arc::clone(&size.name),
            size: size.size,
            locale: Arc::clone(&self.template.locale),
            layers: binder.layers(layers)?,
        })
    }

    /// The name of one variant's object.
    ///
    /// # Errors
    /// The pattern fails for this row, or gives nothing or too much.
    pub fn name(&self, pattern: &NamePattern, size_index: usize, format: Format) -> Result<String, BindError> {
        let name = match &pattern.0 {
            Part::Constant(name) => name.to_string(),
            Part::Dynamic(program) => {
                let file = FileScope { format, template: Arc::clone(&self.template.name) };
                let value = self.eval(program, self.scope(size_index, Some(file)), "name")?;
                self.single_text(&value, program, "name")?
            }
        };
        if name.trim().is_empty() || name.len() > MAX_NAME_BYTES {
            let message = format!("a name has 1 to {MAX_NAME_BYTES} bytes, got {}", name.len());
            return Err(BindError::new(ErrorCode::BadValue, "name", message));
        }
        Ok(name)
    }

    /// Feeds everything of the row that the template's pixels can depend on to a hash.
    pub fn hash_into(&self, hasher: &mut blake3::Hasher) {
        for (field, value) in self.template.fields.iter().zip(&self.values.fields) {
            hash_text(hasher, &field.name);
            hash_value(hasher, value);
        }
        for (location, base) in &self.locations {
            hash_text(hasher, location);
            hasher.update(&[u8::from(*base == AssetBase::Template)]);
        }
        let uses = |name: &str| self.template.used_names.contains(name);
        hash_text(hasher, if uses("key") { &self.key } else { "" });
        hash_text(hasher, if uses("now") { self.values.now.as_str().unwrap_or_default() } else { "" });
        hasher.update(&if uses("index") { self.values.index } else { 0 }.to_le_bytes());
        if uses("row") {
            for (column, value) in &self.values.columns {
                hash_text(hasher, column);
                hash_text(hasher, &value.to_string());
            }
        }
    }

    fn make_key(&self, row: &Row) -> Result<Arc<str>, BindError> {
        let text = match &self.template.key {
            Some(Part::Constant(key)) => key.to_string(),
            Some(Part::Dynamic(program)) => {
                let scope =
                    Scope { row: Arc::clone(&self.values), key: Value::UNDEFINED, size: Value::UNDEFINED, file: None };
                let value = self.eval(program, Value::from_object(scope), "key")?;
                self.single_text(&value, program, "key")?
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

    fn scope(&self, size_index: usize, file: Option<FileScope>) -> Value {
        Value::from_object(Scope {
            row: Arc::clone(&self.values),
            key: Value::from(Arc::clone(&self.key)),
            size: self.template.size_values.get(size_index).cloned().unwrap_or_default(),
            file,
        })
    }

    fn eval(&self, program: &Program, scope: Value, path: &str) -> Result<Value, BindError> {
        program.eval(scope).map_err(|error| {
            if error.kind() == ErrorKind::UndefinedError {
                return self.missing(program, path);
            }
            let message = explain(&error, self.is_personal(program));
            BindError::new(ErrorCode::ExpressionFailed, path, message)
        })
    }

    /// The error for an expression that needs a value that the row has not.
    fn missing(&self, program: &Program, path: &str) -> BindError {
        let is_undefined = |name: &&String| {
            let index = self.values.names.index(name);
            index.is_some_and(|index| self.values.fields.get(index).is_some_and(Value::is_undefined))
        };
        let names: Vec<&str> = program.names().iter().filter(is_undefined).map(String::as_str).collect();
        if names.is_empty() {
            let message = "a value that the expression needs is missing from this row";
            return BindError::new(ErrorCode::ExpressionFailed, path, message);
        }
        let message =
            format!("{} has no value in this row: give it a default, or use the filter default", names.join(", "));
        BindError::new(ErrorCode::MissingField, path, message)
    }

    /// Whether what an expression gives could show personal data.
    fn is_personal(&self, program: &Program) -> bool {
        self.template.is_personal(program.names())
    }

    fn single_text(&self, value: &Value, program: &Program, path: &str) -> Result<String, BindError> {
        let scalar = Scalar::from_value(value);
        match scalar.to_text() {
            Some(text) => Ok(text.into_owned()),
            None if matches!(scalar, Scalar::Missing) => Err(self.missing(program, path)),
            // `{{ size }}` alone: an object that prints as its name.
            None if value.downcast_object_ref::<super::scope::SizeValue>().is_some() => Ok(value.to_string()),
            None => Err(BindError::new(ErrorCode::BadValue, path, format!("expected text, got {scalar}"))),
        }
    }

    /// The folder that a photo's path is relative to: the template's where the template wrote it, the data's
    /// where the row had any part in it.
    fn asset_base(&self, location: &str, program: &Program) -> AssetBase {
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
        let is_row = |name: &String| match self.values.names.index(name) {
            Some(index) => self.is_from_row.get(index).copied().unwrap_or(true),
            None => matches!(name.as_str(), "row" | "key"),
        };
        if program.names().iter().any(is_row) { AssetBase::Data } else { AssetBase::Template }
    }
}

fn hash_text(hasher: &mut blake3::Hasher, text: &str) {
    hasher.update(&(text.len() as u64).to_le_bytes());
    hasher.update(text.as_bytes());
}

fn hash_value(hasher: &mut blake3::Hasher, value: &Value) {
    let kind = value.kind();
    hasher.update(&[kind as u8]);
    match kind {
        ValueKind::Seq => {
            hasher.update(&(value.len().unwrap_or(0) as u64).to_le_bytes());
            for item in value.try_iter().into_iter().flatten() {
                hash_value(hasher, &item);
            }
        }
        ValueKind::Map => {
            hasher.update(&(value.len().unwrap_or(0) as u64).to_le_bytes());
            for key in value.try_iter().into_iter().flatten() {
                hash_value(hasher, &key);
                hash_value(hasher, &value.get_item(&key).unwrap_or_default());
            }
        }
        _ => match value.as_str() {
            Some(text) => hash_text(hasher, text),
            None => hash_text(hasher, &value.to_string()),
        },
    }
}

/// Resolves models into a scene's types.
struct Binder<'b, 't> {
    row: &'b BoundRow<'t>,
    scope: Value,
}

impl Binder<'_, '_> {
    fn value(&self, dynamic: &Dynamic) -> Result<Value, BindError> {
        self.row.eval(&dynamic.program, self.scope.clone(), &dynamic.path)
    }

    fn get<T: FromScalar>(&self, prop: &Prop<T>) -> Result<T, BindError> {
        match prop {
            Prop::Constant(value) => Ok(value.clone()),
            Prop::Dynamic(dynamic) => {
                let value = self.value(dynamic)?;
                let scalar = match dynamic.kind {
                    Kind::Condition => Scalar::Bool(value.is_true()),
                    _ => Scalar::from_value(&value),
                };
                if matches!(scalar, Scalar::Missing) {
                    return Err(self.row.missing(&dynamic.program, &dynamic.path));
                }
                T::from_scalar(dynamic.kind, &scalar).map_err(|mismatch| {
                    let hide = self.row.is_personal(&dynamic.program);
                    let message = if hide { mismatch.describe_hidden() } else { mismatch.describe(&scalar) };
                    BindError::new(ErrorCode::BadValue, &*dynamic.path, message)
                })
            }
        }
    }

    fn optional<T: FromScalar>(&self, prop: Option<&Prop<T>>) -> Result<Option<T>, BindError> {
        prop.map(|prop| self.get(prop)).transpose()
    }

    fn four<T: FromScalar>(&self, props: Option<&[Prop<T>; 4]>) -> Result<Option<[T; 4]>, BindError> {
        let Some([a, b, c, d]) = props else {
            return Ok(None);
        };
        Ok(Some([self.get(a)?, self.get(b)?, self.get(c)?, self.get(d)?]))
    }

    fn layers(&self, models: &[Arc<LayerModel>]) -> Result<Vec<Layer>, BindError> {
        let mut layers = Vec::with_capacity(models.len());
        for model in models {
            if self.get(&model.when)? {
                layers.push(self.layer(model)?);
            }
        }
        Ok(layers)
    }

    fn layer(&self, model: &LayerModel) -> Result<Layer, BindError> {
        let stroke = match &model.stroke {
            Some(stroke) => Some(Stroke { width: self.get(&stroke.width)?, color: self.get(&stroke.color)? }),
            None => None,
        };
        let mut shadows = Vec::with_capacity(model.shadows.len());
        for ShadowModel { x, y, blur, spread, color } in &model.shadows {
            shadows.push(Shadow {
                x: self.get(x)?,
                y: self.get(y)?,
                blur: self.get(blur)?,
                spread: self.get(spread)?,
                color: self.get(color)?,
            });
        }
        Ok(Layer {
            path: Arc::clone(&model.path),
            frame: self.frame(&model.frame)?,
            opacity: self.get(&model.opacity)?,
            rotation_degrees: self.get(&model.rotation)?,
            overflow: self.get(&model.overflow)?,
            style: BoxStyle {
                fill: self.optional(model.fill.as_ref())?,
                stroke,
                radius: self.four(model.radius.as_ref())?,
                shadows,
            },
            grow: self.get(&model.grow)?,
            flex_shrink: self.get(&model.flex_shrink)?,
            align_self: self.optional(model.align_self.as_ref())?,
            kind: match &model.kind {
                KindModel::Rect => LayerKind::Rect,
                KindModel::Ellipse => LayerKind::Ellipse,
                KindModel::Group(layers) => LayerKind::Group(self.layers(layers)?),
                KindModel::Stack(stack) => LayerKind::Stack(self.stack(stack)?),
                KindModel::Text(text) => LayerKind::Text(self.text(text)?),
                KindModel::Image(image) => LayerKind::Image(self.image(image)?),
                KindModel::Rating(rating) => LayerKind::Rating(self.rating(rating)?),
            },
        })
    }

    fn frame(&self, model: &FrameModel) -> Result<Frame, BindError> {
        let get = |prop: &Option<Prop<Length>>| self.optional(prop.as_ref());
        Ok(Frame {
            left: get(&model.left)?,
            right: get(&model.right)?,
            top: get(&model.top)?,
            bottom: get(&model.bottom)?,
            width: get(&model.width)?,
            height: get(&model.height)?,
            min_width: get(&model.min_width)?,
            max_width: get(&model.max_width)?,
            min_height: get(&model.min_height)?,
            max_height: get(&model.max_height)?,
            center_x: model.center_x,
            center_y: model.center_y,
        })
    }

    fn stack(&self, model: &StackModel) -> Result<Stack, BindError> {
        Ok(Stack {
            direction: self.get(&model.direction)?,
            gap: self.get(&model.gap)?,
            padding: self.four(model.padding.as_ref())?.unwrap_or_default(),
            align: self.get(&model.align)?,
            justify: self.get(&model.justify)?,
            wrap: self.get(&model.wrap)?,
            layers: self.layers(&model.layers)?,
        })
    }

    fn text(&self, model: &TextModel) -> Result<Text, BindError> {
        let TextModel { text, font, color, align, valign, max_lines, shrink_to, wrap, ellipsis, family_place: _ } =
            model;
        let text = self.get(text)?;
        let text = if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.to_string() };
        let span = Span {
            text,
            font: Font {
                family: self.optional(font.family.as_ref())?,
                weight: self.get(&font.weight)?.0,
                italic: self.get(&font.italic)?,
                size_px: self.get(&font.size)?,
                line_height: self.get(&font.line_height)?,
                letter_spacing_px: self.get(&font.letter_spacing)?,
            },
            color: self.get(color)?,
            decoration: Decoration::default(),
        };
        Ok(Text {
            spans: vec![span],
            align: self.get(align)?,
            valign: self.get(valign)?,
            max_lines: self.optional(max_lines.as_ref())?,
            shrink_to_px: self.optional(shrink_to.as_ref())?,
            wrap: self.get(wrap)?,
            ellipsis: self.get(ellipsis)?,
            direction: TextDirection::Auto,
            shadows: Vec::new(),
        })
    }

    fn image(&self, model: &ImageModel) -> Result<Image, BindError> {
        let location = self.get(&model.src)?;
        let base = match &model.src {
            Prop::Constant(_) => AssetBase::Template,
            Prop::Dynamic(dynamic) => self.row.asset_base(&location, &dynamic.program),
        };
        let focus = match &model.focus {
            FocusModel::Anchor(anchor) => self.get(anchor)?.0,
            FocusModel::Point(x, y) => [self.get(x)?, self.get(y)?],
        };
        Ok(Image {
            src: AssetRef { location, base },
            fit: self.get(&model.fit)?,
            focus,
            mask: self.get(&model.mask)?,
            on_error: OnError::Fail,
        })
    }

    fn rating(&self, model: &RatingModel) -> Result<Rating, BindError> {
        Ok(Rating {
            value: self.get(&model.value)?,
            max: self.get(&model.max)?,
            star_px: self.get(&model.size)?,
            gap_px: self.get(&model.gap)?,
            color: self.get(&model.color)?,
            empty_color: self.get(&model.empty_color)?,
        })
    }
}
