//! Filters of numbers: `number`, `percent`, `compact`, `currency`, `unit`, `plural`.

use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{Environment, Error};

use super::super::currency::{self, CurrencyOptions, STYLES, currency};
use super::super::number::{self, Digits};
use super::super::plural::{CATEGORIES, category, insert};
use super::super::unit::{UnitWidth, WIDTHS, unit};
use super::super::{FormatError, Locale};
use super::arguments::{Options, invalid, number_of, text_of, too_long};
use crate::template::scalar::MAX_TEXT_BYTES;

/// Words for lengths of compact numbers: whether they have words.
pub(super) const COMPACT_LENGTHS: &[(&str, bool)] = &[("short", false), ("long", true)];

/// Decimals of numbers unless something else is asked for, as CLDR's patterns have it.
const USUAL: Digits = Digits::up_to(3);
/// Decimals of percent.
const USUAL_PERCENT: Digits = Digits::up_to(2);

/// Adds them.
pub(super) fn add(environment: &mut Environment<'static>, locale: &Locale) {
    let default = locale.clone();
    environment.add_filter("number", move |value: &Value, digits: Option<Value>, kwargs: Kwargs| {
        let options = Options::new("number", &kwargs, &default);
        let wish = options.digits(digits.as_ref())?;
        let (locale, grouping) = (options.locale()?, options.flag("grouping", true)?);
        options.finish()?;
        Ok::<_, Error>(number::number(number_of(value)?, &locale, wish.over(USUAL), grouping))
    });
    let default = locale.clone();
    environment.add_filter("percent", move |value: &Value, digits: Option<Value>, kwargs: Kwargs| {
        let options = Options::new("percent", &kwargs, &default);
        let (wish, locale) = (options.digits(digits.as_ref())?, options.locale()?);
        options.finish()?;
        Ok::<_, Error>(number::percent(number_of(value)?, &locale, wish.over(USUAL_PERCENT)))
    });
    let default = locale.clone();
    environment.add_filter("compact", move |value: &Value, kwargs: Kwargs| {
        let options = Options::new("compact", &kwargs, &default);
        let (locale, in_words) = (options.locale()?, options.word("length", COMPACT_LENGTHS)?.unwrap_or(false));
        options.finish()?;
        Ok::<_, Error>(number::compact(number_of(value)?, &locale, in_words))
    });
    let default = locale.clone();
    environment.add_filter(
        "currency",
        move |value: &Value, code: Option<Value>, digits: Option<Value>, kwargs: Kwargs| {
            let options = Options::new("currency", &kwargs, &default);
            money(value, code.as_ref(), digits.as_ref(), &options)
        },
    );
    let default = locale.clone();
    environment.add_filter("unit", move |value: &Value, name: Option<Value>, digits: Option<Value>, kwargs: Kwargs| {
        let options = Options::new("unit", &kwargs, &default);
        let (wish, locale) = (options.digits(digits.as_ref())?, options.locale()?);
        let width = options.word("length", WIDTHS)?.unwrap_or(UnitWidth::Short);
        options.finish()?;
        let name = name.as_ref().and_then(Value::as_str).ok_or_else(|| invalid("unit needs a name: unit('kg')"))?;
        Ok::<_, Error>(unit(number_of(value)?, name, &locale, width, wish.over(USUAL))?)
    });
    let default = locale.clone();
    environment.add_filter("plural", move |value: &Value, kwargs: Kwargs| {
        plural(value, &kwargs, &Options::new("plural", &kwargs, &default))
    });
}

fn money(value: &Value, code: Option<&Value>, digits: Option<&Value>, options: &Options<'_>) -> Result<String, Error> {
    let asked = CurrencyOptions {
        style: options.word("style", STYLES)?.unwrap_or_default(),
        digits: options.digits(digits)?,
        accounting: options.flag("accounting", false)?,
    };
    let locale = options.locale()?;
    options.finish()?;
    match code {
        None => Err(invalid("currency needs a code: currency('EUR')")),
        Some(code) => match code.as_str() {
            Some(code) => Ok(currency(number_of(value)?, code.trim(), &locale, asked)?),
            None => Err(invalid(format!("a currency code is text, got a value of type {}", code.kind()))),
        },
    }
}

fn plural(value: &Value, kwargs: &Kwargs, options: &Options<'_>) -> Result<String, Error> {
    let wish = options.digits(None)?;
    let (locale, is_ordinal) = (options.locale()?, options.flag("ordinal", false)?);
    let number = number::round(number_of(value)?, wish.over(USUAL));
    let written = number::formatted(&number, &locale, true);
    let mut form = None;
    for name in kwargs.args() {
        let Some(exact) = name.strip_prefix("exactly_").and_then(|exact| exact.parse::<u32>().ok()) else { continue };
        let candidate = kwargs.get::<Value>(name)?;
        if number::decimal(f64::from(exact))? == trimmed(&number) {
            form = Some(candidate);
        }
    }
    let wanted = category(&number, &locale, is_ordinal);
    let mut other = None;
    for (name, _) in CATEGORIES {
        let Some(candidate) = options.value(name)? else { continue };
        if *name == wanted {
            form = form.or(Some(candidate.clone()));
        }
        if *name == "other" {
            other = Some(candidate);
        }
    }
    options.finish()?;
    let other = other.ok_or_else(|| invalid("plural needs other='…', the form for every other number"))?;
    let form = form.unwrap_or(other);
    if matches!(form.kind(), ValueKind::Undefined | ValueKind::None) {
        return Err(invalid("a form of plural has no value"));
    }
    let form = text_of(&form)?;
    if form.matches('#').count().saturating_mul(written.len()).saturating_add(form.len()) > MAX_TEXT_BYTES {
        return Err(too_long());
    }
    Ok(insert(&form, &written))
}

fn trimmed(number: &fixed_decimal::Decimal) -> fixed_decimal::Decimal {
    let mut number = number.clone();
    number.absolute.trim_end();
    number
}

/// Whether the first argument of a filter could be right.
pub(super) fn check_first(filter: &str, literal: &str) -> Result<(), FormatError> {
    match filter {
        "currency" => currency::check_currency(literal),
        "unit" => super::super::unit::check_unit(literal).map(|_| ()),
        _ => Ok(()),
    }
}
