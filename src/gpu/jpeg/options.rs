//! What can be asked of the encoder, and why it may refuse.

use thiserror::Error;

use super::chunks::JpegSegment;
use crate::gpu::coded::ReadBackError;

/// Why nothing was encoded.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum JpegError {
    /// There is nothing to do.
    #[error("there are no segments to encode")]
    NoSegments,
    /// A bug of the caller.
    #[error("segment {index} does not fit the texture or has no settings: {segment:?}")]
    BadSegment {
        /// Which.
        index: usize,
        /// The segment.
        segment: JpegSegment,
    },
    /// Encode fewer in one go.
    #[error("{segments} segments with {blocks} blocks are more than the adapter's buffers hold")]
    TooMuch {
        /// How many.
        segments: usize,
        /// Of the largest chunk.
        blocks: u32,
    },
    /// The device failed, and will say why.
    #[error(transparent)]
    Device(#[from] ReadBackError),
}

/// A part of the work, to be timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Pixels to coefficients.
    Transform,
    /// Coefficients to bits.
    Code,
    /// Offsets of segments.
    Place,
    /// Bits to bytes.
    Stuff,
    /// The bytes of all chunks to memory.
    Copy,
}

/// How to encode.
pub type EncodeOptions<'o> = crate::gpu::coded::EncodeOptions<'o, Stage>;
