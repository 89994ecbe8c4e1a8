//! Where a campaign lies: `s3://bucket/prefix/_gravure/CAMPAIGN`.

use crate::job::{CampaignPlaces, Job, ObjectName};

/// A campaign by its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampaignPlace {
    /// `s3://bucket/prefix`, or a folder.
    pub destination: String,
    /// The campaign's id.
    pub id: String,
}

impl CampaignPlace {
    /// Takes a place apart.
    ///
    /// # Errors
    /// When it is none, with an example.
    pub fn parse(text: &str) -> Result<Self, String> {
        let marker = format!("/{}/", ObjectName::FOLDER);
        let wrong = || format!("expected a campaign's place such as s3://bucket/prefix{marker}CAMPAIGN, got {text:?}");
        let (destination, rest) = text.rsplit_once(&marker).ok_or_else(wrong)?;
        let id = rest.trim_end_matches('/');
        let id = id.strip_suffix("/campaign.json").unwrap_or(id);
        Job::check_id("campaign", id).map_err(|_| wrong())?;
        Ok(Self { destination: destination.to_owned(), id: id.to_owned() })
    }

    /// The place of a campaign.
    pub fn of(destination: &str, id: &str) -> Self {
        Self { destination: destination.trim_end_matches('/').to_owned(), id: id.to_owned() }
    }

    /// The names of its objects.
    pub fn places(&self) -> CampaignPlaces {
        CampaignPlaces::new(&self.id)
    }
}

impl std::fmt::Display for CampaignPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.destination, ObjectName::FOLDER, self.id)
    }
}

/// What an object in a campaign's folder tells of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JobObject {
    /// It was published, or is about to be.
    Message,
    /// Every variant has an end.
    Manifest,
    /// And that was told.
    Result,
}

/// Part, attempt and kind of an object of the campaign's; `None` for all others, checkpoints among them.
pub(super) fn job_object(places: &CampaignPlaces, campaign: &str, name: &str) -> Option<(u64, u32, JobObject)> {
    let file = name.strip_prefix(&places.prefix())?;
    // Ids may hold dots: the whole ending counts.
    let kinds =
        [(".job.json", JobObject::Message), (".result.json", JobObject::Result), (".jsonl", JobObject::Manifest)];
    let (id, kind) = kinds.into_iter().find_map(|(ending, kind)| Some((file.strip_suffix(ending)?, kind)))?;
    let (part, attempt) = part_of(campaign, id)?;
    Some((part, attempt, kind))
}

/// The id of a job.
pub(super) fn job_id(campaign: &str, part: u64, attempt: u32) -> String {
    match attempt {
        1 => format!("{campaign}-{part}"),
        _ => format!("{campaign}-{part}-a{attempt}"),
    }
}

/// Part and attempt of a job by its id: `<campaign>-<part>`, or `<campaign>-<part>-a<attempt>`.
pub(super) fn part_of(campaign: &str, id: &str) -> Option<(u64, u32)> {
    let rest = id.strip_prefix(campaign)?.strip_prefix('-')?;
    match rest.split_once("-a") {
        Some((part, attempt)) => Some((part.parse().ok()?, attempt.parse().ok()?)),
        None => Some((rest.parse().ok()?, 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_tell_part_and_attempt() {
        for (part, attempt) in [(12, 1), (0, 3)] {
            assert_eq!(part_of("spring-a", &job_id("spring-a", part, attempt)), Some((part, attempt)));
        }
        assert_eq!(part_of("spring-a", "spring-b-12"), None);
        assert_eq!(part_of("spring", "spring-x"), None);
        assert_eq!(part_of("spring", "spring-2026-12"), None, "a job of the campaign spring-2026");
    }

    #[test]
    fn objects_of_jobs_are_told_from_all_others() {
        let places = CampaignPlaces::new("c.1");
        let told = |name: ObjectName| job_object(&places, "c.1", name.as_str());
        assert_eq!(told(places.job("c.1-7")), Some((7, 1, JobObject::Message)));
        assert_eq!(told(places.manifest("c.1-7-a2")), Some((7, 2, JobObject::Manifest)));
        assert_eq!(told(places.result("c.1-7")), Some((7, 1, JobObject::Result)));
        for other in [places.checkpoint("c.1-7"), places.campaign(), places.cancelled(), places.result("c.2-7")] {
            assert_eq!(told(other.clone()), None, "{other}");
        }
    }

    #[test]
    fn places_are_read_back() {
        for destination in ["s3://b", "s3://b/p/q", "file:///srv/out", "out"] {
            let place = CampaignPlace::of(destination, "spring-1");
            assert_eq!(CampaignPlace::parse(&place.to_string()), Ok(place.clone()));
            assert_eq!(CampaignPlace::parse(&format!("{place}/")), Ok(place.clone()));
            assert_eq!(CampaignPlace::parse(&format!("{place}/campaign.json")), Ok(place));
        }
        for wrong in ["s3://b/p", "", "s3://b/_gravure/", "s3://b/_gravure/a/b"] {
            assert!(CampaignPlace::parse(wrong).is_err(), "{wrong}");
        }
    }
}
