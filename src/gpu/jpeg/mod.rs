//! JPEG on the GPU: from a sheet's pixels to finished entropy-coded bytes, without the pixels leaving the card.
//!
//! ```text
//!   sheet texture ─┐                     ┌────────────────────────────── GPU ──────────────────────────────┐
//!   segments ──────┤  JpegEncoder::encode  transform ─ code ─ place ─ stuff ─ copy of what is likely needed
//!   settings ──────┘                     └──────────────────────────────────────────────────────┬──────────┘
//!                                                                                               ▼
//!   a file <── JpegHead::file <── EncodedSegments::bytes(n) <── Encoding::finish <── Encoding::map
//! ```
//!
//! The unit is a *segment*: one restart interval, a run of MCUs within one row of MCUs. Segments know nothing of each
//! other, so the GPU codes them side by side, a cache can keep them one by one, and the CPU joins them to files
//! ([`JpegHead`]). The algorithm is told in the headers of `shaders/jpeg_*.wgsl`; `jpeg_common.wgsl` has the picture.
//!
//! Baseline sequential, 4:2:0 and 4:4:4, quality 1 to 100 by libjpeg's tables, Annex K's Huffman tables or trained
//! ones. With equal settings and Huffman tables a segment's bytes are those of libjpeg-turbo with the accurate integer
//! DCT; tests hold it to that.
//!
//! Fed by what draws the sheet; feeds whoever stores files. It imports `coded/` and
//! nothing else of the crate.

mod chunks;
mod device_layout;
mod encoder;
mod file;
mod huffman;
mod inspect;
mod options;
pub mod passes;
mod quantiser;
mod settings;
mod work;

pub use crate::gpu::coded::{EncodedSegments, Encoding, GpuCodedChunk, GpuCodedSize, Room, SPILLED};

pub use chunks::{JpegSegment, segments_of_canvas};
pub use device_layout::{
    BLOCK_PACKED_WORDS, GpuJpegSegment, GpuJpegSettings, SUBSAMPLING_420, SUBSAMPLING_444, SYMBOLS,
};
pub use encoder::JpegEncoder;
pub use file::JpegHead;
pub use huffman::{CodeTable, HuffmanTables, SymbolCounts};
pub use options::{EncodeOptions, JpegError, Stage};
pub use quantiser::QuantTable;
pub use settings::{ChromaSubsampling, JpegSettings};
