//! Whatever comes in, it is read or refused: hostile templates, random edits, random rows, random bytes.

use proptest::prelude::*;
use serde_json::json;

use super::*;

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

    /// Whatever stands between braces, it is compiled or refused.
    #[test]
    fn odd_expressions_never_panic(text in "[ a-z0-9'\"|(){}%#.,~+*/<>=!\\[\\]é-]{0,40}") {
        let layers = format!("  - {{ type: text, text: {} }}", serde_json::to_string(&format!("{{{{ {text} }}}}")).unwrap());
        if let Ok(template) = with("{ a: { type: text, default: x } }", &layers) {
            let _ = template.bind(&row(json!({})), &now()).unwrap().scene(0);
        }
    }
}
