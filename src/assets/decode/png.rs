//! PNG: every colour type and depth, interlaced or not. Of an animation, the picture that is there for those who
//! cannot show it.
//!
//! Which colours are meant: cICP before iCCP before sRGB before gAMA with cHRM, as the specification and browsers
//! have it. <https://www.w3.org/TR/png-3/#color-chunk-precendence>

use png::{BitDepth, ColorType, Decoder, DecodingError, Info, Limits, Transformations};

use super::profile::{self, Conversion, Found, Model};
use super::{
    AssetError, Format, Header, check_size, cursor, decoder_error, orientation, rgb_to_rgba, too_large, unreadable,
};
use crate::assets::PhotoLimits;
use crate::assets::limits::MAX_PROFILE_BYTES;
use crate::pixels::SizePx;

/// What the decoder needs for itself: lines, tables, the compressed profile.
const WORKING_BYTES: usize = 8 << 20;

pub(super) fn read_header(file: &[u8], limits: &PhotoLimits) -> Result<Header, AssetError> {
    let mut decoder = decoder(file, MAX_PROFILE_BYTES + WORKING_BYTES);
    let info = decoder.read_header_info().map_err(|error| png_error(&error))?;
    let stored_size = SizePx::new(info.width, info.height);
    check_size(stored_size, limits)?;
    let reader = decoder.read_info().map_err(|error| png_error(&error))?;
    let info = reader.info();
    let (color_type, depth) = reader.output_color_type();
    let (conversion, note) = profile::noted(color_space(file, info, color_type));
    Ok(Header {
        format: Format::Png { bytes_per_pixel: (color_type.samples() * depth_bytes(depth)) as u8 },
        stored_size,
        orientation: orientation(info.exif_metadata.as_deref()),
        has_alpha: matches!(color_type, ColorType::GrayscaleAlpha | ColorType::Rgba),
        conversion,
        notes: note.into_iter().collect(),
    })
}

/// The pixels as RGBA.
pub(super) fn decode(
    file: &[u8],
    conversion: Option<&Conversion>,
    limits: &PhotoLimits,
) -> Result<(SizePx, Vec<u8>), AssetError> {
    let bytes = usize::try_from(limits.max_pixels.saturating_mul(8)).unwrap_or(usize::MAX);
    let mut decoder = decoder(file, bytes.saturating_add(WORKING_BYTES));
    decoder.set_ignore_iccp_chunk(true);
    let mut reader = decoder.read_info().map_err(|error| png_error(&error))?;
    let size = SizePx::new(reader.info().width, reader.info().height);
    check_size(size, limits)?;
    let (color_type, depth) = reader.output_color_type();
    let length = reader.output_buffer_size().ok_or_else(|| too_large("the image takes more memory than there is"))?;
    let mut samples = vec![0; length];
    reader.next_frame(&mut samples).map_err(|error| png_error(&error))?;
    drop(reader);
    if depth == BitDepth::Sixteen {
        // Rounded, as 255 of 8 bits is 65,535 of 16.
        samples = samples.as_chunks::<2>().0.iter().map(|sample| to_8_bits(u16::from_be_bytes(*sample))).collect();
    }
    Ok((size, to_rgba(samples, color_type, conversion)?))
}

fn decoder(file: &[u8], max_bytes: usize) -> Decoder<std::io::Cursor<&[u8]>> {
    let mut decoder = Decoder::new_with_limits(cursor(file), Limits { bytes: max_bytes });
    // Compressed texts are not even looked at.
    decoder.set_ignore_text_chunk(true);
    // Palettes to colours, up to 8 bits, transparent colours to alpha; 16 bits stay.
    decoder.set_transformations(Transformations::EXPAND);
    decoder
}

fn png_error(error: &DecodingError) -> AssetError {
    match error {
        DecodingError::LimitsExceeded => too_large("the image takes more memory than its size allows"),
        DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            unreadable("the file ends too early")
        }
        _ => decoder_error(error),
    }
}

fn depth_bytes(depth: BitDepth) -> usize {
    if depth == BitDepth::Sixteen { 2 } else { 1 }
}

fn to_8_bits(sample: u16) -> u8 {
    ((u32::from(sample) + 128) / 257) as u8
}

fn to_rgba(samples: Vec<u8>, color_type: ColorType, conversion: Option<&Conversion>) -> Result<Vec<u8>, AssetError> {
    let gray = |level: u8| conversion.map_or([level; 3], |conversion| conversion.gray(level));
    let mut pixels = match color_type {
        ColorType::Grayscale => {
            return Ok(samples.iter().flat_map(|level| with_alpha(gray(*level), 255)).collect());
        }
        ColorType::GrayscaleAlpha => {
            let pairs = samples.as_chunks::<2>().0.iter();
            return Ok(pairs.flat_map(|[level, alpha]| with_alpha(gray(*level), *alpha)).collect());
        }
        ColorType::Rgba => samples,
        ColorType::Rgb => rgb_to_rgba(&samples),
        ColorType::Indexed => return Err(unreadable("cannot be decoded: its palette was not applied")),
    };
    if let Some(conversion) = conversion {
        conversion.convert(&mut pixels)?;
    }
    Ok(pixels)
}

fn with_alpha([r, g, b]: [u8; 3], alpha: u8) -> [u8; 4] {
    [r, g, b, alpha]
}

fn color_space(file: &[u8], info: &Info<'_>, color_type: ColorType) -> Found {
    let model = match color_type {
        ColorType::Grayscale | ColorType::GrayscaleAlpha => Model::Gray,
        _ => Model::Rgb,
    };
    if let Some(points) = &info.coding_independent_code_points {
        return profile::from_code_points(points.color_primaries, points.transfer_function, model);
    }
    if let Some(icc) = &info.icc_profile {
        return profile::from_icc(icc, model);
    }
    if has_profile_chunk(file) {
        return Err("it cannot be unpacked, or is too large".to_owned());
    }
    match (info.srgb, info.gama_chunk) {
        (None, Some(gamma)) => {
            let chromaticities = info.chrm_chunk.map(|chrm| {
                [chrm.white, chrm.red, chrm.green, chrm.blue].map(|(x, y)| [x.into_scaled(), y.into_scaled()])
            });
            profile::from_gamma(gamma.into_scaled(), chromaticities, model)
        }
        _ => Ok(None),
    }
}

/// Whether the file has a profile that the decoder has passed over.
fn has_profile_chunk(file: &[u8]) -> bool {
    let mut chunks = file.get(8..).unwrap_or_default();
    while let [l0, l1, l2, l3, name @ ..] = chunks {
        match name.first_chunk() {
            Some(b"iCCP") => return true,
            Some(b"IDAT") | None => return false,
            _ => {}
        }
        let length = u32::from_be_bytes([*l0, *l1, *l2, *l3]) as usize;
        // Length, name and checksum around the data.
        chunks = chunks.get(length.saturating_add(12)..).unwrap_or_default();
    }
    false
}
