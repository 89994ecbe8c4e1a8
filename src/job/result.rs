//! What a run or a job came to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{ErrorCode, Record, Status};

/// Variants by how they ended, and what was stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Stored.
    pub ok: u64,
    /// Not made.
    pub failed: u64,
    /// Left out by the template.
    pub skipped: u64,
    /// Found as an earlier run had stored them.
    pub reused: u64,
    /// Length of all that was stored by this run.
    pub bytes: u64,
}

impl Counts {
    /// Variants of any end.
    pub fn variants(&self) -> u64 {
        self.ok + self.failed + self.skipped + self.reused
    }

    /// Counts one more.
    pub fn add(&mut self, record: &Record) {
        match record.status {
            Status::Ok => {
                self.ok += 1;
                self.bytes += record.bytes.unwrap_or_default();
            }
            Status::Failed => self.failed += 1,
            Status::Skipped => self.skipped += 1,
            Status::Reused => self.reused += 1,
        }
    }
}

/// The message that tells how a job ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobResult {
    /// Of this format: 1.
    pub version: u32,
    /// The job's id.
    pub job: String,
    /// The job's campaign.
    pub campaign: String,
    /// The job's place in it.
    pub part: u64,
    /// The attempt that this is the result of.
    pub attempt: u32,
    /// How its variants ended.
    pub counts: Counts,
    /// Variants that failed, by code.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub failures: BTreeMap<ErrorCode, u64>,
    /// Whether the campaign was called off before the job was done: then nothing more is made of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cancelled: bool,
    /// Hash of the template that it was rendered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_hash: Option<String>,
    /// Where the manifest is.
    pub manifest: String,
    /// How long it took.
    pub timings: Timings,
    /// As the job gave it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

impl JobResult {
    /// The only version so far.
    pub const VERSION: u32 = 1;
}

/// How long a job took.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timings {
    /// From receipt to result, in seconds.
    pub seconds: f64,
    /// Seconds by stage, of all threads together.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stages: BTreeMap<String, f64>,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::Format;
    use super::*;

    /// A result with every member set.
    pub(crate) fn full_result() -> JobResult {
        JobResult {
            version: JobResult::VERSION,
            job: "c-0".into(),
            campaign: "c".into(),
            part: 0,
            attempt: 1,
            counts: Counts { ok: 3, failed: 1, skipped: 0, reused: 0, bytes: 99 },
            failures: [(ErrorCode::PhotoMissing, 1)].into(),
            cancelled: true,
            template_hash: Some("blake3:00".into()),
            manifest: "s3://b/out/_gravure/c/c-0.jsonl".into(),
            timings: Timings { seconds: 1.5, stages: [("layout".to_owned(), 0.25)].into() },
            metadata: [("order".to_owned(), 1.into())].into_iter().collect(),
        }
    }

    #[test]
    fn a_result_is_read_back() {
        let json = serde_json::to_string(&full_result()).unwrap();
        assert_eq!(serde_json::from_str::<JobResult>(&json).unwrap(), full_result());
    }

    #[test]
    fn every_end_is_counted_and_only_what_was_stored_has_bytes() {
        let record = |status| Record { status, bytes: Some(10), ..Record::new(0, "0", "link", Format::Png) };
        let mut counts = Counts::default();
        for status in [Status::Ok, Status::Ok, Status::Failed, Status::Skipped, Status::Reused] {
            counts.add(&record(status));
        }
        counts.add(&record(Status::Ok).failed(ErrorCode::Stopped, "stopped"));
        assert_eq!(counts, Counts { ok: 2, failed: 2, skipped: 1, reused: 1, bytes: 20 });
        assert_eq!(counts.variants(), 6);
    }
}
