//! Text layers: spans, decorations, case, shadows, direction.

use serde_json::json;

use super::*;
use crate::template::scene::*;

const SPANS: &str = r#"  - type: text
    font: { family: Inter, weight: 400, size: 40, line_height: 1.2 }
    color: white
    transform: upper
    decoration: underline
    spans:
      - { text: "{{ name }} " }
      - { text: "{{ old }}", when: "{{ old }}", font: { size: 24 }, color: gray, decoration: line-through, transform: none }
      - { text: "{{ note }}" }
      - { text: now, font: { weight: bold, italic: true }, decoration: none }
      - { text: "!", decoration: { line: [overline, underline], color: red, thickness: 3px } }
"#;

fn spans(values: serde_json::Value) -> Vec<Span> {
    let fields = "{ name: { type: text }, old: { type: text }, note: { type: text, default: '' } }";
    let template = with(fields, SPANS).unwrap();
    text_in(&scene_of(&template, values).unwrap().layers[0]).spans.clone()
}

#[test]
fn spans_take_from_their_layer_what_they_do_not_say() {
    let spans = spans(json!({ "name": "Lamp", "old": "49 kr" }));
    let texts: Vec<&str> = spans.iter().map(|span| span.text.as_str()).collect();
    assert_eq!(texts, ["LAMP ", "49 kr", "NOW", "!"]);
    let font = &spans[0].font;
    assert_eq!((font.family.as_deref(), font.weight, font.size_px), (Some("Inter"), 400, 40.0));
    let font = &spans[1].font;
    assert_eq!((font.family.as_deref(), font.weight, font.size_px), (Some("Inter"), 400, 24.0));
    assert_eq!(font.line_height, LineHeight::Times(1.2));
    assert_eq!((spans[2].font.weight, spans[2].font.italic), (700, true));
    assert_eq!((spans[0].color, spans[1].color.to_hex().as_str()), (Color::WHITE, "#808080"));
    let lines = |index: usize| {
        let Decoration { underline, line_through, overline, .. } = spans[index].decoration;
        (underline, line_through, overline)
    };
    assert_eq!(lines(0), (true, false, false));
    assert_eq!(lines(1), (false, true, false));
    assert_eq!(spans[2].decoration, Decoration::default());
    assert_eq!(lines(3), (true, false, true));
    assert_eq!(spans[3].decoration.color.map(|color| color.to_hex()).as_deref(), Some("#ff0000"));
    assert_eq!(spans[3].decoration.thickness_px, Some(3.0));
}

#[test]
fn pieces_without_characters_vanish_and_markup_is_text() {
    let spans = spans(json!({ "name": "<b>{{ x }}</b>" }));
    let texts: Vec<&str> = spans.iter().map(|span| span.text.as_str()).collect();
    assert_eq!(texts, ["<B>{{ X }}</B> ", "NOW", "!"]);
    let template = with(
        "{ a: { type: text, default: '' } }",
        "  - { type: text, spans: [{ text: '{{ a }}', font: { size: 30 } }] }",
    );
    let scene = scene_of(&template.unwrap(), json!({})).unwrap();
    // The font of an empty line is still known.
    let [span] = text_in(&scene.layers[0]).spans.as_slice() else { panic!("one span") };
    assert_eq!((span.text.as_str(), span.font.size_px), ("", 30.0));
}

#[test]
fn a_text_layer_has_text_or_spans() {
    for (layer, expected) in [
        ("{ type: text }", "line 5, column 5: layers[0]: the text layer has no \"text\" and no \"spans\": give one"),
        ("{ type: text, text: a, spans: [{ text: b }] }", "text and spans contradict each other"),
        (
            "{ type: text, text: a, sizes: { link: { spans: [{ text: b }] } } }",
            "layers[0].sizes.link.spans: text and spans",
        ),
        ("{ type: text, spans: [{ txt: b }] }", "layers[0].spans[0].txt: unknown key \"txt\", did you mean \"text\"?"),
        ("{ type: text, spans: a }", "layers[0].spans: expected a list, got \"a\""),
        (
            "{ type: text, text: a, decoration: underlined }",
            "layers[0].decoration: expected one of underline, line-through",
        ),
        ("{ type: text, text: a, decoration: { line: [a] } }", "layers[0].decoration.line[0]: expected one of"),
        ("{ type: text, text: a, decoration: { color: red } }", "the decoration has no \"line\""),
        ("{ type: text, text: a, transform: caps }", "layers[0].transform: expected one of none, upper, lower, title"),
        ("{ type: text, text: a, direction: left }", "layers[0].direction: expected one of auto, ltr, rtl"),
        ("{ type: text, text: a, text_shadow: { spread: 2 } }", "layers[0].text_shadow.spread: unknown key"),
    ] {
        let error = with("", &format!("  - {layer}")).unwrap_err();
        assert!(error.contains(expected), "{layer}: {error}");
    }
    let taken = "  - { type: text, text: a, sizes: { link: { text: null, spans: [{ text: b }] } } }";
    assert_eq!(words_of(&scene_of(&with("", taken).unwrap(), json!({})).unwrap().layers), ["b"]);
}

#[test]
fn case_follows_the_templates_locale() {
    for (locale, expected) in [("tr", "İSTANBUL"), ("en", "ISTANBUL")] {
        let source = format!(
            "gravure: 1\nname: t\nlocale: {locale}\nsizes: {{ a: {{ width: 9, height: 9 }} }}\nfields: {{ city: {{ type: text }}, how: {{ type: text }} }}\nlayers:\n  - {{ type: text, text: '{{{{ city }}}}', transform: '{{{{ how }}}}' }}\n"
        );
        let template = parse(&source).unwrap();
        let text = |how: &str| text_of(&template, json!({ "city": "istanbul", "how": how })).unwrap();
        assert_eq!((text("upper").as_str(), text("none").as_str()), (expected, "istanbul"));
    }
}

#[test]
fn shadows_and_direction_of_text_are_not_those_of_its_box() {
    let layers = "  - { type: text, text: a, shadow: { y: 9 }, direction: rtl,\n      text_shadow: [{ x: 1, y: 2px, blur: 3, color: red }, {}] }\n  - { type: text, text: b, text_shadow: { y: 4 } }";
    let scene = scene_of(&with("", layers).unwrap(), json!({})).unwrap();
    let text = text_in(&scene.layers[0]);
    assert_eq!(text.direction, TextDirection::RightToLeft);
    let [first, second] = text.shadows.as_slice() else { panic!("two shadows") };
    assert_eq!((first.x, first.y, first.blur, first.color.to_hex().as_str()), (1.0, 2.0, 3.0, "#ff0000"));
    assert_eq!((second.x, second.y, second.blur, second.color.to_rgba8()), (0.0, 0.0, 0.0, [0, 0, 0, 128]));
    assert_eq!(scene.layers[0].style.shadows.len(), 1);
    let text = text_in(&scene.layers[1]);
    assert_eq!((text.shadows.len(), text.direction), (1, TextDirection::Auto));
}

#[test]
fn fonts_of_all_pieces_are_asked_for() {
    let layers = "  - { type: text, font: { family: A }, spans: [{ text: x }, { text: y, font: { family: B } }, { text: z, font: { size: 9 } }] }";
    let template = with("", layers).unwrap();
    let uses = template.font_uses();
    let uses: Vec<(Option<&str>, &str)> =
        uses.iter().map(|used| (used.family.as_deref(), used.path.as_str())).collect();
    assert_eq!(uses, [(Some("A"), "layers[0].font.family"), (Some("B"), "layers[0].spans[1].font.family")]);
}

#[test]
fn an_image_says_what_happens_without_its_photo() {
    let on_error = |keys: &str| {
        let template = with("", &format!("  - {{ type: image, src: a.png{keys} }}")).unwrap();
        let assets: Vec<String> = template.assets().iter().map(|(asset, _)| asset.location.to_string()).collect();
        match &scene_of(&template, json!({})).unwrap().layers[0].kind {
            LayerKind::Image(image) => (image.on_error.clone(), assets.join(" ")),
            other => panic!("expected an image, got {other:?}"),
        }
    };
    let none = AssetRef { location: "none.png".into(), base: AssetBase::Template };
    assert_eq!(on_error(""), (OnError::Fail, "a.png".into()));
    assert_eq!(on_error(", on_error: hide"), (OnError::Hide, "a.png".into()));
    assert_eq!(on_error(", on_error: placeholder"), (OnError::Placeholder(None), "a.png".into()));
    let with_photo = (OnError::Placeholder(Some(none)), "a.png none.png".into());
    assert_eq!(on_error(", placeholder: none.png"), with_photo);
    assert_eq!(on_error(", on_error: placeholder, placeholder: none.png"), with_photo);
    for (keys, expected) in [
        ("on_error: skip", "layers[0].on_error: expected one of fail, hide, placeholder, got \"skip\""),
        ("on_error: hide, placeholder: a.png", "layers[0].on_error: a placeholder is never drawn"),
        ("placeholder: ''", "layers[0].placeholder: expected the path of a photo"),
        ("placeholder: '{{ key }}'", "must be the same for every row"),
        ("fallback: a.png", "did you mean \"placeholder\"?"),
    ] {
        let error = with("", &format!("  - {{ type: image, src: a.png, {keys} }}")).unwrap_err();
        assert!(error.contains(expected), "{keys}: {error}");
    }
}
