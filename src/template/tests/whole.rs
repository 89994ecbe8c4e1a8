//! Whole templates and what they give for a row.

use serde_json::json;

use super::*;
use crate::template::scene::*;

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
