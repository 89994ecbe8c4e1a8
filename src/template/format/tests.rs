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
