//! Where objects may go: the places that an operator has listed, and what lies below them.

use crate::job::ObjectName;

/// The places that jobs may name.
#[derive(Clone, Debug, Default)]
pub struct Destinations {
    allowed: Vec<String>,
}

impl Destinations {
    /// `s3://bucket`, `s3://bucket/prefix`, `file:///folder`.
    ///
    /// # Errors
    /// When one of them is no such place.
    pub fn new(allowed: &[String]) -> Result<Self, String> {
        let allowed = allowed.iter().map(|place| normal(place)).collect::<Result<_, _>>()?;
        Ok(Self { allowed })
    }

    /// Whether a job may store there.
    ///
    /// # Errors
    /// With the reason.
    pub fn check(&self, destination: &str) -> Result<(), String> {
        let place = normal(destination)?;
        let is_below = |allowed: &String| {
            place.strip_prefix(allowed.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        match self.allowed.iter().any(is_below) {
            true => Ok(()),
            false => Err(format!("this worker may not store in {destination} (see worker.destinations)")),
        }
    }
}

/// A place without a slash at its end, and without anything that leads elsewhere.
fn normal(place: &str) -> Result<String, String> {
    let unusable = |why: &str| format!("{place:?} is no destination: {why}");
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
    if rest.contains(['?', '#', '%']) {
        return Err(unusable("it is a plain name, without ?, # or %"));
    }
    ObjectName::own(rest).map_err(|error| unusable(&error.to_string()))?;
    Ok(format!("{scheme}://{root}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destinations(allowed: &[&str]) -> Destinations {
        Destinations::new(&allowed.iter().map(|place| (*place).to_owned()).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn what_lies_below_a_listed_place_is_allowed() {
        let allowed = destinations(&["s3://ads/2026/", "file:///srv/out"]);
        for good in ["s3://ads/2026", "s3://ads/2026/", "s3://ads/2026/spring", "file:///srv/out/a"] {
            assert_eq!(allowed.check(good), Ok(()), "{good}");
        }
        let bad = [
            "s3://ads", "s3://ads/2026b", "s3://ads/2026/../2025", "s3://other/2026", "S3://ads/2026", "file:///srv",
            "file:///srv/out/../../etc", "file://srv/out", "/srv/out", "null:", "http://ads/2026", "s3://ads/2026//x",
            "s3://ads/2026/%2e%2e/x", "", "s3://",
        ];
        for bad in bad {
            assert!(allowed.check(bad).is_err(), "{bad}");
        }
        assert!(destinations(&[]).check("s3://ads/2026").is_err());
    }
}
