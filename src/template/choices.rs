//! Words with a meaning: the enums of the scene, weights, line heights and anchors, as templates spell them.
//!
//! Their lists feed [`super::tables`], and through it messages and the schema.

use super::format::{self, Locale};
use super::keys::Kind;
use super::scalar::{FromScalar, Mismatch, Scalar, number_in};
use super::scene::{
    Align, Direction, Fit, Justify, LineHeight, Mask, Overflow, TextAlign, TextDirection, VerticalAlign,
};

/// A CSS font weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Weight(pub u16);

/// Names of weights: <https://drafts.csswg.org/css-fonts/#font-weight-prop>.
pub(super) const WEIGHTS: &[(&str, u16)] = &[
    ("thin", 100),
    ("extralight", 200),
    ("light", 300),
    ("regular", 400),
    ("normal", 400),
    ("medium", 500),
    ("semibold", 600),
    ("bold", 700),
    ("extrabold", 800),
    ("black", 900),
];

impl FromScalar for Weight {
    fn from_scalar(_: &Kind, scalar: &Scalar<'_>) -> Result<Self, Mismatch> {
        let expected = || Mismatch::expected("a weight from 1 to 1000 or a name such as bold");
        if let Some(name) = scalar.trimmed() {
            let folded: String = name.to_lowercase().chars().filter(|c| !matches!(c, '-' | '_' | ' ')).collect();
            if let Some((_, weight)) = WEIGHTS.iter().find(|(known, _)| *known == folded) {
                return Ok(Self(*weight));
            }
        }
        let weight = number_in(scalar, "", 1.0, 1000.0, &[("", 1.0)]).map_err(|_| expected())?;
        if weight.fract() == 0.0 { Ok(Self(weight as u16)) } else { Err(expected()) }
    }

    fn placeholder() -> Self {
        Self(400)
    }
}

impl FromScalar for LineHeight {
    fn from_scalar(_: &Kind, scalar: &Scalar<'_>) -> Result<Self, Mismatch> {
        let expected = || Mismatch::expected("a line height such as 1.2, \"120%\", \"32px\" or normal");
        let number = |units| number_in(scalar, "", 0.0, 10_000.0, units).map_err(|_| expected());
        match scalar {
            Scalar::Text(text) if text.trim() == "normal" => Ok(Self::Normal),
            Scalar::Text(text) if text.trim().ends_with("px") => Ok(Self::Px(number(&[("px", 1.0)])? as f32)),
            _ => {
                let times = number(&[("", 1.0), ("%", 0.01)])?;
                if times <= 100.0 { Ok(Self::Times(times as f32)) } else { Err(expected()) }
            }
        }
    }

    fn placeholder() -> Self {
        Self::Normal
    }
}

/// Words for an enum of the scene, in the order of the schema.
macro_rules! choice {
    ($type:ty, $words:ident, $( $word:literal => $value:expr ),+ $(,)?) => {
        #[doc = concat!("What [`", stringify!($type), "`] is written as.")]
        pub(super) const $words: &[&str] = &[$($word),+];

        impl FromScalar for $type {
            fn from_scalar(_: &Kind, scalar: &Scalar<'_>) -> Result<Self, Mismatch> {
                match scalar.trimmed() {
                    $(Some($word) => Ok($value),)+
                    _ => Err(Mismatch::expected(format!("one of {}", $words.join(", ")))),
                }
            }

            fn placeholder() -> Self {
                Self::default()
            }
        }
    };
}

/// How a font file's letters stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum FontStyle {
    /// Upright.
    #[default]
    Normal,
    /// Slanted.
    Italic,
}

choice!(FontStyle, FONT_STYLE, "normal" => Self::Normal, "italic" => Self::Italic);
choice!(Overflow, OVERFLOW, "visible" => Self::Visible, "clip" => Self::Clip);
choice!(Direction, DIRECTION, "row" => Self::Row, "column" => Self::Column);
choice!(
    Align, ALIGN,
    "start" => Self::Start, "center" => Self::Center, "end" => Self::End,
    "stretch" => Self::Stretch, "baseline" => Self::Baseline,
);
choice!(
    Justify, JUSTIFY,
    "start" => Self::Start, "center" => Self::Center, "end" => Self::End,
    "space-between" => Self::SpaceBetween, "space-around" => Self::SpaceAround, "space-evenly" => Self::SpaceEvenly,
);
choice!(
    TextAlign, TEXT_ALIGN,
    "start" => Self::Start, "left" => Self::Left, "center" => Self::Center, "right" => Self::Right, "end" => Self::End,
);
choice!(
    VerticalAlign, VERTICAL_ALIGN,
    "top" => Self::Top, "middle" => Self::Middle, "bottom" => Self::Bottom,
);
choice!(
    Fit, FIT,
    "cover" => Self::Cover, "contain" => Self::Contain, "stretch" => Self::Stretch, "none" => Self::None,
);
choice!(Mask, MASK, "box" => Self::Box, "ellipse" => Self::Ellipse);
choice!(
    TextDirection, TEXT_DIRECTION,
    "auto" => Self::Auto, "ltr" => Self::LeftToRight, "rtl" => Self::RightToLeft,
);

/// Which case letters are set in: CSS `text-transform`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Transform {
    /// As they come.
    #[default]
    None,
    /// Capitals.
    Upper,
    /// Small letters.
    Lower,
    /// Every word with a capital.
    Title,
}

impl Transform {
    /// A text in this case, as the locale's language changes letters.
    pub fn apply(self, text: String, locale: &Locale) -> String {
        match self {
            Self::None => text,
            Self::Upper => format::upper(&text, locale),
            Self::Lower => format::lower(&text, locale),
            Self::Title => format::title(&text, locale),
        }
    }
}

choice!(
    Transform, TRANSFORM,
    "none" => Self::None, "upper" => Self::Upper, "lower" => Self::Lower, "title" => Self::Title,
);

/// One line of CSS `text-decoration-line`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum DecorationLine {
    /// No line, whatever the layer says.
    #[default]
    None,
    /// Under the baseline.
    Underline,
    /// Through the middle.
    LineThrough,
    /// Above the letters.
    Overline,
}

choice!(
    DecorationLine, DECORATION_LINE,
    "underline" => Self::Underline, "line-through" => Self::LineThrough, "overline" => Self::Overline,
    "none" => Self::None,
);

/// What an image layer does about a photo that cannot be had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ErrorRule {
    /// The variant fails.
    #[default]
    Fail,
    /// The layer is left out.
    Hide,
    /// Something stands in its place.
    Placeholder,
}

choice!(ErrorRule, ON_ERROR, "fail" => Self::Fail, "hide" => Self::Hide, "placeholder" => Self::Placeholder);

/// One of the nine anchors, as a point: 0 to 1 from the left and top.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Anchor(pub [f32; 2]);

impl FromScalar for Anchor {
    fn from_scalar(_: &Kind, scalar: &Scalar<'_>) -> Result<Self, Mismatch> {
        let expected = || Mismatch::expected("an anchor such as center, top or \"top left\"");
        let text = scalar.trimmed().ok_or_else(expected)?;
        let (mut x, mut y) = (None, None);
        for word in text.split_whitespace() {
            let (axis, place) = match word {
                "left" => (&mut x, 0.0),
                "right" => (&mut x, 1.0),
                "top" => (&mut y, 0.0),
                "bottom" => (&mut y, 1.0),
                "center" if text == "center" => (&mut x, 0.5),
                _ => return Err(expected()),
            };
            if axis.replace(place).is_some() {
                return Err(expected());
            }
        }
        if x.is_none() && y.is_none() {
            return Err(expected());
        }
        Ok(Self([x.unwrap_or(0.5), y.unwrap_or(0.5)]))
    }

    fn placeholder() -> Self {
        Self([0.5, 0.5])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Scalar<'_> {
        Scalar::Text(text.into())
    }

    #[test]
    fn anchors_take_either_order() {
        let anchor = |t| Anchor::from_scalar(&Kind::Asset, &text(t)).ok().map(|a| a.0);
        assert_eq!(anchor("top left"), Some([0.0, 0.0]));
        assert_eq!(anchor("left top"), Some([0.0, 0.0]));
        assert_eq!(anchor("bottom"), Some([0.5, 1.0]));
        assert_eq!(anchor("center"), Some([0.5, 0.5]));
        for wrong in ["", "left right", "middle", "top top", "center left"] {
            assert_eq!(anchor(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn weights_and_line_heights_by_name() {
        assert_eq!(Weight::from_scalar(&Kind::FontWeight, &text("Semi-Bold")), Ok(Weight(600)));
        assert_eq!(Weight::from_scalar(&Kind::FontWeight, &Scalar::Number(650.0, None)), Ok(Weight(650)));
        assert!(Weight::from_scalar(&Kind::FontWeight, &Scalar::Number(0.0, None)).is_err());
        let height = |scalar| LineHeight::from_scalar(&Kind::LineHeight, &scalar);
        assert_eq!(height(text("120%")), Ok(LineHeight::Times(1.2)));
        assert_eq!(height(text("32px")), Ok(LineHeight::Px(32.0)));
        assert_eq!(height(text("normal")), Ok(LineHeight::Normal));
        assert_eq!(height(Scalar::Number(1.1, None)), Ok(LineHeight::Times(1.1)));
        assert!(height(text("tall")).is_err());
    }
}
