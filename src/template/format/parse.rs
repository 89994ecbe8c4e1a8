//! Numbers as people of a locale write them: `1.234,50` in German, `1 234,50` in French, `1,23,456` in Hindi.

use thiserror::Error;

use super::Locale;
use crate::template::reader::shorten;

/// Longest number that is read, in bytes.
const MAX_NUMBER_BYTES: usize = 400;

/// Why a text is no number of a locale.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NumberError {
    /// Something else than digits, separators and a sign.
    #[error("expected a number as {locale} writes it ({example}), got \"{text}\"{}", hint.as_deref().unwrap_or(""))]
    NotANumber {
        /// The text, shortened.
        text: String,
        /// The locale's tag.
        locale: String,
        /// A number written right.
        example: String,
        /// What is wrong with it, from `:` on.
        hint: Option<String>,
    },
    /// Larger than any number that gravure can hold.
    #[error("the number \"{text}\" is too large")]
    TooLarge {
        /// The text, shortened.
        text: String,
    },
}

/// Reads a number by a locale's separators: its decimal separator, its grouping separator in the right places or
/// not at all, its digits or ASCII's, a sign in front (`-`, `−`, `+`), an exponent as spreadsheets write it (`1,5E+06`).
/// Any space counts where the locale groups by one, and any apostrophe where it groups by that.
///
/// No currency signs, units or words: those are text.
///
/// # Errors
/// Anything else; the message says how the locale writes numbers and what was found instead.
pub fn parse_number(text: &str, locale: &Locale) -> Result<f64, NumberError> {
    let fail = |hint: Option<String>| NumberError::NotANumber {
        text: shorten(text),
        locale: locale.tag().to_owned(),
        example: example(locale),
        hint: hint.map(|hint| format!(": {hint}")),
    };
    if text.len() > MAX_NUMBER_BYTES {
        return Err(fail(Some("it is too long".to_owned())));
    }
    // Marks of direction are invisible and come with copies from right-to-left text.
    let cleaned: String =
        text.trim().chars().filter(|c| !matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{feff}')).collect();
    let plain = Reader { locale, rest: cleaned.trim() }.read().map_err(&fail)?;
    match plain.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(NumberError::TooLarge { text: shorten(text) }),
    }
}

/// `1.234,50`: a number that shows both separators of the locale.
fn example(locale: &Locale) -> String {
    let symbols = locale.symbols();
    let digit = |index: usize| symbols.digits[index];
    let group = if symbols.group.chars().all(char::is_whitespace) { " " } else { &symbols.group };
    format!("{}{group}{}{}{}{}{}{}", digit(1), digit(2), digit(3), digit(4), symbols.decimal, digit(5), digit(0))
}

struct Reader<'t> {
    locale: &'t Locale,
    rest: &'t str,
}

impl Reader<'_> {
    /// The number as Rust reads it, or what is wrong.
    fn read(mut self) -> Result<String, Option<String>> {
        let mut plain = String::new();
        if self.eat(&['-', '\u{2212}', '\u{2010}', '\u{2011}', '\u{2013}']) {
            plain.push('-');
        } else {
            self.eat(&['+']);
        }
        self.rest = self.rest.trim_start();
        let whole = self.whole()?;
        let has_whole = !whole.is_empty();
        plain.push_str(if has_whole { &whole } else { "0" });
        let mut has_fraction = false;
        if let Some(rest) = self.rest.strip_prefix(self.locale.symbols().decimal.as_str()) {
            self.rest = rest;
            plain.push('.');
            while let Some(digit) = self.digit() {
                has_fraction = true;
                plain.push(digit);
            }
            if !has_fraction {
                plain.push('0');
            }
        }
        if !has_whole && !has_fraction {
            return Err(self.sign_of_trouble());
        }
        self.exponent(&mut plain)?;
        if self.rest.is_empty() { Ok(plain) } else { Err(self.sign_of_trouble()) }
    }

    /// The digits before the decimal separator, without grouping, which must be right if it is there.
    fn whole(&mut self) -> Result<String, Option<String>> {
        let mut digits = String::new();
        // Lengths of the groups, from the left.
        let mut groups = vec![0_usize];
        loop {
            if let Some(digit) = self.digit() {
                digits.push(digit);
                if let Some(last) = groups.last_mut() {
                    *last += 1;
                }
                continue;
            }
            let before = self.rest;
            if !digits.is_empty() && self.group() && self.rest.starts_with(|c: char| self.value_of(c).is_some()) {
                groups.push(0);
                continue;
            }
            self.rest = before;
            break;
        }
        if groups.len() > 1 && !self.grouping_is_right(&groups) {
            let symbols = self.locale.symbols();
            let decimal = &symbols.decimal;
            return Err(Some(format!(
                "{} separates thousands in {} and \"{decimal}\" the decimals, so every group needs {} digits",
                name_of(&symbols.group),
                self.locale,
                if symbols.primary == symbols.secondary { symbols.primary.to_string() } else { "2, the last 3".into() }
            )));
        }
        Ok(digits)
    }

    fn grouping_is_right(&self, groups: &[usize]) -> bool {
        let symbols = self.locale.symbols();
        let right = |secondary: usize| {
            let [first, middle @ .., last] = groups else { return true };
            *last == symbols.primary
                && middle.iter().all(|length| *length == secondary)
                && (1..=secondary).contains(first)
        };
        // Thousands are understood everywhere, lakhs only where they are written.
        right(symbols.primary) || right(symbols.secondary)
    }

    fn exponent(&mut self, plain: &mut String) -> Result<(), Option<String>> {
        if !self.eat(&['e', 'E']) {
            return Ok(());
        }
        plain.push('e');
        if self.eat(&['-', '\u{2212}']) {
            plain.push('-');
        } else {
            self.eat(&['+']);
        }
        let mut count = 0;
        while let Some(digit) = self.digit() {
            plain.push(digit);
            count += 1;
        }
        if (1..=4).contains(&count) { Ok(()) } else { Err(None) }
    }

    fn sign_of_trouble(&self) -> Option<String> {
        let symbols = self.locale.symbols();
        let c = self.rest.chars().next()?;
        if matches!(c, '.' | ',') && symbols.decimal != c.to_string() {
            return Some(format!("\"{}\" separates the decimals in {}", symbols.decimal, self.locale));
        }
        if c == '%' || unicode_script_is_currency(c) {
            return Some(format!("leave \"{c}\" out"));
        }
        None
    }

    fn eat(&mut self, any: &[char]) -> bool {
        let rest = self.rest.strip_prefix(any);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn group(&mut self) -> bool {
        let group = &self.locale.symbols().group;
        let first = group.chars().next();
        match first {
            Some(c) if c.is_whitespace() => self.eat(&[' ', '\u{a0}', '\u{2009}', '\u{202f}']),
            Some('\'' | '’') => self.eat(&['\'', '’']),
            _ => {
                let rest = if group.is_empty() { None } else { self.rest.strip_prefix(group.as_str()) };
                self.rest = rest.unwrap_or(self.rest);
                rest.is_some()
            }
        }
    }

    fn digit(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        let value = self.value_of(c)?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(char::from(b'0' + value))
    }

    fn value_of(&self, c: char) -> Option<u8> {
        if let Some(value) = c.to_digit(10) {
            return Some(value as u8);
        }
        let digits = &self.locale.symbols().digits;
        digits.iter().position(|digit| *digit == c).map(|value| value as u8)
    }
}

fn unicode_script_is_currency(c: char) -> bool {
    c == '$' || matches!(c, '¢'..='¥' | '\u{20a0}'..='\u{20cf}')
}

/// A separator as a message can show it.
fn name_of(separator: &str) -> String {
    if separator.chars().all(char::is_whitespace) { "a space".to_owned() } else { format!("\"{separator}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, tag: &str) -> Result<f64, String> {
        parse_number(text, &Locale::parse(tag).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn numbers_are_read_as_their_locale_writes_them() {
        for (tag, text, number) in [
            ("de-DE", "1.234,50", 1234.5),
            ("de-DE", "1234,5", 1234.5),
            ("de-DE", " -1.234.567 ", -1_234_567.0),
            ("de-DE", "1.234", 1234.0),
            ("de-DE", ",5", 0.5),
            ("de-DE", "5,", 5.0),
            ("de-DE", "1,5E+06", 1_500_000.0),
            ("en-US", "1,234.50", 1234.5),
            ("en-US", "+3", 3.0),
            ("en-US", "1e3", 1000.0),
            ("fr-FR", "1\u{202f}234,5", 1234.5),
            ("fr-FR", "1 234 567,5", 1_234_567.5),
            ("fr-FR", "1\u{a0}234", 1234.0),
            ("de-CH", "1’234.50", 1234.5),
            ("de-CH", "1'234.50", 1234.5),
            ("sv-SE", "\u{2212}5,5", -5.5),
            ("hi-IN", "1,23,456.7", 123_456.7),
            ("hi-IN", "123,456.7", 123_456.7),
            ("ar-EG", "١٬٢٣٤٫٥", 1234.5),
            ("ar-EG", "\u{61c}-٥", -5.0),
            ("pl-PL", "12 345,6", 12_345.6),
            ("ja-JP", "1,234", 1234.0),
            ("en-US", "1e308", 1e308),
            ("en-US", "12345678901234567890", 12_345_678_901_234_567_890.0),
        ] {
            assert_eq!(parse(text, tag), Ok(number), "{tag} {text}");
        }
    }

    #[test]
    fn other_texts_are_refused_with_advice() {
        assert_eq!(
            parse("49.90", "de-DE").unwrap_err(),
            "expected a number as de-DE writes it (1.234,50), got \"49.90\": \".\" separates thousands in de-DE and \
             \",\" the decimals, so every group needs 3 digits"
        );
        assert_eq!(
            parse("49,90", "en-US").unwrap_err(),
            "expected a number as en-US writes it (1,234.50), got \"49,90\": \",\" separates thousands in en-US and \
             \".\" the decimals, so every group needs 3 digits"
        );
        assert!(parse("49.90", "fr-FR").unwrap_err().ends_with("\",\" separates the decimals in fr-FR"));
        assert!(parse("49,90 €", "de-DE").is_err());
        assert!(parse("€49,90", "de-DE").unwrap_err().ends_with("leave \"€\" out"));
        assert!(parse("5%", "en").unwrap_err().ends_with("leave \"%\" out"));
        for wrong in [
            "", " ", "-", ".", ",", "abc", "NaN", "inf", "1..2", "1,2,3", "1.2.3", "--1", "1-", "(1)", "1 2", "0x10",
            "1e", "1e+", "1e99999", "e5", "1,234,", "1_000", "٫", "½", "１", "１２",
        ] {
            assert!(parse(wrong, "en-US").is_err(), "{wrong}");
        }
        assert!(parse("1e999", "en-US").unwrap_err().contains("too large"));
        assert!(parse(&"9".repeat(100_000), "en-US").unwrap_err().len() < 300);
    }
}
