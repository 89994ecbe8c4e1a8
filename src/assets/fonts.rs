//! Fonts: one append-only master database for the process, and the set that one template may use.
//!
//! ```text
//!   font files ──> FontLibrary (master: every face once, ids never reused)
//!                      │ clone, other faces removed
//!                      └──> FontSet (one template's faces, in fallback order) ──> layout
//!                      └──> master clone ──> gpu (rasterises whatever any set shaped)
//! ```
//!
//! Ids must be unique in the process because the glyph atlas is shared: its key holds the face id.
//! Each face gets a private family name, so that shaping selects exactly the face that was chosen here by
//! coverage, weight and slant; cosmic-text's own matching never decides anything.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use cosmic_text::{Fallback, FontSystem, fontdb};
use parking_lot::Mutex;
use thiserror::Error;

use super::decode::svg::SvgFonts;
use super::face::{self, Face, FaceChoice};

/// A font file, shared.
pub(super) type FontBytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// Why a font cannot be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FontError {
    /// The file holds no font that can be read.
    #[error("not a TrueType or OpenType font (woff and woff2 must be converted first)")]
    Unreadable,
}

/// Every face the process has loaded. Cheap to share; faces are never removed.
#[derive(Default)]
pub struct FontLibrary {
    master: Mutex<Master>,
}

#[derive(Default)]
struct Master {
    db: fontdb::Database,
    faces_by_content: HashMap<[u8; 32], Vec<Arc<Face>>>,
}

impl FontLibrary {
    /// An empty library.
    pub fn new() -> Self {
        Self::default()
    }

    /// The faces of a font file; one that was added before is found by its content.
    ///
    /// # Errors
    /// [`FontError::Unreadable`] when no face can be read.
    pub fn add(&self, bytes: Vec<u8>) -> Result<Vec<Arc<Face>>, FontError> {
        let digest = *blake3::hash(&bytes).as_bytes();
        let mut master = self.master.lock();
        if let Some(faces) = master.faces_by_content.get(&digest) {
            return Ok(faces.clone());
        }
        let data: Arc<dyn AsRef<[u8]> + Send + Sync> = Arc::new(bytes);
        let mut faces = Vec::new();
        for id in master.db.load_font_source(fontdb::Source::Binary(Arc::clone(&data))) {
            let info = master.db.face(id).cloned();
            master.db.remove_face(id);
            if let Some(face) = info.and_then(|info| face::add(&mut master.db, info, (*data).as_ref(), digest)) {
                faces.push(Arc::new(face));
            }
        }
        if faces.is_empty() {
            return Err(FontError::Unreadable);
        }
        master.faces_by_content.insert(digest, faces.clone());
        Ok(faces)
    }

    /// A font system that knows every face added so far: for rasterising, never for shaping.
    pub fn master_system(&self) -> FontSystem {
        system(self.master.lock().db.clone())
    }

    /// How many faces there are: a master clone made at a smaller count is stale.
    pub fn face_count(&self) -> usize {
        self.master.lock().db.len()
    }

    /// The set of one template, in the order of its `fonts:`. Empty for a template without text. What is listed
    /// twice counts where it is listed first.
    pub fn set(&self, faces: Vec<ListedFace>) -> FontSet {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let mut listed: Vec<ListedFace> = Vec::with_capacity(faces.len());
        for face in faces {
            if !listed.contains(&face) {
                listed.push(face);
            }
        }
        let faces = listed;
        let mut db = self.master.lock().db.clone();
        let strangers: Vec<_> =
            db.faces().map(|info| info.id).filter(|id| faces.iter().all(|listed| listed.face.id != *id)).collect();
        for id in strangers {
            db.remove_face(id);
        }
        FontSet { number: NEXT.fetch_add(1, Ordering::Relaxed), faces, db, svg: OnceLock::new() }
    }
}

/// A font system without locale guesses and without fallback of its own.
fn system(db: fontdb::Database) -> FontSystem {
    FontSystem::new_with_locale_and_db_and_fallback("en-US".to_owned(), db, NoFallback)
}

struct NoFallback;

impl Fallback for NoFallback {
    fn common_fallback(&self) -> &[&'static str] {
        &[]
    }

    fn forbidden_fallback(&self) -> &[&'static str] {
        &[]
    }

    fn script_fallback(&self, _: unicode_script::Script, _: &str) -> &[&'static str] {
        &[]
    }
}

/// A face as one template sees it: under the names, weight and slant that its `fonts:` say, else the file's own.
/// Another template may see the same face as something else.
#[derive(Clone, Debug)]
pub struct ListedFace {
    /// The face.
    pub face: Arc<Face>,
    /// The family names that layers may ask for.
    pub families: Vec<String>,
    /// The weights that it stands for, each 1 to 1000: from the first to the second, or one and the same.
    pub weights: (u16, u16),
    /// Italic or oblique.
    pub italic: bool,
}

impl ListedFace {
    /// As its file describes it.
    pub fn new(face: Arc<Face>) -> Self {
        Self { families: face.families.clone(), weights: face.weights, italic: face.italic, face }
    }

    /// How it is used where this weight and slant are asked for.
    fn choice(&self, weight: u16, italic: bool) -> FaceChoice {
        let face = Arc::clone(&self.face);
        let (from, to) = face.weights;
        let listed = weight.clamp(self.weights.0, self.weights.1.max(self.weights.0));
        let weight = if from < to { listed.clamp(from, to) } else { face.weight };
        // Pictures do not slant.
        FaceChoice { weight, is_slanted: italic && !self.italic && !face.italic && !face.is_emoji(), face }
    }

    fn is_named(&self, family: &str) -> bool {
        self.families.iter().any(|name| name.eq_ignore_ascii_case(family))
    }
}

impl PartialEq for ListedFace {
    fn eq(&self, other: &Self) -> bool {
        let Self { face, families, weights, italic } = self;
        face.id == other.face.id && *families == other.families && (*weights, *italic) == (other.weights, other.italic)
    }
}

/// The faces that one template may use, in fallback order.
#[derive(Debug)]
pub struct FontSet {
    number: u64,
    faces: Vec<ListedFace>,
    db: fontdb::Database,
    svg: OnceLock<SvgFonts>,
}

impl FontSet {
    /// The same faces for the text of SVGs.
    pub(super) fn for_svg(&self) -> &SvgFonts {
        self.svg.get_or_init(|| SvgFonts::new(self))
    }

    /// The file that a face is in, and its place there.
    pub(super) fn source(&self, face: &Face) -> Option<(FontBytes, u32)> {
        match self.db.face_source(face.id)? {
            (fontdb::Source::Binary(bytes), index) => Some((bytes, index)),
            _ => None,
        }
    }

    /// Different for every set of the process.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// All faces, in the order of the template's `fonts:`.
    pub fn faces(&self) -> &[ListedFace] {
        &self.faces
    }

    /// A font system for shaping, one for each thread.
    pub fn system(&self) -> FontSystem {
        system(self.db.clone())
    }

    /// Whether a family of this name is in the set (letter case does not count).
    pub fn has_family(&self, family: &str) -> bool {
        self.faces.iter().any(|listed| listed.is_named(family))
    }

    /// Every family name once, in order.
    pub fn families(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for name in self.faces.iter().filter_map(|listed| listed.families.first()) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    /// The faces to try for a font request, best first: those of the asked family, then of the others in the order
    /// of the list, each family from its nearest slant and weight on (CSS font matching).
    pub fn candidates(&self, family: Option<&str>, weight: u16, italic: bool) -> Vec<FaceChoice> {
        let mut names: Vec<&str> = self.families();
        let asked = family.or_else(|| names.first().copied()).unwrap_or_default().to_owned();
        names.retain(|name| !name.eq_ignore_ascii_case(&asked));
        let mut choices: Vec<FaceChoice> = Vec::with_capacity(self.faces.len());
        for name in std::iter::once(asked.as_str()).chain(names) {
            let mut faces: Vec<_> = self.faces.iter().filter(|listed| listed.is_named(name)).collect();
            faces.sort_by_key(|listed| (listed.italic != italic, weight_distance(weight, listed.weights)));
            for choice in faces.into_iter().map(|listed| listed.choice(weight, italic)) {
                if !choices.contains(&choice) {
                    choices.push(choice);
                }
            }
        }
        choices
    }

    /// Whether some face has a character of these, but only in colours that are not read.
    pub fn hides(&self, characters: &str) -> bool {
        characters.chars().any(|c| self.faces.iter().any(|listed| listed.face.hides(c)))
    }
}

/// CSS Fonts 4, 5.2: for 400 to 500 first up to 500, then lighter, then bolder; below that lighter first, above
/// it bolder first. A range that holds the weight is nearest.
fn weight_distance(asked: u16, (from, to): (u16, u16)) -> (u8, u16) {
    let has = asked.clamp(from, to.max(from));
    let group = match asked {
        _ if has == asked => 0,
        400..=500 if (asked..=500).contains(&has) => 0,
        400..=500 if has < asked => 1,
        400..=500 => 2,
        ..400 if has <= asked => 0,
        501.. if has >= asked => 0,
        _ => 1,
    };
    (group, asked.abs_diff(has))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inter(file: &str) -> Vec<u8> {
        let path = format!("{}/examples/product-card/fonts/{file}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read(path).expect("the sample campaign has its fonts")
    }

    fn set(library: &FontLibrary, files: &[&str]) -> FontSet {
        let faces = files.iter().flat_map(|file| library.add(inter(file)).expect("a font"));
        library.set(faces.map(ListedFace::new).collect())
    }

    #[test]
    fn the_same_bytes_are_one_face_and_sets_share_ids() {
        let library = FontLibrary::new();
        let first = library.add(inter("Inter-Bold.ttf")).expect("a font");
        let again = library.add(inter("Inter-Bold.ttf")).expect("a font");
        assert_eq!(first[0].id, again[0].id);
        assert_eq!(library.face_count(), 1);
        let other = library.add(inter("Inter-Regular.ttf")).expect("a font");
        assert_ne!(first[0].id, other[0].id);
    }

    #[test]
    fn nearest_weight_follows_css() {
        let library = FontLibrary::new();
        let set = set(&library, &["Inter-Regular.ttf", "Inter-SemiBold.ttf", "Inter-Bold.ttf"]);
        let pick = |weight| set.candidates(Some("inter peer"), weight, false)[0].weight;
        assert_eq!((pick(400), pick(500), pick(600), pick(650), pick(800), pick(100)), (400, 400, 600, 700, 700, 400));
    }

    #[test]
    fn a_template_names_faces_as_it_likes() {
        let library = FontLibrary::new();
        let [regular, bold] =
            ["Inter-Regular.ttf", "Inter-Bold.ttf"].map(|file| library.add(inter(file)).expect("a font").remove(0));
        let named = |face: &Arc<Face>, family: &str, weight, italic| ListedFace {
            families: vec![family.to_owned()],
            weights: (weight, weight),
            italic,
            face: Arc::clone(face),
        };
        let ours = library.set(vec![
            named(&regular, "Ours", 300, false),
            named(&bold, "Ours", 300, true),
            named(&bold, "Loud", 700, false),
            named(&bold, "Loud", 700, false),
        ]);
        assert_eq!(ours.faces().len(), 3);
        assert_eq!(ours.families(), ["Ours", "Loud"]);
        assert!(ours.has_family("ours") && !ours.has_family("Inter Peer"));
        let pick = |family, italic| ours.candidates(family, 400, italic)[0].face.id;
        assert_eq!(pick(Some("Ours"), false), regular.id);
        assert_eq!(pick(Some("Ours"), true), bold.id);
        assert_eq!(pick(Some("Loud"), false), bold.id);
        assert_eq!(pick(None, false), regular.id);
        // The faces themselves, and other templates, are as before.
        let theirs = library.set(vec![ListedFace::new(Arc::clone(&regular))]);
        assert_eq!(theirs.families(), ["Inter Peer"]);
        assert_eq!(theirs.candidates(None, 400, false)[0].face.id, regular.id);
        assert!(library.set(Vec::new()).candidates(Some("Ours"), 400, false).is_empty());
    }

    #[test]
    fn coverage_knows_latin_but_not_han() {
        let library = FontLibrary::new();
        let face = &library.add(inter("Inter-Bold.ttf")).expect("a font")[0];
        assert!(face.covers('A') && face.covers('é') && !face.covers('漢'));
    }

    #[test]
    fn rubbish_is_refused() {
        assert_eq!(FontLibrary::new().add(b"wOF2 not a font".to_vec()).err(), Some(FontError::Unreadable));
    }
}
