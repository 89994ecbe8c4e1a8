//! Declared inputs, and a row's values checked and converted by them.
//!
//! CSV has text only, JSON has types: both are read by the declared type, with the same messages. Declarations are
//! read in [`declare`].

mod date;
mod declare;
mod number;

use std::sync::Arc;

use minijinja::Value;
use serde_json::Value as Json;

use super::css;
use super::error::{BindError, Position};
use super::keys::Kind;
use super::scalar::{FromScalar, MAX_TEXT_BYTES, Mismatch, Scalar};
use super::scene::AssetBase;
use crate::job::ErrorCode;

pub(super) use date::DateSyntax;
pub(super) use declare::{read, wrong_name};
pub(super) use number::NumberSyntax;

/// Names that expressions have without declaring them.
pub(super) const BUILT_IN: &[&str] = &["row", "key", "size", "index", "now"];
/// Names that only the names of files have.
pub(super) const BUILT_IN_NAMES: &[&str] = &["ext", "format", "template"];
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
    /// How its numbers are written in the data.
    pub(super) numbers: Arc<NumberSyntax>,
    /// How its dates are written in the data.
    pub(super) dates: Arc<DateSyntax>,
}

/// Types of fields.
#[derive(Clone, Debug)]
pub enum FieldType {
    /// Text.
    Text,
    /// A finite number, written as its locale writes it or as programs do.
    Number,
    /// True or false.
    Boolean,
    /// A CSS colour.
    Color,
    /// A date, with a time or without: ISO 8601 text in expressions.
    Date,
    /// Path or URL of a photo.
    Image,
    /// A list whose items are all like this field.
    List(Arc<Field>),
    /// Named parts.
    Object(Arc<[Field]>),
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
            Self::Object(_) => "object",
        }
    }
}

/// Paths and URLs of photos that values hold, with the folder each is relative to.
pub(super) type Locations = Vec<(Arc<str>, AssetBase)>;

impl Field {
    /// A row's value, or the default. `None`: missing, and that is allowed.
    ///
    /// # Errors
    /// Missing though required, or not of the type.
    pub(super) fn convert(
        &self,
        value: Option<&Json>,
        conversion: &mut Conversion,
        path: &str,
    ) -> Result<Option<Value>, BindError> {
        if let Some(value) = self.present(value) {
            return self.convert_present(value, conversion, path).map(Some);
        }
        match &self.default {
            Some(default) => {
                let base = std::mem::replace(&mut conversion.base, AssetBase::Template);
                let value = self.convert_present(default, conversion, path);
                conversion.base = base;
                value.map(Some)
            }
            None if self.required => {
                let message = match path.contains(['.', '[']) {
                    true => format!("required, but the row's value has no \"{}\" here", self.column),
                    false => format!("required, but the row has no value in column \"{}\"", self.column),
                };
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
        conversion: &mut Conversion,
        path: &str,
    ) -> Result<Value, BindError> {
        let hidden_before = conversion.is_personal;
        // A part of personal data is personal, too.
        conversion.is_personal |= self.pii;
        let converted = match &self.ty {
            FieldType::List(item) => convert_list(item, value, conversion, path),
            FieldType::Object(parts) => convert_object(parts, value, conversion, path),
            _ => self.convert_single(value, conversion, path),
        };
        conversion.is_personal = hidden_before;
        converted
    }

    fn convert_single(&self, value: &Json, conversion: &mut Conversion, path: &str) -> Result<Value, BindError> {
        let scalar = scalar_of(value);
        let converted = match self.ty {
            FieldType::Number => number(value, &self.numbers),
            FieldType::Boolean => boolean(&scalar),
            FieldType::Color => color(&scalar),
            FieldType::Date => date(value, &self.dates),
            FieldType::Image => location(&scalar).map(|location| {
                let value = Value::from(&*location);
                conversion.locations.push((location, conversion.base));
                value
            }),
            FieldType::Text | FieldType::List(_) | FieldType::Object(_) => text(&scalar),
        };
        converted.map_err(|mismatch| conversion.bad_value(&mismatch, &scalar, path))
    }
}

/// What goes along while a row's values are converted.
#[derive(Debug)]
pub(super) struct Conversion {
    /// The folder that paths of photos are relative to.
    pub base: AssetBase,
    /// Photos found so far.
    pub locations: Locations,
    /// Whether the values at hand are personal: no message shows them.
    pub is_personal: bool,
}

impl Conversion {
    pub fn new(base: AssetBase) -> Self {
        Self { base, locations: Locations::new(), is_personal: false }
    }

    fn bad_value(&self, mismatch: &Mismatch, got: &Scalar<'_>, path: &str) -> BindError {
        let message = if self.is_personal { mismatch.describe_hidden() } else { mismatch.describe(got) };
        BindError::new(ErrorCode::BadValue, path, message)
    }
}

fn convert_list(item: &Field, value: &Json, conversion: &mut Conversion, path: &str) -> Result<Value, BindError> {
    const EXPECTED: &str = "a list (in a CSV cell as JSON, such as [\"a\", \"b\"])";
    let wrong = |conversion: &Conversion, what: &'static str| {
        Err(conversion.bad_value(&Mismatch::expected(what), &scalar_of(value), path))
    };
    let parsed;
    let list = match value {
        Json::Array(list) => list,
        Json::String(text) => match from_cell::<Vec<Json>>(text) {
            Some(list) => {
                parsed = list;
                &parsed
            }
            None => return wrong(conversion, EXPECTED),
        },
        _ => return wrong(conversion, EXPECTED),
    };
    if list.len() > MAX_ITEMS {
        return wrong(conversion, "a list of at most 1000 items");
    }
    let mut items = Vec::with_capacity(list.len());
    for (index, value) in list.iter().enumerate() {
        items.push(item.convert_present(value, conversion, &format!("{path}[{index}]"))?);
    }
    Ok(Value::from(items))
}

fn convert_object(parts: &[Field], value: &Json, conversion: &mut Conversion, path: &str) -> Result<Value, BindError> {
    let parsed;
    let object = match value {
        Json::Object(object) => Some(object),
        Json::String(text) => match from_cell::<serde_json::Map<String, Json>>(text) {
            Some(object) => {
                parsed = object;
                Some(&parsed)
            }
            None => None,
        },
        _ => None,
    };
    let Some(object) = object else {
        let mismatch = Mismatch::expected("a mapping of named parts (in a CSV cell as JSON, such as {\"a\": 1})");
        return Err(conversion.bad_value(&mismatch, &scalar_of(value), path));
    };
    let mut pairs = Vec::with_capacity(parts.len());
    for part in parts {
        let path = format!("{path}.{}", part.name);
        if let Some(value) = part.convert(object.get(&*part.column), conversion, &path)? {
            pairs.push((Arc::clone(&part.name), value));
        }
    }
    Ok(Value::from_pairs(pairs))
}

/// A CSV cell that holds JSON.
fn from_cell<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    if text.len() > MAX_TEXT_BYTES { None } else { serde_json::from_str(text).ok() }
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

fn number(value: &Json, syntax: &NumberSyntax) -> Result<Value, Mismatch> {
    match value {
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Ok(Value::from(whole)),
            (None, Some(float)) if float.is_finite() => Ok(number::from_float(float)),
            _ => Err(Mismatch::expected("a number")),
        },
        Json::String(text) => syntax.read(text),
        _ => Err(Mismatch::expected("a number")),
    }
}

fn date(value: &Json, syntax: &DateSyntax) -> Result<Value, Mismatch> {
    match value {
        Json::String(text) => syntax.read(text).map(Value::from),
        // `20260131`, or a spreadsheet's count of days, which the message names.
        Json::Number(number) => syntax.read(&number.to_string()).map(Value::from),
        _ => Err(Mismatch::expected("a date such as 2026-01-31")),
    }
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
            numbers: Arc::new(NumberSyntax::new(&crate::template::format::Locale::parse("en").unwrap(), false)),
            dates: Arc::default(),
        }
    }

    fn data() -> Conversion {
        Conversion::new(AssetBase::Data)
    }

    fn convert(ty: FieldType, value: Json) -> Result<Option<Value>, String> {
        let field = field(ty);
        field.convert(Some(&value), &mut data(), "price").map_err(|error| error.to_string())
    }

    #[test]
    fn csv_text_is_read_by_the_declared_type() {
        let number = |value| convert(FieldType::Number, json!(value)).unwrap().map(|value| value.to_string());
        assert_eq!(number(" 49.90 "), Some("49.9".into()));
        assert_eq!(number("10.0"), Some("10".into()));
        assert_eq!(number("1e3"), Some("1000".into()));
        assert_eq!(number("  "), None);
        assert_eq!(convert(FieldType::Number, json!(2.0)).unwrap().unwrap().to_string(), "2");
        for wrong in ["abc", "NaN", "inf", "1e999", "0x10", "1 2"] {
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
    fn missing_values() {
        let mut needed = field(FieldType::Number);
        needed.required = true;
        let error = needed.convert(None, &mut data(), "price").unwrap_err();
        assert_eq!(error.code, ErrorCode::MissingField);
        let with_default = Field { default: Some(json!("img/none.png")), ..field(FieldType::Image) };
        let mut conversion = data();
        with_default.convert(Some(&json!("")), &mut conversion, "image").unwrap();
        assert_eq!(conversion.locations, [("img/none.png".into(), AssetBase::Template)]);
        assert_eq!(conversion.base, AssetBase::Data);
    }

    #[test]
    fn lists_of_items() {
        let name = Field { required: true, name: "name".into(), column: "name".into(), ..field(FieldType::Text) };
        let photo = Field { name: "photo".into(), column: "photo".into(), ..field(FieldType::Image) };
        let item = field(FieldType::Object(Arc::from([name, photo])));
        let list = field(FieldType::List(Arc::new(item)));
        let mut conversion = data();
        let value = json!("[{\"name\": \"A\", \"photo\": \"a.png\"}, {\"name\": \"B\"}]");
        let value = list.convert(Some(&value), &mut conversion, "products").unwrap().unwrap();
        assert_eq!(value.get_item_by_index(1).unwrap().get_attr("name").unwrap(), Value::from("B"));
        assert_eq!(conversion.locations, [("a.png".into(), AssetBase::Data)]);
        let error = |value: Json| list.convert(Some(&value), &mut data(), "products").unwrap_err();
        let no_name = error(json!([{ "name": "x" }, { "photo": "x" }]));
        assert_eq!(no_name.to_string(), "products[1].name: required, but the row's value has no \"name\" here");
        assert!(error(json!("abc")).to_string().contains("expected a list (in a CSV cell as JSON"));
        assert_eq!(error(json!([{ "name": "x" }, 7])).path, "products[1]");
        assert!(error(json!(vec![json!({}); 1_001])).message.contains("at most 1000"));
    }

    #[test]
    fn lists_of_plain_values_and_objects() {
        let numbers = || FieldType::List(Arc::new(field(FieldType::Number)));
        assert_eq!(convert(numbers(), json!("[1, \"2,000.5\"]")).unwrap().unwrap().to_string(), "[1, 2000.5]");
        let error = convert(numbers(), json!([1, null])).unwrap_err();
        assert_eq!(error, "price[1]: expected a number, got nothing");
        let street = Field { name: "street".into(), column: "Street".into(), ..field(FieldType::Text) };
        let address = || FieldType::Object(Arc::from([street.clone()]));
        for value in [json!({ "Street": "Elm" }), json!("{\"Street\": \"Elm\", \"zip\": 1}")] {
            let value = convert(address(), value).unwrap().unwrap();
            assert_eq!(value.get_attr("street").unwrap(), Value::from("Elm"));
        }
        assert!(convert(address(), json!("Elm")).unwrap_err().contains("a mapping of named parts"));
    }

    #[test]
    fn personal_values_are_not_quoted() {
        let mut secret = field(FieldType::Number);
        secret.pii = true;
        let error = secret.convert(Some(&json!("Jane Doe")), &mut data(), "p").unwrap_err();
        assert!(!error.to_string().contains("Jane"), "{error}");
        let mut conversion = data();
        let list = Field { pii: true, ..field(FieldType::List(Arc::new(field(FieldType::Number)))) };
        let error = list.convert(Some(&json!(["Jane Doe"])), &mut conversion, "p").unwrap_err();
        assert!(!error.to_string().contains("Jane") && !conversion.is_personal, "{error}");
    }
}
