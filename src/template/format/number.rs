//! Numbers, percent and compact numbers (`1.2K`).
//!
//! Digits, grouping and separators by ICU4X; the places of the percent sign from CLDR's tables.

use fixed_decimal::{Decimal, Sign, SignedRoundingMode, UnsignedDecimal, UnsignedRoundingMode};
use icu_decimal::options::{CompactDecimalFormatterOptions, GroupingStrategy};
use icu_decimal::{CompactDecimalFormatter, DecimalFormatter};

use super::data::{self, PERCENTS};
use super::kept::Kept;
use super::{FormatError, Locale};
use crate::template::scalar::number_to_text;

/// Most decimals that can be asked for.
pub(super) const MAX_DIGITS: u8 = 20;

/// How many decimals are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digits {
    /// Zeros are added up to here.
    pub min: u8,
    /// Halves are rounded away from zero here.
    pub max: u8,
    /// Whole numbers get no decimals at all: `$5`, but `$5.50`.
    pub trim_whole: bool,
}

impl Digits {
    /// Always so many.
    pub const fn exactly(digits: u8) -> Self {
        Self { min: digits, max: digits, trim_whole: false }
    }

    /// As many as there are, but not more.
    pub const fn up_to(max: u8) -> Self {
        Self { min: 0, max, trim_whole: false }
    }
}

/// What an author says of decimals; the rest is usual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct DigitsWish {
    pub min: Option<u8>,
    pub max: Option<u8>,
    pub trim_whole: bool,
}

impl DigitsWish {
    /// Put over what is usual; one bound moves the other where they would cross.
    pub fn over(self, usual: Digits) -> Digits {
        let min = self.min.unwrap_or_else(|| usual.min.min(self.max.unwrap_or(u8::MAX)));
        let max = self.max.unwrap_or_else(|| usual.max.max(min));
        Digits { min, max, trim_whole: self.trim_whole }
    }
}

/// A number as exact decimal: 1.005 is 1.005, not the binary fraction next to it.
///
/// # Errors
/// Not finite.
pub(super) fn decimal(value: f64) -> Result<Decimal, FormatError> {
    if !value.is_finite() {
        return Err(FormatError::NotFinite);
    }
    // The shortest text that reads back as the same number, so that 1.005 rounds to 1.01 as a person would.
    Decimal::try_from_str(&number_to_text(value)).map_err(|_| FormatError::NotFinite)
}

/// Rounds half away from zero, pads, and takes the sign from what has become zero.
pub(super) fn round(mut value: Decimal, digits: Digits) -> Decimal {
    value.round_with_mode(-i16::from(digits.max), SignedRoundingMode::Unsigned(UnsignedRoundingMode::HalfExpand));
    // Multiplying leaves zeros in front.
    value.absolute.trim_start();
    value.absolute.trim_end();
    value.absolute.pad_end(-i16::from(digits.min));
    if digits.trim_whole {
        value.absolute.trim_end_if_integer();
    }
    if value.absolute.is_zero() {
        value.sign = Sign::None;
    }
    value
}

/// A number as the locale writes it.
pub(super) fn number(value: Decimal, locale: &Locale, digits: Digits, grouping: bool) -> String {
    let value = round(value, digits);
    formatted(&value, locale, grouping)
}

/// A rounded number as the locale writes it.
pub(super) fn formatted(value: &Decimal, locale: &Locale, grouping: bool) -> String {
    thread_local! {
        static FORMATTERS: Kept<(Locale, bool), DecimalFormatter> = Kept::new();
    }
    FORMATTERS.with(|formatters| {
        let formatter = formatters.get_or((locale.clone(), grouping), |(locale, grouping)| {
            let strategy = if *grouping { GroupingStrategy::Auto } else { GroupingStrategy::Never };
            DecimalFormatter::try_new(locale.icu().into(), strategy.into())
                .expect("compiled data falls back to the root locale")
        });
        formatter.format(value).to_string()
    })
}

/// A fraction as percent: 0.25 is `25%`.
pub(super) fn percent(mut value: Decimal, locale: &Locale, digits: Digits) -> String {
    thread_local! {
        static PATTERNS: Kept<Locale, String> = Kept::new();
    }
    value.multiply_pow10(2);
    let value = round(value, digits);
    let pattern = PATTERNS.with(|patterns| {
        patterns.get_or(locale.clone(), |locale| {
            data::unescape(data::lines_of(PERCENTS, locale).first().copied().unwrap_or("#%")).into_owned()
        })
    });
    let (positive, negative) = match pattern.split_once(';') {
        Some((positive, negative)) => (positive, Some(negative)),
        None => (pattern.as_str(), None),
    };
    let is_negative = value.sign == Sign::Negative;
    let number = formatted(&Decimal::new(Sign::None, value.absolute), locale, true);
    let minus = &locale.symbols().minus;
    match (is_negative, negative) {
        (false, _) => positive.replace('#', &number),
        (true, Some(negative)) => negative.replace('-', minus).replace('#', &number),
        (true, None) => format!("{minus}{}", positive.replace('#', &number)),
    }
}

/// A number shortened by a power of ten: `1.2K`, or in words `1.2 thousand`.
pub(super) fn compact(mut value: Decimal, locale: &Locale, in_words: bool) -> String {
    thread_local! {
        static FORMATTERS: Kept<(Locale, bool), CompactDecimalFormatter> = Kept::new();
    }
    if value.absolute.is_zero() {
        value.sign = Sign::None;
    } else {
        // ICU4X rounds halves to even. With a last digit far behind the others there is no half any more, so they
        // go away from zero as everywhere else.
        let behind = value.absolute.nonzero_magnitude_end().min(0).saturating_sub(4);
        let last = UnsignedDecimal::from(1_u8).multiplied_pow10(behind);
        // Cannot fail: the digit is behind all others.
        let _ = value.absolute.concatenate_end(last);
    }
    FORMATTERS.with(|formatters| {
        let formatter = formatters.get_or((locale.clone(), in_words), |(locale, in_words)| {
            let options = CompactDecimalFormatterOptions::default();
            let build =
                if *in_words { CompactDecimalFormatter::try_new_long } else { CompactDecimalFormatter::try_new_short };
            build(locale.icu().into(), options).expect("compiled data falls back to the root locale")
        });
        formatter.format(&value).to_string()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locale(tag: &str) -> Locale {
        Locale::parse(tag).unwrap()
    }

    fn of(tag: &str, value: f64, digits: Digits) -> String {
        number(decimal(value).unwrap(), &locale(tag), digits, true)
    }

    #[test]
    fn numbers_round_as_people_do() {
        assert_eq!(of("en", 1.005, Digits::exactly(2)), "1.01");
        assert_eq!(of("en", 1_234_567.0, Digits::up_to(3)), "1,234,567");
        assert_eq!(of("en", 2.5, Digits::exactly(0)), "3");
        assert_eq!(of("en", -2.5, Digits::exactly(0)), "-3");
        assert_eq!(of("en", -0.001, Digits::exactly(2)), "0.00");
        assert_eq!(of("en", 0.1 + 0.2, Digits::up_to(3)), "0.3");
        assert_eq!(of("de", 1234.5, Digits::exactly(2)), "1.234,50");
        assert_eq!(of("en", 1.5, Digits { min: 1, ..Digits::up_to(3) }), "1.5");
        assert_eq!(of("en", 1.0, Digits { min: 1, ..Digits::up_to(3) }), "1.0");
        assert_eq!(of("en", 5.0, Digits { trim_whole: true, ..Digits::exactly(2) }), "5");
        assert_eq!(of("en", 5.5, Digits { trim_whole: true, ..Digits::exactly(2) }), "5.50");
        assert_eq!(number(Decimal::from(12345), &locale("en"), Digits::up_to(3), false), "12345");
        assert_eq!(of("en", 1e-300, Digits::up_to(3)), "0");
        assert!(of("en", 1e308, Digits::exactly(2)).len() > 300);
        assert_eq!(decimal(f64::NAN), Err(FormatError::NotFinite));
        assert_eq!(decimal(f64::NEG_INFINITY), Err(FormatError::NotFinite));
    }

    #[test]
    fn wishes_move_what_is_usual() {
        let over = |min, max, usual: Digits| {
            let digits = DigitsWish { min, max, trim_whole: false }.over(usual);
            (digits.min, digits.max)
        };
        assert_eq!(over(None, None, Digits::exactly(2)), (2, 2));
        assert_eq!(over(None, Some(1), Digits::exactly(2)), (1, 1));
        assert_eq!(over(Some(0), None, Digits::exactly(2)), (0, 2));
        assert_eq!(over(Some(4), None, Digits::up_to(3)), (4, 4));
    }

    #[test]
    fn percent_signs_stand_where_the_locale_has_them() {
        for (tag, value, expected) in [
            ("en", 0.25, "25%"),
            ("de", 0.255, "25,5\u{a0}%"),
            ("tr", 0.25, "%25"),
            ("tr", -0.25, "-%25"),
            ("fr", -0.25, "-25\u{a0}%"),
            ("eu", -0.25, "\u{2212}%\u{a0}25"),
            ("en", 1.0 / 3.0, "33.33%"),
            ("en", -0.000_001, "0%"),
        ] {
            assert_eq!(percent(decimal(value).unwrap(), &locale(tag), Digits::up_to(2)), expected, "{tag} {value}");
        }
    }

    #[test]
    fn compact_numbers_round_away_from_zero() {
        let of = |tag: &str, value: f64| compact(decimal(value).unwrap(), &locale(tag), false);
        for (tag, value, expected) in [
            ("en", 0.0, "0"),
            ("en", -0.0, "0"),
            ("en", 5.0, "5"),
            ("en", 0.25, "0.25"),
            ("en", 0.255, "0.26"),
            ("en", 999.0, "999"),
            ("en", 1000.0, "1K"),
            ("en", 1650.0, "1.7K"),
            ("en", -1650.0, "-1.7K"),
            ("en", 15_500.0, "16K"),
            ("en", 999_500.0, "1M"),
            ("en", 1_200_000_000.0, "1.2B"),
            ("de", 1_200_000.0, "1,2\u{a0}Mio."),
            ("ja", 12_000.0, "1.2万"),
            ("en", 1e300, &compact(decimal(1e300).unwrap(), &locale("en"), false)),
        ] {
            assert_eq!(of(tag, value), expected, "{tag} {value}");
        }
        assert_eq!(compact(Decimal::from(1650), &locale("en"), true), "1.7 thousand");
    }
}
