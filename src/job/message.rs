//! The message that asks a worker for variants.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

use super::{Output, Row, RowError, RowErrorKind};

/// One message of the queue. Unknown members are refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Of this format: 1.
    pub version: u32,
    /// Unique among the jobs in flight.
    pub id: String,
    /// The run that it belongs to.
    pub campaign: String,
    /// Its place in the campaign, from 0.
    #[serde(default)]
    pub part: u64,
    /// From 1; a retry is the next.
    #[serde(default = "first_attempt")]
    pub attempt: u32,
    /// The design.
    pub template: TemplateSource,
    /// Where relative paths of the template start: `s3://bucket/folder/`, with a slash at its end; else the folder of
    /// the file that is named. Absent: the template's URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_base: Option<String>,
    /// Where relative paths in row values start, likewise. Absent: the data's URL, else as for the template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_base: Option<String>,
    /// The rows themselves. Either these or `data`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<Map<String, Value>>>,
    /// The number of the first of `rows` in the campaign's data, from 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub first_row: u64,
    /// The numbers of `rows` where they do not follow one another: the rows of a retry. As many as `rows`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_numbers: Option<Vec<u64>>,
    /// Rows among `rows` that could not be read where the data was: they fail with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<UnreadableRow>,
    /// Where the rows are. Either this or `rows`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Data>,
    /// Values that fields have in every row, in place of the rows' own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, String>,
    /// Names of sizes; empty: all of the template's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sizes: Vec<String>,
    /// Device pixels for each pixel of the design; absent: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<f32>,
    /// Formats; empty: those of the template.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<Output>,
    /// Where objects go: `s3://bucket/prefix`.
    pub destination: String,
    /// Pattern of the objects' names; absent: the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The time that templates see, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
    /// BCP 47 tag; absent: that of the template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Given back in the result, untouched.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// The queue that wants the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
}

fn first_attempt() -> u32 {
    1
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A template by value or by place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value", untagged)]
pub enum TemplateSource {
    /// Its URL.
    Url(String),
    /// The template itself, in its JSON form.
    Inline(Map<String, Value>),
}

impl TryFrom<Value> for TemplateSource {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        match value {
            Value::String(url) => Ok(Self::Url(url)),
            Value::Object(template) => Ok(Self::Inline(template)),
            _ => Err("expected a template: its URL, or the template itself as an object"),
        }
    }
}

/// A row that is none: so that it is told of under its number, as every row is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnreadableRow {
    /// Its number, from 0.
    pub row: u64,
    /// The line of the data on which it starts, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Why it cannot be read. Holds no values.
    pub message: String,
}

/// A part of a data file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Of a CSV, JSON Lines or JSON file.
    pub url: String,
    /// The first row's number, from 0.
    #[serde(default)]
    pub first_row: u64,
    /// How many rows; absent: all that follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_count: Option<u64>,
}

/// Why a message is no job. It is never going to be one: do not try again.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum JobError {
    /// Not JSON of the right shape. The text ends with line and column.
    #[error("not a job: {0}")]
    Json(String),
    /// Of another time.
    #[error("version: expected {expected}, got {found}")]
    Version {
        /// The one that is known.
        expected: u32,
        /// The one that came.
        found: u32,
    },
    /// An empty string where none may be.
    #[error("{0}: expected a text that is not empty")]
    Empty(&'static str),
    /// Both or neither.
    #[error("expected either rows or data")]
    RowsOrData,
    /// Counted from 1.
    #[error("attempt: expected 1 or more, got 0")]
    AttemptZero,
    /// One number for each row.
    #[error("row_numbers: expected one for each of the {rows} rows, got {numbers}")]
    RowNumbers {
        /// How many rows there are.
        rows: usize,
        /// How many numbers.
        numbers: usize,
    },
    /// Names of objects are made of it.
    #[error(
        "{member}: expected letters, digits, `-`, `_` and `.`, at most {} of them, got {found:?}",
        Job::MAX_ID_BYTES
    )]
    Id {
        /// `id` or `campaign`.
        member: &'static str,
        /// What came, cut.
        found: String,
    },
}

impl Job {
    /// The only version so far.
    pub const VERSION: u32 = 1;
    /// Longest id of a job or a campaign.
    pub const MAX_ID_BYTES: usize = 120;

    /// Reads a message.
    ///
    /// # Errors
    /// When it is not a job of this version, has unknown members, or lacks some.
    pub fn parse(message: &[u8]) -> Result<Self, JobError> {
        // Another version may have other members.
        if let Ok(Versioned { version: found }) = serde_json::from_slice(message)
            && found != Self::VERSION
        {
            return Err(JobError::Version { expected: Self::VERSION, found });
        }
        let job = serde_json::from_slice::<Self>(message).map_err(|error| JobError::Json(without_values(&error)))?;
        if job.attempt == 0 {
            return Err(JobError::AttemptZero);
        }
        for (member, value) in [("id", &job.id), ("campaign", &job.campaign), ("destination", &job.destination)] {
            if value.trim().is_empty() {
                return Err(JobError::Empty(member));
            }
        }
        for (member, value) in [("id", &job.id), ("campaign", &job.campaign)] {
            Self::check_id(member, value)?;
        }
        if job.rows.is_some() == job.data.is_some() {
            return Err(JobError::RowsOrData);
        }
        if let (Some(rows), Some(numbers)) = (&job.rows, &job.row_numbers)
            && rows.len() != numbers.len()
        {
            return Err(JobError::RowNumbers { rows: rows.len(), numbers: numbers.len() });
        }
        Ok(job)
    }

    /// Whether a text can be the id of a job or a campaign: objects are named by it.
    ///
    /// # Errors
    /// [`JobError::Id`] when it cannot.
    pub fn check_id(member: &'static str, id: &str) -> Result<(), JobError> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        match id.is_empty() || id.len() > Self::MAX_ID_BYTES || id.starts_with('.') || !id.bytes().all(is_plain) {
            true => Err(JobError::Id { member, found: id.chars().take(Self::MAX_ID_BYTES).collect() }),
            false => Ok(()),
        }
    }

    /// The rows that the message itself carries, those that could not be read among them, in the order of their
    /// numbers.
    pub fn told_rows(&self) -> Vec<Result<Row, RowError>> {
        let unreadable = self.unreadable.iter().map(|UnreadableRow { row, line, message }| {
            let error = RowError { line: *line, ..RowError::new(RowErrorKind::Told(message.clone())).in_row(*row) };
            (*row, Err(error))
        });
        let mut rows: Vec<_> = self.inline_rows().map(|row| (row.number, Ok(row))).chain(unreadable).collect();
        if !self.unreadable.is_empty() {
            rows.sort_by_key(|(number, _)| *number);
        }
        rows.into_iter().map(|(_, row)| row).collect()
    }

    /// The rows that the message itself carries.
    pub fn inline_rows(&self) -> impl Iterator<Item = Row> {
        let number_of = |nth: usize| match &self.row_numbers {
            Some(numbers) => numbers[nth],
            None => self.first_row + nth as u64,
        };
        self.rows.iter().flatten().enumerate().map(move |(nth, object)| Row {
            number: number_of(nth),
            line: None,
            fields: object.iter().map(|(name, value)| (Arc::from(name.as_str()), value.clone())).collect(),
        })
    }
}

/// All that every version has.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// What is wrong and where, without values: they may be personal, and the text goes to logs and dead letters.
fn without_values(error: &serde_json::Error) -> String {
    let text = error.to_string();
    // The sentences of serde that quote what they found.
    let quotes = ["invalid type", "invalid value", "invalid length", "unknown variant"];
    match quotes.iter().any(|start| text.starts_with(start)) {
        true => {
            format!("another kind of value than a job has there, at line {} column {}", error.line(), error.column())
        }
        false => text,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A job with every member set, but for `data`, which excludes `rows`.
    pub(crate) const FULL: &str = r#"{
        "version": 1, "id": "c-0", "campaign": "c", "part": 0, "attempt": 2,
        "template": {"gravure": 1}, "template_base": "s3://b/t", "data_base": "s3://b/d",
        "rows": [{"id": 7, "name": "x"}], "first_row": 10, "row_numbers": [12],
        "unreadable": [{"row": 11, "line": 13, "message": "no object"}],
        "set": {"name": "y"}, "sizes": ["link"], "scale": 2.0,
        "outputs": [{"format": "webp", "quality": 85, "lossless": false, "effort": 2, "suffix": "-s"}],
        "destination": "s3://b/out", "name": "{{ key }}.{{ ext }}",
        "now": "2026-01-01T00:00:00Z", "locale": "en-US", "metadata": {"order": 1}, "reply_to": "results"
    }"#;

    fn with(member: &str, value: Value) -> Result<Job, JobError> {
        let mut job = serde_json::from_str::<Map<String, Value>>(FULL).unwrap();
        if value.is_null() {
            job.remove(member);
        } else {
            job.insert(member.to_owned(), value);
        }
        Job::parse(&serde_json::to_vec(&job).unwrap())
    }

    #[test]
    fn a_job_is_read_and_written_back() {
        let job = Job::parse(FULL.as_bytes()).unwrap();
        assert_eq!(serde_json::to_value(&job).unwrap(), serde_json::from_str::<Value>(FULL).unwrap());
        let rows = job.inline_rows().collect::<Vec<_>>();
        assert_eq!(rows[0].get("id"), Some(&Value::from(7)));
        let told = job.told_rows();
        assert_eq!(told[0].as_ref().unwrap_err().to_string(), "line 13: no object");
        assert_eq!((told[0].as_ref().unwrap_err().row, told[1].as_ref().unwrap().number), (Some(11), 12));
        let by_url = with("template", "s3://b/t.yaml".into()).unwrap();
        assert_eq!(by_url.template, TemplateSource::Url("s3://b/t.yaml".to_owned()));
    }

    #[test]
    fn mistakes_are_named() {
        let message = |member, value| with(member, value).unwrap_err().to_string();
        assert!(message("rowz", 1.into()).contains("unknown field `rowz`"));
        assert!(message("id", Value::Null).contains("missing field `id`"));
        assert!(message("template", 1.into()).contains("expected a template"));
        assert_eq!(message("version", 2.into()), "version: expected 1, got 2");
        assert_eq!(message("attempt", 0.into()), "attempt: expected 1 or more, got 0");
        assert_eq!(message("destination", " ".into()), "destination: expected a text that is not empty");
        assert_eq!(message("rows", Value::Null), "expected either rows or data");
        assert_eq!(message("data", serde_json::json!({"url": "s3://b/r.csv"})), "expected either rows or data");
        let versioned = r#"{"version": 2, "id": "x", "a-new-member": 1}"#;
        assert!(matches!(Job::parse(versioned.as_bytes()), Err(JobError::Version { found: 2, .. })));
        for (member, value) in [
            ("set", serde_json::json!({"phone": 4_915_112_345_678_u64})),
            ("rows", serde_json::json!(["4915112345678"])),
            ("scale", "4915112345678".into()),
        ] {
            let message = message(member, value);
            assert!(message.contains("line 1 column") && !message.contains("4915112345678"), "{message}");
        }
        assert!(Job::parse(b"{").unwrap_err().to_string().contains("line 1 column 1"));
        assert!(Job::parse(b"\xff").is_err());
    }
}
