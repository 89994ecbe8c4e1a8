//! The image formats that a variant can have.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A file format.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// JPEG, 4:2:0: no transparency.
    Jpeg,
    /// PNG: lossless.
    Png,
}

impl Format {
    /// Every format, in the order that help texts list them.
    pub const ALL: [Self; 2] = [Self::Jpeg, Self::Png];

    /// Of a file name, without the dot: `jpg`, `png`.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
        }
    }

    /// As templates, flags and manifests spell it: `jpeg`, `png`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
        }
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a word is no format.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FormatError {
    /// Planned.
    #[error("the format {0} is not available yet: use jpeg or png")]
    Unavailable(&'static str),
    /// Anything else.
    #[error("unknown format {0:?}: expected jpeg or png")]
    Unknown(String),
}

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word.to_ascii_lowercase().as_str() {
            "jpeg" | "jpg" => Ok(Self::Jpeg),
            "png" => Ok(Self::Png),
            "webp" => Err(FormatError::Unavailable("webp")),
            "avif" => Err(FormatError::Unavailable("avif")),
            _ => Err(FormatError::Unknown(word.chars().take(40).collect())),
        }
    }
}

/// A format with its settings.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "UncheckedOutput")]
pub struct Output {
    /// The file format.
    pub format: Format,
    /// 1 to 100, for JPEG. Default: 85.
    pub quality: u8,
}

impl Output {
    /// The quality where nobody asks for another.
    pub const DEFAULT_QUALITY: u8 = 85;

    /// A format at its default quality.
    pub const fn new(format: Format) -> Self {
        Self { format, quality: Self::DEFAULT_QUALITY }
    }

    /// The same format at another quality.
    ///
    /// # Errors
    /// When `quality` is not 1 to 100.
    pub fn with_quality(self, quality: u64) -> Result<Self, QualityError> {
        match u8::try_from(quality) {
            Ok(quality @ 1..=100) => Ok(Self { quality, ..self }),
            _ => Err(QualityError(quality)),
        }
    }
}

/// JPEG at quality 85.
impl Default for Output {
    fn default() -> Self {
        Self::new(Format::Jpeg)
    }
}

/// A quality outside 1 to 100.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("expected a quality from 1 to 100, got {0}")]
pub struct QualityError(pub u64);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UncheckedOutput {
    format: String,
    quality: Option<u64>,
}

impl TryFrom<UncheckedOutput> for Output {
    type Error = String;

    fn try_from(UncheckedOutput { format, quality }: UncheckedOutput) -> Result<Self, String> {
        let output = Self::new(format.parse().map_err(|error: FormatError| error.to_string())?);
        match quality {
            None => Ok(output),
            Some(quality) => output.with_quality(quality).map_err(|error| error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for format in Format::ALL {
            assert_eq!(format.name().parse(), Ok(format));
            assert_eq!(format.extension().parse(), Ok(format));
        }
        assert_eq!("JPG".parse(), Ok(Format::Jpeg));
    }

    #[test]
    fn planned_formats_say_so() {
        let error = "webp".parse::<Format>().unwrap_err();
        assert!(error.to_string().contains("not available yet"), "{error}");
        assert!(matches!("gif".parse::<Format>(), Err(FormatError::Unknown(_))));
    }

    #[test]
    fn quality_is_checked_when_read() {
        let read = |json: &str| serde_json::from_str::<Output>(json);
        assert_eq!(read(r#"{"format":"jpeg"}"#).unwrap(), Output::default());
        assert_eq!(read(r#"{"format":"jpeg","quality":100}"#).unwrap().quality, 100);
        for quality in ["0", "101", "256"] {
            let error = read(&format!(r#"{{"format":"jpeg","quality":{quality}}}"#)).unwrap_err();
            assert!(error.to_string().contains("1 to 100"), "{error}");
        }
        assert!(read(r#"{"format":"jpeg","qualty":9}"#).is_err());
    }
}
