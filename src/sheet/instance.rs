//! Device layouts: what one instance of each pass looks like in its storage buffer.
//!
//! The WGSL structs in `shaders/` have the same names and fields in the same order; a test compares offsets.
//! Positions are in the pixels of the canvas (or isolate) that the instance belongs to; `origin` is where that
//! lies on the sheet. All colours are premultiplied.

use bytemuck::{Pod, Zeroable};

/// `shape.wgsl`: a filled or stroked outline.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct GpuShape {
    /// The pixels to shade: x, y, width, height.
    pub quad: [i32; 4],
    /// The box of the outline: x, y, width, height.
    pub rect: [f32; 4],
    /// Corner radii: top left, top right, bottom right, bottom left. For a star: from, to (shares of its width).
    pub radii: [f32; 4],
    /// Premultiplied; for a gradient, every channel is its opacity.
    pub color: [f32; 4],
    /// Linear: start x, y and direction / length² x, y. Radial: centre x, y and 1 / radius x, y.
    pub axis: [f32; 4],
    /// Where the canvas starts on the sheet.
    pub origin: [i32; 2],
    /// [`OUTLINE_ROUNDED_RECT`] …
    pub outline: u32,
    /// [`PAINT_SOLID`] …
    pub paint: u32,
    /// First stop of the gradient.
    pub first_stop: u32,
    /// Number of stops.
    pub stop_count: u32,
    /// Width of the line inside the edge; 0 fills.
    pub stroke: f32,
    /// To a multiple of 16 bytes.
    pub pad: u32,
}

/// Rounded rectangle.
pub const OUTLINE_ROUNDED_RECT: u32 = 0;
/// Inscribed ellipse.
pub const OUTLINE_ELLIPSE: u32 = 1;
/// Five-pointed star.
pub const OUTLINE_STAR: u32 = 2;
/// One colour.
pub const PAINT_SOLID: u32 = 0;
/// Linear gradient.
pub const PAINT_LINEAR: u32 = 1;
/// Radial gradient.
pub const PAINT_RADIAL: u32 = 2;

/// A gradient stop, shared by the shapes of a sheet.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct GpuStop {
    /// Premultiplied.
    pub color: [f32; 4],
    /// 0.0 to 1.0 along the gradient line; may lie outside.
    pub offset: f32,
    /// To a multiple of 16 bytes.
    pub pad: [u32; 3],
}

/// `shadow.wgsl`: a rounded box or an ellipse, blurred.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct GpuShadow {
    /// The pixels to shade: x, y, width, height.
    pub quad: [i32; 4],
    /// The box that is blurred.
    pub rect: [f32; 4],
    /// Its corner radii.
    pub radii: [f32; 4],
    /// Premultiplied.
    pub color: [f32; 4],
    /// The box inside which nothing is drawn; width 0: none.
    pub cutout: [f32; 4],
    /// Its corner radii.
    pub cutout_radii: [f32; 4],
    /// Where the canvas starts on the sheet.
    pub origin: [i32; 2],
    /// Standard deviation in pixels.
    pub sigma: f32,
    /// Form of the box and the cutout: [`OUTLINE_ROUNDED_RECT`] or [`OUTLINE_ELLIPSE`].
    pub outline: u32,
}

/// `photo.wgsl`: a photo out of a page, pixel for pixel.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct GpuPhoto {
    /// The pixels to shade: x, y, width, height.
    pub quad: [i32; 4],
    /// The box that masks it.
    pub mask: [f32; 4],
    /// Its corner radii.
    pub radii: [f32; 4],
    /// Where the canvas starts on the sheet.
    pub origin: [i32; 2],
    /// Added to a canvas position, gives the texel.
    pub texel_offset: [i32; 2],
    /// Layer of the page array.
    pub page: u32,
    /// [`OUTLINE_ROUNDED_RECT`] or [`OUTLINE_ELLIPSE`].
    pub outline: u32,
    /// 0.0 to 1.0.
    pub opacity: f32,
    /// Its page set: `tiles.wgsl` takes the texture by it, render passes have a draw for each.
    pub page_set: u32,
}

/// `composite.wgsl`: an isolate's texture onto the surface above.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct GpuComposite {
    /// The pixels to shade: x, y, width, height.
    pub quad: [i32; 4],
    /// The clip's box; width 0: none.
    pub clip: [f32; 4],
    /// Its corner radii.
    pub radii: [f32; 4],
    /// From a position on the surface to a texel of the isolate: row x (xx, xy), row y (yx, yy).
    pub turn: [f32; 4],
    /// And then added.
    pub shift: [f32; 2],
    /// Where the canvas starts on the sheet.
    pub origin: [i32; 2],
    /// The isolate's place on its sheet: y, width, height.
    pub slot: [i32; 3],
    /// [`OUTLINE_ROUNDED_RECT`] or [`OUTLINE_ELLIPSE`].
    pub outline: u32,
    /// 0.0 to 1.0.
    pub opacity: f32,
    /// 1 where texels are drawn pixel for pixel; 0 where they are resampled.
    pub exact: u32,
    /// Standard deviation of a blur in texels: above 0 along x, below 0 along y, 0: none.
    pub blur: f32,
    /// Straight RGBA, red in the lowest byte, that takes the place of the texels' colours. Alpha 0: none.
    pub tint: u32,
}

/// `tiles.wgsl`: one instance of a window, in drawing order.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct GpuPart {
    /// The pixels to shade: x, y, width, height.
    pub quad: [i32; 4],
    /// The pixels of which it surely hides all below: x, y, width, height; width 0: none.
    pub inner: [i32; 4],
    /// [`PART_SHAPE`] …
    pub kind: u32,
    /// Which instance of its kind.
    pub index: u32,
    /// To a multiple of 16 bytes.
    pub pad: [u32; 2],
}

/// A [`GpuShape`].
pub const PART_SHAPE: u32 = 0;
/// A [`GpuShadow`].
pub const PART_SHADOW: u32 = 1;
/// A [`GpuPhoto`].
pub const PART_PHOTO: u32 = 2;
/// A [`GpuComposite`].
pub const PART_COMPOSITE: u32 = 3;

/// `tiles.wgsl`: a row of tiles of one window.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct GpuStrip {
    /// The pixels that are drawn, at most [`TILE_PX`] rows: x, y, width, height.
    pub area: [i32; 4],
    /// The row of the surface that is row 0 of the canvas.
    pub origin_y: i32,
    /// First [`GpuPart`] of the window.
    pub first_part: u32,
    /// How many it has.
    pub part_count: u32,
    /// 1 where nothing was drawn below: every pixel is written, none is read.
    pub blank: u32,
}

/// Sides of a tile, which one workgroup draws.
pub const TILE_PX: u32 = 16;

const _: () = {
    assert!(size_of::<GpuShape>() == 112);
    assert!(size_of::<GpuStop>() == 32);
    assert!(size_of::<GpuShadow>() == 112);
    assert!(size_of::<GpuPhoto>() == 80);
    assert!(size_of::<GpuComposite>() == 112);
    assert!(size_of::<GpuPart>() == 48);
    assert!(size_of::<GpuStrip>() == 32);
};
