//! Sizes with a scale, and scenes at another one.

use serde_json::json;

use super::*;
use crate::pixels::SizePx;
use crate::template::scene::*;

const SOURCE: &str = r##"gravure: 1
name: t
sizes:
  a: { width: 100, height: 50 }
  b: { width: 101, height: 50, scale: 2.5 }
layers:
  - type: text
    spans: [{ text: "{{ size.width }}", font: { size: 10, letter_spacing: 1, line_height: 12px }, decoration: { line: underline, thickness: 2 } }]
    frame: { x: 10%, y: 4, max_width: 40 }
    shrink: { to: 8 }
    text_shadow: { x: 1, y: 2, blur: 3 }
    shadow: { x: 1, y: 2, blur: 3, spread: 4 }
    stroke: { width: 2 }
    radius: [1, 2, 3, 10%]
    rotation: 45
    fill: "linear-gradient(red 10px, blue 50%)"
  - { type: repeat, for: n in 1, gap: 5, padding: 6, layers: [{ type: rating, value: 2, size: 7, gap: 8, grow: 3 }] }
  - { type: rect, fill: "radial-gradient(circle 20px at 30px 40%, red, blue)" }
  - { type: group, layers: [{ type: image, src: a.png, focus: { x: 0.3 } }] }
"##;

#[test]
fn every_length_is_multiplied_and_nothing_else() {
    let template = parse(SOURCE).unwrap();
    let bound = template.bind(&row(json!({})), &now()).unwrap();
    let scene = bound.scene_scaled(0, 2.0).unwrap();
    assert_eq!(scene, bound.scene(0).unwrap().scaled(2.0));
    assert_eq!(scene.size, SizePx::new(200, 100));
    let layer = &scene.layers[0];
    assert_eq!((layer.frame.left, layer.frame.top), (Some(Length::Percent(10.0)), Some(Length::Px(8.0))));
    assert_eq!((layer.frame.max_width, layer.rotation_degrees), (Some(Length::Px(80.0)), 45.0));
    let Shadow { x, y, blur, spread, .. } = layer.style.shadows[0];
    assert_eq!((x, y, blur, spread), (2.0, 4.0, 6.0, 8.0));
    assert_eq!(layer.style.stroke.map(|stroke| stroke.width), Some(4.0));
    assert_eq!(layer.style.radius, Some([Length::Px(2.0), Length::Px(4.0), Length::Px(6.0), Length::Percent(10.0)]));
    let Some(Fill::Linear { stops, .. }) = &layer.style.fill else { panic!("a gradient") };
    assert_eq!((stops[0].position, stops[1].position), (Some(Length::Px(20.0)), Some(Length::Percent(50.0))));
    let text = text_in(layer);
    let Span { text: words, font, decoration, .. } = &text.spans[0];
    // Expressions see the design.
    assert_eq!(words, "100");
    assert_eq!((font.size_px, font.letter_spacing_px, font.line_height), (20.0, 2.0, LineHeight::Px(24.0)));
    assert_eq!((decoration.thickness_px, text.shrink_to_px), (Some(4.0), Some(16.0)));
    let TextShadow { x, y, blur, .. } = text.shadows[0];
    assert_eq!((x, y, blur), (2.0, 4.0, 6.0));
    let LayerKind::Stack(stack) = &scene.layers[1].kind else { panic!("a stack") };
    assert_eq!((stack.gap, stack.padding, stack.layers[0].grow), (10.0, [12.0; 4], 3.0));
    let LayerKind::Rating(rating) = &stack.layers[0].kind else { panic!("a rating") };
    assert_eq!((rating.value, rating.star_px, rating.gap_px), (2.0, 14.0, 16.0));
    let Some(Fill::Radial { extent, center, .. }) = &scene.layers[2].style.fill else { panic!("a gradient") };
    assert_eq!(*extent, RadialExtent::Radii([Length::Px(40.0); 2]));
    assert_eq!(*center, [Length::Px(60.0), Length::Percent(40.0)]);
    let LayerKind::Image(image) = &children_of(&scene.layers[3])[0].kind else { panic!("an image") };
    assert_eq!(image.focus, [0.3, 0.5]);
}

#[test]
fn a_size_has_a_scale_of_its_own() {
    let template = parse(SOURCE).unwrap();
    let bound = template.bind(&row(json!({})), &now()).unwrap();
    let size = &template.sizes()[1];
    assert_eq!((size.size, size.scale), (SizePx::new(101, 50), 2.5));
    assert_eq!(size.canvas(1.0), Some(SizePx::new(253, 125)));
    let scene = bound.scene(1).unwrap();
    assert_eq!(scene.size, SizePx::new(253, 125));
    assert_eq!(
        (text_in(&scene.layers[0]).spans[0].text.as_str(), scene.layers[0].frame.top),
        ("101", Some(Length::Px(10.0)))
    );
    // On top of it comes the run's.
    let scene = bound.scene_scaled(1, 2.0).unwrap();
    assert_eq!((scene.size, scene.layers[0].frame.top), (SizePx::new(505, 250), Some(Length::Px(20.0))));
    for scale in [f32::NAN, f32::INFINITY, 0.0, -1.0, 100.0] {
        assert_eq!(bound.scene_scaled(1, scale).unwrap_err().code, ErrorCode::CanvasTooLarge, "{scale}");
        assert_eq!(size.canvas(scale), None);
    }
    assert_eq!(bound.scene_scaled(0, 0.001).unwrap().size, SizePx::new(1, 1));
}

#[test]
fn scales_have_bounds() {
    for (size, expected) in [
        ("{ width: 10, height: 10, scale: 9 }", "sizes.a.scale: expected a number from 0.1 to 8, got 9"),
        ("{ width: 10, height: 10, scale: 0 }", "sizes.a.scale: expected a number from 0.1 to 8, got 0"),
        ("{ width: 9000, height: 10, scale: 2 }", "sizes.a: at scale 2 a side is longer than 16384 pixels"),
        ("{ width: 10, height: 10, scale: '{{ index }}' }", "must be the same for every row"),
    ] {
        let error = parse(&format!("gravure: 1\nname: t\nsizes: {{ a: {size} }}\nlayers: []\n")).unwrap_err();
        assert!(error.contains(expected), "{size}: {error}");
    }
}
