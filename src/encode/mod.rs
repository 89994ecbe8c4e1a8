//! Pixels to the bytes of an image file.
//!
//! Fed by `gpu/` (a slot of a sheet, rows with padding between them); feeds `store/`. Knows nothing
//! of names or places. Alike pixels give alike bytes: no time, thread count or earlier image shows.

mod filter;
mod grid;
mod jpeg;
mod opacity;
mod png;
mod srgb_profile;
mod turbo;
mod webp;

use thiserror::Error;

use crate::job::{Encoding, ErrorCode, Format, Output};
use crate::pixels::{BitmapView, SizePx};

pub use grid::{Cells, Grid};

/// Why pixels cannot be encoded.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum EncodeError {
    /// No pixel at all.
    #[error("cannot encode {} × {} pixels as {format}", size.width, size.height)]
    Empty {
        /// The canvas.
        size: SizePx,
        /// What was asked for.
        format: Format,
    },
    /// More than the format can say.
    #[error("cannot encode {} × {} pixels as {format}: a side is at most {max_side} pixels", size.width, size.height)]
    TooLarge {
        /// The canvas.
        size: SizePx,
        /// What was asked for.
        format: Format,
        /// The format's limit.
        max_side: u32,
    },
    /// The codec gave up.
    #[error("cannot encode as {format}: {message}")]
    Codec {
        /// What was asked for.
        format: Format,
        /// What the codec says.
        message: String,
    },
}

impl EncodeError {
    /// As a manifest names it.
    pub fn code(&self) -> ErrorCode {
        ErrorCode::EncodeFailed
    }
}

/// The codecs with their buffers: one for each thread, kept as long as the thread.
#[derive(Default)]
pub struct Encoder {
    jpeg: jpeg::JpegEncoder,
    png: png::PngEncoder,
    webp: webp::WebpEncoder,
}

impl Encoder {
    /// Buffers grow with the first image of each format.
    pub fn new() -> Self {
        Self::default()
    }

    /// The bytes of a whole file.
    ///
    /// Files hold straight alpha, or none where every pixel is opaque or the output has a background. They are
    /// sRGB and have no metadata.
    ///
    /// # Errors
    /// When the canvas is empty or larger than the format allows, or memory runs out.
    pub fn encode(&mut self, view: BitmapView<'_>, output: Output) -> Result<Vec<u8>, EncodeError> {
        let (size, format) = (view.size(), output.format());
        let max_side = match format {
            Format::Jpeg => jpeg::MAX_SIDE,
            Format::Png => png::MAX_SIDE,
            Format::Webp => webp::MAX_SIDE,
        };
        if size.area() == 0 {
            return Err(EncodeError::Empty { size, format });
        }
        if size.width.max(size.height) > max_side {
            return Err(EncodeError::TooLarge { size, format, max_side });
        }
        let encoded = match output.encoding {
            Encoding::Jpeg(settings) => self.jpeg.encode(view, settings, Grid::of(size, output, false).as_ref()),
            Encoding::Png(settings) => self.png.encode(view, settings, &Grid::of_png(size)),
            Encoding::Webp(settings) => self.webp.encode(view, settings),
        };
        encoded.map_err(|message| EncodeError::Codec { format, message })
    }

    /// The bytes of the segments of a part of an image, which is a rectangle of segments: row by row.
    ///
    /// # Errors
    /// As [`Encoder::encode`].
    pub fn segments(
        &mut self,
        part: BitmapView<'_>,
        grid: &Grid,
        output: Output,
        emit: &mut dyn FnMut(&[u8]),
    ) -> Result<(), EncodeError> {
        let encoded = match output.encoding {
            Encoding::Jpeg(settings) => self.jpeg.segments(part, settings, grid, emit),
            Encoding::Png(settings) => self.png.segments(part, settings, grid, emit),
            Encoding::Webp(_) => Err("it has no segments".to_owned()),
        };
        encoded.map_err(|message| EncodeError::Codec { format: output.format(), message })
    }

    /// The whole file, made of all its segments: the same bytes as from [`Encoder::encode`].
    ///
    /// # Errors
    /// As [`Encoder::encode`].
    pub fn assemble<'s>(
        &mut self,
        grid: &Grid,
        output: Output,
        segments: impl Iterator<Item = &'s [u8]> + Clone,
    ) -> Result<Vec<u8>, EncodeError> {
        let assembled = match output.encoding {
            Encoding::Jpeg(settings) => self.jpeg.assemble(settings, grid, segments),
            Encoding::Png(settings) => png::assemble(settings, grid, segments),
            Encoding::Webp(_) => Err("it has no segments".to_owned()),
        };
        assembled.map_err(|message| EncodeError::Codec { format: output.format(), message })
    }
}

#[cfg(test)]
mod tests;
