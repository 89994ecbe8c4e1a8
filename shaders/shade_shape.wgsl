// Shading of shapes, for `shape.wgsl` and `tiles.wgsl`: rounded rectangles, ellipses and stars, filled or stroked,
// in one colour or a gradient. What includes it declares `stops`, the gradient stops that shapes point into.
//
// Colours: premultiplied sRGB.

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

// Share of the pixel about `point` that a shape covers.
fn shape_cover(point: vec2<f32>, shape: GpuShape) -> f32 {
    var distance: f32;
    if shape.outline == OUTLINE_STAR {
        distance = star_distance(point, shape.rect);
        let left = shape.rect.x + shape.rect.z * shape.radii.x;
        let right = shape.rect.x + shape.rect.z * shape.radii.y;
        distance = max(distance, max(left - point.x, point.x - right));
    } else {
        distance = mask_distance(point, shape.outline, shape.rect, shape.radii);
    }
    var cover = coverage(distance);
    if shape.stroke > 0.0 {
        var inner = distance + shape.stroke;
        if shape.outline == OUTLINE_ELLIPSE {
            // Away from its edge the distance to an ellipse is not exact: ask the smaller one.
            let stroke = shape.stroke;
            inner = ellipse_distance(point, shape.rect + vec4<f32>(stroke, stroke, -2.0 * stroke, -2.0 * stroke));
        }
        cover = min(cover, 1.0 - coverage(inner));
    }
    return cover;
}

// Its colour there, as if it covered the pixel.
fn shape_paint(point: vec2<f32>, shape: GpuShape) -> vec4<f32> {
    var color = shape.color;
    if shape.paint == PAINT_LINEAR {
        color *= gradient_color(dot(point - shape.axis.xy, shape.axis.zw), shape.first_stop, shape.stop_count);
    } else if shape.paint == PAINT_RADIAL {
        color *= gradient_color(length((point - shape.axis.xy) * shape.axis.zw), shape.first_stop, shape.stop_count);
    }
    return color;
}
