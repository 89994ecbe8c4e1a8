//! Letters in another case, by the rules of a language: `i` is `İ` in Turkish, `ΟΔΟΣ` is `οδος` with its final
//! sigma, `ijs` is `IJs` in Dutch.
//!
//! Mapping is Unicode's, from ICU4X. Done when a row is bound, so that a scene has the characters that are drawn.

use std::borrow::Cow;

use icu_casemap::options::TitlecaseOptions;
use icu_casemap::{CaseMapper, TitlecaseMapper};
use icu_locale_core::{LanguageIdentifier, Locale};
use unicode_segmentation::UnicodeSegmentation;

use super::choices::Transform;

/// How one locale changes the case of letters.
#[derive(Clone, Debug)]
pub(super) struct CaseRules(LanguageIdentifier);

impl CaseRules {
    /// The rules of a BCP 47 tag; of no language in particular where it is not one.
    pub fn new(tag: &str) -> Self {
        Self(tag.parse::<Locale>().map_or(LanguageIdentifier::UNKNOWN, |locale| locale.id))
    }

    /// A text in another case.
    pub fn apply<'t>(&self, transform: Transform, text: &'t str) -> Cow<'t, str> {
        match transform {
            Transform::None => Cow::Borrowed(text),
            Transform::Upper => CaseMapper::new().uppercase_to_string(text, &self.0),
            Transform::Lower => CaseMapper::new().lowercase_to_string(text, &self.0),
            Transform::Title => Cow::Owned(self.title(text)),
        }
    }

    /// Every word (as <https://www.unicode.org/reports/tr29/#Word_Boundaries> cuts them) with a capital, the rest of
    /// it in small letters.
    fn title(&self, text: &str) -> String {
        let mapper = TitlecaseMapper::new();
        let mut title = String::with_capacity(text.len());
        for word in text.split_word_bounds() {
            title.push_str(&mapper.titlecase_segment_to_string(word, &self.0, TitlecaseOptions::default()));
        }
        title
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_follows_the_language() {
        for (locale, transform, text, expected) in [
            ("en", Transform::Upper, "straße iı", "STRASSE II"),
            ("tr", Transform::Upper, "istanbul ışık", "İSTANBUL IŞIK"),
            ("tr-TR", Transform::Lower, "ISPARTA İZMİR", "ısparta izmir"),
            ("az", Transform::Upper, "i", "İ"),
            ("el", Transform::Upper, "άνθρωπος", "ΑΝΘΡΩΠΟΣ"),
            ("en", Transform::Lower, "ΟΔΟΣ", "οδος"),
            ("lt", Transform::Lower, "Ì", "i\u{307}\u{300}"),
            ("nl", Transform::Title, "ijs uit ijmuiden", "IJs Uit IJmuiden"),
            ("en", Transform::Title, "ijs", "Ijs"),
            ("en", Transform::Title, "DESK lamp, it's «new» 3d", "Desk Lamp, It's «New» 3d"),
            ("de", Transform::Title, "ärger über straßen-öl", "Ärger Über Straßen-Öl"),
            ("hr", Transform::Title, "ǆep", "ǅep"),
            ("en", Transform::None, "As It is", "As It is"),
            ("not a tag", Transform::Upper, "i", "I"),
        ] {
            assert_eq!(CaseRules::new(locale).apply(transform, text), expected, "{locale} {transform:?} {text}");
        }
    }
}
