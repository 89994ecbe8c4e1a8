//! How a segment is coded.

use super::huffman::HuffmanTables;
use super::quantiser::QuantTable;

/// How many samples of colour there are for those of brightness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChromaSubsampling {
    /// One for each.
    Chroma444,
    /// One for two by two.
    Chroma420,
}

impl ChromaSubsampling {
    /// Width and height of an MCU.
    pub fn mcu_px(self) -> u32 {
        match self {
            Self::Chroma444 => 8,
            Self::Chroma420 => 16,
        }
    }

    /// Blocks of an MCU.
    pub fn mcu_blocks(self) -> u32 {
        match self {
            Self::Chroma444 => 3,
            Self::Chroma420 => 6,
        }
    }
}

/// How a segment is coded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JpegSettings {
    /// 1 to 100, by libjpeg's scale.
    pub quality: u8,
    /// Samples of colour.
    pub subsampling: ChromaSubsampling,
    /// What transparency is laid over: sRGB.
    pub background: [u8; 3],
    /// The codes.
    pub tables: HuffmanTables,
}

impl JpegSettings {
    /// With Annex K's Huffman tables, over white.
    pub fn new(quality: u8, subsampling: ChromaSubsampling) -> Self {
        Self { quality, subsampling, background: [255; 3], tables: HuffmanTables::annex_k() }
    }

    /// Steps of luma and of chroma.
    pub fn quant_tables(&self) -> [QuantTable; 2] {
        [QuantTable::luma(self.quality), QuantTable::chroma(self.quality)]
    }
}
