//! What can be wrong with a template ([`TemplateError`]) and with a row that meets it ([`BindError`]).
//!
//! A template's errors carry a place in the source; a row's carry a code for the manifest. Neither ever
//! shows the value of a `pii` field.

use std::fmt;

use crate::job::ErrorCode;

/// A place in a source text, both counted from 1. Columns count characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

impl Position {
    /// A place.
    pub const fn new(line: usize, column: usize) -> Self {
        Self { line, column }
    }
}

/// One mistake in a template, or in what the command line asks of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.describe())]
pub struct TemplateError {
    /// Line, from 1. 0: not in the template's source (a `--set` or `--name` flag).
    pub line: usize,
    /// Column in characters, from 1; 0 as for `line`.
    pub column: usize,
    /// Place in the model: `layers[3].font.size`. Empty: the whole file.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// The nearest name that would be right.
    pub suggestion: Option<String>,
}

impl TemplateError {
    /// A mistake at a place in the source.
    pub(super) fn new(position: Position, path: impl Into<String>, message: impl Into<String>) -> Self {
        let Position { line, column } = position;
        Self { line, column, path: path.into(), message: message.into(), suggestion: None }
    }

    /// A mistake outside the source.
    pub(super) fn outside(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Position::default(), path, message)
    }

    /// With the nearest of `known` to `wrong`, where one is near.
    pub(super) fn suggesting<'k>(mut self, wrong: &str, known: impl IntoIterator<Item = &'k str>) -> Self {
        self.suggestion = nearest(wrong, known).map(str::to_owned);
        self
    }

    fn describe(&self) -> String {
        let mut text = String::new();
        if self.line > 0 {
            text.push_str(&format!("line {}, column {}: ", self.line, self.column));
        }
        if !self.path.is_empty() {
            text.push_str(&format!("{}: ", self.path));
        }
        text.push_str(&self.message);
        if let Some(suggestion) = &self.suggestion {
            text.push_str(&format!(", did you mean \"{suggestion}\"?"));
        }
        text
    }
}

/// Every mistake found in a template, in the order of the source. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateErrors(pub Vec<TemplateError>);

impl fmt::Display for TemplateErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for TemplateErrors {}

impl From<TemplateError> for TemplateErrors {
    fn from(error: TemplateError) -> Self {
        Self(vec![error])
    }
}

/// A row that cannot be made into a scene.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct BindError {
    /// What kind of mistake, as the manifest says: [`ErrorCode::MissingField`], [`ErrorCode::BadValue`] or
    /// [`ErrorCode::ExpressionFailed`].
    pub code: ErrorCode,
    /// The field, or the place in the template: `price`, `layers[3].text`.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

impl BindError {
    pub(super) fn new(code: ErrorCode, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, path: path.into(), message: message.into() }
    }
}

/// The nearest of `known` to `wrong`, if it is near enough to be what was meant.
pub(crate) fn nearest<'k>(wrong: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let folded = wrong.to_lowercase();
    // A wrong name can be as long as the source: distance is quadratic, so look at short ones only.
    if folded.chars().count() > 64 {
        return None;
    }
    let near = |name: &str| {
        let longest = folded.chars().count().max(name.chars().count());
        let distance = strsim::damerau_levenshtein(&folded, &name.to_lowercase());
        (distance <= 1 + longest / 4).then_some(distance)
    };
    known
        .into_iter()
        .filter(|name| name.len() <= 256)
        .filter_map(|name| near(name).map(|distance| (distance, name)))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_reads_as_one_line() {
        let error = TemplateError::new(Position::new(12, 9), "layers[3].fil", "unknown key \"fil\"")
            .suggesting("fil", ["frame", "fill", "type"]);
        assert_eq!(error.to_string(), "line 12, column 9: layers[3].fil: unknown key \"fil\", did you mean \"fill\"?");
        assert_eq!(TemplateError::outside("--set", "no").to_string(), "--set: no");
    }

    #[test]
    fn only_near_names_are_suggested() {
        assert_eq!(nearest("colour", ["color", "align"]), Some("color"));
        assert_eq!(nearest("First_Name", ["first_name"]), Some("first_name"));
        assert_eq!(nearest("zebra", ["color", "align"]), None);
        assert_eq!(nearest(&"x".repeat(100_000), ["color"]), None);
    }
}
