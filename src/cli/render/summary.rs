//! How a run ended: for people, for scripts, and as an exit status.

use std::path::Path;

use serde::Serialize;

use crate::cli::Status;
use crate::cli::output::{bytes, counted, shown};
use crate::render::{DataSource, Reason, Summary};

/// Reasons that are printed; the manifest has every failure.
const MAX_FAILURES: usize = 10;
const MAX_NAME_CHARS: usize = 80;
const MAX_MESSAGE_CHARS: usize = 300;

/// The summary as `--json` prints it: names that scripts rely on, in this order.
#[derive(Serialize)]
pub struct JsonSummary<'s> {
    variants: u64,
    ok: u64,
    failed: u64,
    skipped: u64,
    reused: u64,
    seconds: f64,
    variants_per_s: f64,
    bytes: u64,
    adapter: &'s str,
}

impl<'s> JsonSummary<'s> {
    /// The same figures.
    pub fn new(summary: &'s Summary) -> Self {
        let &Summary { variants, ok, failed, skipped, reused, bytes, ref adapter, .. } = summary;
        let seconds = rounded(summary.seconds);
        let variants_per_s = rounded(summary.variants_per_s);
        Self { variants, ok, failed, skipped, reused, seconds, variants_per_s, bytes, adapter }
    }
}

/// To the thousandth; JSON has no infinity.
fn rounded(value: f64) -> f64 {
    if value.is_finite() { (value * 1000.0).round() / 1000.0 } else { 0.0 }
}

/// The exit status of a run.
pub fn status(summary: &Summary) -> Status {
    match (&summary.stopped, summary.failed) {
        (Some(_), _) => Status::Stopped,
        (None, 0) => Status::Fine,
        (None, _) => Status::SomeFailed,
    }
}

/// `5250 variants, 5250 ok, 0 failed in 41.2 s (127/s), 402 MB, llvmpipe; see out/index.html`
pub fn line(summary: &Summary) -> String {
    let Summary { variants, ok, failed, skipped, reused, seconds, variants_per_s, adapter, stopped, index, .. } =
        summary;
    let mut line = match stopped {
        Some(reason) => format!("stopped ({}): ", shown(reason, MAX_MESSAGE_CHARS)),
        None => String::new(),
    };
    line.push_str(&format!("{}, {ok} ok, {failed} failed", counted(*variants, "variant")));
    for (count, what) in
        [(&summary.warned, "with warnings (gravure check tells them)"), (skipped, "skipped"), (reused, "reused")]
    {
        if *count > 0 {
            line.push_str(&format!(", {count} {what}"));
        }
    }
    let rate = if *variants_per_s < 10.0 { format!("{variants_per_s:.1}") } else { format!("{variants_per_s:.0}") };
    line.push_str(&format!(" in {seconds:.1} s ({rate}/s), {}, {}", bytes(summary.bytes), short_name(adapter)));
    if let Some(index) = index.as_deref().map(Path::display) {
        line.push_str(&format!("; see {index}"));
        if stopped.is_some() {
            line.push_str("; --resume goes on");
        }
    }
    line
}

/// `llvmpipe (LLVM 15.0.6, 256 bits)`: the first word says enough.
fn short_name(adapter: &str) -> &str {
    adapter.split(" (").next().unwrap_or(adapter)
}

/// What went wrong: one line for each reason with the first row that has it, then how many more there are.
pub fn failures(summary: &Summary, data: Option<&DataSource>) -> Vec<String> {
    let Summary { failures, variants_per_row, .. } = summary;
    let told = failures.reasons().len().min(MAX_FAILURES);
    let reasons = &failures.reasons()[..told];
    let mut lines: Vec<String> = reasons.iter().map(|reason| failure(reason, *variants_per_row, data)).collect();
    let others = failures.rows_by_code(told);
    if !others.is_empty() {
        let rows: u64 = others.values().sum();
        let codes: Vec<String> = others.iter().map(|(code, rows)| format!("{rows} {code}")).collect();
        let others = counted(rows, "more row");
        lines.push(format!("... and {others} for other reasons: {}; manifest.jsonl has all", codes.join(", ")));
    }
    lines
}

/// `failed: rows.csv:3: b: photo_missing: layers[1]: no such file (and 411 more rows)`
fn failure(reason: &Reason, variants_per_row: u64, data: Option<&DataSource>) -> String {
    let Reason { code, message, rows, row, line, key, variants, variant_count, .. } = reason;
    let place = match (line, data) {
        (Some(line), Some(data)) => format!("{data}:{line}"),
        _ => format!("row {row}"),
    };
    let mut what = shown(key, MAX_NAME_CHARS);
    // Where the whole row failed, its key says it all.
    if *variant_count < variants_per_row {
        let more = if *variant_count > variants.len() as u64 { ", ..." } else { "" };
        what.push_str(&format!(" ({}{more})", shown(&variants.join(", "), MAX_NAME_CHARS)));
    }
    let mut text = format!("failed: {place}: {what}: {code}: {}", shown(message, MAX_MESSAGE_CHARS));
    if *rows > 1 {
        text.push_str(&format!(" (and {})", counted(rows - 1, "more row")));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::job::{ErrorCode, Format, Record};
    use crate::render::Failures;

    fn summary() -> Summary {
        Summary {
            variants: 5250,
            ok: 5250,
            failed: 0,
            skipped: 0,
            reused: 0,
            notes: Vec::new(),
            warned: 0,
            seconds: 41.234_56,
            variants_per_s: 127.3,
            bytes: 402_400_000,
            adapter: "llvmpipe (LLVM 15.0.6, 256 bits)".to_owned(),
            timings: Vec::new(),
            feed_ms: Vec::new(),
            passes_ms: Vec::new(),
            stopped: None,
            variants_per_row: 2,
            failures: Failures::new(),
            index: Some(PathBuf::from("out/index.html")),
        }
    }

    #[test]
    fn json_has_exactly_the_promised_names_in_order() {
        let json = serde_json::to_string(&JsonSummary::new(&summary())).unwrap();
        assert_eq!(
            json,
            r#"{"variants":5250,"ok":5250,"failed":0,"skipped":0,"reused":0,"seconds":41.235,"variants_per_s":127.3,"#
                .to_owned()
                + r#""bytes":402400000,"adapter":"llvmpipe (LLVM 15.0.6, 256 bits)"}"#
        );
        let endless = Summary { variants_per_s: f64::INFINITY, ..summary() };
        assert!(serde_json::to_string(&JsonSummary::new(&endless)).unwrap().contains("\"variants_per_s\":0.0"));
    }

    #[test]
    fn the_line_reads_as_promised() {
        let expected = "5250 variants, 5250 ok, 0 failed in 41.2 s (127/s), 402 MB, llvmpipe; see out/index.html";
        assert_eq!(line(&summary()), expected);
        let stopped = Summary { stopped: Some("interrupted".into()), reused: 3, index: None, ..summary() };
        let expected =
            "stopped (interrupted): 5250 variants, 5250 ok, 0 failed, 3 reused in 41.2 s (127/s), 402 MB, llvmpipe";
        assert_eq!(line(&stopped), expected);
        let in_a_folder = Summary { index: Some("out/index.html".into()), ..stopped };
        assert_eq!(line(&in_a_folder), format!("{expected}; see out/index.html; --resume goes on"));
    }

    #[test]
    fn the_status_tells_how_it_ended() {
        assert_eq!(status(&summary()), Status::Fine);
        let failed = Summary { failed: 1, ..summary() };
        assert_eq!(status(&failed), Status::SomeFailed);
        assert_eq!(status(&Summary { stopped: Some("disk full".into()), ..failed }), Status::Stopped);
    }

    #[test]
    fn a_reason_is_one_line_with_its_place() {
        let mut failures = Failures::new();
        let record = |row: u64, size: &str, message: &str| {
            let record = Record { line: Some(row + 1), ..Record::new(row, format!("k{row}"), size, Format::Jpeg) };
            record.failed(ErrorCode::PhotoMissing, message)
        };
        for row in 1..=412 {
            failures.add(&record(row, "link", "a\nb"));
            failures.add(&record(row, "story", "a\nb"));
        }
        failures.add(&record(413, "story", "other"));
        let data = DataSource::File("rows.csv".into());
        let summary = Summary { failures, ..summary() };
        let expected = [
            "failed: rows.csv:2: k1: photo_missing: a\\nb (and 411 more rows)",
            "failed: rows.csv:414: k413 (story jpeg): photo_missing: other",
        ];
        assert_eq!(super::failures(&summary, Some(&data)), expected);
    }

    #[test]
    fn only_the_first_reasons_are_printed() {
        let mut failures = Failures::new();
        for row in 0..20 {
            failures.add(&Record::new(row, "k", "link", Format::Jpeg).failed(ErrorCode::BadValue, format!("{row}")));
        }
        let lines = super::failures(&Summary { failures, ..summary() }, None);
        assert_eq!(lines.len(), MAX_FAILURES + 1);
        assert_eq!(lines[0], "failed: row 0: k (link jpeg): bad_value: 0");
        assert_eq!(lines[10], "... and 10 more rows for other reasons: 10 bad_value; manifest.jsonl has all");
        assert!(super::failures(&summary(), None).is_empty());
    }
}
