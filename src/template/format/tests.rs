//! Every tested locale against values of independent implementations: `tests/locales/expected.tsv`, made from
//! Chromium and Babel by the script beside it.

use std::collections::BTreeMap;

use minijinja::context;

use super::Locale;
use super::data::unescape;
use super::filters::environment;

const EXPECTED: &str = include_str!("../../../tests/locales/expected.tsv");
/// What gravure writes otherwise, and why: locale, expression, its text, reason.
const DIFFERENCES: &str = include_str!("../../../tests/locales/differences.tsv");

const FORMS: &str = "zero='zero', one='one', two='two', few='few', many='many', other='other'";

fn columns(line: &str) -> [&str; 4] {
    let mut columns = line.split('\t');
    std::array::from_fn(|_| columns.next().unwrap_or_default())
}

fn escaped(text: &str) -> String {
    let is_hidden = |c: char| matches!(c, '\u{a0}' | '\u{ad}' | '\u{307}' | '\u{61c}' | '\u{2000}'..='\u{200f}' | '\u{2028}'..='\u{202f}');
    text.chars().map(|c| if is_hidden(c) { format!("\\u{{{:x}}}", c as u32) } else { c.to_string() }).collect()
}

#[test]
fn every_tested_locale_writes_what_chromium_writes() {
    let differences: Vec<[&str; 4]> =
        DIFFERENCES.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(columns).collect();
    let mut used = vec![false; differences.len()];
    let mut environments = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in EXPECTED.lines().filter(|line| !line.starts_with('#')) {
        let [tag, expression, chromium, babel] = columns(line);
        let environment = environments.entry(tag).or_insert_with(|| environment(&Locale::parse(tag).unwrap()));
        let source = expression.replace("FORMS", FORMS);
        let compiled = environment.compile_expression(&source).unwrap_or_else(|error| panic!("{source}: {error}"));
        let text = match compiled.eval(context! {}) {
            Ok(value) => value.to_string(),
            Err(error) => format!("error: {error}"),
        };
        count += 1;
        if text == unescape(chromium) {
            continue;
        }
        let is_known = |[locale, of, own, _]: &[&str; 4]| *locale == tag && *of == expression && unescape(own) == text;
        let known = differences.iter().position(is_known);
        match known {
            Some(index) => used[index] = true,
            None => wrong.push(format!("{tag} ⇥ {expression} ⇥ {} ⇥ not {chromium} or {babel}", escaped(&text))),
        }
    }
    assert!(count > 3_000, "{count} lines");
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
    let unused: Vec<_> = differences.iter().zip(used).filter(|(_, used)| !used).collect();
    assert!(unused.is_empty(), "no longer different: {unused:?}");
}

/// The examples of docs/data.md: `{{ expression }}` and, in the next cell, what it gives.
#[test]
fn examples_in_the_manual_give_what_it_says() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/data.md");
    let manual = std::fs::read_to_string(page).unwrap();
    let environment = environment(&Locale::parse("en-US").unwrap());
    let scope = context! {
        price => 1249.5, discount => 0.125, views => 15300, n => 3, weight => 2.5, code => "JPY", lang => "de-DE",
        until => "2026-03-05", starts => "2026-01-31T18:30:00", born => "1990-05-17", now => "2026-02-27T09:00:00Z",
        name => "ada king lovelace", title => "The quick brown fox", colors => vec!["red", "blue", "green"],
        first_name => "Ada",
    };
    let mut count = 0;
    for line in manual.lines().filter(|line| line.starts_with("| `{{")) {
        let cells: Vec<String> =
            line.replace("\\|", "\u{1}").split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect();
        let code = |cell: &str| cell.trim_matches('`').to_owned();
        let (source, expected) = (code(&cells[1]), code(&cells[2]));
        let text = environment.render_str(&source, &scope).unwrap_or_else(|error| panic!("{source}: {error:?}"));
        // A page cannot show which space it is.
        assert_eq!(text.replace(['\u{a0}', '\u{202f}'], " "), expected, "{source}");
        count += 1;
    }
    assert!(count >= 80, "{count} examples");
    let words: std::collections::BTreeSet<&str> = manual.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    for word in super::filters::FILTERS.iter().chain(super::filters::TESTS) {
        assert!(words.contains(word), "docs/data.md says nothing of {word}");
    }
    for name in super::unit::units() {
        assert!(manual.contains(&format!("`{name}`")), "docs/data.md says nothing of {name}");
    }
    for (short, _) in super::unit::ALIASES {
        assert!(manual.contains(&format!("`{short}`")), "docs/data.md says nothing of {short}");
    }
}
