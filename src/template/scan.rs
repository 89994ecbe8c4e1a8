//! A light look at the `{{ … }}` in a text, for what minijinja's compiler does not say before it runs.
//!
//! Finds whether a text is exactly one expression, and unknown filters, tests, tags and currencies. Parsing
//! and meaning stay minijinja's.

use super::error::nearest;
use super::format::filters::{FILTERS, TESTS, check_call};
use super::references::{self, Reference, instead_of_method};

/// Most words and signs in one text. minijinja's compiler recurses once per link of a chain such as `a + b + c`,
/// and its own limit counts parentheses only: longer chains would overflow a thread's stack.
const MAX_TOKENS: usize = 500;

/// Tags of minijinja that a text may use. `set` and its like could double a text in every line.
const TAGS: &[&str] = &["if", "elif", "else", "endif", "for", "endfor"];

/// What a text that holds `{{`, `{%` or `{#` is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Scan<'s> {
    /// The inside, when the whole text is one `{{ }}`.
    pub exact: Option<&'s str>,
    /// String literals of its expressions, as they are written.
    pub literals: Vec<&'s str>,
    /// What it looks up, without what it names itself (`{% for a in list %}`).
    pub references: Vec<Reference>,
    /// Words and signs of its expressions.
    pub tokens: usize,
    /// Whether it has a `{% for %}`.
    pub has_loop: bool,
}

/// Whether a text has anything to evaluate.
pub(super) fn is_dynamic(text: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|open| text.contains(open))
}

/// Looks through a text.
///
/// # Errors
/// An unknown filter, test, tag or currency; or what cannot work.
pub(super) fn scan(text: &str) -> Result<Scan<'_>, String> {
    let mut literals = Vec::new();
    let mut references = Vec::new();
    let mut own_names: Vec<&str> = Vec::new();
    let mut exact = None;
    let mut at = 0;
    let mut count = 0;
    while let Some(open) = next_open(text, at) {
        let kind = &text[open..open + 2];
        if kind == "{#" {
            at = text[open..].find("#}").map_or(text.len(), |end| open + end + 2);
            continue;
        }
        let close = if kind == "{{" { "}}" } else { "%}" };
        let Some(end) = find_close(text, open + 2, close) else {
            return Err(format!("\"{kind}\" has no \"{close}\""));
        };
        let inside = trim_markers(&text[open + 2..end]);
        let tokens = tokens(inside);
        count += tokens.len();
        if count > MAX_TOKENS {
            return Err(format!("more than {MAX_TOKENS} words and signs"));
        }
        check(&tokens, kind == "{%")?;
        references.extend(references::references(&tokens));
        own_names.extend(names_of_loop(&tokens, kind == "{%"));
        literals.extend(tokens.iter().filter_map(|token| match token {
            Token::Literal(literal) => Some(*literal),
            _ => None,
        }));
        at = end + 2;
        if kind == "{{" && open == 0 && at == text.len() {
            exact = Some(inside);
        }
    }
    references.retain(|reference| !own_names.contains(&reference.root.as_str()));
    let has_loop = own_names.contains(&"loop");
    Ok(Scan { exact, literals, references, tokens: count, has_loop })
}

/// The names that a `{% for %}` gives, `loop` among them.
fn names_of_loop<'s>(tokens: &[Token<'s>], is_tag: bool) -> Vec<&'s str> {
    if !is_tag || tokens.first() != Some(&Token::Word("for")) {
        return Vec::new();
    }
    let targets = tokens[1..].iter().take_while(|token| **token != Token::Word("in"));
    let names = targets.filter_map(|token| match token {
        Token::Word(name) => Some(*name),
        _ => None,
    });
    names.chain(["loop"]).collect()
}

fn next_open(text: &str, from: usize) -> Option<usize> {
    ["{{", "{%", "{#"].iter().filter_map(|open| text[from..].find(open)).min().map(|at| from + at)
}

/// Jinja's `{{-` and `-}}` trim white space around an expression.
fn trim_markers(inside: &str) -> &str {
    let inside = inside.strip_prefix(['-', '+']).unwrap_or(inside);
    inside.strip_suffix(['-', '+']).unwrap_or(inside).trim()
}

fn find_close(text: &str, from: usize, close: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut braces) = (from, 0_usize);
    while at < bytes.len() {
        match bytes[at] {
            b'"' | b'\'' => at = string_end(bytes, at),
            b'{' => braces += 1,
            b'}' if braces > 0 => braces -= 1,
            _ if text[at..].starts_with(close) => return Some(at),
            _ => {}
        }
        at += 1;
        while at < bytes.len() && !text.is_char_boundary(at) {
            at += 1;
        }
    }
    None
}

/// The index of the quote that closes the one at `at`, or the last byte.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while end < bytes.len() && bytes[end] != bytes[at] {
        end += if bytes[end] == b'\\' { 2 } else { 1 };
    }
    end.min(bytes.len() - 1)
}

/// A word, a sign, or the inside of a string literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'s> {
    Word(&'s str),
    Literal(&'s str),
    Sign(&'s str),
}

/// The tokens of what stands between braces.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut rest = text.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        let end = if c == '"' || c == '\'' {
            let end = string_end(bytes, at);
            let inner = if end > at { at + 1..end } else { at + 1..at + 1 };
            tokens.push(Token::Literal(text.get(inner).unwrap_or_default()));
            end + 1
        } else if c == '_' || c.is_alphanumeric() {
            let end = text[at..].find(|c: char| c != '_' && !c.is_alphanumeric()).map_or(text.len(), |end| at + end);
            tokens.push(Token::Word(&text[at..end]));
            end
        } else if c.is_whitespace() {
            continue;
        } else {
            let double = ["==", "!=", "||", "<=", ">="].iter().any(|sign| text[at..].starts_with(sign));
            let end = at + if double { 2 } else { c.len_utf8() };
            tokens.push(Token::Sign(&text[at..end]));
            end
        };
        while rest.next_if(|(next, _)| *next < end).is_some() {}
    }
    tokens
}

/// Whether a `*` stands in the brackets of a list: the way to lists of lists that are far longer than their text.
fn multiplies_in_a_list(tokens: &[Token<'_>]) -> bool {
    let mut depth = 0_usize;
    tokens.iter().any(|token| {
        match token {
            Token::Sign("[") => depth += 1,
            Token::Sign("]") => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > 0 && *token == Token::Sign("*")
    })
}

fn is_comparison(token: &Token<'_>) -> bool {
    matches!(token, Token::Sign("==" | "!=" | "<" | ">" | "<=" | ">=") | Token::Word("in"))
}

fn check(tokens: &[Token<'_>], is_tag: bool) -> Result<(), String> {
    if is_tag {
        match tokens.first() {
            Some(Token::Word(tag)) if TAGS.contains(tag) => {}
            Some(Token::Word(tag)) => {
                return Err(unknown("tag", tag, "if and for are available", nearest(tag, TAGS.iter().copied())));
            }
            _ => return Err("\"{%\" needs a tag such as if".to_owned()),
        }
    }
    for reference in references::references(tokens).iter().filter(|reference| reference.is_call) {
        // `{% for %}` has loop.cycle() and its like.
        if let Some(references::Step::Part(method)) = reference.steps.last()
            && reference.root != "loop"
        {
            let value = reference.text.strip_suffix(&format!(".{method}")).unwrap_or(&reference.root);
            return Err(instead_of_method(value, method, FILTERS));
        }
    }
    if multiplies_in_a_list(tokens) && tokens.iter().any(is_comparison) {
        return Err("what is multiplied in a list cannot be compared here: nothing bounds lists of lists".to_owned());
    }
    if let Some(slip) = slip(tokens, is_tag) {
        return Err(slip);
    }
    for (index, window) in tokens.windows(2).enumerate() {
        let before = index.checked_sub(1).and_then(|before| tokens.get(before));
        match window {
            [Token::Sign("|"), Token::Word(filter)] => {
                if !FILTERS.contains(filter) {
                    return Err(unknown("filter", filter, "", nearest(filter, FILTERS.iter().copied())));
                }
                let rest = tokens.get(index + 2..).unwrap_or_default();
                let (first, options) = arguments(rest);
                if let Some(lacking) = lacking(filter, rest, &options) {
                    return Err(lacking.to_owned());
                }
                check_call(filter, first, &options)?;
            }
            [Token::Word("is"), Token::Word(test)] if before != Some(&Token::Sign(".")) => {
                let test = match (test, tokens.get(index + 2)) {
                    (&"not", Some(Token::Word(test))) => test,
                    _ => test,
                };
                if !TESTS.contains(test) {
                    return Err(unknown("test", test, "", nearest(test, TESTS.iter().copied())));
                }
            }
            [Token::Sign("==" | "!="), Token::Word("none" | "None")]
            | [Token::Word("none" | "None"), Token::Sign("==" | "!=")] => {
                return Err("a missing value equals nothing: write \"is none\" or \"is not none\"".to_owned());
            }
            [Token::Word("size"), Token::Sign("==" | "!=") | Token::Word("in" | "not")]
            | [Token::Sign("==" | "!="), Token::Word("size")]
                if before != Some(&Token::Sign(".")) && tokens.get(index + 2) != Some(&Token::Sign(".")) =>
            {
                return Err("size has several parts: compare size.name, size.width or size.height".to_owned());
            }
            _ => {}
        }
    }
    Ok(())
}

/// What a filter cannot do without and is not given. `rest` starts behind its name.
fn lacking(filter: &str, rest: &[Token<'_>], options: &[(&str, Option<&str>)]) -> Option<&'static str> {
    let has_first = match rest {
        [Token::Sign("("), Token::Sign(")"), ..] => false,
        [Token::Sign("("), Token::Word(_), Token::Sign("="), ..] => false,
        [Token::Sign("("), ..] => true,
        _ => false,
    };
    // `**options` may bring it.
    if rest.windows(2).any(|pair| pair == [Token::Sign("*"), Token::Sign("*")]) {
        return None;
    }
    match filter {
        "currency" if !has_first && options.iter().all(|(name, _)| *name != "code") => {
            Some("currency needs a code: currency('EUR')")
        }
        "unit" if !has_first && options.iter().all(|(name, _)| *name != "unit") => {
            Some("unit needs the name of one: unit('kg')")
        }
        "plural" if !has_first && options.iter().all(|(name, _)| *name != "other") => {
            Some("plural needs other='…', the form for every other number")
        }
        _ => None,
    }
}

/// Words that may follow a value.
const JOINING: &[&str] = &["if", "else", "and", "or", "not", "in", "is"];

/// Slips that minijinja calls unexpected input, with what to write.
fn slip(tokens: &[Token<'_>], is_tag: bool) -> Option<String> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match (token, tokens.get(at + 1..).unwrap_or_default()) {
            (Token::Sign("(" | "[" | "{"), _) => depth += 1,
            (Token::Sign(")" | "]" | "}"), _) => depth = depth.saturating_sub(1),
            (Token::Sign("=" | "==="), _) if depth == 0 => return Some("\"==\" compares, not \"=\"".to_owned()),
            (Token::Sign("&"), [Token::Sign("&"), ..]) => return Some("write \"and\" for \"&&\"".to_owned()),
            (Token::Sign("||"), _) => return Some("write \"or\" for \"||\"".to_owned()),
            (Token::Sign("!"), _) => return Some("write \"not\" for \"!\"".to_owned()),
            (Token::Sign("‘" | "’" | "“" | "”" | "„" | "«" | "»" | "´"), _) => {
                return Some("texts stand in straight quotes, ' or \"".to_owned());
            }
            (Token::Word("row"), [Token::Sign("."), Token::Word(first), Token::Word(second), ..])
                if !is_tag && !JOINING.contains(second) =>
            {
                let mut name = format!("{first} {second}");
                for token in tokens.get(at + 4..).unwrap_or_default() {
                    match token {
                        Token::Word(word) if !JOINING.contains(word) => name.push_str(&format!(" {word}")),
                        _ => break,
                    }
                }
                return Some(format!("a column with a space in its name is written row[\"{name}\"]"));
            }
            _ => {}
        }
    }
    None
}

/// The literals of a call: its first argument, and its options by name. `tokens` start behind the filter's name.
fn arguments<'s>(tokens: &[Token<'s>]) -> (Option<&'s str>, Vec<(&'s str, Option<&'s str>)>) {
    if tokens.first() != Some(&Token::Sign("(")) {
        return (None, Vec::new());
    }
    // A literal is a value of its own only where the argument ends behind it.
    let alone = |at: usize| match (tokens.get(at), tokens.get(at + 1)) {
        (Some(Token::Literal(literal)), Some(Token::Sign("," | ")"))) => Some(*literal),
        _ => None,
    };
    let mut options = Vec::new();
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign("(" | "[" | "{") => depth += 1,
            Token::Sign(")" | "]" | "}") if depth <= 1 => break,
            Token::Sign(")" | "]" | "}") => depth -= 1,
            Token::Word(name) if depth == 1 && tokens.get(at + 1) == Some(&Token::Sign("=")) => {
                options.push((*name, alone(at + 2)));
            }
            _ => {}
        }
    }
    (alone(1), options)
}

fn unknown(what: &str, name: &str, more: &str, near: Option<&str>) -> String {
    let near = near.map(|near| format!(", did you mean \"{near}\"?")).unwrap_or_default();
    let more = if more.is_empty() { String::new() } else { format!(" ({more})") };
    format!("there is no {what} \"{}\"{near}{more}", super::reader::shorten(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_named_with_what_to_write() {
        for (text, expected) in [
            ("{{ row.Alter Preis }}", "row[\"Alter Preis\"]"),
            ("{{ row.Preis pro Liter | float }}", "row[\"Preis pro Liter\"]"),
            ("{{ price = 10 }}", "\"==\" compares"),
            ("{{ a && b }}", "\"and\""),
            ("{% if a || b %}x{% endif %}", "\"or\""),
            ("{{ !a }}", "\"not\""),
            ("{{ price | currency(‘EUR’) }}", "straight quotes"),
            ("{{ price | currency }}", "currency('EUR')"),
            ("{{ price | currency(locale='de') }}", "currency('EUR')"),
            ("{{ weight | unit }}", "unit('kg')"),
            ("{{ n | plural(one='#') }}", "plural needs other"),
        ] {
            let error = scan(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
        for fine in [
            "{{ row.a if row.b else row.c }}",
            "{{ row.a is defined and row.b not in row.c }}",
            "{{ 'a = b && ! ‘c’' }}",
            "{{ price | currency(code, style='code') }}",
            "{{ price | currency(('EUR')) }}",
            "{{ n | plural(**forms) }}",
            "{% for n in row.list if n != 3 %}x{% endfor %}",
        ] {
            assert!(scan(fine).is_ok(), "{fine}: {:?}", scan(fine));
        }
    }

    #[test]
    fn exactly_one_expression_is_known() {
        let exact = |text| scan(text).unwrap().exact;
        assert_eq!(exact("{{ price }}"), Some("price"));
        assert_eq!(exact("{{- price -}}"), Some("price"));
        assert_eq!(exact("{{ '}}' ~ name }}"), Some("'}}' ~ name"));
        assert_eq!(exact("{{ {'a': {'b': 1}} }}"), Some("{'a': {'b': 1}}"));
        assert_eq!(exact("{{ a }}{{ b }}"), None);
        assert_eq!(exact(" {{ a }}"), None);
        assert_eq!(exact("{{ a }}{# no #}"), None);
        assert_eq!(exact("{% if a %}x{% endif %}"), None);
    }

    #[test]
    fn what_cannot_work_is_named() {
        for (text, expected) in [
            ("{{ name | uper }}", "no filter \"uper\", did you mean \"upper\"?"),
            ("{{ a is definde }}", "did you mean \"defined\"?"),
            ("{{ price | currency('USB') }}", "ISO 4217"),
            ("{% set a = 1 %}", "no tag \"set\""),
            ("{{ size == 'story' }}", "size.name"),
            ("{{ 'story' == size }}", "size.name"),
            ("{{ name", "has no \"}}\""),
            ("{{ name.split(' ') | first }}", "the filter name | split"),
            ("{{ a.b.strip() }}", "the filter a.b | trim"),
            ("{{ price != none }}", "is not none"),
            ("{{ None == price }}", "is none"),
            ("{{ [[1] * 9] == [[1] * 9] }}", "multiplied in a list"),
        ] {
            let error = scan(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
        for fine in [
            "{{ 'a | nofilter' }}",
            "{{ size.name == 'a' }}",
            "{{ 'a' == size.name }}",
            "{{ a is not none }}",
            "{{ é | upper }}",
        ] {
            assert!(scan(fine).is_ok(), "{fine}");
        }
    }

    #[test]
    fn literals_are_collected() {
        assert_eq!(scan("{{ 'a.png' if x else \"b.png\" }}").unwrap().literals, ["a.png", "b.png"]);
        for odd in ["{{ '", "{{ 'a\\", "{{ \"é\\", "{% \u{1F600}' %}"] {
            let _ = scan(odd);
        }
    }
}
