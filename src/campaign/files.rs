//! The template's own files: its source, its fonts, the photos that it names itself.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::Problems;
use super::problem::Problem;
use crate::assets::fetch::{Gate, shown_location};
use crate::assets::{AssetError, Assets, FontLibrary, FontSet, ListedFace, Sources, parse_url};
use crate::job::{AssetBase, AssetRef};
use crate::template::{FontEntry, FontUse, Syntax, Template, nearest};

/// Longest template; the parser refuses more than this, and nothing longer is read.
const MAX_TEMPLATE_BYTES: u64 = 1 << 20;
/// Longest font file: the largest collections for Chinese, Japanese and Korean have about 120 MB.
const MAX_FONT_BYTES: u64 = 160 << 20;

/// A template's source, with the syntax that its extension tells.
pub(super) fn read_template_source(path: &Path, gate: &Gate) -> Result<(Vec<u8>, Syntax), String> {
    let url = path.to_str().and_then(parse_url).transpose()?;
    let file = url.as_ref().map_or(path, |url| Path::new(url.path()));
    let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let syntax = match extension.to_ascii_lowercase().as_str() {
        "yaml" | "yml" => Syntax::Yaml,
        "json" => Syntax::Json,
        _ => return Err("expected a template file that ends in .yaml, .yml or .json".to_owned()),
    };
    let source = match url {
        Some(url) => gate.fetch(&url, MAX_TEMPLATE_BYTES).map_err(|error| format!("cannot fetch it: {error}"))?,
        None => read_at_most(path, MAX_TEMPLATE_BYTES)?,
    };
    Ok((source, syntax))
}

/// The fonts of a template. A missing or unreadable one is a problem at its line.
pub(super) fn load_fonts(
    template: &Template,
    sources: &Sources,
    library: &FontLibrary,
    problems: &mut Problems<'_>,
) -> Option<FontSet> {
    let mut faces: Vec<ListedFace> = Vec::new();
    let mut all_loaded = true;
    for entry in template.fonts() {
        match load_font(entry, sources, library) {
            Ok(loaded) => faces.extend(loaded),
            Err(error) => {
                all_loaded = false;
                let FontEntry { src, path, position, .. } = entry;
                let problem = Problem::file(
                    problems.template_path,
                    format!("cannot use the font {:?}: {error}", shown_location(src)),
                );
                let problem = problem.positioned(position.line, position.column, path.as_str());
                problems.list.push(match error {
                    FontFailure::Asset(error) => problem.of_asset(&error),
                    FontFailure::Face(_) => problem,
                });
            }
        }
    }
    if !all_loaded {
        return None;
    }
    let set = library.set(faces);
    check_families(template, &set, problems);
    Some(set)
}

/// Why a font cannot be used.
#[derive(Debug, thiserror::Error)]
enum FontFailure {
    #[error(transparent)]
    Asset(#[from] AssetError),
    #[error("{0}")]
    Face(String),
}

/// The faces of a file, with what the template says of them.
fn load_font(entry: &FontEntry, sources: &Sources, library: &FontLibrary) -> Result<Vec<ListedFace>, FontFailure> {
    let FontEntry { src, family, weight, italic, path: _, position: _ } = entry;
    let asset = AssetRef { location: src.as_str().into(), base: AssetBase::Template };
    let bytes = sources.place(&asset).and_then(|place| sources.read(&place, MAX_FONT_BYTES));
    let faces = library.add(bytes?).map_err(|error| FontFailure::Face(error.to_string()))?;
    let listed = faces.into_iter().map(|face| {
        let own = ListedFace::new(face);
        ListedFace {
            families: family.as_ref().map_or(own.families, |family| vec![family.to_string()]),
            weights: weight.map_or(own.weights, |weight| (weight, weight)),
            italic: italic.unwrap_or(own.italic),
            face: own.face,
        }
    });
    Ok(listed.collect())
}

/// A family that a layer names must be among the fonts, and there is no text without a font.
fn check_families(template: &Template, fonts: &FontSet, problems: &mut Problems<'_>) {
    let template_path = problems.template_path;
    for FontUse { family, path, position } in template.font_uses() {
        let problem = match family {
            _ if fonts.faces().is_empty() => {
                Problem::file(template_path, "text needs a font: list font files in fonts")
            }
            Some(family) if !fonts.has_family(&family) => {
                let families = fonts.families();
                let message = format!("the fonts have no family {family:?}, only {}", families.join(", "));
                Problem::file(template_path, message).suggesting(nearest(&family, families))
            }
            _ => continue,
        };
        problems.list.push(problem.positioned(position.line, position.column, path));
    }
}

/// Photos that the template names itself must be there before a run starts.
pub(super) fn check_photos(template: &Template, assets: &Assets, problems: &mut Problems<'_>) {
    for (asset, at) in template.assets() {
        if let Err(error) = assets.photo(&asset) {
            let message = format!("cannot use the photo: {error}");
            let problem = Problem::file(problems.template_path, message).positioned(at.line, at.column, "");
            problems.list.push(problem.of_asset(&error));
        }
    }
}

fn read_at_most(path: &Path, max_bytes: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(max_bytes + 1).read_to_end(&mut bytes));
    read.map_err(|error| format!("cannot read it: {error}"))?;
    if bytes.len() as u64 > max_bytes {
        return Err(format!("the file is longer than {} MiB", max_bytes >> 20));
    }
    Ok(bytes)
}
