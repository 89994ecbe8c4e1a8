//! Filters as expressions call them.

use super::*;
use minijinja::Value;
use minijinja::context;

fn eval(expression: &str) -> Result<Value, String> {
    let environment = environment(&Locale::parse("en-US").unwrap());
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
    let environment = environment(&Locale::parse("en").unwrap());
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
    let environment = environment(&Locale::parse("en").unwrap());
    let print = |source: &str| environment.render_str(source, context! { half => 0.5, t => true, n => () });
    assert_eq!(print("{{ half * 4 }} {{ half }} {{ t }}\n").unwrap(), "2 0.5 true\n");
    assert!(print("{{ n }}").is_err());
    assert!(print("{{ nothing }}").is_err());
}
