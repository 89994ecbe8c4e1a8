//! Segments, and which of them go through the passes together. Decided without a device.

use std::ops::Range;

use super::device_layout::{GpuPngSegment, TILE_BYTES};
use crate::gpu::coded::MAX_GROUPS;

/// A band of rows of an image, in pixels of the texture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PngSegment {
    /// First pixel.
    pub x: u32,
    /// First pixel.
    pub y: u32,
    /// In pixels: the whole width of the image.
    pub width: u32,
    /// In pixels.
    pub rows: u32,
}

impl PngSegment {
    /// Filtered: three bytes a pixel, and the filter's number of each row.
    pub(super) fn bytes(&self) -> u64 {
        (u64::from(self.width) * 3 + 1) * u64::from(self.rows)
    }

    fn tiles(&self) -> u64 {
        self.bytes().div_ceil(u64::from(TILE_BYTES))
    }
}

/// The segments of an image at (x, y) of the texture: `band_rows` rows each, and the last what is left.
pub fn bands_of_canvas(
    (x, y): (u32, u32),
    (width, height): (u32, u32),
    band_rows: u32,
) -> impl Iterator<Item = PngSegment> {
    (0..height).step_by(band_rows as usize).map(move |top| PngSegment {
        x,
        y: y + top,
        width,
        rows: band_rows.min(height - top),
    })
}

/// A run of segments whose filtered bytes fit the buffers between the passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    pub segments: Range<usize>,
    pub tiles: u32,
    /// Of its longest segment.
    pub longest_tiles: u32,
}

/// Splits the segments into chunks of at most `max_tiles` tiles, and lays each chunk's tiles out. `None`: a segment
/// alone has more, or more than a dispatch takes.
pub(super) fn split(segments: &[PngSegment], max_tiles: u32) -> Option<(Vec<Chunk>, Vec<GpuPngSegment>)> {
    let most = max_tiles.min(MAX_GROUPS as u32);
    let mut chunks: Vec<Chunk> = Vec::new();
    let mut laid_out = Vec::with_capacity(segments.len());
    for (index, segment) in segments.iter().enumerate() {
        let tiles = u32::try_from(segment.tiles()).ok().filter(|tiles| *tiles <= most)?;
        let has_room = |chunk: &&mut Chunk| {
            u64::from(chunk.tiles) + u64::from(tiles) <= u64::from(max_tiles) && chunk.segments.len() < MAX_GROUPS
        };
        let chunk = match chunks.last_mut().filter(has_room) {
            Some(chunk) => chunk,
            None => {
                chunks.push(Chunk { segments: index..index, tiles: 0, longest_tiles: 0 });
                chunks.last_mut().expect("just added")
            }
        };
        let &PngSegment { x, y, width, rows } = segment;
        let bytes = segment.bytes() as u32;
        laid_out.push(GpuPngSegment { x, y, width, rows, first_tile: chunk.tiles, bytes, pad_a: 0, pad_b: 0 });
        chunk.segments.end = index + 1;
        chunk.tiles += tiles;
        chunk.longest_tiles = chunk.longest_tiles.max(tiles);
    }
    Some((chunks, laid_out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canvas_is_covered_once() {
        let bands: Vec<_> = bands_of_canvas((64, 628), (1200, 628), 16).collect();
        assert_eq!(bands.len(), 40);
        assert_eq!(bands[39], PngSegment { x: 64, y: 628 + 624, width: 1200, rows: 4 });
        assert_eq!(bands.iter().map(|band| band.rows).sum::<u32>(), 628);
    }

    #[test]
    fn chunks_take_each_segment_once_and_in_order() {
        // 2,048 bytes exactly, one more row, and a row of four bytes.
        let segments =
            [(341, 2), (341, 3), (1, 1), (341, 6), (1, 1)].map(|(width, rows)| PngSegment { x: 0, y: 0, width, rows });
        let (chunks, laid_out) = split(&segments, 4).expect("they fit");
        let found: Vec<_> =
            chunks.into_iter().map(|chunk| (chunk.segments, chunk.tiles, chunk.longest_tiles)).collect();
        assert_eq!(found, [(0..3, 4, 2), (3..5, 4, 3)]);
        assert_eq!(laid_out.iter().map(|segment| segment.first_tile).collect::<Vec<_>>(), [0, 1, 3, 0, 3]);
        assert!(split(&segments, 2).is_none());
    }
}
