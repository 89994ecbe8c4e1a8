//! Templates: a design file read once, then bound to row after row.
//!
//! ```text
//! bytes -> reader (tree with places) -> reading + layers (typed model, expressions compiled)   once
//! row   -> field (typed values) -> bind (expressions evaluated) -> Scene                       per row
//! ```
//!
//! Everything that can be known to be wrong without a row is an error of [`Template::parse`], with line, column
//! and path. Fed by `job` (rows); feeds `layout` with [`scene::Scene`]s. Knows nothing of fonts or photos but
//! their names.

mod bind;
mod choices;
mod css;
mod error;
mod expression;
mod field;
mod foreign;
pub mod format;
mod gradient;
mod json_reader;
mod keys;
mod layers;
mod model;
mod name;
mod outputs;
mod overrides;
mod parse;
mod reader;
mod reading;
mod references;
mod scalar;
mod scaled;
mod scan;
pub mod scene;
mod schema;
mod scope;
mod shape;
mod tables;
#[cfg(test)]
mod tests;
mod traps;
mod uses;
mod yaml_advice;
mod yaml_reader;

use std::collections::BTreeSet;
use std::sync::Arc;

use minijinja::{Environment, Value};

use crate::job::Output;
use crate::pixels::SizePx;

pub use bind::{BoundRow, Now};
pub(crate) use error::nearest;
pub use error::{BindError, Position, TemplateError, TemplateErrors};
pub use field::{Field, FieldType};
pub use name::NamePattern;
pub use reader::Syntax;
pub use schema::schema;
pub use uses::LayerUses;

use field::{BUILT_IN, BUILT_IN_NAMES, Conversion};
use format::{Locale, filters};
use model::{KindModel, LayerModel, Prop};
use name::Part;
use reading::ColumnUse;
use scene::{AssetBase, AssetRef};
use scope::FieldNames;

/// One of a template's canvases.
#[derive(Clone, Debug, PartialEq)]
pub struct TemplateSize {
    /// What the template calls it.
    pub name: Arc<str>,
    /// The design's, in its own pixels.
    pub size: SizePx,
    /// Pixels drawn per pixel of the design, in each direction.
    pub scale: f32,
}

impl TemplateSize {
    /// The canvas in pixels, with so many for each one at the size's own scale. `None`: a side would be longer than
    /// 16,384 pixels, or the scale is no positive number.
    pub fn canvas(&self, scale: f32) -> Option<SizePx> {
        let factor = self.scale * scale;
        let canvas = scaled::canvas(self.size, factor);
        (factor.is_finite() && factor > 0.0 && canvas.width.max(canvas.height) <= tables::MAX_SIDE).then_some(canvas)
    }
}

/// One of a template's font files, and what the template says of it in place of the file's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FontEntry {
    /// As the template writes it: relative to the template's folder, or a URL.
    pub src: String,
    /// The family that layers ask for.
    pub family: Option<Arc<str>>,
    /// 1 to 1000.
    pub weight: Option<u16>,
    /// Italic or upright.
    pub italic: Option<bool>,
    /// Where: `fonts[0]`, `fonts[0].src`.
    pub path: String,
    /// Where it is written.
    pub position: Position,
}

/// What a text layer asks of the template's fonts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FontUse {
    /// The family that it names. `None`: the first font's, or one that a row decides.
    pub family: Option<Arc<str>>,
    /// Where: `layers[3].font.family`, or the layer.
    pub path: String,
    /// Where it is written.
    pub position: Position,
}

/// A compiled template. Cheap to share, binds rows from any thread.
#[derive(Debug)]
pub struct Template {
    name: Arc<str>,
    locale: Arc<str>,
    hash: String,
    sizes: Vec<TemplateSize>,
    size_values: Vec<Value>,
    outputs: Vec<Output>,
    fonts: Vec<FontEntry>,
    fields: Vec<Field>,
    field_names: Arc<FieldNames>,
    /// Per field, the value that stands for every row's.
    replacements: Vec<Option<serde_json::Value>>,
    key: Option<Part>,
    /// Per size.
    layers: Vec<Vec<Arc<LayerModel>>>,
    environment: Arc<Environment<'static>>,
    /// Names that layers and the key look up.
    used_names: BTreeSet<String>,
    /// Columns that they take from `row`.
    column_uses: Vec<ColumnUse>,
    /// How letters change their case in its locale.
    letters: Locale,
    uses: uses::Uses,
}

impl Template {
    /// What it calls itself.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// BCP 47 tag. Default: `en`.
    pub fn locale(&self) -> &str {
        &self.locale
    }

    /// Its canvases in order; at least one.
    pub fn sizes(&self) -> &[TemplateSize] {
        &self.sizes
    }

    /// What to encode unless a flag or job says otherwise; at least one.
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// Its font files, in order of fallback.
    pub fn fonts(&self) -> &[FontEntry] {
        &self.fonts
    }

    /// Its declared inputs, in order.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// BLAKE3 of the source, hexadecimal.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Photos that the template itself names, each once, so that a check can find out whether they exist:
    /// constant `src`s of layers, and defaults of image fields.
    pub fn assets(&self) -> Vec<(AssetRef, Position)> {
        let mut assets = Vec::new();
        for field in &self.fields {
            let mut conversion = Conversion::new(AssetBase::Template);
            if let Some(default) = &field.default {
                // Was checked when it was read.
                let _ = field.convert(Some(default), &mut conversion, &field.name);
            }
            default_assets(field, &mut conversion.locations);
            assets.extend(conversion.locations.into_iter().map(|(location, _)| (location, field.position)));
        }
        for layer in self.layers.iter().flatten() {
            constant_assets(layer, &mut assets);
        }
        let mut seen = BTreeSet::new();
        assets
            .into_iter()
            .filter(|(location, _)| !location.is_empty() && seen.insert(Arc::clone(location)))
            .map(|(location, position)| (AssetRef { location, base: AssetBase::Template }, position))
            .collect()
    }

    /// The fonts that text layers ask for, each place once, so that a check can find out whether they exist.
    /// Empty: the template has no text.
    pub fn font_uses(&self) -> Vec<FontUse> {
        let mut uses = Vec::new();
        for layer in self.layers.iter().flatten() {
            collect_font_uses(layer, &mut uses);
        }
        uses
    }

    /// Whether the data has a column for every field that needs one.
    ///
    /// # Errors
    /// One per required field without a column.
    pub fn check_columns(&self, columns: &[Arc<str>]) -> Result<(), Vec<TemplateError>> {
        let fields = self.fields.iter().zip(&self.replacements);
        let missing = fields
            .filter(|(field, replacement)| field.required && replacement.is_none() && !columns.contains(&field.column));
        let errors: Vec<TemplateError> = missing
            .map(|(field, _)| {
                let message = format!("required, but the data has no column \"{}\"", field.column);
                TemplateError::new(field.position, format!("fields.{}", field.name), message)
                    .suggesting(&field.column, columns.iter().map(|column| &**column))
            })
            .collect();
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// Optional fields whose column the data has not, so that every row does without them: often a slip in a header.
    /// The nearest column that no field reads is suggested. Not to be asked of rows that may each have others (JSON).
    pub fn absent_columns(&self, columns: &[Arc<str>]) -> Vec<TemplateError> {
        let fields = self.fields.iter().zip(&self.replacements);
        let absent =
            fields.filter(|(field, value)| !field.required && value.is_none() && !columns.contains(&field.column));
        let is_free = |column: &&Arc<str>| !self.fields.iter().any(|field| field.column == **column);
        let error = |(field, _): (&Field, _)| {
            let otherwise = if field.default.is_some() { "its default" } else { "no value" };
            let message = format!("the data has no column \"{}\": every row has {otherwise}", field.column);
            let free = columns.iter().filter(is_free).map(|column| &**column);
            TemplateError::new(field.position, format!("fields.{}", field.name), message)
                .suggesting(&field.column, free)
        };
        absent.map(error).collect()
    }

    /// Columns that expressions read from `row` and the data has not, unless the expression itself says what happens
    /// then (`default`, `is defined`). As [`Template::absent_columns`], for data whose columns are known.
    pub fn unknown_columns(&self, columns: &[Arc<str>]) -> Vec<TemplateError> {
        let unknown = self.column_uses.iter().filter(|used| !used.is_guarded && !columns.contains(&used.column));
        let error = |used: &ColumnUse| {
            let message = format!("the data has no column \"{}\"", reader::shorten(&used.column));
            let known = columns.iter().map(|column| &**column);
            TemplateError::new(used.position, &*used.path, message).suggesting(&used.column, known)
        };
        unknown.map(error).collect()
    }

    /// Sets a field for every row, whatever the row says: `--set FIELD=VALUE`.
    ///
    /// # Errors
    /// No such field, or not a value of its type.
    pub fn with_overrides(&mut self, field: &str, value: &str) -> Result<(), TemplateError> {
        let Some(index) = self.field_names.index(field) else {
            let message = format!("the template declares no field \"{}\"", reader::shorten(field));
            let names = self.fields.iter().map(|field| &*field.name);
            return Err(TemplateError::outside("", message).suggesting(field, names));
        };
        let declared = &self.fields[index];
        let value = serde_json::Value::String(value.to_owned());
        declared
            .convert(Some(&value), &mut Conversion::new(AssetBase::Data), &declared.name)
            .map_err(|error| TemplateError::outside(error.path, error.message))?;
        self.replacements[index] = Some(value);
        Ok(())
    }

    /// Compiles a pattern for names of objects. It may use the fields, `key`, `size`, `ext`, `format`, `index`,
    /// `row`, `now` and `template`, but nothing personal.
    ///
    /// # Errors
    /// Not valid, an unknown name, or a `pii` field.
    pub fn compile_name(&self, pattern: &str) -> Result<NamePattern, TemplateError> {
        if !scan::is_dynamic(pattern) {
            return Ok(NamePattern(Part::Constant(pattern.into())));
        }
        let program = expression::Program::compile(&self.environment, pattern).map_err(|message| {
            TemplateError::outside("name", format!("in \"{}\": {message}", reader::shorten(pattern)))
        })?;
        let fields = self.fields.iter().map(|field| &*field.name);
        let known: Vec<&str> = fields.chain(BUILT_IN.iter().copied()).chain(BUILT_IN_NAMES.iter().copied()).collect();
        for name in program.names() {
            if !known.contains(&name.as_str()) {
                return Err(reading::unknown_name(name, Position::default(), "name", known));
            }
        }
        if let Some(message) = parse::personal_name(&self.fields, program.names()) {
            return Err(TemplateError::outside("name", message));
        }
        Ok(NamePattern(Part::Dynamic(Arc::new(program))))
    }

    /// Whether any of these names can hold personal data.
    fn is_personal(&self, names: &[String]) -> bool {
        names.iter().any(|name| match self.field_names.index(name) {
            Some(index) => self.fields[index].has_personal_data(),
            None => name == "row" && self.fields.iter().any(Field::has_personal_data),
        })
    }
}

/// Photos that defaults of a field's parts name.
fn default_assets(field: &Field, locations: &mut field::Locations) {
    let parts = match &field.ty {
        FieldType::List(item) => std::slice::from_ref(&**item),
        FieldType::Object(parts) => parts,
        _ => &[],
    };
    for part in parts {
        if part.default.is_some() {
            let mut conversion = Conversion::new(AssetBase::Template);
            // Was checked when it was read.
            let _ = part.convert(None, &mut conversion, &part.name);
            locations.append(&mut conversion.locations);
        }
        default_assets(part, locations);
    }
}

fn collect_font_uses(layer: &LayerModel, uses: &mut Vec<FontUse>) {
    layer.kind.children().for_each(|layer| collect_font_uses(layer, uses));
    let KindModel::Text(text) = &layer.kind else {
        return;
    };
    for span in &text.spans {
        let family = match &span.font.family {
            Some(Prop::Constant(family)) => Some(Arc::clone(family)),
            Some(Prop::Dynamic(_)) | None => None,
        };
        let (position, path) = span.family_place.clone();
        let font_use = FontUse { family, path, position };
        // Every size has the layer, every piece of a text its font.
        if !uses.contains(&font_use) {
            uses.push(font_use);
        }
    }
}

fn constant_assets(layer: &LayerModel, assets: &mut Vec<(Arc<str>, Position)>) {
    layer.kind.children().for_each(|layer| constant_assets(layer, assets));
    if let KindModel::Image(image) = &layer.kind {
        if let Prop::Constant(location) = &image.src {
            assets.push((Arc::clone(location), image.src_position));
        }
        assets.extend(image.placeholder.clone());
    }
}
