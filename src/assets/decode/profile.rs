//! Colour profiles: from what a file means to sRGB.
//!
//! The perceptual table of a profile where it has one, else its matrix (where the intents do not differ), as browsers
//! do it. Beyond them, as design tools do it: the darkest that a press can print becomes black (black point
//! compensation), or every CMYK photo would look washed out. Colours outside sRGB are cut to it. A profile that cannot be used is no reason to refuse a photo: it is taken as sRGB (CMYK by
//! the plain formula), with a note.
//!
//! Conversions are kept for the process: the photos of a catalogue share a handful of profiles.

use std::num::NonZeroUsize;
use std::sync::{Arc, LazyLock};

use lru::LruCache;
use moxcms::{
    Chromaticity, CicpColorPrimaries, CicpProfile, ColorPrimaries, ColorProfile, DataColorSpace, Layout,
    MatrixCoefficients, ParsingOptions, ProfileClass, RenderingIntent, TransferCharacteristics, Transform8BitExecutor,
    TransformOptions, curve_from_gamma,
};
use parking_lot::Mutex;

use super::{AssetError, guarded, unreadable};
use crate::assets::PhotoNote;
use crate::assets::limits::MAX_PROFILE_BYTES;

/// What the samples of a picture are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Model {
    Gray,
    Rgb,
    /// The share of ink: 255 is all of it.
    Cmyk,
}

/// A conversion, or none where the pixels are sRGB; or why the profile cannot be used.
pub(super) type Found = Result<Option<Arc<Conversion>>, String>;

/// Why a profile of more than [`MAX_PROFILE_BYTES`] is ignored.
pub(super) const TOO_LARGE: &str = "it is too large";

/// From a profile's colours to sRGB.
pub(super) struct Conversion {
    kind: ConversionKind,
}

enum ConversionKind {
    Gray(Box<[[u8; 3]; 256]>),
    /// Of four bytes a pixel.
    Color {
        executor: Arc<Transform8BitExecutor>,
        press: Option<Press>,
    },
}

/// What is done after the conversion of CMYK.
struct Press {
    /// Black point compensation, of each channel.
    levels: Box<[u8; 256]>,
}

/// Pixels converted at a time: what the copy of them takes.
const PIXELS_AT_A_TIME: usize = 16 << 10;

impl Conversion {
    /// RGBA or CMYK to RGBA, in place.
    pub(super) fn convert(&self, pixels: &mut [u8]) -> Result<(), AssetError> {
        let ConversionKind::Color { executor, press } = &self.kind else {
            return Err(unreadable("cannot be decoded: its colour profile is one for greys"));
        };
        let mut source = Vec::with_capacity(PIXELS_AT_A_TIME * 4);
        for part in pixels.chunks_mut(PIXELS_AT_A_TIME * 4) {
            source.clear();
            source.extend_from_slice(part);
            executor
                .transform(&source, part)
                .map_err(|error| unreadable(format!("its colours cannot be converted: {error}").to_lowercase()))?;
            if let Some(Press { levels }) = press {
                for [r, g, b, a] in part.as_chunks_mut::<4>().0 {
                    [*r, *g, *b] = [*r, *g, *b].map(|level| levels[usize::from(level)]);
                    *a = 255;
                }
            }
        }
        Ok(())
    }

    /// A level of grey as sRGB.
    pub(super) fn gray(&self, level: u8) -> [u8; 3] {
        match &self.kind {
            ConversionKind::Gray(table) => table[usize::from(level)],
            ConversionKind::Color { .. } => [level; 3],
        }
    }

    /// Levels of grey to RGBA.
    pub(super) fn gray_to_rgba(&self, levels: &[u8]) -> Vec<u8> {
        let rgba = |level: &u8| {
            let [r, g, b] = self.gray(*level);
            [r, g, b, 255]
        };
        levels.iter().flat_map(rgba).collect()
    }
}

impl std::fmt::Debug for Conversion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Conversion")
    }
}

/// What was found, with the note that goes into the manifest.
pub(super) fn noted(found: Found) -> (Option<Arc<Conversion>>, Option<PhotoNote>) {
    match found {
        Ok(conversion) => (conversion, None),
        Err(why) => (None, Some(PhotoNote::profile_ignored(&why))),
    }
}

/// Ink to light as browsers do it without a profile: what each ink leaves, times what black leaves. In place.
pub(super) fn plain_cmyk_to_rgba(pixels: &mut [u8]) {
    for pixel in pixels.as_chunks_mut::<4>().0 {
        let [c, m, y, k] = pixel.map(|ink| 255 - u32::from(ink));
        let light = |ink: u32| {
            let product = ink * k + 128;
            ((product + (product >> 8)) >> 8) as u8
        };
        *pixel = [light(c), light(m), light(y), 255];
    }
}

/// By an ICC profile. <https://www.color.org/specification/ICC.1-2022-05.pdf>
pub(super) fn from_icc(icc: &[u8], model: Model) -> Found {
    found(b"icc", icc, model, || {
        let options = ParsingOptions {
            max_profile_size: MAX_PROFILE_BYTES + 1,
            max_allowed_clut_size: 2 << 20,
            ..ParsingOptions::default()
        };
        let profile = ColorProfile::new_from_slice_with_options(icc, options).map_err(|error| error.to_string())?;
        use ProfileClass::{ColorSpace, DisplayDevice, InputDevice, OutputDevice};
        if !matches!(profile.profile_class, InputDevice | DisplayDevice | OutputDevice | ColorSpace) {
            return Err("it describes no device".to_owned());
        }
        Ok(profile)
    })
}

/// By gAMA and cHRM of a PNG, in hundred thousandths: white, red, green, blue.
pub(super) fn from_gamma(gamma: u32, chromaticities: Option<[[u32; 2]; 4]>, model: Model) -> Found {
    // Values that mean sRGB: by far the most frequent ones.
    const SRGB: [[u32; 2]; 4] = [[31_270, 32_900], [64_000, 33_000], [30_000, 60_000], [15_000, 6_000]];
    let points = chromaticities.unwrap_or(SRGB);
    if points == SRGB && (45_000..=46_000).contains(&gamma) {
        return Ok(None);
    }
    let mut key = gamma.to_le_bytes().to_vec();
    key.extend(points.iter().flatten().flat_map(|value| value.to_le_bytes()));
    found(b"gamma", &key, model, || {
        // From 1:10 to 10:1, and corners of a triangle in the diagram.
        let is_sound = (10_000..=1_000_000).contains(&gamma)
            && points.iter().all(|[x, y]| *y > 0 && *x <= 100_000 && *y <= 100_000);
        if !is_sound {
            return Err("gamma or chromaticities are out of range".to_owned());
        }
        let [white, red, green, blue] =
            points.map(|[x, y]| Chromaticity::new(x as f32 / 100_000.0, y as f32 / 100_000.0));
        let mut profile = ColorProfile::new_srgb();
        profile.update_rgb_colorimetry(white.to_xyyb(), ColorPrimaries { red, green, blue });
        let curve = curve_from_gamma(100_000.0 / gamma as f32);
        profile.red_trc = Some(curve.clone());
        profile.green_trc = Some(curve.clone());
        profile.blue_trc = Some(curve);
        Ok(profile)
    })
}

/// By the numbers of primaries and curve in ITU-T H.273.
pub(super) fn from_code_points(primaries: u8, transfer: u8, model: Model) -> Found {
    if (primaries, transfer) == (1, 13) {
        return Ok(None);
    }
    found(b"cicp", &[primaries, transfer], model, || {
        // The curves of HDR say how bright a light is, not how it is to be shown beside others.
        let is_hdr = matches!(transfer, 16 | 18);
        let parts = (CicpColorPrimaries::try_from(primaries), TransferCharacteristics::try_from(transfer));
        let (Ok(color_primaries), Ok(transfer_characteristics), false) = (parts.0, parts.1, is_hdr) else {
            return Err(format!("primaries {primaries} with curve {transfer} are not supported"));
        };
        let matrix_coefficients = MatrixCoefficients::Identity;
        let cicp = CicpProfile { color_primaries, transfer_characteristics, matrix_coefficients, full_range: true };
        let profile = ColorProfile::new_from_cicp(cicp);
        // What the library has no curve or primaries for, it leaves out.
        let is_whole = profile.red_trc.is_some();
        is_whole
            .then_some(profile)
            .ok_or_else(|| format!("primaries {primaries} with curve {transfer} are not supported"))
    })
}

type Kept = LruCache<([u8; 32], Model), Found>;

/// Some of them hold a table of a few megabytes.
const MOST_KEPT: NonZeroUsize = NonZeroUsize::new(24).unwrap();

static KEPT: LazyLock<Mutex<Kept>> = LazyLock::new(|| Mutex::new(LruCache::new(MOST_KEPT)));

/// The conversion for what `bytes` say, made by `profile` where it is not kept.
fn found(what: &[u8], bytes: &[u8], model: Model, profile: impl FnOnce() -> Result<ColorProfile, String>) -> Found {
    let mut hasher = blake3::Hasher::new();
    hasher.update(what).update(&[0]).update(bytes);
    let key = (*hasher.finalize().as_bytes(), model);
    if let Some(found) = KEPT.lock().get(&key) {
        return found.clone();
    }
    // Outside the lock; two threads may make the same one, which harms nobody.
    let made = guarded(|| Ok(profile().and_then(|profile| conversion(&profile, model))));
    let made = made.unwrap_or_else(|_| Err("it cannot be read".to_owned()));
    KEPT.lock().put(key, made.clone());
    made
}

fn conversion(profile: &ColorProfile, model: Model) -> Found {
    let layout = match (profile.color_space, model) {
        (DataColorSpace::Gray, Model::Gray) => Layout::Gray,
        (DataColorSpace::Rgb, Model::Gray) => Layout::Rgb,
        // Four bytes: the library's name for CMYK too.
        (DataColorSpace::Rgb, Model::Rgb) | (DataColorSpace::Cmyk, Model::Cmyk) => Layout::Rgba,
        (space, _) => return Err(format!("it is one for {space:?}, and the image is not").to_lowercase()),
    };
    let options = TransformOptions {
        rendering_intent: RenderingIntent::Perceptual,
        // A hundredth slower, and exact to one level.
        prefer_fixed_point: false,
        ..TransformOptions::default()
    };
    let target = if model == Model::Gray { Layout::Rgb } else { Layout::Rgba };
    let executor = profile
        .create_transform_8bit(layout, &ColorProfile::new_srgb(), target, options)
        .map_err(|error| error.to_string().to_lowercase())?;
    let run = |source: &[u8], target: &mut [u8]| executor.transform(source, target).map_err(|error| error.to_string());
    match model {
        Model::Gray => {
            let channels = if layout == Layout::Gray { 1 } else { 3 };
            let levels = (0..=255_u8).flat_map(|level| std::iter::repeat_n(level, channels)).collect::<Vec<_>>();
            let mut table = Box::new([[0; 3]; 256]);
            run(&levels, table.as_flattened_mut())?;
            let is_same = table.iter().zip(0..).all(|(color, level)| color.iter().all(|c| c.abs_diff(level) <= 1));
            Ok((!is_same).then(|| Arc::new(Conversion { kind: ConversionKind::Gray(table) })))
        }
        Model::Rgb => {
            let probes = probes();
            let mut seen = vec![0; probes.len()];
            run(&probes, &mut seen)?;
            let is_same = probes.iter().zip(&seen).all(|(before, after)| before.abs_diff(*after) <= 1);
            let kind = ConversionKind::Color { executor, press: None };
            Ok((!is_same).then(|| Arc::new(Conversion { kind })))
        }
        Model::Cmyk => {
            let mut darkest = [0; 4];
            run(&[255; 4], &mut darkest)?;
            let press = Some(Press { levels: black_point_compensation(darkest) });
            Ok(Some(Arc::new(Conversion { kind: ConversionKind::Color { executor, press } })))
        }
    }
}

/// Light is stretched so that a grey as light as all inks together becomes black and white stays. The definition
/// scales XYZ; for a grey black point that is the same stretch of each linear channel.
/// <https://www.color.org/WP40-Black_Point_Compensation_2010-07-27.pdf>
fn black_point_compensation(darkest: [u8; 4]) -> Box<[u8; 256]> {
    let linear = |level: u8| {
        let level = f64::from(level) / 255.0;
        if level <= 0.04045 { level / 12.92 } else { ((level + 0.055) / 1.055).powf(2.4) }
    };
    let coded = |light: f64| {
        let level = if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 };
        (level * 255.0).round() as u8
    };
    let [r, g, b, _] = darkest.map(linear);
    // At most L* = 50: a profile that says more of its black is not one of a press.
    let black = (0.2126 * r + 0.7152 * g + 0.0722 * b).min(0.184);
    let mut levels = Box::new([0; 256]);
    for (from, to) in (0..=255).zip(levels.iter_mut()) {
        *to = coded(((linear(from) - black) / (1.0 - black)).clamp(0.0, 1.0));
    }
    levels
}

/// Colours all over the cube, and every grey: a profile that leaves them as they are is sRGB.
fn probes() -> Vec<u8> {
    let grays = (0..=255).map(|level| [level, level, level, 255]);
    let steps = || (0..=255).step_by(51).map(|level: u32| level as u8);
    let cube = steps().flat_map(move |r| steps().flat_map(move |g| steps().map(move |b| [r, g, b, 255])));
    grays.chain(cube).flatten().collect()
}

#[cfg(test)]
mod tests;
