//! Mistakes that make a campaign unusable, each with its place.

use std::fmt;
use std::path::Path;

use thiserror::Error;

use super::DataSource;
use crate::assets::AssetError;
use crate::job::{ErrorCode, RowError};
use crate::template::TemplateError;

/// Every mistake found, in the order of the checks. Never empty; displayed one a line.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct CampaignError {
    /// One for each line.
    pub problems: Vec<Problem>,
}

impl From<Problem> for CampaignError {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

impl From<Vec<Problem>> for CampaignError {
    fn from(problems: Vec<Problem>) -> Self {
        Self { problems }
    }
}

/// One mistake: `template.yaml:12:9: layers[3].font.size: expected a length, got "12 ducks"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, as the user wrote it, or the flag (`--size`) that is to blame.
    pub place: String,
    /// From 1; 0: no one line is to blame.
    pub line: u64,
    /// From 1, in characters; 0: unknown.
    pub column: u64,
    /// Place in the template's model: `layers[3].font.size`. Empty: the whole file.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What may have been meant.
    pub suggestion: Option<String>,
    /// Whether a later try may go better: a server or store that could not be reached.
    pub may_pass: bool,
    /// Whether a store takes and gives nothing just now.
    pub store_is_down: bool,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, line, column, path, message, suggestion, may_pass: _, store_is_down: _ } = self;
        write!(f, "{place}")?;
        for number in [line, column].into_iter().take_while(|&&number| number > 0) {
            write!(f, ":{number}")?;
        }
        if !path.is_empty() {
            write!(f, ": {path}")?;
        }
        write!(f, ": {message}")?;
        match suggestion {
            Some(suggestion) => write!(f, ", did you mean \"{suggestion}\"?"),
            None => Ok(()),
        }
    }
}

impl From<Problem> for Vec<Problem> {
    fn from(problem: Problem) -> Self {
        vec![problem]
    }
}

impl Problem {
    /// About a file as a whole.
    pub(super) fn file(path: &Path, message: impl fmt::Display) -> Self {
        Self::at(path.display().to_string(), message)
    }

    /// About a flag of the command line.
    pub(super) fn flag(flag: &str, message: impl fmt::Display) -> Self {
        Self::at(flag.to_owned(), message)
    }

    /// About the rows as a whole.
    pub(super) fn data(source: &DataSource, message: impl fmt::Display) -> Self {
        Self::at(source.to_string(), message)
    }

    fn at(place: String, message: impl fmt::Display) -> Self {
        Self {
            place,
            line: 0,
            column: 0,
            path: String::new(),
            message: message.to_string(),
            suggestion: None,
            may_pass: false,
            store_is_down: false,
        }
    }

    /// With a line, a column and a place in the template.
    pub(super) fn positioned(self, line: usize, column: usize, path: impl Into<String>) -> Self {
        Self { line: line as u64, column: column as u64, path: path.into(), ..self }
    }

    /// With what may have been meant.
    pub(super) fn suggesting(self, suggestion: Option<&str>) -> Self {
        Self { suggestion: suggestion.map(str::to_owned), ..self }
    }

    /// With whether it may pass.
    pub(super) fn of_asset(self, error: &AssetError) -> Self {
        let store_is_down = error.code == ErrorCode::StoreUnreachable;
        Self { may_pass: error.may_pass(), store_is_down, ..self }
    }

    /// The mistakes of a template.
    pub(super) fn of_template(template: &Path, errors: Vec<TemplateError>) -> Vec<Self> {
        let of = |error: TemplateError| {
            let TemplateError { line, column, path, message, suggestion } = error;
            Self::file(template, message).positioned(line, column, path).suggesting(suggestion.as_deref())
        };
        errors.into_iter().map(of).collect()
    }

    /// A flag that the template refuses.
    pub(super) fn of_flag(flag: &str, error: TemplateError) -> Self {
        let TemplateError { line: _, column: _, path, message, suggestion } = error;
        // `--name: name: …` says nothing more.
        let path = if flag.ends_with(path.as_str()) { String::new() } else { path };
        Self { path, ..Self::flag(flag, message) }.suggesting(suggestion.as_deref())
    }

    /// Rows that cannot be opened.
    pub(super) fn of_data(source: &DataSource, error: &RowError) -> Self {
        let RowError { row: _, line, column, kind } = error;
        let problem = Self::at(source.to_string(), kind);
        Self { line: line.unwrap_or(0), column: column.unwrap_or(0), ..problem }
    }

    /// Columns that are not there. The place is the field's in the template; the data is named too.
    pub fn of_columns(template: &Path, source: &DataSource, errors: Vec<TemplateError>) -> Vec<Self> {
        let mut problems = Self::of_template(template, errors);
        for problem in &mut problems {
            problem.message = format!("{} (in {source})", problem.message);
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_reads_as_a_compiler_message() {
        let problem = Problem::file(Path::new("a/t.yaml"), "unknown key \"fil\"");
        assert_eq!(problem.to_string(), "a/t.yaml: unknown key \"fil\"");
        let problem = problem.positioned(12, 9, "layers[3].fil").suggesting(Some("fill"));
        assert_eq!(problem.to_string(), "a/t.yaml:12:9: layers[3].fil: unknown key \"fil\", did you mean \"fill\"?");
        assert_eq!(Problem::flag("--size", "no").to_string(), "--size: no");
    }

    #[test]
    fn problems_are_one_a_line() {
        let error = CampaignError { problems: vec![Problem::flag("--a", "x"), Problem::flag("--b", "y")] };
        assert_eq!(error.to_string(), "--a: x\n--b: y");
    }
}
