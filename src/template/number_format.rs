//! Numbers and money as a locale writes them.
//!
//! Digits, grouping and separators by ICU4X; currency patterns and symbols from [`super::currency_data`].

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use fixed_decimal::{Decimal, SignedRoundingMode, UnsignedRoundingMode};
use icu_decimal::DecimalFormatter;
use icu_locale_core::Locale;

use super::currency_data::{CODES, DIGITS, ENGLISH, LOCALES};
use super::error::nearest;
use super::scalar::number_to_text;

/// Most decimals that can be asked for.
pub(super) const MAX_DECIMALS: u8 = 20;

/// How one locale writes numbers.
#[derive(Clone, Debug)]
pub(super) struct NumberFormat {
    locale: Locale,
    tag: Arc<str>,
    /// `¤` and `#` in their places; a negative form after `;`.
    pattern: &'static str,
    /// Symbols of the locale, the nearest relative first.
    symbols: Vec<&'static str>,
}

impl NumberFormat {
    /// The format of a BCP 47 tag; an unknown language is written as ICU's root locale does.
    ///
    /// # Errors
    /// Not a tag.
    pub fn new(tag: &str) -> Result<Self, String> {
        let locale: Locale = tag.parse().map_err(|_| format!("expected a BCP 47 tag such as en-US, got \"{tag}\""))?;
        let relatives = relatives(&locale);
        let known: Vec<_> =
            relatives.iter().filter_map(|tag| LOCALES.iter().find(|(known, ..)| known == tag)).collect();
        let pattern = known.first().map_or("¤\u{a0}#", |(_, pattern, _)| *pattern);
        // Only the nearest relative counts: CLDR's data was resolved before it was shortened against English.
        let symbols = known.first().map(|(_, _, symbols)| *symbols).into_iter().chain([ENGLISH]).collect();
        Ok(Self { locale, tag: Arc::from(tag), pattern, symbols })
    }

    /// A number with so many decimals; `None`: as many as it has.
    ///
    /// # Errors
    /// Not finite, or too many decimals.
    pub fn number(&self, value: f64, decimals: Option<u8>) -> Result<String, String> {
        let decimal = decimal(value, decimals)?;
        Ok(self.with_formatter(|formatter| formatter.format(&decimal).to_string()))
    }

    /// An amount of money. `decimals`: `None` is what is usual for the currency.
    ///
    /// # Errors
    /// Not finite, or no such currency.
    pub fn currency(&self, value: f64, code: &str, decimals: Option<u8>) -> Result<String, String> {
        check_currency(code)?;
        let digits = decimals.unwrap_or_else(|| usual_digits(code));
        let amount = decimal(value.abs(), Some(digits))?;
        let is_negative = value < 0.0 && number_is_visible(value, digits);
        let (number, minus) = self.with_formatter(|formatter| {
            let number = formatter.format(&amount).to_string();
            let negative = formatter.format(&Decimal::from(-1)).to_string();
            let one = formatter.format(&Decimal::from(1)).to_string();
            let minus = negative.strip_suffix(one.as_str()).unwrap_or("-").to_owned();
            (number, minus)
        });
        let symbol = self.symbol(code);
        let (positive, negative) = match self.pattern.split_once(';') {
            Some((positive, negative)) => (positive, Some(negative)),
            None => (self.pattern, None),
        };
        let mut text = String::new();
        let pattern = match negative {
            Some(negative) if is_negative => negative,
            _ => {
                if is_negative {
                    text.push_str(&minus);
                }
                positive
            }
        };
        for c in pattern.chars() {
            match c {
                '¤' => {
                    text.push_str(symbol);
                    // CLDR's currencySpacing: letters do not touch digits.
                    if symbol.ends_with(char::is_alphabetic) && pattern.contains("¤#") {
                        text.push('\u{a0}');
                    }
                }
                '#' => text.push_str(&number),
                '-' => text.push_str(&minus),
                other => text.push(other),
            }
        }
        Ok(text)
    }

    fn symbol<'c>(&self, code: &'c str) -> &'c str
    where
        'static: 'c,
    {
        let find = |table: &&'static str| {
            table.split(' ').find_map(|pair| pair.strip_prefix(code).and_then(|rest| rest.strip_prefix('=')))
        };
        self.symbols.iter().find_map(find).unwrap_or(code)
    }

    /// ICU4X's formatter cannot cross threads as built here, so each thread keeps one per locale.
    fn with_formatter<T>(&self, format: impl FnOnce(&DecimalFormatter) -> T) -> T {
        thread_local! {
            static FORMATTERS: RefCell<HashMap<Arc<str>, DecimalFormatter>> = RefCell::new(HashMap::new());
        }
        FORMATTERS.with_borrow_mut(|formatters| {
            if formatters.len() > 64 && !formatters.contains_key(&self.tag) {
                formatters.clear();
            }
            let formatter = formatters.entry(Arc::clone(&self.tag)).or_insert_with(|| {
                DecimalFormatter::try_new((&self.locale).into(), Default::default())
                    .expect("compiled data falls back to the root locale")
            });
            format(formatter)
        })
    }
}

/// Whether a code is a currency in use.
///
/// # Errors
/// It is not; the message has the nearest one.
pub(super) fn check_currency(code: &str) -> Result<(), String> {
    if CODES.split(' ').any(|known| known == code) {
        return Ok(());
    }
    let hint = nearest(code, CODES.split(' ')).map(|near| format!(", did you mean \"{near}\"?")).unwrap_or_default();
    Err(format!("\"{}\" is not an ISO 4217 currency code{hint}", super::reader::shorten(code)))
}

fn usual_digits(code: &str) -> u8 {
    let has = |codes: &str| codes.split(' ').any(|known| known == code);
    DIGITS.iter().find(|(_, codes)| has(codes)).map_or(2, |(digits, _)| *digits)
}

/// Whether anything but zeros is left after rounding, so that no `-$0.00` appears.
fn number_is_visible(value: f64, digits: u8) -> bool {
    decimal(value.abs(), Some(digits)).is_ok_and(|rounded| !rounded.absolute.is_zero())
}

fn decimal(value: f64, decimals: Option<u8>) -> Result<Decimal, String> {
    if !value.is_finite() {
        return Err("a number must be finite".to_owned());
    }
    if decimals.is_some_and(|decimals| decimals > MAX_DECIMALS) {
        return Err(format!("at most {MAX_DECIMALS} decimals can be written"));
    }
    // From the shortest decimal text, so that 1.005 rounds to 1.01 as a person would.
    let mut decimal =
        Decimal::try_from_str(&number_to_text(value)).map_err(|_| "the number is out of range".to_owned())?;
    if let Some(decimals) = decimals {
        let position = -i16::from(decimals);
        decimal.round_with_mode(position, SignedRoundingMode::Unsigned(UnsignedRoundingMode::HalfExpand));
        decimal.absolute.pad_end(position);
    }
    Ok(decimal)
}

/// Tags to look a locale up by, nearest first.
fn relatives(locale: &Locale) -> Vec<String> {
    let language = locale.id.language.as_str();
    let script = locale.id.script.map(|script| script.to_string());
    let region = locale.id.region.map(|region| region.to_string());
    let mut tags = Vec::new();
    if let Some(region) = &region {
        tags.push(format!("{language}-{region}"));
    }
    let traditional =
        script.as_deref() == Some("Hant") || script.is_none() && matches!(region.as_deref(), Some("TW" | "HK" | "MO"));
    match (language, region.as_deref()) {
        ("zh", _) if traditional => tags.push("zh-Hant".into()),
        ("en", Some(region)) if !matches!(region, "US" | "PR" | "GU" | "VI" | "AS" | "MP" | "UM" | "PH") => {
            tags.push("en-001".into());
        }
        ("es", Some(region)) if !matches!(region, "ES" | "GQ" | "EA" | "IC" | "PH") => tags.push("es-419".into()),
        ("pt", Some(region)) if region != "BR" => tags.push("pt-PT".into()),
        ("no", _) => tags.push("nb".into()),
        _ => {}
    }
    tags.push(language.to_owned());
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(tag: &str, value: f64, code: &str) -> String {
        NumberFormat::new(tag).unwrap().currency(value, code, None).unwrap()
    }

    #[test]
    fn money_follows_the_locale() {
        for (tag, value, code, expected) in [
            ("en-US", 1234.5, "USD", "$1,234.50"),
            ("en", -9.99, "USD", "-$9.99"),
            ("en-GB", 9.0, "USD", "US$9.00"),
            ("en", 5.0, "CHF", "CHF\u{a0}5.00"),
            ("de-DE", 1234.5, "EUR", "1.234,50\u{a0}€"),
            ("de-CH", -1234.5, "CHF", "CHF-1'234.50"),
            ("fr", 1234.5, "EUR", "1\u{202f}234,50\u{a0}€"),
            ("es-MX", 1234.5, "MXN", "$1,234.50"),
            ("pt", 10.0, "BRL", "R$\u{a0}10,00"),
            ("nl", -10.0, "EUR", "€\u{a0}-10,00"),
            ("sv", -10.0, "SEK", "\u{2212}10,00\u{a0}kr"),
            ("ja", 1234.5, "JPY", "￥1,235"),
            ("en", 1.5, "KWD", "KWD\u{a0}1.500"),
            ("hi", 123_456.0, "INR", "₹1,23,456.00"),
            ("zh-TW", 5.0, "TWD", "$5.00"),
            ("en", -0.001, "USD", "$0.00"),
        ] {
            assert_eq!(money(tag, value, code), expected, "{tag} {code}");
        }
    }

    #[test]
    fn numbers_round_as_people_do() {
        let en = NumberFormat::new("en").unwrap();
        assert_eq!(en.number(1.005, Some(2)).unwrap(), "1.01");
        assert_eq!(en.number(1_234_567.0, None).unwrap(), "1,234,567");
        assert_eq!(en.number(2.5, Some(0)).unwrap(), "3");
        assert_eq!(NumberFormat::new("de").unwrap().number(1234.5, Some(2)).unwrap(), "1.234,50");
        assert!(en.number(f64::NAN, None).is_err());
        assert!(en.number(1.0, Some(200)).is_err());
        assert!(en.number(1e300, Some(2)).unwrap().len() > 300);
    }

    #[test]
    fn wrong_codes_and_tags_are_refused() {
        assert!(check_currency("USB").unwrap_err().contains("not an ISO 4217"));
        assert!(check_currency("usd").unwrap_err().contains("\"USD\""));
        assert!(NumberFormat::new("not a tag").is_err());
        assert_eq!(money("tlh", 1.0, "EUR"), "€\u{a0}1.00");
    }

    #[test]
    fn every_locale_of_the_table_formats() {
        for (tag, ..) in LOCALES {
            assert!(money(tag, -1234.5, "EUR").contains(|c: char| c.is_numeric()), "{tag}");
        }
    }
}
