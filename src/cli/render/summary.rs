//! How a run ended: for people, for scripts, and as an exit status.

use std::path::Path;

use serde::Serialize;

use crate::cli::Status;
use crate::cli::output::{bytes, counted, shown};
use crate::render::Summary;

/// Failures that are printed; the manifest has all.
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
    }
    line
}

/// `llvmpipe (LLVM 15.0.6, 256 bits)`: the first word says enough.
fn short_name(adapter: &str) -> &str {
    adapter.split(" (").next().unwrap_or(adapter)
}

/// The first failures, one a line, and how many more there are.
pub fn failures(summary: &Summary) -> Vec<String> {
    let mut lines: Vec<String> = summary
        .first_failures
        .iter()
        .take(MAX_FAILURES)
        .map(|(name, reason)| format!("failed: {}: {}", shown(name, MAX_NAME_CHARS), shown(reason, MAX_MESSAGE_CHARS)))
        .collect();
    let more = summary.failed.saturating_sub(lines.len() as u64);
    if more > 0 && !lines.is_empty() {
        lines.push(format!("... and {more} more; manifest.jsonl has all"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn summary() -> Summary {
        Summary {
            variants: 5250,
            ok: 5250,
            failed: 0,
            skipped: 0,
            reused: 0,
            warned: 0,
            seconds: 41.234_56,
            variants_per_s: 127.3,
            bytes: 402_400_000,
            adapter: "llvmpipe (LLVM 15.0.6, 256 bits)".to_owned(),
            timings: Vec::new(),
            stopped: None,
            first_failures: Vec::new(),
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
    }

    #[test]
    fn the_status_tells_how_it_ended() {
        assert_eq!(status(&summary()), Status::Fine);
        let failed = Summary { failed: 1, ..summary() };
        assert_eq!(status(&failed), Status::SomeFailed);
        assert_eq!(status(&Summary { stopped: Some("disk full".into()), ..failed }), Status::Stopped);
    }

    #[test]
    fn only_the_first_failures_are_printed() {
        let first_failures = (0..20).map(|row| (format!("{row}-link"), "photo_missing: a\nb".to_owned())).collect();
        let lines = failures(&Summary { failed: 300, first_failures, ..summary() });
        assert_eq!(lines.len(), MAX_FAILURES + 1);
        assert_eq!(lines[0], "failed: 0-link: photo_missing: a\\nb");
        assert_eq!(lines[MAX_FAILURES], "... and 290 more; manifest.jsonl has all");
        assert!(failures(&summary()).is_empty());
    }
}
