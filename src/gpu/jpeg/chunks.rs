//! Segments, and which of them go through the passes together. Decided without a device.

use std::ops::Range;

use super::device_layout::{BLOCK_COEFFICIENT_BYTES, BLOCK_PACKED_WORDS, GpuJpegSegment};
use super::settings::{ChromaSubsampling, JpegSettings};
use crate::gpu::coded::MAX_GROUPS;

/// A restart interval: a run of MCUs within one row of MCUs of an image, in pixels of the texture.
///
/// ```text
///     (x, y)
///        ┌───────┬───────┬───────┐ ─ ─ ┐        the image ends at `right` and `bottom`, both included; what MCUs
///        │ MCU 0 │ MCU 1 │ MCU 2 │              show beyond repeats its edge. `mcus` is 3 here.
///        └───────┴───────┴───────┘ ─ ─ ┘
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JpegSegment {
    /// First pixel. A whole number of MCUs from the image's left edge.
    pub x: u32,
    /// First pixel. A whole number of MCUs from the image's top edge.
    pub y: u32,
    /// How many MCUs: 1 or more.
    pub mcus: u32,
    /// Last column of the image, at `x` or right of it.
    pub right: u32,
    /// Last row of the image, at `y` or below it.
    pub bottom: u32,
    /// Which of the settings.
    pub settings: u32,
}

/// The segments of an image at (x, y) of the texture, row by row, as a file wants them: `segment_mcus` MCUs each, and
/// the last of each row what is left. (A file with restart markers needs every segment but its last to be alike, so
/// `segment_mcus` divides the MCUs of a row, or there is one row.)
pub fn segments_of_canvas(
    (x, y): (u32, u32),
    (width, height): (u32, u32),
    segment_mcus: u32,
    subsampling: ChromaSubsampling,
    settings: u32,
) -> impl Iterator<Item = JpegSegment> {
    let mcu = subsampling.mcu_px();
    let columns = width.div_ceil(mcu);
    let (right, bottom) = (x + width - 1, y + height - 1);
    (0..height.div_ceil(mcu)).flat_map(move |row| {
        (0..columns).step_by(segment_mcus as usize).map(move |column| JpegSegment {
            x: x + column * mcu,
            y: y + row * mcu,
            mcus: segment_mcus.min(columns - column),
            right,
            bottom,
            settings,
        })
    })
}

/// A run of segments whose coefficients and bits fit the buffers between the passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    pub segments: Range<usize>,
    pub blocks: u32,
    /// MCUs of its longest segment, in workgroups of the transform.
    pub transform_groups: u32,
}

/// Blocks of a segment.
pub(super) fn blocks(segment: &JpegSegment, settings: &[JpegSettings]) -> u32 {
    segment.mcus * settings[segment.settings as usize].subsampling.mcu_blocks()
}

/// Blocks whose coefficients and bits fit buffers of so many bytes.
pub(super) fn blocks_within(buffer_bytes: u64) -> u32 {
    let block_bytes = BLOCK_COEFFICIENT_BYTES.max(BLOCK_PACKED_WORDS * 4);
    u32::try_from(buffer_bytes / u64::from(block_bytes)).unwrap_or(u32::MAX)
}

/// Splits the segments into chunks of at most `max_blocks` blocks, and lays each chunk's blocks out.
///
/// A segment alone may have more than `max_blocks`; it gets a chunk of its own.
pub(super) fn split(
    segments: &[JpegSegment],
    settings: &[JpegSettings],
    max_blocks: u32,
) -> (Vec<Chunk>, Vec<GpuJpegSegment>) {
    let mut chunks: Vec<Chunk> = Vec::new();
    let mut laid_out = Vec::with_capacity(segments.len());
    for (index, segment) in segments.iter().enumerate() {
        let blocks = blocks(segment, settings);
        let group_mcus = 24 / settings[segment.settings as usize].subsampling.mcu_blocks();
        let has_room = |chunk: &&mut Chunk| {
            u64::from(chunk.blocks) + u64::from(blocks) <= u64::from(max_blocks) && chunk.segments.len() < MAX_GROUPS
        };
        let chunk = match chunks.last_mut().filter(has_room) {
            Some(chunk) => chunk,
            None => {
                chunks.push(Chunk { segments: index..index, blocks: 0, transform_groups: 0 });
                chunks.last_mut().expect("just added")
            }
        };
        let &JpegSegment { x, y, mcus, right, bottom, settings } = segment;
        laid_out.push(GpuJpegSegment { x, y, mcus, right, bottom, settings, first_block: chunk.blocks, pad: 0 });
        chunk.segments.end = index + 1;
        chunk.blocks += blocks;
        chunk.transform_groups = chunk.transform_groups.max(mcus.div_ceil(group_mcus));
    }
    (chunks, laid_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> [JpegSettings; 2] {
        [ChromaSubsampling::Chroma420, ChromaSubsampling::Chroma444].map(|chroma| JpegSettings::new(85, chroma))
    }

    #[test]
    fn a_canvas_is_covered_once() {
        let segments: Vec<_> = segments_of_canvas((0, 628), (1200, 628), 25, ChromaSubsampling::Chroma420, 0).collect();
        assert_eq!(segments.len(), 3 * 40);
        let last = JpegSegment { x: 800, y: 628 + 624, mcus: 25, right: 1199, bottom: 1255, settings: 0 };
        assert_eq!(segments[119], last);
        let narrow: Vec<_> = segments_of_canvas((0, 0), (17, 9), 8, ChromaSubsampling::Chroma444, 1).collect();
        assert_eq!(narrow.iter().map(|segment| (segment.y, segment.mcus)).collect::<Vec<_>>(), [(0, 3), (8, 3)]);
    }

    #[test]
    fn chunks_take_each_segment_once_and_in_order() {
        let segment = |mcus, settings| JpegSegment { x: 0, y: 0, mcus, right: 9, bottom: 9, settings };
        let segments = [segment(2, 0), segment(3, 1), segment(1, 0), segment(9, 0), segment(1, 1)];
        let (chunks, laid_out) = split(&segments, &settings(), 27);
        let expected = [(0..3, 27, 1), (3..4, 54, 3), (4..5, 3, 1)];
        let found: Vec<_> =
            chunks.into_iter().map(|chunk| (chunk.segments, chunk.blocks, chunk.transform_groups)).collect();
        assert_eq!(found, expected);
        assert_eq!(laid_out.iter().map(|segment| segment.first_block).collect::<Vec<_>>(), [0, 12, 21, 0, 0]);
    }

    #[test]
    fn a_chunk_has_no_more_segments_than_a_dispatch_takes() {
        let segment = JpegSegment { x: 0, y: 0, mcus: 1, right: 0, bottom: 0, settings: 1 };
        let (chunks, _) = split(&vec![segment; MAX_GROUPS + 2], &settings(), u32::MAX);
        assert_eq!(chunks.iter().map(|chunk| chunk.segments.len()).collect::<Vec<_>>(), [MAX_GROUPS, 2]);
    }
}
