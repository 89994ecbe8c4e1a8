//! Letter case by language, and short forms of names and texts.
//!
//! Case mappings by ICU4X: Turkish `i` has a dot in capitals, Greek capitals lose their accents, Dutch `ij` is one
//! letter at the start of a name, `ß` becomes `SS`.

use icu_casemap::options::{TitlecaseOptions, TrailingCase};
use icu_casemap::{CaseMapper, TitlecaseMapper};
use unicode_segmentation::UnicodeSegmentation;

use super::Locale;

/// All capitals.
pub fn upper(text: &str, locale: &Locale) -> String {
    CaseMapper::new().uppercase_to_string(text, &locale.icu().id).into_owned()
}

/// No capitals.
pub fn lower(text: &str, locale: &Locale) -> String {
    CaseMapper::new().lowercase_to_string(text, &locale.icu().id).into_owned()
}

/// The first letter of every word a capital, the others not: `rEd shoes` is `Red Shoes`.
pub fn title(text: &str, locale: &Locale) -> String {
    text.split_word_bounds().map(|word| titlecased(word, locale)).collect()
}

/// The first letter a capital, the others not: `rEd shoes` is `Red shoes`.
pub fn capitalize(text: &str, locale: &Locale) -> String {
    titlecased(text, locale)
}

fn titlecased(segment: &str, locale: &Locale) -> String {
    let mut options = TitlecaseOptions::default();
    options.trailing_case = Some(TrailingCase::Lower);
    TitlecaseMapper::new().titlecase_segment_to_string(segment, &locale.icu().id, options).into_owned()
}

/// First letters of the first words and the last one, as capitals: `Ada King Lovelace` is `AL` with two.
pub(super) fn initials(text: &str, most: usize, locale: &Locale) -> String {
    let words = text.split_whitespace().filter_map(|word| {
        let first = word.graphemes(true).find(|grapheme| grapheme.chars().any(char::is_alphanumeric))?;
        Some(upper(first, locale))
    });
    let mut letters: Vec<String> = words.collect();
    if letters.len() > most
        && let Some(last) = letters.pop()
    {
        letters.truncate(most.saturating_sub(1));
        if most > 0 {
            letters.push(last);
        }
    }
    letters.concat()
}

/// At most `most` characters as readers count them, `end` included, cut between words where one is near.
pub(super) fn truncate(text: &str, most: usize, end: &str) -> String {
    if text.graphemes(true).nth(most).is_none() {
        return text.to_owned();
    }
    let room = most.saturating_sub(end.graphemes(true).count());
    let cut = text.grapheme_indices(true).nth(room).map_or(text.len(), |(at, _)| at);
    let kept = &text[..cut];
    // Back to the end of the last whole word, unless that throws away more than half.
    let is_inside_word = !text[cut..].starts_with(char::is_whitespace) && !kept.ends_with(char::is_whitespace);
    let word_end = kept.rfind(char::is_whitespace).filter(|at| is_inside_word && 2 * at >= cut);
    let kept = word_end.map_or(kept, |at| &kept[..at]).trim_end();
    format!("{kept}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tag: &str) -> Locale {
        Locale::parse(tag).unwrap()
    }

    #[test]
    fn case_follows_the_language() {
        assert_eq!(upper("istanbul", &of("tr")), "İSTANBUL");
        assert_eq!(upper("istanbul", &of("en")), "ISTANBUL");
        assert_eq!(lower("ISPARTA", &of("tr")), "ısparta");
        assert_eq!(upper("Μάιος", &of("el")), "ΜΑΪΟΣ");
        assert_eq!(upper("Straße", &of("de")), "STRASSE");
        assert_eq!(lower("ΟΔΥΣΣΕΥΣ", &of("el")), "οδυσσευς");
        assert_eq!(title("rEd shoes, o'neil", &of("en")), "Red Shoes, O'neil");
        assert_eq!(title("ijsselmeer", &of("nl")), "IJsselmeer");
        assert_eq!(title("izmir", &of("tr")), "İzmir");
        assert_eq!(capitalize("rEd shoes", &of("en")), "Red shoes");
        assert_eq!(capitalize("", &of("en")), "");
        assert_eq!(upper("北京 ไทย", &of("zh")), "北京 ไทย");
    }

    #[test]
    fn initials_are_whole_letters() {
        assert_eq!(initials("ada king lovelace", 2, &of("en")), "AL");
        assert_eq!(initials("ada", 2, &of("en")), "A");
        assert_eq!(initials("e\u{301}va \"bo\" c", 3, &of("en")), "E\u{301}BC");
        assert_eq!(initials("山田 太郎", 2, &of("ja")), "山太");
        assert_eq!(initials("  ", 2, &of("en")), "");
        assert_eq!(initials("a b", 0, &of("en")), "");
    }

    #[test]
    fn texts_are_cut_between_words() {
        assert_eq!(truncate("The quick brown fox", 12, "…"), "The quick…");
        assert_eq!(truncate("The quick brown fox", 16, "…"), "The quick brown…");
        assert_eq!(truncate("short", 5, "…"), "short");
        assert_eq!(truncate("Donaudampfschiff", 6, "…"), "Donau…");
        assert_eq!(truncate("a Donaudampfschiff", 8, "…"), "a Donau…");
        assert_eq!(truncate("👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧", 2, "…"), "👨‍👩‍👧…");
        assert_eq!(truncate("abc", 0, "…"), "…");
        assert_eq!(truncate("abc", 1, ""), "a");
    }
}
