// Pass: shadows. A rounded box or an ellipse under a Gaussian blur: shaded by `shade_shadow.wgsl`.
//
// | in                  | what                                                        |
// | group 0, binding 0  | GpuTarget                                                   |
// | group 1, binding 0  | GpuShadow, one for each instance                            |
// | out                 | premultiplied sRGB, blended over (ONE, ONE_MINUS_SRC_ALPHA) |

@group(1) @binding(0) var<storage, read> shadows: array<GpuShadow>;

struct Varyings {
    @builtin(position) position: vec4<f32>,
    @location(0) @interpolate(flat) rect: vec4<f32>,
    @location(1) @interpolate(flat) radii: vec4<f32>,
    @location(2) @interpolate(flat) color: vec4<f32>,
    @location(3) @interpolate(flat) cutout: vec4<f32>,
    @location(4) @interpolate(flat) cutout_radii: vec4<f32>,
    @location(5) @interpolate(flat) origin: vec2<f32>,
    @location(6) @interpolate(flat) sigma: f32,
    @location(7) @interpolate(flat) outline: u32,
}

@vertex
fn vs_main(@builtin(vertex_index) vertex: u32, @builtin(instance_index) instance: u32) -> Varyings {
    let shadow = shadows[instance];
    var out: Varyings;
    out.position = quad_position(vertex, shadow.quad, shadow.origin);
    out.rect = shadow.rect;
    out.radii = shadow.radii;
    out.color = shadow.color;
    out.cutout = shadow.cutout;
    out.cutout_radii = shadow.cutout_radii;
    out.origin = vec2<f32>(shadow.origin);
    out.sigma = shadow.sigma;
    out.outline = shadow.outline;
    return out;
}

@fragment
fn fs_main(in: Varyings) -> @location(0) vec4<f32> {
    var shadow: GpuShadow;
    shadow.rect = in.rect;
    shadow.radii = in.radii;
    shadow.color = in.color;
    shadow.cutout = in.cutout;
    shadow.cutout_radii = in.cutout_radii;
    shadow.sigma = in.sigma;
    shadow.outline = in.outline;
    return shadow_color(in.position.xy - in.origin, shadow);
}
