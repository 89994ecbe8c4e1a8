// Pass: photos. Texels of a page, pixel for pixel, within a mask (`shade_photo.wgsl`). Photos are scaled to their
// size beforehand.
//
// | in                  | what                                                        |
// | group 0, binding 0  | GpuTarget                                                   |
// | group 1, binding 0  | GpuPhoto, one for each instance                             |
// | group 2, binding 0  | pages: premultiplied sRGB, no filtering                     |
// | out                 | premultiplied sRGB, blended over (ONE, ONE_MINUS_SRC_ALPHA) |

@group(1) @binding(0) var<storage, read> photos: array<GpuPhoto>;
@group(2) @binding(0) var pages: texture_2d_array<f32>;

struct Varyings {
    @builtin(position) position: vec4<f32>,
    @location(0) @interpolate(flat) mask: vec4<f32>,
    @location(1) @interpolate(flat) radii: vec4<f32>,
    @location(2) @interpolate(flat) offsets: vec4<i32>,
    @location(3) @interpolate(flat) page_outline: vec2<u32>,
    @location(4) @interpolate(flat) opacity: f32,
}

@vertex
fn vs_main(@builtin(vertex_index) vertex: u32, @builtin(instance_index) instance: u32) -> Varyings {
    let photo = photos[instance];
    var out: Varyings;
    out.position = quad_position(vertex, photo.quad, photo.origin);
    out.mask = photo.mask;
    out.radii = photo.radii;
    out.offsets = vec4<i32>(photo.origin, photo.texel_offset);
    out.page_outline = vec2<u32>(photo.page, photo.outline);
    out.opacity = photo.opacity;
    return out;
}

@fragment
fn fs_main(in: Varyings) -> @location(0) vec4<f32> {
    let pixel = vec2<i32>(in.position.xy) - in.offsets.xy;
    let texel = textureLoad(pages, pixel + in.offsets.zw, i32(in.page_outline.x), 0);
    var photo: GpuPhoto;
    photo.mask = in.mask;
    photo.radii = in.radii;
    photo.outline = in.page_outline.y;
    photo.opacity = in.opacity;
    return texel * photo_cover(pixel, photo);
}

// Opaque photos, wholly inside their mask: not blended.
@fragment
fn fs_blit(in: Varyings) -> @location(0) vec4<f32> {
    let pixel = vec2<i32>(in.position.xy) - in.offsets.xy;
    return textureLoad(pages, pixel + in.offsets.zw, i32(in.page_outline.x), 0);
}
