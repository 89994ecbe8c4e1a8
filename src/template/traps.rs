//! The two mistakes that YAML turns into something else, found by looking at the source text.
//!
//! `fill: #0f172a` is a key without a value and a comment; `text: {{ name }}` is a mapping whose key is a
//! mapping. Neither message of a YAML reader would help. Only asked once something is already wrong.

use std::collections::HashMap;

use super::error::Position;

/// Most traps of one line that are mended.
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

/// The source with a mark in place of every trap, each as long as what it stands for, so that all places stay.
///
/// A mark is plain text to YAML. Where the reader meets one it takes the trap's own text, as if it stood in quotes.
pub(super) struct Mended {
    pub source: String,
    pub traps: Vec<MendedTrap>,
}

/// What a mark stands for.
#[derive(Clone, Debug)]
pub(super) struct MendedTrap {
    pub position: Position,
    /// As it is written.
    pub text: String,
    pub message: String,
}

/// Begins a mark; then come three digits of [`DIGITS`] and as many [`FILLER`]s as it takes. Private use characters:
/// a source that has the first one itself is not mended.
const MARK: char = '\u{e000}';
const FILLER: char = '\u{e001}';
const DIGITS: u32 = 0xe100;
const MARK_CHARS: usize = 4;

impl Mended {
    /// `None`: there is no trap, or it cannot be told apart.
    pub fn new(source: &str) -> Option<Self> {
        if source.contains(MARK) {
            return None;
        }
        let mut mended = Self { source: String::with_capacity(source.len()), traps: Vec::new() };
        for (index, line) in source.split_inclusive('\n').enumerate() {
            let mut line = line.to_owned();
            for _ in 0..MAX_PER_LINE {
                let Some(trap) = trap_in(line.trim_end_matches(['\n', '\r'])) else { break };
                let text = trap.text().trim_end().to_owned();
                let length = text.chars().count();
                let number = mended.traps.len() as u32;
                if length < MARK_CHARS || number >= 1 << 24 {
                    break;
                }
                let digit = |shift: u32| char::from_u32(DIGITS + (number >> shift & 0xff)).unwrap_or(FILLER);
                let mut mark = String::from_iter([MARK, digit(16), digit(8), digit(0)]);
                mark.extend(std::iter::repeat_n(FILLER, length - MARK_CHARS));
                let range = trap.start..trap.start + text.len();
                let position = Position::new(index + 1, trap.column);
                mended.traps.push(MendedTrap { position, message: trap.message(), text });
                line.replace_range(range, &mark);
            }
            mended.source.push_str(&line);
        }
        (!mended.traps.is_empty()).then_some(mended)
    }

    /// A value with the traps' own texts in place of marks, and the trap that it begins with.
    pub fn restore(&self, value: &str) -> Option<(String, Option<&MendedTrap>)> {
        if !value.contains(MARK) {
            return None;
        }
        let mut restored = String::with_capacity(value.len());
        let mut first = None;
        let mut rest = value.chars();
        while let Some(c) = rest.next() {
            if c != MARK {
                restored.push(c);
                continue;
            }
            let number = rest
                .by_ref()
                .take(MARK_CHARS - 1)
                .fold(0_usize, |number, digit| (number << 8) + (u32::from(digit).wrapping_sub(DIGITS) & 0xff) as usize);
            let Some(trap) = self.traps.get(number) else { continue };
            rest.by_ref().take(trap.text.chars().count() - MARK_CHARS).for_each(drop);
            first = first.or(restored.is_empty().then_some(trap));
            restored.push_str(&trap.text);
        }
        Some((restored, first))
    }
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

/// From `{{` to the `}}` after it, and on to further ones that no comma, colon or bracket parts from it; or to the
/// end of the line.
fn braces(text: &str) -> &str {
    let Some(end) = text.find("}}") else {
        return text;
    };
    let mut end = end + 2;
    while let Some(open) = text[end..].find("{{") {
        let between = &text[end..end + open];
        let close = text[end + open..].find("}}");
        match close {
            Some(close) if !between.contains([',', ':', ']', '}', '#', '"', '\'']) => end += open + close + 2,
            _ => break,
        }
    }
    &text[..end]
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
    fn traps_are_mended_and_everything_keeps_its_place() {
        let source = "a: #ffff\r\n- { b: {{ c }} é {{ d }}, d: #123456 , e: '#fff' } # note\nf: {{ gg";
        let mended = Mended::new(source).unwrap();
        let lengths = |text: &str| text.lines().map(|line| line.chars().count()).collect::<Vec<_>>();
        assert_eq!(lengths(&mended.source), lengths(source));
        let texts: Vec<&str> = mended.traps.iter().map(|trap| trap.text.as_str()).collect();
        assert_eq!(texts, ["#ffff", "{{ c }} é {{ d }}", "#123456", "{{ gg"]);
        let (restored, first) = mended.restore(&mended.source).unwrap();
        assert_eq!((restored.as_str(), first.is_none()), (source, true));
        assert_eq!(mended.traps[2].position, Position::new(2, 30));
        assert!(Mended::new("a: b").is_none() && Mended::new("a: #fff \u{e000}").is_none());
    }

    #[test]
    fn the_quotes_offered_fit_the_expression() {
        let trap = trap_in("text: {{ name ~ \"!\" }}").unwrap();
        assert_eq!(trap.column, 7);
        assert!(trap.message().ends_with("'{{ name ~ \"!\" }}'"), "{}", trap.message());
        assert_eq!(trap_in("fill: #fff, x: 1").unwrap().column, 7);
    }
}
