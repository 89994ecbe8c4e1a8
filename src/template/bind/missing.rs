//! Which value it was that an expression needed and the row has not.

use std::sync::Arc;

use minijinja::Value;
use parking_lot::Mutex;

use super::BoundRow;
use crate::job::ErrorCode;
use crate::template::error::BindError;
use crate::template::expression::Program;
use crate::template::reader::shorten_to;
use crate::template::references::{Reference, Step};
use crate::template::scope::Scope;

impl BoundRow<'_> {
    /// The error for an expression that needs a value that the row has not. Names that value alone, though others
    /// may be missing too: an expression can say itself what happens without them.
    pub(super) fn missing(&self, program: &Program, scope: &Arc<Scope>, path: &str) -> BindError {
        // Evaluated once more, to see how far it comes: what is looked up last is what it fails at.
        let seen = Arc::new(Mutex::new(Vec::new()));
        let watched = Arc::new(Scope { seen: Some(Arc::clone(&seen)), ..Scope::clone(scope) });
        // It fails again, or gives nothing: the names are what counts.
        let _ = program.eval(Value::from_dyn_object(watched));
        let seen = std::mem::take(&mut *seen.lock());
        let is_missing = |reference: &&Reference| !reference.is_guarded && value_of(reference, scope).is_undefined();
        let culprit = seen
            .iter()
            .rev()
            .find_map(|name| program.references().iter().filter(|reference| reference.root == *name).rfind(is_missing));
        let Some(reference) = culprit else {
            let message = "a value that the expression needs is missing from this row";
            return BindError::new(ErrorCode::ExpressionFailed, path, message);
        };
        let name = shorten_to(&reference.text, 100);
        let message = match reference.steps.is_empty() {
            true => format!("{name} has no value in this row: give it a default, or use the filter default"),
            false => format!("{name} has no value in this row: use the filter default"),
        };
        BindError::new(ErrorCode::MissingField, path, message)
    }
}

fn value_of(reference: &Reference, scope: &Arc<Scope>) -> Value {
    let root = Value::from_dyn_object(Arc::clone(scope)).get_attr(&reference.root).unwrap_or_default();
    reference.steps.iter().fold(root, |value, step| match step {
        Step::Part(name) => value.get_attr(name).unwrap_or_default(),
        Step::Item(index) => value.get_item(&Value::from(*index)).unwrap_or_default(),
    })
}
