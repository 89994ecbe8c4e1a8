//! Patterns for the names of objects: `{{ key }}-{{ size }}.{{ ext }}`.
//!
//! Only the text comes from here; collisions and path escapes are [`crate::job`]'s business.

use std::sync::Arc;

use super::expression::Program;

/// Longest name that a pattern may give, in bytes: S3's bound on a key.
pub(super) const MAX_NAME_BYTES: usize = 1_024;

/// A compiled pattern; see [`super::Template::compile_name`].
#[derive(Clone, Debug)]
pub struct NamePattern(pub(super) Part);

#[derive(Clone, Debug)]
pub(super) enum Part {
    /// The same for every variant.
    Constant(Arc<str>),
    /// Evaluated per variant.
    Dynamic(Arc<Program>),
}
