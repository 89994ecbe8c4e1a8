//! The table of design: which folder may import which, and which crates the pure core may not touch.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Folder, and the folders that it may import.
const ALLOWED: &[(&str, &[&str])] = &[
    ("pixels", &[]),
    ("job", &["pixels"]),
    ("template", &["job", "pixels"]),
    ("assets", &["job", "pixels", "store"]),
    ("layout", &["template", "assets", "pixels"]),
    ("sheet", &["layout", "assets", "pixels"]),
    ("gpu", &["sheet", "layout", "assets", "pixels"]),
    ("encode", &["job", "pixels"]),
    ("store", &["job", "telemetry"]),
    ("ledger", &["job"]),
    ("queue", &["job", "telemetry"]),
    ("telemetry", &[]),
    ("pipeline", &["telemetry", "template", "assets", "layout", "sheet", "gpu", "encode", "store", "job", "pixels"]),
    ("campaign", &["pipeline", "template", "assets", "job", "pixels"]),
    ("render", &["campaign", "pipeline", "ledger", "template", "assets", "layout", "gpu", "store", "job", "pixels"]),
    (
        "worker",
        &[
            "campaign",
            "pipeline",
            "ledger",
            "queue",
            "telemetry",
            "template",
            "assets",
            "layout",
            "gpu",
            "store",
            "job",
            "pixels",
        ],
    ),
    ("submit", &["campaign", "queue", "store", "template", "assets", "render", "pipeline", "job"]),
    ("bench", &["render", "pipeline", "assets", "layout", "sheet", "gpu", "encode", "job", "pixels"]),
    (
        "cli",
        &[
            "bench",
            "campaign",
            "worker",
            "submit",
            "queue",
            "store",
            "assets",
            "render",
            "pipeline",
            "gpu",
            "sheet",
            "template",
            "job",
            "telemetry",
        ],
    ),
];

/// Folders without devices, threads of an async runtime, brokers or storage clients.
const PURE: &[&str] = &["pixels", "job", "template", "layout", "sheet", "encode", "ledger"];
/// What they may not name.
const IMPURE_CRATES: &[&str] = &["wgpu", "glyphon", "tokio", "lapin", "aws_sdk_s3", "aws_config"];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The code of a file without its tests and comments.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("a file");
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The folders named after `crate::` in some code, also as `crate::{a, b::c}`.
fn imports(code: &str) -> BTreeSet<String> {
    let first_word =
        |text: &str| text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    code.split("crate::")
        .skip(1)
        .flat_map(|rest| match rest.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap_or_default().split(',').map(first_word).collect(),
            None => vec![first_word(rest)],
        })
        .filter(|name| !name.is_empty() && source().join(name).is_dir())
        .collect()
}

#[test]
fn imports_are_found_in_every_form() {
    let found = imports("use crate::job::Row;\nuse crate::{pixels, sheet::Plan};\nlet x = crate::gpu::adapters();");
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["gpu", "job", "pixels", "sheet"]);
}

#[test]
fn folders_import_only_what_the_table_allows() {
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(source()).expect("src").map(|entry| entry.expect("an entry").path()) {
        let Some(folder) = entry.is_dir().then(|| entry.file_name().expect("named").to_string_lossy().into_owned())
        else {
            continue;
        };
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == folder) else {
            wrong.push(format!("{folder}/ is not in the table"));
            continue;
        };
        let mut files = Vec::new();
        rust_files(&entry, &mut files);
        for file in files {
            for import in imports(&code(&file)) {
                if import != folder && !allowed.contains(&import.as_str()) {
                    wrong.push(format!("{} imports {import}/", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_pure_core_touches_no_device_and_no_network() {
    let mut wrong = Vec::new();
    for folder in PURE {
        let mut files = Vec::new();
        rust_files(&source().join(folder), &mut files);
        assert!(!files.is_empty(), "{folder}/ is gone");
        for file in files {
            let code = code(&file);
            for name in IMPURE_CRATES {
                if code.contains(&format!("{name}::")) {
                    wrong.push(format!("{} uses {name}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_itself_has_no_circle() {
    fn visit<'t>(folder: &'t str, path: &mut Vec<&'t str>) {
        assert!(!path.contains(&folder), "a circle: {path:?} -> {folder}");
        path.push(folder);
        if let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == folder) {
            for next in *allowed {
                visit(next, path);
            }
        }
        path.pop();
    }
    for (folder, _) in ALLOWED {
        visit(folder, &mut Vec::new());
    }
}
