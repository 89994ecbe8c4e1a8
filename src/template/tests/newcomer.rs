//! What a newcomer runs into in the first hour, and what they are told.

use serde_json::json;

use super::*;

fn columns(names: &[&str]) -> Vec<Arc<str>> {
    names.iter().map(|name| Arc::from(*name)).collect()
}

fn told(errors: Vec<TemplateError>) -> Vec<String> {
    errors.iter().map(TemplateError::to_string).collect()
}

#[test]
fn a_lacking_column_of_an_optional_field_can_be_told() {
    let fields = "{ name: { type: text, required: true }, price: { type: number, column: Price }, \
        photo: { type: image, default: a.png }, note: { type: text } }";
    let mut template = with(fields, "  - { type: rect }").unwrap();
    let absent = |template: &Template| told(template.absent_columns(&columns(&["name", "price", "image", "note"])));
    let expected = [
        "line 4, column 49: fields.price: the data has no column \"Price\": every row has no value, did you mean \"price\"?",
        "line 4, column 89: fields.photo: the data has no column \"photo\": every row has its default",
    ];
    assert_eq!(absent(&template), expected);
    template.with_overrides("price", "3").unwrap();
    assert_eq!(absent(&template), expected[1..]);
    // What another field reads is not meant.
    let template = with("{ nam: { type: text }, name: { type: text } }", "  - { type: rect }").unwrap();
    assert!(template.absent_columns(&columns(&["name"]))[0].suggestion.is_none());
}

#[test]
fn a_row_that_does_not_bind_has_its_key_all_the_same() {
    let key = |key: &str, values: serde_json::Value| {
        let source = format!(
            "gravure: 1\nname: t\n{key}sizes: {{ a: {{ width: 9, height: 9 }} }}\nfields: {{ sku: {{ type: text }}, price: {{ type: number, required: true }} }}\nlayers: []\n"
        );
        let (template, row) = (parse(&source).unwrap(), row(values));
        assert!(template.bind(&row, &now()).is_err());
        template.key_of_unbound(&row, &now()).map(|key| key.to_string())
    };
    let wrong = json!({ "sku": "A 7", "price": "on request", "id": 12 });
    assert_eq!(key("", wrong.clone()).as_deref(), Some("12"));
    assert_eq!(key("key: '{{ sku }}'\n", wrong.clone()).as_deref(), Some("A 7"));
    assert_eq!(key("key: 'x-{{ row.sku | slug }}'\n", wrong.clone()).as_deref(), Some("x-a-7"));
    // The value at fault decides the key, or there is none.
    assert_eq!(key("key: \"{{ 'a' if price else 'b' }}\"\n", wrong), None);
    assert_eq!(key("", json!({ "sku": "A 7" })), None);
    assert_eq!(key("key: '{{ sku }}'\n", json!({})), None);
}

#[test]
fn columns_that_only_expressions_name_can_be_checked_against_the_header() {
    let layers = "  - { type: text, text: '{{ row.brnd }} {{ row[\"Odd Column\"] }} {{ row.maybe | default(1) }}' }\n  \
        - { type: rect, when: '{{ row.flag is defined }}' }\n  - { type: rect, when: '{{ row.sale }}' }";
    let template = with("", layers).unwrap();
    let unknown = told(template.unknown_columns(&columns(&["id", "brand", "Odd Column"])));
    let expected = [
        "line 5, column 25: layers[0].text: the data has no column \"brnd\", did you mean \"brand\"?",
        "line 7, column 25: layers[2].when: the data has no column \"sale\"",
    ];
    assert_eq!(unknown, expected);
}

#[test]
fn numbers_and_dates_of_spreadsheets_are_explained() {
    let source = |locale: &str, field: &str| {
        let source = format!(
            "gravure: 1\nname: t\nlocale: {locale}\nsizes: {{ a: {{ width: 9, height: 9 }} }}\nfields: {{ v: {field} }}\nlayers: [{{ type: text, text: '{{{{ v }}}}' }}]\n"
        );
        parse(&source).unwrap()
    };
    let text = |locale: &str, field: &str, value: serde_json::Value| {
        text_of(&source(locale, field), json!({ "v": value })).map_err(|error| error.to_string())
    };
    assert_eq!(text("de", "{ type: number }", json!("1.234,50")), Ok("1234.5".into()));
    assert_eq!(text("en", "{ type: number, locale: de }", json!("1.234")), Ok("1234".into()));
    assert_eq!(text("de", "{ type: number }", json!(1.234)), Ok("1.234".into()));
    let error = text("de", "{ type: number }", json!("1.234")).unwrap_err();
    assert!(
        error.starts_with("v: expected a number, got \"1.234\": in de the point stands between thousands"),
        "{error}"
    );
    let error = text("en", "{ type: number }", json!("€49.90")).unwrap_err();
    assert!(error.contains("leave the currency out of the data"), "{error}");
    // Personal values are not quoted, in advice either.
    let error = text("en", "{ type: number, pii: true }", json!("€49.90")).unwrap_err();
    assert_eq!(error, "v: expected a number, got a value that is not shown because it is personal");
    assert_eq!(text("en", "{ type: date, format: DD.MM.YYYY }", json!("31.01.2026")), Ok("2026-01-31".into()));
    assert_eq!(text("en", "{ type: date }", json!("2026-01-31 10:00")), Ok("2026-01-31T10:00:00".into()));
    let error = text("en", "{ type: date }", json!("31.01.2026")).unwrap_err();
    let expected = "v: expected a date such as 2026-01-31, got \"31.01.2026\": say how the data writes dates, with format: \"DD.MM.YYYY\" in the field";
    assert_eq!(error, expected);
    assert!(text("en", "{ type: date }", json!(46053)).unwrap_err().contains("count of days"));
    let list = source("en", "{ type: list, locale: de, items: number }");
    let list = list.bind(&row(json!({ "v": ["1.000,5"] })), &now()).map(|_| ());
    assert_eq!(list, Ok(()));
    for (field, expected) in [
        ("{ type: text, format: DD.MM.YYYY }", "fields.v.format: only a date has \"format\""),
        ("{ type: date, format: DD.MM }", "fields.v.format: a format of dates needs year, month and day"),
        ("{ type: text, locale: de }", "fields.v.locale: only a number has \"locale\""),
        (
            "{ type: number, locale: de_DE }",
            "fields.v.locale: expected a BCP 47 tag such as en-US, got \"de_DE\", did you mean \"de-DE\"?",
        ),
        ("{ type: number, default: '1,5' }", "fields.v.default: expected a number, got \"1,5\": in en"),
        (
            "{ type: list, items: txt }",
            "fields.v.items: expected named parts or one of text, number, boolean, color, date, image, got \"txt\", did you mean \"text\"?",
        ),
        ("{ type: object }", "an object needs \"fields\""),
        ("{ type: text, fields: { a: { type: text } } }", "only an object has \"fields\""),
        (
            "{ type: list, items: { n: { type: number } }, default: [{ n: x }] }",
            "fields.v.default[0].n: expected a number, got \"x\"",
        ),
    ] {
        let error = with(&format!("{{ v: {field} }}"), "  - { type: rect }").unwrap_err();
        assert!(error.contains(expected), "{field}: {error}");
    }
}

#[test]
fn a_missing_field_is_none_in_conditions() {
    let fields = "{ price: { type: number } }";
    let count = |when: &str, values| {
        let template = with(fields, &format!("  - {{ type: rect, when: '{{{{ {when} }}}}' }}")).unwrap();
        scene_of(&template, values).unwrap().layers.len()
    };
    for (when, missing, there) in [
        ("price is not none", 0, 1),
        ("price is none", 1, 0),
        ("price is defined", 0, 1),
        ("price", 0, 1),
        ("row.price is not none", 0, 1),
        ("row.other is not none", 0, 0),
    ] {
        assert_eq!(
            (count(when, json!({ "price": null })), count(when, json!({ "price": 3 }))),
            (missing, there),
            "{when}"
        );
    }
    let error = with(fields, "  - { type: rect, when: '{{ price != none }}' }").unwrap_err();
    assert!(error.contains("write \"is none\" or \"is not none\""), "{error}");
}

#[test]
fn names_of_other_worlds_lead_to_ours() {
    for (layer, expected) in [
        (
            "{ type: rect, border-radius: 4 }",
            "layers[0].border-radius: unknown key \"border-radius\", did you mean \"radius\"?",
        ),
        ("{ type: rect, background: red }", "did you mean \"fill\"?"),
        ("{ type: text, text: a, font-size: 12 }", "unknown key \"font-size\", it is \"size\" in \"font\""),
        ("{ type: text, text: a, size: 12 }", "unknown key \"size\", it belongs in \"font\""),
        ("{ type: rect, top: 12 }", "unknown key \"top\", it belongs in \"frame\""),
        ("{ type: rect, z-index: 3 }", "unknown key \"z-index\": layers are drawn in their order, the last on top"),
        ("{ type: image, src: a, frame: { x:1 } }", "unknown key \"x:1\": the colon behind a key needs a space"),
    ] {
        let error = with("", &format!("  - {layer}")).unwrap_err();
        assert!(error.contains(expected), "{layer}: {error}");
    }
    let error =
        parse("gravure: 1\nname: t\nlocale: de_DE\nsizes: { a: { width: 9, height: 9 } }\nlayers: []\n").unwrap_err();
    let expected =
        "line 3, column 9: locale: expected a BCP 47 tag such as en-US, got \"de_DE\", did you mean \"de-DE\"?";
    assert_eq!(error, expected);
}

#[test]
fn unquoted_braces_hide_no_other_mistake() {
    let layers = "  - { type: text, text: {{ nmae }}, font: { size: big } }\n  - type: rect\n    fill: #0f172a\n    opacty: 1\n  \
        - type: text\n    text: {{ name }} and {{ name }}\n    align: middle\n";
    let error = with("{ name: { type: text } }", layers).unwrap_err();
    let starts = [
        "line 6, column 25: layers[0].text: unquoted {{ is a mapping in YAML",
        "line 6, column 25: layers[0].text: \"nmae\" is neither a declared field",
        "line 6, column 51: layers[0].font.size: expected a number of pixels, got \"big\"",
        "line 8, column 11: layers[1].fill: a # begins a comment in YAML",
        "line 9, column 5: layers[1].opacty: unknown key",
        "line 11, column 11: layers[2].text: unquoted {{ is a mapping",
        "line 12, column 12: layers[2].align: expected one of",
    ];
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(lines.len(), starts.len(), "{error}");
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "expected {start}\ngot {line}");
    }
    // What is quoted or in a text of several lines is no trap, whatever is wrong elsewhere.
    let layers = "  - type: text\n    text: |\n      a: {{ name }}\n      - #ffffff\n  - { type: rect, fill: #fff }\n";
    let error = with("{ name: { type: text } }", layers).unwrap_err();
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(error.starts_with("line 10, column 25: layers[1].fill: "), "{error}");
}
