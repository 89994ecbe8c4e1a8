//! Everything of a row that a template's pixels can depend on, as one hash.

use minijinja::Value;
use minijinja::value::ValueKind;

use super::BoundRow;
use crate::template::scene::AssetBase;

impl BoundRow<'_> {
    /// Feeds everything of the row that the template's pixels can depend on to a hash.
    pub fn hash_into(&self, hasher: &mut blake3::Hasher) {
        for (field, value) in self.template.fields.iter().zip(&self.values.fields) {
            hash_text(hasher, &field.name);
            hash_value(hasher, value);
        }
        for (location, base) in &self.locations {
            hash_text(hasher, location);
            hasher.update(&[u8::from(*base == AssetBase::Template)]);
        }
        let uses = |name: &str| self.template.used_names.contains(name);
        hash_text(hasher, if uses("key") { &self.key } else { "" });
        hash_text(hasher, if uses("now") { self.values.now.as_str().unwrap_or_default() } else { "" });
        hasher.update(&if uses("index") { self.values.index } else { 0 }.to_le_bytes());
        if uses("row") {
            for (column, value) in &self.values.columns {
                hash_text(hasher, column);
                hash_text(hasher, &value.to_string());
            }
        }
    }
}

fn hash_text(hasher: &mut blake3::Hasher, text: &str) {
    hasher.update(&(text.len() as u64).to_le_bytes());
    hasher.update(text.as_bytes());
}

fn hash_value(hasher: &mut blake3::Hasher, value: &Value) {
    let kind = value.kind();
    hasher.update(&[kind as u8]);
    match kind {
        ValueKind::Seq => {
            hasher.update(&(value.len().unwrap_or(0) as u64).to_le_bytes());
            for item in value.try_iter().into_iter().flatten() {
                hash_value(hasher, &item);
            }
        }
        ValueKind::Map => {
            hasher.update(&(value.len().unwrap_or(0) as u64).to_le_bytes());
            for key in value.try_iter().into_iter().flatten() {
                hash_value(hasher, &key);
                hash_value(hasher, &value.get_item(&key).unwrap_or_default());
            }
        }
        _ => match value.as_str() {
            Some(text) => hash_text(hasher, text),
            None => hash_text(hasher, &value.to_string()),
        },
    }
}
