//! ICU4X's formatters for parts of a date, by its semantic skeletons.

use icu_datetime::fieldsets::enums::CompositeDateTimeFieldSet;
use icu_datetime::fieldsets::{D, E, M, MD, MDE, T, Y, YM, YMD, YMDE};
use icu_datetime::options::{Length, TimePrecision};
use icu_datetime::{DateTimeFormatter, DateTimeFormatterPreferences};

use super::Locale;
use super::date::{DateLength, DateParts, MomentStyle, TimeStyle};

/// Field sets one by one, so that the compiler keeps only the patterns that these need.
pub(super) fn formatter(locale: &Locale, style: MomentStyle) -> DateTimeFormatter<CompositeDateTimeFieldSet> {
    let preferences = DateTimeFormatterPreferences::from(locale.icu());
    let precision = |style| match style {
        TimeStyle::Short => TimePrecision::Minute,
        TimeStyle::Medium => TimePrecision::Second,
    };
    let long = |length| match length {
        DateLength::Short => Length::Short,
        DateLength::Medium => Length::Medium,
        DateLength::Long => Length::Long,
    };
    macro_rules! build {
        ($fields:expr) => {
            DateTimeFormatter::try_new(preferences, $fields)
                .expect("compiled data falls back to the root locale")
                .cast_into_fset()
        };
    }
    match (style.date, style.time.map(precision)) {
        (None, time) => build!(T::for_length(Length::Short).with_time_precision(time.unwrap_or(TimePrecision::Minute))),
        (Some((parts, length)), None) => {
            let length = long(length);
            match parts {
                DateParts::Date => build!(YMD::for_length(length)),
                DateParts::WeekdayDate => build!(YMDE::for_length(length)),
                DateParts::Day => build!(D::for_length(length)),
                DateParts::Weekday => build!(E::for_length(length)),
                DateParts::Month => build!(M::for_length(length)),
                DateParts::Year => build!(Y::for_length(length)),
                DateParts::DayMonth => build!(MD::for_length(length)),
                DateParts::WeekdayDayMonth => build!(MDE::for_length(length)),
                DateParts::MonthYear => build!(YM::for_length(length)),
            }
        }
        (Some((parts, length)), Some(time)) => {
            let length = long(length);
            match parts {
                DateParts::WeekdayDate => build!(YMDE::for_length(length).with_time(time)),
                DateParts::DayMonth => build!(MD::for_length(length).with_time(time)),
                DateParts::WeekdayDayMonth => build!(MDE::for_length(length).with_time(time)),
                DateParts::Weekday => build!(E::for_length(length).with_time(time)),
                DateParts::Day | DateParts::Month | DateParts::Year | DateParts::MonthYear | DateParts::Date => {
                    build!(YMD::for_length(length).with_time(time))
                }
            }
        }
    }
}
