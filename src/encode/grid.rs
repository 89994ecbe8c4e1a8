//! Segments: parts of an image whose bytes in the file depend on their own pixels alone.
//!
//! ```text
//!     column 0     column 1     column 2
//!   ┌────────────┬────────────┬────────────┐
//!   │ segment 0  │ segment 1  │ segment 2  │  a row of blocks of a JPEG: 16 pixels (8 at 4:4:4)
//!   ├────────────┼────────────┼────────────┤
//!   │ segment 3  │ ...        │            │  between segments stands a restart marker
//!
//!   ┌──────────────────────────────────────┐
//!   │ segment 0                            │  a band of rows of a PNG
//!   ├──────────────────────────────────────┤
//!   │ ...                                  │  between bands, the packed data ends on a whole byte
//! ```
//!
//! What recurs from image to image is encoded once: a segment with the same pixels has the same bytes in every file
//! of that size and those settings, and whoever has all segments has the file ([`super::Encoder::assemble`]).

use std::ops::Range;

use super::png;
use crate::job::{Depth, Encoding, Output, Subsampling};
use crate::pixels::{RectPx, SizePx};

/// Segments narrower than this cost more in restart markers than they save: a fifth of a wide image.
const MIN_COLUMN_PX: u32 = 240;
/// Images below this are encoded whole: markers would be over a hundredth of the file.
const MIN_AREA_PX: u64 = 160 * 160;

/// How an image falls into segments: all columns have one width, all rows one height, but for the last of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    size: SizePx,
    column_px: u32,
    row_px: u32,
    columns: u32,
    rows: u32,
}

/// A rectangle of segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cells {
    /// Which columns.
    pub columns: Range<u32>,
    /// Which rows.
    pub rows: Range<u32>,
}

impl Cells {
    /// Whether there is no segment.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty() || self.rows.is_empty()
    }
}

impl Grid {
    /// The segments of an image; `None` where this output has none and is encoded whole. `is_opaque`: every pixel
    /// surely is, as a PNG must know that chooses its channels by it.
    pub fn of(size: SizePx, output: Output, is_opaque: bool) -> Option<Self> {
        match output.encoding {
            Encoding::Jpeg(settings) if !settings.progressive && size.area() >= MIN_AREA_PX => {
                let block = block_px(settings.subsampling);
                let blocks = size.width.div_ceil(block);
                // The restart interval counts on from row to row, so every row has a whole number of them.
                let most = (size.width / MIN_COLUMN_PX).clamp(1, blocks);
                let columns = (1..=most).rev().find(|columns| blocks.is_multiple_of(*columns)).unwrap_or(1);
                Some(Self::new(size, blocks / columns * block, block))
            }
            Encoding::Png(settings) if is_opaque || settings.depth != Depth::Auto => Some(Self::of_png(size)),
            Encoding::Jpeg(_) | Encoding::Png(_) | Encoding::Webp(_) => None,
        }
    }

    /// The bands of rows of a PNG.
    pub(super) fn of_png(size: SizePx) -> Self {
        Self::new(size, size.width.max(1), png::band_rows(size))
    }

    fn new(size: SizePx, column_px: u32, row_px: u32) -> Self {
        let (columns, rows) = (size.width.div_ceil(column_px), size.height.div_ceil(row_px));
        Self { size, column_px, row_px, columns, rows }
    }

    /// The whole image.
    pub fn size(&self) -> SizePx {
        self.size
    }

    /// How many segments there are.
    pub fn len(&self) -> usize {
        (self.columns * self.rows) as usize
    }

    /// Whether there is none: never.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Width of a column but the last.
    pub(super) fn column_px(&self) -> u32 {
        self.column_px
    }

    /// Height of a row but the last.
    pub(super) fn row_px(&self) -> u32 {
        self.row_px
    }

    /// All of them.
    pub fn all(&self) -> Cells {
        Cells { columns: 0..self.columns, rows: 0..self.rows }
    }

    /// The pixels of a segment.
    pub fn rect(&self, index: usize) -> RectPx {
        let (column, row) = (index as u32 % self.columns, index as u32 / self.columns);
        self.pixels(&Cells { columns: column..column + 1, rows: row..row + 1 })
    }

    /// The segments that a rectangle of the image touches.
    pub fn touched(&self, rect: RectPx) -> Cells {
        let rect = rect.intersection(self.size.rect());
        if rect.is_empty() {
            return Cells { columns: 0..0, rows: 0..0 };
        }
        let range = |from: i32, to: i32, step: u32| from as u32 / step..(to as u32).div_ceil(step);
        Cells { columns: range(rect.x, rect.right(), self.column_px), rows: range(rect.y, rect.bottom(), self.row_px) }
    }

    /// The numbers of some segments, row by row.
    pub fn indices(&self, cells: &Cells) -> impl Iterator<Item = usize> + use<> {
        let (columns, all) = (cells.columns.clone(), self.columns);
        cells.rows.clone().flat_map(move |row| columns.clone().map(move |column| (row * all + column) as usize))
    }

    /// The smallest rectangle of segments that holds some of them.
    pub fn around(&self, indices: impl IntoIterator<Item = usize>) -> Cells {
        let places = indices.into_iter().map(|index| (index as u32 % self.columns, index as u32 / self.columns));
        let around = places.fold(None, |around: Option<Cells>, (column, row)| {
            let Cells { columns, rows } = around.unwrap_or(Cells { columns: column..column, rows: row..row });
            Some(Cells {
                columns: columns.start.min(column)..columns.end.max(column + 1),
                rows: rows.start.min(row)..rows.end.max(row + 1),
            })
        });
        around.unwrap_or(Cells { columns: 0..0, rows: 0..0 })
    }

    /// The pixels of some segments.
    pub fn pixels(&self, cells: &Cells) -> RectPx {
        let (left, top) = (cells.columns.start * self.column_px, cells.rows.start * self.row_px);
        let right = (cells.columns.end * self.column_px).min(self.size.width);
        let bottom = (cells.rows.end * self.row_px).min(self.size.height);
        RectPx::new(left as i32, top as i32, right.saturating_sub(left), bottom.saturating_sub(top))
    }
}

/// Side of the square of pixels that is coded together.
pub(super) fn block_px(subsampling: Subsampling) -> u32 {
    match subsampling {
        Subsampling::Chroma420 => 16,
        Subsampling::Chroma444 => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Format;

    #[test]
    fn segments_cover_the_image_once() {
        for (width, height) in [(1200, 628), (1080, 1920), (300, 250), (1, 30_000), (4096, 4096), (333, 77)] {
            for format in [Format::Jpeg, Format::Png] {
                let grid = Grid::of(SizePx::new(width, height), Output::new(format), true).expect("large enough");
                let area: u64 = (0..grid.len()).map(|index| grid.rect(index).size().area()).sum();
                assert_eq!(area, u64::from(width) * u64::from(height));
                for index in 0..grid.len() {
                    let cells = grid.touched(grid.rect(index));
                    assert_eq!(grid.indices(&cells).collect::<Vec<_>>(), [index], "{width}x{height}");
                    assert_eq!(grid.around([index]), cells);
                }
                assert_eq!(grid.around(0..grid.len()), grid.all());
            }
        }
    }

    #[test]
    fn a_wide_image_has_columns() {
        let columns =
            |width| Grid::of(SizePx::new(width, 628), Output::new(Format::Jpeg), true).expect("large").columns;
        assert_eq!([1200, 1080, 300, 1072, 1920].map(columns), [5, 4, 1, 1, 8]);
    }

    #[test]
    fn what_lies_outside_touches_nothing() {
        let grid = Grid::of(SizePx::new(1200, 628), Output::new(Format::Jpeg), true).expect("large");
        assert_eq!(grid.indices(&grid.touched(RectPx::new(-50, -50, 50, 900))).count(), 0);
        assert_eq!(grid.indices(&grid.touched(RectPx::new(1190, 620, 90, 90))).collect::<Vec<_>>(), [194, 199]);
    }
}
