//! One face of a font file: its measures, what it covers, and whether its colours can be drawn.
//!
//! Fed by [`super::fonts`], which owns the databases; read by layout, which picks faces by coverage.

use std::sync::Arc;

use cosmic_text::skrifa::{
    self, GlyphId, MetadataProvider, Tag,
    instance::{LocationRef, Size},
    outline::{DrawSettings, OutlinePen},
    raw::TableProvider,
};
use cosmic_text::{Font, fontdb};

/// One face of a font file.
pub struct Face {
    /// Its id in the master database and every clone.
    pub id: fontdb::ID,
    /// The private family name by which shaping selects it.
    pub alias: String,
    /// The family names in the file.
    pub families: Vec<String>,
    /// 1 to 1000: what the file says, or where its weight axis stands by default.
    pub weight: u16,
    /// The ends of its weight axis; twice [`Self::weight`] without one.
    pub weights: (u16, u16),
    /// Italic or oblique.
    pub italic: bool,
    /// Style as the database has it.
    pub style: fontdb::Style,
    /// Vertical measures in em.
    pub metrics: FaceMetrics,
    /// What its glyphs are drawn with.
    pub colors: Colors,
    /// The hyphen that it has, with its advance in em.
    pub hyphen: Option<(char, f32)>,
    /// Content hash of the file with the face's index: the same in every process.
    pub digest: [u8; 32],
    is_emoji: bool,
    covers_ascii: bool,
    coverage: Ranges,
    hidden: Ranges,
}

/// Sorted inclusive ranges of code points.
type Ranges = Vec<(u32, u32)>;

/// Vertical measures in em, positive away from the baseline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaceMetrics {
    /// Above the baseline.
    pub ascent: f32,
    /// Below the baseline.
    pub descent: f32,
    /// Extra between lines.
    pub line_gap: f32,
    /// The line under text.
    pub underline: LineMetrics,
    /// The line through text.
    pub strikeout: LineMetrics,
    /// The box around all glyphs: left, bottom, right, top of the origin, y upwards.
    pub ink: [f32; 4],
}

/// Where a decoration lies, in em.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LineMetrics {
    /// Its upper edge above the baseline; negative below.
    pub top: f32,
    /// How thick it is.
    pub thickness: f32,
}

/// What the glyphs of a face are drawn with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colors {
    /// The colour of the text.
    Text,
    /// Colours of their own: bitmaps (`CBDT`, `sbix`) or flat layers (`COLR` version 0).
    Own,
    /// Colours in a format that is not read (`COLR` version 1, `SVG`): only glyphs that have an outline as well can
    /// be drawn, in the colour of the text. The others count as missing.
    Unreadable,
}

impl Face {
    /// Whether the face has a glyph for `c` that can be drawn.
    pub fn covers(&self, c: char) -> bool {
        holds(&self.coverage, c)
    }

    /// Whether the face has a glyph for `c`, but only in colours that are not read.
    pub fn hides(&self, c: char) -> bool {
        holds(&self.hidden, c)
    }

    /// Whether it has all of `!` to `~` and the space.
    pub fn covers_ascii(&self) -> bool {
        self.covers_ascii
    }

    /// Whether it is a font of colour emoji: text takes it only where no other face has the characters.
    pub fn is_emoji(&self) -> bool {
        self.is_emoji
    }
}

impl std::fmt::Debug for Face {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Face({:?} {}{})", self.families, self.weight, if self.italic { " italic" } else { "" })
    }
}

/// Puts a face into the database under a family name of its own. `None`: it cannot be shaped with.
pub(super) fn add(db: &mut fontdb::Database, info: fontdb::FaceInfo, data: &[u8], digest: [u8; 32]) -> Option<Face> {
    let font = skrifa::FontRef::from_index(data, info.index).ok()?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(&digest).update(&info.index.to_le_bytes());
    let digest = *hasher.finalize().as_bytes();
    // At most 23 bytes, which cosmic-text keeps without an allocation.
    let alias = format!("gravure-{}", &blake3::Hash::from_bytes(digest).to_hex()[..15]);
    let families = info.families.iter().map(|(name, _)| name.clone()).collect();
    let (weight, style) = (info.weight.0, info.style);
    let language = info.families.first().map(|(_, language)| *language)?;
    db.push_face_info(fontdb::FaceInfo {
        families: vec![(alias.clone(), language)],
        stretch: fontdb::Stretch::Normal,
        ..info
    });
    let id = db.faces().find(|face| face.families.iter().any(|(name, _)| *name == alias))?.id;
    if Font::new(db, id, fontdb::Weight(weight)).is_none() {
        db.remove_face(id);
        return None;
    }
    let colors = colors(&font);
    let (coverage, hidden) = coverage(&font, colors);
    Some(Face {
        id,
        alias,
        families,
        weight,
        weights: weight_axis(&font).unwrap_or((weight, weight)),
        italic: style != fontdb::Style::Normal,
        style,
        metrics: metrics(&font, colors),
        colors,
        hyphen: hyphen(&font),
        digest,
        is_emoji: colors != Colors::Text && holds(&coverage, '\u{1f600}'),
        covers_ascii: coverage.iter().any(|&(start, end)| start <= 0x20 && end >= 0x7e),
        coverage,
        hidden,
    })
}

/// The whole weights that a variable font goes through.
fn weight_axis(font: &skrifa::FontRef<'_>) -> Option<(u16, u16)> {
    let axis = font.axes().get_by_tag(Tag::new(b"wght"))?;
    let (min, max) = (axis.min_value().ceil().clamp(1.0, 1000.0), axis.max_value().floor().clamp(1.0, 1000.0));
    (min <= max).then_some((min as u16, max as u16))
}

fn metrics(font: &skrifa::FontRef<'_>, colors: Colors) -> FaceMetrics {
    let metrics = font.metrics(Size::unscaled(), LocationRef::default());
    let em = f32::from(metrics.units_per_em).max(1.0);
    // Without a box of its own: two em around, which is more than any glyph takes.
    let mut ink = metrics.bounds.map_or([-1.0, -1.0, 2.0, 2.0], |bounds| {
        [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max].map(|side| side / em)
    });
    if colors == Colors::Own {
        // Bitmaps have boxes of their own, which `head` need not know of.
        ink = [ink[0].min(-0.25), ink[1].min(-0.5), ink[2].max(1.5), ink[3].max(1.25)];
    }
    if !font.axes().is_empty() {
        // The box is that of the default instance.
        ink = [ink[0] - 0.15, ink[1] - 0.1, ink[2] + 0.15, ink[3] + 0.1];
    }
    let line = |line: Option<skrifa::metrics::Decoration>, top: f32| {
        let sane = line.filter(|line| line.thickness > 0.0 && line.thickness < em && line.offset.abs() < 2.0 * em);
        sane.map_or(LineMetrics { top, thickness: 1.0 / 14.0 }, |line| LineMetrics {
            top: line.offset / em,
            thickness: line.thickness / em,
        })
    };
    let (ascent, descent) = (metrics.ascent / em, -metrics.descent / em);
    // Some files have no measures, or absurd ones: a line box must come out of them all the same.
    let is_sane = (0.0..=8.0).contains(&ascent) && (-1.0..=8.0).contains(&descent) && ascent + descent > 0.0;
    let (ascent, descent) = if is_sane { (ascent, descent) } else { (0.8, 0.2) };
    FaceMetrics {
        ascent,
        descent,
        line_gap: (metrics.leading / em).clamp(0.0, 8.0),
        underline: line(metrics.underline, -0.1),
        strikeout: line(metrics.strikeout, metrics.x_height.map_or(0.3, |height| height / em / 2.0 + 0.036)),
        ink,
    }
}

fn hyphen(font: &skrifa::FontRef<'_>) -> Option<(char, f32)> {
    let metrics = font.glyph_metrics(Size::new(1.0), LocationRef::default());
    ['\u{2010}', '-'].into_iter().find_map(|hyphen| {
        let glyph = font.charmap().map(hyphen)?;
        Some((hyphen, metrics.advance_width(glyph)?))
    })
}

fn colors(font: &skrifa::FontRef<'_>) -> Colors {
    let has = |tag: &[u8; 4]| font.table_data(Tag::new(tag)).is_some();
    let colr = font.colr().ok();
    let flat = colr.as_ref().is_some_and(|colr| colr.num_base_glyph_records() > 0);
    if has(b"CBDT") || has(b"sbix") || flat {
        Colors::Own
    } else if colr.is_some() || has(b"SVG ") {
        Colors::Unreadable
    } else {
        Colors::Text
    }
}

/// The code points that have a glyph, and those that have one which cannot be drawn, as sorted inclusive ranges.
fn coverage(font: &skrifa::FontRef<'_>, colors: Colors) -> (Ranges, Ranges) {
    let is_drawn = |(code, glyph): &(u32, GlyphId)| {
        colors != Colors::Unreadable
            || char::from_u32(*code).is_some_and(char::is_whitespace)
            || has_outline(font, *glyph)
    };
    let mappings = font.charmap().mappings().filter(|(_, glyph)| glyph.to_u32() != 0);
    let (drawn, hidden): (Vec<_>, Vec<_>) = mappings.partition(is_drawn);
    (ranges(drawn), ranges(hidden))
}

fn ranges(mappings: Vec<(u32, GlyphId)>) -> Ranges {
    let mut codes: Vec<u32> = mappings.into_iter().map(|(code, _)| code).collect();
    codes.sort_unstable();
    let mut ranges = Ranges::new();
    for code in codes {
        match ranges.last_mut() {
            Some((_, end)) if code <= end.saturating_add(1) => *end = code.max(*end),
            _ => ranges.push((code, code)),
        }
    }
    ranges
}

fn holds(ranges: &[(u32, u32)], c: char) -> bool {
    let code = c as u32;
    let after = ranges.partition_point(|&(start, _)| start <= code);
    after > 0 && ranges[after - 1].1 >= code
}

fn has_outline(font: &skrifa::FontRef<'_>, glyph: GlyphId) -> bool {
    #[derive(Default)]
    struct Strokes(usize);
    impl OutlinePen for Strokes {
        fn move_to(&mut self, _: f32, _: f32) {}
        fn line_to(&mut self, _: f32, _: f32) {
            self.0 += 1;
        }
        fn quad_to(&mut self, _: f32, _: f32, _: f32, _: f32) {
            self.0 += 1;
        }
        fn curve_to(&mut self, _: f32, _: f32, _: f32, _: f32, _: f32, _: f32) {
            self.0 += 1;
        }
        fn close(&mut self) {}
    }
    let mut strokes = Strokes::default();
    let settings = DrawSettings::unhinted(Size::unscaled(), LocationRef::default());
    let drawn = font.outline_glyphs().get(glyph).is_some_and(|outline| outline.draw(settings, &mut strokes).is_ok());
    drawn && strokes.0 > 0
}

/// A face picked for some text, and how it is used there.
#[derive(Clone, Debug)]
pub struct FaceChoice {
    /// The face.
    pub face: Arc<Face>,
    /// The instance of a variable face; else the face's own weight.
    pub weight: u16,
    /// Slanted here, because the family has no italic.
    pub is_slanted: bool,
}

impl PartialEq for FaceChoice {
    fn eq(&self, other: &Self) -> bool {
        let Self { face, weight, is_slanted } = self;
        face.id == other.face.id && (*weight, *is_slanted) == (other.weight, other.is_slanted)
    }
}
