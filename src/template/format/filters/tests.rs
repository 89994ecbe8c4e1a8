//! Filters as expressions call them.

use std::sync::Arc;

use minijinja::{Value, context};
use proptest::prelude::*;

use super::*;
use crate::template::expression::Program;

fn eval(expression: &str) -> Result<Value, String> {
    let environment = environment(&Locale::parse("en-US").unwrap());
    let context = context! {
        name => "Crème Brûlée's Ünion", price => 1234.5, whole => 10, list => vec!["a", "b"], lang => "de-DE",
        empty => "", day => "2026-01-31", evening => "2026-01-31T18:30:00Z", now => "2026-01-29T09:00:00Z",
        born => "1990-05-17", code => "JPY", wrong => "USB",
    };
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

#[test]
fn money_in_every_way() {
    for (expression, expected) in [
        ("price | currency('EUR', locale='de-DE')", "1.234,50\u{a0}€"),
        ("price | currency('EUR', locale=lang)", "1.234,50\u{a0}€"),
        ("price | currency('EUR', locale=empty)", "€1,234.50"),
        ("price | currency('EUR', locale=missing)", "€1,234.50"),
        ("price | currency(code)", "¥1,235"),
        ("price | currency('USD', style='code')", "USD\u{a0}1,234.50"),
        ("-5 | currency('USD', accounting=true)", "($5.00)"),
        ("whole | currency('USD', trim_zeros=true)", "$10"),
        ("price | currency('USD', trim_zeros=true)", "$1,234.50"),
        ("price | currency('USD', digits=0)", "$1,235"),
        ("price | currency('USD', max_digits=1)", "$1,234.5"),
        ("1.005 | currency('USD')", "$1.01"),
        ("9007199254740993 | currency('USD', 0)", "$9,007,199,254,740,993"),
    ] {
        assert_eq!(text(expression), expected, "{expression}");
    }
}

#[test]
fn numbers_in_every_way() {
    for (expression, expected) in [
        ("price | number", "1,234.5"),
        ("price | number(2, locale='fr')", "1\u{202f}234,50"),
        ("price | number(min_digits=2)", "1,234.50"),
        ("1234.56789 | number", "1,234.568"),
        ("1234.56789 | number(max_digits=5)", "1,234.56789"),
        ("price | number(grouping=false)", "1234.5"),
        ("0.125 | percent", "12.5%"),
        ("0.125 | percent(0)", "13%"),
        ("0.125 | percent(locale='tr')", "%12,5"),
        ("1250000 | compact", "1.3M"),
        ("1250000 | compact(length='long', locale='de')", "1,3 Millionen"),
        ("whole | unit('kg')", "10 kg"),
        ("1 | unit('kilogram', length='long', locale='es')", "1 kilogramo"),
        ("2.5 | unit('l', 2)", "2.50 L"),
        ("1 | plural(one='# item', other='# items')", "1 item"),
        ("1200 | plural(one='# item', other='# items')", "1,200 items"),
        ("0 | plural(exactly_0='nothing', one='# item', other='# items')", "nothing"),
        ("3 | plural(one='# день', few='# дня', many='# дней', other='# дня', locale='ru')", "3 дня"),
        ("3 | plural(one='# item', other='# items', locale='ru')", "3 items"),
        ("23 | plural(ordinal=true, one='#st', two='#nd', few='#rd', other='#th')", "23rd"),
    ] {
        assert_eq!(text(expression), expected, "{expression}");
    }
}

#[test]
fn dates_in_every_way() {
    for (expression, expected) in [
        ("day | date", "Jan 31, 2026"),
        ("day | date('full', locale='de')", "Samstag, 31. Januar 2026"),
        ("day | date('day_month', length='short')", "1/31"),
        ("day | date(pattern='d MMM', locale='fr')", "31 janv."),
        ("evening | date('short', time='short')", "1/31/26, 6:30\u{202f}PM"),
        ("evening | time", "6:30\u{202f}PM"),
        ("evening | time('medium', locale='de')", "18:30:00"),
        ("now | date", "Jan 29, 2026"),
        ("day | days_until(now)", "2"),
        ("now | days_until(day)", "-2"),
        ("born | age(now)", "35"),
        ("day | date_add(days=1)", "2026-02-01"),
        ("day | date_add(months=1) | date('long')", "February 28, 2026"),
        ("evening | date_add(hours=6)", "2026-02-01T00:30:00Z"),
        ("(day | days_until(now)) | plural(one='# day left', other='# days left')", "2 days left"),
    ] {
        assert_eq!(text(expression), expected, "{expression}");
    }
}

#[test]
fn texts_in_every_way() {
    for (expression, expected) in [
        ("'istanbul' | upper(locale='tr')", "İSTANBUL"),
        ("'RED SHOES' | lower | title", "Red Shoes"),
        ("'RED SHOES' | capitalize", "Red shoes"),
        ("'Ada King Lovelace' | initials", "AL"),
        ("'Ada King Lovelace' | initials(3)", "AKL"),
        ("'The quick brown fox' | truncate(12)", "The quick…"),
        ("'The quick brown fox' | truncate(12, end='')", "The quick"),
        ("['a', 'b', 'c'] | list_join", "a, b, and c"),
        ("['a', 'b', 'c'] | list_join('or', locale='de')", "a, b oder c"),
        ("['a', 2] | list_join", "a and 2"),
    ] {
        assert_eq!(text(expression), expected, "{expression}");
    }
}

#[test]
fn what_cannot_be_written_says_why() {
    for (expression, expected) in [
        ("price | currency(wrong)", "\"USB\" is not an ISO 4217 currency code in use, did you mean \"USD\"?"),
        ("price | currency('EUR', locale='xx_bad')", "expected a BCP 47 tag such as en-US, got \"xx_bad\""),
        ("price | currency('EUR', locale='de_DE')", "did you mean \"de-DE\"?"),
        ("price | currency('EUR', locale=5)", "locale must be text"),
        ("price | currency", "currency needs a code"),
        ("price | currency(5)", "a currency code is text"),
        ("price | currency('EUR', 99)", "at most 20 decimals can be written, got 99"),
        ("price | currency('EUR', -1)", "digits must not be negative"),
        ("price | currency('EUR', 1.5)", "digits must be a whole number"),
        ("price | currency('EUR', digits=1, min_digits=2)", "digits says it all"),
        ("price | number(min_digits=3, max_digits=2)", "more than max_digits"),
        ("price | currency('EUR', stile='code')", "currency has no option \"stile\", did you mean \"style\"?"),
        ("price | currency('EUR', style='sign')", "there is no style \"sign\""),
        ("'12' | currency('EUR')", "expected a number, got text"),
        ("(1e308 * 10) | currency('EUR')", "a number must be finite"),
        ("price | unit('kilogramm')", "did you mean \"kilogram\"?"),
        ("price | unit", "unit needs a name"),
        ("price | plural(one='x')", "plural needs other"),
        ("price | plural(other='x', fuw='y')", "plural has no option \"fuw\", did you mean \"few\"?"),
        ("day | date('lnog')", "did you mean \"long\"?"),
        ("day | time", "has no time of day"),
        ("name | date", "expected a date such as 2026-01-31"),
        ("price | date", "date expects a date, got a value of type number"),
        ("day | date('month', time='short')", "goes only with a whole date"),
        ("day | date('long', pattern='d')", "a pattern says it all"),
        ("day | date(pattern='foo')", "\"f\" is no symbol of a date"),
        ("day | days_until", "days_until(now)"),
        ("day | age", "age(now)"),
        ("day | date_add", "date_add needs"),
        ("day | date_add(days=99999999999999)", "too long"),
        ("day | date_add(days=7000000)", "out of range"),
        ("day | date_add(months=1, days=-1)", "use it twice"),
        ("name | truncate", "truncate needs"),
        ("name | truncate(-1)", "must not be negative"),
        ("whole | list_join", ""),
        ("missing | currency('EUR')", ""),
        ("missing | date", ""),
    ] {
        let message = text(expression);
        assert!(message.starts_with("error") && message.contains(expected), "{expression}: {message}");
    }
}

#[test]
fn mistakes_in_literals_are_found_before_rows() {
    let compile = |source: &str| {
        let environment = Arc::new(environment(&Locale::parse("en").unwrap()));
        Program::compile(&environment, source).map(|_| ())
    };
    for (source, expected) in [
        ("{{ price | currency('USB') }}", "ISO 4217"),
        ("{{ price | currency('EUR', locale='de_DE') }}", "did you mean \"de-DE\"?"),
        ("{{ price | currency('EUR', stile='code') }}", "did you mean \"style\"?"),
        ("{{ price | currency('EUR', style='cod') }}", "did you mean \"code\"?"),
        ("{{ price | unit('kilogramm') }}", "no unit"),
        ("{{ price | unit('kg', length='longer') }}", "no length"),
        ("{{ day | date('lnog') }}", "no date style"),
        ("{{ day | date(pattern='foo') }}", "no symbol"),
        ("{{ day | time('full') }}", "no time style"),
        ("{{ list | list_join('xor') }}", "no list style"),
        ("{{ name | upper(local='tr') }}", "did you mean \"locale\"?"),
        ("{{ (a | default(b=[1, (2)])) | compact(length='huge') }}", "no length"),
        ("{% if a %}{{ n | plural(oen='x', other='y') }}{% endif %}", "did you mean \"one\"?"),
    ] {
        let error = compile(source).unwrap_err();
        assert!(error.contains(expected), "{source}: {error}");
    }
    for fine in [
        "{{ price | currency('USB' if a else 'EUR') }}",
        "{{ price | currency(code, locale=row.lang) }}",
        "{{ price | currency('EUR', locale='de-DE' if a else 'fr-FR') }}",
        "{{ price | currency('EUR', locale='') }}",
        "{{ n | plural(exactly_0='none', exactly_12='a dozen', other='#') }}",
        "{{ day | date('month_year') }}",
        "{{ list | sort(reverse=true) | list_join }}",
    ] {
        assert_eq!(compile(fine), Ok(()), "{fine}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn hostile_values_are_written_or_refused(
        number in any::<f64>(), whole in any::<i64>(), text in "\\PC{0,40}", date in "[0-9TZ:+ .-]{0,30}",
        tag in "[a-zA-Z_-]{0,12}",
    ) {
        let environment = environment(&Locale::parse("ar-EG").unwrap());
        for expression in [
            "number | currency('EUR')", "number | number", "number | percent", "number | compact",
            "number | unit('kg', length='long')", "number | plural(one='#', other='##')",
            "whole | currency('JPY', locale='hi')", "whole | compact(locale='ja')", "whole | number(20)",
            "text | upper", "text | lower", "text | title", "text | capitalize", "text | initials(3)",
            "text | truncate(5)", "[text, text, text] | list_join(locale='es')", "whole | currency(text)",
            "whole | unit(text)", "date | date('full')", "date | time", "date | date_add(days=whole)",
            "date | age(date)", "'2026-01-31' | date(pattern=text)", "1 | plural(other=text)",
            "whole | currency('EUR', locale=tag)", "text | slug",
        ] {
            let compiled = environment.compile_expression(expression).unwrap();
            if let Err(error) = compiled.eval(context! { number, whole, text => text.as_str(), date => date.as_str(), tag => tag.as_str() }) {
                prop_assert!(error.to_string().len() < 500, "{expression}: {error}");
            }
        }
    }
}
