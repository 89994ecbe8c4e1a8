//! What comes back of a sheet: its pixels, or segments of JPEGs that the card has coded.

use std::sync::Arc;

use crate::pixels::RectPx;
use crate::sheet::Slot;

use super::jpeg::{EncodedSegments, JpegSegment, JpegSettings};
use super::readback::PaintedSheet;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub enum WayBack<'s> {
    /// The pixels of every window.
    Pixels,
    /// Segments, and nothing else.
    Jpeg {
        /// Which, in the order in which they come back.
        segments: &'s [SegmentInWindow],
        /// How they are coded.
        settings: &'s [JpegSettings],
    },
}

/// A segment of a canvas that lies wholly in one of its windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentInWindow {
    /// Which window of the sheet, counted over its canvases.
    pub window: usize,
    /// Its pixels on the canvas.
    pub rect: RectPx,
    /// Which of the settings.
    pub settings: u32,
}

impl SegmentInWindow {
    /// Where it lies on the sheet.
    pub(super) fn on_sheet(&self, slots: &[Slot], settings: &[JpegSettings]) -> JpegSegment {
        let Self { window, rect, settings: of } = *self;
        let Slot { y, window, plate: _ } = slots[window];
        let (x, y) = (rect.x as u32, y + (rect.y - window.y) as u32);
        JpegSegment {
            x,
            y,
            mcus: rect.width.div_ceil(settings[of as usize].subsampling.mcu_px()),
            right: x + rect.width - 1,
            bottom: y + rect.height - 1,
            settings: of,
        }
    }
}

/// What came.
pub enum Painted {
    /// Pixels.
    Pixels(Arc<PaintedSheet>),
    /// The segments that were asked for.
    Jpeg(Arc<EncodedSegments>),
    /// Some segments found no room: the sheet must be asked for as pixels. Noise at the highest qualities.
    Spilled,
}
