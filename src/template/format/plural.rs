//! Words that agree with a number, by CLDR's plural rules.

use fixed_decimal::Decimal;
use icu_plurals::{PluralCategory, PluralRuleType, PluralRules, PluralRulesOptions};

use super::Locale;
use super::kept::Kept;

/// Categories in CLDR's words; a language uses some of them.
pub(super) const CATEGORIES: &[(&str, PluralCategory)] = &[
    ("zero", PluralCategory::Zero),
    ("one", PluralCategory::One),
    ("two", PluralCategory::Two),
    ("few", PluralCategory::Few),
    ("many", PluralCategory::Many),
    ("other", PluralCategory::Other),
];

/// The category of a number, written with just these decimals: `1` is one in English, `1.0` is other.
/// `is_ordinal`: of 1st, 2nd, 3rd.
pub(super) fn category(value: &Decimal, locale: &Locale, is_ordinal: bool) -> &'static str {
    thread_local! {
        static RULES: Kept<(Locale, bool), PluralRules> = Kept::new();
    }
    let category = RULES.with(|rules| {
        let rules = rules.get_or((locale.clone(), is_ordinal), |(locale, is_ordinal)| {
            let kind = if *is_ordinal { PluralRuleType::Ordinal } else { PluralRuleType::Cardinal };
            PluralRules::try_new(locale.icu().into(), PluralRulesOptions::default().with_type(kind))
                .expect("compiled data falls back to the root locale")
        });
        rules.category_for(value)
    });
    CATEGORIES.iter().find(|(_, known)| *known == category).map_or("other", |(word, _)| word)
}

/// A form with the number in the place of each `#`; `##` is a plain `#`.
pub(super) fn insert(form: &str, number: &str) -> String {
    let mut text = String::with_capacity(form.len() + number.len());
    let mut rest = form;
    while let Some(at) = rest.find('#') {
        text.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        rest = match behind.strip_prefix('#') {
            Some(behind) => {
                text.push('#');
                behind
            }
            None => {
                text.push_str(number);
                behind
            }
        };
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tag: &str, number: &str, is_ordinal: bool) -> &'static str {
        category(&number.parse().unwrap(), &Locale::parse(tag).unwrap(), is_ordinal)
    }

    #[test]
    fn categories_are_those_of_cldr() {
        for (tag, number, expected) in [
            ("en", "1", "one"),
            ("en", "1.0", "other"),
            ("en", "0", "other"),
            ("fr", "0", "one"),
            ("fr", "1000000", "many"),
            ("ru", "1", "one"),
            ("ru", "3", "few"),
            ("ru", "5", "many"),
            ("ru", "21", "one"),
            ("pl", "22", "few"),
            ("cs", "1.5", "many"),
            ("ar", "0", "zero"),
            ("ar", "2", "two"),
            ("ar", "11", "many"),
            ("he", "2", "two"),
            ("ja", "1", "other"),
            ("ru", "-1", "one"),
        ] {
            assert_eq!(of(tag, number, false), expected, "{tag} {number}");
        }
        for (number, expected) in [("1", "one"), ("2", "two"), ("3", "few"), ("11", "other"), ("23", "few")] {
            assert_eq!(of("en", number, true), expected, "{number}");
        }
    }

    #[test]
    fn the_number_stands_where_the_sign_was() {
        assert_eq!(insert("# items", "1,000"), "1,000 items");
        assert_eq!(insert("no. ##7: #/#", "5"), "no. #7: 5/5");
        assert_eq!(insert("###", "5"), "#5");
        assert_eq!(insert("none", "5"), "none");
    }
}
