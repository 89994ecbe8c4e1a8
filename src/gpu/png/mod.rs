//! PNG on the GPU, for `--compression speed`: from a sheet's opaque pixels to finished bands, without the pixels
//! leaving the card.
//!
//! ```text
//!   sheet texture ─┐                   ┌──────────────────────────── GPU ─────────────────────────────┐
//!   segments ──────┤ PngEncoder::encode  filter ─ measure ─ place ─ code ─ copy of what is likely needed
//!                  ┘                   └───────────────────────────────────────────────────┬──────────┘
//!                                                                                          ▼
//!                       EncodedSegments::bytes(n) <── Encoding::finish <── Encoding::map <─┘
//! ```
//!
//! The unit is a *segment*: a band of rows of an image, which stands for itself. The bytes of a segment are those of
//! `encode::Encoder::segments`: the Adler-32 sum and the length of what is packed, and a block of deflate, as the crate
//! fdeflate packs rows filtered by Paeth; tests hold it to that. The algorithm is told in the headers of
//! `shaders/png_*.wgsl`; `png_common.wgsl` has the picture.
//!
//! Fed by what draws the sheet; feeds whoever joins segments to files. It imports `coded/` and nothing else of the
//! crate.

mod chunks;
mod codes;
mod device_layout;
mod encoder;
mod options;
pub mod passes;
mod work;

pub use crate::gpu::coded::{EncodedSegments, Encoding, Room};

pub use chunks::{PngSegment, bands_of_canvas};
pub use device_layout::{
    END_OF_BLOCK, FIRST_MATCH, GpuPngCodes, GpuPngSegment, GpuPngTile, LONGEST_MATCH, SHORTEST_MATCH, TILE_BYTES,
};
pub use encoder::PngEncoder;
pub use options::{EncodeOptions, PngError, Stage};
