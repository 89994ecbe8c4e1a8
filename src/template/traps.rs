//! The two mistakes that YAML turns into something else, found by looking at the source text.
//!
//! `fill: #0f172a` is a key without a value and a comment; `text: {{ name }}` is a mapping whose key is a
//! mapping. Neither message of a YAML reader would help. Only asked once something is already wrong.

use std::collections::HashMap;

use super::error::Position;

/// Most traps of one line that are taken out.
const MAX_PER_LINE: usize = 64;

/// A value that YAML reads as something else.
struct Trap<'l> {
    /// In characters, from 1.
    column: usize,
    /// In bytes.
    start: usize,
    kind: TrapKind<'l>,
}

enum TrapKind<'l> {
    /// `#0f172a`
    Color(&'l str),
    /// `{{ name }}`, as far as it goes on its line.
    Braces(&'l str),
}

/// The last trap on or before `line`, with what to write instead.
pub(super) fn explain(source: &str, line: usize) -> Option<(Position, String)> {
    let lines: Vec<&str> = source.lines().take(line).collect();
    lines.iter().enumerate().rev().find_map(|(index, text)| {
        let trap = trap_in(text)?;
        Some((Position::new(index + 1, trap.column), trap.message()))
    })
}

/// Lines whose value is a colour lost in a comment: column of the `#` and message, by line number.
pub(super) fn swallowed_colors(source: &str) -> HashMap<usize, (usize, String)> {
    source
        .lines()
        .enumerate()
        .filter_map(|(index, line)| {
            let trap = trap_in(line).filter(|trap| matches!(trap.kind, TrapKind::Color(_)))?;
            Some((index + 1, (trap.column, trap.message())))
        })
        .collect()
}

/// The source with a word in place of every trap. What stands before a line's first trap keeps its place.
pub(super) fn defused(source: &str) -> String {
    let mut defused = String::with_capacity(source.len());
    for line in source.lines() {
        let mut line = line.to_owned();
        for _ in 0..MAX_PER_LINE {
            let Some(trap) = trap_in(&line) else { break };
            let range = trap.start..trap.start + trap.text().len();
            line.replace_range(range, "x");
        }
        defused.push_str(&line);
        defused.push('\n');
    }
    defused
}

impl Trap<'_> {
    fn text(&self) -> &str {
        let (TrapKind::Color(text) | TrapKind::Braces(text)) = self.kind;
        text
    }

    fn message(&self) -> String {
        match self.kind {
            TrapKind::Color(color) => color_message(color),
            TrapKind::Braces(expression) => braces_message(expression),
        }
    }
}

fn trap_in(line: &str) -> Option<Trap<'_>> {
    let mut quote = None;
    let mut before = None;
    let mut gap = false;
    for (column, (start, c)) in line.char_indices().enumerate() {
        let trap = |kind| Trap { column: column + 1, start, kind };
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if (c == '"' || c == '\'') && gap_or_opening(before, gap) => quote = Some(c),
            None if c == '{' && line[start..].starts_with("{{") && matches!(before, Some(':' | ',' | '[' | '-')) => {
                return Some(trap(TrapKind::Braces(braces(&line[start..]))));
            }
            None if c == '#' && gap => {
                let value_expected = matches!(before, Some(':' | '-' | ','));
                let color = hex_color(&line[start..]).filter(|_| value_expected);
                return color.map(|color| trap(TrapKind::Color(color)));
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

/// From `{{` to the `}}` after it, or to the end of the line.
fn braces(text: &str) -> &str {
    text.find("}}").map_or(text, |end| &text[..end + 2])
}

fn braces_message(expression: &str) -> String {
    let expression = if expression.len() <= 82 && expression.ends_with("}}") { expression } else { "{{ … }}" };
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
            assert!(trap_in(line).is_none(), "{line}");
        }
    }

    #[test]
    fn traps_are_taken_out_and_what_is_before_them_stays() {
        let source = "a: #fff\n- { b: {{ c }}, d: #123456 , e: '#fff' } # note\nf: {{ g\n";
        assert_eq!(defused(source), "a: x\n- { b: x, d: x , e: '#fff' } # note\nf: x\n");
    }

    #[test]
    fn the_quotes_offered_fit_the_expression() {
        let trap = trap_in("text: {{ name ~ \"!\" }}").unwrap();
        assert_eq!(trap.column, 7);
        assert!(trap.message().ends_with("'{{ name ~ \"!\" }}'"), "{}", trap.message());
        assert_eq!(trap_in("fill: #fff, x: 1").unwrap().column, 7);
    }
}
