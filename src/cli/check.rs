//! `gravure check`: findings as a table or as JSON lines, and what they come to.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::Status;
use super::args::CampaignArgs;
use super::output::{counted, note, print, print_json, shown};
use super::table::Table;
use crate::render::check::{CheckOptions, CheckSummary, Finding, Severity, check};

/// Findings that a table shows; the counts below it are of all.
const MAX_SHOWN: usize = 50;
const MAX_CELL_CHARS: usize = 60;
const MAX_MESSAGE_CHARS: usize = 200;

/// Arguments of `gravure check`.
#[derive(Debug, Args)]
#[command(after_help = "Exit status: 0 all rows will look right, 1 some will not (errors and warnings; notes do not \
    count), 2 the template or the options cannot be used.")]
pub struct CheckArgs {
    #[command(flatten)]
    campaign: CampaignArgs,
    /// Rows: CSV, JSON Lines or a JSON array; a file, a URL, or - for standard input
    #[arg(long, value_name = "ROWS")]
    data: Option<PathBuf>,
    /// One JSON object a line: every finding, then the summary
    #[arg(long)]
    json: bool,
}

/// Checks a template and its rows.
pub fn run(args: &CheckArgs) -> anyhow::Result<Status> {
    let options = CheckOptions {
        campaign: args.campaign.options(args.data.as_deref()),
        limit: args.campaign.limit,
        threads: args.campaign.threads(),
    };
    let summary = if args.json { report_json(&options)? } else { report_table(&options)? };
    Ok(if summary.has_problems() { Status::SomeFailed } else { Status::Fine })
}

fn report_table(options: &CheckOptions) -> anyhow::Result<CheckSummary> {
    let mut table = Table::new(&["row", "line", "key", "size", "", "code", "where", "message"]);
    let mut not_shown = 0;
    let summary = check(options, &mut |finding| match table.len() < MAX_SHOWN {
        true => table.push(cells(finding)),
        false => not_shown += 1,
    })?;
    if !table.is_empty() {
        let mut text = table.to_string();
        if not_shown > 0 {
            text.push_str(&format!("... and {not_shown} more; --json prints all\n"));
        }
        text.push('\n');
        for ((severity, code), count) in &summary.findings_by_code {
            text.push_str(&format!("{count:>8}  {:<7}  {code}\n", severity.name()));
        }
        print(&text)?;
    }
    note(&conclusion(&options.campaign.template.display().to_string(), &summary));
    Ok(summary)
}

fn cells(finding: &Finding) -> Vec<String> {
    let Finding { row, line, key, sizes, severity, code, path, message } = finding;
    vec![
        // For people from 1; in JSON, as in manifests, from 0.
        (row + 1).to_string(),
        line.map_or_else(String::new, |line| line.to_string()),
        shown(key, MAX_CELL_CHARS),
        shown(&sizes.join(" "), MAX_CELL_CHARS),
        severity.name().to_owned(),
        (*code).to_owned(),
        shown(path, MAX_CELL_CHARS),
        shown(message, MAX_MESSAGE_CHARS),
    ]
}

fn conclusion(template: &str, summary: &CheckSummary) -> String {
    let Some(rows) = summary.rows else {
        return format!("{template}: no mistakes found; --data ROWS checks the rows too");
    };
    let parts: Vec<String> = Severity::ALL
        .into_iter()
        .filter(|&worst| summary.rows_with(worst) > 0)
        .map(|worst| format!("{} with {}s", summary.rows_with(worst), worst.name()))
        .collect();
    let found = if parts.is_empty() { "nothing to complain of".to_owned() } else { parts.join(", ") };
    format!("{}, {}: {found}", counted(rows, "row"), counted(summary.variants, "variant"))
}

fn report_json(options: &CheckOptions) -> anyhow::Result<CheckSummary> {
    let mut failed = None;
    let summary = check(options, &mut |finding| {
        if failed.is_none() {
            failed = print_json(&JsonFinding::new(finding)).err();
        }
    })?;
    match failed {
        Some(error) => Err(error),
        None => {
            print_json(&JsonSummary::new(&summary))?;
            Ok(summary)
        }
    }
}

#[derive(Serialize)]
struct JsonFinding<'f> {
    row: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    key: &'f str,
    sizes: Vec<&'f str>,
    severity: &'static str,
    code: &'static str,
    path: &'f str,
    message: &'f str,
}

impl<'f> JsonFinding<'f> {
    fn new(finding: &'f Finding) -> Self {
        let Finding { row, line, key, sizes, severity, code, path, message } = finding;
        let sizes = sizes.iter().map(|size| &**size).collect();
        Self { row: row + 1, line: *line, key, sizes, severity: severity.name(), code, path, message }
    }
}

/// `null` rows: only the template was checked. Rows are counted by the worst that was found in them.
#[derive(Serialize)]
struct JsonSummary {
    rows: Option<u64>,
    variants: u64,
    errors: u64,
    warnings: u64,
    notes: u64,
    codes: serde_json::Map<String, serde_json::Value>,
}

impl JsonSummary {
    fn new(summary: &CheckSummary) -> Self {
        let codes = summary.findings_by_code.iter();
        Self {
            rows: summary.rows,
            variants: summary.variants,
            errors: summary.rows_with(Severity::Error),
            warnings: summary.rows_with(Severity::Warning),
            notes: summary.rows_with(Severity::Note),
            codes: codes.map(|((_, code), count)| ((*code).to_owned(), (*count).into())).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding() -> Finding {
        Finding {
            row: 3,
            line: Some(5),
            key: "a\u{1b}b".into(),
            sizes: vec!["link".into(), "story".into()],
            severity: Severity::Warning,
            code: "truncated",
            path: "layers[2]".into(),
            message: "some of the text is cut off".into(),
        }
    }

    #[test]
    fn a_finding_is_one_line_of_the_table() {
        assert_eq!(
            cells(&finding()),
            ["4", "5", "a\\u{1b}b", "link story", "warning", "truncated", "layers[2]", "some of the text is cut off"]
        );
    }

    #[test]
    fn a_finding_is_one_json_object() {
        let json = serde_json::to_value(JsonFinding::new(&finding())).unwrap();
        assert_eq!(json["sizes"], serde_json::json!(["link", "story"]));
        assert_eq!(json["severity"], "warning");
        assert_eq!(json["line"], 5);
    }

    #[test]
    fn the_conclusion_counts_rows_by_their_worst() {
        let mut summary = CheckSummary { rows: Some(9), variants: 27, ..CheckSummary::default() };
        assert_eq!(conclusion("t.yaml", &summary), "9 rows, 27 variants: nothing to complain of");
        summary.rows_by_worst.insert(Severity::Note, 2);
        assert!(!summary.has_problems());
        summary.rows_by_worst.insert(Severity::Warning, 1);
        assert!(summary.has_problems());
        assert_eq!(conclusion("t.yaml", &summary), "9 rows, 27 variants: 1 with warnings, 2 with notes");
    }
}
