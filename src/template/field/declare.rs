//! Declarations of inputs: `fields` of a template, `items` of a list, `fields` of an object.

use std::sync::Arc;

use serde_json::Value as Json;

use super::{BUILT_IN, BUILT_IN_NAMES, Conversion, DateSyntax, Field, FieldType, NumberSyntax};
use crate::template::error::{Position, TemplateError};
use crate::template::format::Locale;
use crate::template::reader::{Content, Entry, Node};
use crate::template::reading::{Map, Reading, join};
use crate::template::scalar::Scalar;
use crate::template::scene::AssetBase;
use crate::template::tables::{FIELD, FIELD_TYPES, ITEM_TYPES};

/// Words that mean something to an expression.
const RESERVED: &[&str] = &[
    "true", "false", "none", "True", "False", "None", "not", "and", "or", "in", "is", "if", "else", "elif", "for",
    "endif", "endfor", "loop", "self", "super",
];

/// Reads the declarations of `fields`, or of the parts of an item or object.
pub(in crate::template) fn read(reading: &mut Reading, node: &Node, path: &str, is_part: bool) -> Vec<Field> {
    if !matches!(node.content, Content::Map(_)) {
        let message = format!("expected a mapping from names to fields, got {}", Scalar::from_node(node));
        reading.error(node.position, path, message);
        return Vec::new();
    }
    let mut fields = Vec::new();
    for entry in node.entries() {
        let path = join(path, &entry.key);
        if let Some(message) = wrong_name(&entry.key, is_part) {
            reading.error(entry.position, &path, message);
        }
        if let Some(map) = reading.map(&entry.value, &path, &FIELD)
            && let Some(field) = read_one(reading, &map, &entry.key, entry.position)
        {
            fields.push(field);
        }
    }
    fields
}

/// Why something cannot be called so in expressions. `is_part`: it only comes behind a point.
pub(in crate::template) fn wrong_name(name: &str, is_part: bool) -> Option<String> {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !starts || name.len() > 64 || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Some(
            "a name is letters, digits and \"_\", at most 64 (a field's \"column\" may be anything)".to_owned(),
        );
    }
    if RESERVED.contains(&name) {
        return Some(format!("\"{name}\" is a word of expressions, choose another name"));
    }
    let is_built_in = BUILT_IN.contains(&name) || BUILT_IN_NAMES.contains(&name);
    (is_built_in && !is_part).then(|| format!("\"{name}\" is built in, choose another name"))
}

fn read_one(reading: &mut Reading, map: &Map<'_>, name: &str, position: Position) -> Option<Field> {
    let ty = field_type(reading, map)?;
    for (key, word, is_used) in [
        ("items", "a list", matches!(ty, FieldType::List(_))),
        ("fields", "an object", matches!(ty, FieldType::Object(_))),
        ("format", "a date", holds(&ty, &|ty| matches!(ty, FieldType::Date))),
        ("locale", "a number", holds(&ty, &|ty| matches!(ty, FieldType::Number))),
    ] {
        if let (Some(entry), false) = (map.entry(key), is_used) {
            reading.error(entry.position, map.path_of(entry), format!("only {word} has \"{key}\""));
        }
    }
    let column: Option<Arc<str>> = reading.optional_constant(map, "column");
    let mut field = Field {
        name: name.into(),
        ty,
        required: reading.constant(map, "required"),
        default: None,
        pii: reading.constant(map, "pii"),
        column: column.unwrap_or_else(|| name.into()),
        position,
        numbers: numbers(reading, map),
        dates: dates(reading, map),
    };
    if let FieldType::List(item) = &mut field.ty
        && !matches!(item.ty, FieldType::Object(_))
    {
        // Plain values are written as the list says.
        *item = Arc::new(Field { numbers: field.numbers.clone(), dates: field.dates.clone(), ..Field::clone(item) });
    }
    if let Some(entry) = map.entry("default") {
        let default = to_json(&entry.value, &field.ty);
        if field.required {
            reading.error(entry.position, map.path_of(entry), "required and default contradict each other: keep one");
        }
        let mut conversion = Conversion::new(AssetBase::Template);
        if let Err(error) = field.convert_present(&default, &mut conversion, &field.name) {
            let inside = error.path.strip_prefix(&*field.name).unwrap_or_default();
            reading.error(entry.value.position, format!("{}{inside}", map.path_of(entry)), error.message);
        }
        field.default = Some(default);
    }
    Some(field)
}

/// Whether the type or that of a list's plain values is one of some.
fn holds(ty: &FieldType, is_one: &dyn Fn(&FieldType) -> bool) -> bool {
    match ty {
        FieldType::List(item) => is_one(&item.ty),
        ty => is_one(ty),
    }
}

fn field_type(reading: &mut Reading, map: &Map<'_>) -> Option<FieldType> {
    let word = map.entry("type")?;
    let known = match &word.value.content {
        Content::Text(word) => single_type(word),
        _ => None,
    };
    let written = Scalar::from_node(&word.value);
    match (known, written.to_text().as_deref()) {
        (Some(ty), _) => Some(ty),
        (None, Some("list")) => list_type(reading, map),
        (None, Some("object")) => {
            let Some(parts) = map.entry("fields") else {
                reading.error(map.position, &map.path, "an object needs \"fields\": its named parts");
                return None;
            };
            let path = map.path_of(parts);
            Some(FieldType::Object(read(reading, &parts.value, &path, true).into()))
        }
        (None, text) => {
            let message = format!("expected one of {}, got {written}", FIELD_TYPES.join(", "));
            let error = TemplateError::new(word.value.position, map.path_of(word), message);
            reading.push(error.suggesting(text.unwrap_or_default(), FIELD_TYPES.iter().copied()));
            None
        }
    }
}

fn single_type(word: &str) -> Option<FieldType> {
    Some(match word {
        "text" => FieldType::Text,
        "number" => FieldType::Number,
        "boolean" => FieldType::Boolean,
        "color" => FieldType::Color,
        "date" => FieldType::Date,
        "image" => FieldType::Image,
        _ => return None,
    })
}

fn list_type(reading: &mut Reading, map: &Map<'_>) -> Option<FieldType> {
    let Some(items) = map.entry("items") else {
        let message = "a list needs \"items\": the named parts of an item, or the type of plain values";
        reading.error(map.position, &map.path, message);
        return None;
    };
    let path = map.path_of(items);
    let ty = match &items.value.content {
        Content::Text(word) => match single_type(word) {
            Some(ty) => ty,
            None => {
                let message = format!(
                    "expected named parts or one of {}, got {}",
                    ITEM_TYPES.join(", "),
                    Scalar::from_node(&items.value)
                );
                let error = TemplateError::new(items.value.position, path, message);
                reading.push(error.suggesting(word, ITEM_TYPES.iter().copied()));
                return None;
            }
        },
        _ => FieldType::Object(read(reading, &items.value, &path, true).into()),
    };
    Some(FieldType::List(Arc::new(Field {
        name: "item".into(),
        ty,
        required: true,
        default: None,
        pii: false,
        column: "item".into(),
        position: items.position,
        numbers: Arc::clone(&reading.numbers),
        dates: Arc::default(),
    })))
}

fn numbers(reading: &mut Reading, map: &Map<'_>) -> Arc<NumberSyntax> {
    if let Some(tag) = reading.optional_constant::<Arc<str>>(map, "locale") {
        match Locale::parse(&tag) {
            Ok(locale) => return Arc::new(NumberSyntax::new(&locale, true)),
            Err(error) => {
                let entry = map.entry("locale");
                let (place, path) =
                    entry.map_or((map.position, map.path.clone()), |e| (e.value.position, map.path_of(e)));
                reading.error(place, path, error.to_string());
            }
        }
    }
    Arc::clone(&reading.numbers)
}

fn dates(reading: &mut Reading, map: &Map<'_>) -> Arc<DateSyntax> {
    if let Some(format) = reading.optional_constant::<Arc<str>>(map, "format") {
        match DateSyntax::new(&format) {
            Ok(dates) => return Arc::new(dates),
            Err(message) => {
                let entry = map.entry("format");
                let (place, path) =
                    entry.map_or((map.position, map.path.clone()), |e| (e.value.position, map.path_of(e)));
                reading.error(place, path, message);
            }
        }
    }
    Arc::default()
}

/// A node as a row in JSON would hold it. Text fields keep a number's characters: `007`.
fn to_json(node: &Node, ty: &FieldType) -> Json {
    let item = match ty {
        FieldType::List(item) => &item.ty,
        ty => ty,
    };
    match &node.content {
        Content::Null => Json::Null,
        Content::Bool(value) => Json::Bool(*value),
        Content::Number(_, written) if matches!(ty, FieldType::Text) => Json::String(written.clone()),
        Content::Number(value, _) => number_to_json(*value),
        Content::Text(text) => Json::String(text.clone()),
        Content::List(list) => Json::Array(list.iter().map(|node| to_json(node, item)).collect()),
        Content::Map(entries) => {
            let part_type = |key: &str| match ty {
                FieldType::Object(parts) => parts.iter().find(|part| *part.column == *key).map_or(ty, |part| &part.ty),
                _ => ty,
            };
            let pair = |entry: &Entry| (entry.key.clone(), to_json(&entry.value, part_type(&entry.key)));
            Json::Object(entries.iter().map(pair).collect())
        }
    }
}

fn number_to_json(value: f64) -> Json {
    if value.fract() == 0.0 && value.abs() <= 9e15 { Json::from(value as i64) } else { Json::from(value) }
}
