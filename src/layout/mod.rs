//! Layout: from a [`Scene`] to a [`DisplayList`].
//!
//! ```text
//!   Scene ──boxes──> Placed tree (rectangles, set text) ──emit──> DisplayList (items, isolates)
//!           frames, flexbox, text fit                    paint, photos, shadows, rotation
//! ```
//!
//! Pure: the same scene, fonts and photo sizes give the same list on every machine. Fed by `template/`; feeds
//! `sheet/`.

mod boxes;
mod display_list;
mod emit;
#[cfg(test)]
mod fixtures;
mod flex;
mod layer_boxes;
mod paint;
mod photo;
#[cfg(test)]
mod properties;
mod snapshot;
mod text;
mod text_items;

use std::collections::HashMap;
use std::sync::Arc;

use thiserror::Error;

use crate::assets::Photo;
use crate::template::scene::{AssetRef, Scene};

pub use display_list::{
    Blur, Clip, DisplayList, Isolate, Item, MAX_BLUR_SIGMA_PX, MAX_ISOLATE_DEPTH, Outline, Paint, PhotoItem, Rotation,
    Shadow, Shape, Stop, TextItem, Warning,
};
pub use layer_boxes::{BoxKind, LayerBox, LineBox, PhotoBox};
pub use text::{LineColors, ShapedLine, Shaper, TextBlock, TextFault, to_cosmic};

/// The photos that a scene names, with their sizes.
pub type Photos = HashMap<AssetRef, Arc<Photo>>;

/// Why a canvas cannot be laid out.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum LayoutError {
    /// Rotation, group opacity and clipping are nested too deep.
    #[error("{path}: rotation, group opacity and clipping are nested more than {MAX_ISOLATE_DEPTH} deep")]
    TooDeep {
        /// The layer that is one too many.
        path: Arc<str>,
    },
    /// A box is too large to draw.
    #[error("{path}: a box of {width}x{height} px is larger than {limit} px a side")]
    BoxTooLarge {
        /// The layer.
        path: Arc<str>,
        /// Its width in pixels.
        width: u64,
        /// Its height in pixels.
        height: u64,
        /// The greatest side.
        limit: u32,
    },
    /// Groups and stacks ask each other for their sizes more often than any design needs.
    #[error("{path}: groups and stacks that hug their content are nested too deep to be measured")]
    TooComplex {
        /// The layer where the limit was reached.
        path: Arc<str>,
    },
    /// Text that no canvas can show.
    #[error("{path}: a text of {bytes} bytes is longer than {limit}")]
    TextTooLong {
        /// The layer.
        path: Arc<str>,
        /// Its length.
        bytes: usize,
        /// The greatest length.
        limit: usize,
    },
    /// A photo that nobody loaded: a bug of the caller.
    #[error("{path}: photo {location:?} was not loaded")]
    PhotoNotLoaded {
        /// The layer.
        path: Arc<str>,
        /// Its `src`.
        location: Arc<str>,
    },
}

/// Lays out one canvas.
///
/// # Errors
/// What a template or a row can ask for and no canvas can show: see [`LayoutError`].
pub fn lay_out(scene: &Scene, photos: &Photos, shaper: &mut Shaper) -> Result<DisplayList, LayoutError> {
    let placed = boxes::place_all(scene, photos, shaper)?;
    emit::emit(scene, &placed, photos)
}

/// Lays out one canvas and also tells where each of its layers lies.
///
/// # Errors
/// As for [`lay_out`].
pub fn lay_out_with_boxes(
    scene: &Scene,
    photos: &Photos,
    shaper: &mut Shaper,
) -> Result<(DisplayList, Vec<LayerBox>), LayoutError> {
    let placed = boxes::place_all(scene, photos, shaper)?;
    Ok((emit::emit(scene, &placed, photos)?, layer_boxes::collect(&placed, photos)))
}
