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

#[cfg(test)]
mod tests {
    use super::*;

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
