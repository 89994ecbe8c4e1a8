//! What a photo may have: every limit in one place.
//!
//! All are checked before memory is taken: sides and pixels from the header, the rest while reading. The limits of
//! SVG are about work: a file of a few hundred bytes can ask for hours of it.

/// What a photo may have. Checked before it is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhotoLimits {
    /// Length of the file. Default: 20 MiB.
    pub max_file_bytes: u64,
    /// Width and height. Default: 16,384.
    pub max_side_px: u32,
    /// Width times height. Default: 25 million, which is 100 MB decoded.
    pub max_pixels: u64,
}

impl Default for PhotoLimits {
    fn default() -> Self {
        Self { max_file_bytes: 20 << 20, max_side_px: 16_384, max_pixels: 25_000_000 }
    }
}

/// Length of an embedded colour profile; a larger one is ignored. Those of presses have up to 3 MB.
pub(super) const MAX_PROFILE_BYTES: usize = 4 << 20;

/// Scans of a progressive JPEG, each of which goes over the whole picture. Encoders write 10 or so.
/// <https://libjpeg-turbo.org/pmwiki/uploads/About/TwoIssueswiththeJPEGStandard.pdf>
pub(super) const MAX_JPEG_SCANS: u32 = 100;

/// What an SVG file may ask for.
pub(super) mod svg {
    /// Tags in the file.
    pub(in crate::assets) const MAX_TAGS: usize = 250_000;
    /// Attributes in the file.
    pub(in crate::assets) const MAX_ATTRIBUTES: usize = 1_000_000;
    /// Length of all entities' texts, each as often as it could be used.
    pub(in crate::assets) const MAX_ENTITY_BYTES: u64 = 16 << 20;
    /// Elements within elements, references followed.
    pub(in crate::assets) const MAX_DEPTH: u32 = 200;
    /// Elements once every reference (`<use>`, patterns, markers, masks ...) is replaced by what it refers to.
    pub(in crate::assets) const MAX_ELEMENTS: u64 = 500_000;
    /// Bytes of attributes and text, counted likewise; text counts [`BYTES_PER_CHARACTER`] for each byte.
    pub(in crate::assets) const MAX_EXPANDED_BYTES: u64 = 128 << 20;
    /// A glyph's outline.
    pub(in crate::assets) const BYTES_PER_CHARACTER: u64 = 200;
    /// Rules of style sheets times elements.
    pub(in crate::assets) const MAX_STYLE_MATCHES: u64 = 20_000_000;
    /// Memory for layers (opacity, masks, filters, patterns) at one moment, beside the picture itself: this, and 12
    /// bytes for each pixel that a photo may have.
    pub(in crate::assets) const MAX_LAYER_BYTES: u64 = 32 << 20;
    /// See [`MAX_LAYER_BYTES`].
    pub(in crate::assets) const MAX_LAYER_BYTES_PER_PIXEL: u64 = 12;
    /// Pixels touched: the sum over shapes, layers and filters. A thousand million take some seconds.
    pub(in crate::assets) const MAX_PIXELS_TOUCHED: u64 = 2_000_000_000;
    /// The stack of the thread that reads and draws.
    pub(in crate::assets) const STACK_BYTES: usize = 64 << 20;
}
