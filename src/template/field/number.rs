//! Numbers as people and programs write them: `1,234.50`, `1.234,50`, `1 234,50`, `1'234.50`, `12,34,567.5`.
//!
//! The locale says which sign is the decimal mark; group separators may be any that cannot be mistaken for it. The
//! one text that two readers read differently, `1.234` where the comma is the decimal mark, is refused unless the
//! field itself says which locale its data has.

use std::sync::Arc;

use minijinja::Value;

use crate::template::css;
use crate::template::format::Locale;
use crate::template::format::symbols::Symbols;
use crate::template::scalar::Mismatch;

/// Signs that stand between groups of digits somewhere: a space of any width counts as one of them.
const GROUPS: &[char] = &['.', ',', '\'', '’', '_', ' ', '٬'];
/// Longest number in characters.
const MAX_CHARS: usize = 64;

/// How numbers are written in the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NumberSyntax {
    tag: Arc<str>,
    decimal: char,
    group: char,
    /// Whether groups before the last have two digits, as in India.
    has_pairs: bool,
    digits: [char; 10],
    /// Whether the field names the locale of its data: then nothing is ambiguous.
    is_declared: bool,
}

impl NumberSyntax {
    /// The syntax of a locale.
    pub fn new(locale: &Locale, is_declared: bool) -> Self {
        let Symbols { digits, decimal, group, minus: _, primary: _, secondary } = locale.symbols();
        let sign = |text: &str, usual: char| text.chars().next().unwrap_or(usual);
        Self {
            tag: locale.tag().into(),
            decimal: sign(decimal, '.'),
            group: folded(sign(group, ' ')),
            has_pairs: *secondary == 2,
            digits: *digits,
            is_declared,
        }
    }

    /// Reads a number. Whole ones come back as such: they print without `.0` and count, index and compare.
    ///
    /// # Errors
    /// Not a number, or one that could be two.
    pub fn read(&self, text: &str) -> Result<Value, Mismatch> {
        let text = text.trim();
        let wrong = |detail: Option<String>| Mismatch { expected: "a number".into(), detail };
        if text.chars().count() > MAX_CHARS {
            return Err(wrong(None));
        }
        if let Some(value) = plain(text)
            && (self.decimal == '.' || !text.contains('.'))
        {
            return Ok(value);
        }
        let written = self.normalised(text).and_then(|digits| plain(&digits));
        if self.is_declared {
            return written.ok_or_else(|| wrong(self.advice(text)));
        }
        match (plain(text), written) {
            (Some(_), Some(_)) => Err(wrong(Some(self.ambiguity()))),
            (Some(value), None) | (None, Some(value)) => Ok(value),
            (None, None) => Err(wrong(self.advice(text))),
        }
    }

    /// The number as a program writes it, `-1234.50`.
    fn normalised(&self, text: &str) -> Option<String> {
        let mut plain = String::with_capacity(text.len());
        let chars = text.chars().filter(|c| !matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}')).map(folded);
        let mut chars = chars.peekable();
        if let Some(sign) = chars.next_if(|c| matches!(c, '-' | '+')) {
            plain.push(sign);
        }
        let mut group = None;
        let mut groups: Vec<usize> = vec![0];
        let mut has_decimal = false;
        for c in chars {
            let digit = c.to_digit(10).or_else(|| self.digits.iter().position(|d| *d == c).map(|at| at as u32));
            match digit {
                Some(digit) => {
                    plain.push(char::from_digit(digit, 10)?);
                    if !has_decimal {
                        *groups.last_mut()? += 1;
                    }
                }
                None if c == self.decimal && !has_decimal => {
                    plain.push('.');
                    has_decimal = true;
                }
                None if GROUPS.contains(&c) && c != self.decimal && !has_decimal => {
                    if group.replace(c).is_some_and(|known| known != c) {
                        return None;
                    }
                    groups.push(0);
                }
                None => return None,
            }
        }
        let starts_with_zero = plain.trim_start_matches(['-', '+']).starts_with('0');
        let are_groups = match groups.as_slice() {
            [_] => true,
            [first, middle @ .., last] => {
                let inner = |count: &usize| *count == 3 || self.has_pairs && *count == 2;
                (1..=3).contains(first) && middle.iter().all(inner) && *last == 3 && !starts_with_zero
            }
            [] => false,
        };
        are_groups.then_some(plain)
    }

    fn ambiguity(&self) -> String {
        format!(
            "in {} the point stands between thousands, in most data before the decimals: give the field its data's locale, \
             \"locale: {}\" or \"locale: en\"",
            self.tag, self.tag
        )
    }

    /// What a person can do about a text that is no number.
    fn advice(&self, text: &str) -> Option<String> {
        let is_money = |c: char| CURRENCY_SIGNS.contains(c);
        let has_digit = text.contains(|c: char| c.is_ascii_digit());
        let letters = text.chars().filter(|c| c.is_alphabetic()).collect::<String>();
        let is_code = letters.len() == 3 && letters.bytes().all(|b| b.is_ascii_uppercase());
        if has_digit && (text.contains(is_money) || is_code) {
            return Some(
                "leave the currency out of the data, the filter currency('EUR') writes it beside the number".to_owned(),
            );
        }
        if has_digit && text.ends_with('%') {
            return Some("leave the % out of the data, the template can write it behind the number".to_owned());
        }
        // Would it be one where the marks are the other way round?
        let (decimal, example) = if self.decimal == '.' { (',', "de") } else { ('.', "en") };
        let other = Self { decimal, ..self.clone() };
        other.normalised(text).and_then(|digits| plain(&digits))?;
        Some(format!(
            "in {} the decimal mark is \"{}\", give the field its data's locale, such as \"locale: {example}\"",
            self.tag, self.decimal
        ))
    }
}

/// `$`, `€` and the other signs of Unicode's category Sc that are in use.
const CURRENCY_SIGNS: &str = "$€£¥₹₽₩₺₫₪₴₦₱฿₡₲₵₸₭₮₼₾₿¢﷼៛৳₨";

/// Spaces of every width as one, the minus sign as a hyphen, the typographic apostrophe as the plain one.
fn folded(c: char) -> char {
    match c {
        '\u{2212}' => '-',
        '’' => '\'',
        c if c.is_whitespace() && c != '\n' && c != '\r' => ' ',
        c => c,
    }
}

/// A number as programs write it: `-12.5`, `.5`, `1e3`.
fn plain(text: &str) -> Option<Value> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(Value::from(whole));
    }
    css::number(text).map(from_float)
}

/// A finite number, as a whole one where it is.
pub(super) fn from_float(number: f64) -> Value {
    let is_whole = number.fract() == 0.0 && number.abs() <= 9e15;
    if is_whole { Value::from(number as i64) } else { Value::from(number) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tag: &str, text: &str) -> Result<String, String> {
        let syntax = NumberSyntax::new(&Locale::parse(tag).unwrap(), false);
        syntax.read(text).map(|value| value.to_string()).map_err(|error| error.detail.unwrap_or_default())
    }

    #[test]
    fn every_locale_reads_its_own_numbers() {
        for (tag, text, expected) in [
            ("en", "1,234.50", "1234.5"),
            ("en", "1,234", "1234"),
            ("en", "-1,234,567", "-1234567"),
            ("en", "1e3", "1000"),
            ("en", " .5 ", "0.5"),
            ("de", "1.234,50", "1234.5"),
            ("de", "49,90", "49.9"),
            ("de", "1.234.567", "1234567"),
            ("de", "-0,5", "-0.5"),
            ("de", "1 234,5", "1234.5"),
            // As a database writes it: not to be mistaken for thousands.
            ("de", "49.90", "49.9"),
            ("de", "0.125", "0.125"),
            ("de", "1234.5", "1234.5"),
            ("de", "1249", "1249"),
            ("fr", "1 234,50", "1234.5"),
            ("fr", "1\u{a0}234,50", "1234.5"),
            ("fr", "1\u{202f}234\u{202f}567", "1234567"),
            ("de-CH", "1'234.50", "1234.5"),
            ("de-CH", "1’234.50", "1234.5"),
            ("de-AT", "1.234,50", "1234.5"),
            ("es", "1234,5", "1234.5"),
            ("pt-BR", "R1.234,50".trim_start_matches('R'), "1234.5"),
            ("en-IN", "12,34,567.50", "1234567.5"),
            ("hi", "1,00,000", "100000"),
            ("sv", "\u{2212}12,5", "-12.5"),
            ("ar-EG", "١٬٢٣٤٫٥٠", "1234.5"),
            ("ar-EG", "1234.5", "1234.5"),
            ("fa", "۱۲٫۵", "12.5"),
            ("ja", "1,234", "1234"),
        ] {
            assert_eq!(read(tag, text), Ok(expected.to_owned()), "{tag}: {text}");
        }
    }

    #[test]
    fn what_could_be_two_numbers_is_refused_unless_the_field_says() {
        for tag in ["de", "es", "it", "nl", "pt-BR", "id"] {
            let error = read(tag, "1.234").unwrap_err();
            assert!(error.contains(&format!("\"locale: {tag}\" or \"locale: en\"")), "{tag}: {error}");
        }
        let declared = |tag: &str, text: &str| {
            NumberSyntax::new(&Locale::parse(tag).unwrap(), true).read(text).map(|value| value.to_string()).ok()
        };
        assert_eq!(declared("de", "1.234"), Some("1234".into()));
        assert_eq!(declared("en", "1.234"), Some("1.234".into()));
        // A field that says how its numbers are written has no others.
        assert_eq!(declared("de", "49.90"), None);
    }

    #[test]
    fn what_is_no_number_comes_with_advice() {
        for (tag, text, expected) in [
            ("en", "1,5", "in en the decimal mark is \".\", give the field its data's locale, such as \"locale: de\""),
            ("en", "1.234,50", "such as \"locale: de\""),
            ("de", "1,234.50", "such as \"locale: en\""),
            ("en", "$49.90", "leave the currency out"),
            ("de", "1.234,50 €", "leave the currency out"),
            ("en", "49.90 USD", "leave the currency out"),
            ("en", "20 %", "leave the % out"),
            ("en", "abc", ""),
            ("en", "NaN", ""),
            ("en", "inf", ""),
            ("en", "1e999", ""),
            ("en", "0x10", ""),
            ("en", "1 2", ""),
            ("en", "1,2,3", ""),
            ("en", "1,234'567", ""),
            ("en", "0,123", "such as \"locale: de\""),
            ("en", "--1", ""),
            ("en", "", ""),
            ("en", "-", ""),
            ("de", ",", ""),
            ("de", "1,2,3", ""),
        ] {
            let error = read(tag, text).unwrap_err();
            assert!(error.contains(expected) && error.is_empty() == expected.is_empty(), "{tag}: {text}: {error}");
        }
        assert!(read("en", &"1".repeat(5_000)).is_err());
    }
}
