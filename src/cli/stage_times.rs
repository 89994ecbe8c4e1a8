//! `--timings`: one line for each stage.

use super::table::Table;
use crate::render::StageTiming;

/// Busy time of each stage, over all its threads, as a table. `variants` are those that were made.
pub fn stage_times(timings: &[StageTiming], variants: u64, seconds: f64) -> String {
    let mut table = Table::new(&["stage", "busy ms", "ms a variant", "threads", "% busy"]);
    for StageTiming { name, busy_ms, threads } in timings {
        let each = if variants > 0 { format!("{:.3}", busy_ms / variants as f64) } else { String::new() };
        // Of the time that its threads had.
        let whole_ms = seconds * 1000.0 * (*threads).max(1) as f64;
        let share = if whole_ms > 0.0 { format!("{:.0}", busy_ms / whole_ms * 100.0) } else { String::new() };
        table.push(vec![(*name).to_owned(), format!("{busy_ms:.0}"), each, threads.to_string(), share]);
    }
    table.to_string()
}

/// What each part of a stage took, as a table: `of` heads it.
pub fn part_times(of: &'static str, parts_ms: &[(&'static str, f64)], variants: u64) -> String {
    let mut table = Table::new(&[of, "ms", "ms a variant"]);
    for (name, ms) in parts_ms {
        let each = if variants > 0 { format!("{:.3}", ms / variants as f64) } else { String::new() };
        table.push(vec![(*name).to_owned(), format!("{ms:.0}"), each]);
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_has_a_line() {
        let timings = [
            StageTiming { name: "bind", busy_ms: 1500.4, threads: 2 },
            StageTiming { name: "gpu", busy_ms: 900.0, threads: 1 },
        ];
        let text = stage_times(&timings, 1000, 1.0);
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[1], ["bind", "1500", "1.500", "2", "75"]);
        assert_eq!(lines[2], ["gpu", "900", "0.900", "1", "90"]);
        assert_eq!(stage_times(&timings, 0, 0.0).lines().count(), 3);
        let passes = part_times("on the GPU", &[("text", 12.0)], 4);
        assert!(passes.ends_with("text        12         3.000\n"), "{passes}");
    }
}
