//! Structs as `shaders/jpeg_common.wgsl` reads them.

use bytemuck::{Pod, Zeroable};

use super::huffman::{Code, CodeTable};
use super::quantiser::{Divisor, QuantTable, ZIGZAG};
use super::settings::{ChromaSubsampling, JpegSettings};

/// `subsampling` of [`GpuJpegSettings`].
pub const SUBSAMPLING_444: u32 = 0;
/// The same.
pub const SUBSAMPLING_420: u32 = 1;
/// Words that the bits of a block can take: 1,665 bits.
pub const BLOCK_PACKED_WORDS: u32 = 53;
/// Bytes of a block's coefficients.
pub const BLOCK_COEFFICIENT_BYTES: u32 = 128;
/// Symbols that `jpeg_count.wgsl` counts for each of the settings.
pub const SYMBOLS: u32 = 544;

/// A segment, in texture pixels.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct GpuJpegSegment {
    /// First pixel.
    pub x: u32,
    /// The same.
    pub y: u32,
    /// MCUs.
    pub mcus: u32,
    /// Last column of the image.
    pub right: u32,
    /// Last row of the image.
    pub bottom: u32,
    /// Which of the settings.
    pub settings: u32,
    /// Its first block among those of its chunk.
    pub first_block: u32,
    /// Nothing.
    pub pad: u32,
}

/// Settings, ready for use.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct GpuJpegSettings {
    /// By component, column and row.
    pub divisors: [[u32; 2]; 128],
    /// By component and size.
    pub dc_codes: [u32; 32],
    /// By component, zeros before and size.
    pub ac_codes: [u32; 512],
    /// Red from bit 0 up, green, blue.
    pub background: u32,
    /// [`SUBSAMPLING_444`] or [`SUBSAMPLING_420`].
    pub subsampling: u32,
    /// Nothing.
    pub pad: [u32; 2],
}

const _: () = assert!(size_of::<GpuJpegSegment>() == 32);
const _: () = assert!(size_of::<GpuJpegSettings>() == 3216);

impl GpuJpegSettings {
    /// Tables as the passes use them.
    pub fn of(settings: &JpegSettings) -> Self {
        let [luma, chroma] = settings.quant_tables().map(|table| divisors(&table));
        let [dc_luma, dc_chroma] = &settings.tables.dc;
        let [ac_luma, ac_chroma] = &settings.tables.ac;
        let mut gpu = Self::zeroed();
        gpu.divisors[..64].copy_from_slice(&luma);
        gpu.divisors[64..].copy_from_slice(&chroma);
        gpu.dc_codes[..16].copy_from_slice(&codes(dc_luma)[..16]);
        gpu.dc_codes[16..].copy_from_slice(&codes(dc_chroma)[..16]);
        gpu.ac_codes[..256].copy_from_slice(&codes(ac_luma));
        gpu.ac_codes[256..].copy_from_slice(&codes(ac_chroma));
        let [red, green, blue] = settings.background;
        gpu.background = u32::from_le_bytes([red, green, blue, 0]);
        gpu.subsampling = match settings.subsampling {
            ChromaSubsampling::Chroma444 => SUBSAMPLING_444,
            ChromaSubsampling::Chroma420 => SUBSAMPLING_420,
        };
        gpu
    }
}

/// Column by column, because an invocation divides a column.
fn divisors(table: &QuantTable) -> [[u32; 2]; 64] {
    std::array::from_fn(|at| {
        let (column, row) = (at / 8, at % 8);
        let Divisor { reciprocal, correction, shift } = Divisor::of_step(table.0[row * 8 + column]);
        let place = u32::from(ZIGZAG[row * 8 + column]);
        [u32::from(reciprocal) | u32::from(shift) << 16, u32::from(correction) | place << 16]
    })
}

fn codes(table: &CodeTable) -> [u32; 256] {
    table.codes().map(|Code { bits, length }| u32::from(bits) | u32::from(length) << 16)
}
