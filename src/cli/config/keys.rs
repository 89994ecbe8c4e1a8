//! Every setting that there is, read off the types that hold them, and the names under which the environment sets it.

use std::cell::RefCell;

use serde::Deserialize;
use serde::de::value::{Error, MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor};

/// Variables that are named otherwise than their settings.
const SHORT: [(&str, &str); 3] = [
    ("GRAVURE_DESTINATIONS", "worker.destinations"),
    ("GRAVURE_SOURCES", "worker.sources"),
    ("GRAVURE_LOG", "log.filter"),
];

/// A setting, or a section of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// `worker.grace_secs`.
    pub path: String,
    /// Whether it holds settings itself.
    pub is_section: bool,
}

impl Key {
    /// Whether `path` is a section and this is directly in it. The empty path is the file.
    pub fn is_in(&self, path: &str) -> bool {
        match self.path.rsplit_once('.') {
            Some((section, _)) => section == path,
            None => path.is_empty(),
        }
    }

    /// `GRAVURE_WORKER_GRACE_SECS`.
    fn variable(&self) -> String {
        format!("GRAVURE_{}", self.path.replace('.', "_").to_ascii_uppercase())
    }
}

/// The settings of a type, in its order; sections come before what they hold.
pub fn keys_of<T: for<'de> Deserialize<'de>>() -> Vec<Key> {
    let keys = RefCell::default();
    // Only what is asked for matters, not what is made of the answers.
    drop(T::deserialize(Outline { path: String::new(), keys: &keys }));
    keys.into_inner()
}

/// The setting that a variable sets.
pub fn of_variable<'k>(keys: &'k [Key], name: &str) -> Option<&'k Key> {
    let path = SHORT.iter().find(|(short, _)| *short == name).map(|(_, path)| *path);
    keys.iter()
        .filter(|key| !key.is_section)
        .find(|key| path.map_or_else(|| key.variable() == name, |path| key.path == path))
}

/// Every variable that sets something.
pub fn variables(keys: &[Key]) -> Vec<String> {
    let long = keys.iter().filter(|key| !key.is_section).map(Key::variable);
    long.chain(SHORT.iter().map(|(short, _)| (*short).to_owned())).collect()
}

/// The word that was meant, if one is near enough.
pub fn nearest<'w>(word: &str, known: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let far = (word.chars().count() / 3).max(2);
    let near = known.into_iter().map(|known| (strsim::damerau_levenshtein(word, known), known));
    near.filter(|(distance, _)| *distance <= far).min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}

/// Pretends to hold every member that a type asks for, and notes what it asks.
struct Outline<'k> {
    path: String,
    keys: &'k RefCell<Vec<Key>>,
}

impl Outline<'_> {
    fn below(&self, name: &str) -> Self {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Self { path, ..*self }
    }
}

macro_rules! answers {
    ($($method:ident => $visit:ident($($value:expr)?),)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.$visit($($value)?)
        })*
    };
}

impl<'de> Deserializer<'de> for Outline<'_> {
    type Error = Error;

    answers! {
        deserialize_any => visit_unit(),
        deserialize_bool => visit_bool(false),
        deserialize_i8 => visit_i8(1),
        deserialize_i16 => visit_i16(1),
        deserialize_i32 => visit_i32(1),
        deserialize_i64 => visit_i64(1),
        deserialize_u8 => visit_u8(1),
        deserialize_u16 => visit_u16(1),
        deserialize_u32 => visit_u32(1),
        deserialize_u64 => visit_u64(1),
        deserialize_f32 => visit_f32(1.0),
        deserialize_f64 => visit_f64(1.0),
        deserialize_char => visit_char('x'),
        deserialize_str => visit_str(""),
        deserialize_string => visit_str(""),
        deserialize_bytes => visit_bytes(&[]),
        deserialize_byte_buf => visit_bytes(&[]),
        deserialize_unit => visit_unit(),
        deserialize_identifier => visit_str(""),
        deserialize_ignored_any => visit_unit(),
        deserialize_seq => visit_seq(SeqDeserializer::new(std::iter::empty::<()>())),
        deserialize_map => visit_map(MapDeserializer::new(std::iter::empty::<((), ())>())),
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(variants.first().copied().unwrap_or_default().into_deserializer())
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if let Some(own) = self.keys.borrow_mut().iter_mut().find(|key| key.path == self.path) {
            own.is_section = true;
        }
        let members = fields.iter().map(|field| Key { path: self.below(field).path, is_section: false });
        self.keys.borrow_mut().extend(members);
        visitor.visit_map(Members { outline: self, fields: fields.iter() })
    }
}

/// The members of a struct, one after the other.
struct Members<'k> {
    outline: Outline<'k>,
    fields: std::slice::Iter<'static, &'static str>,
}

impl<'de> MapAccess<'de> for Members<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let next = self.fields.as_slice().first();
        next.map(|field| seed.deserialize((*field).into_deserializer())).transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let field = self.fields.next().expect("a key comes before its value");
        seed.deserialize(self.outline.below(field))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::cli::config::Config;

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Outer {
        plain: u64,
        list: Vec<String>,
        free: BTreeMap<String, String>,
        inner: Option<Inner>,
        last: bool,
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Inner {
        text: String,
    }

    #[test]
    fn a_types_members_are_its_settings() {
        let keys = keys_of::<Outer>();
        let shown: Vec<_> = keys.iter().map(|key| (key.path.as_str(), key.is_section)).collect();
        let members = [("plain", false), ("list", false), ("free", false), ("inner", true), ("last", false)];
        assert_eq!(shown, [&members[..], &[("inner.text", false)]].concat());
        assert!(keys[5].is_in("inner") && keys[0].is_in("") && !keys[5].is_in(""));
    }

    #[test]
    fn every_setting_of_the_farm_has_a_variable_of_its_own() {
        let keys = keys_of::<Config>();
        for path in [
            "amqp.url",
            "amqp.password",
            "storage.region",
            "worker.renderer.threads",
            "worker.fetch.cache",
            "log.format",
        ] {
            assert!(keys.iter().any(|key| key.path == path && !key.is_section), "{path} is not in {keys:?}");
        }
        let variables = variables(&keys);
        assert_eq!(variables.iter().collect::<BTreeSet<_>>().len(), variables.len());
        for (short, path) in SHORT {
            assert_eq!(of_variable(&keys, short).map(|key| key.path.as_str()), Some(path));
        }
        let found = of_variable(&keys, "GRAVURE_WORKER_RENDERER_HANG_SECS").unwrap();
        assert_eq!(found.path, "worker.renderer.hang_secs");
        assert_eq!(of_variable(&keys, "GRAVURE_WORKER"), None);
    }

    #[test]
    fn a_word_that_is_far_off_is_not_guessed_at() {
        assert_eq!(nearest("grace_sec", ["grace_secs", "hold_secs"]), Some("grace_secs"));
        assert_eq!(nearest("colour", ["grace_secs", "hold_secs"]), None);
    }
}
