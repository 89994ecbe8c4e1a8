// Shading of shadows, for `shadow.wgsl` and `tiles.wgsl`: a rounded box or an ellipse under a Gaussian blur.
//
// Along x the integral of a Gaussian over one row of the box is a difference of two error functions; along y it
// is summed over SAMPLES rows within three standard deviations (Evan Wallace, "Fast Rounded Rectangle Shadows",
// https://madebyevan.com/shaders/fast-rounded-rectangle-shadows/).
//
// Colours: premultiplied sRGB.

struct GpuShadow {
    quad: vec4<i32>,
    rect: vec4<f32>,
    radii: vec4<f32>,
    color: vec4<f32>,
    cutout: vec4<f32>,
    cutout_radii: vec4<f32>,
    origin: vec2<i32>,
    sigma: f32,
    outline: u32,
}

const SAMPLES: u32 = 8u;

// The error function to within 0.0005 (Abramowitz and Stegun 7.1.27).
fn erf(x: vec2<f32>) -> vec2<f32> {
    let s = sign(x);
    let a = abs(x);
    var r = 1.0 + (0.278393 + (0.230389 + (0.000972 + 0.078108 * a) * a) * a) * a;
    r *= r;
    return s - s / (r * r);
}

// How far one side of the box reaches at height `y` from its middle, given that side's upper and lower radius. The
// two corners never meet, so a height that is not in the upper one can only be in the lower one.
fn reach(y: f32, half_size: vec2<f32>, upper: f32, lower: f32) -> f32 {
    let is_upper = y < upper - half_size.y;
    let radius = select(lower, upper, is_upper);
    let into_corner = max(select(y, -y, is_upper) - (half_size.y - radius), 0.0);
    return half_size.x - radius + sqrt(max(radius * radius - into_corner * into_corner, 0.0));
}

fn blurred_outline(point: vec2<f32>, outline: u32, rect: vec4<f32>, radii: vec4<f32>, sigma: f32) -> f32 {
    let half_size = rect.zw * 0.5;
    let p = point - rect.xy - half_size;
    let low = clamp(-3.0 * sigma, p.y - half_size.y, p.y + half_size.y);
    let high = clamp(3.0 * sigma, p.y - half_size.y, p.y + half_size.y);
    let step = (high - low) / f32(SAMPLES);
    var sum = 0.0;
    for (var sample = 0u; sample < SAMPLES; sample += 1u) {
        let offset = low + (f32(sample) + 0.5) * step;
        let y = p.y - offset;
        var sides: vec2<f32>;
        if outline == OUTLINE_ELLIPSE {
            let height = y / half_size.y;
            sides = vec2<f32>(half_size.x * sqrt(max(1.0 - height * height, 0.0)));
        } else {
            sides = vec2<f32>(reach(y, half_size, radii.x, radii.w), reach(y, half_size, radii.y, radii.z));
        }
        let integral = erf((p.x + vec2<f32>(sides.x, -sides.y)) * (0.70710678 / sigma));
        let row = (integral.x - integral.y) * 0.5;
        sum += row * exp(-offset * offset / (2.0 * sigma * sigma)) * step;
    }
    return sum / (sigma * 2.50662827);
}

// What a shadow lays over the pixel about `point`.
fn shadow_color(point: vec2<f32>, shadow: GpuShadow) -> vec4<f32> {
    var cover: f32;
    if shadow.sigma < 0.25 {
        cover = coverage(mask_distance(point, shadow.outline, shadow.rect, shadow.radii));
    } else {
        cover = blurred_outline(point, shadow.outline, shadow.rect, shadow.radii, shadow.sigma);
    }
    if shadow.cutout.z > 0.0 {
        cover *= 1.0 - coverage(mask_distance(point, shadow.outline, shadow.cutout, shadow.cutout_radii));
    }
    return shadow.color * cover;
}
