//! Formatters, built once per thread and kept: ICU4X's cannot cross threads as built here, and building one costs
//! more than using it a hundred times.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::Hash;
use std::rc::Rc;

use super::{Locale, LocaleError};

/// Most values that one store keeps. Rows choose locales and currencies, so a store must not grow with them.
const MOST: usize = 256;

/// Values by what they were built from.
pub(super) struct Kept<K, V>(RefCell<HashMap<K, Rc<V>>>);

impl<K: Eq + Hash, V> Kept<K, V> {
    /// An empty store.
    pub fn new() -> Self {
        Self(RefCell::new(HashMap::new()))
    }

    /// The value of a key, built if it is not there.
    pub fn get<E>(&self, key: K, build: impl FnOnce(&K) -> Result<V, E>) -> Result<Rc<V>, E> {
        if let Some(value) = self.0.borrow().get(&key) {
            return Ok(Rc::clone(value));
        }
        // Not borrowed while it is built: building one may ask for another.
        let value = Rc::new(build(&key)?);
        let mut values = self.0.borrow_mut();
        if values.len() >= MOST {
            values.clear();
        }
        values.insert(key, Rc::clone(&value));
        Ok(value)
    }

    /// The same, of what cannot fail.
    pub fn get_or(&self, key: K, build: impl FnOnce(&K) -> V) -> Rc<V> {
        match self.get(key, |key| Ok::<V, std::convert::Infallible>(build(key))) {
            Ok(value) => value,
        }
    }
}

/// The locale of a tag that a row brings: parsed once per thread.
///
/// # Errors
/// It is none; see [`Locale::parse`].
pub(super) fn locale(tag: &str) -> Result<Locale, LocaleError> {
    thread_local! {
        static LOCALES: RefCell<HashMap<String, Locale>> = RefCell::new(HashMap::new());
    }
    LOCALES.with_borrow_mut(|locales| {
        if let Some(locale) = locales.get(tag) {
            return Ok(locale.clone());
        }
        let locale = Locale::parse(tag)?;
        if locales.len() >= MOST {
            locales.clear();
        }
        locales.insert(tag.to_owned(), locale.clone());
        Ok(locale)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_built_once_and_do_not_pile_up() {
        let kept = Kept::new();
        let mut built = 0;
        for _ in 0..3 {
            kept.get_or(7, |_| built += 1);
        }
        assert_eq!(built, 1);
        for key in 0..10_000 {
            kept.get_or(key, |_| ());
        }
        assert!(kept.0.borrow().len() <= MOST);
        assert_eq!(kept.get(-1, |_| Err("no")), Err("no"));
    }
}
