//! `gravure bench`: the whole command, on a campaign of its own.

use serde_json::Value;

use crate::cli::Campaign;
use crate::support::gpu_turn;

/// A campaign's folder as the command expects it, whose pictures are of this format.
fn campaign(format: &str) -> Campaign {
    let campaign = Campaign::new();
    let template = std::fs::read_to_string(campaign.path("t.yaml")).expect("the template");
    // Large enough for segments, which are what the adapter codes.
    let template = template.replace("width: 120, height: 64", "width: 480, height: 320");
    campaign.write("template.yaml", &format!("{template}outputs: [{{ format: {format} }}]\n"));
    campaign
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn every_way_is_measured_and_what_comes_of_it_compared() {
    let _turn = gpu_turn();
    let campaign = campaign("jpeg");
    let ran = campaign.run(&["bench", ".", "--seconds", "0", "--json"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let report = json(&ran.stdout);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let sheets = report["sheets"].as_array().unwrap().iter().map(|line| (text(&line["what"]), text(&line["draw"])));
    let expected = [
        ("drawn, pixels read back", "fragment"),
        ("drawn, pixels read back", "compute"),
        ("drawn, coded on the CPU", "fragment"),
        ("drawn, coded by the adapter", "fragment"),
    ];
    let expected = expected.map(|(what, draw)| (what.to_owned(), draw.to_owned()));
    assert_eq!(sheets.collect::<Vec<_>>(), expected);
    for line in report["sheets"].as_array().unwrap() {
        assert!(line["per_s"].as_f64().unwrap() > 0.0, "{line}");
        for parts in ["feed_ms", "passes_ms"] {
            let parts = line[parts].as_array().unwrap();
            assert!(parts.iter().any(|part| part[1].as_f64().unwrap() > 0.0), "{line}");
        }
    }
    let coded = &report["sheets"][3]["passes_ms"];
    for stage in ["jpeg, transform", "jpeg, code", "jpeg, stuff"] {
        assert!(coded.as_array().unwrap().iter().any(|part| part[0] == stage), "{coded}");
    }
    let runs = report["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 4);
    // Three rows, of which one has no photo.
    assert!(runs.iter().all(|run| run["variants"] == 3 && run["per_s"].as_f64().unwrap() > 0.0), "{report}");
    assert_eq!(report["same_bytes"], true);
    assert!(report["draw_difference"].as_u64().unwrap() <= 1, "{report}");
    assert_eq!(report["colors"], Value::Null, "none are stored");

    assert_eq!(campaign.run(&["bench", ".", "--seconds", "0", "--write-checks"]).status, 0);
    let ran = campaign.run(&["bench", ".", "--seconds", "0"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    for said in ["colours: as stored", "the same bytes", "fragment and compute stage: at most"] {
        assert!(ran.stdout.contains(said), "{}", ran.stdout);
    }
    let template = std::fs::read_to_string(campaign.path("template.yaml")).expect("the template");
    campaign.write("template.yaml", &template.replace("#0f172a", "#1f273a"));
    let ran = campaign.run(&["bench", ".", "--seconds", "0"]);
    assert_eq!(ran.status, 1, "{}", ran.stdout);
    assert!(ran.stdout.contains("NOT those stored, off by 16"), "{}", ran.stdout);
}

#[test]
fn pictures_that_the_adapter_cannot_code_are_measured_too() {
    let _turn = gpu_turn();
    let ran = campaign("webp").run(&["bench", ".", "--seconds", "0", "--json"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let report = json(&ran.stdout);
    assert_eq!(report["same_bytes"], Value::Null);
    assert_eq!((report["sheets"].as_array().unwrap().len(), report["runs"].as_array().unwrap().len()), (3, 2));
}

#[test]
fn what_cannot_be_measured_says_why() {
    let campaign = campaign("jpeg");
    let ran = campaign.run(&["bench", "nowhere"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("nowhere/template.yaml"), "{}", ran.stderr);
    campaign.write("rows.csv", "id,title,photo\na,One,missing.png\n");
    let ran = campaign.run(&["bench", "."]);
    assert_eq!(ran.status, 2, "{}", ran.stdout);
    assert!(ran.stderr.contains("missing.png"), "{}", ran.stderr);
}
