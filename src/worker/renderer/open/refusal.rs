//! Why a job cannot be rendered.

use url::Url;

use crate::assets::fetch::{FetchError, shown_url};
use crate::campaign::{CampaignError, Problem};

/// Mistakes that a message names; a broken template may have hundreds.
const MAX_LINES: usize = 10;

/// Why a job cannot be rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// For scripts.
    pub code: &'static str,
    /// For people: no values of rows, no secrets.
    pub message: String,
    /// Whether a later try may go better.
    pub may_pass: bool,
}

/// What a job names by URL.
#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    Template,
    Data,
}

impl Refusal {
    /// The code where the store takes or gives nothing: no fault of the job's.
    pub const STORE_DOWN: &'static str = "store_unreachable";

    pub(super) fn new(code: &'static str, message: impl ToString) -> Self {
        Self { code, message: message.to_string(), may_pass: false }
    }

    /// Trouble of the network, a store or this machine.
    pub(super) fn passing(code: &'static str, message: impl ToString) -> Self {
        Self { may_pass: true, ..Self::new(code, message) }
    }

    /// A template that cannot be used.
    pub(super) fn of_template(error: CampaignError) -> Self {
        let problems = error.problems;
        // One mistake that stays is enough: trying again would not help.
        let may_pass = problems.iter().all(|problem| problem.may_pass);
        let is_of_job = |problem: &Problem| problem.place == "set" || (problem.line == 0 && problem.path == "locale");
        let code = match () {
            () if may_pass && problems.iter().any(|problem| problem.store_is_down) => Self::STORE_DOWN,
            () if may_pass => "template_unreachable",
            () if problems.iter().all(is_of_job) => "bad_option",
            () => "template_invalid",
        };
        Self { code, message: lines(&problems), may_pass }
    }

    /// A member of the job that is not usable with this template.
    pub(super) fn of_option(problems: Vec<Problem>) -> Self {
        let as_member = |problem: Problem| match problem.place.strip_prefix("--size") {
            Some("") => Problem { place: "sizes".to_owned(), ..problem },
            _ => problem,
        };
        Self::new("bad_option", lines(&problems.into_iter().map(as_member).collect::<Vec<_>>()))
    }

    /// A table whose columns do not fit.
    pub(super) fn of_columns(problems: &[Problem]) -> Self {
        Self::new("data_invalid", lines(problems))
    }

    pub(super) fn of_fetch(what: What, url: &Url, error: &FetchError) -> Self {
        let (code, may_pass) = match (error, what) {
            (FetchError::Refused(_), _) => ("source_refused", false),
            (FetchError::NotFound(_), What::Template) => ("template_missing", false),
            (FetchError::NotFound(_), What::Data) => ("data_missing", false),
            (FetchError::TooLarge { .. } | FetchError::BadData(_), What::Template) => ("template_invalid", false),
            (FetchError::TooLarge { .. } | FetchError::BadData(_), What::Data) => ("data_invalid", false),
            (FetchError::StoreDown(_), _) => (Self::STORE_DOWN, true),
            (_, What::Template) => ("template_unreachable", true),
            (_, What::Data) => ("data_unreachable", true),
        };
        Self { code, message: format!("{}: {error}", shown_url(url)), may_pass }
    }
}

fn lines(problems: &[Problem]) -> String {
    let mut lines: Vec<String> = problems.iter().take(MAX_LINES).map(ToString::to_string).collect();
    if problems.len() > MAX_LINES {
        lines.push(format!("and {} more", problems.len() - MAX_LINES));
    }
    lines.join("\n")
}
