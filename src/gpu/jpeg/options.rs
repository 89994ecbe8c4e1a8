//! What can be asked of the encoder, and why it may refuse.

use thiserror::Error;

use super::chunks::JpegSegment;

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
    #[error("finished segments could not be read back: {0}")]
    Device(String),
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
}

impl Stage {
    /// In the order of work.
    pub const ALL: [Self; 4] = [Self::Transform, Self::Code, Self::Place, Self::Stuff];

    /// Timestamps that a set needs.
    pub const QUERIES: u32 = 8;

    /// The timestamps at which it starts and ends.
    pub fn queries(self) -> [u32; 2] {
        [self as u32 * 2, self as u32 * 2 + 1]
    }
}

/// Bytes that the output may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Room {
    /// Plenty for anything but noise at the highest qualities.
    #[default]
    Plenty,
    /// So many.
    Bytes(u32),
}

/// How to encode.
#[derive(Clone, Copy, Default)]
pub struct EncodeOptions<'q> {
    /// Segments that find no room are reported, not cut.
    pub room: Room,
    /// [`Stage::QUERIES`] timestamps, written while the first chunk is worked on.
    pub timestamps: Option<&'q wgpu::QuerySet>,
}
