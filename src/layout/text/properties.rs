//! Promises for any text in any spans, by fonts of many scripts; on failure the seed is printed.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::layout::fixtures::{noto, span, spans};
use crate::template::scene::{LineHeight, TextDirection};

const EPSILON_PX: f32 = 0.05;

/// Every plane, and what breaks shapers.
fn any_content() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => "[a-zA-Z0-9.,€ ]{0,10}",
        2 => Just(" ".to_owned()),
        1 => Just("\n".to_owned()),
        2 => any::<String>().prop_map(|text| text.chars().take(6).collect()),
        1 => "[\u{300}-\u{36f}]{1,20}",
        2 => "[\u{590}-\u{6ff}]{1,8}",
        2 => "[\u{900}-\u{97f}]{1,8}",
        2 => "[\u{e00}-\u{eff}]{1,12}",
        1 => "[\u{1000}-\u{109f}]{1,8}",
        1 => "[\u{1780}-\u{17ff}]{1,8}",
        2 => "[\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2060}-\u{2069}\u{ad}\u{61c}\u{feff}\u{fe0e}\u{fe0f}]{1,4}",
        1 => "[、。「」（）ー々日本語コヒ]{1,8}",
        2 => "[\u{200d}\u{1f3fb}-\u{1f3ff}\u{1f1e6}-\u{1f1ff}\u{fe0f}\u{20e3}0-2👍👩❤⚕🔥]{1,8}",
        1 => "[\u{e000}-\u{f8ff}\u{fff0}-\u{ffff}\u{10ffff}]{1,3}",
        1 => "[a-zא-ת]{20,40}",
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

prop_compose! {
    fn any_span()(
        content in any_content(),
        size_px in 6.0_f32..50.0,
        look in (any::<bool>(), prop_oneof![Just(400_u16), Just(700), 1_u16..1000]),
        letter_spacing_px in prop_oneof![3 => Just(0.0_f32), 1 => -2.0_f32..8.0],
        line_height in prop_oneof![Just(LineHeight::Normal), (0.5_f32..2.0).prop_map(LineHeight::Times)],
        red in any::<bool>(),
    ) -> Span {
        let mut span = span(content, size_px);
        (span.font.italic, span.font.weight) = look;
        (span.font.letter_spacing_px, span.font.line_height) = (letter_spacing_px, line_height);
        if red {
            span.color = Color::new(1.0, 0.0, 0.0, 0.5);
        }
        span
    }
}

prop_compose! {
    fn any_rich_text()(
        pieces in prop::collection::vec(any_span(), 1..4),
        floor in prop::option::of(0.2_f32..1.0),
        max_lines in prop::option::of(1_u32..5),
        (wrap, balance) in (prop::bool::weighted(0.8), any::<bool>()),
        ellipsis in prop::sample::select(vec!["…", "", " [more]", "👍🏽", "א"]),
        direction in prop::sample::select(vec![
            TextDirection::Auto, TextDirection::LeftToRight, TextDirection::RightToLeft,
        ]),
    ) -> Text {
        let floor = floor.map(|share| share * pieces[0].font.size_px);
        let mut text = spans(pieces);
        (text.shrink_to_px, text.max_lines, text.wrap, text.direction) = (floor, max_lines, wrap, direction);
        (text.balance, text.ellipsis) = (balance, Arc::from(ellipsis));
        text
    }
}

fn is_ink(c: char) -> bool {
    // Soft hyphens show hyphens where they break; marks of direction have done their work.
    !c.is_whitespace() && !c.is_control() && !bidi::is_control(c) && !matches!(c, '-' | '\u{2010}')
}

fn picture(block: &TextBlock) -> Vec<([u8; 16], u32, bool)> {
    block.lines.iter().map(|line| (*line.line.digest(), line.baseline_px.to_bits(), line.rtl)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_set_within_its_box_and_loses_nothing_silently(
        text in any_rich_text(), width in 4.0_f32..400.0, height in prop::option::of(1.0_f32..300.0),
    ) {
        let mut shaper = Shaper::new(noto());
        let block = shaper.set(&text, Some(width), height);
        let too_low = block.faults.contains(&TextFault::FrameTooLow);
        prop_assert!(too_low || height.is_none_or(|height| block.height_px <= height + EPSILON_PX));
        prop_assert!(!too_low || block.lines.len() == 1);
        for SetLine { line, spans, .. } in &block.lines {
            prop_assert!(line.width_px <= width + EPSILON_PX, "{:?}: {} of {width}", line.text(), line.width_px);
            for ordinal in 0..spans.len() {
                for (from, to) in line.extents(ordinal) {
                    prop_assert!(from <= to && from.is_finite() && to.is_finite());
                }
            }
        }
        let shown: String = block.lines.iter().flat_map(|line| line.line.text().chars()).filter(|c| is_ink(*c)).collect();
        let asked: String = text.spans.iter().flat_map(|span| span.text.chars()).filter(|c| is_ink(*c)).collect();
        prop_assert!(block.faults.contains(&TextFault::Truncated) || shown == asked, "{shown:?} of {asked:?}");
    }

    #[test]
    fn the_same_text_is_set_alike_whatever_came_before(
        text in any_rich_text(), other in any_rich_text(), width in 20.0_f32..400.0,
    ) {
        let fresh = Shaper::new(noto()).set(&text, Some(width), None);
        let mut used = Shaper::new(noto());
        used.set(&other, Some(width), None);
        used.measure(&text, None);
        let (first, again) = (used.set(&text, Some(width), None), used.set(&text, Some(width), None));
        prop_assert_eq!(picture(&fresh), picture(&first));
        prop_assert_eq!(picture(&fresh), picture(&again));
        for (a, b) in fresh.lines.iter().zip(&first.lines) {
            let glyphs = |line: &ShapedLine| line.buffer.layout_runs().flat_map(|run| run.glyphs)
                .map(|g| (g.font_id, g.glyph_id, g.x.to_bits(), g.y.to_bits())).collect::<Vec<_>>();
            prop_assert_eq!(glyphs(&a.line), glyphs(&b.line));
        }
    }

    /// A box that hugs its text is measured first and set later.
    #[test]
    fn measured_text_fits_its_own_size(text in any_rich_text(), room in 20.0_f32..400.0) {
        let text = Text { shrink_to_px: None, max_lines: None, ..text };
        let mut shaper = Shaper::new(noto());
        let (width, height) = shaper.measure(&text, Some(room));
        let again = shaper.set(&text, Some(width), Some(height));
        prop_assert!(again.height_px <= height + EPSILON_PX && !again.faults.contains(&TextFault::FrameTooLow));
    }
}
