//! CSS colours, lengths and angles.

use super::scene::Length;
use super::tables::MAX_PX;
use crate::pixels::Color;

/// Units of <https://drafts.csswg.org/css-values/#angles>, in degrees. A bare number is degrees.
pub(super) const ANGLE_UNITS: &[(&str, f64)] =
    &[("", 1.0), ("deg", 1.0), ("turn", 360.0), ("rad", 180.0 / std::f64::consts::PI), ("grad", 0.9)];

/// Any CSS colour: see [`Color::from_css`].
pub(super) fn color(text: &str) -> Option<Color> {
    Color::from_css(text)
}

/// Pixels (bare or `px`) or percent.
pub(super) fn length(text: &str) -> Option<Length> {
    let length = match text.strip_suffix('%') {
        Some(percent) => Length::Percent(number(percent)? as f32),
        None => Length::Px(number_with_unit(text, &[("", 1.0), ("px", 1.0)])? as f32),
    };
    length_in_bounds(length)
}

/// A length that no canvas can need is refused, so that arithmetic on pixels cannot overflow.
pub(super) fn length_in_bounds(length: Length) -> Option<Length> {
    let (Length::Px(value) | Length::Percent(value)) = length;
    (f64::from(value).abs() <= MAX_PX).then_some(length)
}

/// A number with one of the units, each with what it is worth. A unit of `""` allows a bare number.
pub(super) fn number_with_unit(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let digits_end = text.rfind(|c: char| c.is_ascii_digit() || c == '.').map_or(0, |at| at + 1);
    let (digits, unit) = text.split_at(digits_end);
    let (_, worth) = units.iter().find(|(known, _)| *known == unit)?;
    Some(number(digits)? * worth)
}

/// A finite number as CSS writes it: `-12.5`, `.5`, `1e3`, but not `inf`.
pub(super) fn number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    if !plain || text.len() > 64 {
        return None;
    }
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_those_of_css() {
        assert_eq!(color("#00000073").unwrap().to_rgba8(), [0, 0, 0, 0x73]);
        assert_eq!(color("white").unwrap(), Color::WHITE);
        assert_eq!(color("rgb(255 0 0 / 50%)").unwrap().to_rgba8(), [255, 0, 0, 128]);
        assert_eq!(color("transparent").unwrap(), Color::TRANSPARENT);
        assert_eq!(color("Hsl(120, 100%, 50%)").unwrap().to_rgba8(), [0, 255, 0, 255]);
        for wrong in ["fade", "123456", "", "#12345", "blurple", "rgb(1,2)"] {
            assert_eq!(color(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn lengths_have_units_and_bounds() {
        assert_eq!(length("12px"), Some(Length::Px(12.0)));
        assert_eq!(length("-4"), Some(Length::Px(-4.0)));
        assert_eq!(length("50%"), Some(Length::Percent(50.0)));
        for wrong in ["12 ducks", "12em", "", "px", "%", "1e9", "NaN", "inf", "--4", "1 2"] {
            assert_eq!(length(wrong), None, "{wrong}");
        }
        assert_eq!(number_with_unit("0.5turn", ANGLE_UNITS), Some(180.0));
        assert_eq!(number_with_unit("100grad", ANGLE_UNITS), Some(90.0));
    }
}
