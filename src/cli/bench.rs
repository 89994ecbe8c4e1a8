//! `gravure bench`: how fast this machine is, and whether it draws what it should.

use std::path::PathBuf;

use clap::Args;

use super::Status;
use super::output::{note, print, print_json};
use super::table::Table;
use crate::bench::{BenchOptions, Measured, Report, bench};

/// Arguments of `gravure bench`.
#[derive(Debug, Args)]
#[command(
    after_help = "GRAVURE_ADAPTER chooses the adapter. Exit status: 0 all is as it should be, 1 colours or bytes \
    are not those they should be, 2 nothing could be measured."
)]
pub struct BenchArgs {
    /// A campaign's folder, with template.yaml and rows.csv
    #[arg(default_value = "examples/product-card")]
    folder: PathBuf,
    /// Seconds for each line, 0 to 600; there are eight
    #[arg(long, value_name = "N", default_value_t = 6.0, value_parser = seconds)]
    seconds: f64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Store the colours of the first canvases in the folder, for later runs to compare with
    #[arg(long, hide = true)]
    write_checks: bool,
}

/// How far the two ways to draw may be apart, of 255.
const MAX_LEVELS: u8 = 1;

/// Measures and reports.
pub fn run(args: &BenchArgs) -> anyhow::Result<Status> {
    let options = BenchOptions { folder: args.folder.clone(), seconds: args.seconds, writes_checks: args.write_checks };
    let report = bench(&options)?;
    if args.json {
        print_json(&report)?
    } else {
        print(&text(&report))?
    }
    let is_alike = report.draw_difference.is_none_or(|levels| levels <= MAX_LEVELS);
    let is_right = report.same_bytes != Some(false) && is_alike && report.colors.is_none_or(|colors| colors.is_right);
    if !is_right {
        note("the pictures are not what they should be");
    }
    Ok(if is_right { Status::Fine } else { Status::SomeFailed })
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.trim().parse() {
        Ok(seconds) if (0.0..=600.0).contains(&seconds) => Ok(seconds),
        _ => Err("expected a number from 0 to 600".to_owned()),
    }
}

fn text(report: &Report) -> String {
    let Report { version, adapter, class, cores, coded_by, format, draw, size: [width, height], .. } = report;
    let mut text = format!(
        "gravure {version} on {adapter} ({class}), {cores} threads; drawn by its {draw} stage, {format} coded {}\n\n",
        if *coded_by == "gpu" { "by it" } else { "on the CPU" }
    );
    let mut table = Table::new(&["whole canvases", "by", "per s", "ms a canvas to feed the adapter", "on the adapter"]);
    let parts = |parts: &[(&str, f64)]| {
        let parts: Vec<_> = parts.iter().map(|(name, ms)| format!("{name} {ms:.3}")).collect();
        parts.join(", ")
    };
    for Measured { what, draw, per_s, feed_ms, passes_ms } in &report.sheets {
        let per_s = format!("{per_s:.0}");
        table.push(vec![(*what).to_owned(), (*draw).to_owned(), per_s, parts(feed_ms), parts(passes_ms)]);
    }
    text.push_str(&format!("{width}x{height}:\n{table}"));
    text.push_str(&format!("threads read mapped pixels at {:.1} GB/s\n\n", report.readback_gb_per_s));
    let mut table = Table::new(&["runs, where most recurs", "images", "per s", "busy ms"]);
    for run in &report.runs {
        let stages: Vec<_> = run.stages_ms.iter().map(|(name, ms)| format!("{name} {ms:.0}")).collect();
        table.push(vec![run.what.clone(), run.variants.to_string(), format!("{:.0}", run.per_s), stages.join(", ")]);
    }
    text.push_str(&table.to_string());
    if let Some(same_bytes) = report.same_bytes {
        let bytes = if same_bytes { "the same bytes" } else { "OTHER BYTES" };
        text.push_str(&format!("\nCPU and adapter: {bytes}\n"));
    }
    if let Some(levels) = report.draw_difference {
        text.push_str(&format!("fragment and compute stage: at most {levels} of 255 apart\n"));
    }
    text.push_str(&match report.colors {
        Some(colors) if colors.is_right => format!("colours: as stored, to {:.2} of 255\n", colors.largest),
        Some(colors) => format!("colours: NOT those stored, off by {:.2} of 255\n", colors.largest),
        None => "colours: none stored to compare with\n".to_owned(),
    });
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_a_number_that_can_be_waited_for() {
        assert_eq!((seconds("0"), seconds(" 1.5 "), seconds("600")), (Ok(0.0), Ok(1.5), Ok(600.0)));
        for text in ["-1", "600.1", "NaN", "inf", "2s", ""] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
