//! Text as a locale writes it: numbers, money, dates, plurals, units, lists and letter case.
//!
//! Digits, plural rules, dates, lists and case by ICU4X's stable crates; currency and unit patterns, which it has
//! as experiments only, from tables of our own taken from CLDR. [`filters`] is what expressions see of it;
//! `fields` read numbers by [`parse_number`]. Knows nothing of templates or rows.

mod locale;
mod locale_data;
mod parse;
mod symbols;

pub use locale::{Locale, LocaleError};
pub use parse::{NumberError, parse_number};
