//! What tells two files of one format apart in their names: `-small`, `@2x`.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// At most 16 letters, digits, `-`, `_`, `.` and `@`; may be empty. Held by value, so that an output stays as
/// small and as easily copied as a number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Suffix {
    /// Zeros after the text.
    bytes: [u8; Suffix::MAX_BYTES],
}

/// A text that is no suffix.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("expected at most {} letters, digits, - _ . @, not ending with a dot", Suffix::MAX_BYTES)]
pub struct SuffixError;

impl Suffix {
    /// The longest.
    pub const MAX_BYTES: usize = 16;
    /// No suffix.
    pub const NONE: Self = Self { bytes: [0; Self::MAX_BYTES] };

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.bytes[0] == 0
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        let length = self.bytes.iter().position(|&byte| byte == 0).unwrap_or(Self::MAX_BYTES);
        std::str::from_utf8(&self.bytes[..length]).expect("only ASCII is let in")
    }
}

impl FromStr for Suffix {
    type Err = SuffixError;

    fn from_str(text: &str) -> Result<Self, SuffixError> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@".contains(&byte);
        if text.len() > Self::MAX_BYTES || !text.bytes().all(is_allowed) || text.ends_with('.') {
            return Err(SuffixError);
        }
        let mut bytes = [0; Self::MAX_BYTES];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Ok(Self { bytes })
    }
}

impl fmt::Display for Suffix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Suffix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_every_file_system_keeps_is_let_in() {
        for text in ["", "-small", "@2x", "_v1.0", "sixteen-letters_"] {
            assert_eq!(text.parse::<Suffix>().unwrap().as_str(), text);
        }
        for text in ["/x", "a b", "é", "seventeen-letters", "x.", "\0"] {
            assert_eq!(text.parse::<Suffix>(), Err(SuffixError), "{text:?}");
        }
        assert!(Suffix::NONE.is_empty() && !"x".parse::<Suffix>().unwrap().is_empty());
    }
}
