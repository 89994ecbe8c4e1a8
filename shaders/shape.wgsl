// Pass: shapes. Rounded rectangles, ellipses and stars, filled or stroked, in one colour or a gradient.
//
// | in                  | what                                                        |
// | group 0, binding 0  | GpuTarget                                                   |
// | group 1, binding 0  | GpuShape, one for each instance                             |
// | group 1, binding 1  | GpuStop, runs of stops that shapes point into               |
// | out                 | premultiplied sRGB, blended over (ONE, ONE_MINUS_SRC_ALPHA) |

struct GpuShape {
    quad: vec4<i32>,
    rect: vec4<f32>,
    radii: vec4<f32>,
    color: vec4<f32>,
    axis: vec4<f32>,
    origin: vec2<i32>,
    outline: u32,
    paint: u32,
    first_stop: u32,
    stop_count: u32,
    stroke: f32,
    pad: u32,
}

struct GpuStop {
    color: vec4<f32>,
    offset: f32,
    pad_0: u32,
    pad_1: u32,
    pad_2: u32,
}

const PAINT_SOLID: u32 = 0u;
const PAINT_LINEAR: u32 = 1u;
const PAINT_RADIAL: u32 = 2u;
// Inner to outer radius.
const STAR_WAIST: f32 = 0.42;
// Outer radius and lowered centre, as shares of the box: five points that look centred to the eye.
const STAR_RADIUS: f32 = 0.4375;
const STAR_DROP: f32 = 0.02;

@group(1) @binding(0) var<storage, read> shapes: array<GpuShape>;
@group(1) @binding(1) var<storage, read> stops: array<GpuStop>;

struct Varyings {
    @builtin(position) position: vec4<f32>,
    @location(0) @interpolate(flat) rect: vec4<f32>,
    @location(1) @interpolate(flat) radii: vec4<f32>,
    @location(2) @interpolate(flat) color: vec4<f32>,
    @location(3) @interpolate(flat) axis: vec4<f32>,
    @location(4) @interpolate(flat) origin: vec2<f32>,
    @location(5) @interpolate(flat) kinds: vec4<u32>,
    @location(6) @interpolate(flat) stroke: f32,
}

@vertex
fn vs_main(@builtin(vertex_index) vertex: u32, @builtin(instance_index) instance: u32) -> Varyings {
    let shape = shapes[instance];
    var out: Varyings;
    out.position = quad_position(vertex, shape.quad, shape.origin);
    out.rect = shape.rect;
    out.radii = shape.radii;
    out.color = shape.color;
    out.axis = shape.axis;
    out.origin = vec2<f32>(shape.origin);
    out.kinds = vec4<u32>(shape.outline, shape.paint, shape.first_stop, shape.stop_count);
    out.stroke = shape.stroke;
    return out;
}

// Signed distance to a five-pointed star in the box `rect`: Inigo Quilez's folding of the plane
// into one tenth, https://iquilezles.org/articles/distfunctions2d/.
fn star_distance(point: vec2<f32>, rect: vec4<f32>) -> f32 {
    let radius = min(rect.z, rect.w) * STAR_RADIUS;
    let k1 = vec2<f32>(0.809016994375, -0.587785252292);
    let k2 = vec2<f32>(-k1.x, k1.y);
    var p = point - rect.xy - rect.zw * vec2<f32>(0.5, 0.5 + STAR_DROP);
    p = vec2<f32>(abs(p.x), -p.y);
    p -= 2.0 * max(dot(k1, p), 0.0) * k1;
    p -= 2.0 * max(dot(k2, p), 0.0) * k2;
    p = vec2<f32>(abs(p.x), p.y - radius);
    let edge = STAR_WAIST * vec2<f32>(-k1.y, k1.x) - vec2<f32>(0.0, 1.0);
    let along = clamp(dot(p, edge) / dot(edge, edge), 0.0, radius);
    return length(p - edge * along) * sign(p.y * edge.x - p.x * edge.y);
}

fn gradient_color(at: f32, first: u32, count: u32) -> vec4<f32> {
    var color = stops[first].color;
    for (var index = 1u; index < count; index += 1u) {
        let a = stops[first + index - 1u];
        let b = stops[first + index];
        if at >= a.offset {
            let span = b.offset - a.offset;
            let share = select(1.0, clamp((at - a.offset) / max(span, 0.0000001), 0.0, 1.0), span > 0.0);
            color = mix(a.color, b.color, share);
        }
    }
    return color;
}

@fragment
fn fs_main(in: Varyings) -> @location(0) vec4<f32> {
    let point = in.position.xy - in.origin;
    var distance: f32;
    if in.kinds.x == OUTLINE_STAR {
        distance = star_distance(point, in.rect);
        let left = in.rect.x + in.rect.z * in.radii.x;
        let right = in.rect.x + in.rect.z * in.radii.y;
        distance = max(distance, max(left - point.x, point.x - right));
    } else {
        distance = mask_distance(point, in.kinds.x, in.rect, in.radii);
    }
    var cover = coverage(distance);
    if in.stroke > 0.0 {
        var inner = distance + in.stroke;
        if in.kinds.x == OUTLINE_ELLIPSE {
            // Away from its edge the distance to an ellipse is not exact: ask the smaller one.
            inner = ellipse_distance(point, in.rect + vec4<f32>(in.stroke, in.stroke, -2.0 * in.stroke, -2.0 * in.stroke));
        }
        cover = min(cover, 1.0 - coverage(inner));
    }
    var color = in.color;
    if in.kinds.y == PAINT_LINEAR {
        color *= gradient_color(dot(point - in.axis.xy, in.axis.zw), in.kinds.z, in.kinds.w);
    } else if in.kinds.y == PAINT_RADIAL {
        color *= gradient_color(length((point - in.axis.xy) * in.axis.zw), in.kinds.z, in.kinds.w);
    }
    return color * cover;
}

// Opaque shapes of one colour, wholly inside their outline: not blended.
@fragment
fn fs_fill(in: Varyings) -> @location(0) vec4<f32> {
    return in.color;
}

// The same with a linear gradient.
@fragment
fn fs_gradient(in: Varyings) -> @location(0) vec4<f32> {
    let point = in.position.xy - in.origin;
    return in.color * gradient_color(dot(point - in.axis.xy, in.axis.zw), in.kinds.z, in.kinds.w);
}
