//! What decides a variant's bytes, as one hash: by it an earlier run's file is known to be what this run would make.

use crate::job::Encoding;
use crate::layout::Photos;
use crate::template::BoundRow;
use crate::template::scene::Scene;

use super::Plan;

/// Of template, fonts, field values, photos, size, scale, encoding and gravure's version. Not of the object's name,
/// nor of the adapter, whose pictures differ by rounding only.
pub fn input_hash(plan: &Plan, bound: &BoundRow<'_>, scene: &Scene, photos: &Photos, encoding: Encoding) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut text = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    };
    text(env!("CARGO_PKG_VERSION"));
    text(plan.template.hash());
    text(&scene.size_name);
    text(&encoding.to_string());
    hasher.update(&plan.scale.to_bits().to_le_bytes());
    for listed in plan.fonts.faces() {
        hasher.update(&listed.face.digest);
    }
    bound.hash_into(&mut hasher);
    let mut versions: Vec<_> = photos.values().map(|photo| photo.id.0).collect();
    versions.sort_unstable();
    for version in versions {
        hasher.update(&version);
    }
    format!("blake3:{}", hasher.finalize().to_hex())
}
