//! Objects that a command may read because the user names them: templates and rows by `s3://`, with what lies beside.

use std::sync::Arc;

use anyhow::anyhow;

use super::config::ConfigArgs;
use crate::assets::fetch::{Objects, stored};
use crate::campaign::{CampaignOptions, DataSource};
use crate::store::{AllowedPlaces, StoreSettings, Stores};

/// Lets a run read the folders of the template and of the rows, where they are in a bucket, and no others.
pub fn allow_named(options: &mut CampaignOptions) -> anyhow::Result<()> {
    let folders: Vec<String> = named(options).iter().filter_map(|place| folder(place)).collect();
    if folders.is_empty() || options.fetch.guard.offline {
        return Ok(());
    }
    let storage = ConfigArgs { config: None }.read()?.storage;
    let allowed = AllowedPlaces::new(&folders).map_err(|message| anyhow!("{message}"))?;
    options.fetch.objects = Some(Objects::new(Arc::new(Stores::new(StoreSettings { s3: storage })), allowed));
    Ok(())
}

/// What the command line names.
fn named(options: &CampaignOptions) -> Vec<String> {
    let CampaignOptions { template, data, .. } = options;
    let of_data = match data {
        Some(DataSource::Url(url)) => Some(stored::written(url)),
        _ => None,
    };
    template.to_str().map(str::to_owned).into_iter().chain(of_data).collect()
}

/// `s3://bucket/folder` of `s3://bucket/folder/file`.
fn folder(place: &str) -> Option<String> {
    let url = crate::assets::parse_url(place)?.ok().filter(|url| url.scheme() == "s3")?;
    let written = stored::written(&url);
    let (folder, file) = written.rsplit_once('/')?;
    (!file.is_empty()).then(|| folder.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_beside_is_allowed() {
        assert_eq!(folder("s3://ads/a b/50%/t.yaml").as_deref(), Some("s3://ads/a b/50%"));
        assert_eq!(folder("s3://ads/t.yaml").as_deref(), Some("s3://ads"));
        for other in ["s3://ads/", "s3://ads", "t.yaml", "https://x/t.yaml", "file:///x/t.yaml", "s3://ads/../t.yaml"] {
            assert_eq!(folder(other), None, "{other}");
        }
    }

    #[test]
    fn only_buckets_make_a_reader_of_objects() {
        let options = |template: &str, offline| {
            let mut options = CampaignOptions { template: template.into(), ..CampaignOptions::default() };
            options.fetch.guard.offline = offline;
            allow_named(&mut options).unwrap();
            options.fetch.objects.is_some()
        };
        assert!(options("s3://ads/t.yaml", false));
        assert!(!options("s3://ads/t.yaml", true));
        assert!(!options("t.yaml", false));
    }
}
