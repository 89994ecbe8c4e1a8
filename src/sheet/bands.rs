//! Bands: which draw each item goes into.
//!
//! Items of one class (shapes, photos, text ...) that do not have to wait for each other share a draw, across
//! every canvas of the surface. An item waits for an earlier one only where their bounds overlap:
//!
//! ```text
//!   draw order:  bg(shape)  photo  title(text)  pill(shape)  price(text over pill)
//!   bands:       [shapes: bg, pill]  [photos: photo]  [text: title, price]
//! ```
//!
//! Reordering never changes pixels: two items that touch the same pixel keep their order. So a canvas looks the
//! same whatever else is on its sheet.

use crate::pixels::RectPx;

/// What one pipeline can draw in one go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Filled and stroked outlines.
    Shape,
    /// What lies wholly inside an outline and is opaque, in one colour.
    Fill,
    /// The same in a linear gradient.
    Gradient,
    /// Blurred boxes.
    Shadow,
    /// Photos of one page set.
    Photo(usize),
    /// What lies wholly inside the mask of an opaque photo, of one page set.
    Blit(usize),
    /// Isolates of the next depth.
    Composite,
    /// Lines of text.
    Text,
    /// Everything but text, in tiles of a compute shader.
    Tiles,
}

/// The bands of one surface, growing as canvases are added.
#[derive(Debug, Default)]
pub struct BandList {
    classes: Vec<Class>,
}

impl BandList {
    /// The class of every band, in drawing order.
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }
}

/// What one canvas has drawn so far, and in which band.
#[derive(Debug, Default)]
pub struct CanvasBands {
    drawn: Vec<(RectPx, usize)>,
}

impl CanvasBands {
    /// The band of a part of the canvas's next item.
    pub fn place(&self, list: &mut BandList, class: Class, bounds: RectPx) -> usize {
        let classes = &mut list.classes;
        let earliest = self
            .drawn
            .iter()
            .filter(|(other, _)| other.overlaps(bounds))
            .map(|&(_, band)| if classes[band] == class { band } else { band + 1 })
            .max()
            .unwrap_or(0);
        (earliest..classes.len()).find(|&band| classes[band] == class).unwrap_or_else(|| {
            classes.push(class);
            classes.len() - 1
        })
    }

    /// The item's parts, with their bands: later items wait for them where they overlap.
    pub fn drew(&mut self, parts: impl IntoIterator<Item = (RectPx, usize)>) {
        self.drawn.extend(parts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl CanvasBands {
        pub fn assign(&mut self, list: &mut BandList, class: Class, bounds: RectPx) -> usize {
            let band = self.place(list, class, bounds);
            self.drew([(bounds, band)]);
            band
        }
    }

    #[test]
    fn text_over_a_later_pill_still_shares_the_text_band() {
        let mut list = BandList::default();
        let mut canvas = CanvasBands::default();
        let full = RectPx::new(0, 0, 1000, 500);
        assert_eq!(canvas.assign(&mut list, Class::Shape, full), 0);
        assert_eq!(canvas.assign(&mut list, Class::Text, RectPx::new(500, 10, 100, 20)), 1);
        let pill = RectPx::new(500, 100, 100, 40);
        assert_eq!(canvas.assign(&mut list, Class::Shape, pill), 0);
        assert_eq!(canvas.assign(&mut list, Class::Text, pill), 1);
    }

    #[test]
    fn a_shape_over_text_opens_a_band_above() {
        let mut list = BandList::default();
        let mut canvas = CanvasBands::default();
        let spot = RectPx::new(0, 0, 10, 10);
        assert_eq!(canvas.assign(&mut list, Class::Text, spot), 0);
        assert_eq!(canvas.assign(&mut list, Class::Shape, spot), 1);
        assert_eq!(canvas.assign(&mut list, Class::Text, spot), 2);
        let mut next = CanvasBands::default();
        assert_eq!(next.assign(&mut list, Class::Shape, spot), 1, "another canvas reuses the bands");
        assert_eq!(list.classes(), [Class::Text, Class::Shape, Class::Text]);
    }
}
