//! Text layers bound: pieces with their final characters.

use super::layers::Binder;
use crate::template::choices::DecorationLine;
use crate::template::error::BindError;
use crate::template::model::{DecorationModel, FontModel, SpanModel, TextModel, TextShadowModel};
use crate::template::scene::{Decoration, Font, Span, Text, TextShadow};

impl Binder<'_, '_> {
    /// A text. Pieces without characters vanish; of a text without any, the first one stays: its font measures
    /// the empty line.
    pub(super) fn text(&self, model: &TextModel) -> Result<Text, BindError> {
        let TextModel { spans, align, valign, max_lines, shrink_to, wrap, balance, ellipsis, direction, shadows } =
            model;
        let mut pieces = Vec::with_capacity(spans.len());
        let mut empty = None;
        for model in spans {
            if self.get(&model.when)? {
                let span = self.span(model)?;
                match span.text.is_empty() {
                    true => empty = empty.or(Some(span)),
                    false => pieces.push(span),
                }
            }
        }
        if pieces.is_empty() {
            pieces.extend(empty);
        }
        let mut text_shadows = Vec::with_capacity(shadows.len());
        for TextShadowModel { x, y, blur, color } in shadows {
            let (x, y, blur, color) = (self.get(x)?, self.get(y)?, self.get(blur)?, self.get(color)?);
            text_shadows.push(TextShadow { x, y, blur, color });
        }
        Ok(Text {
            spans: pieces,
            align: self.get(align)?,
            valign: self.get(valign)?,
            max_lines: self.optional(max_lines.as_ref())?,
            shrink_to_px: self.optional(shrink_to.as_ref())?,
            wrap: self.get(wrap)?,
            balance: self.get(balance)?,
            ellipsis: self.get(ellipsis)?,
            direction: self.get(direction)?,
            shadows: text_shadows,
        })
    }

    fn span(&self, model: &SpanModel) -> Result<Span, BindError> {
        let SpanModel { when: _, text, font, family_place: (_, place), color, decoration, transform } = model;
        let text = self.get(text)?;
        self.spent.text(text.len(), place)?;
        let text = if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.to_string() };
        let transform = self.get(transform)?;
        Ok(Span {
            text: transform.apply(text, &self.row.template.letters),
            font: self.font(font)?,
            color: self.get(color)?,
            decoration: self.decoration(decoration)?,
        })
    }

    fn font(&self, model: &FontModel) -> Result<Font, BindError> {
        let FontModel { family, weight, italic, size, line_height, letter_spacing } = model;
        Ok(Font {
            family: self.optional(family.as_ref())?,
            weight: self.get(weight)?.0,
            italic: self.get(italic)?,
            size_px: self.get(size)?,
            line_height: self.get(line_height)?,
            letter_spacing_px: self.get(letter_spacing)?,
        })
    }

    fn decoration(&self, model: &DecorationModel) -> Result<Decoration, BindError> {
        let mut decoration = Decoration {
            color: self.optional(model.color.as_ref())?,
            thickness_px: self.optional(model.thickness.as_ref())?,
            ..Decoration::default()
        };
        for line in &model.lines {
            match self.get(line)? {
                DecorationLine::None => {}
                DecorationLine::Underline => decoration.underline = true,
                DecorationLine::LineThrough => decoration.line_through = true,
                DecorationLine::Overline => decoration.overline = true,
            }
        }
        let has_line = decoration.underline || decoration.line_through || decoration.overline;
        Ok(if has_line { decoration } else { Decoration::default() })
    }
}
