//! What decides a variant's bytes, as one hash: by it an earlier run's file is known to be what this run would make.

use crate::job::Encoding;
use crate::template::BoundRow;
use crate::template::scene::Scene;

use super::Plan;
use super::photos::Found;

/// Of template, fonts, field values, photos, size, scale, encoding and gravure's version. Not of the object's name,
/// nor of the adapter, whose pictures differ by rounding only.
pub fn input_hash(plan: &Plan, bound: &BoundRow<'_>, scene: &Scene, found: &Found, encoding: Encoding) -> String {
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
    found.hash_into(&mut hasher);
    format!("blake3:{}", hasher.finalize().to_hex())
}
