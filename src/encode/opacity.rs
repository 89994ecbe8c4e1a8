//! Transparency: whether a canvas has any, what it looks like over a colour, and how files store it.
//!
//! Canvases are premultiplied; files are straight or opaque. [`is_opaque`] is asked of every canvas, so it is
//! written for the vector units.

use crate::job::Rgb;
use crate::pixels::BitmapView;

/// Whether every pixel is opaque. Stops at the first row that is not.
pub(super) fn is_opaque(view: BitmapView<'_>) -> bool {
    // `all` would look at pixels one by one; the conjunction of a whole row has no branch.
    view.rows().all(|row| row.chunks_exact(4).fold(u8::MAX, |alpha, pixel| alpha & pixel[3]) == u8::MAX)
}

/// Premultiplied pixels over a colour, as opaque RGBA rows without padding.
pub(super) fn lay_over(view: BitmapView<'_>, background: Rgb, to: &mut Vec<u8>) {
    to.resize(view.size().area() as usize * 4, 0);
    convert(view, to.as_chunks_mut::<4>().0, |pixel| {
        let [r, g, b] = over(pixel, background);
        [r, g, b, 255]
    });
}

/// One premultiplied pixel over a colour.
pub(super) fn over([r, g, b, a]: [u8; 4], background: Rgb) -> Rgb {
    let missing = u32::from(255 - a);
    let share = |channel: u8| ((u32::from(channel) * missing + 127) / 255) as u8;
    let [back_r, back_g, back_b] = background.map(share);
    [r.saturating_add(back_r), g.saturating_add(back_g), b.saturating_add(back_b)]
}

/// Divides by alpha, to the nearest: multiplied again it gives the same pixel.
pub(super) fn straight(pixel: [u8; 4]) -> [u8; 4] {
    let [r, g, b, a] = pixel;
    match a {
        255 => pixel,
        0 => [0; 4],
        _ => {
            let alpha = u32::from(a);
            let over = |value: u8| ((u32::from(value) * 255 + alpha / 2) / alpha).min(255) as u8;
            [over(r), over(g), over(b), a]
        }
    }
}

/// Every pixel of the view, converted, to its place in rows without padding.
pub(super) fn convert<const N: usize>(view: BitmapView<'_>, to: &mut [[u8; N]], pixel: impl Fn([u8; 4]) -> [u8; N]) {
    for (row, to) in view.rows().zip(to.chunks_exact_mut(view.size().width as usize)) {
        for (from, to) in row.as_chunks::<4>().0.iter().zip(to) {
            *to = pixel(*from);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::{Bitmap, SizePx};

    #[test]
    fn one_pixel_anywhere_shows() {
        let size = SizePx::new(37, 5);
        let opaque = Bitmap::new(size, vec![255; size.area() as usize * 4]);
        assert!(is_opaque(opaque.view()));
        for pixel in [0, 36, 37, size.area() as usize - 1] {
            let mut bitmap = opaque.clone();
            bitmap.data_mut()[pixel * 4 + 3] = 254;
            assert!(!is_opaque(bitmap.view()), "pixel {pixel}");
        }
    }

    #[test]
    fn half_of_each_is_between() {
        assert_eq!(over([0; 4], [1, 2, 255]), [1, 2, 255]);
        assert_eq!(over([9, 8, 7, 255], [1, 2, 3]), [9, 8, 7]);
        assert_eq!(over([128, 0, 0, 128], [255, 255, 0]), [255, 127, 0]);
    }
}
