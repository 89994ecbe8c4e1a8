//! A canvas as a schematic: the boxes of its layers and its lines of text, in whole pixels.

use std::sync::Arc;

use serde::Serialize;

use crate::layout::{BoxKind, LayerBox};
use crate::pixels::{PointF, SizePx};

/// Most shapes of one schematic: more say nothing to the eye.
const MAX_SHAPES: usize = 160;

/// The boxes of a canvas, bottom first.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Wireframe {
    /// The size.
    pub size: Arc<str>,
    /// Width of the canvas in pixels.
    pub width: u32,
    /// Height of the canvas in pixels.
    pub height: u32,
    /// What is on it.
    pub shapes: Vec<WireShape>,
}

/// One box or line.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct WireShape {
    /// What it is.
    pub kind: WireKind,
    /// See [`outline`].
    pub corners: Vec<i32>,
}

/// What a shape stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WireKind {
    /// A painted box.
    Box,
    /// An ellipse.
    Ellipse,
    /// A photo.
    Photo,
    /// Stars.
    Rating,
    /// One line of text.
    Line,
}

impl Wireframe {
    /// Of a canvas that is laid out.
    pub fn new(size: &Arc<str>, canvas: SizePx, boxes: &[LayerBox]) -> Self {
        let mut shapes = Vec::new();
        for layer in boxes {
            let kind = match layer.kind {
                BoxKind::Ellipse => Some(WireKind::Ellipse),
                BoxKind::Image => Some(WireKind::Photo),
                BoxKind::Rating => Some(WireKind::Rating),
                BoxKind::Rect | BoxKind::Group | BoxKind::Stack | BoxKind::Text => {
                    layer.is_painted.then_some(WireKind::Box)
                }
            };
            shapes.extend(kind.map(|kind| WireShape { kind, corners: outline(&layer.corners) }));
            let lines = layer.lines.iter();
            shapes.extend(lines.map(|line| WireShape { kind: WireKind::Line, corners: outline(&line.corners) }));
        }
        shapes.truncate(MAX_SHAPES);
        Self { size: Arc::clone(size), width: canvas.width, height: canvas.height, shapes }
    }
}

/// Corners in whole pixels: left, top, right, bottom of an upright box; else x and y of all four.
pub fn outline(corners: &[PointF; 4]) -> Vec<i32> {
    let whole = |value: f32| value.clamp(-1e6, 1e6).round() as i32;
    let [a, b, c, d] = corners;
    let is_upright = a.y == b.y && b.x == c.x && c.y == d.y && d.x == a.x;
    match is_upright {
        true => vec![whole(a.x), whole(a.y), whole(c.x), whole(c.y)],
        false => corners.iter().flat_map(|corner| [whole(corner.x), whole(corner.y)]).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(corners: [(f32, f32); 4]) -> [PointF; 4] {
        corners.map(|(x, y)| PointF { x, y })
    }

    #[test]
    fn upright_boxes_take_four_numbers_and_turned_ones_eight() {
        assert_eq!(outline(&points([(0.4, 1.0), (9.6, 1.0), (9.6, 4.0), (0.4, 4.0)])), [0, 1, 10, 4]);
        assert_eq!(outline(&points([(5.0, 0.0), (9.0, 5.0), (5.0, 9.0), (0.0, 5.0)])), [5, 0, 9, 5, 5, 9, 0, 5]);
    }
}
