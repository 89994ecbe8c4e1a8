//! The two mistakes that YAML turns into something else, found by looking at the source text.
//!
//! `fill: #0f172a` is a key without a value and a comment; `text: {{ name }}` is a mapping whose key is a
//! mapping. Neither message of a YAML reader would help. Only asked once something is already wrong.

use std::collections::HashMap;

use super::error::Position;

/// The last trap on or before `line`, with what to write instead.
pub(super) fn explain(source: &str, line: usize) -> Option<(Position, String)> {
    let lines: Vec<&str> = source.lines().take(line).collect();
    lines.iter().enumerate().rev().find_map(|(index, text)| {
        let (column, message) = trap_in(text)?;
        Some((Position::new(index + 1, column), message))
    })
}

/// Lines whose value is a colour lost in a comment: column of the `#` and message, by line number.
pub(super) fn swallowed_colors(source: &str) -> HashMap<usize, (usize, String)> {
    let comment = |line: &str, column: usize| line.chars().nth(column - 1) == Some('#');
    source
        .lines()
        .enumerate()
        .filter_map(|(index, line)| {
            let trap = trap_in(line).filter(|(column, _)| comment(line, *column))?;
            Some((index + 1, trap))
        })
        .collect()
}

fn trap_in(line: &str) -> Option<(usize, String)> {
    let mut quote = None;
    let mut before = None;
    let mut gap = false;
    for (column, (at, c)) in line.char_indices().enumerate() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if (c == '"' || c == '\'') && gap_or_opening(before, gap) => quote = Some(c),
            None if c == '{' && line[at..].starts_with("{{") && matches!(before, Some(':' | ',' | '[' | '-')) => {
                return Some((column + 1, braces_message(&line[at..])));
            }
            None if c == '#' && gap => {
                let value_expected = matches!(before, Some(':' | '-' | ','));
                return match hex_color(&line[at..]) {
                    Some(color) if value_expected => Some((column + 1, color_message(color))),
                    _ => None,
                };
            }
            None => {}
        }
        gap = c.is_whitespace();
        if !gap {
            before = Some(c);
        }
    }
    None
}

/// A quote opens a string only where a value may begin; elsewhere it is an apostrophe.
fn gap_or_opening(before: Option<char>, gap: bool) -> bool {
    gap || matches!(before, None | Some('[' | '{' | ',' | ':'))
}

fn hex_color(text: &str) -> Option<&str> {
    let digits = text.strip_prefix('#')?;
    let length = digits.bytes().take_while(u8::is_ascii_hexdigit).count();
    let ends = !digits[length..].starts_with(|c: char| c.is_alphanumeric());
    (matches!(length, 3 | 4 | 6 | 8) && ends).then(|| &text[..length + 1])
}

fn color_message(color: &str) -> String {
    format!("a # begins a comment in YAML, so this colour is lost: write it in quotes, \"{color}\"")
}

fn braces_message(rest: &str) -> String {
    let expression = match rest.find("}}") {
        Some(end) if end <= 80 => &rest[..end + 2],
        _ => "{{ … }}",
    };
    let quote = if expression.contains('"') { '\'' } else { '"' };
    format!("unquoted {{{{ is a mapping in YAML: write the whole value in quotes, {quote}{expression}{quote}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_values_are_no_traps() {
        for line in [
            "fill: \"#0f172a\"",
            "text: \"{{ name }}\"",
            "text: '{{ name }}'",
            "fill: red # 123456",
            "it's: red # see #fff",
            "a: b#fff",
        ] {
            assert_eq!(trap_in(line), None, "{line}");
        }
    }

    #[test]
    fn the_quotes_offered_fit_the_expression() {
        let (column, message) = trap_in("text: {{ name ~ \"!\" }}").unwrap();
        assert_eq!(column, 7);
        assert!(message.ends_with("'{{ name ~ \"!\" }}'"), "{message}");
        assert_eq!(trap_in("fill: #fff, x: 1").unwrap().0, 7);
    }
}
