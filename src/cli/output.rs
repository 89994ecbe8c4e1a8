//! Printing: lines that survive a closed pipe, numbers for people, text that cannot harm a terminal.

use std::fmt::Display;
use std::io::{self, Write};

use anyhow::Context;
use serde::Serialize;

/// Prints lines to standard output. A reader that went away is no error.
///
/// # Errors
/// Any other failure, such as a full disk behind a redirection.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| match text.ends_with('\n') {
        true => Ok(()),
        false => out.write_all(b"\n"),
    });
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to standard output")
        }
        _ => Ok(()),
    }
}

/// Prints one line of JSON.
///
/// # Errors
/// As for [`print`].
pub fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    print(&serde_json::to_string(value).context("cannot write JSON")?)
}

/// A line on standard error. Where that is closed nobody can be told.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// An error on standard error: every line of it is one mistake, an indented one belongs to the line above it.
pub fn error(error: &anyhow::Error) {
    for line in format!("{error:#}").lines() {
        match line.starts_with(' ') {
            true => note(line),
            false => note(&format!("error: {line}")),
        }
    }
}

/// Text from a row or a template, on one line: at most `max_chars`, nothing that moves the cursor.
pub fn shown(text: &str, max_chars: usize) -> String {
    let mut shown = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == max_chars {
            shown.push('…');
            break;
        }
        // Besides control characters those that turn or break the line.
        if c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A length in decimal units: `402 MB`.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    // 999.5 would be shown as 1000.
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let decimals = usize::from(value < 9.95);
    format!("{value:.decimals$} {}", UNITS[unit])
}

/// A length of memory, as drivers count it: `48 MiB`.
pub fn memory(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let decimals = usize::from(value.fract() >= 0.05 && value < 10.0);
    format!("{value:.decimals$} {}", UNITS[unit])
}

/// `1 variant`, `2 variants`.
pub fn counted(count: u64, noun: impl Display) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_rounded_for_people() {
        let cases = [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (9_960, "10 kB"), (999_600, "1.0 MB")];
        for (length, text) in cases {
            assert_eq!(bytes(length), text);
        }
        assert_eq!(bytes(402_400_000), "402 MB");
        assert_eq!(bytes(u64::MAX), "18446744 TB");
        assert_eq!(memory(48 << 20), "48 MiB");
        assert_eq!(memory(3 << 29), "1.5 GiB");
        assert_eq!(memory(512), "0.5 KiB");
    }

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(shown("a\u{1b}[2Jb\nc\u{202e}d", 100), "a\\u{1b}[2Jb\\nc\\u{202e}d");
        assert_eq!(shown("été", 2), "ét…");
        assert_eq!(shown("été", 3), "été");
    }

    #[test]
    fn one_is_singular() {
        assert_eq!(counted(1, "row"), "1 row");
        assert_eq!(counted(0, "row"), "0 rows");
    }
}
