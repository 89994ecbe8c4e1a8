//! What workers must see and lies on this machine: the template's folder and the photos of rows, uploaded under the
//! hash of what they hold.
//!
//! ```text
//!   _gravure/assets/<hash of the set>/template.yaml, fonts/..., images/...
//! ```
//!
//! Relative paths stay what they are: only the place where they start is another. What is there is not uploaded again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{SubmitError, SubmitOptions};
use crate::assets::fetch::stored::written;
use crate::assets::{Base, Place, parse_url};
use crate::campaign::Campaign;
use crate::job::{AssetBase, AssetRef, ObjectName};
use crate::pipeline::{Plan, Stop, visit_assets};
use crate::store::Store;

/// Longest file that is uploaded: a photo may have 20 MiB, a font more.
const MAX_FILE_BYTES: u64 = 200 << 20;

/// Where workers find things.
pub struct Uploaded {
    /// The template's URL.
    pub template: String,
    /// Where its relative paths start.
    pub template_base: String,
    /// Where those of rows start.
    pub data_base: String,
}

/// Files of one base, by their path below it.
type FileSet = BTreeMap<String, PathBuf>;

/// Uploads what is on this machine.
pub fn upload(
    campaign: &Campaign,
    plan: &Plan,
    options: &SubmitOptions,
    store: &Arc<dyn Store>,
    stop: &Stop,
) -> Result<Uploaded, SubmitError> {
    let mut locations: [BTreeSet<Arc<str>>; 2] = Default::default();
    visit(campaign, plan, options.limit, stop, &mut |asset| {
        let of_base = &mut locations[asset.base as usize];
        if !of_base.contains(&asset.location) {
            of_base.insert(Arc::clone(&asset.location));
        }
    })?;
    let [of_template, of_rows] = locations;
    let mut template_set = files(campaign, AssetBase::Template, of_template);
    let rows_set = files(campaign, AssetBase::Data, of_rows);
    let (template, template_base) = match &campaign.template_base {
        Base::Url(url) => (written(url), written(url)),
        Base::Folder(_) => {
            let path = &options.campaign.template;
            let name = path.file_name().and_then(|name| name.to_str());
            let name = name.ok_or_else(|| SubmitError::Other("the template's file name is not UTF-8".to_owned()))?;
            template_set.insert(name.to_owned(), path.clone());
            for font in plan.template.fonts() {
                let asset = AssetRef { location: font.src.as_str().into(), base: AssetBase::Template };
                template_set.extend(file(campaign, &asset));
            }
            for (asset, _) in plan.template.assets() {
                template_set.extend(file(campaign, &asset));
            }
            let base = put(&template_set, options, store, stop)?;
            (format!("{base}{name}"), base)
        }
    };
    let data_base = match &campaign.data_base {
        Base::Url(url) => written(url),
        Base::Folder(_) => put(&rows_set, options, store, stop)?,
    };
    Ok(Uploaded { template, template_base, data_base })
}

/// Every photo that a row names at any size. Rows that do not bind name none: they fail in the worker.
fn visit(
    campaign: &Campaign,
    plan: &Plan,
    limit: Option<u64>,
    stop: &Stop,
    seen: &mut dyn FnMut(&AssetRef),
) -> Result<(), SubmitError> {
    for (_, row) in (0..limit.unwrap_or(u64::MAX)).zip(campaign.rows_until(stop)?) {
        if stop.is_requested() {
            break;
        }
        let Ok(row) = row else { continue };
        let Ok(bound) = plan.template.bind(&row, &plan.now) else { continue };
        for &size in &plan.sizes {
            if let Ok(scene) = bound.scene_scaled(size, plan.scale) {
                visit_assets(&scene.layers, seen);
            }
        }
    }
    Ok(())
}

fn files(campaign: &Campaign, base: AssetBase, locations: BTreeSet<Arc<str>>) -> FileSet {
    locations.into_iter().filter_map(|location| file(campaign, &AssetRef { location, base })).collect()
}

/// A file of this machine, if the location names one that may be read. What is missing is told by the worker, row by
/// row.
fn file(campaign: &Campaign, asset: &AssetRef) -> Option<(String, PathBuf)> {
    if parse_url(&asset.location).is_some() || Path::new(&*asset.location).is_absolute() {
        return None;
    }
    match campaign.assets.sources().place(asset) {
        Ok(Place::File(path)) => Some((normal(&asset.location)?, path)),
        _ => None,
    }
}

/// Without `.` and `..`: as a URL would have it.
fn normal(location: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in location.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Uploads a set and gives its place, with a slash. Cut short by a stop, it goes on the next time.
fn put(set: &FileSet, options: &SubmitOptions, store: &Arc<dyn Store>, stop: &Stop) -> Result<String, SubmitError> {
    let read = |path: &Path| {
        let shown = path.display();
        let length = path.metadata().map_err(|error| SubmitError::Other(format!("{shown}: {error}")))?.len();
        if length > MAX_FILE_BYTES {
            return Err(SubmitError::Other(format!("{shown} has {length} bytes, {MAX_FILE_BYTES} are allowed")));
        }
        std::fs::read(path).map_err(|error| SubmitError::Other(format!("{shown}: {error}")))
    };
    let mut hasher = blake3::Hasher::new();
    for (name, path) in set {
        let content = blake3::hash(&read(path)?);
        hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes()).update(content.as_bytes());
    }
    let folder = format!("{}/assets/{}/", ObjectName::FOLDER, &hasher.finalize().to_hex().as_str()[..32]);
    let there: BTreeSet<String> = store.list(&folder)?.into_iter().collect();
    let (told, answers) = crossbeam_channel::unbounded();
    let mut asked = 0;
    for (name, path) in set {
        if stop.is_requested() {
            break;
        }
        let object = ObjectName::own(&format!("{folder}{name}"))
            .map_err(|error| SubmitError::Other(format!("{}: {error}", path.display())))?;
        if !there.contains(object.as_str()) {
            let told = told.clone();
            asked += 1;
            store.put_then(&object, read(path)?, Box::new(move |stored, _| drop(told.send(stored))));
        }
    }
    for _ in 0..asked {
        answers.recv().expect("each is answered")?;
    }
    let base = options.destination.trim_end_matches('/');
    let base = if base.contains("://") { base.to_owned() } else { file_url(Path::new(base))? };
    Ok(format!("{base}/{folder}"))
}

/// The URL of a folder of this machine: such URLs are taken as they are written.
fn file_url(folder: &Path) -> Result<String, SubmitError> {
    let path = folder.canonicalize().map_err(|error| SubmitError::Other(format!("{}: {error}", folder.display())))?;
    Ok(format!("file://{}", path.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_normal_below_their_base() {
        assert_eq!(normal("images/./a.png").as_deref(), Some("images/a.png"));
        assert_eq!(normal("x/../images//a.png").as_deref(), Some("images/a.png"));
        assert_eq!(normal("../a.png"), None);
    }
}
