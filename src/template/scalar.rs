//! One value, read as the type that a key takes: from the source or from an expression, by the same rules.
//!
//! Colours and lengths are read in [`super::css`], gradients in [`super::gradient`], words with a meaning in
//! [`super::choices`].

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use minijinja::value::ValueKind;

use super::css;
use super::gradient;
use super::keys::Kind;
use super::reader::{Content, Node, shorten};
use super::scene::{Fill, Length};
use crate::pixels::Color;

/// Longest text that an expression, a field or a key may give, in bytes.
pub(super) const MAX_TEXT_BYTES: usize = 64 << 10;

/// A value that is not read yet.
#[derive(Clone, Debug)]
pub(super) enum Scalar<'v> {
    /// No value: null, none, undefined.
    Missing,
    Bool(bool),
    /// A number and its characters, where it was written as one.
    Number(f64, Option<&'v str>),
    Text(Cow<'v, str>),
    /// A list, mapping or other object.
    Other(&'static str),
}

impl<'v> Scalar<'v> {
    pub fn from_node(node: &'v Node) -> Self {
        match &node.content {
            Content::Null => Self::Missing,
            Content::Bool(value) => Self::Bool(*value),
            Content::Number(value, written) => Self::Number(*value, Some(written)),
            Content::Text(text) => Self::Text(Cow::Borrowed(text)),
            Content::List(_) => Self::Other("a list"),
            Content::Map(_) => Self::Other("a mapping"),
        }
    }

    /// A default as the tables write it.
    pub fn from_default(text: &'static str) -> Scalar<'static> {
        match text {
            "true" => Scalar::Bool(true),
            "false" => Scalar::Bool(false),
            _ => match text.parse::<f64>() {
                Ok(value) => Scalar::Number(value, Some(text)),
                Err(_) => Scalar::Text(Cow::Borrowed(text)),
            },
        }
    }

    pub fn from_value(value: &'v minijinja::Value) -> Self {
        match value.kind() {
            ValueKind::Undefined | ValueKind::None => Self::Missing,
            ValueKind::Bool => Self::Bool(value.is_true()),
            ValueKind::Number => match f64::try_from(value.clone()) {
                Ok(number) => Self::Number(number, None),
                Err(_) => Self::Text(Cow::Owned(value.to_string())),
            },
            ValueKind::String => Self::Text(Cow::Borrowed(value.as_str().unwrap_or_default())),
            ValueKind::Map => Self::Other("a mapping"),
            _ => Self::Other("a list"),
        }
    }

    /// Its characters, if it is a single value.
    pub fn to_text(&self) -> Option<Cow<'v, str>> {
        match self {
            Self::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
            Self::Number(_, Some(written)) => Some(Cow::Borrowed(written)),
            Self::Number(value, None) => Some(Cow::Owned(number_to_text(*value))),
            Self::Text(text) => Some(text.clone()),
            Self::Missing | Self::Other(_) => None,
        }
    }

    pub fn trimmed(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.trim()),
            _ => None,
        }
    }
}

/// As messages show it, shortened.
impl fmt::Display for Scalar<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("nothing"),
            Self::Text(text) => write!(f, "\"{}\"", shorten(text)),
            Self::Other(name) => f.write_str(name),
            single => f.write_str(&shorten(&single.to_text().unwrap_or_default())),
        }
    }
}

/// A number as a designer would write it: whole ones without `.0`.
pub(super) fn number_to_text(value: f64) -> String {
    // Display of f64 is the shortest text that reads back as the same number, without exponent.
    if value == 0.0 { "0".to_owned() } else { value.to_string() }
}

/// Why a value is not of its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mismatch {
    /// `a length`, `a number from 0 to 1`.
    pub expected: Cow<'static, str>,
    /// More, which may quote the value.
    pub detail: Option<String>,
}

impl Mismatch {
    pub fn expected(what: impl Into<Cow<'static, str>>) -> Self {
        Self { expected: what.into(), detail: None }
    }

    /// `expected a length, got "12 ducks"`.
    pub fn describe(&self, got: &Scalar<'_>) -> String {
        let detail = self.detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
        format!("expected {}, got {got}{detail}", self.expected)
    }

    /// The same without the value.
    pub fn describe_hidden(&self) -> String {
        format!("expected {}, got a value that is not shown because it is personal", self.expected)
    }
}

/// A type that a key can take.
pub(super) trait FromScalar: Clone {
    /// Reads a value by the rules of its key.
    fn from_scalar(kind: &Kind, scalar: &Scalar<'_>) -> Result<Self, Mismatch>;
    /// Stands in after an error was recorded, and is never drawn.
    fn placeholder() -> Self;
}

pub(super) fn number_in(
    scalar: &Scalar<'_>,
    what: &str,
    min: f64,
    max: f64,
    units: &[(&str, f64)],
) -> Result<f64, Mismatch> {
    let number = match scalar {
        Scalar::Number(value, _) => Some(*value),
        Scalar::Text(text) => css::number_with_unit(text.trim(), units),
        _ => None,
    };
    match number {
        Some(value) if value.is_finite() && value >= min && value <= max => Ok(value),
        Some(_) if min == max => Err(Mismatch::expected(number_to_text(min))),
        Some(_) => {
            let (min, max) = (number_to_text(min), number_to_text(max));
            Err(Mismatch::expected(format!("{what} from {min} to {max}")))
        }
        None => Err(Mismatch::expected(what.to_owned())),
    }
}

impl FromScalar for f32 {
    fn from_scalar(kind: &Kind, scalar: &Scalar<'_>) -> Result<Self, Mismatch> {
        let value = match *kind {
            Kind::Number(min, max) => number_in(scalar, "a number", min, max, &[("", 1.0)])?,
            Kind::Pixels(min, max) => number_in(scalar, "a number of pixels", min, max, &[("", 1.0), ("px", 1.0)])?,
            Kind::Fraction => number_in(scalar, "a number or percentage", 0.0, 1.0, &[("", 1.0), ("%", 0.01)])
                .map_err(|_| Mismatch::expected("a number from 0 to 1 or a percentage"))?,
            Kind::Degrees => number_in(scalar, "an angle in degrees", -36_000.0, 36_000.0, css::ANGLE_UNITS)?,
            _ => return Err(Mismatch::expected("something else (this is a bug)")),
        };
        Ok(value as f32)
    }

    fn placeholder() -> Self {
        1.0
    }
}

impl FromScalar for u32 {
    fn from_scalar(kind: &Kind, scalar: &Scalar<'_>) -> Result<Self, Mismatch> {
        let Kind::Whole(min, max) = *kind else {
            return Err(Mismatch::expected("something else (this is a bug)"));
        };
        let value = number_in(scalar, "a whole number", f64::from(min), f64::from(max), &[("", 1.0)])?;
        if value.fract() != 0.0 {
            return Err(Mismatch::expected("a whole number"));
        }
        Ok(value as u32)
    }

    fn placeholder() -> Self {
        1
    }
}

impl FromScalar for bool {
    fn from_scalar(kind: &Kind, scalar: &Scalar<'_>) -> Result<Self, Mismatch> {
        match (kind, scalar) {
            (_, Scalar::Bool(value)) => Ok(*value),
            (Kind::Condition, _) => Err(Mismatch::expected("true, false or one {{ expression }}")),
            _ => Err(Mismatch::expected("true or false")),
        }
    }

    fn placeholder() -> Self {
        true
    }
}

impl FromScalar for Arc<str> {
    fn from_scalar(kind: &Kind, scalar: &Scalar<'_>) -> Result<Self, Mismatch> {
        let expected = if matches!(kind, Kind::Asset) { "a path or URL" } else { "text" };
        let text = scalar.to_text().ok_or_else(|| Mismatch::expected(expected))?;
        if text.len() > MAX_TEXT_BYTES {
            return Err(Mismatch::expected(format!("{expected} of at most {MAX_TEXT_BYTES} bytes")));
        }
        Ok(Arc::from(text))
    }

    fn placeholder() -> Self {
        Arc::from("")
    }
}

impl FromScalar for Length {
    fn from_scalar(kind: &Kind, scalar: &Scalar<'_>) -> Result<Self, Mismatch> {
        let length = match scalar {
            Scalar::Number(value, _) => css::length_in_bounds(Length::Px(*value as f32)),
            Scalar::Text(text) => css::length(text.trim()),
            _ => None,
        };
        let positive = matches!(kind, Kind::Length { positive: true } | Kind::Radius);
        match length {
            Some(Length::Px(value) | Length::Percent(value)) if positive && value < 0.0 => {
                Err(Mismatch::expected("a length that is not negative"))
            }
            Some(length) => Ok(length),
            None => Err(Mismatch::expected("a length")),
        }
    }

    fn placeholder() -> Self {
        Self::Px(0.0)
    }
}

impl FromScalar for Color {
    fn from_scalar(_: &Kind, scalar: &Scalar<'_>) -> Result<Self, Mismatch> {
        scalar.trimmed().and_then(css::color).ok_or_else(|| Mismatch::expected("a CSS colour"))
    }

    fn placeholder() -> Self {
        Self::BLACK
    }
}

impl FromScalar for Fill {
    fn from_scalar(_: &Kind, scalar: &Scalar<'_>) -> Result<Self, Mismatch> {
        const EXPECTED: &str = "a CSS colour or gradient";
        let text = scalar.trimmed().ok_or_else(|| Mismatch::expected(EXPECTED))?;
        if gradient::looks_like_one(text) {
            return gradient::parse(text)
                .map_err(|detail| Mismatch { expected: Cow::Borrowed(EXPECTED), detail: Some(detail) });
        }
        css::color(text).map(Self::Solid).ok_or_else(|| Mismatch::expected(EXPECTED))
    }

    fn placeholder() -> Self {
        Self::Solid(Color::BLACK)
    }
}

/// A name that may stand in names of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name(pub Arc<str>);

/// Whether a text may stand in the name of a file: 1 to 64 letters, digits, `-`, `_` and `.`, not first.
pub(super) fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=64).contains(&text.len()) && text.chars().all(plain) && !text.starts_with('.')
}

impl FromScalar for Name {
    fn from_scalar(_: &Kind, scalar: &Scalar<'_>) -> Result<Self, Mismatch> {
        match scalar.to_text() {
            Some(text) if is_name(&text) => Ok(Self(Arc::from(text))),
            _ => Err(Mismatch::expected("a name of letters, digits, \"-\", \"_\" and \".\", at most 64")),
        }
    }

    fn placeholder() -> Self {
        Self(Arc::from("unnamed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Scalar<'_> {
        Scalar::Text(Cow::Borrowed(text))
    }

    #[test]
    fn numbers_respect_range_and_unit() {
        let px = Kind::Pixels(0.0, 100.0);
        assert_eq!(f32::from_scalar(&px, &text("12px")), Ok(12.0));
        assert_eq!(f32::from_scalar(&px, &text(" 12.5 ")), Ok(12.5));
        let wrong = text("12 ducks");
        let message = f32::from_scalar(&px, &wrong).unwrap_err().describe(&wrong);
        assert_eq!(message, "expected a number of pixels, got \"12 ducks\"");
        let far = Scalar::Number(101.0, None);
        let message = f32::from_scalar(&px, &far).unwrap_err().describe(&far);
        assert_eq!(message, "expected a number of pixels from 0 to 100, got 101");
        assert!(f32::from_scalar(&px, &Scalar::Number(f64::NAN, None)).is_err());
        assert!(f32::from_scalar(&px, &text("inf")).is_err());
        assert_eq!(f32::from_scalar(&Kind::Fraction, &text("45%")), Ok(0.45));
        assert!(f32::from_scalar(&Kind::Fraction, &Scalar::Number(1.5, None)).is_err());
        assert!(u32::from_scalar(&Kind::Whole(1, 9), &Scalar::Number(1.5, None)).is_err());
    }

    #[test]
    fn hidden_messages_do_not_quote() {
        let wrong = text("secret");
        let mismatch = Fill::from_scalar(&Kind::Fill, &wrong).unwrap_err();
        assert!(mismatch.describe(&wrong).contains("secret"));
        assert!(!mismatch.describe_hidden().contains("secret"));
    }
}
