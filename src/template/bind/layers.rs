//! Layers resolved into a scene's types, repeats drawn out.

use std::cell::Cell;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::ValueKind;

use super::BoundRow;
use crate::job::ErrorCode;
use crate::template::choices::ErrorRule;
use crate::template::error::BindError;
use crate::template::expression::Program;
use crate::template::keys::Kind;
use crate::template::model::{
    Dynamic, FocusModel, FrameModel, ImageModel, KindModel, LayerModel, Prop, RatingModel, RepeatModel, ShadowModel,
    StackModel,
};
use crate::template::scalar::{FromScalar, Mismatch, Scalar};
use crate::template::scene::{
    AssetBase, AssetRef, BoxStyle, Frame, Image, Layer, LayerKind, Length, OnError, Rating, Shadow, Stack, Stroke,
};
use crate::template::scope::{Pass, Scope};
use crate::template::tables::MAX_PASSES;

/// Most layers of one canvas, repeats drawn out.
const MAX_LAYERS: u32 = 20_000;
/// Longest text of one canvas, all its layers together, in bytes.
const MAX_TEXT_BYTES: usize = 4 << 20;
/// Most words and signs of all expressions that one canvas evaluates; a `{% for %}` counts as all it may take.
const MAX_WORK: u64 = 20_000_000;

/// What one canvas has taken so far.
#[derive(Debug, Default)]
pub(super) struct Spent {
    layers: Cell<u32>,
    text_bytes: Cell<usize>,
    work: Cell<u64>,
}

impl Spent {
    fn layer(&self, path: &str) -> Result<(), BindError> {
        self.layers.set(self.layers.get() + 1);
        if self.layers.get() <= MAX_LAYERS {
            return Ok(());
        }
        let message = format!("more than {MAX_LAYERS} layers on one canvas: give the repeats a limit");
        Err(BindError::new(ErrorCode::TooManyLayers, path, message))
    }

    pub fn text(&self, bytes: usize, path: &str) -> Result<(), BindError> {
        self.text_bytes.set(self.text_bytes.get() + bytes);
        if self.text_bytes.get() <= MAX_TEXT_BYTES {
            return Ok(());
        }
        let message = format!("the texts of one canvas are longer than {MAX_TEXT_BYTES} bytes together");
        Err(BindError::new(ErrorCode::TextTooLong, path, message))
    }

    pub fn work(&self, program: &Program, path: &str) -> Result<(), BindError> {
        self.work.set(self.work.get() + program.cost());
        if self.work.get() <= MAX_WORK {
            return Ok(());
        }
        let message = "the expressions of one canvas take too long together";
        Err(BindError::new(ErrorCode::ExpressionFailed, path, message))
    }
}

/// Resolves models for one canvas, or for one pass of a repeat on it.
pub(super) struct Binder<'b, 't> {
    pub row: &'b BoundRow<'t>,
    size_index: usize,
    scope: Arc<Scope>,
    /// ` (item 2)`, or nothing outside of repeats.
    items: String,
    pub spent: &'b Spent,
}

impl<'b, 't> Binder<'b, 't> {
    pub fn new(row: &'b BoundRow<'t>, size_index: usize, pass: Option<&Arc<Pass>>, spent: &'b Spent) -> Self {
        let scope = Arc::new(row.scope(size_index, pass));
        let mut numbers: Vec<String> = Pass::outwards(pass).map(|pass| (pass.index + 1).to_string()).collect();
        numbers.reverse();
        let items = if numbers.is_empty() { String::new() } else { format!(" (item {})", numbers.join(", ")) };
        Self { row, size_index, scope, items, spent }
    }

    /// A place in the template, with the item at hand: `layers[3].layers[0] (item 2)`.
    fn path(&self, path: &Arc<str>) -> Arc<str> {
        if self.items.is_empty() { Arc::clone(path) } else { format!("{path}{}", self.items).into() }
    }

    pub fn get<T: FromScalar>(&self, prop: &Prop<T>) -> Result<T, BindError> {
        let dynamic = match prop {
            Prop::Constant(value) => return Ok(value.clone()),
            Prop::Dynamic(dynamic) => dynamic,
        };
        let Dynamic { program, kind, path } = &**dynamic;
        let path = || self.path(path);
        self.spent.work(program, &dynamic.path)?;
        let value = self.row.eval(program, &self.scope, &dynamic.path).map_err(|error| self.in_item(error))?;
        let scalar = match kind {
            Kind::Condition => Scalar::Bool(value.is_true()),
            _ => Scalar::from_value(&value),
        };
        if matches!(scalar, Scalar::Missing) {
            return Err(self.row.missing(program, &self.scope, &path()));
        }
        T::from_scalar(kind, &scalar).map_err(|mismatch| {
            let hide = self.row.is_personal(program, &self.scope);
            let message = if hide { mismatch.describe_hidden() } else { mismatch.describe(&scalar) };
            BindError::new(ErrorCode::BadValue, &*path(), message)
        })
    }

    fn in_item(&self, error: BindError) -> BindError {
        BindError { path: format!("{}{}", error.path, self.items), ..error }
    }

    pub fn optional<T: FromScalar>(&self, prop: Option<&Prop<T>>) -> Result<Option<T>, BindError> {
        prop.map(|prop| self.get(prop)).transpose()
    }

    fn four<T: FromScalar>(&self, props: Option<&[Prop<T>; 4]>) -> Result<Option<[T; 4]>, BindError> {
        let Some([a, b, c, d]) = props else {
            return Ok(None);
        };
        Ok(Some([self.get(a)?, self.get(b)?, self.get(c)?, self.get(d)?]))
    }

    /// The layers that are drawn.
    pub fn layers(&self, models: &[Arc<LayerModel>]) -> Result<Vec<Layer>, BindError> {
        let mut layers = Vec::with_capacity(models.len());
        for model in models {
            if self.get(&model.when)? {
                layers.extend(self.layer(model)?);
            }
        }
        Ok(layers)
    }

    fn layer(&self, model: &LayerModel) -> Result<Option<Layer>, BindError> {
        let path = self.path(&model.path);
        self.spent.layer(&path)?;
        let kind = match &model.kind {
            KindModel::Rect => LayerKind::Rect,
            KindModel::Ellipse => LayerKind::Ellipse,
            KindModel::Group(layers) => LayerKind::Group(self.layers(layers)?),
            KindModel::Stack(stack) => LayerKind::Stack(self.stack(stack, self.layers(&stack.layers)?)?),
            KindModel::Repeat(repeat) => match self.repeat(repeat)? {
                Some(layers) => LayerKind::Stack(self.stack(&repeat.stack, layers)?),
                None => return Ok(None),
            },
            KindModel::Text(text) => LayerKind::Text(self.text(text)?),
            KindModel::Image(image) => LayerKind::Image(self.image(image)?),
            KindModel::Rating(rating) => LayerKind::Rating(self.rating(rating)?),
        };
        let stroke = match &model.stroke {
            Some(stroke) => Some(Stroke { width: self.get(&stroke.width)?, color: self.get(&stroke.color)? }),
            None => None,
        };
        let mut shadows = Vec::with_capacity(model.shadows.len());
        for ShadowModel { x, y, blur, spread, color } in &model.shadows {
            shadows.push(Shadow {
                x: self.get(x)?,
                y: self.get(y)?,
                blur: self.get(blur)?,
                spread: self.get(spread)?,
                color: self.get(color)?,
            });
        }
        Ok(Some(Layer {
            path,
            frame: self.frame(&model.frame)?,
            opacity: self.get(&model.opacity)?,
            rotation_degrees: self.get(&model.rotation)?,
            overflow: self.get(&model.overflow)?,
            style: BoxStyle {
                fill: self.optional(model.fill.as_ref())?,
                stroke,
                radius: self.four(model.radius.as_ref())?,
                shadows,
            },
            grow: self.get(&model.grow)?,
            flex_shrink: self.get(&model.flex_shrink)?,
            align_self: self.optional(model.align_self.as_ref())?,
            kind,
        }))
    }

    /// The children of a repeat, one pass after the other. `None`: there is nothing to draw.
    fn repeat(&self, model: &RepeatModel) -> Result<Option<Vec<Layer>>, BindError> {
        let items = self.items(model)?;
        if items.is_empty() {
            return if model.empty.is_empty() { Ok(None) } else { self.layers(&model.empty).map(Some) };
        }
        let is_from_row = self.row.is_from_row(&model.list, &self.scope);
        let is_personal = self.row.is_personal(&model.list, &self.scope);
        let length = items.len();
        let mut layers = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            let pass = Pass {
                name: Arc::clone(&model.name),
                item,
                index,
                length,
                outer: self.scope.pass.clone(),
                is_from_row,
                is_personal,
            };
            let binder = Binder::new(self.row, self.size_index, Some(&Arc::new(pass)), self.spent);
            layers.append(&mut binder.layers(&model.stack.layers)?);
        }
        Ok(Some(layers))
    }

    /// The items that a repeat draws: those of a list, or 1, 2, 3 for a count. What is missing has none.
    fn items(&self, model: &RepeatModel) -> Result<Vec<Value>, BindError> {
        let path = self.path(&model.list_path);
        let limit = self.optional(model.limit.as_ref())?.unwrap_or(MAX_PASSES) as usize;
        self.spent.work(&model.list, &path)?;
        let value = self.row.eval(&model.list, &self.scope, &path)?;
        let wrong = |expected: String| {
            let hide = self.row.is_personal(&model.list, &self.scope);
            let mismatch = Mismatch::expected(expected);
            let scalar = Scalar::from_value(&value);
            let message = if hide { mismatch.describe_hidden() } else { mismatch.describe(&scalar) };
            Err(BindError::new(ErrorCode::BadValue, &*path, message))
        };
        let too_many = format!("at most {MAX_PASSES} items (or a limit)");
        match value.kind() {
            ValueKind::Undefined | ValueKind::None => Ok(Vec::new()),
            ValueKind::Number => match i64::try_from(value.clone()) {
                Ok(count) if count < 0 => wrong("a count that is not negative".to_owned()),
                Ok(count) => match usize::try_from(count).map(|count| count.min(limit)) {
                    Ok(passes) if model.limit.is_some() || i64::from(MAX_PASSES) >= count => {
                        Ok((1..=passes).map(Value::from).collect())
                    }
                    _ => wrong(too_many),
                },
                Err(_) => wrong("a whole number or a list".to_owned()),
            },
            ValueKind::Seq | ValueKind::Iterable => {
                let Ok(items) = value.try_iter() else {
                    return wrong("a list or a count".to_owned());
                };
                let items: Vec<Value> = items.take(limit + 1).collect();
                if items.len() > limit && model.limit.is_none() {
                    return wrong(too_many);
                }
                Ok(items.into_iter().take(limit).collect())
            }
            ValueKind::String if !value.as_str().unwrap_or_default().trim_start().starts_with('[') => {
                wrong("a list or a count".to_owned())
            }
            ValueKind::String => wrong("a list (declare the column as a field of type list to read it)".to_owned()),
            _ => wrong("a list or a count".to_owned()),
        }
    }

    fn frame(&self, model: &FrameModel) -> Result<Frame, BindError> {
        let get = |prop: &Option<Prop<Length>>| self.optional(prop.as_ref());
        Ok(Frame {
            left: get(&model.left)?,
            right: get(&model.right)?,
            top: get(&model.top)?,
            bottom: get(&model.bottom)?,
            width: get(&model.width)?,
            height: get(&model.height)?,
            min_width: get(&model.min_width)?,
            max_width: get(&model.max_width)?,
            min_height: get(&model.min_height)?,
            max_height: get(&model.max_height)?,
            center_x: model.center_x,
            center_y: model.center_y,
        })
    }

    fn stack(&self, model: &StackModel, layers: Vec<Layer>) -> Result<Stack, BindError> {
        Ok(Stack {
            direction: self.get(&model.direction)?,
            gap: self.get(&model.gap)?,
            padding: self.four(model.padding.as_ref())?.unwrap_or_default(),
            align: self.get(&model.align)?,
            justify: self.get(&model.justify)?,
            wrap: self.get(&model.wrap)?,
            layers,
        })
    }

    fn image(&self, model: &ImageModel) -> Result<Image, BindError> {
        let location = self.get(&model.src)?;
        let base = match &model.src {
            Prop::Constant(_) => AssetBase::Template,
            Prop::Dynamic(dynamic) => self.row.asset_base(&location, &dynamic.program, &self.scope),
        };
        let focus = match &model.focus {
            FocusModel::Anchor(anchor) => self.get(anchor)?.0,
            FocusModel::Point(x, y) => [self.get(x)?, self.get(y)?],
        };
        Ok(Image {
            src: AssetRef { location, base },
            fit: self.get(&model.fit)?,
            focus,
            mask: self.get(&model.mask)?,
            on_error: match model.on_error {
                ErrorRule::Fail => OnError::Fail,
                ErrorRule::Hide => OnError::Hide,
                ErrorRule::Placeholder => OnError::Placeholder(
                    model
                        .placeholder
                        .as_ref()
                        .map(|(location, _)| AssetRef { location: Arc::clone(location), base: AssetBase::Template }),
                ),
            },
        })
    }

    fn rating(&self, model: &RatingModel) -> Result<Rating, BindError> {
        Ok(Rating {
            value: self.get(&model.value)?,
            max: self.get(&model.max)?,
            star_px: self.get(&model.size)?,
            gap_px: self.get(&model.gap)?,
            color: self.get(&model.color)?,
            empty_color: self.get(&model.empty_color)?,
        })
    }
}
