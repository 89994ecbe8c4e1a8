//! Colours, geometry and bitmaps: the leaf that every stage shares.
//!
//! Nothing here knows of templates, fonts or devices. Spaces are named by the field that holds a
//! value (`rect_in_canvas`, `rect_in_sheet`); a type from this folder carries numbers only.

mod bitmap;
mod color;
mod geometry;

pub use bitmap::{Bitmap, BitmapView};
pub use color::Color;
pub use geometry::{PointF, RectF, RectPx, SizePx};
