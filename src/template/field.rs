//! Declared inputs, and a row's values checked and converted by them.
//!
//! CSV has text only, JSON has types: both are read by the declared type, with the same messages.

use std::sync::Arc;

use minijinja::Value;
use serde_json::Value as Json;

use super::css;
use super::error::{BindError, Position, TemplateError};
use super::keys::Kind;
use super::reader::{Content, Node};
use super::reading::{Map, Reading, join};
use super::scalar::{FromScalar, MAX_TEXT_BYTES, Mismatch, Scalar};
use super::scene::AssetBase;
use super::tables::{FIELD, FIELD_TYPES};
use crate::job::ErrorCode;

/// Names that expressions have without declaring them.
pub(super) const BUILT_IN: &[&str] = &["row", "key", "size", "index", "now"];
/// Names that only the names of files have.
pub(super) const BUILT_IN_NAMES: &[&str] = &["ext", "format", "template"];
/// Words that mean something to an expression.
const RESERVED: &[&str] = &[
    "true", "false", "none", "True", "False", "None", "not", "and", "or", "in", "is", "if", "else", "elif", "for",
    "endif", "endfor", "loop", "self", "super",
];
/// Most items of a list.
const MAX_ITEMS: usize = 1_000;
/// Longest path or URL of a photo, in bytes.
const MAX_LOCATION_BYTES: usize = 4_096;

/// One declared input.
#[derive(Clone, Debug)]
pub struct Field {
    /// What expressions call it.
    pub name: Arc<str>,
    /// What its values must be.
    pub ty: FieldType,
    /// Whether a row without a value fails.
    pub required: bool,
    /// Value of rows that have none, as the template writes it.
    pub default: Option<Json>,
    /// Personal data: its values appear in no name, log or message.
    pub pii: bool,
    /// Column of the data that it is read from. Default: its name.
    pub column: Arc<str>,
    /// Where it is declared.
    pub position: Position,
}

/// Types of fields.
#[derive(Clone, Debug)]
pub enum FieldType {
    /// Text.
    Text,
    /// A finite number.
    Number,
    /// True or false.
    Boolean,
    /// A CSS colour.
    Color,
    /// An ISO 8601 date, with a time or without.
    Date,
    /// Path or URL of a photo.
    Image,
    /// A list of items with these parts.
    List(Arc<[Field]>),
}

impl FieldType {
    /// As templates spell it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Color => "color",
            Self::Date => "date",
            Self::Image => "image",
            Self::List(_) => "list",
        }
    }
}

/// Paths and URLs of photos that values hold, with the folder each is relative to.
pub(super) type Locations = Vec<(Arc<str>, AssetBase)>;

/// Reads the declarations of `fields`, or of a list's `items`.
pub(super) fn read(reading: &mut Reading, node: &Node, path: &str, is_item: bool) -> Vec<Field> {
    if !matches!(node.content, Content::Map(_)) {
        let message = format!("expected a mapping from names to fields, got {}", Scalar::from_node(node));
        reading.error(node.position, path, message);
        return Vec::new();
    }
    let mut fields = Vec::new();
    for entry in node.entries() {
        let path = join(path, &entry.key);
        if let Some(message) = wrong_name(&entry.key, is_item) {
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

fn wrong_name(name: &str, is_item: bool) -> Option<String> {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !starts || name.len() > 64 || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Some("a field's name is letters, digits and \"_\", at most 64 (\"column\" may be anything)".to_owned());
    }
    if RESERVED.contains(&name) {
        return Some(format!("\"{name}\" is a word of expressions, choose another name"));
    }
    let is_built_in = BUILT_IN.contains(&name) || BUILT_IN_NAMES.contains(&name);
    (is_built_in && !is_item).then(|| format!("\"{name}\" is built in, choose another name"))
}

fn read_one(reading: &mut Reading, map: &Map<'_>, name: &str, position: Position) -> Option<Field> {
    let word = map.entry("type")?;
    let ty = match &word.value.content {
        Content::Text(word) => FIELD_TYPES.iter().find(|known| *known == word).copied(),
        _ => None,
    };
    let items = map.entry("items");
    let ty = match ty {
        Some("text") => FieldType::Text,
        Some("number") => FieldType::Number,
        Some("boolean") => FieldType::Boolean,
        Some("color") => FieldType::Color,
        Some("date") => FieldType::Date,
        Some("image") => FieldType::Image,
        Some("list") => {
            let Some(items) = items else {
                reading.error(map.position, &map.path, "a list needs \"items\": the named parts of an item");
                return None;
            };
            let path = map.path_of(items);
            FieldType::List(read(reading, &items.value, &path, true).into())
        }
        _ => {
            let got = Scalar::from_node(&word.value);
            let message = format!("expected one of {}, got {got}", FIELD_TYPES.join(", "));
            let error = TemplateError::new(word.value.position, map.path_of(word), message);
            let written = got.to_text().unwrap_or_default();
            reading.push(error.suggesting(&written, FIELD_TYPES.iter().copied()));
            return None;
        }
    };
    if let (Some(items), false) = (items, matches!(ty, FieldType::List(_))) {
        reading.error(items.position, map.path_of(items), "only a list has items");
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
    };
    if let Some(entry) = map.entry("default") {
        let default = to_json(&entry.value, &field.ty);
        if field.required {
            reading.error(entry.position, map.path_of(entry), "required and default contradict each other: keep one");
        }
        if let Err(error) = field.convert_present(&default, AssetBase::Template, &mut Vec::new(), &field.name) {
            reading.error(entry.value.position, map.path_of(entry), error.message);
        }
        field.default = Some(default);
    }
    Some(field)
}

/// A node as a row in JSON would hold it. Text fields keep a number's characters: `007`.
fn to_json(node: &Node, ty: &FieldType) -> Json {
    match &node.content {
        Content::Null => Json::Null,
        Content::Bool(value) => Json::Bool(*value),
        Content::Number(_, written) if matches!(ty, FieldType::Text) => Json::String(written.clone()),
        Content::Number(value, _) => number_to_json(*value),
        Content::Text(text) => Json::String(text.clone()),
        Content::List(list) => Json::Array(list.iter().map(|node| to_json(node, ty)).collect()),
        Content::Map(entries) => {
            let item_type = |key: &str| match ty {
                FieldType::List(parts) => parts.iter().find(|part| *part.column == *key).map_or(ty, |part| &part.ty),
                _ => ty,
            };
            let pair = |entry: &super::reader::Entry| (entry.key.clone(), to_json(&entry.value, item_type(&entry.key)));
            Json::Object(entries.iter().map(pair).collect())
        }
    }
}

fn number_to_json(value: f64) -> Json {
    if value.fract() == 0.0 && value.abs() <= 9e15 { Json::from(value as i64) } else { Json::from(value) }
}

impl Field {
    /// A row's value, or the default. `None`: missing, and that is allowed.
    ///
    /// # Errors
    /// Missing though required, or not of the type.
    pub(super) fn convert(
        &self,
        value: Option<&Json>,
        base: AssetBase,
        locations: &mut Locations,
        path: &str,
    ) -> Result<Option<Value>, BindError> {
        if let Some(value) = self.present(value) {
            return self.convert_present(value, base, locations, path).map(Some);
        }
        match &self.default {
            Some(default) => self.convert_present(default, AssetBase::Template, locations, path).map(Some),
            None if self.required => {
                let message = format!("required, but the row has no value in column \"{}\"", self.column);
                Err(BindError::new(ErrorCode::MissingField, path, message))
            }
            None => Ok(None),
        }
    }

    /// The value unless it counts as missing: null, or blank where something else than text is meant.
    pub(super) fn present<'v>(&self, value: Option<&'v Json>) -> Option<&'v Json> {
        value.filter(|value| match value {
            Json::Null => false,
            Json::String(text) => matches!(self.ty, FieldType::Text) || !text.trim().is_empty(),
            _ => true,
        })
    }

    pub(super) fn convert_present(
        &self,
        value: &Json,
        base: AssetBase,
        locations: &mut Locations,
        path: &str,
    ) -> Result<Value, BindError> {
        if let FieldType::List(parts) = &self.ty {
            return self.convert_list(parts, value, base, locations, path);
        }
        let scalar = scalar_of(value);
        let converted = match self.ty {
            FieldType::Text | FieldType::List(_) => text(&scalar),
            FieldType::Number => number(value),
            FieldType::Boolean => boolean(&scalar),
            FieldType::Color => color(&scalar),
            FieldType::Date => date(&scalar),
            FieldType::Image => location(&scalar).map(|location| {
                let value = Value::from(&*location);
                locations.push((location, base));
                value
            }),
        };
        converted.map_err(|mismatch| self.bad_value(&mismatch, &scalar, path))
    }

    fn bad_value(&self, mismatch: &Mismatch, got: &Scalar<'_>, path: &str) -> BindError {
        let message = if self.pii { mismatch.describe_hidden() } else { mismatch.describe(got) };
        BindError::new(ErrorCode::BadValue, path, message)
    }

    fn convert_list(
        &self,
        parts: &[Field],
        value: &Json,
        base: AssetBase,
        locations: &mut Locations,
        path: &str,
    ) -> Result<Value, BindError> {
        let wrong = |what: &'static str| {
            let mismatch = Mismatch::expected(what);
            self.bad_value(&mismatch, &scalar_of(value), path)
        };
        let parsed;
        let list = match value {
            Json::Array(list) => list,
            // A CSV cell can hold a list as JSON.
            Json::String(text) if text.len() <= MAX_TEXT_BYTES => {
                parsed = serde_json::from_str::<Vec<Json>>(text).map_err(|_| wrong("a list (JSON)"))?;
                &parsed
            }
            _ => return Err(wrong("a list (JSON)")),
        };
        if list.len() > MAX_ITEMS {
            return Err(wrong("a list of at most 1000 items"));
        }
        let mut items = Vec::with_capacity(list.len());
        for (index, item) in list.iter().enumerate() {
            let Json::Object(object) = item else {
                return Err(wrong("a list whose items are mappings"));
            };
            let mut pairs = Vec::with_capacity(parts.len());
            for part in parts {
                let path = format!("{path}[{index}].{}", part.name);
                // A part of personal data is personal, too.
                let part = if self.pii && !part.pii { &Field { pii: true, ..part.clone() } } else { part };
                if let Some(value) = part.convert(object.get(&*part.column), base, locations, &path)? {
                    pairs.push((Arc::clone(&part.name), value));
                }
            }
            items.push(Value::from_pairs(pairs));
        }
        Ok(Value::from(items))
    }
}

fn scalar_of(value: &Json) -> Scalar<'_> {
    match value {
        Json::Null => Scalar::Missing,
        Json::Bool(value) => Scalar::Bool(*value),
        Json::Number(number) => Scalar::Number(number.as_f64().unwrap_or(f64::NAN), None),
        Json::String(text) => Scalar::Text(text.as_str().into()),
        Json::Array(_) => Scalar::Other("a list"),
        Json::Object(_) => Scalar::Other("a mapping"),
    }
}

fn text(scalar: &Scalar<'_>) -> Result<Value, Mismatch> {
    let text: Arc<str> = FromScalar::from_scalar(&Kind::Text, scalar)?;
    Ok(Value::from(text))
}

fn number(value: &Json) -> Result<Value, Mismatch> {
    let expected = || Mismatch::expected("a number");
    let number = match value {
        Json::Number(number) => match number.as_i64() {
            Some(whole) => return Ok(Value::from(whole)),
            None => number.as_f64().filter(|number| number.is_finite()).ok_or_else(expected)?,
        },
        Json::String(text) => match text.trim().parse::<i64>() {
            Ok(whole) => return Ok(Value::from(whole)),
            Err(_) => css::number(text.trim()).ok_or_else(expected)?,
        },
        _ => return Err(expected()),
    };
    // Whole numbers print without ".0" and count, index and compare as what they are.
    let is_whole = number.fract() == 0.0 && number.abs() <= 9e15;
    Ok(if is_whole { Value::from(number as i64) } else { Value::from(number) })
}

fn boolean(scalar: &Scalar<'_>) -> Result<Value, Mismatch> {
    let value = match scalar {
        Scalar::Bool(value) => Some(*value),
        Scalar::Number(number, _) if *number == 0.0 || *number == 1.0 => Some(*number == 1.0),
        Scalar::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "y" | "on" | "1" => Some(true),
            "false" | "no" | "n" | "off" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    };
    value.map(Value::from).ok_or_else(|| Mismatch::expected("true or false"))
}

fn color(scalar: &Scalar<'_>) -> Result<Value, Mismatch> {
    match scalar {
        Scalar::Text(text) if css::color(text.trim()).is_some() => Ok(Value::from(text.trim())),
        _ => Err(Mismatch::expected("a CSS colour")),
    }
}

fn date(scalar: &Scalar<'_>) -> Result<Value, Mismatch> {
    match scalar {
        Scalar::Text(text) if is_date(text.trim()) => Ok(Value::from(text.trim())),
        _ => Err(Mismatch::expected("a date such as 2026-01-31")),
    }
}

/// `2026-01-31`, or with a time behind `T` or a space.
fn is_date(text: &str) -> bool {
    let (day, time) = text.split_once(['T', ' ']).map_or((text, None), |(day, time)| (day, Some(time)));
    let mut parts = day.split('-').map(|part| {
        let digits = part.bytes().all(|b| b.is_ascii_digit());
        if digits { part.parse::<u32>().ok().map(|value| (part.len(), value)) } else { None }
    });
    let (Some(Some((4, year))), Some(Some((2, month))), Some(Some((2, day))), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day) && time.is_none_or(is_time)
}

/// `13:45`, `13:45:30`, `13:45:30.25`, and a zone: `Z`, `+02:00`.
fn is_time(text: &str) -> bool {
    let zone = text.find(['Z', '+', '-']).unwrap_or(text.len());
    let (time, zone) = text.split_at(zone);
    let whole = time.split_once('.').map_or(time, |(whole, _)| whole);
    let fraction = &time[whole.len()..];
    let in_range = |text: &str, most: u32| {
        text.len() == 2
            && text.bytes().all(|b| b.is_ascii_digit())
            && text.parse().is_ok_and(|value: u32| value <= most)
    };
    let parts: Vec<&str> = whole.split(':').collect();
    let time_is_right = match parts.as_slice() {
        [hour, minute] => in_range(hour, 23) && in_range(minute, 59) && fraction.is_empty(),
        [hour, minute, second] => in_range(hour, 23) && in_range(minute, 59) && in_range(second, 60),
        _ => false,
    };
    let fraction_is_right =
        fraction.is_empty() || (2..=10).contains(&fraction.len()) && fraction[1..].bytes().all(|b| b.is_ascii_digit());
    let zone_is_right = match zone.strip_prefix(['+', '-']) {
        Some(offset) => offset.split_once(':').is_some_and(|(hour, minute)| in_range(hour, 23) && in_range(minute, 59)),
        None => zone.is_empty() || zone == "Z",
    };
    time_is_right && fraction_is_right && zone_is_right
}

fn location(scalar: &Scalar<'_>) -> Result<Arc<str>, Mismatch> {
    match scalar {
        Scalar::Text(text) if text.len() <= MAX_LOCATION_BYTES && !text.contains(char::is_control) => {
            Ok(Arc::from(text.trim()))
        }
        _ => Err(Mismatch::expected("a path or URL")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn field(ty: FieldType) -> Field {
        let name: Arc<str> = "price".into();
        Field {
            column: name.clone(),
            name,
            ty,
            required: false,
            default: None,
            pii: false,
            position: Position::default(),
        }
    }

    fn convert(ty: FieldType, value: Json) -> Result<Option<Value>, String> {
        let field = field(ty);
        field.convert(Some(&value), AssetBase::Data, &mut Vec::new(), "price").map_err(|error| error.to_string())
    }

    #[test]
    fn csv_text_is_read_by_the_declared_type() {
        let number = |value| convert(FieldType::Number, json!(value)).unwrap().map(|value| value.to_string());
        assert_eq!(number(" 49.90 "), Some("49.9".into()));
        assert_eq!(number("10.0"), Some("10".into()));
        assert_eq!(number("1e3"), Some("1000".into()));
        assert_eq!(number("  "), None);
        assert_eq!(convert(FieldType::Number, json!(2.0)).unwrap().unwrap().to_string(), "2");
        for wrong in ["abc", "1,5", "NaN", "inf", "1e999", "0x10", "1 2"] {
            let error = convert(FieldType::Number, json!(wrong)).unwrap_err();
            assert_eq!(error, format!("price: expected a number, got \"{wrong}\""));
        }
        assert_eq!(convert(FieldType::Boolean, json!("Yes")).unwrap(), Some(Value::from(true)));
        assert!(convert(FieldType::Boolean, json!("maybe")).is_err());
        assert!(convert(FieldType::Color, json!("blurple")).is_err());
        assert_eq!(convert(FieldType::Text, json!("")).unwrap(), Some(Value::from("")));
        assert_eq!(convert(FieldType::Text, json!(7)).unwrap(), Some(Value::from("7")));
        assert!(convert(FieldType::Text, json!("x".repeat(100_000))).is_err());
        assert!(convert(FieldType::Image, json!("a\u{0}b")).is_err());
    }

    #[test]
    fn dates_are_of_the_calendar() {
        for right in
            ["2026-01-31", "2024-02-29", "2026-01-31T13:45:00Z", "2026-01-31 13:45", "2026-01-31T13:45:00.5+02:00"]
        {
            assert!(is_date(right), "{right}");
        }
        for wrong in
            ["2026-02-29", "31.01.2026", "2026-1-1", "2026-13-01", "2026-01-31T25:00", "2026-01-31T", "+026-01-01", "é"]
        {
            assert!(!is_date(wrong), "{wrong}");
        }
    }

    #[test]
    fn missing_values() {
        let mut needed = field(FieldType::Number);
        needed.required = true;
        let error = needed.convert(None, AssetBase::Data, &mut Vec::new(), "price").unwrap_err();
        assert_eq!(error.code, ErrorCode::MissingField);
        let with_default = Field { default: Some(json!("img/none.png")), ..field(FieldType::Image) };
        let mut locations = Vec::new();
        with_default.convert(Some(&json!("")), AssetBase::Data, &mut locations, "image").unwrap();
        assert_eq!(locations, [("img/none.png".into(), AssetBase::Template)]);
    }

    #[test]
    fn lists_of_items() {
        let name = Field { required: true, name: "name".into(), column: "name".into(), ..field(FieldType::Text) };
        let photo = Field { name: "photo".into(), column: "photo".into(), ..field(FieldType::Image) };
        let list = field(FieldType::List(Arc::from([name, photo])));
        let mut locations = Vec::new();
        let value = json!("[{\"name\": \"A\", \"photo\": \"a.png\"}, {\"name\": \"B\"}]");
        let value = list.convert(Some(&value), AssetBase::Data, &mut locations, "products").unwrap().unwrap();
        assert_eq!(value.get_item_by_index(1).unwrap().get_attr("name").unwrap(), Value::from("B"));
        assert_eq!(locations, [("a.png".into(), AssetBase::Data)]);
        let error =
            list.convert(Some(&json!([{"photo": "x"}])), AssetBase::Data, &mut Vec::new(), "products").unwrap_err();
        assert_eq!(error.path, "products[0].name");
        assert!(list.convert(Some(&json!("abc")), AssetBase::Data, &mut Vec::new(), "products").is_err());
    }

    #[test]
    fn personal_values_are_not_quoted() {
        let mut secret = field(FieldType::Number);
        secret.pii = true;
        let error = secret.convert(Some(&json!("Jane Doe")), AssetBase::Data, &mut Vec::new(), "p").unwrap_err();
        assert!(!error.to_string().contains("Jane"), "{error}");
    }
}
