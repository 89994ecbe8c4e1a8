//! The environment that expressions run in: minijinja's filters minus what a card has no use for, plus those that
//! write as a locale does, with bounds on what any of them may produce.
//!
//! [`check_call`] finds at compile time what no row could make right.

mod arguments;
pub(in crate::template) mod bounded;
mod dates;
mod numbers;
#[cfg(test)]
mod tests;
mod text;

use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};

use super::{FormatError, Locale, date, list};
use crate::template::scalar::number_to_text;
use arguments::{invalid, is_option, unknown_option, word};

/// Filters that exist. Formatting, grouping and debugging filters of minijinja are left out: nothing bounds them.
pub(in crate::template) const FILTERS: &[&str] = &[
    "abs",
    "age",
    "bool",
    "capitalize",
    "compact",
    "count",
    "currency",
    "d",
    "date",
    "date_add",
    "days_until",
    "default",
    "first",
    "float",
    "initials",
    "int",
    "join",
    "last",
    "length",
    "lines",
    "list",
    "list_join",
    "lower",
    "map",
    "max",
    "min",
    "number",
    "percent",
    "plural",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "select",
    "selectattr",
    "slug",
    "sort",
    "split",
    "string",
    "sum",
    "time",
    "title",
    "trim",
    "truncate",
    "unique",
    "unit",
    "upper",
];

/// Tests that exist.
pub(in crate::template) const TESTS: &[&str] = &[
    "boolean",
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "equalto",
    "even",
    "false",
    "float",
    "ge",
    "gt",
    "in",
    "int",
    "integer",
    "iterable",
    "le",
    "lessthan",
    "lower",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "sameas",
    "sequence",
    "startingwith",
    "string",
    "true",
    "undefined",
    "upper",
];

/// Filters of minijinja that are taken away.
const REMOVED: &[&str] = &[
    "attr", "batch", "chain", "dictsort", "e", "escape", "format", "groupby", "indent", "items", "pprint", "safe",
    "slice", "zip",
];

/// Instructions that one expression may run.
pub(in crate::template) const FUEL: u64 = 20_000;

/// Options of the filters that write as a locale does. `exactly_*` stands for any number.
const OPTIONS: &[(&str, &[&str])] = &[
    ("age", &[]),
    ("capitalize", &["locale"]),
    ("compact", &["length", "locale"]),
    ("currency", &["accounting", "digits", "locale", "max_digits", "min_digits", "style", "trim_zeros"]),
    ("date", &["length", "locale", "pattern", "time"]),
    ("date_add", &["days", "hours", "minutes", "months", "weeks", "years"]),
    ("days_until", &[]),
    ("initials", &["locale"]),
    ("list_join", &["length", "locale"]),
    ("lower", &["locale"]),
    ("number", &["digits", "grouping", "locale", "max_digits", "min_digits", "trim_zeros"]),
    ("percent", &["digits", "locale", "max_digits", "min_digits", "trim_zeros"]),
    (
        "plural",
        &[
            "digits",
            "exactly_*",
            "few",
            "locale",
            "many",
            "max_digits",
            "min_digits",
            "one",
            "ordinal",
            "other",
            "trim_zeros",
            "two",
            "zero",
        ],
    ),
    ("time", &["locale"]),
    ("title", &["locale"]),
    ("truncate", &["end"]),
    ("unit", &["digits", "length", "locale", "max_digits", "min_digits", "trim_zeros"]),
    ("upper", &["locale"]),
];

fn options_of(filter: &str) -> Option<&'static [&'static str]> {
    OPTIONS.iter().find(|(name, _)| *name == filter).map(|(_, options)| *options)
}

/// Checks a call as it is written: `first`, its first argument if that is a literal, and its options, with the
/// value of those that are literals.
///
/// # Errors
/// An option or a word that the filter does not know, a currency, unit or locale that does not exist.
pub(in crate::template) fn check_call(
    filter: &str,
    first: Option<&str>,
    options: &[(&str, Option<&str>)],
) -> Result<(), String> {
    let Some(known) = options_of(filter) else { return Ok(()) };
    for (name, value) in options {
        if !is_option(known, name) {
            return Err(unknown_option(filter, name, known));
        }
        if let Some(value) = value {
            check_option(filter, name, value).map_err(|error| error.to_string())?;
        }
    }
    let Some(first) = first else { return Ok(()) };
    let checked = match filter {
        "date" => word(first, "date style", date::STYLES).map(|_| ()),
        "time" => word(first, "time style", date::TIME_STYLES).map(|_| ()),
        "list_join" => word(first, "list style", list::STYLES).map(|_| ()),
        _ => numbers::check_first(filter, first),
    };
    checked.map_err(|error| error.to_string())
}

fn check_option(filter: &str, name: &str, value: &str) -> Result<(), FormatError> {
    match (filter, name) {
        // Empty: the template's own.
        (_, "locale") if value.trim().is_empty() => Ok(()),
        (_, "locale") => Ok(Locale::parse(value).map(|_| ())?),
        ("currency", "style") => word(value, "style", super::currency::STYLES).map(|_| ()),
        ("date", "length") => word(value, "length", date::LENGTHS).map(|_| ()),
        ("date", "time") => word(value, "time", date::TIME_STYLES).map(|_| ()),
        ("date", "pattern") => date::check_pattern(value),
        ("unit", "length") => word(value, "length", super::unit::WIDTHS).map(|_| ()),
        ("list_join", "length") => word(value, "length", list::LENGTHS).map(|_| ()),
        ("compact", "length") => word(value, "length", numbers::COMPACT_LENGTHS).map(|_| ()),
        _ => Ok(()),
    }
}

/// The environment of a template with this locale.
pub(in crate::template) fn environment(locale: &Locale) -> Environment<'static> {
    let mut environment = Environment::new();
    let globals: Vec<String> = environment.globals().map(|(name, _)| name.to_owned()).collect();
    for name in globals {
        environment.remove_global(&name);
    }
    for name in REMOVED {
        environment.remove_filter(name);
    }
    environment.set_debug(false);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(64);
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_formatter(|out, _, value| match value.kind() {
        ValueKind::None => Err(Error::from(ErrorKind::UndefinedError)),
        ValueKind::Bool => Ok(out.write_str(if value.is_true() { "true" } else { "false" })?),
        ValueKind::Number if !value.is_integer() => match f64::try_from(value.clone()) {
            Ok(number) if number.is_finite() => Ok(out.write_str(&number_to_text(number))?),
            _ => Err(invalid("the number is not finite")),
        },
        ValueKind::String => Ok(out.write_str(value.as_str().unwrap_or_default())?),
        _ => Ok(write!(out, "{value}")?),
    });
    let syntax = minijinja::syntax::SyntaxConfig::builder().keep_trailing_newline(true).build();
    if let Ok(syntax) = syntax {
        environment.set_syntax(syntax);
    }
    // A field without a value is undefined, and has no value like none.
    environment.add_test("none", |value: &minijinja::Value| value.is_none() || value.is_undefined());
    bounded::add(&mut environment);
    numbers::add(&mut environment, locale);
    dates::add(&mut environment, locale);
    text::add(&mut environment, locale);
    environment
}
