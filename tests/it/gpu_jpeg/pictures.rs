//! Pixels to encode: what cards look like, and what breaks encoders.

/// A repeatable stream of numbers: splitmix64.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `end`.
    pub fn below(&mut self, end: u32) -> u32 {
        (((self.next() >> 32) * u64::from(end)) >> 32) as u32
    }
}

/// What an opaque picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    /// One colour.
    Flat([u8; 3]),
    /// Every channel of every pixel by chance.
    Noise,
    /// Black and white, pixel by pixel.
    Checkers,
    /// Black and white squares of 8, 8 pixels off the blocks' grid by 4.
    LargeCheckers,
    /// One of the eight corners of the colour cube for each pixel.
    Saturated,
    /// The strongest that single coefficients get: signs of each basis function in turn, block by block.
    Bases,
    /// Slow waves with a little noise and hard edges: like a photo with text.
    Card,
}

pub const ALL: [Picture; 9] = [
    Picture::Flat([0; 3]),
    Picture::Flat([255; 3]),
    Picture::Flat([255, 0, 1]),
    Picture::Noise,
    Picture::Checkers,
    Picture::LargeCheckers,
    Picture::Saturated,
    Picture::Bases,
    Picture::Card,
];

/// RGBA rows.
pub fn draw(picture: Picture, (width, height): (u32, u32), seed: u64) -> Vec<u8> {
    let mut random = Random(seed);
    let mut pixels = Vec::with_capacity((width * height * 4) as usize);
    for y in 0..height {
        for x in 0..width {
            let gray = |is_white: bool| if is_white { [255; 3] } else { [0; 3] };
            let [r, g, b] = match picture {
                Picture::Flat(color) => color,
                Picture::Noise => std::array::from_fn(|_| random.next() as u8),
                Picture::Checkers => gray((x + y) % 2 == 0),
                Picture::LargeCheckers => gray(((x + 4) / 8 + (y + 4) / 8) % 2 == 0),
                Picture::Saturated => std::array::from_fn(|_| if random.below(2) == 0 { 0 } else { 255 }),
                Picture::Bases => {
                    let basis = (x / 8 + y / 8 * width.div_ceil(8)) % 64;
                    let wave = |at: u32, frequency: u32| {
                        (f64::from((2 * (at % 8) + 1) * frequency) * std::f64::consts::PI / 16.0).cos()
                    };
                    gray(wave(x, basis % 8) * wave(y, basis / 8) > 0.0)
                }
                Picture::Card => {
                    let wave = |a: f32, b: f32| ((x as f32 * a + y as f32 * b).sin() * 100.0 + 128.0) as u32;
                    let text = x / 3 % 7 == 0 && y / 16 % 3 == 1 && (x * 7 + y) % 11 < 6;
                    let noise = random.below(12);
                    let color = [wave(0.011, 0.02), wave(0.023, -0.013), wave(-0.007, 0.031)];
                    if text { [17, 24, 39] } else { color.map(|channel| (channel + noise).min(255) as u8) }
                }
            };
            pixels.extend_from_slice(&[r, g, b, 255]);
        }
    }
    pixels
}
