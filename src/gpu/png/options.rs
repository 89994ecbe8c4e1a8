//! What can be asked of the encoder, and why it may refuse.

use thiserror::Error;

use super::chunks::PngSegment;
use crate::gpu::coded::ReadBackError;

/// Why nothing was encoded.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PngError {
    /// There is nothing to do.
    #[error("there are no segments to encode")]
    NoSegments,
    /// A bug of the caller.
    #[error("segment {index} does not fit the texture: {segment:?}")]
    BadSegment {
        /// Which.
        index: usize,
        /// The segment.
        segment: PngSegment,
    },
    /// Encode fewer in one go.
    #[error("{segments} segments of {bytes} bytes are more than the adapter's buffers hold")]
    TooMuch {
        /// How many.
        segments: usize,
        /// Before packing.
        bytes: u64,
    },
    /// The device failed, and will say why.
    #[error(transparent)]
    Device(#[from] ReadBackError),
}

/// A part of the work, to be timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Pixels to filtered bytes.
    Filter,
    /// Bits of tiles and segments.
    Measure,
    /// Offsets of segments.
    Place,
    /// Filtered bytes to packed ones.
    Code,
    /// The bytes of all chunks to memory.
    Copy,
}

/// How to encode.
pub type EncodeOptions<'o> = crate::gpu::coded::EncodeOptions<'o, Stage>;
