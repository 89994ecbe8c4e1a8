//! JPEG by libjpeg-turbo, straight from the rows of the sheet.
//!
//! Baseline, 4:2:0, the standard Huffman tables and the accurate integer DCT, which are what
//! libjpeg-turbo is vectorised for. Optimised tables would save 4-7 % of the bytes for twice the time;
//! the fast DCT gains little with SIMD and loses quality above 90. No colour profile: JFIF without one
//! is taken as sRGB.

use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};

use super::opacity::is_opaque;
use crate::pixels::BitmapView;

/// `JPEG_MAX_DIMENSION` of libjpeg-turbo; the format itself ends at 65,535.
pub(super) const MAX_SIDE: u32 = 65_500;

#[derive(Default)]
pub(super) struct JpegEncoder {
    /// Made with the first image, and again after an error.
    compressor: Option<Compressor>,
    /// Large enough for the largest file so far: libjpeg-turbo would grow its own by doubling.
    file: Vec<u8>,
    over_white: Vec<u8>,
}

impl JpegEncoder {
    pub(super) fn encode(&mut self, view: BitmapView<'_>, quality: u8) -> Result<Vec<u8>, String> {
        let mut compressor = match self.compressor.take() {
            Some(compressor) => compressor,
            None => new_compressor().map_err(|error| error.to_string())?,
        };
        let (width, height) = (view.size().width as usize, view.size().height as usize);
        let (pixels, pitch) = if is_opaque(view) {
            (view.data(), view.stride())
        } else {
            lay_over_white(view, &mut self.over_white);
            (self.over_white.as_slice(), width * 4)
        };
        // The fourth byte is passed over.
        let image = Image { pixels, width, pitch, height, format: PixelFormat::RGBX };
        let mut compress = || {
            compressor.set_quality(i32::from(quality))?;
            let longest = compressor.buf_len(width, height)?;
            if self.file.len() < longest {
                self.file.resize(longest, 0);
            }
            compressor.compress_to_slice(image, &mut self.file)
        };
        let length = compress().map_err(|error| error.to_string())?;
        self.compressor = Some(compressor);
        Ok(self.file[..length].to_vec())
    }
}

fn new_compressor() -> turbojpeg::Result<Compressor> {
    let mut compressor = Compressor::new()?;
    compressor.set_subsamp(Subsamp::Sub2x2)?;
    Ok(compressor)
}

/// Premultiplied pixels over white: what is missing to opaque is white.
fn lay_over_white(view: BitmapView<'_>, to: &mut Vec<u8>) {
    to.resize(view.size().area() as usize * 4, 0);
    for (row, to) in view.rows().zip(to.chunks_exact_mut(view.size().width as usize * 4)) {
        for (&[r, g, b, a], to) in row.as_chunks::<4>().0.iter().zip(to.as_chunks_mut::<4>().0) {
            let white = 255 - a;
            *to = [r.saturating_add(white), g.saturating_add(white), b.saturating_add(white), 255];
        }
    }
}
