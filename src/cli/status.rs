//! `gravure status`: what became of a campaign.

use std::time::{Duration, SystemTime};

use clap::Args;
use serde_json::{Value, json};

use super::Status;
use super::farm::{OpenedPlace, PlaceArgs};
use super::output::{bytes, counted, print, print_json, shown};
use crate::job::Counts;
use crate::submit::{CampaignPlace, FailedRow, State, state};

/// Failures that are shown where nobody asks for all.
const SHOWN: usize = 10;

/// Arguments of `gravure status`.
#[derive(Debug, Args)]
#[command(after_help = "Exit status: 0 every variant is stored, 1 all jobs have ended and some variants failed, \
    2 there is no such campaign, 3 not all jobs have ended.")]
pub struct StatusArgs {
    /// List every failed variant (at most 1,000)
    #[arg(long)]
    failures: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// Reports how far a campaign is.
pub fn run(args: &StatusArgs) -> anyhow::Result<Status> {
    let OpenedPlace { place, store, .. } = args.place.open()?;
    let state = state(&place, &store)?;
    match args.json {
        true => print_json(&json_report(&place, &state, args.failures))?,
        false => print(&report(&place, &state, if args.failures { usize::MAX } else { SHOWN }))?,
    }
    Ok(exit_status(&state))
}

/// As `render` has it.
pub fn exit_status(state: &State) -> Status {
    match (state.is_done(), state.counts.failed) {
        (false, _) => Status::Stopped,
        (true, 0) => Status::Fine,
        (true, _) => Status::SomeFailed,
    }
}

fn report(place: &CampaignPlace, state: &State, most: usize) -> String {
    let State { file, counts, last_activity, variants_per_s, .. } = state;
    let how_far = match (state.is_cancelled, state.open_parts(), file.is_complete) {
        (true, ..) => "called off".to_owned(),
        (_, _, false) => format!("not all submitted: gravure submit --campaign {} goes on", file.campaign),
        (_, 0, _) => "done".to_owned(),
        (_, open, _) => format!("{open} not done"),
    };
    let mut text = format!(
        "{place}\n{}, {} in {}: {how_far}\n",
        shown(&file.template, 60),
        counted(file.rows, "row"),
        counted(file.parts, "job")
    );
    text.push_str(&format!("{}, {} missing\n", line(counts), state.missing()));
    if let Some(ago) = last_activity.and_then(|last| SystemTime::now().duration_since(last).ok()) {
        let rate = variants_per_s.map_or_else(String::new, |rate| format!(", at {rate:.0} variants/s"));
        text.push_str(&format!("the last job ended {} ago{rate}\n", span(ago)));
    }
    text.push_str(&failures(state, most));
    if state.is_cancelled || !file.is_complete {
        return text;
    }
    if counts.failed > 0 {
        text.push_str(&format!("submit the failed rows again: gravure retry --failed {place}\n"));
    }
    if state.open_parts() > 0 {
        text.push_str("jobs that workers gave up: gravure dead list; jobs that were lost: gravure retry --missing\n");
    }
    text
}

/// One line for each code, then the first rows: `  row 7 (a-7), link.jpg: no such file`.
pub fn failures(state: &State, most: usize) -> String {
    let mut text = String::new();
    for (code, count) in &state.failures {
        text.push_str(&format!("{count} failed: {code}\n"));
    }
    for FailedRow { row, line, key, size, format, code, message } in state.failed_rows.iter().take(most) {
        let line = line.map_or_else(String::new, |line| format!(", line {line}"));
        let (key, message) = (shown(key, 60), shown(message, 200));
        text.push_str(&format!("  row {row}{line}: {key} ({size} {format}): {code}: {message}\n"));
    }
    let told = state.failed_rows.len().min(most) as u64;
    if state.counts.failed > told {
        text.push_str(&format!("  and {} more\n", state.counts.failed - told));
    }
    text
}

fn json_report(place: &CampaignPlace, state: &State, all: bool) -> Value {
    let State { file, counts, failures, last_activity, variants_per_s, .. } = state;
    let time = last_activity.and_then(|last| jiff::Timestamp::try_from(last).ok());
    let mut report = json!({
        "campaign": file.campaign, "place": place.to_string(), "template": file.template, "lane": file.lane,
        "created": file.created, "submitted": file.is_complete, "cancelled": state.is_cancelled,
        "jobs": file.parts, "jobs_open": state.open_parts(), "rows": file.rows,
        "variants": state.variants(), "missing": state.missing(),
        "ok": counts.ok, "failed": counts.failed, "skipped": counts.skipped, "reused": counts.reused,
        "bytes": counts.bytes, "failures": failures,
        "last_activity": time.map(|time| format!("{time:.0}")),
        "variants_per_s": variants_per_s.map(|rate| (rate * 10.0).round() / 10.0),
    });
    if all {
        report["failed_rows"] = state.failed_rows.iter().map(failed_row).collect();
    }
    report
}

fn failed_row(failed: &FailedRow) -> Value {
    let FailedRow { row, line, key, size, format, code, message } = failed;
    json!({"row": row, "line": line, "key": key, "size": size, "format": format, "code": code, "message": message})
}

/// `5250 variants, 5250 ok, 0 failed, 12 reused, 402 MB`
pub fn line(counts: &Counts) -> String {
    let Counts { ok, failed, skipped, reused, bytes: stored } = *counts;
    let mut line = format!("{}, {ok} ok, {failed} failed", counted(counts.variants(), "variant"));
    for (count, what) in [(skipped, "skipped"), (reused, "reused")] {
        if count > 0 {
            line.push_str(&format!(", {count} {what}"));
        }
    }
    line.push_str(&format!(", {}", bytes(stored)));
    line
}

/// `12 s`, `3 min`, `5 h`, `2 days`.
fn span(span: Duration) -> String {
    match span.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds @ 7200..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_rounded_for_people() {
        let spans = [0, 119, 120, 7199, 7200, 172_800].map(|seconds| span(Duration::from_secs(seconds)));
        assert_eq!(spans, ["0 s", "119 s", "2 min", "119 min", "2 h", "2 days"]);
    }

    #[test]
    fn the_counts_are_one_line() {
        let counts = Counts { ok: 2, failed: 1, skipped: 0, reused: 3, bytes: 1500 };
        assert_eq!(line(&counts), "6 variants, 2 ok, 1 failed, 3 reused, 1.5 kB");
    }
}
