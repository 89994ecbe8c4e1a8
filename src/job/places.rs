//! Where a campaign's bookkeeping lies below its destination: `_gravure/<campaign>/`.
//!
//! ```text
//!   campaign.json                what was submitted
//!   cancelled                    there when the campaign was called off
//!   <job>.job.json               the job as it was published, so that it can be submitted again
//!   <job>.checkpoint.jsonl       while the job runs: the records so far
//!   <job>.jsonl                  the job's manifest: there when every variant has an end
//!   <job>.result.json            its result, as it was published
//! ```
//!
//! Checkpoints have a name of their own, so that a worker that was cut off and does not know it cannot put an
//! unfinished manifest in the place of a finished one.

use super::ObjectName;

/// Names below the destination of one campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampaignPlaces {
    folder: String,
}

impl CampaignPlaces {
    /// `campaign` as [`super::Job::parse`] allows it.
    pub fn new(campaign: &str) -> Self {
        Self { folder: format!("{}/{campaign}", ObjectName::FOLDER) }
    }

    /// The folder, with a slash: for lists.
    pub fn prefix(&self) -> String {
        format!("{}/", self.folder)
    }

    /// What was submitted.
    pub fn campaign(&self) -> ObjectName {
        self.own("campaign.json")
    }

    /// There when the campaign was called off.
    pub fn cancelled(&self) -> ObjectName {
        self.own("cancelled")
    }

    /// A job as it was published.
    pub fn job(&self, job: &str) -> ObjectName {
        self.own(&format!("{job}.job.json"))
    }

    /// The records of a job so far.
    pub fn checkpoint(&self, job: &str) -> ObjectName {
        self.own(&format!("{job}.checkpoint.jsonl"))
    }

    /// The manifest of a job that has ended.
    pub fn manifest(&self, job: &str) -> ObjectName {
        self.own(&format!("{job}.jsonl"))
    }

    /// The result of a job that has ended.
    pub fn result(&self, job: &str) -> ObjectName {
        self.own(&format!("{job}.result.json"))
    }

    fn own(&self, name: &str) -> ObjectName {
        ObjectName::own(&format!("{}/{name}", self.folder)).expect("ids are short and plain")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_lies_in_the_campaigns_folder() {
        let places = CampaignPlaces::new("spring");
        assert_eq!(places.manifest("spring-7").as_str(), "_gravure/spring/spring-7.jsonl");
        let all = [places.campaign(), places.cancelled(), places.job("a"), places.checkpoint("a"), places.result("a")];
        assert!(all.iter().all(|place| place.as_str().starts_with(&places.prefix())));
    }

    #[test]
    fn the_longest_ids_fit() {
        let id = "x".repeat(super::super::Job::MAX_ID_BYTES);
        CampaignPlaces::new(&id).checkpoint(&id);
    }
}
