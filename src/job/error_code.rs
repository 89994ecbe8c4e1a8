//! Why a variant failed, in words that scripts may rely on.

use serde::{Deserialize, Serialize};

/// The `error.code` of a manifest record. Names never change their meaning; new ones may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// A required field has no value in this row.
    MissingField,
    /// A value is not of its field's type, or out of range.
    BadValue,
    /// An expression of the template failed on this row.
    ExpressionFailed,
    /// The row itself cannot be read: wrong number of cells, broken JSON.
    BadRow,
    /// The object name that the pattern gives is not allowed.
    BadName,
    /// Another variant of the run has the same object name.
    NameCollision,
    /// The photo's file does not exist, or its server has none (404, 410).
    PhotoMissing,
    /// The photo's file is not an image that can be read.
    PhotoUnreadable,
    /// The photo's file, sides or pixels exceed the limits.
    PhotoTooLarge,
    /// The photo's path leaves the folder that it is relative to.
    PhotoOutside,
    /// One canvas has more layers than are drawn: a `repeat` over a long list.
    TooManyLayers,
    /// The URL may not be fetched: its scheme, host, port or address is not allowed, or the run is offline.
    UrlRefused,
    /// The URL could not be fetched: no connection, no answer in time, or a status that brings no file.
    UrlFailed,
    /// The store that holds the photo cannot be reached: the run waits or stops, rather than fail row after row.
    StoreUnreachable,
    /// Layers or isolates are nested too deep.
    LayoutTooDeep,
    /// A text is longer than the limit.
    TextTooLong,
    /// The canvas is larger than the adapter can draw.
    CanvasTooLarge,
    /// One canvas's rotated, faded and clipped layers need more room than the adapter has.
    IsolatesTooLarge,
    /// One canvas has more shapes than the adapter takes.
    TooManyShapes,
    /// One canvas needs more glyphs than the atlas holds.
    GlyphAtlasFull,
    /// The GPU device was lost, and again on the second try.
    DeviceLost,
    /// The GPU device refused a call: a bug of gravure's or the driver's.
    DeviceRefused,
    /// The GPU ran out of memory, and again on the second try.
    GpuOutOfMemory,
    /// The pixels could not be encoded.
    EncodeFailed,
    /// The store refused the object.
    StoreFailed,
    /// The store has no room left.
    StoreFull,
    /// A bug of gravure's own; the rest of the run is not affected.
    InternalPanic,
    /// The run was stopped before this variant was made.
    Stopped,
}

impl ErrorCode {
    /// Every code, in the order of the stages.
    pub fn all() -> &'static [Self] {
        &[
            Self::MissingField,
            Self::BadValue,
            Self::ExpressionFailed,
            Self::BadRow,
            Self::BadName,
            Self::NameCollision,
            Self::PhotoMissing,
            Self::PhotoUnreadable,
            Self::PhotoTooLarge,
            Self::PhotoOutside,
            Self::TooManyLayers,
            Self::UrlRefused,
            Self::UrlFailed,
            Self::StoreUnreachable,
            Self::LayoutTooDeep,
            Self::TextTooLong,
            Self::CanvasTooLarge,
            Self::IsolatesTooLarge,
            Self::TooManyShapes,
            Self::GlyphAtlasFull,
            Self::DeviceLost,
            Self::DeviceRefused,
            Self::GpuOutOfMemory,
            Self::EncodeFailed,
            Self::StoreFailed,
            Self::StoreFull,
            Self::InternalPanic,
            Self::Stopped,
        ]
    }

    /// As a manifest spells it: `missing_field`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingField => "missing_field",
            Self::BadValue => "bad_value",
            Self::ExpressionFailed => "expression_failed",
            Self::BadRow => "bad_row",
            Self::BadName => "bad_name",
            Self::NameCollision => "name_collision",
            Self::PhotoMissing => "photo_missing",
            Self::PhotoUnreadable => "photo_unreadable",
            Self::PhotoTooLarge => "photo_too_large",
            Self::PhotoOutside => "photo_outside",
            Self::TooManyLayers => "too_many_layers",
            Self::UrlRefused => "url_refused",
            Self::UrlFailed => "url_failed",
            Self::StoreUnreachable => "store_unreachable",
            Self::LayoutTooDeep => "layout_too_deep",
            Self::TextTooLong => "text_too_long",
            Self::CanvasTooLarge => "canvas_too_large",
            Self::IsolatesTooLarge => "isolates_too_large",
            Self::TooManyShapes => "too_many_shapes",
            Self::GlyphAtlasFull => "glyph_atlas_full",
            Self::DeviceLost => "device_lost",
            Self::DeviceRefused => "device_refused",
            Self::GpuOutOfMemory => "gpu_out_of_memory",
            Self::EncodeFailed => "encode_failed",
            Self::StoreFailed => "store_failed",
            Self::StoreFull => "store_full",
            Self::InternalPanic => "internal_panic",
            Self::Stopped => "stopped",
        }
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_listed_once_and_spelled_alike_in_text_and_json() {
        let mut seen = std::collections::BTreeSet::new();
        for code in ErrorCode::all() {
            assert!(seen.insert(*code), "{code} is listed twice");
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
        // `Stopped` is the last: its number tells how many there are.
        assert_eq!(seen.len(), ErrorCode::Stopped as usize + 1);
    }
}
