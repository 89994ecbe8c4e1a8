//! What comes back of a sheet: its pixels, or segments of files that the card has coded.

use std::sync::Arc;

use crate::pixels::RectPx;
use crate::sheet::Slot;

use super::coded::EncodedSegments;
use super::jpeg::{JpegSegment, JpegSettings};
use super::png::PngSegment;
use super::readback::PaintedSheet;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub enum WayBack<'s> {
    /// The pixels of every window.
    Pixels,
    /// Segments, and nothing else.
    Coded(&'s AskedSegments),
}

/// Segments of a sheet, in the order in which they come back.
#[derive(Debug, Default)]
pub struct AskedSegments {
    /// Of JPEGs.
    pub jpeg: Vec<SegmentInWindow>,
    /// How they are coded.
    pub jpeg_settings: Vec<JpegSettings>,
    /// Of PNGs: bands of opaque pixels, packed for speed.
    pub png: Vec<SegmentInWindow>,
}

/// A segment of a canvas that lies wholly in one of its windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentInWindow {
    /// Which window of the sheet, counted over its canvases.
    pub window: usize,
    /// Its pixels on the canvas.
    pub rect: RectPx,
    /// Which of the settings; PNGs have none.
    pub settings: u32,
}

impl SegmentInWindow {
    /// Its first pixel on the sheet.
    fn on_sheet(&self, slots: &[Slot]) -> (u32, u32) {
        let Slot { y, window, plate: _ } = slots[self.window];
        (self.rect.x as u32, y + (self.rect.y - window.y) as u32)
    }

    pub(super) fn jpeg(&self, slots: &[Slot], settings: &[JpegSettings]) -> JpegSegment {
        let Self { window: _, rect, settings: of } = *self;
        let (x, y) = self.on_sheet(slots);
        JpegSegment {
            x,
            y,
            mcus: rect.width.div_ceil(settings[of as usize].subsampling.mcu_px()),
            right: x + rect.width - 1,
            bottom: y + rect.height - 1,
            settings: of,
        }
    }

    pub(super) fn png(&self, slots: &[Slot]) -> PngSegment {
        let (x, y) = self.on_sheet(slots);
        PngSegment { x, y, width: self.rect.width, rows: self.rect.height }
    }
}

/// What came.
pub enum Painted {
    /// Pixels.
    Pixels(Arc<PaintedSheet>),
    /// The segments that were asked for.
    Coded(Arc<CodedSheet>),
    /// Some segments found no room: the sheet must be asked for as pixels. Noise at the highest qualities.
    Spilled,
}

/// Which of the card's coders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// `gpu/jpeg/`.
    Jpeg,
    /// `gpu/png/`.
    Png,
}

/// Finished segments of a sheet.
pub struct CodedSheet {
    pub(super) jpeg: Option<EncodedSegments>,
    pub(super) png: Option<EncodedSegments>,
}

impl CodedSheet {
    /// The bytes of a segment, by its number among those that were asked of its codec.
    pub fn bytes(&self, codec: Codec, index: usize) -> Option<&[u8]> {
        let segments = match codec {
            Codec::Jpeg => &self.jpeg,
            Codec::Png => &self.png,
        };
        segments.as_ref()?.bytes(index)
    }

    /// Whether every segment found room.
    pub(super) fn is_whole(&self) -> bool {
        [&self.jpeg, &self.png].into_iter().flatten().all(|segments| segments.spilled().is_empty())
    }
}
