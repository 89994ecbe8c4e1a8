//! The template's own files: its source, its fonts, the photos that it names itself.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::Problems;
use super::problem::{Problem, nearest};
use crate::assets::{Assets, Face, FontLibrary, FontSet, Root};
use crate::template::{FontUse, Syntax, Template};

/// Longest template; the parser refuses more than this, and nothing longer is read.
const MAX_TEMPLATE_BYTES: u64 = 1 << 20;
/// Longest font file: the largest collections for Chinese, Japanese and Korean have about 120 MB.
const MAX_FONT_BYTES: u64 = 160 << 20;

/// A template's source, with the syntax that its extension tells.
pub(super) fn read_template_source(path: &Path) -> Result<(Vec<u8>, Syntax), Problem> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let syntax = match extension.to_ascii_lowercase().as_str() {
        "yaml" | "yml" => Syntax::Yaml,
        "json" => Syntax::Json,
        _ => return Err(Problem::file(path, "expected a template file that ends in .yaml, .yml or .json")),
    };
    let source = read_at_most(path, MAX_TEMPLATE_BYTES).map_err(|message| Problem::file(path, message))?;
    Ok((source, syntax))
}

/// The fonts of a template. A missing or unreadable one is a problem at its line.
pub(super) fn load_fonts(
    template: &Template,
    template_dir: &Path,
    library: &FontLibrary,
    problems: &mut Problems<'_>,
) -> Option<FontSet> {
    let root = Root::new(template_dir.to_owned());
    let path = problems.template_path;
    let mut faces: Vec<Arc<Face>> = Vec::new();
    let mut all_loaded = true;
    for (index, entry) in template.fonts().iter().enumerate() {
        let load = || {
            let file = root.resolve(&entry.path).map_err(|error| error.to_string())?;
            let bytes = read_at_most(&file, MAX_FONT_BYTES)?;
            library.add(bytes).map_err(|error| error.to_string())
        };
        match load() {
            // A font that is listed twice counts where it is listed first.
            Ok(loaded) => {
                for face in loaded {
                    if !faces.iter().any(|known: &Arc<Face>| known.id == face.id) {
                        faces.push(face);
                    }
                }
            }
            Err(message) => {
                all_loaded = false;
                let at = entry.position;
                let message = format!("cannot use the font {:?}: {message}", entry.path);
                problems.list.push(Problem::file(path, message).positioned(
                    at.line,
                    at.column,
                    format!("fonts[{index}]"),
                ));
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

/// A family that a layer names must be among the fonts, and there is no text without a font.
fn check_families(template: &Template, fonts: &FontSet, problems: &mut Problems<'_>) {
    let template_path = problems.template_path;
    for FontUse { family, path, position } in template.font_uses() {
        let problem = match family {
            _ if fonts.faces().is_empty() => Problem::file(template_path, "text needs a font: list font files in fonts"),
            Some(family) if !fonts.has_family(&family) => {
                let families = fonts.families();
                let message = format!("the fonts have no family {family:?}, only {}", families.join(", "));
                Problem::file(template_path, message).suggesting(nearest(&family, &families))
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
            problems.list.push(Problem::file(problems.template_path, message).positioned(at.line, at.column, ""));
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
