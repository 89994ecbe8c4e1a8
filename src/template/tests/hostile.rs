//! Whatever comes in, it is read or refused: hostile templates, random edits, random rows, random bytes.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::job::{RowReader, RowSyntax};

/// A template with every feature that a row can reach.
const EVERYTHING: &str = r##"gravure: 1
name: all
locale: de
key: "{{ sku | default(index) }}"
sizes: { a: { width: 100, height: 60 }, b: { width: 40, height: 90, scale: 1.5 } }
fields:
  sku: { type: text }
  price: { type: number, default: 1 }
  cost: { type: number, locale: en }
  on: { type: boolean, default: false }
  tint: { type: color, default: teal }
  until: { type: date, format: DD.MM.YYYY }
  photo: { type: image, default: none.png }
  who: { type: text, default: "", pii: true }
  tags: { type: list, items: text, default: [] }
  days: { type: list, items: date, default: [] }
  maker: { type: object, fields: { name: { type: text }, at: { type: object, fields: { town: { type: text } } } } }
  products: { type: list, default: [], items: { name: { type: text }, price: { type: number }, photo: { type: image }, tags: { type: list, items: text } } }
layers:
  - { type: rect, frame: full, fill: "{{ tint }}", when: "{{ on is not none }}" }
  - type: text
    transform: title
    direction: auto
    decoration: { line: underline, color: "{{ tint }}" }
    text_shadow: [{ y: 1 }, { x: 2, blur: 3 }]
    spans:
      - { text: "{{ sku | default('x') }} {{ who }}" }
      - { text: "{{ price | number }}", when: "{{ price }}", transform: upper, decoration: line-through }
      - { text: "{{ cost | default(0) }}{{ until | default('') }}", font: { size: 20 } }
    sizes: { b: { transform: lower } }
  - { type: image, src: "{{ photo }}", placeholder: none.png }
  - { type: image, src: "x/{{ row.file | default(key) }}.png", on_error: hide }
  - type: repeat
    for: p in products
    limit: 7
    direction: row
    wrap: true
    empty: [{ type: text, text: "nothing, {{ maker.name | default('-') }}" }]
    layers:
      - { type: text, text: "{{ loop.index }}/{{ loop.length }} {{ p.name | default('') | upper }}{{ row['Odd Column'] | default('') }}" }
      - { type: image, src: "{{ p.photo | default('') }}" }
      - { type: repeat, for: tag in p.tags, layers: [{ type: text, text: "{{ tag }}{{ loop.last }}" }] }
  - { type: repeat, for: "t in tags[:3]", layers: [{ type: text, text: "{{ t | title }}" }] }
  - { type: repeat, for: d in days, layers: [{ type: text, text: "{{ d }}" }] }
  - { type: repeat, for: x in row.anything, limit: 3, layers: [{ type: text, text: "{{ x.a | default(x) }}" }] }
  - { type: rating, value: "{{ [[price, 0] | max, 5] | min }}" }
"##;

#[test]
fn hostile_templates_end_in_errors() {
    let deep = format!("  - {}", "{type: group, layers: [".repeat(60));
    for layers in
        [deep.as_str(), "  - *x", "  - []", "  - ~", "  - { type: { a: 1 } }", "  - { type: text, text: [1] }"]
    {
        assert!(with("", layers).is_err(), "{layers}");
    }
    for (links, is_fine) in [
        ("+1".repeat(240), true),
        ("+1".repeat(8_000), false),
        ("|upper".repeat(240), true),
        ("| upper".repeat(2_300), false),
    ] {
        let chain = with("", &format!("  - {{ type: text, text: '{{{{ 1{links} }}}}' }}"));
        assert_eq!(chain.is_ok(), is_fine);
        let _ = chain.map(|template| text_of(&template, json!({})));
    }
    for tags in ["{% elif key %}b".repeat(240), "{% if key %}".repeat(240), "{% for a in b %}".repeat(240)] {
        let _ = with("", &format!("  - {{ type: text, text: '{{% if key %}}a{tags}{{% endif %}}' }}"));
    }
    let long = format!("  - {{ type: text, text: '{}' }}", "x".repeat(100_000));
    assert!(with("", &long).unwrap_err().contains("at most 65536 bytes"));
    // Every layer times every size would be millions: what a size does not override is shared.
    let sizes: Vec<String> = (0..64).map(|index| format!("s{index}: {{ width: 1, height: 1 }}")).collect();
    let layers = "  - {type: text, text: '{{key}}', sizes: {}}\n".repeat(10_000);
    let source = format!("gravure: 1\nname: t\nsizes: {{ {} }}\nlayers:\n{layers}", sizes.join(", "));
    let template = parse(&source).unwrap();
    assert!(Arc::ptr_eq(&template.layers[0][9_999], &template.layers[63][9_999]));
    let many = "  - { type: rect, fil: red }\n".repeat(20_000);
    assert!(
        Template::parse(
            format!("gravure: 1\nname: t\nsizes: {{ a: {{ width: 1, height: 1 }} }}\nlayers:\n{many}").as_bytes(),
            Syntax::Yaml
        )
        .unwrap_err()
        .0
        .len()
            <= 200
    );
    assert!(with("{ list: { type: list, items: { list: { type: list, items: {} } } } }", "  - { type: rect }").is_ok());
}

static TEMPLATE: LazyLock<Template> = LazyLock::new(|| parse(EVERYTHING).expect("the template is fine"));

/// A value of JSON, often of a kind that some field takes.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let word = prop_oneof![
        "[-+.,'0-9 e€%]{0,9}",
        ".{0,12}",
        "[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2,4}",
        Just("{{ x }}{% for %}".to_owned()),
        Just("[{\"name\": \"a\", \"price\": \"1,5\"}]".to_owned()),
        Just("\u{202e}İß\u{0}\r\n<b>".to_owned()),
    ];
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        word.prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let name = prop::sample::select(vec!["name", "price", "photo", "tags", "at", "town", "a", "Odd Column"]);
        let members = prop::collection::vec((name, inner.clone()), 0..4);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(serde_json::Value::from),
            members.prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Whatever is done to a template, it is read or refused.
    #[test]
    fn mutated_templates_never_panic(edits in prop::collection::vec((any::<prop::sample::Index>(), 0..3_u8, "[-{}\\[\\]:,#&*!|>'\"%@ \n\t0-9a-zé😀]{0,6}"), 1..6)) {
        let mut source: Vec<char> = CARD.chars().collect();
        for (index, edit, text) in &edits {
            let at = index.index(source.len());
            let end = match edit { 0 => at, 1 => (at + 1).min(source.len()), _ => (at + 12).min(source.len()) };
            source.splice(at..end, text.chars());
        }
        let source: String = source.into_iter().collect();
        for syntax in [Syntax::Yaml, Syntax::Json] {
            if let Ok(template) = Template::parse(source.as_bytes(), syntax)
                && let Ok(bound) = template.bind(&card_row(), &now())
            {
                let _ = bound.scene(0);
            }
        }
    }

    /// Whatever a row holds, it is bound or refused.
    #[test]
    fn odd_rows_never_panic(name in ".{0,40}", price in "[-+.0-9eEinfa ]{0,12}", image in ".{0,40}") {
        let template = parse(CARD).unwrap();
        let row = row(json!({ "name": name, "price": price, "image": image }));
        if let Ok(bound) = template.bind(&row, &now()) {
            prop_assert!(bound.scene(0).is_ok());
        }
    }

    /// Whatever the columns hold, of whatever type, a row of a template with everything in it is drawn or refused.
    #[test]
    fn odd_json_never_panics(values in prop::collection::vec((0..16_usize, any_json()), 0..9)) {
        const COLUMNS: [&str; 16] = [
            "sku", "price", "cost", "on", "tint", "until", "photo", "who", "tags", "days", "maker", "products",
            "anything", "file", "Odd Column", "id",
        ];
        let values: serde_json::Map<String, serde_json::Value> =
            values.into_iter().map(|(column, value)| (COLUMNS[column].to_owned(), value)).collect();
        if let Ok(bound) = TEMPLATE.bind(&row(values.into()), &now()) {
            for size in 0..2 {
                if let Ok(scene) = bound.scene(size) {
                    prop_assert!(scene.clone().scaled(2.0).size.width == scene.size.width * 2);
                }
            }
            bound.hash_into(&mut blake3::Hasher::new());
        }
    }

    /// Whatever stands between braces, it is compiled or refused.
    #[test]
    fn odd_expressions_never_panic(text in "[ a-z0-9'\"|(){}%#.,~+*/<>=!\\[\\]é-]{0,40}") {
        let layers = format!("  - {{ type: text, text: {} }}", serde_json::to_string(&format!("{{{{ {text} }}}}")).unwrap());
        if let Ok(template) = with("{ a: { type: text, default: x } }", &layers) {
            let _ = template.bind(&row(json!({})), &now()).unwrap().scene(0);
        }
    }
}

/// Fuzz targets: random bytes for a moment in every run. `cargo bolero test NAME` runs one for as long as one likes,
/// led by coverage.
mod fuzz {
    use super::*;

    /// Bytes as the source of a template.
    #[test]
    fn template_bytes() {
        bolero::check!().with_iterations(4_000).with_max_len(512).for_each(|bytes: &[u8]| {
            for syntax in [Syntax::Yaml, Syntax::Json] {
                let _ = Template::parse(bytes, syntax);
            }
        });
    }

    /// Bytes as a splice into a template that is fine, where they reach further in.
    #[test]
    fn template_splices() {
        bolero::check!().with_iterations(150).with_max_len(64).for_each(|bytes: &[u8]| {
            let [high, low, bytes @ ..] = bytes else { return };
            let text = String::from_utf8_lossy(bytes);
            let at = usize::from(u16::from_be_bytes([*high, *low])) % EVERYTHING.len();
            let at = (at..=EVERYTHING.len()).find(|at| EVERYTHING.is_char_boundary(*at)).unwrap_or(0);
            let source = format!("{}{text}{}", &EVERYTHING[..at], &EVERYTHING[at..]);
            if let Ok(template) = Template::parse(source.as_bytes(), Syntax::Yaml)
                && let Ok(bound) = template.bind(&card_row(), &now())
            {
                let _ = bound.scene(0);
            }
        });
    }

    /// Bytes as the inside of an expression, and of a repeat's header.
    #[test]
    fn expression_bytes() {
        bolero::check!().with_iterations(400).with_max_len(96).for_each(|bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            let quoted = |text: &str| serde_json::to_string(text).expect("text is JSON");
            let layers = [
                format!("  - {{ type: text, text: {} }}", quoted(&format!("{{{{ {text} }}}}"))),
                format!("  - {{ type: text, text: {} }}", quoted(&format!("a {text} {{% if a %}}b{{% endif %}}"))),
                format!("  - {{ type: repeat, for: {}, layers: [] }}", quoted(&format!("x in {text}"))),
            ];
            for layers in layers {
                if let Ok(template) = with("{ a: { type: text, default: x } }", &layers) {
                    let _ = scene_of(&template, json!({}));
                }
            }
        });
    }

    /// Bytes as rows in every syntax, bound to a template with everything in it.
    #[test]
    fn row_bytes() {
        bolero::check!().with_iterations(3_000).with_max_len(256).for_each(|bytes: &[u8]| {
            for syntax in [RowSyntax::Csv, RowSyntax::JsonLines, RowSyntax::JsonArray] {
                let header: &[u8] = if syntax == RowSyntax::Csv { b"sku;price;until;products\n" } else { b"" };
                let bytes = [header, bytes].concat();
                let Ok(rows) = RowReader::from_reader(Box::new(std::io::Cursor::new(bytes)), syntax) else { continue };
                for row in rows.flatten() {
                    if let Ok(bound) = TEMPLATE.bind(&row, &now()) {
                        let _ = bound.scene(0);
                    }
                }
            }
        });
    }
}
