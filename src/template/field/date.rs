//! Dates: ISO 8601 always, other shapes by the field's `format`.
//!
//! A date's value in expressions is ISO 8601 text, `2026-01-31` or `2026-01-31T10:00:00+01:00`, whatever the data
//! has. Names of months and days are English.

use jiff::civil::DateTime;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::fmt::temporal::{DateTimeParser, PiecesOffset};
use jiff::tz::Offset;

use crate::template::scalar::Mismatch;

/// Longest date in bytes.
const MAX_BYTES: usize = 128;
/// Years that can be written.
const YEARS: std::ops::RangeInclusive<i16> = 0..=9_999;

/// How dates are written in the data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DateSyntax {
    format: Option<Format>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Format {
    /// As the template writes it.
    written: String,
    strptime: String,
    has_time: bool,
    /// Whether it starts with the year, so that an ISO date could be read wrongly by it.
    is_like_iso: bool,
}

impl DateSyntax {
    /// A format such as `DD.MM.YYYY` or `%d.%m.%Y`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(written: &str) -> Result<Self, String> {
        let strptime = if written.contains('%') { written.to_owned() } else { to_strptime(written)? };
        let sample = DateTime::constant(2026, 11, 28, 13, 45, 50, 0);
        let mut parts = BrokenDownTime::from(sample);
        parts.set_offset(Some(Offset::UTC));
        let text = parts.to_string(&strptime).map_err(|error| format!("not a format of dates: {error}"))?;
        let back =
            BrokenDownTime::parse(&strptime, &text).map_err(|error| format!("not a format of dates: {error}"))?;
        if back.to_date().is_err() {
            return Err("a format of dates needs year, month and day, such as DD.MM.YYYY".to_owned());
        }
        let has_time = back.hour().is_some();
        let is_like_iso = ["%Y-", "%F"].iter().any(|start| strptime.starts_with(start));
        Ok(Self { format: Some(Format { written: written.to_owned(), strptime, has_time, is_like_iso }) })
    }

    /// Reads a date as ISO 8601 text.
    ///
    /// # Errors
    /// Not a date, or in no shape that is known.
    pub fn read(&self, text: &str) -> Result<String, Mismatch> {
        let text = text.trim();
        if text.len() > MAX_BYTES {
            return Err(Mismatch::expected("a date"));
        }
        match &self.format {
            None => {
                iso(text).ok_or_else(|| Mismatch { expected: "a date such as 2026-01-31".into(), detail: advice(text) })
            }
            Some(format) => {
                let read = format.read(text).or_else(|| if format.is_like_iso { None } else { iso(text) });
                read.ok_or_else(|| Mismatch::expected(format!("a date written {} or as ISO 8601", format.written)))
            }
        }
    }
}

impl Format {
    fn read(&self, text: &str) -> Option<String> {
        let parts = BrokenDownTime::parse(&self.strptime, text).ok()?;
        let date = parts.to_date().ok().filter(|date| YEARS.contains(&date.year()))?;
        if !self.has_time {
            return Some(date.to_string());
        }
        let time = parts.to_time().ok()?;
        let offset = parts.offset().map(offset_text).unwrap_or_default();
        Some(format!("{}{offset}", date.to_datetime(time)))
    }
}

/// An offset as ISO 8601 writes it.
fn offset_text(offset: Offset) -> String {
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// An ISO 8601 date, with a time and offset or without.
fn iso(text: &str) -> Option<String> {
    let pieces = DateTimeParser::new().parse_pieces(text).ok()?;
    let date = pieces.date();
    if !YEARS.contains(&date.year()) {
        return None;
    }
    let Some(time) = pieces.time() else {
        return pieces.offset().is_none().then(|| date.to_string());
    };
    let offset = match pieces.offset() {
        Some(PiecesOffset::Zulu) => "Z".to_owned(),
        Some(offset) => offset_text(offset.to_numeric_offset()),
        // A zone by name alone says no offset here: which one it has is not known without its history.
        None if pieces.time_zone_annotation().is_some() => return None,
        None => String::new(),
    };
    Some(format!("{}{offset}", date.to_datetime(time)))
}

/// What a person can do about a text that is no ISO date.
fn advice(text: &str) -> Option<String> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if is_number && matches!(text.parse::<u32>(), Ok(20_000..=80_000)) {
        return Some(
            "this looks like a spreadsheet's own count of days, format the column as YYYY-MM-DD before it is saved"
                .to_owned(),
        );
    }
    let formats = formats_of(text);
    let quoted: Vec<String> = formats.iter().map(|format| format!("format: \"{format}\"")).collect();
    (!quoted.is_empty()).then(|| format!("say how the data writes dates, with {} in the field", quoted.join(" or ")))
}

/// The formats that a date of three numbers could be in.
fn formats_of(text: &str) -> Vec<String> {
    let is_separator = |c: char| matches!(c, '.' | '/' | '-' | ' ');
    let Some(separator) = text.chars().find(|c| is_separator(*c)) else {
        return Vec::new();
    };
    let parts: Vec<&str> = text.split(separator).collect();
    let numbers: Vec<u32> = parts.iter().filter_map(|part| part.parse().ok()).collect();
    if parts.len() != 3 || numbers.len() != 3 || parts.iter().any(|part| part.len() > 4) {
        return Vec::new();
    }
    let orders: &[[&str; 3]] = match parts[2].len() {
        4 => &[["DD", "MM", "YYYY"], ["MM", "DD", "YYYY"]],
        2 if parts[0].len() == 4 => &[["YYYY", "MM", "DD"], ["YYYY", "DD", "MM"]],
        2 => &[["DD", "MM", "YY"], ["MM", "DD", "YY"]],
        _ => &[],
    };
    let fits = |order: &&[&str; 3]| {
        order.iter().zip(&numbers).all(|(part, number)| match *part {
            "DD" => (1..=31).contains(number),
            "MM" => (1..=12).contains(number),
            _ => true,
        })
    };
    let mut formats: Vec<String> = orders.iter().filter(fits).map(|order| order.join(&separator.to_string())).collect();
    if separator == '.' {
        // Nobody writes the month first with points.
        formats.truncate(1);
    }
    formats
}

/// `DD.MM.YYYY` as `strptime` has it.
fn to_strptime(written: &str) -> Result<String, String> {
    let chars: Vec<char> = written.chars().collect();
    let has_month = written.contains('M');
    let mut strptime = String::new();
    let mut is_after_hour = false;
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        if c == '\'' {
            let end = chars[at + 1..].iter().position(|c| *c == '\'').ok_or("a quote has no end")?;
            strptime.extend(&chars[at + 1..at + 1 + end]);
            at += end + 2;
            continue;
        }
        let count = chars[at..].iter().take_while(|next| **next == c).count();
        let directive = match (c, count) {
            ('Y' | 'y', 4) => "%Y",
            ('Y' | 'y', 2) => "%y",
            ('M', 1 | 2) if is_after_hour => "%M",
            ('m', 1 | 2) if !is_after_hour && !has_month => "%m",
            ('m', 1 | 2) => "%M",
            ('M', 1 | 2) => "%m",
            ('M', 3) => "%b",
            ('M', 4) => "%B",
            ('D' | 'd', 1 | 2) => "%d",
            ('D' | 'd', 3) => "%a",
            ('D' | 'd', 4) => "%A",
            ('H', 1 | 2) => "%H",
            ('h', 1 | 2) => "%I",
            ('s' | 'S', 1 | 2) => "%S",
            ('a' | 'A', 1 | 2) => "%p",
            ('Z', 1) => "%:z",
            ('T', 1) => "T",
            (c, _) if c.is_alphabetic() => {
                let token: String = std::iter::repeat_n(c, count.min(8)).collect();
                return Err(format!(
                    "\"{token}\" is no part of a date: YYYY, YY, MM, MMM, MMMM, DD, HH, hh, mm, ss, A and Z are, \
                     words stand in 'single quotes'"
                ));
            }
            _ => {
                strptime.extend(std::iter::repeat_n(c, count));
                at += count;
                continue;
            }
        };
        is_after_hour = matches!(directive, "%H" | "%I");
        strptime.push_str(directive);
        at += count;
    }
    Ok(strptime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_dates_are_of_the_calendar_and_come_back_alike() {
        let read = |text: &str| DateSyntax::default().read(text).ok();
        for (text, expected) in [
            ("2026-01-31", "2026-01-31"),
            (" 2024-02-29 ", "2024-02-29"),
            ("2026-01-31T13:45:00Z", "2026-01-31T13:45:00Z"),
            ("2026-01-31 13:45", "2026-01-31T13:45:00"),
            ("2026-01-31T13:45:00.5+02:00", "2026-01-31T13:45:00.5+02:00"),
            ("2026-01-31T10:00:00-0330", "2026-01-31T10:00:00-03:30"),
            ("20260131", "2026-01-31"),
            ("2026-01-31T10:00:00+01:00[Europe/Berlin]", "2026-01-31T10:00:00+01:00"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
        for wrong in [
            "2026-02-29",
            "31.01.2026",
            "2026-1-1",
            "2026-13-01",
            "2026-01-31T25:00",
            "2026-01-31T",
            "+026-01-01",
            "é",
            "2026-01-31T10:00[Europe/Berlin]",
            "-000001-01-01",
            "",
            "tomorrow",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn other_shapes_are_read_by_the_fields_format() {
        for (format, text, expected) in [
            ("DD.MM.YYYY", "31.01.2026", "2026-01-31"),
            ("DD.MM.YYYY", "1.2.2026", "2026-02-01"),
            ("dd.mm.yyyy", "31.01.2026", "2026-01-31"),
            ("D/M/YY", "5/1/26", "2026-01-05"),
            ("MM/DD/YYYY", "01/31/2026", "2026-01-31"),
            ("MMMM D, YYYY", "January 31, 2026", "2026-01-31"),
            ("DD MMM YYYY", "31 Jan 2026", "2026-01-31"),
            ("DD.MM.YYYY HH:mm", "31.01.2026 13:45", "2026-01-31T13:45:00"),
            ("DD.MM.YYYY HH:MM:SS", "31.01.2026 13:45:10", "2026-01-31T13:45:10"),
            ("MM/DD/YYYY h:mm A", "01/31/2026 1:45 PM", "2026-01-31T13:45:00"),
            ("YYYYMMDD", "20260131", "2026-01-31"),
            ("YYYY-MM-DDTHH:mm:ssZ", "2026-01-31T10:00:00+01:00", "2026-01-31T10:00:00+01:00"),
            ("'am' DD.MM.YYYY", "am 31.01.2026", "2026-01-31"),
            ("%d.%m.%Y", "31.01.2026", "2026-01-31"),
            ("YYYY-DD-MM", "2026-05-01", "2026-01-05"),
            // ISO 8601 is always read.
            ("DD.MM.YYYY", "2026-01-31", "2026-01-31"),
        ] {
            let read = DateSyntax::new(format).unwrap().read(text);
            assert_eq!(read.as_deref(), Ok(expected), "{format}: {text}");
        }
        let error = DateSyntax::new("DD.MM.YYYY").unwrap().read("01/31/2026").unwrap_err();
        assert_eq!(error.expected, "a date written DD.MM.YYYY or as ISO 8601");
        assert!(DateSyntax::new("YYYY-DD-MM").unwrap().read("2026-01-31").is_err());
    }

    #[test]
    fn wrong_formats_are_mistakes_of_the_template() {
        for (format, expected) in [
            ("DD.MM", "needs year, month and day"),
            ("QQ YYYY", "\"QQ\" is no part of a date"),
            ("%!", "not a format of dates"),
            ("%A", "needs year, month and day"),
            ("%", "not a format of dates"),
            ("'x", "a quote has no end"),
            ("", "needs year"),
            ("HH:mm", "needs year"),
        ] {
            let error = DateSyntax::new(format).unwrap_err();
            assert!(error.contains(expected), "{format}: {error}");
        }
    }

    #[test]
    fn other_shapes_without_a_format_say_which_one_to_write() {
        let advice = |text: &str| DateSyntax::default().read(text).unwrap_err().detail.unwrap_or_default();
        for (text, expected) in [
            ("31.01.2026", "say how the data writes dates, with format: \"DD.MM.YYYY\" in the field"),
            ("01/31/2026", "say how the data writes dates, with format: \"MM/DD/YYYY\" in the field"),
            ("01/02/2026", "with format: \"DD/MM/YYYY\" or format: \"MM/DD/YYYY\" in the field"),
            ("05.02.26", "with format: \"DD.MM.YY\" in the field"),
            ("2026/01/31", "with format: \"YYYY/MM/DD\" in the field"),
            ("46053", "a spreadsheet's own count of days"),
            ("soon", ""),
        ] {
            let got = advice(text);
            assert!(got.ends_with(expected) || got.contains(expected) && !expected.is_empty(), "{text}: {got}");
        }
    }
}
