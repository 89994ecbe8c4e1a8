//! Keys as CSS, design tools and other template languages call them, with what they are called here.

use super::keys::Object;
use super::tables::{FONT, FRAME};

/// Foreign names, folded, each with the keys here that may be meant: the first one that the mapping has counts.
/// `font.` and `frame.` lead into the mapping of that name.
const NAMES: &[(&str, &[&str])] = &[
    ("alignitems", &["align"]),
    ("aspectratio", &[]),
    ("background", &["fill"]),
    ("backgroundcolor", &["fill"]),
    ("backgroundimage", &["fill", "src"]),
    ("backgroundsize", &["fit"]),
    ("bold", &["font.weight", "weight"]),
    ("border", &["stroke"]),
    ("bordercolor", &["stroke"]),
    ("borderradius", &["radius"]),
    ("borderwidth", &["stroke"]),
    ("boxshadow", &["shadow"]),
    ("children", &["layers"]),
    ("color", &["color", "fill"]),
    ("colour", &["color", "fill"]),
    ("columngap", &["gap"]),
    ("content", &["text", "layers"]),
    ("cornerradius", &["radius"]),
    ("data", &["for"]),
    ("dropshadow", &["shadow"]),
    ("each", &["for"]),
    ("fallback", &["placeholder", "default"]),
    ("file", &["src"]),
    ("flexdirection", &["direction"]),
    ("flexgrow", &["grow"]),
    ("flexwrap", &["wrap"]),
    ("fontfamily", &["font.family", "family"]),
    ("fontsize", &["font.size", "size"]),
    ("fontstyle", &["font.italic", "italic", "style"]),
    ("fontweight", &["font.weight", "weight"]),
    ("foreach", &["for"]),
    ("gradient", &["fill"]),
    ("h", &["height"]),
    ("hidden", &["when"]),
    ("href", &["src"]),
    ("if", &["when"]),
    ("image", &["src"]),
    ("items", &["for", "layers"]),
    ("justifycontent", &["justify"]),
    ("kerning", &["font.letter_spacing", "letter_spacing"]),
    ("label", &["text", "id"]),
    ("lang", &["locale"]),
    ("language", &["locale"]),
    ("leading", &["font.line_height", "line_height"]),
    ("letterspacing", &["font.letter_spacing", "letter_spacing"]),
    ("lineclamp", &["max_lines"]),
    ("lineheight", &["font.line_height", "line_height"]),
    ("list", &["for"]),
    ("maxlines", &["max_lines"]),
    ("objectfit", &["fit"]),
    ("objectposition", &["anchor"]),
    ("onerror", &["on_error"]),
    ("order", &[]),
    ("outline", &["stroke"]),
    ("path", &["src"]),
    ("position", &["frame", "focus"]),
    ("rotate", &["rotation"]),
    ("rowgap", &["gap"]),
    ("runs", &["spans"]),
    ("source", &["src"]),
    ("stars", &["value"]),
    ("strikethrough", &["decoration"]),
    ("textalign", &["align"]),
    ("textdecoration", &["decoration"]),
    ("textoverflow", &["ellipsis"]),
    ("textshadow", &["text_shadow"]),
    ("texttransform", &["transform"]),
    ("textwrap", &["wrap", "balance"]),
    ("title", &["text", "name"]),
    ("tracking", &["font.letter_spacing", "letter_spacing"]),
    ("transform", &["rotation"]),
    ("underline", &["decoration"]),
    ("uppercase", &["transform"]),
    ("url", &["src"]),
    ("verticalalign", &["valign"]),
    ("visibility", &["when"]),
    ("visible", &["when"]),
    ("w", &["width"]),
    ("whitespace", &["wrap"]),
];

/// Foreign names of what does not exist here, with what to do instead.
const ADVICE: &[(&str, &str)] = &[
    ("zindex", "layers are drawn in their order, the last on top"),
    ("margin", "use the stack's gap and padding, or the frame"),
    ("margintop", "use the stack's gap and padding, or the frame"),
    ("marginbottom", "use the stack's gap and padding, or the frame"),
    ("marginleft", "use the stack's gap and padding, or the frame"),
    ("marginright", "use the stack's gap and padding, or the frame"),
    ("display", "use a stack for flexbox, a group for free positions, \"when\" to hide"),
    ("class", "there are no style sheets, YAML anchors (&x, *x) share values"),
    ("style", "keys stand in the layer itself"),
    ("filter", "there are no filters, \"shadow\" and \"opacity\" are there"),
];

/// What to say of an unknown key whose meaning can be guessed.
pub(super) enum Hint {
    /// It is called so here.
    Renamed(&'static str),
    /// It is called so, in the mapping of this name.
    Inside(&'static str, &'static str),
    /// There is no such key, but another way.
    Advice(&'static str),
}

/// What a key may mean in a mapping.
pub(super) fn hint(object: &Object, key: &str) -> Option<Hint> {
    let folded: String = key.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect();
    // `size: 34,5` among braces is a 34 and a key.
    if !key.is_empty() && key.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Hint::Advice("decimals are written with a point, 34.5"));
    }
    let inside = |home: &'static str, name: &str| {
        let of_home = if home == "font" { &FONT } else { &FRAME };
        object.key(home)?;
        Some(Hint::Inside(home, of_home.key(name)?.name))
    };
    // A key of this mapping, or of one in it, in another spelling.
    if let Some(known) = object.keys().find(|known| is_folded(known.name, &folded)) {
        return Some(Hint::Renamed(known.name));
    }
    for (home, of_home) in [("frame", &FRAME), ("font", &FONT)] {
        let name = of_home.keys().flat_map(|key| std::iter::once(key.name).chain(key.alias));
        if let Some(hint) = name.filter(|name| is_folded(name, &folded)).find_map(|name| inside(home, name)) {
            return Some(hint);
        }
    }
    if let Some((_, targets)) = NAMES.iter().find(|(name, _)| *name == folded) {
        return targets.iter().find_map(|target| match target.split_once('.') {
            Some(("font", name)) => inside("font", name),
            Some(_) => None,
            None => object.key(target).map(|key| Hint::Renamed(key.name)),
        });
    }
    let has_box = object.key("frame").is_some();
    ADVICE.iter().find(|(name, _)| *name == folded && has_box).map(|(_, advice)| Hint::Advice(advice))
}

fn is_folded(name: &str, folded: &str) -> bool {
    name.chars().filter(|c| *c != '_').eq(folded.chars())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::tables::{IMAGE, RECT, STACK, TEXT};

    fn told(object: &Object, key: &str) -> String {
        match hint(object, key) {
            Some(Hint::Renamed(name)) => name.to_owned(),
            Some(Hint::Inside(home, name)) => format!("{home}.{name}"),
            Some(Hint::Advice(advice)) => advice.to_owned(),
            None => String::new(),
        }
    }

    #[test]
    fn names_of_css_lead_to_ours() {
        for (object, key, expected) in [
            (&RECT, "border-radius", "radius"),
            (&RECT, "borderRadius", "radius"),
            (&RECT, "background", "fill"),
            (&RECT, "background-color", "fill"),
            (&RECT, "color", "fill"),
            (&RECT, "border", "stroke"),
            (&RECT, "box-shadow", "shadow"),
            (&RECT, "top", "frame.y"),
            (&RECT, "max-width", "frame.max_width"),
            (&RECT, "visible", "when"),
            (&TEXT, "font-size", "font.size"),
            (&TEXT, "fontWeight", "font.weight"),
            (&TEXT, "text-align", "align"),
            (&TEXT, "line-height", "font.line_height"),
            (&TEXT, "content", "text"),
            (&TEXT, "text-decoration", "decoration"),
            (&TEXT, "max-lines", "max_lines"),
            (&STACK, "justify-content", "justify"),
            (&STACK, "align-items", "align"),
            (&STACK, "flex-direction", "direction"),
            (&STACK, "children", "layers"),
            (&IMAGE, "url", "src"),
            (&IMAGE, "object-fit", "fit"),
            (&IMAGE, "onerror", "on_error"),
            (&FONT, "font-size", "size"),
            (&RECT, "font-size", ""),
            (&RECT, "blargh", ""),
        ] {
            assert_eq!(told(object, key), expected, "{key} of a {}", object.name);
        }
        assert!(told(&RECT, "z-index").contains("in their order"));
        assert!(told(&FONT, "5").contains("with a point"));
        assert_eq!((told(&FRAME, "w"), told(&FRAME, "h")), ("width".into(), "height".into()));
    }

    #[test]
    fn names_are_folded_and_sorted() {
        assert!(NAMES.is_sorted_by_key(|(name, _)| *name));
        let names = NAMES.iter().map(|(name, _)| *name).chain(ADVICE.iter().map(|(name, _)| *name));
        assert!(names.clone().all(|name| name.bytes().all(|b| b.is_ascii_lowercase())));
    }
}
