//! `gravure check`: findings for people, as JSON lines or as a page, and what they come to.

mod progress;
mod screen;
mod terminal;
mod words;
mod worst;

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use super::Status;
use super::args::CampaignArgs;
use super::objects::allow_named;
use super::output::{note, print, print_json, shown};
use crate::render::check::{CheckEvent, CheckOptions, CheckSummary, check};
use crate::render::check_page::{CheckPage, PageFacts};

use progress::ProgressLine;
use screen::Screen;
use worst::WorstRows;

/// Arguments of `gravure check`.
#[derive(Debug, Args)]
#[command(after_help = "Exit status: 0 all rows will look right, 1 some will not (errors and warnings; notes do not \
    count), 2 the template or the options cannot be used.")]
pub struct CheckArgs {
    /// Rows: CSV, JSON Lines or a JSON array; a file, a URL, or - for standard input
    #[arg(long, value_name = "ROWS")]
    data: Option<PathBuf>,
    /// How many of the worst rows are listed
    #[arg(long, value_name = "N", default_value_t = 20, conflicts_with_all = ["all", "json"])]
    show: usize,
    /// Print every finding, one a line, in the order of the rows
    #[arg(long, conflicts_with = "json")]
    all: bool,
    /// One JSON object a line: every finding, then the summary
    #[arg(long)]
    json: bool,
    /// Write the findings as a page, too
    #[arg(long, value_name = "FILE.html", requires = "data")]
    report: Option<PathBuf>,
    // Last: its heading holds for all that follows.
    #[command(flatten)]
    campaign: CampaignArgs,
}

/// Checks a template and its rows.
pub fn run(args: &CheckArgs) -> anyhow::Result<Status> {
    let mut campaign = args.campaign.options(args.data.as_deref());
    allow_named(&mut campaign)?;
    let options = CheckOptions {
        campaign,
        limit: args.campaign.limit,
        threads: args.campaign.threads(),
        wireframes: args.report.is_some(),
    };
    let mut report = Report::new(args);
    let result = check(&options, &mut |event| report.take(event));
    report.progress.clear();
    let summary = result?;
    report.finish(&summary)?;
    Ok(if summary.has_problems() { Status::SomeFailed } else { Status::Fine })
}

/// Takes findings as they come and shows them as the arguments ask.
struct Report<'a> {
    args: &'a CheckArgs,
    data: String,
    progress: ProgressLine,
    worst: WorstRows,
    page: Option<CheckPage>,
    /// Printing failed: the rest is checked without.
    failed: Option<anyhow::Error>,
}

impl<'a> Report<'a> {
    fn new(args: &'a CheckArgs) -> Self {
        let data = match args.data.as_deref() {
            Some(path) if path == Path::new("-") => "standard input".to_owned(),
            Some(path) => path.display().to_string(),
            None => String::new(),
        };
        let streams = args.all || args.json;
        Self {
            args,
            data,
            progress: ProgressLine::new(!streams),
            worst: WorstRows::new(args.show),
            page: args.report.is_some().then(CheckPage::new),
            failed: None,
        }
    }

    fn take(&mut self, event: CheckEvent<'_>) {
        let finding = match event {
            CheckEvent::Found(finding) => finding,
            CheckEvent::Rows(rows) => return self.progress.show(rows),
        };
        if let Some(page) = &mut self.page {
            page.add(finding);
        }
        let printed = match (self.args.json, self.args.all) {
            _ if self.failed.is_some() => return,
            (true, _) => print_json(finding),
            (_, true) => print(&terminal::line(finding, &shown(&self.data, 200))),
            _ => {
                self.worst.add(finding);
                return;
            }
        };
        self.failed = printed.err();
    }

    fn finish(self, summary: &CheckSummary) -> anyhow::Result<()> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let template = self.args.campaign.template.display().to_string();
        if let (Some(page), Some(path)) = (&self.page, &self.args.report) {
            let facts = PageFacts { template: &template, data: &self.data, summary };
            std::fs::write(path, page.render(&facts)).with_context(|| format!("cannot write {}", path.display()))?;
        }
        if self.args.json {
            print_json(summary)?;
        } else if !self.args.all {
            let (worst, more_rows) = self.worst.finish();
            let text = terminal::report(summary, &worst, more_rows, &Screen::of_stdout());
            if !text.is_empty() {
                print(&text)?;
            }
        }
        let mut verdict = terminal::verdict(&template, summary);
        if let Some(path) = &self.args.report {
            verdict.push_str(&format!("; see {}", path.display()));
        }
        if !self.args.json {
            note(&verdict);
        }
        Ok(())
    }
}
