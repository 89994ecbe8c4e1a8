//! JPEG by libjpeg-turbo, straight from the rows of the sheet.
//!
//! The standard Huffman tables and the accurate integer DCT, which are what libjpeg-turbo is vectorised for.
//! Optimised tables would save 4-7 % of the bytes for twice the time; the fast DCT gains little with SIMD and loses
//! quality above 90. Progressive files come with optimised tables. A profile says sRGB: see
//! [`super::srgb_profile`]; nothing else is added, so a file has no time, comment or EXIF.

use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};

use super::opacity::{is_opaque, lay_over};
use super::srgb_profile::SRGB_PROFILE;
use crate::job::{Jpeg, Subsampling};
use crate::pixels::BitmapView;

/// `JPEG_MAX_DIMENSION` of libjpeg-turbo; the format itself ends at 65,535.
pub(super) const MAX_SIDE: u32 = 65_500;

/// Of the marker and its length, before the segment's content.
const SEGMENT_HEADER_BYTES: usize = 4;

#[derive(Default)]
pub(super) struct JpegEncoder {
    /// Made with the first image, and again after an error.
    compressor: Option<Compressor>,
    /// Large enough for the largest file so far: libjpeg-turbo would grow its own by doubling.
    file: Vec<u8>,
    flat: Vec<u8>,
}

impl JpegEncoder {
    pub(super) fn encode(&mut self, view: BitmapView<'_>, settings: Jpeg) -> Result<Vec<u8>, String> {
        let Jpeg { quality, subsampling, progressive, background } = settings;
        let mut compressor = match self.compressor.take() {
            Some(compressor) => compressor,
            None => Compressor::new().map_err(|error| error.to_string())?,
        };
        let (width, height) = (view.size().width as usize, view.size().height as usize);
        let (pixels, pitch) = if is_opaque(view) {
            (view.data(), view.stride())
        } else {
            lay_over(view, background, &mut self.flat);
            (self.flat.as_slice(), width * 4)
        };
        // The fourth byte is passed over.
        let image = Image { pixels, width, pitch, height, format: PixelFormat::RGBX };
        let mut compress = || {
            compressor.set_quality(i32::from(quality))?;
            compressor.set_subsamp(match subsampling {
                Subsampling::Chroma420 => Subsamp::Sub2x2,
                Subsampling::Chroma444 => Subsamp::None,
            })?;
            compressor.set_progressive(progressive)?;
            let longest = compressor.buf_len(width, height)?;
            if self.file.len() < longest {
                self.file.resize(longest, 0);
            }
            compressor.compress_to_slice(image, &mut self.file)
        };
        let length = compress().map_err(|error| error.to_string())?;
        self.compressor = Some(compressor);
        with_profile(&self.file[..length])
    }
}

/// The file with the profile after its first segment, which is JFIF's: Annex B.4 of ICC.1.
fn with_profile(file: &[u8]) -> Result<Vec<u8>, String> {
    let [0xff, 0xd8, 0xff, 0xe0, high, low, ..] = *file else { return Err("the file does not start as JFIF".into()) };
    let (start, rest) = file
        .split_at_checked(SEGMENT_HEADER_BYTES + usize::from(u16::from_be_bytes([high, low])))
        .ok_or("the file ends too early")?;
    // The name with its zero, and: the first of one part.
    let name = b"ICC_PROFILE\0\x01\x01";
    let length = (2 + name.len() + SRGB_PROFILE.len()) as u16;
    Ok([start, &[0xff, 0xe2], &length.to_be_bytes(), name, &SRGB_PROFILE, rest].concat())
}
