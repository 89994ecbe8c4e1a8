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
    /// When it was first submitted, RFC 3339.
    pub created: String,
    /// What templates see as `now`, RFC 3339.
    pub now: String,
    /// The template's name.
    pub template: String,
    /// Hash of the template.
    pub template_hash: String,
    /// Hash of template, options and whatever else decides what the jobs say, but for the rows.
    pub plan_hash: String,
    /// The lane that its jobs go by.
    pub lane: String,
    /// Rows of a job, at most: long ones fill it sooner.
    pub rows_per_job: u64,
    /// Variants of a row.
    pub variants_per_row: u64,
    /// Jobs that the broker has confirmed: those of lower part.
    pub parts: u64,
    /// Their rows.
    pub rows: u64,
    /// Hash of these rows; empty: there are none.
    pub rows_hash: String,
    /// Whether that is all.
    pub is_complete: bool,
}

impl CampaignFile {
    /// The only version so far.
    pub const VERSION: u32 = 1;
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A campaign with every member set.
    pub(crate) fn full_campaign() -> CampaignFile {
        CampaignFile {
            version: CampaignFile::VERSION,
            campaign: "spring-1".into(),
            created: "2026-01-01T00:00:00Z".into(),
            now: "2026-01-01T00:00:00Z".into(),
            template: "product-card".into(),
            template_hash: "blake3:00".into(),
            plan_hash: "blake3:01".into(),
            lane: "jobs".into(),
            rows_per_job: 256,
            variants_per_row: 2,
            parts: 3,
            rows: 700,
            rows_hash: "blake3:02".into(),
            is_complete: true,
        }
    }

    #[test]
    fn a_campaign_is_read_back() {
        let text = serde_json::to_string(&full_campaign()).unwrap();
        assert_eq!(serde_json::from_str::<CampaignFile>(&text).unwrap(), full_campaign());
    }
}
