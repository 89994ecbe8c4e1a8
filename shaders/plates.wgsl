// Pass: plates, on the compute path. What lies below the windows of a sheet, from the plate that they start with.
//
// | in                 | what                                      |
// | group 0, binding 0 | the sheet, written                        |
// | group 0, binding 1 | one plate: premultiplied sRGB             |
// | group 0, binding 2 | GpuPlateCopy, one for each strip of rows  |
//
// Workgroup (x, y, z) copies tile (x, y) of strip z; strips that are smaller than the largest have workgroups without
// work. A card's own copy of texture to texture takes twenty times as long: benches/runs/2026-11-27-on-a-card.md.

struct GpuPlateCopy {
    // Pixels of the sheet: x, y, width, height.
    area: vec4<u32>,
    // The plate's texel that goes to the first of them.
    source: vec2<u32>,
    pad_0: u32,
    pad_1: u32,
}

const TILE_PX: u32 = 16u;

@group(0) @binding(0) var sheet: texture_storage_2d<rgba8unorm, write>;
@group(0) @binding(1) var plate: texture_2d<f32>;
@group(0) @binding(2) var<storage, read> copies: array<GpuPlateCopy>;

@compute @workgroup_size(TILE_PX, TILE_PX)
fn cs_main(@builtin(workgroup_id) tile: vec3<u32>, @builtin(local_invocation_id) at: vec3<u32>) {
    let copy = copies[tile.z];
    let pixel = tile.xy * TILE_PX + at.xy;
    if all(pixel < copy.area.zw) {
        textureStore(sheet, copy.area.xy + pixel, textureLoad(plate, copy.source + pixel, 0));
    }
}
