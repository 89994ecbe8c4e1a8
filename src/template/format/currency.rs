//! Money: CLDR's patterns and symbols around digits by ICU4X.
//!
//! ```text
//! locale, code, style -> Affixes (built once)      amount -> digits      prefix + digits + suffix
//! ```

use fixed_decimal::{Decimal, Sign};

use super::data::{self, CURRENCIES};
use super::kept::Kept;
use super::number::{Digits, DigitsWish, formatted, round};
use super::{FormatError, Locale};
use crate::template::error::nearest;
use crate::template::reader::shorten;

/// How the currency is named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum CurrencyStyle {
    /// The symbol that is clear in the locale: `US$` in Canada.
    #[default]
    Symbol,
    /// The shortest: `$`.
    Narrow,
    /// The ISO 4217 code: `USD`.
    Code,
}

/// Words for the styles.
pub(super) const STYLES: &[(&str, CurrencyStyle)] =
    &[("symbol", CurrencyStyle::Symbol), ("narrow", CurrencyStyle::Narrow), ("code", CurrencyStyle::Code)];

/// What is asked of an amount beside its currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CurrencyOptions {
    pub style: CurrencyStyle,
    /// Usual is what the currency has.
    pub digits: DigitsWish,
    /// Negative amounts in parentheses where the locale's accountants write them so.
    pub accounting: bool,
}

/// What stands around the digits, in one locale, currency and style.
#[derive(Debug)]
struct Affixes {
    positive: (String, String),
    negative: (String, String),
    usual_digits: u8,
    /// Where money has other separators than numbers: what to replace, and by what.
    decimal: Option<(String, String)>,
    group: Option<(String, String)>,
}

/// A currency's code as a key.
type Code = [u8; 3];

/// An amount of money.
///
/// # Errors
/// No such currency.
pub(super) fn currency(
    value: Decimal,
    code: &str,
    locale: &Locale,
    options: CurrencyOptions,
) -> Result<String, FormatError> {
    thread_local! {
        static AFFIXES: Kept<(Locale, Code, CurrencyStyle, bool), Affixes> = Kept::new();
    }
    let key: Code = code.as_bytes().try_into().map_err(|_| unknown(code))?;
    let affixes = AFFIXES.with(|affixes| {
        let key = (locale.clone(), key, options.style, options.accounting);
        affixes.get(key, |_| Affixes::new(code, locale, options.style, options.accounting))
    })?;
    let value = round(value, options.digits.over(Digits::exactly(affixes.usual_digits)));
    let (prefix, suffix) = if value.sign == Sign::Negative { &affixes.negative } else { &affixes.positive };
    let mut number = formatted(&Decimal::new(Sign::None, value.absolute), locale, true);
    for (from, to) in [&affixes.decimal, &affixes.group].into_iter().flatten() {
        number = number.replace(from.as_str(), to);
    }
    let mut text = String::with_capacity(prefix.len() + number.len() + suffix.len());
    text.push_str(prefix);
    text.push_str(&number);
    text.push_str(suffix);
    Ok(text)
}

/// Whether a code is a currency in use.
///
/// # Errors
/// It is not; the message has the nearest one.
pub(in crate::template) fn check_currency(code: &str) -> Result<(), FormatError> {
    if codes().any(|known| known == code) { Ok(()) } else { Err(unknown(code)) }
}

fn unknown(code: &str) -> FormatError {
    let near = nearest(code, codes()).map(str::to_owned);
    FormatError::UnknownCurrency { code: shorten(code), near }
}

fn codes() -> impl Iterator<Item = &'static str> {
    data::line(CURRENCIES, "codes").unwrap_or_default().split(' ')
}

fn usual_digits(code: &str) -> u8 {
    let has = |digits: &u8| {
        let line = data::line(CURRENCIES, &format!("digits|{digits}"));
        line.is_some_and(|codes| codes.split(' ').any(|known| known == code))
    };
    [0, 1, 3, 4].into_iter().find(has).unwrap_or(2)
}

impl Affixes {
    fn new(code: &str, locale: &Locale, style: CurrencyStyle, accounting: bool) -> Result<Self, FormatError> {
        check_currency(code)?;
        let lines = data::lines_of(CURRENCIES, locale);
        let cell = |column: usize| data::cell(&lines, column);
        let pattern = cell(usize::from(accounting)).unwrap_or_else(|| "¤\u{a0}#".to_owned());
        let symbol_in = |column: usize| {
            let found = lines.iter().filter_map(|line| line.split('|').nth(column)).find_map(|cell| pair(cell, code));
            found.map(|symbol| data::unescape(symbol).into_owned())
        };
        let symbol = match style {
            CurrencyStyle::Code => None,
            CurrencyStyle::Symbol => symbol_in(4),
            CurrencyStyle::Narrow => symbol_in(5),
        };
        let symbol = symbol.unwrap_or_else(|| code.to_owned());
        let symbols = locale.symbols();
        let fill = |pattern: &str| fill(pattern, &symbol, &symbols.minus);
        let (positive, negative) = match pattern.split_once(';') {
            Some((positive, negative)) => (fill(positive), fill(negative)),
            None => {
                let (prefix, suffix) = fill(&pattern);
                ((prefix.clone(), suffix.clone()), (format!("{}{prefix}", symbols.minus), suffix))
            }
        };
        let separator = |column: usize, usual: &str| {
            cell(column).filter(|own| own != usual && !usual.is_empty()).map(|own| (usual.to_owned(), own))
        };
        Ok(Self {
            positive,
            negative,
            usual_digits: usual_digits(code),
            decimal: separator(2, &symbols.decimal),
            group: separator(3, &symbols.group),
        })
    }
}

/// The value of a code in `CODE=value CODE=value`.
fn pair<'c>(cell: &'c str, code: &str) -> Option<&'c str> {
    cell.split(' ').find_map(|pair| pair.strip_prefix(code)?.strip_prefix('='))
}

/// What stands before and after the digits of a pattern.
fn fill(pattern: &str, symbol: &str, minus: &str) -> (String, String) {
    let (before, after) = pattern.split_once('#').unwrap_or((pattern, ""));
    let put = |text: &str| text.replace('-', minus).replace('¤', symbol);
    // CLDR's currencySpacing: where other signs than currency signs would touch the digits.
    let touches = |c: Option<char>| c.is_some_and(|c| !is_currency_sign(c) && !c.is_whitespace());
    let mut prefix = put(before);
    if before.ends_with('¤') && touches(symbol.chars().next_back()) {
        prefix.push('\u{a0}');
    }
    let mut suffix = put(after);
    if after.starts_with('¤') && touches(symbol.chars().next()) {
        suffix.insert(0, '\u{a0}');
    }
    (prefix, suffix)
}

/// Unicode's category of currency signs (Sc).
fn is_currency_sign(c: char) -> bool {
    matches!(
        c,
        '$' | '¢'..='¥' | '\u{58f}' | '\u{60b}' | '\u{7fe}' | '\u{7ff}' | '\u{9f2}' | '\u{9f3}' | '\u{9fb}' | '\u{af1}'
        | '\u{bf9}' | '\u{e3f}' | '\u{17db}' | '\u{20a0}'..='\u{20cf}' | '\u{a838}' | '\u{fdfc}' | '\u{fe69}'
        | '\u{ff04}' | '\u{ffe0}' | '\u{ffe1}' | '\u{ffe5}' | '\u{ffe6}'
    )
}

#[cfg(test)]
mod tests {
    use super::super::number::decimal;
    use super::*;

    fn money_with(tag: &str, value: f64, code: &str, options: CurrencyOptions) -> String {
        currency(decimal(value).unwrap(), code, &Locale::parse(tag).unwrap(), options).unwrap()
    }

    /// Every currency that a locale has a symbol of, for tests.
    fn symbols_of(line: &str) -> std::collections::HashMap<&str, &str> {
        line.split('|').skip(4).flat_map(|cell| cell.split(' ')).filter_map(|pair| pair.split_once('=')).collect()
    }

    fn money(tag: &str, value: f64, code: &str) -> String {
        money_with(tag, value, code, CurrencyOptions::default())
    }

    #[test]
    fn money_follows_the_locale() {
        for (tag, value, code, expected) in [
            ("en-US", 1234.5, "USD", "$1,234.50"),
            ("en", -9.99, "USD", "-$9.99"),
            ("en-GB", 9.0, "USD", "US$9.00"),
            ("en", 5.0, "CHF", "CHF\u{a0}5.00"),
            ("de-DE", 1234.5, "EUR", "1.234,50\u{a0}€"),
            ("de-AT", 1234.5, "EUR", "€\u{a0}1.234,50"),
            ("de-CH", -1234.5, "CHF", "CHF-1'234.50"),
            ("fr-CH", 1234.5, "CHF", "1'234.50\u{a0}CHF"),
            ("fr", 1234.5, "EUR", "1\u{202f}234,50\u{a0}€"),
            ("es-ES", 1234.5, "EUR", "1234,50\u{a0}€"),
            ("es-ES", 12_345.6, "EUR", "12.345,60\u{a0}€"),
            ("es-MX", 1234.5, "MXN", "$1,234.50"),
            ("pt", 10.0, "BRL", "R$\u{a0}10,00"),
            ("nl", -10.0, "EUR", "€\u{a0}-10,00"),
            ("sv", -10.0, "SEK", "\u{2212}10,00\u{a0}kr"),
            ("ja", 1234.5, "JPY", "￥1,235"),
            ("en", 1.5, "KWD", "KWD\u{a0}1.500"),
            ("hi", 123_456.0, "INR", "₹1,23,456.00"),
            ("zh-TW", 5.0, "TWD", "$5.00"),
            ("en", -0.001, "USD", "$0.00"),
            ("en", 1.005, "USD", "$1.01"),
            ("en", 1e15, "USD", "$1,000,000,000,000,000.00"),
        ] {
            assert_eq!(money(tag, value, code), expected, "{tag} {code}");
        }
    }

    #[test]
    fn styles_and_accounting() {
        let with = |tag, value, code, style, accounting| {
            money_with(tag, value, code, CurrencyOptions { style, accounting, ..Default::default() })
        };
        assert_eq!(with("en-CA", 5.0, "USD", CurrencyStyle::Symbol, false), "US$5.00");
        assert_eq!(with("en-CA", 5.0, "USD", CurrencyStyle::Narrow, false), "$5.00");
        assert_eq!(with("en-CA", 5.0, "USD", CurrencyStyle::Code, false), "USD\u{a0}5.00");
        assert_eq!(with("de", 5.0, "USD", CurrencyStyle::Code, false), "5,00\u{a0}USD");
        assert_eq!(with("en", -5.0, "USD", CurrencyStyle::Symbol, true), "($5.00)");
        assert_eq!(with("en", 5.0, "USD", CurrencyStyle::Symbol, true), "$5.00");
        assert_eq!(with("de", -5.0, "EUR", CurrencyStyle::Symbol, true), "-5,00\u{a0}€");
        let digits = DigitsWish { trim_whole: true, ..Default::default() };
        let options = CurrencyOptions { digits, ..Default::default() };
        assert_eq!(money_with("en", 5.0, "USD", options), "$5");
        assert_eq!(money_with("en", 5.5, "USD", options), "$5.50");
    }

    #[test]
    fn wrong_codes_are_named() {
        assert_eq!(
            check_currency("USB").unwrap_err().to_string(),
            "\"USB\" is not an ISO 4217 currency code in use, did you mean \"USD\"?"
        );
        assert!(check_currency("usd").unwrap_err().to_string().contains("\"USD\""));
        for wrong in ["", "€", "euro", "DEM", &"x".repeat(100_000)] {
            let locale = Locale::parse("en").unwrap();
            let error = currency(Decimal::from(1), wrong, &locale, CurrencyOptions::default()).unwrap_err();
            assert!(error.to_string().len() < 300, "{error}");
        }
    }

    #[test]
    fn every_line_of_the_table_formats() {
        for line in CURRENCIES.lines().filter(|line| !line.starts_with(['#']) && line.matches('|').count() == 6) {
            let tag = line.split('|').next().unwrap();
            let tag = if tag == "root" { "und" } else { tag };
            assert!(money(tag, -1234.5, "EUR").contains(char::is_numeric), "{tag}");
            for code in symbols_of(line).keys() {
                assert!(check_currency(code).is_ok(), "{tag} {code}");
            }
        }
    }
}
