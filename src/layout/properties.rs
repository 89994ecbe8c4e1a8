//! Promises of this stage for any text, frame and nesting; on failure the seed is printed.

use std::sync::Arc;

use proptest::prelude::*;

use super::fixtures::{inter, layer, scene, text};
use super::*;
use crate::pixels::Color;
use crate::template::scene::{
    Align, BoxStyle, Direction, Fill, Frame, Justify, Layer, LayerKind, Length, LineHeight, Overflow, Rating,
    Shadow as BoxShadow, Stack, Stroke, Text,
};

const EPSILON_PX: f32 = 0.05;

fn lay_out_layers(layers: Vec<Layer>) -> Result<DisplayList, LayoutError> {
    lay_out(&scene(layers), &Photos::new(), &mut Shaper::new(inter()))
}

/// Words, and what comes in between them in the worst rows.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => "[a-zA-Z0-9.,€ ]{0,12}",
        2 => Just(" ".to_owned()),
        1 => Just("\n".to_owned()),
        1 => "[\u{0}-\u{1f}\u{7f}-\u{9f}\u{2028}\u{2029}]{1,3}",
        1 => "[aeo][\u{300}-\u{36f}]{1,6}",
        1 => "[\u{5d0}-\u{5ea}]{1,8}",
        1 => "[\u{621}-\u{64a}]{1,8}",
        1 => "[\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2066}-\u{2069}\u{ad}\u{feff}]{1,2}",
        1 => prop::sample::select(vec!["👩‍👩‍👧‍👦", "🇩🇪", "👍🏽", "☕️", "1️⃣", "咖啡", "ไทย", "नमस्ते", "ﬃ", "\u{1f3fb}"])
            .prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        1 => "[a-z]{30,60}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn any_line_height() -> impl Strategy<Value = LineHeight> {
    prop_oneof![
        Just(LineHeight::Normal),
        (0.5_f32..2.0).prop_map(LineHeight::Times),
        (4.0_f32..60.0).prop_map(LineHeight::Px)
    ]
}

prop_compose! {
    fn any_set_text()(
        content in any_text(),
        size_px in 6.0_f32..60.0,
        floor in prop::option::of(0.2_f32..1.2),
        line_height in any_line_height(),
        letter_spacing_px in prop_oneof![4 => Just(0.0_f32), 1 => -3.0_f32..12.0],
        max_lines in prop::option::of(1_u32..5),
        wrap in any::<bool>(),
        ellipsis in prop::sample::select(vec!["…", "", " [more]"]),
    ) -> Text {
        let mut text = text(content, size_px);
        text.spans[0].font.line_height = line_height;
        text.spans[0].font.letter_spacing_px = letter_spacing_px;
        text.shrink_to_px = floor.map(|share| share * size_px);
        text.max_lines = max_lines;
        text.wrap = wrap;
        text.ellipsis = Arc::from(ellipsis);
        text
    }
}

fn any_length() -> impl Strategy<Value = Length> {
    prop_oneof![(-50.0_f32..300.0).prop_map(Length::Px), (-20.0_f32..150.0).prop_map(Length::Percent)]
}

prop_compose! {
    fn any_frame()(
        pins in prop::array::uniform4(prop::option::of(any_length())),
        sides in prop::array::uniform6(prop::option::weighted(0.3, any_length())),
        center_x in any::<bool>(),
        center_y in any::<bool>(),
    ) -> Frame {
        let [left, right, top, bottom] = pins;
        let [width, height, min_width, max_width, min_height, max_height] = sides;
        let frame = Frame { left, right, top, bottom, width, height, center_x, center_y, ..Frame::default() };
        Frame { min_width, max_width, min_height, max_height, ..frame }
    }
}

fn any_stack(layers: Vec<Layer>) -> impl Strategy<Value = LayerKind> {
    let align = prop::sample::select(vec![Align::Start, Align::Center, Align::End, Align::Stretch, Align::Baseline]);
    let justify = prop::sample::select(vec![Justify::Start, Justify::Center, Justify::SpaceBetween]);
    let numbers = (0.0_f32..30.0, prop::array::uniform4(0.0_f32..20.0));
    (any::<(bool, bool)>(), numbers, align, justify).prop_map(move |((row, wrap), (gap, padding), align, justify)| {
        let direction = if row { Direction::Row } else { Direction::Column };
        LayerKind::Stack(Stack { direction, gap, padding, align, justify, wrap, layers: layers.clone() })
    })
}

fn any_style() -> impl Strategy<Value = BoxStyle> {
    let lengths = prop::option::of(prop::array::uniform4((0.0_f32..200.0).prop_map(Length::Px)));
    let shadow = (-50.0_f32..50.0, 0.0_f32..40.0, -60.0_f32..60.0);
    (any::<(bool, bool)>(), lengths, prop::collection::vec(shadow, 0..2)).prop_map(
        |((filled, stroked), radius, shadows)| {
            let shadow = |(y, blur, spread)| BoxShadow { x: 0.0, y, blur, spread, color: Color::BLACK.faded(0.5) };
            BoxStyle {
                fill: filled.then_some(Fill::Solid(Color::WHITE)),
                stroke: stroked.then_some(Stroke { width: 3.0, color: Color::BLACK }),
                radius,
                shadows: shadows.into_iter().map(shadow).collect(),
            }
        },
    )
}

fn dressed(kind: impl Strategy<Value = LayerKind>) -> impl Strategy<Value = Layer> {
    let rotation = prop_oneof![3 => Just(0.0_f32), 1 => -400.0_f32..400.0];
    let opacity = prop_oneof![3 => Just(1.0_f32), 1 => 0.0_f32..1.0];
    let overflow = prop_oneof![3 => Just(Overflow::Visible), 1 => Just(Overflow::Clip)];
    (kind, any_frame(), any_style(), rotation, opacity, overflow, 0.0_f32..2.0).prop_map(
        |(kind, frame, style, rotation_degrees, opacity, overflow, grow)| Layer {
            frame,
            style,
            rotation_degrees,
            opacity,
            overflow,
            grow,
            ..layer(kind)
        },
    )
}

fn any_layer() -> impl Strategy<Value = Layer> {
    let rating =
        Rating { value: 2.5, max: 3, star_px: 12.0, gap_px: 2.0, color: Color::BLACK, empty_color: Color::WHITE };
    let leaf = dressed(prop_oneof![
        Just(LayerKind::Rect),
        Just(LayerKind::Ellipse),
        Just(LayerKind::Rating(rating)),
        any_set_text().prop_map(LayerKind::Text),
    ]);
    leaf.prop_recursive(4, 12, 3, |inner| {
        let children = prop::collection::vec(inner, 0..4);
        let kind = children.prop_flat_map(|layers| {
            let group = LayerKind::Group(layers.clone());
            prop_oneof![Just(group), any_stack(layers)]
        });
        dressed(kind)
    })
}

/// Rectangles of isolates' items lie within what a texture can be.
fn check_items(items: &[Item], depth: usize) -> Result<(), TestCaseError> {
    prop_assert!(depth <= MAX_ISOLATE_DEPTH);
    for item in items {
        let bounds = item.bounds();
        prop_assert!(bounds.right() >= bounds.x && bounds.bottom() >= bounds.y, "{:?}", bounds);
        match item {
            Item::Shape(Shape { rect, outline: Outline::RoundedRect(radii), .. })
            | Item::Shadow(Shadow { rect, outline: Outline::RoundedRect(radii), .. }) => {
                let [a, b, c, d] = *radii;
                prop_assert!(radii.iter().all(|radius| *radius >= 0.0));
                let (width, height) = (rect.width as f32 + 0.01, rect.height as f32 + 0.01);
                prop_assert!(a + b <= width && c + d <= width && a + d <= height && b + c <= height, "{:?}", radii);
            }
            Item::Isolate(isolate) => {
                prop_assert!(!isolate.bounds.is_empty());
                check_items(&isolate.items, depth + 1)?;
            }
            _ => {}
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 384, failure_persistence: None, max_global_rejects: 100_000, ..ProptestConfig::default()
    })]

    #[test]
    fn line_boxes_lie_in_their_frame(text in any_set_text(), width in 1.0_f32..300.0, extra in 0.0_f32..200.0) {
        let mut shaper = Shaper::new(inter());
        let one_line = shaper.measure(&Text { max_lines: Some(1), shrink_to_px: None, ..text.clone() }, None).1;
        let height = one_line + extra;
        let block = shaper.set(&text, Some(width), Some(height));
        prop_assert!(block.height_px <= height + EPSILON_PX, "{} px of {height}", block.height_px);
        prop_assert!(block.lines.len() <= text.max_lines.map_or(usize::MAX, |most| most as usize));
        for line in &block.lines {
            let width_px = line.line.width_px();
            prop_assert!(width_px <= width + EPSILON_PX, "{:?}: {width_px} px of {width}", line.line.text());
        }
    }

    #[test]
    fn shrinking_stops_at_the_floor(text in any_set_text(), width in 1.0_f32..300.0, height in 1.0_f32..200.0) {
        let block = Shaper::new(inter()).set(&text, Some(width), Some(height));
        let full_px = text.spans[0].font.size_px;
        let floor_px = text.shrink_to_px.unwrap_or(full_px).min(full_px);
        prop_assert!(block.size_px >= floor_px.max(1.0) - EPSILON_PX && block.size_px <= full_px.max(1.0));
        for line in &block.lines {
            prop_assert!(line.line.size_px() >= floor_px.max(1.0) - EPSILON_PX);
        }
    }

    #[test]
    fn no_character_is_lost_without_a_word(text in any_set_text(), width in 10.0_f32..300.0) {
        let text = Text { max_lines: None, ..text };
        let block = Shaper::new(inter()).set(&text, Some(width), None);
        // Soft hyphens show hyphens where they break; marks of direction have done their work.
        let is_mark = |c: char| matches!(c, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let ink = |c: &char| !c.is_whitespace() && !c.is_control() && !is_mark(*c) && !matches!(c, '-' | '\u{2010}');
        let shown: String = block.lines.iter().flat_map(|line| line.line.text().chars()).filter(ink).collect();
        let asked: String = text.spans[0].text.chars().filter(ink).collect();
        prop_assert!(block.faults.contains(&TextFault::Truncated) || shown == asked, "{:?} of {:?}", shown, asked);
    }

    /// A box that hugs its text is measured first and set later: at its own size it must look the same.
    #[test]
    fn measured_text_fits_its_own_size(
        content in "[a-zA-Z0-9]{1,9}([ \n][a-zA-Z0-9éß]{1,9}[.,!]?){0,9} {0,3}",
        text in any_set_text(),
        extra in 0.0_f32..200.0,
    ) {
        let mut text = Text { shrink_to_px: None, ..text };
        text.spans[0].text = content;
        text.spans[0].font.letter_spacing_px = text.spans[0].font.letter_spacing_px.max(0.0);
        let mut shaper = Shaper::new(inter());
        let room = shaper.measure(&text, Some(0.0)).0 + extra;
        let (width, height) = shaper.measure(&text, Some(room));
        let again = shaper.set(&text, Some(width), Some(height));
        let before = shaper.set(&text, Some(room), None);
        let lines = |block: &TextBlock| block.lines.iter().map(|line| line.line.text().to_owned()).collect::<Vec<_>>();
        prop_assert_eq!(lines(&again), lines(&before), "set in {}x{} after {}", width, height, room);
    }

    #[test]
    fn any_scene_is_laid_out_or_refused(layers in prop::collection::vec(any_layer(), 1..3)) {
        if let Ok(list) = lay_out_layers(layers) {
            check_items(&list.items, 0)?;
            prop_assert!(list.to_string().starts_with("canvas 200x150"));
        }
    }
}

fn turned(kind: LayerKind) -> Layer {
    Layer { rotation_degrees: 10.0, ..layer(kind) }
}

#[test]
fn isolates_nested_too_deep_are_refused() {
    let nest = |levels: usize| {
        let mut inner = Layer {
            style: BoxStyle { fill: Some(Fill::Solid(Color::BLACK)), ..BoxStyle::default() },
            ..layer(LayerKind::Rect)
        };
        for _ in 0..levels {
            inner = turned(LayerKind::Group(vec![inner]));
        }
        lay_out_layers(vec![inner])
    };
    let list = nest(MAX_ISOLATE_DEPTH).expect("as deep as may be");
    assert_eq!(list.items[0].depth(), MAX_ISOLATE_DEPTH);
    assert!(matches!(nest(MAX_ISOLATE_DEPTH + 1), Err(LayoutError::TooDeep { .. })));
}

#[test]
fn a_box_too_large_is_refused_with_its_size() {
    let wide = |kind| {
        let frame = Frame { width: Some(Length::Px(40_000.0)), height: Some(Length::Px(10.0)), ..Frame::default() };
        Layer { frame, ..layer(kind) }
    };
    let refused = |case: &str, layer: Layer| {
        let error = lay_out_layers(vec![layer]).expect_err(case);
        let LayoutError::BoxTooLarge { width, height, limit, .. } = error else { panic!("{error}") };
        assert_eq!((width, height, limit), (40_000, 10, 32_000));
    };
    let stack = |layers| {
        LayerKind::Stack(Stack {
            direction: Direction::Row,
            gap: 0.0,
            padding: [0.0; 4],
            align: Align::Start,
            justify: Justify::Start,
            wrap: false,
            layers,
        })
    };
    refused("a box", wide(LayerKind::Rect));
    refused("a stack", wide(stack(Vec::new())));
    let rigid = |kind| Layer { flex_shrink: 0.0, ..wide(kind) };
    refused("a box in a stack", layer(stack(vec![rigid(LayerKind::Rect)])));
    refused("a stack in a stack", layer(stack(vec![rigid(stack(Vec::new()))])));
    let scene = layer(LayerKind::Text(text("x".repeat(20_001), 10.0)));
    assert!(matches!(lay_out_layers(vec![scene]), Err(LayoutError::TextTooLong { bytes: 20_001, .. })));
}

#[test]
fn an_empty_stack_in_a_stack_keeps_its_box() {
    let stack = |layers| {
        let (gap, padding) = (0.0, [4.0, 6.0, 4.0, 6.0]);
        let (align, justify) = (Align::Start, Justify::Start);
        layer(LayerKind::Stack(Stack { direction: Direction::Row, gap, padding, align, justify, wrap: false, layers }))
    };
    let fill = Some(Fill::Solid(Color::BLACK));
    let empty = Layer { style: BoxStyle { fill, ..BoxStyle::default() }, ..stack(Vec::new()) };
    let list = lay_out_layers(vec![stack(vec![empty])]).expect("a list");
    assert_eq!(list.to_string(), "canvas 200x150\n  rect (6, 4) 12x8 #000000\n");
}

/// Each level once asked its child for its size several times, and that child each of its own.
#[test]
fn deep_hugging_boxes_take_no_exponential_time() {
    let hug = Frame { center_x: true, center_y: true, ..Frame::default() };
    let mut inner = layer(LayerKind::Text(text("deep", 10.0)));
    for level in 0..40 {
        let layers = vec![inner];
        let stack = Stack {
            direction: Direction::Row,
            gap: 0.0,
            padding: [1.0; 4],
            align: Align::Center,
            justify: Justify::Start,
            wrap: false,
            layers: layers.clone(),
        };
        let kind = if level % 2 == 0 { LayerKind::Group(layers) } else { LayerKind::Stack(stack) };
        inner = Layer { frame: hug, ..layer(kind) };
    }
    match lay_out_layers(vec![inner]) {
        Ok(list) => assert!(list.items.len() <= 1),
        Err(error) => assert!(matches!(error, LayoutError::TooComplex { .. }), "{error}"),
    }
}

/// Nothing of the text fits, so that the two lines have the same characters: the ellipsis.
#[test]
fn an_ellipsis_alone_keeps_the_face_of_its_text() {
    let mut shaper = Shaper::new(inter());
    let mut lone_ellipsis = |weight| {
        let mut text = text("Wide", 40.0);
        text.wrap = false;
        text.spans[0].font.weight = weight;
        let line = shaper.set(&text, Some(45.0), None).lines.remove(0).line;
        assert_eq!(line.text(), "…");
        line
    };
    let (regular, bold) = (lone_ellipsis(400), lone_ellipsis(700));
    assert_ne!(regular.digest(), bold.digest());
    assert_ne!(regular.width_px(), bold.width_px());
    assert_eq!(regular.digest(), lone_ellipsis(400).digest());
}
