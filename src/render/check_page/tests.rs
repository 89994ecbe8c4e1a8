use std::sync::Arc;

use super::*;
use crate::render::check::Severity;
use crate::render::check::finding::{Mark, Piece, Place};
use crate::render::check::wireframe::{WireKind, WireShape, Wireframe};

fn summary_of(findings: u64, kinds: Vec<Kind>) -> CheckSummary {
    CheckSummary { rows: Some(12), variants: 24, fine: 1, errors: 7, findings, kinds, ..CheckSummary::default() }
}

fn kind_of(finding: &Finding) -> Kind {
    let layers = vec![(Arc::clone(&finding.path), 1)];
    Kind { severity: finding.severity, code: finding.code, rows: 1, findings: 1, layers, example: finding.clone() }
}

fn page_of(findings: &[Finding]) -> String {
    let mut page = CheckPage::new();
    findings.iter().for_each(|finding| page.add(finding));
    let summary = summary_of(findings.len() as u64, findings.iter().take(3).map(kind_of).collect());
    page.render(&PageFacts { template: "a/<t>.yaml", data: "rows & more.csv", summary: &summary })
}

fn data_of(page: &str) -> serde_json::Value {
    let start = page.find("type=\"application/json\">").expect("data") + "type=\"application/json\">".len();
    let end = start + page[start..].find("</script>").expect("an end");
    serde_json::from_str(&page[start..end]).expect("JSON")
}

fn finding() -> Finding {
    let shapes = vec![WireShape { kind: WireKind::Photo, corners: vec![0, 0, 10, 10] }];
    let wireframe = Arc::new(Wireframe { size: "link".into(), width: 1200, height: 628, shapes });
    Finding {
        row: Some(4),
        line: Some(5),
        key: "d".into(),
        sizes: vec!["link".into()],
        text: vec![Piece { text: "A ti".into(), mark: None }, Piece { text: "tle".into(), mark: Some(Mark::Cut) }],
        places: vec![Place { size: "link".into(), corners: vec![1, 2, 30, 40], wireframe: Some(wireframe) }],
        ..Finding::new(Severity::Warning, "truncated", "layers[1] (name)", "3 of 7 characters are cut off")
    }
}

#[test]
fn a_finding_is_there_with_its_text_and_its_place() {
    let page = page_of(&[finding()]);
    let data = data_of(&page);
    let expected = serde_json::json!([
        "warning",
        "truncated",
        0,
        4,
        5,
        "d",
        [0],
        "3 of 7 characters are cut off",
        ["A ti", ["tle", "cut"]],
        false,
        [[0, 0, [1, 2, 30, 40]]]
    ]);
    assert_eq!(data["findings"][0], expected);
    assert_eq!(data["frames"], serde_json::json!([[[2, 0, 0, 10, 10]]]));
    assert_eq!(data["sizes"], serde_json::json!([["link", 1200, 628]]));
    assert_eq!(data["paths"], serde_json::json!(["layers[1] (name)"]));
    assert!(page.contains("Text is cut off") && page.contains("<span class=\"badge warning\">warning</span>"));
    assert!(page.contains("7 rows will fail"), "the verdict");
}

#[test]
fn hostile_text_is_escaped_everywhere() {
    let attack = "\"'></script><script>alert(1)</script><!--\u{2028}\0";
    let mut bad = finding();
    bad.key = attack.into();
    bad.message = attack.into();
    bad.path = attack.into();
    bad.text = vec![Piece { text: attack.into(), mark: None }];
    let page = page_of(&[bad]);
    assert_eq!(page.matches("<script").count(), 2, "the data and the code");
    let json = page.split("application/json").nth(1).expect("data");
    assert!(!page.contains("<!--") && !json.contains('\u{2028}') && !page.contains('\0'));
    assert_eq!(data_of(&page)["findings"][0][5], attack, "and it is all there");
    assert!(page.contains("a/&lt;t&gt;.yaml") && page.contains("rows &amp; more.csv"));
}

#[test]
fn a_frequent_kind_does_not_push_out_a_rare_one() {
    let mut page = CheckPage::new();
    for _ in 0..100_000 {
        page.add(&finding());
    }
    page.add(&Finding { row: Some(9), ..Finding::new(Severity::Error, "photo_missing", "photo", "none") });
    let summary = summary_of(100_001, vec![kind_of(&finding())]);
    let html = page.render(&PageFacts { template: "t", data: "d", summary: &summary });
    let data = data_of(&html);
    let listed = data["findings"].as_array().expect("a list");
    assert_eq!(listed.len(), 4_001);
    assert_eq!(listed.last().expect("one")[1], "photo_missing");
    assert!(html.contains("96,000 more findings are not on this page"));
    assert!(html.len() < 2_000_000, "{}", html.len());
}

#[test]
fn canvases_that_are_alike_are_written_once_and_no_more_than_so_many() {
    let mut page = CheckPage::new();
    for row in 0..3_000 {
        let mut next = finding();
        let shapes = vec![WireShape { kind: WireKind::Line, corners: vec![0, 0, row / 2, 10] }];
        let wireframe = Wireframe { size: "link".into(), width: 9, height: 9, shapes };
        next.places[0].wireframe = Some(Arc::new(wireframe));
        page.add(&next);
    }
    let summary = summary_of(3_000, vec![kind_of(&finding())]);
    let data = data_of(&page.render(&PageFacts { template: "t", data: "d", summary: &summary }));
    assert_eq!(data["frames"].as_array().map(Vec::len), Some(1_200));
    let frame_of = |finding: usize| &data["findings"][finding][10][0][1];
    assert_eq!((frame_of(0), frame_of(1), frame_of(2)), (&0.into(), &0.into(), &1.into()));
    assert_eq!(frame_of(2_999), &serde_json::json!(0), "the first of its size stands in");
}

#[test]
fn a_page_without_findings_says_so() {
    let summary = CheckSummary { rows: Some(3), fine: 3, ..CheckSummary::default() };
    let page = CheckPage::new().render(&PageFacts { template: "t", data: "d", summary: &summary });
    assert!(page.contains("Nothing to complain of.") && !page.contains("<script"));
}
