//! The WGSL of all that draws, put together from the files of `shaders/`.

/// What every shader that draws starts with.
pub const COMMON_WGSL: &str = include_str!("../../shaders/common.wgsl");
/// What every render pass has besides.
pub const QUAD_WGSL: &str = include_str!("../../shaders/quad.wgsl");
/// Shading of shapes.
pub const SHADE_SHAPE_WGSL: &str = include_str!("../../shaders/shade_shape.wgsl");
/// Shading of shadows.
pub const SHADE_SHADOW_WGSL: &str = include_str!("../../shaders/shade_shadow.wgsl");
/// Shading of photos.
pub const SHADE_PHOTO_WGSL: &str = include_str!("../../shaders/shade_photo.wgsl");
/// Shading of isolates.
pub const SHADE_COMPOSITE_WGSL: &str = include_str!("../../shaders/shade_composite.wgsl");
/// Shapes.
pub const SHAPE_WGSL: &str = include_str!("../../shaders/shape.wgsl");
/// Shadows.
pub const SHADOW_WGSL: &str = include_str!("../../shaders/shadow.wgsl");
/// Photos.
pub const PHOTO_WGSL: &str = include_str!("../../shaders/photo.wgsl");
/// Isolates.
pub const COMPOSITE_WGSL: &str = include_str!("../../shaders/composite.wgsl");

/// Plates, by a compute shader.
pub const PLATES_WGSL: &str = include_str!("../../shaders/plates.wgsl");
/// All but plates and text, by a compute shader.
pub const TILES_WGSL: &str = include_str!("../../shaders/tiles.wgsl");

/// The render passes: name, what it is shaded by, and its own file.
pub const RENDER_PASSES: [(&str, &str, &str); 4] = [
    ("shape", SHADE_SHAPE_WGSL, SHAPE_WGSL),
    ("shadow", SHADE_SHADOW_WGSL, SHADOW_WGSL),
    ("photo", SHADE_PHOTO_WGSL, PHOTO_WGSL),
    ("composite", SHADE_COMPOSITE_WGSL, COMPOSITE_WGSL),
];

/// The whole shader of a render pass.
pub fn source(shading: &str, pass: &str) -> String {
    [COMMON_WGSL, QUAD_WGSL, shading, pass].join("\n")
}
