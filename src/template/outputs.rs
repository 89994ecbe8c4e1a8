//! `outputs:`, the files to make of every canvas. Settings are checked by [`OutputSpec`]; here they get places.

use std::sync::Arc;

use super::error::Position;
use super::reader::Node;
use super::reading::{Map, Reading};
use super::scalar::Scalar;
use super::tables::OUTPUT;
use crate::job::{Output, OutputSpec};

/// The outputs of a template: one JPEG where it names none.
pub(super) fn read(reading: &mut Reading, map: &Map<'_>) -> Vec<Output> {
    let Some(entry) = map.entry("outputs") else {
        return vec![Output::default()];
    };
    let list = reading.list(&entry.value, "outputs");
    if list.is_empty() {
        reading.error(entry.value.position, "outputs", "expected at least one output");
    }
    let mut outputs: Vec<Output> = Vec::new();
    for (index, node) in list.iter().enumerate() {
        let path = format!("outputs[{index}]");
        let Some(output) = output(reading, node, &path) else { continue };
        let has_its_name =
            |other: &Output| other.format() == output.format() && other.suffix.as_str() == output.suffix.as_str();
        if outputs.iter().any(has_its_name) {
            let (format, example) = (output.format(), output.format().extension());
            let message = format!("{format} is here twice: give one a suffix (-small makes a-small.{example})");
            reading.error(node.position, path, message);
        }
        outputs.push(output);
    }
    outputs
}

fn output(reading: &mut Reading, node: &Node, path: &str) -> Option<Output> {
    let map = reading.map(node, path, &OUTPUT)?;
    let format = map.entry("format")?;
    let errors_before = reading.errors.len();
    let spec = OutputSpec {
        // As text, whatever it is: a wrong word gets the message of formats.
        format: Scalar::from_node(&format.value).to_text().unwrap_or_default().into_owned(),
        quality: reading.optional_constant::<u32>(&map, "quality").map(u64::from),
        subsampling: text(reading, &map, "subsampling"),
        progressive: reading.optional_constant(&map, "progressive"),
        background: text(reading, &map, "background"),
        depth: text(reading, &map, "depth"),
        compression: text(reading, &map, "compression"),
        lossless: reading.optional_constant(&map, "lossless"),
        effort: reading.optional_constant::<u32>(&map, "effort").map(u64::from),
        suffix: text(reading, &map, "suffix"),
    };
    if reading.errors.len() > errors_before {
        return None;
    }
    match spec.check() {
        Ok(output) => Some(output),
        Err(mistakes) => {
            for mistake in mistakes {
                let (position, path) = place(&map, mistake.key);
                reading.error(position, path, mistake.message);
            }
            None
        }
    }
}

fn text(reading: &mut Reading, map: &Map<'_>, key: &'static str) -> Option<String> {
    reading.optional_constant::<Arc<str>>(map, key).map(|text| text.to_string())
}

fn place(map: &Map<'_>, key: &'static str) -> (Position, String) {
    map.entry(key).map_or((map.position, map.path.clone()), |entry| (entry.value.position, map.path_of(entry)))
}
