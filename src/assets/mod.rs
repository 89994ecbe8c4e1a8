//! Everything that a template or a row only names: photos (and fonts).
//!
//! ```text
//!   AssetRef ──sources──> bytes ──hash──> Photo ──decode──> pixels ──scale──> ScaledPhoto
//!     a path stays in its folder,   size and limits       once          once for each crop and size
//!     a URL passes the gate         from the header
//! ```
//!
//! Every step is kept in a cache that is bounded by bytes, and is done once when several threads ask
//! at the same time. Feeds `layout/` (sizes) and `pipeline/` (pixels). No GPU, no template.

mod ahead;
mod cache;
mod decode;
mod error;
mod face;
pub mod fetch;
mod fonts;
mod limits;
mod path;
mod photo;
mod scale;
mod sources;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

pub use ahead::Landed;
pub use cache::CacheUsage;
use cache::{Cache, Made};
use decode::Shrink;
pub use decode::svg::SvgReferences;
pub use error::AssetError;
pub use face::{Colors, Face, FaceChoice, FaceMetrics, LineMetrics};
use fetch::{Gate, GateConfig, Pool, Room, shown_location};
pub use fonts::{FontError, FontLibrary, FontSet, ListedFace};
pub use limits::PhotoLimits;
pub use path::{Base, Place, Root, parse_url};
pub use photo::{Photo, PhotoId, PhotoNote};
pub use scale::{Crop, ScaledKey, ScaledPhoto};
pub use sources::Sources;

use crate::job::{AssetBase, AssetRef, ErrorCode};
use crate::pixels::{Bitmap, SizePx};

/// Locations longer than this are no file's name: they are refused before anything remembers them.
const MAX_KEY_BYTES: usize = 4096;
/// Memory that photos may take while they are decoded, all threads together. One alone may take more.
const DECODING_BYTES: u64 = 1 << 30;

/// Where assets are, and how much of them is kept.
#[derive(Clone, Debug)]
pub struct AssetsConfig {
    /// Where relative locations of the template start.
    pub template: Base,
    /// Where relative locations in row values start.
    pub data: Base,
    /// What everything from the network comes through.
    pub gate: Arc<Gate>,
    /// For photos as they were read (a quarter) and decoded (the rest).
    pub decoded_budget_bytes: usize,
    /// For photos at the size that they are drawn.
    pub scaled_budget_bytes: usize,
    /// What a photo may have.
    pub limits: PhotoLimits,
}

impl AssetsConfig {
    /// 256 MiB for each budget, default limits, a gate of its own.
    pub fn new(template: impl Into<Base>, data: impl Into<Base>) -> Self {
        let gate = Gate::new(GateConfig::default()).expect("only a cache folder can be wrong");
        Self {
            template: template.into(),
            data: data.into(),
            gate: Arc::new(gate),
            decoded_budget_bytes: 256 << 20,
            scaled_budget_bytes: 256 << 20,
            limits: PhotoLimits::default(),
        }
    }
}

/// The assets of a run, shared by its threads.
pub struct Assets {
    sources: Sources,
    has_remote_bases: [bool; 2],
    limits: PhotoLimits,
    /// Which of the assets that share the caches: names are looked up anew by each.
    generation: u64,
    photos: Arc<Cache<(u64, AssetRef), Arc<Photo>>>,
    /// By content: shared with the assets that this one was renewed from.
    decoded: Arc<Cache<(PhotoId, Shrink), Arc<Bitmap>>>,
    scaled: Arc<Cache<ScaledKey, Arc<ScaledPhoto>>>,
    /// Memory of photos that are being decoded.
    decoding: Arc<Room>,
    /// Threads that fetch ahead: started when the first URL comes.
    pool: Arc<OnceLock<Pool>>,
    landed_bytes: Arc<AtomicU64>,
    work: Arc<Work>,
}

#[derive(Default)]
struct Work {
    read: AtomicU64,
    decoded: AtomicU64,
    scaled: AtomicU64,
}

/// How often each step was done; what came from a cache is not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AssetCounts {
    /// Files read, URLs fetched.
    pub read: u64,
    /// Photos decoded.
    pub decoded: u64,
    /// Photos cropped and scaled.
    pub scaled: u64,
}

/// The caches that all renewed assets share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AssetCaches {
    /// Photos by name, as they were read.
    pub photos: CacheUsage,
    /// Decoded photos.
    pub decoded: CacheUsage,
    /// Photos at the size that they are drawn.
    pub scaled: CacheUsage,
}

impl Assets {
    /// Nothing is read yet.
    pub fn new(config: AssetsConfig) -> Self {
        let AssetsConfig { template, data, gate, decoded_budget_bytes, scaled_budget_bytes, limits } = config;
        let file_budget = decoded_budget_bytes / 4;
        Self {
            has_remote_bases: [&template, &data].map(|base| matches!(base, Base::Url(_))),
            sources: Sources::new(template, data, gate),
            limits,
            generation: 0,
            photos: Arc::new(Cache::new(file_budget)),
            decoded: Arc::new(Cache::new(decoded_budget_bytes - file_budget)),
            scaled: Arc::new(Cache::new(scaled_budget_bytes)),
            decoding: Arc::new(Room::new(DECODING_BYTES)),
            pool: Arc::default(),
            landed_bytes: Arc::default(),
            work: Arc::default(),
        }
    }

    /// The assets of other bases, or of the same at a later time: names are looked up anew, and what was decoded and
    /// scaled is found by its content. Memory and threads are shared by all.
    pub fn renewed(&self, template: impl Into<Base>, data: impl Into<Base>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let (template, data) = (template.into(), data.into());
        Self {
            has_remote_bases: [&template, &data].map(|base| matches!(base, Base::Url(_))),
            sources: Sources::new(template, data, Arc::clone(self.sources.gate())),
            limits: self.limits,
            generation: NEXT.fetch_add(1, Ordering::Relaxed),
            photos: Arc::clone(&self.photos),
            decoded: Arc::clone(&self.decoded),
            scaled: Arc::clone(&self.scaled),
            decoding: Arc::clone(&self.decoding),
            pool: Arc::clone(&self.pool),
            landed_bytes: Arc::clone(&self.landed_bytes),
            work: Arc::clone(&self.work),
        }
    }

    /// Where they come from.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// A photo's file, with its size. Its pixels are not looked at yet. A URL is fetched, which may take a while:
    /// see [`Assets::fetch_ahead`].
    ///
    /// # Errors
    /// When there is no such file, it may not be read, is no image, or exceeds the limits. The same error comes
    /// again for the rest of the run, without another look at the file.
    pub fn photo(&self, asset: &AssetRef) -> Result<Arc<Photo>, AssetError> {
        // A file's name is its key before it is looked up; everything else has to be named first.
        let is_path = !asset.location.contains(':') && !self.has_remote_base(asset.base);
        let name = match is_path && asset.location.len() <= MAX_KEY_BYTES {
            true => asset.clone(),
            false => self.sources.place(asset).map_err(|error| error.about(&asset.location))?.name(asset),
        };
        let photo = self.photos.get_or_make((self.generation, name), || {
            self.work.read.fetch_add(1, Ordering::Relaxed);
            let place = self.sources.place(asset)?;
            let file = self.sources.read(&place, self.limits.max_file_bytes)?;
            let photo = Photo::from_file(file, &place.shown(asset), &self.limits)?;
            let bytes = photo.file_bytes();
            Ok(Made { value: Arc::new(photo), bytes })
        });
        photo.map_err(|error| error.about(&asset.location))
    }

    /// A part of a photo at the size that it is drawn: see [`ScaledPhoto`]. An SVG's text is drawn with `fonts`.
    ///
    /// # Errors
    /// When the photo cannot be decoded, the part is empty, or the size exceeds the limits.
    pub fn scaled(
        &self,
        photo: &Arc<Photo>,
        crop: Crop,
        size: SizePx,
        fonts: &FontSet,
    ) -> Result<Arc<ScaledPhoto>, AssetError> {
        let scaled = || {
            let key = scaled_key(photo, crop, size, fonts)?;
            let shrink = photo.shrink(&key);
            self.check_drawn_size(key, photo, shrink)?;
            self.scaled.get_or_make(key, || {
                let drawn = photo.draw(key, fonts, &no_references, &self.limits);
                let scaled = match drawn {
                    Some(drawn) => drawn?,
                    None => photo.scale(&*self.pixels(photo, shrink)?, shrink, key)?,
                };
                self.work.scaled.fetch_add(1, Ordering::Relaxed);
                let bytes = scaled.bitmap.data().len();
                Ok(Made { value: Arc::new(scaled), bytes })
            })
        };
        scaled().map_err(|error| error.about(photo.location()))
    }

    /// What [`Assets::scaled`] would give, without its pixels.
    ///
    /// # Errors
    /// When the part is empty.
    pub fn scaled_key(
        &self,
        photo: &Photo,
        crop: Crop,
        size: SizePx,
        fonts: &FontSet,
    ) -> Result<ScaledKey, AssetError> {
        scaled_key(photo, crop, size, fonts).map_err(|error| error.about(photo.location()))
    }

    /// How much work was done so far.
    pub fn counts(&self) -> AssetCounts {
        let Work { read, decoded, scaled } = &*self.work;
        AssetCounts {
            read: read.load(Ordering::Relaxed),
            decoded: decoded.load(Ordering::Relaxed),
            scaled: scaled.load(Ordering::Relaxed),
        }
    }

    /// What the caches hold and how often they had what was asked for.
    pub fn caches(&self) -> AssetCaches {
        AssetCaches { photos: self.photos.usage(), decoded: self.decoded.usage(), scaled: self.scaled.usage() }
    }

    fn has_remote_base(&self, base: AssetBase) -> bool {
        let [template, data] = self.has_remote_bases;
        match base {
            AssetBase::Template => template,
            AssetBase::Data => data,
        }
    }

    fn pixels(&self, photo: &Photo, shrink: Shrink) -> Result<Arc<Bitmap>, AssetError> {
        self.decoded.get_or_make((photo.id, shrink), || {
            self.work.decoded.fetch_add(1, Ordering::Relaxed);
            let _room = self.decoding.hold(photo.decode_bytes(shrink));
            let bitmap = photo.decode(shrink, &self.limits)?;
            let bytes = bitmap.data().len();
            Ok(Made { value: Arc::new(bitmap), bytes })
        })
    }

    fn check_drawn_size(&self, key: ScaledKey, photo: &Photo, shrink: Shrink) -> Result<(), AssetError> {
        let PhotoLimits { max_side_px, max_pixels, .. } = self.limits;
        let size = key.size;
        // Scaling goes by columns first: what lies between is as wide as the part and as high as the result.
        let between = match photo.is_vector {
            true => 0,
            false => {
                u64::from(key.crop().width.ceil() as u32).div_ceil(shrink.factor().into()) * u64::from(size.height)
            }
        };
        let is_too_large = size.width.max(size.height) > max_side_px || size.area() > max_pixels;
        if is_too_large || between > max_pixels.saturating_mul(4) {
            let message = format!(
                "would be drawn at {} × {} pixels: at most {max_side_px} a side and {max_pixels} in all are allowed",
                size.width, size.height
            );
            return Err(AssetError::new(ErrorCode::PhotoTooLarge, message));
        }
        Ok(())
    }
}

/// What an SVG refers to elsewhere is not loaded.
fn no_references(_: &str) -> Result<Vec<u8>, AssetError> {
    Err(AssetError::new(ErrorCode::UrlRefused, "references of an SVG are not loaded"))
}

impl std::fmt::Debug for Assets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Assets({:?})", self.counts())
    }
}

fn scaled_key(photo: &Photo, crop: Crop, size: SizePx, fonts: &FontSet) -> Result<ScaledKey, AssetError> {
    let key = ScaledKey::new(photo.id, photo.size, crop, size)?;
    Ok(if photo.has_text() { key.with_fonts(fonts.number()) } else { key })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn write_png(folder: &std::path::Path, name: &str, width: u32, height: u32) {
        let pixels = image::RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 9]));
        pixels.save_with_format(folder.join(name), image::ImageFormat::Png).unwrap();
    }

    fn in_data(location: &str) -> AssetRef {
        AssetRef { location: location.into(), base: AssetBase::Data }
    }

    fn no_fonts() -> FontSet {
        FontLibrary::new().set(Vec::new())
    }

    fn whole(photo: &Photo) -> Crop {
        Crop { x: 0.0, y: 0.0, width: photo.size.width as f32, height: photo.size.height as f32 }
    }

    #[test]
    fn each_step_is_done_once_for_all_threads() {
        let folder = tempfile::tempdir().unwrap();
        write_png(folder.path(), "a.png", 60, 40);
        std::fs::copy(folder.path().join("a.png"), folder.path().join("copy.png")).unwrap();
        let assets = Assets::new(AssetsConfig::new(folder.path(), folder.path()));
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let assets = &assets;
                scope.spawn(move || {
                    for _ in 0..20 {
                        let photo = assets.photo(&in_data(["a.png", "copy.png"][thread % 2])).unwrap();
                        assert_eq!(photo.size, SizePx::new(60, 40));
                        let scaled = assets.scaled(&photo, whole(&photo), SizePx::new(30, 20), &no_fonts()).unwrap();
                        assert_eq!(scaled.bitmap.size(), SizePx::new(30, 20));
                        assert!(scaled.opaque);
                    }
                });
            }
        });
        // The copy is another file with the same content: read, but neither decoded nor scaled again.
        assert_eq!(assets.counts(), AssetCounts { read: 2, decoded: 1, scaled: 1 });
    }

    #[test]
    fn what_does_not_fit_the_budget_is_made_again_and_alike() {
        let folder = tempfile::tempdir().unwrap();
        write_png(folder.path(), "a.png", 60, 40);
        write_png(folder.path(), "b.png", 61, 40);
        let config = AssetsConfig {
            decoded_budget_bytes: 10_000,
            scaled_budget_bytes: 2_400,
            ..AssetsConfig::new(folder.path(), folder.path())
        };
        let assets = Assets::new(config);
        let draw = |name: &str| {
            let photo = assets.photo(&in_data(name)).unwrap();
            assets.scaled(&photo, whole(&photo), SizePx::new(30, 20), &no_fonts()).unwrap()
        };
        draw("a.png");
        let first = draw("b.png");
        let again = draw("b.png");
        assert_eq!(first.key, again.key);
        assert_eq!(first.bitmap, again.bitmap);
        // 7,500 bytes hold no decoded photo (9,600), 2,400 exactly one scaled one.
        assert_eq!(assets.counts(), AssetCounts { read: 2, decoded: 3, scaled: 3 });
    }

    #[test]
    fn renewed_assets_look_names_up_anew_and_find_contents() {
        let folder = tempfile::tempdir().unwrap();
        write_png(folder.path(), "a.png", 60, 40);
        let first = Assets::new(AssetsConfig::new(Path::new("/nonexistent"), Path::new("/nonexistent")));
        let draw = |assets: &Assets| {
            let photo = assets.photo(&in_data("a.png"))?;
            assets.scaled(&photo, whole(&photo), SizePx::new(30, 20), &no_fonts())?;
            Ok::<_, AssetError>(photo.size)
        };
        assert!(draw(&first).is_err());
        let assets = first.renewed(folder.path(), folder.path());
        assert_eq!(draw(&assets), Ok(SizePx::new(60, 40)), "what was missing elsewhere is not missing here");
        let later = assets.renewed(folder.path(), folder.path());
        assert_eq!(draw(&later), Ok(SizePx::new(60, 40)));
        assert_eq!(later.counts(), AssetCounts { read: 3, decoded: 1, scaled: 1 }, "read again, found by its content");
        write_png(folder.path(), "a.png", 61, 40);
        assert_eq!(draw(&later), Ok(SizePx::new(60, 40)), "a name has one meaning as long as the assets live");
        assert_eq!(draw(&later.renewed(folder.path(), folder.path())), Ok(SizePx::new(61, 40)));
        let caches = later.caches();
        assert_eq!((caches.photos.hits, caches.scaled.hits), (1, 2));
        assert_eq!(caches.scaled.bytes, 2 * 30 * 20 * 4);
    }

    #[test]
    fn errors_name_the_photo_and_are_remembered() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("text.jpg"), "not an image").unwrap();
        let assets = Assets::new(AssetsConfig::new(folder.path(), folder.path()));
        let cases = [
            ("none.jpg", ErrorCode::PhotoMissing),
            ("text.jpg", ErrorCode::PhotoUnreadable),
            ("../x.jpg", ErrorCode::PhotoOutside),
            ("http://127.0.0.1/x.jpg", ErrorCode::UrlRefused),
            ("ftp://example.com/x.jpg", ErrorCode::UrlRefused),
            ("", ErrorCode::PhotoMissing),
        ];
        for (location, code) in cases {
            let error = assets.photo(&in_data(location)).unwrap_err();
            assert_eq!(error.code, code, "{error}");
            assert!(error.to_string().contains(location), "{error}");
            assert_eq!(assets.photo(&in_data(location)).unwrap_err(), error);
        }
        assert_eq!(assets.counts().read, cases.len() as u64);
    }

    #[test]
    fn the_bases_are_apart() {
        let folder = tempfile::tempdir().unwrap();
        for (base, width) in [("t", 1), ("d", 2)] {
            std::fs::create_dir(folder.path().join(base)).unwrap();
            write_png(&folder.path().join(base), "a.png", width, 1);
        }
        let assets = Assets::new(AssetsConfig::new(folder.path().join("t"), folder.path().join("d")));
        let width = |base| assets.photo(&AssetRef { location: "a.png".into(), base }).unwrap().size.width;
        assert_eq!((width(AssetBase::Template), width(AssetBase::Data)), (1, 2));
    }

    #[test]
    fn the_photos_of_the_example_are_read_and_scaled() {
        let example = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/product-card");
        let assets = Assets::new(AssetsConfig::new(&example, &example));
        for number in [1, 7, 50, 101] {
            let photo = assets.photo(&in_data(&format!("images/{number}.webp"))).unwrap();
            let size = SizePx::new(500, 500);
            let scaled = assets.scaled(&photo, whole(&photo), size, &no_fonts()).unwrap();
            assert_eq!(scaled.bitmap.size(), size);
            let colors = scaled.bitmap.data().as_chunks::<4>().0.iter().collect::<std::collections::HashSet<_>>();
            assert!(scaled.opaque && colors.len() > 1000, "a photo has many colours, not {}", colors.len());
        }
    }

    #[test]
    fn giant_boxes_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        write_png(folder.path(), "a.png", 2, 2);
        let assets = Assets::new(AssetsConfig::new(folder.path(), folder.path()));
        let photo = assets.photo(&in_data("a.png")).unwrap();
        for size in [SizePx::new(1_000_000, 1), SizePx::new(16_000, 16_000), SizePx::new(u32::MAX, u32::MAX)] {
            let error = assets.scaled(&photo, whole(&photo), size, &no_fonts()).unwrap_err();
            assert_eq!(error.code, ErrorCode::PhotoTooLarge);
            assert!(error.message.starts_with("a.png: "), "{error}");
        }
    }

    #[test]
    fn a_small_result_may_not_take_large_steps_between() {
        let folder = tempfile::tempdir().unwrap();
        write_png(folder.path(), "wide.png", 25, 1);
        let limits = PhotoLimits { max_pixels: 100, ..PhotoLimits::default() };
        let assets = Assets::new(AssetsConfig { limits, ..AssetsConfig::new(folder.path(), folder.path()) });
        let photo = assets.photo(&in_data("wide.png")).unwrap();
        assert!(assets.scaled(&photo, whole(&photo), SizePx::new(1, 16), &no_fonts()).is_ok());
        let error = assets.scaled(&photo, whole(&photo), SizePx::new(1, 17), &no_fonts()).unwrap_err();
        assert_eq!(error.code, ErrorCode::PhotoTooLarge);
    }
}
