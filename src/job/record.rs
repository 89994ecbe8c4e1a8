//! One line of a manifest: what happened to one variant.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{ErrorCode, Format};

/// What happened to a variant. Written as one line of JSON; empty members are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The job's id; absent where `gravure render` made the variant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<Arc<str>>,
    /// The row's number in the data, from 1, as `{{ index }}` has it.
    pub row: u64,
    /// The line of the data on which the row starts, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The row's key; its number where the key could not be told.
    pub key: String,
    /// The name of the size.
    pub size: Arc<str>,
    /// The file format.
    pub format: Format,
    /// How it ended.
    pub status: Status,
    /// The object's name, relative to the destination.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// The object's length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Width of the canvas in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Height of the canvas in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Hash of the object's bytes, as [`super::digest`] writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<String>,
    /// The mark that the store gave the object's version: an ETag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// Hash of the template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_hash: Option<Arc<str>>,
    /// Hash of all that decides the object's bytes: template, field values, size, output, version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_hash: Option<String>,
    /// What does not look as the template meant it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RecordError>,
    /// Milliseconds from reading the row to the end.
    #[serde(default)]
    pub ms: u64,
}

impl Record {
    /// A record with nothing but what every variant has; `status` is [`Status::Ok`].
    pub fn new(row: u64, key: impl Into<String>, size: impl Into<Arc<str>>, format: Format) -> Self {
        Self {
            job: None,
            row,
            line: None,
            key: key.into(),
            size: size.into(),
            format,
            status: Status::Ok,
            object: None,
            bytes: None,
            width: None,
            height: None,
            checksum: None,
            etag: None,
            template_hash: None,
            input_hash: None,
            warnings: Vec::new(),
            error: None,
            ms: 0,
        }
    }

    /// The same variant, failed: it has no object then.
    pub fn failed(self, code: ErrorCode, message: impl Into<String>) -> Self {
        let error = Some(RecordError { code, message: message.into() });
        Self { status: Status::Failed, error, object: None, bytes: None, checksum: None, etag: None, ..self }
    }

    /// The line of a manifest, with its line feed.
    pub fn to_line(&self) -> String {
        let mut line = serde_json::to_string(self).expect("a record holds only strings and numbers");
        line.push('\n');
        line
    }
}

/// How a variant ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Stored.
    Ok,
    /// Not made; `error` says why.
    Failed,
    /// The template left it out.
    Skipped,
    /// An earlier run had stored the same.
    Reused,
}

/// Every [`Warning::code`]. Names never change their meaning; new ones may come.
pub const WARNING_CODES: [&str; 8] = [
    "truncated",
    "shrunk_to_floor",
    "missing_glyph",
    "frame_too_low",
    "photo_missing",
    "photo_upscaled",
    "profile_ignored",
    "reference_ignored",
];

/// Something that does not look as the template meant it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// One of [`WARNING_CODES`].
    pub code: String,
    /// The layer.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// What happened, for people.
    pub message: String,
}

/// Why a variant failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordError {
    /// For scripts.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A record with every member set.
    pub(crate) fn full_record() -> Record {
        Record {
            job: Some("j1".into()),
            line: Some(9),
            object: Some("7-link.jpg".into()),
            bytes: Some(81_234),
            width: Some(1200),
            height: Some(628),
            checksum: Some(super::super::digest(b"x")),
            etag: Some("9e107d9d372bb6826bd81d3542a419d6".into()),
            template_hash: Some("blake3:00".into()),
            input_hash: Some("blake3:01".into()),
            warnings: vec![Warning { code: "truncated".into(), path: "layers[2]".into(), message: "cut".into() }],
            error: Some(RecordError { code: ErrorCode::PhotoMissing, message: "no such file".into() }),
            ms: 12,
            ..Record::new(7, "7", "link", Format::Jpeg)
        }
    }

    #[test]
    fn a_line_is_read_back() {
        let record = full_record();
        assert_eq!(serde_json::from_str::<Record>(record.to_line().trim_end()).unwrap(), record);
    }

    #[test]
    fn empty_members_are_left_out_and_the_order_is_fixed() {
        let line = Record::new(0, "a\nb", "link", Format::Png).to_line();
        let expected = r#"{"row":0,"key":"a\nb","size":"link","format":"png","status":"ok","ms":0}"#;
        assert_eq!(line, format!("{expected}\n"));
    }

    #[test]
    fn a_failed_record_has_no_object() {
        let failed = full_record().failed(ErrorCode::StoreFull, "no space left");
        assert_eq!(failed.status, Status::Failed);
        assert_eq!((failed.object, failed.bytes, failed.checksum), (None, None, None));
    }
}
