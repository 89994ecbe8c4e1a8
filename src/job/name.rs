//! Where an object goes, relative to its destination.

use thiserror::Error;

/// The relative path of an object: safe as a file path under a folder and as a key in a bucket.
///
/// Segments are separated by `/`. No segment is empty, `.` or `..`, ends with a dot or space, or
/// holds a control character or backslash, so a name can not leave its destination and reads the
/// same on every system. Compared byte by byte: no Unicode normalisation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectName(String);

/// Why a text is no object name.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NameError {
    /// Nothing at all.
    #[error("the name is empty")]
    Empty,
    /// Would start from the root.
    #[error("the name {0:?} starts with a slash: names are relative")]
    Absolute(String),
    /// Two slashes in a row, or one at the end.
    #[error("the name {0:?} has an empty part between slashes")]
    EmptySegment(String),
    /// `.` or `..`.
    #[error("the name {0:?} has the part {1:?}, which would lead to another folder")]
    Dots(String, String),
    /// A character that some system takes for something else.
    #[error("the name {name:?} holds the character {character:?}")]
    Character {
        /// The name.
        name: String,
        /// The first that is not allowed.
        character: char,
    },
    /// Some systems drop it silently.
    #[error("a part of the name {0:?} ends with a dot or a space")]
    TrailingDotOrSpace(String),
    /// A part is too long for a file name.
    #[error("a part of the name is {bytes} bytes long: at most {} are allowed", ObjectName::MAX_SEGMENT_BYTES)]
    SegmentTooLong {
        /// Its length.
        bytes: usize,
    },
    /// Too long for an object key.
    #[error("the name is {bytes} bytes long: at most {} are allowed", ObjectName::MAX_BYTES)]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// gravure writes its own files there.
    #[error("the name {0:?} is one that gravure writes itself")]
    Reserved(String),
}

impl ObjectName {
    /// Longest part between slashes. File systems allow 255; temporary names and suffixes need room.
    pub const MAX_SEGMENT_BYTES: usize = 200;
    /// Longest name. S3 allows 1,024 with the destination's prefix.
    pub const MAX_BYTES: usize = 900;
    /// The manifest's name.
    pub const MANIFEST: &'static str = "manifest.jsonl";
    /// The contact sheet's name.
    pub const INDEX: &'static str = "index.html";
    /// The folder of a campaign's bookkeeping.
    pub const FOLDER: &'static str = "_gravure";
    /// How the names of files start that gravure keeps for itself in a folder.
    pub const OWN_PREFIX: &'static str = ".gravure";
    /// How the temporary files of the directory store start.
    pub const TEMPORARY_PREFIX: &'static str = ".gravure-tmp-";
    /// Held by the run that writes to the folder.
    pub const LOCK: &'static str = ".gravure.lock";
    /// The manifest of a resumed run, until it takes the place of the earlier one.
    pub const JOURNAL: &'static str = ".gravure-manifest.jsonl";

    /// Checks a name.
    ///
    /// # Errors
    /// When it is not one that every store can keep, or one that gravure writes itself.
    pub fn new(name: &str) -> Result<Self, NameError> {
        let checked = Self::own(name)?;
        let first = name.split('/').next().unwrap_or_default();
        // Case-insensitive, as some file systems are.
        let is = |word: &str, reserved: &str| word.eq_ignore_ascii_case(reserved);
        let is_own =
            |segment: &str| segment.get(..Self::OWN_PREFIX.len()).is_some_and(|start| is(start, Self::OWN_PREFIX));
        let is_own = name.split('/').any(is_own);
        if is(first, Self::FOLDER) || is(name, Self::MANIFEST) || is(name, Self::INDEX) || is_own {
            return Err(NameError::Reserved(name.to_owned()));
        }
        Ok(checked)
    }

    /// Checks the name of one of gravure's own files: reserved names are allowed.
    ///
    /// # Errors
    /// When it is not one that every store can keep.
    pub fn own(name: &str) -> Result<Self, NameError> {
        if name.is_empty() {
            return Err(NameError::Empty);
        }
        // Before anything that quotes the name: messages stay short.
        if name.len() > Self::MAX_BYTES {
            return Err(NameError::TooLong { bytes: name.len() });
        }
        if name.starts_with('/') {
            return Err(NameError::Absolute(name.to_owned()));
        }
        if let Some(character) = name.chars().find(|&c| c == '\\' || is_invisible(c)) {
            return Err(NameError::Character { name: name.to_owned(), character });
        }
        for segment in name.split('/') {
            match segment {
                "" => return Err(NameError::EmptySegment(name.to_owned())),
                "." | ".." => return Err(NameError::Dots(name.to_owned(), segment.to_owned())),
                _ if segment.ends_with(['.', ' ']) => return Err(NameError::TrailingDotOrSpace(name.to_owned())),
                _ if segment.len() > Self::MAX_SEGMENT_BYTES => {
                    return Err(NameError::SegmentTooLong { bytes: segment.len() });
                }
                _ => {}
            }
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Control characters, line and paragraph separators, and the marks that turn the direction of text,
/// with which one name can look like another.
fn is_invisible(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl std::fmt::Display for ObjectName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for ObjectName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_pass() {
        let long = "a".repeat(200);
        for name in ["1-link.jpg", "shop/2024/été 1.png", "...a", ".hidden/x", "deep/index.html", "100%.png", &long] {
            assert_eq!(ObjectName::new(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn escapes_and_traps_are_refused() {
        let long_part = "a".repeat(201);
        let long = "abc/".repeat(230);
        let cases = [
            "",
            "/etc/passwd",
            "../x",
            "a/../b",
            "a/./b",
            "a//b",
            "a/",
            "a\\b",
            "a\0b",
            "a\nb",
            "a\u{7f}",
            "a.",
            "a. /b",
            "b /c",
            "x\u{202e}gpj.exe",
            &long_part,
            &long,
        ];
        for name in cases {
            assert!(ObjectName::new(name).is_err(), "{name:?} passed");
        }
    }

    #[test]
    fn own_names_are_reserved() {
        for name in [
            "manifest.jsonl",
            "index.html",
            "Index.HTML",
            "_gravure/x",
            "_gravure",
            "a/.gravure-tmp-1",
            ".Gravure.lock",
        ] {
            assert_eq!(ObjectName::new(name), Err(NameError::Reserved(name.to_owned())));
            assert!(ObjectName::own(name).is_ok());
        }
        assert!(ObjectName::own("../index.html").is_err());
    }
}
