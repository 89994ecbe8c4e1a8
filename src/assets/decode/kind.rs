//! What a file is, told by its first bytes: names and content types lie.

use super::{AssetError, unreadable};

/// The formats that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::assets) enum Kind {
    Jpeg,
    Png,
    WebP,
    Gif,
    Svg,
}

/// How far into a text `<svg` is looked for: past comments and the like.
const SVG_PROLOG_BYTES: usize = 64 << 10;

impl Kind {
    /// # Errors
    /// When it is none of them; the message says what it is where that is known.
    pub(in crate::assets) fn of(file: &[u8]) -> Result<Self, AssetError> {
        match file {
            [] => return Err(unreadable("the file is empty")),
            [0xff, 0xd8, 0xff, ..] => return Ok(Self::Jpeg),
            [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => return Ok(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => return Ok(Self::WebP),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => return Ok(Self::Gif),
            _ => {}
        }
        let start = text_start(file);
        if start.starts_with(b"<") {
            let prolog = &start[..start.len().min(SVG_PROLOG_BYTES)];
            let word = |word: &[u8]| prolog.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
            let is_page = prolog.len() >= 5
                && (prolog[..5].eq_ignore_ascii_case(b"<html")
                    || prolog.get(..14).is_some_and(|start| start.eq_ignore_ascii_case(b"<!doctype html")));
            // With a namespace prefix it is `<x:svg`.
            if !is_page && (word(b"<svg") || word(b":svg")) {
                return Ok(Self::Svg);
            }
            if is_page || word(b"<html") {
                return Err(unreadable("a web page, not an image"));
            }
        }
        let known = match other(file) {
            Some(name) => format!("{name} is not supported: use JPEG, PNG, WebP, GIF or SVG"),
            None => "not a JPEG, PNG, WebP, GIF or SVG image".to_owned(),
        };
        Err(unreadable(known))
    }
}

/// Without a byte order mark and white space.
fn text_start(file: &[u8]) -> &[u8] {
    file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file).trim_ascii_start()
}

/// Formats that are met in the wild and not read.
fn other(file: &[u8]) -> Option<&'static str> {
    let brand = || file.get(4..8).filter(|mark| *mark == b"ftyp").and_then(|_| file.get(8..12));
    let name = match file {
        [0x1f, 0x8b, ..] => "compressed SVG (svgz)",
        [b'B', b'M', ..] => "BMP",
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => "TIFF",
        [0xff, 0x0a, ..] | [0, 0, 0, 0x0c, b'J', b'X', b'L', ..] => "JPEG XL",
        [0, 0, 0, 0x0c, b'j', b'P', ..] => "JPEG 2000",
        [b'%', b'P', b'D', b'F', ..] => "PDF",
        [b'8', b'B', b'P', b'S', ..] => "Photoshop",
        [0, 0, 1, 0, ..] => "ICO",
        [0xfe, 0xff, 0, b'<', ..] | [0xff, 0xfe, b'<', 0, ..] => "text in UTF-16",
        _ => match brand()? {
            b"avif" | b"avis" => "AVIF",
            b"heic" | b"heix" | b"heif" | b"mif1" | b"msf1" => "HEIC",
            _ => return None,
        },
    };
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn svg_is_found_behind_what_may_stand_before_it() {
        for text in [
            "<svg/>",
            "\u{feff} \n<?xml version='1.0'?><!-- made by hand --><!DOCTYPE svg><svg xmlns='x'/>",
            "<x:svg xmlns:x='http://www.w3.org/2000/svg'/>",
        ] {
            assert_eq!(Kind::of(text.as_bytes()), Ok(Kind::Svg), "{text}");
        }
    }

    #[test]
    fn what_is_no_image_says_what_it_is() {
        let message = |file: &[u8]| Kind::of(file).unwrap_err().message;
        assert_eq!(message(b""), "the file is empty");
        assert_eq!(message(b"name,price\n"), "not a JPEG, PNG, WebP, GIF or SVG image");
        assert_eq!(message(b"<note/>"), "not a JPEG, PNG, WebP, GIF or SVG image");
        assert_eq!(message(b"<!DOCTYPE html><html><svg/></html>"), "a web page, not an image");
        assert_eq!(message(b"<?xml version='1.0'?><html/>"), "a web page, not an image");
        assert!(message(b"\0\0\0\x1cftypavif\0\0\0\0").starts_with("AVIF is not supported"));
        assert!(message(b"\x1f\x8b\x08\0").starts_with("compressed SVG"));
        assert!(message(b"BM\0\0").starts_with("BMP"));
    }
}
