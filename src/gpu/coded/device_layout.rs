//! Structs as `shaders/coded_common.wgsl` reads them.

use std::ops::Range;

use bytemuck::{Pod, Zeroable};

use super::pass::CHUNK_STRIDE;

/// Offset of a segment for which there was no room.
pub const SPILLED: u32 = u32::MAX;
/// Words before the output's table.
pub(in crate::gpu) const TABLE_WORD: u32 = 4;

/// A run of segments that goes through the passes together.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct GpuCodedChunk {
    /// Its first segment.
    pub first_segment: u32,
    /// How many.
    pub segments: u32,
    /// Where the output's table starts.
    pub table_word: u32,
    /// Where the output's bytes start.
    pub data_word: u32,
    /// Bytes that the output takes.
    pub capacity_bytes: u32,
    /// Nothing.
    pub pad_a: u32,
    /// Nothing.
    pub pad_b: u32,
    /// Nothing.
    pub pad_c: u32,
}

/// What the passes find out about a segment.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct GpuCodedSize {
    /// What the format's passes tell each other.
    pub detail: u32,
    /// Finished bytes.
    pub bytes: u32,
    /// In the output's bytes.
    pub offset: u32,
    /// Nothing.
    pub pad: u32,
}

impl GpuCodedChunk {
    /// An output for so many segments, with room for `wanted_bytes` or as many as a binding has. `None`: it has none.
    pub(in crate::gpu) fn of_output(segments: usize, wanted_bytes: u64, binding_bytes: u64) -> Option<Self> {
        let data_word = (TABLE_WORD + segments as u32 * 2).next_multiple_of(64);
        let left_bytes = binding_bytes.saturating_sub(u64::from(data_word) * 4).min(u64::from(u32::MAX)) & !3;
        (left_bytes > 0).then(|| Self {
            table_word: TABLE_WORD,
            data_word,
            capacity_bytes: wanted_bytes.next_multiple_of(4).min(left_bytes) as u32,
            ..Self::zeroed()
        })
    }

    /// What the passes are told of each chunk of segments, for a buffer.
    pub(in crate::gpu) fn told(self, chunks: impl ExactSizeIterator<Item = Range<usize>>) -> Vec<u8> {
        let mut told = vec![0; chunks.len() * CHUNK_STRIDE];
        for (chunk, to) in chunks.zip(told.chunks_exact_mut(CHUNK_STRIDE)) {
            let (first_segment, segments) = (chunk.start as u32, chunk.len() as u32);
            let chunk = Self { first_segment, segments, ..self };
            to[..size_of::<Self>()].copy_from_slice(bytemuck::bytes_of(&chunk));
        }
        told
    }

    /// Where in the output the bytes start.
    pub(in crate::gpu) fn data_byte(&self) -> u64 {
        u64::from(self.data_word) * 4
    }

    /// How long the output is.
    pub(in crate::gpu) fn output_bytes(&self) -> u64 {
        self.data_byte() + u64::from(self.capacity_bytes)
    }
}

const _: () = assert!(size_of::<GpuCodedChunk>() == 32);
const _: () = assert!(size_of::<GpuCodedSize>() == 16);
