//! Findings as the page's script reads them: bounded, and every word that recurs written once.

use std::collections::HashMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use super::words;
use crate::render::check::finding::{Mark, Piece, Place};
use crate::render::check::wireframe::{WireKind, WireShape, Wireframe};
use crate::render::check::{CheckSummary, Finding, Severity};
use crate::render::html::cut;

/// Findings of one kind that are listed: a kind with many must not push out one with few.
const MAX_OF_A_KIND: usize = 4_000;
/// Bytes of all that are listed, about.
const MAX_BYTES: usize = 16 << 20;
/// Canvases that are kept apart; further ones show the first of their size behind the box at fault.
const MAX_FRAMES: usize = 1_200;
/// Pictures of one finding.
const MAX_PLACES: usize = 4;
const MAX_KEY_CHARS: usize = 120;
const MAX_MESSAGE_CHARS: usize = 400;

/// What the list is made from.
#[derive(Default)]
pub(super) struct PageData {
    findings: Vec<String>,
    bytes: usize,
    of_kind: HashMap<(Severity, &'static str), usize>,
    paths: Words,
    sizes: Words,
    frames: Vec<String>,
    /// Frames by the hash of what is on them.
    frame_of: HashMap<u64, usize>,
    /// The first frame of each size.
    first_of_size: HashMap<usize, usize>,
    canvases: HashMap<usize, (u32, u32)>,
}

/// Words by their number.
#[derive(Default)]
struct Words {
    list: Vec<Arc<str>>,
    index: HashMap<Arc<str>, usize>,
}

impl Words {
    fn number(&mut self, word: &Arc<str>) -> usize {
        if let Some(number) = self.index.get(word) {
            return *number;
        }
        self.list.push(Arc::clone(word));
        self.index.insert(Arc::clone(word), self.list.len() - 1);
        self.list.len() - 1
    }
}

/// One finding; the script names the members.
#[derive(Serialize)]
struct Listed<'f>(
    Severity,
    &'static str,
    usize,
    Option<u64>,
    Option<u64>,
    String,
    Vec<usize>,
    String,
    Vec<Value>,
    bool,
    Vec<(usize, Option<usize>, &'f [i32])>,
);

impl PageData {
    /// Findings that are listed.
    pub fn len(&self) -> u64 {
        self.findings.len() as u64
    }

    /// Takes a finding where there is room.
    pub fn add(&mut self, finding: &Finding) {
        let Finding { row, line, key, sizes, severity, code, path, message, text, masked, places, .. } = finding;
        let of_kind = self.of_kind.entry((*severity, code)).or_default();
        if *of_kind >= MAX_OF_A_KIND || self.bytes >= MAX_BYTES {
            return;
        }
        *of_kind += 1;
        let sizes = sizes.iter().map(|size| self.sizes.number(size)).collect();
        let places = places.iter().take(MAX_PLACES).map(|place| self.place(place)).collect();
        let listed = Listed(
            *severity,
            code,
            self.paths.number(path),
            *row,
            *line,
            cut(key, MAX_KEY_CHARS),
            sizes,
            cut(message, MAX_MESSAGE_CHARS),
            text.iter().map(piece).collect(),
            *masked,
            places,
        );
        let json = serde_json::to_string(&listed).expect("text and numbers");
        self.bytes += json.len() + path.len();
        self.findings.push(json);
    }

    fn place<'p>(&mut self, place: &'p Place) -> (usize, Option<usize>, &'p [i32]) {
        let size = self.sizes.number(&place.size);
        let frame = place.wireframe.as_ref().and_then(|wireframe| self.frame(size, wireframe));
        (size, frame, &place.corners)
    }

    /// The number of a canvas like this one.
    fn frame(&mut self, size: usize, wireframe: &Wireframe) -> Option<usize> {
        let mut hasher = DefaultHasher::new();
        wireframe.hash(&mut hasher);
        let hash = hasher.finish();
        if let Some(known) = self.frame_of.get(&hash) {
            return Some(*known);
        }
        if self.frames.len() >= MAX_FRAMES {
            return self.first_of_size.get(&size).copied();
        }
        let number = self.frames.len();
        self.frames.push(frame_json(wireframe));
        self.frame_of.insert(hash, number);
        self.first_of_size.entry(size).or_insert(number);
        self.canvases.entry(size).or_insert((wireframe.width, wireframe.height));
        Some(number)
    }

    /// The whole as JSON that may stand in a script element.
    pub fn to_json(&self, summary: &CheckSummary) -> String {
        let kinds: Vec<Value> = summary
            .kinds
            .iter()
            .map(|kind| json!([kind.severity, kind.code, words::title(kind.code), kind.findings]))
            .collect();
        let sizes: Vec<Value> = (0..self.sizes.list.len())
            .map(|number| {
                let (width, height) = self.canvases.get(&number).copied().unwrap_or((0, 0));
                json!([self.sizes.list[number], width, height])
            })
            .collect();
        let paths = serde_json::to_string(&self.paths.list).expect("texts");
        let json = format!(
            "{{\"kinds\":{},\"sizes\":{},\"paths\":{paths},\"frames\":[{}],\"findings\":[{}]}}",
            Value::from(kinds),
            Value::from(sizes),
            self.frames.join(","),
            self.findings.join(",\n"),
        );
        // `</script>` would end it; these two would end a line of a script.
        json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
    }
}

impl fmt::Debug for PageData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PageData({} findings, {} bytes)", self.findings.len(), self.bytes)
    }
}

/// `text`, or `["text", "cut"]`.
fn piece(piece: &Piece) -> Value {
    match piece.mark {
        None => json!(piece.text),
        Some(Mark::Cut) => json!([piece.text, "cut"]),
        Some(Mark::Missing) => json!([piece.text, "missing"]),
    }
}

/// One array for each shape: its kind, then its corners.
fn frame_json(wireframe: &Wireframe) -> String {
    let shapes = wireframe.shapes.iter().map(|WireShape { kind, corners }| {
        let kind = match kind {
            WireKind::Box => 0,
            WireKind::Ellipse => 1,
            WireKind::Photo => 2,
            WireKind::Rating => 3,
            WireKind::Line => 4,
        };
        let corners: Vec<String> = corners.iter().map(ToString::to_string).collect();
        format!("[{kind},{}]", corners.join(","))
    });
    format!("[{}]", shapes.collect::<Vec<_>>().join(","))
}
