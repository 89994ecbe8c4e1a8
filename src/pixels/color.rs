//! One colour, as CSS means it.

use std::hash::{Hash, Hasher};

/// A straight (not premultiplied) sRGB colour, each channel 0.0 to 1.0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Color {
    /// Red, gamma-encoded sRGB.
    pub r: f32,
    /// Green, gamma-encoded sRGB.
    pub g: f32,
    /// Blue, gamma-encoded sRGB.
    pub b: f32,
    /// Alpha: 0.0 is transparent.
    pub a: f32,
}

impl Color {
    /// Opaque black.
    pub const BLACK: Self = Self::new(0.0, 0.0, 0.0, 1.0);
    /// Opaque white.
    pub const WHITE: Self = Self::new(1.0, 1.0, 1.0, 1.0);
    /// Nothing at all.
    pub const TRANSPARENT: Self = Self::new(0.0, 0.0, 0.0, 0.0);

    /// A colour from straight channels, 0.0 to 1.0.
    pub const fn new(r: f32, g: f32, b: f32, a: f32) -> Self {
        Self { r, g, b, a }
    }

    /// Any CSS colour: names, hex with the `#`, `rgb()`, `hsl()`, `oklch()` and the rest of CSS Color 4.
    pub fn from_css(text: &str) -> Option<Self> {
        // The parser also takes hex digits without the `#`, which CSS does not: `fade` would be a colour.
        let bare_hex = !text.starts_with('#') && text.bytes().all(|b| b.is_ascii_hexdigit());
        // `none` is a missing component to CSS, not a colour; colours are short.
        if text.is_empty() || text.len() > 200 || bare_hex {
            return None;
        }
        let [r, g, b, a] = csscolorparser::parse(text).ok()?.to_array();
        if ![r, g, b, a].iter().all(|channel| channel.is_finite()) {
            return None;
        }
        let unit = |channel: f32| channel.clamp(0.0, 1.0);
        Some(Self::new(unit(r), unit(g), unit(b), unit(a)))
    }

    /// The same colour with its alpha multiplied by `factor`.
    pub fn faded(self, factor: f32) -> Self {
        Self { a: self.a * factor, ..self }
    }

    /// The channels in order: red, green, blue, alpha.
    pub fn to_array(self) -> [f32; 4] {
        [self.r, self.g, self.b, self.a]
    }

    /// Rounded to 8 bits a channel, straight.
    pub fn to_rgba8(self) -> [u8; 4] {
        self.to_array().map(|channel| (channel.clamp(0.0, 1.0) * 255.0).round() as u8)
    }

    /// `#rrggbb`, or `#rrggbbaa` where not opaque.
    pub fn to_hex(self) -> String {
        let [r, g, b, a] = self.to_rgba8();
        if a == 255 { format!("#{r:02x}{g:02x}{b:02x}") } else { format!("#{r:02x}{g:02x}{b:02x}{a:02x}") }
    }
}

impl Hash for Color {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for channel in self.to_array() {
            channel.to_bits().hash(state);
        }
    }
}
