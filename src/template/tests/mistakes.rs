//! What is said of wrong templates.

use serde_json::json;

use super::*;
use crate::template::scene::*;

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
        "line 5, column 17: fields.name.type: expected one of text, number, boolean, color, date, image, list, object, got \"txt\", did you mean \"text\"?",
        "line 6, column 35: fields.price.default: expected a number, got \"cheap\"",
        "line 7, column 3: fields.size: \"size\" is built in, choose another name",
        "line 9, column 32: layers[0].fil: unknown key \"fil\", did you mean \"fill\"?",
        "line 10, column 13: layers[1].type: there is no layer type \"rectangle\", only rect, ellipse,",
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
    assert!(error.starts_with("line 19, column 10: layers[1].src: ") && error.contains("quotes"), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
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
    // The one of them that a size brought is to blame.
    let error =
        with("", "  - { type: rect, frame: { x: 1, width: 3 },\n      sizes: { link: { frame: { right: 2 } } } }")
            .unwrap_err();
    let expected = "line 6, column 33: layers[0].sizes.link.frame.right: x, right and width contradict";
    assert!(error.starts_with(expected), "{error}");
    let error =
        with("", "  - { type: rect, frame: { height: 3 },\n      sizes: { link: { height: 2 } } }").unwrap_err();
    assert!(error.starts_with("line 6, column 24: layers[0].sizes.link.height: \"height\" is in the layer"), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
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
