//! What layout draws without complaint and a designer would not: text off the canvas, too many stars, empty text.

use std::sync::Arc;

use super::finding::{Finding, Overhang, Severity};
use crate::layout::{BoxKind, LayerBox};
use crate::pixels::{PointF, SizePx};
use crate::template::LayerUses;
use crate::template::scene::{Layer, LayerKind};

/// Less than this much outside is not seen.
const TOLERANCE_PX: f32 = 1.0;

/// What is wrong with a layer's values, whatever they come to on the canvas.
pub fn values(layer: &Layer, uses: &LayerUses) -> Option<Finding> {
    let path = Arc::clone(&layer.path);
    match &layer.kind {
        LayerKind::Rating(rating) if rating.value < 0.0 || rating.value > rating.max as f32 + 0.001 => {
            let what = if uses.is_personal { "the value".to_owned() } else { format!("{}", rating.value) };
            let message = format!("{what} is not a rating from 0 to {}", rating.max);
            Some(Finding::new(Severity::Warning, "rating_out_of_range", path, message))
        }
        LayerKind::Text(text) if !uses.required.is_empty() => {
            let is_blank = |c: char| c.is_whitespace() || c.is_control();
            let is_empty = text.spans.iter().all(|span| span.text.chars().all(is_blank));
            let names = uses.required.join(", ");
            is_empty.then(|| {
                Finding::new(
                    Severity::Warning,
                    "empty_text",
                    path,
                    format!("nothing to show, though {names} is required"),
                )
            })
        }
        _ => None,
    }
}

/// Text and boxes that run off the canvas or out of what cuts them, each by the index of its box. `constants`: the
/// layers that name no value of the row, by index.
///
/// What no row decides is the template's choice: a photo that bleeds, a word that is cut on purpose.
pub fn overhangs(canvas: SizePx, boxes: &[LayerBox], constants: &[bool]) -> Vec<(usize, Finding)> {
    let (width, height) = (canvas.width as f32, canvas.height as f32);
    let whole = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)].map(|(x, y)| PointF { x, y });
    let mut is_decided = vec![false; boxes.len()];
    for (index, layer) in boxes.iter().enumerate().rev() {
        is_decided[index] |= !constants.get(index).copied().unwrap_or(false);
        if let (Some(parent), true) = (layer.parent, is_decided[index]) {
            is_decided[parent] = true;
        }
    }
    let row_decides = |index: usize| {
        let own = matches!(boxes[index].kind, BoxKind::Text | BoxKind::Stack) && is_decided[index];
        own || ancestry(boxes, index).any(|at| boxes[at].is_in_flow && boxes[at].parent.is_some_and(|p| is_decided[p]))
    };
    let mut found: Vec<(usize, Finding)> = Vec::new();
    // The innermost is to blame: what lies around it grew with it.
    let mut is_told = vec![false; boxes.len()];
    for (index, layer) in boxes.iter().enumerate().rev() {
        let finding = match layer.kind {
            _ if is_told[index] || !row_decides(index) => None,
            BoxKind::Text => text(boxes, index, &whole),
            _ if layer.is_painted => outside(&layer.corners, &whole)
                .map(|overhang| finding("off_canvas", layer, "the box", "the canvas", overhang)),
            _ => None,
        };
        is_told[index] |= finding.is_some();
        if let (Some(parent), true) = (layer.parent, is_told[index]) {
            is_told[parent] = true;
        }
        found.extend(finding.map(|finding| (index, finding)));
    }
    found.reverse();
    found
}

/// A text's lines against what cuts them.
fn text(boxes: &[LayerBox], index: usize, canvas: &[PointF; 4]) -> Option<Finding> {
    let layer = &boxes[index];
    let worst = |frame: &[PointF; 4]| {
        let all = layer.lines.iter().filter_map(|line| outside(&line.corners, frame));
        all.reduce(|a, b| Overhang {
            left: a.left.max(b.left),
            top: a.top.max(b.top),
            right: a.right.max(b.right),
            bottom: a.bottom.max(b.bottom),
        })
    };
    for cutter in ancestry(boxes, index).map(|at| &boxes[at]).filter(|around| around.clips) {
        if let Some(overhang) = worst(&cutter.corners) {
            let what = if cutter.path == layer.path { "its box".to_owned() } else { cutter.path.to_string() };
            return Some(finding("clipped", layer, "the text", &what, overhang));
        }
    }
    worst(canvas).map(|overhang| finding("off_canvas", layer, "the text", "the canvas", overhang))
}

fn finding(code: &'static str, layer: &LayerBox, what: &str, frame: &str, overhang: Overhang) -> Finding {
    let Overhang { left, top, right, bottom } = overhang;
    let sides = [(left, "on the left"), (right, "on the right"), (top, "at the top"), (bottom, "at the bottom")];
    let sides: Vec<String> =
        sides.iter().filter(|(px, _)| *px > 0).map(|(px, side)| format!("{px} px {side}")).collect();
    let message = format!("{what} runs out of {frame}: {}", sides.join(", "));
    let mut finding = Finding::new(Severity::Warning, code, Arc::clone(&layer.path), message);
    finding.overhang = Some(overhang);
    finding
}

/// A layer and what it lies in, the innermost first.
fn ancestry(boxes: &[LayerBox], index: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(index), |&at| boxes[at].parent)
}

/// How far corners lie outside a frame, along the frame's own sides: it may be turned.
fn outside(corners: &[PointF; 4], frame: &[PointF; 4]) -> Option<Overhang> {
    let [origin, right, _, below] = *frame;
    let (width, height) =
        ((right.x - origin.x).hypot(right.y - origin.y), (below.x - origin.x).hypot(below.y - origin.y));
    if width <= 0.0 || height <= 0.0 {
        return None;
    }
    let along = |point: &PointF, end: PointF, length: f32| {
        ((point.x - origin.x) * (end.x - origin.x) + (point.y - origin.y) * (end.y - origin.y)) / length
    };
    let range = |end: PointF, length: f32| {
        let places = corners.iter().map(|corner| along(corner, end, length));
        places.fold((f32::MAX, f32::MIN), |(least, most), place| (least.min(place), most.max(place)))
    };
    let (left_px, right_px) = range(right, width);
    let (top_px, bottom_px) = range(below, height);
    if right_px - left_px <= 0.0 || bottom_px - top_px <= 0.0 {
        return None;
    }
    let beyond = |px: f32| if px > TOLERANCE_PX { px.ceil().min(1e6) as u32 } else { 0 };
    let overhang = Overhang {
        left: beyond(-left_px),
        top: beyond(-top_px),
        right: beyond(right_px - width),
        bottom: beyond(bottom_px - height),
    };
    (overhang != Overhang::default()).then_some(overhang)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::LineBox;

    fn corners(left: f32, top: f32, right: f32, bottom: f32) -> [PointF; 4] {
        [(left, top), (right, top), (right, bottom), (left, bottom)].map(|(x, y)| PointF { x, y })
    }

    fn layer(kind: BoxKind, parent: Option<usize>, at: [PointF; 4]) -> LayerBox {
        LayerBox {
            path: format!("{kind:?}").into(),
            kind,
            parent,
            corners: at,
            clips: false,
            is_painted: kind != BoxKind::Text,
            is_in_flow: parent.is_some(),
            lines: match kind {
                BoxKind::Text => vec![LineBox { text: "x".into(), corners: at }],
                _ => Vec::new(),
            },
            faults: Vec::new(),
            photo: None,
        }
    }

    fn found(boxes: &[LayerBox], is_constant: impl Fn(&LayerBox) -> bool) -> Vec<(usize, &'static str, String)> {
        let constants: Vec<bool> = boxes.iter().map(is_constant).collect();
        let all = overhangs(SizePx::new(100, 50), boxes, &constants);
        all.into_iter().map(|(index, finding)| (index, finding.code, finding.message)).collect()
    }

    #[test]
    fn text_off_the_canvas_is_found_with_side_and_distance() {
        let text = layer(BoxKind::Text, None, corners(-3.0, 10.0, 112.5, 20.0));
        let expected = "the text runs out of the canvas: 3 px on the left, 13 px on the right".to_owned();
        assert_eq!(found(std::slice::from_ref(&text), |_| false), [(0, "off_canvas", expected)]);
        assert!(found(&[text], |_| true).is_empty(), "the template wants it so");
        assert!(found(&[layer(BoxKind::Text, None, corners(-1.0, 0.0, 101.0, 51.0))], |_| false).is_empty());
    }

    #[test]
    fn the_innermost_box_is_to_blame() {
        let boxes = [
            layer(BoxKind::Stack, None, corners(0.0, 0.0, 140.0, 50.0)),
            layer(BoxKind::Text, Some(0), corners(0.0, 0.0, 130.0, 20.0)),
            layer(BoxKind::Rect, Some(0), corners(130.0, 0.0, 140.0, 20.0)),
        ];
        let codes: Vec<usize> = found(&boxes, |layer| layer.kind != BoxKind::Text).iter().map(|f| f.0).collect();
        assert_eq!(codes, [1, 2], "the text, and what it pushes off; not the stack around them");
        assert!(found(&boxes[..1], |_| false)[0].2.starts_with("the box runs out of the canvas"));
    }

    #[test]
    fn a_clipping_layer_cuts_text() {
        let mut group = layer(BoxKind::Group, None, corners(10.0, 10.0, 50.0, 40.0));
        group.clips = true;
        let mut text = layer(BoxKind::Text, Some(0), corners(20.0, 10.0, 60.0, 30.0));
        text.is_in_flow = false;
        let expected = "the text runs out of Group: 10 px on the right".to_owned();
        assert_eq!(found(&[group, text], |_| false), [(1, "clipped", expected)]);
    }

    #[test]
    fn what_is_turned_together_is_measured_as_if_it_were_upright() {
        // Both are turned by 90 degrees: right is down.
        let turned = |left: f32, top: f32, right: f32, bottom: f32| {
            [(left, top), (right, top), (right, bottom), (left, bottom)].map(|(x, y)| PointF { x: 60.0 - y, y: x })
        };
        let mut group = layer(BoxKind::Group, None, turned(0.0, 0.0, 40.0, 20.0));
        group.clips = true;
        let text = layer(BoxKind::Text, Some(0), turned(5.0, 5.0, 49.0, 15.0));
        assert_eq!(found(&[group, text], |_| false)[0].2, "the text runs out of Group: 9 px on the right");
    }

    #[test]
    fn photos_and_boxes_at_their_own_frames_may_bleed() {
        for kind in [BoxKind::Rect, BoxKind::Ellipse, BoxKind::Image, BoxKind::Group, BoxKind::Rating] {
            assert!(found(&[layer(kind, None, corners(-50.0, -50.0, 500.0, 500.0))], |_| false).is_empty());
        }
    }
}
