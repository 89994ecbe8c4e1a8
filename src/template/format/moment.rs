//! Days and times as rows bring them: read as ISO 8601, counted with by jiff.
//!
//! A date has no time zone of its own here: what the value says is what is written. `2026-01-31T23:30:00Z` is the
//! 31st everywhere.

use std::str::FromStr;

use icu_calendar::Iso;
use icu_datetime::input::{Date as IcuDate, DateTime as IcuDateTime, Time as IcuTime};
use jiff::Span;
use jiff::civil::{Date, Time};
use jiff::fmt::temporal::Pieces;

use super::FormatError;
use crate::template::reader::shorten;

/// Longest text that is read as a date, in bytes.
const MAX_DATE_BYTES: usize = 100;

/// A day, and a time of it where the value has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub date: Date,
    pub time: Option<Time>,
    /// As the value writes it: `Z`, `+02:00` or nothing.
    pub(super) zone: String,
}

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
    pub(super) fn to_icu(&self) -> Result<IcuDateTime<Iso>, FormatError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Moment {
        text.parse().unwrap()
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
