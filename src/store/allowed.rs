//! Where a worker may store to and read from: the places that an operator has listed, and what lies below them.

use std::path::Path;

use crate::job::ObjectName;

/// The places that jobs may name.
#[derive(Clone, Debug, Default)]
pub struct AllowedPlaces {
    allowed: Vec<String>,
}

impl AllowedPlaces {
    /// `s3://bucket`, `s3://bucket/prefix`, `file:///folder`.
    ///
    /// # Errors
    /// When one of them is no such place.
    pub fn new(allowed: &[String]) -> Result<Self, String> {
        let allowed = allowed.iter().map(|place| normal(place)).collect::<Result<_, _>>()?;
        Ok(Self { allowed })
    }

    /// Whether a job may name this place.
    ///
    /// # Errors
    /// With the reason.
    pub fn check(&self, place: &str) -> Result<(), String> {
        let asked = shown(place);
        let place = normal(place)?;
        let is_below = |allowed: &String| {
            place.strip_prefix(allowed.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        match self.allowed.iter().any(is_below) {
            true => Ok(()),
            false => Err(format!(
                "{asked} is not below a place that this worker may use (worker.destinations, worker.sources)"
            )),
        }
    }

    /// Whether a file may be named, by its path without links: allowed folders may themselves be links.
    ///
    /// # Errors
    /// With the reason.
    pub fn check_real(&self, real: &Path) -> Result<(), String> {
        let is_below = |allowed: &String| {
            let folder = allowed.strip_prefix("file://").and_then(|folder| Path::new(folder).canonicalize().ok());
            folder.is_some_and(|folder| real.starts_with(folder))
        };
        match self.allowed.iter().any(is_below) {
            true => Ok(()),
            false => Err("a link leads out of the folders that this worker may use".to_owned()),
        }
    }
}

/// A place as it may be shown: without what may be a password or a signature.
fn shown(place: &str) -> String {
    let place = place.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = place.split_once("://") else { return place.to_owned() };
    let authority = rest.split('/').next().unwrap_or_default();
    let secret = authority.rfind('@').map_or(0, |at| at + 1);
    format!("{scheme}://{}", &rest[secret..])
}

/// A place without a slash at its end, and without anything that leads elsewhere.
fn normal(place: &str) -> Result<String, String> {
    let unusable = |why: &str| format!("{:?} is no place: {why}", shown(place));
    let Some((scheme, rest)) = place.split_once("://") else {
        return Err(unusable("expected s3://bucket/prefix or file:///folder"));
    };
    let (rest, root) = match scheme {
        "s3" => (rest, ""),
        "file" => match rest.strip_prefix('/') {
            Some(rest) => (rest, "/"),
            None => return Err(unusable("a folder starts with a slash: file:///folder")),
        },
        _ => return Err(unusable("expected s3://bucket/prefix or file:///folder")),
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    ObjectName::own(rest).map_err(|error| unusable(&error.to_string()))?;
    Ok(format!("{scheme}://{root}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(allowed: &[&str]) -> AllowedPlaces {
        AllowedPlaces::new(&allowed.iter().map(|place| (*place).to_owned()).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn what_is_refused_is_shown_without_secrets() {
        let allowed = AllowedPlaces::new(&["s3://ads".to_owned()]).unwrap();
        for place in ["https://user:hush@host/x?sig=hush", "s3://user:hush@host/x", "s3://other/x?hush#hush"] {
            let message = allowed.check(place).unwrap_err();
            assert!(!message.contains("hush"), "{message}");
        }
    }

    #[test]
    fn what_lies_below_a_listed_place_is_allowed() {
        let allowed = places(&["s3://ads/2026/", "file:///srv/out"]);
        for good in ["s3://ads/2026", "s3://ads/2026/", "s3://ads/2026/spring", "file:///srv/out/a"] {
            assert_eq!(allowed.check(good), Ok(()), "{good}");
        }
        let bad = [
            "s3://ads",
            "s3://ads/2026b",
            "s3://ads/2026/../2025",
            "s3://other/2026",
            "S3://ads/2026",
            "file:///srv",
            "file:///srv/out/../../etc",
            "file://srv/out",
            "/srv/out",
            "null:",
            "http://ads/2026",
            "s3://ads/2026//x",
            "",
            "s3://",
        ];
        for bad in bad {
            assert!(allowed.check(bad).is_err(), "{bad}");
        }
        assert!(places(&[]).check("s3://ads/2026").is_err());
    }
}
