//! `repeat`: scope, layout keys, limits, photos of items, messages.

use serde_json::json;

use super::*;
use crate::template::scene::*;

const FIELDS: &str = "{ products: { type: list, default: [], items: { name: { type: text, required: true }, \
    price: { type: number }, photo: { type: image, default: img/none.png } } }, shop: { type: text, default: Shop }, \
    tags: { type: list, items: text }, stars: { type: number, default: 2 } }";

fn products() -> serde_json::Value {
    json!({ "products": [{ "name": "Lamp", "price": 3, "photo": "a.png" }, { "name": "Desk", "price": 4 }, { "name": "Mug" }] })
}

fn repeat(keys: &str, layers: &str, values: serde_json::Value) -> Result<Scene, String> {
    let template = with(FIELDS, &format!("  - {{ type: repeat, {keys}, layers: [{layers}] }}"))?;
    scene_of(&template, values).map_err(|error| error.to_string())
}

fn words(keys: &str, text: &str, values: serde_json::Value) -> Vec<String> {
    let layer = format!("{{ type: text, text: {} }}", serde_json::to_string(text).unwrap());
    words_of(&repeat(keys, &layer, values).unwrap().layers)
}

#[test]
fn children_come_once_for_every_item_and_know_their_place() {
    let text = "{{ shop }}: {{ p.name }} {{ loop.index }}/{{ loop.length }} {{ loop.index0 }} {{ loop.first }} {{ loop.last }}";
    let expected = ["Shop: Lamp 1/3 0 true false", "Shop: Desk 2/3 1 false false", "Shop: Mug 3/3 2 false true"];
    assert_eq!(words("for: p in products", text, products()), expected);
    assert_eq!(
        words("for: p in products, limit: 2", "{{ p.name }}{{ loop.last }}", products()),
        ["Lampfalse", "Desktrue"]
    );
    assert_eq!(
        words("for: 'p in products | selectattr(''price'') | reverse'", "{{ p.name }}", products()),
        ["Desk", "Lamp"]
    );
    assert_eq!(words("for: 'p in products[:1]'", "{{ p.name }}", products()), ["Lamp"]);
    assert_eq!(words("for: t in tags", "{{ t }}", json!({ "tags": "[\"a\", \"b\"]" })), ["a", "b"]);
    assert_eq!(words("for: n in 3", "{{ n }}", json!({})), ["1", "2", "3"]);
    assert_eq!(words("for: n in stars", "{{ n }}", json!({ "stars": "2" })), ["1", "2"]);
    assert_eq!(words("for: \"w in ['x', 'y']\"", "{{ w }}", json!({})), ["x", "y"]);
    // Any column of JSON.
    let row = json!({ "tips": [{ "t": "a", "n": null }, { "t": "b" }] });
    assert_eq!(words("for: tip in row.tips", "{{ tip.t }}{{ tip.n | default('-') }}", row), ["a-", "b-"]);
}

#[test]
fn a_repeat_is_a_stack() {
    let keys = "for: p in products, direction: row, gap: 8, padding: [1, 2], align: center, justify: end, wrap: true, \
        frame: { x: 5, width: 90 }, fill: red, opacity: 0.5";
    let scene = repeat(keys, "{ type: rect, width: 3 }, { type: rect, when: '{{ loop.first }}' }", products()).unwrap();
    let layer = &scene.layers[0];
    let LayerKind::Stack(stack) = &layer.kind else { panic!("a stack") };
    assert_eq!((stack.direction, stack.gap, stack.padding), (Direction::Row, 8.0, [1.0, 2.0, 1.0, 2.0]));
    assert_eq!((stack.align, stack.justify, stack.wrap), (Align::Center, Justify::End, true));
    assert_eq!((layer.frame.left, layer.opacity, layer.style.fill.is_some()), (Some(Length::Px(5.0)), 0.5, true));
    let paths: Vec<&str> = stack.layers.iter().map(|layer| &*layer.path).collect();
    let expected = [
        "layers[0].layers[0] (item 1)",
        "layers[0].layers[1] (item 1)",
        "layers[0].layers[0] (item 2)",
        "layers[0].layers[0] (item 3)",
    ];
    assert_eq!(paths, expected);
}

#[test]
fn an_empty_list_draws_nothing_or_what_stands_for_it() {
    for values in [json!({}), json!({ "products": [] }), json!({ "products": null })] {
        assert!(repeat("for: p in products, fill: red", "{ type: rect }", values.clone()).unwrap().layers.is_empty());
        let empty = "for: p in products, empty: [{ type: text, text: 'none in {{ shop }}' }]";
        assert_eq!(words(empty, "{{ p.name }}", values), ["none in Shop"]);
    }
    assert!(repeat("for: n in 0", "{ type: rect }", json!({})).unwrap().layers.is_empty());
    assert_eq!(words("for: p in products, empty: [{ type: text, text: none }]", "{{ p.name }}", products()).len(), 3);
}

#[test]
fn repeats_nest() {
    let fields = "{ shelves: { type: list, items: { name: { type: text }, books: { type: list, items: { title: { type: text } } } } } }";
    let layers = "  - type: repeat\n    for: shelf in shelves\n    layers:\n      - type: repeat\n        for: book in shelf.books\n        layers:\n          - { type: text, text: '{{ shelf.name }}{{ loop.index }} {{ book.title }}' }\n      - { type: text, text: '{{ loop.index }}{{ loop.last }}' }\n";
    let template = with(fields, layers).unwrap();
    let values = json!({ "shelves": [{ "name": "A", "books": [{ "title": "x" }, { "title": "y" }] }, { "name": "B", "books": [{}] }] });
    let bound = template.bind(&row(values), &now()).unwrap();
    let error = bound.scene(0).unwrap_err();
    assert_eq!(error.code, ErrorCode::MissingField);
    let expected =
        "layers[0].layers[0].layers[0].text (item 2, 1): book.title has no value in this row: use the filter default";
    assert_eq!(error.to_string(), expected);
    let values = json!({ "shelves": [{ "name": "A", "books": [{ "title": "x" }, { "title": "y" }] }, { "name": "B", "books": [] }] });
    let scene = scene_of(&template, values).unwrap();
    assert_eq!(words_of(&scene.layers), ["A1 x", "A2 y", "1false", "2true"]);
}

#[test]
fn overrides_reach_into_repeats() {
    let source = "gravure: 1\nname: t\nsizes: { a: { width: 9, height: 9 }, b: { width: 9, height: 9 } }\nlayers:\n  - type: repeat\n    for: n in 2\n    gap: 4\n    sizes: { b: { gap: 6, limit: 1 } }\n    layers: [{ type: text, text: 'x{{ n }}', sizes: { b: { text: 'y{{ n }}' } } }]\n    empty: [{ type: rect, sizes: { b: { fill: red } } }]\n";
    let template = parse(source).unwrap();
    let bound = template.bind(&row(json!({})), &now()).unwrap();
    let (a, b) = (bound.scene(0).unwrap(), bound.scene(1).unwrap());
    assert_eq!((words_of(&a.layers), words_of(&b.layers)), (vec!["x1".into(), "x2".into()], vec!["y1".to_owned()]));
    let LayerKind::Stack(stack) = &b.layers[0].kind else { panic!("a stack") };
    assert_eq!(stack.gap, 6.0);
    let error = parse(&source.replace("gap: 6", "for: m in 3")).unwrap_err();
    assert!(error.contains("\"for\" cannot differ between sizes"), "{error}");
}

#[test]
fn photos_of_items_are_relative_to_where_they_were_written() {
    let base = |keys: &str, src: &str, values: serde_json::Value| {
        let layer = format!("{{ type: image, src: {} }}", serde_json::to_string(src).unwrap());
        let scene = repeat(keys, &layer, values).unwrap();
        let of = |layer: &Layer| match &layer.kind {
            LayerKind::Image(image) => format!("{} {:?}", image.src.location, image.src.base),
            other => panic!("expected an image, got {other:?}"),
        };
        children_of(&scene.layers[0]).iter().map(of).collect::<Vec<_>>()
    };
    let declared = base("for: p in products, limit: 2", "{{ p.photo }}", products());
    assert_eq!(declared, ["a.png Data", "img/none.png Template"]);
    assert_eq!(base("for: p in products, limit: 1", "photos/{{ p.name }}.png", products()), ["photos/Lamp.png Data"]);
    let raw = json!({ "items": [{ "photo": "b.png" }] });
    assert_eq!(base("for: \"p in row['items']\"", "{{ p.photo }}", raw.clone()), ["b.png Data"]);
    assert_eq!(base("for: \"p in row['items']\"", "{{ 'x/' ~ p.photo }}", raw), ["x/b.png Data"]);
    assert_eq!(base("for: n in 1", "icons/{{ n }}.png", json!({})), ["icons/1.png Template"]);
    assert_eq!(base("for: \"i in ['a.png']\"", "{{ i }}", json!({})), ["a.png Template"]);
    // A list that the template gives itself.
    let source = "  - { type: repeat, for: p in list, layers: [{ type: image, src: '{{ p.photo }}' }] }";
    let fields = "{ list: { type: list, default: [{ photo: c.png }], items: { photo: { type: image } } } }";
    let template = with(fields, source).unwrap();
    let scene = scene_of(&template, json!({})).unwrap();
    let LayerKind::Image(image) = &children_of(&scene.layers[0])[0].kind else { panic!("an image") };
    assert_eq!(image.src.base, AssetBase::Template);
    assert_eq!(template.assets()[0].0.location, "c.png".into());
}

#[test]
fn names_in_a_repeat_are_checked_before_any_row() {
    for (keys, text, expected) in [
        (
            "for: p in products",
            "{{ p.nmae }}",
            "layers[0].layers[0].text: \"p\" has no part \"nmae\", did you mean \"name\"?",
        ),
        ("for: p in products", "{{ q.name }}", "\"q\" is neither a declared field nor built in, did you mean \"p\"?"),
        (
            "for: p in prodcts",
            "{{ p.name }}",
            "layers[0].for: \"prodcts\" is neither a declared field nor built in, did you mean \"products\"?",
        ),
        ("for: p in products", "{{ loop.idx }}", "\"loop\" has no part \"idx\""),
        ("for: p in products", "{{ p.name.first }}", "\"p.name\" is a single value (text) and has no part \"first\""),
        (
            "for: p in products",
            "{{ products.name }}",
            "\"products\" is a list, whose items have parts: name one of them, products[0].name",
        ),
        ("for: p in products", "{{ p.name.upper() }}", "the filter p.name | upper"),
        ("for: p in shop", "{{ p }}", "layers[0].for: expected a list or a count, \"shop\" is text"),
        ("for: p in size", "{{ p }}", "layers[0].for: expected a list or a count, \"size\" has named parts"),
        ("for: products", "x", "expected a name and a list, such as product in products, got \"products\""),
        ("for: '{{ p in products }}'", "x", "no {{ }} here, such as product in products"),
        ("for: 3", "x", "expected a name and a list, such as product in products, got 3"),
        ("for: shop in products", "x", "\"shop\" is a field or another repeat's item, choose another name"),
        ("for: row in products", "x", "\"row\" is built in, choose another name"),
        ("for: a b in products", "x", "a name is letters, digits"),
        ("for: p in products |", "x", "layers[0].for: in \"{{ products | }}\""),
        ("for: p in products, limit: 0", "x", "layers[0].limit: expected a whole number from 1 to 1000, got 0"),
        ("items: products", "x", "did you mean \"for\"?"),
    ] {
        let layer = format!("{{ type: text, text: {} }}", serde_json::to_string(text).unwrap());
        let error = repeat(keys, &layer, json!({})).unwrap_err();
        assert!(error.contains(expected), "{keys} {text}: {error}");
    }
    let error = with("", "  - { type: text, text: '{{ loop.index }}' }").unwrap_err();
    assert!(error.ends_with("\"loop\" is known only to the layers of a repeat"), "{error}");
    // Jinja's own loops have their own.
    let text = "{% for p in products %}{{ loop.index }}{{ p.anything | default('') }}{% endfor %}";
    assert!(with(FIELDS, &format!("  - {{ type: text, text: \"{text}\" }}")).is_ok());
    let error =
        repeat("for: p in products", "{ type: repeat, for: p in products, layers: [] }", json!({})).unwrap_err();
    assert!(error.contains("another repeat's item"), "{error}");
}

#[test]
fn what_cannot_be_repeated_says_so_for_the_row() {
    let error = |keys: &str, values| repeat(keys, "{ type: rect }", values).unwrap_err();
    let text = error("for: p in row.list", json!({ "list": "abc" }));
    assert_eq!(text, "layers[0].for: expected a list or a count, got \"abc\"");
    assert!(
        error("for: p in row.list", json!({ "list": "[1, 2]" })).contains("declare the column as a field of type list")
    );
    assert!(error("for: p in stars", json!({ "stars": -1 })).contains("a count that is not negative"));
    assert!(error("for: p in stars", json!({ "stars": 2.5 })).contains("a whole number or a list, got 2.5"));
    assert!(error("for: p in stars", json!({ "stars": 1_001 })).contains("at most 1000 items"));
    assert_eq!(
        children_of(
            &repeat("for: p in stars, limit: 5", "{ type: rect }", json!({ "stars": 2_000_000 })).unwrap().layers[0]
        )
        .len(),
        5
    );
    let wrong = repeat("for: p in products", "{ type: rect, fill: '{{ p.name }}' }", products()).unwrap_err();
    assert_eq!(wrong, "layers[0].layers[0].fill (item 1): expected a CSS colour or gradient, got \"Lamp\"");
}

#[test]
fn a_canvas_has_so_many_layers_and_no_more() {
    let square = |text: &str, values| {
        let inner = format!("{{ type: repeat, for: m in 1000, layers: [{text}] }}");
        let template = with(
            "{ t: { type: text, default: '' } }",
            &format!("  - {{ type: repeat, for: n in 1000, layers: [{inner}] }}"),
        );
        scene_of(&template.unwrap(), values).unwrap_err()
    };
    let error = square("{ type: rect }", json!({}));
    assert_eq!(error.code, ErrorCode::TooManyLayers);
    assert!(error.to_string().contains("more than 20000 layers on one canvas: give the repeats a limit"), "{error}");
    let error = square("{ type: text, text: '{{ t }}' }", json!({ "t": "x".repeat(60_000) }));
    assert_eq!(error.code, ErrorCode::TextTooLong);
    let slow = "{ type: rect, when: '{{ [1] | sum }}', fill: '{% for a in [1, 2] %}{% if loop.last %}red{% endif %}{% endfor %}' }";
    let error = square(slow, json!({}));
    assert_eq!((error.code, error.message.contains("take too long")), (ErrorCode::ExpressionFailed, true));
}

#[test]
fn personal_lists_are_not_quoted() {
    let fields = "{ who: { type: list, pii: true, items: { name: { type: text } } } }";
    let layers = "  - { type: repeat, for: p in who, layers: [{ type: rect, fill: '{{ p.name }}' }] }";
    let error = scene_of(&with(fields, layers).unwrap(), json!({ "who": [{ "name": "Jane Doe" }] })).unwrap_err();
    assert!(error.path.contains("(item 1)") && !error.to_string().contains("Jane"), "{error}");
}
