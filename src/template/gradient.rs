//! CSS `linear-gradient()` and `radial-gradient()`: <https://drafts.csswg.org/css-images/#gradients>.
//!
//! Not supported, with a message: repeating and conic gradients, colour hints, `in <space>`.

use super::css;
use super::scene::{Fill, GradientDirection, GradientStop, Length, RadialExtent, RadialShape};

/// Most stops of one gradient; the GPU reads them in a loop.
const MAX_STOPS: usize = 64;

/// Whether a fill means to be a gradient rather than a colour.
pub(super) fn looks_like_one(text: &str) -> bool {
    text.split('(').next().is_some_and(|name| name.trim_end().to_ascii_lowercase().ends_with("gradient"))
}

/// Reads a gradient.
///
/// # Errors
/// What is wrong with it, in words.
pub(super) fn parse(text: &str) -> Result<Fill, String> {
    let (name, rest) = text.split_once('(').ok_or("a gradient needs parentheses")?;
    let inside = rest.strip_suffix(')').ok_or("the closing parenthesis is missing")?;
    let arguments = split(inside, |c| c == ',')?;
    match name.to_ascii_lowercase().as_str() {
        "linear-gradient" => linear(&arguments),
        "radial-gradient" => radial(&arguments),
        other => Err(format!("{other} is not supported, use linear-gradient or radial-gradient")),
    }
}

fn linear(arguments: &[&str]) -> Result<Fill, String> {
    let first = arguments.first().copied().unwrap_or_default();
    let direction = if let Some(angle) = css::number_with_unit(&first.to_ascii_lowercase(), css::ANGLE_UNITS) {
        if angle.abs() > 36_000.0 {
            return Err(format!("the angle \"{first}\" is out of range"));
        }
        // CSS allows a bare 0 only; a number without a unit can mean nothing else here.
        Some(GradientDirection::Degrees(angle as f32))
    } else if let Some(side) = first.strip_prefix("to ") {
        Some(side_or_corner(side)?)
    } else {
        None
    };
    let stops = stops(&arguments[usize::from(direction.is_some())..])?;
    Ok(Fill::Linear { direction: direction.unwrap_or(GradientDirection::Degrees(180.0)), stops })
}

fn side_or_corner(text: &str) -> Result<GradientDirection, String> {
    let (mut x, mut y) = (0, 0);
    for word in text.split_whitespace() {
        let (axis, value) = match word {
            "left" => (&mut x, -1),
            "right" => (&mut x, 1),
            "top" => (&mut y, -1),
            "bottom" => (&mut y, 1),
            _ => return Err(format!("\"to {text}\" is not a side or corner")),
        };
        if *axis != 0 {
            return Err(format!("\"to {text}\" is not a side or corner"));
        }
        *axis = value;
    }
    if (x, y) == (0, 0) { Err("\"to\" needs a side or corner".to_owned()) } else { Ok(GradientDirection::To(x, y)) }
}

fn radial(arguments: &[&str]) -> Result<Fill, String> {
    let first = arguments.first().copied().unwrap_or_default();
    let is_shape = stop_words(first).is_ok_and(|words| words.first().is_none_or(|word| css::color(word).is_none()));
    let (shape, extent, center) = if is_shape { radial_shape(first)? } else { radial_shape("")? };
    let stops = stops(&arguments[usize::from(is_shape)..])?;
    Ok(Fill::Radial { shape, extent, center, stops })
}

/// `[circle|ellipse] [extent|radii] [at position]`.
fn radial_shape(text: &str) -> Result<(RadialShape, RadialExtent, [Length; 2]), String> {
    let words = stop_words(text)?;
    let (before, center) = match words.iter().position(|word| *word == "at") {
        Some(at) => (&words[..at], position(&words[at + 1..])?),
        None => (&words[..], [Length::Percent(50.0); 2]),
    };
    let (mut shape, mut extent, mut radii) = (None, None, Vec::new());
    for word in before {
        let keyword = match *word {
            "closest-side" => Some(RadialExtent::ClosestSide),
            "closest-corner" => Some(RadialExtent::ClosestCorner),
            "farthest-side" => Some(RadialExtent::FarthestSide),
            "farthest-corner" => Some(RadialExtent::FarthestCorner),
            _ => None,
        };
        let given_twice = match (*word, keyword) {
            ("circle", _) => shape.replace(RadialShape::Circle).is_some(),
            ("ellipse", _) => shape.replace(RadialShape::Ellipse).is_some(),
            (_, Some(keyword)) => extent.replace(keyword).is_some(),
            _ => {
                let radius = css::length(word).filter(|(Length::Px(value) | Length::Percent(value))| *value >= 0.0);
                radii.push(radius.ok_or_else(|| format!("\"{word}\" is not a shape, size or colour"))?);
                radii.len() > 2
            }
        };
        if given_twice {
            return Err(format!("\"{word}\" is one too many"));
        }
    }
    let (shape, extent) = match (radii.as_slice(), shape, extent) {
        ([], shape, extent) => (shape.unwrap_or(RadialShape::Ellipse), extent.unwrap_or(RadialExtent::FarthestCorner)),
        ([Length::Px(_)], None | Some(RadialShape::Circle), None) => {
            (RadialShape::Circle, RadialExtent::Radii([radii[0]; 2]))
        }
        ([x, y], None | Some(RadialShape::Ellipse), None) => (RadialShape::Ellipse, RadialExtent::Radii([*x, *y])),
        _ => return Err("a circle has one radius in pixels, an ellipse has two, and neither has a keyword then".into()),
    };
    Ok((shape, extent, center))
}

/// `left`, `top right`, `30% 40px`; one value alone leaves the other centred.
fn position(words: &[&str]) -> Result<[Length; 2], String> {
    let wrong = || format!("\"at {}\" is not a position", words.join(" "));
    let place = |word: &str| match word {
        "left" => Some((Some(0), Length::Percent(0.0))),
        "right" => Some((Some(0), Length::Percent(100.0))),
        "top" => Some((Some(1), Length::Percent(0.0))),
        "bottom" => Some((Some(1), Length::Percent(100.0))),
        "center" => Some((None, Length::Percent(50.0))),
        other => css::length(other).map(|length| (None, length)),
    };
    let half = Length::Percent(50.0);
    match words {
        [one] => match place(one).ok_or_else(wrong)? {
            (Some(1), y) => Ok([half, y]),
            (_, x) => Ok([x, half]),
        },
        [one, two] => match (place(one).ok_or_else(wrong)?, place(two).ok_or_else(wrong)?) {
            ((None | Some(0), x), (None | Some(1), y)) => Ok([x, y]),
            ((Some(1), y), (Some(0), x)) => Ok([x, y]),
            ((Some(1), y), (None, x)) | ((None, y), (Some(0), x))
                if css::length(one).is_none() && css::length(two).is_none() =>
            {
                Ok([x, y])
            }
            _ => Err(wrong()),
        },
        _ => Err(wrong()),
    }
}

fn stops(arguments: &[&str]) -> Result<Vec<GradientStop>, String> {
    let mut stops = Vec::with_capacity(arguments.len());
    for argument in arguments {
        let words = stop_words(argument)?;
        let (color, positions) = match words.as_slice() {
            [] => return Err("a colour is missing between commas".to_owned()),
            [word] if css::length(word).is_some() => {
                return Err(format!("\"{word}\" alone (a colour hint) is not supported, give two stops instead"));
            }
            [color, positions @ ..] => (color, positions),
        };
        let color = css::color(color).ok_or_else(|| format!("\"{color}\" is not a colour"))?;
        if positions.len() > 2 {
            return Err(format!("\"{argument}\" has more than two positions"));
        }
        if positions.is_empty() {
            stops.push(GradientStop { color, position: None });
        }
        for position in positions {
            let position = css::length(position).ok_or_else(|| format!("\"{position}\" is not a length"))?;
            stops.push(GradientStop { color, position: Some(position) });
        }
    }
    match stops.len() {
        0 | 1 => Err("a gradient needs at least two colours".to_owned()),
        2..=MAX_STOPS => Ok(stops),
        many => Err(format!("{many} stops are more than {MAX_STOPS}")),
    }
}

fn stop_words(text: &str) -> Result<Vec<&str>, String> {
    let words = split(text, char::is_whitespace)?;
    Ok(words.into_iter().filter(|word| !word.is_empty()).collect())
}

/// Parts between separators that stand outside parentheses, trimmed.
fn split(text: &str, is_separator: impl Fn(char) -> bool) -> Result<Vec<&str>, String> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1).ok_or("a parenthesis closes that was not opened")?,
            _ if depth == 0 && is_separator(c) => {
                parts.push(text[start..at].trim());
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    if depth > 0 {
        return Err("a parenthesis is not closed".to_owned());
    }
    parts.push(text[start..].trim());
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::Color;

    #[test]
    fn linear_directions_and_stops() {
        let Fill::Linear { direction, stops } = parse("linear-gradient(135deg, #0f172a, #1e3a8a 80% 100%)").unwrap()
        else {
            panic!("linear");
        };
        assert_eq!(direction, GradientDirection::Degrees(135.0));
        let positions: Vec<_> = stops.iter().map(|stop| stop.position).collect();
        assert_eq!(positions, [None, Some(Length::Percent(80.0)), Some(Length::Percent(100.0))]);
        for (text, expected) in [
            ("linear-gradient(red, rgb(1, 2, 3))", GradientDirection::Degrees(180.0)),
            ("linear-gradient(.25turn, red, blue)", GradientDirection::Degrees(90.0)),
            ("linear-gradient(to top right, red 10px, blue)", GradientDirection::To(1, -1)),
            ("linear-gradient(to left, red, blue)", GradientDirection::To(-1, 0)),
        ] {
            let Ok(Fill::Linear { direction, stops }) = parse(text) else { panic!("{text}") };
            assert_eq!((direction, stops.len()), (expected, 2), "{text}");
        }
    }

    #[test]
    fn radial_shapes() {
        let shape = |text: &str| match parse(text) {
            Ok(Fill::Radial { shape, extent, center, stops }) => {
                assert_eq!(stops[0].color, Color::WHITE);
                (shape, extent, center)
            }
            other => panic!("{text}: {other:?}"),
        };
        let half = Length::Percent(50.0);
        let (zero, px) = (Length::Percent(0.0), Length::Px);
        assert_eq!(
            shape("radial-gradient(white, black)"),
            (RadialShape::Ellipse, RadialExtent::FarthestCorner, [half; 2])
        );
        assert_eq!(
            shape("radial-gradient(circle closest-side at top left, white, black)"),
            (RadialShape::Circle, RadialExtent::ClosestSide, [zero; 2])
        );
        assert_eq!(
            shape("radial-gradient(40px 20% at 30% 8px, white, black)"),
            (
                RadialShape::Ellipse,
                RadialExtent::Radii([px(40.0), Length::Percent(20.0)]),
                [Length::Percent(30.0), px(8.0)]
            )
        );
        assert_eq!(
            shape("radial-gradient(60px, white, black)"),
            (RadialShape::Circle, RadialExtent::Radii([px(60.0); 2]), [half; 2])
        );
        assert_eq!(shape("radial-gradient(at top, white, black)").2, [half, zero]);
        assert_eq!(shape("radial-gradient(at top center, white, black)").2, [half, zero]);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, expected) in [
            ("linear-gradient(red)", "two colours"),
            ("linear-gradient()", "colour is missing"),
            ("linear-gradient(red, 50%, blue)", "hint"),
            ("linear-gradient(to nowhere, red, blue)", "side or corner"),
            ("linear-gradient(red, blurple)", "\"blurple\" is not a colour"),
            ("linear-gradient(red, blue 1 2 3)", "two positions"),
            ("linear-gradient(red, rgb(1,2,3)", "not closed"),
            ("conic-gradient(red, blue)", "not supported"),
            ("radial-gradient(circle 20%, red, blue)", "one radius"),
            ("radial-gradient(at top bottom, red, blue)", "not a position"),
            ("radial-gradient(square, red, blue)", "not a shape"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
        assert!(parse(&format!("linear-gradient({}red)", "red,".repeat(100))).is_err());
    }
}
