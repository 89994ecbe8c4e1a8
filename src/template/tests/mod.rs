//! Whole templates: what they give for a row, and what is said of wrong ones.

mod hostile;
mod manual;
mod mistakes;
mod newcomer;
mod outputs;
mod repeats;
mod rows;
mod scale;
mod texts;
mod whole;

use std::sync::Arc;

use serde_json::json;

use super::scene::{Layer, LayerKind, Scene, Text};
use super::*;
use crate::job::{ErrorCode, Format, Row};
use crate::pixels::Color;

/// Section 4 of the design, to the letter but for its comments.
const CARD: &str = r##"
gravure: 1
name: product-card
locale: en-US
sizes:
  link: { width: 1200, height: 628 }
  story: { width: 1080, height: 1920 }
outputs: [{ format: jpeg, quality: 85 }]        # default; flags and jobs override
fields:                        # declared inputs, checked before rendering
  name:       { type: text, required: true }
  price:      { type: number, required: true }
  image:      { type: image, required: true }
  first_name: { type: text, default: "", pii: true, column: "First Name" }
fonts: [fonts/Inter-Regular.ttf, fonts/Inter-Bold.ttf]   # also the fallback order
layers:
  - { type: rect, frame: full, fill: "linear-gradient(135deg, #0f172a, #1e3a8a)" }
  - type: image
    id: photo
    src: "{{ image }}"
    fit: cover                 # cover | contain | stretch | none: only ever about photos
    frame: { x: 64, y: 64, width: 500, height: 500 }
    radius: 32
    shadow: { y: 16, blur: 48, color: "#00000073" }
    sizes: { story: { frame: { x: 90, y: 120, width: 900, height: 900 } } }   # merged over the layer for that size
  - { type: text, text: "{{ name }}", frame: { x: 620, y: 136, width: 516, height: 140 }, max_lines: 2, shrink: { to: 32 },
      font: { family: Inter, weight: 700, size: 60, line_height: 1.1 }, color: white }
  - type: stack                # flexbox: direction, gap, padding, align, justify, wrap; hugs unless the frame says otherwise
    frame: { x: 620, y: 440 }
    direction: row
    gap: 24
    align: center
    layers:
      - { type: stack, padding: [0, 28], height: 72, radius: 36, fill: "#f97316", align: center,
          layers: [{ type: text, text: "{{ price | currency('USD') }}", font: { family: Inter, weight: 700, size: 40 }, color: white }] }
"##;

fn parse(source: &str) -> Result<Template, String> {
    Template::parse(source.as_bytes(), Syntax::Yaml).map_err(|errors| errors.to_string())
}

/// A template with these fields and layers and one size, `link`, 1200×628.
fn with(fields: &str, layers: &str) -> Result<Template, String> {
    let fields = if fields.is_empty() { String::new() } else { format!("fields: {fields}\n") };
    parse(&format!("gravure: 1\nname: t\nsizes: {{ link: {{ width: 1200, height: 628 }} }}\n{fields}layers:\n{layers}"))
}

fn row(values: serde_json::Value) -> Row {
    let fields = values.as_object().unwrap().iter().map(|(key, value)| (Arc::from(key.as_str()), value.clone()));
    Row { number: 2, line: Some(4), fields: fields.collect() }
}

fn now() -> Now {
    Now::new("2026-10-16T09:00:00Z")
}

fn card_row() -> Row {
    row(json!({ "id": "r1", "name": "Desk lamp", "price": "1249.5", "image": "images/lamp.jpg", "First Name": "Ada" }))
}

fn text_of(template: &Template, values: serde_json::Value) -> Result<String, BindError> {
    let scene = template.bind(&row(values), &now())?.scene(0)?;
    match &scene.layers[0].kind {
        LayerKind::Text(text) => Ok(text.spans[0].text.clone()),
        other => panic!("expected text, got {other:?}"),
    }
}

/// The scene of the first size.
fn scene_of(template: &Template, values: serde_json::Value) -> Result<Scene, BindError> {
    template.bind(&row(values), &now())?.scene(0)
}

/// The text of a layer.
fn text_in(layer: &Layer) -> &Text {
    match &layer.kind {
        LayerKind::Text(text) => text,
        other => panic!("expected text, got {other:?}"),
    }
}

/// The children of a stack or group.
fn children_of(layer: &Layer) -> &[Layer] {
    match &layer.kind {
        LayerKind::Stack(stack) => &stack.layers,
        LayerKind::Group(layers) => layers,
        other => panic!("expected a stack or group, got {other:?}"),
    }
}

/// The characters of all texts, in order.
fn words_of(layers: &[Layer]) -> Vec<String> {
    let mut words = Vec::new();
    for layer in layers {
        match &layer.kind {
            LayerKind::Text(text) => words.push(text.spans.iter().map(|span| span.text.as_str()).collect()),
            LayerKind::Stack(_) | LayerKind::Group(_) => words.extend(words_of(children_of(layer))),
            _ => {}
        }
    }
    words
}
