//! Text, URLs and numbers as they stand in HTML: for the contact sheet and the preflight page.

use std::fmt::{self, Write};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stays as it is in the path of a URL. The colon does not: `a:b.jpg` would be a scheme.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The first `max_chars` characters, with an ellipsis where some are missing.
pub(in crate::render) fn cut(text: &str, max_chars: usize) -> String {
    match text.char_indices().nth(max_chars) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// Text for an element or a quoted attribute.
#[derive(Clone, Copy)]
pub(in crate::render) struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\n' => f.write_str("&#10;")?,
                // HTML has no such characters.
                control if control.is_control() => f.write_char('\u{fffd}')?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// An object's name as a URL: relative to the page unless it is a web address already.
pub(in crate::render) struct Url<'a>(pub &'a str);

impl fmt::Display for Url<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.starts_with("https://") || self.0.starts_with("http://") {
            Escaped(self.0).fmt(f)
        } else {
            utf8_percent_encode(self.0, PATH).fmt(f)
        }
    }
}

/// A number with commas between thousands.
pub(in crate::render) struct Grouped(pub u64);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                f.write_char(',')?;
            }
            f.write_char(digit)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_can_not_leave_its_element_or_attribute() {
        assert_eq!(Escaped("a<b>&\"'\n\0").to_string(), "a&lt;b&gt;&amp;&quot;&#39;&#10;\u{fffd}");
    }

    #[test]
    fn names_become_relative_urls() {
        assert_eq!(Url("a b/50%:\"ü#?.jpg").to_string(), "a%20b/50%25%3A%22%C3%BC%23%3F.jpg");
        assert_eq!(Url("javascript:alert(1)").to_string(), "javascript%3Aalert%281%29");
        assert_eq!(Url("https://x.example/a\"b").to_string(), "https://x.example/a&quot;b");
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(cut("ééé", 3), "ééé");
        assert_eq!(cut("éééé", 3), "ééé…");
    }

    #[test]
    fn thousands_are_grouped() {
        let text = |number| Grouped(number).to_string();
        assert_eq!([text(0), text(999), text(1_000), text(1_234_567)], ["0", "999", "1,000", "1,234,567"]);
    }
}
