// Shading of photos, for `photo.wgsl` and `tiles.wgsl`: how much of a pixel shows the photo. The texel is at
// `pixel + texel_offset` of its page.

struct GpuPhoto {
    quad: vec4<i32>,
    mask: vec4<f32>,
    radii: vec4<f32>,
    origin: vec2<i32>,
    texel_offset: vec2<i32>,
    page: u32,
    outline: u32,
    opacity: f32,
    page_set: u32,
}

// What the texel of a pixel is multiplied by.
fn photo_cover(pixel: vec2<i32>, photo: GpuPhoto) -> f32 {
    let distance = mask_distance(vec2<f32>(pixel) + 0.5, photo.outline, photo.mask, photo.radii);
    return coverage(distance) * photo.opacity;
}
