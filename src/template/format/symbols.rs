//! The digits and separators of a locale, for reading numbers and for patterns that ICU4X does not fill.
//!
//! Found by letting ICU4X write numbers that show them: its data structures are not for others to read.

use fixed_decimal::Decimal;
use icu_decimal::DecimalFormatter;
use icu_decimal::options::GroupingStrategy;
use icu_locale_core::Locale;

/// How a locale writes a number's parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::template) struct Symbols {
    /// 0 to 9.
    pub digits: [char; 10],
    /// Between whole and fraction.
    pub decimal: String,
    /// Between thousands.
    pub group: String,
    /// Before a negative number.
    pub minus: String,
    /// Digits of the group before the decimal separator.
    pub primary: usize,
    /// Digits of the groups before that one.
    pub secondary: usize,
}

impl Symbols {
    /// Those of a locale, or of the root where ICU4X has no data.
    pub fn of(locale: &Locale) -> Self {
        let formatter = DecimalFormatter::try_new(locale.into(), GroupingStrategy::Always.into())
            .expect("compiled data falls back to the root locale");
        let write = |decimal: &Decimal| formatter.format(decimal).to_string();
        let digit = |value: i32| write(&Decimal::from(value)).chars().find(|c| c.is_numeric());
        let ascii = |value: i32| char::from(b'0' + value as u8);
        let digits = std::array::from_fn(|value| digit(value as i32).unwrap_or(ascii(value as i32)));
        let mut large = Decimal::from(-111_111_111_111_i64);
        large.absolute.multiply_pow10(-1);
        let text = write(&large);
        let parts: Vec<&str> = text.split(digits[1]).collect();
        let minus = parts.first().map_or_else(|| "-".to_owned(), |part| (*part).to_owned());
        let inner = parts.get(1..parts.len().saturating_sub(1)).unwrap_or_default();
        let breaks: Vec<usize> =
            inner.iter().enumerate().filter(|(_, part)| !part.is_empty()).map(|(index, _)| index + 1).collect();
        // 11 whole digits and 1 of the fraction: the last break is the decimal separator.
        let symbol = |index: Option<&usize>| {
            index.and_then(|index| inner.get(index - 1)).map(|part| (*part).to_owned()).unwrap_or_default()
        };
        let groups = breaks.split_last().map_or(&[][..], |(_, groups)| groups);
        let decimal = symbol(breaks.last());
        let group = symbol(groups.last());
        let primary = groups.last().map_or(3, |last| 11 - last);
        let secondary = match groups {
            [.., before, last] => last - before,
            _ => primary,
        };
        Self { digits, decimal, group, minus, primary, secondary }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tag: &str) -> Symbols {
        Symbols::of(&tag.parse().unwrap())
    }

    #[test]
    fn symbols_are_found_in_what_icu_writes() {
        let en = of("en-US");
        assert_eq!((&*en.decimal, &*en.group, &*en.minus, en.primary, en.secondary), (".", ",", "-", 3, 3));
        let de = of("de-DE");
        assert_eq!((&*de.decimal, &*de.group), (",", "."));
        assert_eq!(of("hi-IN").secondary, 2);
        assert_eq!(of("de-CH").group, "'");
        assert_eq!(of("fr-FR").group, "\u{202f}");
        assert_eq!(of("sv-SE").minus, "\u{2212}");
        let ar = of("ar-EG");
        assert_eq!((ar.digits[0], &*ar.decimal, &*ar.group), ('٠', "٫", "٬"));
        assert_eq!(of("es-ES").group, ".");
    }
}
