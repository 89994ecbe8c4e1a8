//! What a person can do about a text that is not YAML: the parser's words say what it expected, not what was meant.

use super::error::Position;

/// The place and the message for a mistake that the parser found.
pub(super) fn advise(source: &str, at: Position, info: &str) -> (Position, String) {
    let lines: Vec<&str> = source.lines().take(at.line).collect();
    // A value may go on in the next line: there the parser stands before the tab.
    let reach = if info.contains("tab") { 2 } else { 1 };
    let tab = source
        .lines()
        .enumerate()
        .skip(at.line.saturating_sub(1))
        .take(reach)
        .find_map(|(index, line)| tab_in_indentation(line).map(|column| Position::new(index + 1, column)));
    if let Some(place) = tab {
        return (place, "a tab stands in the indentation of this line, YAML takes spaces only".to_owned());
    }
    let said = |message: &str| (at, message.to_owned());
    if info.starts_with("mapping values are not allowed") || info.starts_with("illegal placement of ':'") {
        return second_colon(&lines, at);
    }
    let is_indentation = ["expected key", "expected '-' indicator", "expected <document start>", "invalid indentation"];
    if is_indentation.iter().any(|words| info.contains(words)) && !info.contains("quoted") {
        return (at, indentation(&lines));
    }
    let character = info.strip_prefix("unexpected character: `").and_then(|rest| rest.strip_suffix('\''));
    match info {
        _ if character.is_some() => {
            let character = character.unwrap_or_default();
            (at, format!("a value that begins with {character} must stand in quotes"))
        }
        "invalid trailing content after double-quoted scalar" => {
            said("the value goes on behind its closing quote: quote all of it, a quote inside of '…' is written twice")
        }
        "invalid indentation in quoted scalar" => said("a quote that opens here is never closed"),
        "while scanning a quoted scalar, found unexpected end of stream" => said("a quote is never closed"),
        "while parsing a quoted scalar, found unknown escape character" => {
            said("a backslash in \"double quotes\" begins an escape: write it twice, or use 'single quotes'")
        }
        "while parsing a flow mapping, did not find expected ',' or '}'" => said("a comma or the closing } is missing"),
        "while parsing a flow sequence, expected ',' or ']'" => said("a comma or the closing ] is missing"),
        "while scanning a block scalar, did not find expected comment or line break" => {
            said("a value that begins with > or | must stand in quotes (alone they begin a text on the next lines)")
        }
        "block sequence entries are not allowed in this context" => {
            said("a list begins on the line after its key, or stands in [ ]")
        }
        _ => said(info),
    }
}

/// The column of a tab among the spaces that begin a line.
fn tab_in_indentation(line: &str) -> Option<usize> {
    let indentation = line.len() - line.trim_start().len();
    line[..indentation].find('\t').map(|at| at + 1)
}

/// A colon where no key can be.
fn second_colon(lines: &[&str], at: Position) -> (Position, String) {
    let line = lines.last().copied().unwrap_or_default();
    let before: String = line.chars().take(at.column.saturating_sub(1)).collect();
    if before.contains(": ") {
        return (at, "a text with \": \" in it must stand in quotes".to_owned());
    }
    let earlier = lines[..lines.len().saturating_sub(1)].iter().enumerate().rev();
    let Some((index, previous)) = earlier.clone().find(|(_, line)| !is_blank(line)) else {
        return (at, "a colon where no key can be".to_owned());
    };
    let content = previous.trim_start().trim_start_matches("- ").trim_end();
    let place = Position::new(index + 1, previous.chars().count() - previous.trim_start().chars().count() + 1);
    if !content.contains(": ") && !content.ends_with(':') && !content.starts_with(['"', '\'', '[', '{']) {
        let message = match content.contains(':') {
            true => "the colon behind a key needs a space after it",
            false => "a line that is neither key nor list item: a colon is missing",
        };
        return (place, message.to_owned());
    }
    let message = "this line is indented deeper than the key above it, which has its value already: indent both alike";
    (at, message.to_owned())
}

/// A line that begins where no open mapping or list does.
fn indentation(lines: &[&str]) -> String {
    let Some((line, earlier)) = lines.split_last() else {
        return "wrong indentation".to_owned();
    };
    let own = indent_of(line);
    // Columns at which something is still open above this line, the innermost first.
    let mut open: Vec<usize> = Vec::new();
    let mut shallowest = usize::MAX;
    for line in earlier.iter().rev().filter(|line| !is_blank(line)) {
        let indent = indent_of(line);
        let mut columns = vec![indent];
        let mut rest = line.trim_start();
        while let Some(item) = rest.strip_prefix("- ") {
            let inner = item.trim_start();
            columns.push(columns.last().copied().unwrap_or(0) + rest.len() - inner.len());
            rest = inner;
        }
        for column in columns.into_iter().rev().filter(|column| *column < shallowest) {
            open.push(column);
        }
        shallowest = shallowest.min(indent);
    }
    let open: Vec<String> = open.iter().rev().map(usize::to_string).collect();
    match open.as_slice() {
        [] => format!("this line is indented by {own} spaces, the first one is not"),
        _ => format!("this line is indented by {own} spaces, what it could belong to by {}", open.join(" or ")),
    }
}

fn is_blank(line: &str) -> bool {
    let text = line.trim();
    text.is_empty() || text.starts_with('#')
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

#[cfg(test)]
mod tests {
    use super::super::reader::{Syntax, read};

    fn told(source: &str) -> String {
        read(source.as_bytes(), Syntax::Yaml).map_or_else(|error| error.to_string(), |_| "fine".to_owned())
    }

    #[test]
    fn tabs_and_indentation_are_named() {
        for (source, expected) in [
            ("layers:\n\t- type: rect\n", "line 2, column 1: layers: not valid YAML: a tab stands in the indentation"),
            ("layers:\n  - type: rect\n  \tfill: red\n", "not valid YAML: a tab stands in the indentation"),
            ("layers:\n  - type: text\n   text: hi\n", "line 3, column 4: "),
            ("layers:\n  - type: text\n   text: hi\n", "indented by 3 spaces, what it could belong to by 0 or 2 or 4"),
            ("layers:\n  - type: rect\n - type: rect\n", "indented by 1 spaces, what it could belong to by 0 or 2"),
            (
                "sizes:\n  link:\n    width: 1\n   height: 2\n",
                "indented by 3 spaces, what it could belong to by 0 or 2 or 4",
            ),
            ("  name: a\n locale: de\n", "indented by 1 spaces, what it could belong to by 2"),
            ("name: a\n  locale: de\n", "indented deeper than the key above it"),
            ("- type: text\n    text: hi\n", "indented deeper than the key above it"),
        ] {
            assert!(told(source).contains(expected), "{source:?}: {}", told(source));
        }
    }

    #[test]
    fn other_slips_say_what_to_write() {
        for (source, expected) in [
            ("text: Price: 5\n", "line 1, column 12: not valid YAML: a text with \": \" in it must stand in quotes"),
            ("a:b\nc: 1\n", "line 1, column 1: not valid YAML: the colon behind a key needs a space"),
            ("key\nother: 1\n", "a colon is missing"),
            ("a: 'it's'\n", "a quote inside of '…' is written twice"),
            ("a: @x\n", "a value that begins with @ must stand in quotes"),
            ("a: %x\n", "a value that begins with % must stand in quotes"),
            ("a: `x`\n", "a value that begins with ` must stand in quotes"),
            ("a: \"x\nb: 2\n", "a quote that opens here is never closed"),
            ("a: \"\\d\"\n", "a backslash in \"double quotes\" begins an escape"),
            ("a: {x: 1 y: 2}\n", "a comma or the closing } is missing"),
            ("a: [1 \n", "not valid YAML"),
            ("text: >x\n", "a value that begins with > or |"),
            ("a: - b\n", "a list begins on the line after its key"),
        ] {
            assert!(told(source).contains(expected), "{source:?}: {}", told(source));
        }
    }
}
