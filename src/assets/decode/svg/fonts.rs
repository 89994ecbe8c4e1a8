//! The template's fonts for the text of its SVGs: the same faces, found by the same rules, and no others.

use std::sync::Arc;

use resvg::usvg::fontdb::{Database, FaceInfo, ID, Language, Source, Style};
use resvg::usvg::{Font, FontFamily, FontStyle};

use crate::assets::{FontSet, ListedFace};

/// A font set in the form that the SVG library takes. Made once for each set.
pub(in crate::assets) struct SvgFonts {
    database: Arc<Database>,
    /// Of each listed face, in order.
    ids: Vec<Option<ID>>,
}

impl SvgFonts {
    pub(in crate::assets) fn new(set: &FontSet) -> Self {
        let mut database = Database::new();
        let ids = set.faces().iter().map(|listed| add(&mut database, set, listed)).collect();
        Self { database: Arc::new(database), ids }
    }

    pub(super) fn database(&self) -> Arc<Database> {
        Arc::clone(&self.database)
    }

    /// The face for a font request. Families that the template does not have, and `sans-serif` and the like, are
    /// its first.
    pub(super) fn select(&self, set: &FontSet, font: &Font) -> Option<ID> {
        let named = font.families().iter().find_map(|family| match family {
            FontFamily::Named(name) if set.has_family(name) => Some(name.as_str()),
            _ => None,
        });
        let candidates = set.candidates(named, font.weight(), font.style() != FontStyle::Normal);
        candidates.first().and_then(|choice| self.id(set, |listed| listed.face.id == choice.face.id))
    }

    /// The face for a character that those used so far do not have: the first of the list that has it.
    pub(super) fn fallback(&self, set: &FontSet, c: char, used: &[ID]) -> Option<ID> {
        let asked = self.ids.iter().position(|id| id.is_some() && *id == used.first().copied());
        let (weight, italic) = asked.map_or((400, false), |index| {
            let listed = &set.faces()[index];
            (listed.weights.0, listed.italic)
        });
        let candidates = set.candidates(None, weight, italic);
        let mut able = candidates.iter().filter(|choice| choice.face.covers(c));
        able.find_map(|choice| self.id(set, |listed| listed.face.id == choice.face.id).filter(|id| !used.contains(id)))
    }

    fn id(&self, set: &FontSet, is_it: impl Fn(&ListedFace) -> bool) -> Option<ID> {
        set.faces().iter().zip(&self.ids).find_map(|(listed, id)| id.filter(|_| is_it(listed)))
    }
}

impl std::fmt::Debug for SvgFonts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SvgFonts({} faces)", self.database.len())
    }
}

fn add(database: &mut Database, set: &FontSet, listed: &ListedFace) -> Option<ID> {
    let (bytes, index) = set.source(&listed.face)?;
    // All faces of the file are read, the one that is meant is kept under the template's names.
    let loaded = database.load_font_source(Source::Binary(bytes));
    let found = loaded.iter().find_map(|id| database.face(*id).filter(|info| info.index == index).cloned());
    for id in loaded {
        database.remove_face(id);
    }
    let families = listed.families.iter().map(|name| (name.clone(), Language::English_UnitedStates)).collect();
    let style = if listed.italic { Style::Italic } else { Style::Normal };
    Some(database.push_face_info(FaceInfo { families, style, ..found? }))
}
