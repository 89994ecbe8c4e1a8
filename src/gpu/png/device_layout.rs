//! Structs as `shaders/png_common.wgsl` reads them.

use bytemuck::{Pod, Zeroable};

/// Filtered bytes of a tile, the work of one workgroup.
pub const TILE_BYTES: u32 = 2048;
/// Where in `codes` of [`GpuPngCodes`] the matches start: that of [`SHORTEST_MATCH`] zeros.
pub const FIRST_MATCH: u32 = 256;
/// Shorter ones are literals.
pub const SHORTEST_MATCH: u32 = 5;
/// Of the format.
pub const LONGEST_MATCH: u32 = 258;
/// Where in `codes` of [`GpuPngCodes`] the end of a block is.
pub const END_OF_BLOCK: u32 = 511;

/// A segment, in texture pixels.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct GpuPngSegment {
    /// First pixel.
    pub x: u32,
    /// The same.
    pub y: u32,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub rows: u32,
    /// Its first tile among those of its chunk.
    pub first_tile: u32,
    /// Filtered.
    pub bytes: u32,
    /// Nothing.
    pub pad_a: u32,
    /// Nothing.
    pub pad_b: u32,
}

/// How filtered bytes are coded.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct GpuPngCodes {
    /// From bit 0 up, the length in bits from bit 24 up.
    pub codes: [u32; 512],
    /// What the block starts with.
    pub head: [u32; 16],
    /// How long that is.
    pub head_bits: u32,
    /// Nothing.
    pub pad_a: u32,
    /// Nothing.
    pub pad_b: u32,
    /// Nothing.
    pub pad_c: u32,
}

/// What the passes find out about a tile.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct GpuPngTile {
    /// Of what lies between the runs at its edges.
    pub bits: u32,
    /// Zeros at its start that may belong to a run.
    pub leading: u32,
    /// Bytes of the run at its end.
    pub trailing: u32,
    /// Its bytes, summed.
    pub sum: u32,
    /// Each as often as there are bytes from it to the tile's end.
    pub weighted_sum: u32,
    /// From the start of the segment.
    pub first_bit: u32,
    /// Bytes of the run before the tile.
    pub zeros_before: u32,
    /// Bytes of the run after it, as far as the next tile goes.
    pub zeros_after: u32,
}

const _: () = assert!(size_of::<GpuPngSegment>() == 32);
const _: () = assert!(size_of::<GpuPngCodes>() == 2128);
const _: () = assert!(size_of::<GpuPngTile>() == 32);
