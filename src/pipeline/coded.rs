//! Which segments the card codes, and how their bytes come to who promised them.

use crate::encode::Grid;
use crate::gpu::jpeg::{ChromaSubsampling, HuffmanTables, JpegSettings};
use crate::gpu::{AskedSegments, Codec, SegmentInWindow};
use crate::job::{Compression, Depth, Encoding, Jpeg, Output, Png, Subsampling};
use crate::pixels::SizePx;

use super::variant::LaidCanvas;

/// The card's coder for an output in segments; `None` where it has none that gives the same bytes as ours.
pub fn codec(output: Output, is_opaque: bool) -> Option<Codec> {
    match output.encoding {
        Encoding::Jpeg(Jpeg { progressive: false, .. }) => Some(Codec::Jpeg),
        Encoding::Png(Png { depth: Depth::Auto | Depth::Bits24 { .. }, compression: Compression::Speed })
            if is_opaque =>
        {
            Some(Codec::Png)
        }
        Encoding::Jpeg(_) | Encoding::Png(_) | Encoding::Webp(_) => None,
    }
}

/// The segments of a sheet that is wholly made of what the card codes, canvas by canvas, variant by variant, in the
/// order of the file; `None` where anything on it needs pixels.
pub fn segments(canvases: &[LaidCanvas]) -> Option<AskedSegments> {
    let mut asked = AskedSegments::default();
    let mut known: Vec<Jpeg> = Vec::new();
    let mut first_window = 0;
    for laid in canvases {
        let windows = &laid.canvas.windows;
        let is_opaque = laid.canvas.list.is_opaque();
        for variant in &laid.variants {
            let splice = variant.splice.as_ref()?;
            let codec = codec(variant.output, is_opaque)?;
            let settings = match variant.output.encoding {
                Encoding::Jpeg(jpeg) => known.iter().position(|other| *other == jpeg).unwrap_or_else(|| {
                    known.push(jpeg);
                    asked.jpeg_settings.push(settings_of(jpeg));
                    known.len() - 1
                }),
                _ => 0,
            };
            let list = match codec {
                Codec::Jpeg => &mut asked.jpeg,
                Codec::Png => &mut asked.png,
            };
            for rect in splice.own().iter().map(|&index| splice.grid.rect(index)) {
                let window = windows.iter().position(|window| window.contains(rect))?;
                list.push(SegmentInWindow { window: first_window + window, rect, settings: settings as u32 });
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
    output: Output,
    codec: Codec,
}

impl WholeSegments {
    /// Of canvases of a size, all opaque or not; `None` where the card has no coder for the output.
    pub fn of(size: SizePx, output: Output, is_opaque: bool) -> Option<Self> {
        Some(Self { grid: Grid::of(size, output, is_opaque)?, output, codec: codec(output, is_opaque)? })
    }

    /// How a canvas falls into segments.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Who codes them.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// What is asked for a sheet of so many canvases.
    pub fn of_canvases(&self, canvases: usize) -> AskedSegments {
        let rects = || (0..self.grid.len()).map(|index| self.grid.rect(index));
        let segments = (0..canvases)
            .flat_map(|window| rects().map(move |rect| SegmentInWindow { window, rect, settings: 0 }))
            .collect();
        let mut asked = AskedSegments::default();
        match self.output.encoding {
            Encoding::Jpeg(jpeg) => {
                (asked.jpeg, asked.jpeg_settings) = (segments, vec![settings_of(jpeg)]);
            }
            _ => asked.png = segments,
        }
        asked
    }
}
