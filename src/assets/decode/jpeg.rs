//! JPEG, by libjpeg-turbo: baseline and progressive, Huffman and arithmetic, grey, colour and CMYK.
//!
//! The file's markers are walked here first: for size (before the library sees it), orientation, profile, Adobe's
//! mark and whether the file was cut off. A picture that is drawn much smaller is decoded smaller: the library
//! leaves out the frequencies that would not be seen, which is several times faster and takes a fraction of the
//! memory.

use std::borrow::Cow;

use turbojpeg::{Colorspace, DecompressHeader, Decompressor, Image, PixelFormat, ScalingFactor};

use super::profile::{self, Conversion, Model};
use super::{AssetError, Format, Header, check_size, decoder_error, orientation, unreadable};
use crate::assets::limits::{MAX_JPEG_SCANS, MAX_PROFILE_BYTES};
use crate::assets::{PhotoLimits, PhotoNote};
use crate::pixels::SizePx;

/// How a picture is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Encoding {
    model: Model,
    /// Adobe stores how much ink is *not* there.
    is_inverted: bool,
    /// In several scans: the decoder holds all coefficients.
    is_progressive: bool,
    is_lossless: bool,
    components: u8,
}

/// A side of the picture is decoded this many times smaller: 1, 2, 4 or 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::assets) struct Shrink(u8);

impl Shrink {
    /// At its own size.
    pub(in crate::assets) const NONE: Self = Self(1);

    /// How many times smaller.
    pub(in crate::assets) fn factor(self) -> u32 {
        self.0.into()
    }

    /// Of the picture decoded.
    pub(in crate::assets) fn size(self, full: SizePx) -> SizePx {
        SizePx::new(full.width.div_ceil(self.factor()), full.height.div_ceil(self.factor()))
    }
}

/// Below this a picture is decoded whole: it is fast, and more sizes can share it.
const MIN_PIXELS_TO_SHRINK: u64 = 2_000_000;
/// What is left to scale down by Lanczos, which decides how sharp the result is.
const MIN_RATIO_LEFT: f32 = 3.0;

impl Encoding {
    pub(super) fn shrink(self, size: SizePx, ratio: f32) -> Shrink {
        if self.is_lossless || size.area() < MIN_PIXELS_TO_SHRINK {
            return Shrink::NONE;
        }
        let factor = [8, 4, 2].into_iter().find(|factor| ratio / f32::from(*factor) >= MIN_RATIO_LEFT);
        Shrink(factor.unwrap_or(1))
    }

    pub(super) fn bytes_held_per_pixel(self) -> u64 {
        // 16 bits for each coefficient; otherwise a few lines, which do not count.
        if self.is_progressive { 2 * u64::from(self.components) } else { 0 }
    }
}

pub(super) fn read_header(file: &[u8], limits: &PhotoLimits) -> Result<Header, AssetError> {
    let markers = Markers::read(file)?;
    let size = SizePx::new(markers.frame.width.into(), markers.frame.height.into());
    check_size(size, limits)?;
    if !markers.has_end {
        return Err(unreadable("the file ends too early"));
    }
    let (header, _) = library_header(file)?;
    if (header.width, header.height) != (size.width as usize, size.height as usize) {
        return Err(unreadable("cannot be decoded: it has several sizes"));
    }
    let (model, components) = match header.colorspace {
        Colorspace::Gray => (Model::Gray, 1),
        Colorspace::RGB | Colorspace::YCbCr => (Model::Rgb, 3),
        Colorspace::CMYK | Colorspace::YCCK => (Model::Cmyk, 4),
    };
    let (conversion, note) = match markers.profile {
        Profile::None => (None, None),
        Profile::Broken(why) => (None, Some(PhotoNote::profile_ignored(why))),
        Profile::Whole(icc) => profile::noted(profile::from_icc(&icc, model)),
    };
    let encoding = Encoding {
        model,
        is_inverted: markers.is_adobe,
        is_progressive: header.is_progressive || markers.frame.is_progressive,
        is_lossless: header.is_lossless,
        components,
    };
    Ok(Header {
        format: Format::Jpeg(encoding),
        stored_size: size,
        orientation: orientation(markers.exif),
        has_alpha: false,
        conversion,
        notes: note.into_iter().collect(),
    })
}

/// The pixels as RGBA.
pub(super) fn decode(
    file: &[u8],
    encoding: Encoding,
    shrink: Shrink,
    conversion: Option<&Conversion>,
    limits: &PhotoLimits,
) -> Result<(SizePx, Vec<u8>), AssetError> {
    let (header, file) = library_header(file)?;
    let full = SizePx::new(side(header.width)?, side(header.height)?);
    check_size(full, limits)?;
    let size = shrink.size(full);
    let format = match encoding.model {
        Model::Gray if conversion.is_some() => PixelFormat::GRAY,
        Model::Gray | Model::Rgb => PixelFormat::RGBA,
        Model::Cmyk => PixelFormat::CMYK,
    };
    let (width, height) = (size.width as usize, size.height as usize);
    let pitch = width * format.size();
    let mut pixels = vec![0; pitch * height];
    let image = Image { pixels: pixels.as_mut_slice(), width, pitch, height, format };
    let decoded = Decompressor::new().and_then(|mut decompressor| {
        decompressor.set_scan_limit(MAX_JPEG_SCANS)?;
        decompressor.set_scaling_factor(ScalingFactor::new(1, shrink.factor() as usize))?;
        decompressor.decompress(&file, image)
    });
    // After a warning the picture is there all the same.
    decoded.or_else(|error| if is_harmless(&error) { Ok(()) } else { Err(turbo_error(&error)) })?;
    match (encoding.model, conversion) {
        (Model::Gray, Some(conversion)) => pixels = conversion.gray_to_rgba(&pixels),
        (Model::Rgb, Some(conversion)) => conversion.convert(&mut pixels)?,
        (Model::Gray | Model::Rgb, None) => {}
        (Model::Cmyk, conversion) => {
            if encoding.is_inverted {
                pixels.iter_mut().for_each(|ink| *ink = 255 - *ink);
            }
            match conversion {
                Some(conversion) => conversion.convert(&mut pixels)?,
                None => profile::plain_cmyk_to_rgba(&mut pixels),
            }
        }
    }
    Ok((size, pixels))
}

fn side(length: usize) -> Result<u32, AssetError> {
    u32::try_from(length).map_err(|_| unreadable("cannot be decoded: its size is out of range"))
}

/// The header as the library reads it, with the file as the library reads it without a warning.
fn library_header(file: &[u8]) -> Result<(DecompressHeader, Cow<'_, [u8]>), AssetError> {
    let read = |file: &[u8]| Decompressor::new().and_then(|mut decompressor| decompressor.read_header(file));
    match read(file) {
        Ok(header) => Ok((header, Cow::Borrowed(file))),
        Err(error) if is_harmless(&error) => {
            let tidy = without_application_data(file);
            let header = read(&tidy).map_err(|error| turbo_error(&error))?;
            Ok((header, Cow::Owned(tidy)))
        }
        Err(error) => Err(turbo_error(&error)),
    }
}

/// Warnings of the library about what has no part in the picture.
fn is_harmless(error: &turbojpeg::Error) -> bool {
    let text = error.to_string();
    [
        "extraneous bytes before marker",
        "unknown JFIF revision",
        "Unknown Adobe color transform",
        "Invalid SOS parameters",
    ]
    .iter()
    .any(|harmless| text.contains(harmless))
}

fn turbo_error(error: &turbojpeg::Error) -> AssetError {
    match error {
        turbojpeg::Error::TurboJpegError(text) if text.contains("Premature end of JPEG") => {
            unreadable("the file ends too early")
        }
        turbojpeg::Error::TurboJpegError(text) => decoder_error(text),
        _ => decoder_error(error),
    }
}

/// The file with nothing between its markers, and without the segments that say nothing about the picture.
fn without_application_data(file: &[u8]) -> Vec<u8> {
    let mut tidy = Vec::with_capacity(file.len());
    tidy.extend_from_slice(&[0xff, 0xd8]);
    for segment in Segments::new(file) {
        match segment.marker {
            0xda => {
                tidy.extend_from_slice(segment.rest);
                break;
            }
            // Adobe's tells how the colours are stored.
            0xe0..=0xed | 0xef | 0xfe => {}
            marker => {
                tidy.extend_from_slice(&[0xff, marker]);
                tidy.extend_from_slice(&(segment.data.len() as u16 + 2).to_be_bytes());
                tidy.extend_from_slice(segment.data);
            }
        }
    }
    tidy
}

/// What stands before the picture.
struct Markers<'f> {
    frame: Frame,
    exif: Option<&'f [u8]>,
    profile: Profile,
    is_adobe: bool,
    has_end: bool,
}

#[derive(Clone, Copy)]
struct Frame {
    width: u16,
    height: u16,
    is_progressive: bool,
}

enum Profile {
    None,
    Whole(Vec<u8>),
    Broken(&'static str),
}

impl<'f> Markers<'f> {
    fn read(file: &'f [u8]) -> Result<Self, AssetError> {
        let (mut frame, mut exif, mut is_adobe, mut has_end) = (None, None, false, false);
        let mut pieces = Vec::new();
        for Segment { marker, data, rest } in Segments::new(file) {
            match marker {
                // Starts of frame; C4, C8 and CC are something else.
                0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                    let &[_, h1, h0, w1, w0, _, ..] = data else {
                        return Err(unreadable("cannot be decoded: its header is too short"));
                    };
                    let is_progressive = matches!(marker, 0xc2 | 0xc6 | 0xca | 0xce);
                    let (width, height) = (u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0]));
                    frame.get_or_insert(Frame { width, height, is_progressive });
                }
                0xe1 => exif = exif.or(data.strip_prefix(b"Exif\0\0")),
                0xe2 => pieces.extend(data.strip_prefix(b"ICC_PROFILE\0")),
                0xee => is_adobe |= data.starts_with(b"Adobe"),
                // The picture starts. (A thumbnail before it has an end of its own.)
                0xda => has_end = rest.array_windows().any(|pair| *pair == [0xff, 0xd9]),
                _ => {}
            }
        }
        let frame = frame.ok_or_else(|| unreadable("the file ends too early"))?;
        Ok(Self { frame, exif, profile: Profile::joined(&pieces), is_adobe, has_end })
    }
}

impl Profile {
    /// A profile comes in numbered pieces of up to 64 KB. <https://www.color.org/ICC_Minor_Revision_for_Web.pdf>, B.4
    fn joined(pieces: &[&[u8]]) -> Self {
        let mut numbered = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let [number, count, data @ ..] = piece else { return Self::Broken("a piece of it is too short") };
            if usize::from(*count) != pieces.len() {
                return Self::Broken("pieces of it are missing");
            }
            numbered.push((*number, data));
        }
        numbered.sort_by_key(|(number, _)| *number);
        if numbered.iter().zip(1..).any(|((number, _), expected)| *number != expected) {
            return Self::Broken("pieces of it are missing");
        }
        if numbered.iter().map(|(_, data)| data.len()).sum::<usize>() > MAX_PROFILE_BYTES {
            return Self::Broken(profile::TOO_LARGE);
        }
        match numbered.is_empty() {
            true => Self::None,
            false => Self::Whole(numbered.into_iter().flat_map(|(_, data)| data).copied().collect()),
        }
    }
}

/// The segments before the picture, the one that starts it included.
/// <https://www.w3.org/Graphics/JPEG/itu-t81.pdf>, B.1.1
struct Segments<'f> {
    rest: Option<&'f [u8]>,
}

struct Segment<'f> {
    marker: u8,
    data: &'f [u8],
    /// From the marker to the end of the file.
    rest: &'f [u8],
}

impl<'f> Segments<'f> {
    fn new(file: &'f [u8]) -> Self {
        Self { rest: file.get(2..) }
    }
}

impl<'f> Iterator for Segments<'f> {
    type Item = Segment<'f>;

    fn next(&mut self) -> Option<Segment<'f>> {
        let mut rest = self.rest.take()?;
        loop {
            match rest {
                // Markers without a length.
                [0xff, 0x01 | 0xd0..=0xd8, after @ ..] => rest = after,
                // Fill bytes, and what is out of step.
                [0xff, 0xff, ..] => rest = &rest[1..],
                [0xff, marker @ 1..=0xfe, high, low, ..] => {
                    let length = usize::from(u16::from_be_bytes([*high, *low])).max(2);
                    let data = rest.get(4..2 + length)?;
                    if *marker != 0xda {
                        self.rest = rest.get(2 + length..);
                    }
                    return Some(Segment { marker: *marker, data, rest });
                }
                [_, after @ ..] => rest = after,
                [] => return None,
            }
        }
    }
}
