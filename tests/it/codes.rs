//! Codes of errors and warnings: `docs/errors.md` has each of them once, and a test asserts each of them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use gravure::job::{ErrorCode, WARNING_CODES};
use gravure::render::check::{CHECK_CODES, Severity};

use crate::support::root;

/// The first two cells of every row of the table under a heading.
fn table(page: &str, heading: &str) -> Vec<(String, String)> {
    let section = page.split("\n## ").find(|section| section.starts_with(heading)).expect("the heading");
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|line| {
        let mut cells = line.split('|').skip(1).map(|cell| cell.trim().trim_matches('`').to_owned());
        (cells.next().expect("a code"), cells.next().expect("a second cell"))
    })
    .collect()
}

#[test]
fn the_manual_has_every_code_once() {
    let page = std::fs::read_to_string(root().join("docs/errors.md")).expect("the page");
    let errors: Vec<String> = table(&page, "Errors").into_iter().map(|(code, _)| code).collect();
    let known: Vec<&str> = ErrorCode::all().iter().map(|code| code.as_str()).collect();
    assert_eq!(errors, known);

    let warnings = table(&page, "Warnings");
    let codes: Vec<&str> = warnings.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(codes, WARNING_CODES);
    for (code, severity) in &warnings {
        assert_eq!(severity, Severity::of_warning(code).name(), "{code}");
    }

    let only_check: Vec<String> = table(&page, "Findings").into_iter().map(|(code, _)| code).collect();
    assert_eq!(only_check, CHECK_CODES.map(|(code, _)| code));
}

#[test]
fn every_code_is_asserted_by_a_test() {
    let mut tests = String::new();
    for file in files(&root().join("src")).into_iter().chain(files(&root().join("tests"))) {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_code = name.ends_with(".rs") && name != "codes.rs" && name != "error_code.rs";
        if !is_code && name != "layout.txt" {
            continue;
        }
        let text = std::fs::read_to_string(&file).expect("a source file");
        let is_test = file.starts_with(root().join("tests"))
            || file.components().any(|part| matches!(part.as_os_str().to_str(), Some("tests" | "tests.rs")));
        tests += if is_test { &text } else { text.split_once("#[cfg(test)]").map_or("", |(_, tests)| tests) };
    }
    let words: BTreeSet<&str> = tests.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    // By the name in Rust, `BadRow`, or in JSON, `bad_row`.
    let errors = ErrorCode::all().iter().map(|code| (format!("{code:?}"), code.as_str()));
    let others = WARNING_CODES.into_iter().chain(CHECK_CODES.map(|(code, _)| code)).map(|code| (code.to_owned(), code));
    let forgotten: Vec<&str> = errors
        .chain(others)
        .filter(|(name, code)| !words.contains(&**name) && !words.contains(code))
        .map(|(_, code)| code)
        .collect();
    assert_eq!(forgotten, [""; 0]);
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
