//! Why a value cannot be written.

use thiserror::Error;

use super::LocaleError;

/// Why a value cannot be written as a locale would.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FormatError {
    /// Infinite, or not a number.
    #[error("a number must be finite")]
    NotFinite,
    /// More decimals than any price, weight or share has.
    #[error("at most {most} decimals can be written, got {digits}")]
    TooManyDigits {
        /// What was asked for.
        digits: u64,
        /// The bound.
        most: u8,
    },
    /// Another word than one of a fixed set.
    #[error("there is no {what} \"{word}\"{}", did_you_mean(near.as_deref()))]
    UnknownWord {
        /// `currency style`, `unit`.
        what: &'static str,
        /// The word, shortened.
        word: String,
        /// What was probably meant.
        near: Option<String>,
    },
    /// No code of ISO 4217, or of a currency that is gone.
    #[error("\"{code}\" is not an ISO 4217 currency code in use{}", did_you_mean(near.as_deref()))]
    UnknownCurrency {
        /// The code, shortened.
        code: String,
        /// What was probably meant.
        near: Option<String>,
    },
    /// A locale that does not exist.
    #[error(transparent)]
    Locale(#[from] LocaleError),
    /// CLDR has no names of units in the language, or gravure does not carry them.
    #[error("there are no names of units in the locale {locale}")]
    NoUnits {
        /// The locale's tag.
        locale: String,
    },
    /// No date.
    #[error("expected a date such as 2026-01-31 or 2026-01-31T18:30, got \"{text}\"")]
    NotADate {
        /// The text, shortened.
        text: String,
    },
    /// A date without a time, where a time is needed.
    #[error("\"{text}\" has no time of day")]
    NoTime {
        /// The text, shortened.
        text: String,
    },
    /// A date beyond the years that can be counted in.
    #[error("the date is out of range")]
    DateOutOfRange,
    /// A pattern of Unicode's date symbols that cannot be used.
    #[error("the date pattern \"{pattern}\" cannot be used: {reason}")]
    DatePattern {
        /// The pattern, shortened.
        pattern: String,
        /// Why.
        reason: String,
    },
}

pub(super) fn did_you_mean(near: Option<&str>) -> String {
    near.map(|near| format!(", did you mean \"{near}\"?")).unwrap_or_default()
}
