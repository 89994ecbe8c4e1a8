//! Dates and times as a locale writes them.
//!
//! Whole dates and times by CLDR's patterns ([`super::data`]), parts of dates by ICU4X's skeletons
//! ([`super::date_fields`]); names and digits by ICU4X in both.

use icu_calendar::{AnyCalendarKind, Gregorian, Iso};
use icu_datetime::DateTimeFormatter;
use icu_datetime::fieldsets::enums::CompositeDateTimeFieldSet;
use icu_datetime::input::DateTime as IcuDateTime;
use icu_datetime::pattern::{DateTimePattern, FixedCalendarDateTimeNames};
use jiff::civil::{Date, Time};
use writeable::TryWriteable;

use super::data::{self, DATES};
use super::kept::Kept;
use super::moment::Moment;
use super::{FormatError, Locale, date_fields};
use crate::template::reader::shorten;

/// Longest pattern, in bytes.
const MAX_PATTERN_BYTES: usize = 100;

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
        static WRITERS: Kept<(Locale, MomentStyle), Writer> = Kept::new();
    }
    if style.time.is_some() && value.time.is_none() {
        return Err(FormatError::NoTime { text: value.to_iso() });
    }
    let input = value.to_icu()?;
    WRITERS.with(|writers| {
        let writer = writers.get_or((locale.clone(), style), |(locale, style)| Writer::new(locale, *style));
        match &*writer {
            Writer::Pattern(pattern) => pattern.write(input),
            Writer::Fields(formatter) => Ok(formatter.format(&input).to_string()),
        }
    })
}

/// What writes one style.
enum Writer {
    /// CLDR's own patterns of whole dates and times. ICU4X composes its from fields, which is not always what CLDR
    /// says of a whole date: Danish loses its `den`, Portuguese its month.
    Pattern(Box<PatternWriter>),
    /// Parts of dates, and other calendars.
    Fields(Box<DateTimeFormatter<CompositeDateTimeFieldSet>>),
}

impl Writer {
    fn new(locale: &Locale, style: MomentStyle) -> Self {
        let fields = date_fields::formatter(locale, style);
        let is_gregorian = style.date.is_none() || fields.calendar().kind() == AnyCalendarKind::Gregorian;
        // An hour cycle that the tag asks for is not in the patterns.
        let is_usual_time = style.time.is_none() || !locale.tag().contains("-hc-");
        let pattern = if is_gregorian && is_usual_time { style_pattern(locale, style) } else { None };
        match pattern.map(|pattern| PatternWriter::new(locale, &pattern)) {
            Some(Ok(writer)) => Self::Pattern(Box::new(writer)),
            _ => Self::Fields(Box::new(fields)),
        }
    }
}

/// The pattern that CLDR has for a style, if it has one.
fn style_pattern(locale: &Locale, style: MomentStyle) -> Option<String> {
    let lines = data::lines_of(DATES, locale);
    let cell = |column: usize| data::cell(&lines, column);
    let length = match style.date {
        None => None,
        Some((DateParts::Date, DateLength::Short)) => Some(0),
        Some((DateParts::Date, DateLength::Medium)) => Some(1),
        Some((DateParts::Date, DateLength::Long)) => Some(2),
        Some((DateParts::WeekdayDate, DateLength::Long)) => Some(3),
        Some((DateParts::WeekdayDayMonth, DateLength::Long)) if style.time.is_none() => Some(10),
        Some(_) => return None,
    };
    let time = style.time.map(|time| match time {
        TimeStyle::Short => 4,
        TimeStyle::Medium => 5,
    });
    match (length, time) {
        (None, None) => None,
        (Some(date), None) => cell(date),
        (None, Some(time)) => cell(time),
        (Some(date), Some(time)) => Some(cell(6 + date)?.replace("{1}", &cell(date)?).replace("{0}", &cell(time)?)),
    }
}

/// A pattern and the names that it needs.
struct PatternWriter {
    text: String,
    pattern: DateTimePattern,
    names: FixedCalendarDateTimeNames<Gregorian, CompositeDateTimeFieldSet>,
}

impl PatternWriter {
    fn new(locale: &Locale, text: &str) -> Result<Self, FormatError> {
        let wrong = |reason: String| wrong_pattern(text, reason);
        if text.len() > MAX_PATTERN_BYTES {
            return Err(wrong(format!("it is longer than {MAX_PATTERN_BYTES} bytes")));
        }
        if let Some(letter) = unknown_symbol(text) {
            return Err(wrong(format!("\"{letter}\" is no symbol of a date: put words in single quotes")));
        }
        let pattern = DateTimePattern::try_from_pattern_str(text).map_err(|error| wrong(error.to_string()))?;
        let names = FixedCalendarDateTimeNames::try_new(locale.icu().into());
        let mut names = names.map_err(|error| wrong(error.to_string()))?;
        names.include_for_pattern(&pattern).map_err(|error| wrong(error.to_string()))?;
        Ok(Self { text: text.to_owned(), pattern, names })
    }

    fn write(&self, input: IcuDateTime<Iso>) -> Result<String, FormatError> {
        let input = IcuDateTime { date: input.date.to_calendar(Gregorian), time: input.time };
        let formatted = self.names.with_pattern_unchecked(&self.pattern).format(&input);
        let written = formatted.try_write_to_string().map(std::borrow::Cow::into_owned);
        written.map_err(|(error, _)| wrong_pattern(&self.text, error.to_string()))
    }
}

fn wrong_pattern(pattern: &str, reason: String) -> FormatError {
    FormatError::DatePattern { pattern: shorten(pattern), reason }
}

/// A date by a pattern of Unicode's date symbols (UTS 35: `EEEE, d. MMM y`), with the locale's names and digits and
/// the Gregorian calendar. The order and the signs are the pattern's own.
///
/// # Errors
/// A pattern that is none, or that asks for what a date has not.
pub(super) fn by_pattern(value: &Moment, locale: &Locale, pattern: &str) -> Result<String, FormatError> {
    thread_local! {
        static WRITERS: Kept<(Locale, String), PatternWriter> = Kept::new();
    }
    if value.time.is_none() && asks_for_time(pattern) {
        return Err(FormatError::NoTime { text: value.to_iso() });
    }
    let input = value.to_icu()?;
    WRITERS.with(|writers| {
        let key = (locale.clone(), pattern.to_owned());
        writers.get(key, |(locale, pattern)| PatternWriter::new(locale, pattern))?.write(input)
    })
}

/// The letters of a pattern outside of quotes.
fn symbols(pattern: &str) -> impl Iterator<Item = char> {
    let mut is_quoted = false;
    pattern.chars().filter(move |c| {
        is_quoted ^= *c == '\'';
        !is_quoted && c.is_ascii_alphabetic()
    })
}

/// The first letter that means nothing in a pattern, or nothing that a date has.
fn unknown_symbol(pattern: &str) -> Option<char> {
    symbols(pattern).find(|c| !"GyMLdEceabBhHKkms".contains(*c))
}

/// Whether a pattern has a symbol of a time of day.
fn asks_for_time(pattern: &str) -> bool {
    symbols(pattern).any(|c| "abBhHKkms".contains(c))
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
        for wrong in ["d 'x", "EEEEEEEEE", "foo"] {
            assert!(of("en", wrong).unwrap_err().contains("cannot be used"), "{wrong}");
        }
        assert!(of("en", "EEE EEEE").unwrap_err().contains("cannot be used"));
        assert!(of("en", &"d".repeat(1_000_000)).unwrap_err().len() < 300);
        let no_time = by_pattern(&at("2026-01-31"), &Locale::parse("en").unwrap(), "HH:mm");
        assert!(no_time.unwrap_err().to_string().contains("no time"));
        assert!(by_pattern(&at("2026-01-31"), &Locale::parse("en").unwrap(), "d 'hams'").is_ok());
    }

    #[test]
    fn every_line_of_the_table_writes() {
        let (date, time) = (STYLES[3].1, Some(TimeStyle::Short));
        for line in DATES.lines().filter(|line| !line.starts_with('#')) {
            let tag = line.split('|').next().unwrap().replace("root", "und");
            let locale = Locale::parse(&tag).unwrap();
            for (_, date) in STYLES {
                let text = moment(&at("2026-01-31"), &locale, MomentStyle { date: Some(*date), time: None }).unwrap();
                assert!(text.contains(char::is_alphanumeric), "{tag} {date:?}");
            }
            moment(&at("2026-01-31T18:30"), &locale, MomentStyle { date: Some(date), time }).unwrap();
        }
    }
}
