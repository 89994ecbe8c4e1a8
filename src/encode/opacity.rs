//! Whether a canvas is opaque: asked of every canvas, so written for the vector units.

use crate::pixels::BitmapView;

/// Whether every pixel is opaque. Stops at the first row that is not.
pub(super) fn is_opaque(view: BitmapView<'_>) -> bool {
    // `all` would look at pixels one by one; the conjunction of a whole row has no branch.
    view.rows().all(|row| row.chunks_exact(4).fold(u8::MAX, |alpha, pixel| alpha & pixel[3]) == u8::MAX)
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
}
