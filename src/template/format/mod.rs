//! Text as a locale writes it: numbers, money, dates, plurals, units, lists and letter case.
//!
//! Digits, plural rules, names of dates, lists and case by ICU4X; the patterns of money, percent, dates and units from
//! CLDR's tables in `data/`, because ICU4X has them as experiments or not at all. `filters/` is what expressions see
//! of it. Knows nothing of templates or rows. What CLDR has for a locale is written as it is, no-break spaces and
//! marks of direction included.

mod case;
pub(in crate::template) mod currency;
mod data;
mod date;
mod date_fields;
mod error;
pub(in crate::template) mod filters;
mod kept;
mod list;
mod locale;
mod locale_data;
mod moment;
mod number;
mod plural;
pub(in crate::template) mod symbols;
#[cfg(test)]
mod tests;
mod unit;

pub use case::{capitalize, lower, title, upper};
pub use error::FormatError;
pub use locale::{Locale, LocaleError};
