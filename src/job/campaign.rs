//! What was submitted: `campaign.json` in a campaign's folder.

use serde::{Deserialize, Serialize};

/// A campaign as far as it was submitted. Rewritten while it is, so that an interrupted submission can go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CampaignFile {
    /// Of this format: 1.
    pub version: u32,
    /// Its id.
    pub campaign: String,
    /// When it began, RFC 3339; what templates see as `now`.
    pub now: String,
    /// The template's name.
    pub template: String,
    /// Hash of template, options and whatever else decides what the jobs say, but for the rows.
    pub plan_hash: String,
    /// The lane that its jobs go by.
    pub lane: String,
    /// Rows of a job.
    pub rows_per_job: u64,
    /// Variants of a row.
    pub variants_per_row: u64,
    /// Jobs that the broker has confirmed: those of lower part.
    pub parts: u64,
    /// Their rows.
    pub rows: u64,
    /// Hash of these rows.
    pub rows_hash: String,
    /// Whether that is all.
    pub is_complete: bool,
}

impl CampaignFile {
    /// The only version so far.
    pub const VERSION: u32 = 1;
}
