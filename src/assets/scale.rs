//! Photos to the exact pixels that they are drawn at.
//!
//! One measure for every reduction: Lanczos with three lobes, its kernel stretched by the ratio of
//! source to target, so that every source pixel under it counts (exact at 2:1 and at 40:1 alike; no box
//! steps before, which would blur, and no threshold). On premultiplied pixels, so that the colour of
//! what is transparent does not bleed in. Enlarging uses the kernel unstretched. A part that is drawn
//! at its own size is copied.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use super::decode::Shrink;
use super::{AssetError, PhotoId};
use crate::job::ErrorCode;
use crate::pixels::{Bitmap, SizePx};

/// A part of a photo, in pixels of the photo, which may be fractions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crop {
    /// Left edge.
    pub x: f32,
    /// Top edge.
    pub y: f32,
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
}

/// A photo's part at a size: equal keys are equal pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ScaledKey {
    /// Of which photo.
    pub photo: PhotoId,
    /// The part's left, top, right and bottom edges, as the bits of floats.
    edge_bits: [u32; 4],
    /// Of the result.
    pub size: SizePx,
    /// The number of the font set for an SVG with text; otherwise 0.
    fonts: u64,
}

/// A photo's part at the size that it is drawn.
#[derive(Debug)]
pub struct ScaledPhoto {
    /// What it is.
    pub key: ScaledKey,
    /// Premultiplied.
    pub bitmap: Bitmap,
    /// Whether every pixel is opaque.
    pub opaque: bool,
}

impl ScaledKey {
    /// Cuts the part to what the photo has, and puts edges that miss a pixel's edge by a rounding
    /// error onto it: equal pixels get equal keys, and 1:1 stays a copy.
    pub(super) fn new(photo: PhotoId, photo_size: SizePx, crop: Crop, size: SizePx) -> Result<Self, AssetError> {
        let snap = |edge: f32| if (edge - edge.round()).abs() < 1.0 / 512.0 { edge.round() } else { edge };
        let cut = |from: f32, length: f32, whole: u32| {
            let whole = whole as f32;
            let start = snap(from.clamp(0.0, whole));
            let end = snap((from + length).clamp(0.0, whole));
            // Adding zero turns -0.0 into 0.0.
            (start + 0.0, end)
        };
        let (left, right) = cut(crop.x, crop.width, photo_size.width);
        let (top, bottom) = cut(crop.y, crop.height, photo_size.height);
        // Written so that NaN is refused too.
        let is_visible = left < right && top < bottom && size.area() > 0;
        if !is_visible {
            return Err(AssetError::new(ErrorCode::BadValue, "no part of the photo is left to draw"));
        }
        Ok(Self { photo, edge_bits: [left, top, right, bottom].map(f32::to_bits), size, fonts: 0 })
    }

    /// For what is drawn with a font set.
    pub(super) fn with_fonts(self, number: u64) -> Self {
        Self { fonts: number, ..self }
    }

    /// The number of the font set that it is drawn with; 0: none.
    pub fn fonts(&self) -> u64 {
        self.fonts
    }

    /// The part of the photo.
    pub fn crop(&self) -> Crop {
        let [left, top, right, bottom] = self.edge_bits.map(f32::from_bits);
        Crop { x: left, y: top, width: right - left, height: bottom - top }
    }
}

impl ScaledPhoto {
    /// A finished picture of unknown opacity.
    pub(super) fn new(key: ScaledKey, bitmap: Bitmap) -> Self {
        let opaque = bitmap.data().as_chunks::<4>().0.iter().all(|pixel| pixel[3] == 255);
        Self { key, bitmap, opaque }
    }

    /// One of many, told apart by their numbers. It has a key and a size, but no pixels.
    #[cfg(test)]
    pub fn numbered(number: u64, size: SizePx) -> Self {
        let photo = PhotoId(u128::from(number).to_be_bytes());
        let key = ScaledKey { photo, edge_bits: [0; 4], size, fonts: 0 };
        Self { key, bitmap: Bitmap::transparent(SizePx::new(0, 0)), opaque: true }
    }
}

/// Crops and scales a photo's pixels, which may have been decoded smaller: a place of the photo lies in them at
/// `place / factor + offset`.
pub(super) fn scale(
    pixels: &Bitmap,
    (shrink, offset): (Shrink, [f32; 2]),
    key: ScaledKey,
    is_opaque: bool,
) -> Result<ScaledPhoto, AssetError> {
    let SizePx { width, height } = key.size;
    let failed = |error: &dyn std::fmt::Display| {
        AssetError::new(ErrorCode::PhotoUnreadable, format!("cannot be scaled: {error}").to_lowercase())
    };
    let mut bitmap = Bitmap::transparent(key.size);
    let source = ImageRef::new(pixels.size().width, pixels.size().height, pixels.data(), PixelType::U8x4)
        .map_err(|error| failed(&error))?;
    let mut target =
        Image::from_slice_u8(width, height, bitmap.data_mut(), PixelType::U8x4).map_err(|error| failed(&error))?;
    // In doubles the difference of two floats is exact: the part does not grow over the photo's edge.
    let [left, top, right, bottom] = key.edge_bits.map(|bits| f64::from(f32::from_bits(bits)));
    let shrunk = |edge: f64, offset: f32, side: u32| {
        (edge / f64::from(shrink.factor()) + f64::from(offset)).clamp(0.0, f64::from(side))
    };
    let SizePx { width: source_width, height: source_height } = pixels.size();
    let [left, right] = [left, right].map(|edge| shrunk(edge, offset[0], source_width));
    let [top, bottom] = [top, bottom].map(|edge| shrunk(edge, offset[1], source_height));
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
        .crop(left, top, right - left, bottom - top)
        // They are premultiplied already.
        .use_alpha(false);
    Resizer::new().resize(&source, &mut target, &options).map_err(|error| failed(&error))?;
    if !is_opaque {
        hold_below_alpha(bitmap.data_mut());
        return Ok(ScaledPhoto::new(key, bitmap));
    }
    Ok(ScaledPhoto { key, bitmap, opaque: true })
}

/// The lobes of the kernel overshoot at edges; no premultiplied channel may exceed its alpha.
fn hold_below_alpha(data: &mut [u8]) {
    for [r, g, b, a] in data.as_chunks_mut::<4>().0 {
        (*r, *g, *b) = ((*r).min(*a), (*g).min(*a), (*b).min(*a));
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use proptest::prelude::*;

    use super::*;

    const PHOTO: PhotoId = PhotoId([7; 16]);
    const WHOLE: (Shrink, [f32; 2]) = (Shrink::NONE, [0.0; 2]);

    fn scaled(pixels: &Bitmap, crop: Crop, size: SizePx, is_opaque: bool) -> ScaledPhoto {
        scale(pixels, WHOLE, ScaledKey::new(PHOTO, pixels.size(), crop, size).unwrap(), is_opaque).unwrap()
    }

    fn whole(size: SizePx) -> Crop {
        Crop { x: 0.0, y: 0.0, width: size.width as f32, height: size.height as f32 }
    }

    fn bitmap(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 4]) -> Bitmap {
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).flat_map(|(x, y)| pixel(x, y));
        Bitmap::new(SizePx::new(width, height), pixels.collect())
    }

    /// Noise with sharp edges: the same in every run.
    fn noise(width: u32, height: u32) -> Bitmap {
        bitmap(width, height, |x, y| {
            let hash = (x * 7919 + y * 104_729).wrapping_mul(2_654_435_761);
            let edge = if (x / 9 + y / 7) % 2 == 0 { 200 } else { 20 };
            [(hash >> 24) as u8, edge, ((hash >> 16) as u8 / 2).wrapping_add(edge / 2), 255]
        })
    }

    /// The definition, in doubles: weights of the source pixels for each target pixel along one axis.
    fn lanczos_weights(source: u32, from: f64, length: f64, target: u32) -> Vec<Vec<f64>> {
        let sinc = |x: f64| if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) };
        let lanczos3 = |x: f64| if x.abs() < 3.0 { sinc(x) * sinc(x / 3.0) } else { 0.0 };
        let ratio = length / f64::from(target);
        let stretch = ratio.max(1.0);
        let row = |index: u32| {
            let center = from + (f64::from(index) + 0.5) * ratio;
            let weights = (0..source).map(|pixel| lanczos3((f64::from(pixel) + 0.5 - center) / stretch));
            let weights = weights.collect::<Vec<_>>();
            let sum = weights.iter().sum::<f64>();
            weights.into_iter().map(|weight| weight / sum).collect()
        };
        (0..target).map(row).collect()
    }

    /// Along each column, then along each row, with 8 bits a channel between, as the library has them.
    fn reference(pixels: &Bitmap, crop: Crop, size: SizePx) -> Bitmap {
        let source = pixels.size();
        let across = lanczos_weights(source.width, crop.x.into(), crop.width.into(), size.width);
        let down = lanczos_weights(source.height, crop.y.into(), crop.height.into(), size.height);
        let sum = |weights: &[f64], value: &dyn Fn(u32) -> [u8; 4]| {
            let mut sums = [0.0; 4];
            for (index, weight) in (0..).zip(weights) {
                for (sum, channel) in sums.iter_mut().zip(value(index)) {
                    *sum += weight * f64::from(channel);
                }
            }
            sums.map(|sum| sum.round().clamp(0.0, 255.0) as u8)
        };
        let columns = bitmap(source.width, size.height, |x, y| sum(&down[y as usize], &|from| pixels.pixel(x, from)));
        bitmap(size.width, size.height, |x, y| sum(&across[x as usize], &|from| columns.pixel(from, y)))
    }

    #[test]
    fn it_is_lanczos_by_its_definition_at_every_ratio_and_offset() {
        let pixels = noise(160, 120);
        let cases = [
            (whole(pixels.size()), SizePx::new(40, 30)),
            (whole(pixels.size()), SizePx::new(7, 5)),
            (whole(pixels.size()), SizePx::new(111, 83)),
            (Crop { x: 10.25, y: 3.5, width: 120.5, height: 90.75 }, SizePx::new(31, 22)),
            (Crop { x: 30.0, y: 40.0, width: 20.0, height: 15.0 }, SizePx::new(50, 40)),
        ];
        for (crop, size) in cases {
            let found = scaled(&pixels, crop, size, true);
            let expected = reference(&pixels, crop, size);
            let differences = found.bitmap.data().iter().zip(expected.data()).map(|(a, b)| u64::from(a.abs_diff(*b)));
            let (largest, sum) = differences.fold((0, 0), |(largest, sum), d| (largest.max(d), sum + d));
            let mean = sum as f64 / expected.data().len() as f64;
            assert!(largest <= 2 && mean <= 0.02, "{crop:?} to {size:?}: at most {largest}, mean {mean}");
        }
    }

    /// The measure of sharpness: a grating scaled down four times keeps its contrast where the target
    /// can show it, and leaves no pattern where the target cannot. (A box keeps 0.76 and leaves 0.19.)
    #[test]
    fn fine_lines_stay_sharp_and_too_fine_ones_leave_no_pattern() {
        let contrast_kept = |cycles_per_target_pixel: f64| {
            let wave = |x: u32| ((f64::from(x) + 0.5) / 4.0 * cycles_per_target_pixel * 2.0 * PI).sin();
            let pixels = bitmap(1600, 8, |x, _| [(127.5 + 100.0 * wave(x)).round() as u8, 0, 0, 255]);
            let target = scaled(&pixels, whole(pixels.size()), SizePx::new(400, 2), true);
            // Root mean square, away from the ends, against that of the wave itself.
            let values = (40..360).map(|x| f64::from(target.bitmap.pixel(x, 1)[0]) - 127.5);
            (values.map(|value| value * value).sum::<f64>() / 320.0).sqrt() / (100.0 / 2.0_f64.sqrt())
        };
        for (cycles, least) in [(0.1, 0.98), (0.2, 0.98), (0.3, 0.95), (0.4, 0.80)] {
            assert!(contrast_kept(cycles) >= least, "{cycles} cycles a pixel: {}", contrast_kept(cycles));
        }
        for (cycles, most) in [(0.65, 0.12), (0.8, 0.03), (1.3, 0.03)] {
            assert!(contrast_kept(cycles) <= most, "{cycles} cycles a pixel: {}", contrast_kept(cycles));
        }
    }

    #[test]
    fn at_its_own_size_it_is_a_copy() {
        let pixels = noise(50, 40);
        let crop = Crop { x: 7.000_4, y: 3.0, width: 20.0, height: 29.999_6 };
        let copy = scaled(&pixels, crop, SizePx::new(20, 30), true);
        for y in 0..30 {
            for x in 0..20 {
                assert_eq!(copy.bitmap.pixel(x, y), pixels.pixel(x + 7, y + 3));
            }
        }
    }

    #[test]
    fn the_colour_of_what_is_transparent_does_not_bleed_in() {
        // Green to the left; to the right nothing (whatever colour it had, premultiplying took it away).
        let pixels = bitmap(64, 8, |x, _| if x < 30 { [0, 255, 0, 255] } else { [0; 4] });
        let small = scaled(&pixels, whole(pixels.size()), SizePx::new(13, 2), false);
        assert!(!small.opaque);
        for pixel in small.bitmap.data().as_chunks::<4>().0 {
            let [r, g, b, a] = *pixel;
            assert!(r == 0 && b == 0 && g <= a && a - g <= 1, "{pixel:?}");
        }
        // The edge is between pixels 6 and 7 of the target.
        assert!((1..=254).contains(&small.bitmap.pixel(6, 0)[3]));
    }

    #[test]
    fn parts_are_cut_to_the_photo_and_alike_parts_have_alike_keys() {
        let key = |x, y, width, height| {
            let crop = Crop { x, y, width, height };
            ScaledKey::new(PHOTO, SizePx::new(100, 50), crop, SizePx::new(10, 10))
        };
        assert_eq!(key(-5.0, 0.0, 200.0, 50.0).unwrap(), key(-0.0, 0.0, 100.0, 50.000_1).unwrap());
        assert_ne!(key(0.5, 0.0, 10.0, 10.0).unwrap(), key(0.0, 0.0, 10.0, 10.0).unwrap());
        let nothing = [
            key(100.0, 0.0, 10.0, 10.0),
            key(0.0, 0.0, 0.0, 10.0),
            key(0.0, -20.0, 10.0, 10.0),
            key(5.0, 5.0, -3.0, 10.0),
            key(f32::NAN, 0.0, 10.0, 10.0),
            key(0.0, 0.0, f32::NAN, 10.0),
        ];
        for refused in nothing {
            assert_eq!(refused.unwrap_err().code, ErrorCode::BadValue);
        }
    }

    proptest! {
        #[test]
        fn no_crop_panics_and_premultiplied_stays_premultiplied(
            x in -50.0..150.0_f32, y in -50.0..150.0_f32, width in 0.0..200.0_f32, height in 0.0..200.0_f32,
            target_width in 1..60_u32, target_height in 1..60_u32, is_opaque in any::<bool>(),
        ) {
            let pixels = bitmap(37, 23, |x, y| {
                let alpha = if is_opaque { 255 } else { (x * 61 + y * 97) as u8 };
                [alpha, alpha / 2, if x % 3 == 0 { alpha } else { 0 }, alpha]
            });
            let size = SizePx::new(target_width, target_height);
            if let Ok(key) = ScaledKey::new(PHOTO, pixels.size(), Crop { x, y, width, height }, size) {
                let scaled = scale(&pixels, WHOLE, key, is_opaque).unwrap();
                for pixel in scaled.bitmap.data().as_chunks::<4>().0 {
                    prop_assert!(pixel[..3].iter().all(|channel| *channel <= pixel[3]), "{:?}", pixel);
                    prop_assert!(!is_opaque || pixel[3] == 255);
                }
                prop_assert!(scaled.opaque || !is_opaque);
            }
        }
    }
}
