//! What filters are called with: values, options by name, and what is wrong with them, before and while rows run.

use fixed_decimal::Decimal;
use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{Error, ErrorKind};

use super::super::number::{DigitsWish, MAX_DIGITS, decimal};
use super::super::{FormatError, Locale, kept};
use crate::template::error::nearest;
use crate::template::reader::shorten;
use crate::template::scalar::{MAX_TEXT_BYTES, number_to_text};

impl From<FormatError> for Error {
    fn from(error: FormatError) -> Self {
        invalid(error.to_string())
    }
}

/// An error of a filter.
pub(super) fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

pub(super) fn too_long() -> Error {
    invalid(format!("the text grows beyond {MAX_TEXT_BYTES} bytes"))
}

/// The text of a value.
pub(super) fn text_of(value: &Value) -> Result<String, Error> {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => Err(Error::from(ErrorKind::UndefinedError)),
        ValueKind::Number if !value.is_integer() => f64::try_from(value.clone()).map(number_to_text),
        _ => Ok(value.to_string()),
    }
}

/// A number, exact where it is whole.
pub(super) fn number_of(value: &Value) -> Result<Decimal, Error> {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => Err(Error::from(ErrorKind::UndefinedError)),
        ValueKind::Number => match i128::try_from(value.clone()) {
            Ok(whole) if value.is_integer() => Ok(Decimal::from(whole)),
            _ => Ok(decimal(f64::try_from(value.clone())?)?),
        },
        ValueKind::String => Err(invalid(
            "expected a number, got text: declare a field of type number for the column, or convert it with float",
        )),
        kind => Err(invalid(format!("expected a number, got a value of type {kind}"))),
    }
}

/// The options of one call. Every one is asked for by name; [`Self::finish`] refuses the others.
pub(super) struct Options<'c> {
    filter: &'static str,
    kwargs: &'c Kwargs,
    is_empty: bool,
    default_locale: &'c Locale,
}

impl<'c> Options<'c> {
    pub fn new(filter: &'static str, kwargs: &'c Kwargs, default_locale: &'c Locale) -> Self {
        Self { filter, kwargs, is_empty: kwargs.args().next().is_none(), default_locale }
    }

    /// The value of an option, if it is given and there.
    pub fn value(&self, name: &'static str) -> Result<Option<Value>, Error> {
        // Looking an option up costs more than writing a number: most calls have none or one.
        if self.is_empty || !self.kwargs.has(name) {
            return Ok(None);
        }
        self.kwargs.get::<Option<Value>>(name)
    }

    /// The locale of `locale=`, else the template's: also where a row has none.
    pub fn locale(&self) -> Result<Locale, Error> {
        match self.value("locale")? {
            None => Ok(self.default_locale.clone()),
            Some(value) => match value.as_str() {
                Some(tag) if tag.trim().is_empty() => Ok(self.default_locale.clone()),
                Some(tag) => kept::locale(tag).map_err(|error| FormatError::from(error).into()),
                None => Err(invalid(format!("locale must be text, got a value of type {}", value.kind()))),
            },
        }
    }

    /// `true` or `false`.
    pub fn flag(&self, name: &'static str, default: bool) -> Result<bool, Error> {
        match self.value(name)? {
            None => Ok(default),
            Some(value) if value.kind() == ValueKind::Bool => Ok(value.is_true()),
            Some(value) => Err(invalid(format!("{name} must be true or false, got a value of type {}", value.kind()))),
        }
    }

    /// A whole number.
    pub fn whole(&self, name: &'static str) -> Result<Option<i64>, Error> {
        self.value(name)?.map(|value| whole_of(&value, name)).transpose()
    }

    /// One of some words.
    pub fn word<T: Copy>(&self, name: &'static str, words: &[(&str, T)]) -> Result<Option<T>, Error> {
        let Some(value) = self.value(name)? else { return Ok(None) };
        Ok(Some(word_of(&value, name, words)?))
    }

    /// Decimals: `digits` (or the first argument), `min_digits`, `max_digits`, `trim_zeros`.
    pub fn digits(&self, positional: Option<&Value>) -> Result<DigitsWish, Error> {
        let bounded = |value: &Value, name| {
            let digits = whole_of(value, name)?;
            match u8::try_from(digits) {
                Ok(few) if few <= MAX_DIGITS => Ok(few),
                _ if digits < 0 => Err(invalid(format!("{name} must not be negative"))),
                _ => Err(FormatError::TooManyDigits { digits: digits.unsigned_abs(), most: MAX_DIGITS }.into()),
            }
        };
        let read = |name| self.value(name)?.map(|value| bounded(&value, name)).transpose();
        let exactly = match positional {
            Some(value) => Some(bounded(value, "digits")?),
            None => read("digits")?,
        };
        let (min, max) = (read("min_digits")?, read("max_digits")?);
        if exactly.is_some() && (min.is_some() || max.is_some()) {
            return Err(invalid("digits says it all: leave min_digits and max_digits out"));
        }
        if let (Some(min), Some(max)) = (min, max)
            && min > max
        {
            return Err(invalid(format!("min_digits is {min}, which is more than max_digits, {max}")));
        }
        Ok(DigitsWish { min: exactly.or(min), max: exactly.or(max), trim_whole: self.flag("trim_zeros", false)? })
    }

    /// Refuses options that nobody asked for.
    pub fn finish(&self) -> Result<(), Error> {
        match self.kwargs.assert_all_used() {
            Ok(()) => Ok(()),
            Err(_) => {
                let known = super::options_of(self.filter).unwrap_or_default();
                let wrong = self.kwargs.args().find(|name| !is_option(known, name)).unwrap_or_default();
                Err(invalid(unknown_option(self.filter, wrong, known)))
            }
        }
    }
}

/// Whether a filter takes an option; `exactly_*` stands for any number.
pub(super) fn is_option(known: &[&str], name: &str) -> bool {
    let is_exact = || name.strip_prefix("exactly_").is_some_and(|number| number.parse::<u32>().is_ok());
    known.contains(&name) || known.contains(&"exactly_*") && is_exact()
}

pub(super) fn unknown_option(filter: &str, wrong: &str, known: &[&str]) -> String {
    let near = nearest(wrong, known.iter().copied()).map(|near| format!(", did you mean \"{near}\"?"));
    format!("{filter} has no option \"{}\"{}", shorten(wrong), near.unwrap_or_default())
}

/// A whole number, for an option of this name.
pub(super) fn whole_of(value: &Value, name: &str) -> Result<i64, Error> {
    let wrong = || invalid(format!("{name} must be a whole number"));
    if value.kind() != ValueKind::Number {
        return Err(wrong());
    }
    i64::try_from(value.clone()).map_err(|_| wrong())
}

/// One of some words, for an option of this name.
pub(super) fn word_of<T: Copy>(value: &Value, name: &'static str, words: &[(&str, T)]) -> Result<T, Error> {
    match value.as_str() {
        Some(text) => Ok(word(text, name, words)?),
        None => Err(invalid(format!("{name} must be text, got a value of type {}", value.kind()))),
    }
}

/// One of some words.
pub(super) fn word<T: Copy>(text: &str, what: &'static str, words: &[(&str, T)]) -> Result<T, FormatError> {
    words.iter().find(|(known, _)| *known == text).map(|(_, value)| *value).ok_or_else(|| {
        let known: Vec<&str> = words.iter().map(|(known, _)| *known).collect();
        // Few words are all told, of many the nearest.
        let near = nearest(text, known.iter().copied()).map(str::to_owned);
        FormatError::UnknownWord { what, word: shorten(text), near: near.or_else(|| Some(known.join("\", \""))) }
    })
}
