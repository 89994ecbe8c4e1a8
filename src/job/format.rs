//! The image formats that a variant can have.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A file format.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// JPEG: no transparency.
    Jpeg,
    /// PNG: lossless.
    Png,
    /// WebP, lossy or lossless.
    Webp,
}

impl Format {
    /// Every format, in the order that help texts list them.
    pub const ALL: [Self; 3] = [Self::Jpeg, Self::Png, Self::Webp];

    /// Of a file name, without the dot: `jpg`, `png`, `webp`.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
        }
    }

    /// As templates, flags and manifests spell it: `jpeg`, `png`, `webp`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Webp => "webp",
        }
    }

    /// The settings that an output of this format may have, besides `suffix`.
    pub fn settings(self) -> &'static [&'static str] {
        match self {
            Self::Jpeg => &["quality", "subsampling", "progressive", "background"],
            Self::Png => &["depth", "compression", "background"],
            Self::Webp => &["quality", "lossless", "effort"],
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
    #[error("the format {0} is not available yet: use jpeg, png or webp")]
    Unavailable(&'static str),
    /// Anything else.
    #[error("unknown format {0:?}: expected jpeg, png or webp")]
    Unknown(String),
}

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word.to_ascii_lowercase().as_str() {
            "jpeg" | "jpg" => Ok(Self::Jpeg),
            "png" => Ok(Self::Png),
            "webp" => Ok(Self::Webp),
            "avif" => Err(FormatError::Unavailable("avif")),
            _ => Err(FormatError::Unknown(word.chars().take(40).collect())),
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
        let error = "avif".parse::<Format>().unwrap_err();
        assert!(error.to_string().contains("not available yet"), "{error}");
        assert!(matches!("gif".parse::<Format>(), Err(FormatError::Unknown(_))));
    }
}
