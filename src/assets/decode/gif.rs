//! GIF: the first frame on its transparent screen.
//!
//! As browsers show it, the background colour of the file plays no part. What of a frame lies outside the screen is
//! cut off. Colour profiles in GIF are read by nobody.

use image::ImageDecoder;
use image::codecs::gif::GifDecoder;
use image::metadata::Orientation;

use super::{
    AssetError, Format, Header, check_size, cursor, image_error, image_limits, read_rgba, too_large, unreadable,
};
use crate::assets::PhotoLimits;
use crate::pixels::SizePx;

pub(super) fn read_header(file: &[u8], limits: &PhotoLimits) -> Result<Header, AssetError> {
    let decoder = GifDecoder::new(cursor(file)).map_err(|error| image_error(&error))?;
    let (width, height) = decoder.dimensions();
    let stored_size = SizePx::new(width, height);
    check_size(stored_size, limits)?;
    let frame = first_frame(file).ok_or_else(|| unreadable("the file ends too early"))?;
    // A frame may be larger than the screen that it is shown on.
    if frame.area() > limits.max_pixels {
        let SizePx { width, height } = frame;
        return Err(too_large(format!(
            "the image's first frame has {width} × {height} pixels: at most {} are allowed",
            limits.max_pixels
        )));
    }
    Ok(Header {
        format: Format::Gif,
        stored_size,
        orientation: Orientation::NoTransforms,
        has_alpha: true,
        conversion: None,
        notes: Vec::new(),
    })
}

/// The pixels as RGBA.
pub(super) fn decode(file: &[u8], limits: &PhotoLimits) -> Result<(SizePx, Vec<u8>), AssetError> {
    let mut decoder = GifDecoder::new(cursor(file)).map_err(|error| image_error(&error))?;
    decoder.set_limits(image_limits(limits)).map_err(|error| image_error(&error))?;
    read_rgba(decoder)
}

/// The size of the first frame. <https://www.w3.org/Graphics/GIF/spec-gif89a.txt>
fn first_frame(file: &[u8]) -> Option<SizePx> {
    let table_len = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let mut at = 13 + table_len(*file.get(10)?);
    loop {
        match *file.get(at)? {
            // An extension: its label, then blocks up to an empty one.
            0x21 => {
                at += 2;
                loop {
                    let length = usize::from(*file.get(at)?);
                    at += 1 + length;
                    if length == 0 {
                        break;
                    }
                }
            }
            0x2c => {
                let [.., w0, w1, h0, h1] = *file.get(at + 1..at + 9)? else { return None };
                return Some(SizePx::new(u16::from_le_bytes([w0, w1]).into(), u16::from_le_bytes([h0, h1]).into()));
            }
            _ => return None,
        }
    }
}
