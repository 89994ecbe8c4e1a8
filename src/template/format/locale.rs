//! Which locale: a BCP 47 tag, checked against the languages and regions that there is data of.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use icu_locale_core::LanguageIdentifier;
use thiserror::Error;

use super::error::did_you_mean;
use super::locale_data::{LANGUAGES, MISTAKEN, MISTAKEN_REGIONS, REGIONS};
use super::symbols::Symbols;
use crate::template::error::nearest;
use crate::template::reader::shorten;

/// Longest tag, in bytes: real ones with extensions stay below 40.
const MAX_TAG_BYTES: usize = 80;

/// A locale that gravure can format for. Cheap to clone; equal when its canonical tag is.
#[derive(Clone)]
pub struct Locale(Arc<Parts>);

struct Parts {
    tag: String,
    locale: icu_locale_core::Locale,
    symbols: Symbols,
}

/// Why a text is no locale.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum LocaleError {
    /// Not even the shape of one.
    #[error("expected a BCP 47 tag such as en-US, got \"{tag}\"{}", did_you_mean(near.as_deref()))]
    Malformed {
        /// What was given, shortened.
        tag: String,
        /// What was probably meant: `de-DE` for `de_DE`.
        near: Option<String>,
    },
    /// No data for the language, or no such language.
    #[error("there is no language \"{language}\" in the locale \"{tag}\"{}", did_you_mean(near.as_deref()))]
    UnknownLanguage {
        /// The tag, canonical.
        tag: String,
        /// Its language.
        language: String,
        /// What was probably meant: `ja` for `jp`.
        near: Option<String>,
    },
    /// No such region.
    #[error("there is no region \"{region}\" in the locale \"{tag}\"{}", did_you_mean(near.as_deref()))]
    UnknownRegion {
        /// The tag, canonical.
        tag: String,
        /// Its region.
        region: String,
        /// What was probably meant: `en-GB` for `en-UK`.
        near: Option<String>,
    },
}

impl Locale {
    /// Reads a BCP 47 tag: `de`, `pt-BR`, `zh-Hant-TW`, `ar-EG-u-nu-latn`. Case does not matter (RFC 5646, 2.1.1).
    ///
    /// # Errors
    /// Another shape (`de_DE`), or a language or region that does not exist (`jp`, `en-UK`), with what was
    /// probably meant.
    pub fn parse(tag: &str) -> Result<Self, LocaleError> {
        let malformed = || LocaleError::Malformed { tag: shorten(tag), near: repaired(tag) };
        if tag.len() > MAX_TAG_BYTES {
            return Err(malformed());
        }
        let locale: icu_locale_core::Locale = tag.parse().map_err(|_| malformed())?;
        let canonical = locale.to_string();
        check_language(&locale.id, &canonical)?;
        check_region(&locale.id, &canonical)?;
        let symbols = Symbols::of(&locale);
        Ok(Self(Arc::new(Parts { tag: canonical, locale, symbols })))
    }

    /// The tag in its canonical case: `en-US`.
    pub fn tag(&self) -> &str {
        &self.0.tag
    }

    /// The language: `en`.
    pub fn language(&self) -> &str {
        self.0.locale.id.language.as_str()
    }

    /// As ICU4X has it.
    pub(in crate::template) fn icu(&self) -> &icu_locale_core::Locale {
        &self.0.locale
    }

    /// How it writes digits and separators.
    pub(in crate::template) fn symbols(&self) -> &Symbols {
        &self.0.symbols
    }

    /// Tags to look its data up by in tables from CLDR, nearest first, without the root.
    ///
    /// Parents as CLDR's `parentLocales` and likely subtags say it for languages that are written in several
    /// scripts or differ between continents.
    pub(super) fn relatives(&self) -> Vec<String> {
        let id = &self.0.locale.id;
        let language = self.language();
        let script = id.script.map(|script| script.to_string());
        let region = id.region.map(|region| region.to_string());
        let region = region.as_deref();
        let mut tags = Vec::new();
        let script = script.or_else(|| usual_script(language, region).map(str::to_owned));
        if let (Some(script), Some(region)) = (&script, region) {
            tags.push(format!("{language}-{script}-{region}"));
        }
        if let Some(region) = region {
            tags.push(format!("{language}-{region}"));
        }
        match (language, region) {
            ("en", Some("AT" | "BE" | "CH" | "DE" | "DK" | "FI" | "NL" | "SE" | "SI")) => {
                tags.extend(["en-150".into(), "en-001".into()]);
            }
            ("en", Some(region))
                if !matches!(region, "US" | "PR" | "GU" | "VI" | "AS" | "MP" | "UM" | "PH" | "MH" | "BI") =>
            {
                tags.push("en-001".into());
            }
            ("es", Some(region)) if !matches!(region, "ES" | "GQ" | "EA" | "IC" | "PH") => tags.push("es-419".into()),
            ("pt", Some(region)) if region != "BR" => tags.push("pt-PT".into()),
            _ => {}
        }
        if let Some(script) = &script {
            tags.push(format!("{language}-{script}"));
        }
        tags.push(language.to_owned());
        if matches!(language, "nb" | "nn") {
            tags.push("no".into());
        }
        tags
    }
}

/// The script of a language that has its own data for it, where the tag leaves it out.
fn usual_script(language: &str, region: Option<&str>) -> Option<&'static str> {
    match (language, region) {
        ("zh", Some("TW" | "HK" | "MO")) => Some("Hant"),
        ("zh", Some("SG" | "MY")) => Some("Hans"),
        ("sr", Some("BA" | "XK")) => Some("Cyrl"),
        ("yue", Some("CN")) => Some("Hans"),
        ("sr", Some("ME")) => Some("Latn"),
        ("pa", Some("PK")) => Some("Arab"),
        ("uz", Some("AF")) => Some("Arab"),
        ("kk", Some("CN")) => Some("Arab"),
        _ => None,
    }
}

fn check_language(id: &LanguageIdentifier, tag: &str) -> Result<(), LocaleError> {
    let language = id.language.as_str();
    if LANGUAGES.split(' ').any(|known| known == language) || language == "und" {
        return Ok(());
    }
    let near = MISTAKEN.iter().find(|(wrong, _)| *wrong == language).map(|(_, right)| match id.region {
        Some(region) if !right.contains('-') => format!("{right}-{region}"),
        _ => (*right).to_owned(),
    });
    Err(LocaleError::UnknownLanguage { tag: tag.to_owned(), language: language.to_owned(), near })
}

fn check_region(id: &LanguageIdentifier, tag: &str) -> Result<(), LocaleError> {
    let Some(region) = id.region else { return Ok(()) };
    let region = region.as_str();
    if REGIONS.split(' ').any(|known| known == region) {
        return Ok(());
    }
    let near = MISTAKEN_REGIONS.iter().find(|(wrong, _)| *wrong == region).map(|(_, right)| tag.replace(region, right));
    Err(LocaleError::UnknownRegion { tag: tag.to_owned(), region: region.to_owned(), near })
}

/// A well-formed tag near to one that is not: other separators, an encoding behind a dot, a language by its name.
fn repaired(tag: &str) -> Option<String> {
    let trimmed = tag.trim();
    let without_encoding = trimmed.split(['.', '@']).next().unwrap_or_default();
    let hyphens = without_encoding.replace(['_', ' ', '/'], "-");
    let known = |tag: &str| Locale::parse(tag).ok().map(|locale| locale.tag().to_owned());
    if hyphens != tag && hyphens.len() <= MAX_TAG_BYTES {
        if let Some(tag) = known(&hyphens) {
            return Some(tag);
        }
        if let Ok(locale) = hyphens.parse::<icu_locale_core::Locale>() {
            // Well-formed at last, but with a wrong part: its own advice is the better one.
            let tag = locale.to_string();
            let advice = check_language(&locale.id, &tag).and_then(|()| check_region(&locale.id, &tag));
            return match advice {
                Err(LocaleError::UnknownLanguage { near, .. } | LocaleError::UnknownRegion { near, .. }) => near,
                _ => None,
            };
        }
    }
    nearest(trimmed, NAMES.iter().map(|(name, _)| *name))
        .and_then(|name| NAMES.iter().find(|(known, _)| *known == name))
        .map(|(_, tag)| (*tag).to_owned())
}

/// English names of languages that people write where a tag is meant.
const NAMES: &[(&str, &str)] = &[
    ("arabic", "ar"),
    ("chinese", "zh"),
    ("czech", "cs"),
    ("danish", "da"),
    ("dutch", "nl"),
    ("english", "en"),
    ("finnish", "fi"),
    ("french", "fr"),
    ("german", "de"),
    ("greek", "el"),
    ("hebrew", "he"),
    ("hindi", "hi"),
    ("italian", "it"),
    ("japanese", "ja"),
    ("korean", "ko"),
    ("norwegian", "nb"),
    ("polish", "pl"),
    ("portuguese", "pt"),
    ("russian", "ru"),
    ("spanish", "es"),
    ("swedish", "sv"),
    ("thai", "th"),
    ("turkish", "tr"),
    ("ukrainian", "uk"),
];

impl PartialEq for Locale {
    fn eq(&self, other: &Self) -> bool {
        self.0.tag == other.0.tag
    }
}

impl Eq for Locale {}

impl Hash for Locale {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.tag.hash(state);
    }
}

impl fmt::Debug for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Locale({})", self.0.tag)
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(tag: &str) -> String {
        Locale::parse(tag).unwrap_err().to_string()
    }

    #[test]
    fn tags_are_made_canonical() {
        for (tag, canonical) in [
            ("en-US", "en-US"),
            ("EN-us", "en-US"),
            ("de", "de"),
            ("zh-hant-tw", "zh-Hant-TW"),
            ("es-419", "es-419"),
            ("nb-NO", "nb-NO"),
            ("ar-EG-u-nu-latn", "ar-EG-u-nu-latn"),
        ] {
            assert_eq!(Locale::parse(tag).unwrap().tag(), canonical);
        }
        assert_eq!(Locale::parse("EN-us"), Locale::parse("en-US"));
    }

    #[test]
    fn wrong_tags_get_advice() {
        assert_eq!(wrong("de_DE"), "expected a BCP 47 tag such as en-US, got \"de_DE\", did you mean \"de-DE\"?");
        assert!(wrong("en_us.UTF-8").ends_with("did you mean \"en-US\"?"));
        assert!(wrong("de_UK").ends_with("did you mean \"de-GB\"?"));
        assert!(wrong("german").ends_with("did you mean \"de\"?") || wrong("german").contains("no language"));
        assert_eq!(wrong("jp"), "there is no language \"jp\" in the locale \"jp\", did you mean \"ja\"?");
        assert!(wrong("jp-JP").ends_with("did you mean \"ja-JP\"?"));
        assert!(wrong("cz-CZ").ends_with("did you mean \"cs-CZ\"?"));
        assert_eq!(wrong("en-UK"), "there is no region \"UK\" in the locale \"en-UK\", did you mean \"en-GB\"?");
        assert_eq!(wrong("xx_bad"), "expected a BCP 47 tag such as en-US, got \"xx_bad\"");
        assert_eq!(wrong("tlh"), "there is no language \"tlh\" in the locale \"tlh\"");
        assert!(wrong("").contains("got \"\""));
        assert!(wrong(&"a-".repeat(10_000)).len() < 300);
        assert!(wrong("en-XY").contains("no region \"XY\""));
    }

    #[test]
    fn relatives_are_those_of_cldr() {
        let of = |tag: &str| Locale::parse(tag).unwrap().relatives();
        assert_eq!(of("de-AT"), ["de-AT", "de"]);
        assert_eq!(of("en-AU"), ["en-AU", "en-001", "en"]);
        assert_eq!(of("en-DE"), ["en-DE", "en-150", "en-001", "en"]);
        assert_eq!(of("es-MX"), ["es-MX", "es-419", "es"]);
        assert_eq!(of("zh-TW"), ["zh-Hant-TW", "zh-TW", "zh-Hant", "zh"]);
        assert_eq!(of("nb-NO"), ["nb-NO", "nb", "no"]);
    }
}
