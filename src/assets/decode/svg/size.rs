//! How large an SVG is where nobody says: width, height and viewBox, as browsers take them for `<img>`.
//!
//! <https://drafts.csswg.org/css-images-3/#default-sizing>: a missing side follows from the viewBox; without either
//! side the viewBox is fitted into 300 × 150; percentages count as missing.

use resvg::usvg::roxmltree::Node;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Intrinsic {
    pub(super) width: f64,
    pub(super) height: f64,
}

const DEFAULT_WIDTH: f64 = 300.0;
const DEFAULT_HEIGHT: f64 = 150.0;

pub(super) fn intrinsic(root: Node<'_, '_>) -> Intrinsic {
    // Not those of other namespaces.
    let attribute = |name| {
        let mut own = root.attributes().filter(|attribute| attribute.namespace().is_none());
        own.find(|attribute| attribute.name() == name).map(|attribute| attribute.value())
    };
    let side = |name| attribute(name).and_then(absolute_length);
    let view = attribute("viewBox").and_then(view_box);
    let (width, height) = match (side("width"), side("height"), view) {
        (Some(width), Some(height), _) => (width, height),
        (Some(width), None, Some([w, h])) => (width, width * h / w),
        (None, Some(height), Some([w, h])) => (height * w / h, height),
        (None, None, Some([w, h])) => {
            let scale = (DEFAULT_WIDTH / w).min(DEFAULT_HEIGHT / h);
            (w * scale, h * scale)
        }
        (width, height, None) => (width.unwrap_or(DEFAULT_WIDTH), height.unwrap_or(DEFAULT_HEIGHT)),
    };
    Intrinsic { width, height }
}

/// The text with the size said: the renderer has other rules for what is missing.
pub(super) fn with_intrinsic(text: &str, root: Node<'_, '_>) -> String {
    let Intrinsic { width, height } = intrinsic(root);
    // The document was parsed without what precedes it.
    let offset = text.len() - root.document().input_text().len();
    let name_end = root.range().start + 1;
    let name_end =
        name_end + text[offset + name_end..].find(|c: char| c.is_whitespace() || "/>".contains(c)).unwrap_or(0);
    let mut said = root
        .attributes()
        .filter(|attribute| attribute.namespace().is_none() && matches!(attribute.name(), "width" | "height"))
        .map(|attribute| attribute.range())
        .collect::<Vec<_>>();
    said.sort_by_key(|range| range.start);
    let text = &text[offset..];
    let mut changed = String::with_capacity(text.len() + 64);
    changed.push_str(&text[..name_end]);
    changed.push_str(&format!(" width=\"{width}\" height=\"{height}\""));
    let mut from = name_end;
    for range in said {
        changed.push_str(&text[from..range.start]);
        from = range.end;
    }
    changed.push_str(&text[from..]);
    changed
}

/// A length that does not depend on anything else, in pixels; more than zero.
fn absolute_length(text: &str) -> Option<f64> {
    let text = text.trim();
    let unit_at = text
        .char_indices()
        .find(|(at, c)| {
            let is_exponent = matches!(c, 'e' | 'E')
                && text[at + 1..].starts_with(|next: char| next.is_ascii_digit() || matches!(next, '+' | '-'));
            !(c.is_ascii_digit() || matches!(c, '.' | '+' | '-') || is_exponent)
        })
        .map_or(text.len(), |(at, _)| at);
    let (number, unit) = text.split_at(unit_at);
    let pixels = match unit.trim() {
        "" | "px" => 1.0,
        "pt" => 96.0 / 72.0,
        "pc" => 16.0,
        "mm" => 96.0 / 25.4,
        "cm" => 96.0 / 2.54,
        "in" => 96.0,
        "em" | "rem" => 16.0,
        "ex" => 8.0,
        _ => return None,
    };
    number.parse::<f64>().ok().map(|number| number * pixels).filter(|length| length.is_finite() && *length > 0.0)
}

/// Width and height of a viewBox.
fn view_box(text: &str) -> Option<[f64; 2]> {
    let numbers = text.split([',', ' ', '\t', '\n', '\r']).filter(|part| !part.is_empty());
    let numbers = numbers.map(|part| part.parse::<f64>().ok()).collect::<Option<Vec<_>>>()?;
    match numbers[..] {
        [_, _, width, height] if width > 0.0 && height > 0.0 && (width / height).is_normal() => Some([width, height]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use resvg::usvg::roxmltree::Document;

    use super::*;

    fn of(attributes: &str) -> (f64, f64) {
        let text = format!("<svg {attributes}/>");
        let Intrinsic { width, height } = intrinsic(Document::parse(&text).unwrap().root_element());
        (width, height)
    }

    #[test]
    fn sizes_are_those_of_browsers() {
        assert_eq!(of(""), (300.0, 150.0));
        assert_eq!(of("width='40' height='30px'"), (40.0, 30.0));
        assert_eq!(of("width='100%' height='100%' viewBox='0 0 24 24'"), (150.0, 150.0));
        assert_eq!(of("viewBox='-5,-5 600 100'"), (300.0, 50.0));
        assert_eq!(of("width='60' viewBox='0 0 20 10'"), (60.0, 30.0));
        assert_eq!(of("height='1in' viewBox='0 0 20 10'"), (192.0, 96.0));
        assert_eq!(of("width='200'"), (200.0, 150.0));
        assert_eq!(of("width='1e2' height='2.54cm'"), (100.0, 96.0));
        assert_eq!(of("width='-3' height='wide' viewBox='0 0 0 9'"), (300.0, 150.0));
    }

    #[test]
    fn the_size_is_said_once_and_nothing_else_changes() {
        let text = "\u{feff}<!-- a --><x:svg height='100%' a:width='1' xmlns:a='b' width = '5' \
                    xmlns:x='http://www.w3.org/2000/svg'><x:g width='9'/></x:svg>";
        let document = Document::parse(text.trim_start_matches('\u{feff}')).unwrap();
        let changed = with_intrinsic(text, document.root_element());
        assert_eq!(
            changed,
            "<!-- a --><x:svg width=\"5\" height=\"150\"  a:width='1' xmlns:a='b'  \
             xmlns:x='http://www.w3.org/2000/svg'><x:g width='9'/></x:svg>"
        );
        let bare = Document::parse("<svg/>").unwrap();
        assert_eq!(with_intrinsic("<svg/>", bare.root_element()), "<svg width=\"300\" height=\"150\"/>");
    }
}
