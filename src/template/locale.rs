//! Reading a BCP 47 tag, with advice where it is written as another system writes it.

use icu_locale_core::Locale;

/// Reads a tag such as `de-CH`.
///
/// # Errors
/// Not a tag; the message says what would be one.
pub(super) fn parse(tag: &str) -> Result<Locale, String> {
    let hyphens = tag.split(['.', '@']).next().unwrap_or_default().replace('_', "-");
    let expected = format!("expected a BCP 47 tag such as en-US, got \"{}\"", super::reader::shorten(tag));
    match tag.parse::<Locale>() {
        Ok(locale) if !tag.contains('_') && !locale.id.language.is_unknown() => Ok(locale),
        // As POSIX writes it: `de_DE.UTF-8`.
        _ => match hyphens.parse::<Locale>() {
            Ok(locale) if hyphens != tag && !locale.id.language.is_unknown() => {
                Err(format!("{expected}, did you mean \"{locale}\"?"))
            }
            _ => Err(expected),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_those_of_bcp_47() {
        assert_eq!(parse("de-CH").unwrap().to_string(), "de-CH");
        assert_eq!(parse("zh-Hant-TW-u-nu-latn").unwrap().to_string(), "zh-Hant-TW-u-nu-latn");
        for (tag, expected) in [
            ("de_DE", "got \"de_DE\", did you mean \"de-DE\"?"),
            ("de_DE.UTF-8", "did you mean \"de-DE\"?"),
            ("en_us", "did you mean \"en-US\"?"),
            ("german", "got \"german\""),
            ("C", "got \"C\""),
            ("", "got \"\""),
            ("und", "got \"und\""),
        ] {
            let error = parse(tag).unwrap_err();
            assert!(error.ends_with(expected), "{tag}: {error}");
        }
    }
}
