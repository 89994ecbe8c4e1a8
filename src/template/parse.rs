//! A whole template from its source: the top-level keys, in the order in which they need each other.

use std::collections::HashMap;
use std::sync::Arc;

use minijinja::Value;

use super::choices::{FontStyle, Weight};
use super::error::TemplateErrors;
use super::field::{self, Field, FieldType, NumberSyntax};
use super::format::Locale;
use super::layers::LayerReader;
use super::name::Part;
use super::reader::{self, Content, Document, Node, Syntax};
use super::reading::{Map, Reading, join};
use super::scalar::{Name, Scalar, is_name};
use super::scan;
use super::scope::{FieldNames, SizeValue};
use super::tables::{FONT_FILE, MAX_SIDE, SIZE, TEMPLATE};
use super::{FontEntry, Template, TemplateSize, filters, outputs};
use crate::pixels::SizePx;

/// Most sizes of one template.
const MAX_SIZES: usize = 64;

impl Template {
    /// Reads and compiles a template.
    ///
    /// # Errors
    /// Everything that is wrong with it, as far as it can be read.
    pub fn parse(source: &[u8], syntax: Syntax) -> Result<Self, TemplateErrors> {
        Self::parse_in(source, syntax, None)
    }

    /// The same, with a locale in place of the template's own.
    ///
    /// # Errors
    /// As [`Self::parse`]; also when there is no such locale.
    pub fn parse_in(source: &[u8], syntax: Syntax, other_locale: Option<&str>) -> Result<Self, TemplateErrors> {
        let Document { root, traps } = reader::read(source, syntax)?;
        let default_locale = Locale::parse("en").map_err(|error| missing_root(&error.to_string()))?;
        // The locale decides what filters do, so it is read before anything that is compiled.
        let mut reading =
            Reading::new(filters::environment(&default_locale), NumberSyntax::new(&default_locale, false));
        reading.errors = traps;
        let Some(map) = reading.map(&root, "", &TEMPLATE) else {
            return Err(TemplateErrors(reading.errors));
        };
        let locale = locale(&mut reading, &map, other_locale).unwrap_or(default_locale);
        reading.constant::<u32>(&map, "gravure");
        let Name(name) = reading.constant(&map, "name");
        let fields = map.entry("fields").map(|entry| field::read(&mut reading, &entry.value, "fields", false));
        let fields = fields.unwrap_or_default();
        reading.declare(&fields);
        let sizes = sizes(&mut reading, &map);
        let key = key(&mut reading, &map, &fields);
        let outputs = outputs::read(&mut reading, &map);
        let fonts = fonts(&mut reading, &map);
        let layers = layers(&mut reading, &map, &sizes);
        if !reading.errors.is_empty() {
            reading.errors.sort_by_key(|error| (error.line, error.column));
            return Err(TemplateErrors(reading.errors));
        }
        let size_value =
            |size: &TemplateSize| Value::from_object(SizeValue { name: Arc::clone(&size.name), size: size.size });
        Ok(Self {
            name,
            locale: locale.tag().into(),
            letters: locale,
            hash: match other_locale {
                None => blake3::hash(source).to_hex().to_string(),
                Some(tag) => {
                    let mut hasher = blake3::Hasher::new();
                    hasher.update(source).update(&[0]).update(tag.as_bytes());
                    hasher.finalize().to_hex().to_string()
                }
            },
            size_values: sizes.iter().map(size_value).collect(),
            sizes,
            outputs,
            fonts,
            field_names: Arc::new(FieldNames::new(&fields)),
            replacements: vec![None; fields.len()],
            fields,
            key,
            layers,
            environment: reading.environment,
            used_names: reading.used_names,
            column_uses: reading.columns,
            uses: reading.uses,
        })
    }
}

fn missing_root(message: &str) -> TemplateErrors {
    super::TemplateError::outside("locale", message).into()
}

impl Field {
    /// Whether it, or a part of its items, is personal data.
    pub(super) fn has_personal_data(&self) -> bool {
        self.pii
            || match &self.ty {
                FieldType::List(item) => item.has_personal_data(),
                FieldType::Object(parts) => parts.iter().any(Self::has_personal_data),
                _ => false,
            }
    }
}

/// Why names must not be used in a key or a name of an object, if they hold personal data.
pub(super) fn personal_name(fields: &[Field], names: &[String]) -> Option<String> {
    let personal = |name: &String| fields.iter().any(|field| *field.name == **name && field.has_personal_data());
    if let Some(name) = names.iter().find(|name| personal(name)) {
        return Some(format!("\"{name}\" is personal data (pii) and must not be part of a name"));
    }
    let reads_row = names.iter().any(|name| name == "row");
    let field = fields.iter().find(|field| field.has_personal_data()).filter(|_| reads_row)?;
    let name = &field.name;
    Some(format!(
        "\"row\" holds \"{name}\", which is personal data (pii) and must not be part of a name: use declared fields"
    ))
}

fn locale(reading: &mut Reading, map: &Map<'_>, other: Option<&str>) -> Option<Locale> {
    let of_template: Arc<str> = reading.constant(map, "locale");
    match Locale::parse(other.unwrap_or(&of_template)) {
        Ok(locale) => {
            reading.environment = Arc::new(filters::environment(&locale));
            reading.numbers = Arc::new(NumberSyntax::new(&locale, false));
            Some(locale)
        }
        Err(error) if other.is_some() => {
            reading.errors.push(super::TemplateError::outside("locale", error.to_string()));
            None
        }
        Err(error) => {
            let position = map.entry("locale").map_or(map.position, |entry| entry.value.position);
            reading.error(position, "locale", error.to_string());
            None
        }
    }
}

fn sizes(reading: &mut Reading, map: &Map<'_>) -> Vec<TemplateSize> {
    let Some(entry) = map.entry("sizes") else {
        return Vec::new();
    };
    let Content::Map(entries) = &entry.value.content else {
        let message = format!("expected a mapping from names to sizes, got {}", Scalar::from_node(&entry.value));
        reading.error(entry.value.position, "sizes", message);
        return Vec::new();
    };
    if entries.is_empty() || entries.len() > MAX_SIZES {
        let message = format!("a template has 1 to {MAX_SIZES} sizes, got {}", entries.len());
        reading.error(entry.value.position, "sizes", message);
    }
    let mut sizes = Vec::new();
    for entry in entries.iter().take(MAX_SIZES) {
        let path = join("sizes", &entry.key);
        if !is_name(&entry.key) {
            reading.error(
                entry.position,
                &path,
                "a size's name is letters, digits, \"-\", \"_\" and \".\", at most 64",
            );
        }
        if let Some(size) = reading.map(&entry.value, &path, &SIZE) {
            let scale = reading.constant(&size, "scale");
            let size = SizePx::new(reading.constant(&size, "width"), reading.constant(&size, "height"));
            let size = TemplateSize { name: entry.key.as_str().into(), size, scale };
            if size.canvas(1.0).is_none() {
                let message = format!("at scale {scale} a side is longer than {MAX_SIDE} pixels");
                reading.error(entry.value.position, &path, message);
            }
            sizes.push(size);
        }
    }
    sizes
}

fn key(reading: &mut Reading, map: &Map<'_>, fields: &[Field]) -> Option<Part> {
    let Some(entry) = map.entry("key") else {
        let id = fields.iter().find(|field| field.pii && *field.column == *"id");
        if let Some(field) = id {
            let message = "column \"id\" names every row, but this field makes it personal data (pii): give a \"key\"";
            reading.error(field.position, join("fields", &field.name), message);
        }
        return None;
    };
    let position = entry.value.position;
    let text = match &entry.value.content {
        Content::Text(text) if !text.trim().is_empty() => text,
        _ => {
            let message = format!("expected text with {{{{ }}}}, got {}", Scalar::from_node(&entry.value));
            reading.error(position, "key", message);
            return None;
        }
    };
    if !scan::is_dynamic(text) {
        reading.error(position, "key", "the same key for every row: use a field, such as \"{{ sku }}\"");
        return Some(Part::Constant(text.as_str().into()));
    }
    let program = reading.program(text, position, "key")?;
    for name in program.names().iter().filter(|name| matches!(name.as_str(), "key" | "size")) {
        reading.error(position, "key", format!("\"{name}\" is not known yet where the key is made"));
    }
    if let Some(message) = personal_name(fields, program.names()) {
        reading.error(position, "key", message);
    }
    Some(Part::Dynamic(Arc::new(program)))
}

fn fonts(reading: &mut Reading, map: &Map<'_>) -> Vec<FontEntry> {
    let Some(entry) = map.entry("fonts") else {
        return Vec::new();
    };
    let list = reading.list(&entry.value, "fonts").iter().enumerate();
    list.filter_map(|(index, node)| font(reading, node, format!("fonts[{index}]"))).collect()
}

/// A path, or a mapping as of CSS's `@font-face`.
fn font(reading: &mut Reading, node: &Node, path: String) -> Option<FontEntry> {
    if !matches!(node.content, Content::Map(_)) {
        let src = font_path(reading, node, &path)?;
        return Some(FontEntry { src, family: None, weight: None, italic: None, path, position: node.position });
    }
    let map = reading.map(node, &path, &FONT_FILE)?;
    let family: Option<Arc<str>> = reading.optional_constant(&map, "family");
    if let (Some(entry), Some("")) = (map.entry("family"), family.as_deref().map(str::trim)) {
        reading.error(entry.value.position, map.path_of(entry), "expected the name of a family, got nothing");
    }
    let weight: Option<Weight> = reading.optional_constant(&map, "weight");
    let style: Option<FontStyle> = reading.optional_constant(&map, "style");
    let entry = map.entry("src")?;
    let path = map.path_of(entry);
    let src = font_path(reading, &entry.value, &path)?;
    Some(FontEntry {
        src,
        family: family.map(|family| family.trim().into()),
        weight: weight.map(|Weight(weight)| weight),
        italic: style.map(|style| style == FontStyle::Italic),
        path,
        position: entry.value.position,
    })
}

fn font_path(reading: &mut Reading, node: &Node, path: &str) -> Option<String> {
    match &node.content {
        Content::Text(text) if scan::is_dynamic(text) => {
            reading.error(node.position, path, "must be the same for every row: no {{ }} here");
        }
        Content::Text(text) if !text.trim().is_empty() => return Some(text.trim().to_owned()),
        _ => {
            let message = format!("expected the path of a font, got {}", Scalar::from_node(node));
            reading.error(node.position, path, message);
        }
    }
    None
}

fn layers(reading: &mut Reading, map: &Map<'_>, sizes: &[TemplateSize]) -> Vec<Vec<Arc<super::model::LayerModel>>> {
    let Some(entry) = map.entry("layers") else {
        return Vec::new();
    };
    let names: Vec<Arc<str>> = sizes.iter().map(|size| Arc::clone(&size.name)).collect();
    let mut reader = LayerReader { reading, sizes: &names, shared: HashMap::new() };
    if names.is_empty() {
        // Sizes are wrong already; the layers' own mistakes are still worth telling.
        reader.layers(&entry.value, "layers", "");
    }
    names.iter().map(|size| reader.layers(&entry.value, "layers", size)).collect()
}
