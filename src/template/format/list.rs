//! Lists in words: `a, b and c`, by CLDR's list patterns.

use icu_list::ListFormatter;
use icu_list::options::{ListFormatterOptions, ListLength};

use super::Locale;
use super::kept::Kept;

/// What binds the last two items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum ListStyle {
    /// `a, b and c`.
    And,
    /// `a, b or c`.
    Or,
    /// `3 ft, 7 in`: a comma or nothing.
    Unit,
}

/// Words for the styles.
pub(super) const STYLES: &[(&str, ListStyle)] =
    &[("and", ListStyle::And), ("or", ListStyle::Or), ("unit", ListStyle::Unit)];

/// Words for the lengths.
pub(super) const LENGTHS: &[(&str, ListLength)] =
    &[("long", ListLength::Wide), ("short", ListLength::Short), ("narrow", ListLength::Narrow)];

/// Items as one text.
pub(super) fn list(items: &[String], locale: &Locale, style: ListStyle, length: ListLength) -> String {
    thread_local! {
        static FORMATTERS: Kept<(Locale, ListStyle, ListLength), ListFormatter> = Kept::new();
    }
    FORMATTERS.with(|formatters| {
        let formatter = formatters.get_or((locale.clone(), style, length), |(locale, style, length)| {
            let options = ListFormatterOptions::default().with_length(*length);
            let build = match style {
                ListStyle::And => ListFormatter::try_new_and,
                ListStyle::Or => ListFormatter::try_new_or,
                ListStyle::Unit => ListFormatter::try_new_unit,
            };
            build(locale.icu().into(), options).expect("compiled data falls back to the root locale")
        });
        formatter.format(items.iter().map(String::as_str)).to_string()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_follow_the_locale() {
        let items = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        for (tag, text, style, expected) in [
            ("en-US", "a b c", ListStyle::And, "a, b, and c"),
            ("en-GB", "a b c", ListStyle::And, "a, b and c"),
            ("en", "a b", ListStyle::Or, "a or b"),
            ("de", "a b c", ListStyle::And, "a, b und c"),
            ("es", "Juan Isabel", ListStyle::And, "Juan e Isabel"),
            ("es", "siete ocho", ListStyle::Or, "siete u ocho"),
            ("ja", "a b c", ListStyle::And, "a、b、c"),
            ("en", "a", ListStyle::And, "a"),
        ] {
            let locale = Locale::parse(tag).unwrap();
            assert_eq!(list(&items(text), &locale, style, ListLength::Wide), expected, "{tag}");
        }
        assert_eq!(list(&[], &Locale::parse("en").unwrap(), ListStyle::And, ListLength::Wide), "");
    }
}
