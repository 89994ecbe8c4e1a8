//! What is known of a value before any row comes: which parts a declared list's items have, and what a repeat
//! calls them.

use std::sync::Arc;

use super::field::{Field, FieldType};
use super::references::{Reference, Step};

/// The shape of a value in an expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    /// Nothing is known.
    Any,
    /// One value of the type with this name.
    Single(&'static str),
    List(Arc<Shape>),
    /// These parts and no others.
    Object(Arc<[(Arc<str>, Shape)]>),
    /// `row`: what the data has.
    Columns,
}

/// A step that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NoSuchPart {
    pub message: String,
    /// What was asked for.
    pub part: String,
    /// What there is.
    pub known: Vec<Arc<str>>,
}

impl Shape {
    /// Of a declared field's values.
    pub fn of_field(ty: &FieldType) -> Self {
        match ty {
            FieldType::List(item) => Self::List(Arc::new(Self::of_field(&item.ty))),
            FieldType::Object(parts) => Self::of_parts(parts),
            single => Self::Single(single.name()),
        }
    }

    fn of_parts(parts: &[Field]) -> Self {
        Self::Object(parts.iter().map(|part| (Arc::clone(&part.name), Self::of_field(&part.ty))).collect())
    }

    /// Of a built-in value: parts that are single values.
    pub fn with_parts(parts: &[&str]) -> Self {
        Self::Object(parts.iter().map(|part| (Arc::from(*part), Self::Single("value"))).collect())
    }

    /// Where a look-up leads from here.
    ///
    /// # Errors
    /// A part that is not there, or a part of what has none.
    pub fn follow(&self, reference: &Reference) -> Result<Self, NoSuchPart> {
        let mut shape = self.clone();
        let mut so_far = reference.root.clone();
        for step in &reference.steps {
            shape = shape.step(step, &so_far)?;
            match step {
                Step::Part(part) => so_far.push_str(&format!(".{part}")),
                Step::Item(index) => so_far.push_str(&format!("[{index}]")),
            }
        }
        Ok(shape)
    }

    fn step(&self, step: &Step, so_far: &str) -> Result<Self, NoSuchPart> {
        let wrong = |message: String, part: &str, known: Vec<Arc<str>>| {
            Err(NoSuchPart { message, part: part.to_owned(), known })
        };
        match (self, step) {
            (Self::Any | Self::Columns, _) | (Self::Object(_) | Self::Single(_), Step::Item(_)) => Ok(Self::Any),
            (Self::List(item), Step::Item(_)) => Ok(Self::clone(item)),
            (Self::Object(parts), Step::Part(name)) => match parts.iter().find(|(known, _)| **known == **name) {
                Some((_, shape)) => Ok(shape.clone()),
                None => {
                    let known = parts.iter().map(|(name, _)| Arc::clone(name)).collect();
                    wrong(format!("\"{}\" has no part \"{}\"", short(so_far), short(name)), name, known)
                }
            },
            (Self::List(_), Step::Part(name)) => {
                let so_far = short(so_far);
                let message = format!(
                    "\"{so_far}\" is a list, whose items have parts: name one of them, {so_far}[0].{}, or draw each with a repeat layer",
                    short(name)
                );
                wrong(message, name, Vec::new())
            }
            (Self::Single(ty), Step::Part(name)) => {
                let message =
                    format!("\"{}\" is a single value ({ty}) and has no part \"{}\"", short(so_far), short(name));
                wrong(message, name, Vec::new())
            }
        }
    }
}

fn short(text: &str) -> String {
    super::reader::shorten(text)
}
