//! Whole templates: what they give for a row, and what is said of wrong ones.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use super::scene::*;
use super::*;
use crate::job::{ErrorCode, Format, Row};
use crate::pixels::Color;

/// Section 4 of the design, to the letter but for its comments.
const CARD: &str = r##"
gravure: 1
name: product-card
locale: en-US
sizes:
  link: { width: 1200, height: 628 }
  story: { width: 1080, height: 1920 }
outputs: [{ format: jpeg, quality: 85 }]        # default; flags and jobs override
fields:                        # declared inputs, checked before rendering
  name:       { type: text, required: true }
  price:      { type: number, required: true }
  image:      { type: image, required: true }
  first_name: { type: text, default: "", pii: true, column: "First Name" }
fonts: [fonts/Inter-Regular.ttf, fonts/Inter-Bold.ttf]   # also the fallback order
layers:
  - { type: rect, frame: full, fill: "linear-gradient(135deg, #0f172a, #1e3a8a)" }
  - type: image
    id: photo
    src: "{{ image }}"
    fit: cover                 # cover | contain | stretch | none: only ever about photos
    frame: { x: 64, y: 64, width: 500, height: 500 }
    radius: 32
    shadow: { y: 16, blur: 48, color: "#00000073" }
    sizes: { story: { frame: { x: 90, y: 120, width: 900, height: 900 } } }   # merged over the layer for that size
  - { type: text, text: "{{ name }}", frame: { x: 620, y: 136, width: 516, height: 140 }, max_lines: 2, shrink: { to: 32 },
      font: { family: Inter, weight: 700, size: 60, line_height: 1.1 }, color: white }
  - type: stack                # flexbox: direction, gap, padding, align, justify, wrap; hugs unless the frame says otherwise
    frame: { x: 620, y: 440 }
    direction: row
    gap: 24
    align: center
    layers:
      - { type: stack, padding: [0, 28], height: 72, radius: 36, fill: "#f97316", align: center,
          layers: [{ type: text, text: "{{ price | currency('USD') }}", font: { family: Inter, weight: 700, size: 40 }, color: white }] }
"##;

fn parse(source: &str) -> Result<Template, String> {
    Template::parse(source.as_bytes(), Syntax::Yaml).map_err(|errors| errors.to_string())
}

/// A template with these fields and layers and one size, `link`, 1200×628.
fn with(fields: &str, layers: &str) -> Result<Template, String> {
    let fields = if fields.is_empty() { String::new() } else { format!("fields: {fields}\n") };
    parse(&format!("gravure: 1\nname: t\nsizes: {{ link: {{ width: 1200, height: 628 }} }}\n{fields}layers:\n{layers}"))
}

fn row(values: serde_json::Value) -> Row {
    let fields = values.as_object().unwrap().iter().map(|(key, value)| (Arc::from(key.as_str()), value.clone()));
    Row { number: 2, line: Some(4), fields: fields.collect() }
}

fn now() -> Now {
    Now::new("2026-10-16T09:00:00Z")
}

fn card_row() -> Row {
    row(json!({ "id": "r1", "name": "Desk lamp", "price": "1249.5", "image": "images/lamp.jpg", "First Name": "Ada" }))
}

fn text_of(template: &Template, values: serde_json::Value) -> Result<String, BindError> {
    let scene = template.bind(&row(values), &now())?.scene(0)?;
    match &scene.layers[0].kind {
        LayerKind::Text(text) => Ok(text.spans[0].text.clone()),
        other => panic!("expected text, got {other:?}"),
    }
}

#[test]
fn the_designs_example_becomes_a_scene() {
    let template = parse(CARD).unwrap();
    assert_eq!((template.name(), template.locale(), template.sizes().len()), ("product-card", "en-US", 2));
    assert_eq!(template.fonts()[1].src, "fonts/Inter-Bold.ttf");
    let bound = template.bind(&card_row(), &now()).unwrap();
    assert_eq!(bound.key(), "r1");
    let link = bound.scene(0).unwrap();
    let LayerKind::Image(image) = &link.layers[1].kind else { panic!("an image") };
    assert_eq!(image.src, AssetRef { location: "images/lamp.jpg".into(), base: AssetBase::Data });
    assert_eq!(&*link.layers[1].path, "layers[1] (photo)");
    assert_eq!(link.layers[1].frame.left, Some(Length::Px(64.0)));
    assert_eq!(link.layers[1].style.radius, Some([Length::Px(32.0); 4]));
    assert_eq!(link.layers[1].style.shadows[0].blur, 48.0);
    let LayerKind::Text(text) = &link.layers[2].kind else { panic!("text") };
    assert_eq!((text.max_lines, text.shrink_to_px), (Some(2), Some(32.0)));
    assert_eq!(text.spans[0].font.line_height, LineHeight::Times(1.1));
    assert_eq!(text.spans[0].color, Color::WHITE);
    let LayerKind::Stack(stack) = &link.layers[3].kind else { panic!("a stack") };
    let LayerKind::Stack(pill) = &stack.layers[0].kind else { panic!("a stack") };
    assert_eq!(pill.padding, [0.0, 28.0, 0.0, 28.0]);
    assert_eq!(stack.layers[0].frame.height, Some(Length::Px(72.0)));
    let LayerKind::Text(price) = &pill.layers[0].kind else { panic!("text") };
    assert_eq!(price.spans[0].text, "$1,249.50");
    let story = bound.scene(1).unwrap();
    assert_eq!(story.layers[1].frame.width, Some(Length::Px(900.0)));
    assert_eq!(story.layers[2], link.layers[2]);
    assert!(bound.scene(2).is_err());
}

#[test]
fn planted_mistakes_are_all_reported_with_their_places() {
    let source = r##"gravure: 1
name: card
sizes: { link: { width: 1200, height: 628 } }
fields:
  name: { type: txt }
  price: { type: number, default: cheap }
  size: { type: text }
layers:
  - { type: rect, frame: full, fil: red }
  - { type: rectangle }
  - type: text
    text: "{{ nme }} {{ price | uper }}"
    font: { size: 12 ducks }
    opacity: 2
    x: 4
    sizes: { stry: { frame: full }, link: { colour: red } }
  - { type: image, src: "{{ price }}", frame: { x: 1, left: 2, width: -5 }, fit: fill }
"##;
    let errors = Template::parse(source.as_bytes(), Syntax::Yaml).unwrap_err();
    let text = errors.to_string();
    for expected in [
        "line 5, column 17: fields.name.type: expected one of text, number, boolean, color, date, image, list, got \"txt\", did you mean \"text\"?",
        "line 6, column 35: fields.price.default: expected a number, got \"cheap\"",
        "line 7, column 3: fields.size: \"size\" is built in, choose another name",
        "line 9, column 32: layers[0].fil: unknown key \"fil\", did you mean \"fill\"?",
        "line 10, column 13: layers[1].type: there is no layer type \"rectangle\"",
        "line 12, column 11: layers[2].text: in \"{{ nme }} {{ price | uper }}\": there is no filter \"uper\", did you mean \"upper\"?",
        "line 13, column 19: layers[2].font.size: expected a number of pixels, got \"12 ducks\"",
        "line 14, column 14: layers[2].opacity: expected a number from 0 to 1 or a percentage, got 2",
        "line 15, column 5: layers[2].x: unknown key \"x\", it belongs in \"frame\"",
        "line 16, column 14: layers[2].sizes.stry: the template has no size \"stry\"",
        "line 16, column 45: layers[2].sizes.link.colour: unknown key \"colour\", did you mean \"color\"?",
        "line 17, column 55: layers[3].frame.left: \"left\" and \"x\" are the same: keep one",
        "line 17, column 71: layers[3].frame.width: expected a length that is not negative, got -5",
        "line 17, column 82: layers[3].fit: expected one of cover, contain, stretch, none, got \"fill\"",
    ] {
        assert!(text.contains(expected), "missing: {expected}\nin:\n{text}");
    }
    assert_eq!(errors.0.len(), 14, "{text}");
    assert!(errors.0.is_sorted_by_key(|error| (error.line, error.column)));
}

#[test]
fn broken_and_trapped_yaml_is_explained() {
    let error = parse(&CARD.replace("\"#f97316\"", "#f97316")).unwrap_err();
    assert!(error.contains("\"#f97316\"") && error.contains("comment"), "{error}");
    let error = parse(&CARD.replace("src: \"{{ image }}\"", "src: {{ image }}")).unwrap_err();
    assert!(error.starts_with("line 19, column 10: ") && error.contains("quotes"), "{error}");
    let error = parse("- 1").unwrap_err();
    assert_eq!(error, "line 1, column 1: expected a mapping (template), got a list");
    let error = parse("gravure: 2\nname: a b\nlayers: {}").unwrap_err();
    for expected in ["gravure: expected 1, got 2", "name: expected a name", "no \"sizes\"", "expected a list"] {
        assert!(error.contains(expected), "{expected} in {error}");
    }
}

#[test]
fn names_that_nobody_declared_are_errors() {
    for (layers, expected) in [
        (
            "  - { type: text, text: '{{ nmae }}' }",
            "line 6, column 25: layers[0].text: \"nmae\" is neither a declared field nor built in, did you mean \"name\"?",
        ),
        ("  - { type: text, text: 'a', when: '{{ ext }}' }", "\"ext\" is neither"),
        ("  - { type: text, text: '{{ range(3) }}' }", "\"range\" is neither"),
        ("  - { type: text, text: '{{ name + }}' }", "layers[0].text: in \"{{ name + }}\": "),
        ("  - { type: rect, when: '{{ name }}x' }", "exactly one {{ expression }}"),
        ("  - { type: rect, id: '{{ name }}' }", "must be the same for every row"),
    ] {
        let error = with("{ name: { type: text } }", layers).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn contradicting_frames_are_errors() {
    for (frame, expected) in [
        ("{ x: 1, right: 2, width: 3 }", "x, right and width contradict"),
        ("{ y: 1, bottom: 2, height: 3 }", "y, bottom and height contradict"),
        ("{ center: x, right: 2 }", "center and right contradict"),
        ("{ center: sideways }", "expected one of true"),
        ("whole", "expected full or a mapping"),
        ("{ x: 1e9 }", "expected a length"),
    ] {
        let error = with("", &format!("  - {{ type: rect, frame: {frame} }}")).unwrap_err();
        assert!(error.contains(expected), "{frame}: {error}");
    }
    let error = with("", "  - { type: rect, height: 3, frame: { height: 4 } }").unwrap_err();
    assert!(error.contains("\"height\" is in the layer and in its frame"), "{error}");
    let template = with("", "  - { type: rect, frame: { center: true, x: 10, width: 50%, height: 20px } }").unwrap();
    let frame = template.bind(&row(json!({})), &now()).unwrap().scene(0).unwrap().layers[0].frame;
    assert!(frame.center_x && frame.center_y);
    assert_eq!(
        (frame.left, frame.width, frame.height),
        (Some(Length::Px(10.0)), Some(Length::Percent(50.0)), Some(Length::Px(20.0)))
    );
}

#[test]
fn a_size_overrides_deeply_and_takes_away_with_null() {
    let source = "gravure: 1\nname: t\nsizes: { a: { width: 10, height: 10 }, b: { width: 20, height: 20 } }\nlayers:\n\
        \x20 - type: group\n    layers:\n      - type: text\n        text: hi\n        opacity: 0.5\n        \
        font: { family: Inter, size: 20 }\n        frame: { x: 1, y: 2, width: 3 }\n        \
        sizes: { b: { font: { size: 40 }, frame: { left: 9, width: null, right: 4 }, opacity: null } }\n";
    let template = parse(source).unwrap();
    let bound = template.bind(&row(json!({})), &now()).unwrap();
    let child = |size| match &bound.scene(size).unwrap().layers[0].kind {
        LayerKind::Group(layers) => layers[0].clone(),
        other => panic!("expected a group, got {other:?}"),
    };
    let (a, b) = (child(0), child(1));
    assert_eq!((a.frame.left, a.frame.width, a.frame.right), (Some(Length::Px(1.0)), Some(Length::Px(3.0)), None));
    assert_eq!((b.frame.left, b.frame.width, b.frame.right), (Some(Length::Px(9.0)), None, Some(Length::Px(4.0))));
    assert_eq!(b.frame.top, Some(Length::Px(2.0)));
    assert_eq!((a.opacity, b.opacity), (0.5, 1.0));
    let LayerKind::Text(text) = &b.kind else { panic!("text") };
    assert_eq!((text.spans[0].font.size_px, text.spans[0].font.family.as_deref()), (40.0, Some("Inter")));
    let wrong = source.replace("size: 40", "size: big");
    assert!(
        parse(&wrong).unwrap_err().contains("layers[0].layers[0].sizes.b.font.size: expected"),
        "{}",
        parse(&wrong).unwrap_err()
    );
    let error = parse(&source.replace("opacity: null", "type: rect")).unwrap_err();
    assert!(error.contains("\"type\" cannot differ between sizes"), "{error}");
}

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
    assert!(text("{{ row.nope }}", json!({})).unwrap_err().contains("missing from this row"));
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
    assert_eq!(locations, ["img/none.png", "img/logo.png"]);
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

#[test]
fn json_templates_are_the_same_model() {
    let source = r##"{ "gravure": 1, "name": "t", "sizes": { "a": { "width": 10, "height": 10 } },
        "layers": [ { "type": "rect", "fill": "#0f172a", "opacty": 1 } ] }"##;
    let errors = Template::parse(source.as_bytes(), Syntax::Json).unwrap_err();
    assert_eq!(
        errors.to_string(),
        "line 2, column 58: layers[0].opacty: unknown key \"opacty\", did you mean \"opacity\"?"
    );
    assert!(Template::parse(source.replace("opacty", "opacity").as_bytes(), Syntax::Json).is_ok());
    assert!(Template::parse(CARD.as_bytes(), Syntax::Json).is_err());
}

#[test]
fn every_layer_and_key_of_the_tables_is_read() {
    let source = r##"gravure: 1
name: all
key: "{{ sku }}-{{ index }}"
locale: de-DE
sizes: { a: { width: 100, height: 100 } }
outputs: [{ format: png }, { format: jpg, quality: 70 }]
fields:
  sku: { type: text, required: true, column: SKU }
  on: { type: date }
  tint: { type: color, default: "oklch(60% 0.1 200)" }
  items: { type: list, items: { name: { type: text, required: true }, price: { type: number } } }
layers:
  - { type: ellipse, id: e, fill: "{{ tint }}", stroke: { width: 2px, color: red }, radius: ["10%", 4, 0, 8px],
      shadow: [{ x: 1, spread: 2 }, { blur: 3 }], overflow: clip, grow: 1, flex_shrink: 0, align_self: stretch }
  - { type: group, opacity: 50%, layers: [{ type: rating, value: 3.5, max: 6, size: 20, gap: 2, color: gold, empty_color: gray }] }
  - { type: stack, wrap: true, justify: space-between, padding: 4, direction: row,
      layers: [{ type: text, text: hi, align: center, valign: middle, wrap: false, ellipsis: "...", font: { weight: bold, italic: true, letter_spacing: 2, line_height: 120% } }] }
  - { type: image, src: a.png, mask: ellipse, fit: contain, anchor: bottom right }
  - { type: image, src: b.png, focus: { x: 25%, y: 0.75 } }
"##;
    let template = parse(source).unwrap();
    let bound = template.bind(&row(json!({ "SKU": "x1" })), &now()).unwrap();
    assert_eq!(bound.key(), "x1-3");
    assert_eq!(template.outputs().len(), 2);
    let scene = bound.scene(0).unwrap();
    assert_eq!(
        scene.layers[0].style.radius,
        Some([Length::Percent(10.0), Length::Px(4.0), Length::Px(0.0), Length::Px(8.0)])
    );
    assert_eq!(scene.layers[0].style.shadows.len(), 2);
    assert_eq!(scene.layers[1].opacity, 0.5);
    let focus = |index: usize| match &scene.layers[index].kind {
        LayerKind::Image(image) => image.focus,
        other => panic!("expected an image, got {other:?}"),
    };
    assert_eq!((focus(3), focus(4)), ([1.0, 1.0], [0.25, 0.75]));
}

#[test]
fn every_default_of_the_tables_is_of_its_kind() {
    // Reading an empty layer of every type goes through every default; a default that does not fit its kind
    // would come back as the placeholder.
    let layers =
        "  - { type: stack }\n  - { type: text, text: x }\n  - { type: image, src: x }\n  - { type: rating, value: 1 }";
    let template = with("", layers).unwrap();
    let scene = template.bind(&row(json!({})), &now()).unwrap().scene(0).unwrap();
    let LayerKind::Stack(stack) = &scene.layers[0].kind else { panic!("a stack") };
    assert_eq!(
        (stack.direction, stack.align, stack.gap, stack.padding),
        (Direction::Column, Align::Start, 0.0, [0.0; 4])
    );
    assert!(!stack.wrap);
    let layer = &scene.layers[0];
    assert_eq!((layer.opacity, layer.rotation_degrees, layer.grow, layer.flex_shrink), (1.0, 0.0, 0.0, 1.0));
    let LayerKind::Text(text) = &scene.layers[1].kind else { panic!("text") };
    let font = &text.spans[0].font;
    assert_eq!((font.weight, font.italic, font.size_px, font.letter_spacing_px), (400, false, 16.0, 0.0));
    assert_eq!(
        (font.line_height, text.spans[0].color, &*text.ellipsis, text.wrap),
        (LineHeight::Normal, Color::BLACK, "…", true)
    );
    let LayerKind::Image(image) = &scene.layers[2].kind else { panic!("an image") };
    assert_eq!((image.fit, image.focus, image.mask), (Fit::Cover, [0.5, 0.5], Mask::Box));
    let LayerKind::Rating(rating) = &scene.layers[3].kind else { panic!("a rating") };
    assert_eq!((rating.max, rating.star_px, rating.gap_px, rating.color.to_hex().as_str()), (5, 32.0, 8.0, "#fbbf24"));
}

#[test]
fn templates_are_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Template>();
    shared::<NamePattern>();
    shared::<BoundRow<'static>>();
}

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

#[test]
fn fonts_are_paths_or_font_faces() {
    let source = |fonts: &str| {
        format!("gravure: 1\nname: t\nsizes: {{ a: {{ width: 9, height: 9 }} }}\nfonts: {fonts}\nlayers: []\n")
    };
    let fonts = "[a.ttf, { src: b.ttf, family: Inter, weight: bold, style: italic }, { src: c.ttf, style: normal }]";
    let template = parse(&source(fonts)).unwrap();
    let [a, b, c] = template.fonts() else { panic!("three fonts") };
    assert_eq!(
        (a.src.as_str(), &a.family, a.weight, a.italic, a.path.as_str()),
        ("a.ttf", &None, None, None, "fonts[0]")
    );
    assert_eq!(
        (b.src.as_str(), b.family.as_deref(), b.weight, b.italic),
        ("b.ttf", Some("Inter"), Some(700), Some(true))
    );
    assert_eq!((b.path.as_str(), b.position), ("fonts[1].src", Position::new(4, 23)));
    assert_eq!((c.family.as_deref(), c.italic), (None, Some(false)));
    for (fonts, expected) in [
        ("[{ family: Inter }]", "line 4, column 9: fonts[0]: the font file has no \"src\""),
        ("[{ src: a.ttf, famly: x }]", "fonts[0].famly: unknown key \"famly\", did you mean \"family\"?"),
        ("[{ src: a.ttf, weight: 1200 }]", "fonts[0].weight: expected a weight"),
        ("[{ src: a.ttf, style: slanted }]", "fonts[0].style: expected one of normal, italic"),
        ("[{ src: a.ttf, family: ' ' }]", "fonts[0].family: expected the name of a family"),
        ("[{ src: '{{ key }}.ttf' }]", "fonts[0].src: must be the same for every row"),
        ("['{{ key }}.ttf']", "fonts[0]: must be the same for every row"),
        ("[{ src: '' }]", "fonts[0].src: expected the path of a font"),
        ("[7]", "fonts[0]: expected the path of a font"),
    ] {
        let errors = parse(&source(fonts)).unwrap_err().to_string();
        assert!(errors.contains(expected), "{fonts}: expected {expected}, got {errors}");
        assert_eq!(errors.lines().count(), 1, "{fonts}: {errors}");
    }
}

/// What readers learn from is read by the program, too.
/// The mistakes of `outputs: [...]`, with line, column and path.
fn output_mistakes(outputs: &str) -> Vec<String> {
    let source =
        format!("gravure: 1\nname: o\nsizes: {{ a: {{ width: 10, height: 10 }} }}\noutputs: [{outputs}]\nlayers: []\n");
    parse(&source).map_or_else(
        |errors| errors.lines().map(|line| line.replace("line 4, column ", "4:")).collect(),
        |_| Vec::new(),
    )
}

#[test]
fn outputs_have_the_settings_of_their_format() {
    let good = "{ format: jpeg, quality: 90, subsampling: 4:4:4, progressive: true, background: \"#fff\" }, \
                { format: png, depth: 24, compression: size }, { format: png, depth: auto, suffix: -clear }, \
                { format: webp, lossless: true, effort: 6 }, { format: webp, suffix: \"@s\" }";
    assert_eq!(output_mistakes(good), Vec::<String>::new());
    let cases = [
        ("{ format: png, quality: 90 }", "4:35: outputs[0].quality: png has no quality, only depth"),
        ("{ format: jpeg, subsampling: 4:2:2 }", "4:40: outputs[0].subsampling: expected one of 4:2:0, 4:4:4"),
        ("{ format: jpeg, background: \"#fff8\" }", "4:39: outputs[0].background: expected an opaque colour, got"),
        ("{ format: png, depth: 16 }", "4:33: outputs[0].depth: expected one of auto, 24, 32, got \"16\""),
        ("{ format: webp, effort: 7 }", "4:35: outputs[0].effort: expected a whole number from 0 to 6"),
        ("{ format: webp, suffix: a/b }", "4:35: outputs[0].suffix: expected at most 16"),
        ("{ format: webp, qualty: 7 }", "4:27: outputs[0].qualty: unknown key"),
        ("{ format: avif }", "4:21: outputs[0].format: the format avif is not available yet"),
        ("{ format: jpeg }, { format: jpg, quality: 9 }", "4:29: outputs[1]: jpeg is here twice: give one a suffix"),
    ];
    for (outputs, message) in cases {
        let mistakes = output_mistakes(outputs);
        assert!(mistakes.len() == 1 && mistakes[0].starts_with(message), "{outputs}: {mistakes:?}");
    }
}

#[test]
fn examples_in_the_manual_are_templates() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for page in ["README.md", "docs/template.md"] {
        let text = std::fs::read_to_string(root.join(page)).unwrap();
        for block in text.split("```yaml\n").skip(1) {
            let block = block.split("```").next().unwrap();
            parse(block).unwrap_or_else(|errors| panic!("{page}: {errors}\n{block}"));
            count += 1;
        }
    }
    assert_eq!(count, 3);
}

#[test]
fn the_manual_names_every_key_and_filter() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/template.md");
    let manual = std::fs::read_to_string(page).unwrap();
    let words: BTreeSet<&str> = manual.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    let common = [
        &tables::TEMPLATE,
        &tables::SIZE,
        &tables::OUTPUT,
        &tables::FONT_FILE,
        &tables::FIELD,
        &tables::STROKE,
        &tables::SHADOW,
        &tables::FRAME,
        &tables::FONT,
        &tables::SHRINK,
        &tables::FOCUS,
    ];
    for object in common.into_iter().chain(tables::LAYERS.iter().map(|(_, object)| *object)) {
        for key in object.keys().flat_map(|key| std::iter::once(key.name).chain(key.alias)) {
            assert!(words.contains(key), "docs/template.md says nothing of {key} of a {}", object.name);
        }
    }
    for word in filters::FILTERS.iter().chain(tables::FIELD_TYPES) {
        assert!(words.contains(word), "docs/template.md says nothing of {word}");
    }
}
