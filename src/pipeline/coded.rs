//! Which segments the card codes, and how their bytes come to who promised them.

use crate::encode::Grid;
use crate::gpu::SegmentInWindow;
use crate::gpu::jpeg::{ChromaSubsampling, HuffmanTables, JpegSettings};
use crate::job::{Encoding, Jpeg, Output, Subsampling};
use crate::pixels::SizePx;

use super::variant::LaidCanvas;

/// What is asked of the card for one sheet.
#[derive(Debug, Default)]
pub struct Segments {
    /// Those that the sheet's variants promise: canvas by canvas, variant by variant, in the order of the file.
    pub segments: Vec<SegmentInWindow>,
    /// How they are coded.
    pub settings: Vec<JpegSettings>,
}

/// The segments of a sheet that is wholly made of JPEGs in segments; `None` where anything on it needs pixels.
pub fn segments(canvases: &[LaidCanvas]) -> Option<Segments> {
    let mut asked = Segments::default();
    let mut known: Vec<Jpeg> = Vec::new();
    let mut first_window = 0;
    for laid in canvases {
        let windows = &laid.canvas.windows;
        for variant in &laid.variants {
            let (Encoding::Jpeg(jpeg), Some(splice)) = (variant.output.encoding, &variant.splice) else { return None };
            let settings = known.iter().position(|other| *other == jpeg).unwrap_or_else(|| {
                known.push(jpeg);
                asked.settings.push(settings_of(jpeg));
                known.len() - 1
            });
            for rect in splice.own().iter().map(|&index| splice.grid.rect(index)) {
                let window = windows.iter().position(|window| window.contains(rect))?;
                asked.segments.push(SegmentInWindow { window: first_window + window, rect, settings: settings as u32 });
            }
        }
        first_window += windows.len();
    }
    Some(asked)
}

/// In the words of the card. Progressive images are never in segments.
fn settings_of(jpeg: Jpeg) -> JpegSettings {
    let Jpeg { quality, subsampling, progressive: _, background } = jpeg;
    let subsampling = match subsampling {
        Subsampling::Chroma420 => ChromaSubsampling::Chroma420,
        Subsampling::Chroma444 => ChromaSubsampling::Chroma444,
    };
    JpegSettings { quality, subsampling, background, tables: HuffmanTables::annex_k() }
}

/// The segments of canvases that are drawn and coded as a whole: for measuring.
#[derive(Debug)]
pub struct WholeSegments {
    grid: Grid,
    settings: [JpegSettings; 1],
}

impl WholeSegments {
    /// Of canvases of a size; `None` where the output is no JPEG in segments.
    pub fn of(size: SizePx, output: Output) -> Option<Self> {
        let Encoding::Jpeg(jpeg) = output.encoding else { return None };
        Some(Self { grid: Grid::of(size, output, false)?, settings: [settings_of(jpeg)] })
    }

    /// How a canvas falls into segments.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// How they are coded.
    pub fn settings(&self) -> &[JpegSettings] {
        &self.settings
    }

    /// What is asked for a sheet of so many canvases.
    pub fn of_canvases(&self, canvases: usize) -> Vec<SegmentInWindow> {
        let rects = || (0..self.grid.len()).map(|index| self.grid.rect(index));
        (0..canvases)
            .flat_map(|window| rects().map(move |rect| SegmentInWindow { window, rect, settings: 0 }))
            .collect()
    }
}
