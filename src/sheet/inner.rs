//! What of an item is surely wholly inside its outline and opaque: most pixels, which need no look at edges.
//!
//! ```text
//!      ╭───────────╮      edge: four strips, by the general pass
//!      │ ┌───────┐ │
//!      │ │ inner │ │      inner: by a small pass that reads a texel or a colour, and blends nothing
//!      │ └───────┘ │
//!      ╰───────────╯
//! ```
//!
//! Both passes give the same bytes: inside, a general pass multiplies by a coverage of exactly one.

use crate::assets::ScaledPhoto;
use crate::layout::{Outline, Paint, PhotoItem, Shape};
use crate::pixels::RectPx;

use super::bands::Class;

/// Smaller parts are not worth a band: 64×64 pixels.
pub const MIN_AREA_PX: u64 = 64 * 64;

/// The rectangle whose pixels an outline covers wholly; `None` where there is none, or none that is simple.
pub fn of(rect: RectPx, outline: &Outline) -> Option<RectPx> {
    // A rectangle inset by r (1 − 1/√2) lies inside the curve; one more pixel for its soft edge.
    let inset = |radius: f32| (radius * (1.0 - std::f32::consts::FRAC_1_SQRT_2)).ceil() as i32 + 1;
    let (inset_x, inset_y) = match outline {
        Outline::RoundedRect(radii) => {
            let largest = radii.iter().copied().fold(0.0, f32::max);
            // The edges of a box lie on whole pixels.
            let inset = if largest > 0.0 { inset(largest) } else { 0 };
            (inset, inset)
        }
        Outline::Ellipse => (inset(rect.width as f32 / 2.0), inset(rect.height as f32 / 2.0)),
        Outline::Star { .. } => return None,
    };
    let (width, height) = (rect.width as i32 - 2 * inset_x, rect.height as i32 - 2 * inset_y);
    (width > 0 && height > 0).then(|| RectPx::new(rect.x + inset_x, rect.y + inset_y, width as u32, height as u32))
}

/// The inner part of a shape, with the pass that draws it.
pub fn of_shape(shape: &Shape) -> Option<(Class, RectPx)> {
    let Shape { rect, outline, paint, stroke_px } = shape;
    let class = match paint {
        Paint::Solid(_) => Class::Fill,
        Paint::Linear { .. } => Class::Gradient,
        Paint::Radial { .. } => return None,
    };
    let is_filled = stroke_px.is_none() && paint.is_opaque();
    of(*rect, outline).filter(|_| is_filled).map(|inner| (class, inner))
}

/// The inner part of a photo, with the pass that draws it.
pub fn of_photo(photo: &PhotoItem, pixels: &ScaledPhoto, page_set: usize) -> Option<(Class, RectPx)> {
    let is_opaque = pixels.opaque && photo.opacity >= 1.0;
    let inner = of(photo.mask_rect, &photo.mask).filter(|_| is_opaque)?;
    Some((Class::Blit(page_set), inner.intersection(photo.rect)))
}

/// A rectangle without one inside it: up to four strips.
pub fn around(all: RectPx, hole: RectPx) -> Vec<RectPx> {
    let between = |x: i32, y: i32, right: i32, bottom: i32| {
        RectPx::new(x, y, (right - x).max(0) as u32, (bottom - y).max(0) as u32)
    };
    let strips = [
        between(all.x, all.y, all.right(), hole.y),
        between(all.x, hole.bottom(), all.right(), all.bottom()),
        between(all.x, hole.y, hole.x, hole.bottom()),
        between(hole.right(), hole.y, all.right(), hole.bottom()),
    ];
    strips.into_iter().filter(|strip| !strip.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_and_hole_cover_all_once() {
        let all = RectPx::new(-3, 5, 40, 30);
        for hole in [RectPx::new(0, 10, 10, 10), RectPx::new(-3, 5, 40, 3), all] {
            let strips = around(all, hole);
            let area: u64 = strips.iter().chain([&hole]).map(|rect| rect.size().area()).sum();
            assert_eq!(area, all.size().area());
            assert!(strips.iter().all(|strip| !strip.overlaps(hole)));
        }
    }

    #[test]
    fn a_box_is_inner_to_its_edges_and_a_round_one_is_not() {
        let rect = RectPx::new(10, 10, 100, 100);
        assert_eq!(of(rect, &Outline::RECT), Some(rect));
        assert_eq!(of(rect, &Outline::RoundedRect([0.0, 32.0, 0.0, 0.0])), Some(RectPx::new(21, 21, 78, 78)));
        assert_eq!(of(rect, &Outline::Ellipse), Some(RectPx::new(26, 26, 68, 68)));
        assert_eq!(of(RectPx::new(0, 0, 2, 2), &Outline::Ellipse), None);
    }
}
