//! Dates and times: read as ISO 8601, written as a locale does it by ICU4X, and counted with.
//!
//! A date has no time zone of its own here: what the value says is what is written. `2026-01-31T23:30:00Z` is the
//! 31st everywhere.

use std::str::FromStr;

use icu_calendar::{Gregorian, Iso};
use icu_datetime::fieldsets::enums::CompositeDateTimeFieldSet;
use icu_datetime::fieldsets::{D, E, M, MD, MDE, T, Y, YM, YMD, YMDE};
use icu_datetime::input::{Date as IcuDate, DateTime as IcuDateTime, Time as IcuTime};
use icu_datetime::options::{Length, TimePrecision};
use icu_datetime::pattern::{DateTimePattern, FixedCalendarDateTimeNames};
use icu_datetime::{DateTimeFormatter, DateTimeFormatterPreferences};
use jiff::Span;
use jiff::civil::{Date, Time};
use jiff::fmt::temporal::Pieces;
use writeable::TryWriteable;

use super::kept::Kept;
use super::{FormatError, Locale};
use crate::template::reader::shorten;

/// Longest text that is read as a date, and longest pattern, in bytes.
const MAX_DATE_BYTES: usize = 100;

/// A day, and a time of it where the value has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub date: Date,
    pub time: Option<Time>,
    /// As the value writes it: `Z`, `+02:00` or nothing.
    zone: String,
}

/// Which parts of a date are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum DateParts {
    /// Year, month, day.
    Date,
    /// Those and the day of the week.
    WeekdayDate,
    Day,
    Weekday,
    Month,
    Year,
    DayMonth,
    WeekdayDayMonth,
    MonthYear,
}

/// How long a date is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum DateLength {
    /// `1/31/26`.
    Short,
    /// `Jan 31, 2026`.
    Medium,
    /// `January 31, 2026`.
    Long,
}

/// What `date('…')` may name: a style or parts of a date. Parts are long unless `length=` says otherwise.
pub(super) const STYLES: &[(&str, (DateParts, DateLength))] = &[
    ("short", (DateParts::Date, DateLength::Short)),
    ("medium", (DateParts::Date, DateLength::Medium)),
    ("long", (DateParts::Date, DateLength::Long)),
    ("full", (DateParts::WeekdayDate, DateLength::Long)),
    ("day", (DateParts::Day, DateLength::Long)),
    ("weekday", (DateParts::Weekday, DateLength::Long)),
    ("month", (DateParts::Month, DateLength::Long)),
    ("year", (DateParts::Year, DateLength::Long)),
    ("day_month", (DateParts::DayMonth, DateLength::Long)),
    ("weekday_day_month", (DateParts::WeekdayDayMonth, DateLength::Long)),
    ("month_year", (DateParts::MonthYear, DateLength::Long)),
];

/// Words for the lengths.
pub(super) const LENGTHS: &[(&str, DateLength)] =
    &[("short", DateLength::Short), ("medium", DateLength::Medium), ("long", DateLength::Long)];

/// How exact a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum TimeStyle {
    /// `6:30 PM`.
    Short,
    /// `6:30:15 PM`.
    Medium,
}

/// Words for the styles of times.
pub(super) const TIME_STYLES: &[(&str, TimeStyle)] = &[("short", TimeStyle::Short), ("medium", TimeStyle::Medium)];

impl FromStr for Moment {
    type Err = FormatError;

    /// `2026-01-31`, `2026-01-31T18:30`, `2026-01-31 18:30:15.5+02:00`.
    fn from_str(text: &str) -> Result<Self, FormatError> {
        let trimmed = text.trim();
        let wrong = || FormatError::NotADate { text: shorten(text) };
        if trimmed.len() > MAX_DATE_BYTES {
            return Err(wrong());
        }
        let pieces = Pieces::parse(trimmed).map_err(|_| wrong())?;
        let time = pieces.time();
        // The offset as written: what follows the time.
        let zone = match time {
            Some(_) => {
                let at = trimmed.char_indices().skip(11).find(|(_, c)| matches!(c, 'Z' | 'z' | '+' | '-' | '['));
                at.map_or("", |(at, _)| trimmed.get(at..).unwrap_or_default()).to_owned()
            }
            None => String::new(),
        };
        Ok(Self { date: pieces.date(), time, zone })
    }
}

impl Moment {
    /// As it is read.
    pub fn to_iso(&self) -> String {
        match self.time {
            None => self.date.to_string(),
            Some(time) => format!("{}T{time}{}", self.date, self.zone),
        }
    }

    /// Later, or earlier, by a span of the calendar: a month after 31 January is the last of February.
    ///
    /// # Errors
    /// Out of range.
    pub fn add(&self, span: Span) -> Result<Self, FormatError> {
        let out_of_range = |_| FormatError::DateOutOfRange;
        match self.time {
            // Parts of days count even where the value has no time; it keeps having none.
            None => {
                let moved = self.date.at(0, 0, 0, 0).checked_add(span).map_err(out_of_range)?;
                Ok(Self { date: moved.date(), time: None, zone: String::new() })
            }
            Some(time) => {
                let moved = self.date.to_datetime(time).checked_add(span).map_err(out_of_range)?;
                Ok(Self { date: moved.date(), time: Some(moved.time()), zone: self.zone.clone() })
            }
        }
    }

    /// Whole days from another day to this one, by the calendar; negative where this one is over.
    pub fn days_since(&self, other: &Self) -> i64 {
        other.date.until(self.date).map_or(0, |span| i64::from(span.get_days()))
    }

    /// Whole years from this day to another: the age of who was born on it. Who was born on 29 February has
    /// birthday on 1 March of other years.
    pub fn years_until(&self, other: &Self) -> i64 {
        let years = i64::from(other.date.year()) - i64::from(self.date.year());
        let is_before = (other.date.month(), other.date.day()) < (self.date.month(), self.date.day());
        years - i64::from(is_before)
    }

    /// As ICU4X takes it; midnight where there is no time.
    fn to_icu(&self) -> Result<IcuDateTime<Iso>, FormatError> {
        let (date, time) = (self.date, self.time.unwrap_or(Time::midnight()));
        let (month, day) = (date.month().unsigned_abs(), date.day().unsigned_abs());
        let (hour, minute, second) = (time.hour(), time.minute(), time.second());
        let date = IcuDate::try_new_iso(i32::from(date.year()), month, day);
        let time = IcuTime::try_new(hour.unsigned_abs(), minute.unsigned_abs(), second.unsigned_abs(), 0);
        match (date, time) {
            (Ok(date), Ok(time)) => Ok(IcuDateTime { date, time }),
            _ => Err(FormatError::DateOutOfRange),
        }
    }
}

/// What is written of a moment: parts of its date, its time, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct MomentStyle {
    pub date: Option<(DateParts, DateLength)>,
    pub time: Option<TimeStyle>,
}

/// A date, a time or both as the locale writes them, in its calendar: Gregorian nearly everywhere, Buddhist in Thai,
/// another by the tag (`th-TH-u-ca-gregory`).
///
/// # Errors
/// A time is asked of a date that has none.
pub(super) fn moment(value: &Moment, locale: &Locale, style: MomentStyle) -> Result<String, FormatError> {
    thread_local! {
        static FORMATTERS: Kept<(Locale, MomentStyle), DateTimeFormatter<CompositeDateTimeFieldSet>> = Kept::new();
    }
    if style.time.is_some() && value.time.is_none() {
        return Err(FormatError::NoTime { text: value.to_iso() });
    }
    let input = value.to_icu()?;
    FORMATTERS.with(|formatters| {
        let formatter = formatters.get_or((locale.clone(), style), |(locale, style)| formatter(locale, *style));
        Ok(formatter.format(&input).to_string())
    })
}

/// Field sets one by one, so that the compiler keeps only the patterns that these need.
fn formatter(locale: &Locale, style: MomentStyle) -> DateTimeFormatter<CompositeDateTimeFieldSet> {
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

/// Names and pattern, ready to write.
struct PatternNames {
    pattern: DateTimePattern,
    names: FixedCalendarDateTimeNames<Gregorian, CompositeDateTimeFieldSet>,
}

/// A date by a pattern of Unicode's date symbols (UTS 35: `EEEE, d. MMM y`), with the locale's names and digits and
/// the Gregorian calendar. The order and the signs are the pattern's own.
///
/// # Errors
/// A pattern that is none, or that asks for what a date has not.
pub(super) fn by_pattern(value: &Moment, locale: &Locale, pattern: &str) -> Result<String, FormatError> {
    thread_local! {
        static NAMES: Kept<(Locale, String), PatternNames> = Kept::new();
    }
    let wrong = |reason: String| FormatError::DatePattern { pattern: shorten(pattern), reason };
    let asks_time = {
        let mut is_quoted = false;
        pattern.chars().any(|c| {
            is_quoted ^= c == '\'';
            !is_quoted && matches!(c, 'a' | 'b' | 'B' | 'h' | 'H' | 'K' | 'k' | 'm' | 's')
        })
    };
    if asks_time && value.time.is_none() {
        return Err(FormatError::NoTime { text: value.to_iso() });
    }
    let input = value.to_icu()?;
    let input = IcuDateTime { date: input.date.to_calendar(Gregorian), time: input.time };
    NAMES.with(|names| {
        let names = names.get((locale.clone(), pattern.to_owned()), |(locale, text)| {
            if text.len() > MAX_DATE_BYTES {
                return Err(wrong(format!("it is longer than {MAX_DATE_BYTES} bytes")));
            }
            let pattern = DateTimePattern::try_from_pattern_str(text).map_err(|error| wrong(error.to_string()))?;
            let mut names =
                FixedCalendarDateTimeNames::try_new(locale.icu().into()).map_err(|error| wrong(error.to_string()))?;
            names.include_for_pattern(&pattern).map_err(|error| wrong(error.to_string()))?;
            Ok(PatternNames { pattern, names })
        })?;
        let formatted = names.names.with_pattern_unchecked(&names.pattern).format(&input);
        let written = formatted.try_write_to_string().map(std::borrow::Cow::into_owned);
        written.map_err(|(error, _)| wrong(error.to_string()))
    })
}

/// Whether a pattern could be used with any locale.
///
/// # Errors
/// It could not.
pub(super) fn check_pattern(pattern: &str) -> Result<(), FormatError> {
    let noon = Moment { date: Date::ZERO, time: Some(Time::midnight()), zone: String::new() };
    let english = Locale::parse("en").map_err(FormatError::from)?;
    by_pattern(&noon, &english, pattern).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Moment {
        text.parse().unwrap()
    }

    fn date(tag: &str, text: &str, style: &str) -> String {
        let locale = Locale::parse(tag).unwrap();
        let (_, style) = STYLES.iter().find(|(word, _)| *word == style).unwrap();
        moment(&at(text), &locale, MomentStyle { date: Some(*style), time: None }).unwrap()
    }

    #[test]
    fn dates_are_read_as_iso_8601() {
        assert_eq!(at("2026-01-31").to_iso(), "2026-01-31");
        assert_eq!(at(" 2026-01-31T18:30:00Z ").to_iso(), "2026-01-31T18:30:00Z");
        assert_eq!(at("2026-01-31 18:30").to_iso(), "2026-01-31T18:30:00");
        assert_eq!(at("2026-01-31T18:30:15.5+02:00").to_iso(), "2026-01-31T18:30:15.5+02:00");
        for wrong in ["", "31.01.2026", "2026-02-30", "2026-13-01", "tomorrow", "18:30", &"2".repeat(100_000)] {
            let error = wrong.parse::<Moment>().unwrap_err().to_string();
            assert!(error.starts_with("expected a date") && error.len() < 200, "{error}");
        }
    }

    #[test]
    fn dates_follow_the_locale() {
        for (tag, style, expected) in [
            ("en-US", "short", "1/31/26"),
            ("en-US", "medium", "Jan 31, 2026"),
            ("en-US", "long", "January 31, 2026"),
            ("en-US", "full", "Saturday, January 31, 2026"),
            ("en-US", "day_month", "January 31"),
            ("en-US", "month_year", "January 2026"),
            ("en-US", "weekday", "Saturday"),
            ("en-US", "year", "2026"),
            ("de-DE", "long", "31. Januar 2026"),
            ("de-DE", "day_month", "31. Januar"),
            ("en-GB", "long", "31 January 2026"),
            ("ja-JP", "long", "2026年1月31日"),
            ("th-TH", "long", "31 มกราคม 2569"),
            ("th-TH-u-ca-gregory", "month_year", "มกราคม ค.ศ. 2026"),
        ] {
            assert_eq!(date(tag, "2026-01-31", style), expected, "{tag} {style}");
        }
    }

    #[test]
    fn times_need_a_time() {
        let locale = Locale::parse("en-US").unwrap();
        let style = MomentStyle { date: None, time: Some(TimeStyle::Short) };
        assert_eq!(moment(&at("2026-01-31T18:30"), &locale, style).unwrap(), "6:30\u{202f}PM");
        let german = Locale::parse("de").unwrap();
        assert_eq!(moment(&at("2026-01-31T08:05"), &german, style).unwrap(), "08:05");
        let error = moment(&at("2026-01-31"), &locale, style).unwrap_err();
        assert_eq!(error.to_string(), "\"2026-01-31\" has no time of day");
        let both = MomentStyle { date: Some(STYLES[2].1), time: Some(TimeStyle::Medium) };
        let text = moment(&at("2026-01-31T18:30:15"), &locale, both).unwrap();
        assert_eq!(text, "January 31, 2026 at 6:30:15\u{202f}PM");
    }

    #[test]
    fn patterns_have_the_names_of_the_locale() {
        let of = |tag: &str, pattern: &str| {
            by_pattern(&at("2026-01-31T18:30"), &Locale::parse(tag).unwrap(), pattern).map_err(|e| e.to_string())
        };
        assert_eq!(of("de", "EEE, d. MMM").unwrap(), "Sa., 31. Jan.");
        assert_eq!(of("pl", "d MMMM y").unwrap(), "31 stycznia 2026");
        assert_eq!(of("en", "'Week of' dd/MM/yyyy HH:mm").unwrap(), "Week of 31/01/2026 18:30");
        assert!(of("en", "jj").unwrap_err().contains("cannot be used"));
        assert!(of("en", "EEE EEEE").unwrap_err().contains("cannot be used"));
        assert!(of("en", &"d".repeat(1_000_000)).unwrap_err().len() < 300);
        let no_time = by_pattern(&at("2026-01-31"), &Locale::parse("en").unwrap(), "HH:mm");
        assert!(no_time.unwrap_err().to_string().contains("no time"));
        assert!(by_pattern(&at("2026-01-31"), &Locale::parse("en").unwrap(), "d 'hams'").is_ok());
    }

    #[test]
    fn dates_are_counted_by_the_calendar() {
        let add = |text: &str, span: Span| at(text).add(span).unwrap().to_iso();
        assert_eq!(add("2026-01-31", Span::new().months(1)), "2026-02-28");
        assert_eq!(add("2026-12-30", Span::new().days(3)), "2027-01-02");
        assert_eq!(add("2026-01-31T23:00:00Z", Span::new().hours(2)), "2026-02-01T01:00:00Z");
        assert_eq!(add("2026-01-31", Span::new().hours(49)), "2026-02-02");
        assert_eq!(at("9999-12-31").add(Span::new().days(1)), Err(FormatError::DateOutOfRange));
        assert_eq!(at("2026-03-01").days_since(&at("2026-02-26T23:59:00Z")), 3);
        assert_eq!(at("2026-02-26").days_since(&at("2026-03-01")), -3);
        for (born, today, age) in [
            ("1990-05-17", "2026-05-16", 35),
            ("1990-05-17", "2026-05-17", 36),
            ("2004-02-29", "2026-02-28", 21),
            ("2004-02-29", "2026-03-01", 22),
        ] {
            assert_eq!(at(born).years_until(&at(today)), age, "{born} {today}");
        }
    }
}
