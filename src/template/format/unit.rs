//! Measurements: `5 kg`, `5 kilograms`, by CLDR's unit patterns and plural rules.

use std::collections::HashMap;

use fixed_decimal::Decimal;

use super::data::{self, UNITS};
use super::kept::Kept;
use super::number::{Digits, formatted, round};
use super::plural::category;
use super::{FormatError, Locale};
use crate::template::error::nearest;
use crate::template::reader::shorten;

/// How long a unit is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum UnitWidth {
    /// `5 kg`.
    Short,
    /// `5kg`.
    Narrow,
    /// `5 kilograms`.
    Long,
}

/// Words for the widths.
pub(super) const WIDTHS: &[(&str, UnitWidth)] =
    &[("short", UnitWidth::Short), ("narrow", UnitWidth::Narrow), ("long", UnitWidth::Long)];

/// Short words for units, beside CLDR's own names.
pub(super) const ALIASES: &[(&str, &str)] = &[
    ("kg", "kilogram"),
    ("g", "gram"),
    ("mg", "milligram"),
    ("t", "tonne"),
    ("lb", "pound"),
    ("oz", "ounce"),
    ("km", "kilometer"),
    ("m", "meter"),
    ("cm", "centimeter"),
    ("mm", "millimeter"),
    ("mi", "mile"),
    ("yd", "yard"),
    ("ft", "foot"),
    ("in", "inch"),
    ("km2", "square-kilometer"),
    ("m2", "square-meter"),
    ("cm2", "square-centimeter"),
    ("ft2", "square-foot"),
    ("ha", "hectare"),
    ("l", "liter"),
    ("dl", "deciliter"),
    ("cl", "centiliter"),
    ("ml", "milliliter"),
    ("m3", "cubic-meter"),
    ("gal", "gallon"),
    ("pt", "pint"),
    ("fl_oz", "fluid-ounce"),
    ("km/h", "kilometer-per-hour"),
    ("kmh", "kilometer-per-hour"),
    ("mph", "mile-per-hour"),
    ("m/s", "meter-per-second"),
    ("C", "celsius"),
    ("F", "fahrenheit"),
    ("s", "second"),
    ("min", "minute"),
    ("h", "hour"),
    ("d", "day"),
    ("kB", "kilobyte"),
    ("MB", "megabyte"),
    ("GB", "gigabyte"),
    ("TB", "terabyte"),
    ("W", "watt"),
    ("kW", "kilowatt"),
    ("hp", "horsepower"),
    ("kWh", "kilowatt-hour"),
    ("kcal", "kilocalorie"),
    ("kJ", "kilojoule"),
    ("V", "volt"),
    ("A", "ampere"),
    ("mA", "milliampere"),
    ("Hz", "hertz"),
    ("MHz", "megahertz"),
    ("GHz", "gigahertz"),
    ("px", "pixel"),
    ("MP", "megapixel"),
    ("l/100km", "liter-per-100-kilometer"),
    ("mpg", "mile-per-gallon"),
];

/// What each plural category is written as, `{0}` being the number.
type Patterns = HashMap<&'static str, String>;

/// A measurement.
///
/// # Errors
/// No such unit, or no names for it in the language.
pub(super) fn unit(
    value: Decimal,
    name: &str,
    locale: &Locale,
    width: UnitWidth,
    digits: Digits,
) -> Result<String, FormatError> {
    thread_local! {
        static PATTERNS: Kept<(Locale, &'static str, UnitWidth), Patterns> = Kept::new();
    }
    let name = check_unit(name)?;
    let patterns = PATTERNS.with(|patterns| {
        patterns.get((locale.clone(), name, width), |(locale, name, width)| patterns_of(name, locale, *width))
    })?;
    let value = round(value, digits);
    let pattern = patterns.get(category(&value, locale, false)).or_else(|| patterns.get("other"));
    let pattern = pattern.map_or("{0}", String::as_str);
    Ok(pattern.replace("{0}", &formatted(&value, locale, true)))
}

/// CLDR's name of a unit.
///
/// # Errors
/// There is no such unit; the message has the nearest one.
pub(super) fn check_unit(name: &str) -> Result<&'static str, FormatError> {
    let full = ALIASES.iter().find(|(short, _)| *short == name).map_or(name, |(_, full)| full);
    if let Some(known) = units().find(|known| *known == full) {
        return Ok(known);
    }
    let near = nearest(name, units().chain(ALIASES.iter().map(|(short, _)| *short))).map(str::to_owned);
    Err(FormatError::UnknownWord { what: "unit", word: shorten(name), near })
}

/// CLDR's names of the units that there are.
pub(super) fn units() -> impl Iterator<Item = &'static str> {
    UNITS.lines().filter_map(|line| line.strip_prefix("= "))
}

fn patterns_of(name: &str, locale: &Locale, width: UnitWidth) -> Result<Patterns, FormatError> {
    let start = UNITS.find(&format!("= {name}\n")).unwrap_or(UNITS.len());
    let section = UNITS[start..].get(2..).unwrap_or_default();
    let section = section.split("\n= ").next().unwrap_or_default();
    let relatives = locale.relatives();
    let line = relatives.iter().find_map(|tag| data::line(section, tag));
    let mut cells = line.ok_or_else(|| FormatError::NoUnits { locale: locale.tag().to_owned() })?.split('|');
    let short = cells.next().unwrap_or_default();
    let own = |cell: Option<&'static str>| cell.filter(|cell| !cell.is_empty()).unwrap_or(short);
    let narrow = own(cells.next());
    let long = own(cells.next());
    let cell = match width {
        UnitWidth::Short => short,
        UnitWidth::Narrow => narrow,
        UnitWidth::Long => long,
    };
    Ok(forms(cell))
}

/// `one:{0} day~other:{0} days`, or one pattern for all.
fn forms(cell: &'static str) -> Patterns {
    let forms = cell.split('~').map(|form| {
        let (category, pattern) = match form.split_once(':') {
            Some((category, pattern)) if !category.contains('{') => (category, pattern),
            _ => ("other", form),
        };
        (category, data::unescape(pattern).into_owned())
    });
    forms.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tag: &str, value: &str, name: &str, width: UnitWidth) -> String {
        let locale = Locale::parse(tag).unwrap();
        unit(value.parse().unwrap(), name, &locale, width, Digits::up_to(3)).unwrap()
    }

    #[test]
    fn measurements_follow_the_locale() {
        use UnitWidth::{Long, Narrow, Short};
        for (tag, value, name, width, expected) in [
            ("en", "1", "kg", Long, "1 kilogram"),
            ("en", "1234.5", "kg", Long, "1,234.5 kilograms"),
            ("en", "5", "kg", Short, "5 kg"),
            ("en", "5", "kg", Narrow, "5kg"),
            ("de", "1", "kilogram", Long, "1 Kilogramm"),
            ("de-AT", "2.5", "l", Short, "2,5 l"),
            ("fr", "2", "h", Short, "2\u{202f}h"),
            ("ru", "3", "km", Long, "3 километра"),
            ("ru", "5", "km", Long, "5 километров"),
            ("ar-SA", "2", "km", Long, "كيلومتران"),
            ("ja", "5", "km", Long, "5 キロメートル"),
            ("en", "20", "C", Short, "20°C"),
            ("en", "-3", "C", Short, "-3°C"),
            ("zh-TW", "5", "km", Long, "5 公里"),
        ] {
            assert_eq!(of(tag, value, name, width), expected, "{tag} {value} {name}");
        }
    }

    #[test]
    fn wrong_units_get_advice() {
        let advice = |name| check_unit(name).unwrap_err().to_string();
        assert_eq!(advice("kilogramm"), "there is no unit \"kilogramm\", did you mean \"kilogram\"?");
        assert!(advice("litre").contains("\"liter\""));
        assert!(advice("parsnips").starts_with("there is no unit"));
        let error = patterns_of("kilogram", &Locale::parse("wo").unwrap(), UnitWidth::Short).unwrap_err();
        assert_eq!(error.to_string(), "there are no names of units in the locale wo");
    }

    #[test]
    fn every_alias_and_pattern_is_whole() {
        for (short, full) in ALIASES {
            assert_eq!(check_unit(short).unwrap(), *full);
        }
        let mut tags = std::collections::BTreeSet::new();
        for line in UNITS.lines().filter(|line| !line.starts_with(['#', '='])) {
            let (tag, cells) = line.split_once('|').unwrap();
            tags.insert(tag);
            for cell in cells.split('|').filter(|cell| !cell.is_empty()) {
                assert!(forms(cell).contains_key("other"), "{line}");
            }
        }
        assert!(tags.len() > 50);
        for tag in tags {
            let locale = Locale::parse(tag).unwrap_or_else(|error| panic!("{tag}: {error}"));
            assert!(patterns_of("kilogram", &locale, UnitWidth::Long).is_ok(), "{tag}");
        }
    }
}
