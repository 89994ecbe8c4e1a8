//! The one time that all variants of a run see as `now`: given, or taken from the clock once.
//!
//! RFC 3339 in UTC, to the second. Expressions never see the clock itself.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::template::Now;

/// The time of the call.
pub fn current() -> Now {
    // A clock before 1970 is wrong; any time will do then.
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Now::new(rfc3339(seconds))
}

/// A time from a flag: `2025-01-31T12:00:00Z` or with an offset such as `+01:00`.
///
/// # Errors
/// When it is no such time.
pub fn parse(text: &str) -> Result<Now, String> {
    match is_rfc3339(text) {
        true => Ok(Now::new(text)),
        false => Err("expected a time such as 2025-01-31T12:00:00Z".to_owned()),
    }
}

fn rfc3339(unix_seconds: u64) -> String {
    let (days, second) = (unix_seconds / 86_400, unix_seconds % 86_400);
    let (year, month, day) = civil_from_days(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Days since 1970-01-01 as year, month and day of the Gregorian calendar:
/// <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>, for days from 1970 on.
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

/// `date-time` of RFC 3339, section 5.6.
fn is_rfc3339(text: &str) -> bool {
    let Some((date, time)) = text.split_once(['T', 't']) else { return false };
    let Some(offset_at) = time.find(['Z', 'z', '+', '-']) else { return false };
    let (clock, offset) = time.split_at(offset_at);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let offset_is_right = match offset.strip_prefix(['+', '-']) {
        Some(offset) => fields(offset, ':', &[2, 2]).is_some_and(|parts| parts[0] <= 23 && parts[1] <= 59),
        None => offset.len() == 1,
    };
    let date_is_right = fields(date, '-', &[4, 2, 2])
        .is_some_and(|parts| (1..=12).contains(&parts[1]) && (1..=days_in(parts[0], parts[1])).contains(&parts[2]));
    let clock_is_right =
        fields(clock, ':', &[2, 2, 2]).is_some_and(|parts| parts[0] <= 23 && parts[1] <= 59 && parts[2] <= 60);
    let fraction_is_right = !fraction.is_empty() && fraction.len() <= 9 && fraction.bytes().all(|b| b.is_ascii_digit());
    date_is_right && clock_is_right && fraction_is_right && offset_is_right
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Numbers of exactly these many digits between separators.
fn fields(text: &str, separator: char, digits: &[usize]) -> Option<Vec<u32>> {
    let parts: Vec<&str> = text.split(separator).collect();
    let has_digits =
        |(part, &digits): (&&str, &usize)| part.len() == digits && part.bytes().all(|b| b.is_ascii_digit());
    if parts.len() != digits.len() || !parts.iter().zip(digits).all(has_digits) {
        return None;
    }
    parts.iter().map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_become_dates() {
        // `date -u -d @N +%FT%TZ`
        let cases = [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ];
        for (seconds, text) in cases {
            assert_eq!(rfc3339(seconds), text);
            assert!(is_rfc3339(text), "{text}");
        }
        assert!(is_rfc3339(&current().0));
    }

    #[test]
    fn only_times_with_an_offset_are_times() {
        for text in ["2025-01-31T12:00:00Z", "2025-01-31t12:00:00.123456+05:30", "2024-02-29T00:00:60-00:00"] {
            assert!(parse(text).is_ok(), "{text}");
        }
        let wrong = [
            "",
            "now",
            "2025-01-31",
            "2025-01-31T12:00:00",
            "2025-02-29T00:00:00Z",
            "2025-13-01T00:00:00Z",
            "2025-01-31T24:00:00Z",
            "2025-1-31T12:00:00Z",
            "2025-01-31T12:00:00.Z",
            "2025-01-31T12:00:00+0100",
            "2025-01-31T12:00:00Zé",
            "+025-01-31T12:00:00Z",
        ];
        for text in wrong {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
