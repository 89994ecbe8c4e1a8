//! The ICC profile of sRGB that JPEGs carry: as small as version 4 of the format allows, without a creation time.
//!
//! JPEG has no other way to say sRGB, and print shops and wide-gamut viewers do not agree on what an untagged one
//! is. <https://www.color.org/specification/ICC.1-2022-05.pdf>; the curve and primaries are those of IEC 61966-2-1,
//! adapted to D50 by Bradford's matrix and rounded so that white is white.

use std::sync::LazyLock;

/// The profile, 480 bytes.
pub(super) static SRGB_PROFILE: LazyLock<Vec<u8>> = LazyLock::new(build);

/// PCS illuminant D50, as every profile has it, in 1/65536.
const D50: [i32; 3] = [0xf6d6, 0x1_0000, 0xd32d];
/// Colorants in 1/65536: columns of the matrix from linear sRGB to XYZ under D50. They add up to D50.
const RED: [i32; 3] = [28_576, 14_581, 912];
const GREEN: [i32; 3] = [25_239, 46_983, 6_361];
const BLUE: [i32; 3] = [9_375, 3_972, 46_788];
/// From D65 to D50, by rows, in 1/65536.
const ADAPTATION: [i32; 9] = [68_674, 1_502, -3_291, 1_939, 64_912, -1_119, -606, 988, 49_262];
/// g, a, b, c, d of `para` type 3, in 1/65536: 2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045.
const CURVE: [i32; 5] = [157_286, 62_119, 3_417, 5_072, 2_651];

const HEADER_BYTES: usize = 128;
const TAG_BYTES: usize = 12;

fn build() -> Vec<u8> {
    let curve = element(b"para", &[&[0, 3, 0, 0], &fixed(&CURVE)]);
    let tags: [(&[u8; 4], Vec<u8>); 10] = [
        (b"desc", text("sRGB")),
        (b"cprt", text("CC0")),
        (b"wtpt", element(b"XYZ ", &[&fixed(&D50)])),
        (b"chad", element(b"sf32", &[&fixed(&ADAPTATION)])),
        (b"rXYZ", element(b"XYZ ", &[&fixed(&RED)])),
        (b"gXYZ", element(b"XYZ ", &[&fixed(&GREEN)])),
        (b"bXYZ", element(b"XYZ ", &[&fixed(&BLUE)])),
        (b"rTRC", curve.clone()),
        (b"gTRC", curve.clone()),
        (b"bTRC", curve),
    ];
    let mut table = (tags.len() as u32).to_be_bytes().to_vec();
    let mut data: Vec<u8> = Vec::new();
    let data_at = HEADER_BYTES + 4 + tags.len() * TAG_BYTES;
    let mut last: Option<(usize, &Vec<u8>)> = None;
    for (name, element) in &tags {
        // The three curves are one.
        let at = match last {
            Some((at, earlier)) if earlier == element => at,
            _ => data_at + data.len(),
        };
        if at == data_at + data.len() {
            data.extend(element);
            data.resize(data.len().next_multiple_of(4), 0);
        }
        last = Some((at, element));
        table.extend_from_slice(*name);
        table.extend((at as u32).to_be_bytes());
        table.extend((element.len() as u32).to_be_bytes());
    }
    let mut profile = header(data_at + data.len());
    profile.extend(table);
    profile.extend(data);
    profile
}

fn header(length: usize) -> Vec<u8> {
    let mut header = vec![0; HEADER_BYTES];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &(length as u32).to_be_bytes());
    put(8, &[4, 0x40, 0, 0]);
    put(12, b"mntrRGB XYZ ");
    // A creation date is required: the year of the specification, for ever.
    put(24, &[2022_u16, 1, 1, 0, 0, 0].map(u16::to_be_bytes).concat());
    put(36, b"acsp");
    put(68, &fixed(&D50));
    header
}

/// A data element: its type, four zeros, its content.
fn element(kind: &[u8; 4], content: &[&[u8]]) -> Vec<u8> {
    [kind.as_slice(), &[0; 4], &content.concat()].concat()
}

/// `mluc` with one record, for en-US.
fn text(text: &str) -> Vec<u8> {
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let numbers = [1_u32, 12].map(u32::to_be_bytes).concat();
    let place = [utf16.len() as u32, 28].map(u32::to_be_bytes).concat();
    element(b"mluc", &[&numbers, b"enUS", &place, &utf16])
}

fn fixed(values: &[i32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use moxcms::{ColorProfile, Layout, TransformOptions};

    use super::*;

    #[test]
    fn it_is_small_and_means_srgb() {
        assert_eq!(SRGB_PROFILE.len(), 480);
        for channel in 0..3 {
            assert_eq!(RED[channel] + GREEN[channel] + BLUE[channel], D50[channel]);
        }
        let ours = ColorProfile::new_from_slice(&SRGB_PROFILE).unwrap();
        let options = TransformOptions { prefer_fixed_point: false, ..TransformOptions::default() };
        let srgb = ColorProfile::new_srgb();
        let transform = ours.create_transform_8bit(Layout::Rgb, &srgb, Layout::Rgb, options).unwrap();
        let pixels: Vec<u8> =
            (0..=255_u8).flat_map(|level| [level, level / 2, 255 - level, level, level, level]).collect();
        let mut converted = vec![0; pixels.len()];
        transform.transform(&pixels, &mut converted).unwrap();
        let difference = pixels.iter().zip(&converted).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(difference <= Some(1), "{difference:?}");
    }
}
