//! A check's report for people: kinds of problem first, then what no font has, then the worst rows.

use super::screen::{Screen, Style, fitted, padded};
use super::words;
use super::worst::WorstRow;
use crate::cli::output::counted;
use crate::render::check::{CheckSummary, Finding, Kind, MissingScript, Severity};

/// Characters that are named of one script.
const MAX_CHARACTERS: usize = 12;
/// Layers that are named of one kind.
const MAX_LAYERS: usize = 3;
/// Columns of the word for a severity.
const SEVERITY_COLUMNS: usize = 7;

/// The whole report; empty where nothing was found.
pub fn report(summary: &CheckSummary, worst: &[WorstRow], more_rows: u64, screen: &Screen) -> String {
    let mut text = String::new();
    if !summary.kinds.is_empty() {
        kinds(&mut text, &summary.kinds, screen);
    }
    if !summary.scripts.is_empty() {
        heading(&mut text, "characters that no font has", screen);
        for script in &summary.scripts {
            missing_script(&mut text, script, screen);
        }
    }
    if !worst.is_empty() {
        heading(&mut text, if more_rows > 0 { "the worst rows" } else { "rows" }, screen);
        worst.iter().for_each(|row| worst_row(&mut text, row, screen));
    }
    if more_rows > 0 {
        let more =
            format!("... and {} more; --show N lists more of them, --all every finding", counted(more_rows, "row"));
        text.push_str(&format!("{}\n", screen.styled(&more, Style::Soft)));
    }
    text
}

/// One line for a finding, as compilers have it: `rows.csv:5: error: photo_missing: photo: no such file (key d; link)`.
pub fn line(finding: &Finding, data: &str) -> String {
    let mut place = data.to_owned();
    match (finding.line, finding.row) {
        (Some(line), _) => place.push_str(&format!(":{line}")),
        (None, Some(row)) => place.push_str(&format!(": row {row}")),
        (None, None) => {}
    }
    let mut about: Vec<String> = Vec::new();
    if !finding.key.is_empty() {
        about.push(format!("key {}", super::shown(&finding.key, 60)));
    }
    if !finding.sizes.is_empty() {
        about.push(finding.sizes.join(" "));
    }
    let about = if about.is_empty() { String::new() } else { format!(" ({})", about.join("; ")) };
    let parts = [finding.severity.name().to_owned(), finding.code.to_owned(), words::path(finding)];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("{place}: {}: {}{about}", parts.join(": "), words::message(finding))
}

fn kinds(text: &mut String, kinds: &[Kind], screen: &Screen) {
    let rows_columns = kinds.iter().map(|kind| kind.rows.to_string().len()).max().unwrap_or(0).max(4);
    let code_columns = kinds.iter().map(|kind| kind.code.len()).max().unwrap_or(0);
    let header = format!("{:>rows_columns$}  {:SEVERITY_COLUMNS$}  {:code_columns$}  layers", "rows", "", "code");
    text.push_str(&format!("{}\n", screen.styled(&header, Style::Soft)));
    let indent = rows_columns + 2 + SEVERITY_COLUMNS + 2;
    for kind in kinds {
        let Kind { severity, code, rows, layers, example, findings: _ } = kind;
        let named: Vec<&str> = layers.iter().take(MAX_LAYERS).map(|(layer, _)| &**layer).collect();
        let mut layers_text = super::shown(&named.join(", "), 200);
        if layers.len() > MAX_LAYERS {
            layers_text.push_str(&format!(" and {} more", layers.len() - MAX_LAYERS));
        }
        let rows = if example.row.is_none() { "-".to_owned() } else { rows.to_string() };
        text.push_str(&format!(
            "{}  {}  {}  {}\n",
            screen.styled(&format!("{rows:>rows_columns$}"), Style::Strong),
            screen.styled(&padded(severity.name(), SEVERITY_COLUMNS), Style::Of(*severity)),
            screen.styled(&padded(code, code_columns), Style::Strong),
            screen.fitted(&layers_text, indent + code_columns + 2),
        ));
        let example = match example.row {
            Some(_) => format!("{}: {}", words::place(example), words::message(example)),
            None => words::message(example),
        };
        let example = screen.styled(&screen.fitted(&example, indent), Style::Soft);
        text.push_str(&format!("{:indent$}{example}\n", ""));
    }
}

fn missing_script(text: &mut String, script: &MissingScript, screen: &Screen) {
    let MissingScript { script, rows, characters } = script;
    let named: Vec<String> = characters
        .iter()
        .take(MAX_CHARACTERS)
        .map(|(character, _)| format!("{} U+{:04X}", super::shown(&character.to_string(), 1), u32::from(*character)))
        .collect();
    let mut named = if named.is_empty() { "in personal text".to_owned() } else { named.join("  ") };
    if characters.len() > MAX_CHARACTERS {
        named.push_str(&format!("  and {} more", characters.len() - MAX_CHARACTERS));
    }
    let about = padded(&counted(*rows, "row"), 10);
    let script = padded(&fitted(&script.replace('_', " "), 16), 16);
    text.push_str(&format!("  {script}  {about}  {}\n", screen.fitted(&named, 32)));
}

fn worst_row(text: &mut String, row: &WorstRow, screen: &Screen) {
    let Some(first) = row.findings.first() else { return };
    text.push_str(&format!("  {}\n", screen.styled(&screen.fitted(&words::place(first), 2), Style::Strong)));
    for finding in &row.findings {
        let Finding { severity, code, sizes, .. } = finding;
        let mut about = format!("{code}  {}", words::path(finding));
        if !sizes.is_empty() {
            about.push_str(&format!(" ({})", super::shown(&sizes.join(", "), 80)));
        }
        let indent = 4 + SEVERITY_COLUMNS + 2;
        text.push_str(&format!(
            "    {}  {}\n",
            screen.styled(&padded(severity.name(), SEVERITY_COLUMNS), Style::Of(*severity)),
            screen.fitted(&about, indent),
        ));
        let message = screen.styled(&screen.fitted(&words::message(finding), indent), Style::Soft);
        text.push_str(&format!("{:indent$}{message}\n", ""));
    }
    if row.more() > 0 {
        text.push_str(&format!("    ... and {} more in this row\n", row.more()));
    }
}

fn heading(text: &mut String, words: &str, screen: &Screen) {
    text.push_str(&format!("\n{}\n", screen.styled(words, Style::Strong)));
}

/// The verdict in one line.
pub fn verdict(template: &str, summary: &CheckSummary) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_line_that_editors_can_jump_to() {
        let mut finding = Finding::new(Severity::Error, "photo_missing", "photo", "no such file");
        assert_eq!(line(&finding, "rows.csv"), "rows.csv: error: photo_missing: photo: no such file");
        (finding.row, finding.line, finding.key) = (Some(4), Some(5), "d".into());
        finding.sizes = vec!["link".into(), "story".into()];
        let expected = "rows.csv:5: error: photo_missing: photo: no such file (key d; link story)";
        assert_eq!(line(&finding, "rows.csv"), expected);
        finding.line = None;
        assert!(line(&finding, "rows.json").starts_with("rows.json: row 4: error: "));
    }

    #[test]
    fn the_verdict_counts_rows_by_their_worst() {
        let mut summary = CheckSummary { rows: Some(9), variants: 27, ..CheckSummary::default() };
        assert_eq!(verdict("t.yaml", &summary), "9 rows, 27 variants: nothing to complain of");
        summary.notes = 2;
        assert!(!summary.has_problems());
        summary.warnings = 1;
        assert!(summary.has_problems());
        assert_eq!(verdict("t.yaml", &summary), "9 rows, 27 variants: 1 with warnings, 2 with notes");
    }
}
