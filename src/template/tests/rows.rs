//! Rows bound: fields, expressions, photos, names, personal data.

use serde_json::json;

use super::*;
use crate::template::scene::*;

#[test]
fn expressions_see_fields_and_what_is_built_in() {
    let fields = "{ n: { type: number }, s: { type: text }, t: { type: boolean } }";
    let text = |expression: &str, values| {
        let layers = format!("  - {{ type: text, text: {} }}", serde_json::to_string(expression).unwrap());
        text_of(&with(fields, &layers).unwrap(), values).map_err(|error| error.to_string())
    };
    let cases = [
        ("{{ n * 2 }}", json!({ "n": "21.0" }), "42"),
        ("{{ n / 4 }}", json!({ "n": 2 }), "0.5"),
        ("{{ n / 2 }}", json!({ "n": 2 }), "1"),
        ("n: {{ n / 2 }}", json!({ "n": 2 }), "n: 1"),
        ("{{ t }}", json!({ "t": "yes" }), "true"),
        ("{{ s | upper }} & <b>", json!({ "s": "straße" }), "STRASSE & <b>"),
        ("Picked for you{% if s %}, {{ s }}{% endif %}", json!({ "s": "" }), "Picked for you"),
        ("{{ 'Hi ' ~ s if s else 'Hi' }}", json!({ "s": "Ada" }), "Hi Ada"),
        ("{{ s | default('none') }}", json!({}), "none"),
        ("{{ size.name }} {{ size.width }} {{ size }}", json!({}), "link 1200 link"),
        ("{{ key }} {{ index }} {{ now[:10] }}", json!({}), "3 3 2026-10-16"),
        ("{{ row['Odd Name'] }}", json!({ "Odd Name": "x" }), "x"),
        ("{{ s }}", json!({ "s": "a\r\nb\rc" }), "a\nb\nc"),
        ("line\n", json!({}), "line\n"),
    ];
    for (expression, values, expected) in cases {
        assert_eq!(text(expression, values), Ok(expected.to_owned()), "{expression}");
    }
    let missing = text("Hello {{ s }}", json!({ "s": null })).unwrap_err();
    assert_eq!(missing, "layers[0].text: s has no value in this row: give it a default, or use the filter default");
    assert!(text("{{ s }}", json!({})).unwrap_err().contains("s has no value"));
    assert_eq!(
        text("{{ row.nope }}", json!({})).unwrap_err(),
        "layers[0].text: row.nope has no value in this row: use the filter default"
    );
    // Only the value that is missing is named, not what has a default or is not looked at.
    let missing = text("{{ n | default(1) }}{{ s if t else 'x' }}{{ row['Odd Name'] }}{{ s }}", json!({}));
    assert!(missing.unwrap_err().contains(": row[\"Odd Name\"] has no value"));
    assert!(text("{{ n + s }}", json!({ "n": 1, "s": "x" })).unwrap_err().contains("layers[0].text: "));
}

#[test]
fn bad_rows_say_which_field_and_why() {
    let template = parse(CARD).unwrap();
    let bind = |key: &str, value: serde_json::Value| {
        let mut values = card_row();
        values.fields.retain(|(column, _)| **column != *key);
        values.fields.push((key.into(), value));
        template
            .bind(&values, &now())
            .map(|bound| bound.key().to_owned())
            .map_err(|error| (error.code, error.to_string()))
    };
    assert_eq!(bind("price", json!("abc")), Err((ErrorCode::BadValue, "price: expected a number, got \"abc\"".into())));
    assert_eq!(bind("price", json!(null)).unwrap_err().0, ErrorCode::MissingField);
    assert_eq!(bind("First Name", json!(null)), Ok("r1".into()));
    let (code, message) = bind("First Name", json!(["Ada"])).unwrap_err();
    assert_eq!(code, ErrorCode::BadValue);
    assert!(!message.contains("Ada"), "{message}");
    assert_eq!(bind("id", json!(null)), Ok("3".into()));
    assert_eq!(bind("id", json!(17)), Ok("17".into()));
}

#[test]
fn dynamic_properties_are_checked_per_row() {
    let fields = "{ c: { type: text, pii: true }, d: { type: text }, o: { type: number }, w: { type: text } }";
    let layers = "  - { type: rect, fill: '{{ d }}', when: '{{ w }}' }\n  - { type: rect, opacity: '{{ o }}', rotation: '-12deg' }\n  - { type: rect, fill: '{{ c }}' }";
    let template = with(fields, layers).unwrap();
    let scene = |values| template.bind(&row(values), &now()).unwrap().scene(0).map_err(|error| error.to_string());
    let good = scene(json!({ "c": "red", "d": "linear-gradient(red, blue)", "o": 0.25, "w": "x" })).unwrap();
    assert_eq!((good.layers.len(), good.layers[1].opacity, good.layers[1].rotation_degrees), (3, 0.25, -12.0));
    assert!(matches!(good.layers[0].style.fill, Some(Fill::Linear { .. })));
    // A hidden layer is gone, and nothing else of it is looked at.
    assert_eq!(scene(json!({ "c": "red", "o": 1 })).unwrap().layers.len(), 2);
    let error = scene(json!({ "c": "red", "d": "blurple", "o": 1, "w": "x" })).unwrap_err();
    assert_eq!(error, "layers[0].fill: expected a CSS colour or gradient, got \"blurple\"");
    assert!(scene(json!({ "c": "red", "o": 7 })).unwrap_err().starts_with("layers[1].opacity: expected"));
    let error = scene(json!({ "c": "Jane Doe", "o": 1 })).unwrap_err();
    assert!(error.starts_with("layers[2].fill: ") && !error.contains("Jane"), "{error}");
}

#[test]
fn photos_know_which_folder_they_belong_to() {
    let fields = "{ photo: { type: image, default: img/none.png }, sku: { type: text }, \
        items: { type: list, default: [], items: { photo: { type: image, default: img/item.png } } } }";
    let base = |src: &str, values| {
        let template =
            with(fields, &format!("  - {{ type: image, src: {} }}", serde_json::to_string(src).unwrap())).unwrap();
        match &template.bind(&row(values), &now()).unwrap().scene(0).unwrap().layers[0].kind {
            LayerKind::Image(image) => (image.src.location.to_string(), image.src.base),
            other => panic!("expected an image, got {other:?}"),
        }
    };
    let data = |location: &str| (location.to_owned(), AssetBase::Data);
    let template = |location: &str| (location.to_owned(), AssetBase::Template);
    assert_eq!(base("img/logo.png", json!({})), template("img/logo.png"));
    assert_eq!(base("{{ photo }}", json!({ "photo": "a.jpg" })), data("a.jpg"));
    assert_eq!(base("{{ photo }}", json!({ "photo": "" })), template("img/none.png"));
    assert_eq!(base("photos/{{ sku }}.png", json!({ "sku": "7" })), data("photos/7.png"));
    assert_eq!(base("icons/{{ size.name }}.png", json!({})), template("icons/link.png"));
    assert_eq!(base("{{ 'sale.png' if sku else 'new.png' }}", json!({ "sku": "7" })), template("sale.png"));
    assert_eq!(base("{{ sku ~ '.png' }}", json!({ "sku": "7" })), data("7.png"));
    assert_eq!(base("{{ items[0].photo }}", json!({ "items": [{ "photo": "b.jpg" }] })), data("b.jpg"));
    assert_eq!(base("{{ items[0].photo }}", json!({ "items": [{}] })), template("img/item.png"));

    let assets = with(
        fields,
        "  - { type: image, src: img/logo.png }\n  - { type: image, src: img/logo.png }\n  - { type: image, src: '' }",
    )
    .unwrap()
    .assets();
    let locations: Vec<&str> = assets.iter().map(|(asset, _)| &*asset.location).collect();
    assert_eq!(locations, ["img/none.png", "img/item.png", "img/logo.png"]);
}

#[test]
fn personal_data_stays_out_of_names_and_keys() {
    let fields = "{ who: { type: text, pii: true }, sku: { type: text } }";
    let template = with(fields, "  - { type: rect }").unwrap();
    for pattern in ["{{ who }}.{{ ext }}", "{{ who | slug }}", "{% if who %}a{% endif %}b", "{{ row.x }}"] {
        let error = template.compile_name(pattern).unwrap_err();
        assert!(error.message.contains("personal"), "{pattern}: {error}");
    }
    let source = "gravure: 1\nname: t\nkey: '{{ who }}'\nsizes: { a: { width: 1, height: 1 } }\nlayers: []\n";
    let error = parse(&format!("{source}fields: {fields}\n")).unwrap_err();
    assert!(error.starts_with("line 3, column 6: key: \"who\" is personal data"), "{error}");
    let error = with("{ id: { type: text, pii: true } }", "  - { type: rect }").unwrap_err();
    assert!(error.contains("give a \"key\""), "{error}");
    let debug = format!("{:?}", template.bind(&row(json!({ "who": "Jane Doe" })), &now()).unwrap());
    assert!(!debug.contains("Jane"), "{debug}");
}

#[test]
fn names_are_made_per_variant() {
    let template = parse(CARD).unwrap();
    let bound = template.bind(&card_row(), &now()).unwrap();
    let name = |pattern: &str, size| bound.name(&template.compile_name(pattern).unwrap(), size, Format::Jpeg);
    assert_eq!(name("{{ key }}-{{ size }}.{{ ext }}", 0).unwrap(), "r1-link.jpg");
    assert_eq!(
        name("{{ template }}/{{ name | slug }}/{{ size.width }}-{{ index }}-{{ format }}", 1).unwrap(),
        "product-card/desk-lamp/1080-3-jpeg"
    );
    assert_eq!(name("{{ size }}", 1).unwrap(), "story");
    assert_eq!(name("fixed.png", 0).unwrap(), "fixed.png");
    assert!(name("{{ name[:0] }}", 0).is_err());
    let error = template.compile_name("{{ kee }}").unwrap_err();
    assert_eq!(error.to_string(), "name: \"kee\" is neither a declared field nor built in, did you mean \"key\"?");
}

#[test]
fn the_command_line_can_set_fields() {
    let mut template = parse(CARD).unwrap();
    assert_eq!(template.with_overrides("nme", "x").unwrap_err().suggestion.as_deref(), Some("name"));
    assert_eq!(template.with_overrides("price", "x").unwrap_err().to_string(), "price: expected a number, got \"x\"");
    template.with_overrides("name", "Chair").unwrap();
    let before = parse(CARD).unwrap();
    let hash = |template: &Template| {
        let mut hasher = blake3::Hasher::new();
        template.bind(&card_row(), &now()).unwrap().hash_into(&mut hasher);
        hasher.finalize()
    };
    assert_ne!(hash(&template), hash(&before));
    let scene = template.bind(&card_row(), &now()).unwrap().scene(0).unwrap();
    let LayerKind::Text(text) = &scene.layers[2].kind else { panic!("text") };
    assert_eq!(text.spans[0].text, "Chair");
}

#[test]
fn columns_are_checked_before_any_row() {
    let template = parse(CARD).unwrap();
    let columns = |names: &[&str]| names.iter().map(|name| Arc::from(*name)).collect::<Vec<Arc<str>>>();
    assert!(template.check_columns(&columns(&["name", "price", "image"])).is_ok());
    let errors = template.check_columns(&columns(&["name", "Price", "image"])).unwrap_err();
    assert_eq!(errors.len(), 1);
    assert_eq!(
        errors[0].to_string(),
        "line 11, column 3: fields.price: required, but the data has no column \"price\", did you mean \"Price\"?"
    );
}

#[test]
fn the_hash_of_a_row_is_of_what_it_shows() {
    let template = parse(CARD).unwrap();
    let hash = |row: &Row, now: &str| {
        let mut hasher = blake3::Hasher::new();
        template.bind(row, &Now::new(now)).unwrap().hash_into(&mut hasher);
        hasher.finalize()
    };
    let base = hash(&card_row(), "a");
    let mut other = card_row();
    // This template looks at neither the time nor the key nor other columns.
    other.fields.push(("extra".into(), json!("x")));
    assert_eq!(hash(&other, "b"), base);
    other.fields[2].1 = json!("1250");
    assert_ne!(hash(&other, "a"), base);
}
