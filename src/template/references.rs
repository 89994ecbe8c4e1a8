//! What an expression looks up, read from its words and signs: `product.name`, `row["Odd Column"]`, `loop.index`.
//!
//! minijinja tells which names are looked up, but not their parts in brackets, nor which of them have a default.
//! Feeds [`super::reading`] (parts that nobody declared, columns that the data lacks) and the message about a
//! missing value.

use super::scan::Token;

/// Words that are no names, though parentheses or brackets may follow them.
const WORDS: &[&str] =
    &["and", "or", "not", "in", "is", "if", "else", "elif", "for", "true", "false", "none", "True", "False", "None"];

/// One look-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    /// `product`
    pub root: String,
    pub steps: Vec<Step>,
    /// As it is written, as far as it is known: `product.name`.
    pub text: String,
    /// Whether the expression says itself what happens where there is no value.
    pub is_guarded: bool,
    /// Whether the last step is called: `name.split(' ')`.
    pub is_call: bool,
}

/// One step into a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// `.name` or `["name"]`
    Part(String),
    /// `[0]`
    Item(i64),
}

/// The look-ups of one `{{ }}` or `{% %}`, and how many tokens the first of them takes where it comes first.
pub(super) fn references(tokens: &[Token<'_>]) -> Vec<Reference> {
    let mut references = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match reference_at(tokens, at) {
            Some((reference, end)) => {
                references.push(reference);
                at = end;
            }
            None => at += 1,
        }
    }
    references
}

/// The look-up that begins at a token, and the index after its last token.
pub(super) fn reference_at(tokens: &[Token<'_>], at: usize) -> Option<(Reference, usize)> {
    let Some(Token::Word(root)) = tokens.get(at) else {
        return None;
    };
    let is_name = root.starts_with(|c: char| c == '_' || c.is_alphabetic()) && !WORDS.contains(root);
    let before = at.checked_sub(1).map(|before| &tokens[before]);
    let is_filter_or_part = matches!(before, Some(Token::Sign("|" | ".")));
    let is_test = match before {
        Some(Token::Word("is")) => true,
        Some(Token::Word("not")) => at >= 2 && tokens[at - 2] == Token::Word("is"),
        _ => false,
    };
    let is_keyword_argument = tokens.get(at + 1) == Some(&Token::Sign("="));
    if !is_name || is_filter_or_part || is_test || is_keyword_argument {
        return None;
    }
    let mut text = (*root).to_owned();
    let mut steps = Vec::new();
    let mut end = at + 1;
    loop {
        match &tokens[end.min(tokens.len())..] {
            [Token::Sign("."), Token::Word(part), ..] => {
                text.push_str(&format!(".{part}"));
                steps.push(Step::Part((*part).to_owned()));
                end += 2;
            }
            [Token::Sign("["), Token::Literal(part), Token::Sign("]"), ..] => {
                text.push_str(&format!("[\"{part}\"]"));
                steps.push(Step::Part((*part).to_owned()));
                end += 3;
            }
            [Token::Sign("["), Token::Word(index), Token::Sign("]"), ..] if index.parse::<i64>().is_ok() => {
                text.push_str(&format!("[{index}]"));
                steps.push(Step::Item(index.parse().unwrap_or(0)));
                end += 3;
            }
            _ => break,
        }
    }
    let rest = &tokens[end.min(tokens.len())..];
    let is_guarded = matches!(
        rest,
        [Token::Sign("|"), Token::Word("default" | "d"), ..]
            | [Token::Word("is"), Token::Word("defined" | "undefined" | "none"), ..]
            | [Token::Word("is"), Token::Word("not"), Token::Word("defined" | "undefined" | "none"), ..]
    );
    let is_call = matches!(rest, [Token::Sign("("), ..]);
    Some((Reference { root: (*root).to_owned(), steps, text, is_guarded, is_call }, end))
}

/// What to write instead of a method, which texts and lists have not: `{{ name.split(' ') }}`.
pub(super) fn instead_of_method(value: &str, method: &str, filters: &[&str]) -> String {
    let filter = match method {
        "strip" | "lstrip" | "rstrip" => "trim",
        "toUpperCase" | "uppercase" => "upper",
        "toLowerCase" | "lowercase" => "lower",
        "capwords" => "title",
        "replaceAll" => "replace",
        "toFixed" => "number",
        "splitlines" => "lines",
        "get" => "default",
        "size" | "len" => "length",
        other => other,
    };
    let advice = match filter {
        "startswith" | "startsWith" => format!("the test {value} is startingwith(…)"),
        "endswith" | "endsWith" => format!("the test {value} is endingwith(…)"),
        "includes" | "contains" => format!("'…' in {value}"),
        "slice" | "substring" | "substr" => format!("{value}[:10]"),
        filter if filters.contains(&filter) => format!("the filter {value} | {filter}"),
        _ => "a filter".to_owned(),
    };
    format!("\"{}\" is called like a method, and values have none: use {advice}", super::reader::shorten(method))
}

#[cfg(test)]
mod tests {
    use super::super::scan::tokens;
    use super::*;

    fn texts(expression: &str) -> Vec<String> {
        let show = |reference: Reference| {
            let guard = if reference.is_guarded { "?" } else { "" };
            let call = if reference.is_call { "()" } else { "" };
            format!("{}{call}{guard}", reference.text)
        };
        references(&tokens(expression)).into_iter().map(show).collect()
    }

    #[test]
    fn look_ups_are_found_with_their_parts() {
        for (expression, expected) in [
            ("product.name", vec!["product.name"]),
            ("row['Odd Column'] ~ a[0].b", vec!["row[\"Odd Column\"]", "a[0].b"]),
            ("a.b | default('x') | upper", vec!["a.b?"]),
            ("a is not none and b is defined or not c", vec!["a?", "b?", "c"]),
            ("x if y else z", vec!["x", "y", "z"]),
            ("name.split(' ')", vec!["name.split()"]),
            ("now[:10] ~ a[b]", vec!["now", "a", "b"]),
            ("list | join(', ', attribute=name) | sort(attribute = 'x')", vec!["list", "name"]),
            ("3.5 * price in [1, two]", vec!["price", "two"]),
            ("'a.b' ~ {'k': v}.k", vec!["v"]),
            ("a is divisibleby(b)", vec!["a", "b"]),
            ("", vec![]),
        ] {
            assert_eq!(texts(expression), expected, "{expression}");
        }
    }

    #[test]
    fn methods_have_a_filter_instead() {
        let advice = |method| instead_of_method("name", method, &["split", "trim", "number"]);
        assert!(advice("split").ends_with("use the filter name | split"), "{}", advice("split"));
        assert!(advice("strip").ends_with("use the filter name | trim"));
        assert!(advice("startswith").ends_with("name is startingwith(…)"));
        assert!(advice("frobnicate").ends_with("use a filter"));
    }
}
