//! What a check finds, as plain data: for terminals, scripts and pages alike.
//!
//! Nothing here is laid out for reading, and nothing holds the value of a personal field: see [`Piece`].

use std::sync::Arc;

use serde::Serialize;

use super::wireframe::Wireframe;

/// How much a finding matters. Errors and warnings are problems; notes are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The variant would fail: a missing photo, a bad value, a name that two variants have.
    Error,
    /// It would be drawn and look wrong: text cut off, a character that no font has, a family that is not there.
    Warning,
    /// It would look as the template allows, if not its best: text at its smallest size, an enlarged photo.
    Note,
}

impl Severity {
    /// All, the worst first.
    pub const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Note];

    /// `error`, `warning`, `note`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }

    /// Of a warning in a manifest record.
    pub fn of_warning(code: &str) -> Self {
        match code {
            "photo_upscaled" | "shrunk_to_floor" => Self::Note,
            _ => Self::Warning,
        }
    }
}

/// Codes that only a check gives, each with what it means. The others are those of manifests.
pub const CHECK_CODES: [(&str, &str); 7] = [
    ("unknown_family", "the row names a font family that the template's fonts have not"),
    ("off_canvas", "text or a box that a stack placed runs off the canvas"),
    ("clipped", "text runs out of a layer around it that cuts off what lies outside"),
    ("rating_out_of_range", "a rating is less than 0 or more than its max"),
    ("empty_text", "a text that a required field should fill has nothing to show"),
    ("missing_column", "an optional field's column is not in the data: every row has the default"),
    ("photo_not_checked", "a photo on the network that --offline leaves alone"),
];

/// One thing about one row. The same in several sizes is one finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The row's number in the data, from 1. `None`: it is about the data as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// Its line in the file, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Its key; empty where the row cannot be read or bound.
    pub key: String,
    /// Names of the sizes that it is true of; empty: it is not about a size.
    pub sizes: Vec<Arc<str>>,
    /// How much it matters.
    pub severity: Severity,
    /// A fixed word: those of manifests (`photo_missing`, `truncated`, ...) and [`CHECK_CODES`].
    pub code: &'static str,
    /// The layer or field; may be empty.
    pub path: Arc<str>,
    /// What is wrong, without values of personal fields.
    pub message: String,
    /// The text at fault, with what is cut or missing marked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub text: Vec<Piece>,
    /// Whether the letters of `text` are hidden because they are personal.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub masked: bool,
    /// Characters that no font has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub glyphs: Vec<MissingGlyph>,
    /// The photo at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub photo: Option<PhotoFacts>,
    /// How far it runs out of the canvas or of what cuts it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overhang: Option<Overhang>,
    /// Where the layer lies, in every size that it was laid out in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Place>,
}

impl Finding {
    /// A finding without evidence.
    pub fn new(severity: Severity, code: &'static str, path: impl Into<Arc<str>>, message: impl Into<String>) -> Self {
        Self {
            row: None,
            line: None,
            key: String::new(),
            sizes: Vec::new(),
            severity,
            code,
            path: path.into(),
            message: message.into(),
            text: Vec::new(),
            masked: false,
            glyphs: Vec::new(),
            photo: None,
            overhang: None,
            places: Vec::new(),
        }
    }

    /// How much there is of it: of the same finding in two sizes the worse one is shown.
    pub(super) fn weight(&self) -> f32 {
        let marked = self.text.iter().filter(|piece| piece.mark.is_some()).map(|piece| piece.text.len() as f32);
        let enlarged = self.photo.as_ref().map_or(0.0, |photo| photo.magnification);
        let over =
            self.overhang.map_or(0, |Overhang { left, top, right, bottom }| left.max(top).max(right).max(bottom));
        marked.sum::<f32>() + enlarged + over as f32
    }
}

/// A part of a text. Letters of personal text are dots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// Its characters.
    pub text: String,
    /// What becomes of them, where they are not drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
}

/// Why characters are not drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// There is no room.
    Cut,
    /// No font has them.
    Missing,
}

/// A character that no font has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct MissingGlyph {
    /// Unicode's name of its script, such as `Han`; `Common` for symbols.
    pub script: &'static str,
    /// Itself; `None` in personal text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub character: Option<char>,
    /// `U+6F22`; `None` in personal text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_point: Option<String>,
}

impl MissingGlyph {
    /// What Unicode says of a character.
    pub fn new(character: char) -> Self {
        let script = unicode_script::UnicodeScript::script(&character).full_name();
        Self { script, character: Some(character), code_point: Some(format!("U+{:04X}", u32::from(character))) }
    }

    /// The same without the character.
    pub fn masked(self) -> Self {
        Self { script: self.script, character: None, code_point: None }
    }
}

/// A photo and how it is drawn.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PhotoFacts {
    /// As the row says it; empty where that is personal.
    pub location: Arc<str>,
    /// Width in its own pixels.
    pub width: u32,
    /// Height in its own pixels.
    pub height: u32,
    /// Canvas pixels per photo pixel.
    pub magnification: f32,
}

/// Whole pixels outside, by side; 0: inside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Overhang {
    /// Beyond the left edge.
    pub left: u32,
    /// Above the top edge.
    pub top: u32,
    /// Beyond the right edge.
    pub right: u32,
    /// Below the bottom edge.
    pub bottom: u32,
}

/// Where a layer lies on the canvas of one size.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Place {
    /// The size.
    pub size: Arc<str>,
    /// Corners in whole pixels: left, top, right, bottom; or x and y of all four where the layer is turned.
    #[serde(rename = "box")]
    pub corners: Vec<i32>,
    /// Everything around it. `None` where nobody asked for it.
    #[serde(skip)]
    pub wireframe: Option<Arc<Wireframe>>,
}
