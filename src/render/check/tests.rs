use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::render::campaign::DataSource;

const TEMPLATE: &str = r#"gravure: 1
name: check
sizes:
  link: { width: 200, height: 100 }
  story: { width: 100, height: 200 }
fields:
  title: { type: text, required: true }
  price: { type: number, default: 1 }
  photo: { type: image }
  family: { type: text, default: "Inter Peer" }
fonts: [Inter-Bold.ttf]
layers:
  - { type: image, src: "{{ photo | default('') }}", frame: { x: 0, y: 0, width: 10, height: 10 } }
  - type: text
    text: "{{ title }}"
    frame: { x: 0, y: 20, width: 90, height: 30 }
    max_lines: 1
    font: { size: 20, family: "{{ family }}" }
"#;

fn folder(rows: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let font = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/product-card/fonts/Inter-Bold.ttf");
    fs::copy(font, folder.path().join("Inter-Bold.ttf")).unwrap();
    image::RgbImage::new(4, 4).save_with_format(folder.path().join("ok.png"), image::ImageFormat::Png).unwrap();
    fs::write(folder.path().join("t.yaml"), TEMPLATE).unwrap();
    fs::write(folder.path().join("rows.csv"), rows).unwrap();
    folder
}

fn options(folder: &Path) -> CheckOptions {
    let data = DataSource::File(PathBuf::from(folder).join("rows.csv"));
    CheckOptions {
        campaign: CampaignOptions { template: folder.join("t.yaml"), data: Some(data), ..CampaignOptions::default() },
        threads: Some(3),
        ..CheckOptions::default()
    }
}

fn run(options: &CheckOptions) -> (CheckSummary, Vec<Finding>) {
    let mut findings = Vec::new();
    let summary = check(options, &mut |event| match event {
        CheckEvent::Found(finding) => findings.push(finding.clone()),
        CheckEvent::Rows(_) => {}
    });
    (summary.unwrap(), findings)
}

#[test]
fn every_kind_of_mistake_is_found_in_its_row() {
    let folder = folder(concat!(
        "id,title,price,photo,family\n",
        "a,Fine,1,,\n",
        "b,,1,,\n",
        "c,Price,cheap,,\n",
        "d,Photo,1,none.png,\n",
        "e,Out,1,../../etc/passwd,\n",
        "f,A title that is much too long for its frame,1,,\n",
        "g,漢,1,,\n",
        "h,Small,1,ok.png,\n",
        "i,Cells,1\n",
        "j,Font,1,,Comic Sans\n",
        "a,Twin,1,,\n",
        "../k,Name,1,,\n",
    ));
    let (summary, findings) = run(&options(folder.path()));
    let found: Vec<(u64, &str, Severity)> = findings.iter().map(|f| (f.row.unwrap(), f.code, f.severity)).collect();
    let expected = [
        (2, "missing_field", Severity::Error),
        (3, "bad_value", Severity::Error),
        (4, "photo_missing", Severity::Error),
        (5, "photo_outside", Severity::Error),
        (6, "truncated", Severity::Warning),
        (7, "missing_glyph", Severity::Warning),
        (8, "photo_upscaled", Severity::Note),
        (9, "bad_row", Severity::Error),
        (10, "unknown_family", Severity::Warning),
        (11, "name_collision", Severity::Error),
        (12, "bad_name", Severity::Error),
    ];
    assert_eq!(found, expected, "{findings:#?}");
    assert_eq!((summary.rows, summary.variants), (Some(12), 24));
    let worst = Severity::ALL.map(|worst| summary.rows_with(worst));
    assert_eq!(worst, [7, 3, 1]);
    assert!(summary.has_problems());
    let collisions = summary.kinds.iter().find(|kind| kind.code == "name_collision").unwrap();
    assert_eq!((collisions.rows, collisions.findings), (1, 1));
    assert_eq!(collisions.example.sizes.len(), 2);

    let photo = findings.iter().find(|finding| finding.code == "photo_missing").unwrap();
    assert_eq!(photo.sizes.iter().map(|size| &**size).collect::<Vec<_>>(), ["link", "story"]);
    assert_eq!((photo.line, photo.key.as_str()), (Some(5), "d"));
    let twin = findings.iter().find(|finding| finding.code == "name_collision").unwrap();
    assert!(twin.message.contains("row 1 has the same name \"a-link.jpg\""), "{}", twin.message);
}

#[test]
fn notes_are_no_problem() {
    let folder = folder("id,title,photo,Price,famly\n1,Fine,ok.png,1,x\n");
    let (summary, findings) = run(&options(folder.path()));
    let found: Vec<_> = findings.iter().map(|finding| (finding.code, finding.row, &*finding.path)).collect();
    let columns = [("missing_column", None, "fields.price"), ("missing_column", None, "fields.family")];
    assert_eq!(found, [columns[0], columns[1], ("photo_upscaled", Some(1), "layers[0]")]);
    assert!(findings[0].message.contains("did you mean \"Price\"?"), "{}", findings[0].message);
    assert!(!summary.has_problems());
    assert_eq!((summary.fine, summary.notes), (0, 1), "the data as a whole is no row");
}

#[test]
fn findings_come_in_row_order_from_any_number_of_threads() {
    let mut rows = "id,title\n".to_owned();
    for row in 0..3 * BATCH_ROWS {
        // Long and short work by turns.
        rows.push_str(&format!("{row},{}\n", if row % 2 == 0 { String::new() } else { "words ".repeat(row % 40) }));
    }
    let folder = folder(&rows);
    let (one, alone) = run(&CheckOptions { threads: Some(1), ..options(folder.path()) });
    let (four, together) = run(&CheckOptions { threads: Some(4), ..options(folder.path()) });
    assert_eq!(alone, together);
    assert_eq!((one.kinds, one.fine), (four.kinds, four.fine));
    assert!(alone.is_sorted_by_key(|finding| finding.row));
    let (limited, _) = run(&CheckOptions { limit: Some(10), ..options(folder.path()) });
    assert_eq!(limited.rows, Some(10));
}

#[test]
fn without_rows_only_the_template_is_checked() {
    let folder = folder("");
    let mut options = options(folder.path());
    options.campaign.data = None;
    let (summary, findings) = run(&options);
    assert_eq!((summary.rows, summary.findings, summary.has_problems()), (None, 0, false));
    assert!(findings.is_empty());
    // An empty file is unusable input, not a row with a mistake.
    options.campaign.data = Some(DataSource::File(folder.path().join("rows.csv")));
    assert!(check(&options, &mut |_| {}).is_err());
}

#[test]
fn a_quote_that_is_never_closed_ends_the_rows_with_an_error() {
    let folder = folder("id,title\n1,One\n2,\"Two\n3,Three\n");
    let (summary, findings) = run(&options(folder.path()));
    assert_eq!(summary.rows, Some(2));
    let broken = findings.last().unwrap();
    assert_eq!((broken.code, broken.row), ("bad_row", Some(2)));
}
