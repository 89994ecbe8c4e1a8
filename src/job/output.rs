//! What is made of every canvas: a format with its settings.
//!
//! Illegal combinations cannot be held: see [`super::OutputSpec`] for how an output is written and checked.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Format, OutputSpec, Suffix};

/// One file to make of a canvas.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "OutputSpec", into = "OutputSpec")]
pub struct Output {
    /// How it is encoded.
    pub encoding: Encoding,
    /// What its file name has before the extension, so that one format can be made twice. Default: nothing.
    pub suffix: Suffix,
}

/// A format with its settings.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Encoding {
    /// JPEG.
    Jpeg(Jpeg),
    /// PNG.
    Png(Png),
    /// WebP.
    Webp(Webp),
}

/// An opaque colour of 8 bits a channel, sRGB.
pub type Rgb = [u8; 3];

/// White.
pub const WHITE: Rgb = [255; 3];

/// Settings of a JPEG.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Jpeg {
    /// 1 to 100. Default: 85.
    pub quality: u8,
    /// Default: 4:2:0.
    pub subsampling: Subsampling,
    /// Whether it is shown coarse first and fine later. Default: no.
    pub progressive: bool,
    /// What transparency is laid over. Default: white.
    pub background: Rgb,
}

/// Settings of a PNG.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Png {
    /// Default: 24 bits where every pixel is opaque, else 32.
    pub depth: Depth,
    /// Default: speed.
    pub compression: Compression,
}

/// Settings of a WebP.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Webp {
    /// Default: lossy, of quality 80.
    pub mode: WebpMode,
    /// 0 (fast) to 6 (small): libwebp's method. Default: 4.
    pub effort: u8,
}

/// What a WebP may lose.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum WebpMode {
    /// As much as its quality allows; alpha is kept as it is.
    Lossy {
        /// 1 to 100.
        quality: u8,
    },
    /// Nothing.
    Lossless,
}

/// How many chroma samples a JPEG keeps.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Subsampling {
    /// One for two by two pixels.
    #[default]
    Chroma420,
    /// One for each pixel: small coloured text stays sharp.
    Chroma444,
}

/// Bits a pixel of a PNG.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Depth {
    /// 24 where every pixel is opaque, else 32.
    #[default]
    Auto,
    /// Always 24.
    Bits24 {
        /// What transparency is laid over.
        background: Rgb,
    },
    /// Always 32.
    Bits32,
}

/// What a PNG's encoder goes for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Compression {
    /// Many files a second.
    #[default]
    Speed,
    /// Between.
    Balanced,
    /// Small files, whatever it takes.
    Size,
}

impl Output {
    /// A format with its default settings.
    pub const fn new(format: Format) -> Self {
        let encoding = match format {
            Format::Jpeg => Encoding::Jpeg(Jpeg::DEFAULT),
            Format::Png => Encoding::Png(Png { depth: Depth::Auto, compression: Compression::Speed }),
            Format::Webp => Encoding::Webp(Webp::DEFAULT),
        };
        Self { encoding, suffix: Suffix::NONE }
    }

    /// Its format.
    pub fn format(&self) -> Format {
        match self.encoding {
            Encoding::Jpeg(_) => Format::Jpeg,
            Encoding::Png(_) => Format::Png,
            Encoding::Webp(_) => Format::Webp,
        }
    }

    /// The object name that this output has where the pattern gives `name`: the suffix goes before the extension,
    /// or to the end where the pattern has none.
    pub fn object_name(&self, name: String) -> String {
        if self.suffix.is_empty() {
            return name;
        }
        let extension = self.format().extension();
        match name.strip_suffix(extension).and_then(|stem| stem.strip_suffix('.')) {
            Some(stem) => format!("{stem}{}.{extension}", self.suffix),
            None => format!("{name}{}", self.suffix),
        }
    }
}

/// JPEG at quality 85.
impl Default for Output {
    fn default() -> Self {
        Self::new(Format::Jpeg)
    }
}

impl Jpeg {
    /// What a JPEG is where nobody asks for something else.
    pub const DEFAULT: Self =
        Self { quality: 85, subsampling: Subsampling::Chroma420, progressive: false, background: WHITE };
}

impl Webp {
    /// The quality where nobody asks for another: about what 85 is of a JPEG.
    pub const DEFAULT_QUALITY: u8 = 80;
    /// The most work.
    pub const MAX_EFFORT: u8 = 6;
    /// What a WebP is where nobody asks for something else.
    pub const DEFAULT: Self = Self { mode: WebpMode::Lossy { quality: Self::DEFAULT_QUALITY }, effort: 4 };
}

/// A line of text that no two encodings share: part of the hash of what decides a variant's bytes.
impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Destructured, so that a setting cannot be forgotten.
        match *self {
            Self::Jpeg(Jpeg { quality, subsampling, progressive, background }) => {
                let background = hex(background);
                write!(f, "jpeg quality {quality}, {subsampling}, progressive {progressive}, over {background}")
            }
            Self::Png(Png { depth, compression }) => {
                write!(f, "png depth {depth}, {compression}")?;
                match depth {
                    Depth::Bits24 { background } => write!(f, ", over {}", hex(background)),
                    Depth::Auto | Depth::Bits32 => Ok(()),
                }
            }
            Self::Webp(Webp { mode: WebpMode::Lossy { quality }, effort }) => {
                write!(f, "webp quality {quality}, effort {effort}")
            }
            Self::Webp(Webp { mode: WebpMode::Lossless, effort }) => write!(f, "webp lossless, effort {effort}"),
        }
    }
}

/// `#rrggbb`.
pub(super) fn hex([r, g, b]: Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// The words of a setting, both ways.
macro_rules! words {
    ($type:ty, $( $word:literal => $value:pat => $made:expr ),+ $(,)?) => {
        impl $type {
            /// How its values are written.
            pub const WORDS: &[&str] = &[$($word),+];
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $($value => $word),+ })
            }
        }

        impl FromStr for $type {
            type Err = String;

            fn from_str(word: &str) -> Result<Self, String> {
                match word {
                    $($word => Ok($made),)+
                    _ => Err(format!("expected one of {}", Self::WORDS.join(", "))),
                }
            }
        }
    };
}

words!(Subsampling, "4:2:0" => Self::Chroma420 => Self::Chroma420, "4:4:4" => Self::Chroma444 => Self::Chroma444);
words!(
    Compression,
    "speed" => Self::Speed => Self::Speed,
    "balanced" => Self::Balanced => Self::Balanced,
    "size" => Self::Size => Self::Size,
);
words!(
    Depth,
    "auto" => Self::Auto => Self::Auto,
    "24" => Self::Bits24 { .. } => Self::Bits24 { background: WHITE },
    "32" => Self::Bits32 => Self::Bits32,
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back() {
        for word in Subsampling::WORDS {
            assert_eq!(word.parse::<Subsampling>().unwrap().to_string(), *word);
        }
        for word in Compression::WORDS {
            assert_eq!(word.parse::<Compression>().unwrap().to_string(), *word);
        }
        for word in Depth::WORDS {
            assert_eq!(word.parse::<Depth>().unwrap().to_string(), *word);
        }
        assert_eq!("4:2:2".parse::<Subsampling>().unwrap_err(), "expected one of 4:2:0, 4:4:4");
    }

    #[test]
    fn a_suffix_stands_before_the_extension() {
        let small = Output { suffix: "-small".parse().unwrap(), ..Output::default() };
        assert_eq!(small.object_name("7-link.jpg".into()), "7-link-small.jpg");
        assert_eq!(small.object_name("a.b/7".into()), "a.b/7-small");
        assert_eq!(small.object_name("x.jpeg".into()), "x.jpeg-small");
        assert_eq!(Output::default().object_name("7-link.jpg".into()), "7-link.jpg");
    }

    #[test]
    fn no_two_encodings_read_alike() {
        let jpeg = |change: fn(&mut Jpeg)| {
            let mut jpeg = Jpeg::DEFAULT;
            change(&mut jpeg);
            Encoding::Jpeg(jpeg)
        };
        let png = |depth, compression| Encoding::Png(Png { depth, compression });
        let webp = |mode, effort| Encoding::Webp(Webp { mode, effort });
        let all = [
            jpeg(|_| {}),
            jpeg(|jpeg| jpeg.quality = 86),
            jpeg(|jpeg| jpeg.subsampling = Subsampling::Chroma444),
            jpeg(|jpeg| jpeg.progressive = true),
            jpeg(|jpeg| jpeg.background = [0; 3]),
            png(Depth::Auto, Compression::Speed),
            png(Depth::Auto, Compression::Balanced),
            png(Depth::Auto, Compression::Size),
            png(Depth::Bits32, Compression::Speed),
            png(Depth::Bits24 { background: WHITE }, Compression::Speed),
            png(Depth::Bits24 { background: [1; 3] }, Compression::Speed),
            webp(WebpMode::Lossy { quality: 80 }, 4),
            webp(WebpMode::Lossy { quality: 81 }, 4),
            webp(WebpMode::Lossy { quality: 80 }, 5),
            webp(WebpMode::Lossless, 4),
        ];
        let texts: std::collections::BTreeSet<String> = all.iter().map(Encoding::to_string).collect();
        assert_eq!(texts.len(), all.len());
    }
}
