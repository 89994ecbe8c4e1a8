//! CSS paint to pixels: gradient lines, stops and corner radii of one box.
//! <https://www.w3.org/TR/css-images-3/#gradients>

use std::sync::Arc;

use crate::pixels::{PointF, RectF};
use crate::template::scene::{Fill, GradientDirection, GradientStop, Length, RadialExtent, RadialShape};

use super::display_list::{Paint, Stop};

/// Resolves a fill for a box. `scale`: pixels of the surface per CSS pixel. `opacity` goes into the colours.
pub fn resolve(fill: &Fill, rect: RectF, scale: f32, opacity: f32) -> Paint {
    match fill {
        Fill::Solid(color) => Paint::Solid(color.faded(opacity)),
        Fill::Linear { direction, stops } => {
            let (start, end) = line(*direction, rect);
            let length = (end.x - start.x).hypot(end.y - start.y);
            Paint::Linear { start, end, stops: place_stops(stops, length, scale), opacity }
        }
        Fill::Radial { shape, extent, center, stops } => {
            let center = PointF {
                x: rect.x + along(center[0], rect.width, scale),
                y: rect.y + along(center[1], rect.height, scale),
            };
            let radii = radii(*shape, *extent, center, rect, scale).map(|radius| radius.max(0.001));
            Paint::Radial { center, radii, stops: place_stops(stops, radii[0], scale), opacity }
        }
    }
}

/// Whether a fill hides everything below it.
pub fn is_opaque(fill: &Fill) -> bool {
    match fill {
        Fill::Solid(color) => color.a >= 1.0,
        Fill::Linear { stops, .. } | Fill::Radial { stops, .. } => stops.iter().all(|stop| stop.color.a >= 1.0),
    }
}

fn along(length: Length, whole: f32, scale: f32) -> f32 {
    match length {
        Length::Px(px) => px * scale,
        Length::Percent(percent) => percent / 100.0 * whole,
    }
}

/// The gradient line through the centre of the box.
fn line(direction: GradientDirection, rect: RectF) -> (PointF, PointF) {
    let (ux, uy) = match direction {
        GradientDirection::Degrees(degrees) => {
            let (sin, cos) = degrees.to_radians().sin_cos();
            (sin, -cos)
        }
        GradientDirection::To(x, 0) => (f32::from(x), 0.0),
        GradientDirection::To(0, y) => (0.0, f32::from(y)),
        // Towards a corner, the colour at 50 % runs through the two neighbouring corners.
        GradientDirection::To(x, y) => {
            let (dx, dy) = (f32::from(x) * rect.height, f32::from(y) * rect.width);
            let length = dx.hypot(dy).max(0.001);
            (dx / length, dy / length)
        }
    };
    let half = ((rect.width * ux).abs() + (rect.height * uy).abs()) / 2.0;
    let (cx, cy) = (rect.x + rect.width / 2.0, rect.y + rect.height / 2.0);
    (PointF { x: cx - ux * half, y: cy - uy * half }, PointF { x: cx + ux * half, y: cy + uy * half })
}

fn radii(shape: RadialShape, extent: RadialExtent, center: PointF, rect: RectF, scale: f32) -> [f32; 2] {
    let x = [(center.x - rect.x).abs(), (rect.right() - center.x).abs()];
    let y = [(center.y - rect.y).abs(), (rect.bottom() - center.y).abs()];
    let near = [x[0].min(x[1]), y[0].min(y[1])];
    let far = [x[0].max(x[1]), y[0].max(y[1])];
    // An ellipse to a corner keeps the ratio of the ellipse to the matching sides: √2 of it.
    let corner = |sides: [f32; 2]| match shape {
        RadialShape::Circle => [sides[0].hypot(sides[1]); 2],
        RadialShape::Ellipse => sides.map(|side| side * std::f32::consts::SQRT_2),
    };
    match (extent, shape) {
        (RadialExtent::Radii(lengths), _) => {
            [along(lengths[0], rect.width, scale), along(lengths[1], rect.height, scale)]
        }
        (RadialExtent::ClosestSide, RadialShape::Circle) => [near[0].min(near[1]); 2],
        (RadialExtent::FarthestSide, RadialShape::Circle) => [far[0].max(far[1]); 2],
        (RadialExtent::ClosestSide, RadialShape::Ellipse) => near,
        (RadialExtent::FarthestSide, RadialShape::Ellipse) => far,
        (RadialExtent::ClosestCorner, _) => corner(near),
        (RadialExtent::FarthestCorner, _) => corner(far),
    }
}

/// CSS colour stop fix-up: ends at 0 and 1, never backwards, gaps spread evenly.
fn place_stops(stops: &[GradientStop], length_px: f32, scale: f32) -> Arc<[Stop]> {
    let last = stops.len().saturating_sub(1);
    let mut offsets: Vec<Option<f32>> = stops
        .iter()
        .enumerate()
        .map(|(index, stop)| match stop.position {
            Some(Length::Percent(percent)) => Some(percent / 100.0),
            Some(Length::Px(px)) => Some(px * scale / length_px.max(0.001)),
            None if index == 0 => Some(0.0),
            None if index == last => Some(1.0),
            None => None,
        })
        .collect();
    let mut reached = f32::NEG_INFINITY;
    for offset in offsets.iter_mut().flatten() {
        reached = reached.max(*offset);
        *offset = reached;
    }
    let mut index = 0;
    while index < offsets.len() {
        if offsets[index].is_none() {
            let end = (index..offsets.len()).find(|&at| offsets[at].is_some()).unwrap_or(last);
            let (from, to) = (offsets[index - 1].unwrap_or(0.0), offsets[end].unwrap_or(1.0));
            let gap = (end - index + 1) as f32;
            for (nth, at) in (index..end).enumerate() {
                offsets[at] = Some(from + (to - from) * (nth + 1) as f32 / gap);
            }
            index = end;
        }
        index += 1;
    }
    stops.iter().zip(offsets).map(|(stop, offset)| Stop { offset: offset.unwrap_or(0.0), color: stop.color }).collect()
}

/// Corner radii in pixels, made smaller together where two would overlap (CSS Backgrounds 3, 5.5).
pub fn corner_radii(radius: Option<[Length; 4]>, width: f32, height: f32, scale: f32) -> [f32; 4] {
    let Some(radius) = radius else { return [0.0; 4] };
    fit_radii(radius.map(|length| along(length, width.min(height), scale).max(0.0)), width, height)
}

/// The corner radii of a box's shadow: each grows with the spread, a small one by less so that sharp corners stay
/// sharp (CSS Backgrounds 3, 6.1.1). `width` and `height` are the shadow's.
pub fn spread_radii(radii: [f32; 4], spread: f32, width: f32, height: f32) -> [f32; 4] {
    let grown = radii.map(|radius| {
        let share = if radius < spread { 1.0 + (radius / spread - 1.0).powi(3) } else { 1.0 };
        if radius > 0.0 { (radius + spread * share).max(0.0) } else { 0.0 }
    });
    fit_radii(grown, width, height)
}

fn fit_radii(radii: [f32; 4], width: f32, height: f32) -> [f32; 4] {
    let [top_left, top_right, bottom_right, bottom_left] = radii;
    let sums = [
        (top_left + top_right, width),
        (bottom_left + bottom_right, width),
        (top_left + bottom_left, height),
        (top_right + bottom_right, height),
    ];
    let factor = sums.into_iter().filter(|(sum, side)| sum > side).fold(1.0_f32, |f, (sum, side)| f.min(side / sum));
    radii.map(|radius| radius * factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::Color;

    fn stop(position: Option<f32>) -> GradientStop {
        GradientStop { color: Color::BLACK, position: position.map(Length::Percent) }
    }

    #[test]
    fn css_135_degrees_of_a_square_runs_corner_to_corner() {
        let (start, end) = line(GradientDirection::Degrees(135.0), RectF::new(0.0, 0.0, 100.0, 100.0));
        for (value, wanted) in [(start.x, 0.0), (start.y, 0.0), (end.x, 100.0), (end.y, 100.0)] {
            assert!((value - wanted).abs() < 0.001, "{value} is not {wanted}");
        }
    }

    #[test]
    fn to_a_corner_the_middle_runs_through_the_other_corners() {
        let rect = RectF::new(0.0, 0.0, 200.0, 100.0);
        let (start, end) = line(GradientDirection::To(1, -1), rect);
        let share = |x: f32, y: f32| {
            let (dx, dy) = (end.x - start.x, end.y - start.y);
            ((x - start.x) * dx + (y - start.y) * dy) / (dx * dx + dy * dy)
        };
        assert!((share(0.0, 0.0) - 0.5).abs() < 0.001);
        assert!((share(200.0, 100.0) - 0.5).abs() < 0.001);
        assert!((share(200.0, 0.0) - 1.0).abs() < 0.001);
    }

    #[test]
    fn stops_are_fixed_up_as_css_says() {
        let offsets: Vec<f32> =
            place_stops(&[stop(None), stop(None), stop(Some(80.0)), stop(Some(20.0)), stop(None)], 100.0, 1.0)
                .iter()
                .map(|stop| stop.offset)
                .collect();
        assert_eq!(offsets, [0.0, 0.4, 0.8, 0.8, 1.0]);
    }

    #[test]
    fn radii_that_overlap_shrink_together() {
        let radii = corner_radii(Some([Length::Px(100.0); 4]), 100.0, 50.0, 1.0);
        assert_eq!(radii, [25.0; 4]);
        assert_eq!(corner_radii(Some([Length::Percent(50.0); 4]), 100.0, 100.0, 2.0), [50.0; 4]);
    }

    #[test]
    fn a_shadow_keeps_sharp_corners_sharp() {
        assert_eq!(spread_radii([0.0, 8.0, 20.0, 4.0], 8.0, 500.0, 500.0), [0.0, 16.0, 28.0, 11.0]);
        assert_eq!(spread_radii([0.0, 8.0, 20.0, 4.0], -8.0, 500.0, 500.0), [0.0, 0.0, 12.0, 0.0]);
        assert_eq!(spread_radii([50.0, 0.0, 0.0, 0.0], -10.0, 30.0, 30.0), [30.0, 0.0, 0.0, 0.0]);
    }
}
