//! The environment that expressions run in: minijinja's filters minus what a card has no use for, plus
//! `slug`, `number` and `currency`, with bounds on what any of them may produce.

use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};

use super::number_format::NumberFormat;
use super::scalar::{MAX_TEXT_BYTES, number_to_text};

/// Filters that exist. Formatting, grouping and debugging filters of minijinja are left out: nothing bounds them.
pub(super) const FILTERS: &[&str] = &[
    "abs",
    "bool",
    "capitalize",
    "count",
    "currency",
    "d",
    "default",
    "first",
    "float",
    "int",
    "join",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "number",
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
    "title",
    "trim",
    "unique",
    "upper",
];

/// Tests that exist.
pub(super) const TESTS: &[&str] = &[
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
pub(super) const FUEL: u64 = 20_000;

/// The environment of a template with this locale.
pub(super) fn environment(numbers: NumberFormat) -> Environment<'static> {
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
    environment.add_test("none", |value: &Value| value.is_none() || value.is_undefined());
    environment.add_filter("slug", |value: &Value| slug(&text_of(value)?));
    environment.add_filter("replace", |value: &Value, from: &Value, to: &Value| {
        replace(&text_of(value)?, &text_of(from)?, &text_of(to)?)
    });
    environment.add_filter("join", join);
    let format = numbers.clone();
    environment.add_filter("number", move |value: &Value, decimals: Option<u8>| {
        format.number(number_of(value)?, decimals).map_err(invalid)
    });
    environment.add_filter("currency", move |value: &Value, code: &str, decimals: Option<u8>| {
        numbers.currency(number_of(value)?, code, decimals).map_err(invalid)
    });
    environment
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

fn text_of(value: &Value) -> Result<String, Error> {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => Err(Error::from(ErrorKind::UndefinedError)),
        ValueKind::Number if !value.is_integer() => f64::try_from(value.clone()).map(number_to_text),
        _ => Ok(value.to_string()),
    }
}

fn number_of(value: &Value) -> Result<f64, Error> {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => Err(Error::from(ErrorKind::UndefinedError)),
        ValueKind::Number => f64::try_from(value.clone()),
        kind => Err(invalid(format!("expected a number, got a value of type {kind}"))),
    }
}

fn too_long() -> Error {
    invalid(format!("the text grows beyond {MAX_TEXT_BYTES} bytes"))
}

/// Lower-case ASCII words joined by hyphens: `Crème brûlée!` is `creme-brulee`.
fn slug(text: &str) -> Result<String, Error> {
    let mut slug = String::new();
    for c in deunicode::deunicode(text).chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if c != '\'' && !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() > MAX_TEXT_BYTES {
            return Err(too_long());
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    Ok(slug)
}

fn replace(text: &str, from: &str, to: &str) -> Result<String, Error> {
    let grown = text.matches(from).count().saturating_mul(to.len()).saturating_add(text.len());
    if grown > 2 * MAX_TEXT_BYTES {
        return Err(too_long());
    }
    Ok(text.replace(from, to))
}

fn join(list: &Value, separator: Option<&Value>, attribute: Option<&str>) -> Result<String, Error> {
    let separator = separator.map(text_of).transpose()?.unwrap_or_default();
    let mut joined = String::new();
    for (index, item) in list.try_iter()?.enumerate() {
        if index > 0 {
            joined.push_str(&separator);
        }
        let item = match attribute {
            Some(attribute) => item.get_attr(attribute)?,
            None => item,
        };
        joined.push_str(&text_of(&item)?);
        if joined.len() > MAX_TEXT_BYTES || index > MAX_TEXT_BYTES {
            return Err(too_long());
        }
    }
    Ok(joined)
}

#[cfg(test)]
mod tests {
    use super::*;
    use minijinja::context;

    fn eval(expression: &str) -> Result<Value, String> {
        let environment = environment(NumberFormat::new("en-US").unwrap());
        let context = context! { name => "Crème Brûlée's Ünion", price => 1234.5, whole => 10, list => vec!["a", "b"] };
        let compiled = environment.compile_expression(expression).map_err(|e| e.to_string())?;
        compiled.eval(context).map_err(|e| e.to_string())
    }

    fn text(expression: &str) -> String {
        eval(expression).map_or_else(|error| format!("error: {error}"), |value| value.to_string())
    }

    #[test]
    fn own_filters() {
        assert_eq!(text("name | slug"), "creme-brulees-union");
        assert_eq!(text("price | currency('EUR')"), "€1,234.50");
        assert_eq!(text("price | currency('EUR', 0)"), "€1,235");
        assert_eq!(text("price | number(1)"), "1,234.5");
        assert_eq!(text("list | join(', ')"), "a, b");
        assert_eq!(text("name | replace('Ü', 'U') | upper"), "CRÈME BRÛLÉE'S UNION");
        assert!(text("name | currency('EUR')").contains("expected a number"));
        assert!(text("missing | upper").starts_with("error"));
        assert_eq!(text("missing | default('x')"), "x");
    }

    #[test]
    fn every_filter_and_test_named_exists_and_no_other() {
        let environment = environment(NumberFormat::new("en").unwrap());
        let is = |name: &str, test: &str| {
            let source = format!("name is {test}");
            let expression = environment.compile_expression(&source).unwrap();
            expression.eval(context! { name }).unwrap().is_true()
        };
        for name in FILTERS {
            assert!(is(name, "filter"), "{name}");
        }
        for name in TESTS {
            assert!(is(name, "test"), "{name}");
        }
        for name in REMOVED {
            assert!(!is(name, "filter"), "{name}");
        }
        assert_eq!(environment.globals().count(), 0);
    }

    #[test]
    fn growth_is_bounded() {
        let grow = "('aaaaaaaaaa' * 1000) | replace('a', 'bbbbbbbbbb' * 1000)";
        assert!(text(grow).contains("grows beyond"), "{}", text(grow));
        assert!(text("(['aaaaaaaaaa' * 1000] * 1000) | join").contains("grows beyond"));
    }

    #[test]
    fn printing_is_what_a_designer_expects() {
        let environment = environment(NumberFormat::new("en").unwrap());
        let print = |source: &str| environment.render_str(source, context! { half => 0.5, t => true, n => () });
        assert_eq!(print("{{ half * 4 }} {{ half }} {{ t }}\n").unwrap(), "2 0.5 true\n");
        assert!(print("{{ n }}").is_err());
        assert!(print("{{ nothing }}").is_err());
    }
}
